"""Overlapping lines that could be each other: other assignments tried, and said where the data allow them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.fit import Fit, fit

Floats = NDArray[np.floating[Any]]

#: lines nearer than this many FWHM could be exchanged
_NEAR = 1.5
#: a rise of the cost beyond which an assignment is not worth naming: odds of 20 to 1
_OPEN = 6.0
#: an assignment is another one when a line lies this many eV elsewhere
_ELSEWHERE = 0.15
_ROUNDS = 3
#: standard deviations of an area from which a line takes part
_SEEN = 1.0


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another assignment: the lines exchanged, its parameters, and how much worse it is (in the cost)."""

    lines: tuple[str, str]
    theta: Floats
    rise: float


def settled(found: Fit) -> Fit:
    """Return the fit of the best assignment that exchanges of two lines lead to."""
    for _ in range(_ROUNDS):
        better = [each for each in alternatives(found) if each.rise < 0.0]
        if not better:
            break
        found = fit(found.joint, min(better, key=lambda each: each.rise).theta, found.fixed)
    return found


def alternatives(found: Fit) -> list[Alternative]:
    """Return the other assignments that the data allow, with the noise of the fit."""
    energies = [i for i, p in enumerate(found.joint.parameters) if p.name.startswith("energy:")]
    out = []
    for names, start in _exchanges(found):
        tried = found.refit(theta=start)
        rise = tried.normal.cost - found.cost
        moved = float(np.max(np.abs(tried.theta[energies] - found.theta[energies])))
        if rise < _OPEN and moved > _ELSEWHERE:
            out.append(Alternative(names, tried.theta, rise))
    return out


def spread(found: Fit, others: list[Alternative]) -> Floats:
    """Return the covariance between assignments (size, size): w Δ Δᵀ, w the weight of each other one.

    Notes
    -----
    J. A. Hoeting et al., Stat. Sci. 14, 382 (1999), with the found assignment as the centre.
    """
    weights = np.array([1.0, *(np.exp(-0.5 * max(each.rise, 0.0)) for each in others)])
    total = np.zeros_like(found.covariance)
    for weight, each in zip(weights[1:] / weights.sum(), others, strict=True):
        total += weight * np.outer(each.theta - found.theta, each.theta - found.theta)
    return total


def warnings(found: Fit, others: list[Alternative]) -> list[str]:
    """Return a sentence for each assignment that the data do not exclude."""
    out = []
    for each in others:
        at = [each.theta[found.joint.index(f"energy:{name}")] for name in each.lines]
        here = [found.theta[found.joint.index(f"energy:{name}")] for name in each.lines]
        first, second = each.lines
        out.append(
            f"{first} ({here[0]:.2f} eV) and {second} ({here[1]:.2f} eV) could as well lie at {at[0]:.2f} "
            f"and {at[1]:.2f} eV (χ² {each.rise:+.1f}); the intervals allow for it."
        )
    return out


def _exchanges(found: Fit) -> Iterator[tuple[tuple[str, str], Floats]]:
    """Yield pairs of overlapping lines and the parameters with their places and free areas exchanged."""
    joint = found.joint
    for r, (region, places) in enumerate(zip(joint.regions, joint.places, strict=True)):
        n = region.count
        raw, by = joint.raw(r, found.theta)
        variance = np.einsum("ij,jk,ik->i", by[n : 2 * n], found.curvature, by[n : 2 * n])
        seen = [i for i in range(n) if raw[n + i] > _SEEN * np.sqrt(variance[i])]
        for at, i in enumerate(seen):
            for j in seen[:at]:
                one, other = places[i].energy, places[j].energy
                near = abs(raw[i] - raw[j]) < _NEAR * max(raw[2 * n + i], raw[2 * n + j])
                if not near or one < 0 or other < 0:
                    continue
                theta = found.theta.copy()
                theta[[one, other]] = theta[[other, one]]
                if np.any(theta < joint.lower) or np.any(theta > joint.upper):
                    continue
                if not (places[i].area.exponents or places[j].area.exponents):
                    areas = [places[i].area.amount, places[j].area.amount]
                    theta[areas] = theta[areas[::-1]]
                yield (region.peaks[i].label, region.peaks[j].label), theta
