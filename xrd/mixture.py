"""The masses of a powder's phases from the areas of a whole-pattern fit and the structures' intensities."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd import evidence, scattering, texture
from interlayer.xrd.build import lorentz_polarisation
from interlayer.xrd.examine import Study
from interlayer.xrd.fit import Fit
from interlayer.xrd.model.cell import inverse_d_squared
from interlayer.xrd.model.source import Source
from interlayer.xrd.phases import Phase, bundled

Floats = NDArray[np.floating[Any]]

#: prior of a texture's standard deviation: median and spread of its logarithm; the values tried
TEXTURE, _TEXTURE_SPREAD = 0.2, 0.8
_TRIED = np.geomspace(0.01, 2.0, 27)
#: texture standard deviation of one line alone
_ONE_LINE = 0.3
#: deviations of thermal factors (angstrom²), and of ln intensity by form factors and polarisation
_B_SPREAD, _FORM_SPREAD = 0.3, 0.03
#: the same where anomalous dispersion of another tube is taken as that of Cu
_OTHER_TUBE = 0.15
#: particle diameter (cm) whose microabsorption is allowed for: scale of a half-normal; mean path in a sphere
PARTICLE, _PATH = 2e-4, 0.75
_DRAWS, _EACH = 250, 8


@dataclass(frozen=True)
class Areas:
    """The areas of one phase's families (columns) and what a unit of its mass would give.

    Parameters
    ----------
    area
        (n,) intensity × degree of Kα1; ``place`` is where they stand among the fit's areas.
    unit
        (n,) m \\|F\\|² LP/(ρ V²): area per mass, up to a factor common to all phases.
    coupling
        (n, n) covariance of the areas by a texture of unit variance, over the mass squared.
    thermal
        (n, n) the same by the uncertain thermal factors.
    """

    phase: Phase
    place: slice
    area: Floats
    unit: Floats
    coupling: Floats
    thermal: Floats


@dataclass(frozen=True)
class Mixture:
    """Masses (up to a common factor) of phases, and draws (m, n) of them from their distribution."""

    phases: tuple[Phase, ...]
    masses: Floats
    draws: Floats
    textures: Floats
    families: tuple[int, ...]

    def fractions(self) -> tuple[Floats, Floats]:
        """Return the weight fractions (n,) and their draws (m, n)."""
        return self.masses / self.masses.sum(), self.draws / self.draws.sum(axis=1, keepdims=True)


def intensity(phase: Phase, source: Source) -> Floats:
    """Return m \\|F\\|² LP/(ρ V²) of a phase's families, 0 beyond the wavelength's reach.

    Notes
    -----
    In electron² cm³/(g angstrom⁶). Integrated intensity of a flat powder specimen: International Tables for
    Crystallography C, 6.2.
    """
    q = inverse_d_squared(np.array(phase.cell), phase.hkl)
    sine = source.alpha1 / 2 * np.sqrt(q)
    reached = sine < 0.999
    factor = lorentz_polarisation(np.arcsin(np.where(reached, sine, 0.5)))
    return np.where(reached, phase.strength * factor, 0.0) * phase.scale / (phase.density * phase.volume**2)


def i_over_ic(phase: Phase, source: Source) -> float:
    """Return the reference intensity ratio: strongest line over that of corundum, 1:1 by weight."""
    return float(intensity(phase, source).max() / intensity(bundled("corundum"), source).max())


def areas_of(study: Study, phase: Phase) -> Areas:
    """Return areas, units and texture coupling of a phase's columns."""
    block, place = evidence.columns_of(study.fit, phase.name)
    per_family = dict(
        zip(map(tuple, phase.hkl.tolist()), intensity(phase, study.inputs.source).tolist(), strict=True)
    )
    line = np.array([per_family[tuple(each)] for each in block.hkl.tolist()])
    shared = np.zeros((block.columns, line.size))
    shared[block.column, np.arange(line.size)] = line
    unit = shared.sum(axis=1)
    coupling, thermal = couplings(phase, block.hkl, shared)
    return Areas(
        phase,
        place,
        study.fit.linear[place].copy(),
        unit,
        coupling,
        thermal,
    )


def couplings(phase: Phase, hkl: NDArray[np.int64], shared: Floats) -> tuple[Floats, Floats]:
    """Return `Areas.coupling` and `Areas.thermal` of columns (n) made of lines (m); ``shared``: (n, m)."""
    q = inverse_d_squared(np.array(phase.cell), hkl)
    slope = 2 * _B_SPREAD * (shared @ (q / 4))
    return shared @ texture.covariance(phase.cell, hkl) @ shared.T, np.outer(slope, slope)


