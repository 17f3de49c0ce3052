"""Do observed positions fit one cell per phase and one height per layer? Which phase does not?"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from interlayer.xrd.build import SHIFT_SPREAD, transparency
from interlayer.xrd.model.aberration import mean_shift, shift_spread
from interlayer.xrd.model.cell import cell_values, inverse_d_squared, with_values
from interlayer.xrd.model.source import HEIGHT_SPREAD, LAYER_SPREAD, Instrument, Source
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]

#: fall of χ² without the phase, and a residual in degree, above which its lines fit no single cell
_FALL, _RESIDUAL = 30.0, 0.025
#: one line of so many may be pulled off its place by others without a contradiction
_PULLED = 4


@dataclass(frozen=True)
class Lines:
    """Observed positions of one phase: hkl (n, 3), 2θ and their standard deviation (n,)."""

    phase: Phase
    hkl: NDArray[np.int64]
    two_theta: Floats
    stddev: Floats


@dataclass(frozen=True)
class Agreement:
    """Cells and heights that fit the positions best, and the phases left out because none fits them.

    ``outliers`` are lines (hkl) that another line pulls at: left out where the many others of a phase agree.
    """

    cells: dict[str, Floats]
    heights: dict[str, float]
    contradictory: tuple[str, ...]
    outliers: dict[str, frozenset[tuple[int, ...]]] = field(default_factory=dict)


def calculated(
    phase: Phase,
    values: Floats,
    hkl: NDArray[np.int64],
    height: float,
    source: Source,
    instrument: Instrument,
    fitted: tuple[float, float, float] | None = None,
) -> Floats:
    """Return 2θ of Kα1 (degree) for free cell parameters, a height s/R, and the mean aberrations."""
    cell = with_values(np.array(phase.cell), phase.system, values)
    inverse = inverse_d_squared(cell, hkl)
    theta = np.arcsin(np.clip(source.alpha1 / 2 * np.sqrt(inverse), 0, 0.9999))
    place = np.degrees(2 * theta - 2 * height * np.cos(theta))
    deep = transparency(phase, instrument) * np.sin(2 * theta)
    return np.asarray(place + mean_shift(place, instrument, fitted) - deep)


def tolerance(lines: Lines, instrument: Instrument) -> Floats:
    """Return the standard deviation (degree) that positions are believed to."""
    shared = shift_spread(lines.two_theta, instrument)
    return np.asarray(np.sqrt(lines.stddev**2 + SHIFT_SPREAD**2 + shared**2))


def cubic_cells(lines: Lines, height: float, source: Source, instrument: Instrument) -> Floats:
    """Return the cell a that each line of a cubic phase gives by itself, at a height s/R."""
    theta = np.radians(lines.two_theta - mean_shift(lines.two_theta, instrument)) / 2
    theta = theta + height * np.cos(theta)
    return np.asarray(source.alpha1 / 2 / np.sin(theta) * np.sqrt((lines.hkl**2).sum(axis=1)))


@dataclass(frozen=True)
class _Problem:
    """The unknowns: free cell parameters phase by phase, then one height per layer."""

    lines: tuple[Lines, ...]
    layers: tuple[str, ...]
    source: Source
    instrument: Instrument

    @property
    def radius(self) -> float:
        return self.instrument.prior_radius

    def start(self) -> Floats:
        cells = [cell_values(np.array(each.phase.cell), each.phase.system) for each in self.lines]
        return np.concatenate([*cells, np.zeros(len(self.layers))])

    def split(self, q: Floats) -> tuple[list[Floats], dict[str, float]]:
        """Return the cell parameters of each phase, and the heights of the layers."""
        at, cells = 0, []
        for each in self.lines:
            count = len(each.phase.parameters)
            cells.append(q[at : at + count])
            at += count
        return cells, dict(zip(self.layers, map(float, q[at:]), strict=True))

    def residuals(self, q: Floats) -> Floats:
        cells, heights = self.split(q)
        parts = [self._priors(q, heights)]
        for each, values in zip(self.lines, cells, strict=True):
            place = calculated(
                each.phase, values, each.hkl, heights[each.phase.layer], self.source, self.instrument
            )
            parts.append((each.two_theta - place) / tolerance(each, self.instrument))
        return np.concatenate(parts)

    def _priors(self, q: Floats, heights: dict[str, float]) -> Floats:
        start = self.start()
        count = len(start) - len(self.layers)
        spread = np.concatenate(
            [
                2 * each.phase.spread * (start_ if name in "abc" else 60.0) * np.ones(1)
                for each in self.lines
                for name, start_ in zip(
                    each.phase.parameters,
                    cell_values(np.array(each.phase.cell), each.phase.system),
                    strict=True,
                )
            ]
            or [np.empty(0)]
        )
        first = heights[self.layers[0]]
        tied = [(heights[layer] - first) * self.radius / LAYER_SPREAD for layer in self.layers[1:]]
        own = (q[:count] - start[:count]) / spread
        return np.concatenate([own, [first * self.radius / HEIGHT_SPREAD], tied])


def _solve(lines: Sequence[Lines], source: Source, instrument: Instrument) -> tuple[_Problem, Floats, float]:
    """Return the problem, its solution and χ²."""
    layers = sorted({each.phase.layer for each in lines}, key=lambda name: (name != "sample", name))
    problem = _Problem(tuple(lines), tuple(layers), source, instrument)
    found = least_squares(problem.residuals, problem.start(), x_scale="jac", max_nfev=60)
    return problem, np.asarray(found.x), float(2 * found.cost)


def agree(lines: Sequence[Lines], source: Source, instrument: Instrument) -> Agreement:
    """Return the cells and heights that explain the positions, phases that no single cell fits left out."""
    kept = [each for each in lines if each.two_theta.size]
    left: list[str] = []
    outliers: dict[str, frozenset[tuple[int, ...]]] = {}
    while kept:
        problem, q, chi_square = _solve(kept, source, instrument)
        worst = _worst(kept, chi_square, source, instrument)
        if worst is None:
            return replace(_agreement(problem, q, tuple(left)), outliers=outliers)
        name = worst.phase.name
        pulled = outliers.get(name, frozenset())
        if (len(pulled) + 1) * _PULLED <= worst.two_theta.size + len(pulled):
            fewer, hkl = _without_worst(worst, kept, source, instrument)
            outliers[name] = pulled | {hkl}
            kept = [fewer if each is worst else each for each in kept]
            continue
        outliers.pop(name, None)
        left.append(name)
        kept = [each for each in kept if each is not worst]
    return Agreement({}, {}, tuple(left))


def _without_worst(
    worst: Lines, kept: Sequence[Lines], source: Source, instrument: Instrument
) -> tuple[Lines, tuple[int, ...]]:
    """Return a phase's lines without the one whose leaving lowers χ² most, and that one."""
    best: tuple[float, int] | None = None
    for i in range(worst.two_theta.size):
        trial = [_taken(worst, i) if each is worst else each for each in kept]
        chi_square = _solve(trial, source, instrument)[2]
        if best is None or chi_square < best[0]:
            best = (chi_square, i)
    at = best[1] if best is not None else 0
    return _taken(worst, at), tuple(map(int, worst.hkl[at]))


