"""What the fit of each line is worth: measured, not detected (with a limit), not resolved (with a sum)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Interval
from interlayer.xps import intervals
from interlayer.xps.chemistry import Line
from interlayer.xps.fit import Fit

Floats = NDArray[np.floating[Any]]

#: a line counts as detected from this many standard deviations
DETECTED = 3.0
#: relative Cramér–Rao limit of an area beyond which it is not resolved
UNRESOLVED = 0.5
_SUM_GOOD = 0.3
_NEAR = 1.6
_CARRIED = 0.9


@dataclass(slots=True)
class Outcome:
    """The verdict on one line.

    Parameters
    ----------
    status
        "measured", "not detected" or "not resolved".
    area
        With its 95 % interval (NaN ends unless measured).
    limit
        95 % upper limit of the area when it is not measured.
    significance
        In standard deviations, of the line or of the phase that carries it.
    """

    line: Line
    region: int
    peak: int
    status: str
    area: Interval
    significance: float
    limit: float = float("nan")
    notes: list[str] = field(default_factory=list)
    partners: tuple[str, ...] = ()


@dataclass(slots=True)
class Sum:
    """Lines that only their sum is known of."""

    names: tuple[str, ...]
    region: int
    area: Interval


def outcomes(
    fit: Fit, lines: Sequence[Sequence[Line]], detected: float = DETECTED
) -> tuple[list[Outcome], list[Sum]]:
    """Return the verdict on every line, and the sums of what is not resolved.

    ``detected``: standard deviations from which a line counts as detected.
    """
    strength: dict[int, float] = {}
    found: list[Outcome] = []
    sums: dict[tuple[str, ...], Sum] = {}
    for r, members in enumerate(lines):
        for i, line in enumerate(members):
            amount = fit.joint.places[r][i].area.amount
            if amount not in strength:
                strength[amount] = intervals.significance(fit, amount)
            found.append(_outcome(fit, members, r, i, line, (strength[amount], detected), sums))
    return found, list(sums.values())


def _outcome(
    fit: Fit,
    members: Sequence[Line],
    r: int,
    i: int,
    line: Line,
    evidence: tuple[float, float],
    sums: dict[tuple[str, ...], Sum],
) -> Outcome:
    strength, detected = evidence
    quantity = intervals.area(fit, r, i)
    value, stddev = fit.value(quantity)
    if strength >= detected and stddev <= UNRESOLVED * value:
        return Outcome(
            line, r, i, "measured", intervals.positive(fit, quantity), strength, notes=_carried(fit, r, i)
        )
    empty = Interval(value, stddev, float("nan"), float("nan"))
    limit = intervals.upper_limit(fit, quantity)
    group = _group(fit, r, i)
    if len(group) > 1:
        names = tuple(members[j].name for j in group)
        sums.setdefault(names, _sum(fit, names, r, group))
        rest = tuple(name for name in names if name != line.name)
        part = sums[names].area
        note = (
            f"not resolved from {' and '.join(rest)}: its own Cramér–Rao limit is {_percent(stddev, value)}; "
            f"the sum is {part.value:.4g} ({part.low:.4g} to {part.high:.4g})"
        )
        return Outcome(line, r, i, "not resolved", empty, strength, limit, [note], rest)
    note = f"{strength:.1f} standard deviations, below the {detected:g} of detection"
    if strength >= detected:
        limiting = _percent(stddev, value)
        note = f"present ({strength:.1f} standard deviations), but its Cramér–Rao limit is {limiting}"
        return Outcome(line, r, i, "not resolved", empty, strength, limit, [note])
    return Outcome(line, r, i, "not detected", empty, strength, limit, [note])


def _percent(stddev: float, value: float) -> str:
    return f"{100 * stddev / value:.0f} %" if value > 0.05 * stddev else "above 1000 %"


def _sum(fit: Fit, names: tuple[str, ...], r: int, group: Sequence[int]) -> Sum:
    quantity = intervals.total(*(intervals.area(fit, r, j) for j in group))
    return Sum(names, r, intervals.positive(fit, quantity))


def _group(fit: Fit, r: int, i: int) -> list[int]:
    """Return the peaks (this one included) whose sum is well known while this one is not, or it alone.

    The neighbour that lowers the relative error of the sum most joins first.
    """
    n = fit.joint.regions[r].count
    raw, by = fit.joint.raw(r, fit.theta)
    areas, centres, width = raw[n : 2 * n], raw[:n], raw[2 * n + i]
    cov = by[n : 2 * n] @ fit.covariance @ by[n : 2 * n].T
    if not _confounded(cov, i):
        return [i]
    group = [i]
    near = [j for j in range(n) if j != i and abs(centres[j] - centres[i]) < _NEAR * width]
    while near and _relative(areas, cov, group) > _SUM_GOOD:
        best = min(near, key=lambda j: _relative(areas, cov, [*group, j]))
        if _relative(areas, cov, [*group, best]) >= _relative(areas, cov, group):
            break
        group.append(best)
        near.remove(best)
    return sorted(group) if _relative(areas, cov, group) < 1.0 / DETECTED else [i]


def _relative(areas: Floats, cov: Floats, group: Sequence[int]) -> float:
    total = float(areas[list(group)].sum())
    return float(np.sqrt(cov[np.ix_(group, group)].sum())) / max(total, 1e-30)


def _confounded(cov: Floats, i: int) -> bool:
    """Return whether other areas, not the noise, make this area uncertain: marginal over conditional."""
    conditional = 1.0 / np.sqrt(max(np.linalg.pinv(cov)[i, i], 1e-300))
    return bool(np.sqrt(cov[i, i]) > 2.0 * conditional)


def _carried(fit: Fit, r: int, i: int) -> list[str]:
    """Return the note that a line's area follows from its phase's other lines, where it does."""
    link = fit.joint.places[r][i].area
    if not link.exponents:
        return []
    indices = [j for j, _ in link.exponents]
    signs = np.array([sign for _, sign in link.exponents])
    prior = float(np.sqrt(np.sum(1.0 / fit.joint.precision[indices])))
    post = float(np.sqrt(signs @ fit.covariance[np.ix_(indices, indices)] @ signs))
    if post < _CARRIED * prior:
        return []
    main = fit.joint.parameters[link.amount].name.removeprefix("area:")
    return [f"the area follows from the stoichiometry with {main}; this region alone says little"]
