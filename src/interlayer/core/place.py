"""Places labels above curves so that no two touch each other or the curves; what does not fit is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interlayer.core.figure import Labels

Floats = NDArray[np.floating[Any]]
Segment = tuple[float, float, float, float]

#: distances in units of the page (pixels or points): label to curve, and label to label
_GAP, _APART = 3.0, 1.5
#: a label higher above its peak than this gets a leader line, and none is higher than the second
_NEAR, _REACH = 7.0, 64.0
#: letters' heights that a leader may run sideways before shorter texts are tried
_FAR = 4.0
#: sideways moves in label widths, tried in this order
_MOVES = (0.0, 0.55, -0.55, 1.1, -1.1, 1.8, -1.8, 2.6, -2.6)


@dataclass(frozen=True, slots=True)
class Box:
    """The area of a label, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def touches(self, other: "Box", apart: float = 0.0) -> bool:
        """Return True when the other box is nearer than ``apart``."""
        beside = self.right + apart <= other.left or other.right + apart <= self.left
        return not (beside or self.top + apart <= other.bottom or other.top + apart <= self.bottom)


@dataclass(frozen=True, slots=True)
class Placed:
    """A label with its place; the leader runs from the curve (x, y) to the label (x, y)."""

    index: int
    box: Box
    leader: Segment | None


def skyline(curves: Sequence[tuple[ArrayLike, ArrayLike]], width: float) -> Floats:
    """Return the highest point of the curves in each unit of the width, shape (width + 1,); 0 without any.

    Parameters
    ----------
    curves
        x and y of each, in units of the page from the lower left corner.
    """
    sky = np.zeros(max(int(width), 1) + 1)
    columns = np.arange(sky.size)
    for xs, ys in curves:
        x, y = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
        good = np.isfinite(x) & np.isfinite(y) & (x >= -1) & (x <= width + 1)
        if not good.any():
            continue
        x, y = x[good], y[good]
        order = np.argsort(x, kind="stable")
        between = (columns >= x[order[0]]) & (columns <= x[order[-1]])
        sky[between] = np.maximum(sky[between], np.interp(columns[between], x[order], y[order]))
        np.maximum.at(sky, np.clip(np.rint(x).astype(int), 0, sky.size - 1), y)
    return sky


def arrange(
    x: ArrayLike,
    texts: Sequence[str],
    rank: ArrayLike,
    sky: Floats,
    top: float,
    font: float,
    *,
    pile: bool = False,
) -> tuple[list[Placed], bool]:
    """Place labels, upright or, where some would be left out, turned by 90°.

    Parameters
    ----------
    x
        Where each label belongs, in units of the page.
    rank
        The label of the highest rank is placed first.
    sky, top
        Height of the curves (`skyline`), and of the panel.
    font
        Size of the letters.
    pile
        Whether a label that fits nowhere may stand upon another, without a leader.

    Returns
    -------
    list of Placed, bool
        The labels that fit, and whether they are turned.
    """
    wide = [0.66 * font * len(text) + 1.0 for text in texts]
    sizes = [(each, font) for each in wide]
    flat = place(x, sizes, rank, sky, top)
    if pile:
        flat += _piled(x, sizes, sky, top, flat)
    if len(flat) == len(texts):
        return flat, False
    turned = place(x, [(font, each) for each in wide], rank, sky, top)
    return (turned, True) if len(turned) > len(flat) else (flat, False)


def arrange_marks(
    marks: Sequence[Labels], x: ArrayLike, sky: Floats, top: float, font: float
) -> tuple[list[str], list[Placed], bool]:
    """Place all labels of a panel: with their short texts where the others do not all fit upright.

    Parameters
    ----------
    x
        Where each label belongs, in units of the page.
    sky, top, font
        As in `arrange`.

    Returns
    -------
    list of str, list of Placed, bool
        The texts that are used, the labels that fit, and whether they are turned.
    """
    rank = np.concatenate([np.atleast_1d(np.asarray(mark.rank, dtype=float)) for mark in marks])
    texts = [text for mark in marks for text in mark.texts]
    short = [text for mark in marks for text in mark.short or mark.texts]
    pile = all(mark.pile for mark in marks)
    placed, turned = arrange(x, texts, rank, sky, top, font, pile=pile and short == texts)
    crowded = turned or len(placed) < len(texts)
    if short == texts or not (crowded or any(_is_far(each, font) for each in placed)):
        return texts, placed, turned
    fewer, fewer_turned = arrange(x, short, rank, sky, top, font, pile=pile)
    if crowded or len(fewer) == len(texts):
        return short, fewer, fewer_turned
    return texts, placed, turned


def _is_far(label: Placed, font: float) -> bool:
    """Return True when the eye must follow a long leader."""
    leader = label.leader
    return leader is not None and abs(leader[2] - leader[0]) > _FAR * font


