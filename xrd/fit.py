"""Poisson fit by variable projection: areas and background are solved, the rest is Levenberg–Marquardt."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.pattern import Pattern

if TYPE_CHECKING:
    import lmfit

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

#: smallest expected count that a weight is made from
_FEWEST = 0.5
#: a step below this many standard deviations in every parameter ends the fit
_SMALL = 0.01
#: a line's tail is followed until it is below this part of the noise of one point
_NEGLECTED = 0.03


@dataclass
class Data:
    """A measured pattern as the fit takes it.

    Parameters
    ----------
    two_theta, intensity
        (n,)
    gain
        (n,) variance per intensity: 1 for counts, 1/t for counts per second, larger for an over-dispersed
        detector.
    """

    two_theta: Floats
    intensity: Floats
    gain: Floats

    def variance(self, model: Floats) -> Floats:
        """Return the expected variance of each point under a model."""
        return np.asarray(self.gain * np.maximum(model, _FEWEST * self.gain))


@dataclass
class Fit:
    """A finished fit.

    Parameters
    ----------
    values
        (p,) non-linear parameters, in the order of ``table``.
    linear
        Areas of the blocks (intensity × degree), hump heights, background coefficients.
    covariance
        (p + m, p + m) of non-linear, then linear parameters, from the curvature, before any inflation;
        linear parameters at zero have no variance.
    """

    pattern: Pattern
    table: Table
    data: Data
    values: Floats
    linear: Floats
    covariance: Floats
    model: Floats
    chi_square: float
    objective: float
    dof: int
    iterations: int

    def value(self, name: str) -> float:
        """Return a non-linear parameter."""
        return float(self.values[self.table.index(name)])

    def stddev(self, name: str) -> float:
        """Return the standard deviation of a non-linear parameter, before inflation."""
        at = self.table.index(name)
        return float(np.sqrt(max(self.covariance[at, at], 0.0)))

    def area_stddev(self) -> Floats:
        """Return the standard deviations of the linear parameters."""
        diagonal = np.diag(self.covariance)[len(self.table) :]
        return np.sqrt(np.maximum(diagonal, 0.0))

    def residual(self) -> Floats:
        """Return data minus model in units of the expected standard deviation."""
        return (self.data.intensity - self.model) / np.sqrt(self.data.variance(self.model))

    def background(self) -> Floats:
        """Return the background with its humps."""
        design = self.pattern.design(self.table, self.values)
        first = self.pattern.areas
        return design[:, first:] @ self.linear[first:]

    def parameters(self) -> "lmfit.Parameters":
        """Return the parameters as lmfit shows them: values, standard errors, correlations, bounds."""
        from interlayer.xrd.lmfit_face import as_lmfit

        return as_lmfit(self)


def solve(design: Floats, weight: Floats, y: Floats, positive: Mask) -> tuple[Floats, Mask]:
    """Return the weighted least-squares coefficients with some of them not negative, and which are free.

    Notes
    -----
    Active set: what turns negative is held at zero; what would fall from zero upwards is freed again.
    """
    weighted = design * weight[:, None]
    gram, right = design.T @ weighted, weighted.T @ y
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    gram, right = gram / np.outer(scale, scale), right / scale
    gram[np.diag_indices_from(gram)] += np.where(np.diag(gram) > 0, 1e-10, 1.0)
    free = np.ones(scale.size, dtype=bool)
    found = np.zeros(scale.size)
    for turn in range(30):
        index = np.flatnonzero(free)
        found[:] = 0.0
        found[index] = np.linalg.solve(gram[np.ix_(index, index)], right[index])
        negative = positive & free & (found < 0)
        if negative.any():
            free &= ~negative
            continue
        gradient = right - gram @ found
        wrong = positive & ~free & (gradient > 1e-9 * np.abs(right).max())
        if not wrong.any() or turn > 20:
            break
        free[np.argmax(np.where(wrong, gradient, -np.inf))] = True
    return np.maximum(found, np.where(positive, 0.0, -np.inf)) / scale, free


@dataclass
class _State:
    design: Floats
    linear: Floats
    free: Mask
    model: Floats


def _state(pattern: Pattern, table: Table, data: Data, q: Floats, weight: Floats) -> _State:
    design = pattern.design(table, q)
    linear, free = solve(design, weight, data.intensity, pattern.positive())
    return _State(design, linear, free, design @ linear)


def _tails(pattern: Pattern, data: Data, areas: Floats, weight: Floats) -> Floats:
    """Return areas over the intensity that may be neglected, a small part of the noise."""
    return np.maximum(areas, 0.0) / (_NEGLECTED / float(np.sqrt(np.median(weight))))


def _objective(table: Table, data: Data, q: Floats, state: _State, weight: Floats) -> float:
    rows, rights = table.prior_rows()
    prior = float(np.sum((rows @ q - rights) ** 2)) if rights.size else 0.0
    return float(np.sum(weight * (data.intensity - state.model) ** 2)) + prior


def fit(
    pattern: Pattern, table: Table, data: Data, *, iterations: int = 40, model: Floats | None = None
) -> Fit:
    """Fit a pattern.

    Parameters
    ----------
    model
        (n,) a first guess of the pattern, for the first weights; default: the data, smoothed.

    Notes
    -----
    Each step solves the linear parameters for the current weights 1/variance(model), which makes the fixed
    point the maximum of the Poisson likelihood (iteratively reweighted least squares), and takes a
    Levenberg–Marquardt step in the others with the linear ones eliminated (Golub & Pereyra, SIAM J. Numer.
    Anal. 10 (1973) 413).
    """
    q = table.values()
    lower, upper = np.array(table.lower), np.array(table.upper)
    first = _smooth(data.intensity) if model is None else model
    weight = 1 / data.variance(first)
    pattern.tail = _tails(pattern, data, np.full(pattern.areas, 0.3 * float(np.ptp(data.intensity))), weight)
    state = _state(pattern, table, data, q, weight)
    damping, done = 1e-3, 0
    for done in range(1, iterations + 1):  # noqa: B007 - stated in the result
        weight = 1 / data.variance(state.model)
        pattern.tail = _tails(pattern, data, state.linear[: pattern.areas], weight)
        state = _state(pattern, table, data, q, weight)
        before = _objective(table, data, q, state, weight)
        hessian, gradient, _ = _normal(pattern, table, data, q, state, weight)
        moved, trial, new, after = False, q, state, before
        for _ in range(8):
            step = _step(hessian, gradient, damping, q, lower, upper)
            trial = np.clip(q + step, lower, upper)
            new = _state(pattern, table, data, trial, weight)
            after = _objective(table, data, trial, new, weight)
            if after <= before + 1e-9 * abs(before):
                moved, damping = True, max(damping / 8, 1e-9)
                break
            damping *= 6
        if not moved:
            break
        reach = np.abs(trial - q) * np.sqrt(np.maximum(np.diag(hessian), 0.0))
        q, state = trial, new
        if q.size == 0 or (reach.max() < _SMALL and before - after < 0.02):
            break
    return _finish(pattern, table, data, q, state, done)


def _normal(
    pattern: Pattern, table: Table, data: Data, q: Floats, state: _State, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return Hessian and gradient of half the objective in the non-linear parameters, linear ones eliminated.

    The third is the joint Hessian of non-linear and free linear parameters.
    """
    slopes = pattern.design_and_slopes(table, q, state.linear)
    joint = np.column_stack([slopes, state.design[:, state.free]])
    full = joint.T @ (joint * weight[:, None])
    p = q.size
    right = slopes.T @ (weight * (data.intensity - state.model))
    rows, rights = table.prior_rows()
    full[:p, :p] += rows.T @ rows
    right = right - rows.T @ (rows @ q - rights)
    inner = full[p:, p:] + np.diag(_ridge(np.diag(full)[p:]))
    hessian = full[:p, :p] - full[:p, p:] @ np.linalg.solve(inner, full[p:, :p])
    return hessian, right, full


