"""What the workers of the engine's tests do; workers import it by name."""

import os
import random
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # not on Windows
    from multiprocessing.context import ForkServerContext


def double(item: int) -> int:
    return 2 * item


def misbehave(item: str) -> str:
    """Do to the worker what the item says."""
    if item == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "exit":
        os._exit(3)
    if item == "hang":
        time.sleep(600)
    if item == "memory":
        return str(np.ones(2**28).sum())
    if item == "raise":
        raise KeyError("peak")
    return item.upper()


def kill_once(marker: str) -> str:
    """Die, but only the first time: as when others took the memory."""
    if marker and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def note_and_block(place: str) -> None:
    """Write the process id, then loop in C without ever giving way to another thread."""
    Path(place).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")


SIZE = 20_000


def write(path: Path, value: float) -> None:
    import xarray as xr

    from interlayer import store

    store.write_tree(xr.DataTree(xr.Dataset({"x": ("t", np.full(SIZE, value))})), path)


def kill_a_writer(context: "ForkServerContext", path: Path, dice: random.Random) -> None:
    """Kill -9 a process that writes a record again and again, at a random moment after its first write."""
    process = context.Process(target=write_for_ever, args=(path,))
    process.start()
    start = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == start:
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 0.05))
    process.kill()
    process.join()


def write_for_ever(path: Path) -> None:
    for number in range(2, 100_000):
        write(path, float(time.monotonic_ns() // 1000 + number))
