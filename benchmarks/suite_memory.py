"""Memory: peak of reading and analysing a typical and a large input in a fresh process, beside its imports.

Report, evidence and folders of images are measured where they are made (`suite_report`, `suite_scale`).
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from memory_cases import extra, measured, peak
from record import Record

#: what no reader may need, of any file
READER = 500.0


def records(full: bool) -> Iterator[Record]:
    """Yield the peaks of each technique (full: larger inputs)."""
    if not sys.platform.startswith("linux"):
        print("memory is measured on Linux only: no figure of it")
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        yield from _xrd(place, 5 if full else 0)
        yield from _xps(place, full)
        yield from _sem(place, full)
        yield from _eds(place, full)
        yield from _electrochem(place, 5_000_000 if full else 500_000)


def _peak(
    name: str, figure: str, case: str, path: Path, target: float | None = None, peers: tuple[str, ...] = ()
) -> Iterator[Record]:
    used = measured(case, path)
    beside = {"imports alone": used.imports} | {each: peak(each, path) for each in peers}
    for peer, value in beside.items():
        which = figure if len(beside) == 1 else f"{figure}, beside {peer}"
        yield Record(f"memory, {name}", which, used.peak, "MB", target, "lower", 1, "", 0.03 * used.peak,
                     peer, value)  # fmt: skip


def _xrd(place: Path, finer: int) -> Iterator[Record]:
    """A typical pattern, and one with so many times its points."""
    from xrd_simulate import simulate

    raw = simulate(3).raw
    x, y = raw["two_theta"].values, raw["intensity"].values
    patterns = [(x, y)]
    if finer:
        fine = np.arange(x[0], x[-1], (x[1] - x[0]) / finer)
        dense = np.random.default_rng(3).poisson(np.interp(fine, x, np.maximum(y, 0)))
        patterns.append((fine, dense))
    for columns in patterns:
        name, path = f"{len(columns[0]):,} points", place / f"xrd {len(columns[0])}.xy"
        np.savetxt(path, np.column_stack(columns), fmt="%.4f %.0f")
        if columns[0] is x:
            peak("analyse xrd", path)
        yield from _peak(f"XRD pattern of {name}", "read", "read xrd", path, READER)
        yield from _peak(f"XRD pattern of {name}", "read and analysed", "analyse xrd", path)


def _xps(place: Path, full: bool) -> Iterator[Record]:
    from xps_c1s import CASES, expectation

    for name, times in (("200 points", 1), ("20,000 points", 100)) if full else (("200 points", 1),):
        energy, mean = expectation(CASES[0])
        fine = np.linspace(energy[0], energy[-1], energy.size * times)
        counts = np.random.default_rng(1).poisson(np.interp(fine, energy, mean))
        path = place / f"C1s {times}.csv"
        rows = np.column_stack([fine, counts])
        np.savetxt(path, rows, "%.5f,%d", header="Binding Energy (eV),Counts", comments="")
        if times == 1:
            peak("analyse xps", path)
        yield from _peak(f"XPS region of {name}", "read", "read xps", path, READER)
        yield from _peak(f"XPS region of {name}", "read and analysed", "analyse xps", path)


def _sem(place: Path, full: bool) -> Iterator[Record]:
    """Twenty bytes for each pixel, reading included, beyond what the process held after a small image."""
    import tifffile
    from sem_folder import _TEXT
    from sem_simulator import SETS, simulate

    tile = simulate(SETS["touching 1"], 100).image
    mirrored = np.vstack([tile, tile[::-1]])
    block = np.hstack([mirrored, mirrored[:, ::-1]])
    small = place / "small.tif"
    images = {"1.6 MPix": tile} | ({"25 MPix": np.tile(block, (2, 2))} if full else {})
    for path, image in ((small, tile[:256, :256]), *((place / f"{k}.tif", v) for k, v in images.items())):
        text = _TEXT.replace("1536", str(image.shape[1])).replace("1024", str(image.shape[0]))
        tag = text.replace("DatabarHeight=64", "DatabarHeight=0")
        tifffile.imwrite(path, image, extratags=[(34682, "s", 0, tag, True)])
    peak("analyse sem", small)
    for name, image in images.items():
        path, both = place / f"{name}.tif", "read and analysed"
        yield from _peak(f"SEM image of {name}", "read", "read sem", path, READER)
        yield from _peak(f"SEM image of {name}", both, "analyse sem", path, None, ("watershed",))
        ours, theirs = (
            2**20 * extra(each, small, path) / image.size for each in ("analyse sem", "watershed")
        )
        yield Record(f"memory, SEM image of {name}", "beyond the imports, of each pixel", ours, "byte", 20.0,
                     "lower", 1, "", 0.05 * ours, "watershed", theirs)  # fmt: skip


def _eds(place: Path, full: bool) -> Iterator[Record]:
    from eds_layer import CASES, simulate
    from eds_spectra import sparse_map, write_map

    path = place / "N.csv"
    np.savetxt(path, simulate(np.random.default_rng(1), CASES[1]), "%d", delimiter=",")
    peak("analyse eds", path)
    yield from _peak("EDS element map of 200 × 256", "read", "read eds", path, READER)
    yield from _peak("EDS element map of 200 × 256", "read and analysed", "analyse eds", path)
    size = (400, 512, 2048) if full else (100, 128, 2048)
    path = write_map(place / "map.spd", *size)
    name = f"EDS cube of {size[1]} × {size[0]} × {size[2]}, its mapped file counted"
    yield from _peak(name, "read and analysed", "analyse eds cube", path, 1000.0)
    path.unlink()
    path = sparse_map(place / "sparse.spd")
    yield from _peak("EDS cube of 13.7 GB, sparse", "opened", "read eds", path, 300.0)


def _electrochem(place: Path, rows: int) -> Iterator[Record]:
    from electrochem_io import repeat_mpr, write_csv

    from interlayer.example.generator.electrochem.cv import ACTIVATED, _write_one

    short, long, cv = place / "short.csv", place / "long.csv", place / "cv.mpr"
    _write_one(cv, ACTIVATED, 1.131, np.random.default_rng(0))
    peak("analyse cv", cv)
    yield from _peak("voltammogram of 7,200 points (.mpr)", "read and analysed", "analyse cv", cv)
    sizes = [("20,000", short, 20_000), (f"{rows:,}", long, rows)]
    for name, path, count in sizes if rows > 1_000_000 else sizes[1:]:
        write_csv(path, count)
        yield from _peak(f"CSV of {name} rows", "read and half cycles", "halves", path, READER,
                         ("pandas", "polars"))  # fmt: skip
    many = repeat_mpr(cv, place / "long.mpr", rows)
    yield from _peak(f".mpr of {many:,} rows, its mapped file counted", "read", "read electrochem",
                     place / "long.mpr", READER)  # fmt: skip
