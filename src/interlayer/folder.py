"""A folder of micrographs: one record per image, nothing twice, pooled by sample.

What is written below the results folder::

    images.csv, images.parquet         a line per image: size, scale, flags, error
    summary.csv                        the numbers of each sample
    contact-sheet.png                  all images with their outlines
    pooled.nc, pooled-particles.*, …   all images together
    samples/<sample>/pooled…           the same for each sample, where there are several
    images/<path of the image>…        record, tables and overlay of each image
    manifest.json                      sha256 of each of these files
    ledger.sqlite                      what each was made from
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from interlayer import lock, parallel, pooling
from interlayer._version import __version__
from interlayer.core.errors import InterlayerError, SettingError, WriteError
from interlayer.core.files import write_text
from interlayer.core.settings import Value
from interlayer.core.text import Names, clean
from interlayer.engine import Crew, Team
from interlayer.ledger import Ledger, opened
from interlayer.micrograph import Brief, Job, lost, process, short, untouched
from interlayer.pooling import Done, Piece
from interlayer.tasks import Outcome, code_digest

#: the file that marks a results folder, so that it is never taken for raw data
MARK = "interlayer-folder.json"
ALL = ""
PRELOAD = ("interlayer.warm",)
#: how many images may wait at a worker, and how many are on a contact sheet
_GROUP, _SHEET = 16, 48


@dataclass(frozen=True, slots=True)
class Pooled:
    """The result of a sample, or of all images together (sample ``""``)."""

    sample: str
    source: Path
    record: Path
    error: InterlayerError | None = None


@dataclass(frozen=True, slots=True)
class FolderRun:
    """What a run over a folder left behind; the briefs are slim, the ledger has the rest."""

    out: Path
    jobs: tuple[Job, ...]
    briefs: tuple[Brief, ...]
    pooled: tuple[Pooled, ...]


def scan(folder: Path, known: Callable[[Path], bool], out: Path | None = None) -> list[str]:
    """Return the images at any depth, as paths below the folder with ``/``, in their order.

    Hidden files, results folders of earlier runs, ``out`` and links to folders are left out.

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
    found: list[str] = []
    waiting = [""]
    while waiting:
        place = waiting.pop()
        for entry in _entries(folder / place):
            name = f"{place}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                waiting += [] if _is_ours(Path(entry.path), out) else [f"{name}/"]
            elif entry.is_file() and known(Path(entry.path)):
                found.append(name)
    return sorted(found)


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _is_ours(folder: Path, out: Path | None) -> bool:
    return (folder / MARK).exists() or (out is not None and folder.resolve() == out.resolve())


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
    names: Sequence[str],
    out: Path,
    settings: dict[str, Value],
    *,
    crew: Crew,
    started: Callable[[int], None] = lambda _: None,
    done: Callable[[Outcome], None] = lambda _: None,
) -> FolderRun:
    """Analyse the images of a folder and write everything below ``out``; what is there already is kept.

    Parameters
    ----------
    names
        The images, from `scan`.
    crew
        Who works, and within which limits; the results do not depend on it.
    started, done
        Called with the number of images, and with each outcome.

    Raises
    ------
    StoreError
        When nothing can be written below ``out``, or another run writes there.
    """
    crew = replace(crew, preload=PRELOAD)
    with _working(out, crew) as (ledger, team):
        mark = {"interlayer": __version__, "folder": _name(folder)}
        write_text(out / MARK, json.dumps(mark) + "\n")
        code = code_digest("sem")
        work = tuple(Job(folder, name, out, settings, code) for name in names)
        started(len(work))
        briefs: dict[int, Brief] = {}
        for index, brief in _each(work, crew, ledger, team):
            briefs[index] = brief.slim
            done(Outcome(brief.name, "", brief.status, work[index].path, brief.error, brief.error_type))
        ordered = tuple(briefs[k] for k in range(len(work)))
        return FolderRun(out, work, ordered, _finish(folder, work, out, crew, ledger, team))


def _name(folder: Path) -> str:
    return folder.resolve().name or "folder"


@contextmanager
def _working(out: Path, crew: Crew) -> Iterator[tuple[Ledger, Team]]:
    left_for = lock.OUTLIVES if crew.scheduler else 0.0
    with lock.writing(out, left_for), opened(out) as ledger, Team(crew) as team:
        yield ledger, team


def _each(work: Sequence[Job], crew: Crew, ledger: Ledger, team: Team) -> Iterator[tuple[int, Brief]]:
    """Yield the brief of each image, first of those that are as the ledger knows them."""
    waiting = []
    for index, job in enumerate(work):
        known = untouched(job, ledger)
        if known is None:
            waiting.append(index)
        else:
            yield index, known
    for place, brief in parallel.spread(process, [work[k] for k in waiting], crew, lost, _GROUP, team):
        index = waiting[place]
        if brief.error_type == WriteError.__name__:  # the disk is full: no matter of one image
            raise WriteError(f"{brief.name}: {brief.error}", path=work[index].out)
        ledger.put(brief.entry(work[index]))
        for each in brief.hashes:
            ledger.remember(each)
        yield index, brief


