"""Half cycles of a full or half cell: charge passed, however the instrument counts capacity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.electrochem import segments
from interlayer.electrochem.common import Floats
from interlayer.electrochem.segments import Segment

#: the instrument's capacity and ∫ I dt may differ by this before a reader is told
_AGREE = 0.02
#: a half cycle that passes less than this share of the largest is an interruption, not a half cycle
_SMALL = 1e-3
#: rows of a half cycle that are looked at for its current
_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Half:
    """One charge (+1) or discharge (−1), which may hold several steps (CC, CV, pauses).

    Parameters
    ----------
    capacity
        Charge passed in Ah, positive; ``energy`` in Wh.
    current
        Magnitude in A of the constant-current part (time-weighted median).
    """

    sign: int
    parts: tuple[Segment, ...]
    capacity: float
    energy: float
    current: float

    @property
    def first(self) -> int:
        """Return its first row."""
        return self.parts[0].first

    @property
    def last(self) -> int:
        """Return its last row."""
        return self.parts[-1].last


def find(raw: xr.Dataset, time: Floats, warnings: list[str]) -> tuple[list[Half], Floats]:
    """Return the half cycles in order, and per row the capacity (Ah) passed within its half cycle.

    The instrument's own capacity is used where it agrees with ∫ I dt (it counts between the logged points);
    it may restart per step or per cycle, run on, or have a sign. Else ∫ I dt is used, with a warning.
    """
    current = np.asarray(raw["current"].values, dtype=np.float64)
    voltage = np.asarray(raw["voltage"].values, dtype=np.float64)
    steps = [each for each in segments.find(raw, time) if each.sign]
    if not steps:
        raise AnalysisError("no current flows in these data", expected="charge and discharge steps")
    counted = {sign: _counter(raw, sign) for sign in (1, -1)}
    integrals = np.array([abs(segments.integral(time, current, each)) / 3600 for each in steps])
    instrument = np.array([_passed(counted[each.sign], each) for each in steps])
    use = _agree(instrument, integrals, _resolution(current), warnings)
    running = np.zeros(current.size)
    passed = np.empty(len(steps))
    energy = np.empty(len(steps))
    for place, each in enumerate(steps):
        along = _running(counted[each.sign], each, time, current, use=use)
        running[each.rows] = along
        passed[place] = along[-1]
        energy[place] = abs(float(np.trapezoid(voltage[each.rows], along))) + voltage[each.first] * along[0]
    return _join(steps, passed, energy, running, current), running


def _counter(raw: xr.Dataset, sign: int) -> Floats | None:
    """Return the instrument's capacity (Ah) that counts one direction, or None."""
    own = "charge_capacity" if sign > 0 else "discharge_capacity"
    for name in (own, "capacity"):
        if name in raw:
            return np.abs(raw[name].values) if name == own else np.asarray(raw[name].values, dtype=np.float64)
    return None


def _since(counter: Floats, segment: Segment) -> Floats:
    """Return the capacity passed since the step began: the counter runs on, or restarts with the step."""
    inside = counter[segment.rows]
    before = counter[segment.first - 1] if segment.first > 0 else 0.0
    change = np.abs(inside - before)
    first = float(change[0])
    # a counter that runs on moves on from its last value by no more than one row's share of the step
    row_share = 3.0 * abs(float(inside[-1] - inside[0])) / max(segment.last - segment.first, 1)
    runs_on = first <= max(row_share, 1e-12) or first <= 0.02 * abs(float(inside[-1] - inside[0]))
    if runs_on:
        return np.asarray(change)
    # restarted: the first value is what has passed since the begin, unless it began elsewhere
    start = (
        0.0
        if abs(float(inside[0])) <= max(row_share, 0.02 * abs(float(inside[-1] - inside[0])))
        else float(inside[0])
    )
    return np.abs(inside - start)


def _passed(counter: Floats | None, segment: Segment) -> float:
    return float("nan") if counter is None else float(_since(counter, segment)[-1])


def _resolution(current: Floats) -> float:
    """Return half of the last digit of the current relative to its median, where it has few levels only."""
    size = np.abs(current[:: max(current.size // 100_000, 1)])
    size = size[size != 0]
    if size.size == 0 or np.unique(size).size > 20:
        return 0.0
    return float(0.5 * 10.0 ** np.floor(np.log10(size.min()) + 1e-9) / np.median(size))


def _agree(instrument: Floats, integrals: Floats, resolution: float, warnings: list[str]) -> bool:
    """Return True when the instrument's capacity agrees with ∫ I dt over the long steps."""
    large = integrals > 0.05 * integrals.max()
    if not np.all(np.isfinite(instrument[large])):
        return False
    ratio = instrument[large] / integrals[large]
    middle = float(np.median(ratio))
    if (
        abs(middle - 1) <= max(_AGREE, resolution)
        and float(np.mean(np.abs(ratio / middle - 1) < 5 * _AGREE)) > 0.9
    ):
        return True
    warnings.append(
        f"The capacity column ({instrument[large].sum() * 1e3:.4g} "
        "mAh in all) does not agree with the integral of "
        f"the current ({integrals[large].sum() * 1e3:.4g} mAh; ratio {middle:.4g}): the integral is used."
    )
    return False


def _running(counter: Floats | None, segment: Segment, time: Floats, current: Floats, *, use: bool) -> Floats:
    if use and counter is not None:
        return _since(counter, segment)
    t, i = time[segment.rows], np.abs(current[segment.rows])
    steps = 0.5 * (i[1:] + i[:-1]) * np.diff(t)
    first = i[0] * max(t[0] - segment.begin, 0.0)
    return np.concatenate([[first], first + np.cumsum(steps)]) / 3600.0


def _join(
    steps: Sequence[Segment], passed: Floats, energy: Floats, running: Floats, current: Floats
) -> list[Half]:
    """Join steps of one direction (CC then CV, or after a pause) to half cycles; adds up ``running``."""
    halves: list[Half] = []
    group: list[int] = []
    limit = _SMALL * float(passed.max())
    for place in range(len(steps) + 1):
        ends = place == len(steps)
        if not ends and passed[place] < limit:
            running[steps[place].rows] = 0.0
            continue
        if group and (ends or steps[place].sign != steps[group[0]].sign):
            halves.append(_half([steps[k] for k in group], passed[group], energy[group], current))
            group = []
        if not ends:
            if group:
                running[steps[place].rows] += passed[group].sum()
            group.append(place)
    return halves


def _half(parts: Sequence[Segment], passed: Floats, energy: Floats, current: Floats) -> Half:
    longest = parts[int(np.argmax(passed))]
    rows = longest.last - longest.first + 1
    size = np.abs(current[longest.first : longest.last + 1 : max(rows // _SAMPLE, 1)])
    # the constant-current part: rows near the largest current (a voltage hold tapers)
    flat = size[size > 0.9 * np.quantile(size, 0.9)]
    return Half(longest.sign, tuple(parts), float(passed.sum()), float(energy.sum()), float(np.median(flat)))
