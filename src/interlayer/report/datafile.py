"""The data of a page as files beside it: one zip of CSV, for browsers without scripts and for every digit."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from interlayer.core.files import atomic
from interlayer.report.pack import Column

#: the date of every member: the same data give the same bytes
_DATE = (1980, 1, 1, 0, 0, 0)


def csv_text(columns: Sequence[Column]) -> str:
    """Return columns, which may differ in length, as CSV: every digit, nothing for no number.

    Examples
    --------
    >>> print(csv_text([("x / nm", [1.5, 2.0]), ("label, mine", ["a"])]), end="")
    x / nm,"label, mine"
    1.5,a
    2.0,
    """
    length = max((len(values) for _, values in columns), default=0)
    frame = pl.DataFrame(
        [_series(str(place), values, length) for place, (_, values) in enumerate(columns)]
    )
    heading = ",".join(_quoted(name) for name, _ in columns)
    return f"{heading}\n{frame.write_csv(include_header=False)}"


def _series(name: str, values: Sequence[object], length: int) -> pl.Series:
    padded = [*values, *[None] * (length - len(values))]
    if all(value is None or isinstance(value, int | float) for value in values):
        return pl.Series(name, padded, dtype=pl.Float64, strict=False).fill_nan(None)
    return pl.Series(name, [None if value is None else str(value) for value in padded], dtype=pl.String)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in ',"\r\n') else text


def write_zip(path: Path, files: Mapping[str, Callable[[], list[Column]]]) -> None:
    """Write tables as CSV into one zip, atomically; the same tables give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, columns in files.items():
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, csv_text(columns()))
    with atomic(path) as part:
        part.write_bytes(stream.getvalue())
