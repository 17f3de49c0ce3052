"""The most that may be there of a phase that was not found."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd import evidence, texture
from interlayer.xrd.build import families
from interlayer.xrd.examine import Study
from interlayer.xrd.mixture import TEXTURE, intensity
from interlayer.xrd.model.profile import profile
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]

_Z95 = 1.645


def largest_mass(study: Study, phase: Phase) -> float | None:
    """Return the one-sided 95 % limit of a missing phase's mass (unit of `Mixture`); None without lines."""
    fitted = study.fit
    x = fitted.data.two_theta
    weight = np.sqrt(1 / fitted.data.variance(fitted.model))
    design = fitted.pattern.design(fitted.table, fitted.values)
    inflation = float(np.sqrt(max(1.0, fitted.chi_square / fitted.dof)))
    largest: float | None = None
    for stretch in (-1.0, 0.0, 1.0):
        for width in _widths(study, phase):
            found = _pattern(study, phase, x, 1 + stretch * phase.spread, width)
            if found is None:
                return None
            curve, loose = found
            mass, deviation = _coefficient(
                design * weight[:, None], curve * weight, fitted.data.intensity * weight
            )
            upper = (max(mass, 0.0) + _Z95 * inflation * deviation) * np.exp(_Z95 * TEXTURE * loose)
            largest = upper if largest is None else max(largest, upper)
    return largest


def _widths(study: Study, phase: Phase) -> list[float]:
    """Return FWHM (degree) that a missing phase may have: that of the phases found, and twice that."""
    known = [
        float(np.median(evidence.family_widths(study.fit, name)))
        for name, each in study.positions.items()
        if each.phase.layer == phase.layer
    ]
    middle = float(np.median(known)) if known else 0.25
    return [middle, 2 * middle]


def _pattern(
    study: Study, phase: Phase, x: Floats, stretch: float, width: float
) -> tuple[Floats, float] | None:
    """Return the pattern of a unit of mass, and the deviation of its sum by a texture of unit variance."""
    source = study.inputs.source
    cell = (*(edge * stretch for edge in phase.cell[:3]), *phase.cell[3:])
    hkl, angle, _ = families(phase, source, float(x[0]), float(x[-1]), cell)
    if angle.size == 0:
        return None
    per_family = dict(zip(map(tuple, phase.hkl.tolist()), intensity(phase, source).tolist(), strict=True))
    unit = np.array([per_family[tuple(each)] for each in hkl.tolist()])
    at = study.fit.table.index(f"height.{phase.layer}")
    height = float(study.fit.values[at]) if at >= 0 else 0.0
    curve = np.zeros(x.size)
    for wave, part in ((source.alpha1, 1.0), (source.alpha2, source.ratio)):
        if wave <= 0:
            continue
        theta = np.arcsin(np.minimum(np.sin(np.radians(angle / 2)) * wave / source.alpha1, 0.9999))
        place = np.degrees(2 * theta - 2 * height * np.cos(theta))
        lines = profile(x[:, None] - place, np.full(place.size, width), np.full(place.size, 0.5))
        curve += part * (lines @ unit)
    share = unit / unit.sum()
    return curve, float(np.sqrt(share @ texture.covariance(phase.cell, hkl) @ share))


def _coefficient(design: Floats, curve: Floats, y: Floats) -> tuple[float, float]:
    """Return the coefficient of a curve beside a design in weighted least squares, and its deviation."""
    scale = np.sqrt(np.maximum(np.sum(design**2, axis=0), 1e-300))
    basis, _ = np.linalg.qr(design / scale)
    rest = curve - basis @ (basis.T @ curve)
    below = float(rest @ rest)
    if below <= 1e-12 * float(curve @ curve):
        return 0.0, float("inf")
    return float(rest @ y) / below, float(1 / np.sqrt(below))
