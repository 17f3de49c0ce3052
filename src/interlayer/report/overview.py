"""The overview of all samples: a row of main numbers for each, with where every number comes from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from interlayer.core.wording import interval_text, value_text
from interlayer.evidence import PhaseEvidence
from interlayer.headline import Column, columns
from interlayer.report.brief import Brief
from interlayer.report.pick import first, pick
from interlayer.report.sections import Book, anchor_of, number, settings_text, sources_of, title_of


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the overview: text, interval or status below it, place in the book, address, sort key."""

    text: str = ""
    below: str = ""
    place: int = -1
    href: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One sample of the overview."""

    brief: Brief
    phase: PhaseEvidence | None
    cells: tuple[Cell, ...]


def overview(briefs: Sequence[Brief], book: Book) -> tuple[tuple[Column, ...], tuple[OverviewRow, ...]]:
    """Return the columns that any sample fills, and a row of cells per sample."""
    used = tuple(each for each in columns() if any(pick(each, brief.rows) for brief in briefs))
    rows = []
    for brief in briefs:
        sources: dict[str, int] = {}
        cells = tuple(_cell(brief, column, book, sources) for column in used)
        phase = next((each for each in brief.joint.phases if each.phase == first().phase), None)
        rows.append(OverviewRow(brief, phase, cells))
    return used, tuple(rows)


def _cell(brief: Brief, column: Column, book: Book, sources: dict[str, int]) -> Cell:
    picked = pick(column, brief.rows)
    if picked is None:
        return Cell()
    place, path, row = picked
    shown, text = row.converted(column.unit), value_text(row.converted(column.unit))
    if path not in sources:
        sources[path] = len(book.sources)
        book.sources.append(_source(brief, path, f"{brief.page}#{anchor_of(path)}"))
    here = len(book.rows)
    book.add(number(here, shown), row.method, sources[path])
    below = interval_text(shown) or (row.status if text != "–" else "")
    size = next((each for each in (shown.value, shown.high, shown.low) if math.isfinite(each)), math.nan)
    sort = "" if math.isnan(size) else f"{size:.12g}"  # as a reader would compare it
    return Cell(text if text != "–" else row.status, below, here, f"{brief.page}#row-{place}", sort)


def _source(brief: Brief, path: str, href: str) -> dict[str, object]:
    attrs = next((each.attrs for each in brief.results if each.path == path), {})
    return {
        "title": f"{brief.name}: {title_of(attrs)}",
        "href": href,
        "files": sources_of(attrs),
        "settings": settings_text(attrs),
        "steps": [],
        "version": str(attrs.get("interlayer_version", "")),
    }


def counts(rows: Sequence[OverviewRow]) -> tuple[tuple[str, int], ...]:
    """Return how many samples have which verdict on the phase that is asked for."""
    verdicts = [row.phase.verdict if row.phase else "cannot tell" for row in rows]
    order = ("present", "likely", "cannot tell", "unlikely", "absent")
    return tuple((word, verdicts.count(word)) for word in order if word in verdicts)


def overview_records(briefs: Sequence[Brief]) -> list[dict[str, object]]:
    """Return the numbers of the overview as records, one for each sample and column."""
    found = []
    for brief in briefs:
        for column in columns():
            picked = pick(column, brief.rows)
            if picked:
                row = picked[2].converted(column.unit)
                names = ("quantity", "subject", "value", "low", "high", "unit", "status")
                found.append(
                    {"sample": brief.sample_id, "label": brief.label, "column": column.title}
                    | {name: getattr(row, name) for name in names}
                )
    return found
