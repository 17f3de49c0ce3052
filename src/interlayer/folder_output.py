"""What a folder of micrographs leaves on the disk: pooled records, tables, the contact sheet."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars

from interlayer import store
from interlayer.core.files import atomic
from interlayer.core.results import rows_of, warnings_of
from interlayer.core.summary import records as row_records
from interlayer.micrograph import THUMBNAIL, Brief, Job, Pooled
from interlayer.sem import pictures, plots, tables
from interlayer.sem.analysis import part

if TYPE_CHECKING:
    import xarray as xr

#: columns of the table of images that a table for people does without
_NOT_LISTED = {"name", "flags", "fingerprint"}
_SHEET = pictures.COLUMNS * pictures.ROWS


def write_pooled(result: "xr.DataTree", place: Path) -> None:
    """Write a pooled result: record, tables (CSV and Parquet), the distribution as a figure."""
    store.write_tree(result, place / "pooled.nc")
    parts = part(result)
    frame = polars.DataFrame({str(name): parts.particles[name].values for name in parts.particles})
    names = parts.images["name"].values.astype(str)
    frame = frame.with_columns(
        file=polars.Series(names[parts.particles["image"].values], dtype=polars.String)
    )
    write_frame(frame, place / "pooled-particles")
    write_frame(
        polars.DataFrame(row_records(rows_of(result)), infer_schema_length=None),
        place / "pooled-summary",
    )
    for figure in plots.figures(result):
        if figure.name == "distribution":
            from interlayer.core.draw import draw

            with atomic(place / "pooled-distribution.png") as temporary:
                draw(figure).savefig(temporary, format="png", dpi=200)
            write_frame(_curves(result), place / "pooled-distribution")


def _curves(result: "xr.DataTree") -> polars.DataFrame:
    curves = result["distribution"].to_dataset()
    edges = curves["edges"].values
    return polars.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "frequency_percent": curves["frequency"].values}
    )


def write_frame(frame: polars.DataFrame, stem: Path) -> None:
    """Write a table as ``<stem>.csv`` and ``<stem>.parquet``, each atomically."""
    with atomic(stem.with_name(stem.name + ".csv")) as temporary:
        frame.write_csv(temporary)
    with atomic(stem.with_name(stem.name + ".parquet")) as temporary:
        frame.write_parquet(temporary)


def write_overview(
    out: Path, of: Sequence[str], work: Sequence[Job], briefs: Sequence[Brief], pooled: Sequence[Pooled]
) -> None:
    """Write the table of images, the numbers of the samples and the contact sheet."""
    duplicates = _duplicates(pooled[-1])
    lines = [_line(sample, brief, duplicates) for sample, brief in zip(of, briefs, strict=True)]
    write_frame(polars.DataFrame(lines, infer_schema_length=None), out / "images")
    rows = [
        {"sample": each.sample or "all", **record}
        for each in pooled
        if each.result is not None
        for record in row_records(rows_of(each.result))
    ]
    with atomic(out / "summary.csv") as temporary:
        polars.DataFrame(rows, infer_schema_length=None).write_csv(temporary)
    _sheets(out, work, lines)


def _duplicates(pooled: Pooled) -> set[str]:
    """Return the names of the images that show a field again."""
    if pooled.result is None:
        return set()
    return {text.split(": duplicate:")[0] for text in warnings_of(pooled.result) if ": duplicate:" in text}


def _line(sample: str, brief: Brief, duplicates: set[str]) -> dict[str, object]:
    """Return the line of an image; one that failed has the same columns, empty."""
    flags = str(brief.line.get("flags", ""))
    again = brief.name in duplicates and "duplicate" not in flags
    return {
        "sample": sample,
        "file": brief.name,
        "status": "failed" if not brief.good else "ok",
        "error": brief.error,
        "flags": "; ".join(text for text in (flags, "duplicate" if again else "") if text),
        "unit": ("nm" if brief.calibrated else "pixel") if brief.good else "",
        "warnings": " | ".join(_warnings(brief)),
        **{name: brief.line.get(name) for name in tables.IMAGE_NAMES if name not in _NOT_LISTED},
    }


def _warnings(brief: Brief) -> list[str]:
    texts = json.loads(brief.attrs.get("warnings", "[]"))
    return [str(text).removeprefix(f"{brief.name}: ") for text in texts]


def _sheets(out: Path, work: Sequence[Job], lines: Sequence[Mapping[str, object]]) -> None:
    for old in out.glob("contact-sheet*.png"):
        old.unlink()
    pages = math.ceil(len(work) / _SHEET)
    for page in range(pages):
        chosen = range(page * _SHEET, min(len(work), (page + 1) * _SHEET))
        title = f"{len(work)} images" + (f", page {page + 1} of {pages}" if pages > 1 else "")
        name = "contact-sheet.png" if pages == 1 else f"contact-sheet-{page + 1}.png"
        with atomic(out / name) as temporary:
            pictures.write(temporary, pictures.sheet([_entry(work[k], lines[k]) for k in chosen], title))


def _entry(job: Job, line: Mapping[str, object]) -> pictures.Entry:
    if line["status"] == "failed":
        reason = str(line["error"]).removeprefix(str(job.path)).lstrip(": ")
        return pictures.Entry(None, job.name, reason, good=False)
    count, median = (float(str(line[name])) for name in ("particles", "median_diameter"))
    text = f"{count:.0f} particles" + (f", median {median:.4g} {line['unit']}" if count else "")
    flags = str(line["flags"] or "")
    text += f"; {flags}" if flags else ""
    return pictures.Entry(job.file(THUMBNAIL), job.name, text, good=not flags)
