"""From what was found in a pattern to summary rows and warnings."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Z95, Interval, from_stddev
from interlayer.core.summary import Row, Rows
from interlayer.xrd import evidence
from interlayer.xrd.build import SHIFT_SPREAD
from interlayer.xrd.consistency import Lines, calculated, cubic_cells, solved, tolerance, zero_correlation
from interlayer.xrd.examine import Positions, Study
from interlayer.xrd.model.aberration import shift_spread
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]

#: relative spread of sizes by the choice of hump and background under wide lines (a convention)
_BACKGROUND = 0.02
#: inverse size over its deviation from which a broadening is resolved
_RESOLVED = 3.0
#: orders below which strain cannot be told from size for metals
_FEW = 3
_POSITION = "free position in the whole-pattern fit: Kα1 of the doublet, TCH pseudo-Voigt, Poisson weights"
_CELL = "whole-pattern Pawley fit: cell, heights of layers and widths together"
_SHARED = (
    f"unexplained shifts included as {SHIFT_SPREAD:g}° on each line, "
    "the high tail of the axial divergence as a scale"
)

#: a contradiction shows at most so many lines, the worst
_SHOWN = 6


def rows_of_study(study: Study, rows: Rows, scherrer: float, given: bool, limits: list[Phase]) -> list[Row]:
    """Return all summary rows; ``given``: the Scherrer constant was set by the user."""
    found: list[Row] = []
    for name, positions in study.positions.items():
        found += _positions(study, positions, rows)
        found += _cell(study, positions, rows)
        found += _displacement(study, positions.phase, rows)
        found.append(_size(study, positions, rows, scherrer, given))
        found += _strain(study, positions, rows)
        sigma = evidence.significance(study.fit, name)
        found.append(
            rows.measured(
                "detection",
                name,
                from_stddev(sigma, 1.0),
                "sigma",
                "√(aᵀC⁻¹a) of the areas of its families in the whole-pattern fit, over the misfit",
                _families_note(positions),
            )
        )
    found += [row for phase in limits for row in _absent(study, phase, rows)]
    return found


def position_interval(study: Study, positions: Positions, index: int) -> Interval:
    """Return the interval of one free position."""
    place = float(positions.two_theta[index])
    spread = float(np.hypot(positions.stddev[index], SHIFT_SPREAD))
    shared = shift_spread(np.array([place]), study.inputs.instrument)[0]
    return from_stddev(place, spread).with_systematic(float(shared))


def _positions(study: Study, positions: Positions, rows: Rows) -> Iterator[Row]:
    have = study.inputs.instrument
    note_axial = (
        f"as seen, with its aberrations (low tail {have.low_tail:.4f} ± {have.low_spread:.4f}° times cot θ)"
    )
    for i in np.flatnonzero(positions.seen):
        label = evidence.hkl_text(positions.hkl[i])
        both = positions.together[i]
        note = f"{both} overlap and are one peak; " if "," in both else ""
        yield rows.measured(
            "peak_position",
            f"{positions.phase.name} {label}",
            position_interval(study, positions, int(i)),
            "degree",
            _POSITION,
            note + note_axial,
        )


def _families_note(positions: Positions) -> str:
    seen = [positions.together[i] for i in np.flatnonzero(positions.seen)]
    text = "families seen: " + (", ".join(seen) or "none by itself")
    return text if len(seen) >= 2 else text + "; a claim rests on fewer than two families"


def _cell(study: Study, positions: Positions, rows: Rows) -> Iterator[Row]:
    phase, fitted = positions.phase, study.fit
    for key in phase.parameters:
        if key not in ("a", "b", "c"):
            continue
        quantity, name = f"lattice_{key}", f"{phase.name}.{key}"
        if phase.name in study.agreement.contradictory:
            yield rows.absent(
                "not determined", quantity, phase.name, "angstrom", _CELL, contradiction(study, positions)
            )
        elif name not in fitted.table:
            yield rows.absent(
                "not determined", quantity, phase.name, "angstrom", _CELL, "held as the internal standard"
            )
        else:
            spread = fitted.stddev(name) * evidence.inflation(fitted, phase.name)
            # the high tail of the axial divergence, tan θ, is a scale of the cell
            systematic = float(np.radians(study.inputs.instrument.high_spread) / 2 * fitted.value(name))
            interval = from_stddev(fitted.value(name), spread).with_systematic(systematic)
            yield rows.measured(
                quantity, phase.name, interval, "angstrom", _CELL, _cell_note(study, phase, name)
            )


def _cell_note(study: Study, phase: Phase, name: str) -> str:
    fitted, height = study.fit, f"height.{phase.layer}"
    parts = [_SHARED]
    if height in fitted.table:
        i, j = fitted.table.index(name), fitted.table.index(height)
        below = fitted.stddev(name) * fitted.stddev(height)
        rho = fitted.covariance[i, j] / below if below > 0 else 0.0
        parts.append(f"correlation with the displacement {rho:+.2f}")
    index = fitted.table.index(name)
    for at, other, _, spread in fitted.table.priors:
        if at == index and other < 0 and fitted.stddev(name) > 0.7 * spread:
            parts.append("held mostly by the range of published cells")
    return "; ".join(parts)


def _displacement(study: Study, phase: Phase, rows: Rows) -> Iterator[Row]:
    fitted, name = study.fit, f"height.{phase.layer}"
    radius = study.inputs.instrument.radius
    method = "height of the phase's layer in the whole-pattern fit"
    if phase.name in study.agreement.contradictory or name not in fitted.table:
        note = "its lines fit no single cell" if name in fitted.table else "no phase of this layer has a cell"
        yield rows.absent("not determined", "displacement", phase.name, "mm", method, note)
        return
    spread = fitted.stddev(name) * evidence.inflation(fitted, phase.name)
    interval = from_stddev(fitted.value(name), spread)
    if radius <= 0:
        note = f"radius unknown: s/R = {interval.value:.2e} ({interval.low:.2e} to {interval.high:.2e})"
        yield rows.absent("not determined", "displacement", phase.name, "mm", method, note)
        return
    note = f"layer {phase.layer!r}, R = {radius:g} mm; positive is below the axis; {_zero_note(study, phase)}"
    yield rows.measured("displacement", phase.name, interval.scaled(radius), "mm", method, note)


def _zero_note(study: Study, phase: Phase) -> str:
    """Return what stands for the zero shift beside a displacement."""
    fitted, have = study.fit, study.inputs.instrument
    if "zero" in fitted.table:
        i, j = fitted.table.index("zero"), fitted.table.index(f"height.{phase.layer}")
        below = fitted.stddev("zero") * fitted.stddev(f"height.{phase.layer}")
        rho = fitted.covariance[i, j] / below if below > 0 else 0.0
        by = f"the standard {study.held}" if study.held else "the calibration"
        return (
            f"zero shift {fitted.value('zero'):+.4f} ± {fitted.stddev('zero'):.4f}° fitted, which {by} "
            f"allows (correlation {rho:+.2f})"
        )
    rho = zero_correlation(evidence_lines(study.positions[phase.name]), study.inputs.source, have)
    told = f"their correlation would be {rho:+.3f}" if np.isfinite(rho) else "too few lines for both"
    one = np.degrees(2 / (have.radius or 200.0))
    return (
        f"no zero shift is fitted beside it without a standard ({told}): 0.01° of it would be "
        f"{0.01 / one:.3f} mm"
    )


def _size(study: Study, positions: Positions, rows: Rows, scherrer: float, given: bool) -> Row:
    phase, fitted = positions.phase, study.fit
    name = phase.name
    method = f"Scherrer, K = {scherrer:g}, FWHM of the Lorentzian part of the profile, whole pattern"
    note = f"instrument's profile {study.inputs.instrument.origin}, fitted with its prior"
    if not given:
        note += "; K = 0.9 is a convention (0.89 to 0.94 by shape): the size scales with it"
    if f"{name}.inverse_size" not in fitted.table:
        return rows.absent("not determined", "crystallite_size", name, "nm", method, "no line in the range")
    value = fitted.value(f"{name}.inverse_size")
    own = fitted.stddev(f"{name}.inverse_size") * evidence.inflation(fitted, name)
    spread = float(np.hypot(own, _BACKGROUND * value))
    orders = int(positions.seen.sum())
    if orders == 0:
        return rows.absent(
            "not determined", "crystallite_size", name, "nm", method, "no family is resolved by itself"
        )
    few = orders < _FEW and phase.layer == "cell"
    if value < _RESOLVED * spread or few:
        upper = value + 1.645 * spread
        why = (
            "size and microstrain cannot be told apart with so few orders"
            if few
            else "the broadening beyond the instrument's is not resolved"
        )
        return rows.limit(
            "lower", "crystallite_size", name, 1 / max(upper, 1e-6), "nm", method, f"{why}; {note}"
        )
    if name not in study.strained:
        note += "; microstrain taken as zero"
    return rows.measured("crystallite_size", name, inverse(value, spread), "nm", method, note)


def inverse(value: float, spread: float) -> Interval:
    """Return the interval of 1/x for x normal and well above zero."""
    return Interval(1 / value, spread / value**2, 1 / (value + Z95 * spread), 1 / (value - Z95 * spread))


def _strain(study: Study, positions: Positions, rows: Rows) -> Iterator[Row]:
    name = positions.phase.name
    if name not in study.strained:
        return
    value = study.fit.value(f"{name}.strain")
    spread = study.fit.stddev(f"{name}.strain") * evidence.inflation(study.fit, name)
    method = "size and strain together, e = β/(4 tan θ) of the Lorentzian FWHM, whole pattern"
    if value > _RESOLVED * spread:
        yield rows.measured("microstrain", name, from_stddev(value, spread), "1", method)
    else:
        yield rows.limit("upper", "microstrain", name, value + 1.645 * spread, "1", method)


def _absent(study: Study, phase: Phase, rows: Rows) -> Iterator[Row]:
    method = "search over peaks, then its lines in the residuals of the whole-pattern fit"
    bound = evidence.limit(study.fit, phase, study.inputs.source, study.inputs.instrument)
    hint = study.found.hints.get(phase.name)
    if bound is None:
        yield rows.absent(
            "not determined", "detection", phase.name, "sigma", method, "it has no line in the range"
        )
        return
    largest = max((peak.area for peak in study.peaks), default=0.0)
    part = f" ({100 * bound.area_limit / largest:.2g} % of the largest peak)" if largest > 0 else ""
    note = (
        f"{bound.hkl} at {bound.two_theta:.2f}° would be seen above an area of {bound.area_limit:.3g} "
        f"{study.inputs.unit} degree (95 %){part}"
    )
    if hint:
        places = ", ".join(f"{study.peaks[k].position:.2f}°" for k in hint)
        note = f"only one family could be its own (peak at {places}); a claim needs two; {note}"
    yield rows.absent("not detected", "detection", phase.name, "sigma", method, note, bound.sigma_limit)


def contradiction(study: Study, positions: Positions) -> str:
    """Return the sentence that shows with numbers why no single cell fits a phase's lines."""
    phase, source = positions.phase, study.inputs.source
    seen = positions.seen
    hkl, place = positions.hkl[seen], positions.two_theta[seen]
    names = [f"{phase.name} {evidence.hkl_text(each)}" for each in hkl]
    lines = evidence_lines(positions)
    instrument = study.inputs.instrument
    spread = tolerance(lines, instrument)
    height = study.agreement.heights.get(phase.layer, 0.0)
    best = solved([lines], source, instrument)
    alone = calculated(phase, best.cells[phase.name], hkl, height, source, instrument)
    parts = [f"{n} at {at:.3f}°" for n, at in zip(names, place, strict=True)]
    if phase.system == "cubic":
        cells = cubic_cells(lines, 0.0, source, instrument)
        parts = [f"{text} gives a = {a:.3f} Å" for text, a in zip(parts, cells, strict=True)]
        weight = 1 / spread**2
        mean = float(np.average(cubic_cells(lines, height, source, instrument), weights=weight))
        alone = calculated(phase, np.array([mean]), hkl, height, source, instrument)
    residual = place - alone
    worst = np.sort(np.argsort(-np.abs(residual / spread))[:_SHOWN])
    told = ", ".join(f"{residual[i]:+.3f}° ({residual[i] / spread[i]:+.0f} σ)" for i in worst)
    kind = "cubic " if phase.system == "cubic" else ""
    if len(parts) > _SHOWN:
        return (
            f"{phase.name}: {len(parts)} of its lines are seen, but no single {kind}cell fits them: "
            + "; ".join(parts[i] for i in worst)
            + f" (residuals of the best common cell {told}); in a crowded pattern lines of other phases may "
            "pull at them."
        )
    return (
        "; ".join(parts)
        + f": no single {kind}cell fits these lines (residuals of the best common cell {told}), and no "
        "displacement that the other phases and the known cells allow explains it."
    )


def evidence_lines(positions: Positions) -> Lines:
    """Return the seen positions of a phase."""
    seen = positions.seen
    return Lines(positions.phase, positions.hkl[seen], positions.two_theta[seen], positions.stddev[seen])
