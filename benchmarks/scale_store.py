"""The store under fire: killed writers, flipped bits, readers meanwhile, a full disk, a thousand samples.

    python benchmarks/scale_store.py [--kills 50] [--flips 200] [--samples 1000]

Prints a table. The full disk is a tmpfs of 300 kB: as root on Linux only.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from scale_images import load, say

from interlayer import catalogue, lock, store
from interlayer.core import results
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.sample import Sample

ROOT = str(Path(__file__).resolve().parents[1])
sys.path.insert(0, ROOT)

from tests.hub import studies, work  # noqa: E402

_FILL = """
import sys
from pathlib import Path
import numpy as np, xarray as xr
from interlayer import store
from interlayer.core.errors import WriteError
path = Path(sys.argv[1])
store.write_tree(xr.DataTree(xr.Dataset({"x": ("t", np.ones(1000))})), path)
whole = path.read_bytes()
noise = np.random.default_rng(0).normal(size=100_000)
try:
    store.write_tree(xr.DataTree(xr.Dataset({"x": ("t", noise)})), path)
    print("written?", end=" ")
except WriteError as error:
    print(str(error).split(": ", 1)[1].split(" (")[0], "...", str(error).rsplit(". ")[-1], end="; ")
print("old file whole" if path.read_bytes() == whole else "old file LOST")
"""


@dataclass(frozen=True)
class Killed:
    """What killed writers left: records unreadable or mixed, versions seen, values that a lazy reader got
    wrong, temporary files before and after the next run begins."""

    bad: int
    versions: int
    zeros: int
    left: int
    after: int


def killed(place: Path, kills: int) -> Killed:
    """Kill as many writers of one record."""
    path, context = place / "a.nc", multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["interlayer.store"])
    os.environ["PYTHONPATH"] = os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")])
    work.write(path, 1.0)
    lazy = xr.open_dataset(path, engine="netcdf4", chunks=None)
    dice, values, bad = random.Random(0), set(), 0
    for _ in range(kills):
        work.kill_a_writer(context, path, dice)
        found = store.read_tree(path).to_dataset()["x"].values
        bad += found.size != work.SIZE or np.unique(found).size != 1 or found[0] < 1
        values.add(float(found[0]))
    zeros = int(np.sum(lazy["x"].values != 1.0))
    lazy.close()
    left = sum(1 for _ in place.glob(".*.part"))
    with lock.writing(place):
        after = sum(1 for _ in place.glob(".*.part"))
    return Killed(bad, len(values), zeros, left, after)


def flipped(place: Path, flips: int) -> tuple[int, int]:
    """Return how many flipped bits `verify` does not find, and in how many files they were."""
    studies.study(place)
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([sys.executable, "-m", "interlayer", "run", str(place)], check=True, **silent)
    out = place / "results"
    names = [*store.read_manifest(out), store.MANIFEST]
    sizes = [(out / name).stat().st_size for name in names]
    dice, missed = random.Random(1), 0
    for _ in range(flips):
        path = out / dice.choices(names, sizes)[0]
        whole = path.read_bytes()
        content = bytearray(whole)
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        path.write_bytes(content)
        missed += not found_by_verify(out)
        path.write_bytes(whole)
    return missed, len(names)


def found_by_verify(out: Path) -> bool:
    try:
        return bool(store.verify(out))
    except store.StoreError:
        return True


def full_disk(place: Path) -> None:
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        return
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)], check=False)
    if mounted.returncode:
        return
    try:
        script = [
            sys.executable,
            "-c",
            _FILL,
            str(place / "a.nc"),
        ]  # HDF5 keeps a file open that it cannot close
        text = subprocess.run(script, capture_output=True, text=True, check=True).stdout.strip()
        left = sorted(each.name for each in place.iterdir())
        say("full disk (tmpfs)", f"{text}; left: {', '.join(left)}", "old file whole")
    finally:
        subprocess.run(["umount", str(place)], check=False)


@dataclass(frozen=True)
class Catalogue:
    """Seconds (wall, CPU) to rebuild and milliseconds to open; its rows."""

    rebuilt: tuple[float, float]
    opened: tuple[float, float]
    rows: int


def thousand(place: Path, samples: int) -> Catalogue:
    """Write samples of 40 rows, rebuild their catalogue, open it."""
    place.mkdir()
    row = Rows("xrd", "a.xy sha256:" + "0" * 64)
    raw = xr.Dataset(
        {"intensity": ("two_theta", np.arange(100.0))},
        coords={"two_theta": np.linspace(20, 70, 100)},
        attrs={"source": "a.xy", "source_sha256": "0" * 64, "format": "xy"},
    )
    for number in range(samples):
        rows = [
            row.measured("peak_position", f"Li3N {k:03d}", from_stddev(20.0 + k, 0.01), "degree", "fit")
            for k in range(40)
        ]
        made = Sample(f"sample {number}")
        made.add(results.tree("xrd", raw, rows, {"/": raw}))
        made.save(place / f"sample-{number}.nc")
    wall, cpu = time.perf_counter(), time.process_time()
    path = catalogue.rebuild(place)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    times, rebuilt = [], (wall, cpu)
    for _ in range(7):
        wall, cpu = time.perf_counter(), time.process_time()
        table = catalogue.read(path)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    assert table.sizes["row"] == 40 * samples
    wall, cpu = (1e3 * float(np.median(each)) for each in zip(*times, strict=True))
    return Catalogue(rebuilt, (wall, cpu), table.sizes["row"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--samples", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-store-") as folder:
        place = Path(folder)
        print(f"{load()}\n| what | measured | target |\n| --- | --- | --- |", flush=True)
        (place / "kills").mkdir()
        _fire(place, arguments.kills, arguments.flips)
        full_disk(place / "disk")
        found, samples = thousand(place / "samples", arguments.samples), arguments.samples
        wall, cpu = found.rebuilt
        say(f"catalogue of {samples} samples rebuilt", f"{wall:.1f} s (CPU {cpu:.1f} s), {load()}", "<= 30 s")
        wall, cpu = found.opened
        say(f"opened ({found.rows} rows, all texts)", f"{wall:.0f} ms (CPU {cpu:.0f} ms)", "<= 50 ms")


def _fire(place: Path, kills: int, flips: int) -> None:
    found = killed(place / "kills", kills)
    say(f"{kills} kill -9 during writes", f"{found.bad} unreadable or mixed, {found.versions} versions", "0")
    say("lazy reader opened before all that", f"{found.zeros} values other than its own", "0")
    say("temporary files left; after the next run begins", f"{found.left}; {found.after}", "0")
    missed, files = flipped(place / "study", flips)
    say(f"{flips} flipped bits in {files} files", f"{flips - missed} found by verify", str(flips))


if __name__ == "__main__":
    main()
