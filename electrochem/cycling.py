"""Cycling of full and half cells: capacity, efficiency, retention, fade, rate capability, polarisation."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import stats

from interlayer.core.intervals import Interval, from_stddev
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import cycling_tables as tables
from interlayer.electrochem import halves as half_cycles
from interlayer.electrochem.common import (
    ACCURACY,
    CURRENT_GAIN_STDDEV,
    VOLTAGE_STDDEV,
    Floats,
    Given,
    Outcome,
    clock,
    column,
    joined,
    noise,
)
from interlayer.electrochem.cycles import (
    Cycles,
    block,
    drop_unfinished,
    efficiency,
    pair,
    rates_of,
    reference_of,
)
from interlayer.electrochem.halves import Half


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Find capacities, efficiencies, retention, rates and plateau polarisation."""
    outcome = Outcome()
    raw = joined(raws, outcome.warnings)
    if "current" not in raw:
        column(raw, "current", "cycling")
    time = clock(raw, outcome.warnings)
    found, running = half_cycles.find(raw, time, outcome.warnings)
    half_cell = given.text("cell", "full") == "half"
    cycles = pair(found, half_cell=half_cell)
    drop_unfinished(cycles, outcome)
    mass = given.size("mass") * 1e-3
    rows = Rows("electrochem", origin(raws))
    rates, names = rates_of(cycles, given.number("nominal_capacity"), mass)
    last, reference = reference_of(cycles, rates, given)
    outcome.rows += _capacity_rows(rows, cycles, names, last, mass, given)
    outcome.rows += _retention_rows(rows, cycles, last, reference)
    outcome.rows += _efficiency_rows(rows, cycles, last, half_cell=half_cell)
    voltage = np.asarray(raw["voltage"].values, dtype=np.float64)
    outcome.rows += _polarization_rows(rows, cycles, names, voltage, running)
    outcome.nodes["cycles"] = tables.summary(cycles, rates, names, mass, reference, half_cell=half_cell)
    outcome.nodes["curves"] = tables.curves(cycles, voltage, running, mass)
    differential = tables.differential(cycles, voltage, running, mass)
    if differential is not None:
        outcome.nodes["differential"] = differential
    outcome.nodes["cycles"].attrs |= {"reference_cycle": int(reference), "specific": int(np.isfinite(mass))}
    if not np.isfinite(mass):
        outcome.warnings.append("No active mass is given: capacities are in mAh, and no mAh/g is stated.")
    order = "a discharge and the charge after it" if half_cell else "a charge and the discharge after it"
    outcome.steps += [
        f"{len(found)} half cycles were found from the current; "
        f"a cycle is {order}. Capacities are those of the "
        "instrument where they agree with the integral of the "
        "current, whether they restart per step, per cycle or run on.",
        "dQ/dV: charge per interval of the voltage (a histogram, so that noise makes no negative charge).",
        "Rates are the constant current over nominal capacity "
        "times mass (1C = nominal capacity in one hour).",
    ]
    return outcome


def _scatter(values: Floats, place: int, width: int = 15) -> float:
    """Return the cycle-to-cycle scatter around one cycle, trends removed."""
    near = values[max(place - width, 0) : place + width + 1]
    near = near[np.isfinite(near)]
    return noise(near) if near.size >= 5 else 0.0


def _specific(capacity: float, stddev: float, mass: float, given: Given) -> Interval:
    """Return mAh/g with scatter, current accuracy, and the mass as a systematic term where given."""
    value = capacity * 1e3 / mass
    interval = from_stddev(value, float(np.hypot(stddev * 1e3 / mass, value * CURRENT_GAIN_STDDEV)))
    mass_stddev = given.number("mass_stddev") * 1e-3
    return interval.with_systematic(value * mass_stddev / mass) if np.isfinite(mass_stddev) else interval


