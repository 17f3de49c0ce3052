"""Figures of cyclic voltammetry, GITT and the Bruce–Vincent experiment."""

import numpy as np
import xarray as xr

from interlayer.core.figure import Figure, Line, Mark, Panel, Points, Rule
from interlayer.electrochem.plots.common import columns, number


def cv(result: xr.DataTree) -> list[Figure]:
    """Return the voltammograms of all cycles, one over the other."""
    voltage, current, cycle = columns(result, "trace", "voltage", "current", "cycle")
    scale, name = _current_scale(current)
    marks: list[Mark] = []
    numbers = np.unique(cycle[cycle > 0]).astype(int)
    for place, number_ in enumerate(numbers):
        rows = cycle == number_
        label = f"cycle {number_}" if numbers.size <= 6 or place in (0, numbers.size - 1) else ""
        marks.append(Line(voltage[rows], current[rows] * scale, label, place))
    peak_v, peak_i, onset = columns(
        result, "cycles", "anodic_peak_potential", "anodic_peak_current", "cathodic_overpotential"
    )
    good = np.isfinite(peak_v)
    if good.any():
        marks.append(Points(peak_v[good], peak_i[good] * scale, "anodic peaks", "warning", 4.0))
    if np.isfinite(onset).any():
        last = float(onset[np.isfinite(onset)][-1])
        marks.append(Rule(-last, "x", f"plating sets in at −{last:.3f} V"))
    found = [
        Figure(
            "cv",
            "Cyclic voltammogram",
            "Current against potential, all cycles; the anodic peaks and the onset of plating are marked.",
            [Panel("potential / V", f"current / {name}", marks)],
        )
    ]
    if "scan_rates" in result:
        rate, peak, fit = columns(result, "scan_rates", "scan_rate", "anodic_peak_current", "fit")
        panel = Panel(
            "√(scan rate) / (mV/s)^½",
            f"anodic peak current / {name}",
            [Points(np.sqrt(rate), peak * scale, "peaks"), Line(np.sqrt(rate), fit * scale, "line", "fit")],
        )
        found.append(
            Figure("cv-scan-rates", "Peak current against scan rate", "Peaks and a straight line.", [panel])
        )
    return found


def _current_scale(current: np.ndarray) -> tuple[float, str]:
    largest = float(np.nanmax(np.abs(current), initial=0.0))
    return (1e6, "µA") if largest < 1e-3 else (1e3, "mA")


def gitt(result: xr.DataTree) -> list[Figure]:
    """Return the titration trace, and D against the charge passed."""
    time, voltage = columns(result, "trace", "time", "voltage")
    node = "pulses" if "pulses" in result else "interruptions"
    names = ("rest_end", "equilibrium_voltage") if node == "pulses" else ("begin", "pseudo_ocv")
    begin, rest = columns(result, node, *names)
    said = "voltage at the end of the rest after each pulse"
    if node == "interruptions":
        said = "voltage without the ohmic jump at each interruption"
    found = [
        Figure(
            "gitt",
            "Galvanostatic intermittent titration",
            f"Voltage against time; points: {said}.",
            [
                Panel(
                    "time / h",
                    "voltage / V",
                    [
                        Line(time, voltage, "", "data", 0.7),
                        Points(begin, rest, "equilibrium" if node == "pulses" else "pseudo-OCV", "accent"),
                    ],
                )
            ],
        )
    ]
    if "diffusion_coefficient" in result[node]:
        state, d, low, high, valid = columns(
            result,
            node,
            "state",
            "diffusion_coefficient",
            "diffusion_coefficient_low",
            "diffusion_coefficient_high",
            "validity",
        )
        good = np.isfinite(d) & (high / np.maximum(low, 1e-300) < 1e4)
        beyond = good & (valid > (0.3 if node == "pulses" else 0.05))
        inside = good & ~beyond
        marks: list[Mark] = []
        if inside.any():
            marks.append(Points(state[inside], d[inside], "D", "accent", 4.0, low[inside], high[inside]))
        if beyond.any():
            marks.append(
                Points(
                    state[beyond],
                    d[beyond],
                    "too long for the model",
                    "warning",
                    4.0,
                    low[beyond],
                    high[beyond],
                )
            )
        found.append(
            Figure(
                "gitt-diffusion",
                "Diffusion coefficient",
                "Diffusion coefficient with 95 % intervals against the share of the charge passed.",
                [Panel("share of the charge passed", "D / cm² s⁻¹", marks, y_log=True)],
            )
        )
    return found


def transference(result: xr.DataTree) -> list[Figure]:
    """Return the current transient with its extrapolation, and the spectra before and after."""
    time, current = columns(result, "trace", "time", "current")
    fit_t, fit_i = columns(result, "extrapolation", "time", "current")
    initial, steady = number(result, "trace", "initial"), number(result, "trace", "steady")
    later = time > 0
    marks: list[Mark] = [
        Line(time[later], current[later] * 1e6, "current"),
        Line(
            np.maximum(fit_t, time[later].min()), fit_i * 1e6, "extrapolation to the step", "fit", 1.6, True
        ),
        Rule(initial * 1e6, "y", "initial current", "accent"),
        Rule(steady * 1e6, "y", "steady current", "good"),
    ]
    panels = [Panel("time after the step / s", "current / µA", marks, x_log=True, title="polarisation")]
    if "before" in result and "after" in result:
        nyquist: list[Mark] = []
        for place, name in enumerate(("before", "after")):
            re, im, fit_re, fit_im = columns(result, name, "z_re", "z_im", "fit_re", "fit_im")
            nyquist += [Points(re, -im, name, place), Line(fit_re, -fit_im, "", place)]
        panels.append(Panel("Re Z / Ω", "−Im Z / Ω", nyquist, equal=True, title="impedance"))
    return [
        Figure(
            "transference",
            "Bruce–Vincent experiment",
            "Current after the voltage step with the extrapolation "
            "of the initial current; impedance before and after.",
            panels,
            columns=2,
        )
    ]
