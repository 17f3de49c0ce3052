"""Cycling of full and half cells: capacity, efficiency, retention, fade, rate capability, polarisation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import stats

from interlayer.core.errors import AnalysisError
from interlayer.core.intervals import Interval, from_stddev
from interlayer.core.summary import Row, Rows, origin
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
    table_like,
    texts,
)
from interlayer.electrochem.halves import Half

_SHOWN = 6
_CURVE_POINTS = 300
#: a last half cycle that passes less than this share of the one before was not finished
_UNFINISHED = 0.5


@dataclass(slots=True)
class Cycles:
    """Per cycle: capacities in Ah, energies in Wh, C-rates or currents; NaN for a half that is missing.

    A cycle of a full cell is a charge and the discharge after it; of a half cell a discharge and the charge
    after it. A first half of the other direction is cycle 0.
    """

    number: np.ndarray[tuple[int], np.dtype[np.int64]]
    charge: Floats
    discharge: Floats
    energy_charge: Floats
    energy_discharge: Floats
    charge_current: Floats
    discharge_current: Floats
    charge_half: list[Half | None]
    discharge_half: list[Half | None]


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Find capacities, efficiencies, retention, rates and plateau polarisation."""
    outcome = Outcome()
    raw = joined(raws, outcome.warnings)
    if "current" not in raw:
        column(raw, "current", "cycling")
    time = clock(raw, outcome.warnings)
    found, running = half_cycles.find(raw, time, outcome.warnings)
    half_cell = given.text("cell", "full") == "half"
    cycles = _cycles(found, half_cell=half_cell)
    _drop_unfinished(cycles, outcome)
    mass = given.size("mass") * 1e-3
    rows = Rows("electrochem", origin(raws))
    rates, names = _rates(cycles, given.number("nominal_capacity"), mass)
    last, reference = _reference(cycles, rates, given)
    outcome.rows += _capacity_rows(rows, cycles, names, last, mass, given)
    outcome.rows += _retention_rows(rows, cycles, last, reference)
    outcome.rows += _efficiency_rows(rows, cycles, last, half_cell=half_cell)
    voltage = np.asarray(raw["voltage"].values, dtype=np.float64)
    outcome.rows += _polarization_rows(rows, cycles, names, voltage, running)
    outcome.nodes["cycles"] = _table(cycles, rates, names, mass, reference, half_cell=half_cell)
    outcome.nodes["curves"] = _curves(cycles, voltage, running, mass)
    outcome.nodes["cycles"].attrs |= {"reference_cycle": int(reference), "specific": int(np.isfinite(mass))}
    if not np.isfinite(mass):
        outcome.warnings.append("No active mass is given: capacities are in mAh, and no mAh/g is stated.")
    order = "a discharge and the charge after it" if half_cell else "a charge and the discharge after it"
    outcome.steps += [
        f"{len(found)} half cycles were found from the current; "
        f"a cycle is {order}. Capacities are those of the "
        "instrument where they agree with the integral of the "
        "current, whether they restart per step, per cycle or run on.",
        "Rates are the constant current over nominal capacity "
        "times mass (1C = nominal capacity in one hour).",
    ]
    return outcome


def _cycles(found: Sequence[Half], *, half_cell: bool) -> Cycles:
    lead = -1 if half_cell else 1
    pairs: list[list[Half | None]] = []
    for half in found:
        if half.sign == lead:
            pairs.append([half, None])
        elif pairs and pairs[-1][1] is None:
            pairs[-1][1] = half
        else:
            pairs.append([None, half])
    first = 0 if pairs and pairs[0][0] is None else 1
    leads, follows = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    charges, discharges = (follows, leads) if half_cell else (leads, follows)

    def of(halves: Sequence[Half | None], name: str) -> Floats:
        return np.array(
            [np.nan if half is None else getattr(half, name) for half in halves], dtype=np.float64
        )

    return Cycles(
        np.arange(first, first + len(pairs)),
        of(charges, "capacity"),
        of(discharges, "capacity"),
        of(charges, "energy"),
        of(discharges, "energy"),
        of(charges, "current"),
        of(discharges, "current"),
        charges,
        discharges,
    )


