"""The analysis of one pattern: search, identify, fit positions, test cells, fit the whole pattern."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd import evidence
from interlayer.xrd.build import Part, Plan, build, families
from interlayer.xrd.consistency import Agreement, Lines, agree, calculated
from interlayer.xrd.fit import Data, Fit, fit
from interlayer.xrd.identify import SHARE, Identification, Match, identify
from interlayer.xrd.inputs import Inputs
from interlayer.xrd.model.cell import cell_values, with_values
from interlayer.xrd.model.layout import Block
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.pattern import Pattern
from interlayer.xrd.model.source import HEIGHT_SPREAD
from interlayer.xrd.phases import Phase
from interlayer.xrd.search import (
    MOST_HUMPS,
    POLYMER,
    Peak,
    find_humps,
    find_peaks,
    missed_peaks,
)

Floats = NDArray[np.floating[Any]]

#: lines of an internal standard that let a zero shift (prior spread in degree) be fitted
FEWEST_OF_STANDARD, ZERO_SPREAD = 3, 0.05
#: orders needed for microstrain beside size, and the fall of the objective for it
ORDERS, _STRAIN_GAIN = 4, 12.0
#: families in the range from which a phase must show these parts of its calculated intensity
_SOME, _SOME_SHARE, _MANY, _MANY_SHARE = 5, 0.33, 12, 0.5
#: among more unexplained peaks than this two lines meet peaks by chance: so many families are needed
_CROWD = 8
#: degrees that one peak covers for a match, and the chance over the places of a candidate that is too high
_COVERS, _UNLIKELY = 0.14, 1e-5
#: unless they make this part of its calculated intensity and are all this many standard deviations strong
_COMPLETE, _STRONG, _MANY_LEFT = 0.9, 12.0, 14
#: χ² per degree of freedom from which the tails of the tube are fitted too
_MISFIT = 1.5
#: families seen from which a phase is claimed although its lines fit no single cell
_RICH = 8
#: cells and heights further off than this many of their spreads are not believed
_FAR = 3.0
#: radius (mm) for that where none is known: that of a small diffractometer
_SMALL_RADIUS = 120.0
#: a family of less than this part of another phase's line, within so many of its FWHM, is left out
_FAINT, _SHADE = 0.15, 0.7
#: so is one of less than this part of a line within so many degrees: its wing is not known that well
_TRACE, _WING = 0.03, 0.8
#: a position is used for cells when it is known better than this, in degree
_SHARP = 0.12


@dataclass(frozen=True)
class Positions:
    """Positions of one phase's families (columns), each fitted freely."""

    phase: Phase
    hkl: NDArray[np.int64]
    together: tuple[str, ...]
    two_theta: Floats
    stddev: Floats
    area: Floats
    area_stddev: Floats

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Return which families are seen and well placed."""
        known = (self.area_stddev > 0) & (self.stddev > 0) & (self.stddev < _SHARP)
        return known & (self.area > evidence.SEEN * self.area_stddev)


@dataclass(frozen=True)
class Study:
    """Everything that was found in one pattern."""

    inputs: Inputs
    peaks: list[Peak]
    found: Identification
    positions: dict[str, Positions]
    agreement: Agreement
    free_fit: Fit
    fit: Fit
    strained: tuple[str, ...]
    standard: Phase | None
    plan: Plan

    @property
    def held(self) -> str | None:
        """Return the name of the internal standard."""
        return None if self.standard is None else self.standard.name


def examine(inputs: Inputs, phases: list[Phase], scherrer: float, standard: Phase | None) -> Study:
    """Analyse one pattern for these candidates.

    A phase of which too little is seen (`_credible`) is left out and the search done without it.
    """
    search, peaks = find_peaks(inputs.data, inputs.source, inputs.instrument)
    left = list(phases)
    while True:
        study = _placed(inputs, left, scherrer, standard, search, peaks)
        doubtful = [name for name in study.positions if not _credible(study, name)]
        if not doubtful:
            return _finished(study)
        left = [phase for phase in left if phase.name not in doubtful]


def examine_again(inputs: Inputs, before: Study) -> Study | None:
    """Analyse a pattern with the phases of another one of its series, starting from its fit.

    Returns
    -------
    Study or None
        None when a peak is left over, a phase is no longer seen or its cell is contradicted: the search is
        then to be done anew.
    """
    limits = (float(inputs.data.two_theta[0]), float(inputs.data.two_theta[-1]))
    earlier = before.inputs.data.two_theta
    if before.agreement.contradictory or abs(limits[0] - earlier[0]) + abs(limits[1] - earlier[-1]) > 0.1:
        return None
    plan = replace(
        before.plan,
        source=inputs.source,
        instrument=inputs.instrument,
        parts=tuple(_warm(part, before.fit) for part in before.plan.parts),
        starts={
            name: before.fit.value(name)
            for name in before.fit.table.names
            if name.startswith(("hump", "peak", "kalpha", "instrument_scale"))
        },
        profile=False,
        tube=False,
    )
    study = _from_plan(replace(before, inputs=inputs, plan=plan), plan)
    lost = [
        name
        for name, each in study.positions.items()
        if not _credible(study, name) or each.seen.sum() < before.positions[name].seen.sum() / 2
    ]
    if lost or study.agreement.contradictory:
        return None
    study = _finished(study)
    return None if missed_peaks(study.fit) else study


def _warm(part: Part, fitted: Fit) -> Part:
    """Return a part that starts from a fit."""
    name, table = part.phase.name, fitted.table
    keys = [f"{name}.{key}" for key in part.phase.parameters]
    cell = part.cell
    if keys[0] in table:
        values = np.array([fitted.value(key) for key in keys])
        cell = tuple(map(float, with_values(np.array(cell), part.phase.system, values)))
    height = table.value(fitted.values, f"height.{part.phase.layer}", part.height)
    size = table.value(fitted.values, f"{name}.inverse_size", part.inverse_size)
    return replace(part, cell=cell, height=height, inverse_size=max(size, 1e-3), strain=False)


def _credible(study: Study, name: str) -> bool:
    """Return whether the seen families of a phase make enough of its calculated intensity.

    Where no single cell fits: the strongest line with most of the intensity, from two families, for a phase
    that is known for it; with half of it, from many families, for others (in a crowded pattern lines pull
    at each other). Half of the intensity where the phase has many lines, which meet some peaks by chance; a
    third of it from five lines on: texture hides lines, but not most of them.
    """
    positions, x = study.positions[name], study.inputs.data.two_theta
    hkl, _, strength = families(positions.phase, study.inputs.source, float(x[0]), float(x[-1]))
    hidden = next((part.hidden for part in study.plan.parts if part.phase.name == name), frozenset())
    shown = np.array([tuple(map(int, each)) not in hidden for each in hkl], dtype=bool)
    hkl, strength = hkl[shown], strength[shown]
    seen = {tuple(map(int, each)) for each in positions.hkl[positions.seen]}
    seen -= study.agreement.outliers.get(name, frozenset())
    mine = np.array([tuple(map(int, each)) in seen for each in hkl], dtype=bool)
    share = float(strength[mine].sum() / max(strength.sum(), 1e-12))
    left = len(study.found.unexplained)
    if left > _CROWD and mine.sum() < _families_against_chance(left, float(x[-1] - x[0])):
        few = left <= _MANY_LEFT and share > _COMPLETE and _all_strong(positions)
        if not few:
            return False
    if name in study.agreement.contradictory:
        enough, part = (2, SHARE) if positions.phase.uneven else (_RICH, _MANY_SHARE)
        return int(mine.sum()) >= enough and share > part and bool(mine[np.argmax(strength)])
    if not _possible(study, positions.phase):
        return False
    needed = _MANY_SHARE if hkl.shape[0] > _MANY else _SOME_SHARE if hkl.shape[0] >= _SOME else 0.0
    return share >= needed


def _families_against_chance(left: int, span: float) -> int:
    """Return how many families must be seen among so many unexplained peaks over a range (degree).

    Each line meets one of them by chance with the part of the range that they cover; so many lines of one of
    the candidates, at one of the possible heights and cells, must be unlikely.
    """
    by_chance = min(left * _COVERS / span, 0.9)
    return int(np.ceil(np.log(_UNLIKELY) / np.log(by_chance)))


def _all_strong(positions: Positions) -> bool:
    """Return whether every seen family is far above the noise."""
    seen = positions.seen
    return bool(np.all(positions.area[seen] > _STRONG * positions.area_stddev[seen]))


def _possible(study: Study, phase: Phase) -> bool:
    """Return whether cell and height are such as the phase and a mounted specimen can have."""
    if phase.name not in study.agreement.cells:
        return True
    known = cell_values(np.array(phase.cell), phase.system)
    far = np.abs(study.agreement.cells[phase.name] - known) > _FAR * phase.spread * known
    radius = study.inputs.instrument.radius or _SMALL_RADIUS
    return not far.any() and abs(study.agreement.heights[phase.layer]) * radius < _FAR * HEIGHT_SPREAD


def _placed(
    inputs: Inputs,
    phases: list[Phase],
    scherrer: float,
    standard: Phase | None,
    search: Fit,
    peaks: list[Peak],
) -> Study:
    """Return phases with free positions, the cells that fit them, and the plan of the last fit."""
    data, source, instrument = inputs.data, inputs.source, inputs.instrument
    limits = (float(data.two_theta[0]), float(data.two_theta[-1]))
    found = identify(phases, peaks, source, instrument, limits)
    plan = _first_plan(inputs, search, peaks, found, scherrer)
    nothing = Agreement({}, {}, ())
    start = Study(inputs, peaks, found, {}, nothing, search, search, (), standard, plan)
    return _from_plan(start, plan)


def _from_plan(study: Study, plan: Plan) -> Study:
    """Return a study with free positions of a plan's phases, their cells, and the plan of the last fit."""
    inputs = study.inputs
    free = fit(*_with_shifts(plan, inputs), model=study.fit.model if study.fit.data is inputs.data else None)
    positions = {
        part.phase.name: _positions(free, part.phase, plan)
        for part in plan.parts
        if any(block.name == part.phase.name for block in free.pattern.blocks)
    }
    agreement = agree([_lines(each) for each in positions.values()], inputs.source, inputs.instrument)
    final = _final_plan(plan, free, agreement, study.standard)
    return replace(study, positions=positions, agreement=agreement, free_fit=free, fit=free, plan=final)


