"""Short circuits of symmetric cells: hard, soft, or none.

A hard short leaves a small ohmic resistance for good; a soft short is a sudden partial drop that may recover.
A slowly falling overpotential is neither (activation). Bursts of logged points are thinned by time first, so
that statistics are by time and not by the number of points.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interlayer.electrochem import drops
from interlayer.electrochem.common import Floats
from interlayer.electrochem.drops import HalfCycle
from interlayer.electrochem.segments import Segment

#: what is left of the resistance after a hard short, at most
HARD = 0.30
#: from one half cycle to the next the apparent resistance must fall below this share
BETWEEN = 0.55
#: bins per half cycle for thinning
_BINS = 120


@dataclass(frozen=True, slots=True)
class Short:
    """A short circuit: where it was seen, between which times, and of which kind.

    Parameters
    ----------
    index
        Half cycle in which it happened.
    before, after
        Time in s of the last point before and the first point after the drop.
    ratio
        Resistance after over before.
    """

    index: int
    before: float
    after: float
    ratio: float
    kind: str


def half_cycle(segment: Segment, time: Floats, voltage: Floats, current: Floats) -> HalfCycle:
    """Return a half cycle with at most `_BINS` points: medians over equal stretches of time."""
    t, v, i = time[segment.rows], voltage[segment.rows], current[segment.rows]
    size = np.where(np.abs(i) > 0, np.abs(i), abs(segment.current))
    resistance = v * np.sign(segment.current) / size
    if t.size <= 8 or segment.duration <= 0:
        return HalfCycle(segment, t, resistance)
    bins = np.minimum(((t - segment.begin) / segment.duration * _BINS).astype(np.intp), _BINS - 1)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(bins)) + 1, [t.size]])
    if edges.size - 1 == t.size:
        return HalfCycle(segment, t, resistance)
    starts, counts = edges[:-1], np.diff(edges)
    order = np.lexsort((resistance, bins))
    ranked = resistance[order]
    medians = 0.5 * (ranked[starts + (counts - 1) // 2] + ranked[starts + counts // 2])
    return HalfCycle(segment, t[starts + (counts - 1) // 2], medians)


def first_short(halves: Sequence[HalfCycle], *, same_level: bool) -> Short | None:
    """Return the first short circuit of a test, or None.

    Parameters
    ----------
    same_level
        The half cycles have one current density (cycling); else it rises (CCD), where the apparent
        resistance may fall from step to step by itself.
    """
    levels = np.array([half.level for half in halves])
    fresh = _after_interruptions(halves)
    for index, half in enumerate(halves):
        inside = drops.find(half, _same_direction(halves, index))
        if inside is not None:
            before, after, ratio = inside
            return Short(index, before, after, ratio, _kind(levels, index, ratio, half))
        between = _between(levels, fresh, index, same_level)
        if between is not None:
            begin = halves[index - 1].segment.end
            after = float(half.time[min(1, half.time.size - 1)])
            return Short(index, begin, after, between, _kind(levels, index, between, half))
    return None


def _same_direction(halves: Sequence[HalfCycle], index: int) -> HalfCycle | None:
    place = index - 2 if index > 1 else index + 2
    return halves[place] if place < len(halves) else None


def _after_interruptions(halves: Sequence[HalfCycle]) -> list[int]:
    """Return, for each half cycle, the first one since the test stood still for longer than one lasts."""
    found = [0]
    for index, (before, half) in enumerate(itertools.pairwise(halves), 1):
        gap = half.segment.begin - before.segment.end
        found.append(index if gap > before.segment.duration else found[-1])
    return found


def _between(levels: Floats, fresh: Sequence[int], index: int, same_level: bool) -> float | None:
    """Return the ratio when the resistance fell suddenly from the half cycles before, and stays.

    Not counted: a return to what was usual earlier in the test, and a change over an interruption (another
    temperature, a rest) unless next to nothing is left.
    """
    if index < 2 or (same_level and index < 4):
        return None
    begin = fresh[index] if fresh[index] < index else 0
    reference = (
        float(np.median(levels[max(index - 4, begin) : index])) if same_level else float(levels[index - 1])
    )
    limit = drops.SOFT - 0.05 if same_level else BETWEEN
    if fresh[index] == index:
        limit = HARD
    now = float(levels[index])
    # one odd half cycle is an interruption; a short stays, unless the run ends
    stays = float(np.median(levels[index : index + 3]))
    if reference <= 0 or now >= limit * reference or stays >= (limit + 0.05) * reference:
        return None
    if same_level and index >= 6 and stays >= 0.85 * float(np.quantile(levels[:index], 0.1)):
        return None
    return now / reference


def _kind(levels: Floats, index: int, ratio: float, half: HalfCycle) -> str:
    """Return "hard" when what is left is small and stays so, else "soft"."""
    before = float(np.median(levels[max(index - 4, 0) : index])) if index > 0 else float("nan")
    later = levels[index + 1 : index + 6]
    if later.size > 1 and before > 0:
        return "hard" if float(np.median(later)) < HARD * before else "soft"
    tail = half.resistance[-max(half.resistance.size // 10, 1) :]
    reference = before if before > 0 else float(np.max(half.resistance))
    left = float(np.median(np.concatenate([tail, later])))
    return "hard" if ratio < HARD and left < HARD * reference else "soft"