def _covariance(study: Study, parts: Sequence[Areas]) -> Floats:
    """Return the covariance of all areas together, widened for the misfit; none is known for certain.

    An area that the fit holds at zero gets the deviation that it would have by itself.
    """
    fitted = study.fit
    first = len(fitted.table)
    places = np.concatenate([np.arange(each.place.start, each.place.stop) for each in parts])
    found = fitted.covariance[np.ix_(first + places, first + places)].copy()
    held = np.flatnonzero(np.diag(found) <= 0)
    if held.size:
        design = fitted.pattern.design(fitted.table, fitted.values)[:, places[held]]
        weight = 1 / fitted.data.variance(fitted.model)
        found[held, held] = 1 / np.maximum(np.einsum("ni,n,ni->i", design, weight, design), 1e-300)
    factor = np.concatenate(
        [np.full(each.area.size, evidence.inflation(fitted, each.phase.name)) for each in parts]
    )
    return np.asarray(found * np.outer(factor, factor))


def from_all_lines(study: Study, parts: Sequence[Areas], rng: np.random.Generator) -> Mixture:
    """Return masses from all families, over the possible strengths of each phase's texture.

    Notes
    -----
    areas = unit · mass · (1 + texture) + noise. Each phase's texture has a standard deviation whose posterior
    (restricted likelihood times a log-normal prior) is averaged over.
    """
    noise = _covariance(study, parts)
    area = np.concatenate([each.area for each in parts])
    ends = np.concatenate([[0], np.cumsum([each.area.size for each in parts])])
    spans = [slice(int(i), int(j)) for i, j in pairwise(ends)]
    unit = np.zeros((area.size, len(parts)))
    for column, (span, each) in enumerate(zip(spans, parts, strict=True)):
        unit[span, column] = each.unit
    mass = np.array([max(float(each.area.sum()), 1e-12) / float(each.unit.sum()) for each in parts])
    chance = np.full((len(parts), _TRIED.size), 1 / _TRIED.size)
    for _ in range(3):
        chance = np.array(
            [
                _texture(each, noise[span, span], each.area, m)
                for each, span, m in zip(parts, spans, mass, strict=True)
            ]
        )
        middle = np.exp(chance @ np.log(_TRIED))
        mass, _ = masses_of(area, unit, _total(noise, parts, spans, middle, mass))
    draws, means = [], []
    for _ in range(_DRAWS):
        chosen = np.array([rng.choice(_TRIED, p=each) for each in chance])
        mean, spread = masses_of(area, unit, _total(noise, parts, spans, chosen, mass))
        means.append(mean)
        draws.append(rng.multivariate_normal(mean, spread, _EACH, method="cholesky"))
    textures = np.exp(chance @ np.log(_TRIED))
    drawn = _positive(np.concatenate(draws), mass)
    return Mixture(
        tuple(each.phase for each in parts),
        np.maximum(np.mean(means, axis=0), 1e-9 * mass.sum()),
        drawn * _systematics(study, parts, len(drawn), mass, rng),
        textures,
        tuple(_seen(study.fit, each) for each in parts),
    )


def _positive(draws: Floats, mass: Floats) -> Floats:
    """Return the draws without those of a negative mass; too few left: those are cut at nothing."""
    kept = draws[(draws > 0).all(axis=1)]
    return kept if len(kept) > 200 else np.maximum(draws, 1e-6 * mass.sum())


def _total(
    noise: Floats, parts: Sequence[Areas], spans: Sequence[slice], textures: Floats, mass: Floats
) -> Floats:
    total = noise.copy()
    for each, span, deviation, m in zip(parts, spans, textures, mass, strict=True):
        total[span, span] += m**2 * (deviation**2 * each.coupling + each.thermal)
    return total


