"""HDF5 files of strangers, read in a child process first.

The library that netCDF4 and h5py share reads beyond its memory, divides by zero or never ends where the
metadata of a file were made to that end. What ends the child is an error that names the file; the session
of the user goes on. The child stays for the next file: the first takes a quarter of a second, others
milliseconds.
"""

import atexit
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Literal

from interlayer.core.errors import ReadError
from interlayer.core.hdf5_child import ForbiddenError, check_links
from interlayer.core.text import line

#: seconds of the clock after which a child counts as hanging, and bytes that give it a second more: where the
#: system can, it ends itself by its processor time much sooner
_PATIENCE, _BYTES_PER_SECOND = 60.0, 1_000_000
_ADVICE = "The file is damaged, or made to do harm: get it again from where it comes."

Library = Literal["h5py", "netCDF4"]


def check(path: Path, library: Library) -> None:
    """Read a file as a library would, where a crash does no harm.

    In a worker process, which may crash, only links into other files are looked for; so they are where no
    child process can be had.

    Raises
    ------
    ReadError
        When the child does not survive it, or the file keeps values in other files.
    """
    found = None
    if multiprocessing.parent_process() is None:
        with _LOCK:
            found = _CHILD.answer(path, library)
    if found is None:
        _check_here(path, library)
    elif found:
        raise ReadError(
            f"cannot be read ({line(found)})", path=path, expected="a sound HDF5 file", advice=_ADVICE
        )


def _check_here(path: Path, library: Library) -> None:
    try:
        check_links(str(path), library)
    except ForbiddenError as error:
        raise ReadError(
            f"cannot be read ({error})", path=path, expected="a sound HDF5 file", advice=_ADVICE
        ) from error
    except Exception:  # the reader says it in its own words
        return


class _Child:
    """The child process of this one, started when it is needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def answer(self, path: Path, library: Library) -> str | None:
        """Return what speaks against reading a file; None where no child can be had."""
        process = self._started()
        if process is None or process.stdin is None:
            return None
        try:
            process.stdin.write(json.dumps({"path": str(path.absolute()), "library": library}) + "\n")
            process.stdin.flush()
            said = _next_line(process, _PATIENCE + path.stat().st_size / _BYTES_PER_SECOND)
        except OSError:
            self.end()
            return None
        except BaseException:  # interrupted: its answer would be taken for the next file's
            self.end()
            raise
        if said:
            return str(json.loads(said))
        self.end()
        return "the HDF5 library crashes or hangs at it"

    def _started(self) -> "subprocess.Popen[str] | None":
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._owner, self._process = os.getpid(), _begun()
            if self._process is not None and not _next_line(self._process):
                self.end()
        return self._process

    def end(self) -> None:
        """End the child."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()


def _begun() -> "subprocess.Popen[str] | None":
    code = "from interlayer.core import hdf5_child as child; child.serve()"
    places = os.pathsep.join(str(Path(each).absolute()) for each in sys.path if each)
    with suppress(OSError, ValueError):
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code],  # -P: nothing is imported from the folder of the data
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": places},
            text=True,
        )
    return None


def _next_line(process: "subprocess.Popen[str]", patience: float = _PATIENCE) -> str:
    """Return the next line that a process writes: nothing where it has ended or hangs."""
    found: Queue[str] = Queue()
    threading.Thread(target=_listen, args=(process, found), daemon=True).start()
    with suppress(Empty):
        return found.get(timeout=patience)
    return ""


def _listen(process: "subprocess.Popen[str]", found: "Queue[str]") -> None:
    said = ""
    with suppress(OSError, ValueError):
        said = process.stdout.readline() if process.stdout is not None else ""
    found.put(said)


_CHILD = _Child()
_LOCK = threading.Lock()
atexit.register(_CHILD.end)
