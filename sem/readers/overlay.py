"""What software has burnt into a micrograph: letters, scale bars, frames and boxes, found by their borders.

A drawn stroke has one grey level up to its border, and the ground is all there two pixels outside: at most
one pixel between them is mixed (antialiased). Nothing that a beam of finite width has imaged does that: a
clipped particle of even 1 px blur keeps 17 % of its step at that distance. Such regions are taken for drawn
when they are strokes (long for their width) or boxes with straight sides; small ones beside them are letters
broken by antialiasing.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.readers import flat

Mask = NDArray[np.bool_]
U8 = NDArray[np.uint8]

#: most that may be left of the step two pixels outside; least step, in grey levels of 255 and in noise
_REST, _STEP, _NOISE = 0.12, 30.0, 4.0
#: least pixels of a stroke, and of a piece of a letter beside one; least places where the ground is seen
_PIXELS, _PIECE, _PLACES = 8, 2, 8
#: area over (width of the stroke)^2, area over border^2 (a disc has 0.049), share of straight sides of a box
_LONG, _SLENDER, _STRAIGHT = 4.0, 0.03, 0.95
#: largest share of the image's smaller side that a stroke is wide, of the image that a box covers, and all
_WIDEST, _BOX, MOST = 0.03, 0.25, 0.3
#: levels of a band at the ends of the scale (JPEG) and of one within it; reach of a letter's pieces in pixels
_END, _WITHIN, _REACH = 10, 1, 8
#: how far a level within the scale must stand out of the histogram to be looked at
_SPIKE = 3.0
#: most strokes, and the largest share of the smaller side squared that they cover: more is texture
_MANY, _INK = 2000, 0.04
#: least pixels of a stroke where single pixels of its level are scattered over the image
_SOLID = 100


@dataclass(frozen=True, slots=True)
class _Borders:
    """What the borders of regions say, and the pixels of those too small to be strokes (grains of noise)."""

    sharp: Mask
    sharpish: Mask
    boxed: Mask
    slender: Mask
    grains: NDArray[np.int64]
    step: NDArray[np.float64]


def overlays(image: NDArray[np.generic]) -> Mask:
    """Return where letters, scale bars, frames and boxes are burnt into an image.

    Parameters
    ----------
    image
        (rows, columns) of any kind of number, grey.

    Returns
    -------
    ndarray of bool
        Of the shape of the image; the mask reaches two pixels beyond the strokes. Empty where nothing is
        found, and where more than 30 % of the image would be masked: then it is a drawing, no micrograph.
    """
    grey = _eight_bit(image)
    mask = np.zeros(grey.shape, np.uint8)
    noise = _noise(grey)
    for band in _bands(grey):
        _add(mask, grey, band, noise)
    if not mask.any() or np.mean(mask) > MOST:
        return np.zeros(grey.shape, np.bool_)
    return cv2.dilate(mask, np.ones((5, 5), np.uint8)).view(np.bool_)


def with_colour(image: NDArray[np.generic], colour: Mask | None) -> Mask:
    """Return `overlays` and the coloured pixels of an image that is grey otherwise (rows of ``image``)."""
    found = overlays(image)
    if colour is None:
        return found
    drawn = colour[: image.shape[0]].astype(np.uint8)
    return found | cv2.dilate(drawn, np.ones((5, 5), np.uint8)).view(np.bool_)


def _eight_bit(image: NDArray[np.generic]) -> U8:
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image, dtype=np.uint8)
    if image.dtype == np.uint16:
        return _stretched(np.ascontiguousarray(image, np.uint16))
    return _stretched(np.ascontiguousarray(image, np.float32))


def _stretched(values: NDArray[np.uint16] | NDArray[np.float32]) -> U8:
    empty = np.empty(values.shape, np.uint8)
    return np.asarray(cv2.normalize(values, empty, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U), np.uint8)


def _noise(grey: U8) -> float:
    """Return the noise of a pixel from the differences of neighbours (of a sample of rows)."""
    rows = grey[:: max(1, grey.shape[0] // 64)].astype(np.int16)
    return float(np.median(np.abs(np.diff(rows, axis=1)))) * 1.0484  # 1.4826 / sqrt(2)


def _bands(grey: U8) -> list[Mask]:
    """Return the levels that drawn things may have: both ends of the scale, and spikes of the histogram."""
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel()
    levels = np.arange(256)
    used = np.flatnonzero(counts)
    low, high = int(used[0]), int(used[-1])
    bands = [levels >= high - _END, levels <= low + _END]
    around = np.stack([np.roll(counts, k) for k in range(-16, 17) if abs(k) > 1])  # gain makes combs
    spike = counts - _SPIKE * np.max(around, axis=0)
    spike[: low + 2 * _END] = spike[max(high - 2 * _END + 1, 0) :] = 0
    spike[(counts < 64) | (counts > _BOX * grey.size)] = 0
    best = [int(at) for at in np.argsort(spike)[::-1][:3] if spike[at] > 0]
    return bands + [np.abs(levels - at) <= _WITHIN for at in best]


def _add(mask: U8, grey: U8, band: Mask, noise: float) -> None:
    """Put what is drawn in one band of levels into the mask."""
    found = flat.regions(grey, band, grey.size // 8 + 1024)
    if found is None:  # an eighth of the image is single pixels of this level: noise
        return
    borders = _borders(found, noise)
    drawn = _boxes(mask, found, borders, grey.size) | _strokes(found, borders, min(grey.shape))
    if drawn.any():
        _letters(mask, grey, found, drawn, borders)


def _boxes(mask: U8, found: flat.Regions, borders: _Borders, size: int) -> Mask:
    """Return which regions are boxes or frames, and put the full ones into the mask with what is in them."""
    high, wide = (found.box[:, 2:] - found.box[:, :2]).astype(np.int64).T
    boxes: Mask = borders.sharp & borders.boxed & (high * wide <= _BOX * size) & (found.area >= _PIXELS)
    for top, left, bottom, right in found.box[boxes & (found.area > 0.5 * high * wide)]:
        mask[top:bottom, left:right] = 1
    return boxes


def _strokes(found: flat.Regions, borders: _Borders, side: int) -> Mask:
    """Return which regions are strokes; none where other regions have borders as sharp."""
    wanted = borders.sharp & ~borders.boxed & (found.area >= _PIXELS)
    strokes = np.zeros(wanted.size, np.bool_)
    slender = np.flatnonzero(wanted & borders.slender)
    if slender.size > _MANY:
        return strokes
    for k in slender:
        strokes[k] = _is_stroke(found, int(k), side)
    others = found.area[wanted & ~strokes].sum()
    if (
        found.area[strokes].sum() < borders.grains.sum()
    ):  # noise of this level: chains of it look like strokes
        strokes &= (found.area >= _SOLID) & (found.area >= 0.75 * found.border)
        borders.sharpish[:] = False
    drawn = found.area[strokes].sum()
    if others > drawn or drawn > _INK * side**2:
        strokes[:] = False
    return strokes


def _borders(found: flat.Regions, noise: float) -> _Borders:
    places, step, _, rest = (found.profile[:, k].astype(np.float64) for k in range(4))
    mean = step / np.maximum(places, 1)
    left = np.abs(rest) / np.maximum(step, 1)
    strong = mean >= max(_STEP, _NOISE * noise)
    # antialiasing and JPEG let a border overshoot as well as fall short, both by little
    sharp = strong & (places >= _PLACES) & (rest / np.maximum(step, 1) <= _REST) & (left <= 2 * _REST)
    high, wide = found.box[:, 2] - found.box[:, 0], found.box[:, 3] - found.box[:, 1]
    lengths = np.stack([wide, wide, high, high], axis=1)
    boxed = np.all(found.sides >= _STRAIGHT * lengths, axis=1) & (np.minimum(high, wide) >= 3)
    slender = found.area < _SLENDER * found.border.astype(np.float64) ** 2
    sharpish = strong & (places >= 3) & (left <= 3 * _REST) & (found.area >= _PIECE)
    grains = np.where(strong & (found.area < _PIXELS), found.area, 0)
    return _Borders(sharp, sharpish, boxed, slender, grains, mean)


def _is_stroke(found: flat.Regions, k: int, side: int) -> bool:
    top, left, bottom, right = (int(v) for v in found.box[k])
    crop = _only(found, k, (top - 1, left - 1), (bottom - top + 2, right - left + 2))
    width = 2 * float(cv2.distanceTransform(crop, cv2.DIST_L2, 5).max()) - 1
    return width <= _WIDEST * side + 6 and found.area[k] >= _LONG * width**2


def _with_pieces(found: flat.Regions, drawn: Mask, borders: _Borders, size: int) -> Mask:
    """Return the drawn regions and the pieces of letters beside them (boxes closer than the reach)."""
    pieces = borders.sharpish & (found.area < 4 * np.max(found.area[drawn])) & ~borders.boxed
    extent = np.prod(found.box[:, 2:] - found.box[:, :2], axis=1)
    fresh = drawn & (extent <= _BOX * _BOX * size)  # a frame around the image is near to everything
    while fresh.any():
        left = np.flatnonzero(pieces & ~drawn)
        near = np.zeros(left.size, np.bool_)
        for box in found.box[fresh]:
            gap = np.maximum(found.box[left, :2] - box[2:], box[:2] - found.box[left, 2:])
            near |= np.all(gap <= _REACH, axis=1)
        fresh = np.zeros(drawn.size, np.bool_)
        fresh[left[near]] = True
        drawn = drawn | fresh
    return drawn


def _letters(mask: U8, grey: U8, found: flat.Regions, drawn: Mask, borders: _Borders) -> None:
    """Add drawn regions, the pieces of letters beside them, and their mixed pixels."""
    drawn = _with_pieces(found, drawn, borders, grey.size)
    if found.area[drawn & ~borders.boxed].sum() > _INK * min(grey.shape) ** 2:
        return
    for y, first, behind in found.runs[drawn[found.owner]]:
        mask[y, first:behind] = 1
    wide = np.ones((_REACH + 1, _REACH + 1), np.uint8)
    for k in np.flatnonzero(drawn):
        top, left = np.maximum(found.box[k, :2] - _REACH, 0)
        here = np.s_[top : found.box[k, 2] + _REACH, left : found.box[k, 3] + _REACH]
        own = _only(found, int(k), (int(top), int(left)), mask[here].shape)
        levels = grey[here].astype(np.float32)
        level = float(levels[own > 0].mean())
        mixed = np.abs(levels - level) < 0.5 * borders.step[k]
        mask[here] |= cv2.dilate(own, wide) & mixed.astype(np.uint8)


def _only(found: flat.Regions, k: int, corner: tuple[int, int], shape: tuple[int, ...]) -> U8:
    """Return one region in a window of the image."""
    canvas = np.zeros(shape, np.uint8)
    for y, first, behind in found.of(k):
        canvas[y - corner[0], first - corner[1] : behind - corner[1]] = 1
    return canvas
