"""A folder of micrographs through `interlayer sem FOLDER -o OUT`: time, memory, interruption, workers.

    python benchmarks/sem_folder.py [--images 100] [--jobs 2] [--keep DIR]

Prints wall and CPU seconds, memory of all processes together over the run (PSS: shared pages once), whether a
killed run is taken up again without analysing anything twice, and whether the tables of one, two and three
workers are the same bytes. Needs Linux (/proc). The images are simulated (`sem_simulator`, 1536 x 1024 with a
data bar, FEI tags); each scene is used four times, mirrored.
"""

import argparse
import filecmp
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from sem_simulator import Scene, simulate

_BAR = 64
_TEXT = (
    "[User]\r\n[Beam]\r\nBeam=EBeam\r\nScan=EScan\r\n[Scan]\r\nPixelWidth=5e-09\r\nPixelHeight=5e-09\r\n"
    "[Image]\r\nResolutionX=1536\r\nResolutionY=1024\r\n[PrivateFei]\r\nDatabarHeight=64\r\n"
)
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def make(folder: Path, count: int) -> None:
    """Write simulated images into four samples."""
    for k in range(0, count, 4):
        image = simulate(Scene(touching=(1.0, 0.9)[k % 8 // 4]), 1000 + k).image
        views = (image, image[::-1], image[:, ::-1], image[::-1, ::-1])
        for j, view in enumerate(views[: count - k]):
            path = folder / f"sample {j + 1}" / f"field {k // 4:03d}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            bar = np.zeros((_BAR, view.shape[1]), np.uint8)
            tifffile.imwrite(path, np.vstack([view, bar]), extratags=[(34682, "s", 0, _TEXT, True)])


@dataclass
class Watch:
    """What the processes of a run used: CPU seconds by process, memory (MB) at each look."""

    cpu: dict[int, float] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    largest: float = 0.0
    wall: float = 0.0
    code: int = 0


def descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, new = [root], [root]
    while new:
        new = [pid for pid, parent in parents.items() if parent in new]
        found += new
    return found


def look(watch: Watch, root: int) -> None:
    total = 0.0
    for pid in descendants(root):
        try:
            numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            watch.cpu[pid] = (int(numbers[11]) + int(numbers[12])) / _TICK
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
        except (OSError, IndexError):
            continue
        total += sizes.get("Pss:", 0.0)
        watch.largest = max(watch.largest, sizes.get("Rss:", 0.0))
    watch.memory.append(total)


def start(folder: Path, out: Path, jobs: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "interlayer", "sem", str(folder), "-o", str(out), "--jobs", str(jobs)]
    log = out.with_suffix(".log").open("wb")
    # a shell starts background jobs deaf to SIGINT, and their children inherit that
    heard = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, preexec_fn=heard)


def watched(folder: Path, out: Path, jobs: int) -> Watch:
    watch, began = Watch(), time.perf_counter()
    process = start(folder, out, jobs)
    while process.poll() is None:
        look(watch, process.pid)
        time.sleep(0.15)
    watch.wall, watch.code = time.perf_counter() - began, process.returncode
    return watch


def interrupted(
    folder: Path, out: Path, jobs: int, how: signal.Signals, after: int
) -> tuple[int, float, int]:
    """Stop a run at ``after`` records; return records kept, seconds until all processes are gone, code."""
    process = start(folder, out, jobs)
    while process.poll() is None and sum(1 for _ in out.rglob("*.tif.nc")) < after:
        time.sleep(0.05)
    family = descendants(process.pid)
    began = time.perf_counter()
    process.send_signal(how)
    code = process.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in family) and time.perf_counter() - began < 30:
        time.sleep(0.05)
    return sum(1 for _ in out.rglob("*.tif.nc")), time.perf_counter() - began, code


def same(one: Path, two: Path) -> tuple[int, list[str]]:
    """Return how many tables and pictures two results folders have, and which differ."""
    names = sorted(
        path.relative_to(one) for path in one.rglob("*") if path.suffix in {".csv", ".parquet", ".png"}
    )
    return len(names), [str(n) for n in names if not filecmp.cmp(one / n, two / n, shallow=False)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for images and results (a temporary one)")
    arguments = parser.parse_args()
    place = arguments.keep or Path(tempfile.mkdtemp(prefix="sem-folder-"))
    folder = place / "images"
    if not folder.exists():
        make(folder, arguments.images)
    for old in place.glob("out*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    print(
        f"{arguments.images} images of 1536 x 1024, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )

    first = watched(folder, place / "out-a", arguments.jobs)
    memory = np.array(first.memory)
    quarters = " ".join(f"{part.max():.0f}" for part in np.array_split(memory, 4))
    used = sum(first.cpu.values())
    print(f"{arguments.jobs} workers: wall {first.wall:.1f} s, CPU {used:.1f} s, exit {first.code}")
    print(f"memory (PSS of all processes): peak {memory.max():.0f} MB, by quarters of the run {quarters}")
    print(f"largest process: {first.largest:.0f} MB resident")
    again = watched(folder, place / "out-a", arguments.jobs)
    print(f"second run, nothing to do: wall {again.wall:.1f} s, CPU {sum(again.cpu.values()):.1f} s")

    for how, out in ((signal.SIGKILL, place / "out-b"), (signal.SIGINT, place / "out-c")):
        kept, gone, code = interrupted(folder, out, arguments.jobs, how, arguments.images // 3)
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*.tif.nc")}
        rest = watched(folder, out, arguments.jobs)
        redone = sum(path.stat().st_mtime_ns != at for path, at in before.items())
        count, differ = same(place / "out-a", out)
        parts = sum(1 for _ in out.rglob("*.part"))
        print(f"{how.name}: exit {code}, {kept} records kept, all processes gone after {gone:.1f} s;")
        print(f"  taken up in {rest.wall:.1f} s, {redone} analysed twice, {parts} temporary files left;")
        print(f"  {count} files compared, {len(differ)} differ {differ[:3]}")
    for jobs in (1, 3):
        watched(folder, place / f"out-{jobs}", jobs)
        count, differ = same(place / "out-a", place / f"out-{jobs}")
        print(f"{jobs} workers: {count} files compared, {len(differ)} differ {differ[:3]}")
    if arguments.keep is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
