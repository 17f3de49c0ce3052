"""Each kind of mark as SVG."""

from functools import singledispatch
from html import escape

import numpy as np

from interlayer.core import figure as fig
from interlayer.core.place import arrange_marks, skyline
from interlayer.report.axes import Scale, decimate
from interlayer.report.inks import LETTERS, dashes, ink, marker
from interlayer.report.pathdata import UNITS, dots, path, rings, shapes
from interlayer.report.pictures import data_uri
from interlayer.report.svg_axes import TICK_ROW, Box

#: size of the letters of labels; columns of points that are drawn per pixel of a curve
_LABEL, _COLUMNS = 10.5, 0.4
_SCALED = f'transform="scale({1 / UNITS:g})"'


@singledispatch
def draw_mark(mark: fig.Mark, x: Scale, y: Scale, box: Box) -> str:
    """Return the SVG of one mark; labels are placed together, by `draw_labels`."""
    return ""


@draw_mark.register
def _line(mark: fig.Line, x: Scale, y: Scale, box: Box) -> str:
    data = path(*decimate(x(mark.x), y(mark.y), int(box[2] * _COLUMNS)))
    return _stroke(ink(mark.colour), mark.width, dashes(mark), data)


def _stroke(colour: str, width: float, dash: str, data: str) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path {_SCALED} fill="none" stroke="{colour}" stroke-width="{width:.2g}"{dashed} d="{data}"/>'


@draw_mark.register
def _points(mark: fig.Points, x: Scale, y: Scale, box: Box) -> str:
    at_x, at_y, colour, shape = x(mark.x), y(mark.y), ink(mark.colour), marker(mark)
    bars = ""
    if mark.low is not None and mark.high is not None:
        ends = np.column_stack([at_x, y(mark.low), y(mark.high)])
        ends = np.rint(ends[np.isfinite(ends).all(axis=1)] * UNITS)
        bars = _stroke(colour, 1.0, "", "".join(f"M{a:.0f} {b:.0f}V{c:.0f}" for a, b, c in ends.tolist()))
    if shape in ("triangle", "diamond"):
        return f'{bars}<path {_SCALED} fill="{colour}" d="{shapes(at_x, at_y, shape, mark.size + 1)}"/>'
    cap = "round" if shape == "circle" else "square"
    return (
        f'{bars}<path {_SCALED} stroke="{colour}" stroke-width="{mark.size + 1:.2g}" stroke-linecap="{cap}" '
        f'd="{dots(at_x, at_y)}"/>'
    )


@draw_mark.register
def _band(mark: fig.Band, x: Scale, y: Scale, box: Box) -> str:
    at_x, low, high = x(mark.x), y(mark.low), y(mark.high)
    good = np.isfinite(at_x) & np.isfinite(low) & np.isfinite(high)
    if not good.any():
        return ""
    upper = decimate(at_x[good], high[good], int(box[2] * _COLUMNS))
    lower = decimate(at_x[good], low[good], int(box[2] * _COLUMNS))
    outline = path(np.append(upper[0], lower[0][::-1]), np.append(upper[1], lower[1][::-1]), close=True)
    colour = ink(mark.colour)
    edge = f' stroke="{colour}" stroke-width="0.8"' if mark.label else ""
    return f'<path {_SCALED} fill="{colour}" fill-opacity="{mark.alpha:.2g}"{edge} d="{outline}"/>'


@draw_mark.register
def _bars(mark: fig.Bars, x: Scale, y: Scale, box: Box) -> str:
    edges, heights = (np.rint(each * UNITS).tolist() for each in (x(mark.edges), y(mark.heights)))
    base = round(y.start * UNITS)
    steps = "".join(
        f"M{a:.0f} {base}V{h:.0f}H{b:.0f}V{base}Z"
        for a, b, h in zip(edges[:-1], edges[1:], heights, strict=True)
        if np.isfinite(h)
    )
    colour = ink(mark.colour)
    look = f'fill="{colour}" fill-opacity="{mark.alpha:.2g}" stroke="{colour}" stroke-width="0.6"'
    return f'<path {_SCALED} {look} d="{steps}"/>'


@draw_mark.register
def _rule(mark: fig.Rule, x: Scale, y: Scale, box: Box) -> str:
    left, top, width, height = (round(each * UNITS) for each in box)
    at = float((x if mark.axis == "x" else y)(mark.at)[0]) * UNITS
    if not np.isfinite(at):
        return ""
    data = f"M{at:.0f} {top}v{height}" if mark.axis == "x" else f"M{left} {at:.0f}h{width}"
    return _stroke(ink(mark.colour), 1.0, dashes(mark), data)


