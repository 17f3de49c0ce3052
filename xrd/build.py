"""From phases to the model of a pattern: which lines, which parameters, from where they start."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.fit import Data
from interlayer.xrd.model.cell import cell_values, inverse_d_squared
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.pattern import Block, Pattern
from interlayer.xrd.model.source import HEIGHT_SPREAD, LAYER_SPREAD, Instrument, Source
from interlayer.xrd.phases import Phase
from interlayer.xrd.search import add_free_peaks, add_humps, background_order

Floats = NDArray[np.floating[Any]]

#: families weaker than this part of the strongest in the range are left out
_WEAKEST = 0.015
#: families nearer than this part of the FWHM are one peak with the calculated ratio
_MERGE = 0.35
_SMALLEST_SIZE = 2.0
#: lines lie off their places by this (degree, one standard deviation): steps of the goniometer, coarse grains
SHIFT_SPREAD = 0.002
#: relative spread of the ratio of two families by texture
_TEXTURE = 0.6
#: packing of a pressed powder
PACKING = 0.6


@dataclass(frozen=True)
class Part:
    """A phase in the model: where it starts, and what is free.

    Parameters
    ----------
    cell
        (6,) start, or what holds when ``shifts``.
    fwhm
        Expected FWHM in degree.
    height
        s/R to start from, or what holds when ``shifts``.
    strain
        Fit microstrain beside size.
    shifts
        Cell and height are held, and each reflection's position is free.
    held
        The cell is held, the height is not (internal standard).
    own_sizes
        Each family has a size of its own.
    sharp
        Its lines have no width of their own (a standard).
    pulled
        Families whose places are free: other lines pull at them.
    hidden
        Families that are left out: weak ones under stronger lines of other phases.
    """

    phase: Phase
    cell: tuple[float, ...]
    fwhm: float = 0.3
    height: float = 0.0
    inverse_size: float = 0.03
    strain: bool = False
    shifts: bool = False
    held: bool = False
    own_sizes: bool = False
    sharp: bool = False
    pulled: frozenset[tuple[int, ...]] = frozenset()
    hidden: frozenset[tuple[int, ...]] = frozenset()


@dataclass(frozen=True)
class Plan:
    """Everything that a model is built from.

    Parameters
    ----------
    polymer
        The first hump is that of a polymer film, which is always reckoned with.
    profile
        Fit the optics' width and the low tail with their priors.
    tube
        Fit the tube's tails.
    calibrate
        Fit U, V and W instead of one factor of the Gaussian width, and tails without a prior.
    zero
        Prior spread of a zero shift in degree; 0: as the instrument's calibration has it.
    """

    source: Source
    instrument: Instrument
    parts: tuple[Part, ...] = ()
    free: tuple[tuple[float, float], ...] = ()
    humps: tuple[tuple[float, float], ...] = ()
    scherrer: float = 0.9
    polymer: bool = False
    profile: bool = False
    tube: bool = False
    calibrate: bool = False
    zero: float = 0.0
    extra_background: int = 0
    starts: dict[str, float] = field(default_factory=dict)


def families(
    phase: Phase, source: Source, low: float, high: float, cell: Sequence[float] | None = None
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return hkl (n, 3), 2θ (degree) and relative intensity (strongest in the range 1), sorted by 2θ."""
    q = inverse_d_squared(np.array(cell or phase.cell), phase.hkl)
    sine = source.alpha1 / 2 * np.sqrt(q)
    theta = np.arcsin(np.minimum(sine, 1.0))
    angle = 2 * np.degrees(theta)
    strength = phase.strength * lorentz_polarisation(theta)
    inside = (sine < 0.999) & (angle > low) & (angle < high)
    if not inside.any():
        return phase.hkl[:0], angle[:0], strength[:0]
    strength = strength / strength[inside].max()
    kept = np.flatnonzero(inside & (strength > _WEAKEST))
    order = kept[np.argsort(angle[kept])]
    return phase.hkl[order], angle[order], strength[order]


