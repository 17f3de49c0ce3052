"""What the report shows, as plain data: numbers formatted, figures drawn, nothing of HTML."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import xarray as xr

from interlayer import techniques
from interlayer.core.figure import Figure, Image
from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.core.summary import Row
from interlayer.core.text import slug
from interlayer.core.wording import interval_text as interval_text
from interlayer.core.wording import number_text as number_text
from interlayer.core.wording import unit_text as unit_text
from interlayer.core.wording import value_text as value_text
from interlayer.evidence import Verdict
from interlayer.headline import Column, columns
from interlayer.report.svg import render
from interlayer.sample import Sample


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure of the report."""

    title: str
    caption: str
    svg: str
    is_picture: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a result; long ones are shortened on the page."""

    title: str
    names: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A summary row as text."""

    quantity: str
    subject: str
    value: str
    interval: str
    unit: str
    status: str
    method: str
    note: str
    origin: str


@dataclass(frozen=True, slots=True)
class Section:
    """One analysis of one sample."""

    anchor: str
    title: str
    warnings: tuple[str, ...]
    pictures: tuple[Drawing, ...]
    drawings: tuple[Drawing, ...]
    numbers: tuple[NumberRow, ...]
    tables: tuple[Table, ...]
    steps: tuple[str, ...]
    sources: tuple[Mapping[str, str], ...]
    settings: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one technique shows of several samples together."""

    title: str
    drawings: tuple[Drawing, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SamplePart:
    """One sample of the report."""

    anchor: str
    sample_id: str
    label: str
    state: str
    parent: str
    history: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the overview table."""

    text: str
    interval: str = ""
    status: str = ""
    anchor: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim with what the data say."""

    sample: str
    what: str
    claimed: str
    found: str
    verdict: str
    reason: str
    source: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    title: str
    source: str
    description: str
    version: str
    columns: tuple[Column, ...]
    overview: tuple[tuple[SamplePart, tuple[Cell, ...]], ...]
    samples: tuple[SamplePart, ...]
    claims: tuple[ClaimRow, ...]
    failures: tuple[tuple[str, str], ...] = ()
    doubts: tuple[tuple[str, str, str], ...] = field(default=())
    comparisons: tuple[Comparison, ...] = ()

    @property
    def tally(self) -> dict[str, int]:
        """Return how many claims agree, disagree, cannot be told."""
        found = {"agree": 0, "disagree": 0, "cannot tell": 0}
        for claim in self.claims:
            found[claim.verdict] += 1
        return found


def anchor_of(sample_id: str, path: str = "") -> str:
    """Return the id of a section on the page: readable, and unique also for names that are cut."""
    text = f"{sample_id}--{path.strip('/').replace('/', '-')}" if path else sample_id
    short = slug(text, 60)
    return short if short == text else f"{short}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def sample_part(sample: Sample) -> SamplePart:
    """Return a sample with all of its analyses."""
    return SamplePart(
        anchor_of(sample.sample_id),
        sample.sample_id,
        sample.label or sample.sample_id,
        sample.state,
        sample.parent,
        sample.history,
        tuple(section(sample.sample_id, path, result) for path, result in sample.results()),
    )


def section(sample_id: str, path: str, result: xr.DataTree) -> Section:
    """Return one analysis: its figures drawn, its numbers formatted."""
    attrs = result.attrs
    technique, kind, name = (str(attrs.get(key, "")) for key in ("technique", "kind", "measurement"))
    title = techniques.KIND_TITLES.get(kind) or techniques.TITLES[technique]
    anchor = anchor_of(sample_id, path)
    drawings, faults = _drawings(result, anchor)
    return Section(
        anchor,
        f"{title}: {name}" if name else title,
        (*warnings_of(result), *faults),
        tuple(each for each in drawings if each.is_picture),
        tuple(each for each in drawings if not each.is_picture),
        tuple(number_row(row) for row in rows_of(result)),
        tuple(table(key, records) for key, records in tables(result).items()),
        tuple(json.loads(str(attrs.get("steps", "[]")))),
        tuple(json.loads(str(attrs.get("sources", "[]")))),
        _settings(str(attrs.get("settings", "{}"))),
    )


def _drawings(result: xr.DataTree, anchor: str) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of a result; a fault in drawing must not cost the report its numbers."""
    return _drawn(lambda: techniques.figures(result), anchor)


def _drawn(describe: Callable[[], list[Figure]], anchor: str) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    try:
        return tuple(
            Drawing(figure.title, figure.caption, render(figure, f"{anchor}-{index}"), _is_picture(figure))
            for index, figure in enumerate(describe())
        ), ()
    except Exception as error:
        return (), (f"The figures could not be drawn ({type(error).__name__}: {error}); please report it.",)


