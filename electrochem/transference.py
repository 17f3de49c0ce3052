"""Lithium transference number after Bruce and Vincent.

t+ = Is (ΔV − I0 R0) / (I0 (ΔV − Is Rs)); Evans, Vincent, Bruce, Polymer 28 (1987) 2324. R0 and Rs are the
interfacial resistances before and after; I0 is extrapolated through the capacitive spike to the step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gamma

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.intervals import Interval
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import spectra as sweeps
from interlayer.electrochem.common import (
    Floats,
    Given,
    Outcome,
    clock,
    column,
    decimate,
    noise,
    table_like,
    texts,
    time_rows,
)
from interlayer.electrochem.model.fit import Fit
from interlayer.electrochem.model.report import report
from interlayer.electrochem.model.starts import arcs

_DRAWS = 20000
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
#: gain error that current and impedance share in one instrument cancels; this much may not (one stddev)
_GAIN_STDDEV = 0.001 / np.sqrt(3.0)


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


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Compute t+ from the polarisation and the spectra before and after (in the order given)."""
    outcome = Outcome()
    spectra = [raw for raw in raws if "frequency" in raw and "z_re" in raw]
    transients = [raw for raw in raws if "frequency" not in raw]
    if len(transients) != 1:
        raise AnalysisError(
            "one polarisation is needed", found=f"{len(transients)} files with a current transient"
        )
    before, after = _interfaces(spectra, given, outcome)
    polarisation = _polarise(transients[0], given, before, outcome)
    rows = Rows("electrochem", origin(raws))
    if before is None or after is None:
        outcome.rows.append(
            rows.absent(
                "not determined",
                "transference_number",
                "Li+",
                "1",
                "Bruce-Vincent",
                "needs the impedance before and after the polarisation; Is/I0 alone, "
                f"{polarisation.steady / polarisation.initial:.4f}, ignores the interfaces",
            )
        )
    else:
        row, draws = _row(rows, polarisation, before, after)
        outcome.rows.append(row)
        outcome.nodes["values"] = _values(polarisation, before, after, draws)
        for name, (fitted, place) in (("before", before), ("after", after)):
            outcome.nodes[name] = _spectrum(fitted, place)
    outcome.nodes["trace"] = _trace(polarisation)
    outcome.nodes["extrapolation"] = table_like(
        "point",
        {
            "time": (polarisation.fit_time, "s", "time after the step"),
            "current": (polarisation.fit_current, "A", "fit that gives the initial current"),
        },
    )
    outcome.steps += [
        f"I0: current from {polarisation.first_used:.3g} s after "
        "the step (the capacitive spike is over there by the "
        "time constant of the impedance), extrapolated in the "
        "root of time to the step. Is: mean of the last tenth.",
        "Interfacial resistances: all arcs of the circuit, "
        "fitted before and after; intervals by 20,000 draws of "
        "currents, voltage and both fits' covariances.",
    ]
    return outcome


def _interfaces(
    spectra: Sequence[xr.Dataset], given: Given, outcome: Outcome
) -> tuple[tuple[Fit, int] | None, tuple[Fit, int] | None]:
    """Fit the last sweep before and the first sweep after the polarisation."""
    if not spectra:
        return None, None
    loaded = [sweeps.load([raw], outcome.warnings) for raw in spectra]
    pair = [loaded[0][-1], loaded[-1][0]] if len(loaded) > 1 else [loaded[0][0], loaded[0][-1]]
    if len(loaded) == 1 and len(loaded[0]) == 1:
        outcome.warnings.append(
            "Only one spectrum is given: the impedance after the polarisation is missing."
        )
        return None, None
    choice = sweeps.choose(pair, given.text("circuit"))
    chosen = choice.circuit
    outcome.steps.append(choice.note)
    if not arcs(chosen):
        raise AnalysisError(
            f"circuit {chosen.text} has no arc that could be the interface", expected="p(R1,CPE1)"
        )
    fits = [
        sweeps.fit_all(chosen, [sweeps.Spectrum(*sweeps.usable(each, chosen), each.time, each.number)])[0]
        for each in pair
    ]
    return fits[0], fits[1]


def _interfacial(fitted: Fit, row: int) -> Floats:
    """Return the sum of the arcs' resistances: the value and draws of it from the covariance."""
    places = [place for place, _, _ in arcs(fitted.circuit)]
    factor = sweeps.autocorrelation_factor(fitted, row)
    covariance = fitted.covariance[row][np.ix_(places, places)] * factor**2
    rng = np.random.default_rng(row + 17)
    scaled = rng.standard_t(fitted.dof, (_DRAWS, 1)) if len(places) == 1 else None
    if scaled is not None:
        logs = fitted.x[row, places] + scaled * np.sqrt(max(covariance[0, 0], 0.0))
    else:
        logs = rng.multivariate_normal(fitted.x[row, places], covariance, _DRAWS, method="eigh")
    drawn = np.exp(logs).sum(axis=1)
    return np.concatenate([[np.exp(fitted.x[row, places]).sum()], drawn])


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


