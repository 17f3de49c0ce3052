"""Files that a user gets from others and that are no instrument files, as targets of the fuzzer.

Study files, phases, calibrations, templates, records and what is made of them, and what lies in a results
folder: catalogue, manifest, ledger, marks. `TARGETS` reads each as a command would; `fuzz_files_seeds` makes
sound ones.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: what stands where instrument files have their technique
HUB = "hub"


class UnsoundError(Exception):
    """A file was read, and what came of it cannot be."""


def _study(path: Path) -> None:
    from interlayer import study, tasks

    loaded = study.load(path)
    tasks.plan(loaded, path.parent / "results")
    for claim in loaded.claim:
        claim.problem()


def _phase(path: Path) -> None:
    from interlayer.xrd import phases

    found = phases.find(str(path))
    numbers = [*found.cell, found.scale, found.volume, found.density, *found.strength.tolist()]
    if not found.hkl.size or not all(math.isfinite(each) and each >= 0 for each in numbers):
        raise UnsoundError(f"a phase with {numbers[:9]}")


def _instrument(path: Path) -> None:
    from interlayer.xrd import instrument_file

    found = instrument_file.from_toml(path, None)
    if not all(math.isfinite(each) for each in (found.w, found.y, found.zero, found.radius)):
        raise UnsoundError(f"an instrument with {found}")


def _template(path: Path) -> None:
    from interlayer.xps import chemistry

    found = chemistry.template(str(path))
    if not all(math.isfinite(each.energy) and each.tolerance > 0 for each in found.lines):
        raise UnsoundError("a template with lines that are nowhere")
    if not 0 < found.ratio_uncertainty < math.inf:
        raise UnsoundError(f"a ratio with an uncertainty of {found.ratio_uncertainty}")


def _record(path: Path) -> None:
    from interlayer import store
    from interlayer.export.record import analyses
    from interlayer.sample import Sample

    sample = Sample.open(path)
    sample.table(), repr(sample), sample._repr_html_(), sample.warnings, sample.dataset
    list(analyses(sample))
    store.read_attrs(path), store.read_group(path, "summary")


def _products(path: Path) -> None:
    """Make of a record what the commands evidence, methods, figures, report and export make."""
    from interlayer import export, figures, methods
    from interlayer.evidence.tables import tables
    from interlayer.export.record import NothingToExport, Record
    from interlayer.report import site
    from interlayer.sample import Sample

    sample = Sample.open(path)
    tables([sample])
    methods.compose([sample])
    list(figures.named([sample]))
    out = path.parent / "out"
    site.make_one(site.Job(path, out / "a.html", out / "a.js", "a.html", "", "title", (), (), ()))
    for _, make in export.plan([Record(sample, path)], out, ["json", "csv"]):
        try:
            make()
        except NothingToExport:
            continue


def _catalogue(path: Path) -> None:
    from interlayer import catalogue

    catalogue.read(path).to_dataframe()


def _manifest(path: Path) -> None:
    from interlayer import store

    store.read_manifest(path.parent, damaged_is_empty=True)
    store.verify(path.parent)


def _ledger(path: Path) -> None:
    """Ask a ledger all that a run and a folder of images ask it, first of a copy and then in its place."""
    from interlayer import batch, pooling
    from interlayer.ledger import opened
    from interlayer.micrograph import untouched

    task, job, piece = asked(path.parent)
    for only_look in (True, False):
        with opened(path.parent, only_look=only_look) as ledger:
            ledger.digest(path)
            batch.reason(task, ledger)
            batch.unchanged([task], ledger)
            untouched(job, ledger)
            pooling.current(piece, "key", path.parent, ledger)


def asked(folder: Path) -> tuple[Any, Any, Any]:
    """Return a task, an image and a piece of work that a ledger in a folder is asked for."""
    from interlayer.micrograph import Job
    from interlayer.pooling import Piece
    from interlayer.tasks import Task

    task = Task("A", "xrd", "", "", (folder / "a.xy",), {}, folder / "x.nc", "new", {"settings": {"a": 1}})
    piece = Piece("pool", "A", (), folder / "pool.nc", folder / "ledger.sqlite")
    return task, Job(folder, "a.tif", folder, {}, "code"), piece


def _lock(path: Path) -> None:
    from interlayer import lock

    with path.open("a+", encoding="utf-8") as stream:
        lock._holder(stream), lock._alive(lock._signature(stream))
    with lock.writing(path.parent):
        pass


def _cache(path: Path) -> None:
    from interlayer.report import site

    key, site._key = site._key, lambda _: "key"
    try:
        site._kept(site.Job(path, path.parent / "a.html", path.parent / "data.js", "", "", "", (), (), ()))
    finally:
        site._key = key


#: what reads a file, by the name of its kind
TARGETS: dict[str, Callable[[Path], None]] = {
    "study file": _study,
    "phase CIF": _phase,
    "phase TOML": _phase,
    "instrument.toml": _instrument,
    "XPS template": _template,
    "record": _record,
    "record to products": _products,
    "catalogue": _catalogue,
    "manifest": _manifest,
    "ledger": _ledger,
    "lock": _lock,
    "report cache": _cache,
}
