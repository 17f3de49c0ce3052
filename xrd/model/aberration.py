"""Aberrations of the parafocusing geometry: what they shift and smear, beside displacement and zero.

A ray with the axial angles β₁ before and β₂ after the specimen is seen at 2θ + ε, to second order ε = −½
(β₁² + β₂²) cot 2θ + β₁ β₂ / sin 2θ = ¼ [(β₁ + β₂)² tan θ − (β₁ − β₂)² cot θ]: a low tail that falls as cot
θ and a high tail that rises as tan θ (the moments: Cheary, Coelho & Cline, J. Res. NIST 109 (2004) 1).
Soller slits of the aperture Δ (spacing over length) give β a triangular distribution, ⟨β²⟩ = Δ²/6; that
both angles start from the same point of the specimen gives them a negative correlation r.

Flat specimen: a ray at the equatorial angle φ meets the specimen off the focusing circle and is seen 2 φ²
cot θ too low; φ is uniform between −α/2 and α/2: a mean of −(α²/6) cot θ (Jenkins & Snyder, Introduction to
X-ray Powder Diffractometry, 1996).

Tube tails: electrons that miss the focus make X-rays beside it, up to some 1.5 mm, seen as wide wings at a
constant distance in 2θ of the line, a few thousandths to hundredths of it, stronger on one side (Bergmann,
Kleeberg, Haase & Breidenstein, Mater. Sci. Forum 347 (2000) 303). Here two Gaussians on each side stand for
them.

Axial divergence shifts by −Q ξ cot θ + P ξ tan θ with Q = Δ² (1 − r)/12, P = Δ² (1 + r)/12 and ξ ≥ 0 of
mean 1.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.model.source import Instrument

Floats = NDArray[np.floating[Any]]

#: standard deviation of ξ
_TAIL_SD = 1.30
#: flat specimen: the shift over its mean, 12 (φ/α)², at Gauss–Legendre nodes of φ; its standard deviation
_FLAT = (3 * 0.21132487**2, 3 * 0.78867513**2)
_FLAT_SD = 0.8944
#: Gaussians that stand for a tube's tail of 0.3°: distance and FWHM in degree, each half of its area
TUBE = ((0.085, 0.11), (0.22, 0.14))
#: a tail is followed in shape where its standard deviation is above this part of the instrument's FWHM
_SHAPES = 0.12
#: nodes for tails below so many times that part
_COUNTS = ((1.0, 1), (2.5, 3), (6.0, 5), (15.0, 8), (np.inf, 12))


def low_scale(two_theta: Floats) -> Floats:
    """Return −cot θ."""
    return np.asarray(-1 / np.tan(np.radians(two_theta) / 2))


def high_scale(two_theta: Floats) -> Floats:
    """Return tan θ."""
    return np.asarray(np.tan(np.radians(two_theta) / 2))


def mean_shift(
    two_theta: Floats, instrument: Instrument, fitted: tuple[float, float, float] | None = None
) -> Floats:
    """Return the mean shift (degree) of lines; ``fitted``: low tail with flat specimen, high tail, zero."""
    low, high, zero = fitted or (
        instrument.low_tail + instrument.flat,
        instrument.high_tail,
        instrument.zero,
    )
    return np.asarray(low * low_scale(two_theta) + high * high_scale(two_theta) + zero)


def shift_spread(two_theta: Floats, instrument: Instrument) -> Floats:
    """Return the standard deviation (degree) of the mean shift by the tails, before a fit."""
    low = np.hypot(instrument.low_spread, instrument.flat_spread) * low_scale(two_theta)
    high = instrument.high_spread * high_scale(two_theta)
    return np.asarray(np.sqrt(low**2 + high**2))


@dataclass(frozen=True)
class Nodes:
    """The parts that lines are made of.

    Parameters
    ----------
    line
        (s,) which line.
    low, high
        (s,) ξ of the low and of the high tail.
    weight
        (s,)
    flat
        (s,) shift by the flat specimen over its mean.
    offset, extra
        (s,) shift and additional Gaussian FWHM in degree.
    tube
        (s,) 0 for the line, 1 and 2 for the tube's tail below and above it.
    """

    line: NDArray[np.int64]
    low: Floats
    high: Floats
    weight: Floats
    flat: Floats
    offset: Floats
    extra: Floats
    tube: NDArray[np.int64]


@cache
def tail(count: int) -> tuple[Floats, Floats]:
    """Return nodes and weights of ξ: the square of the sum of two triangular variables, over its mean.

    Notes
    -----
    Gauss quadrature for the density of that sum, from the recurrence of its orthogonal polynomials (Golub &
    Welsch, Math. Comp. 23 (1969) 221).
    """
    if count == 1:
        return np.ones(1), np.ones(1)
    grid = np.linspace(-2, 2, 4001)
    triangle = np.maximum(1 - np.abs(np.linspace(-1, 1, 2001)), 0)
    density = np.convolve(triangle, triangle)
    x, w = grid[grid > 0] ** 2, density[grid > 0] / density[grid > 0].sum()
    x /= np.sum(w * x)
    before, now = np.zeros(x.size), np.ones(x.size)
    diagonal, beside = np.empty(count), np.empty(count)
    norm, last = 1.0, 1.0
    for k in range(count):
        diagonal[k] = np.sum(w * x * now**2) / norm
        new = (x - diagonal[k]) * now - (norm / last if k else 0.0) * before
        before, now, last = now, new, norm
        norm = float(np.sum(w * now**2))
        beside[k] = np.sqrt(norm / last)
    matrix = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    places, vectors = np.linalg.eigh(matrix)
    return places, vectors[0] ** 2


def nodes(two_theta: Floats, instrument: Instrument, *, tube: bool, coarse: bool = False) -> Nodes:
    """Return nodes for lines near these 2θ: one where a tail is narrow, more the longer it is.

    ``coarse``: three at most, for a quick search.
    """
    limit = _SHAPES * np.sqrt(max(instrument.w, 1e-6))
    low = instrument.low_tail + instrument.low_spread
    high = instrument.high_tail + instrument.high_spread
    rows: list[tuple[float, ...]] = []
    for line, place in enumerate(two_theta):
        flat = (instrument.flat + instrument.flat_spread) * float(low_scale(place))
        c = _FLAT if not coarse and abs(flat) * _FLAT_SD > 0.5 * limit else (1.0,)
        most = 3 if coarse else _COUNTS[-1][1]
        a, by_a = tail(min(_count(low * low_scale(place), limit), most))
        b, by_b = tail(min(_count(high * high_scale(place), limit), most))
        rows += [
            (line, float(a[i]), float(b[j]), float(by_a[i] * by_b[j]) / len(c), each, 0.0, 0.0, 0)
            for i, j in np.ndindex(a.size, b.size)
            for each in c
        ]
        if tube:
            for offset, width in TUBE:
                rows += [(line, 1, 1, 0.5, 1, -offset, width, 1), (line, 1, 1, 0.5, 1, offset, width, 2)]
    columns = np.array(rows, dtype=float).reshape(-1, 8).T
    low_ksi, high_ksi, weight, flat_ksi, offset, extra = columns[1:7]
    line_of, tail_of = columns[0].astype(np.int64), columns[7].astype(np.int64)
    return Nodes(line_of, low_ksi, high_ksi, weight, flat_ksi, offset, extra, tail_of)


def _count(mean: Floats, limit: float) -> int:
    times = abs(float(mean)) * _TAIL_SD / limit
    return next(count for below, count in _COUNTS if times < below)


def tails(soller: float, correlation: float) -> tuple[float, float]:
    """Return Q and P in degree for Soller slits (radian) and the correlation r.

    Examples
    --------
    >>> [round(each, 4) for each in tails(0.04, -0.25)]
    [0.0095, 0.0057]
    """
    axial = float(np.degrees(soller**2 / 12))
    return axial * (1 - correlation), axial * (1 + correlation)
