"""Deviance, gradient and Fisher information of a joint model, compiled."""

import math

import numpy as np
from numba import njit

from interlayer.xps.model.flat import Flat, Floats
from interlayer.xps.model.kernels import VOIGT, fill
from interlayer.xps.model.linear import dot

#: shape parameters of a region, then k, constant, slope
TAIL = 6
LINEAR, ACTIVE_SHIRLEY, TOUGAARD, EXPONENTIAL = range(4)


@njit(cache=True, error_model="numpy")
def raw_parameters(flat: Flat, theta: Floats) -> tuple[Floats, Floats]:
    """Return the raw parameters of all regions, one after the other, and factor · exp(…) of each."""
    raw, share = np.empty(flat.offset.size), np.empty(flat.offset.size)
    for i in range(raw.size):
        total = flat.offset[i]
        for j in range(flat.added_at[i], flat.added_at[i + 1]):
            total += theta[flat.added[j]]
        exponent = 0.0
        for j in range(flat.scaled_at[i], flat.scaled_at[i + 1]):
            exponent += flat.sign[j] * theta[flat.scaled[j]]
        share[i] = flat.factor[i] * (math.exp(exponent) if exponent != 0.0 else 1.0)
        raw[i] = total * share[i]
    return raw, share


@njit(cache=True, error_model="numpy")
def raw_and_slopes(flat: Flat, theta: Floats, first: int, last: int) -> tuple[Floats, Floats]:
    """Return some raw parameters and their derivatives (last − first, size of theta)."""
    raw, share = raw_parameters(flat, theta)
    by = np.zeros((last - first, theta.size))
    for i in range(first, last):
        for j in range(flat.added_at[i], flat.added_at[i + 1]):
            by[i - first, flat.added[j]] += share[i]
        for j in range(flat.scaled_at[i], flat.scaled_at[i + 1]):
            by[i - first, flat.scaled[j]] += flat.sign[j] * raw[i]
    return raw[first:last], by


@njit(cache=True, error_model="numpy")
def signal(flat: Flat, r: int, raw: Floats, work: Floats) -> None:
    """Write the derivatives of a region's signal by its raw parameters, and of the signal's integral.

    Rows of ``work[0]`` and ``work[1]``: n positions, n areas, n FWHMs, three shape parameters. ``work``: (3,
    rows, points). Shapes that are not compiled here have been written by `Region.lines` before.
    """
    jacobian, below, scratch = work[0], work[1], work[2]
    first, last = flat.points_at[r], flat.points_at[r + 1]
    n = flat.peaks_at[r + 1] - flat.peaks_at[r]
    m = last - first
    energy = flat.energy[first:last]
    at = flat.raws_at[r]
    if flat.shape[r] <= VOIGT:
        jacobian[: 3 * n + 3, :m] = 0.0
        below[: 3 * n + 3, :m] = 0.0
        for line in range(flat.lines_at[r], flat.lines_at[r + 1]):
            p = flat.line_peak[line]
            weight = flat.line_weight[line]
            area = raw[at + n + p] * weight
            position = raw[at + p] + flat.line_offset[line]
            width, eta, skew = raw[at + 2 * n + p], raw[at + 3 * n], raw[at + 3 * n + 1]
            fill(flat.shape[r], energy, position, width, eta, skew, scratch[:, :m])
            for i in range(m):
                jacobian[p, i] += area * scratch[1, i]
                jacobian[n + p, i] += weight * scratch[0, i]
                jacobian[2 * n + p, i] += area * scratch[2, i]
                jacobian[3 * n, i] += area * scratch[3, i]
                jacobian[3 * n + 1, i] += area * scratch[4, i]
                below[p, i] += area * scratch[7, i]
                below[n + p, i] += weight * scratch[6, i]
                below[2 * n + p, i] += area * scratch[8, i]
                below[3 * n, i] += area * scratch[9, i]
                below[3 * n + 1, i] += area * scratch[10, i]
    if flat.background[r] == TOUGAARD:
        _fold(flat.tougaard[flat.tougaard_at[r] : flat.tougaard_at[r + 1]], m, 3 * n + 3, jacobian, below)


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _fold(kernel: Floats, m: int, rows: int, signal: Floats, below: Floats) -> None:
    for row in range(rows):
        for i in range(m):
            total = 0.0
            for j in range(i + 1):
                total += kernel[i * m + j] * signal[row, j]
            below[row, i] = total


