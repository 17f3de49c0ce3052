"""Draw a figure description as inline SVG: small, self-contained, the same bytes for the same input."""

import base64
from dataclasses import replace
from html import escape

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from interlayer.core import figure as fig
from interlayer.core.place import arrange_marks, skyline
from interlayer.report.axes import Floats, Scale, decimate
from interlayer.report.colormaps import apply

WIDTH = 760.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 66.0, 14.0, 8.0, 44.0
_LEGEND_LINE = 17.0
_TICK_ROW = 13.0
#: room above the curves for labels, size of their letters, room beside a map for its bar
_HEADROOM, _LABEL, _BAR = 46.0, 10.5, 78.0


def render(description: fig.Figure, uid: str = "f") -> str:
    """Return one figure as SVG text; its caption is the text alternative.

    Parameters
    ----------
    uid
        Begins every id in the figure: unique on its page, of letters, digits and hyphens.
    """
    columns = max(1, description.columns)
    cell = WIDTH / columns
    parts: list[str] = []
    top = 0.0
    panels = description.panels
    if description.share_x:
        common = fig.shared_x(panels)
        panels = [replace(panel, xlim=panel.xlim or common) for panel in panels]
    rows = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    for index, row in enumerate(rows):
        shared = description.share_x and columns == 1 and index < len(rows) - 1
        drawn = [
            _panel(panel, column * cell, top, cell, shared or panel.bare, f"{uid}-{index}-{column}")
            for column, panel in enumerate(row)
        ]
        parts += [text for text, _ in drawn]
        top += max(height for _, height in drawn)
    label = escape(f"{description.title}. {description.caption}", quote=True)
    return (
        f'<svg class="figure" viewBox="0 0 {WIDTH:.0f} {top:.0f}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _panel(
    panel: fig.Panel, left: float, top: float, width: float, bare: bool, clip: str
) -> tuple[str, float]:
    """Return the SVG of one panel and its height; a panel without marks only keeps its place."""
    if not panel.marks:
        return "", 0.0
    legend, legend_height = _legend(panel, left + _LEFT, width - _LEFT - _RIGHT, top + _TOP)
    (x_low, x_high), (y_low, y_high) = fig.limits(panel)
    is_image = any(isinstance(mark, fig.Image) for mark in panel.marks)
    has_map = any(isinstance(mark, fig.Map) for mark in panel.marks)
    inner_width = width - _LEFT - (_BAR if has_map else _RIGHT)
    title = 18.0 if panel.title else 0.0
    below = _TICK_ROW * (1 + max(fig.lanes(panel), default=-1))
    inner_height = _inner_height(panel, width, inner_width, (x_low, x_high), (y_low, y_high), is_image)
    has_labels = any(isinstance(mark, fig.Labels) for mark in panel.marks)
    above = min(_HEADROOM, 0.3 * inner_height) if has_labels else 0.0
    inner_height += below
    y0 = top + _TOP + title + legend_height
    y1 = y0 + inner_height
    x = Scale(x_low, x_high, *_ends(left + _LEFT, inner_width, panel.x_reversed), panel.x_log)
    ends = (y0, y1) if is_image else (y1 - below, y0 + above)
    y = Scale(y_low, y_high, *ends, panel.y_log, panel.y_root)
    box = (left + _LEFT, y0, inner_width, inner_height)
    marks = "".join(_mark(mark, x, y, box) for mark in panel.marks) + _labels(panel, x, y, box)
    text = (
        f'<clipPath id="{clip}"><rect x="{box[0]:.1f}" y="{box[1]:.1f}" width="{box[2]:.1f}" '
        f'height="{box[3]:.1f}"/></clipPath>{_title(panel, left, width, top)}{legend}'
        f'<g clip-path="url(#{clip})">{marks}</g>{_axes(panel, x, y, box, bare)}'
        f"{_lane_names(panel, box)}{_colour_bar(panel, box)}"
    )
    return text, _TOP + title + legend_height + inner_height + (10.0 if bare else _BOTTOM)


def _ends(start: float, length: float, is_reversed: bool) -> tuple[float, float]:
    return (start + length, start) if is_reversed else (start, start + length)


def _inner_height(
    panel: fig.Panel,
    width: float,
    inner_width: float,
    x: tuple[float, float],
    y: tuple[float, float],
    is_image: bool,
) -> float:
    if is_image or panel.equal:
        return float(np.clip(inner_width * (y[1] - y[0]) / (x[1] - x[0]), 60.0, 700.0))
    return max(46.0, (300.0 if width > 500 else 220.0) * panel.share)


