"""What follows the images of a folder, in worker processes: samples, the folder as a whole, its manifest.

Each piece of work takes the briefs of the images from the ledger, so that ten thousand of them are never sent
around, and returns the files it has written with their sha256.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interlayer.core.errors import InterlayerError
from interlayer.core.files import sha256
from interlayer.ledger import Entry, Ledger
from interlayer.micrograph import RECORD, Brief, Job
from interlayer.worker import Loss

if TYPE_CHECKING:
    import polars

    from interlayer.sem.analysis import Part

#: images of a sample whose pictures its record keeps
_PICTURES = 4
#: tables of particles that are read before they are joined: ten thousand small ones take ten times the memory
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work on images of a folder.

    Parameters
    ----------
    work
        ``pool``, ``overview`` or ``sheet``.
    name
        The sample; of a contact sheet its title.
    members
        The images.
    place
        The folder (of a contact sheet the file) that is written.
    ledger
        The ledger that holds the briefs.
    of, pools
        Of the overview: the sample of each image; name and record of each sample.
    repeated
        Images that show a field again.
    """

    work: str
    name: str
    members: tuple[Job, ...]
    place: Path
    ledger: Path
    of: tuple[str, ...] = ()
    pools: tuple[tuple[str, Path], ...] = ()
    repeated: tuple[str, ...] = ()

    def entry(self, out: Path) -> str:
        """Return the name under which the ledger keeps it."""
        return f"{self.work}/{self.place.relative_to(out).as_posix()}"

    def key(self, ledger: Ledger) -> str:
        """Return the hash of everything that it depends on."""
        digest = hashlib.sha256(json.dumps([self.name, self.of, self.repeated]).encode())
        for job, brief in briefs(self.members, ledger):
            digest.update(json.dumps([job.name, brief.key, brief.error, job.code]).encode())
        for _, path in self.pools:
            digest.update(sha256(path).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Done:
    """What a piece of work has written: sha256 by path; or why it has not."""

    written: dict[str, str]
    error: str = ""


def briefs(members: Sequence[Job], ledger: Ledger) -> Iterator[tuple[Job, Brief]]:
    """Yield images with what the ledger knows of them."""
    for job in members:
        entry = ledger.get(job.entry)
        if entry is not None:
            yield job, Brief.of(job, entry)


def do(piece: Piece) -> Done:
    """Do a piece of work."""
    with closing(Ledger(piece.ledger)) as ledger:
        try:
            written = _WORKS[piece.work](piece, ledger)
        except InterlayerError as error:
            return Done({}, str(error))
    return Done({str(path): sha256(path) for path in written})


def repeated(record: Path) -> set[str]:
    """Return the names of the images that show a field again, from the record of all images."""
    from interlayer import store

    warnings = json.loads(str(store.read_attrs(record).get("warnings", "[]")))
    return {text.split(": duplicate:")[0] for text in warnings if ": duplicate:" in text}


def lost(piece: Piece, loss: Loss) -> Done:
    """Return the failure of a piece of work that took too long, too much memory or its worker with it."""
    return Done({}, f"{len(piece.members)} images could not be put together: {loss.text}")


def _pool(piece: Piece, ledger: Ledger) -> list[Path]:
    """Pool the images of a sample and write the result.

    Those with a scale are pooled where some have none, and copies of a file once.
    """
    from interlayer import folder_output
    from interlayer.sem.analysis import pooled

    kept, notes = _kept(piece, ledger)
    if not kept:
        raise InterlayerError("no image could be analysed")
    result = pooled([_joined(kept, ledger)])
    warnings = json.loads(str(result.attrs["warnings"]))
    result.attrs["warnings"] = json.dumps([*notes, *warnings])
    return folder_output.write_pooled(result, piece.place)


def _kept(piece: Piece, ledger: Ledger) -> tuple[list[Job], list[str]]:
    """Return the images that are pooled, and what is to be said of the others."""
    scaled = any(brief.good and brief.calibrated for _, brief in briefs(piece.members, ledger))
    kept: list[Job] = []
    failed: list[str] = []
    notes: list[str] = []
    first: dict[str, str] = {}
    for job, brief in briefs(piece.members, ledger):
        if not brief.good:
            failed.append(f"{job.name}: not read: {brief.error}")
            continue
        if brief.digest in first:
            notes.append(f"{job.name}: duplicate: a copy of {first[brief.digest]} (same bytes), counted once")
        elif scaled and not brief.calibrated:
            notes.append(f"{job.name}: no scale: left out, as other images of the sample have one")
        else:
            kept.append(job)
        first.setdefault(brief.digest, job.name)
    return kept, [*failed, *notes]


def _joined(kept: Sequence[Job], ledger: Ledger) -> "Part":
    """Return the particles and the facts of images as one part; of the first few also the pictures."""
    import xarray as xr

    from interlayer.sem import tables
    from interlayer.sem.analysis import Part

    texts: dict[str, dict[str, None]] = {"warnings": {}, "steps": {}}
    sources: list[object] = []

    def lines() -> Iterator[Mapping[str, float | str]]:
        """Yield the line of each image, one after the other in memory, and take in its texts."""
        for _, brief in briefs(kept, ledger):
            sources.extend(json.loads(brief.attrs["sources"]))
            for name, found in texts.items():
                found |= dict.fromkeys(json.loads(brief.attrs[name]))
            yield brief.line

    (_, head), *_ = briefs(kept[:1], ledger)
    images = tables.image_table(lines(), head.calibrated)
    attrs = {name: json.dumps(list(found)) for name, found in {**texts, "sources": sources}.items()}
    columns, index = _particles(kept)
    pictures = []
    for job in kept[:_PICTURES]:
        with xr.open_dataset(job.file(RECORD), group="picture", engine="netcdf4") as stored:
            pictures.append(stored.load())
    return Part(
        tables.restored(columns, index, head.calibrated),
        images,
        {"settings": head.attrs["settings"], **attrs},
        tuple(pictures),
    )


def _particles(kept: Sequence[Job]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the columns of all particles, and the number of the image of each."""
    import polars

    blocks: list[polars.DataFrame] = []
    counts: list[int] = []
    for start in range(0, len(kept), _BLOCK):
        frames = [polars.read_parquet(job.file("-particles.parquet")) for job in kept[start : start + _BLOCK]]
        counts += [frame.height for frame in frames]
        blocks.append(_stacked(frames).rechunk())
    frame = _stacked(blocks)
    return {name: frame[name].to_numpy() for name in frame.columns}, np.repeat(np.arange(len(kept)), counts)


def _stacked(frames: "Sequence[polars.DataFrame]") -> "polars.DataFrame":
    """Return tables below each other; one without rows does not know the types of its columns."""
    import polars

    filled = [frame for frame in frames if frame.height]
    return polars.concat(filled, how="vertical_relaxed") if filled else frames[0]


def _overview(piece: Piece, ledger: Ledger) -> list[Path]:
    from interlayer import folder_output

    found = (brief for _, brief in briefs(piece.members, ledger))
    return folder_output.write_overview(piece.place, found, piece.of, piece.pools, piece.repeated)


def _sheet(piece: Piece, ledger: Ledger) -> list[Path]:
    from interlayer import folder_output

    found = [brief for _, brief in briefs(piece.members, ledger)]
    return folder_output.write_sheet(piece.place, piece.name, piece.members, found, piece.repeated)


_WORKS: dict[str, Callable[[Piece, Ledger], list[Path]]] = {
    "pool": _pool,
    "overview": _overview,
    "sheet": _sheet,
}


def manifest(out: Path, work: Sequence[Job], done: Sequence[Done], ledger: Ledger) -> dict[str, str]:
    """Return the sha256 of everything that a run left, by path below the results folder."""
    found = {}
    for job, brief in briefs(work, ledger):
        for ending, (digest, _, _) in brief.written.items():
            found[job.file(ending).relative_to(out).as_posix()] = digest
    for each in done:
        found |= {Path(path).relative_to(out).as_posix(): digest for path, digest in each.written.items()}
    return found


def entry_of(piece: Piece, key: str, done: Done, out: Path) -> Entry:
    """Return a piece of work as the ledger keeps it."""
    status = "failed" if done.error else "done"
    return Entry(piece.entry(out), key, status, data=json.dumps(done.written))


def current(piece: Piece, key: str, out: Path, ledger: Ledger) -> Done | None:
    """Return what an earlier run wrote for a piece of work, where that is still whole and true."""
    entry = ledger.get(piece.entry(out))
    if entry is None or entry.status == "failed" or entry.key != key:
        return None
    try:
        written = {str(path): str(digest) for path, digest in json.loads(entry.data).items()}
        whole = all(Path(path).is_file() and sha256(Path(path)) == digest for path, digest in written.items())
    except (OSError, ValueError, AttributeError, RecursionError):  # a damaged ledger: made again
        return None
    return Done(written) if whole else None
