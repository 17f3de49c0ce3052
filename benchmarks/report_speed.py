"""How fast and how large the report is: one sample with five techniques, 100 and 1,000 samples.

    python benchmarks/report_speed.py RESULTS [COUNT …] [--json]

RESULTS is the results folder of the example study. The samples are copies of its five with other ids; their
records are written before the clock starts. A count of 1 is the activated sample alone, in a new process and
in a warm one.
"""

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

BEGUN = time.perf_counter()

import netCDF4  # noqa: E402

from interlayer import report  # noqa: E402
from interlayer.report import Record  # noqa: E402

STARTED = time.perf_counter() - BEGUN
NAMES = ("activated", "bare-li", "cycled", "not-activated", "peo")
JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Told:
    """Seconds, size of the (cohort's) page in MB, and peak memory in MB: this process, largest worker."""

    samples: int
    when: str
    wall: float
    cpu: float
    page: float
    own: float
    worker: float
    jobs: int


def copies(results: Path, out: Path, count: int) -> list[Record]:
    """Write copies of the five samples with ids of their own."""
    records = []
    for place in range(count):
        name = f"s{place:04d}-{NAMES[place % len(NAMES)]}"
        shutil.copy(results / f"{NAMES[place % len(NAMES)]}.nc", out / f"{name}.nc")
        with netCDF4.Dataset(out / f"{name}.nc", "a") as file:
            for key, value in (("sample_id", name), ("label", f"Sample {place}"), ("parent", "")):
                file.setncattr(key, value)
        records.append(Record(name, out / f"{name}.nc", out / name))
    return records


def timed(out: Path, records: list[Record]) -> tuple[float, float]:
    """Return wall seconds of one report, and CPU seconds of this process (not of its workers)."""
    wall, before = time.perf_counter(), time.process_time()
    report.write_study(out, records, title="speed", jobs=JOBS)
    return time.perf_counter() - wall, time.process_time() - before


def peak() -> tuple[float, float]:
    """Return the largest resident memory, in MB, of this process and of any worker."""
    own, others = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_maxrss / 1024, others.ru_maxrss / 1024


def single(results: Path) -> Iterator[Told]:
    """Yield the time of one sample in a new process, its imports included, and in a warm one."""
    with tempfile.TemporaryDirectory() as out:
        found = []
        for number in range(4):
            wall, cpu = time.perf_counter(), time.process_time()
            page = Path(out) / f"{number}.html"
            report.write_files(page, [results / "activated.nc"])
            found.append((time.perf_counter() - wall, time.process_time() - cpu))
        size, memory = page.stat().st_size / 1e6, peak()
    yield Told(1, "new process", STARTED + found[0][0], found[0][1], size, *memory, 1)
    yield Told(1, "warm process", *min(found[1:]), size, *memory, 1)


def many(results: Path, count: int) -> Iterator[Told]:
    """Yield the time of many samples, made for the first time and again."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        records = copies(results, out, count)
        for when in ("first time", "nothing changed"):
            wall, used = timed(out, records)
            size = (out / "report.html").stat().st_size / 1e6
            yield Told(count, when, wall, used, size, *peak(), JOBS)


def main() -> None:
    """Print the table, or a line of JSON for each row."""
    given = [each for each in sys.argv[1:] if each != "--json"]
    results, counts = Path(given[0]), [int(each) for each in given[1:]] or [1, 100, 1000]
    if "--json" not in sys.argv:
        print("| samples | wall / s | CPU of the main process / s | page / MB | peak memory |")
        print("| --- | --- | --- | --- | --- |", flush=True)
    for count in counts:
        for each in single(results) if count == 1 else many(results, count):
            row = (
                f"| {each.samples}, {each.when} | {each.wall:.2f} | {each.cpu:.2f} | {each.page:.3f} "
                f"| {each.own:.0f} + {each.jobs} x {each.worker:.0f} MB |"
            )
            print(json.dumps(asdict(each)) if "--json" in sys.argv else row, flush=True)


if __name__ == "__main__":
    main()
