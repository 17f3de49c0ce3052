"""χ² of a region over a scan of charge shifts, areas by non-negative least squares, compiled."""

import numpy as np
from numba import njit

from interlayer.xps.model.flat import Floats, Ints
from interlayer.xps.model.kernels import PSEUDO_VOIGT, ROWS, fill
from interlayer.xps.model.linear import dot

#: the usual line of the scan: FWHM in eV, Lorentzian fraction, step per area
_WIDTH, _ETA, _STEP = 1.5, 0.3, 0.02
#: reach and step of the table of that line, eV
_REACH, _GRID = 80.0, 0.02
_SWEEPS = 300


@njit(cache=True, error_model="numpy")
def table() -> Floats:
    """Return the usual line with its step, every 0.02 eV within ± 80 eV."""
    axis = np.arange(-_REACH, _REACH, _GRID)
    out = np.zeros((ROWS, axis.size))
    fill(PSEUDO_VOIGT, axis, 0.0, _WIDTH, _ETA, 0.0, out)
    line: Floats = out[0] + _STEP * out[6]
    return line


@njit(cache=True, error_model="numpy")
def _look_up(line: Floats, at: float) -> float:
    place = (at + _REACH) / _GRID
    if place <= 0.0:
        return 0.0
    if place >= line.size - 1:
        return float(line[-1])
    below = int(place)
    share = place - below
    return float((1.0 - share) * line[below] + share * line[below + 1])


@njit(cache=True, error_model="numpy")
def _non_negative(gram: Floats, target: Floats, x: Floats) -> None:
    """Minimise x·G·x/2 − t·x over x ≥ 0 by coordinate descent, from the x given."""
    n = x.size
    for _ in range(_SWEEPS):
        moved = 0.0
        for i in range(n):
            if gram[i, i] <= 0.0:
                continue
            slope = target[i]
            for j in range(n):
                slope -= gram[i, j] * x[j]
            fresh = max(x[i] + slope / gram[i, i], 0.0)
            moved = max(moved, (fresh - x[i]) ** 2 * gram[i, i])
            x[i] = fresh
        if moved < 1e-3:
            return


@njit(cache=True, error_model="numpy")
def areas(
    energy: Floats,
    values: Floats,
    deviation: Floats,
    parent: Ints,
    offset: Floats,
    weight: Floats,
    positions: Floats,
    shifts: Floats,
    line: Floats,
) -> tuple[Floats, Floats]:
    """Return χ² (shifts) and areas (shifts, peaks) with peaks of the usual shape on a straight line.

    Parameters
    ----------
    energy, values, deviation
        (m,): ascending axis in eV, data, their standard deviations.
    parent, offset, weight
        Lines of the peaks, as `Region.partners`.
    positions
        (n,) eV, before the shift.
    shifts
        (s,) eV.
    line
        From :func:`table`.
    """
    m, n = energy.size, positions.size
    columns = np.empty((n + 3, m))
    data = values / deviation
    for i in range(m):
        ramp = (energy[i] - energy[0]) / (energy[-1] - energy[0])
        columns[n, i] = 1.0 / deviation[i]
        columns[n + 1, i] = ramp / deviation[i]
        columns[n + 2, i] = (1.0 - ramp) / deviation[i]
    power = dot(data, data)
    cost, found = np.empty(shifts.size), np.zeros((shifts.size, n))
    gram, target, x = np.empty((n + 3, n + 3)), np.empty(n + 3), np.zeros(n + 3)
    for s in range(shifts.size):
        columns[:n] = 0.0
        for each in range(parent.size):
            at = positions[parent[each]] + offset[each] + shifts[s]
            for i in range(m):
                columns[parent[each], i] += weight[each] * _look_up(line, energy[i] - at) / deviation[i]
        for i in range(n + 3):
            target[i] = dot(columns[i], data)
            for j in range(i + 1):
                gram[i, j] = dot(columns[i], columns[j])
                gram[j, i] = gram[i, j]
        _non_negative(gram, target, x)
        total = power
        for i in range(n + 3):
            inner = -2.0 * target[i]
            for j in range(n + 3):
                inner += gram[i, j] * x[j]
            total += x[i] * inner
        cost[s] = max(total, 0.0)
        found[s] = x[:n]
    return cost, found
