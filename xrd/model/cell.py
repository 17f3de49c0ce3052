"""Cells: from lattice parameters to 1/d²."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

#: which of a, b, c, α, β, γ are free in each crystal system, and which follow them
_SYSTEMS: dict[str, dict[str, tuple[int, ...]]] = {
    "cubic": {"a": (0, 1, 2)},
    "tetragonal": {"a": (0, 1), "c": (2,)},
    "hexagonal": {"a": (0, 1), "c": (2,)},
    "orthorhombic": {"a": (0,), "b": (1,), "c": (2,)},
    "monoclinic": {"a": (0,), "b": (1,), "c": (2,), "beta": (4,)},
    "triclinic": {"a": (0,), "b": (1,), "c": (2,), "alpha": (3,), "beta": (4,), "gamma": (5,)},
}


def free_parameters(system: str) -> tuple[str, ...]:
    """Return the names of the free cell parameters of a crystal system.

    Examples
    --------
    >>> free_parameters("hexagonal")
    ('a', 'c')
    """
    return tuple(_SYSTEMS[system])


def followers(system: str) -> NDArray[np.int64]:
    """Return (6,) which free parameter each of a, b, c, α, β, γ follows, −1 for none.

    Examples
    --------
    >>> followers("hexagonal").tolist()
    [0, 0, 1, -1, -1, -1]
    """
    found = np.full(6, -1, np.int64)
    for number, members in enumerate(_SYSTEMS[system].values()):
        found[list(members)] = number
    return found


def metric(cell: Floats) -> Floats:
    """Return the metric tensor (3, 3) in angstrom² of a cell a, b, c, α, β, γ."""
    lengths, cosines = cell[:3], np.cos(np.radians(cell[3:]))
    angle = np.array([[1, cosines[2], cosines[1]], [cosines[2], 1, cosines[0]], [cosines[1], cosines[0], 1]])
    return np.asarray(np.outer(lengths, lengths) * angle)


def inverse_d_squared(cell: Floats, hkl: NDArray[np.int64]) -> Floats:
    """Return 1/d² = hᵀ G⁻¹ h of reflections, with the metric tensor G; derivatives: `kernels.bragg`.

    Parameters
    ----------
    cell
        (6,) a, b, c in angstrom, α, β, γ in degree.
    hkl
        (n, 3)

    Returns
    -------
    q
        (n,) in 1/angstrom².
    """
    h = hkl.astype(float)
    return np.asarray(np.einsum("ni,ij,nj->n", h, np.linalg.inv(metric(cell)), h))


def cell_values(cell: Floats, system: str) -> Floats:
    """Return the free parameters of a full cell, in the order of `free_parameters`."""
    return np.array([cell[members[0]] for members in _SYSTEMS[system].values()])


def with_values(cell: Floats, system: str, values: Floats) -> Floats:
    """Return the full cell with its free parameters replaced."""
    changed = np.array(cell, dtype=float)
    for value, members in zip(values, _SYSTEMS[system].values(), strict=True):
        changed[list(members)] = value
    return changed
