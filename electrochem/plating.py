"""Plating and stripping in a symmetric cell: polarisation, lifetime, rate steps."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from interlayer.core.intervals import Interval, from_stddev
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import segments, shorts, symmetric
from interlayer.electrochem.common import (
    ACCURACY,
    VOLTAGE_STDDEV,
    Floats,
    Given,
    Outcome,
    area_warnings,
    joined,
    noise,
    table_like,
    texts,
    trace,
)

#: a run whose |V| has grown by this factor when it ends has ended by its polarisation
_RUNAWAY = 8.0
#: a fall of the polarisation by more than this share without a step is told
_FALL = 0.5


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: at which half cycle, between which times (s), and why."""

    index: int
    before: float
    after: float
    why: str


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Find polarisation per half cycle, the lifetime and the rate steps of a symmetric cell."""
    outcome = Outcome(warnings=area_warnings(raws, given))
    run = symmetric.load(joined(raws, outcome.warnings), "plating", outcome.warnings)
    area = given.size("area")
    density = symmetric.levels(symmetric.densities(run, area))
    size = np.abs(run.voltage)
    polarization = np.array([segments.mean(run.time, size, half.segment) * 1e3 for half in run.halves])
    one_level = np.unique(density).size == 1
    end = _end(run, polarization, density, given.number("voltage_limit"), one_level=one_level)
    rows = Rows("electrochem", origin(raws))
    outcome.rows += _polarization_rows(rows, run, polarization, end)
    if one_level:
        outcome.rows.append(_lifetime(rows, run, end, symmetric.name(float(density[0]), area)))
    outcome.nodes["trace"] = trace(run.time - run.origin, run.voltage, run.current)
    outcome.nodes["trace"].attrs |= {
        "end": end.why if end else "",
        "end_time": (end.after - run.origin) / 3600 if end else -1.0,
    }
    outcome.nodes["half_cycles"] = _table(run, polarization, density, area)
    outcome.nodes["rates"] = _rates(polarization, density, end, area)
    fall = _gradual_fall(polarization) if one_level and end is None else 0.0
    if fall:
        outcome.warnings.append(
            f"The polarisation fell by {100 * fall:.0f} % without a sudden step: activation, a warmer "
            "cell, or a soft short that grew slowly; only the impedance tells."
        )
    if not np.isfinite(area):
        outcome.warnings.append("No area is given: currents are in mA, and no mA/cm^2 is stated.")
    outcome.steps += [
        f"{len(run.halves)} half cycles were found from the current; the polarisation of each is its "
        "time-weighted mean |V|, so that bursts of points do not count more.",
        "Life ends with a sudden lasting drop of |V|/|I| (hard or soft short) or at the voltage limit.",
    ]
    return outcome


def _gradual_fall(polarization: Floats) -> float:
    """Return the share by which the polarisation fell from its highest to its last, 0 when below one half."""
    if polarization.size < 10:
        return 0.0
    width = max(polarization.size // 20, 3)
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(polarization, width), axis=1)
    fall = 1 - float(smooth[-1] / smooth.max())
    return fall if fall > _FALL else 0.0


def _end(
    run: symmetric.Run, polarization: Floats, density: Floats, limit: float, *, one_level: bool
) -> End | None:
    short = _first_short(run, density, one_level=one_level)
    found = None if short is None else End(short.index, short.before, short.after, f"{short.kind} short")
    high = _voltage_end(run, polarization, limit)
    if high is not None and (found is None or high.after <= found.before):
        return high
    return found


def _first_short(run: symmetric.Run, density: Floats, *, one_level: bool) -> shorts.Short | None:
    """Return the first short; at several levels each stretch of one level is judged by itself."""
    if one_level:
        return shorts.first_short(run.halves, same_level=True)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(density) != 0) + 1, [density.size]])
    for a, b in itertools.pairwise(edges):
        short = shorts.first_short(run.halves[a:b], same_level=True)
        if short is not None:
            return shorts.Short(int(a) + short.index, short.before, short.after, short.ratio, short.kind)
    return None


def _voltage_end(run: symmetric.Run, polarization: Floats, limit: float) -> End | None:
    """Return the end by polarisation: a stated limit, or a run that stops at many times its first voltage."""
    size = np.abs(run.voltage)
    if np.isfinite(limit):
        over = [k for k, half in enumerate(run.halves) if size[half.segment.rows].max() >= limit]
        if not over:
            return None
        rows = run.halves[over[0]].segment.rows
        row = rows.start + int(np.argmax(size[rows] >= limit))
        return End(
            over[0], float(run.time[max(row - 1, 0)]), float(run.time[row]), f"voltage limit {limit:g} V"
        )
    # of the lower fifth: before it grew, and after it was activated
    usual = float(np.quantile(polarization, 0.2))
    if polarization[-1] < _RUNAWAY * usual or polarization[-1] < 0.5 * polarization.max():
        return None
    top = polarization.max()
    index = int(np.argmax(polarization >= 0.95 * top))
    if index == polarization.size - 1:
        begin, end = run.halves[max(index - 1, 0)].segment.begin, run.halves[-1].segment.end
    else:
        begin, end = run.halves[max(index - 1, 0)].segment.begin, run.halves[index].segment.end
        end = run.halves[-1].segment.end if polarization.size - index < 6 else end
    return End(index, begin, end, f"polarisation of {size.max():.2f} V when the run was stopped")


def _polarization_rows(rows: Rows, run: symmetric.Run, polarization: Floats, end: End | None) -> list[Row]:
    last = polarization.size if end is None else max(end.index, 1)
    if end is not None and "short" not in end.why:
        last = polarization.size
    method = f"time-weighted mean of |V| over a half cycle, mean of both directions; {ACCURACY}"
    found = [_polarization(rows, run, polarization, "first", slice(0, min(2, last)), method)]
    note = "" if end is None else f"last full cycle before: {end.why}" if "short" in end.why else end.why
    found.append(_polarization(rows, run, polarization, "last", slice(max(last - 2, 0), last), method, note))
    return found


def _polarization(
    rows: Rows, run: symmetric.Run, values: Floats, subject: str, which: slice, method: str, note: str = ""
) -> Row:
    """Return the mean of one cycle's half cycles; offset errors of the voltage cancel between directions."""
    chosen = values[which]
    part = run.halves[which.start].segment
    within = noise(run.voltage[part.rows]) * 1e3 / np.sqrt(max(part.last - part.first, 1))
    around = values[max(which.start - 4, 0) : which.stop + 4]
    scatter = noise(around) / np.sqrt(chosen.size) if around.size > 5 else 0.0
    accuracy = VOLTAGE_STDDEV * 1e3 / np.sqrt(2.0)
    stddev = float(np.sqrt(within**2 + scatter**2 + accuracy**2))
    return rows.measured(
        "polarization", subject, from_stddev(float(chosen.mean()), stddev), "mV", method, note
    )


