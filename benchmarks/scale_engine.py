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
import subprocess
import sys
import tempfile
import time
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


def engine_cost(items: int, jobs: int) -> None:
    place = Path(tempfile.mkdtemp(prefix="scale-engine-"))
    work = [
        Job(place, f"sample {k % 4}/field {k:05d}.tif", place / "out", {}, "0" * 64) for k in range(items)
    ]
    nothing.__module__ = "scale_engine"  # workers find it by the name of the file
    sys.modules.setdefault("scale_engine", sys.modules["__main__"])
    crew = Crew(jobs=jobs, preload=("interlayer.micrograph",))
    dict(parallel.spread(nothing, work[:8], crew, lost, 16))
    wall, cpu = time.perf_counter(), time.process_time()
    with ledger.opened(place) as book:
        for index, brief in parallel.spread(nothing, work, crew, lost, 16):
            book.put(brief.entry(work[index]))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    say(
        f"engine and ledger, {items} items, {jobs} workers",
        f"{1e3 * cpu / items:.3f} ms of the driver's CPU each, {1e3 * wall / items:.3f} ms wall, {load()}",
        "<= 0.2 ms",
    )


def poisoned(jobs: int) -> None:
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
    limits = ["--timeout", "20 s", "--memory-limit", "1 GB", "--jobs", str(jobs)]
    environment = poison.environment(place / "hook")
    done = subprocess.run([*command, *limits], env=environment, capture_output=True, text=True)
    table = polars.read_parquet(place / "out" / "images.parquet")
    failed = {
        str(line["file"]): str(line["error"]) for line in table.to_dicts() if line["status"] == "failed"
    }
    say(f"poison: {good} good images, 6 bad files, {jobs} workers", f"exit {done.returncode}", "1")
    say("good ones analysed", f"{table.height - len(failed)} of {good}", str(good))
    for name, error in failed.items():
        once = done.stderr.count(f"failed: {name}: ")
        say(name, f"{error[:80]} (named {once} time{'s' * (once != 1)})", "named once")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [*os.environ.get("PYTHONPATH", "").split(os.pathsep), str(Path(__file__).resolve().parent)]
    )
    print(f"{load()}\n| what | measured | target |\n| --- | --- | --- |", flush=True)
    engine_cost(arguments.items, arguments.jobs)
    poisoned(arguments.jobs)


if __name__ == "__main__":
    main()
