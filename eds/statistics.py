"""Are these counts? Smoothed, scaled and "quant" maps have lost their counting statistics."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.eds.fit import Fit, Problem
from interlayer.eds.model import mean_counts

Floats = NDArray[np.float64]


#: cells of depth and groups along the layer in the blocks whose scatter is looked at
_BLOCKS, _LONG = ((1, 1), (2, 2), (4, 4), (4, 16)), ((8, 4), (12, 8))


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the noise of a map says: are these raw counts, the variance over the mean, and a reason."""

    raw_counts: bool
    fano: float
    reason: str


def check(values: Floats) -> Statistics:
    """Return whether a map (y, x) holds raw counts.

    Notes
    -----
    Neighbours in the direction in which the map changes least differ by twice the mean when the noise is
    Poisson; smoothing lowers that, scaling changes it in proportion.
    """
    long = 1 if values.shape[1] > 1 else 0
    fano = min((_fano(values, axis) for axis in ((0, 1) if min(values.shape) > 8 else (long,))), default=1.0)
    whole = bool(np.all(values == np.round(values)))
    pairs = max(values.size - 1, 1)
    tolerance = 5 * np.sqrt(3.0 / pairs) + 5 * np.sqrt(1.0 / max(values.sum(), 1.0))
    if not whole:
        return Statistics(False, fano, "its values are not whole numbers")
    if fano < 0.85 - tolerance:
        return Statistics(
            False, fano, f"its noise is {fano:.2f} of what counts have (smoothed or scaled down)"
        )
    if fano > 1.5 + tolerance:
        return Statistics(False, fano, f"its noise is {fano:.1f} times what counts have (scaled up)")
    return Statistics(True, fano, "")


def _fano(values: Floats, axis: int) -> float:
    difference = np.diff(values, axis=axis)
    total = np.take(values, range(1, values.shape[axis]), axis) + np.take(
        values, range(values.shape[axis] - 1), axis
    )
    return float(np.sum(difference**2) / max(float(total.sum()), 1e-12))


def dispersion(problem: Problem, best: Fit, *, smoothed: bool = False) -> float:
    """Return the larger of one and χ²/dof of the counts against the fit, from single cells to blocks.

    Blocks show what single cells hide: a map smoothed after the count, or a model that does not follow
    the data. A map that is known to be smoothed is judged by blocks longer than a usual filter.
    """
    mean = mean_counts(best.theta, problem.lay, problem.shape, problem.data)
    worst = 1.0
    for deep, wide in _BLOCKS + (_LONG if smoothed else ()):
        seen, expected = _blocks(problem.data.counts, deep, wide), _blocks(mean, deep, wide)
        use = expected > 3.0
        dof = int(use.sum()) - 10
        if dof < 30:
            continue
        chi_square = float(np.sum((seen[use] - expected[use]) ** 2 / expected[use]))
        ratio = chi_square / dof
        # what chance alone allows does not widen anything
        worst = max(worst, ratio if ratio > 1 + 3 * np.sqrt(2.0 / dof) else 1.0)
    return worst


def _blocks(values: Floats, deep: int, wide: int) -> Floats:
    rows, columns = np.arange(0, values.shape[0], deep), np.arange(0, values.shape[1], wide)
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1))
