"""Figures as data: what is drawn, once; matplotlib draws it for papers, the report as interactive SVG."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: colour-blind-safe colours (Okabe and Ito 2008) by role; components take `CYCLE` in order
COLOURS = {
    "data": "#4d4d4d",
    "fit": "#d55e00",
    "background": "#7a7a7a",
    "residual": "#4d4d4d",
    "accent": "#0072b2",
    "warning": "#d55e00",
    "good": "#009e73",
    "muted": "#b3b3b3",
    "black": "#000000",
    "white": "#ffffff",
}
CYCLE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6d00", "#5d3a9b")

#: letters that fit beside a lane of ticks
_LANE_LETTERS = 10


def colour(name: str | int) -> str:
    """Return the colour of a role, of a place in the cycle, or the colour itself."""
    if isinstance(name, int):
        return CYCLE[name % len(CYCLE)]
    return COLOURS.get(name, name)


def _array(values: ArrayLike) -> NDArray[np.float64]:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


@dataclass(slots=True)
class Line:
    """A line through points; NaN breaks it."""

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    colour: str | int = "data"
    width: float = 1.2
    dash: bool = False


@dataclass(slots=True)
class Points:
    """Single points, with optional error bars (half lengths, or low and high ends)."""

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    colour: str | int = "data"
    size: float = 3.0
    low: ArrayLike | None = None
    high: ArrayLike | None = None


@dataclass(slots=True)
class Band:
    """The area between two curves: a filled component above its background, or an interval."""

    x: ArrayLike
    low: ArrayLike
    high: ArrayLike
    label: str = ""
    colour: str | int = "accent"
    alpha: float = 0.3


@dataclass(slots=True)
class Bars:
    """A histogram: n + 1 edges, n heights."""

    edges: ArrayLike
    heights: ArrayLike
    label: str = ""
    colour: str | int = "accent"
    alpha: float = 0.6


@dataclass(slots=True)
class Rule:
    """A straight line across the panel at one x (vertical) or one y (horizontal)."""

    at: float
    axis: Literal["x", "y"] = "x"
    label: str = ""
    colour: str | int = "muted"
    dash: bool = True


@dataclass(slots=True)
class Ticks:
    """A lane of short vertical marks below the curves: reflections of one phase, with texts on hover."""

    x: ArrayLike
    label: str
    texts: tuple[str, ...] = ()
    colour: str | int = "accent"
    row: int = 0


@dataclass(slots=True)
class Text:
    """A label at a data point."""

    x: float
    y: float
    text: str
    colour: str | int = "black"
    anchor: Literal["start", "middle", "end"] = "middle"


@dataclass(slots=True)
class Image:
    """A 2-D array drawn as an image, row 0 at the top.

    Parameters
    ----------
    values
        (rows, columns): uint8 grey levels, or floats for a colour map.
    width, height
        Size in the units of the axes.
    """

    values: NDArray[np.generic]
    width: float
    height: float
    colormap: Literal["gray", "viridis", "cividis"] = "gray"
    label: str = ""


@dataclass(slots=True)
class Outlines:
    """Closed outlines (of particles), each an (n, 2) array of x, y."""

    rings: list[NDArray[np.float64]]
    label: str = ""
    colour: str | int = "fit"
    width: float = 0.8


@dataclass(slots=True)
class Labels:
    """Labels above the curves, placed where they are drawn so that none touches another or a curve.

    Parameters
    ----------
    rank
        Those of the highest rank are placed first; what does not fit is left out.
    colours
        One for each label.
    short
        Shorter texts, for where the others do not all fit.
    pile
        Whether a label that fits nowhere may stand upon another.
    """

    x: ArrayLike
    texts: tuple[str, ...]
    rank: ArrayLike
    colours: tuple[str | int, ...]
    short: tuple[str, ...] = ()
    pile: bool = False


@dataclass(slots=True)
class Map:
    """A 2-D array over two axes, row 0 at the bottom, with a bar of its colours.

    Parameters
    ----------
    values
        (rows, columns); white where not finite.
    x, y
        Ends of the first and last column, and of the first and last row, in the units of the axes.
    root
        Colours follow the square root of the values; the bar is labelled with the values.
    """

    values: NDArray[np.floating]
    x: tuple[float, float]
    y: tuple[float, float]
    label: str = ""
    colormap: Literal["gray", "viridis", "cividis"] = "viridis"
    root: bool = False


Mark = Line | Points | Band | Bars | Rule | Ticks | Text | Image | Outlines | Labels | Map


@dataclass(slots=True)
class Panel:
    """One pair of axes. Labels carry the units: "2θ / degree".

    Parameters
    ----------
    y_root
        A square-root scale.
    bare
        No numbers along x: the panel below has the same axis.
    yticks
        The numbers along y; chosen where it is drawn by default.
    """

    xlabel: str
    ylabel: str
    marks: list[Mark] = field(default_factory=list)
    title: str = ""
    x_log: bool = False
    y_log: bool = False
    y_root: bool = False
    x_reversed: bool = False
    equal: bool = False
    share: float = 1.0
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    bare: bool = False
    yticks: tuple[float, ...] | None = None


@dataclass(slots=True)
class Figure:
    """One figure: panels stacked in ``columns`` columns (one column shares its x axis if ``share_x``).

    Parameters
    ----------
    name
        Short and unique in its result, part of file names.
    title, caption
        The caption says what is seen, and serves as the text alternative.
    """

    name: str
    title: str
    caption: str
    panels: list[Panel]
    columns: int = 1
    share_x: bool = False


def limits(panel: Panel) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the x and y limits that show all marks of a panel (4 % margin in y, 10 % with labels)."""
    xs, ys = [np.empty(0)], [np.empty(0)]
    for mark in panel.marks:
        more_x, more_y = _extent(mark)
        xs.append(more_x)
        ys.append(more_y)
    has_points = any(isinstance(mark, Points) for mark in panel.marks) and not panel.equal
    x = panel.xlim or _span(np.concatenate(xs), panel.x_log, 0.01 if has_points else 0.0)
    is_image = any(isinstance(mark, Image | Map) for mark in panel.marks)
    has_text = any(isinstance(mark, Text) for mark in panel.marks)
    margin = 0.0 if panel.equal or is_image else 0.1 if has_text else 0.04
    y = panel.ylim or _span(np.concatenate(ys), panel.y_log, margin)
    return x, y