def _drop_unfinished(cycles: Cycles, outcome: Outcome) -> None:
    """Mark a last discharge that was cut short by the end of the data as missing."""
    known = np.flatnonzero(np.isfinite(cycles.discharge))
    if known.size == 0:
        raise AnalysisError("no discharge was found", expected="charge and discharge steps (charge positive)")
    if known.size < 3:
        return
    last, before = known[-1], known[-2]
    same = abs(cycles.discharge_current[last] / cycles.discharge_current[before] - 1) < 0.2
    if (
        same
        and cycles.discharge[last] < _UNFINISHED * cycles.discharge[before]
        and last == cycles.number.size - 1
    ):
        outcome.warnings.append(
            f"The last discharge (cycle {cycles.number[last]}) was not finished and is left out."
        )
        cycles.discharge[last] = np.nan
        cycles.energy_discharge[last] = np.nan


def rate_name(rate: float) -> str:
    """Return the name of a C-rate.

    Examples
    --------
    >>> rate_name(0.1003), rate_name(0.3333), rate_name(1.02), rate_name(0.5)
    ('0.1C', '0.33C', '1C', '0.5C')
    """
    for digits in (1, 2):
        text = float(f"{rate:.{digits}g}")
        if abs(text / rate - 1) < 0.04:
            return f"{text:g}C"
    return f"{float(f'{rate:.2g}'):g}C"


def _rates(cycles: Cycles, nominal: float, mass: float) -> tuple[Floats, list[str]]:
    """Return the discharge rate of each cycle in 1/h (NaN when 1C is not known) and its name."""
    one_c = nominal * mass * 1e-3
    if not np.isfinite(one_c):
        return np.full(cycles.number.size, np.nan), [""] * cycles.number.size
    rates = cycles.discharge_current / one_c
    return rates, [rate_name(rate) if np.isfinite(rate) and rate > 0 else "" for rate in rates]


def _reference(cycles: Cycles, rates: Floats, given: Given) -> tuple[int, int]:
    """Return the places of the last cycle and of the cycle that retention refers to."""
    del rates
    known = np.flatnonzero(np.isfinite(cycles.discharge))
    last = int(known[-1])
    wanted = given.number("reference_cycle")
    if np.isfinite(wanted):
        match = np.flatnonzero((cycles.number == int(wanted)) & np.isfinite(cycles.discharge))
        if match.size == 0:
            raise AnalysisError(
                "the reference cycle is not in the data",
                expected=f"a cycle from {cycles.number[known[0]]} to {cycles.number[last]}",
                found=int(wanted),
            )
        return last, int(match[0])
    current = cycles.discharge_current
    same = known[np.abs(current[known] / current[last] - 1) < 0.1]
    full = same[cycles.number[same] > 0]
    return last, int((full if full.size else same)[0])


def _scatter(values: Floats, place: int, width: int = 15) -> float:
    """Return the cycle-to-cycle scatter around one cycle, trends removed."""
    near = values[max(place - width, 0) : place + width + 1]
    near = near[np.isfinite(near)]
    return noise(near) if near.size >= 5 else 0.0