def _capacity_rows(
    rows: Rows, cycles: Cycles, names: Sequence[str], last: int, mass: float, given: Given
) -> list[Row]:
    number = int(cycles.number[last])
    method = f"charge of the discharge over the active mass; scatter of cycles; {ACCURACY}"
    if not np.isfinite(given.number("mass_stddev")):
        method += "; the mass is taken as exact"
    if not np.isfinite(mass):
        note = (
            "no active mass is given, so there is no mAh/g; cycle "
            f"{number}: {cycles.discharge[last] * 1e3:.4g} mAh. Give mass."
        )
        return [rows.absent("not determined", "discharge_capacity", f"cycle {number}", "mAh/g", method, note)]
    found = []
    for name in dict.fromkeys(each for each in names if each):
        stretch = block(cycles, names, names.index(name))
        if stretch.size == 0:
            continue
        values = cycles.discharge[stretch]
        # the mean over the first stretch at this rate; a settling cell widens it by its trend
        stddev = (
            float(np.std(values, ddof=1) / np.sqrt(values.size))
            if values.size > 1
            else _scatter(cycles.discharge, stretch[0])
        )
        if stretch.size <= 50:
            note = (
                f"mean of cycles {cycles.number[stretch[0]]} to "
                f"{cycles.number[stretch[-1]]}, first stretch at this rate"
            )
            value = float(values.mean())
        else:
            note = f"mean of the first five cycles at this rate, from cycle {cycles.number[stretch[0]]}"
            value, stddev = float(values[:5].mean()), float(np.std(values[:5], ddof=1) / np.sqrt(5))
        found.append(
            rows.measured(
                "discharge_capacity", name, _specific(value, stddev, mass, given), "mAh/g", method, note
            )
        )
    interval = _specific(float(cycles.discharge[last]), _scatter(cycles.discharge, last), mass, given)
    found.append(
        rows.measured("discharge_capacity", f"cycle {number}", interval, "mAh/g", method, "last cycle")
    )
    return found


def _retention_rows(rows: Rows, cycles: Cycles, last: int, reference: int) -> list[Row]:
    """Return retention and fade against the reference cycle; gain errors of current and mass cancel."""
    number, start = int(cycles.number[last]), int(cycles.number[reference])
    if number - start < 10:
        return []
    at, of = float(cycles.discharge[last]), float(cycles.discharge[reference])
    retention = 100 * at / of
    s_at, s_of = _scatter(cycles.discharge, last), _scatter(cycles.discharge, reference)
    stddev = retention * float(np.hypot(s_at / at, s_of / of))
    method = (
        f"discharge capacity of cycle {number} over that of "
        f"cycle {start} ({of * 1e3:.5g} mAh); scatter of cycles"
    )
    found = [
        rows.measured("capacity_retention", f"cycle {number}", from_stddev(retention, stddev), "%", method)
    ]
    span = number - start
    fade = from_stddev((100 - retention) / span, stddev / span)
    method = f"loss from cycle {start} to {number} over {span} cycles, of the capacity of cycle {start}"
    found.append(rows.measured("fade_per_cycle", "", fade, "%", method, _shape(cycles, reference, last)))
    return found


def _shape(cycles: Cycles, reference: int, last: int) -> str:
    """Return a note when the loss of one half of the cycles is more than twice that of the other."""
    part = np.arange(reference, last + 1)
    part = part[np.isfinite(cycles.discharge[part])]
    if part.size < 20:
        return ""
    middle = part.size // 2
    slopes = [
        np.polyfit(part[a:b], cycles.discharge[part[a:b]], 1)[0]
        for a, b in ((0, middle), (middle, part.size))
    ]
    if min(slopes) >= 0 or max(slopes) <= 2 * min(slopes) or min(slopes) * 2 <= max(slopes):
        ratio = slopes[1] / slopes[0] if slopes[0] else float("inf")
        if not 0.5 < ratio < 2.0:
            return (
                "the loss is not even: the second half of the cycles "
                f"loses {ratio:.2g} times as fast as the first"
            )
    return ""