def _taken(lines: Lines, index: int) -> Lines:
    keep = np.arange(lines.two_theta.size) != index
    return Lines(lines.phase, lines.hkl[keep], lines.two_theta[keep], lines.stddev[keep])


def zero_correlation(lines: Lines, source: Source, instrument: Instrument) -> float:
    """Return the correlation of displacement and zero shift if both were fitted with this phase's cell.

    NaN with fewer lines than unknowns.
    """
    values = cell_values(np.array(lines.phase.cell), lines.phase.system)
    if lines.two_theta.size < values.size + 2:
        return float("nan")
    theta = np.radians(lines.two_theta) / 2
    columns = [np.cos(theta), np.ones_like(theta)]
    base = calculated(lines.phase, values, lines.hkl, 0.0, source, instrument)
    for i in range(values.size):
        moved = values.copy()
        moved[i] *= 1 + 1e-4
        columns.append((calculated(lines.phase, moved, lines.hkl, 0.0, source, instrument) - base) * 100)
    design = np.array(columns).T / tolerance(lines, instrument)[:, None]
    covariance = np.linalg.pinv(design.T @ design)
    below = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / below) if below > 0 else float("nan")


def solved(lines: Sequence[Lines], source: Source, instrument: Instrument) -> Agreement:
    """Return the cells and heights that explain all positions, without a test."""
    if not lines:
        return Agreement({}, {}, ())
    problem, q, _ = _solve(lines, source, instrument)
    return _agreement(problem, q, ())


def _agreement(problem: _Problem, q: Floats, left: tuple[str, ...]) -> Agreement:
    cells, heights = problem.split(q)
    names = [each.phase.name for each in problem.lines]
    return Agreement(dict(zip(names, cells, strict=True)), heights, left)


def _worst(kept: Sequence[Lines], chi_square: float, source: Source, instrument: Instrument) -> Lines | None:
    """Return the phase whose lines disagree most with a cell and the others' heights, if one does."""
    best: tuple[float, Lines | None] = (_FALL, None)
    for each in kept:
        if each.two_theta.size < 2:
            continue
        others = [other for other in kept if other is not each]
        rest = _solve(others, source, instrument)[2] if others else 0.0
        if chi_square - rest > best[0] and _misfit(each, kept, source, instrument) > _RESIDUAL:
            best = (chi_square - rest, each)
    return best[1]


def _misfit(each: Lines, kept: Sequence[Lines], source: Source, instrument: Instrument) -> float:
    """Return the largest residual (degree) when this phase gets its best cell at the height of the others."""
    problem, q, _ = _solve(kept, source, instrument)
    cells, heights = problem.split(q)
    index = next(i for i, other in enumerate(kept) if other is each)
    place = calculated(each.phase, cells[index], each.hkl, heights[each.phase.layer], source, instrument)
    return float(np.abs(each.two_theta - place).max())