def lorentz_polarisation(theta: Floats) -> Floats:
    """Return (1 + cos² 2θ)/(sin² θ cos θ)."""
    return np.asarray((1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta)))


def _block(part: Part, plan: Plan, low: float, high: float) -> Block | None:
    margin = 0.2 * part.fwhm
    hkl, angle, strength = families(part.phase, plan.source, low + margin, high - margin, part.cell)
    if part.hidden:
        kept = [tuple(map(int, each)) not in part.hidden for each in hkl]
        hkl, angle, strength = hkl[kept], angle[kept], strength[kept]
    if angle.size == 0:
        return None
    column = np.concatenate([[0], np.cumsum(np.diff(angle) > _MERGE * part.fwhm)]).astype(int)
    share = strength / np.bincount(column, strength)[column]
    return Block(
        part.phase.name,
        hkl,
        column,
        share,
        system=part.phase.system,
        cell=part.cell,
        cell_names=part.phase.parameters,
        layer=part.phase.layer,
        height=part.height,
        strain=part.strain,
        shifts=part.shifts or plan.profile,
        own_sizes=part.own_sizes and not part.sharp,
        transparency=transparency(part.phase, plan.instrument),
    )


def transparency(phase: Phase, instrument: Instrument) -> float:
    """Return 1/(2 μ R) in degree for a thick packed powder of known attenuation, else 0.

    Notes
    -----
    Of a specimen that absorbs all, the mean depth shifts by −sin 2θ/(2 μ R) (Wilson 1963).
    """
    if not phase.attenuation or not instrument.radius:
        return 0.0
    return float(np.degrees(1 / (2 * PACKING * phase.attenuation * instrument.radius / 10)))


def build(plan: Plan, data: Data) -> tuple[Pattern, Table]:
    """Return the model of a plan and the table of its parameters."""
    table, blocks = Table(), []
    x = data.two_theta
    for part in plan.parts:
        block = _block(part, plan, x[0], x[-1])
        if block is not None:
            blocks.append(block)
            _add_phase(table, block, part, plan)
    lie = {part.phase.name for part in plan.parts if not part.shifts}
    _add_heights(table, plan, {block.layer for block in blocks if block.name in lie})
    if plan.free:
        blocks.append(add_free_peaks(table, "peak", list(plan.free)))
    _add_instrument(table, plan)
    add_humps(table, list(plan.humps), x, usual=plan.polymer)
    for name, value in plan.starts.items():
        table.taken([name], np.array([value]))
    order = background_order(x) + plan.extra_background
    pattern = Pattern(x, blocks, plan.source, plan.instrument, order, len(plan.humps), plan.scherrer)
    return pattern, table


def _add_phase(table: Table, block: Block, part: Part, plan: Plan) -> None:
    name = block.name
    if block.shifts:
        for i in range(block.columns):
            loose = part.shifts or any(
                tuple(map(int, h)) in part.pulled for h in block.hkl[block.column == i]
            )
            spread = 0.2 if loose else float(np.hypot(SHIFT_SPREAD, _mixed(block, i, plan.source)))
            table.add(f"{name}.shift{i}", 0.0, lower=-0.35, upper=0.35, scale=0.01, prior=(0.0, spread))
    if not part.held and not part.shifts:
        known = cell_values(np.array(part.phase.cell), block.system)
        start = cell_values(np.array(part.cell), block.system)
        for key, middle, value in zip(block.cell_names, known, start, strict=True):
            spread = part.phase.spread * (middle if key in "abc" else 60.0)
            table.add(
                f"{name}.{key}",
                value,
                lower=middle - 8 * spread,
                upper=middle + 8 * spread,
                scale=1e-3 * middle,
                prior=(middle, 2 * spread),
            )
    if part.sharp:
        return
    own = [str(i) for i in range(block.columns)] if part.own_sizes else [""]
    for number in own:
        key = f"{name}.inverse_size{number}"
        table.add(key, part.inverse_size, lower=0.0, upper=1 / _SMALLEST_SIZE, scale=0.01)
    if part.strain:
        table.add(f"{name}.strain", 1e-3, lower=0.0, upper=0.05, scale=1e-3, prior=(0.0, 5e-3))


