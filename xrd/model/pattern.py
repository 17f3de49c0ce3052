"""The whole pattern: lines of phases and free peaks, background and humps, and their derivatives.

The model is linear in areas and background and non-linear in the parameters of a `Table`; see `Pattern`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.model import kernels
from interlayer.xrd.model.layout import CELL, SHARED, Block, Layout, layout, start_cell
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.profile import fwhm
from interlayer.xrd.model.source import Instrument, Source

__all__ = ["Block", "Pattern", "cell_of", "start_cell"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

_DEGREE = 180 / np.pi
#: every line is followed over this many FWHM at least
_CORE = 4.0
#: tails without a limit
_EVERYWHERE = 1e12


@dataclass
class Lines:
    """Every line: position, Gaussian and Lorentzian FWHM (degree), weight, column, (s,) each.

    ``by_…`` hold the derivatives (s, k) by the parameters that `Layout` numbers.
    """

    position: Floats
    gauss: Floats
    lorentz: Floats
    weight: Floats
    column: Ints
    by_position: Floats
    by_gauss: Floats
    by_lorentz: Floats
    by_weight: Floats


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
    coarse
        Follow the aberrations' shapes roughly, for a quick search.
    """

    two_theta: Floats
    blocks: Sequence[Block]
    source: Source
    instrument: Instrument
    background: int = 6
    humps: int = 0
    scherrer: float = 0.9
    tail: Floats | None = None
    coarse: bool = False
    _chebyshev: Floats = field(init=False)
    _known: tuple[Table, int, Layout] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        x = self.two_theta = np.ascontiguousarray(self.two_theta, dtype=float)
        scaled = (2 * x - x[0] - x[-1]) / (x[-1] - x[0])
        smooth = np.polynomial.chebyshev.chebvander(scaled, self.background - 2)
        # air scatter of the direct beam falls as 1/2θ, steeper than a short polynomial
        self._chebyshev = np.ascontiguousarray(np.column_stack([smooth, x[0] / x]).T)

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

    def _layout(self, table: Table) -> Layout:
        if self._known is None or self._known[0] is not table or self._known[1] != len(table):
            made = layout(self.blocks, table, self.source, self.instrument, coarse=self.coarse)
            self._known = (table, len(table), made)
        return self._known[2]

    # -- lines -------------------------------------------------------------------------------------------

    def _theta(self, table: Table, q: Floats, known: Layout) -> tuple[Floats, Floats]:
        """Return the Bragg angle θ of Kα1 (radian) of each reflection, and its derivatives (r, CELL)."""
        theta, slope = np.empty(known.free.size), np.zeros((known.free.size, CELL))
        for block, mine, member in zip(self.blocks, known.block, known.member, strict=True):
            if block.positions == "free":
                theta[mine] = q[known.position[mine]] * (0.5 / _DEGREE)
                continue
            index = [table.index(f"{block.name}.{name}") for name in block.cell_names]
            cell = np.array(block.cell)
            if index[0] >= 0:
                cell[member >= 0] = q[index][member[member >= 0]]
            cell[3:] /= _DEGREE
            kernels.bragg(known.hkl[mine], cell, member, self.source.alpha1 / 2, theta[mine], slope[mine])
        return theta, slope

    def _reflections(self, table: Table, q: Floats, known: Layout) -> tuple[tuple[Any, ...], Floats]:
        """Return what the kernel takes of each reflection, and the slopes of θ."""
        theta, slope = self._theta(table, q, known)
        padded = np.append(q, 0.0)
        height = np.where(known.height >= 0, padded[known.height], known.height_held)
        # the number −1 of what is no parameter reads the zero at the end
        own, size, strain = padded[known.moved], padded[known.size], padded[known.strain]
        return (theta, height, own, size, strain, known.free, known.transparency), slope

    def _shared(self, q: Floats, known: Layout) -> Floats:
        have, at = self.instrument, known.shared
        held = (1.0, have.u, have.v, have.w, have.y, have.low_tail, have.high_tail, have.flat, have.zero)
        names = SHARED[:9]
        values = [q[at[n]] if at[n] >= 0 else h for n, h in zip(names, held, strict=True)]
        by_size = self.scherrer * self.source.alpha1 / 10 * _DEGREE
        tubes = [q[at[n]] if at[n] >= 0 else getattr(have, n) for n in ("tube_low", "tube_high")]
        ratio = q[at["kalpha_ratio"]] if at["kalpha_ratio"] >= 0 else self.source.ratio
        return np.array([*values, by_size, ratio, *tubes])

    def reflections(self, table: Table, q: Floats) -> tuple[Floats, Floats]:
        """Return 2θ without aberrations and the FWHM of Kα1 (degree) of each reflection, (r,)."""
        known = self._layout(table)
        (theta, _, _, size, strain, free, _), _ = self._reflections(table, q, known)
        scale, u, v, w, y, *_, by_size, _, _, _ = self._shared(q, known)
        cosine, tangent = np.cos(theta), np.tan(theta)
        gauss = scale * np.sqrt(np.maximum(u * tangent**2 + v * tangent + w, 1e-6))
        lorentz = 2 * _DEGREE * self.source.width[0] * tangent + (y + by_size * size) / cosine
        lorentz += np.where(free, strain, 4 * _DEGREE * tangent * strain)
        return 2 * _DEGREE * theta, fwhm(gauss, lorentz)

    def lines(self, table: Table, q: Floats, *, slopes: bool = True) -> Lines:
        """Return every line at the parameter values ``q``."""
        known = self._layout(table)
        reflection, slope1 = self._reflections(table, q, known)
        count = known.column.size
        out = np.empty((4, count))
        shape = count if slopes else 0
        by_position, by_gauss, by_lorentz = np.empty((shape, 12)), np.empty((shape, 4)), np.empty((shape, 3))
        by_weight = np.empty((shape, 2))
        kernels.place(
            known.line,
            reflection,
            slope1,
            self._shared(q, known),
            out,
            slopes,
            by_position,
            by_gauss,
            by_lorentz,
            by_weight,
        )
        position, gauss, lorentz, weight = out
        return Lines(
            position, gauss, lorentz, weight, known.column, by_position, by_gauss, by_lorentz, by_weight
        )

    # -- the pattern -------------------------------------------------------------------------------------

    def design(self, table: Table, q: Floats) -> Floats:
        """Return the matrix (n, size) whose product with the linear parameters is the pattern."""
        lines = self.lines(table, q, slopes=False)
        out = np.zeros((self.size, self.two_theta.size))
        first, last = self._windows(lines)
        kernels.design(
            self.two_theta,
            first,
            last,
            lines.position,
            lines.gauss,
            lines.lorentz,
            lines.weight,
            lines.column,
            out,
        )
        for i in range(self.humps):
            out[self.areas + i] = self._hump(table, q, i)[2]
        out[self.areas + self.humps :] = self._chebyshev
        return out.T

    def design_and_slopes(self, table: Table, q: Floats, linear: Floats) -> Floats:
        """Return the derivatives (n, p) of the pattern by the non-linear parameters, at given areas."""
        lines, known = self.lines(table, q), self._layout(table)
        area = linear[lines.column]
        out = np.zeros((q.size, self.two_theta.size))
        first, last = self._windows(lines)
        kernels.slopes(
            self.two_theta,
            first,
            last,
            lines.position,
            lines.gauss,
            lines.lorentz,
            area * lines.weight,
            (known.by_position, lines.by_position),
            (known.by_gauss, lines.by_gauss),
            (known.by_lorentz, lines.by_lorentz),
            (known.by_weight, lines.by_weight * area[:, None]),
            out,
        )
        return self._hump_slopes(out.T, table, q, linear)

    def _windows(self, lines: Lines) -> tuple[Ints, Ints]:
        tail = np.full(max(self.areas, 1), _EVERYWHERE) if self.tail is None else self.tail
        return kernels.windows(
            self.two_theta, lines.position, lines.gauss, lines.lorentz, lines.column, tail, _CORE
        )

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


def cell_of(block: Block, table: Table, q: Floats) -> Floats:
    """Return the free cell parameters of a block at ``q``."""
    return q[[table.index(f"{block.name}.{name}") for name in block.cell_names]]
