"""A figure's curves as data for the page: what hover, zoom and download need, and tables for files."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np
from numpy.typing import ArrayLike

from interlayer.core import figure as fig
from interlayer.report.axes import Scale
from interlayer.report.inks import dashes, ink, marker, same_hue
from interlayer.report.pack import Column, Pack
from interlayer.report.svg import Drawn
from interlayer.report.svg_axes import Box

#: pixels of a map up to which its values are in the page, and their significant digits
_MAP_PIXELS = 60_000
_MAP_DIGITS = 3


def describe(description: fig.Figure, drawn: Drawn, pack: Pack) -> dict[str, object]:
    """Return a figure for the page's script; its columns go into the pack."""
    panels = [_panel(panel, scales, pack) for panel, scales in zip(drawn.panels, drawn.scales, strict=True)]
    return {
        "name": description.name,
        "title": description.title,
        "share": description.share_x and description.columns == 1,
        "panels": panels,
    }


def _panel(panel: fig.Panel, scales: tuple[Scale, Scale, Box], pack: Pack) -> dict[str, object]:
    x, y, box = scales
    return {
        "box": [round(each, 2) for each in box],
        "X": _scale(x),
        "Y": _scale(y),
        "x": panel.xlabel,
        "y": panel.ylabel,
        "title": panel.title,
        "bare": panel.bare,
        "fixed": list(panel.yticks) if panel.yticks is not None else None,
        "flat": panel.equal or any(isinstance(mark, fig.Image | fig.Map) for mark in panel.marks),
        "marks": [mark_data(mark, panel, pack) for mark in named(panel).marks],
    }


_CURVES = (fig.Line, fig.Points, fig.Band, fig.Bars, fig.Ticks)

#: what a curve without a label is called, by the role of its colour
_ROLES = {"data": "measured", "fit": "fit", "background": "background", "residual": "residual"}


def named(panel: fig.Panel) -> fig.Panel:
    """Return a panel whose curves all have a name: of the label in their colour, or of its role."""
    labels = [
        (fig.colour(colour), text)
        for mark in panel.marks
        if isinstance(mark, fig.Labels)
        for colour, text in zip(mark.colours, mark.short or mark.texts, strict=False)
    ]
    marks = []
    for mark in panel.marks:
        if isinstance(mark, fig.Line | fig.Points | fig.Band) and not mark.label:
            role = _ROLES.get(mark.colour, "") if isinstance(mark.colour, str) else ""
            known = (text for colour, text in labels if same_hue(colour, fig.colour(mark.colour)))
            mark = replace(mark, label=role or next(known, ""))
        marks.append(mark)
    return replace(panel, marks=marks)


def _scale(scale: Scale) -> list[float]:
    return [
        scale.low,
        scale.high,
        round(scale.start, 2),
        round(scale.end, 2),
        int(scale.log),
        int(scale.root),
    ]


