"""Text files that microscopes write beside the image."""

from pathlib import Path

from interlayer.core.files import decode
from interlayer.sem.readers import jeol, others
from interlayer.sem.readers.metadata import Metadata

_LIMIT = 2**20


def find(path: Path, columns: int, rows: int) -> Metadata | None:
    """Return the metadata of the sidecar file of an image, or None.

    Known are ``<stem>.txt`` of JEOL and Hitachi, and ``<stem>-<ext>.hdr`` or ``<stem>.hdr`` of TESCAN.
    """
    for beside in beside_of(path):
        text = _text(beside)
        if "$CM_" in text or "$SM_" in text:
            return jeol.parse(text, columns, rows)
        if "[SemImageFile]" in text:
            return others.parse_hitachi(text, columns, rows)
        if "PixelSizeX" in text:
            return others.parse_tescan(text, columns, rows)
    return None


def beside_of(path: Path) -> list[Path]:
    """Return where the sidecar files of an image would be, in the order in which they are tried."""
    ending = path.suffix.lstrip(".")
    names = (f"{path.stem}.txt", f"{path.stem}.TXT", f"{path.stem}-{ending}.hdr", f"{path.stem}.hdr")
    return [path.with_name(name) for name in names]


def _text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LIMIT:
            return ""
        data = path.read_bytes()
    except OSError:
        return ""
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")) and data[1:2] == b"\x00":
        return data.decode("utf-16-le", errors="replace")
    return decode(data)
