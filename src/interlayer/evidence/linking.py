"""Structure metrics against cell metrics across samples: scatter with errors in both, rank correlation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.core.figure import Figure, Line, Mark, Panel, Points
from interlayer.core.intervals import Z95
from interlayer.core.wording import unit_text
from interlayer.evidence import rank
from interlayer.evidence.knowledge import Metric, metrics
from interlayer.evidence.model import Link, Point
from interlayer.evidence.numbers import Located, located
from interlayer.sample import Sample

Floats = NDArray[np.float64]

#: fewer samples than this have no rank correlation to speak of; significance of a link, after Holm
_LEAST, _LEVEL = 3, 0.05
#: draws within the errors: at most and at least, and samples drawn in all
_DRAWS, _LEAST_DRAWS, _DRAWN = 1000, 40, 40_000
#: more samples than this have no colour of their own
_COLOURED = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of all samples: value or limits, by sample."""

    metric: Metric
    found: dict[str, Located]


def column(metric: Metric, rows: dict[str, list[Located]]) -> Column:
    """Return the metric's first fitting row of each sample that has one, in the metric's unit."""
    found: dict[str, Located] = {}
    for sample_id, listed in rows.items():
        for each in listed:
            row = each.row
            if (row.technique, row.quantity) == (metric.technique, metric.quantity) and (
                not metric.subject or row.subject == metric.subject
            ):
                found[sample_id] = each.converted(metric.unit)
                break
    return Column(metric, found)


def links(samples: Sequence[Sample]) -> tuple[Link, ...]:
    """Return each structure metric against each cell metric that three or more samples have.

    Parameters
    ----------
    samples
        In the order of the report.

    Notes
    -----
    A permutation test of Kendall's τ; p-values of all pairs are corrected together (Holm 1979). The range
    of τ is that of up to 1,000 draws within the errors of both metrics. It says "linked", never "caused".
    """
    rows = {sample.sample_id: list(located(sample)) for sample in samples}
    names = {sample.sample_id: sample.name for sample in samples}
    columns = [column(metric, rows) for metric in metrics()]
    pairs = [
        (x, y)
        for x in columns
        if x.metric.role == "structure"
        for y in columns
        if y.metric.role == "cell" and len(_common(x, y)) >= _LEAST
    ]
    tested = [_tested(x, y) for x, y in pairs]
    corrected = holm([each[1] for each in tested])
    return tuple(
        _link(x, y, names, test, p) for (x, y), test, p in zip(pairs, tested, corrected, strict=True)
    )


def _common(x: Column, y: Column) -> list[str]:
    return [
        sample_id
        for sample_id in x.found
        if sample_id in y.found and _known(x, sample_id) and _known(y, sample_id)
    ]


def _known(side: Column, sample_id: str) -> bool:
    low, high = ends(side.found[sample_id])
    return math.isfinite(low) or math.isfinite(high)


def ends(each: Located) -> tuple[float, float]:
    """Return what a row says of its value: twice the value, or the limit and infinity."""
    row = each.row
    if row.status == "measured":
        return row.value, row.value
    if row.status in ("upper limit", "not detected"):
        return -math.inf, row.high
    return (row.low, math.inf) if row.status == "lower limit" else (-math.inf, math.inf)


def _signs(side: Column, common: Sequence[str]) -> Floats:
    low, high = np.array([ends(side.found[each]) for each in common]).T
    return rank.order(low, np.where(np.isnan(high), np.inf, high))