def _finish(
    folder: Path, work: Sequence[Job], out: Path, crew: Crew, ledger: Ledger, team: Team
) -> tuple[Pooled, ...]:
    """Pool by sample, and write what describes the folder as a whole."""
    from interlayer import store

    # the ledger is on this machine, and the limits are those of one image
    here = replace(crew, scheduler="", timeout=math.inf, memory=None)
    of = samples([job.name for job in work], _name(folder))
    pools = _pools(of, work, out, ledger.path)
    # a sample takes more memory than an image: half as many workers keep within what the images took; fresh
    # ones, as each keeps some of the memory that its last work took
    team.dismiss()
    pooled = _pieces(pools, replace(here, jobs=max(1, crew.jobs // 2)), out, ledger, team)
    team.dismiss()
    found = tuple(
        Pooled(
            piece.name,
            _source(folder, piece),
            piece.place / "pooled.nc",
            InterlayerError(each.error, path=_source(folder, piece)) if each.error else None,
        )
        for piece, each in zip(pools, pooled, strict=True)
    )
    records = tuple((each.sample, each.record) for each in found if each.error is None)
    again = pooling.repeated(found[-1].record) if found[-1].error is None else set()
    listed = tuple(sorted(again))
    overview = Piece("overview", "", tuple(work), out, ledger.path, tuple(of), records, listed)
    sheets = _pieces([overview, *_sheets(work, out, ledger.path, again)], here, out, ledger, team)
    _drop_old_sheets(out, sheets)
    store.write_manifest(out, pooling.manifest(out, work, [*pooled, *sheets], ledger))
    return found


def _pools(of: Sequence[str], work: Sequence[Job], out: Path, ledger: Path) -> list[Piece]:
    """Return what is pooled: each sample, where there are several, and all images."""
    groups: dict[str, list[Job]] = {}
    for job, sample in zip(work, of, strict=True):
        groups.setdefault(sample, []).append(job)
    taken = _places(list(groups))
    pieces = [
        Piece("pool", name, tuple(members), out / "samples" / taken[name], ledger)
        for name, members in groups.items()
        if len(groups) > 1
    ]
    return [*pieces, Piece("pool", ALL, tuple(work), out, ledger)]


def _pieces(pieces: Sequence[Piece], crew: Crew, out: Path, ledger: Ledger, team: Team) -> list[Done]:
    """Do those pieces of work that are not done yet, in worker processes."""
    ledger.write()
    keys = [piece.key(ledger) for piece in pieces]
    found = {
        k: known
        for k, piece in enumerate(pieces)
        if (known := pooling.current(piece, keys[k], out, ledger)) is not None
    }
    waiting = [k for k in range(len(pieces)) if k not in found]
    for place, each in parallel.spread(pooling.do, [pieces[k] for k in waiting], crew, pooling.lost, 1, team):
        index = waiting[place]
        found[index] = each
        ledger.put(pooling.entry_of(pieces[index], keys[index], each, out))
    return [found[k] for k in range(len(pieces))]


def _sheets(work: Sequence[Job], out: Path, ledger: Path, again: set[str]) -> Iterator[Piece]:
    """Yield the contact sheets."""
    pages = math.ceil(len(work) / _SHEET)
    for page in range(pages):
        title = f"{len(work)} images" + (f", page {page + 1} of {pages}" if pages > 1 else "")
        name = "contact-sheet.png" if pages == 1 else f"contact-sheet-{page + 1}.png"
        chosen = tuple(work[page * _SHEET : (page + 1) * _SHEET])
        repeated = tuple(job.name for job in chosen if job.name in again)
        yield Piece("sheet", title, chosen, out / name, ledger, repeated=repeated)


def _drop_old_sheets(out: Path, done: Sequence[Done]) -> None:
    written = {path for each in done for path in each.written}
    for old in out.glob("contact-sheet*.png"):
        if str(old) not in written:
            old.unlink()


def _source(folder: Path, piece: Piece) -> Path:
    """Return the folder of a sample: the one of its name above its first image, else the whole folder."""
    if piece.name == ALL:
        return folder
    above = [path for path in piece.members[0].path.parents if path.name == piece.name and path != folder]
    return above[-1] if above and folder in above[-1].parents else folder


def _places(names: Sequence[str]) -> dict[str, str]:
    """Return a folder for each sample, different also where case does not count."""
    taken = Names()
    return {name: taken.free(short(clean(name))) for name in names}
