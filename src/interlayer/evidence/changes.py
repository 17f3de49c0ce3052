"""What changed from one sample to another, with intervals in which shared errors cancel."""

import math
from collections.abc import Iterator, Sequence

from interlayer.core.wording import unit_text
from interlayer.evidence.knowledge import Metric, metrics
from interlayer.evidence.linking import column
from interlayer.evidence.model import Difference
from interlayer.evidence.numbers import Located, difference, located, shown
from interlayer.sample import Sample


def differences(samples: Sequence[Sample]) -> tuple[Difference, ...]:
    """Return what changed from each sample to those made from it, and between samples without a parent.

    Parameters
    ----------
    samples
        Each is compared with its ``parent``; of few samples, those without a parent with all others too.
    """
    rows = {sample.sample_id: list(located(sample)) for sample in samples}
    columns = [column(metric, rows) for metric in metrics()]
    return tuple(
        found
        for one, two in pairs(samples)
        for side in columns
        if one in side.found and two in side.found
        for found in _change(side.metric, one, two, side.found[one], side.found[two])
    )


def pairs(samples: Sequence[Sample]) -> Iterator[tuple[str, str]]:
    """Yield the ids that are compared: parent and child; then each sample without parent with the others."""
    ids = [sample.sample_id for sample in samples]
    roots = [sample.sample_id for sample in samples if sample.parent not in ids]
    made = {(sample.parent, sample.sample_id) for sample in samples if sample.parent in ids}
    for sample in samples:
        if sample.parent in ids:
            yield sample.parent, sample.sample_id
    if len(samples) <= _MOST_CROSSED:
        for k, one in enumerate(ids):
            for two in ids[k + 1 :]:
                if (one, two) not in made and (two, one) not in made and (one in roots or two in roots):
                    yield one, two


#: with more samples than this only parents and children are compared
_MOST_CROSSED = 8
#: from this increase on, in %, it is said as a multiple
_TIMES = 900.0


def _change(metric: Metric, one: str, two: str, a: Located, b: Located) -> Iterator[Difference]:
    found = _ratio(a, b) if metric.change == "ratio" else _plain(metric, a, b)
    if found is None:
        return
    change, low, high, unit, reason = found
    verdict = _verdict(low, high)
    yield Difference(
        one,
        two,
        metric.technique,
        metric.title,
        a.row.subject,
        shown(a.row),
        shown(b.row),
        change,
        low,
        high,
        unit,
        verdict,  # type: ignore[arg-type]
        reason or _sentence(metric.title, verdict, change, low, high, unit),
        a.place,
        b.place,
    )


Change = tuple[float, float, float, str, str]


def _ratio(a: Located, b: Located) -> Change | None:
    """Return second over first minus one, in %; limits give one-sided changes."""
    if a.positive and b.positive:
        value, low, high = (100 * math.expm1(each) for each in difference(b.number.log(), a.number.log()))
        return value, low, high, "%", ""
    one, two = _ends(a), _ends(b)
    if one is None or two is None:
        return None
    low = 100 * (two[0] / one[1] - 1) if one[1] < math.inf else -100.0
    high = 100 * (two[1] / one[0] - 1) if one[0] > 0 else math.inf
    if not (low > -100.0 or high < math.inf):
        return None
    return math.nan, low, high, "%", ""


def _plain(metric: Metric, a: Located, b: Located) -> Change | None:
    if a.row.status != "measured" or b.row.status != "measured":
        return None
    return *difference(b.number, a.number), metric.unit, ""


def _ends(each: Located) -> tuple[float, float] | None:
    """Return the 95 % range of a positive value; a limit leaves the other side open; None says nothing."""
    row = each.row
    if row.status == "measured" and row.low >= 0:
        return row.low, row.high
    if row.status in ("upper limit", "not detected") and math.isfinite(row.high):
        return 0.0, row.high
    if row.status == "lower limit":
        return row.low, math.inf
    return None


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "increased"
    if high < 0:
        return "reduced"
    return "no change seen" if math.isfinite(low) and math.isfinite(high) and low > -100 else "cannot tell"


def _sentence(title: str, verdict: str, change: float, low: float, high: float, unit: str) -> str:
    """Return the change in words: "C≡N reduced by 67 % (95 %: 60 to 72 %)"."""
    sign = unit_text(unit)
    if verdict == "increased":
        ends, at = (low, high), change
    elif verdict == "reduced":
        ends, at = (-high, -low), -change
    else:
        return f"{title}: {low:+.3g} to {high:+.3g} {sign} (95 %)"
    if unit == "%" and verdict == "increased" and ends[0] >= _TIMES:
        times = [f"{1 + each / 100:.3g}" for each in (at, *ends)]
        if math.isnan(change):
            return f"{title} increased to more than {times[1]} times (95 %)"
        return f"{title} increased to {times[0]} times (95 %: {times[1]} to {times[2]} times)"
    if math.isnan(change):
        return f"{title} {verdict} by more than {ends[0]:.3g} {sign} (95 %)"
    return f"{title} {verdict} by {at:.3g} {sign} (95 %: {ends[0]:.3g} to {ends[1]:.3g} {sign})"