def _first_plan(
    inputs: Inputs, search: Fit, peaks: list[Peak], found: Identification, scherrer: float
) -> Plan:
    humps = tuple(
        (search.value(f"hump{i}.center"), float(np.exp(search.value(f"hump{i}.log_width"))))
        for i in range(search.pattern.humps)
    )
    parts = _parts(inputs, found.matches, peaks)
    rest = tuple((peaks[i].position, peaks[i].fwhm) for i in found.unexplained)
    scale = search.value("instrument_scale") if "instrument_scale" in search.table else 1.0
    starts = {"instrument_scale": scale}
    return Plan(inputs.source, inputs.instrument, parts, rest, humps, scherrer, starts=starts)


def _parts(inputs: Inputs, matches: list[Match], peaks: list[Peak]) -> tuple[Part, ...]:
    """Return the phases for the model, weak families under far stronger lines of other phases left out."""
    low, high = float(inputs.data.two_theta[0]), float(inputs.data.two_theta[-1])
    lines = []
    for match in matches:
        hkl, _, strength = families(match.phase, inputs.source, low, high)
        lines.append((hkl, match.angles, strength * match.scale(peaks, strength), match.fwhm(peaks)))
    parts = []
    for i, match in enumerate(matches):
        hkl, angle, area, _ = lines[i]
        hidden = set()
        for other in (each for j, each in enumerate(lines) if j != i):
            near = np.abs(angle[:, None] - other[1][None]) < _SHADE * other[3]
            under = near & (area[:, None] < _FAINT * other[2][None])
            wing = np.abs(angle[:, None] - other[1][None]) < _WING
            under |= wing & (area[:, None] < _TRACE * other[2][None])
            hidden |= {tuple(map(int, hkl[k])) for k in np.flatnonzero(under.any(axis=1))}
        parts.append(replace(_part(match, peaks), hidden=frozenset(hidden)))
    return tuple(parts)


