"""One technique on files and folders: the same records for the terminal, JSON and the disk."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import xarray as xr

from interlayer import parallel, store, techniques
from interlayer.cli.progress import progress
from interlayer.core import formats
from interlayer.core.errors import AnalysisError, InterlayerError, ReadError
from interlayer.core.results import rows_of, tables, warnings_in, warnings_of
from interlayer.core.settings import Value, for_stage, resolve
from interlayer.core.summary import Row, from_dataset, records
from interlayer.core.text import clean, slug
from interlayer.engine import Crew
from interlayer.worker import Loss

#: endings of sidecars and plain text, which in a folder count only when their content is recognised
_VAGUE = {".txt", ".csv", ".dat", ".hdr", ".xml", ".log", ".md", ".json", ".toml", ""}


@dataclass(frozen=True, slots=True)
class Item:
    """One input and what came of it.

    Parameters
    ----------
    tree
        Its result, where it is in memory.
    stored
        Its record, where that and the tables are written already: the images of a folder, and what is pooled.
    pooled
        It is what the images of a folder give together.
    said
        The error was shown when it happened.
    """

    source: Path
    technique: str
    kind: str
    tree: xr.DataTree | None = None
    error: InterlayerError | None = None
    stored: Path | None = None
    pooled: bool = False
    said: bool = False

    @property
    def result(self) -> xr.DataTree | None:
        """Return the result, from its record where it is not in memory."""
        return self.tree if self.tree is not None or self.stored is None else store.read_tree(self.stored)

    @property
    def shown(self) -> bool:
        """Return True where terminal and figures show the result: of a folder of images what is pooled."""
        return self.tree is not None or (self.pooled and self.stored is not None)

    def told(self) -> tuple[list[Row], list[str]]:
        """Return the numbers and the warnings, without the rest of a record of thousands of images."""
        if self.tree is None and self.stored is not None:
            rows = from_dataset(store.read_group(self.stored, "summary"))
            return rows, warnings_in(store.read_attrs(self.stored))
        return ([], []) if self.tree is None else (rows_of(self.tree), warnings_of(self.tree))

    def record(self) -> dict[str, object]:
        """Return the item as ``--json`` prints it."""
        failure, result = None, self.result
        if self.error is not None:
            failure = {"type": type(self.error).__name__, "message": str(self.error)}
        return {
            "source": clean(str(self.source)),
            "technique": self.technique,
            "kind": self.kind,
            "status": "ok" if result is not None else "failed",
            "error": failure,
            "summary": [] if result is None else records(rows_of(result)),
            "tables": {} if result is None else tables(result),
            "warnings": [] if result is None else warnings_of(result),
        }


def settings_for(technique: str, kind: str, given: dict[str, object]) -> dict[str, Value]:
    """Return the settings of a call, parsed; one that the kind does not have is refused.

    Raises
    ------
    SettingError
        When a setting does not belong to the kind or cannot be parsed.
    """
    return resolve(given, techniques.declared_settings(technique, kind), technique, kind)


def analyze(
    technique: str,
    kind: str,
    inputs: Sequence[Path],
    settings: dict[str, Value],
    *,
    crew: Crew,
    out: Path | None = None,
) -> list[Item]:
    """Analyse each input; a folder's files one by one, then together where the technique can pool them.

    Parameters
    ----------
    crew
        Who analyses the files of folders, and within which limits.
    out
        Where the images of folders go (sem); of several inputs each folder has its own place in it.
    """
    if kind == "transference":
        return [_analyze(technique, kind, tuple(inputs), settings)]
    if settings.get("series"):
        return [_analyze(technique, kind, _expanded(inputs, technique), settings)]
    found: list[Item] = []
    places = dict(zip(inputs, _places(inputs, out), strict=True))
    for path in inputs:
        place = places[path]
        if path.is_dir() and technique == "sem" and place is not None:
            found += _images(path, place, settings, crew)
        elif path.is_dir():
            found += _folder(technique, kind, path, settings, crew)
        else:
            found.append(_analyze(technique, kind, (path,), settings))
    return found


def _places(inputs: Sequence[Path], out: Path | None) -> list[Path | None]:
    """Return the results folder of each input: the one that is given, or one below it for each of several."""
    if out is None or len(inputs) == 1:
        return [out] * len(inputs)
    names = [slug(path.resolve().name) for path in inputs]
    numbered = [name if names.index(name) == k else f"{name}-{k + 1}" for k, name in enumerate(names)]
    return [out / name for name in numbered]


def _images(folder: Path, out: Path, settings: dict[str, Value], crew: Crew) -> list[Item]:
    """Run a folder of micrographs: an item per image, one per sample, and one for the folder."""
    from interlayer import folder as folders
    from interlayer.micrograph import RECORD

    names = folders.scan(folder, _wanted("sem"), out)
    if not names:
        return [_nothing(folder, "sem", "")]
    with progress("images") as show:
        run = folders.run(
            folder,
            names,
            out,
            settings,
            crew=crew,
            started=show.started,
            done=show.done,
        )
    items = [
        Item(job.path, "sem", "", stored=job.file(RECORD))
        if brief.good
        else Item(job.path, "sem", "", error=ReadError(brief.error, path=job.path), said=True)
        for job, brief in zip(run.jobs, run.briefs, strict=True)
    ]
    return items + [
        Item(each.source, "sem", "", error=each.error)
        if each.error
        else Item(each.source, "sem", "", stored=each.record, pooled=True)
        for each in run.pooled
    ]


def write_bdf(
    items: Sequence[Item], settings: dict[str, Value], folder: Path
) -> tuple[list[Path], list[str]]:
    """Write the time rows of each file that was analysed as Battery Data Format; return paths and failures.

    Raises
    ------
    InterlayerError
        When none of the files has time rows.
    """
    from interlayer import electrochem

    reading = for_stage("read", settings, techniques.declared_settings("electrochem"))
    written: list[Path] = []
    failed: list[InterlayerError] = []
    for item in items:
        if item.result is not None and item.source.is_file():
            try:
                raw = electrochem.read(item.source, **reading)
                written.append(electrochem.write_bdf(raw, folder / f"{item.source.stem}.bdf.csv"))
            except InterlayerError as error:
                failed.append(error.about(item.source))
    if failed and not written:
        raise failed[0]
    return written, [str(error) for error in failed]


def _expanded(inputs: Sequence[Path], technique: str) -> tuple[Path, ...]:
    """Return files, those of folders in their place."""
    each = [candidates(path, technique) if path.is_dir() else [path] for path in inputs]
    return tuple(path for paths in each for path in paths) or tuple(inputs)


def candidates(folder: Path, technique: str) -> list[Path]:
    """Return the files below a folder that are, or by their ending should be, of a technique."""
    wanted = _wanted(technique)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [path for path in files if wanted(path)]


def _wanted(technique: str) -> Callable[[Path], bool]:
    """Return the test whether a file is, or by its ending should be, of a technique."""
    known = techniques.formats(technique)
    endings = {suffix.lower() for each in known for suffix in each.suffixes} - _VAGUE
    return lambda path: path.suffix.lower() in endings or _is_known(path, known)


def _is_known(path: Path, known: Iterable[formats.Format]) -> bool:
    try:
        return path.stat().st_size > 0 and formats.identify(path, known) is not None
    except OSError:
        return False


def _folder(technique: str, kind: str, folder: Path, settings: dict[str, Value], crew: Crew) -> list[Item]:
    paths = candidates(folder, technique)
    if not paths:
        return [_nothing(folder, technique, kind)]
    items = _many(technique, kind, paths, settings, crew)
    good = [item.result for item in items if item.result is not None]
    pool = getattr(import_module(f"interlayer.{technique}.analysis"), "pool", None)
    if pool is not None and good:
        try:
            items.append(Item(folder, technique, kind, tree=pool(good)))
        except InterlayerError as error:
            items.append(Item(folder, technique, kind, error=error))
    return items


def _nothing(folder: Path, technique: str, kind: str) -> Item:
    error = ReadError(
        f"no {technique} files in this folder",
        path=folder,
        advice="`interlayer formats` lists what is read.",
    )
    return Item(folder, technique, kind, error=error)


def _many(technique: str, kind: str, paths: list[Path], settings: dict[str, Value], crew: Crew) -> list[Item]:
    if len(paths) == 1:
        return [_analyze(technique, kind, (paths[0],), settings)]
    work = partial(_analyze_one, technique, kind, settings)
    found = dict(parallel.spread(work, paths, crew, partial(_lost, technique, kind)))
    return [found[k] for k in range(len(paths))]


def _analyze_one(technique: str, kind: str, settings: dict[str, Value], path: Path) -> Item:
    return _analyze(technique, kind, (path,), settings)


def _lost(technique: str, kind: str, path: Path, loss: Loss) -> Item:
    return Item(path, technique, kind, error=AnalysisError(loss.text, path=path))


def _analyze(technique: str, kind: str, paths: tuple[Path, ...], settings: dict[str, Value]) -> Item:
    try:
        result = techniques.compute(technique, kind, paths, settings)
    except InterlayerError as error:
        return Item(paths[0], technique, kind, error=error.about(paths[0]))
    except MemoryError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error} (a fault of interlayer; please report it with the file)"
        return Item(paths[0], technique, kind, error=AnalysisError(text, path=paths[0]))
    return Item(paths[0], technique, kind, tree=result)
