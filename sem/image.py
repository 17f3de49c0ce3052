"""One image: from the frame to its table of particles."""

from dataclasses import dataclass

import cv2
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.sem import agglomerates, detect, measure, quality
from interlayer.sem.frame import Frame
from interlayer.sem.segment import complete, find, labels

#: columns of the particle table: power of the length, and what it is
COLUMNS: dict[str, tuple[int, str]] = {
    "x": (1, "centre from the left edge of the image"),
    "y": (1, "centre from the top edge of the image"),
    "equivalent_diameter": (1, "diameter of the circle of equal area, hidden parts completed"),
    "feret_max": (1, "greatest Feret diameter"),
    "feret_min": (1, "least Feret diameter"),
    "area": (2, "area of the whole outline"),
    "perimeter": (1, "length of the outline"),
    "circularity": (0, "4 π area / perimeter²"),
    "aspect": (0, "least over greatest Feret diameter"),
    "completeness": (0, "share of the whole outline's area that is seen"),
    "touches_edge": (0, "1 where the frame cuts the particle"),
    "confidence": (0, "share of the outline seen times edge gain, 1 for crisp outlines"),
    "width": (1, "extent along x"),
    "height": (1, "extent along y"),
}
_PREVIEW = 1000
#: pixels around burnt-in marks from which they are filled
_AROUND = 8
#: standard deviation of a diameter from where the edge is put, in pixels of the level that found it
_BOUNDARY = 0.2


@dataclass(frozen=True, slots=True)
class Measured:
    """What one image gave: its table, its line in the table of images, picture and outlines, and doubts."""

    particles: dict[str, NDArray[np.float64]]
    facts: dict[str, float | str]
    flags: tuple[str, ...]
    picture: xr.Dataset
    agglomerates: xr.Dataset | None = None


def measure_image(
    view: Frame,
    name: str,
    *,
    polarity: str = "auto",
    smallest: float = 0.0,
    largest: float = np.inf,
    segmenter: labels.Segmenter | None = None,
) -> Measured:
    """Return the particles of one image; ``smallest`` and ``largest`` are diameters in nm (or pixels).

    A ``segmenter`` takes the place of the outlines sought here; its word is taken that there are particles.
    """
    limits = (smallest / 2 / view.pixel_x, largest / 2 / view.pixel_x)
    if segmenter is not None:
        found = labels.particles(view.image, segmenter, view.aspect)
        there = len(found.centre) > 0
    else:
        found = find.particles(
            without_overlay(view),
            aspect=view.aspect,
            polarity=polarity,
            smallest=limits[0],
            largest=limits[1],
        )
        there = detect.present(found.score, found.null)
    if not there:
        found = found.none()
    width, height = view.size
    table = measure.columns(found, (width / view.pixel_x, height / view.pixel_x))
    diameters = table["equivalent_diameter"]
    unit = "nm" if view.calibrated else "pixels"
    piles = agglomerates.find(view.image, found, view.aspect) if segmenter is None else agglomerates.none()
    flags = quality.flags(view.image, found, diameters, view.aspect)
    flags += detect.doubts(found.score)
    flags += agglomerates.flag(piles, float(np.sum(found.visible)), view.pixel_x, unit)
    table["confidence"] = detect.confidence(found.score)
    scaled = {key: table[key] * view.pixel_x**power for key, (power, _) in COLUMNS.items()}
    facts: dict[str, float | str] = {
        "name": name,
        "width": width,
        "height": height,
        "pixel_size_x": view.pixel_x,
        "pixel_size_y": view.pixel_y,
        "calibrated": float(view.calibrated),
        "scale_stddev": view.scale_stddev,
        "boundary_stddev": _boundary(found, diameters) * view.pixel_x,
        "coverage": _coverage(view, found),
        "polarity": found.polarity if there else "",
        "fingerprint": quality.fingerprint(view.image),
    }
    listed = agglomerates.table(piles, view.pixel_x, "nm" if view.calibrated else "pixel")
    return Measured(
        scaled, facts, tuple(flags), _picture(view, found), listed if listed.sizes["agglomerate"] else None
    )


def _boundary(found: find.Particles, diameters: NDArray[np.float64]) -> float:
    """Return the standard deviation of all diameters from where outlines are put, in image columns."""
    if not diameters.size:
        return _BOUNDARY * found.step
    return float(np.hypot(_BOUNDARY * found.step, detect.doubt(found.score) * np.median(diameters)))


def without_overlay(view: Frame) -> NDArray[np.generic]:
    """Return the image with burnt-in letters and bars filled from around them (Telea 2004), 8 or 16 bit."""
    if view.overlay is None or not view.overlay.any():
        return view.image
    y, x = np.nonzero(view.overlay)
    image = view.image.copy()
    box = np.s_[max(0, y.min() - _AROUND) : y.max() + _AROUND, max(0, x.min() - _AROUND) : x.max() + _AROUND]
    part = image[box] if image.dtype in (np.uint8, np.uint16) else np.asarray(image[box], np.float32)
    image[box] = cv2.inpaint(
        np.ascontiguousarray(part), view.overlay[box].astype(np.uint8), 3, cv2.INPAINT_TELEA
    )
    return image


def _coverage(view: Frame, found: find.Particles) -> float:
    """Return the share of the area that particles cover, where nothing is burnt in."""
    if view.overlay is None or not view.overlay.any():
        return float(np.mean(found.labels > 0))
    size = (found.labels.shape[1], found.labels.shape[0])
    hidden = cv2.resize(view.overlay.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
    return float(np.mean(found.labels[~hidden] > 0)) if not hidden.all() else 0.0


def _picture(view: Frame, found: find.Particles) -> xr.Dataset:
    """Return the preview (8 bit, at most 1000 pixels) and the outlines in nm (or pixels)."""
    rows, columns = view.image.shape
    ratio = min(1.0, _PREVIEW / max(rows, columns))
    size = (max(1, round(columns * ratio)), max(1, round(rows * ratio)))
    small = cv2.resize(np.asarray(view.image, np.float32), size, interpolation=cv2.INTER_AREA)
    low, high = np.quantile(small, [0.002, 0.998])
    grey = np.clip((small - low) * (255.0 / max(float(high - low), 1e-9)), 0, 255).astype(np.uint8)
    x, y = measure.boundary(found.centre, complete.smooth(found.radius))
    unit = "nm" if view.calibrated else "pixel"
    outline = ("particle", "ray")
    return xr.Dataset(
        {
            "preview": (("row", "column"), grey, {"units": "counts", "long_name": "grey level, stretched"}),
            "outline_x": (
                outline,
                (x * view.pixel_x).astype(np.float32),
                {"units": unit, "long_name": "outline x"},
            ),
            "outline_y": (
                outline,
                (y * view.pixel_x).astype(np.float32),
                {"units": unit, "long_name": "outline y"},
            ),
            "seen": (
                outline,
                found.own.astype(np.int8),
                {"units": "1", "long_name": "1 where the edge is seen"},
            ),
        },
        attrs={"width": view.size[0], "height": view.size[1], "unit": unit},
    )
