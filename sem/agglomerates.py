"""Areas as bright (or dark) as the particles in which no single particle could be told."""

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.find import Particles

F64 = NDArray[np.float64]

#: columns of the table: power of the length, and what it is
COLUMNS: dict[str, tuple[int, str]] = {
    "x": (1, "centre from the left edge of the image"),
    "y": (1, "centre from the top edge of the image"),
    "equivalent_diameter": (1, "diameter of the circle of equal area"),
    "area": (2, "projected area"),
    "resolved": (0, "share of the area that single particles explain"),
    "particles": (0, "number of single particles told within"),
    "touches_edge": (0, "1 where the frame cuts it"),
}
#: pixels per median diameter at which areas are looked at
_FINENESS = 10.0
#: an agglomerate is this many median particles large, of which less than this share is explained
_LARGE, _EXPLAINED = 2.0, 0.5
#: share of the particles' area that must lie above the threshold, and Otsu's share of variance between classes
_BRIGHT, _SEPARATE = 0.7, 0.5


def find(image: NDArray[np.generic], found: Particles, aspect: float) -> dict[str, F64]:
    """Return the table of agglomerates, lengths in image columns; empty where ground and particles are alike.

    Parameters
    ----------
    image
        (rows, columns) grey levels without the data bar.
    found
        The particles told apart.
    aspect
        Height over width of a pixel.

    Notes
    -----
    The threshold is Otsu's (1979) on the image at a tenth of the median diameter per pixel; holes as small as
    half a particle are closed, since edges are often brighter than what they enclose.
    """
    if not len(found.radius):
        return none()
    area = np.pi * np.mean(found.radius**2, axis=1)
    diameter = float(np.sqrt(4 * np.median(area) / np.pi))
    small, labels, step = _reduced(image, found, aspect, diameter)
    mask = _foreground(small, labels > 0, found.polarity, diameter / step)
    if mask is None:
        return none()
    least = _LARGE * float(np.median(area)) / step**2
    return _table(mask, labels, least, step)


def none() -> dict[str, F64]:
    """Return an empty table."""
    return {name: np.empty(0) for name in COLUMNS}


def _reduced(
    image: NDArray[np.generic], found: Particles, aspect: float, diameter: float
) -> tuple[NDArray[np.uint16], NDArray[np.int32], float]:
    """Return image and labels with square pixels of ``step`` image columns."""
    step = max(1.0, diameter / _FINENESS)
    rows, columns = image.shape
    size = (max(1, round(columns / step)), max(1, round(rows * aspect / step)))
    grey = cv2.resize(np.asarray(image, np.float32), size, interpolation=cv2.INTER_AREA)
    low, high = float(grey.min()), float(grey.max())
    levels = ((grey - low) * np.float32(65535 / max(high - low, 1e-9))).astype(np.uint16)
    across = np.minimum((np.arange(size[0]) * found.labels.shape[1]) // size[0], found.labels.shape[1] - 1)
    down = np.minimum((np.arange(size[1]) * found.labels.shape[0]) // size[1], found.labels.shape[0] - 1)
    return levels, found.labels[np.ix_(down, across)], columns / size[0]


def _foreground(
    levels: NDArray[np.uint16], inside: NDArray[np.bool_], polarity: str, diameter: float
) -> NDArray[np.uint8] | None:
    """Return where it is as bright (dark) as in particles; None where a threshold does not part them."""
    smooth = np.asarray(cv2.GaussianBlur(levels, (0, 0), 1.0))
    cut, _ = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    above = smooth > cut if polarity == "bright" else smooth <= cut
    share = float(np.mean(above))
    step = float(smooth[above].mean()) - float(smooth[~above].mean()) if 0 < share < 1 else 0.0
    separation = share * (1 - share) * step**2 / max(float(smooth.var()), 1e-9)
    if not inside.any() or separation < _SEPARATE:
        return None
    width = 2 * max(1, round(diameter / 4)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    closed = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    closed = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc), np.uint8)
    return closed if float(np.mean(closed[inside])) > _BRIGHT else None


def _table(mask: NDArray[np.uint8], labels: NDArray[np.int32], least: float, step: float) -> dict[str, F64]:
    count, parts, facts, middle = cv2.connectedComponentsWithStats(mask, connectivity=4)
    area = facts[:, cv2.CC_STAT_AREA].astype(np.float64)
    explained = np.bincount(parts[labels > 0], minlength=count) / np.maximum(area, 1)
    left, top = facts[:, cv2.CC_STAT_LEFT], facts[:, cv2.CC_STAT_TOP]
    right, bottom = left + facts[:, cv2.CC_STAT_WIDTH], top + facts[:, cv2.CC_STAT_HEIGHT]
    cut = (left == 0) | (top == 0) | (right == mask.shape[1]) | (bottom == mask.shape[0])
    kept = np.flatnonzero((np.arange(count) > 0) & (area >= least) & (explained < _EXPLAINED))
    within = [np.unique(labels[(parts == k) & (labels > 0)]).size for k in kept]
    return {
        "x": (middle[kept, 0] + 0.5) * step,
        "y": (middle[kept, 1] + 0.5) * step,
        "equivalent_diameter": np.sqrt(4 * area[kept] / np.pi) * step,
        "area": area[kept] * step**2,
        "resolved": explained[kept],
        "particles": np.array(within, np.float64),
        "touches_edge": cut[kept].astype(np.float64),
    }
