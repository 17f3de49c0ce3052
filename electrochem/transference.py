"""Lithium transference number after Bruce and Vincent.

t+ = Is (ΔV − I0 R0) / (I0 (ΔV − Is Rs)); Evans, Vincent, Bruce, Polymer 28 (1987) 2324. R0 and Rs are the
interfacial resistances before and after; I0 is extrapolated through the capacitive spike to the step.
"""

from collections.abc import Sequence

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
    decimate,
    table_like,
    texts,
)
from interlayer.electrochem.model.fit import Fit
from interlayer.electrochem.model.report import report
from interlayer.electrochem.model.starts import arcs
from interlayer.electrochem.polarisation import Polarisation, polarise

_DRAWS = 20000
#: gain error that current and impedance share in one instrument cancels; this much may not (one stddev)
_GAIN_STDDEV = 0.001 / np.sqrt(3.0)


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
    polarisation = polarise(transients[0], given, before, outcome)
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


def _interfacial(fitted: Fit, row: int, seed: int) -> Floats:
    """Return the sum of the arcs' resistances: the value and draws of it from the covariance."""
    places = [place for place, _, _ in arcs(fitted.circuit)]
    factor = sweeps.autocorrelation_factor(fitted, row)
    covariance = fitted.covariance[row][np.ix_(places, places)] * factor**2
    rng = np.random.default_rng(seed)  # another one for each spectrum: their errors are independent
    scaled = rng.standard_t(fitted.dof, (_DRAWS, 1)) if len(places) == 1 else None
    if scaled is not None:
        logs = fitted.x[row, places] + scaled * np.sqrt(max(covariance[0, 0], 0.0))
    else:
        logs = rng.multivariate_normal(fitted.x[row, places], covariance, _DRAWS, method="eigh")
    drawn = np.exp(logs).sum(axis=1)
    return np.concatenate([[np.exp(fitted.x[row, places]).sum()], drawn])


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
        _interfacial(*before, seed=17),
        _interfacial(*after, seed=18),
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
    r0, r_s = _interfacial(*before, seed=17), _interfacial(*after, seed=18)
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
