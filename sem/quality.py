"""What is wrong with an image: clipping, streaks, blur, too few pixels, the same field twice."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.find import Particles

#: limits above (or below) which a flag is raised
_CLIPPED, _STREAK, _SOFT, _PIXELS = 0.01, 0.01, 0.35, 15.0
#: pixels below which an image must show detail, share of the strongest octave that counts as detail
_COARSE, _DETAIL = 16.0, 0.15
#: variance of white noise that a halving of the image keeps, and octaves looked at
_HALVED, _OCTAVES = 0.0748, 7
#: most rays over which the profile across the outlines is averaged
_PROFILES = 3000
#: blocks of a fingerprint, the correlation above which two are of one field, and rows compared at a time
_BLOCKS, _SAME, _ROWS = (24, 16), 0.9, 128
#: blocks of columns in which streaks are looked for
_ACROSS = 4


def flags(
    image: NDArray[np.generic], particles: Particles, diameters: NDArray[np.float64], aspect: float = 1.0
) -> list[str]:
    """Return what a reader must know of an image, as sentences that begin with the name of the flag.

    The names are ``clipped``, ``streaks``, ``few pixels`` and ``blur``; `code` returns them. Diameters and
    outlines are in image columns.
    """
    found = []
    low, high = clipped(image)
    for share, name in ((low, "black"), (high, "white")):
        if share > _CLIPPED:
            found.append(f"clipped: {100 * share:.1f} % of the pixels are clipped {name}")
    if (share := streaks(image)) > _STREAK:
        found.append(
            f"streaks: {100 * share:.0f} % of the rows jump against the next, charging or scan noise"
        )
    median = float(np.median(diameters)) if diameters.size else 0.0
    if 0 < median < _PIXELS:
        found.append(f"few pixels: the median particle is {median:.0f} pixels wide, {_PIXELS:.0f} are needed")
    if text := blurred(image, particles, median, aspect):
        found.append(f"blur: {text}")
    return found


def code(text: str) -> str:
    """Return the name of a flag from its sentence.

    Examples
    --------
    >>> code("few pixels: the median particle is 9 pixels wide, 12 are needed")
    'few pixels'
    """
    return text.partition(":")[0]


def blurred(image: NDArray[np.generic], particles: Particles, median: float, aspect: float = 1.0) -> str:
    """Return how an image is out of focus (nothing: it is not); ``median`` is a diameter in columns, or 0.

    Where particles are found their edges are measured, else the finest detail of the image.
    """
    if median > 0:
        width = edge_width(image, particles, aspect)
        wide = width > _SOFT * median
        return f"edges are {width:.0f} pixels wide, the median particle {median:.0f}" if wide else ""
    finest = detail(image)
    return f"no detail finer than {finest:.0f} pixels" if finest >= _COARSE else ""


def detail(image: NDArray[np.generic]) -> float:
    """Return the scale of the finest structure in pixels, noise left out (0: there is no structure at all).

    The variance in octaves of an image is compared with what white noise of the first one would leave there.
    """
    level = np.asarray(image, np.float32)
    found, noise = [], 0.0
    for k in range(_OCTAVES):
        if min(level.shape) < 16:
            break
        smooth = cv2.GaussianBlur(level, (5, 5), 1.0)
        variance = float(np.var(level - smooth))
        if k == 0:  # the median is of noise, as detail fills the smaller part of an image
            noise = (float(np.median(np.abs(level - smooth))) * 1.4826) ** 2
        found.append(max(0.0, variance - 2.0 * noise * _HALVED**k))
        level = np.asarray(cv2.pyrDown(level), np.float32)
    if not found or max(found) <= 0:
        return 0.0
    return 2.0 ** int(np.argmax(np.array(found) > _DETAIL * max(found)))


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
    """Return the share of rows that differ from the next one over at least a quarter of their length.

    A jump is the median step over a block of columns; it counts from 6 times what pixel noise explains, and
    from 1.5 % of the image's range (less is not seen). Edges of objects are imaged over several rows, steps
    in one direction; a jump is a single one.
    """
    sample = np.asarray(image[:, ::4], dtype=np.float32)
    noise = float(np.median(np.abs(np.diff(sample[::4], axis=1)))) * 1.0484  # 1.4826 / sqrt(2)
    low, high = np.quantile(sample[::8, ::8], [0.01, 0.99])
    width = sample.shape[1] // _ACROSS
    if width < 8 or sample.shape[0] < 16:
        return 0.0
    blocks = np.diff(sample[:, : width * _ACROSS], axis=0).reshape(-1, _ACROSS, width)
    jumps = np.median(blocks, axis=2)
    jumps -= np.median(jumps, axis=0)
    expected = 1.2533 * noise * np.sqrt(2 / width)
    far = np.abs(jumps) > max(6 * expected, 0.015 * float(high - low), 0.5)
    around = np.pad(jumps, ((1, 1), (0, 0)))
    same = np.maximum(around[:-2] * np.sign(jumps), around[2:] * np.sign(jumps))
    return float(np.mean((far & (same < 0.3 * np.abs(jumps))).any(axis=1)))


def edge_width(image: NDArray[np.generic], particles: Particles, aspect: float = 1.0) -> float:
    """Return the full width at half maximum of the mean edge across the outlines, in pixels."""
    from interlayer.sem.measure import boundary

    scale = np.linspace(0.3, 1.7, 113)
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
    peak = int(np.argmax(np.where(np.abs(scale - 1) < 0.3, fall, 0.0)))
    below = np.flatnonzero(fall < fall[peak] / 2)
    first = below[below < peak].max(initial=-1) + 1
    behind = below[below > peak].min(initial=scale.size)
    radius = float(np.median(particles.radius))
    return float((behind - first) * (scale[1] - scale[0]) * radius)


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


def repeats(prints: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs (later, earlier) of fingerprints of one field of view, each later one once.

    Ten thousand images take seconds: the correlations come from products of blocks of rows.
    """
    sizes = {len(each) for each in prints}
    if len(prints) < 2 or len(sizes) > 1 or 0 in sizes:
        return []
    codes = np.frombuffer(bytes.fromhex("".join(prints)), np.uint8).reshape(len(prints), -1)
    levels = codes.astype(np.float32)
    levels -= levels.mean(axis=1, keepdims=True)
    levels /= np.maximum(np.sqrt(np.einsum("ij,ij->i", levels, levels)), 1e-9)[:, None]
    found = []
    for start in range(0, len(prints), _ROWS):
        alike = levels[start : start + _ROWS] @ levels[: start + _ROWS].T > _SAME
        for row, line in enumerate(alike):
            earlier = np.flatnonzero(line[: start + row])
            if earlier.size:
                found.append((start + row, int(earlier[0])))
    return found
