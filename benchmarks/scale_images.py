"""Ten thousand images through `interlayer sem FOLDER -o OUT`: first result, memory, kills, workers.

    python benchmarks/scale_images.py [--images 10000] [--linked 10000] [--kills 10000] [--workers 1000]

Prints a table. Each part takes its own number of images of 128 x 128 (0 leaves it out):

- ``--images``: scan and headers, first result, memory (PSS of all processes: shared pages once) at a tenth of
  the images and at all of them;
- ``--linked``: the same memory, and all that follows the images, with results that are links to those of a
  hundred images: ten thousand without the time that analysing them takes;
- ``--kills``: `kill -9` of the driver at 10, 50 and 90 % of the images, then the end; the sha256 of all that
  is left against those of a run that nobody killed (that of ``--images`` where there are as many);
- ``--workers``: wall time with one and with two workers, and what they leave.

Needs Linux (/proc). On a machine that does other things wall times say little: the load is printed.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tifffile
from sem_folder import Watch, look

from interlayer import folder as folders
from interlayer import ledger, store
from interlayer.cli import files
from interlayer.core import formats
from interlayer.micrograph import ENDINGS, Brief, Job, key_of
from interlayer.sem.readers import FORMATS
from interlayer.tasks import code_digest

_TEXT = (
    "[User]\r\n[Beam]\r\nBeam=EBeam\r\nScan=EScan\r\n[Scan]\r\nPixelWidth=5e-09\r\nPixelHeight=5e-09\r\n"
    "[Image]\r\nResolutionX=128\r\nResolutionY=128\r\n[PrivateFei]\r\nDatabarHeight=0\r\n"
)
_SIZE, _ACROSS = 128, 3


def make(folder: Path, count: int) -> Path:
    """Write images of nine discs into four samples; what is there already stays."""
    y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
    step = _SIZE / _ACROSS
    for k in range(count):
        path = folder / f"sample {k % 4}" / f"field {k:05d}.tif"
        if path.exists():
            continue
        dice = np.random.default_rng(k)
        image = np.full((_SIZE, _SIZE), 60.0, np.float32)
        for row in range(_ACROSS):
            for column in range(_ACROSS):
                at = (np.array([row, column]) + 0.5) * step + dice.uniform(-6, 6, 2)
                image += 45 - 45 * np.tanh(0.5 * (np.hypot(x - at[1], y - at[0]) - dice.normal(11, 1.5)))
        path.parent.mkdir(parents=True, exist_ok=True)
        noisy = np.clip(image + dice.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
        tifffile.imwrite(path, noisy, extratags=[(34682, "s", 0, _TEXT, True)])
    return folder


@dataclass
class Seen:
    """What a run showed: CPU, memory, seconds to the first result, how many results."""

    watch: Watch = field(default_factory=Watch)
    first: float = 0.0
    done: int = 0
    while_images: float = 0.0
    driver: float = 0.0


def run(folder: Path, out: Path, jobs: int, kill_at: int = 0) -> Seen:
    """Run the command and watch it; kill it after so many results."""
    command = [sys.executable, "-m", "interlayer", "sem", str(folder), "-o", str(out), "--jobs", str(jobs)]
    seen, began = Seen(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(("done:", "unchanged:")):
                seen.first = seen.first or time.perf_counter() - began
                seen.done += line.startswith("done:")
                if kill_at and seen.done >= kill_at and process.poll() is None:
                    process.send_signal(signal.SIGKILL)

    ear = threading.Thread(target=listen)
    ear.start()
    total = sum(1 for _ in folder.rglob("*.tif"))
    while process.poll() is None:
        look(seen.watch, process.pid)
        if seen.done < total:
            seen.while_images = max(seen.watch.memory)
        seen.driver = max(seen.driver, resident(process.pid))
        time.sleep(0.25)
    ear.join()
    seen.watch.wall, seen.watch.code = time.perf_counter() - began, process.returncode
    return seen


def resident(number: int) -> float:
    """Return the memory of a process in MB."""
    try:
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return 0.0


def say(name: str, value: str, target: str = "") -> None:
    print(f"| {name} | {value} | {target} |", flush=True)


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def discovery(folder: Path, count: int) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    names = folders.scan(folder, files._wanted("sem"))
    known = sum(formats.identify(folder / name, FORMATS) is not None for name in names)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert (len(names), known) == (count, count)
    say(f"discovery and headers of {count}", f"{wall:.2f} s (CPU {cpu:.2f} s)", "<= 3 s")


def memory(place: Path, count: int, jobs: int) -> None:
    peaks = []
    for number in (count // 10, count):
        images = make(place / f"images-{number}", number)
        discovery(images, number)
        seen = run(images, place / f"out-{number}", jobs)
        used = sum(seen.watch.cpu.values())
        say(
            f"{number} images, {jobs} workers",
            f"wall {seen.watch.wall:.0f} s, CPU {used:.0f} s, {1e3 * used / number:.0f} ms each, "
            f"exit {seen.watch.code}, {load()}",
        )
        say(f"{number}: first result", f"{seen.first:.2f} s", "< 2 s")
        say(
            f"{number}: memory of all processes, peak",
            f"{seen.while_images:.0f} MB while images are analysed, {max(seen.watch.memory):.0f} MB in all; "
            f"driver {seen.driver:.0f} MB",
        )
        peaks.append((seen.while_images, max(seen.watch.memory)))
        again = run(images, place / f"out-{number}", jobs)
        say(f"{number}: second run, nothing to do", f"{again.watch.wall:.1f} s, {again.done} analysed", "0")
    change = [100 * (b / a - 1) for a, b in zip(*peaks, strict=True)]
    say("memory, ten times the images", f"{change[0]:+.0f} % (images), {change[1]:+.0f} % (in all)", "+-10 %")


def stand_in(place: Path, count: int) -> tuple[Path, Path]:
    """Return a folder of images and results of each: those of a hundred again and again."""
    base, done = make(place / "images-100", 100), place / "base-100"
    run(base, done, 2)
    images, out = place / f"images-linked-{count}", place / f"out-linked-{count}"
    out.mkdir()
    names = folders.scan(base, files._wanted("sem"))
    code, dice = code_digest("sem"), np.random.default_rng(0)
    with ledger.opened(done) as known, ledger.opened(out) as book:
        for k in range(count):
            old = Job(base, names[k % 100], done, {}, code)
            new = Job(images, f"sample {k % 4}/linked {k:05d}.tif", out, {}, code)
            for path in (new.path, new.stem):
                path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(old.path, new.path)  # a link would change the times of the first
            for ending in ENDINGS:
                os.link(old.file(ending), new.file(ending))
            entry = known.get(old.entry)
            assert entry is not None
            book.put(renamed(Brief.of(old, entry), new, dice, book).entry(new))
    return images, out


def renamed(brief: Brief, job: Job, dice: np.random.Generator, book: ledger.Ledger) -> Brief:
    """Return the brief of another image, which is no copy of the first."""
    made = f"{job.name.encode().hex():0>64}"[-64:]
    book.remember(ledger.Hashed(str(job.path.absolute()), ledger._state(job.path.stat()), made))
    source = [{"source": job.name, "source_sha256": made, "format": "TIFF micrograph"}]
    looks = dice.bytes(len(str(brief.line["fingerprint"])) // 2).hex()
    line = {**brief.line, "name": job.name, "fingerprint": looks}
    key = key_of(job, lambda _: made)
    return replace(
        brief, name=job.name, line=line, attrs={**brief.attrs, "sources": json.dumps(source)}, key=key
    )


def linked(place: Path, count: int, jobs: int) -> None:
    """All that follows the images, and memory, without the minutes that analysing them takes."""
    peaks = []
    for number in (count // 10, count):
        images, out = stand_in(place, number)
        discovery(images, number)
        seen = run(images, out, jobs)
        used = sum(seen.watch.cpu.values())
        say(
            f"{number} images that are analysed already",
            f"wall {seen.watch.wall:.0f} s, CPU {used:.0f} s, {seen.done} analysed, {load()}",
            "0 analysed",
        )
        largest = max(seen.watch.memory)
        say(f"{number}: memory", f"all processes {largest:.0f} MB, driver {seen.driver:.0f} MB")
        peaks.append((largest, seen.driver))
        shutil.rmtree(images)
    change = [100 * (b / a - 1) for a, b in zip(*peaks, strict=True)]
    say("memory, ten times the images", f"{change[0]:+.0f} % (all), {change[1]:+.0f} % (driver)", "+-10 %")


def kills(place: Path, count: int, jobs: int) -> None:
    images = make(place / f"images-{count}", count)
    clean, broken = place / f"out-{count}", place / "out-killed"
    if not clean.exists():
        run(images, clean, jobs)
    for percent in (10, 50, 90):
        have = sum(1 for _ in broken.rglob("*.tif.nc"))
        seen = run(images, broken, jobs, kill_at=max(1, count * percent // 100 - have))
        kept = {path: path.stat().st_mtime_ns for path in broken.rglob("*.tif.nc")}
        say(f"kill -9 at {percent} % of {count}", f"{len(kept)} records kept, exit {seen.watch.code}")
    seen = run(images, broken, jobs)
    redone = sum(path.stat().st_mtime_ns != when for path, when in kept.items())
    one, two = (store.read_manifest(each) for each in (clean, broken))
    differ = [name for name in {*one, *two} if one.get(name) != two.get(name)]
    left = sum(1 for _ in broken.rglob("*.part"))
    say(
        "taken up",
        f"exit {seen.watch.code}, {redone} records made twice, {left} temporary files left",
        f"<= {jobs}; 0",
    )
    say("files that differ from a run never killed", f"{len(differ)} of {len(one)} {differ[:2]}", "0")
    say("damaged files (verify)", str(len(store.verify(broken))), "0")


def workers(place: Path, count: int) -> None:
    images = make(place / f"images-{count}", count)
    walls, found = [], []
    for jobs in (1, 2):
        seen = run(images, place / f"out-{jobs}-workers", jobs)
        used = sum(seen.watch.cpu.values())
        walls.append(seen.watch.wall)
        found.append(store.read_manifest(place / f"out-{jobs}-workers"))
        say(f"{count} images, {jobs} workers", f"wall {seen.watch.wall:.1f} s, CPU {used:.1f} s, {load()}")
    say("1 to 2 workers", f"{walls[0] / walls[1]:.2f} times as fast", ">= 1.8")
    differ = sum(digest != found[1].get(name) for name, digest in found[0].items())
    say("files that differ", f"{differ} of {len(found[0])}", "0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--linked", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for images and results (a temporary one)")
    arguments = parser.parse_args()
    place = arguments.keep or Path(tempfile.mkdtemp(prefix="scale-images-"))
    for old in place.glob("out-*"):
        shutil.rmtree(old)
    print(f"{load()}\n| what | measured | target |\n| --- | --- | --- |", flush=True)
    if arguments.workers:
        workers(place, arguments.workers)
    if arguments.linked:
        linked(place, arguments.linked, arguments.jobs)
    if arguments.images:
        memory(place, arguments.images, arguments.jobs)
    if arguments.kills:
        kills(place, arguments.kills, arguments.jobs)
    if arguments.keep is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