def _efficiency_rows(rows: Rows, cycles: Cycles, last: int, *, half_cell: bool) -> list[Row]:
    ratio = efficiency(cycles, half_cell=half_cell)
    good = np.flatnonzero(np.isfinite(ratio) & (cycles.number > 0))
    if good.size == 0:
        return []
    used = good[1:] if good.size > 3 else good
    values = ratio[used]
    # a gain error of the current cancels where one range measures both; a tenth of it is kept for asymmetry
    spread = float(np.std(values, ddof=1) / np.sqrt(values.size)) if values.size > 1 else 0.0
    reach = float(stats.t.ppf(0.975, max(values.size - 1, 1))) / 1.959964 if values.size > 1 else 1.0
    stddev = float(np.hypot(spread * reach, 100 * 0.1 * CURRENT_GAIN_STDDEV))
    which = "charge/discharge of a half cell" if half_cell else "discharge/charge"
    method = (
        f"{which}, mean of cycles {cycles.number[used[0]]} to {cycles.number[used[-1]]}; scatter of cycles"
    )
    found = [
        rows.measured("coulombic_efficiency", "mean", from_stddev(float(values.mean()), stddev), "%", method)
    ]
    first = good[0]
    one = float(np.hypot(_scatter(ratio, int(first)), 100 * 0.1 * CURRENT_GAIN_STDDEV))
    subject = f"cycle {int(cycles.number[first])}"
    found.append(
        rows.measured("coulombic_efficiency", subject, from_stddev(float(ratio[first]), one), "%", which)
    )
    del last
    return found


def _middle_voltage(half: Half | None, voltage: Floats, running: Floats) -> tuple[float, float]:
    """Return the voltage at half of the capacity of a half cycle, and its noise."""
    if half is None:
        return float("nan"), float("nan")
    rows = np.concatenate([np.arange(part.first, part.last + 1) for part in half.parts])
    q, v = running[rows], voltage[rows]
    if q.size < 5 or q[-1] <= 0:
        return float("nan"), float("nan")
    near = np.abs(q / q[-1] - 0.5) < 0.05
    if near.sum() >= 5:
        x = q[near] / q[-1] - 0.5
        line = np.polyfit(x, v[near], 1)
        rest = v[near] - np.polyval(line, x)
        return float(line[1]), float(np.std(rest, ddof=2) / np.sqrt(near.sum()))
    return float(np.interp(0.5 * q[-1], q, v)), noise(v)


def _polarization_rows(
    rows: Rows, cycles: Cycles, names: Sequence[str], voltage: Floats, running: Floats
) -> list[Row]:
    method = f"charge minus discharge voltage, each at 50 % of its own capacity; {ACCURACY} in each voltage"
    found = []
    for name in dict.fromkeys(each for each in names if each):
        stretch = block(cycles, names, names.index(name))[:20]
        pairs = [
            (
                _middle_voltage(cycles.charge_half[k], voltage, running),
                _middle_voltage(cycles.discharge_half[k], voltage, running),
            )
            for k in stretch
        ]
        gaps = np.array([(up[0] - down[0]) * 1e3 for up, down in pairs])
        within = np.array([np.hypot(up[1], down[1]) * 1e3 for up, down in pairs])
        good = np.isfinite(gaps)
        if not good.any():
            continue
        gaps, within = gaps[good], within[good]
        spread = float(np.std(gaps, ddof=1)) if gaps.size > 1 else 0.0
        # an offset of the voltmeter cancels in the difference, its linearity does not
        stddev = float(np.sqrt((spread**2 + within.mean() ** 2) / gaps.size + (VOLTAGE_STDDEV * 1e3) ** 2))
        note = f"mean of {gaps.size} cycles from cycle {cycles.number[stretch[0]]}"
        found.append(
            rows.measured(
                "plateau_polarization", name, from_stddev(float(gaps.mean()), stddev), "mV", method, note
            )
        )
    return found
