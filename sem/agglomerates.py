"""Areas with edges as strong as those of the particles in which hardly any single particle could be told."""

from collections.abc import Sequence

import cv2
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.sem.segment.find import Particles

F64 = NDArray[np.float64]

#: columns of the table: power of the length, and what it is
COLUMNS: dict[str, tuple[int, str]] = {
    "x": (1, "centre from the left edge of the image"),
    "y": (1, "centre from the top edge of the image"),
    "equivalent_diameter": (1, "diameter of the circle of equal area"),
    "area": (2, "projected area"),
    "touches_edge": (0, "1 where the frame cuts it"),
}
#: pixels per median diameter at which areas are looked at
_FINENESS = 10.0
#: share of all area with edges above which the sizes are said to be of a part of the particles only
_WORTH = 0.15
#: an edge counts that is this share as strong as those of the particles are at the median, and this many
#: times as strong as what two fifths of the image stay below
_STRONG, _NOISE = 0.5, 4.0


def find(image: NDArray[np.generic], found: Particles, aspect: float) -> dict[str, F64]:
    """Return the table of agglomerates, lengths in image columns.

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
    Looked at are gradients at a tenth of the median diameter per pixel. Edges at least half as strong as
    those of the particles, and the particles themselves, are joined over gaps of half a diameter; what of it
    is not within a particle and at least as large as the median one is an agglomerate (or a part of one).
    """
    if not len(found.radius):
        return none()
    area = np.pi * np.mean(found.radius**2, axis=1)
    diameter = float(np.sqrt(4 * np.median(area) / np.pi))
    small, labels, step = _reduced(image, found, aspect, diameter)
    mask = _edged(small, labels, diameter / step)
    return _table(mask, labels, diameter / step, step)


def none() -> dict[str, F64]:
    """Return an empty table."""
    return {name: np.empty(0) for name in COLUMNS}


def flag(found: dict[str, F64], area: float, scale: float, unit: str) -> list[str]:
    """Return what a reader must know of agglomerates, or nothing; ``area``: that of single particles."""
    left = float(np.sum(found["area"]))
    if left <= _WORTH * (left + area):
        return []
    largest = float(found["equivalent_diameter"].max()) * scale
    return [
        f"agglomerates: {100 * left / (left + area):.0f} % of the area with edges like those of the particles"
        f" could not be told apart ({found['area'].size} pieces up to {largest:.3g} {unit} wide):"
        " sizes are of the rest"
    ]


def table(found: dict[str, F64], scale: float, unit: str) -> xr.Dataset:
    """Return the table as a Dataset; ``scale`` is the width of a pixel in ``unit``."""
    units = {0: "1", 1: unit, 2: f"{unit}^2" if unit == "nm" else "1"}
    data = {
        name: ("agglomerate", found[name] * scale**power, {"units": units[power], "long_name": text})
        for name, (power, text) in COLUMNS.items()
    }
    data["image"] = (
        "agglomerate",
        np.zeros(found["x"].size),
        {"units": "1", "long_name": "row in the table of images"},
    )
    return xr.Dataset(data, attrs={"role": "table"})


def pooled(tables: Sequence[tuple[xr.Dataset | None, int]]) -> xr.Dataset | None:
    """Return the tables of several results as one; each comes with the number of its images."""
    shifted, start = [], 0
    for each, count in tables:
        if each is not None:
            moved = each.assign(image=each["image"] + start)
            moved["image"].attrs = each["image"].attrs
            shifted.append(moved)
        start += count
    return xr.concat(shifted, "agglomerate", combine_attrs="override") if shifted else None


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


def _edged(levels: NDArray[np.uint16], labels: NDArray[np.int32], diameter: float) -> NDArray[np.uint8]:
    """Return where there are particles, or edges as strong as theirs."""
    smooth = cv2.GaussianBlur(np.asarray(levels, np.float32), (0, 0), 1.0)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    inside = (labels > 0).astype(np.uint8)
    three = np.ones((3, 3), np.uint8)
    border = (cv2.dilate(inside, three) > 0) & (cv2.erode(inside, three) == 0)
    usual = float(np.median(slope[border])) if border.any() else np.inf
    least = max(_STRONG * usual, _NOISE * float(np.quantile(slope, 0.4)))
    strong = ((slope > least) | (inside > 0)).astype(np.uint8)
    wide, narrow = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(diameter / part)) + 1,) * 2)
        for part in (4, 8)
    )
    closed = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, wide)
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, narrow), np.uint8)


def _table(
    mask: NDArray[np.uint8], labels: NDArray[np.int32], diameter: float, step: float
) -> dict[str, F64]:
    """Return what of the mask no particle explains, in pieces of the area of one particle or more."""
    near = cv2.dilate((labels > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(diameter / 6)) + 1,) * 2)
    rest = cv2.morphologyEx(mask * (near == 0).astype(np.uint8), cv2.MORPH_OPEN, disc)
    count, _, facts, middle = cv2.connectedComponentsWithStats(rest, connectivity=4)
    area = facts[:, cv2.CC_STAT_AREA].astype(np.float64)
    left, top = facts[:, cv2.CC_STAT_LEFT], facts[:, cv2.CC_STAT_TOP]
    right, bottom = left + facts[:, cv2.CC_STAT_WIDTH], top + facts[:, cv2.CC_STAT_HEIGHT]
    cut = (left == 0) | (top == 0) | (right == mask.shape[1]) | (bottom == mask.shape[0])
    kept = np.flatnonzero((np.arange(count) > 0) & (area >= np.pi / 4 * diameter**2))
    return {
        "x": (middle[kept, 0] + 0.5) * step,
        "y": (middle[kept, 1] + 0.5) * step,
        "equivalent_diameter": np.sqrt(4 * area[kept] / np.pi) * step,
        "area": area[kept] * step**2,
        "touches_edge": cut[kept].astype(np.float64),
    }
