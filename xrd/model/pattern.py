"""The whole pattern: lines of phases and free peaks, background and humps, and their derivatives.

The model is linear in areas and background and non-linear in the parameters of a `Table`; see `Pattern`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from interlayer.xrd.model.cell import cell_values, inverse_d_squared, with_values
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.profile import profile, profile_slopes, widths
from interlayer.xrd.model.source import Instrument, Source

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

_DEGREE = 180 / np.pi
#: every line is followed over this many FWHM at least
_CORE = 4.0
#: nodes of the axial-divergence quadrature: t and weights of the density 2 (1 − t) on [0, 1] (Gauss–Jacobi)
_AXIAL_T = np.array([0.0571042, 0.27684301, 0.58359043, 0.86024014])
_AXIAL_W = np.array([0.27101383, 0.40692914, 0.2596951, 0.06236194])


@dataclass
class Block:
    """The lines of one phase, or a set of free peaks.

    Parameters
    ----------
    name
        Phase or set; begins the names of its parameters.
    hkl
        (n, 3); zeros for free peaks.
    column
        (n,) which area (linear parameter) a line takes, counted within the block.
    share
        (n,) the part of that area.
    positions, widths
        "cell": from the cell and the layer's height, or "free"; "size": from size and strain, or "free".
    cell, height
        What holds where cell and height (s/R) are no parameters of the fit.
    shifts
        Each column has a shift of its own in 2θ: the parameter ``name.shift0`` …
    """

    name: str
    hkl: Ints
    column: Ints
    share: Floats
    positions: Literal["cell", "free"] = "cell"
    widths: Literal["size", "free"] = "size"
    system: str = "cubic"
    cell: tuple[float, ...] = ()
    cell_names: tuple[str, ...] = ()
    layer: str = "sample"
    height: float = 0.0
    strain: bool = False
    shifts: bool = False

    @property
    def columns(self) -> int:
        """Return the number of areas."""
        return int(self.column.max()) + 1 if self.column.size else 0


@dataclass
class Lines:
    """Every line (family × wavelength × axial node): positions, widths and their derivatives (n, p)."""

    position: Floats
    gauss: Floats
    lorentz: Floats
    weight: Floats
    column: Ints
    position_slope: Floats
    gauss_slope: Floats
    lorentz_slope: Floats
    weight_slope: Floats


@dataclass
class Pattern:
    """A pattern's model on a grid of 2θ.

    Parameters
    ----------
    two_theta
        (n,) degree.
    background
        Number of background functions: Chebyshev polynomials, and 1/2θ as the last.
    humps
        Number of broad Gaussian maxima, parameters ``hump0.center``, ``hump0.log_width`` (σ, degree) …
    scherrer
        Scherrer constant for the FWHM.
    tail
        (areas,) area of each column over the intensity that may be neglected, in degree: the tails of a line
        are followed until they sink below it. None: everywhere.
    """

    two_theta: Floats
    blocks: Sequence[Block]
    source: Source
    instrument: Instrument
    background: int = 6
    humps: int = 0
    scherrer: float = 0.9
    tail: Floats | None = None
    _chebyshev: Floats = field(init=False)

    def __post_init__(self) -> None:
        x = self.two_theta
        scaled = (2 * x - x[0] - x[-1]) / (x[-1] - x[0])
        smooth = np.polynomial.chebyshev.chebvander(scaled, self.background - 2)
        # air scatter of the direct beam falls as 1/2θ, steeper than a short polynomial
        self._chebyshev = np.column_stack([smooth, x[0] / x])

    @property
    def areas(self) -> int:
        """Return the number of areas: those of the blocks in their order."""
        return sum(block.columns for block in self.blocks)

    @property
    def size(self) -> int:
        """Return the number of linear parameters: areas, hump areas, background."""
        return self.areas + self.humps + self.background

    def positive(self) -> NDArray[np.bool_]:
        """Return which linear parameters cannot be negative."""
        return np.arange(self.size) < self.areas + self.humps

    def offsets(self) -> list[int]:
        """Return the first area of each block."""
        ends = np.cumsum([b.columns for b in self.blocks])
        return [0, *(int(end) for end in ends)]

    # -- lines -------------------------------------------------------------------------------------------

    def lines(self, table: Table, q: Floats) -> Lines:
        """Return every line at the parameter values ``q``."""
        parts = [
            self._block(block, table, q, at) for block, at in zip(self.blocks, self.offsets(), strict=False)
        ]
        if not parts:
            empty, none = np.empty(0), np.empty((0, q.size))
            return Lines(empty, empty, empty, empty, empty.astype(int), none, none, none, none)
        return Lines(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def _block(self, block: Block, table: Table, q: Floats, at: int) -> tuple[NDArray[np.generic], ...]:
        theta, theta_slope = self._theta(block, table, q)
        one = self._doublet(block, table, q, theta, theta_slope)
        axial = table.value(q, "axial", self.instrument.axial)
        column = np.tile(block.column + at, one[0].size // block.column.size)
        if axial == 0 and "axial" not in table:
            return (*one[:4], column, *one[4:])
        return _axially(one, column, axial, table.index("axial"))

    def _theta(self, block: Block, table: Table, q: Floats) -> tuple[Floats, Floats]:
        """Return the true Bragg angle θ of Kα1 (radian) and its derivatives (cell phases)."""
        slope = np.zeros((block.column.size, q.size))
        if block.positions == "free":
            names = [f"{block.name}.position{i}" for i in range(block.column.size)]
            index = [table.index(name) for name in names]
            slope[np.arange(len(names)), index] = 0.5 / _DEGREE
            return q[index] / 2 / _DEGREE, slope
        index = [table.index(f"{block.name}.{name}") for name in block.cell_names]
        held = index[0] < 0
        values = start_cell(block) if held else q[index]
        cell = with_values(np.array(block.cell), block.system, values)
        inverse, by_cell = inverse_d_squared(cell, block.system, block.hkl)
        sine = np.clip(self.source.alpha1 / 2 * np.sqrt(inverse), 0, 0.9999)
        theta = np.arcsin(sine)
        if not held:
            slope[:, index] = by_cell * (sine / (2 * inverse * np.cos(theta)))[:, None]
        return theta, slope

    def _doublet(
        self, block: Block, table: Table, q: Floats, theta: Floats, slope: Floats
    ) -> tuple[Floats, ...]:
        """Return positions, widths, weights and their derivatives for Kα1 and, below it, Kα2."""
        parts = [self._wavelength(block, table, q, theta, slope)]
        count = theta.size
        weights, by_weight = [block.share], [np.zeros((count, q.size))]
        if self.source.alpha2:
            stretch = self.source.alpha2 / self.source.alpha1
            sine = np.clip(np.sin(theta) * stretch, 0, 0.9999)
            second = np.arcsin(sine)
            turned = slope * (np.cos(theta) * stretch / np.cos(second))[:, None]
            parts.append(self._wavelength(block, table, q, second, turned))
            ratio = table.value(q, "kalpha_ratio", self.source.ratio)
            weights.append(block.share * ratio)
            by_ratio = np.zeros((count, q.size))
            if "kalpha_ratio" in table:
                by_ratio[:, table.index("kalpha_ratio")] = block.share
            by_weight.append(by_ratio)
        position, gauss, lorentz, *slopes = (np.concatenate(each) for each in zip(*parts, strict=True))
        return (position, gauss, lorentz, np.concatenate(weights), *slopes, np.concatenate(by_weight))

    def _wavelength(
        self, block: Block, table: Table, q: Floats, theta: Floats, slope: Floats
    ) -> tuple[Floats, ...]:
        """Return position and widths in degree, and derivatives, for true Bragg angles of one wavelength."""
        cosine, tangent = np.cos(theta), np.tan(theta)
        position, by_position = 2 * _DEGREE * theta, 2 * _DEGREE * slope
        if block.positions == "cell":
            position, by_position = self._moved(block, table, q, position, by_position, cosine)
        gauss, by_gauss = self._gauss(table, q, tangent)
        lorentz, by_lorentz = self._lorentz(block, table, q, cosine, tangent)
        return position, gauss, lorentz, by_position, by_gauss, by_lorentz

    def _moved(
        self, block: Block, table: Table, q: Floats, position: Floats, slope: Floats, cosine: Floats
    ) -> tuple[Floats, Floats]:
        """Return positions after the layer's displacement, −2 (s/R) cos θ, and each column's own shift."""
        at = table.index(f"height.{block.layer}")
        position = position - 2 * _DEGREE * (block.height if at < 0 else q[at]) * cosine
        slope = slope.copy()
        if at >= 0:
            slope[:, at] -= 2 * _DEGREE * cosine
        if block.shifts:
            index = table.index(f"{block.name}.shift0") + block.column
            position = position + q[index]
            slope[np.arange(index.size), index] += 1.0
        return position, slope

    def _gauss(self, table: Table, q: Floats, tangent: Floats) -> tuple[Floats, Floats]:
        known = self.instrument
        width = np.sqrt(np.maximum(known.u * tangent**2 + known.v * tangent + known.w, 1e-6))
        slope = np.zeros((tangent.size, q.size))
        if "instrument_scale" not in table:
            return width, slope
        slope[:, table.index("instrument_scale")] = width
        return width * q[table.index("instrument_scale")], slope

    def _lorentz(
        self, block: Block, table: Table, q: Floats, cosine: Floats, tangent: Floats
    ) -> tuple[Floats, Floats]:
        count = cosine.size
        slope = np.zeros((count, q.size))
        width = self.instrument.x * tangent + self.instrument.y / cosine + 1e-5
        if block.widths == "free":
            index = [table.index(f"{block.name}.width{i}") for i in range(count)]
            slope[np.arange(count), index] = 1.0
            return width + q[index], slope
        by_size = self.scherrer * self.source.alpha1 / 10 / cosine * _DEGREE
        index = [table.index(f"{block.name}.inverse_size")]
        width = width + by_size * q[index[0]]
        slope[:, index[0]] = by_size
        if block.strain:
            at = table.index(f"{block.name}.strain")
            slope[:, at] = 4 * tangent * _DEGREE
            width = width + slope[:, at] * q[at]
        return width, slope

    # -- the pattern -------------------------------------------------------------------------------------

    def design(self, table: Table, q: Floats) -> Floats:
        """Return the matrix (n, size) whose product with the linear parameters is the pattern."""
        lines = self.lines(table, q)
        shape = widths(lines.gauss, lines.lorentz)
        row, line = self._windows(lines, shape.total)
        offset = self.two_theta[row] - lines.position[line]
        value = profile(offset, shape.total[line], shape.mixing[line]) * lines.weight[line]
        return self._with_background(self._gather(row, lines.column[line], value), table, q)

    def design_and_slopes(self, table: Table, q: Floats, linear: Floats) -> Floats:
        """Return the derivatives (n, p) of the pattern by the non-linear parameters, at given areas."""
        lines = self.lines(table, q)
        shape = widths(lines.gauss, lines.lorentz)
        row, line = self._windows(lines, shape.total)
        offset = self.two_theta[row] - lines.position[line]
        value, by_position, by_total, by_mixing = profile_slopes(
            offset, shape.total[line], shape.mixing[line]
        )
        area = linear[lines.column]
        scale = area * lines.weight
        to_total = (
            shape.total_by_gauss[:, None] * lines.gauss_slope
            + shape.total_by_lorentz[:, None] * lines.lorentz_slope
        )
        to_mixing = (
            shape.mixing_by_gauss[:, None] * lines.gauss_slope
            + shape.mixing_by_lorentz[:, None] * lines.lorentz_slope
        )
        count = lines.position.size
        slopes = (
            self._sparse(row, line, by_position, count) @ (scale[:, None] * lines.position_slope)
            + self._sparse(row, line, by_total, count) @ (scale[:, None] * to_total)
            + self._sparse(row, line, by_mixing, count) @ (scale[:, None] * to_mixing)
        )
        if np.any(lines.weight_slope):
            slopes += self._sparse(row, line, value, count) @ (area[:, None] * lines.weight_slope)
        return self._hump_slopes(slopes, table, q, linear)

    def _windows(self, lines: Lines, total: Floats) -> tuple[Ints, Ints]:
        """Return point and line numbers of every pair within reach of a line's tails."""
        x = self.two_theta
        reach = np.full(total.size, np.inf)
        if self.tail is not None:
            # a Lorentzian of area A and FWHM w is A w / (2 π d²) at the distance d
            reach = np.maximum(np.sqrt(self.tail[lines.column] * total / (2 * np.pi)), _CORE * total)
        first = np.searchsorted(x, lines.position - reach)
        last = np.searchsorted(x, lines.position + reach)
        count = last - first
        line = np.repeat(np.arange(count.size), count)
        row = np.arange(line.size) - np.repeat(np.cumsum(count) - count - first, count)
        return row, line

    def _gather(self, row: Ints, column: Ints, value: Floats) -> Floats:
        n, m = self.two_theta.size, self.areas
        if not m:
            return np.empty((n, 0))
        return np.asarray(np.bincount(row * m + column, value, n * m), dtype=float).reshape(n, m)

    def _sparse(self, row: Ints, line: Ints, value: Floats, count: int) -> csc_array:
        """Return the matrix (n, count) of values at (row, line); the pairs come line by line."""
        ends = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=count))])
        return csc_array((value, row, ends), shape=(self.two_theta.size, count))

    def _with_background(self, peaks: Floats, table: Table, q: Floats) -> Floats:
        humps = [self._hump(table, q, i)[2] for i in range(self.humps)]
        return np.column_stack([peaks, *humps, self._chebyshev])

    def _hump(self, table: Table, q: Floats, index: int) -> tuple[Floats, float, Floats]:
        center = q[table.index(f"hump{index}.center")]
        sigma = float(np.exp(q[table.index(f"hump{index}.log_width")]))
        u = (self.two_theta - center) / sigma
        return u, sigma, np.exp(-0.5 * u * u)

    def _hump_slopes(self, slopes: Floats, table: Table, q: Floats, linear: Floats) -> Floats:
        for i in range(self.humps):
            u, sigma, shape = self._hump(table, q, i)
            height = linear[self.areas + i]
            slopes[:, table.index(f"hump{i}.center")] = height * shape * u / sigma
            slopes[:, table.index(f"hump{i}.log_width")] = height * shape * u * u
        return slopes


