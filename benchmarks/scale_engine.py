"""What the engine itself costs an item, and what a poison file does.

    python benchmarks/scale_engine.py [--items 10000] [--jobs 2]

The first part runs a function that does nothing over ten thousand items of the size of an image's, takes the
results and puts each into a ledger, as a folder of images does; CPU of this process and of the workers.
The second part runs `interlayer sem` over good images and files that kill their worker (SIGKILL), hang,
eat all memory, are empty, have one pixel or the wrong ending. What kills, hangs and eats is a hook on the
path of the workers (`tests/hub/poison.py`), as no real file is known that does so.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars
import tifffile
from scale_images import load, make, say

from interlayer import ledger, parallel
from interlayer.engine import Crew
from interlayer.micrograph import RECORD, Brief, Job
from interlayer.worker import Loss

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.hub import poison

_LINE: dict[str, float | str] = {f"column {k}": 1.5 * k for k in range(12)} | {"name": "x" * 40}
_ATTRS = {"settings": "{}", "warnings": f'["{400 * "w"}"]', "steps": f'["{800 * "s"}"]', "sources": "[]"}


def nothing(job: Job) -> Brief:
    """Return what an image returns, without the image."""
    written = {RECORD: ("0" * 64, 1, 1)}
    return Brief(job.name, "done", line=_LINE, attrs=_ATTRS, key="0" * 64, written=written)


def lost(_: object, loss: Loss) -> object:
    raise SystemExit(loss.text)


def engine_cost(items: int, jobs: int) -> tuple[float, float]:
    """Return the driver's CPU and wall time of an item in ms."""
    place = Path(tempfile.mkdtemp(prefix="scale-engine-"))
    work = [
        Job(place, f"sample {k % 4}/field {k:05d}.tif", place / "out", {}, "0" * 64) for k in range(items)
    ]
    nothing.__module__ = "scale_engine"  # workers find it by the name of the file
    sys.modules.setdefault("scale_engine", sys.modules["__main__"])
    here = str(Path(__file__).resolve().parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), here])
    crew = Crew(jobs=jobs, preload=("interlayer.micrograph",))
    dict(parallel.spread(nothing, work[:8], crew, lost, 16))
    wall, cpu = time.perf_counter(), time.process_time()
    with ledger.opened(place) as book:
        for index, brief in parallel.spread(nothing, work, crew, lost, 16):
            book.put(brief.entry(work[index]))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    shutil.rmtree(place)
    return 1e3 * cpu / items, 1e3 * wall / items


@dataclass(frozen=True)
class Poisoned:
    """Good images and how many of them were analysed; per bad file its error and how often it is named."""

    good: int
    analysed: int
    named: dict[str, tuple[str, int]]
    code: int


def poisoned(jobs: int, timeout: str = "20 s") -> Poisoned:
    """Analyse twelve good images and six bad files."""
    place = Path(tempfile.mkdtemp(prefix="scale-poison-"))
    images = make(place / "in", 12)
    good = sum(1 for _ in images.rglob("*.tif"))
    some = next(images.rglob("*.tif")).read_bytes()
    for name in ("kill", "hang", "memory"):
        (images / f"{name}.tif").write_bytes(some)
    (images / "empty.tif").touch()
    (images / "text.tif").write_text("no image\n" * 100)
    tifffile.imwrite(images / "one pixel.tif", np.zeros((1, 1), np.uint8))
    command = [sys.executable, "-m", "interlayer", "sem", str(images), "-o", str(place / "out")]
    limits = ["--timeout", timeout, "--memory-limit", "1 GB", "--jobs", str(jobs)]
    environment = poison.environment(place / "hook")
    done = subprocess.run([*command, *limits], env=environment, capture_output=True, text=True)
    table = polars.read_parquet(place / "out" / "images.parquet")
    failed = {
        str(line["file"]): str(line["error"]) for line in table.to_dicts() if line["status"] == "failed"
    }
    named = {name: (error, done.stderr.count(f"failed: {name}: ")) for name, error in failed.items()}
    shutil.rmtree(place)
    return Poisoned(good, table.height - len(failed), named, done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    print(f"{load()}\n| what | measured | target |\n| --- | --- | --- |", flush=True)
    items, jobs = arguments.items, arguments.jobs
    cpu, wall = engine_cost(items, jobs)
    say(
        f"engine and ledger, {items} items, {jobs} workers",
        f"{cpu:.3f} ms of the driver's CPU each, {wall:.3f} ms wall, {load()}",
        "<= 0.2 ms",
    )
    found = poisoned(jobs)
    say(f"poison: {found.good} good images, 6 bad files, {jobs} workers", f"exit {found.code}", "1")
    say("good ones analysed", f"{found.analysed} of {found.good}", str(found.good))
    for name, (error, times) in found.named.items():
        say(name, f"{error[:80]} (named {times} time{'s' * (times != 1)})", "named once")


if __name__ == "__main__":
    main()
