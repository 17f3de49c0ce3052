"""Draw a figure description with matplotlib, for papers and for ``plot``."""

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from interlayer.core import figure as fig
from interlayer.core.draw_marks import SMALLEST, PlainLog, draw_mark, label_size, power
from interlayer.core.place import arrange_marks, skyline

#: inches: row of a legend, lane of ticks, room for labels, lowest panel
_LEGEND_ROW = 0.16
_LANE, _HEADROOM, _LOWEST = 0.14, 0.42, 0.95
#: in figures narrower than this (inches) a legend of so many entries stands above its panel
_NARROW, _MANY = 4.7, 4
#: points: letters of a figure for the screen
_LETTERS = 9.0

#: also at work while a figure is saved: same bytes each time, fonts whole and text as text
STYLE: Any = {
    "text.parse_math": False,
    "pdf.fonttype": 42,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "interlayer",
    "svg.fonttype": "none",
    "image.interpolation": "nearest",
    "axes.formatter.useoffset": False,
}


def draw(
    description: fig.Figure,
    *,
    width: float = 7.0,
    letters: float = _LETTERS,
    title: bool = True,
    highest: float = math.inf,
) -> MplFigure:
    """Return a matplotlib Figure of a figure description.

    Parameters
    ----------
    width
        Width in inches (3.5 for one journal column, 7 for two).
    letters
        Size of the letters in points; those of legends and labels are a little smaller.
    title
        Whether the title stands above it; a journal has it in the caption.
    highest
        Height in inches that the figure must not exceed.
    """
    columns = max(1, description.columns)
    rows = -(-len(description.panels) // columns)
    sizes = {"font.size": letters, "legend.fontsize": max(letters - 1, SMALLEST)}
    with mpl.rc_context(STYLE | sizes):
        heights = [
            max(
                _height(panel, width / columns, width)
                for panel in description.panels[r * columns : (r + 1) * columns]
            )
            for r in range(rows)
        ]
        high = min(sum(heights) + (0.5 if title else 0.2), highest)
        figure = MplFigure(figsize=(width, high), layout="constrained")
        axes = figure.subplots(
            rows, columns, squeeze=False, height_ratios=heights, sharex=description.share_x
        )
        for index, axis in enumerate(axes.ravel()):
            if index < len(description.panels):
                _panel(axis, description.panels[index])
                if not description.panels[index].marks:
                    axis.set_axis_off()
            else:
                axis.set_axis_off()
        if description.share_x and columns == 1:
            for axis in axes.ravel()[:-1]:
                axis.set_xlabel("")
        if title:
            figure.suptitle(description.title, fontsize=letters + 1)
        crowded = [(a, p) for a, p in zip(axes.ravel(), description.panels, strict=False) if _has_room(p)]
        if crowded:
            figure.draw_without_rendering()
            for axis, panel in crowded:
                _make_room(axis, panel)
            figure.draw_without_rendering()
            for axis, panel in crowded:
                _labels(axis, panel)
    return figure


def _height(panel: fig.Panel, width: float, whole: float) -> float:
    """Return the height in inches of a panel of a width in a figure of the width ``whole``."""
    height = max(0.55 * width * panel.share, min(_LOWEST, 0.55 * width)) + _LANE * len(fig.lanes(panel))
    entries = list(dict.fromkeys(filter(None, map(fig.in_legend, panel.marks))))
    if not _legend_above(panel, len(entries), whole):
        return height
    return height + _LEGEND_ROW * (len(entries) // _legend_columns(entries, width))


def _has_room(panel: fig.Panel) -> bool:
    return any(isinstance(mark, fig.Ticks | fig.Labels) for mark in panel.marks)


def _make_room(axis: Axes, panel: fig.Panel) -> None:
    """Set the y limits so that lanes of ticks lie below the curves and labels above them."""
    lanes = fig.lanes(panel)
    height = axis.get_window_extent().height / axis.figure.dpi
    below = min(_LANE * (1 + max(lanes, default=-1)) / height, 0.6)
    above = min(_HEADROOM / height, 0.3) if any(isinstance(m, fig.Labels) for m in panel.marks) else 0.0
    scale = axis.yaxis.get_transform()
    back = scale.inverted()
    _, (low, high) = fig.limits(panel)
    bottom, top = (float(each) for each in scale.transform(np.array([low, high])))
    # read before the limits widen for the room
    values = [value for value in axis.get_yticks() if low <= value <= high * (1 + 1e-9)]
    span = (top - bottom) / (1 - below - above)
    start = bottom - below * span
    axis.set_ylim(*(float(each) for each in back.transform(np.array([start, start + span]))))
    names = [f"{value:g}" if abs(value) < 1e5 else power(value) for value in values]
    row = span * below / max(1 + max(lanes, default=-1), 1)
    places = back.transform(start + row * (np.array(list(lanes), dtype=float) + 0.5))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_yticks([*values, *places], [*names, *(fig.lane_name(each.label) for each in lanes.values())])
    for tick, lane in zip(axis.yaxis.get_major_ticks()[len(values) :], lanes.values(), strict=True):
        tick.tick1line.set_visible(False)
        tick.label1.set(color=fig.colour(lane.colour), fontsize=label_size())
    axis.yaxis.label.set_y(below + (1 - below) / 2)
    for mark in panel.marks:
        if isinstance(mark, fig.Ticks):
            y = float(places[list(lanes).index(mark.row)])
            axis.plot(
                np.asarray(mark.x), np.full(np.size(mark.x), y), "|", color=fig.colour(mark.colour), ms=6
            )


def _is_level(mark: fig.Mark) -> TypeGuard[fig.Rule]:
    return isinstance(mark, fig.Rule) and mark.axis == "y"


def _labels(axis: Axes, panel: fig.Panel) -> None:
    """Place all labels of a panel above its curves."""
    marks = [mark for mark in panel.marks if isinstance(mark, fig.Labels)]
    if not marks:
        return
    box, points = axis.get_window_extent(), 72 / axis.figure.dpi
    origin, back = np.array([box.x0, box.y0]), axis.transData.inverted()

    def page(x: ArrayLike, y: ArrayLike) -> Any:
        data = np.column_stack([np.atleast_1d(np.asarray(each, dtype=float)) for each in (x, y)])
        return (axis.transData.transform(data) - origin) * points

    curves = [page(m.x, m.y).T for m in panel.marks if isinstance(m, fig.Line | fig.Points)]
    curves += [page(axis.get_xlim(), [m.at] * 2).T for m in panel.marks if _is_level(m)]
    at = np.concatenate([page(m.x, np.full(np.size(m.x), fig.limits(panel)[1][1]))[:, 0] for m in marks])
    colours = [fig.colour(each) for mark in marks for each in mark.colours]
    sky = skyline([(each[0], each[1]) for each in curves], box.width * points)
    texts, placed, turned = arrange_marks(marks, at, sky, box.height * points, label_size())
    for each in placed:
        place, name = each.box, colours[each.index]
        x, y = back.transform(origin + np.array([(place.left + place.right) / 2, place.bottom]) / points)
        text = axis.text(x, y, texts[each.index], color=name, fontsize=label_size(), ha="center", va="bottom")
        text.set(rotation=90 if turned else 0, in_layout=False)
        if each.leader is not None:
            line = back.transform(origin + np.reshape(each.leader, (2, 2)) / points)
            axis.plot(line[:, 0], line[:, 1], color=name, lw=0.5, scalex=False, scaley=False)


def _panel(axis: Axes, panel: fig.Panel) -> None:
    (x0, x1), (y0, y1) = fig.limits(panel)
    axis.set_xscale("log" if panel.x_log else "linear")
    if panel.y_root:
        axis.set_yscale("function", functions=(fig.root, fig.unroot))
    else:
        axis.set_yscale("log" if panel.y_log else "linear")
    for each, is_log in ((axis.xaxis, panel.x_log), (axis.yaxis, panel.y_log and not panel.y_root)):
        if is_log:
            each.set_major_formatter(PlainLog())
            each.set_minor_formatter(PlainLog())
    for mark in panel.marks:
        draw_mark(axis, mark)
    is_image = any(isinstance(mark, fig.Image) for mark in panel.marks)
    axis.set_xlim((x1, x0) if panel.x_reversed else (x0, x1))
    axis.set_ylim((y1, y0) if is_image else (y0, y1))
    if panel.equal or is_image:
        axis.set_aspect("equal", adjustable="box")
    axis.set_xlabel("" if panel.bare else panel.xlabel)
    axis.tick_params(labelbottom=not panel.bare)
    axis.set_ylabel(panel.ylabel)
    entries = axis.get_legend_handles_labels()[1]
    above = _legend_above(panel, len(entries), _width(axis))
    axis.set_title("" if above else panel.title, fontsize="medium")
    if panel.yticks is not None:
        axis.set_yticks(panel.yticks, [f"{each:g}".replace("-", "−") for each in panel.yticks])
        axis.yaxis.set_minor_locator(NullLocator())
    elif panel.y_root:
        _root_axis(axis, y0, y1)
    elif not panel.y_log:
        axis.yaxis.set_major_locator(MaxNLocator(5 if panel.share > 0.5 else 3, symmetric=y0 == -y1))
    if above:
        axis.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=_legend_columns(entries, _width(axis)),
            borderaxespad=0.2,
            borderpad=0.1,
            handlelength=1.3,
            columnspacing=1.2,
            title=panel.title or None,
            alignment="left",
        )
    elif entries:
        axis.legend(loc="best")


def _legend_above(panel: fig.Panel, entries: int, width: float) -> bool:
    """Return whether the legend stands above the panel: where labels need its room, or a column is narrow."""
    crowded = entries >= _MANY or (panel.equal and entries > 1)
    return entries > 0 and (_has_room(panel) or panel.y_root or (width < _NARROW and crowded))


def _width(axis: Axes) -> float:
    """Return the width of the figure in inches."""
    return float(axis.figure.bbox.width / axis.figure.dpi)


def _legend_columns(texts: Sequence[str], width: float) -> int:
    """Return how many entries of the legend fit beside each other (letters of 0.61 of their size)."""
    letter = 0.61 * float(mpl.rcParams["legend.fontsize"])
    longest = max(len(text) for text in texts)
    margin = 0.9 if width < _NARROW else 1.3
    return max(1, min(4, int(72 * (width - margin) / (letter * longest + 22))))


def _root_axis(axis: Axes, low: float, high: float) -> None:
    values = fig.root_ticks(low, high, 5)
    if len(values) < 3:
        values = [float(each) for each in MaxNLocator(4).tick_values(low, high) if low <= each <= high]
    axis.set_yticks(values, [f"{each:g}" if abs(each) < 1e5 else power(each) for each in values])
    axis.yaxis.set_minor_locator(NullLocator())
