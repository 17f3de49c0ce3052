"""The most that may be there of a phase that was not found."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd import evidence
from interlayer.xrd.build import families
from interlayer.xrd.examine import Study
from interlayer.xrd.mixture import TEXTURE, couplings, intensity, masses_of
from interlayer.xrd.model.profile import profile
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]

_Z95 = 1.645
#: lines nearer than this part of the FWHM are one; a free peak nearer than this many FWHM may be the phase's
_MERGE, _NEAR = 0.5, 1.5


def largest_mass(study: Study, phase: Phase) -> float | None:
    """Return the one-sided 95 % limit of a missing phase's mass (unit of `Mixture`); None without lines.

    Notes
    -----
    Its lines get areas of their own beside everything in the fit, except unexplained peaks at their places,
    which may be the phase's; the mass follows from these areas as that of a phase found. The largest over
    cells within their spread and two widths counts.
    """
    limits = [
        _limit(study, phase, 1 + stretch * phase.spread, width)
        for stretch in (-1.0, 0.0, 1.0)
        for width in _widths(study, phase)
    ]
    known = [each for each in limits if each is not None]
    return max(known) if known else None


def _widths(study: Study, phase: Phase) -> list[float]:
    """Return FWHM (degree) that a missing phase may have: that of the phases found, and twice that."""
    known = [
        float(np.median(evidence.family_widths(study.fit, name)))
        for name, each in study.positions.items()
        if each.phase.layer == phase.layer
    ]
    middle = float(np.median(known)) if known else 0.25
    return [middle, 2 * middle]


def _limit(study: Study, phase: Phase, stretch: float, width: float) -> float | None:
    fitted, source = study.fit, study.inputs.source
    x = fitted.data.two_theta
    cell = (*(edge * stretch for edge in phase.cell[:3]), *phase.cell[3:])
    hkl, angle, _ = families(phase, source, float(x[0]), float(x[-1]), cell)
    if angle.size == 0:
        return None
    per_family = dict(zip(map(tuple, phase.hkl.tolist()), intensity(phase, source).tolist(), strict=True))
    line = np.array([per_family[tuple(each)] for each in hkl.tolist()])
    column = np.concatenate([[0], np.cumsum(np.diff(angle) > _MERGE * width)]).astype(int)
    shared = np.zeros((int(column[-1]) + 1, line.size))
    shared[column, np.arange(line.size)] = line
    unit = shared.sum(axis=1)
    shapes, places = _shapes(study, phase, angle, width)
    curves = shapes @ (shared / unit[:, None]).T
    beside = _beside(study, places, width)
    area, noise = _areas(study, np.column_stack([curves, beside]), unit.size)
    coupling, thermal = couplings(phase, hkl, shared)
    # masses that the areas are compatible with: the texture is that of the mass itself, so go round twice
    mass = max(float(area.sum() / unit.sum()), 1e-12)
    upper = mass
    for _ in range(3):
        spread = noise + mass**2 * (TEXTURE**2 * coupling + thermal)
        found, deviation = masses_of(area, unit[:, None], spread)
        mass = max(float(found[0]), 1e-12)
        upper = max(mass, 0.0) + _Z95 * float(np.sqrt(deviation[0, 0]))
    return upper


def _shapes(study: Study, phase: Phase, angle: Floats, width: float) -> tuple[Floats, Floats]:
    """Return the profile (n, lines) of each line with a Kα1 area of one, and where the lines are."""
    source, x = study.inputs.source, study.fit.data.two_theta
    at = study.fit.table.index(f"height.{phase.layer}")
    height = float(study.fit.values[at]) if at >= 0 else 0.0
    total, places = np.zeros((x.size, angle.size)), angle
    for wave, part in ((source.alpha2, source.ratio), (source.alpha1, 1.0)):
        if wave <= 0:
            continue
        theta = np.arcsin(np.minimum(np.sin(np.radians(angle / 2)) * wave / source.alpha1, 0.9999))
        places = np.degrees(2 * theta - 2 * height * np.cos(theta))
        total += part * profile(x[:, None] - places, np.full(places.size, width), np.full(places.size, 0.5))
    return total, places


def _beside(study: Study, places: Floats, width: float) -> Floats:
    """Return the columns of the fit without the unexplained peaks at these places."""
    fitted = study.fit
    design = fitted.pattern.design(fitted.table, fitted.values)
    kept = np.ones(design.shape[1], dtype=bool)
    for block, first in zip(fitted.pattern.blocks, fitted.pattern.offsets(), strict=False):
        if block.positions == "free":
            mine = np.arange(first, first + block.columns)
            top = fitted.data.two_theta[np.argmax(design[:, mine], axis=0)]
            kept[mine] = np.abs(top[:, None] - places).min(axis=1) > _NEAR * width
    return design[:, kept]


def _areas(study: Study, design: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the first coefficients of a design in weighted least squares and their covariance."""
    fitted = study.fit
    weight = np.sqrt(1 / fitted.data.variance(fitted.model))
    weighted = design * weight[:, None]
    scale = np.sqrt(np.maximum(np.sum(weighted**2, axis=0), 1e-300))
    gram = (weighted / scale).T @ (weighted / scale) + 1e-10 * np.eye(scale.size)
    inverse = np.linalg.inv(gram)
    found = inverse @ ((weighted / scale).T @ (fitted.data.intensity * weight)) / scale
    inflation = max(1.0, fitted.chi_square / fitted.dof)
    covariance = inflation * inverse / np.outer(scale, scale)
    return found[:count], covariance[:count, :count]
