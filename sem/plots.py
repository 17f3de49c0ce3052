"""Figures of a result: outlines on the image, and the size distribution."""

import math
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from interlayer.core import figure as fig
from interlayer.core import results
from interlayer.core.summary import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure


def figures(result: xr.DataTree) -> list[fig.Figure]:
    """Return the overlay of each stored picture and the distribution."""
    names = sorted(key for key in result.children if key.startswith("picture"))
    found = [_overlay(result[name].to_dataset(), name) for name in names]
    if "distribution" in result:
        found.append(_distribution(result["distribution"].to_dataset(), results.rows_of(result)))
    return found


def plot(result: xr.DataTree) -> "MplFigure":
    """Return a matplotlib figure: the first overlay above the distribution."""
    from interlayer.core.draw import draw

    every = figures(result)
    panels = [every[0].panels[0]] if every[0].name != "distribution" else []
    panels += [each.panels[0] for each in every if each.name == "distribution"]
    return draw(fig.Figure("sem", every[-1].title, every[-1].caption, panels))


def _overlay(picture: xr.Dataset, name: str) -> fig.Figure:
    unit, width, height = picture.attrs["unit"], float(picture.attrs["width"]), float(picture.attrs["height"])
    factor, shown = (1e-3, "µm") if unit == "nm" and width > 2000 else (1.0, unit)
    wide, high = width * factor, height * factor
    x, y = picture["outline_x"].values * factor, picture["outline_y"].values * factor
    rings = [np.stack([a, b], axis=1).astype(np.float64) for a, b in zip(x, y, strict=True)]
    marks: list[fig.Mark] = [fig.Image(picture["preview"].values, wide, high)]
    if rings:
        marks.append(fig.Outlines(rings, colour="fit"))
    if unit == "nm":
        marks += _scale_bar(wide, high, shown)
    panel = fig.Panel(f"x / {shown}", f"y / {shown}", marks, equal=True, xlim=(0.0, wide), ylim=(0.0, high))
    caption = f"Micrograph with the outlines of {len(rings)} particles, completed where they are hidden."
    if not rings:
        caption = "Micrograph; no particles were detected."
    return fig.Figure(name, "Particles", caption, [panel])


def _scale_bar(width: float, height: float, unit: str) -> list[fig.Mark]:
    power = 10.0 ** math.floor(math.log10(width / 4))
    length = power * max(m for m in (1, 2, 5) if m * power <= width / 4)
    left, level, pad = 0.04 * width, 0.95 * height, 0.015 * width
    box = [left - pad, left + length + pad]
    return [
        fig.Band(box, [level - 0.075 * height] * 2, [level + 0.025 * height] * 2, colour="black", alpha=0.7),
        fig.Line([left, left + length], [level, level], colour="white", width=3.0),
        fig.Text(left + length / 2, level - 0.02 * height, f"{length:g} {unit}", colour="white"),
    ]


def _distribution(curves: xr.Dataset, rows: list[Row]) -> fig.Figure:
    unit = str(curves["edges"].attrs["units"])
    at, facts = curves["diameter"].values, curves.attrs
    names = ("frequency", "kernel_density", "log_normal")
    top = max(float(curves[name].max()) for name in names)
    marks: list[fig.Mark] = [
        fig.Bars(
            curves["edges"].values, curves["frequency"].values, label="relative frequency", colour="accent"
        ),
        fig.Line(at, curves["kernel_density"].values, label="kernel density", colour="data"),
        fig.Line(at, curves["log_normal"].values, label="log-normal", colour="fit", dash=True),
        *_levels(curves, top, unit),
    ]
    panel = fig.Panel(
        f"equivalent circular diameter / {unit}", "relative frequency / %", marks, ylim=(0.0, 1.38 * top)
    )
    known = {row.quantity: row for row in rows if row.status == "measured"}
    caption = "Number-weighted size distribution, corrected for the frame, with D10, D50, D90 and their 95 %"
    caption += f" intervals. Log-normal: median {facts['log_normal_median']:.4g} {unit}, geometric standard"
    caption += f" deviation {facts['log_normal_gsd']:.3f}."
    if "diameter_d50" in known:
        d50 = known["diameter_d50"]
        caption += f" D50 = {d50.value:.4g} nm (95 % interval {d50.low:.4g} to {d50.high:.4g} nm)."
    return fig.Figure("distribution", "Size distribution", caption, [panel])


def _levels(curves: xr.Dataset, top: float, unit: str) -> list[fig.Mark]:
    """Return D10, D50 and D90 with their intervals, each in a lane of its own above the histogram."""
    marks: list[fig.Mark] = []
    for lane, level in enumerate((10, 50, 90)):
        at = float(curves.attrs[f"number_d{level}"])
        low, high = (float(curves.attrs.get(f"number_d{level}_{end}", at)) for end in ("low", "high"))
        height = (1.28 - 0.1 * lane) * top  # a larger one lower: its line then crosses no text
        label = "95 % interval" if level == 10 else ""
        gap = 0.015 * float(np.ptp(curves["diameter"].values))
        text = f"D{level} {at:.4g} {unit}"
        marks += [
            fig.Line([low, high], [height, height], label=label, colour="black", width=1.6),
            fig.Points([at], [height], colour="black", size=5.0),
            fig.Line([at, at], [0.0, height], colour="muted", width=0.8, dash=True),
            fig.Text(high + gap, height - 0.02 * top, text, anchor="start"),
        ]
    return marks
