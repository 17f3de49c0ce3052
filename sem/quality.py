"""What is wrong with an image: clipping, streaks, blur, too few pixels, the same field twice."""

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.find import Particles

#: limits above (or below) which a flag is raised
_CLIPPED, _STREAK, _SOFT, _PIXELS = 0.01, 4.0, 0.30, 12.0
#: most rays over which the profile across the outlines is averaged
_PROFILES = 3000
#: blocks of a fingerprint, and the correlation above which two are of one field
_BLOCKS, _SAME = (24, 16), 0.9


def flags(
    image: NDArray[np.generic], particles: Particles, diameters: NDArray[np.float64], aspect: float = 1.0
) -> list[str]:
    """Return what a reader must know of an image, as sentences; diameters and outlines in image columns."""
    found = []
    low, high = clipped(image)
    for share, name in ((low, "black"), (high, "white")):
        if share > _CLIPPED:
            found.append(f"{100 * share:.1f} % of the pixels are clipped {name}")
    if (ratio := streaks(image)) > _STREAK:
        found.append(f"rows differ {ratio:.1f} times more than noise allows: charging streaks or scan noise")
    if diameters.size:
        median = float(np.median(diameters))
        if median < _PIXELS:
            found.append(f"the median particle is {median:.0f} pixels wide, {_PIXELS:.0f} are needed")
        if (width := edge_width(image, particles, aspect)) > _SOFT * median:
            found.append(f"edges are {width:.0f} pixels wide, the median particle {median:.0f}: out of focus")
    return found


def clipped(image: NDArray[np.generic]) -> tuple[float, float]:
    """Return the shares of pixels at the lowest and at the highest grey level of an integer image."""
    if image.dtype.kind != "u":
        return 0.0, 0.0
    sample = image[::2, ::2]
    low = np.mean(sample == 0) if int(sample.min()) == 0 else 0.0
    top = int(sample.max())
    full = {255, 65535, 4095, 16383, 1023}
    return float(low), float(np.mean(sample == top)) if top in full else 0.0


def streaks(image: NDArray[np.generic]) -> float:
    """Return the scatter of row means against their neighbours over what pixel noise explains."""
    sample = np.asarray(image[:, ::4], dtype=np.float32)
    step = np.diff(sample, axis=0)
    rows = np.median(step, axis=1)
    expected = 1.2533 * float(np.median(np.abs(step))) * 1.4826 / np.sqrt(sample.shape[1])
    return (
        float(np.median(np.abs(rows - np.median(rows))) * 1.4826 / max(expected, 1e-9))
        if expected > 0
        else 0.0
    )


def edge_width(image: NDArray[np.generic], particles: Particles, aspect: float = 1.0) -> float:
    """Return the full width at half maximum of the mean edge across the outlines, in pixels."""
    from interlayer.sem.measure import boundary

    scale = np.linspace(0.6, 1.4, 65)
    rays = np.flatnonzero(particles.own.ravel())
    if rays.size < 20:
        return 0.0
    rays = rays[:: max(1, rays.size // _PROFILES)]
    x, y = boundary(particles.centre, particles.radius)
    at = np.repeat(particles.centre, particles.own.shape[1], axis=0)[rays]
    column = at[:, :1] + (x.ravel()[rays] - at[:, 0])[:, None] * scale
    row = (at[:, 1:] + (y.ravel()[rays] - at[:, 1])[:, None] * scale) / aspect
    rows, columns = image.shape
    inside = np.all((column > 0) & (column < columns) & (row > 0) & (row < rows), axis=1)
    if inside.sum() < 20:
        return 0.0
    profile = image[row[inside].astype(int), column[inside].astype(int)].astype(np.float64).mean(axis=0)
    fall = np.abs(np.gradient(profile))
    fall[np.abs(scale - 1) > 0.3] = 0.0
    peak = int(np.argmax(fall))
    wide = np.flatnonzero(fall > fall[peak] / 2)
    run = wide[np.abs(wide - peak) < 20]
    radius = float(np.median(particles.radius))
    return float((run.max() - run.min() + 1) * (scale[1] - scale[0]) * radius)


def fingerprint(image: NDArray[np.generic]) -> str:
    """Return the coarse structure of a field without its shading, 384 levels as hexadecimal text."""
    small = cv2.resize(np.asarray(image, np.float32), _BLOCKS, interpolation=cv2.INTER_AREA).astype(
        np.float64
    )
    y, x = np.mgrid[-1 : 1 : _BLOCKS[1] * 1j, -1 : 1 : _BLOCKS[0] * 1j]
    plane = np.stack([np.ones_like(x), x, y, x * y, x**2, y**2], axis=-1).reshape(-1, 6)
    rest = small.ravel() - plane @ np.linalg.lstsq(plane, small.ravel(), rcond=None)[0]
    levels = np.clip(128 + 40 * rest / max(float(rest.std()), 1e-9), 0, 255)
    return bytes(levels.astype(np.uint8)).hex()


def same_field(first: str, second: str) -> bool:
    """Tell whether two fingerprints are of one field of view."""
    a, b = (np.frombuffer(bytes.fromhex(each), np.uint8).astype(np.float64) for each in (first, second))
    return a.size == b.size and float(np.corrcoef(a, b)[0, 1]) > _SAME