def _part(match: Match, peaks: list[Peak]) -> Part:
    cell = np.array(match.phase.cell)
    cell[:3] *= 1 + match.stretch
    width = match.fwhm(peaks)
    excess = float(np.clip((width - 0.08) / 8.5, 0.002, 0.4))
    return Part(match.phase, tuple(map(float, cell)), width, match.height, excess)


def _with_shifts(plan: Plan, inputs: Inputs) -> tuple[Pattern, Table, Data]:
    parts = tuple(replace(part, shifts=True) for part in plan.parts)
    pattern, table = build(replace(plan, parts=parts), inputs.data)
    return pattern, table, inputs.data


def representatives(block: Block) -> NDArray[np.int64]:
    """Return the number of the strongest line of each column of a block."""
    return np.array(
        [max(np.flatnonzero(block.column == c), key=lambda i: block.share[i]) for c in range(block.columns)],
        dtype=np.int64,
    )


def _positions(free: Fit, phase: Phase, plan: Plan) -> Positions:
    """Return the free positions of a phase (none when it has no line in the range)."""
    block, place = evidence.columns_of(free, phase.name)
    chosen = representatives(block)
    values = cell_values(np.array(block.cell), block.system)
    base = calculated(phase, values, block.hkl[chosen], block.height, plan.source, plan.instrument)
    index = [free.table.index(f"{block.name}.shift{i}") for i in range(block.columns)]
    spread = np.sqrt(np.maximum(np.diag(free.covariance)[index], 0.0))
    factor = evidence.inflation(free, phase.name)
    together = tuple(
        ", ".join(evidence.hkl_text(block.hkl[i]) for i in np.flatnonzero(block.column == c))
        for c in range(block.columns)
    )
    return Positions(
        phase,
        block.hkl[chosen],
        together,
        base + free.values[index],
        factor * spread,
        free.linear[place],
        factor * free.area_stddev()[place],
    )


