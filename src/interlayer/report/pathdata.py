"""Outlines and curves as short SVG path data: whole tenths of a pixel, relative to the point before."""

import numpy as np
from numpy.typing import NDArray

from interlayer.report.axes import Floats

Integers = NDArray[np.int64]

#: units of path data per pixel: a path carries ``transform="scale(.1)"``
UNITS = 10.0
#: how far a curve may run from a point that is left out, in units
_TOLERANCE = 0.8


def path(x: Floats, y: Floats, close: bool = False) -> str:
    """Return the d attribute of a line through pixel points; a gap where one is not finite.

    Examples
    --------
    >>> path(np.array([0.0, 1.0, np.nan, 2.0, 3.0]), np.array([0.0, 0.5, 0.0, 1.0, 1.0]))
    'M0 0l10 5M20 10l10 0'
    """
    good = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    return "".join(
        _run(x[begin:end], y[begin:end]) + ("Z" if close else "")
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    )


def _run(x: Floats, y: Floats) -> str:
    px, py = thinned(np.rint(x * UNITS).astype(np.int64), np.rint(y * UNITS).astype(np.int64))
    dx, dy = np.diff(px).tolist(), np.diff(py).tolist()
    steps = "".join(
        f"{'' if a < 0 or not k else ' '}{a}{'' if b < 0 else ' '}{b}"
        for k, (a, b) in enumerate(zip(dx, dy, strict=True))
    )
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


def rings(outlines: list[Floats], step: int = 4) -> str:
    """Return the d attribute of closed outlines, each (n, 2) in pixels, all at once.

    Parameters
    ----------
    step
        Of the grid that their corners move to, in units.
    """
    shown = [ring for ring in outlines if len(ring) > 2 and np.isfinite(ring).all()]
    if not shown:
        return ""
    corners = np.rint(np.concatenate(shown) * (UNITS / step)).astype(np.int64) * step
    first = np.zeros(len(corners), dtype=bool)
    first[np.cumsum([0, *(len(ring) for ring in shown[:-1])])] = True
    moves = np.diff(corners, axis=0, prepend=0)
    turns = np.zeros(len(corners), dtype=bool)  # a corner in the middle of a straight stretch is none
    turns[1:-1] = (moves[1:-1] != moves[2:]).any(axis=1) | first[2:]
    keep = first | (turns & (moves != 0).any(axis=1)) | np.roll(first, -1)
    kept, begins = corners[keep], first[keep]
    steps = np.diff(kept, axis=0, prepend=0).tolist()
    return "".join(
        f"{'' if not k else 'Z'}M{x} {y}" if begin else f"l{a}{'' if b < 0 else ' '}{b}"
        for k, (begin, (x, y), (a, b)) in enumerate(zip(begins.tolist(), kept.tolist(), steps, strict=True))
    ) + "Z"


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
    """Return the finite points in units, each place (to half a pixel) once, in their order."""
    good = np.isfinite(x) & np.isfinite(y)
    px, py = (np.rint(each[good] * UNITS).astype(np.int64) for each in (x, y))
    half = (px // 5) * 2**32 + py // 5
    first = np.sort(np.unique(half, return_index=True)[1])
    return px[first], py[first]