@draw_mark.register
def _ticks(mark: fig.Ticks, x: Scale, y: Scale, box: Box) -> str:
    bottom = round((box[1] + box[3] - mark.row * TICK_ROW - 2) * UNITS)
    places = np.rint(x(mark.x) * UNITS)
    data = "".join(f"M{at:.0f} {bottom}v-45" for at in places[np.isfinite(places)].tolist())
    return _stroke(ink(mark.colour), 1.6, "", data)


@draw_mark.register
def _text(mark: fig.Text, x: Scale, y: Scale, box: Box) -> str:
    at_x, at_y = float(x(mark.x)[0]), float(y(mark.y)[0])
    if not np.isfinite([at_x, at_y]).all():
        return ""
    return (
        f'<text class="m" x="{at_x:.1f}" y="{at_y - 3:.1f}" text-anchor="{mark.anchor}" '
        f'fill="{ink(mark.colour, LETTERS)}">{escape(mark.text)}</text>'
    )


@draw_mark.register
def _outlines(mark: fig.Outlines, x: Scale, y: Scale, box: Box) -> str:
    placed = [np.column_stack([x(ring[:, 0]), y(ring[:, 1])]) for ring in mark.rings if len(ring) > 2]
    return _stroke(ink(mark.colour), mark.width, "", rings(placed))


@draw_mark.register
def _image(mark: fig.Image, x: Scale, y: Scale, box: Box) -> str:
    return _picture(data_uri(mark.values, mark.colormap), x([0.0, mark.width]), y([0.0, mark.height]))


@draw_mark.register
def _map(mark: fig.Map, x: Scale, y: Scale, box: Box) -> str:
    values = fig.root(mark.values) if mark.root else mark.values.astype(np.float64)
    return _picture(data_uri(values[::-1], mark.colormap), x(list(mark.x)), y(list(mark.y)))


def _picture(uri: str, x: np.ndarray, y: np.ndarray) -> str:
    left, right = sorted(x.tolist())
    top, bottom = sorted(y.tolist())
    return (
        f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="{uri}"/>'
    )


def draw_labels(panel: fig.Panel, x: Scale, y: Scale, box: Box) -> str:
    """Place all labels of a panel above its curves; each says at which x it stands."""
    marks = [mark for mark in panel.marks if isinstance(mark, fig.Labels)]
    if not marks:
        return ""
    left, bottom = box[0], box[1] + box[3]
    at = np.concatenate([x(mark.x) - left for mark in marks])
    places = np.concatenate([np.atleast_1d(np.asarray(mark.x, dtype=float)) for mark in marks]).tolist()
    colours = [ink(each, LETTERS) for mark in marks for each in mark.colours]
    skyline_of = skyline(_curves(panel, x, y, box), box[2])
    texts, placed, turned = arrange_marks(marks, at, skyline_of, box[3] - 1, _LABEL)
    parts = []
    for each in placed:
        middle, colour = left + (each.box.left + each.box.right) / 2, colours[each.index]
        parts.append(f'<g data-x="{places[each.index]:.9g}">')
        if each.leader is not None:
            a, b, c, d = each.leader
            ends = f"M{left + a:.1f} {bottom - b:.1f}L{left + c:.1f} {bottom - d:.1f}"
            parts.append(f'<path stroke="{colour}" stroke-width="0.6" d="{ends}"/>')
        turn = f"translate({middle + 0.36 * _LABEL:.1f} {bottom - each.box.bottom:.1f}) rotate(-90)"
        straight = f'x="{middle:.1f}" y="{bottom - each.box.bottom - 1.5:.1f}" text-anchor="middle"'
        place = f'transform="{turn}"' if turned else straight
        parts.append(f'<text class="m" {place} fill="{colour}">{escape(texts[each.index])}</text></g>')
    return "".join(parts)


def _curves(panel: fig.Panel, x: Scale, y: Scale, box: Box) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the curves that labels must not touch, in pixels from the lower left corner."""
    left, bottom = box[0], box[1] + box[3]
    curves = [
        (x(mark.x) - left, bottom - y(mark.y))
        for mark in panel.marks
        if isinstance(mark, fig.Line | fig.Points)
    ]
    return curves + [
        (np.array([0.0, box[2]]), bottom - y([mark.at, mark.at]))
        for mark in panel.marks
        if isinstance(mark, fig.Rule) and mark.axis == "y"
    ]
