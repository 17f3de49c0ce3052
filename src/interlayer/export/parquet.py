"""Parquet: the same tables as CSV; the columns' units also in the file's own metadata."""

import json
from pathlib import Path

from interlayer.export.package import fields, write_package
from interlayer.export.record import Context, Record
from interlayer.export.tables import Table

#: key of the file's metadata that holds the columns with their units, as in datapackage.json
KEY = "interlayer"


def write(record: Record, target: Path, _: Context) -> list[str]:
    """Write a sample as a folder of Parquet tables."""
    return write_package(record, target, ".parquet", "application/vnd.apache.parquet", _write)


def _write(table: Table, path: Path) -> None:
    about = {"node": table.node, "fields": fields(table)}
    table.frame.write_parquet(path, metadata={KEY: json.dumps(about, ensure_ascii=False)})
