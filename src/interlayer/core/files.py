"""Files: hashing, decoding, bounded archives, writing that never leaves half a file."""

import errno
import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interlayer.core.errors import InterlayerError, ReadError

#: the largest member of an archive that is unpacked, and the largest ratio of unpacked to packed size
MAX_MEMBER = 512 * 2**20
MAX_RATIO = 500.0

#: bytes up to which a file is hashed whole, and the blocks that are hashed of a larger one
HASHED_WHOLE = 2 * 2**30
_BLOCKS, _BLOCK = 256, 2**18

#: errors of the system that are no matter of one file: full, over quota, read-only
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}

_ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")


def check_exists(path: Path) -> None:
    """Raise a `ReadError` when a path is not a file with content."""
    if not path.exists():
        raise ReadError("no such file", path=path, advice="Check the path and its spelling.")
    if path.is_dir():
        raise ReadError("is a folder, not a file", path=path)
    if path.stat().st_size == 0:
        raise ReadError("the file is empty (0 bytes)", path=path, advice="Copy or export it again.")


def sha256(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """Return the sha256 of a file; above `HASHED_WHOLE` bytes that of its size and of blocks spread over it.

    Reading all of a map of many gigabytes takes longer than opening and analysing a part of it. The blocks
    tell one measurement from another and find a copy that was cut, not every flipped byte; the text
    begins with "sampled-" so that nobody takes it for the hash of the whole.
    """
    size = path.stat().st_size
    if size <= HASHED_WHOLE:
        return sha256(path)
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        for part in range(_BLOCKS):
            stream.seek((size - _BLOCK) * part // (_BLOCKS - 1))
            digest.update(stream.read(_BLOCK))
    return f"sampled-{digest.hexdigest()}"


def decode(data: bytes, encodings: tuple[str, ...] = _ENCODINGS) -> str:
    """Decode text by its byte-order mark, else by the first encoding that fits.

    Examples
    --------
    >>> decode("µm".encode("cp1252"))
    'µm'
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def read_text(path: Path, encodings: tuple[str, ...] = _ENCODINGS) -> str:
    """Return a text file's content, whatever encoding it has; line ends become "\\n"."""
    return decode(path.read_bytes(), encodings).replace("\r\n", "\n").replace("\r", "\n")


def zip_member(path: Path, name: str) -> bytes:
    """Return one member of a zip archive, refusing members that unpack out of proportion."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(name)
            ratio = info.file_size / max(info.compress_size, 1)
            if info.file_size > MAX_MEMBER or (ratio > MAX_RATIO and info.file_size > 2**20):
                raise ReadError(
                    f"archive member {name!r} unpacks out of proportion",
                    path=path,
                    found=f"{info.file_size} bytes from {info.compress_size}",
                )
            return archive.read(info)
    except KeyError:
        raise ReadError("archive member is missing", path=path, expected=name) from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise ReadError(f"damaged archive ({error})", path=path, advice="Copy the file again.") from error


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder that replaces ``path`` when all went well.

    Another process that holds the old file open keeps reading the old content; a failure leaves the old
    file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, marker: str) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` that replaces it when all went well.

    Parameters
    ----------
    marker
        A file that every folder made in this way holds; only such a folder is ever replaced.

    Raises
    ------
    InterlayerError
        When ``path`` is something else already.
    """
    if path.exists() and not (path / marker).is_file():
        raise InterlayerError(
            "there is something of this name already, and no earlier export",
            path=path,
            expected=f"nothing, or a folder with {marker}",
            advice="Move it away, or give another folder with -o.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield part
        part.chmod(0o755)
        _swap(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap(part: Path, path: Path) -> None:
    """Put a folder in the place of another; a failure leaves the old one."""
    old = part.with_suffix(".old")
    if path.exists():
        path.rename(old)
    try:
        part.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8 with "\\n" line ends."""
    with atomic(path) as part:
        part.write_bytes(text.encode("utf-8"))