@singledispatch
def mark_data(mark: fig.Mark, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    """Return one mark for the script; of labels and pictures only that they are there."""
    return {"k": "none"}


@mark_data.register
def _line(mark: fig.Line, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {
        "k": "line",
        "l": mark.label,
        "c": ink(mark.colour),
        "d": dashes(mark),
        "x": pack.add(mark.x, panel.x_log),
        "y": pack.add(mark.y, panel.y_log),
    }


@mark_data.register
def _points(mark: fig.Points, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    found: dict[str, object] = {
        "k": "points",
        "l": mark.label,
        "c": ink(mark.colour),
        "s": marker(mark),
        "r": mark.size,
        "x": pack.add(mark.x, panel.x_log),
        "y": pack.add(mark.y, panel.y_log),
    }
    if mark.low is not None and mark.high is not None:
        found |= {"lo": pack.add(mark.low, panel.y_log), "hi": pack.add(mark.high, panel.y_log)}
    return found


@mark_data.register
def _band(mark: fig.Band, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {
        "k": "band",
        "l": mark.label,
        "c": ink(mark.colour),
        "x": pack.add(mark.x, panel.x_log),
        "lo": pack.add(mark.low, panel.y_log),
        "hi": pack.add(mark.high, panel.y_log),
    }


@mark_data.register
def _bars(mark: fig.Bars, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    heights = pack.add(mark.heights)
    return {"k": "bars", "l": mark.label, "c": ink(mark.colour), "x": pack.add(mark.edges), "y": heights}


@mark_data.register
def _rule(mark: fig.Rule, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {"k": "rule", "l": mark.label, "c": ink(mark.colour), "a": mark.axis, "at": _finite(mark.at)}


@mark_data.register
def _ticks(mark: fig.Ticks, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    texts = list(mark.texts)
    return {"k": "ticks", "l": mark.label, "c": ink(mark.colour), "x": pack.add(mark.x), "t": texts}


@mark_data.register
def _text(mark: fig.Text, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {"k": "text", "at": [_finite(mark.x), _finite(mark.y)]}


@mark_data.register
def _outlines(mark: fig.Outlines, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {"k": "flat", "l": mark.label, "c": ink(mark.colour)}


@mark_data.register
def _image(mark: fig.Image, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {"k": "flat", "l": mark.label, **_pixels(mark.values, (0.0, mark.width), (0.0, mark.height), pack)}


@mark_data.register
def _map(mark: fig.Map, panel: fig.Panel, pack: Pack) -> dict[str, object]:
    return {"k": "flat", "l": mark.label, **_pixels(mark.values, mark.x, mark.y, pack)}


def _pixels(
    values: np.ndarray, x: tuple[float, float], y: tuple[float, float], pack: Pack
) -> dict[str, object]:
    """Return the values of a map, row by row from y's first end; those of a micrograph are in its picture."""
    if values.ndim != 2 or values.dtype == np.uint8 or values.size > _MAP_PIXELS:
        return {}
    return {"v": pack.add(values, digits=_MAP_DIGITS), "n": values.shape[1], "ex": list(x), "ey": list(y)}


def table(description: fig.Figure) -> list[Column]:
    """Return the curves of a figure as columns: each axis, then all curves that share it."""
    found: list[Column] = []
    for index, panel in enumerate(description.panels):
        begin = f"{panel.title or f'panel {index + 1}'}: " if len(description.panels) > 1 else ""
        blocks: dict[bytes, list[Column]] = {}
        for mark in named(panel).marks:
            axes, values = _columns(mark, panel)
            if axes:
                key = np.array([column for _, column in axes], dtype=float).tobytes()
                blocks.setdefault(key, axes).extend(values)
        found += [(begin + name, values) for block in blocks.values() for name, values in block]
    return found


def _columns(mark: fig.Mark, panel: fig.Panel) -> tuple[list[Column], list[Column]]:
    """Return the columns of one mark: its axis, and what stands over it."""
    label = f"{mark.label}: " if isinstance(mark, _CURVES) and mark.label else ""
    axes: list[Column] = []
    values: list[Column] = []
    if isinstance(mark, fig.Bars):
        edges = _list(mark.edges)
        axes = [(f"{panel.xlabel}, from", edges[:-1]), (f"{panel.xlabel}, to", edges[1:])]
        values = [(label + panel.ylabel, _list(mark.heights))]
    elif isinstance(mark, fig.Ticks):
        axes = [(label + panel.xlabel, _list(mark.x))]
        values = [(f"{label}text", list(mark.texts))] if mark.texts else []
    elif isinstance(mark, fig.Line | fig.Points | fig.Band):
        axes = [(panel.xlabel, _list(mark.x))]
        if not isinstance(mark, fig.Band):
            values.append((label + panel.ylabel, _list(mark.y)))
        if not isinstance(mark, fig.Line) and mark.low is not None and mark.high is not None:
            values.append((f"{label}{panel.ylabel}, low", _list(mark.low)))
            values.append((f"{label}{panel.ylabel}, high", _list(mark.high)))
    return axes, values


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _list(values: ArrayLike) -> list[float]:
    found: list[float] = np.atleast_1d(np.asarray(values, dtype=np.float64)).tolist()
    return found


def records_table(name: str, records: Sequence[Mapping[str, object]], pack: Pack) -> dict[str, object]:
    """Return a table of a result for the page: numbers as packed columns, texts as they are."""
    names = list(records[0]) if records else []
    columns: list[object] = []
    for each in names:
        values = [record[each] for record in records]
        numbers = [np.nan if value is None else value for value in values]
        if values and all(isinstance(value, int | float) for value in numbers):
            columns.append(pack.add(np.array(numbers, dtype=np.float64), wide=True))
        else:
            columns.append(["" if value is None else str(value) for value in values])
    return {"name": name, "names": names, "columns": columns}


def records_columns(records: Sequence[Mapping[str, object]]) -> list[Column]:
    """Return records as columns."""
    return [(name, [record[name] for record in records]) for name in (records[0] if records else ())]
