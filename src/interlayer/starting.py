"""How worker processes begin: forked from one that has imported what they need, or as new ones."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import current_process, forkserver, get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from types import ModuleType

#: settings of glibc and of polars' jemalloc for workers: memory of one image is given back before the next
#: (80 MB less for two), and that of ten thousand tables of particles before they are written
_GIVE_BACK = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0",
}
_MAIN = threading.Lock()


def prepare(preload: Sequence[str]) -> None:
    """Begin to import what workers need, in the process that they are forked from, and do not wait for it."""
    if context(preload).get_start_method() == "forkserver":
        with as_main():
            forkserver.ensure_running()


def context(preload: Sequence[str]) -> BaseContext:
    """Return how fresh processes start: forked from one that has imported ``preload`` where possible."""
    if not preload or "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    for name, value in _GIVE_BACK.items():
        os.environ.setdefault(name, value)
    found = get_context("forkserver")
    found.set_forkserver_preload(list(preload))
    return found


@contextmanager
def as_main() -> Iterator[None]:
    """Start processes that need nothing of the script that runs this one, also from within a dask worker.

    A script without ``if __name__ == "__main__"`` would otherwise run again in each of them.
    """
    with _MAIN:
        script, process = sys.modules["__main__"], current_process()
        sys.modules["__main__"] = ModuleType("__main__")
        daemon = process.daemon
        if daemon:
            process.daemon = False
        try:
            yield
        finally:
            sys.modules["__main__"] = script
            if daemon:
                process.daemon = True
