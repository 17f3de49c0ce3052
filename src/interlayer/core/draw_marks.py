"""Draw the marks of a panel with matplotlib."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.ticker import LogFormatter

from interlayer.core import figure as fig

#: points: no letters are smaller
SMALLEST = 6.0


class PlainLog(LogFormatter):
    """Numbers of a log axis as plain text: nothing in a figure is ever parsed as mathematics."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of a tick, "" for one that is not labelled."""
        if not super().__call__(x, pos):
            return ""
        return power(x) if x >= 1e4 or x < 1e-2 else f"{x:g}"


def label_size() -> float:
    """Return the size of labels at data, in points."""
    return max(float(mpl.rcParams["font.size"]) - 2, SMALLEST)


def power(value: float) -> str:
    """Return a number as a power of ten: "10³", "2.5·10⁻⁴"."""
    mantissa, exponent = f"{value:.2e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{power}" if float(mantissa) == 1 else f"{float(mantissa):g}·10{power}"


def draw_mark(axis: Axes, mark: fig.Mark) -> None:
    """Draw one mark."""
    if isinstance(mark, fig.Text):
        axis.annotate(
            mark.text,
            (mark.x, mark.y),
            color=fig.colour(mark.colour),
            fontsize=label_size(),
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
        bar.set_ticks(ticks, labels=[f"{each:g}" if each < 1e5 else power(each) for each in ticks])


def _points(axis: Axes, mark: fig.Points, name: str, label: str | None) -> None:
    x, y = np.atleast_1d(np.asarray(mark.x, float)), np.atleast_1d(np.asarray(mark.y, float))
    if mark.low is not None and mark.high is not None:
        reach = np.abs(np.vstack([y - np.asarray(mark.low, float), np.asarray(mark.high, float) - y]))
        axis.errorbar(x, y, yerr=reach, fmt="o", ms=mark.size, color=name, elinewidth=0.8, label=label)
    else:
        axis.plot(x, y, "o", ms=mark.size, color=name, label=label, mec="none")
