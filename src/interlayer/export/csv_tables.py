"""CSV: UTF-8, comma, a header line, numbers with every digit, missing values empty, texts no formulas."""

from dataclasses import replace
from pathlib import Path

from interlayer.core.spreadsheet import safe, safe_frame
from interlayer.export.package import write_package
from interlayer.export.record import Context, Record
from interlayer.export.tables import Table


def write(record: Record, target: Path, _: Context) -> list[str]:
    """Write a sample as a folder of CSV tables."""
    return write_package(record, target, ".csv", "text/csv", _write, _safe)


def _safe(table: Table) -> Table:
    columns = tuple(replace(each, name=safe(each.name)) for each in table.columns)
    return replace(table, columns=columns, frame=safe_frame(table.frame))


def _write(table: Table, path: Path) -> None:
    table.frame.write_csv(path, null_value="", line_terminator="\n")
