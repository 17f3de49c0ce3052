"""Draw a figure description as inline SVG: small, self-contained, the same bytes for the same input."""

from dataclasses import dataclass, replace
from html import escape

import numpy as np

from interlayer.core import figure as fig
from interlayer.report import svg_axes
from interlayer.report.axes import Scale
from interlayer.report.inks import dashes, ink, marker
from interlayer.report.svg_axes import TICK_ROW, Box
from interlayer.report.svg_marks import draw_labels, draw_mark

WIDTH = 760.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 66.0, 14.0, 8.0, 44.0
#: room above the curves for labels, room beside a map for its bar
_HEADROOM, _BAR = 46.0, 78.0
#: height of a panel where three or more stand upon each other
_STACKED = 0.6
_EMPTY = Scale(0.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: its text, and how its curve looks."""

    label: str
    colour: str
    shape: str
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure as SVG, with the legend that stands beside it and where its panels lie.

    Parameters
    ----------
    panels
        As drawn, with the limits in ``scales``; one without marks has none.
    """

    svg: str
    legend: tuple[Key, ...]
    panels: tuple[fig.Panel, ...]
    scales: tuple[tuple[Scale, Scale, Box], ...]


def render(description: fig.Figure, uid: str = "f", width: float = WIDTH) -> str:
    """Return one figure with its legend as HTML; its caption is the text alternative."""
    drawn = draw(description, uid, width)
    keys = "".join(f"<li>{swatch(key)}{escape(key.label)}</li>" for key in drawn.legend)
    return (f'<ul class="legend">{keys}</ul>' if keys else "") + drawn.svg


def draw(description: fig.Figure, uid: str = "f", width: float = WIDTH) -> Drawn:
    """Return one figure drawn.

    Parameters
    ----------
    uid
        Begins every id in the figure: unique on its page, of letters, digits and hyphens.
    width
        In pixels, of which letters are 11 high.
    """
    columns = max(1, description.columns)
    panels = list(description.panels)
    if description.share_x:
        common = fig.shared_x(panels)
        panels = [replace(panel, xlim=panel.xlim or common) for panel in panels]
    top, parts, scales = 0.0, [], []
    rows = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    for index, row in enumerate(rows):
        shared = description.share_x and columns == 1 and index < len(rows) - 1
        drawn = [
            _panel(
                panel,
                (column * width / columns, top),
                width / columns,
                shared or panel.bare,
                f"{uid}-{index}-{column}",
                _STACKED if columns == 1 and len(rows) > 2 else 1.0,
            )
            for column, panel in enumerate(row)
        ]
        parts += [text for text, _, _ in drawn]
        scales += [each for _, _, each in drawn]
        top += max(height for _, height, _ in drawn)
    label = escape(f"{description.title}. {description.caption}", quote=True)
    svg = (
        f'<svg class="figure" viewBox="0 0 {width:.0f} {max(top, 1.0):.0f}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )
    return Drawn(svg, _legend(panels), tuple(panels), tuple(scales))


def _panel(
    panel: fig.Panel, corner: tuple[float, float], width: float, bare: bool, clip: str, tall: float
) -> tuple[str, float, tuple[Scale, Scale, Box]]:
    """Return the SVG of one panel, its height and scales; a panel without marks only keeps its place."""
    if not panel.marks:
        return "", 0.0, (_EMPTY, _EMPTY, (0.0, 0.0, 0.0, 0.0))
    left, top = corner
    has_map = any(isinstance(mark, fig.Map) for mark in panel.marks)
    inner_width = width - _LEFT - (_BAR if has_map else _RIGHT)
    title = 18.0 if panel.title else 0.0
    inner_height = tall * _inner_height(panel, width, inner_width)
    below = TICK_ROW * (1 + max(fig.lanes(panel), default=-1))
    box = (left + _LEFT, top + _TOP + title, inner_width, inner_height + below)
    x, y = _scales(panel, box, below)
    marks = "".join(
        f'<g data-m="{index}">{draw_mark(mark, x, y, box)}</g>' for index, mark in enumerate(panel.marks)
    )
    text = (
        f'<clipPath id="{clip}"><rect x="{box[0]:.1f}" y="{box[1]:.1f}" width="{box[2]:.1f}" '
        f'height="{box[3]:.1f}"/></clipPath>{svg_axes.title(panel, left + _LEFT, top + _TOP)}'
        f'<g class="marks" clip-path="url(#{clip})">{marks}{draw_labels(panel, x, y, box)}</g>'
        f'<g class="axes">{svg_axes.axes(panel, x, y, box, bare)}</g>'
        f"{svg_axes.names(panel, box, bare)}{svg_axes.colour_bar(panel, box)}"
    )
    return f"<g>{text}</g>", _TOP + title + box[3] + (10.0 if bare else _BOTTOM), (x, y, box)


def _scales(panel: fig.Panel, box: Box, below: float) -> tuple[Scale, Scale]:
    left, top, width, height = box
    (x_low, x_high), (y_low, y_high) = fig.limits(panel)
    ends = (left + width, left) if panel.x_reversed else (left, left + width)
    x = Scale(x_low, x_high, *ends, panel.x_log)
    has_labels = any(isinstance(mark, fig.Labels) for mark in panel.marks)
    above = min(_HEADROOM, 0.3 * (height - below)) if has_labels else 0.0
    is_image = any(isinstance(mark, fig.Image) for mark in panel.marks)
    ends = (top, top + height) if is_image else (top + height - below, top + above)
    return x, Scale(y_low, y_high, *ends, panel.y_log, panel.y_root)


def _inner_height(panel: fig.Panel, width: float, inner_width: float) -> float:
    if panel.equal or any(isinstance(mark, fig.Image) for mark in panel.marks):
        x, y = fig.limits(panel)
        return float(np.clip(inner_width * (y[1] - y[0]) / (x[1] - x[0]), 60.0, 560.0))
    return max(46.0, (280.0 if width > 440 else 220.0) * panel.share)


def _legend(panels: list[fig.Panel]) -> tuple[Key, ...]:
    """Return what the legend of a figure says: each text once, with the look of its first curve."""
    found: dict[str, Key] = {}
    for mark in (mark for panel in panels for mark in panel.marks):
        text = fig.in_legend(mark)
        if text and not isinstance(mark, fig.Text | fig.Image | fig.Labels | fig.Map):
            found.setdefault(text, _key(mark, text))
    return tuple(found.values())


def _key(
    mark: fig.Line | fig.Points | fig.Band | fig.Bars | fig.Rule | fig.Ticks | fig.Outlines, text: str
) -> Key:
    colour = ink(mark.colour)
    if isinstance(mark, fig.Points):
        return Key(text, colour, marker(mark))
    if isinstance(mark, fig.Band | fig.Bars):
        return Key(text, colour, "area")
    if isinstance(mark, fig.Ticks):
        return Key(text, colour, "tick")
    return Key(text, colour, "line", dashes(mark) if isinstance(mark, fig.Line | fig.Rule) else "")


def swatch(key: Key) -> str:
    """Return the small picture of a curve in a legend."""
    line = f'stroke="{key.colour}" stroke-width="2" stroke-dasharray="{key.dash or 0}"'
    shapes = {
        "line": f'<path d="M1 6h20" {line}/>',
        "area": f'<path d="M2 2h18v8h-18z" fill="{key.colour}" fill-opacity=".4" stroke="{key.colour}"/>',
        "tick": f'<path d="M11 1v10" stroke="{key.colour}" stroke-width="2"/>',
        "circle": f'<circle cx="11" cy="6" r="4" fill="{key.colour}"/>',
        "square": f'<path d="M7 2h8v8h-8z" fill="{key.colour}"/>',
        "triangle": f'<path d="M11 1l5 9h-10z" fill="{key.colour}"/>',
        "diamond": f'<path d="M11 1l5 5-5 5-5-5z" fill="{key.colour}"/>',
    }
    return f'<svg class="key" viewBox="0 0 22 12" aria-hidden="true">{shapes[key.shape]}</svg>'
