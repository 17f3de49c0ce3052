"""What a worker process does: one item after the other, within limits, gone when its parent is."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

#: the signal that Linux sends to a process when its parent dies (prctl(2))
_PR_SET_PDEATHSIG = 1
#: how much rather than others the kernel should kill a worker when memory runs out (proc(5), oom_score_adj)
_RATHER = "600"
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Loss:
    """Why an item has no result.

    Parameters
    ----------
    kind
        ``WorkerKilled``, ``Timeout``, ``MemoryLimit`` or the class of an exception that nobody expected.
    text
        What happened and what to do, without the name of the item.
    """

    kind: str
    text: str


def serve(pipe: "connection.Connection[Any, Any]", folder: str) -> None:
    """Answer groups of items from a pipe, each by (index, result) one by one, until the pipe closes.

    A group is (work, memory, [(index, item), …]): the function, and the bytes that one item may take (None:
    as many as there are). Relative paths begin at ``folder``.
    """
    begin()
    os.chdir(folder)
    pipe.send(None)
    with suppress(EOFError, OSError):
        while True:
            work, memory, items = pipe.recv()
            for index, item in items:
                result = attempt(work, item, memory)
                pipe.send((index, result))
                if isinstance(result, Loss):  # libraries that ran out of memory may be in any state
                    return


def attempt(work: Callable[[Any], Any], item: object, memory: int | None) -> Any:
    """Return what a function makes of an item, or the `Loss`."""
    try:
        with bounded(memory):
            return work(item)
    except MemoryError:
        limit = "" if memory is None else f" than the limit of {memory / _MB:.0f} MB"
        return Loss("MemoryLimit", f"needs more memory{limit}; --memory-limit raises it")
    except Exception as error:  # a fault of ours must not stop the others; it is named as such
        text = f"{type(error).__name__}: {error} (a fault of interlayer; please report it with the file)"
        return Loss(type(error).__name__, text)


@contextmanager
def bounded(memory: int | None) -> Iterator[None]:
    """Let allocations fail that would take more than so many bytes from now on (Linux only)."""
    used = _allocated()
    if memory is None or used is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = used + memory
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _allocated() -> int | None:
    """Return the bytes of this process's data, as RLIMIT_DATA counts them."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    return None


def begin() -> None:
    """Make this process a worker: one core, deaf to Ctrl-C (its parent is not), gone when its parent is."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["POLARS_MAX_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        _begin_on_linux()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=((parent.sentinel,),), daemon=True).start()


def _begin_on_linux() -> None:
    import resource

    with suppress(OSError, AttributeError):  # also where a loop in C never lets the thread below run
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_RATHER)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _follow(sentinels: Sequence[int]) -> None:
    connection.wait(sentinels)
    os._exit(1)
