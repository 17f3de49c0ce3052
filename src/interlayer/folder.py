"""A folder of micrographs: one record per image, nothing twice, pooled by sample.

What is written below the results folder::

    images.csv, images.parquet         a line per image: size, scale, flags, error
    summary.csv                        the numbers of each sample
    contact-sheet.png                  all images with their outlines
    pooled.nc, pooled-particles.*, …   all images together
    samples/<sample>/pooled…           the same for each sample, where there are several
    images/<path of the image>…        record, tables and overlay of each image
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interlayer._version import __version__
from interlayer.batch import Outcome, code_digest, spread
from interlayer.core.errors import InterlayerError, SettingError, StoreError
from interlayer.core.files import write_text
from interlayer.core.settings import Value
from interlayer.core.text import clean
from interlayer.micrograph import RECORD, Brief, Job, Pooled, killed, process

if TYPE_CHECKING:
    from interlayer.sem.analysis import Part

#: the file that marks a results folder, so that it is never taken for raw data
MARK = "interlayer-folder.json"
ALL = ""
_PRELOAD = ("interlayer.warm",)
#: bytes of a name that are kept, and images of a sample whose pictures its record keeps
_LONGEST, _PICTURES = 180, 4
#: images for which no worker processes are started
_FEW = 4


@dataclass(frozen=True, slots=True)
class FolderRun:
    """What a run over a folder left behind."""

    out: Path
    jobs: tuple[Job, ...]
    briefs: tuple[Brief, ...]
    pooled: tuple[Pooled, ...]


def scan(folder: Path, known: Callable[[Path], bool], out: Path | None = None) -> list[Path]:
    """Return the images below a folder at any depth, in order of their paths.

    Hidden files, results folders of earlier runs and ``out`` are left out.

    Raises
    ------
    SettingError
        When the results would go into the folder itself, among the raw data.
    """
    if out is not None and out.resolve() == folder.resolve():
        raise SettingError(
            "the results would be written among the images",
            path=out,
            expected="another folder after -o",
            advice="A folder inside the folder of the images is fine.",
        )
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        for path in place.iterdir():
            if path.name.startswith("."):
                continue
            if path.is_dir():
                ours = (path / MARK).exists() or (out is not None and path.resolve() == out.resolve())
                waiting += [] if ours or path.is_symlink() else [path]
            elif path.is_file() and known(path):
                found.append(path)
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def samples(names: Sequence[str], whole: str) -> list[str]:
    """Return the sample of each image: the first level of folders that differs.

    Images above that level belong to the sample named as the ``whole`` folder.

    Examples
    --------
    >>> samples(["raw/a/1.tif", "raw/b/x/2.tif"], "study")
    ['a', 'b']
    >>> samples(["1.tif", "b/2.tif"], "study")
    ['study', 'b']
    """
    parents = [name.split("/")[:-1] for name in names]
    depth = 0
    while all(len(each) > depth for each in parents) and len({each[depth] for each in parents}) == 1:
        depth += 1
    return [each[depth] if len(each) > depth else whole for each in parents]


def run(
    folder: Path,
    paths: Sequence[Path],
    out: Path,
    settings: dict[str, Value],
    *,
    jobs: int = 1,
    started: Callable[[int], None] = lambda _: None,
    done: Callable[[Outcome], None] = lambda _: None,
) -> FolderRun:
    """Analyse the images of a folder and write everything below ``out``; what is there already is kept.

    Parameters
    ----------
    paths
        The images, from `scan`.
    jobs
        Worker processes; the results do not depend on it.
    started, done
        Called with the number of images, and with each outcome.

    Raises
    ------
    StoreError
        When nothing can be written below ``out``.
    """
    whole = folder.resolve().name or "folder"
    try:
        write_text(out / MARK, json.dumps({"interlayer": __version__, "folder": whole}) + "\n")
    except OSError as error:
        raise StoreError(
            f"the results cannot be written there ({error})", path=out, advice="Give another folder with -o."
        ) from error
    code = code_digest("sem")
    work = tuple(_job(path, folder, out, settings, code) for path in paths)
    started(len(work))
    briefs: dict[int, Brief] = {}
    for index, brief in _each(work, jobs):
        briefs[index] = brief
        done(Outcome(brief.name, "", brief.status, work[index].path, brief.error, brief.error_type))
    ordered = tuple(briefs[k] for k in range(len(work)))
    return FolderRun(out, work, ordered, _finish(folder, work, ordered, out, jobs))


def _each(work: Sequence[Job], jobs: int) -> Iterable[tuple[int, Brief]]:
    if jobs == 1 or len(work) < _FEW:
        return ((k, process(job)) for k, job in enumerate(work))
    return spread(process, work, jobs, killed, _PRELOAD)


def _job(path: Path, folder: Path, out: Path, settings: dict[str, Value], code: str) -> Job:
    name = path.relative_to(folder).as_posix()
    parts = [_short(clean(part)) for part in path.relative_to(folder).parts]
    return Job(path, name, out.joinpath("images", *parts), settings, code)


def _short(part: str) -> str:
    """Return the name of a file so short that endings can be added to it."""
    data = part.encode()
    if len(data) <= _LONGEST:
        return part
    digest = hashlib.sha256(data).hexdigest()[:8]
    return f"{data[: _LONGEST - 9].decode(errors='ignore')}-{digest}"


@dataclass(frozen=True, slots=True)
class _Sample:
    """A sample to be pooled, and where that goes."""

    name: str
    source: Path
    place: Path
    members: tuple[tuple[Job, Brief], ...]


def _finish(
    folder: Path, work: Sequence[Job], briefs: Sequence[Brief], out: Path, jobs: int
) -> tuple[Pooled, ...]:
    """Pool by sample in worker processes, and write what describes the folder as a whole."""
    of = samples([job.name for job in work], folder.resolve().name or "folder")
    groups = {name: [k for k in range(len(work)) if of[k] == name] for name in dict.fromkeys(of)}
    taken = _places(list(groups))
    tasks = [
        _Sample(
            name,
            _source(folder, [work[k] for k in members], name),
            out / "samples" / taken[name],
            tuple((work[k], briefs[k]) for k in members),
        )
        for name, members in groups.items()
        if len(groups) > 1
    ]
    tasks.append(_Sample(ALL, folder, out, tuple(zip(work, briefs, strict=True))))
    if jobs == 1 or len(work) < _FEW:
        errors = {k: _pool(task) for k, task in enumerate(tasks)}
    else:
        # a sample takes more memory than an image: half as many workers keep within what the images took
        errors = dict(spread(_pool, tasks, max(1, jobs // 2), _not_pooled, _PRELOAD))
    found = tuple(_read(task, errors[k]) for k, task in enumerate(tasks))

    from interlayer import folder_output

    folder_output.write_overview(out, of, work, briefs, found)
    return found


def _not_pooled(task: _Sample) -> str:
    return f"the worker was killed while it pooled {len(task.members)} images (out of memory?)"


def _read(task: _Sample, error: str) -> Pooled:
    """Return a pooled result from its record."""
    from interlayer import store

    if error:
        return Pooled(task.name, task.source, None, InterlayerError(error, path=task.source))
    return Pooled(task.name, task.source, store.read_tree(task.place / "pooled.nc"))


def _source(folder: Path, members: Sequence[Job], name: str) -> Path:
    """Return the folder of a sample: the one of its name above its first image, else the whole folder."""
    above = [path for path in members[0].path.parents if path.name == name and path != folder]
    return above[-1] if above and folder in above[-1].parents else folder


def _places(names: Sequence[str]) -> dict[str, str]:
    """Return a folder for each sample, different also where case does not count."""
    found: dict[str, str] = {}
    for name in names:
        first = _short(clean(name))
        place, number = first, 2
        while place.lower() in {each.lower() for each in found.values()}:
            place, number = f"{first}-{number}", number + 1
        found[name] = place
    return found


def _pool(task: _Sample) -> str:
    """Pool the images of a sample and write the result; return what went wrong.

    Those with a scale are pooled where some have none, and copies of a file once.
    """
    from interlayer import folder_output
    from interlayer.sem.analysis import pooled

    good = [(job, brief) for job, brief in task.members if brief.good]
    if not good:
        return "no image could be analysed"
    kept, notes = _kept(good)
    try:
        result = pooled([_part(job, brief, pictured=k < _PICTURES) for k, (job, brief) in enumerate(kept)])
        warnings = json.loads(str(result.attrs["warnings"]))
        failed = [f"{brief.name}: not read: {brief.error}" for _, brief in task.members if not brief.good]
        result.attrs["warnings"] = json.dumps([*failed, *notes, *warnings])
        folder_output.write_pooled(result, task.place)
    except InterlayerError as error:
        return str(error)
    except Exception as error:  # a fault of ours must not stop the others; it is named as such
        return f"{type(error).__name__}: {error} (a fault of interlayer; please report it)"
    return ""


def _kept(good: Sequence[tuple[Job, Brief]]) -> tuple[list[tuple[Job, Brief]], list[str]]:
    scaled = any(brief.calibrated for _, brief in good)
    kept: list[tuple[Job, Brief]] = []
    notes: list[str] = []
    first: dict[str, str] = {}
    for job, brief in good:
        if brief.digest in first:
            notes.append(f"{job.name}: duplicate: a copy of {first[brief.digest]} (same bytes), counted once")
        elif scaled and not brief.calibrated:
            notes.append(f"{job.name}: no scale: left out, as other images of the sample have one")
        else:
            kept.append((job, brief))
        first.setdefault(brief.digest, job.name)
    return kept, notes


def _part(job: Job, brief: Brief, *, pictured: bool) -> "Part":
    """Return what pooling takes of an image: its table of particles, and its picture."""
    import polars
    import xarray as xr

    from interlayer.sem import tables
    from interlayer.sem.analysis import Part

    frame = polars.read_parquet(job.file("-particles.parquet"))
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    particles = tables.restored(columns, np.zeros(frame.height), brief.calibrated)
    images = tables.image_table([brief.line], brief.calibrated)
    if not pictured:
        return Part(particles, images, brief.attrs)
    with xr.open_dataset(job.file(RECORD), group="picture", engine="netcdf4") as stored:
        return Part(particles, images, brief.attrs, (stored.load(),))
