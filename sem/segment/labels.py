"""Particles from a label image that another program (a learned model, say) made."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError
from interlayer.sem.segment.find import Particles, Polarity
from interlayer.sem.segment.rays import ANGLES, RAYS

F64 = NDArray[np.float64]
#: takes the grey image (rows, columns) without data bar, returns labels of its shape: 0 ground, 1 to n
Segmenter = Callable[[NDArray[np.generic]], NDArray[np.generic]]

#: smallest area of a particle in pixels
_LEAST = 12
#: samples along a ray, from the centre outwards, per pixel
_FINE = 4


def particles(image: NDArray[np.generic], segmenter: Segmenter, aspect: float) -> Particles:
    """Return the particles that a segmenter finds; each outline is star-shaped and has its label's area.

    Raises
    ------
    AnalysisError
        When the segmenter returns anything but integers of the image's shape.
    """
    labels = np.asarray(segmenter(image.copy()))
    if labels.shape != image.shape or labels.dtype.kind not in "iu":
        raise AnalysisError(
            "the segmenter's labels do not fit the image",
            expected=f"integers of shape {image.shape}",
            found=f"{labels.dtype} of shape {labels.shape}",
        )
    numbers, where = np.unique(labels, return_inverse=True)
    flat = where.reshape(labels.shape).astype(np.int32) + (0 if 0 in numbers else 1)
    sizes = np.bincount(flat.ravel())
    kept = [k for k in range(1, sizes.size) if sizes[k] >= _LEAST]
    found = [_outline(flat, k, box, aspect) for k, box in _boxes(flat, kept)]
    number = np.zeros(sizes.size, np.int32)
    number[kept] = np.arange(1, len(kept) + 1)
    count = len(kept)
    return Particles(
        centre=np.array([each[0] for each in found]).reshape(count, 2),
        radius=np.array([each[1] for each in found]).reshape(count, RAYS),
        own=np.ones((count, RAYS), bool),
        score=np.ones(count),
        visible=sizes[kept].astype(np.float64) * aspect,
        labels=number[flat],
        step=1.0,
        polarity=_polarity(image, flat > 0),
        null=np.empty(0),
    )


def _boxes(labels: NDArray[np.int32], kept: list[int]) -> list[tuple[int, Any]]:
    from scipy import ndimage

    boxes = ndimage.find_objects(labels)
    return [(k, boxes[k - 1]) for k in kept]


def _outline(
    labels: NDArray[np.int32], number: int, box: tuple[slice, slice], aspect: float
) -> tuple[F64, F64]:
    """Return centre (2,) and radii (RAYS,) in image columns: the outermost point of the label on each ray."""
    part = np.pad((labels[box] == number).astype(np.uint8), 1)
    y, x = np.nonzero(part)
    middle = np.array([x.mean(), y.mean()])
    reach = float(np.hypot(x - middle[0], (y - middle[1]) * aspect).max()) + 1
    r = np.arange(0, reach, 1 / _FINE)
    column = (middle[0] + r * np.cos(ANGLES)[:, None]).astype(np.float32)
    row = (middle[1] + r * np.sin(ANGLES)[:, None] / aspect).astype(np.float32)
    seen = cv2.remap(part, column, row, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0) > 0
    radius = np.where(seen, r, 0.5).max(axis=1)
    radius *= np.sqrt(x.size * aspect / (np.pi * np.mean(radius**2)))
    left, top = box[1].start - 1, box[0].start - 1
    centre = np.array([middle[0] + left + 0.5, (middle[1] + top + 0.5) * aspect], dtype=np.float64)
    return centre, np.asarray(radius, np.float64)


def _polarity(image: NDArray[Any], inside: NDArray[np.bool_]) -> Polarity:
    if not inside.any() or inside.all():
        return "bright"
    return "bright" if float(np.mean(image[inside])) >= float(np.mean(image[~inside])) else "dark"
