"""Where a layer lies in a map: orientation, and counts gathered along it without interpolation.

Counts are only ever added up, never resampled: a sum of Poisson counts is a Poisson count.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: angles of the layer to the rows, degrees, that the search tries; with the transposed map all are covered
ANGLES = np.arange(-46.0, 46.1, 2.0)
#: coarse size of the map in which the orientation is searched, pixels
COARSE = 96
#: columns are gathered into at most this many groups
GROUPS = 64


@dataclass(frozen=True, slots=True)
class Orientation:
    """Whether the map is to be transposed so that depth runs down its rows, and the slope left then.

    ``slope`` is nm of depth per nm along the layer; ``score`` the departure from a flat map in sigma.
    """

    transposed: bool
    slope: float
    score: float


@dataclass(frozen=True, slots=True)
class DepthMap:
    """Counts by depth and group of columns.

    Parameters
    ----------
    counts, pixels, offset
        (depth, group): summed counts; how many pixels the sum holds; expected counts that do not belong
        to the layer's element (leakage of neighbouring lines, continuum).
    depth
        (depth,) nm, of pixel centres, after the shearing.
    position
        (group,) nm along the rows from the middle of the map.
    shift
        (group,) nm that the shearing took out: depth in the map = depth + shift.
    pitch, width
        Depth step, and width of a pixel along the layer, nm.
    smear
        nm², variance of the depth inside one cell (pixel height, and what the shearing left over).
    slope
        nm of depth per nm of position that the shearing took out.
    """

    counts: Floats
    pixels: Floats
    offset: Floats
    depth: Floats
    position: Floats
    shift: Floats
    pitch: float
    width: float
    smear: float
    slope: float


def swapped(step: tuple[float, float], transposed: bool) -> tuple[float, float]:
    """Return pixel height and width of the map with depth down its rows."""
    return (step[1], step[0]) if transposed else step


def orient(counts: Floats, step: tuple[float, float]) -> Orientation:
    """Return the orientation in which sums along the layer differ most from a flat map.

    Parameters
    ----------
    counts
        (y, x) map.
    step
        Pixel height and width, nm.
    """
    if min(counts.shape) < 4:
        return Orientation(counts.shape[1] > counts.shape[0], 0.0, 0.0)
    best = Orientation(False, 0.0, -np.inf)
    for transposed in (False, True):
        sums, pixels, (height, width) = _coarse(counts.T if transposed else counts)
        dy, dx = swapped(step, transposed)
        ratio = (width * dx) / (height * dy)
        scores = np.array([_score(sums, pixels, np.tan(np.deg2rad(a)) * ratio) for a in ANGLES])
        index = int(np.argmax(scores))
        if scores[index] > best.score:
            slope = float(np.tan(np.deg2rad(_peak(scores, index))))
            best = Orientation(transposed, slope, float(scores[index]))
    return best


def _peak(scores: Floats, index: int) -> float:
    if not 0 < index < len(scores) - 1:
        return float(ANGLES[index])
    left, mid, right = scores[index - 1 : index + 2]
    curve = left - 2 * mid + right
    move = 0.5 * (left - right) / curve if curve < 0 else 0.0
    return float(ANGLES[index] + move * (ANGLES[1] - ANGLES[0]))


def _coarse(counts: Floats) -> tuple[Floats, Floats, tuple[int, int]]:
    height = max(1, -(-counts.shape[0] // COARSE))
    width = max(1, -(-counts.shape[1] // COARSE))
    rows, columns = np.arange(0, counts.shape[0], height), np.arange(0, counts.shape[1], width)
    sums = np.add.reduceat(np.add.reduceat(counts, rows, axis=0), columns, axis=1)
    heights = np.minimum(counts.shape[0] - rows, height).astype(np.float64)
    widths = np.minimum(counts.shape[1] - columns, width).astype(np.float64)
    return sums, np.outer(heights, widths), (height, width)


def _score(sums: Floats, pixels: Floats, slope: float) -> float:
    rows, columns = sums.shape
    shift = np.round(slope * (np.arange(columns) - (columns - 1) / 2)).astype(int)
    index = np.arange(rows)[:, None] - shift[None, :]
    index -= index.min()
    size = int(index.max()) + 1
    total = np.bincount(index.ravel(), sums.ravel(), size)
    area = np.bincount(index.ravel(), pixels.ravel(), size)
    keep = area > 0.1 * area.max()
    expected = area[keep] * (sums.sum() / pixels.sum())
    if not expected.sum() > 0:
        return 0.0
    chi_square = float(np.sum((total[keep] - expected) ** 2 / expected))
    dof = max(int(keep.sum()) - 1, 1)
    return (chi_square - dof) / float(np.sqrt(2 * dof))


def gather(counts: Floats, step: tuple[float, float], slope: float, offset: Floats | None = None) -> DepthMap:
    """Return counts by depth and group of columns, columns shifted by whole pixels along the slope.

    Parameters
    ----------
    counts
        (depth, position) map, transposed already where that is needed.
    step
        Pixel height and width, nm.
    slope
        nm of depth per nm of position.
    offset
        As ``counts``: expected counts of everything else.
    """
    height, width = counts.shape
    dy, dx = step
    along = (np.arange(width) - (width - 1) / 2) * dx
    shift = np.round(slope * along / dy).astype(int)
    size = -(-width // GROUPS)
    group = np.arange(width) // size
    groups = int(group[-1]) + 1
    row = np.arange(height)[:, None] - shift[None, :]
    low = int(row.min())
    rows = int(row.max()) - low + 1
    index = ((row - low) * groups + group[None, :]).ravel()
    members = np.bincount(group, minlength=groups)

    def summed(values: Floats) -> Floats:
        sums = np.bincount(index, values.ravel(), rows * groups)
        return np.asarray(sums, dtype=np.float64).reshape(rows, groups)

    rest = slope * along - shift * dy
    left_over = float(np.mean([rest[group == g].var() for g in range(groups)]))
    return DepthMap(
        counts=summed(counts),
        pixels=summed(np.ones_like(counts)),
        offset=np.zeros((rows, groups)) if offset is None else summed(offset),
        depth=(np.arange(rows, dtype=np.float64) + low + 0.5) * dy,
        position=np.bincount(group, along, groups) / members,
        shift=np.bincount(group, shift * dy, groups) / members,
        pitch=dy,
        width=dx,
        smear=dy**2 / 12 + left_over,
        slope=slope,
    )


def thin(data: DepthMap, deep: int, wide: int) -> DepthMap:
    """Return the map with ``deep`` rows and ``wide`` groups added into one cell."""
    deep, wide = max(deep, 1), max(wide, 1)
    if deep == wide == 1:
        return data
    rows, columns = np.arange(0, data.depth.size, deep), np.arange(0, data.position.size, wide)

    def summed(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1))

    def averaged(values: Floats, starts: NDArray[np.intp]) -> Floats:
        lengths = np.diff(np.append(starts, values.size))
        return np.asarray(np.add.reduceat(values, starts) / lengths, dtype=np.float64)

    pitch = data.pitch * deep
    return replace(
        data,
        counts=summed(data.counts),
        pixels=summed(data.pixels),
        offset=summed(data.offset),
        depth=averaged(data.depth, rows),
        position=averaged(data.position, columns),
        shift=averaged(data.shift, columns),
        pitch=pitch,
        smear=data.smear + (pitch**2 - data.pitch**2) / 12,
    )