def _polarise(
    raw: xr.Dataset, given: Given, before: tuple[Fit, int] | None, outcome: Outcome
) -> Polarisation:
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


def _transference(i0: Floats, i_s: Floats, v: Floats, r0: Floats, r_s: Floats) -> Floats:
    return np.asarray(i_s * (v - i0 * r0) / (i0 * (v - i_s * r_s)))


def _row(rows: Rows, p: Polarisation, before: tuple[Fit, int], after: tuple[Fit, int]) -> tuple[Row, Floats]:
    rng = np.random.default_rng(7)

    def draw(value: float, stddev: float) -> Floats:
        return np.concatenate([[value], value + stddev * rng.standard_normal(_DRAWS)])

    gain = draw(1.0, _GAIN_STDDEV)
    t = _transference(
        draw(p.initial, p.initial_stddev),
        draw(p.steady, p.steady_stddev),
        p.voltage * gain,
        _interfacial(*before),
        _interfacial(*after),
    )
    value = float(t[0])
    low, high = (float(end) for end in np.quantile(t[1:], [0.025, 0.975]))
    method = (
        f"Bruce-Vincent at {p.voltage * 1e3:.3g} mV, I0 extrapolated "
        f"to the step, interfaces from {before[0].circuit.text}"
    )
    uncorrected = f"Is/I0 without the interfaces: {p.steady / p.initial:.4f}"
    if not 0 < value < 1:
        note = (
            f"the inputs give {value:.3f}, which cannot be: check "
            f"which resistance is interfacial; {uncorrected}"
        )
        return rows.absent("not determined", "transference_number", "Li+", "1", method, note), t
    if not p.steady_state:
        note = (
            f"no steady state (drift {100 * p.drift:.1f} % over "
            f"the last fifth); value {value:.3f}; {uncorrected}"
        )
        return rows.limit("upper", "transference_number", "Li+", float(high), "1", method, note), t
    if p.late:
        note = f"I0 was read late (see the warning), so t+ is lower than {value:.3f}; {uncorrected}"
        return rows.limit("upper", "transference_number", "Li+", float(high), "1", method, note), t
    interval = Interval(value, float(np.std(t[1:])), min(float(low), value), max(float(high), value))
    return rows.measured("transference_number", "Li+", interval, "1", method, uncorrected), t


def _values(p: Polarisation, before: tuple[Fit, int], after: tuple[Fit, int], draws: Floats) -> xr.Dataset:
    r0, r_s = _interfacial(*before), _interfacial(*after)
    names = [
        "applied voltage",
        "initial current",
        "steady current",
        "R0",
        "Rs",
        "t+",
        "Is/I0 (no interfaces)",
    ]
    values = [p.voltage, p.initial, p.steady, r0[0], r_s[0], draws[0], p.steady / p.initial]
    ratio = p.steady / p.initial * np.hypot(p.initial_stddev / p.initial, p.steady_stddev / p.steady)
    spread = [
        p.voltage * _GAIN_STDDEV,
        p.initial_stddev,
        p.steady_stddev,
        r0[1:].std(),
        r_s[1:].std(),
        draws[1:].std(),
        ratio,
    ]
    return table_like(
        "value",
        {
            "name": (texts(names), "1", "input or result"),
            "value": (np.array(values), "1", "value, in the unit beside it"),
            "stddev": (np.array(spread), "1", "standard deviation"),
            "unit": (texts(["V", "A", "A", "ohm", "ohm", "1", "1"]), "1", "unit"),
        },
        role="table",
    )


def _spectrum(fitted: Fit, row: int) -> xr.Dataset:
    z, model = fitted.z[row], fitted.model()[row]
    found = table_like(
        "point",
        {
            "frequency": (fitted.frequency, "Hz", "frequency"),
            "z_re": (z.real, "ohm", "real part"),
            "z_im": (z.imag, "ohm", "imaginary part"),
            "fit_re": (model.real, "ohm", "real part of the fit"),
            "fit_im": (model.imag, "ohm", "imaginary part of the fit"),
        },
    )
    found.attrs |= {"circuit": fitted.circuit.text, "report": report(fitted, row)}
    return found


def _trace(p: Polarisation) -> xr.Dataset:
    keep = decimate(np.log(np.maximum(p.time, 1e-6)), p.current)
    found = table_like(
        "point",
        {"time": (p.time[keep], "s", "time after the step"), "current": (p.current[keep], "A", "current")},
    )
    found.attrs |= {"initial": p.initial, "steady": p.steady, "first_used": p.first_used}
    return found