def _ridge(diagonal: Floats) -> Floats:
    """Return what keeps a matrix regular: a trifle of its diagonal, one where that is zero."""
    return np.where(diagonal > 0, 1e-10 * diagonal, 1.0)


def _step(
    hessian: Floats, gradient: Floats, damping: float, q: Floats, lower: Floats, upper: Floats
) -> Floats:
    """Return the damped Gauss–Newton step; parameters pressed against a bound stay."""
    held = ((q <= lower) & (gradient < 0)) | ((q >= upper) & (gradient > 0))
    diagonal = np.maximum(np.diag(hessian), 0.0)
    held |= diagonal <= 0
    step = np.zeros(q.size)
    index = np.flatnonzero(~held)
    if index.size:
        matrix = hessian[np.ix_(index, index)] + np.diag((damping + 1e-10) * diagonal[index])
        step[index] = np.linalg.solve(matrix, gradient[index])
    return step


def _finish(pattern: Pattern, table: Table, data: Data, q: Floats, state: _State, done: int) -> Fit:
    weight = 1 / data.variance(state.model)
    state = _state(pattern, table, data, q, weight)
    _, _, full = _normal(pattern, table, data, q, state, weight)
    p, m = q.size, state.linear.size
    diagonal = np.diag(full)
    scale = np.where(diagonal > 1e-200, np.sqrt(np.maximum(diagonal, 0.0)), 1.0)
    scaled = full / np.outer(scale, scale)
    inverse = np.linalg.pinv(scaled + 1e-12 * np.eye(len(scaled)), hermitian=True) / np.outer(scale, scale)
    covariance = np.zeros((p + m, p + m))
    index = np.concatenate([np.arange(p), p + np.flatnonzero(state.free)]).astype(int)
    covariance[np.ix_(index, index)] = inverse
    chi_square = float(np.sum(weight * (data.intensity - state.model) ** 2))
    return Fit(
        pattern,
        table,
        data,
        q,
        state.linear,
        covariance,
        state.model,
        chi_square,
        _objective(table, data, q, state, weight),
        max(data.intensity.size - p - int(state.free.sum()), 1),
        done,
    )


def _smooth(y: Floats, width: int = 9) -> Floats:
    kernel = np.ones(width) / width
    return np.convolve(np.pad(y, width // 2, mode="edge"), kernel, mode="valid")
