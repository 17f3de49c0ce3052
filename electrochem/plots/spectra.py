"""Figures of impedance spectra: Nyquist, Bode, residuals, and series."""

import numpy as np
import xarray as xr

from interlayer.core.figure import Figure, Line, Mark, Panel, Points
from interlayer.electrochem.plots import relaxation
from interlayer.electrochem.plots.common import attribute, columns, unit

_SHOWN = 6


def eis(result: xr.DataTree) -> list[Figure]:
    """Return Nyquist and Bode plots with residuals, resistances of a series, waterfall, and DRT."""
    series = _series(result)
    found = [_nyquist(result), _bode(result), *([series] if series is not None else [])]
    return [*found, *relaxation.waterfall(result), *relaxation.drt(result)]


def _chosen(sweep: np.ndarray) -> list[int]:
    numbers = np.unique(sweep).astype(int)
    return [int(n) for n in numbers[np.unique(np.linspace(0, numbers.size - 1, _SHOWN).astype(int))]]


def _nyquist(result: xr.DataTree) -> Figure:
    re, im, fit_re, fit_im, sweep = columns(result, "trace", "z_re", "z_im", "fit_re", "fit_im", "sweep")
    marks: list[Mark] = []
    several = np.unique(sweep).size > 1
    for place, number in enumerate(_chosen(sweep)):
        rows = sweep == number
        label = f"sweep {number}" if several else "data"
        marks.append(Points(re[rows], -im[rows], label, place if several else "data", 2.5))
        marks.append(Line(fit_re[rows], -fit_im[rows], "" if several else "fit", place if several else "fit"))
    circuit = attribute(result, "trace", "circuit")
    return Figure(
        "eis-nyquist",
        f"Impedance, {circuit}",
        f"Nyquist plot: points are data, lines the fit of {circuit}.",
        [Panel("Re Z / Ω", "−Im Z / Ω", marks, equal=True)],
    )


def _bode(result: xr.DataTree) -> Figure:
    f, re, im, fit_re, fit_im, sweep = columns(
        result, "trace", "frequency", "z_re", "z_im", "fit_re", "fit_im", "sweep"
    )
    rows = sweep == sweep.max()
    f, z, model = f[rows], (re + 1j * im)[rows], (fit_re + 1j * fit_im)[rows]
    rest = 100 * (z - model) / np.abs(z)
    which = f"sweep {int(sweep.max())}" if np.unique(sweep).size > 1 else "the spectrum"
    return Figure(
        "eis-bode",
        f"Bode plot of {which}",
        f"Modulus, phase and residuals of {which} against frequency.",
        [
            Panel(
                "frequency / Hz",
                "|Z| / Ω",
                [Points(f, np.abs(z), "data"), Line(f, np.abs(model), "fit", "fit")],
                x_log=True,
                y_log=True,
            ),
            Panel(
                "frequency / Hz",
                "−phase / degree",
                [Points(f, -np.degrees(np.angle(z))), Line(f, -np.degrees(np.angle(model)), "", "fit")],
                x_log=True,
            ),
            Panel(
                "frequency / Hz",
                "residual / % of |Z|",
                [Points(f, rest.real, "real", 0), Points(f, rest.imag, "imaginary", 1)],
                x_log=True,
                share=0.6,
            ),
        ],
        share_x=True,
    )


def _series(result: xr.DataTree) -> Figure | None:
    table = result["sweeps"].to_dataset()
    if table.sizes["row"] < 2:
        return None
    sweep = np.asarray(table["sweep"].values, dtype=np.float64)
    time = np.asarray(table["time"].values, dtype=np.float64)
    timed = bool(np.all(np.isfinite(time)) and np.ptp(time) > 0)
    x, label = (time, "time / h") if timed else (sweep, "sweep")
    marks: list[Mark] = []
    names = [
        str(n)
        for n in table.data_vars
        if str(n)[:1] == "R" and f"{n}_stddev" in table and unit(result, "sweeps", str(n)) == "Ω"
    ]
    for place, name in enumerate(names):
        value = np.asarray(table[name].values, dtype=np.float64)
        spread = 1.96 * np.asarray(table[f"{name}_stddev"].values, dtype=np.float64)
        reach = np.minimum(spread, 3 * value)
        marks.append(
            Points(x, value, name, place, 4.0, value - np.minimum(reach, 0.95 * value), value + reach)
        )
        marks.append(Line(x, value, "", place, 0.8))
    return Figure(
        "eis-series",
        "Resistances of the series",
        "Fitted resistances of every sweep with 95 % intervals.",
        [Panel(label, "resistance / Ω", marks)],
    )