@njit(cache=True, error_model="numpy")
def region_model(flat: Flat, r: int, raw: Floats, model: Floats, work: Floats) -> None:
    """Write a region's curve, and its derivatives by the raw parameters into ``work[0]``."""
    signal(flat, r, raw, work)
    jacobian, below = work[0], work[1]
    first, last = flat.points_at[r], flat.points_at[r + 1]
    n = flat.peaks_at[r + 1] - flat.peaks_at[r]
    m = last - first
    at = flat.raws_at[r]
    tail = at + 3 * n + 3
    k, constant, slope = raw[tail], raw[tail + 1], raw[tail + 2]
    exponential = flat.background[r] == EXPONENTIAL
    stepped = flat.background[r] == ACTIVE_SHIRLEY or flat.background[r] == TOUGAARD
    for i in range(m):
        ramp = flat.ramp[first + i]
        step, peaks = 0.0, 0.0
        for p in range(n):
            area = raw[at + n + p]
            peaks += area * jacobian[n + p, i]
            step += area * below[n + p, i]
        decay = math.exp(-slope * ramp) if exponential else 1.0
        jacobian[3 * n + 3, i] = step if stepped else 0.0
        jacobian[3 * n + 4, i] = decay
        jacobian[3 * n + 5, i] = -constant * ramp * decay if exponential else ramp
        base = constant * decay if exponential else constant + slope * ramp
        model[i] = peaks + base + (k * step if stepped else 0.0)
    if stepped:
        for row in range(3 * n + 3):
            for i in range(m):
                jacobian[row, i] += k * below[row, i]


@njit(cache=True, error_model="numpy")
def deviance(values: Floats, model: Floats, floor: float, weight: Floats, pull: Floats) -> float:
    """Return the quasi-deviance; write 1/V and (f − y)/V.

    Variance V(f) = max(f, floor). −2 × the quasi-likelihood of R. W. M. Wedderburn, Biometrika 61, 439
    (1974), up to a constant of the data; its gradient is that of χ² with weights from the model.
    """
    total = 0.0
    for i in range(values.size):
        y, f = values[i], model[i]
        variance = max(f, floor)
        weight[i] = 1.0 / variance
        pull[i] = (f - y) / variance
        base = y - floor
        if f > floor:
            # log1p keeps the digits where the fit is good
            reference = y if y > floor else floor
            total += 2.0 * ((f - reference) - y * math.log1p((f - reference) / reference))
            if y <= floor:
                total += base * base / floor
        elif y > floor:
            total += ((y - f) * (y - f) - base * base) / floor
            total += 2.0 * ((floor - y) - y * math.log(floor / y))
        else:
            total += (y - f) * (y - f) / floor
    return total


