"""Outlines and curves as short SVG path data: whole fifths of a pixel, relative to the point before."""

import numpy as np
from numpy.typing import NDArray

from interlayer.report.axes import Floats

Integers = NDArray[np.int64]

#: units of path data per pixel: a path carries ``transform="scale(.2)"``
UNITS = 5.0
#: how far a curve may run from a point that is left out, in units
_TOLERANCE = 0.75
#: grid, in units, of the corners of outlines and of few and of many single points: each place is drawn once
_GRID, _SPOT, _DENSE = 2, 4, 8


def path(x: Floats, y: Floats, close: bool = False) -> str:
    """Return the d attribute of a line through pixel points; a gap where one is not finite.

    Examples
    --------
    >>> path(np.array([0.0, 1.0, np.nan, 2.0, 3.0]), np.array([0.0, 0.5, 0.0, 1.0, 1.0]))
    'M0 0l5 2M10 5l5 0'
    """
    good = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    return "".join(
        _run(x[begin:end], y[begin:end]) + ("Z" if close else "")
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    )


def _run(x: Floats, y: Floats) -> str:
    px, py = thinned(np.rint(x * UNITS).astype(np.int64), np.rint(y * UNITS).astype(np.int64))
    moves = np.column_stack([np.diff(px), np.diff(py)]).ravel().tolist()
    steps = " ".join(map(str, moves)).replace(" -", "-")
    return f"M{px[0]} {py[0]}" + (f"l{steps}" if steps else "h0")


def thinned(x: Integers, y: Integers) -> tuple[Integers, Integers]:
    """Return a polyline without the points that lie on the line between their neighbours.

    Every other point is tried in turn, so that no two neighbours go at once.
    """
    for attempt in range(8):
        before = x.size
        if before < 4:
            break
        inner = np.arange(1 + attempt % 2, before - 1, 2)
        ax, ay, bx, by = x[inner - 1], y[inner - 1], x[inner + 1], y[inner + 1]
        ux, uy, wx, wy = bx - ax, by - ay, x[inner] - ax, y[inner] - ay
        length = np.hypot(ux, uy)
        along = (ux * wx + uy * wy) / np.maximum(length, 1e-9)
        away = np.abs(ux * wy - uy * wx) / np.maximum(length, 1e-9)
        gone = (away <= _TOLERANCE) & (along >= 0) & (along <= length) & (length > 0)
        keep = np.ones(before, dtype=bool)
        keep[inner[gone]] = False
        x, y = x[keep], y[keep]
    return x, y


def rings(outlines: list[Floats]) -> str:
    """Return the d attribute of closed outlines, (n, 2) in pixels, without corners that none can see."""
    return "".join(_ring(ring) for ring in outlines if len(ring) > 2 and np.isfinite(ring).all())


def _ring(ring: Floats) -> str:
    reach = float(np.ptp(ring, axis=0).sum())
    corners = ring[:: max(1, int(len(ring) / (4 + 1.3 * np.sqrt(reach))))]
    placed = np.rint(corners * (UNITS / _GRID)).astype(np.int64) * _GRID
    moves = np.diff(placed, axis=0).ravel().tolist()
    steps = " ".join(map(str, moves)).replace(" -", "-")
    return f"M{placed[0, 0]} {placed[0, 1]}l{steps}Z"


def dots(x: Floats, y: Floats) -> str:
    """Return the d attribute of single points, drawn by round or square ends of lines without length."""
    px, py = _places(x, y)
    dx, dy = np.diff(px, prepend=0).tolist(), np.diff(py, prepend=0).tolist()
    return "".join(f"m{a}{'' if b < 0 else ' '}{b}h0" for a, b in zip(dx, dy, strict=True))


def shapes(x: Floats, y: Floats, marker: str, size: float) -> str:
    """Return the d attribute of filled triangles or diamonds of a size in pixels."""
    px, py = _places(x, y)
    r = round(UNITS * size * 0.62)
    outline = f"l{r} {2 * r}h{-2 * r}z" if marker == "triangle" else f"l{r} {r}l{-r} {r}l{-r} {-r}z"
    return "".join(f"M{a} {b - r}{outline}" for a, b in zip(px.tolist(), py.tolist(), strict=True))


def _places(x: Floats, y: Floats) -> tuple[Integers, Integers]:
    """Return the finite points in units, each place once, in their order."""
    good = np.isfinite(x) & np.isfinite(y)
    px, py = (np.rint(each[good] * UNITS).astype(np.int64) for each in (x, y))
    grid = _DENSE if px.size > 400 else _SPOT
    half = (px // grid) * 2**32 + py // grid
    first = np.sort(np.unique(half, return_index=True)[1])
    return px[first], py[first]