def comparisons(samples: Sequence[Sample]) -> tuple[Comparison, ...]:
    """Return what each technique shows of the samples together; nothing of a technique with one result."""
    found: dict[str, dict[str, xr.DataTree]] = {}
    for sample in samples:
        for path, result in sample.results():
            mine = found.setdefault(str(result.attrs["technique"]), {})
            name, more = sample.label or sample.sample_id, str(result.attrs.get("measurement", ""))
            name = f"{name}, {more}" if more else name
            mine[name if name not in mine else f"{name} ({sample.sample_id}{path})"] = result
    parts = []
    for technique, results in found.items():
        drawn = _drawn(partial(techniques.comparison, technique, results), anchor_of("compared", technique))
        if any(drawn):
            parts.append(Comparison(techniques.TITLES[technique], *drawn))
    return tuple(parts)


def _is_picture(figure: Figure) -> bool:
    """Return True for a figure of nothing but one image: several of them stand side by side."""
    return len(figure.panels) == 1 and any(isinstance(mark, Image) for mark in figure.panels[0].marks)


def _settings(text: str) -> str:
    given = {key: value for key, value in json.loads(text).items() if value is not None}
    return ", ".join(f"{key} = {value}" for key, value in given.items()) or "defaults"


def number_row(row: Row) -> NumberRow:
    """Return a summary row as text."""
    return NumberRow(
        row.quantity.replace("_", " "),
        row.subject,
        value_text(row),
        interval_text(row),
        unit_text(row.unit),
        row.status,
        row.method,
        row.note,
        row.origin,
    )


def table(name: str, records: Sequence[Mapping[str, object]], limit: int = 60) -> Table:
    """Return a table of a result with its first rows."""
    names = tuple(records[0]) if records else ()
    shown = tuple(tuple(_cell(record[each]) for each in names) for record in records[:limit])
    return Table(name.replace("_", " "), tuple(each.replace("_", " ") for each in names), shown, len(records))


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return number_text(value, None) if isinstance(value, float) else str(value)


def overview(
    samples: Sequence[Sample], parts: Sequence[SamplePart]
) -> tuple[tuple[Column, ...], tuple[tuple[SamplePart, tuple[Cell, ...]], ...]]:
    """Return the columns that any sample fills, and a row of cells per sample."""
    located = [sample.located_rows() for sample in samples]
    used = tuple(column for column in columns() if any(column.pick(rows) for rows in located))
    rows = []
    for sample, part, own in zip(samples, parts, located, strict=True):
        cells = []
        for column in used:
            picked = column.pick(own)
            cells.append(_overview_cell(sample.sample_id, *picked, column) if picked else Cell(""))
        rows.append((part, tuple(cells)))
    return used, tuple(rows)


def _overview_cell(sample_id: str, path: str, row: Row, column: Column) -> Cell:
    row = row.converted(column.unit)
    text = value_text(row)
    if text == "–":
        text = row.status
    number = next((each for each in (row.value, row.high, row.low) if math.isfinite(each)), math.nan)
    return Cell(
        text,
        interval_text(row),
        row.status,
        anchor_of(sample_id, path),
        "" if math.isnan(number) else repr(number),
    )


def claim_row(verdict: Verdict, labels: Mapping[str, str]) -> ClaimRow:
    """Return a claim and its verdict as text."""
    claim, row = verdict.claim, verdict.row
    found = ""
    if row is not None:
        shown = interval_text(row)
        found = f"{value_text(row)} {unit_text(row.unit)}".strip() + (f" ({shown})" if shown else "")
    what = " ".join(
        part
        for part in (claim.technique, claim.quantity.replace("_", " "), claim.subject, claim.name)
        if part
    )
    return ClaimRow(
        labels.get(claim.sample, claim.sample),
        what,
        _claimed(verdict),
        found,
        verdict.verdict,
        verdict.reason,
        claim.source,
        anchor_of(claim.sample, verdict.place) if verdict.place else anchor_of(claim.sample),
    )


def _claimed(verdict: Verdict) -> str:
    claim = verdict.claim
    unit = unit_text(claim.unit)
    if claim.status:
        return claim.status
    if claim.value is not None:
        return f"{claim.digits or claim.value} {unit}".strip()
    if claim.low is not None and claim.high is not None:
        return f"{claim.low:g} – {claim.high:g} {unit}".strip()
    return (
        f"more than {claim.low:g} {unit}" if claim.low is not None else f"less than {claim.high:g} {unit}"
    ).strip()
