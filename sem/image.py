"""One image: from the frame to its table of particles."""

from dataclasses import dataclass

import cv2
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.sem import detect, measure, quality
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
#: standard deviation of a diameter from where the edge is put, in pixels of the level that found it
_BOUNDARY = 0.2


@dataclass(frozen=True, slots=True)
class Measured:
    """What one image gave: its table, its line in the table of images, picture and outlines, and doubts."""

    particles: dict[str, NDArray[np.float64]]
    facts: dict[str, float | str]
    flags: tuple[str, ...]
    picture: xr.Dataset


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
            view.image, aspect=view.aspect, polarity=polarity, smallest=limits[0], largest=limits[1]
        )
        there = detect.present(found.worth, found.null)
    if not there:
        found = found.none()
    width, height = view.size
    table = measure.columns(found, (width / view.pixel_x, height / view.pixel_x))
    diameters = table["equivalent_diameter"]
    flags = quality.flags(view.image, found, diameters, view.aspect)
    table["confidence"] = detect.confidence(found.worth)
    scaled = {key: table[key] * view.pixel_x**power for key, (power, _) in COLUMNS.items()}
    facts: dict[str, float | str] = {
        "name": name,
        "width": width,
        "height": height,
        "pixel_size_x": view.pixel_x,
        "pixel_size_y": view.pixel_y,
        "calibrated": float(view.calibrated),
        "scale_stddev": view.scale_stddev,
        "boundary_stddev": _BOUNDARY * found.step * view.pixel_x,
        "coverage": float(np.mean(found.labels > 0)),
        "polarity": found.polarity if there else "",
        "fingerprint": quality.fingerprint(view.image),
    }
    return Measured(scaled, facts, tuple(flags), _picture(view, found))


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
