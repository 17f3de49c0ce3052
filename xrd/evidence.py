"""How sure is a phase, how far is a misfit to be believed, and what could have been missed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.build import families
from interlayer.xrd.fit import Fit
from interlayer.xrd.model.layout import Block
from interlayer.xrd.model.profile import profile
from interlayer.xrd.model.source import HEIGHT_SPREAD, Instrument, Source
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]

#: a point belongs to a phase when its lines make this part of the expected intensity
_PART = 0.02
_LAGS = 25
#: area over its standard deviation from which a family is seen
SEEN = 4.0
#: one-sided 95 % and the FWHM (degree) of lines that are looked for and not found
_Z95, _FWHM = 1.645, 0.3


@dataclass(frozen=True)
class Limit:
    """An undetected phase: significance of its best place, and the largest area of its strongest line."""

    sigma: float
    sigma_limit: float
    area_limit: float
    two_theta: float
    hkl: str


def columns_of(fitted: Fit, name: str) -> tuple[Block, slice]:
    """Return the block of a phase and its place among the areas."""
    for block, at in zip(fitted.pattern.blocks, fitted.pattern.offsets(), strict=False):
        if block.name == name:
            return block, slice(at, at + block.columns)
    raise KeyError(name)


def significance(fitted: Fit, name: str) -> float:
    """Return √(aᵀ C⁻¹ a) of a phase's areas a with covariance C, over the misfit of its region."""
    _, place = columns_of(fitted, name)
    areas = fitted.linear[place]
    p = len(fitted.table)
    block = fitted.covariance[p + place.start : p + place.stop, p + place.start : p + place.stop]
    free = np.flatnonzero((areas > 0) & (np.diag(block) > 0))
    if free.size == 0:
        return 0.0
    inner = block[np.ix_(free, free)]
    chi_square = float(areas[free] @ np.linalg.pinv(inner, hermitian=True) @ areas[free])
    return float(np.sqrt(max(chi_square, 0.0))) / inflation(fitted, name)


def area_significance(fitted: Fit, name: str) -> Floats:
    """Return area over standard deviation of each family (column) of a phase."""
    _, place = columns_of(fitted, name)
    stddev = fitted.area_stddev()[place]
    return np.divide(fitted.linear[place], stddev, out=np.zeros(stddev.size), where=stddev > 0)


def inflation(fitted: Fit, name: str) -> float:
    """Return the factor by which misfit and serial correlation widen a phase's deviations, at least 1.

    Notes
    -----
    √(χ²/n · (1 + 2 Σ ρₖ)) of the residuals under the phase's lines, the sum running to the first lag whose
    correlation is lost in the noise; after Bérar & Lelann, J. Appl. Cryst. 24 (1991) 1.
    """
    _, place = columns_of(fitted, name)
    design = fitted.pattern.design(fitted.table, fitted.values)
    part = design[:, place] @ fitted.linear[place]
    inside = part > _PART * np.maximum(fitted.model, 1e-12)
    residual = fitted.residual()
    if inside.sum() < 20:
        inside = np.ones(residual.size, dtype=bool)
    chi_square = float(np.mean(residual[inside] ** 2))
    return float(np.sqrt(max(1.0, chi_square) * max(1.0, _serial(residual, inside))))


def _serial(residual: Floats, inside: NDArray[np.bool_]) -> float:
    total, variance = 1.0, float(np.mean(residual[inside] ** 2)) or 1.0
    for lag in range(1, _LAGS):
        both = inside[lag:] & inside[:-lag]
        count = int(both.sum())
        if count < 10:
            break
        rho = float(np.mean((residual[lag:] * residual[:-lag])[both])) / variance
        if rho < 2 / np.sqrt(count):
            break
        total += 2 * rho
    return total


def limit(fitted: Fit, phase: Phase, source: Source, instrument: Instrument) -> Limit | None:
    """Return what could have been missed of a phase, or None when it has no line in the range.

    Notes
    -----
    The phase's random powder pattern is laid over the residuals at several heights; each line is weighed
    by what it would give for itself, so that texture does not hide the phase.
    """
    x = fitted.data.two_theta
    hkl, angle, strength = families(phase, source, float(x[0]), float(x[-1]))
    if angle.size == 0:
        return None
    variance = fitted.data.variance(fitted.model)
    residual = fitted.data.intensity - fitted.model
    heights = np.linspace(-1.5, 1.5, 13) * HEIGHT_SPREAD / instrument.prior_radius
    strongest = int(np.argmax(strength))
    best: Limit | None = None
    for height in heights:
        places = angle - np.degrees(2 * height * np.cos(np.radians(angle) / 2))
        z, stddev = _line(x, residual, variance, places[strongest])
        others = [_line(x, residual, variance, place)[0] for place in places[strength > 0.3]]
        sigma = float(np.sqrt(np.mean(np.square(np.maximum(others, 0.0)))))
        upper = (max(z, 0.0) + _Z95) * stddev
        if best is None or sigma > best.sigma:
            label = hkl_text(hkl[strongest])
            best = Limit(sigma, sigma + _Z95, upper, float(places[strongest]), label)
    return best


def _line(x: Floats, residual: Floats, variance: Floats, place: float) -> tuple[float, float]:
    """Return significance and standard deviation of the area of one line in the residuals."""
    near = np.abs(x - place) < 4 * _FWHM
    if near.sum() < 5:
        return 0.0, np.inf
    shape = profile(x[near] - place, np.array(_FWHM), np.array(0.5))
    weight = 1 / variance[near]
    # the local level is free: a misfit of the background is no line
    centred = shape - np.average(shape, weights=weight)
    below = float(np.sum(weight * centred**2))
    if below <= 0:
        return 0.0, np.inf
    return float(np.sum(weight * centred * residual[near])) / np.sqrt(below), 1 / np.sqrt(below)


def hkl_text(hkl: NDArray[np.int64]) -> str:
    """Return hkl as the field writes it.

    Examples
    --------
    >>> hkl_text(np.array([1, 0, -2])), hkl_text(np.array([0, 0, 10]))
    ('10-2', '0 0 10')
    """
    numbers = [int(each) for each in hkl]
    return (" " if any(abs(each) > 9 for each in numbers) else "").join(map(str, numbers))


def family_widths(fitted: Fit, name: str) -> Floats:
    """Return the FWHM (degree) of Kα1 of each line of a phase."""
    _, widths = fitted.pattern.reflections(fitted.table, fitted.values)
    at = 0
    for block in fitted.pattern.blocks:
        if block.name == name:
            return widths[at : at + block.column.size]
        at += block.column.size
    raise KeyError(name)
