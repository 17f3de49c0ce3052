"""Axes of the report's figures: ticks with numbers, names, lanes, bars of colours."""

from html import escape

import numpy as np

from interlayer.core import figure as fig
from interlayer.report.axes import Scale
from interlayer.report.inks import LETTERS, ink
from interlayer.report.pictures import data_uri

TICK_ROW = 13.0
#: left, top, width, height in pixels
Box = tuple[float, float, float, float]


def title(panel: fig.Panel, left: float, top: float) -> str:
    """Return the title of a panel."""
    if not panel.title:
        return ""
    return f'<text class="t" x="{left:.1f}" y="{top + 8:.1f}">{escape(panel.title)}</text>'


def axes(panel: fig.Panel, x: Scale, y: Scale, box: Box, bare: bool) -> str:
    """Return the two axes with their numbers; ``bare`` leaves the numbers along x out."""
    left, top, width, height = box
    bottom = top + height
    lines, below, beside = [f"M{left:.1f} {top:.1f}V{bottom:.1f}H{left + width:.1f}"], [], []
    for value, label in x.ticks(8 if width > 400 else 5):
        at = float(x(value)[0])
        lines.append(f"M{at:.1f} {bottom:.1f}v4")
        if not bare:
            below.append(f'<text x="{at:.0f}" y="{bottom + 15:.0f}">{label}</text>')
    for value, label in _y_ticks(panel, y, height):
        at = float(y(value)[0])
        if top - 1 <= at <= bottom + 1 - _below(panel):
            lines.append(f"M{left:.1f} {at:.1f}h-4")
            beside.append(f'<text x="{left - 7:.0f}" y="{at + 3.5:.1f}">{label}</text>')
    texts = "".join(
        f'<g text-anchor="{anchor}">{"".join(each)}</g>'
        for anchor, each in (("middle", below), ("end", beside))
        if each
    )
    return f'<path class="a" d="{"".join(lines)}"/>{texts}'


def _y_ticks(panel: fig.Panel, y: Scale, height: float) -> list[tuple[float, str]]:
    if panel.yticks is not None:
        return [(each, f"{each:g}".replace("-", "−")) for each in panel.yticks]
    return y.ticks(max(3 if height < 70 else 4, int(height / 45)))


def _below(panel: fig.Panel) -> float:
    return TICK_ROW * (1 + max(fig.lanes(panel), default=-1))


def names(panel: fig.Panel, box: Box, bare: bool) -> str:
    """Return what stands beside the axes: their names, and those of the lanes of ticks."""
    left, top, width, height = box
    bottom = top + height
    parts = [
        f'<text class="m" x="{left - 7:.1f}" y="{bottom - row * TICK_ROW - 3:.1f}" text-anchor="end" '
        f'fill="{ink(mark.colour, LETTERS)}">{escape(fig.lane_name(mark.label))}</text>'
        for row, mark in fig.lanes(panel).items()
    ]
    if not bare:
        parts.append(
            f'<text class="x" x="{left + width / 2:.1f}" y="{bottom + 33:.1f}" text-anchor="middle">'
            f"{escape(panel.xlabel)}</text>"
        )
    middle = top + (height - _below(panel)) / 2
    place = f"translate({left - 52:.1f} {middle:.1f}) rotate(-90)"
    parts.append(f'<text class="x" transform="{place}" text-anchor="middle">{escape(panel.ylabel)}</text>')
    return "".join(parts)


def colour_bar(panel: fig.Panel, box: Box) -> str:
    """Return the bar of a map's colours with its values, right of the panel."""
    mark = next((each for each in panel.marks if isinstance(each, fig.Map)), None)
    if mark is None or not np.isfinite(mark.values).any():
        return ""
    low, high = float(np.nanmin(mark.values)), float(np.nanmax(mark.values))
    left, top, bottom = box[0] + box[2] + 10, box[1], box[1] + box[3]
    scale = Scale(low, high if high > low else low + 1.0, bottom, top, root=mark.root)
    ramp = data_uri(np.linspace(1.0, 0.0, 128)[:, None], mark.colormap)
    parts = [
        f'<image x="{left:.1f}" y="{top:.1f}" width="10" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="{ramp}"/>'
    ]
    for value, label in scale.ticks(5):
        at = float(scale(value)[0])
        if top - 1 <= at <= bottom + 1:
            parts.append(f'<text x="{left + 13:.1f}" y="{at + 3.5:.1f}">{label}</text>')
    place = f"translate({left + 62:.1f} {(top + bottom) / 2:.1f}) rotate(-90)"
    parts.append(f'<text class="x" transform="{place}" text-anchor="middle">{escape(mark.label)}</text>')
    return "".join(parts)
