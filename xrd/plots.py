"""Figures of a result: pattern with fit, ticks and labels, and residuals."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.figure import Band, Figure, Line, Mark, Panel, Points, Rule, Text, Ticks
from interlayer.core.results import tables

if TYPE_CHECKING:
    import matplotlib.figure

Floats = NDArray[np.floating[Any]]
Record = dict[str, object]

#: labels nearer than this part of the range are put above each other, and no more than these
_APART, _LEVELS = 0.022, 3
_MOST_LABELS = 28


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the pattern (√intensity) with its fit and residuals, and the cells' agreement by reflection."""
    found = [_pattern(result)]
    seen = [row for row in tables(result).get("peaks", []) if row["status"] == "seen"]
    return [*found, _differences(seen)] if seen else found


def plot(result: xr.DataTree) -> "matplotlib.figure.Figure":
    """Draw the pattern with its fit for a paper."""
    from interlayer.core.draw import draw

    return draw(figures(result)[0])


def _pattern(result: xr.DataTree) -> Figure:
    data = result.to_dataset(inherit=False)
    x = np.asarray(data["two_theta"].values, dtype=float)
    rows = tables(result)
    peaks = rows.get("peaks", [])
    root = {name: np.sqrt(np.maximum(data[name].values, 0.0)) for name in ("intensity", "fit", "background")}
    marks: list[Mark] = [
        Points(x, root["intensity"], label="measured", colour="data", size=1.5),
        Line(x, root["background"], label="background", colour="background", dash=True),
        Line(x, root["fit"], label="fit", colour="fit"),
    ]
    marks += _ticks(peaks) + _labels(peaks, rows.get("unexplained", []), x, root["fit"])
    unit = data["intensity"].attrs["units"]
    top = Panel("2θ / degree", f"√(intensity / {unit})", marks, share=1.0, xlim=(float(x[0]), float(x[-1])))
    residual = np.asarray(data["residual"].values, dtype=float)
    reach = max(5.0, float(np.quantile(np.abs(residual), 0.995)) * 1.2)
    lower = Panel(
        "2θ / degree",
        "residual / σ",
        [
            Band(x, np.full(x.size, -2.0), np.full(x.size, 2.0), label="±2 σ", colour="muted"),
            Line(x, residual, colour="residual", width=0.6),
            Rule(0.0, axis="y"),
        ],
        share=0.4,
        ylim=(-reach, reach),
    )
    names = ", ".join(dict.fromkeys(str(row["phase"]) for row in peaks)) or "no phase"
    return Figure(
        "pattern",
        "Powder pattern",
        f"Measured intensity (square root), whole-pattern fit with {names}, background, and reflections as "
        f"ticks; below, residuals in standard deviations (χ² = {data.attrs['reduced_chi_square']:.2f} "
        "per degree of freedom). Peaks marked ? are explained by no candidate.",
        [top, lower],
        share_x=True,
    )


def _ticks(peaks: list[Record]) -> list[Mark]:
    marks: list[Mark] = []
    for number, name in enumerate(dict.fromkeys(str(row["phase"]) for row in peaks)):
        mine = [row for row in peaks if row["phase"] == name]
        at = [_number(row["calculated"]) for row in mine]
        texts = tuple(f"{name} {row['families']}" for row in mine)
        marks.append(Ticks(at, name, texts, colour=number, row=number))
    return marks


def _labels(peaks: list[Record], unexplained: list[Record], x: Floats, fit: Floats) -> list[Mark]:
    """Return hkl labels over seen peaks, strongest first, those too near others raised or left out."""
    wanted = [
        (_number(row["two_theta"]), _number(row["area"]), str(row["hkl"]), str(row["phase"]))
        for row in peaks
        if row["status"] == "seen"
    ]
    wanted += [(_number(row["two_theta"]), _number(row["area"]), "?", "") for row in unexplained]
    wanted.sort(key=lambda each: -each[1])
    colours = {name: i for i, name in enumerate(dict.fromkeys(str(row["phase"]) for row in peaks))}
    span, height = float(np.ptp(x)), float(np.ptp(fit)) or 1.0
    placed: list[tuple[float, float]] = []
    marks: list[Mark] = []
    for at, _, text, name in wanted[:_MOST_LABELS]:
        foot = float(np.interp(at, x, fit)) + 0.04 * height
        for level in range(_LEVELS):
            y = foot + 0.07 * level * height
            if all(abs(at - a) > _APART * span or abs(y - b) > 0.06 * height for a, b in placed):
                placed.append((at, y))
                marks.append(Text(at, y, text, colour=colours.get(name, "warning")))
                break
    return marks


def _differences(seen: list[Record]) -> Figure:
    marks: list[Mark] = [Rule(0.0, axis="y")]
    for number, name in enumerate(dict.fromkeys(str(row["phase"]) for row in seen)):
        mine = [row for row in seen if row["phase"] == name]
        at = np.array([_number(row["two_theta"]) for row in mine])
        place = np.array([_number(row["calculated"]) for row in mine])
        low = np.array([_number(row["two_theta_low"]) for row in mine]) - place
        high = np.array([_number(row["two_theta_high"]) for row in mine]) - place
        marks.append(Points(at, at - place, label=name, colour=number, low=low, high=high))
    return Figure(
        "positions",
        "Observed against calculated positions",
        "Observed minus calculated 2θ of each reflection with its 95 % interval; from the cell and "
        "displacement of the fit, or from the starting cell where no single cell fits.",
        [Panel("2θ / degree", "observed − calculated / degree", marks)],
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
