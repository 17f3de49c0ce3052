"""Compiled loops over lines and points: the Thompson–Cox–Hastings pseudo-Voigt and its derivatives.

Coefficients of width and mixing: Thompson, Cox & Hastings, J. Appl. Cryst. 20 (1987) 79.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

_FOUR_LN2 = 4 * float(np.log(2.0))
_LORENTZ = 2 / float(np.pi)
_GAUSS = 2 * float(np.sqrt(np.log(2.0) / np.pi))
#: a Gaussian is nothing below e to the minus this
_DEEP = 16.0


@numba.njit(cache=True)
def _total(g: float, l: float) -> float:
    """Return the FWHM of the pseudo-Voigt from its Gaussian and Lorentzian FWHM."""
    fifth = g**5 + l * (2.69269 * g**4 + l * (2.42843 * g**3 + l * (4.47163 * g**2 + l * (0.07842 * g + l))))
    return float(fifth**0.2)


@numba.njit(cache=True)
def _mixing(r: float) -> float:
    return r * (1.36603 + r * (-0.47719 + r * 0.11116))


@numba.njit(cache=True)
def bragg(hkl: Floats, cell: Floats, member: Ints, half: float, theta: Floats, slope: Floats) -> None:
    """Fill the Bragg angles θ (r,) of reflections, and their derivatives (r, k) by the free cell parameters.

    ``cell`` is a, b, c (angstrom), α, β, γ (radian); ``member`` (6,) tells which free parameter each follows,
    −1 for none; ``half`` is λ/2. 1/d² = hᵀ G⁻¹ h with the metric tensor G: its change is −vᵀ dG v, v = G⁻¹ h.
    """
    ca, cb, cg = np.cos(cell[3]), np.cos(cell[4]), np.cos(cell[5])
    a, b, c = cell[0], cell[1], cell[2]
    g11, g22, g33, g12, g13, g23 = a * a, b * b, c * c, a * b * cg, a * c * cb, b * c * ca
    m11, m12, m13 = g22 * g33 - g23 * g23, g13 * g23 - g12 * g33, g12 * g23 - g13 * g22
    m22, m23, m33 = g11 * g33 - g13 * g13, g12 * g13 - g11 * g23, g11 * g22 - g12 * g12
    volume = g11 * m11 + g12 * m12 + g13 * m13
    sa, sb, sg = np.sin(cell[3]), np.sin(cell[4]), np.sin(cell[5])
    change = np.empty(6)
    for r in range(hkl.shape[0]):
        h, k, l = hkl[r, 0], hkl[r, 1], hkl[r, 2]
        v1 = (m11 * h + m12 * k + m13 * l) / volume
        v2 = (m12 * h + m22 * k + m23 * l) / volume
        v3 = (m13 * h + m23 * k + m33 * l) / volume
        inverse = max(h * v1 + k * v2 + l * v3, 1e-12)
        sine = min(half * np.sqrt(inverse), 0.9999)
        theta[r] = np.arcsin(sine)
        # half the derivatives of vᵀ G v by a, b, c, α, β, γ
        change[0] = v1 * (v1 * a + v2 * b * cg + v3 * c * cb)
        change[1] = v2 * (v2 * b + v1 * a * cg + v3 * c * ca)
        change[2] = v3 * (v3 * c + v1 * a * cb + v2 * b * ca)
        change[3], change[4], change[5] = -v2 * v3 * b * c * sa, -v1 * v3 * a * c * sb, -v1 * v2 * a * b * sg
        # dθ = tan θ / (2 q) dq, and dq = −2 change
        factor = -sine / np.sqrt(1 - sine * sine) / inverse
        slope[r, :] = 0.0
        for p in range(6):
            if member[p] >= 0:
                # angles are parameters in degree
                unit = 1.0 if p < 3 else np.pi / 180
                slope[r, member[p]] += factor * change[p] * unit


@numba.njit(cache=True)
def place(
    line: tuple[
        Ints, Floats, Floats, Floats, Floats, Floats, NDArray[np.bool_], Floats, Floats, Ints, Floats
    ],
    reflection: tuple[Floats, Floats, Floats, Floats, Floats, NDArray[np.bool_], Floats],
    slope1: Floats,
    shared: Floats,
    out: Floats,
    with_slopes: bool,
    by_position: Floats,
    by_gauss: Floats,
    by_lorentz: Floats,
    by_weight: Floats,
) -> None:
    """Fill position, Gaussian and Lorentzian FWHM (degree) and weight of each line, ``out`` (4, s).

    ``line``: reflection, wavelength over that of Kα1, natural width, ξ of the low and of the high tail, that
    of the flat specimen, whether Kα2, offset and additional Gaussian width (degree), which tail of the tube,
    weight. ``reflection``: θ of Kα1, height s/R, own shift, 1/size, strain, whether a free peak (its own
    width in the place of the strain, FWHM in degree), 1/(2 μ R) in degree. ``shared``: scale, u, v, w, y, low
    tail, high tail, flat specimen, zero (degree), K λ/10 (nm) in degree, Kα2/Kα1, parts of the tube's tails.
    Slopes as `interlayer.xrd.model.layout` numbers them.
    """
    of, stretch, natural, low, high, flat, second, offset, extra, tail, weight = line
    theta1, height, own, size, strain, free, deep = reflection
    degree = 180 / np.pi
    scale, u, v, w, y, low_tail, high_tail, flat_shift, zero, by_size, ratio, tube_low, tube_high = shared
    for s in range(of.size):
        r = of[s]
        sine1 = np.sin(theta1[r])
        sine = min(sine1 * stretch[s], 0.9999)
        cosine = np.sqrt(1 - sine * sine)
        tangent = sine / cosine
        theta = np.arcsin(sine)
        at = 2 * degree * theta + high_tail * high[s] * tangent + offset[s]
        at -= (low_tail * low[s] + flat_shift * flat[s]) / tangent
        if not free[r]:
            at += -2 * degree * height[r] * cosine + zero + own[r]
            at -= deep[r] * 2 * sine * cosine
        square = u * tangent * tangent + v * tangent + w
        root = np.sqrt(max(square, 1e-6))
        lorentz = 2 * degree * natural[s] * tangent + 1e-5 + y / cosine + by_size / cosine * size[r]
        lorentz += strain[r] if free[r] else 4 * degree * tangent * strain[r]
        gauss = np.sqrt(scale * scale * root * root + extra[s] * extra[s])
        part = 1.0 if tail[s] == 0 else (tube_low if tail[s] == 1 else tube_high)
        factor = ratio if second[s] else 1.0
        out[0, s], out[1, s], out[2, s], out[3, s] = at, gauss, lorentz, weight[s] * factor * part
        if with_slopes:
            turned = np.sqrt(max(1 - sine1 * sine1, 1e-8)) * stretch[s] / cosine
            for k in range(slope1.shape[1]):
                by_position[s, k] = 2 * degree * slope1[r, k] * turned
            by_position[s, 6] = -2 * degree * cosine
            by_position[s, 7] = turned if free[r] else 1.0
            by_position[s, 8], by_position[s, 9] = -low[s] / tangent, high[s] * tangent
            by_position[s, 10], by_position[s, 11] = -flat[s] / tangent, 1.0
            by_weight[s, 0], by_weight[s, 1] = weight[s] * part, weight[s] * factor
            half = 0.5 * scale * scale / gauss if square > 1e-6 else 0.0
            by_gauss[s, 0], by_gauss[s, 1] = scale * root * root / gauss, half * tangent * tangent
            by_gauss[s, 2], by_gauss[s, 3] = half * tangent, half
            by_lorentz[s, 0] = by_size / cosine
            by_lorentz[s, 1] = 1.0 if free[r] else 4 * degree * tangent
            by_lorentz[s, 2] = 1 / cosine


@numba.njit(cache=True)
def windows(
    x: Floats, position: Floats, gauss: Floats, lorentz: Floats, column: Ints, tail: Floats, core: float
) -> tuple[Ints, Ints]:
    """Return the first point of each line's reach and the one after its last.

    ``tail`` is the area of each column over the intensity that may be neglected: a Lorentzian of area A and
    FWHM w is A w / (2 π d²) at the distance d.
    """
    count = position.size
    first, last = np.empty(count, np.int64), np.empty(count, np.int64)
    for s in range(count):
        total = _total(gauss[s], lorentz[s])
        reach = max(np.sqrt(tail[column[s]] * total / (2 * np.pi)), core * total)
        first[s] = np.searchsorted(x, position[s] - reach)
        last[s] = np.searchsorted(x, position[s] + reach)
    return first, last


@numba.njit(cache=True, fastmath=True)
def design(
    x: Floats,
    first: Ints,
    last: Ints,
    position: Floats,
    gauss: Floats,
    lorentz: Floats,
    weight: Floats,
    column: Ints,
    out: Floats,
) -> None:
    """Add each line, of area ``weight``, to its row of ``out`` (areas, n)."""
    for s in range(position.size):
        total = _total(gauss[s], lorentz[s])
        mixing = _mixing(lorentz[s] / total)
        part_l, part_g = weight[s] * mixing * _LORENTZ / total, weight[s] * (1 - mixing) * _GAUSS / total
        at, inverse, row = position[s], 1 / total, out[column[s]]
        for i in range(first[s], last[s]):
            u = (x[i] - at) * inverse
            row[i] += part_l / (1 + 4 * u * u)
        core = np.sqrt(_DEEP / _FOUR_LN2) * total
        start, end = np.searchsorted(x, at - core), np.searchsorted(x, at + core)
        for i in range(max(start, first[s]), min(end, last[s])):
            u = (x[i] - at) * inverse
            row[i] += part_g * np.exp(-_FOUR_LN2 * u * u)


@numba.njit(cache=True, fastmath=True)
def _spread(part: Floats, count: int, start: int, index: Ints, value: Floats, out: Floats) -> None:
    """Add a derivative over a line's window to the rows of the parameters that it depends on."""
    for k in range(index.size):
        if index[k] >= 0:
            row, factor = out[index[k]], value[k]
            for j in range(count):
                row[start + j] += factor * part[j]