def _lifetime(rows: Rows, run: symmetric.Run, end: End | None, subject: str) -> Row:
    method = "from the first current to a sudden lasting drop of |V|/|I|, or to the voltage limit"
    if end is None:
        total = (run.halves[-1].segment.end - run.origin) / 3600
        return rows.limit(
            "lower", "lifetime", subject, total, "h", method, "no short until the end of the run"
        )
    low, high = (end.before - run.origin) / 3600, (end.after - run.origin) / 3600
    value = high if "polarisation" in end.why else 0.5 * (low + high)
    # whether a rest before the first current counts is a convention: a short one widens the interval
    rest = run.origin / 3600 if run.origin / 3600 < 0.01 * value else 0.0
    interval = Interval(
        value, (high - low + rest) / np.sqrt(12.0), min(low, value) - 1 / 3600, high + rest + 1 / 3600
    )
    note = (
        f"{end.why}; the interval is the time between the points "
        "around it and the rest before the first current"
    )
    return rows.measured("lifetime", subject, interval, "h", method, note)


def _table(run: symmetric.Run, polarization: Floats, density: Floats, area: float) -> xr.Dataset:
    common = symmetric.columns(run, density, area)
    return table_like(
        "half_cycle",
        {
            "begin": common["begin"],
            "current_density": common["current_density"],
            "polarization": (polarization, "mV", "time-weighted mean of |V|"),
            "capacity": common["capacity"],
        },
        role="table",
    )


def _rates(polarization: Floats, density: Floats, end: End | None, area: float) -> xr.Dataset:
    """Return the mean polarisation per stretch of one current density."""
    last = density.size if end is None else max(end.index, 1)
    edges = [0, *(np.flatnonzero(np.diff(density[:last]) != 0) + 1).tolist(), last]
    blocks = [slice(a, b) for a, b in itertools.pairwise(edges)]
    means = np.array([polarization[block].mean() for block in blocks])
    spread = np.array(
        [polarization[block].std(ddof=1) if block.stop - block.start > 1 else 0.0 for block in blocks]
    )
    return table_like(
        "rate",
        {
            "name": (
                texts([symmetric.name(float(density[b.start]), area) for b in blocks]),
                "1",
                "current density",
            ),
            "current_density": (
                np.array([density[b.start] for b in blocks]),
                "mA/cm^2" if np.isfinite(area) else "mA",
                "current density",
            ),
            "half_cycles": (np.array([b.stop - b.start for b in blocks]), "1", "number of half cycles"),
            "polarization": (means, "mV", "mean of the half cycles"),
            "polarization_stddev": (spread, "mV", "scatter of the half cycles"),
        },
        role="table",
    )
