"""Product of Gaussian and Lorentzian, and powers of a Lorentzian: compiled, with tabulated integrals."""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_LN2 = math.log(2.0)
_ROOT_PI = math.sqrt(math.pi)
_SIGMA = 1.0 / math.sqrt(8.0 * _LN2)
#: the table's variable v, t = sinh(v) / 2 in units of the FWHM: every 0.04 up to t = 12,000
_STEP, _CELLS = 0.04, 252
#: the Gaussian that the Lorentzian's powers are folded with: ± 4.5 σ, at least so many nodes, at most so far
#: apart (FWHM of the Lorentzian, whose poles lie at half of it: an error of exp(−2π 0.5 / 0.2))
_REACH, _LEAST_NODES, _APART = 4.5, 21, 0.2
_GAUSS_POINT = 0.5 * math.sqrt(0.6)


@njit(cache=True, error_model="numpy")
def _integrand(product: bool, v: float, p: float) -> tuple[float, float]:
    """Return f(t) dt/dv and its derivative by the shape parameter."""
    t2, stretch = 0.25 * math.sinh(v) ** 2, 0.5 * math.cosh(v)
    if product:
        value = math.exp(-4.0 * _LN2 * (1.0 - p) * t2) / (1.0 + 4.0 * p * t2) * stretch
        return value, value * (4.0 * _LN2 * t2 - 4.0 * t2 / (1.0 + 4.0 * p * t2))
    log = math.log(1.0 + 4.0 * t2)
    value = math.exp(-p * log) * stretch
    return value, -log * value


@njit(cache=True, error_model="numpy")
def _table(product: bool, p: float) -> Floats:
    """Return, every `_STEP` of v: ∫₀ f dt, its derivative by p, and both slopes by v."""
    out = np.zeros((_CELLS + 1, 4))
    out[0, 2], out[0, 3] = _integrand(product, 0.0, p)
    for cell in range(_CELLS):
        middle = (cell + 0.5) * _STEP
        total, by = 0.0, 0.0
        for node in (-_GAUSS_POINT, 0.0, _GAUSS_POINT):
            value, slope = _integrand(product, middle + node * _STEP, p)
            weight = _STEP * (4.0 / 9.0 if node == 0.0 else 5.0 / 18.0)
            total += weight * value
            by += weight * slope
        out[cell + 1, 0], out[cell + 1, 1] = out[cell, 0] + total, out[cell, 1] + by
        out[cell + 1, 2], out[cell + 1, 3] = _integrand(product, (cell + 1) * _STEP, p)
    return out


@njit(cache=True, error_model="numpy")
def _look_up(table: Floats, t: float) -> tuple[float, float]:
    """Return the integral up to t ≥ 0 and its derivative by p: cubic Hermite between the table's points."""
    at = min(math.asinh(2.0 * t) / _STEP, _CELLS - 1e-9)
    i = int(at)
    s = at - i
    s2, s3 = s * s, s * s * s
    here, rise = 2.0 * s3 - 3.0 * s2 + 1.0, (s3 - 2.0 * s2 + s) * _STEP
    there, fall = 3.0 * s2 - 2.0 * s3, (s3 - s2) * _STEP
    value = here * table[i, 0] + rise * table[i, 2] + there * table[i + 1, 0] + fall * table[i + 1, 2]
    slope = here * table[i, 1] + rise * table[i, 3] + there * table[i + 1, 1] + fall * table[i + 1, 3]
    return value, slope


@njit(cache=True, error_model="numpy")
def _product_norm(eta: float) -> float:
    """Return ∫ exp(−a t²)/(1 + b t²) dt = π/√b · erfcx(√(a/b))."""
    a, b = 4.0 * _LN2 * (1.0 - eta), 4.0 * eta
    if b < 1e-12:
        return math.sqrt(math.pi / a)
    y = math.sqrt(a / b)
    if y < 5.0:
        return math.pi / math.sqrt(b) * math.exp(y * y) * math.erfc(y)
    # continued fraction of erfcx
    tail = y
    for k in range(60, 0, -1):
        tail = y + 0.5 * k / tail
    return math.pi / math.sqrt(b) / (tail * _ROOT_PI)


