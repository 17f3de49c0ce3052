"""The joint fit of one measurement: shift, model choice, line shape, widths, layering, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps import build, decide, discrepancy, exchange, intervals, noise, quantify, start, unassigned
from interlayer.xps.build import Options, Reference
from interlayer.xps.chemistry import Line, Template
from interlayer.xps.decide import Outcome, Sum
from interlayer.xps.fit import Fit, carry, fit, misfit
from interlayer.xps.model.joint import Joint
from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]
Lines = Mapping[str, tuple[Line, ...]]

#: pulls beyond this are reported; beyond `RELEASED` the phase is not held to its stoichiometry any more
REPORTED, RELEASED = 2.0, 2.5
_SHAPE_NAMES = {"pseudo-voigt": "pseudo-Voigt sums", "voigt": "Voigt functions"}


@dataclass(frozen=True, slots=True)
class Shift:
    """The charge shift (eV), its standard deviation, how it was found, and whether this fit found it."""

    value: float
    stddev: float
    method: str
    own: bool
    note: str = ""


@dataclass
class Measured:
    """The result of one joint fit."""

    fit: Fit
    regions: list[Region]
    lines: Lines
    options: Options
    outcomes: list[Outcome]
    sums: list[Sum]
    shift: Shift
    dropped: list[tuple[Line, Region, float]] = field(default_factory=list)
    pulls: list[quantify.Pull] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


def measure(regions: Sequence[Region], template: Template, options: Options, *, choose: bool) -> Measured:
    """Fit regions with a template's lines.

    Parameters
    ----------
    choose
        Whether phases that the data do not ask for leave the model (they are still reported, with a limit).
    """
    lines: dict[str, tuple[Line, ...]] = {region.name: _inside(region, template) for region in regions}
    found = exchange.settled(_fit(regions, lines, template, options))
    steps = [_first_step(regions, lines, options)]
    dropped: list[Line] = []
    if choose:
        found, lines, dropped = _prune(found, lines, template, options)
        if dropped:
            steps.append(
                "Lines below 3 standard deviations left the model: "
                + ", ".join(each.name for each in dropped)
                + "."
            )
    gap: dict[str, float] = {}
    if not options.shape_known:
        found, gap, text = _shape(found)
        steps.append(text)
    found, lines = unassigned.added(
        found, lines, lambda more: _model(found.joint.regions, more, template, options)
    )
    found, options, widths = _widths(found, lines, template, options)
    steps += widths
    pulls = quantify.pulls(found)
    found, options, layering = _release(found, lines, template, options, pulls)
    others = exchange.alternatives(found)
    extra = exchange.spread(found, others)
    if not options.shape_known:
        extra = extra + _between(found, gap) + discrepancy.covariance(found)
    found.widen(extra)
    outcomes, sums = decide.outcomes(found, [lines[region.name] for region in found.joint.regions])
    result = Measured(
        found,
        list(found.joint.regions),
        lines,
        options,
        outcomes,
        sums,
        _shift(found, options, outcomes),
        pulls=pulls,
        steps=steps,
    )
    result.steps += noise.correlated(found.noise)
    result.warnings += [
        *layering,
        *unassigned.warnings(found, lines),
        *exchange.warnings(found, others),
        *_misfits(found),
        *_factors(found),
    ]
    result.dropped = [_limit(found, line, lines, template, options) for line in dropped]
    return result


def _shift(found: Fit, options: Options, outcomes: Sequence[Outcome]) -> Shift:
    """Return the charge shift of a fit with a reference line; NaN where that line is not measured."""
    if options.reference is None:
        return Shift(0.0, 0.0, "no charge reference", False)
    index, line = found.joint.index("shift"), options.reference.line
    value, stddev = float(found.theta[index]), float(np.sqrt(found.covariance[index, index]))
    method = f"{line} set to {options.reference.energy:g} eV, one shift for all regions"
    seen = any(each.line.name == line and each.status == "measured" for each in outcomes)
    note = (
        ""
        if seen
        else f"{line} is not measured: the shift rests on the template's energies of the other lines"
    )
    return Shift(value, stddev, method, True, note)


def _inside(region: Region, template: Template) -> tuple[Line, ...]:
    low, high = float(region.energy[0]) - 12.0, float(region.energy[-1]) + 12.0
    return tuple(line for line in template.of_level(region.level) if low < line.energy < high)


def _model(regions: Sequence[Region], lines: Lines, template: Template, options: Options) -> Joint:
    ready = [replace(region, peaks=build.peaks(lines[region.name])) for region in regions]
    return build.joint(ready, lines, template, options)


def _fit(regions: Sequence[Region], lines: Lines, template: Template, options: Options) -> Fit:
    ready = [replace(region, peaks=build.peaks(lines[region.name])) for region in regions]
    shifts = [0.0] if options.reference is None else start.shifts(ready, lines)
    model = build.joint(ready, lines, template, options)
    tried = [fit(model, start.at_shift(model, lines, shift)) for shift in shifts]
    best = min(tried, key=_badness)
    poor = {region.name for region, each in zip(ready, best.noise, strict=True) if each.flagged}
    if poor:
        # one broad line may have swallowed its neighbours
        again = [fit(model, theta) for theta in start.scattered(model, best.theta, poor)]
        best = min([best, *again], key=_badness)
    return best


def _badness(found: Fit) -> float:
    """Return χ² with one noise for all candidates (that of second differences) plus priors."""
    return found.joint.prior(found.theta) + sum(misfit(found, r) for r in range(len(found.joint.regions)))


def _shape(found: Fit) -> tuple[Fit, dict[str, float], str]:
    """Return the fit with the better of both line shapes, and by how much the shape leaves parameters open.

    Notes
    -----
    Bayesian model averaging of two models with equally many parameters (J. A. Hoeting et al., Stat. Sci. 14,
    382 (1999)): with w the weight of the better, the variance between them is w (1 − w) Δ².
    """
    joint = found.joint
    other = "voigt" if joint.regions[0].shape == "pseudo-voigt" else "pseudo-voigt"
    model = joint.on([replace(region, shape=other) for region in joint.regions])
    tried = fit(model, found.theta)
    drop = _badness(found) - _badness(tried)
    best = tried if drop > 0 else found
    worse = 1.0 / (1.0 + np.exp(min(0.5 * abs(drop), 500.0)))
    gap = np.sqrt(worse * (1.0 - worse)) * (tried.theta - found.theta)
    text = (
        f"Lines are {_SHAPE_NAMES[best.joint.regions[0].shape]}: better by {abs(drop):.1f} in χ² than "
        f"{_SHAPE_NAMES[(found if best is tried else tried).joint.regions[0].shape]}."
    )
    return (
        best,
        {parameter.name: float(each) for parameter, each in zip(joint.parameters, gap, strict=True)},
        text,
    )


def _between(found: Fit, gap: Mapping[str, float]) -> Floats:
    """Return the covariance of the parameters between line shapes."""
    vector = np.array([gap.get(parameter.name, 0.0) for parameter in found.joint.parameters])
    return np.outer(vector, vector)


def _prune(
    found: Fit, lines: Lines, template: Template, options: Options
) -> tuple[Fit, dict[str, tuple[Line, ...]], list[Line]]:
    """Drop, one after the other, the least significant amount below the limit of detection."""
    kept = dict(lines)
    dropped: list[Line] = []
    reference = None if options.reference is None else options.reference.line
    while True:
        worst = _weakest(found, kept, reference)
        if worst is None:
            return found, kept, dropped
        dropped += [line for members in kept.values() for line in members if line.name in worst]
        kept = {
            name: tuple(line for line in members if line.name not in worst) for name, members in kept.items()
        }
        model = _model(found.joint.regions, kept, template, options)
        found = fit(model, carry(found, model))


def _weakest(found: Fit, lines: Lines, reference: str | None) -> set[str] | None:
    by_amount: dict[int, set[str]] = {}
    for region, places in zip(found.joint.regions, found.joint.places, strict=True):
        for line, place in zip(lines[region.name], places, strict=True):
            by_amount.setdefault(place.area.amount, set()).add(line.name)
    scores = {
        amount: intervals.significance(found, amount)
        for amount, names in by_amount.items()
        if reference not in names
    }
    if not scores:
        return None
    worst = min(scores, key=lambda amount: scores[amount])
    return by_amount[worst] if scores[worst] < decide.DETECTED else None


def _widths(found: Fit, lines: Lines, template: Template, options: Options) -> tuple[Fit, Options, list[str]]:
    """Give lines widths of their own in regions that a common width does not describe, if that pays."""
    bad = frozenset(
        region.name
        for region, each in zip(found.joint.regions, found.noise, strict=True)
        if each.flagged and region.count > 1
    )
    if not bad:
        return found, options, []
    wider = replace(options, stretch=bad)
    model = _model(found.joint.regions, lines, template, wider)
    tried = fit(model, carry(found, model))
    extra = model.size - found.joint.size
    points = sum(region.values.size for region in found.joint.regions if region.name in bad)
    if _badness(found) - _badness(tried) > extra * np.log(points):
        return tried, wider, ["Lines of " + ", ".join(sorted(bad)) + " have widths of their own."]
    return found, options, []


def _release(
    found: Fit, lines: Lines, template: Template, options: Options, pulls: Sequence[quantify.Pull]
) -> tuple[Fit, Options, list[str]]:
    warnings = [
        f"{each.phase}: {each.line} departs from the phase's stoichiometry by {each.value:+.1f} "
        "standard deviations "
        "(layering, another composition, or another assignment)"
        for each in pulls
        if abs(each.value) > REPORTED
    ]
    broken = frozenset(each.phase for each in pulls if abs(each.value) > RELEASED)
    if not broken:
        return found, options, warnings
    freer = replace(options, free_phases=options.free_phases | broken)
    model = _model(found.joint.regions, lines, template, freer)
    warnings.append("Not held to their stoichiometry for that reason: " + ", ".join(sorted(broken)) + ".")
    return fit(model, carry(found, model)), freer, warnings


def _misfits(found: Fit) -> list[str]:
    return [
        f"{_title(region)}: the model does not describe the data within the noise (χ²/dof "
        f"{each.chi_square / each.dof:.2f}); "
        f"its intervals are {np.sqrt(each.misfit):.1f} times wider for that"
        for region, each in zip(found.joint.regions, found.noise, strict=True)
        if each.flagged
    ]


def _factors(found: Fit) -> list[str]:
    return [
        f"{level}: areas are {ratio:.2f} times those expected from the other lines of the same phases "
        f"({pull:+.1f} standard deviations of the factor): layering, or a wrong sensitivity factor"
        for level, (pull, ratio) in quantify.factor_pulls(found).items()
        if abs(pull) > REPORTED
    ]


def _title(region: Region) -> str:
    return region.level or str(region.attrs.get("region", region.name))


def _limit(
    found: Fit, line: Line, lines: Lines, template: Template, options: Options
) -> tuple[Line, Region, float]:
    """Return the upper limit of a line that left the model: put back alone, with the others free."""
    region = next(each for each in found.joint.regions if each.level == line.level)
    lone = replace(options, free_phases=options.free_phases | {line.phase})
    more = {**lines, region.name: (*lines[region.name], line)}
    model = _model(found.joint.regions, more, template, lone)
    theta = carry(found, model)
    theta[model.index(f"area:{line.name}")] = 0.01 * float(np.ptp(region.values))
    again = fit(model, theta)
    r = [each.name for each in again.joint.regions].index(region.name)
    return line, region, intervals.upper_limit(again, intervals.area(again, r, len(more[region.name]) - 1))


def _first_step(regions: Sequence[Region], lines: Lines, options: Options) -> str:
    names = ", ".join(_title(region) for region in regions)
    count = sum(len(members) for members in lines.values())
    held = "soft stoichiometry" if options.soft else "free areas"
    return (
        f"{names} were fitted together: {count} lines on {regions[0].background} backgrounds made by the "
        f"peaks themselves plus a straight line, one charge shift, {held}; weights from the model "
        "times the measured "
        "Fano factor, an analytic Jacobian."
    )


def reference_of(text: str, template_lines: Sequence[Line]) -> Reference | None:
    """Return the charge reference among lines: "C 1s=284.8 eV" means the C–C line, or the first of C 1s."""
    from interlayer.core.errors import SettingError
    from interlayer.core.units import quantity

    if text.strip().lower() == "none":
        return None
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError("charge_reference", expected='"C 1s=284.8 eV" or "none"', found=repr(text))
    energy = quantity(value.strip(), "eV")
    name = name.strip()
    candidates = [line for line in template_lines if name in (line.name, line.level)]
    candidates.sort(key=lambda line: (line.phase != "C-C", abs(line.energy - energy)))
    return Reference(candidates[0].name, energy) if candidates else None