def shared_x(panels: list[Panel]) -> tuple[float, float] | None:
    """Return the x limits that show all marks of several panels, or None without panels."""
    spans = [limits(panel)[0] for panel in panels]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def lanes(panel: Panel) -> dict[int, Ticks]:
    """Return the first mark of each lane of ticks, the lowest lane first."""
    found: dict[int, Ticks] = {}
    for mark in panel.marks:
        if isinstance(mark, Ticks):
            found.setdefault(mark.row, mark)
    return dict(sorted(found.items()))


def lane_name(label: str) -> str:
    """Return the name beside a lane, cut to the room there."""
    return label if len(label) <= _LANE_LETTERS else f"{label[: _LANE_LETTERS - 1]}…"


def in_legend(mark: Mark) -> str:
    """Return the text of a mark in the legend; a lane says its name beside itself unless that is cut."""
    if isinstance(mark, Text | Image | Labels | Map):
        return ""
    if isinstance(mark, Ticks) and lane_name(mark.label) == mark.label:
        return ""
    return mark.label


def root(values: ArrayLike) -> NDArray[np.float64]:
    """Return the square root, of negative values that of their size with their sign."""
    data = np.asarray(values, dtype=np.float64)
    return np.sign(data) * np.sqrt(np.abs(data))


def unroot(values: ArrayLike) -> NDArray[np.float64]:
    """Return the inverse of `root`."""
    data = np.asarray(values, dtype=np.float64)
    return np.sign(data) * data**2


def root_ticks(low: float, high: float, count: int) -> list[float]:
    """Return round values (1, 2, 5 times powers of ten, and 0) well apart on a square-root scale."""
    if not (np.isfinite([low, high]).all() and high > 0):
        return []
    powers = range(int(np.floor(np.log10(high))), int(np.floor(np.log10(high))) - 7, -1)
    wanted = [factor * 10.0**k for k in powers for factor in (5, 2, 1)] + [0.0]
    apart = float(root(high) - root(low)) / (count + 1)
    kept: list[float] = []
    for value in wanted:
        inside = low - 1e-9 * abs(low) <= value <= high * (1 + 1e-9)
        if inside and (not kept or float(root(kept[-1]) - root(value)) >= apart):
            kept.append(value)
    return kept[::-1]


def _extent(mark: Mark) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(mark, Line):
        return _array(mark.x), _array(mark.y)
    if isinstance(mark, Points):
        ends = [_array(end) for end in (mark.low, mark.high) if end is not None]
        return _array(mark.x), np.concatenate([_array(mark.y), *ends])
    if isinstance(mark, Band):
        return _array(mark.x), np.concatenate([_array(mark.low), _array(mark.high)])
    if isinstance(mark, Bars):
        return _array(mark.edges), np.append(_array(mark.heights), 0.0)
    if isinstance(mark, Image):
        return np.array([0.0, mark.width]), np.array([0.0, mark.height])
    if isinstance(mark, Map):
        return np.array(mark.x), np.array(mark.y)
    if isinstance(mark, Text):
        return np.array([mark.x]), np.array([mark.y])
    if isinstance(mark, Rule):
        at = np.array([mark.at])
        return (at, np.empty(0)) if mark.axis == "x" else (np.empty(0), at)
    return np.empty(0), np.empty(0)


def _span(values: NDArray[np.float64], log: bool, margin: float) -> tuple[float, float]:
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    if values.size == 0:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        return (low / 1.1, high * 1.1) if log else (low - pad, high + pad)
    if log:
        stretch = (high / low) ** margin
        return low / stretch, high * stretch
    pad = (high - low) * margin
    return low - pad, high + pad
