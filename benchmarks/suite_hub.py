"""Import, help, and the store: wall times of processes, CPU times of calls."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from record import Record, spent


def _best(command: list[str], times: int) -> tuple[float, float, float]:
    """Return the best wall and CPU time of a command in ms, and the spread of the wall times."""
    walls, cpus = [], []
    for _ in range(times + 1):
        begun, used = time.perf_counter(), os.times()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        walls.append(1e3 * (time.perf_counter() - begun))
        now = os.times()
        cpus.append(
            1e3 * (now.children_user + now.children_system - used.children_user - used.children_system)
        )
    found = sorted(walls[1:])
    return found[0], min(cpus[1:]), max(found[len(found) // 2] - found[0], 0.15 * found[0])


def records(full: bool) -> list[Record]:
    """Return import time, help, and writing and opening of a sample's record."""
    times = 20 if full else 7
    python = sys.executable
    bare, bare_cpu, _ = _best([python, "-c", "pass"], times)
    made = []
    for figure, command, target in (
        ("import interlayer", [python, "-c", "import interlayer"], None),
        ("interlayer --help", [python, "-m", "interlayer", "--help"], 120.0),
        ("interlayer xrd --help", [python, "-m", "interlayer", "xrd", "--help"], 120.0),
        ("import xarray", [python, "-c", "import xarray"], None),
    ):
        wall, cpu, noise = _best(command, times)
        for kind, value, alone in (("wall", wall, bare), ("CPU", cpu, bare_cpu)):
            made.append(
                Record("start", f"{figure}, {kind}", value, "ms", target, "lower", times, "", noise,
                       "python alone", alone)
            )  # fmt: skip
    return made + _store(times)


def _store(times: int) -> list[Record]:
    import xarray as xr

    from interlayer import store

    rng = np.random.default_rng(1)
    nodes = {
        f"/group{k}": xr.Dataset({f"v{j}": (f"x{k}", rng.random(500)) for j in range(9)}) for k in range(15)
    }
    tree = xr.DataTree.from_dict(nodes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.nc"
        write, write_noise = spent(lambda: store.write_tree(tree, path), times)
        read, read_noise = spent(lambda: store.read_tree(path), times)
        size = path.stat().st_size
    return [
        Record("store, 15 groups, 135 variables", "write", 1e3 * write, "ms", None, "lower", times, "1",
               1e3 * write_noise),
        Record("store, 15 groups, 135 variables", "read", 1e3 * read, "ms", None, "lower", times, "1",
               1e3 * read_noise),
        Record("store, 15 groups, 135 variables", "size", size / 1e3, "kB", None, "lower", 1, "1"),
    ]  # fmt: skip