def masses_of(area: Floats, unit: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return the generalised least-squares masses and their covariance; masses stay above zero."""
    scale = np.sqrt(np.diag(covariance))
    inner = covariance / np.outer(scale, scale) + 1e-9 * np.eye(scale.size)
    weighted = np.linalg.solve(inner, unit / scale[:, None]) / scale[:, None]
    norm = np.sqrt(np.diag(unit.T @ weighted))
    spread = np.linalg.pinv((unit.T @ weighted) / np.outer(norm, norm), hermitian=True) / np.outer(norm, norm)
    mass = spread @ (weighted.T @ area)
    deviation = np.sqrt(np.diag(spread))
    return np.maximum(mass, 0.05 * deviation), spread


def _texture(each: Areas, noise: Floats, area: Floats, mass: float) -> Floats:
    """Return the probability of each texture deviation tried, for one phase."""
    found = np.empty(_TRIED.size)
    for k, deviation in enumerate(_TRIED):
        covariance = noise + mass**2 * (deviation**2 * each.coupling + each.thermal)
        scale = np.sqrt(np.diag(covariance))
        inner = covariance / np.outer(scale, scale) + 1e-9 * np.eye(scale.size)
        x, y = each.unit / scale, area / scale
        solved = np.linalg.solve(inner, np.column_stack([x, y]))
        weight = float(x @ solved[:, 0])
        residual = float(y @ solved[:, 1]) - float(x @ solved[:, 1]) ** 2 / weight
        _, logarithm = np.linalg.slogdet(inner)
        found[k] = -0.5 * (logarithm + 2 * np.log(scale).sum() + np.log(weight) + residual)
    found -= 0.5 * (np.log(_TRIED / TEXTURE) / _TEXTURE_SPREAD) ** 2
    chance = np.exp(found - found.max())
    return np.asarray(chance / chance.sum())


def _systematics(
    study: Study, parts: Sequence[Areas], count: int, mass: Floats, rng: np.random.Generator
) -> Floats:
    """Return factors (count, n): form factors, another tube's dispersion, microabsorption."""
    deviation = np.full(len(parts), _FORM_SPREAD)
    if study.inputs.source.anode not in ("Cu", ""):
        deviation = np.hypot(deviation, _OTHER_TUBE)
    factor = np.exp(rng.normal(size=(count, len(parts))) * deviation)
    linear = absorptions(study, [each.phase for each in parts])
    volume = mass / np.array([each.phase.density for each in parts])
    mean = float(np.average(linear, weights=volume))
    particle = np.abs(rng.normal(size=(count, 1))) * PARTICLE
    return np.asarray(factor * np.exp(np.clip(_PATH * (linear - mean) * particle, -1.0, 1.0)))


def absorptions(study: Study, mixed: Sequence[Phase]) -> Floats:
    """Return the linear absorption coefficient of each phase in 1/cm."""
    source = study.inputs.source
    anode = source.anode if source.anode in scattering.tubes() else "Cu"
    return np.array(
        [scattering.absorption(dict(phase.elements), phase.density, source.alpha1, anode) for phase in mixed]
    )


def _seen(fitted: Fit, each: Areas) -> int:
    return int((evidence.area_significance(fitted, each.phase.name) > evidence.SEEN).sum())


def with_a_seen_line(fitted: Fit, parts: Sequence[Areas]) -> tuple[list[Areas], list[Phase]]:
    """Return the phases of which a line is seen by itself, and the others."""
    return (
        [each for each in parts if _seen(fitted, each)],
        [each.phase for each in parts if not _seen(fitted, each)],
    )


def from_one_line(study: Study, parts: Sequence[Areas], rng: np.random.Generator) -> Mixture:
    """Return masses from the strongest seen family of each phase."""
    noise = _covariance(study, parts)
    at = np.concatenate([[0], np.cumsum([each.area.size for each in parts])])[:-1].astype(int)
    mass, deviation = np.empty(len(parts)), np.empty(len(parts))
    for k, each in enumerate(parts):
        seen = evidence.area_significance(study.fit, each.phase.name) > evidence.SEEN
        best = int(np.argmax(np.where(seen, each.area, -np.inf)))
        mass[k] = each.area[best] / each.unit[best]
        own = np.sqrt(noise[at[k] + best, at[k] + best]) / each.area[best]
        heat = np.sqrt(each.thermal[best, best]) / each.unit[best]
        deviation[k] = np.sqrt(own**2 + heat**2 + _ONE_LINE**2)
    count = _DRAWS * _EACH
    draws = mass * np.exp(rng.normal(size=(count, len(parts))) * deviation)
    return Mixture(
        tuple(each.phase for each in parts),
        mass,
        draws * _systematics(study, parts, count, mass, rng),
        np.full(len(parts), _ONE_LINE),
        (1,) * len(parts),
    )
