"""A panel per region with the residuals below it: all regions of a measurement on one page."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from interlayer.core.figure import Band, Figure, Labels, Line, Mark, Panel, Points, Rule
from interlayer.xps.plots.colours import colours, ink, shown
from interlayer.xps.plots.curves import (
    AXIS,
    Component,
    Floats,
    components,
    curve_of,
    is_corrected,
    measured_in,
    title_of,
)

#: more regions than this stand in three columns
_WIDE = 8
#: beyond this many standard deviations the residuals have a square-root scale, that ± 2 stays visible
_LARGE = 8.0
_LEAST = 4.0
#: of the height: room above the curves for each label beyond two
_ROOM = 0.05


def region_figure(regions: Mapping[str, xr.Dataset], name: str, title: str, what: str = "") -> Figure:
    """Return the figure of the regions of one measurement.

    Parameters
    ----------
    regions
        Nodes of the result by slug.
    what
        Said first in the caption.
    """
    columns = 1 if len(regions) == 1 else 2 if len(regions) <= _WIDE else 3
    members = list(regions.values())
    hue = colours(str(label) for each in members for label in each["component"].values)
    panels: list[Panel] = []
    for start in range(0, len(members), columns):
        row = members[start : start + columns]
        blank = [Panel("", "", share=0.3)] * (columns - len(row))
        panels += [*(_curves(each, hue) for each in row), *blank]
        panels += [*(_residuals(each) for each in row), *blank]
    return Figure(name, title, f"{what}{_caption(members)}", panels, columns=columns)


def _caption(members: Sequence[xr.Dataset]) -> str:
    text = (
        "Measured (points), background (grey), components (filled; name and, where there is room, binding "
        "energy / eV), their sum (line); below each the residuals in standard deviations, ± 2 σ shaded. "
        "χ²/ν: per degree of freedom."
    )
    statuses = {str(status) for each in members for status in each["status"].values}
    if "not resolved" in statuses:
        text += " A name in brackets is not resolved by itself."
    if "not detected" in statuses:
        text += " Light grey without a name: not detected by itself."
    if any(_reach(each["residual"].values) > _LARGE for each in members):
        text += " Residuals beyond 8 σ: square-root scale."
    if any(not is_corrected(each) for each in members):
        text += " Without a charge reference: energies as measured."
    return text


def _curves(dataset: xr.Dataset, hue: Mapping[str, str]) -> Panel:
    x, (measured, unit) = curve_of(dataset, "binding_energy"), measured_in(dataset)
    background, envelope = curve_of(dataset, "background"), curve_of(dataset, "envelope")
    marks: list[Mark] = [Points(x, measured, "", "data", size=1.8)]
    drawn = components(dataset)
    for each in drawn:
        name = hue[each.phase] if each.is_seen else "muted"
        marks.append(Band(x, background, background + each.curve, "", name, 0.4))
        marks.append(Line(x, background + each.curve, "", name, 0.8))
    drawn = [each for each in drawn if each.is_seen]
    marks += [Line(x, background, "", "background", 0.9), Line(x, envelope, "", "fit", 1.1)]
    if drawn:
        marks.append(_labels(drawn, hue))
    low = min(float(measured.min()), float(background.min()))
    high = max(float(measured.max()), float(envelope.max()))
    pad = 0.03 * (high - low or 1.0)
    room = _ROOM * max(len(drawn) - 2, 0) * (high - low)
    quality = _quality(dataset)
    return Panel(
        AXIS,
        unit,
        marks,
        f"{title_of(dataset)} ({quality})" if quality else title_of(dataset),
        x_reversed=True,
        xlim=(float(x.min()), float(x.max())),
        ylim=(low - pad, high + pad + room),
        bare=True,
    )


def _labels(drawn: Sequence[Component], hue: Mapping[str, str]) -> Labels:
    names = [shown(each.phase) if each.status == "measured" else f"({shown(each.phase)})" for each in drawn]
    return Labels(
        [each.position for each in drawn],
        tuple(
            f"{name}{':' * each.is_numbered} {each.position:.1f}"
            for name, each in zip(names, drawn, strict=True)
        ),
        [float(each.curve.max()) for each in drawn],
        tuple(ink(hue[each.phase]) for each in drawn),
        tuple(names),
        pile=True,
    )


def _reach(residual: Floats) -> float:
    good = np.abs(residual[np.isfinite(residual)])
    return max(_LEAST, 1.05 * float(good.max(initial=0.0)))


def _residuals(dataset: xr.Dataset) -> Panel:
    x, residual = curve_of(dataset, "binding_energy"), curve_of(dataset, "residual")
    marks: list[Mark] = [
        Band(x, np.full(x.size, -2.0), np.full(x.size, 2.0), "", "muted", 0.35),
        Rule(0.0, "y"),
        Line(x, residual, "", "residual", 0.7),
    ]
    reach = _reach(residual)
    far = float(f"{0.8 * reach:.1g}")
    # on the square-root scale 0 would touch its neighbours
    ticks = (-2.0, 0.0, 2.0) if reach <= _LARGE else (-far, -2.0, 2.0, far)
    return Panel(
        AXIS,
        "residual / σ",
        marks,
        y_root=reach > _LARGE,
        x_reversed=True,
        share=0.36,
        xlim=(float(x.min()), float(x.max())),
        ylim=(-reach, reach),
        yticks=ticks,
    )


def _quality(dataset: xr.Dataset) -> str:
    chi, dof = (float(dataset.attrs.get(key, np.nan)) for key in ("chi_square", "degrees_of_freedom"))
    return f"χ²/ν = {chi / dof:.2f}" if np.isfinite(chi) and dof > 0 else ""
