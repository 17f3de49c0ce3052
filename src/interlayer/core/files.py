"""Files: hashing, decoding, bounded archives, writing that never leaves half a file."""

import errno
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.text import line

#: the most that an archive may unpack to: this, or this many times its size (real ones: up to 15 times) …
FREE_ARCHIVE, ARCHIVE_RATIO = 8 * 2**20, 60
#: … and never more than this, nor more members
MAX_ARCHIVE, MAX_MEMBERS = 2**30, 10_000
_DOCUMENT_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

#: bytes of the largest file that a setting names
SMALL = 5_000_000
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


def read_small(path: Path) -> str:
    """Return the text of a file that a setting names (a phase, a calibration, a template).

    Raises
    ------
    ReadError
        When it has more than `SMALL` bytes.
    """
    size = path.stat().st_size
    if size > SMALL:
        raise ReadError(
            "the file is too large", path=path, expected=f"at most {SMALL} bytes", found=f"{size} bytes"
        )
    return read_text(path)


def check_proportion(unpacked: int, stored: int, *, free: int, ratio: float, what: str) -> None:
    """Raise a `ReadError` where a file of ``stored`` bytes asks for much more memory than it can fill.

    Parameters
    ----------
    unpacked
        Bytes that the file says its content needs.
    free
        Bytes that any file may ask for.
    ratio
        How many times ``stored`` a larger content may be.
    """
    if unpacked > max(free, ratio * stored):
        raise ReadError(
            f"{what} unpacks out of proportion",
            expected=f"at most {max(free, int(ratio * stored))} bytes",
            found=f"{unpacked} bytes from {stored}",
            advice="The header may be damaged, or the file is made to fill the memory: export it again.",
        )


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield a zip archive that unpacks in proportion to its size; damage is a `ReadError`.

    Nothing is ever extracted to disk: members are read by name into memory, so that names with ``..`` or
    links in an archive lead nowhere.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            members = opened.infolist()
            if len(members) > MAX_MEMBERS:
                raise ReadError(
                    "the archive has too many members", expected=f"at most {MAX_MEMBERS}", found=len(members)
                )
            total = sum(info.file_size for info in members)
            size = path.stat().st_size
            check_proportion(total, size, free=FREE_ARCHIVE, ratio=ARCHIVE_RATIO, what="the archive")
            check_proportion(total, 0, free=MAX_ARCHIVE, ratio=0, what="the archive")
            if any(info.flag_bits & 1 for info in members):
                raise ReadError("the archive is encrypted", advice="Save it without a password.")
            yield opened
    except ReadError as error:
        raise error.about(path) from None
    except MemoryError:
        raise
    except Exception as error:  # zipfile raises many kinds, and others where its codecs were exchanged
        raise ReadError(
            f"damaged archive ({line(str(error))})", path=path, advice="Copy the file again."
        ) from error


def check_archive(path: Path) -> None:
    """Raise a `ReadError` where an archive for another library is a bomb or holds XML with a document type.

    Workbooks and cycler archives never have one; entities in it grow to gigabytes in some parsers.
    """
    with archive(path) as opened:
        for name in opened.namelist():
            if name.lower().endswith((".xml", ".rels")):
                with opened.open(name) as stream:
                    if _DOCUMENT_TYPE.search(stream.read(4096)):
                        raise ReadError(f"archive member {name!r} has a document type or entities of its own")


def zip_member(path: Path, name: str) -> bytes:
    """Return one member of a zip archive, refusing archives that unpack out of proportion."""
    with archive(path) as opened:
        try:
            return opened.read(name)
        except KeyError:
            raise ReadError("archive member is missing", path=path, expected=name) from None


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
        part.write_bytes(text.encode("utf-8", "replace"))  # what is no text in a name, too