def _block(cycles: Cycles, names: Sequence[str], place: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the stretch of cycles around one that has its rate."""
    first = last = place
    while first > 0 and names[first - 1] == names[place]:
        first -= 1
    while last + 1 < len(names) and names[last + 1] == names[place]:
        last += 1
    block = np.arange(first, last + 1)
    block = block[np.isfinite(cycles.discharge[block])]
    whole = block[
        cycles.number[block] > 0
    ]  # a half cycle before the first whole one counts where it is alone
    return whole if whole.size else block


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
        block = _block(cycles, names, names.index(name))
        if block.size == 0:
            continue
        values = cycles.discharge[block]
        # the mean over the first stretch at this rate; a settling cell widens it by its trend
        stddev = (
            float(np.std(values, ddof=1) / np.sqrt(values.size))
            if values.size > 1
            else _scatter(cycles.discharge, block[0])
        )
        if block.size <= 50:
            note = (
                f"mean of cycles {cycles.number[block[0]]} to "
                f"{cycles.number[block[-1]]}, first stretch at this rate"
            )
            value = float(values.mean())
        else:
            note = f"mean of the first five cycles at this rate, from cycle {cycles.number[block[0]]}"
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
    ratio = _efficiency(cycles, half_cell=half_cell)
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


def _efficiency(cycles: Cycles, *, half_cell: bool) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = cycles.charge / cycles.discharge if half_cell else cycles.discharge / cycles.charge
    return 100 * ratio


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
        block = _block(cycles, names, names.index(name))[:20]
        pairs = [
            (
                _middle_voltage(cycles.charge_half[k], voltage, running),
                _middle_voltage(cycles.discharge_half[k], voltage, running),
            )
            for k in block
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
        note = f"mean of {gaps.size} cycles from cycle {cycles.number[block[0]]}"
        found.append(
            rows.measured(
                "plateau_polarization", name, from_stddev(float(gaps.mean()), stddev), "mV", method, note
            )
        )
    return found


def _table(
    cycles: Cycles, rates: Floats, names: Sequence[str], mass: float, reference: int, *, half_cell: bool
) -> xr.Dataset:
    scale, unit = (1e3 / mass, "mAh/g") if np.isfinite(mass) else (1e3, "mAh")
    with np.errstate(divide="ignore", invalid="ignore"):
        energy = 100 * cycles.energy_discharge / cycles.energy_charge
        energy = 1e4 / energy if half_cell else energy
    return table_like(
        "cycle",
        {
            "number": (cycles.number, "1", "cycle"),
            "charge_capacity": (cycles.charge * scale, unit, "charge capacity"),
            "discharge_capacity": (cycles.discharge * scale, unit, "discharge capacity"),
            "coulombic_efficiency": (_efficiency(cycles, half_cell=half_cell), "%", "coulombic efficiency"),
            "energy_efficiency": (energy, "%", "energy efficiency"),
            "retention": (
                100 * cycles.discharge / cycles.discharge[reference],
                "%",
                "of the reference cycle",
            ),
            "discharge_current": (cycles.discharge_current * 1e3, "mA", "discharge current"),
            "rate": (rates, "1", "discharge current over 1C"),
            "rate_name": (texts(list(names)), "1", "C-rate"),
        },
        role="table",
    )


def _curves(cycles: Cycles, voltage: Floats, running: Floats, mass: float) -> xr.Dataset:
    """Return charge and discharge curves of a few cycles: first of each rate, or spread over the life."""
    known = np.flatnonzero(np.isfinite(cycles.discharge) & np.isfinite(cycles.charge))
    if known.size == 0:
        known = np.flatnonzero(np.isfinite(cycles.discharge))
    current = np.round(np.log(np.maximum(cycles.discharge_current[known], 1e-15)), 1)
    firsts = known[np.sort(np.unique(current, return_index=True)[1])]
    spread = known[np.unique(np.linspace(0, known.size - 1, _SHOWN).astype(np.intp))]
    chosen = firsts if firsts.size > 2 else np.unique(np.concatenate([firsts, spread]))
    scale, unit = (1e3 / mass, "mAh/g") if np.isfinite(mass) else (1e3, "mAh")
    parts: list[tuple[int, int, Floats, Floats]] = []
    for k in chosen[:8]:
        for half in (cycles.charge_half[k], cycles.discharge_half[k]):
            if half is None:
                continue
            rows = np.concatenate([np.arange(part.first, part.last + 1) for part in half.parts])
            keep = rows[np.unique(np.linspace(0, rows.size - 1, _CURVE_POINTS).astype(np.intp))]
            parts.append((int(cycles.number[k]), half.sign, running[keep] * scale, voltage[keep]))
    return table_like(
        "point",
        {
            "capacity": (np.concatenate([p[2] for p in parts]), unit, "capacity of the half cycle"),
            "voltage": (np.concatenate([p[3] for p in parts]), "V", "voltage"),
            "cycle": (np.concatenate([np.full(p[2].size, p[0]) for p in parts]), "1", "cycle"),
            "direction": (
                np.concatenate([np.full(p[2].size, p[1]) for p in parts]),
                "1",
                "1 charge, -1 discharge",
            ),
        },
    )
