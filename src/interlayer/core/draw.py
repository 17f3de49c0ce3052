"""Draw a figure description with matplotlib, for papers and for ``plot``."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import MaxNLocator

from interlayer.core import figure as fig

_STYLE: Any = {
    "text.parse_math": False,
    "font.size": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.hashsalt": "interlayer",
    "svg.fonttype": "none",
    "image.interpolation": "nearest",
}


def draw(description: fig.Figure, *, width: float = 7.0) -> MplFigure:
    """Return a matplotlib Figure of a figure description.

    Parameters
    ----------
    width
        Width in inches (3.5 for one journal column, 7 for two).
    """
    columns = max(1, description.columns)
    rows = -(-len(description.panels) // columns)
    shares = [
        max(panel.share for panel in description.panels[r * columns : (r + 1) * columns]) for r in range(rows)
    ]
    with mpl.rc_context(_STYLE):
        figure = MplFigure(
            figsize=(width, (0.55 * width / columns) * sum(shares) + 0.5), layout="constrained"
        )
        axes = figure.subplots(rows, columns, squeeze=False, height_ratios=shares, sharex=description.share_x)
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
        figure.suptitle(description.title, fontsize=10)
    return figure


def _panel(axis: Axes, panel: fig.Panel) -> None:
    (x0, x1), (y0, y1) = fig.limits(panel)
    axis.set_xscale("log" if panel.x_log else "linear")
    axis.set_yscale("log" if panel.y_log else "linear")
    for mark in panel.marks:
        _mark(axis, mark)
    ticks = [mark for mark in panel.marks if isinstance(mark, fig.Ticks)]
    if ticks and not panel.y_log:
        y0 -= (y1 - y0) * 0.06 * (1 + max(mark.row for mark in ticks))
    is_image = any(isinstance(mark, fig.Image) for mark in panel.marks)
    axis.set_xlim((x1, x0) if panel.x_reversed else (x0, x1))
    axis.set_ylim((y1, y0) if is_image else (y0, y1))
    if panel.equal or is_image:
        axis.set_aspect("equal", adjustable="box")
    axis.set_xlabel(panel.xlabel)
    axis.set_ylabel(panel.ylabel)
    axis.set_title(panel.title, fontsize=9)
    if not panel.y_log:
        axis.yaxis.set_major_locator(MaxNLocator(5))
    if axis.get_legend_handles_labels()[1]:
        axis.legend(loc="best")


def _mark(axis: Axes, mark: fig.Mark) -> None:
    if isinstance(mark, fig.Text):
        axis.annotate(
            mark.text,
            (mark.x, mark.y),
            color=fig.colour(mark.colour),
            fontsize=7,
            ha={"start": "left", "middle": "center", "end": "right"}[mark.anchor],
            va="bottom",
        )
        return
    name = fig.colour(mark.colour) if not isinstance(mark, fig.Image) else ""
    label = mark.label or None
    if isinstance(mark, fig.Line):
        axis.plot(
            np.asarray(mark.x),
            np.asarray(mark.y),
            color=name,
            lw=mark.width,
            label=label,
            ls="--" if mark.dash else "-",
        )
    elif isinstance(mark, fig.Points):
        _points(axis, mark, name, label)
    elif isinstance(mark, fig.Band):
        axis.fill_between(
            np.asarray(mark.x),
            np.asarray(mark.low),
            np.asarray(mark.high),
            color=name,
            alpha=mark.alpha,
            lw=0,
            label=label,
        )
    elif isinstance(mark, fig.Bars):
        axis.stairs(
            np.asarray(mark.heights),
            np.asarray(mark.edges),
            fill=True,
            color=name,
            alpha=mark.alpha,
            label=label,
        )
    elif isinstance(mark, fig.Rule):
        rule = axis.axvline if mark.axis == "x" else axis.axhline
        rule(mark.at, color=name, lw=0.8, ls="--" if mark.dash else "-", label=label)
    elif isinstance(mark, fig.Ticks):
        height = 0.025 + 0.05 * mark.row
        axis.plot(
            np.asarray(mark.x),
            np.full(np.size(mark.x), height),
            "|",
            color=name,
            ms=7,
            transform=axis.get_xaxis_transform(),
            clip_on=False,
            label=label,
        )
    elif isinstance(mark, fig.Outlines):
        axis.add_collection(
            LineCollection(
                [np.vstack([ring, ring[:1]]) for ring in mark.rings if len(ring)],
                colors=name,
                linewidths=mark.width,
                label=label,
            )
        )
    else:
        low, high = (0, 255) if mark.values.dtype == np.uint8 else (None, None)
        axis.imshow(
            mark.values, cmap=mark.colormap, extent=(0, mark.width, mark.height, 0), vmin=low, vmax=high
        )


def _points(axis: Axes, mark: fig.Points, name: str, label: str | None) -> None:
    x, y = np.atleast_1d(np.asarray(mark.x, float)), np.atleast_1d(np.asarray(mark.y, float))
    if mark.low is not None and mark.high is not None:
        reach = np.abs(np.vstack([y - np.asarray(mark.low, float), np.asarray(mark.high, float) - y]))
        axis.errorbar(x, y, yerr=reach, fmt="o", ms=mark.size, color=name, elinewidth=0.8, label=label)
    else:
        axis.plot(x, y, "o", ms=mark.size, color=name, label=label, mec="none")
