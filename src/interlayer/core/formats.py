"""Which file is this: formats told apart by content, and reading that ends in one clear error."""

import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.files import check_exists, decode, fingerprint
from interlayer.core.text import clean, line

if TYPE_CHECKING:
    import xarray as xr

_HEAD = 8192
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Probe:
    """What can be known of a file without reading it: its name, size and first bytes."""

    path: Path

    @cached_property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.path.stat().st_size

    @cached_property
    def suffix(self) -> str:
        """Return the ending in lower case, with its dot."""
        return self.path.suffix.lower()

    @cached_property
    def head(self) -> bytes:
        """Return the first 8192 bytes."""
        with self.path.open("rb") as stream:
            return stream.read(_HEAD)

    @cached_property
    def text(self) -> str:
        """Return the first bytes as text (empty for binary files)."""
        return (
            ""
            if b"\x00" in self.head and not self.head.startswith((b"\xff\xfe", b"\xfe\xff"))
            else decode(self.head)
        )

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Return the names in a zip archive (empty for other files)."""
        if not self.head.startswith(b"PK\x03\x04"):
            return ()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(archive.namelist())
        except Exception:  # damaged archives raise many kinds, and a probe must not raise
            return ()


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    Parameters
    ----------
    name
        As the field calls it, such as "Bruker RAW".
    suffixes
        Usual endings, for the list of formats only; the content decides.
    matches
        True when the content is of this format. Must be fast and must not raise on any bytes.
    load
        ``"package.module:function"`` of the loader ``function(path) -> xr.Dataset``, imported when needed.
    note
        What is read of it, and what is not.
    kind
        What it holds, where the content alone tells (electrochem: "eis", …).
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[Probe], bool] = field(repr=False)
    load: str = field(repr=False)
    note: str = ""
    kind: str = ""


def identify(path: Path, formats: Iterable[Format]) -> Format | None:
    """Return the first format whose content a file has, or None."""
    probe = Probe(path)
    return next((each for each in formats if _matches(each, probe)), None)


def _matches(known: Format, probe: Probe) -> bool:
    """Return whether a file is of a format; one whose content even the probe fails at is not."""
    try:
        return known.matches(probe)
    except OSError:
        raise
    except Exception:
        return False


def read(path: Path | str, technique: str, formats: tuple[Format, ...]) -> "xr.Dataset":
    """Read a file with the first format that it matches; every failure is a `ReadError` that names the file.

    Returns
    -------
    xr.Dataset
        What the loader returned, with ``technique``, ``format``, ``source`` (the file's name) and
        ``source_sha256`` in its attrs.
    """
    path = Path(path)
    found = _known(path, technique, formats)
    module, _, name = found.load.partition(":")
    loader = cast("Callable[[Path], xr.Dataset]", getattr(import_module(module), name))
    return _stamped([_guarded(path, found, lambda: loader(path))], path, technique, found)[0]


def read_several(
    path: Path | str,
    technique: str,
    formats: tuple[Format, ...],
    load: "Callable[[Path, Format], list[xr.Dataset]]",
) -> "list[xr.Dataset]":
    """Read every scan of a file with ``load(path, format)``; failures and attrs are as of `read`."""
    path = Path(path)
    found = _known(path, technique, formats)
    return _stamped(_guarded(path, found, lambda: load(path, found)), path, technique, found)


def _known(path: Path, technique: str, formats: tuple[Format, ...]) -> Format:
    check_exists(path)
    try:
        found = identify(path, formats)
    except OSError as error:
        raise ReadError(
            f"the file cannot be opened ({line(str(error))})",
            path=path,
            advice="Check the rights to read it.",
        ) from error
    if found is None:
        raise ReadError(
            f"no {technique} format fits this file",
            path=path,
            expected="one of " + ", ".join(each.name for each in formats),
            found=_describe(path),
            advice="`interlayer formats` lists what is read.",
        )
    return found


def _stamped(scans: "list[xr.Dataset]", path: Path, technique: str, found: Format) -> "list[xr.Dataset]":
    digest = fingerprint(path)
    for scan in scans:
        scan.attrs.update(
            technique=technique, format=found.name, source=clean(path.name), source_sha256=digest
        )
    return scans


def _guarded(path: Path, found: Format, call: Callable[[], _Read]) -> _Read:
    """Return what a loader returns; whatever it raises becomes a `ReadError` that names the file.

    Libraries that warn of damage say nothing that the file's name goes with: what they warn of is either an
    error here, or of no consequence (numpy parses the header of an array as Python, which warns of its
    spelling). Warnings about the code itself (deprecations) pass.
    """
    try:
        with warnings.catch_warnings():
            for category in (RuntimeWarning, UserWarning, ResourceWarning, SyntaxWarning):
                warnings.simplefilter("ignore", category)
            return call()
    except InterlayerError as error:
        expected = f"a sound file of the format {found.name}"
        raise error.completed(expected, "It may be damaged: export or copy it again.").about(path) from error
    except MemoryError as error:
        raise ReadError(
            f"{found.name}: the header asks for more memory than there is",
            path=path,
            advice="The file may be damaged: export or copy it again.",
        ) from error
    except Exception as error:
        reason = f"{type(error).__name__}: {line(str(error))}"
        raise ReadError(
            f"looks like {found.name} but cannot be read as such ({reason})",
            path=path,
            expected=f"a sound file of the format {found.name}",
            advice="The file may be truncated or damaged: export or copy it again.",
        ) from error


def _describe(path: Path) -> str:
    head = Probe(path).head[:16]
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return f"text beginning {head.decode('ascii')!r}" if printable else f"bytes {head.hex(' ')}"
