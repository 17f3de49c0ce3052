"""Draw a figure description with matplotlib, for papers and for ``plot``."""

from collections.abc import Sequence
from typing import Any, TypeGuard

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from interlayer.core import figure as fig
from interlayer.core.place import arrange_marks, skyline

#: inches: lane of ticks, room for labels, lowest panel; points: letters of labels
_LEGEND_ROW = 0.16
_LANE, _HEADROOM, _LOWEST, _LABEL = 0.14, 0.42, 0.95, 7.0

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
    "axes.formatter.useoffset": False,
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
    heights = [
        max(_height(panel, width / columns) for panel in description.panels[r * columns : (r + 1) * columns])
        for r in range(rows)
    ]
    with mpl.rc_context(_STYLE):
        figure = MplFigure(figsize=(width, sum(heights) + 0.5), layout="constrained")
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
        figure.suptitle(description.title, fontsize=10)
        crowded = [(a, p) for a, p in zip(axes.ravel(), description.panels, strict=False) if _has_room(p)]
        if crowded:
            figure.draw_without_rendering()
            for axis, panel in crowded:
                _make_room(axis, panel)
            figure.draw_without_rendering()
            for axis, panel in crowded:
                _labels(axis, panel)
    return figure


def _height(panel: fig.Panel, width: float) -> float:
    """Return the height of a panel in inches."""
    height = max(0.55 * width * panel.share, min(_LOWEST, 0.55 * width)) + _LANE * len(fig.lanes(panel))
    entries = list(dict.fromkeys(filter(None, map(fig.in_legend, panel.marks)))) if _has_room(panel) else []
    return height + (_LEGEND_ROW * (len(entries) // _legend_columns(entries, width)) if entries else 0.0)


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
    names = [f"{value:g}" if abs(value) < 1e5 else _power(value) for value in values]
    row = span * below / max(1 + max(lanes, default=-1), 1)
    places = back.transform(start + row * (np.array(list(lanes), dtype=float) + 0.5))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_yticks([*values, *places], [*names, *(fig.lane_name(each.label) for each in lanes.values())])
    for tick, lane in zip(axis.yaxis.get_major_ticks()[len(values) :], lanes.values(), strict=True):
        tick.tick1line.set_visible(False)
        tick.label1.set(color=fig.colour(lane.colour), fontsize=_LABEL)
    axis.yaxis.label.set_y(below + (1 - below) / 2)
    for mark in panel.marks:
        if isinstance(mark, fig.Ticks):
            y = float(places[list(lanes).index(mark.row)])
            axis.plot(
                np.asarray(mark.x), np.full(np.size(mark.x), y), "|", color=fig.colour(mark.colour), ms=6
            )


def _is_level(mark: fig.Mark) -> TypeGuard[fig.Rule]:
    return isinstance(mark, fig.Rule) and mark.axis == "y"


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{power}" if float(mantissa) == 1 else f"{float(mantissa):g}·10{power}"


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
    texts, placed, turned = arrange_marks(marks, at, sky, box.height * points, _LABEL)
    for each in placed:
        place, name = each.box, colours[each.index]
        x, y = back.transform(origin + np.array([(place.left + place.right) / 2, place.bottom]) / points)
        text = axis.text(x, y, texts[each.index], color=name, fontsize=_LABEL, ha="center", va="bottom")
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
    for mark in panel.marks:
        _mark(axis, mark)
    is_image = any(isinstance(mark, fig.Image) for mark in panel.marks)
    axis.set_xlim((x1, x0) if panel.x_reversed else (x0, x1))
    axis.set_ylim((y1, y0) if is_image else (y0, y1))
    if panel.equal or is_image:
        axis.set_aspect("equal", adjustable="box")
    axis.set_xlabel("" if panel.bare else panel.xlabel)
    axis.tick_params(labelbottom=not panel.bare)
    axis.set_ylabel(panel.ylabel)
    above = _has_room(panel) and any(fig.in_legend(mark) for mark in panel.marks)
    axis.set_title("" if above else panel.title, fontsize=9)
    if panel.yticks is not None:
        axis.set_yticks(panel.yticks, [f"{each:g}".replace("-", "−") for each in panel.yticks])
        axis.yaxis.set_minor_locator(NullLocator())
    elif panel.y_root:
        _root_axis(axis, y0, y1)
    elif not panel.y_log:
        axis.yaxis.set_major_locator(MaxNLocator(5 if panel.share > 0.5 else 3, symmetric=y0 == -y1))
    if axis.get_legend_handles_labels()[1]:
        if _has_room(panel) or panel.y_root:
            axis.legend(
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0),
                ncols=_legend_columns(
                    axis.get_legend_handles_labels()[1], axis.figure.bbox.width / axis.figure.dpi
                ),
                borderaxespad=0.2,
                borderpad=0.1,
                handlelength=1.3,
                columnspacing=1.2,
                title=panel.title if above else None,
                alignment="left",
            )
        else:
            axis.legend(loc="best")


def _legend_columns(texts: Sequence[str], width: float) -> int:
    """Return how many entries of the legend fit beside each other (letters of half their height)."""
    longest = max(len(text) for text in texts)
    return max(1, min(4, int(72 * (width - 1.3) / (4.9 * longest + 22))))


def _root_axis(axis: Axes, low: float, high: float) -> None:
    values = fig.root_ticks(low, high, 5)
    if len(values) < 3:
        values = [float(each) for each in MaxNLocator(4).tick_values(low, high) if low <= each <= high]
    axis.set_yticks(values, [f"{each:g}" if abs(each) < 1e5 else _power(each) for each in values])
    axis.yaxis.set_minor_locator(NullLocator())


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
    if isinstance(mark, fig.Labels):
        return
    if isinstance(mark, fig.Map):
        _map(axis, mark)
        return
    name = fig.colour(mark.colour) if not isinstance(mark, fig.Image) else ""
    label = (fig.in_legend(mark) if isinstance(mark, fig.Ticks) else mark.label) or None
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
        axis.plot([], [], "|", color=name, ms=7, label=label)  # drawn by `_make_room`
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


def _map(axis: Axes, mark: fig.Map) -> None:
    finite = mark.values[np.isfinite(mark.values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    norm = FuncNorm((fig.root, fig.unroot), low, high) if mark.root else Normalize(low, high)
    image = axis.imshow(
        mark.values,
        cmap=mark.colormap,
        norm=norm,
        extent=(*mark.x, *mark.y),
        origin="lower",
        aspect="auto",
        interpolation="auto",
    )
    bar = axis.figure.colorbar(image, ax=axis, label=mark.label, pad=0.01)
    ticks = fig.root_ticks(low, high, 5) if mark.root else []
    if len(ticks) > 2:
        bar.set_ticks(ticks, labels=[f"{each:g}" if each < 1e5 else _power(each) for each in ticks])


def _points(axis: Axes, mark: fig.Points, name: str, label: str | None) -> None:
    x, y = np.atleast_1d(np.asarray(mark.x, float)), np.atleast_1d(np.asarray(mark.y, float))
    if mark.low is not None and mark.high is not None:
        reach = np.abs(np.vstack([y - np.asarray(mark.low, float), np.asarray(mark.high, float) - y]))
        axis.errorbar(x, y, yerr=reach, fmt="o", ms=mark.size, color=name, elinewidth=0.8, label=label)
    else:
        axis.plot(x, y, "o", ms=mark.size, color=name, label=label, mec="none")
