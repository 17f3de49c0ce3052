"""Figures of impedance beyond the fit: distribution of relaxation times, waterfall of a series."""

import numpy as np
import xarray as xr

from interlayer.core.figure import Band, Figure, Line, Mark, Panel, Rule, Text
from interlayer.electrochem.plots.common import Floats, columns

_MOST = 12
#: a series is shown up to this many times the usual reach of a sweep
_WIDEST = 2.5
#: ends of the colours of a series, first to last (dark blue to orange: told apart by the colour-blind)
_FIRST, _LAST = (0, 68, 136), (230, 125, 0)


def drt(result: xr.DataTree) -> list[Figure]:
    """Return the distribution of relaxation times of the first and last sweep, relaxations marked."""
    if "drt" not in result:
        return []
    tau, gamma, spread, sweep = columns(result, "drt", "time_constant", "gamma", "gamma_stddev", "sweep")
    numbers = np.unique(sweep)
    marks: list[Mark] = []
    for place, number in enumerate(numbers):
        rows = sweep == number
        name = f"sweep {number:.0f}" if numbers.size > 1 else "distribution"
        low = np.maximum(gamma[rows] - 1.96 * spread[rows], 0.0)
        marks.append(Band(tau[rows], low, gamma[rows] + 1.96 * spread[rows], "", place, 0.25))
        marks.append(Line(tau[rows], gamma[rows], name, place, 1.6))
    marks += _relaxations(result, numbers)
    return [
        Figure(
            "eis-drt",
            "Distribution of relaxation times",
            "Distribution of relaxation times (regularised, not negative) with its 95 % band; dashed: the "
            "time constants of the ZARC elements fitted to it, with their resistances.",
            [Panel("time constant τ / s", "γ(ln τ) / Ω", marks, x_log=True)],
        )
    ]


def _relaxations(result: xr.DataTree, numbers: Floats) -> list[Mark]:
    if "relaxations" not in result:
        return []
    tau, resistance, sweep = columns(result, "relaxations", "time_constant", "resistance", "sweep")
    verdict = [str(text) for text in result["relaxations"].to_dataset()["verdict"].values]
    first = sweep == numbers[0]
    return [
        Rule(float(tau[k]), "x", f"{resistance[k]:.4g} Ω", "muted")
        for k in np.flatnonzero(first)
        if verdict[k] == "resolved"
    ]


def waterfall(result: xr.DataTree) -> list[Figure]:
    """Return the spectra of a series, each shifted upwards by the same step (three sweeps at least)."""
    re, im, sweep = columns(result, "trace", "z_re", "z_im", "sweep")
    numbers = np.unique(sweep)
    if numbers.size < 3:
        return []
    shown = numbers[np.unique(np.linspace(0, numbers.size - 1, _MOST).astype(int))]
    usual = float(np.median([re[sweep == n].max() for n in shown]))
    right = min(float(re.max()), _WIDEST * usual)
    height = float(np.median([np.quantile(-im[sweep == n], 0.95) for n in shown]))
    step = 0.5 * height if height > 0 else float(np.ptp(im)) / max(shown.size, 1)
    marks: list[Mark] = []
    for place, number in enumerate(shown):
        rows = np.flatnonzero((sweep == number) & (re <= right) & (-im <= _WIDEST * max(height, step)))
        if rows.size == 0:
            continue
        shade = _shade(place / max(shown.size - 1, 1))
        marks.append(Line(re[rows], -im[rows] + place * step, "", shade, 1.2))
        marks.append(Text(right * 1.02, place * step, f"{number:.0f}", shade, "start"))
        marks.append(Line([re[rows].min(), right], [place * step] * 2, "", "muted", 0.4, True))
    cut = " Sweeps that reach far beyond the others are cut off." if right < float(re.max()) else ""
    return [
        Figure(
            "eis-waterfall",
            "Spectra of the series",
            f"Nyquist curves of {shown.size} of {numbers.size} sweeps, each shifted upwards by {step:.3g} Ω; "
            f"dashed: Im Z = 0, with the number of the sweep.{cut}",
            [Panel("Re Z / Ω", "−Im Z + shift / Ω", marks)],
        )
    ]


def _shade(share: float) -> str:
    mixed = [round(a + share * (b - a)) for a, b in zip(_FIRST, _LAST, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in mixed)
