"""The data of a page as files beside it: one zip of CSV, for browsers without scripts and for every digit."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from interlayer.core.files import atomic
from interlayer.core.spreadsheet import safe
from interlayer.report.pack import Column

#: the date of every member: the same data give the same bytes
_DATE = (1980, 1, 1, 0, 0, 0)
_NOT_FINITE = frozenset({"nan", "inf", "-inf"})


def csv_text(columns: Sequence[Column]) -> str:
    """Return columns, which may differ in length, as CSV: every digit, nothing for no number, texts safe.

    Examples
    --------
    >>> print(csv_text([("x / nm", [1.5, 2.0]), ("label, mine", ["a"])]), end="")
    x / nm,"label, mine"
    1.5,a
    2.0,
    """
    texts = [_texts(values) for _, values in columns]
    heading = ",".join(_quoted(safe(name)) for name, _ in columns)
    lines = [",".join(row) for row in zip_longest(*texts, fillvalue="")]
    return "\n".join([heading, *lines, ""])


def _texts(values: Sequence[object]) -> list[str]:
    """Return the values as text: all numbers at once, for there are many."""
    if set(map(type, values)) == {float}:
        return ["" if text in _NOT_FINITE else text for text in map(repr, values)]
    return [
        _quoted(safe(value) if isinstance(value, str) else "" if value is None else str(value))
        for value in values
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in ',"\r\n') else text


def write_zip(path: Path, files: Mapping[str, Callable[[], list[Column]]]) -> None:
    """Write tables as CSV into one zip, atomically; the same tables give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, columns in files.items():
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, csv_text(columns()))
    with atomic(path) as part:
        part.write_bytes(stream.getvalue())