def place(
    x: ArrayLike, sizes: Sequence[tuple[float, float]], rank: ArrayLike, sky: Floats, top: float
) -> list[Placed]:
    """Place boxes of these sizes (width, height), each by itself where it costs least, highest rank first."""
    at = np.atleast_1d(np.asarray(x, dtype=float))
    placed: list[Placed] = []
    for index in np.argsort(-np.atleast_1d(np.asarray(rank, dtype=float)), kind="stable").tolist():
        if not 0 <= at[index] <= sky.size - 1:
            continue
        tried = [_try(index, float(at[index]), sizes[index], move, sky, top, placed) for move in _MOVES]
        fits = [each for each in tried if each is not None]
        if fits:
            placed.append(min(fits, key=lambda each: each[0])[1])
    return placed


def _piled(
    x: ArrayLike, sizes: Sequence[tuple[float, float]], sky: Floats, top: float, placed: Sequence[Placed]
) -> list[Placed]:
    """Return the labels that are not yet placed, straight above their place on whatever is there."""
    at = np.atleast_1d(np.asarray(x, dtype=float))
    done = list(placed)
    taken = {each.index for each in placed}
    for index, (width, height) in enumerate(sizes):
        if index in taken or not 0 <= at[index] <= sky.size - 1:
            continue
        left = float(np.clip(at[index] - width / 2, 0.0, max(0.0, sky.size - 1 - width)))
        bottom = _over(sky, left, left + width) + _GAP
        while True:
            box = Box(left, bottom, left + width, bottom + height)
            above = [each for each in (_blocked(box, other) for other in done) if each is not None]
            if not above:
                break
            bottom = max(above) + 2 * _APART
        if box.top <= top:
            done.append(Placed(index, box, None))
    return done[len(placed) :]


def _over(sky: Floats, left: float, right: float) -> float:
    return float(sky[max(0, int(left)) : min(sky.size, int(np.ceil(right)) + 1)].max())


def _try(
    index: int,
    x: float,
    size: tuple[float, float],
    move: float,
    sky: Floats,
    top: float,
    placed: list[Placed],
) -> tuple[float, Placed] | None:
    """Return the cost and the label at one sideways move, as low as it can be, or None."""
    width, height = size
    left = float(np.clip(x + move * width - width / 2, 0.0, max(0.0, sky.size - 1 - width)))
    foot = _over(sky, x - 2, x + 2)
    bottom = max(foot, _over(sky, left, left + width)) + _GAP
    while True:
        box = Box(left, bottom, left + width, bottom + height)
        if box.top > top or bottom - foot > _REACH:
            return None
        above = [_blocked(box, each) for each in placed]
        highest = max((each for each in above if each is not None), default=None)
        if highest is None:
            break
        bottom = highest + 2 * _APART
    middle = left + width / 2
    leader = None
    if bottom - foot > _NEAR or abs(middle - x) > 0.75 * width:
        leader = (x, foot + 1.5, middle, bottom - 0.5)
        if not _clear(leader, sky, placed):
            return None
    return abs(middle - x) + 0.6 * (bottom - foot), Placed(index, box, leader)


def _blocked(box: Box, other: Placed) -> float | None:
    """Return the height above which a placed label (or its leader) no longer blocks a box, or None."""
    if box.touches(other.box, _APART):
        return other.box.top
    if other.leader is not None and _hits(other.leader, box):
        return max(other.leader[1], other.leader[3])
    return None


def _hits(line: Segment, box: Box) -> bool:
    """Return True when a segment comes into a box (Liang and Barsky 1984)."""
    x0, y0, x1, y1 = line
    start, end = 0.0, 1.0
    for step, low, high in (
        (x1 - x0, box.left - _APART - x0, box.right + _APART - x0),
        (y1 - y0, box.bottom - _APART - y0, box.top + _APART - y0),
    ):
        if abs(step) < 1e-9:
            if low > 0 or high < 0:
                return False
            continue
        first, last = sorted((low / step, high / step))
        start, end = max(start, first), min(end, last)
    return start <= end


def _clear(line: Segment, sky: Floats, placed: list[Placed]) -> bool:
    """Return True when a leader crosses no curve, no label and no other leader."""
    share = np.linspace(0.0, 1.0, 16)
    xs = np.clip(np.rint(line[0] + share * (line[2] - line[0])).astype(int), 0, sky.size - 1)
    away = np.abs(xs - line[0]) > 2
    if np.any((line[1] + share * (line[3] - line[1]) < sky[xs])[away]):
        return False
    return not any(
        _hits(line, each.box) or (each.leader is not None and _cross(line, each.leader)) for each in placed
    )


def _cross(one: Segment, two: Segment) -> bool:
    def side(line: Segment, x: float, y: float) -> float:
        return (line[2] - line[0]) * (y - line[1]) - (line[3] - line[1]) * (x - line[0])

    return (
        side(one, two[0], two[1]) * side(one, two[2], two[3]) < 0
        and side(two, one[0], one[1]) * side(two, one[2], one[3]) < 0
    )