def _axially(
    one: tuple[Floats, ...], column: Ints, axial: float, index: int
) -> tuple[NDArray[np.generic], ...]:
    """Return lines spread by axial divergence.

    Notes
    -----
    A ray that rises by h per unit length over the specimen reaches the detector's plane at
    cos 2φ = cos 2θ √(1 + h²), after Finger, Cox & Jephcoat, J. Appl. Cryst. 27 (1994) 892; for apertures of
    equal height h has the density 2 (1 − t)/a, t = h/a. To second order the shift is −½ h² cot 2θ.
    """
    position, gauss, lorentz, weight, by_position, by_gauss, by_lorentz, by_weight = one
    cotangent = 1 / np.tan(np.radians(position))
    parts = []
    for t, w in zip(_AXIAL_T, _AXIAL_W, strict=True):
        shift = -0.5 * (axial * t) ** 2 * cotangent * _DEGREE
        moved = by_position.copy()
        if index >= 0:
            moved[:, index] += -axial * t * t * cotangent * _DEGREE
        parts.append(
            (position + shift, gauss, lorentz, weight * w, column, moved, by_gauss, by_lorentz, by_weight * w)
        )
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def cell_of(block: Block, table: Table, q: Floats) -> Floats:
    """Return the free cell parameters of a block at ``q``."""
    return q[[table.index(f"{block.name}.{name}") for name in block.cell_names]]


def start_cell(block: Block) -> Floats:
    """Return the free cell parameters that a block starts from."""
    return cell_values(np.array(block.cell), block.system)
