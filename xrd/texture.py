"""How preferred orientation couples the families of a phase: the covariance of a random texture.

The density of poles over the directions of a crystal is one plus a random field on the sphere that has no
constant part (it averages to one) and no odd part (Friedel): even harmonics from l = 2 on, as in Bunge's
series. A family sees the mean over its equivalent directions, so that orders of one direction vary together,
many-fold families vary little, and a cubic crystal does not see l = 2 at all.
"""

from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from interlayer.xrd.model.cell import metric

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

#: parts of the variance in the harmonics l = 2, 4, 6 of a texture (a fibre texture falls about so)
_PARTS = (0.6, 0.25, 0.15)
#: part of the variance that each family has for itself: grains, errors of the structure
_OWN = 0.05
_SAME = 1e-5


def covariance(cell: tuple[float, ...], hkl: Ints) -> Floats:
    """Return the covariance (n, n) of families' intensity factors for a texture of unit variance.

    Parameters
    ----------
    cell
        (6,) a, b, c in angstrom, α, β, γ in degree.
    hkl
        (n, 3) one reflection of each family; its equivalents are those of the same spacing.

    Examples
    --------
    >>> cell = (3.65, 3.65, 3.87, 90.0, 90.0, 120.0)
    >>> k = covariance(cell, np.array([[0, 0, 1], [0, 0, 2], [1, 0, 0]]))
    >>> bool(k[0, 1] > 0.9 and k[0, 2] < 0)
    True
    """
    members, starts = _members(cell, hkl)
    cosine = np.clip(members @ members.T, -1.0, 1.0)
    coefficients = np.zeros(2 * len(_PARTS) + 1)
    coefficients[2::2] = _PARTS
    field = legendre.legval(cosine, coefficients)
    summed = np.add.reduceat(np.add.reduceat(field, starts, axis=0), starts, axis=1)
    count = np.diff(np.append(starts, len(members)))
    mean = summed / np.outer(count, count)
    return np.asarray((1 - _OWN) * mean + _OWN * np.eye(len(hkl)))


def _members(cell: tuple[float, ...], hkl: Ints) -> tuple[Floats, Ints]:
    """Return unit vectors (m, 3) of all equivalents, family by family, and where each family starts."""
    reciprocal = np.linalg.cholesky(np.linalg.inv(metric(np.array(cell))))
    reach = int(np.abs(hkl).max()) + 1
    most = _reach(cell, hkl, reciprocal, reach)
    axes = [np.arange(-n, n + 1) for n in most]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) @ reciprocal
    length = np.linalg.norm(grid, axis=1)
    order = np.argsort(length)
    wanted = np.linalg.norm(hkl @ reciprocal, axis=1)
    first = np.searchsorted(length[order], wanted * (1 - _SAME))
    last = np.searchsorted(length[order], wanted * (1 + _SAME))
    chosen = np.concatenate([order[i:j] for i, j in zip(first, last, strict=True)])
    starts = np.concatenate([[0], np.cumsum(last - first)[:-1]])
    return grid[chosen] / length[chosen, None], starts.astype(np.int64)


def _reach(cell: tuple[float, ...], hkl: Ints, reciprocal: Floats, reach: int) -> list[int]:
    longest = float(np.linalg.norm(hkl @ reciprocal, axis=1).max())
    return [min(int(edge * longest) + 1, 3 * reach + 3) for edge in cell[:3]]