def _title(panel: fig.Panel, left: float, width: float, top: float) -> str:
    if not panel.title:
        return ""
    return f'<text class="t" x="{left + _LEFT:.1f}" y="{top + _TOP + 8:.1f}">{escape(panel.title)}</text>'


def _legend(panel: fig.Panel, left: float, width: float, top: float) -> tuple[str, float]:
    """Return the legend as a row (or rows) above the panel, where it cannot hide data."""
    seen: dict[str, str] = {}
    for mark in panel.marks:
        text = fig.in_legend(mark)
        if text and not isinstance(mark, fig.Text | fig.Image | fig.Labels | fig.Map):
            seen.setdefault(text, fig.colour(mark.colour))
    if not seen:
        return "", 0.0
    top += 18.0 if panel.title else 0.0
    parts, x, line = [], 0.0, 0
    for label, colour in seen.items():
        need = 28.0 + 7.0 * len(label)
        if x and x + need > width:
            x, line = 0.0, line + 1
        y = top + 7 + line * _LEGEND_LINE
        parts.append(
            f'<rect x="{left + x:.1f}" y="{y - 5:.1f}" width="12" height="6" fill="{colour}" stroke="#777"/>'
            f'<text class="l" x="{left + x + 16:.1f}" y="{y + 2:.1f}">{escape(label)}</text>'
        )
        x += need
    return "".join(parts), (line + 1) * _LEGEND_LINE + 3


def _axes(panel: fig.Panel, x: Scale, y: Scale, box: tuple[float, float, float, float], bare: bool) -> str:
    left, top, width, height = box
    bottom = top + height
    parts = [f'<path class="a" d="M{left:.1f} {top:.1f}V{bottom:.1f}H{left + width:.1f}"/>']
    for value, label in x.ticks(8 if width > 400 else 5):
        at = float(x(value)[0])
        parts.append(f'<path class="a" d="M{at:.1f} {bottom:.1f}v4"/>')
        if not bare:
            parts.append(
                f'<text class="n" x="{at:.1f}" y="{bottom + 15:.1f}" text-anchor="middle">{label}</text>'
            )
    chosen = (
        None if panel.yticks is None else [(each, f"{each:g}".replace("-", "−")) for each in panel.yticks]
    )
    for value, label in y.ticks(max(3 if height < 70 else 4, int(height / 45))) if chosen is None else chosen:
        at = float(y(value)[0])
        if top - 1 <= at <= bottom + 1 - _TICK_ROW * (1 + max(fig.lanes(panel), default=-1)):
            parts.append(
                f'<path class="a" d="M{left:.1f} {at:.1f}h-4"/>'
                f'<text class="n" x="{left - 7:.1f}" y="{at + 3.5:.1f}" text-anchor="end">{label}</text>'
            )
    if not bare:
        parts.append(
            f'<text class="x" x="{left + width / 2:.1f}" y="{bottom + 33:.1f}" text-anchor="middle">'
            f"{escape(panel.xlabel)}</text>"
        )
    middle = top + (height - _TICK_ROW * (1 + max(fig.lanes(panel), default=-1))) / 2
    parts.append(
        f'<text class="x" transform="translate({left - 52:.1f} {middle:.1f}) rotate(-90)" '
        f'text-anchor="middle">{escape(panel.ylabel)}</text>'
    )
    return "".join(parts)


