"""The current transient of a polarisation: the step, I0 through the capacitive spike, Is, the drift."""

from dataclasses import dataclass
from math import gamma

import numpy as np
import xarray as xr

from interlayer.electrochem.common import (
    Floats,
    Given,
    Outcome,
    clock,
    column,
    noise,
    time_rows,
)
from interlayer.electrochem.model.fit import Fit
from interlayer.electrochem.model.starts import arcs

#: share of I0 below which the rest of the capacitive spike must be before the current is used
_SPIKE_REST = 2e-4
#: a drift of the current over the last fifth above this share of Is means: no steady state
_STEADY = 0.003
#: I0 this much below ΔV over the impedance's resistances is told, and beyond the second makes t+ a limit:
#: it was read late, or the impedance is another
_LATE = 0.025
_TOO_LATE = 0.06
#: a first row later than this after the step, in s, does not give I0
_FIRST_ROW = 5.0
#: linear response (the derivation is for ΔV << kT/e ≈ 26 mV at 25 °C)
_SMALL_VOLTAGE = 0.0257


@dataclass(frozen=True, slots=True)
class Polarisation:
    """What the current transient gives.

    Parameters
    ----------
    initial, steady
        I0 and Is in A, with standard deviations.
    first_used
        Time after the step, in s, from which the current was used for I0.
    drift
        Change of the current over the last fifth, relative to Is.
    """

    voltage: float
    initial: float
    initial_stddev: float
    steady: float
    steady_stddev: float
    first_used: float
    drift: float
    steady_state: bool
    late: bool
    time: Floats
    current: Floats
    fit_time: Floats
    fit_current: Floats


def _spike(before: tuple[Fit, int] | None) -> float:
    """Return the time in s after which the capacitive spike is below `_SPIKE_REST` of I0.

    The step response of R0 + (R1 ∥ CPE): for n = 1 an exponential of τ = R0 R1 C / (R0 + R1); for n < 1 its
    tail is A (t/τ)^−n / Γ(1 − n) (Mittag-Leffler function).
    """
    if before is None:
        return 0.0
    fitted, row = before
    values = fitted.values[row]
    inside = {index for place in arcs(fitted.circuit) for index in place}
    series = sum(
        values[leaf.first]
        for leaf in fitted.circuit.elements()
        if leaf.kind == "R" and leaf.first not in inside
    )
    longest = 0.0
    for r, q, n_place in arcs(fitted.circuit):
        n = values[n_place] if n_place >= 0 else 1.0
        tau = float((values[q] * values[r] * series / max(values[r] + series, 1e-12)) ** (1.0 / n))
        share = values[r] / max(series, 1e-12)
        exponential = tau * np.log(max(share / _SPIKE_REST, 2.0))
        tail = tau * (share / (_SPIKE_REST * gamma(1.0 - n))) ** (1.0 / n) if n < 0.995 else 0.0
        longest = max(longest, exponential, tail)
    return longest