@numba.njit(cache=True, fastmath=True)
def slopes(
    x: Floats,
    first: Ints,
    last: Ints,
    position: Floats,
    gauss: Floats,
    lorentz: Floats,
    area: Floats,
    by_position: tuple[Ints, Floats],
    by_gauss: tuple[Ints, Floats],
    by_lorentz: tuple[Ints, Floats],
    by_area: tuple[Ints, Floats],
    out: Floats,
) -> None:
    """Add the derivatives of the pattern by the parameters to ``out`` (p, n).

    Each of ``by_…`` holds the numbers (lines, k) of the parameters that a line's position, widths or area
    depend on, −1 for none, and the derivatives (lines, k).
    """
    parts = np.empty((4, x.size))
    for s in range(position.size):
        g, l = gauss[s], lorentz[s]
        total = _total(g, l)
        r = l / total
        mixing = _mixing(r)
        slope = 5 * total**4
        total_g = (
            5 * g**4
            + l * (4 * 2.69269 * g**3 + l * (3 * 2.42843 * g**2 + l * (2 * 4.47163 * g + l * 0.07842)))
        ) / slope
        total_l = (
            2.69269 * g**4
            + l * (2 * 2.42843 * g**3 + l * (3 * 4.47163 * g**2 + l * (4 * 0.07842 * g + 5 * l)))
        ) / slope
        by_r = 1.36603 + r * (-2 * 0.47719 + r * 3 * 0.11116)
        mixing_g, mixing_l = -by_r * r / total * total_g, by_r * (1 - r * total_l) / total
        at, inverse, a, start = position[s], 1 / total, area[s], first[s]
        count = last[s] - start
        for j in range(count):
            u = (x[start + j] - at) * inverse
            square = u * u
            base = 1 / (1 + 4 * square)
            lorentzian = _LORENTZ * inverse * base
            gaussian = _GAUSS * inverse * np.exp(-_FOUR_LN2 * square) if _FOUR_LN2 * square < _DEEP else 0.0
            value = mixing * lorentzian + (1 - mixing) * gaussian
            by_u = -8 * u * (mixing * lorentzian * base + (1 - mixing) * 0.25 * _FOUR_LN2 * gaussian)
            to_total, to_mixing = -a * (value + u * by_u) * inverse, a * (lorentzian - gaussian)
            parts[0, j] = -a * by_u * inverse
            parts[1, j] = to_total * total_g + to_mixing * mixing_g
            parts[2, j] = to_total * total_l + to_mixing * mixing_l
            parts[3, j] = value
        _spread(parts[0], count, start, by_position[0][s], by_position[1][s], out)
        _spread(parts[1], count, start, by_gauss[0][s], by_gauss[1][s], out)
        _spread(parts[2], count, start, by_lorentz[0][s], by_lorentz[1][s], out)
        _spread(parts[3], count, start, by_area[0][s], by_area[1][s], out)