@njit(cache=True, error_model="numpy")
def evaluate(flat: Flat, theta: Floats, scale: Floats, work: Floats, out: tuple[Floats, ...]) -> float:
    """Return deviance / scale + priors.

    Parameters
    ----------
    theta
        Parameters.
    scale
        (regions,) variance over the model.
    work
        (regions, 3, rows, points).
    out
        Where the curves (points of all regions), gradient / 2, Fisher information, and the information about
        each region's raw parameters (regions, rows, rows; lower half) are written.
    """
    model, gradient, hessian, blocks = out
    raw, share = raw_parameters(flat, theta)
    cost = 0.0
    hessian[:, :] = 0.0
    for i in range(theta.size):
        gap = theta[i] - flat.mean[i]
        cost += flat.precision[i] * gap * gap
        gradient[i] = flat.precision[i] * gap
        hessian[i, i] = flat.precision[i]
    for i in range(flat.tie_mean.size):
        one, other, weight = flat.tie_first[i], flat.tie_second[i], flat.tie_precision[i]
        gap = theta[one] - flat.tie_mean[i] - (theta[other] if other >= 0 else 0.0)
        cost += weight * gap * gap
        gradient[one] += weight * gap
        hessian[one, one] += weight
        if other >= 0:
            gradient[other] -= weight * gap
            hessian[other, other] += weight
            hessian[one, other] -= weight
            hessian[other, one] -= weight
    # derivatives of each raw parameter: those added, then those in the exponent
    index, slope = np.empty((raw.size, 8), dtype=np.int64), np.empty((raw.size, 8))
    counts = np.zeros(raw.size, dtype=np.int64)
    for i in range(raw.size):
        for j in range(flat.added_at[i], flat.added_at[i + 1]):
            index[i, counts[i]], slope[i, counts[i]] = flat.added[j], share[i]
            counts[i] += 1
        for j in range(flat.scaled_at[i], flat.scaled_at[i + 1]):
            index[i, counts[i]], slope[i, counts[i]] = flat.scaled[j], flat.sign[j] * raw[i]
            counts[i] += 1
    for r in range(flat.floor.size):
        first, last = flat.points_at[r], flat.points_at[r + 1]
        m, at = last - first, flat.raws_at[r]
        count = flat.raws_at[r + 1] - at
        region_model(flat, r, raw, model[first:last], work[r])
        jacobian, weighted = work[r, 0], work[r, 1]
        weight, pull = np.empty(m), np.empty(m)
        cost += deviance(flat.values[first:last], model[first:last], flat.floor[r], weight, pull) / scale[r]
        used = count - TAIL + flat.shape_size[r]
        for i in range(count):
            idle = counts[at + i] == 0 or used <= i < count - 3
            for k in range(i + 1):
                blocks[r, i, k] = 0.0
            if idle:
                continue
            own = dot(jacobian[i, :m], pull) / scale[r]
            for a in range(counts[at + i]):
                gradient[index[at + i, a]] += slope[at + i, a] * own
            for j in range(m):
                weighted[i, j] = jacobian[i, j] * weight[j]
            for k in range(i + 1):
                if not used <= k < count - 3:
                    blocks[r, i, k] = dot(weighted[i, :m], jacobian[k, :m]) / scale[r]
        for i in range(count):
            for k in range(i + 1):
                inner = blocks[r, i, k]
                if inner == 0.0:
                    continue
                for a in range(counts[at + i]):
                    for b in range(counts[at + k]):
                        value = slope[at + i, a] * slope[at + k, b] * inner
                        one, other = index[at + i, a], index[at + k, b]
                        # each pair once: (i, k) stands for (k, i) too, except within one raw parameter
                        hessian[one, other] += value
                        if i != k:
                            hessian[other, one] += value
    return cost


@njit(cache=True, error_model="numpy")
def shares(flat: Flat, theta: Floats, blocks: Floats, covariance: Floats) -> Floats:
    """Return how many parameters each region's data determine: the trace of its information times cov."""
    out = np.zeros(flat.floor.size)
    for r in range(out.size):
        at, last = flat.raws_at[r], flat.raws_at[r + 1]
        _, by = raw_and_slopes(flat, theta, at, last)
        for i in range(last - at):
            for k in range(i + 1):
                if blocks[r, i, k] == 0.0:
                    continue
                total = 0.0
                for a in range(theta.size):
                    if by[i, a] != 0.0:
                        for b in range(theta.size):
                            total += by[i, a] * by[k, b] * covariance[a, b]
                out[r] += blocks[r, i, k] * total * (1.0 if i == k else 2.0)
    return out