def _tested(x: Column, y: Column) -> tuple[float, float, float]:
    """Return τ, p and the least possible p of a pair."""
    common = _common(x, y)
    a, b = _signs(x, common), _signs(y, common)
    return float(rank.tau(a, b)), *rank.p_value(a, b)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for how many were looked at (Holm, Scand. J. Stat. 6, 65 (1979)).

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan")])
    [0.02, 0.04, nan]
    """
    known = sorted((p, k) for k, p in enumerate(p_values) if not math.isnan(p))
    out = [math.nan] * len(p_values)
    running = 0.0
    for place, (p, k) in enumerate(known):
        running = max(running, min(1.0, (len(known) - place) * p))
        out[k] = running
    return out


def _link(
    x: Column, y: Column, names: dict[str, str], test: tuple[float, float, float], corrected: float
) -> Link:
    common = _common(x, y)
    correlation, p, least = test
    low, high = _range(x, y, common)
    points = tuple(_point(each, names[each], x.found[each], y.found[each]) for each in common)
    verdict, reason = _verdict(len(common), correlation, p, least, corrected)
    return Link(
        x.metric.title,
        y.metric.title,
        points,
        correlation,
        low,
        high,
        p,
        least,
        verdict,  # type: ignore[arg-type]
        reason,
        _figure(x.metric, y.metric, points, reason),
    )


def _verdict(n: int, correlation: float, p: float, least: float, corrected: float) -> tuple[str, str]:
    if math.isnan(p):
        return "cannot tell", f"n = {n}: limits and equal values leave no order to compare"
    told = f"n = {n}, τ = {correlation:+.2f}, p = {p:.2g}"
    if corrected <= _LEVEL:
        return "linked", f"{told} ({corrected:.2g} after Holm for all pairs looked at)"
    if least > _LEVEL:
        return "cannot tell", f"n = {n} cannot tell: even a perfect order has p = {least:.2g}"
    if p <= _LEVEL:
        return "cannot tell", f"{told}, but {corrected:.2g} after Holm for all pairs looked at"
    return "no link seen", f"{told}: a weak link would not be seen with {n} samples"


def _range(x: Column, y: Column, common: Sequence[str]) -> tuple[float, float]:
    """Return the 95 % range of τ that the errors of the points leave."""
    rng = np.random.default_rng(0)
    count = max(_LEAST_DRAWS, min(_DRAWS, _DRAWN // len(common)))
    a, b = (_drawn(side, common, count, rng) for side in (x, y))
    draws = rank.scattered(a, b)
    draws = draws[np.isfinite(draws)]
    if draws.size == 0:
        return math.nan, math.nan
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _drawn(side: Column, common: Sequence[str], count: int, rng: np.random.Generator) -> Floats:
    """Return draws of low and high ends, (2, draws, n), each with the half width of its side."""
    out = np.empty((2, count, len(common)))
    for k, each in enumerate(side.found[sample_id] for sample_id in common):
        row = each.row
        if row.status != "measured":
            out[:, :, k] = np.array(ends(each))[:, None]
            continue
        z = rng.standard_normal(count)
        width = np.where(z < 0, row.value - row.low, row.high - row.value) / Z95
        out[:, :, k] = row.value + z * width
    return out


def _point(sample_id: str, label: str, x: Located, y: Located) -> Point:
    return Point(sample_id, label, *_three(x), *_three(y))


def _three(each: Located) -> tuple[float, float, float]:
    row = each.row
    if row.status == "measured":
        return row.value, row.low, row.high
    low, high = ends(each)
    at = high if math.isfinite(high) else low
    return at, low, high


def _figure(x: Metric, y: Metric, points: Sequence[Point], reason: str) -> Figure:
    groups = [[each] for each in points] if len(points) <= _COLOURED else [list(points)]
    marks = [
        mark
        for k, group in enumerate(groups)
        for mark in _marks(group, k, group[0].label if len(groups) > 1 else "")
    ]
    caption = f"{y.title} against {x.title}; bars are 95 % intervals. {reason}."
    panel = Panel(_axis(x), _axis(y), marks)
    return Figure(f"link-{x.quantity}-{y.quantity}", f"{y.title} and {x.title}", caption, [panel])


def _marks(group: Sequence[Point], colour: int, label: str) -> list[Mark]:
    """Return points with their bars; a limit has a bar to one side."""
    across: list[tuple[float, float]] = []
    for each in group:
        across += [(_end(each.x_low, each.x), each.y), (_end(each.x_high, each.x), each.y)]
        across.append((math.nan, math.nan))
    x, y = np.array(across).T
    return [
        Line(x, y, colour=colour),
        Points(
            [each.x for each in group],
            [each.y for each in group],
            label=label,
            colour=colour,
            size=6.0,
            low=[_end(each.y_low, each.y) for each in group],
            high=[_end(each.y_high, each.y) for each in group],
        ),
    ]


def _end(end: float, at: float) -> float:
    return end if math.isfinite(end) else at


def _axis(metric: Metric) -> str:
    unit = unit_text(metric.unit)
    return f"{metric.title} / {unit}" if unit else metric.title
