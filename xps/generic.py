"""Regions without assigned lines: as many peaks as the data ask for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.units import quantity
from interlayer.xps import decide, discrepancy, intervals, noise, start
from interlayer.xps.build import Options, joint
from interlayer.xps.chemistry import Line, Template
from interlayer.xps.fit import Fit, carry, fit, smooth
from interlayer.xps.measure import Measured, Shift
from interlayer.xps.model.joint import Joint, Parameter
from interlayer.xps.model.region import Peak, Region

Floats = NDArray[np.floating[Any]]

MOST_PEAKS = 6
#: the reference peak has at least this share of the strongest peak's area
_STRONG = 0.3
#: lines of one symmetric shape: a skewed line and a doublet of 0.6 FWHM cannot be told apart
_SEARCH = Options(None, shape_known=True)
_SKEWED = Options(None)
#: a peak within this many eV of another has at least this share of its area
_BESIDE, _LEAST_SHARE = 4.0, 0.025
#: and is at least this many FWHM away: nearer, one line of another shape does as well
_NEAREST = 0.5
#: standard deviations of a peak whose place was searched for: 3 at a place known before, and the trials
DETECTED = 4.0
#: half the distance of the two peaks that one is split into, eV
_APART = 0.45


def measured(found: Fit, lines: tuple[Line, ...], options: Options) -> Measured:
    """Return the verdict on numbered peaks."""
    region = found.joint.regions[0]
    if not options.shape_known:
        found.widen(discrepancy.covariance(found))
    outcomes, sums = decide.outcomes(found, [lines], DETECTED)
    name = region.level or str(region.attrs.get("region", region.name))
    steps = [
        f"{name} was fitted with {len(lines)} numbered peak{'s' * (len(lines) > 1)}, as many as the "
        "Bayesian information "
        f"criterion asks for; {region.background} background fitted with them."
    ]
    steps += noise.correlated(found.noise)
    warnings = [
        f"{name}: numbered peaks do not describe the data within the noise (χ²/dof "
        f"{each.chi_square / each.dof:.2f}); "
        f"the intervals are {np.sqrt(each.misfit):.1f} times wider for that"
        for each in found.noise
        if each.flagged
    ]
    none = Shift(0.0, 0.0, "no charge reference", False)
    return Measured(
        found, [region], {region.name: lines}, options, outcomes, sums, none, warnings=warnings, steps=steps
    )


def reference(parts: Sequence[Measured], text: str) -> None:
    """Set the charge shift of numbered fits by the first strong peak of the reference's core level."""
    level, _, value = text.partition("=")
    if text.strip().lower() == "none":
        return
    energy = quantity(value.strip(), "eV")
    for part in parts:
        if part.regions[0].level != level.strip():
            continue
        areas = [each.area.value for each in part.outcomes]
        first = next(each for each in part.outcomes if each.area.value >= _STRONG * max(areas))
        at, stddev = part.fit.value(intervals.position(part.fit, first.region, first.peak))
        method = f"{first.line.name}, the first strong peak, set to {energy:g} eV"
        for other in parts:
            other.shift = Shift(at - energy, stddev, method, other is part)
        return
    for part in parts:
        part.warnings.append(f"No {level.strip()} region for the charge reference: energies are as measured.")


def lines_of(region: Region, energies: Sequence[float]) -> tuple[Line, ...]:
    """Return numbered lines ("Fe 2p/1") at energies, free inside the window."""
    name = region.level or region.attrs.get("region", region.name)
    reach = float(np.ptp(region.energy))
    ordered = sorted(float(each) for each in energies)
    return tuple(
        Line(f"{name}/{k}", each, reach, math.nan, math.nan, "peak search")
        for k, each in enumerate(ordered, 1)
    )


def choose(region: Region) -> tuple[Fit, tuple[Line, ...]]:
    """Return the fit with the number of peaks of the lowest Bayesian information criterion.

    Peaks are added one at a time where the residual, smoothed over a peak's width, is largest; the noise is
    that of the second differences, which no missing peak can inflate, and 1 % of the lines' own height: the
    shape of real lines is not known better.
    """
    path = [_scored(region, [[start.highest(region, region.values - _chord(region.values), [])]])]
    for _ in range(MOST_PEAKS - 1):
        tried = _scored(region, _with_one_more(region, path[-1]))
        if tried.score >= path[-1].score or not _credible(tried):
            break
        path.append(tried)
    kept = _seen(region, _wider(region, _skewed(region, path)))
    return kept.fit, kept.lines


def _skewed(region: Region, path: Sequence["_Tried"]) -> "_Tried":
    """Return the last fit of the search, or a better one of skewed lines that does with two peaks less.

    With one peak less it would take doublets of 0.6 FWHM for skewed lines.
    """
    skewed = [_tried(region, each.lines, each.fit, _SKEWED) for each in path[:-2]]
    return min([path[-1], *skewed], key=lambda each: each.score)


def _with_one_more(region: Region, kept: "_Tried") -> list[list[float]]:
    """Return where peaks may be: with one more at the largest residual, or with the strongest split."""
    energies = _energies(kept.fit, kept.lines)
    residual = region.values - kept.fit.solution.normal.model[0]
    areas = [kept.fit.theta[kept.fit.joint.index(f"area:{line.name}")] for line in kept.lines]
    strongest = energies[int(np.argmax(areas))]
    rest = [each for each in energies if each != strongest]
    return [
        [*energies, start.highest(region, residual, energies)],
        [*rest, strongest - _APART, strongest + _APART],
    ]


def _wider(region: Region, kept: "_Tried") -> "_Tried":
    """Return the better of the fit and one with a width for each line, where one width does not do."""
    if not kept.fit.noise[0].flagged or len(kept.lines) < 2:
        return kept
    wider = replace(kept.options, stretch=frozenset({region.name}))
    own = _tried(region, kept.lines, kept.fit, wider)
    return min(kept, own, key=lambda one: one.score)


