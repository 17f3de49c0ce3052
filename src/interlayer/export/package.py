"""A folder of tables with its description: a Frictionless tabular data package with units."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from interlayer._version import __version__
from interlayer.core.files import atomic_folder
from interlayer.core.text import slug
from interlayer.export.record import Record, analyses, digest_of
from interlayer.export.tables import Table, pictures, tables

DESCRIPTION = "datapackage.json"


def write_package(
    record: Record,
    target: Path,
    ending: str,
    mediatype: str,
    write: Callable[[Table, Path], None],
    made: Callable[[Table], Table] = lambda table: table,
) -> list[str]:
    """Write each table of a sample, as ``made`` makes it, and describe them; returns what was left out."""
    sample = record.sample
    left_out = pictures(sample)
    with atomic_folder(target, DESCRIPTION) as part:
        resources = []
        for table in map(made, tables(sample)):
            path = part / f"{table.name}{ending}"
            write(table, path)
            resources.append(_resource(table, path, mediatype))
        sources = {
            (each.get("source", ""), each.get("source_sha256", "")): each.get("format", "")
            for analysis in analyses(sample)
            for each in analysis.sources
        }
        about = {
            "profile": "tabular-data-package",
            "name": slug(sample.sample_id).lower(),
            "title": sample.name,
            "created_with": f"interlayer {__version__}",
            "sample": {
                "sample_id": sample.sample_id,
                "label": sample.label,
                "state": sample.state,
                "parent": sample.parent,
                "history": list(sample.history),
            },
            "sources": [
                {"title": name, "hash": f"sha256:{digest}", "format": kind}
                for (name, digest), kind in sources.items()
            ],
            "resources": resources,
            "left_out": left_out,
        }
        text = json.dumps(about, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        (part / DESCRIPTION).write_bytes(text.encode())
    return _said(left_out)


def _resource(table: Table, path: Path, mediatype: str) -> dict[str, object]:
    return {
        "name": table.name.lower(),
        "path": path.name,
        "profile": "tabular-data-resource",
        "mediatype": mediatype,
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": digest_of(path),
        "node": table.node,
        "schema": {"fields": fields(table), "missingValues": [""]},
    }


def fields(table: Table) -> list[dict[str, str]]:
    """Return the columns of a table as Table Schema fields, with their units."""
    return [
        {"name": each.name, "type": each.type}
        | ({"unit": each.unit} if each.unit else {})
        | ({"title": each.title} if each.title else {})
        for each in table.columns
    ]


def _said(left_out: Sequence[str]) -> list[str]:
    return [f"pictures are no tables and were left out: {', '.join(left_out)}"] if left_out else []
