"""All samples on one page: overview, evidence, differences, links with the cell, claims, what to doubt."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from interlayer.core import figure as fig
from interlayer.core.summary import Row
from interlayer.core.text import clean
from interlayer.core.wording import number_text, unit_text
from interlayer.evidence import Difference, Link, PhaseEvidence, Verdict, differences, links
from interlayer.headline import Column
from interlayer.report import joined
from interlayer.report.brief import Brief, BriefSample
from interlayer.report.model import ClaimRow, Doubt, Figure, MethodsText, tally
from interlayer.report.numbers import decimals_of, signed
from interlayer.report.overview import OverviewRow, counts, overview, overview_records
from interlayer.report.pack import Pack
from interlayer.report.sample_page import methods_text
from interlayer.report.sections import (
    Book,
    anchor_of,
    drawn,
    keep_table,
)

#: most doubts of one sample that the cohort page says; the others are on the sample's page
_DOUBTS = 5
#: links that are drawn, and not only listed
_DRAWN = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """What one technique shows of several samples together."""

    title: str
    note: str
    figures: tuple[Figure, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """How one quantity changed between two samples, as text."""

    first: str
    second: str
    quantity: str
    before: str
    after: str
    change: str
    interval: str
    verdict: str
    reason: str
    sort: str
    href: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """A structure metric against a cell metric: the numbers as text, the scatter drawn."""

    link: Link
    correlation: str
    p_value: str
    least_p: str
    figure: Figure | None


@dataclass(frozen=True, slots=True)
class CohortPage:
    """Everything on the cohort page."""

    columns: tuple[Column, ...]
    rows: tuple[OverviewRow, ...]
    phases: tuple[tuple[str, str], ...]
    evidence: tuple[tuple[Brief, tuple[PhaseEvidence | None, ...]], ...]
    counts: tuple[tuple[str, int], ...]
    changes: tuple[Change, ...]
    links: tuple[LinkView, ...]
    claims: tuple[ClaimRow, ...]
    compared: tuple[Compared, ...]
    doubts: tuple[tuple[Brief, tuple[Doubt, ...], int], ...]
    failures: tuple[tuple[str, str], ...]
    methods: MethodsText | None

    @property
    def tally(self) -> dict[str, int]:
        """Return how many claims agree, disagree, cannot be told."""
        return tally(self.claims)


def cohort_page(
    briefs: Sequence[Brief],
    verdicts: Sequence[Verdict],
    failures: Sequence[tuple[str, str]],
    compared: Callable[[Pack], Sequence[Compared]],
    pack: Pack,
) -> CohortPage:
    """Return the cohort page; its data go into the pack.

    Parameters
    ----------
    compared
        Draws what techniques show of several samples together.
    """
    samples = [BriefSample(brief) for brief in briefs]
    book = Book()
    used, rows = overview(briefs, book)
    pack.head.update(book.head())
    phases = tuple(dict.fromkeys((each.phase, each.title) for brief in briefs for each in brief.joint.phases))
    claims = tuple(_claim(verdict, briefs) for verdict in verdicts)
    by_id = {brief.sample_id: brief for brief in briefs}
    changes = differences(samples)
    found = links(samples)
    _keep(briefs, changes, claims, pack)
    keep_table(pack, "links-table", "links", _link_records(found))
    methods = methods_text(samples)
    pack.head["bibtex"] = methods.bibtex if methods else ""
    return CohortPage(
        used,
        rows,
        phases,
        tuple((brief, _of_phases(brief, phases)) for brief in briefs),
        counts(rows),
        tuple(_change(each, by_id) for each in changes),
        _links(found, pack),
        claims,
        tuple(compared(pack)),
        tuple((brief, brief.doubts[:_DOUBTS], len(brief.doubts)) for brief in briefs if brief.doubts),
        tuple(failures),
        methods,
    )


def _of_phases(brief: Brief, phases: Sequence[tuple[str, str]]) -> tuple[PhaseEvidence | None, ...]:
    found = {each.phase: each for each in brief.joint.phases}
    return tuple(found.get(phase) for phase, _ in phases)


def _claim(verdict: Verdict, briefs: Sequence[Brief]) -> ClaimRow:
    brief = next((each for each in briefs if each.sample_id == clean(verdict.claim.sample)), None)
    if brief is None:
        return joined.claim_row(verdict, verdict.claim.sample, {})
    places: dict[tuple[str, Row], int] = {(path, row): i for i, (path, row) in enumerate(brief.rows)}
    made = joined.claim_row(verdict, brief.name, places)
    target = f"row-{made.place}" if made.place >= 0 else made.anchor
    return ClaimRow(
        made.sample,
        made.what,
        made.claimed,
        made.found,
        made.verdict,
        made.reason,
        made.source,
        made.place,
        f"{brief.page}#{target}",
    )


def _change(each: Difference, briefs: Mapping[str, Brief]) -> Change:
    before, after = briefs.get(each.first_id), briefs.get(each.second_id)
    decimals = decimals_of(each.low, each.high)
    change = signed(number_text(each.change, decimals))
    unit = unit_text(each.unit)
    ends = f"{number_text(each.low, decimals)} … {number_text(each.high, decimals)}"
    subject = f" of {each.subject}" if each.subject else ""
    return Change(
        before.name if before else each.first_id,
        after.name if after else each.second_id,
        f"{each.quantity.replace('_', ' ')}{subject}",
        each.first,
        each.second,
        f"{change} {unit}".strip() if change != "–" else "–",
        ends if math.isfinite(each.low) else "",
        each.verdict,
        each.reason,
        repr(each.change) if math.isfinite(each.change) else "",
        f"{after.page}#{anchor_of(each.second_place)}" if after and each.second_place else "",
    )


def _links(found: Sequence[Link], pack: Pack) -> tuple[LinkView, ...]:
    """Return the links, the most telling first; the first few are drawn."""
    order = {"linked": 0, "no link seen": 1, "cannot tell": 2}
    by_weight = sorted(
        found, key=lambda each: (order[each.verdict], each.p_value if math.isfinite(each.p_value) else 2.0)
    )
    return tuple(_link(each, place, pack) for place, each in enumerate(by_weight))


def _link(link: Link, place: int, pack: Pack) -> LinkView:
    figures = drawn(lambda: [link.figure], f"link-{place}", pack)[0] if place < _DRAWN else ()
    correlation = number_text(link.correlation, 2)
    if math.isfinite(link.low):
        correlation += f" ({number_text(link.low, 2)} … {number_text(link.high, 2)})"
    p_value, least = number_text(link.p_value, None), number_text(link.least_p, None)
    return LinkView(link, correlation, p_value, least, next(iter(figures), None))


def _keep(
    briefs: Sequence[Brief], changes: Sequence[Difference], claims: Sequence[ClaimRow], pack: Pack
) -> None:
    evidence = [
        record for brief in briefs for record in joined.evidence_records(brief.joint.phases, brief.sample_id)
    ]
    keep_table(pack, "evidence-table", "evidence", evidence)
    keep_table(pack, "claims-table", "claims", joined.claim_records(claims))
    names = [name for name in Difference.__dataclass_fields__ if not name.endswith("_place")]
    keep_table(
        pack,
        "differences-table",
        "differences",
        [{name: getattr(e, name) for name in names} for e in changes],
    )
    keep_table(pack, "overview-table", "overview", overview_records(briefs))


def _link_records(found: Sequence[Link]) -> list[dict[str, object]]:
    """Return the links as records, one for each sample of each."""
    names = ("x_title", "y_title", "correlation", "p_value", "least_p", "verdict")
    return [
        {name: getattr(link, name) for name in names} | asdict(point)
        for link in found
        for point in link.points
    ]


def drawn_together(
    technique: str, title: str, describe: Callable[[], list[fig.Figure]], note: str, pack: Pack
) -> Compared | None:
    """Return what a technique shows of several samples, or None where it shows nothing."""
    figures, faults = drawn(describe, f"compared-{technique}", pack)
    return Compared(title, note, figures, faults) if figures or faults else None