def _seen(region: Region, kept: "_Tried") -> "_Tried":
    """Return the fit without peaks that the shape of others may explain, while it describes the data."""
    while len(kept.lines) > 1:
        weakest = _weakest(kept)
        if weakest is None:
            break
        left = tuple(line for line in kept.lines if line is not weakest)
        fewer = _tried(region, left, kept.fit, kept.options)
        if fewer.fit.noise[0].flagged and not kept.fit.noise[0].flagged:
            break
        kept = fewer
    return kept


def _weakest(kept: "_Tried") -> Line | None:
    """Return the least significant peak if it is below detection once the lines' shape is in doubt."""
    doubted = replace(kept.fit)
    doubted.widen(discrepancy.covariance(doubted))
    amounts = [place.area.amount for place in doubted.joint.places[0]]
    strengths = [intervals.significance(doubted, amount) for amount in amounts]
    at = int(np.argmin(strengths))
    return kept.lines[at] if strengths[at] < DETECTED else None


@dataclass(frozen=True, slots=True)
class _Tried:
    score: float
    fit: Fit
    lines: tuple[Line, ...]
    options: Options


def _scored(region: Region, starts: Sequence[Sequence[float]]) -> _Tried:
    """Return the best of several starts, with its criterion."""
    tried = [_tried(region, lines_of(region, energies), None, _SEARCH) for energies in starts]
    return min(tried, key=lambda each: each.score)


def _tried(region: Region, lines: tuple[Line, ...], begin: Fit | None, options: Options) -> _Tried:
    """Return a fit from peaks of that place, numbered by their energies, with its criterion."""
    found = _once(region, lines, begin, options)
    for _ in range(3):
        ordered = lines_of(region, _energies(found, lines))
        moved = np.argsort(_energies(found, lines))
        if [line.name for line in ordered] == [lines[i].name for i in moved]:
            break
        former = {new.name: lines[i].name for new, i in zip(ordered, moved, strict=True)}
        lines = ordered
        found = _once(region, lines, found, options, former)
    return _Tried(_score(region, found, lines), found, lines, options)


def _score(region: Region, found: Fit, lines: Sequence[Line]) -> float:
    """Return the criterion of a fit.

    Notes
    -----
    Each peak costs 2 ln n, and 2 ln of the places where it could have been found; a skew or a width
    of its own ln n and its prior.
    """
    places = max(float(np.ptp(region.energy)) / start.usual_width(region), 1.0)
    model = found.solution.normal.model[0]
    residual = region.values - model
    scale = max(noise.differences(residual, noise.floor(model)), 1e-30)
    _, background = found.joint.regions[0].parts(found.joint.raw(0, found.theta)[0])
    shape = (discrepancy.SHAPE_KNOWN * (model - background)) ** 2
    chi = float(np.sum(residual**2 / (scale * noise.floor(model) + shape)))
    free = [i for i, p in enumerate(found.joint.parameters) if _extra(p)]
    prior = float(np.sum(found.joint.precision[free] * found.theta[free] ** 2))
    count = 2 * len(lines)
    return chi + prior + (count + len(free) + 5) * math.log(region.values.size) + count * math.log(places)


def _extra(parameter: Parameter) -> bool:
    free = parameter.lower < parameter.upper
    return free and parameter.name.startswith(("stretch:", "skew:"))


def _credible(tried: _Tried) -> bool:
    """Return whether no peak is smaller, or nearer to another, than what the shape of lines leaves open."""
    at = _energies(tried.fit, tried.lines)
    width = float(tried.fit.theta[tried.fit.joint.index(f"fwhm:{tried.fit.joint.regions[0].name}")])
    if np.diff(at).min(initial=np.inf) < _NEAREST * width:
        return False
    areas = [float(tried.fit.theta[tried.fit.joint.index(f"area:{line.name}")]) for line in tried.lines]
    return all(
        area
        >= _LEAST_SHARE * max(other for e, other in zip(at, areas, strict=True) if abs(e - here) < _BESIDE)
        for here, area in zip(at, areas, strict=True)
    )


def _once(
    region: Region,
    lines: tuple[Line, ...],
    begin: Fit | None,
    options: Options,
    former: Mapping[str, str] | None = None,
) -> Fit:
    """Return a fit from the data, or from another fit; ``former``: what its lines were called there."""
    here = replace(region, peaks=tuple(Peak(line.name) for line in lines))
    model = joint([here], {here.name: lines}, Template("", "", lines, {}), options)
    inside = np.array([model.index(f"energy:{line.name}") for line in lines])
    # a peak whose top is not seen could be anything
    model.lower[inside], model.upper[inside] = region.energy[0], region.energy[-1]
    return fit(model, _start(model, here, lines) if begin is None else carry(begin, model, former))


def _energies(found: Fit, lines: Sequence[Line]) -> list[float]:
    return [float(found.theta[found.joint.index(f"energy:{line.name}")]) for line in lines]


def _start(model: Joint, region: Region, lines: Sequence[Line]) -> Floats:
    theta, width = model.start(), start.usual_width(region)
    theta[model.index(f"fwhm:{region.name}")] = width
    height = smooth(region.values) - _chord(region.values)
    least = 1e-3 * float(np.ptp(region.values))
    for line in lines:
        at = int(np.argmin(np.abs(region.energy - line.energy)))
        theta[model.index(f"area:{line.name}")] = max(float(height[at]) * width, least)
    return theta


def _chord(values: Floats) -> Floats:
    ends = max(values.size // 20, 2)
    return np.linspace(float(values[:ends].mean()), float(values[-ends:].mean()), values.size)