def polarise(raw: xr.Dataset, given: Given, before: tuple[Fit, int] | None, outcome: Outcome) -> Polarisation:
    """Return what the current transient gives; ``before`` is the fit of the impedance before it."""
    raw = time_rows(raw)
    voltage, current = column(raw, "voltage", "transference"), column(raw, "current", "transference")
    time = clock(raw, outcome.warnings)
    step, zero = _step(raw, time, voltage)
    t, i, v = time[step:] - zero, current[step:], voltage[step:]
    offset = float(np.median(current[:step])) if step > 4 else 0.0
    rest = float(np.median(voltage[:step])) if step > 4 else 0.0
    applied = _applied(v, rest, given, outcome)
    sign = np.sign(np.median(i[-max(i.size // 10, 3) :])) or 1.0
    i = (i - offset) * sign
    tail = t >= t[-1] - 0.1 * (t[-1] - t[0])
    steady = float(np.mean(i[tail]))
    sigma = max(noise(i[tail]), 1e-15)
    drift, drift_error = _drift(t, i)
    steady_state = abs(drift) < _STEADY * steady or abs(drift) < 4 * drift_error
    first = max(_spike(before), t[t > 0][0] if (t > 0).any() else 0.0)
    if before is None:
        first = 3.0 * _local_spike(t, i)
    initial, initial_stddev, fit_t, fit_i = _extrapolate(t, i, first, steady)
    expected = _expected(applied, before)
    late = initial < (1 - _TOO_LATE) * expected
    if initial + 2 * initial_stddev < (1 - _LATE) * expected:
        outcome.warnings.append(
            f"I0 may be too low: it is {100 * (1 - initial / expected):.0f} "
            "% below what the applied voltage drives "
            f"through the impedance before ({expected * 1e6:.3g} µA). Was the first current read late?"
        )
    if t[0] > _FIRST_ROW:
        late = True
        outcome.warnings.append(
            f"The current is recorded from {t[0]:.0f} s after the step only: I0 may be too low."
        )
    if not steady_state:
        outcome.warnings.append(
            "No steady state: the current changes by "
            f"{100 * drift / steady:.1f} % over the last fifth of the time; "
            "t+ is an upper limit."
        )
    if abs(applied) > _SMALL_VOLTAGE:
        outcome.warnings.append(
            f"The polarisation of {applied * 1e3:.0f} mV is not small against kT/e (26 mV)."
        )
    return Polarisation(
        abs(applied),
        initial,
        initial_stddev,
        steady,
        float(np.hypot(sigma / np.sqrt(tail.sum()), 0.5 * abs(drift) / 2)),
        float(first),
        float(drift / steady),
        steady_state,
        late,
        t,
        i,
        fit_t,
        fit_i,
    )


def _expected(applied: float, before: tuple[Fit, int] | None) -> float:
    """Return what the voltage drives through all resistances of the impedance before (0: unknown)."""
    if before is None:
        return 0.0
    fitted, row = before
    total = sum(
        float(fitted.values[row, leaf.first]) for leaf in fitted.circuit.elements() if leaf.kind == "R"
    )
    return abs(applied) / total if total > 0 else 0.0


def _step(raw: xr.Dataset, time: Floats, voltage: Floats) -> tuple[int, float]:
    """Return the first row after the voltage step, and the time of the step."""
    jump = np.abs(np.diff(voltage))
    size = abs(float(np.median(voltage[-max(voltage.size // 2, 1) :])))
    before = np.flatnonzero(jump[: max(voltage.size // 2, 1)] > 0.5 * size)
    if before.size == 0:
        return 0, float(time[0])
    row = int(before[0]) + 1
    # the step lies between two rows; a logger that was restarted by it makes its first row at once
    after = float(time[row + 1] - time[row]) if row + 1 < time.size else np.inf
    usual = float(time[row - 1] - time[row - 2]) if row > 1 else 0.0
    zero = float(time[row - 1])
    if time[row] - time[row - 1] <= 3 * usual:
        zero = max(zero, float(time[row]) - after)
    if "step_time" in raw:
        begun = float(time[row] - raw["step_time"].values[row])
        if time[row - 1] - 1e-6 <= begun <= time[row]:
            zero = begun
    return row, zero


def _applied(v: Floats, rest: float, given: Given, outcome: Outcome) -> float:
    measured = float(np.median(v)) - rest
    stated = given.number("applied_voltage")
    if not np.isfinite(stated):
        return measured
    if abs(abs(measured) / stated - 1) > 0.03:
        outcome.warnings.append(
            f"The applied voltage is given as {stated * 1e3:.2f} mV, "
            f"the data show {measured * 1e3:.2f} mV: the given is used."
        )
    return stated


def _drift(t: Floats, i: Floats) -> tuple[float, float]:
    """Return the change over the last fifth of the time, and its standard deviation."""
    last = t >= t[-1] - 0.2 * (t[-1] - t[0])
    if last.sum() < 6:
        return 0.0, float("inf")
    x = (t[last] - t[last].mean()) / max(float(np.ptp(t[last])), 1e-12)
    slope = float(np.sum(x * i[last]) / np.sum(x * x))
    rest = i[last] - i[last].mean() - slope * x
    return slope, float(np.sqrt(np.sum(rest**2) / max(last.sum() - 2, 1) / np.sum(x * x)))


def _local_spike(t: Floats, i: Floats) -> float:
    """Return a time after which the first fast decay is over, from the current alone."""
    later = t > 0
    log_t, values = np.log(t[later]), i[later]
    slope = np.abs(np.gradient(values, log_t, edge_order=1)) if log_t.size > 4 else np.zeros(log_t.size)
    early = t[later] < 0.01 * t[-1]
    if early.sum() < 5:
        return float(t[later][0])
    return float(t[later][early][int(np.argmin(slope[early]))])


def _extrapolate(t: Floats, i: Floats, first: float, steady: float) -> tuple[float, float, Floats, Floats]:
    """Return I0 at t = 0, its standard deviation and the fitted curve.

    A polynomial in √t (diffusion goes like √t at first, other relaxations like t) over the time in which the
    current loses the first half of what it will lose; the degree rises until the residuals are noise.
    """
    usable = np.flatnonzero(t >= first)
    if usable.size < 8:
        usable = np.arange(max(t.size - 8, 0), t.size)
    start = float(np.median(i[usable[: max(3, min(10, usable.size // 20))]]))
    level = steady + 0.5 * (start - steady)
    below = np.flatnonzero(i[usable] < level)
    stop = usable[below[0]] if below.size and below[0] > 8 else usable[-1]
    rows = usable[(usable <= stop)]
    if rows.size < 8:
        rows = usable[:8]
    sigma = max(noise(i[rows]), 1e-4 * abs(start) / 10)
    root = np.sqrt(t[rows] / max(t[rows[-1]], 1e-12))
    # equal weight per stretch of √t, however densely it was logged
    previous: tuple[float, float] | None = None
    value, stddev, solution = start, 0.0, np.array([start])
    for degree in range(1, 6):
        design = np.vander(root, degree + 1, increasing=True)
        solution, *_ = np.linalg.lstsq(design, i[rows], rcond=None)
        rest = i[rows] - design @ solution
        variance = float(rest @ rest) / max(rows.size - degree - 1, 1)
        covariance = np.linalg.pinv(design.T @ design) * max(variance, sigma**2)
        value, stddev = float(solution[0]), float(np.sqrt(covariance[0, 0]))
        if variance < 1.1 * sigma**2 or rows.size < 3 * (degree + 2):
            break
        previous = (value, stddev)
    change = 0.0 if previous is None else abs(value - previous[0]) / 8
    change = float(np.hypot(change, _SPIKE_REST * value))
    x = np.linspace(0.0, 1.0, 200)
    curve = np.asarray(np.polynomial.polynomial.polyval(x, solution), dtype=np.float64)
    return value, float(np.hypot(stddev, change)), x**2 * t[rows[-1]], curve