def _lines(each: Positions) -> Lines:
    seen = each.seen
    return Lines(each.phase, each.hkl[seen], each.two_theta[seen], each.stddev[seen])


def _final_plan(plan: Plan, free: Fit, agreement: Agreement, standard: Phase | None) -> Plan:
    parts = []
    for part in plan.parts:
        name = part.phase.name
        height = agreement.heights.get(part.phase.layer, part.height)
        size = free.value(f"{name}.inverse_size")
        part = replace(part, height=height, inverse_size=max(size, 1e-3))
        if standard is not None and name == standard.name:
            part = replace(part, cell=standard.cell, held=True)
        elif name in agreement.contradictory:
            part = replace(part, shifts=True)
        elif name in agreement.cells:
            cell = with_values(np.array(part.phase.cell), part.phase.system, agreement.cells[name])
            part = replace(part, cell=tuple(map(float, cell)))
        parts.append(replace(part, pulled=agreement.outliers.get(name, frozenset())))
    starts = {
        name: free.value(name)
        for name in free.table.names
        if name.startswith(("hump", "peak", "kalpha", "instrument", "axial"))
    }
    return replace(plan, parts=tuple(parts), starts=plan.starts | starts)


def _finished(study: Study) -> Study:
    """Return a study with the whole-pattern fit; what the data ask for is added.

    The tails of the tube where the fit is poor; a zero shift beside an internal standard; microstrain where
    enough orders ask for it.
    """
    data = study.inputs.data
    held = study.held is not None and study.held in study.positions
    zero = ZERO_SPREAD if held and study.positions[str(study.held)].seen.sum() >= FEWEST_OF_STANDARD else 0.0
    plan = _with_humps(replace(study.plan, zero=zero), study)
    plan = replace(plan, profile=True)
    plain = fit(*build(plan, data), data, model=study.free_fit.model)
    if plain.chi_square > _MISFIT * plain.dof:
        wider = _from(replace(plan, tube=True), plain)
        better = fit(*build(wider, data), data, model=plain.model)
        if plain.objective - better.objective > _STRAIN_GAIN * plain.chi_square / plain.dof:
            plan, plain = wider, better
    able = {
        name
        for name, each in study.positions.items()
        if int(each.seen.sum()) >= ORDERS and f"{name}.inverse_size" in plain.table
    }
    if able:
        parts = tuple(replace(part, strain=part.phase.name in able) for part in plan.parts)
        wider = _from(replace(plan, parts=parts), plain)
        strained = fit(*build(wider, data), data, model=plain.model)
        factor = max(1.0, plain.chi_square / plain.dof)
        if (plain.objective - strained.objective) / factor > _STRAIN_GAIN:
            return replace(study, fit=strained, strained=tuple(sorted(able)), plan=wider)
    return replace(study, fit=plain, plan=plan)


def whole(study: Study) -> Study:
    """Return a study whose fit has every family, at its place: for weight fractions."""
    parts = tuple(replace(part, hidden=frozenset(), pulled=frozenset()) for part in study.plan.parts)
    if parts == study.plan.parts:
        return study
    plan = _from(replace(study.plan, parts=parts), study.fit)
    plan = replace(plan, starts={n: v for n, v in plan.starts.items() if ".shift" not in n})
    return replace(study, fit=fit(*build(plan, study.inputs.data), study.inputs.data, model=study.fit.model))


def _with_humps(plan: Plan, study: Study) -> Plan:
    """Return a plan with humps chosen anew: the lines of phases cannot stand for a hump as free peaks can."""
    data = study.inputs.data
    starts = {name: value for name, value in plan.starts.items() if not name.startswith("hump")}
    x = data.two_theta
    polymer = bool(x[0] < POLYMER[0] + 2 and x[-1] > POLYMER[0])
    plan = replace(plan, humps=(POLYMER,) if polymer else (), polymer=polymer, starts=starts)
    while True:
        fitted = fit(*build(plan, data), data, model=study.free_fit.model, iterations=6)
        shapes = tuple(
            (fitted.value(f"hump{i}.center"), float(np.exp(fitted.value(f"hump{i}.log_width"))))
            for i in range(len(plan.humps))
            if fitted.linear[fitted.pattern.areas + i] > 0 or (polymer and i == 0)
        )
        more = find_humps(fitted.pattern, fitted, list(shapes)) if len(plan.humps) < MOST_HUMPS else None
        plan = replace(_from(replace(plan, starts=starts), fitted), humps=shapes)
        plan = replace(plan, starts={n: v for n, v in plan.starts.items() if not n.startswith("hump")})
        if more is None:
            return plan
        plan = replace(plan, humps=(*shapes, more))


def _from(plan: Plan, fitted: Fit) -> Plan:
    """Return a plan that starts from fitted values."""
    return replace(plan, starts=plan.starts | {name: fitted.value(name) for name in fitted.table.names})
