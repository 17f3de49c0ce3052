"""Scale and trust: engine, poison files, the store under fire, a thousand samples, folders of images.

Whole runs over ten thousand images, kills of the driver among them, take hours: `scale_images.py`.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from record import Record
from scale_engine import engine_cost, poisoned
from scale_images import make, run
from scale_store import flipped, killed, thousand
from sem_folder import make as micrographs
from sem_folder import watched

from interlayer import folder as folders
from interlayer import store
from interlayer.cli import files
from interlayer.core import formats
from interlayer.sem.readers import FORMATS

JOBS = 2


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of small counts (full: of those of the issue where they take minutes)."""
    if not sys.platform.startswith("linux"):
        print("scale is measured on Linux only: no figure of it")
        return
    with tempfile.TemporaryDirectory(prefix="suite-scale-") as folder:
        place = Path(folder)
        yield from _engine(10_000 if full else 1_000)
        yield from _poison("20 s" if full else "8 s")
        yield from _fire(place, 50 if full else 5, 200 if full else 30)
        yield from _catalogue(place, 1_000 if full else 50)
        yield from _discovery(place, 10_000 if full else 2_000, 3 if full else 1)
        yield from _workers(place, 200 if full else 24)
        if full:
            yield from _micrographs(place, 100)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _engine(items: int) -> Iterator[Record]:
    cpu, wall = engine_cost(items, JOBS)
    name = "engine and ledger"
    yield Record(name, "cost of an item, driver's CPU", cpu, "ms", 0.2, "lower", items, "", 0.2 * cpu)
    # of few items the wall time is that of starting the workers
    yield Record(name, f"cost of an item, wall, cores: {_cores()}", wall, "ms",
                 0.2 if items >= 10_000 else None, "lower", items, "", 0.2 * wall)  # fmt: skip


def _poison(timeout: str) -> Iterator[Record]:
    """Killed, hanging, out of memory, empty, one pixel, wrong ending."""
    found = poisoned(JOBS, timeout)
    name = "engine, six poison files"
    yield Record(name, "good images analysed", 100 * found.analysed / found.good, "%", 100.0, "higher",
                 found.good)  # fmt: skip
    once = sum(times == 1 for _, times in found.named.values())
    yield Record(name, "bad files named once", float(once), "", 6.0, "higher", 6)


def _fire(place: Path, kills: int, flips: int) -> Iterator[Record]:
    (place / "kills").mkdir()
    found, name = killed(place / "kills", kills), "store, kill -9 during writes"
    for figure, value in (
        ("unreadable or mixed records", found.bad), ("values a lazy reader got wrong", found.zeros),
        ("temporary files after the next run", found.after),
    ):  # fmt: skip
        yield Record(name, figure, float(value), "", 0.0, "lower", kills, "0")
    missed, _ = flipped(place / "study", flips)
    yield Record("store, flipped bits", "found by verify", 100 * (1 - missed / flips), "%", 100.0, "higher",
                 flips, "1")  # fmt: skip


def _catalogue(place: Path, samples: int) -> Iterator[Record]:
    found, name = thousand(place / "samples", samples), f"catalogue of {samples:,} samples × 40 rows"
    for kind, value in zip(("wall", "CPU"), found.rebuilt, strict=True):
        yield Record(name, f"rebuilt, {kind}", value, "s", 30.0, "lower", 1, "", 0.2 * value)
    for kind, value in zip(("wall", "CPU"), found.opened, strict=True):
        yield Record(name, f"opened, {kind}", value, "ms", 50.0, "lower", 7, "", 0.2 * value)
    shutil.rmtree(place / "samples")


def _discovery(place: Path, count: int, times: int) -> Iterator[Record]:
    """Headers of so many images (copies of a hundred), and the first result of runs over them."""
    hundred, images = make(place / "images-100", 100), place / "images"
    names = [path.relative_to(hundred) for path in sorted(hundred.rglob("*.tif"))]
    for number in range(count):
        source = names[number % len(names)]
        target = images / source.parent / f"{source.stem}-{number:05d}.tif"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(hundred / source, target)
    begun, cpu = time.perf_counter(), time.process_time()
    found = folders.scan(images, files._wanted("sem"))
    known = sum(formats.identify(images / name, FORMATS) is not None for name in found)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    if (len(found), known) != (count, count):
        raise RuntimeError(f"{len(found)} found and {known} known of {count}")
    name = f"folder of {count:,} images of 128²"
    yield Record(name, "discovery and headers, wall", wall, "s", 3.0, "lower", 1, "", 0.2 * wall)
    yield Record(name, "discovery and headers, CPU", cpu, "s", 3.0, "lower", 1, "", 0.2 * cpu)
    firsts = [run(images, place / f"out-first-{k}", JOBS, kill_at=1).first for k in range(times)]
    first = float(np.median(firsts))
    yield Record(name, f"first result, wall, cores: {_cores()}", first, "s", 2.0, "lower", times, "",
                 max(0.2 * first, max(firsts) - min(firsts)))  # fmt: skip


def _workers(place: Path, count: int) -> Iterator[Record]:
    images, name = make(place / "images-workers", count), f"folder of {count} images of 128²"
    if _cores() < JOBS:
        print("one core only: no figure of one worker against two")
        seen = run(images, place / "out-1-core", JOBS)
        yield Record(name, "all processes (PSS), two workers", max(seen.watch.memory), "MB", None, "lower", 1,
                     "", 0.05 * max(seen.watch.memory))  # fmt: skip
        return
    walls, found = [], []
    for jobs in (1, 2):
        seen = run(images, place / f"out-{jobs}", jobs)
        walls.append(seen.watch.wall)
        found.append(store.read_manifest(place / f"out-{jobs}"))
    yield Record(name, "one worker over two, wall", walls[0] / walls[1], "×", 1.8, "higher", count, "", 0.1)
    differ = sum(found[1].get(each) != digest for each, digest in found[0].items())
    yield Record(name, "files that differ, one and two workers", float(differ), "", 0.0, "lower",
                 len(found[0]))  # fmt: skip
    yield Record(name, "all processes (PSS), two workers", max(seen.watch.memory), "MB", None, "lower", 1, "",
                 0.05 * max(seen.watch.memory))  # fmt: skip


def _micrographs(place: Path, count: int) -> Iterator[Record]:
    """A hundred images of 1.6 MPix: seconds on two cores, memory of all processes together."""
    folder = place / "micrographs"
    micrographs(folder, count)
    watch, name = watched(folder, place / "out-micrographs", JOBS), f"folder of {count} images of 1.6 MPix"
    target = 20.0 if _cores() >= JOBS else None
    yield Record(name, f"wall, cores: {_cores()}", watch.wall, "s", target, "lower", 1, "", 0.15 * watch.wall)
    used = sum(watch.cpu.values())
    yield Record(name, "CPU", used, "s", None, "lower", 1, "", 0.15 * used)
    peak = max(watch.memory)
    yield Record(name, "all processes (PSS), peak", peak, "MB", 600.0, "lower", 1, "", 0.03 * peak)
    quarters = [float(part.max()) for part in np.array_split(np.array(watch.memory), 4)]
    yield Record(name, "peak of the last quarter over the second", quarters[3] / quarters[1], "×", None,
                 "lower", 1, "", 0.05)  # fmt: skip
