"""One writer at a time in a results folder, and what killed runs left there."""

import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from interlayer.core.errors import StoreError, WriteError
from interlayer.core.files import UNWRITABLE

LOCK = ".interlayer.lock"
#: seconds after which a temporary file of a cluster's worker is taken for a leftover
OUTLIVES = 3600.0
#: names of the temporary files of `interlayer.core.files.atomic`
_PART = re.compile(r"^\..+\.[a-z0-9_]{8}\.part$")
#: where Windows locks a byte, beyond the text, which others must be able to read
_FAR = 1 << 20


@contextmanager
def writing(folder: Path, left_for: float = 0.0) -> Iterator[None]:
    """Hold a results folder for writing; temporary files that killed runs left in it are removed first.

    The lock is the operating system's, which frees it when the process ends in whatever way; the file says
    who holds it.

    Parameters
    ----------
    left_for
        Seconds for which a temporary file must not have changed (workers of a cluster may outlive a run).

    Raises
    ------
    StoreError
        When another process writes there, or nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"the results cannot be written there ({error})",
            path=folder,
            advice="Give another folder with -o.",
        ) from error
    with stream:
        if not _taken(stream):
            raise StoreError(
                "another run writes these results",
                path=folder,
                found=_holder(stream),
                advice="Wait until it ends, or give another folder with -o.",
            )
        try:
            _sign(stream)
            sweep(folder, left_for)
            yield
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            raise WriteError(
                f"the results cannot be written ({error.strerror})",
                path=error.filename or folder,
                advice="Is the folder writable, and is there space on the disk? What was finished is kept.",
            ) from error
        finally:
            with suppress(OSError):
                stream.seek(0)
                stream.truncate()


def _taken(stream: IO[str]) -> bool:
    """Return whether the lock is ours now."""
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(_FAR)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: the text of the file decides
        return not _alive(_signature(stream))
    return True


def _sign(stream: IO[str]) -> None:
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    stream.seek(0)
    stream.truncate()
    stream.write(json.dumps({"process": os.getpid(), "host": platform.node(), "since": started}) + "\n")
    stream.flush()


def _signature(stream: IO[str]) -> dict[str, object]:
    with suppress(OSError, ValueError, RecursionError):
        stream.seek(0)
        found = json.loads(stream.read())
        return found if isinstance(found, dict) else {}
    return {}


def _holder(stream: IO[str]) -> str:
    found = _signature(stream)
    if not found:
        return "a lock of another process"
    return f"process {found.get('process')} on {found.get('host')}, since {found.get('since')}"


def _alive(holder: dict[str, object]) -> bool:
    """Return whether the process that signed still runs; of another machine that is not known."""
    number = holder.get("process")
    if not isinstance(number, int) or number == os.getpid():
        return False
    if holder.get("host") != platform.node():
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def sweep(folder: Path, left_for: float = 0.0) -> int:
    """Remove temporary files below a results folder that nobody will finish; returns how many."""
    removed, end = 0, time.time() - left_for
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.name.endswith(".part") and _PART.match(entry.name):
                    with suppress(OSError):
                        if entry.stat(follow_symlinks=False).st_mtime <= end or not left_for:
                            Path(entry.path).unlink()
                            removed += 1
    return removed
