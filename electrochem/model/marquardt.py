"""Levenberg–Marquardt for many fits of one circuit at once, analytic derivatives, bounds by projection."""

import numpy as np
from numpy.typing import NDArray

from interlayer.electrochem.model.circuit import Circuit

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
#: fits that are moved together: what fits into a processor's cache
_BLOCK = 300
#: a change of the sum of squares by less than this share of the spectrum's own is rounding
_EXACT = 1e-18


def _residual(
    circuit: Circuit, omega: Floats, z: Complexes, weights: Floats, x: Floats
) -> tuple[Floats, Floats]:
    """Return weighted residuals (spectra, 2 points) and their derivatives (spectra, parameters, 2 points).

    Real and imaginary parts are neighbours: the complex arrays seen as real ones, without a copy.
    """
    model, jacobian = circuit.evaluate(x, omega)
    model -= z
    model *= weights
    jacobian *= weights[:, None, :]
    return model.view(np.float64), jacobian.view(np.float64)


def levenberg_marquardt(
    circuit: Circuit, omega: Floats, z: Complexes, weights: Floats, x: Floats, iterations: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return parameters, cost and convergence of many fits at once (Marquardt 1963; bounds by projection)."""
    parts = [
        _block(
            circuit, omega, z[at : at + _BLOCK], weights[at : at + _BLOCK], x[at : at + _BLOCK], iterations
        )
        for at in range(0, x.shape[0], _BLOCK)
    ]
    found, cost, done = (np.concatenate(each) for each in zip(*parts, strict=True))
    return found, cost, done


def _block(
    circuit: Circuit, omega: Floats, z: Complexes, weights: Floats, x: Floats, iterations: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    low, high = circuit.bounds
    x = np.clip(x, low, high)
    size = x.shape[1]
    eye = np.eye(size)
    with np.errstate(all="ignore"):
        r, j = _residual(circuit, omega, z, weights, x)
        cost = _finite(np.einsum("ij,ij->i", r, r))
        exact = _EXACT * np.sum(np.abs(z * weights) ** 2, axis=1)
        damping = np.full(x.shape[0], 1e-2)
        done = np.zeros(x.shape[0], dtype=bool)
        active = np.arange(x.shape[0])
        gram = np.matmul(j, j.transpose(0, 2, 1))
        slope = np.matmul(j, r[:, :, None])[:, :, 0]
        for _ in range(iterations):
            diagonal = np.einsum("njj->nj", gram[active])
            held = ((x[active] <= low) & (slope[active] > 0)) | ((x[active] >= high) & (slope[active] < 0))
            matrix = gram[active] + eye * (damping[active, None] * diagonal + 1e-14)[:, None, :]
            free = ~held
            matrix = np.where(free[:, :, None] & free[:, None, :], matrix, eye)
            move = -_solve(matrix, np.where(free, slope[active], 0.0))
            trial = np.clip(x[active] + np.clip(move, -2.0, 2.0), low, high)
            r_new, j_new = _residual(circuit, omega, z[active], weights[active], trial)
            cost_new = _finite(np.einsum("ij,ij->i", r_new, r_new))
            good = cost_new <= cost[active]
            settled = good & (cost[active] - cost_new <= 1e-10 * cost[active] + exact[active])
            taken = active[good]
            x[taken], cost[taken] = trial[good], cost_new[good]
            j_new, r_new = (j_new, r_new) if good.all() else (j_new[good], r_new[good])
            gram[taken] = np.matmul(j_new, j_new.transpose(0, 2, 1))
            slope[taken] = np.matmul(j_new, r_new[:, :, None])[:, :, 0]
            damping[active] = np.where(good, damping[active] * 0.2, damping[active] * 4.0)
            stuck = damping[active] > 1e12
            done[active[settled | stuck]] = True
            active = active[~(settled | stuck)]
            if active.size == 0:
                break
    return x, cost, done


def _finite(cost: Floats) -> Floats:
    return np.where(np.isfinite(cost), cost, 1e300)


def _solve(matrix: Floats, right: Floats) -> Floats:
    safe = np.where(np.isfinite(matrix), matrix, 0.0)
    try:
        found = np.linalg.solve(safe, np.nan_to_num(right)[..., None])[..., 0]
    except np.linalg.LinAlgError:
        found = (np.linalg.pinv(safe) @ np.nan_to_num(right)[..., None])[..., 0]
    return np.asarray(found, dtype=np.float64)