def _mark(mark: fig.Mark, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> str:
    if isinstance(mark, fig.Line):
        return _line(mark, x, y, box)
    if isinstance(mark, fig.Points):
        return _points(mark, x, y)
    if isinstance(mark, fig.Band):
        return _band(mark, x, y, box)
    if isinstance(mark, fig.Bars):
        return _bars(mark, x, y)
    if isinstance(mark, fig.Rule):
        return _rule(mark, x, y, box)
    if isinstance(mark, fig.Ticks):
        return _ticks(mark, x, box)
    if isinstance(mark, fig.Text):
        at_x, at_y = float(x(mark.x)[0]), float(y(mark.y)[0])
        return (
            f'<text class="m" x="{at_x:.1f}" y="{at_y - 3:.1f}" text-anchor="{mark.anchor}" '
            f'fill="{fig.colour(mark.colour)}">{escape(mark.text)}</text>'
        )
    if isinstance(mark, fig.Outlines):
        return _outlines(mark, x, y)
    if isinstance(mark, fig.Labels):
        return ""
    if isinstance(mark, fig.Map):
        return _map(mark, x, y)
    return _image(mark, x, y)


def path(x: Floats, y: Floats) -> str:
    """Return the d attribute of a line through pixel points; a gap where one is not finite."""
    good = np.isfinite(x) & np.isfinite(y)
    parts, pen_down = [], False
    for at_x, at_y, ok in zip(x.tolist(), y.tolist(), good.tolist(), strict=True):
        if ok:
            parts.append(f"{'L' if pen_down else 'M'}{at_x:.1f} {at_y:.1f}")
        pen_down = ok
    return "".join(parts)


def _line(mark: fig.Line, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> str:
    points = decimate(x(mark.x), y(mark.y), int(box[2]))
    dash = ' stroke-dasharray="5 3"' if mark.dash else ""
    return (
        f'<path fill="none" stroke="{fig.colour(mark.colour)}" stroke-width="{mark.width:.2g}"{dash} '
        f'd="{path(*points)}"/>'
    )


def _points(mark: fig.Points, x: Scale, y: Scale) -> str:
    at_x, at_y = x(mark.x), y(mark.y)
    colour = fig.colour(mark.colour)
    parts = []
    if mark.low is not None and mark.high is not None:
        bars = zip(at_x, y(mark.low), y(mark.high), strict=True)
        ends = "".join(f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in bars if np.isfinite([a, b, c]).all())
        parts.append(f'<path stroke="{colour}" stroke-width="1" d="{ends}"/>')
    good = np.isfinite(at_x) & np.isfinite(at_y)
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(at_x[good], at_y[good], strict=True))
    parts.append(
        f'<path stroke="{colour}" stroke-width="{mark.size + 1:.2g}" stroke-linecap="round" d="{dots}"/>'
    )
    return "".join(parts)


def _band(mark: fig.Band, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> str:
    at_x, low, high = x(mark.x), y(mark.low), y(mark.high)
    good = np.isfinite(at_x) & np.isfinite(low) & np.isfinite(high)
    upper = decimate(at_x[good], high[good], int(box[2]))
    lower = decimate(at_x[good], low[good], int(box[2]))
    outline = path(np.append(upper[0], lower[0][::-1]), np.append(upper[1], lower[1][::-1]))
    return (
        f'<path fill="{fig.colour(mark.colour)}" fill-opacity="{mark.alpha:.2g}" d="{outline}Z"/>'
        if outline
        else ""
    )


def _bars(mark: fig.Bars, x: Scale, y: Scale) -> str:
    edges, heights = x(mark.edges), y(mark.heights)
    base = y.start
    steps = "".join(
        f"M{a:.1f} {base:.1f}V{h:.1f}H{b:.1f}V{base:.1f}Z"
        for a, b, h in zip(edges[:-1], edges[1:], heights, strict=True)
        if np.isfinite(h)
    )
    colour = fig.colour(mark.colour)
    fill = f'fill="{colour}" fill-opacity="{mark.alpha:.2g}"'
    return f'<path {fill} stroke="#fff" stroke-width="0.6" d="{steps}"/>'


def _rule(mark: fig.Rule, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> str:
    left, top, width, height = box
    at = float((x if mark.axis == "x" else y)(mark.at)[0])
    line = f"M{at:.1f} {top:.1f}v{height:.1f}" if mark.axis == "x" else f"M{left:.1f} {at:.1f}h{width:.1f}"
    dash = ' stroke-dasharray="5 3"' if mark.dash else ""
    return f'<path fill="none" stroke="{fig.colour(mark.colour)}" stroke-width="1"{dash} d="{line}"/>'


def _ticks(mark: fig.Ticks, x: Scale, box: tuple[float, float, float, float]) -> str:
    bottom = box[1] + box[3] - mark.row * _TICK_ROW
    parts = []
    texts = mark.texts or ("",) * int(np.size(mark.x))
    for at, text in zip(x(mark.x), texts, strict=False):
        name = escape(f"{mark.label} {text}".strip())
        parts.append(
            f'<path stroke="{fig.colour(mark.colour)}" stroke-width="1.6" '
            f'd="M{at:.1f} {bottom - 2:.1f}v-9"><title>{name}</title></path>'
        )
    return "".join(parts)


def _lane_names(panel: fig.Panel, box: tuple[float, float, float, float]) -> str:
    bottom = box[1] + box[3]
    return "".join(
        f'<text class="m" x="{box[0] - 7:.1f}" y="{bottom - row * _TICK_ROW - 3:.1f}" text-anchor="end" '
        f'fill="{fig.colour(mark.colour)}">{escape(fig.lane_name(mark.label))}</text>'
        for row, mark in fig.lanes(panel).items()
    )


def _labels(panel: fig.Panel, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> str:
    """Place all labels of a panel above its curves."""
    marks = [mark for mark in panel.marks if isinstance(mark, fig.Labels)]
    if not marks:
        return ""
    left, bottom = box[0], box[1] + box[3]
    curves = [
        (x(mark.x) - left, bottom - y(mark.y))
        for mark in panel.marks
        if isinstance(mark, fig.Line | fig.Points)
    ]
    curves += [
        (np.array([0.0, box[2]]), bottom - y([mark.at, mark.at]))
        for mark in panel.marks
        if isinstance(mark, fig.Rule) and mark.axis == "y"
    ]
    at = np.concatenate([x(mark.x) - left for mark in marks])
    colours = [fig.colour(each) for mark in marks for each in mark.colours]
    texts, placed, turned = arrange_marks(marks, at, skyline(curves, box[2]), box[3] - 1, _LABEL)
    parts = []
    for each in placed:
        middle, colour = left + (each.box.left + each.box.right) / 2, colours[each.index]
        if each.leader is not None:
            a, b, c, d = each.leader
            parts.append(
                f'<path stroke="{colour}" stroke-width="0.6" '
                f'd="M{left + a:.1f} {bottom - b:.1f}L{left + c:.1f} {bottom - d:.1f}"/>'
            )
        place = (
            f'transform="translate({middle + 0.36 * _LABEL:.1f} {bottom - each.box.bottom:.1f}) rotate(-90)"'
            if turned
            else f'x="{middle:.1f}" y="{bottom - each.box.bottom - 1.5:.1f}" text-anchor="middle"'
        )
        parts.append(f'<text class="m" {place} fill="{colour}">{escape(texts[each.index])}</text>')
    return "".join(parts)


def _map(mark: fig.Map, x: Scale, y: Scale) -> str:
    left, right = sorted((float(x(mark.x[0])[0]), float(x(mark.x[1])[0])))
    top, bottom = sorted((float(y(mark.y[0])[0]), float(y(mark.y[1])[0])))
    values = fig.root(mark.values) if mark.root else mark.values.astype(np.float64)
    return (
        f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="{_data_uri(values[::-1], mark.colormap)}"/>'
    )


def _colour_bar(panel: fig.Panel, box: tuple[float, float, float, float]) -> str:
    """Return the bar of a map's colours with its values, right of the panel."""
    mark = next((each for each in panel.marks if isinstance(each, fig.Map)), None)
    if mark is None or not np.isfinite(mark.values).any():
        return ""
    low, high = float(np.nanmin(mark.values)), float(np.nanmax(mark.values))
    left, top, bottom = box[0] + box[2] + 10, box[1], box[1] + box[3]
    scale = Scale(low, high if high > low else low + 1.0, bottom, top, root=mark.root)
    ramp = _data_uri(np.linspace(1.0, 0.0, 128)[:, None], mark.colormap)
    parts = [
        f'<image x="{left:.1f}" y="{top:.1f}" width="10" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="{ramp}"/>'
    ]
    for value, label in scale.ticks(5):
        at = float(scale(value)[0])
        if top - 1 <= at <= bottom + 1:
            parts.append(f'<text class="n" x="{left + 13:.1f}" y="{at + 3.5:.1f}">{label}</text>')
    parts.append(
        f'<text class="x" transform="translate({left + 62:.1f} {(top + bottom) / 2:.1f}) rotate(-90)" '
        f'text-anchor="middle">{escape(mark.label)}</text>'
    )
    return "".join(parts)


def _outlines(mark: fig.Outlines, x: Scale, y: Scale) -> str:
    rings = "".join(path(x(ring[:, 0]), y(ring[:, 1])) + "Z" for ring in mark.rings if len(ring) > 2)
    return (
        f'<path fill="none" stroke="{fig.colour(mark.colour)}" stroke-width="{mark.width:.2g}" d="{rings}"/>'
    )


def _image(mark: fig.Image, x: Scale, y: Scale) -> str:
    left, right = float(x(0.0)[0]), float(x(mark.width)[0])
    top, bottom = float(y(0.0)[0]), float(y(mark.height)[0])
    return (
        f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="{_data_uri(mark.values, mark.colormap)}"/>'
    )


def _data_uri(values: NDArray[np.generic], colormap: str) -> str:
    """Return a micrograph (uint8) as JPEG, whose noise PNG cannot pack, and a map of numbers as PNG."""
    if values.dtype == np.uint8 and values.ndim == 2:
        data, kind = imagecodecs.jpeg8_encode(np.ascontiguousarray(values), level=82), "jpeg"
    else:
        data, kind = imagecodecs.png_encode(apply(values, colormap), level=6), "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
