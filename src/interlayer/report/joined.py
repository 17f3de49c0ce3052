"""What the joined techniques say, for the pages: doubts, claims, pulls, tables for download."""

import math
from collections.abc import Iterable, Sequence
from html import escape

from interlayer.core.intervals import Z95
from interlayer.core.results import warnings_of
from interlayer.core.summary import Row
from interlayer.core.wording import interval_text, number_text, unit_text, value_text
from interlayer.evidence import Joint, PhaseEvidence, Pull, Verdict
from interlayer.report.model import ClaimRow, Doubt
from interlayer.report.sections import anchor_of, title_of
from interlayer.sample import Sample

_GRAVE = ("failure", "contradiction", "inconsistent", "claim", "warning")


def doubts(
    sample: Sample, joint: Joint, claims: Iterable[ClaimRow], failures: Iterable[tuple[str, str]]
) -> tuple[Doubt, ...]:
    """Return what to doubt of a sample, the gravest first."""
    found = [
        Doubt("failure", f"{title} was not analysed. {error}", "doubts", "") for title, error in failures
    ]
    for phase in joint.phases:
        found += [Doubt("contradiction", text, "evidence", phase.title) for text in phase.contradictions]
    found += [
        Doubt("inconsistent", pull.reason, "consistency", pull.title)
        for pull in joint.pulls
        if pull.verdict == "inconsistent"
    ]
    found += [
        Doubt("claim", f"{claim.what}: claimed {claim.claimed}, {claim.reason}", "claims", "claim")
        for claim in claims
        if claim.verdict == "disagree"
    ]
    for path, result in sample.results():
        where = title_of(result.attrs)
        found += [Doubt("warning", text, anchor_of(path), where) for text in warnings_of(result)]
    return tuple(sorted(found, key=lambda each: _GRAVE.index(each.kind)))


def claim_row(verdict: Verdict, name: str, places: dict[tuple[str, Row], int]) -> ClaimRow:
    """Return a claim as text."""
    claim, row = verdict.claim, verdict.row
    subject = f" of {claim.subject}" if claim.subject else ""
    more = f" ({claim.name})" if claim.name else ""
    found = ""
    if row is not None:
        ends = f" ({interval_text(row)})" if row.status == "measured" else ""
        found = f"{value_text(row)} {unit_text(row.unit)}{ends}".strip(" –") or row.status
    return ClaimRow(
        name,
        f"{claim.quantity.replace('_', ' ')}{subject}{more}",
        claimed_text(verdict),
        found,
        verdict.verdict,
        verdict.reason,
        claim.source,
        _place(verdict, places),
        anchor_of(verdict.place) if verdict.place else "",
    )


def _place(verdict: Verdict, places: dict[tuple[str, Row], int]) -> int:
    """Return the place of the row that a claim was checked against, -1 without one."""
    for (path, row), place in places.items():
        found = verdict.row
        if found and path == verdict.place and (row.quantity, row.subject) == (found.quantity, found.subject):
            return place
    return -1


def claimed_text(verdict: Verdict) -> str:
    """Return what a claim states, as text."""
    claim, unit = verdict.claim, unit_text(verdict.claim.unit)
    if claim.status:
        return claim.status
    if claim.value is not None:
        return f"{claim.digits or number_text(claim.value, None)} {unit}".strip().replace("-", "−")
    low, high = claim.low, claim.high
    if low is not None and high is not None:
        return f"{low:g} … {high:g} {unit}".strip()
    return f"{'≥' if low is not None else '≤'} {low if low is not None else high:g} {unit}".strip()


def pull_chart(pull: Pull) -> str:
    """Return a pull with its interval as a small picture: zero, ± 2 σ shaded, ends beyond ± 6 σ cut.

    What is drawn is the distance to what is allowed, not the difference itself: a layer may be thicker than a
    particle is wide. The text beside it says the same; the picture is for the eye.
    """
    if not math.isfinite(pull.value):
        return ""
    at, left, right = (_along(pull.value + each) for each in (0.0, -Z95, Z95))
    colour = "#a83a00" if pull.verdict == "inconsistent" else "#00567f"
    label = escape(f"pull {pull.value:+.1f} standard deviations", quote=True)
    shape = (
        f'<path d="M{at - 5:.1f} 14l5-6 5 6-5 6z" fill="{colour}"/>'
        if pull.verdict == "inconsistent"
        else f'<circle cx="{at:.1f}" cy="14" r="4.5" fill="{colour}"/>'
    )
    return (
        f'<svg class="pull" viewBox="0 0 200 28" role="img" aria-label="{label}">'
        f'<rect x="{_along(-2):.1f}" y="3" width="{_along(2) - _along(-2):.1f}" height="22" fill="#dcebf3"/>'
        f'<path d="M100 1v26" stroke="#6b747c"/><path d="M{left:.1f} 14H{right:.1f}" stroke="{colour}" '
        f'stroke-width="2"/>{shape}</svg>'
    )


def _along(sigmas: float) -> float:
    return 100 + 15.5 * max(-6.2, min(6.2, sigmas))


def pull_text(pull: Pull) -> str:
    """Return a pull as text: "+1.3 σ"."""
    return f"{pull.value:+.1f} σ".replace("-", "−") if math.isfinite(pull.value) else "–"


def evidence_records(phases: Sequence[PhaseEvidence], sample_id: str) -> list[dict[str, object]]:
    """Return the evidence table as records, one for each observation."""
    return [
        {
            "sample": sample_id,
            "phase": phase.phase,
            "verdict": phase.verdict,
            "probability": phase.probability,
            "carried_by": phase.carried_by,
            "technique": each.technique,
            "seen": each.seen,
            "log10_bayes_factor": each.weight,
            "reason": each.text,
            "volume": each.volume,
        }
        for phase in phases
        for each in phase.observations
    ]


def pull_records(pulls: Sequence[Pull]) -> list[dict[str, object]]:
    """Return the pulls as records."""
    return [
        {
            "comparison": pull.title,
            "first": f"{pull.first.what}: {pull.first.text}",
            "second": f"{pull.second.what}: {pull.second.text}",
            "pull": pull.value,
            "difference": pull.difference,
            "low": pull.low,
            "high": pull.high,
            "unit": pull.unit,
            "verdict": pull.verdict,
            "reason": pull.reason,
        }
        for pull in pulls
    ]


def claim_records(claims: Sequence[ClaimRow]) -> list[dict[str, object]]:
    """Return the claims as records."""
    names = ("sample", "what", "claimed", "found", "verdict", "reason", "source")
    return [{name: getattr(claim, name) for name in names} for claim in claims]