@njit(cache=True, error_model="numpy")
def product(energy: Floats, position: float, fwhm: float, eta: float, out: Floats) -> None:
    """Write the product of a Gaussian and a Lorentzian, rows as `kernels.fill`."""
    a, b = 4.0 * _LN2 * (1.0 - eta), 4.0 * eta
    norm = _product_norm(eta)
    low, high = max(eta - 1e-5, 0.0), min(eta + 1e-5, 1.0)
    norm_slope = (_product_norm(high) - _product_norm(low)) / (high - low)
    table = _table(True, eta)
    for i in range(energy.size):
        t = (energy[i] - position) / fwhm
        tt = t * t
        bare = math.exp(-a * tt) / (1.0 + b * tt)
        value = bare / (norm * fwhm)
        slope = -value * (2.0 * a * t + 2.0 * b * t / (1.0 + b * tt))
        sign = 1.0 if t >= 0 else -1.0
        inner, inner_slope = _look_up(table, abs(t))
        out[0, i] = value
        out[1, i] = -slope / fwhm
        out[2, i] = -(value + t * slope) / fwhm
        out[3, i] = value * (4.0 * _LN2 * tt - 4.0 * tt / (1.0 + b * tt) - norm_slope / norm)
        out[6, i] = 0.5 + sign * inner / norm
        out[7, i] = -value
        out[8, i] = -t * value
        out[9, i] = sign * (inner_slope - inner * norm_slope / norm) / norm


@njit(cache=True, error_model="numpy")
def half_area(power: float) -> float:
    """Return ∫₀^∞ (1 + 4 t²)^−p dt."""
    return 0.25 * _ROOT_PI * math.exp(math.lgamma(power - 0.5) - math.lgamma(power))


@njit(cache=True, error_model="numpy")
def asymmetric(energy: Floats, position: float, fwhm: float, parameters: Floats, out: Floats) -> None:
    """Write a Lorentzian to the power α above and β below its position, folded with a Gaussian.

    ``parameters``: FWHM of the Gaussian over that of the Lorentzian, α, β. The Gaussian is a sum of
    nodes, so that the area is exact.
    """
    ratio, alpha, beta = parameters[0], parameters[1], parameters[2]
    above, under = _table(False, alpha), _table(False, beta)
    right, left = half_area(alpha), half_area(beta)
    right_slope = (half_area(alpha + 1e-5) - half_area(alpha - 1e-5)) / 2e-5
    left_slope = (half_area(beta + 1e-5) - half_area(beta - 1e-5)) / 2e-5
    norm = right + left
    nodes = max(_LEAST_NODES, 2 * int(_REACH * _SIGMA * ratio / _APART) + 3)
    spacing = 2.0 * _REACH / (nodes - 1)
    weights = np.empty(nodes)
    for k in range(nodes):
        weights[k] = math.exp(-0.5 * (-_REACH + k * spacing) ** 2)
    weights /= weights.sum()
    for i in range(energy.size):
        t0 = (energy[i] - position) / fwhm
        value, slope, by_ratio, by_alpha, by_beta = 0.0, 0.0, 0.0, 0.0, 0.0
        below, below_ratio, below_alpha, below_beta = 0.0, 0.0, 0.0, 0.0
        for k in range(nodes):
            u = _SIGMA * (-_REACH + k * spacing)
            t = t0 - ratio * u
            log = math.log(1.0 + 4.0 * t * t)
            power = alpha if t >= 0 else beta
            w = weights[k]
            bare = w * math.exp(-power * log)
            step = -power * 8.0 * t / (1.0 + 4.0 * t * t) * bare
            value += bare
            slope += step
            by_ratio -= step * u
            below_ratio -= bare * u
            if t >= 0:
                by_alpha -= log * bare
                inner, inner_slope = _look_up(above, t)
                below += w * (left + inner)
                below_alpha += w * inner_slope
                below_beta += w * left_slope
            else:
                by_beta -= log * bare
                inner, inner_slope = _look_up(under, -t)
                below += w * (left - inner)
                below_beta += w * (left_slope - inner_slope)
        value, slope, below = value / norm, slope / norm, below / norm
        out[0, i] = value / fwhm
        out[1, i] = -slope / fwhm**2
        out[2, i] = -(value + t0 * slope) / fwhm**2
        out[3, i] = by_ratio / (norm * fwhm)
        out[4, i] = (by_alpha / norm - value * right_slope / norm) / fwhm
        out[5, i] = (by_beta / norm - value * left_slope / norm) / fwhm
        out[6, i] = below
        out[7, i] = -value / fwhm
        out[8, i] = -t0 * value / fwhm
        out[9, i] = below_ratio / norm
        out[10, i] = (below_alpha - below * right_slope) / norm
        out[11, i] = (below_beta - below * left_slope) / norm
