"""How fast and how large the report is: one sample with five techniques, 100 and 1,000 samples.

    python benchmarks/report_speed.py RESULTS [COUNT …]

RESULTS is the results folder of the example study. The samples are copies of its five with other ids; their
records are written before the clock starts.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import netCDF4

from interlayer import report
from interlayer.report import Record

NAMES = ("activated", "bare-li", "cycled", "not-activated", "peo")
JOBS = os.cpu_count() or 1


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


def single(results: Path) -> None:
    """Print the time of one sample in a new process and in a warm one."""
    code = (
        "import sys, time; from pathlib import Path; t = time.perf_counter(); from interlayer import report\n"
        "def go(k):\n"
        "    t = time.perf_counter(); c = time.process_time()\n"
        "    report.write_files(Path(sys.argv[2]) / f'{k}.html', [Path(sys.argv[1])])\n"
        "    return time.perf_counter() - t, time.process_time() - c\n"
        "start = time.perf_counter() - t; cold = go(0); warm = min(go(k) for k in (1, 2, 3))\n"
        "size = (Path(sys.argv[2]) / '1.html').stat().st_size\n"
        "for name, wall, cpu in (('new', start + cold[0], cold[1]), ('warm', *warm)):\n"
        "    print(f'| 1 (activated), {name} process | {wall:.2f} | {cpu:.2f} | {size / 1e6:.3f} | |')\n"
    )
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([sys.executable, "-c", code, str(results / "activated.nc"), out], check=True)


def many(results: Path, count: int) -> None:
    """Print the time of many samples, made for the first time and again."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        records = copies(results, out, count)
        for label in ("first time", "nothing changed"):
            wall, used = timed(out, records)
            size = (out / "report.html").stat().st_size / 1e6
            own, worker = peak()
            print(
                f"| {count}, {label} | {wall:.1f} | {used:.1f} | {size:.2f} (cohort) "
                f"| {own:.0f} + {JOBS} x {worker:.0f} MB |",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    results = Path(sys.argv[1])
    print("| samples | wall / s | CPU of the main process / s | page / MB | peak memory |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    single(results)
    for count in [int(each) for each in sys.argv[2:]] or [100, 1000]:
        many(results, count)


if __name__ == "__main__":
    main()