def _mixed(block: Block, column: int, source: Source) -> float:
    """Return the spread (degree) of the centre of families that overlap in one column: texture mixes them."""
    mine = np.flatnonzero(block.column == column)
    if mine.size < 2:
        return 0.0
    inverse = inverse_d_squared(np.array(block.cell), block.hkl[mine])
    place = 2 * np.degrees(np.arcsin(np.minimum(source.alpha1 / 2 * np.sqrt(inverse), 1.0)))
    share = block.share[mine]
    middle = float(share @ place)
    width = float(np.ptp(place))
    return _TEXTURE * float(share @ (place - middle) ** 2) / width if width > 0 else 0.0


def _add_heights(table: Table, plan: Plan, layers: set[str]) -> None:
    radius = plan.instrument.prior_radius
    for layer in sorted(layers, key=lambda name: name != "sample"):
        height = next(p.height for p in plan.parts if p.phase.layer == layer)
        reach = 10 * HEIGHT_SPREAD / radius
        first = "height.sample" not in table
        prior = (0.0, HEIGHT_SPREAD / radius) if first else None
        table.add(f"height.{layer}", height, lower=-reach, upper=reach, scale=1e-3, prior=prior)
        if not first:
            table.tie(f"height.{layer}", "height.sample", LAYER_SPREAD / radius)
        elif layer != "sample":
            table.priors[-1] = (*table.priors[-1][:3], float(np.hypot(HEIGHT_SPREAD, LAYER_SPREAD)) / radius)


def _add_instrument(table: Table, plan: Plan) -> None:
    if plan.source.alpha2 and plan.source.ratio_spread:
        table.add(
            "kalpha_ratio",
            plan.source.ratio,
            lower=0.0,
            upper=1.0,
            scale=0.02,
            prior=(plan.source.ratio, plan.source.ratio_spread),
        )
    spread = plan.instrument.scale_spread
    if plan.calibrate:
        _add_calibration(table, plan.instrument)
    elif spread:
        table.add("instrument_scale", 1.0, lower=0.25, upper=3.0, scale=0.1, prior=(1.0, spread))
    have = plan.instrument
    if plan.profile and have.y_spread and not plan.calibrate:
        prior = (have.y, have.y_spread)
        table.add("instrument_y", have.y, lower=0.0, upper=0.3, scale=0.01, prior=prior)
    # the high tail moves lines as a change of all cells does, and is held
    for name, value, width in (
        ("low_tail", have.low_tail, have.low_spread),
        ("flat", have.flat, have.flat_spread),
    ):
        if plan.profile and width and not (plan.calibrate and name in table):
            table.add(name, value, lower=0.0, upper=0.2, scale=0.005, prior=(value, width))
    if plan.tube:
        for name in ("tube_low", "tube_high"):
            table.add(
                name, max(getattr(have, name), 0.005), lower=0.0, upper=0.2, scale=0.01, prior=(0.0, 0.03)
            )
    zero = plan.zero or have.zero_spread
    if plan.profile and zero:
        table.add("zero", have.zero, lower=-0.5, upper=0.5, scale=0.01, prior=(have.zero, zero))


def _add_calibration(table: Table, have: Instrument) -> None:
    """Add the profile of an instrument that a standard determines."""
    table.add("instrument_u", have.u, lower=-0.1, upper=0.2, scale=1e-3, prior=(0.0, 0.05))
    table.add("instrument_v", have.v, lower=-0.2, upper=0.1, scale=1e-3, prior=(0.0, 0.05))
    table.add("instrument_w", have.w, lower=1e-5, upper=0.2, scale=1e-3)
    table.add("instrument_y", have.y, lower=0.0, upper=0.3, scale=0.01, prior=(0.0, 0.05))
    table.add("low_tail", have.low_tail, lower=0.0, upper=0.2, scale=0.005, prior=(have.low_tail, 0.01))
