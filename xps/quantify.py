"""Composition, separations and stoichiometry from a joint fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Z95, Interval
from interlayer.xps.factors import Factors, factor
from interlayer.xps.fit import Fit

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Amount:
    """Atoms (relative) behind one line, their gradient, and what they are atoms of."""

    name: str
    element: str
    value: float
    slope: Floats


def amounts(fit: Fit, factors: Factors) -> tuple[list[Amount], list[str]]:
    """Return the amount behind every line, and the core levels without a sensitivity factor.

    n = A / (F e^g): area over factor, g the common error of the level's factor.
    """
    found, missing = [], []
    for r, region in enumerate(fit.joint.regions):
        known = factor(region, region.level, factors)
        if known is None:
            missing.append(region.level or region.name)
            continue
        raw, by = fit.joint.raw(r, fit.theta)
        n = region.count
        scale, slope = 1.0 / known.value, np.zeros(fit.theta.size)
        name = f"factor:{region.level}"
        if name in fit.joint:
            index = fit.joint.index(name)
            scale *= float(np.exp(-fit.theta[index]))
            slope[index] = -1.0
        for i, peak in enumerate(region.peaks):
            value = float(raw[n + i]) * scale
            found.append(
                Amount(peak.label, region.level.split()[0], value, by[n + i] * scale + value * slope)
            )
    return found, missing


def share(part: Sequence[Amount], whole: Sequence[Amount]) -> tuple[float, Floats]:
    """Return the share of some amounts in all, and its gradient."""
    total = sum(each.value for each in whole)
    value = sum(each.value for each in part) / total
    slope = np.sum([each.slope for each in part], axis=0) - value * np.sum(
        [each.slope for each in whole], axis=0
    )
    return value, slope / total


def fraction(part: Sequence[Amount], whole: Sequence[Amount], covariance: Floats) -> Interval:
    """Return the share of some amounts in all, in at.%, with an interval inside 0 to 100 (logit scale)."""
    value, slope = share(part, whole)
    stddev = float(np.sqrt(max(float(slope @ covariance @ slope), 0.0)))
    inner = min(max(value, 1e-9), 1 - 1e-9)
    logit, spread = float(np.log(inner / (1 - inner))), stddev / (inner * (1 - inner))
    low, high = (1.0 / (1.0 + np.exp(-(logit + sign * Z95 * spread))) for sign in (-1.0, 1.0))
    return Interval(100 * value, 100 * stddev, 100 * min(float(low), value), 100 * max(float(high), value))


@dataclass(frozen=True, slots=True)
class Pull:
    """How far a phase departs from its stoichiometry, in standard deviations, and at which line."""

    phase: str
    line: str
    value: float
    departure: float


def pulls(fit: Fit) -> list[Pull]:
    """Return the pull of every linked line: departure / √(prior² − posterior²), the largest per phase."""
    best: dict[str, Pull] = {}
    for index, parameter in enumerate(fit.joint.parameters):
        kind, _, line = parameter.name.partition(":")
        if kind != "deviation":
            continue
        phase = line.partition("/")[2]
        pull = Pull(phase, line, _pull(fit, index), float(np.exp(fit.theta[index])))
        if phase not in best or abs(pull.value) > abs(best[phase].value):
            best[phase] = pull
    return list(best.values())


def factor_pulls(fit: Fit) -> Mapping[str, tuple[float, float]]:
    """Return, per core level, the pull of its common factor and the factor's ratio to the expected."""
    names = [(i, p.name) for i, p in enumerate(fit.joint.parameters) if p.name.startswith("factor:")]
    return {name.removeprefix("factor:"): (_pull(fit, i), float(np.exp(fit.theta[i]))) for i, name in names}


def _pull(fit: Fit, index: int) -> float:
    prior = fit.joint.parameters[index].sigma ** 2
    informed = prior - float(fit.covariance[index, index])
    # without information from the data there is nothing to pull
    return float(fit.theta[index] / np.sqrt(informed)) if informed > 1e-3 * prior else 0.0
