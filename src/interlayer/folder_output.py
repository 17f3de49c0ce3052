"""What a folder of micrographs leaves on the disk: pooled records, tables, the contact sheet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import polars

from interlayer import store
from interlayer.core.files import atomic
from interlayer.core.results import rows_of
from interlayer.core.spreadsheet import safe_frame
from interlayer.core.summary import from_dataset
from interlayer.core.summary import records as row_records
from interlayer.micrograph import THUMBNAIL, Brief, Job
from interlayer.sem import pictures, plots, tables
from interlayer.sem.analysis import part

if TYPE_CHECKING:
    import xarray as xr

#: columns of the table of images that a table for people does without
_NOT_LISTED = {"name", "flags", "fingerprint"}
#: lines of it that are made at a time: ten thousand take ten times the memory of their columns
_BLOCK = 512


def write_pooled(result: "xr.DataTree", place: Path) -> list[Path]:
    """Write a pooled result: record, tables (CSV and Parquet), the distribution as a figure."""
    store.write_tree(result, place / "pooled.nc")
    written = [place / "pooled.nc"]
    parts = part(result)
    frame = polars.DataFrame({str(name): parts.particles[name].values for name in parts.particles})
    names = parts.images["name"].values.astype(str)
    frame = frame.with_columns(
        file=polars.Series(names[parts.particles["image"].values], dtype=polars.String)
    )
    written += write_frame(frame, place / "pooled-particles")
    written += write_frame(
        polars.DataFrame(row_records(rows_of(result)), infer_schema_length=None),
        place / "pooled-summary",
    )
    for figure in plots.figures(result):
        if figure.name == "distribution":
            from interlayer.core.draw import draw

            with atomic(place / "pooled-distribution.png") as temporary:
                draw(figure).savefig(temporary, format="png", dpi=200)
            written += write_frame(_curves(result), place / "pooled-distribution")
            written.append(place / "pooled-distribution.png")
    return written


def _curves(result: "xr.DataTree") -> polars.DataFrame:
    curves = result["distribution"].to_dataset()
    edges = curves["edges"].values
    return polars.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "frequency_percent": curves["frequency"].values}
    )


def write_frame(frame: polars.DataFrame, stem: Path) -> list[Path]:
    """Write a table as ``<stem>.csv`` and ``<stem>.parquet``, each atomically; returns both."""
    plain, columns = (stem.with_name(stem.name + ending) for ending in (".csv", ".parquet"))
    with atomic(plain) as temporary:
        safe_frame(frame).write_csv(temporary)
    with atomic(columns) as temporary:
        frame.write_parquet(temporary)
    return [plain, columns]


def write_overview(
    out: Path,
    briefs: Iterable[Brief],
    of: Sequence[str],
    pools: Sequence[tuple[str, Path]],
    repeated: Sequence[str],
) -> list[Path]:
    """Write the table of images and the numbers of the samples; returns the files.

    Parameters
    ----------
    of
        The sample of each image.
    pools
        Name and record of each sample.
    repeated
        Names of the images that show a field again.
    """
    duplicates = set(repeated)
    lines = (_line(sample, brief, duplicates) for sample, brief in zip(of, briefs, strict=True))
    blocks = iter(lambda: list(islice(lines, _BLOCK)), [])
    frames = [polars.DataFrame(block, infer_schema_length=None) for block in blocks]
    written = write_frame(polars.concat(frames, how="vertical_relaxed"), out / "images")
    rows = [
        {"sample": name or "all", **record}
        for name, path in pools
        for record in row_records(from_dataset(store.read_group(path, "summary")))
    ]
    with atomic(out / "summary.csv") as temporary:
        safe_frame(polars.DataFrame(rows, infer_schema_length=None)).write_csv(temporary)
    return [*written, out / "summary.csv"]


def write_sheet(
    path: Path, title: str, members: Sequence[Job], briefs: Sequence[Brief], repeated: Sequence[str]
) -> list[Path]:
    """Write one contact sheet; returns its file."""
    lines = [_line("", brief, set(repeated)) for brief in briefs]
    entries = [_entry(job, line) for job, line in zip(members, lines, strict=True)]
    with atomic(path) as temporary:
        pictures.write(temporary, pictures.sheet(entries, title))
    return [path]


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


def _entry(job: Job, line: Mapping[str, object]) -> pictures.Entry:
    if line["status"] == "failed":
        reason = str(line["error"]).removeprefix(str(job.path)).lstrip(": ")
        return pictures.Entry(None, job.name, reason, good=False)
    count, median = (float(str(line[name])) for name in ("particles", "median_diameter"))
    text = f"{count:.0f} particles" + (f", median {median:.4g} {line['unit']}" if count else "")
    flags = str(line["flags"] or "")
    text += f"; {flags}" if flags else ""
    return pictures.Entry(job.file(THUMBNAIL), job.name, text, good=not flags)
