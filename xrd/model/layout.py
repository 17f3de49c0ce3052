"""Which parameter moves which line: the structure of a pattern's model, made once per table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.model.aberration import nodes
from interlayer.xrd.model.cell import cell_values, followers, inverse_d_squared
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.source import Instrument, Source

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

_DEGREE = 180 / np.pi
#: most free parameters of a cell
CELL = 6


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
    own_sizes
        Each column has a size of its own: the parameter ``name.inverse_size0`` …
    transparency
        1/(2 μ R) in degree: the mean shift −sin 2θ times this by the penetration of a thick specimen.
    near
        (n,) 2θ of free peaks, near which they stay.
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
    own_sizes: bool = False
    transparency: float = 0.0
    near: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def columns(self) -> int:
        """Return the number of areas."""
        return int(self.column.max()) + 1 if self.column.size else 0


def start_cell(block: Block) -> Floats:
    """Return the free cell parameters that a block starts from."""
    return cell_values(np.array(block.cell), block.system)


@dataclass(frozen=True)
class Layout:
    """Numbers of the parameters (−1: none) of every reflection (r,), and what is fixed of every line (s,).

    A line is a reflection's part for one emission line and one node of the aberrations. ``by_position``:
    parameter numbers (s, 12) of the cell (6), height, own shift or position, low tail, high tail, flat
    specimen, zero;
    ``by_gauss``: (s, 4) of scale, u, v, w; ``by_lorentz``: (s, 3) of 1/size, strain or own width, optics;
    ``by_weight``: (s, 2) of the ratio of Kα2 and the tube's tail.
    """

    block: tuple[slice, ...]
    member: tuple[Ints, ...]
    hkl: Floats
    height: Ints
    height_held: Floats
    transparency: Floats
    moved: Ints
    position: Ints
    size: Ints
    strain: Ints
    free: NDArray[np.bool_]
    shared: dict[str, int]
    line: tuple[Ints, Floats, Floats, Floats, Floats, Floats, NDArray[np.bool_], Floats, Floats, Ints, Floats]
    column: Ints
    by_position: Ints
    by_gauss: Ints
    by_lorentz: Ints
    by_weight: Ints


#: parameters that all lines share
SHARED = (
    "instrument_scale",
    "instrument_u",
    "instrument_v",
    "instrument_w",
    "instrument_y",
    "low_tail",
    "high_tail",
    "flat",
    "zero",
    "kalpha_ratio",
    "tube_low",
    "tube_high",
)


def layout(
    blocks: Sequence[Block], table: Table, source: Source, instrument: Instrument, *, coarse: bool = False
) -> Layout:
    """Return the layout of a model."""
    ends = np.cumsum([0, *(block.column.size for block in blocks)])
    count = int(ends[-1])
    index = {name: np.full(count, -1) for name in ("height", "moved", "position", "size", "strain")}
    cell, hkl, held, near = np.full((count, CELL), -1), np.zeros((count, 3)), np.zeros(count), np.empty(count)
    deep = np.zeros(count)
    column, share, free = np.empty(count, np.int64), np.empty(count), np.zeros(count, bool)
    members, slices, first = [], [], 0
    for block, start, end in zip(blocks, ends[:-1], ends[1:], strict=True):
        mine = slice(int(start), int(end))
        _number(block, table, mine, index, cell)
        held[mine] = block.height if block.positions == "cell" else 0.0
        deep[mine] = block.transparency
        column[mine], share[mine] = block.column + first, block.share
        free[mine], hkl[mine], near[mine] = block.positions == "free", block.hkl, _near(block, source)
        members.append(followers(block.system) if block.cell_names else np.full(CELL, -1))
        slices.append(mine)
        first += block.columns
    tube = instrument.tube_low + instrument.tube_high > 0 or "tube_low" in table
    parts = nodes(near, instrument, tube=tube, coarse=coarse)
    emissions = len(source.wavelength)
    of, emission = np.repeat(parts.line, emissions), np.tile(np.arange(emissions), parts.line.size)
    second = np.array(source.second, dtype=bool)[emission]
    shared = {name: table.index(name) for name in SHARED}
    own = np.where(index["moved"] >= 0, index["moved"], index["position"])
    lines = of.size

    def repeated(values: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(values, emissions)

    def each(*names: str) -> Ints:
        return np.tile(np.array([shared[name] for name in names], np.int64), (lines, 1))

    bound = np.where(free[of], -1, 1)[:, None]
    by_position = np.column_stack([cell, index["height"], own])[of]
    by_zero = np.where(bound > 0, each("zero"), -1)
    weight = share[of] * repeated(parts.weight) * np.array(source.share)[emission]
    low, high, flat = repeated(parts.low), repeated(parts.high), repeated(parts.flat)
    tails = repeated(parts.tube)
    return Layout(
        tuple(slices),
        tuple(members),
        hkl,
        index["height"],
        held,
        deep,
        index["moved"],
        index["position"],
        index["size"],
        index["strain"],
        free,
        shared,
        (
            of,
            (np.array(source.wavelength) / source.alpha1)[emission],
            np.array(source.width)[emission],
            # a free peak is where its centre of gravity is
            np.where(free[of], low - 1, low),
            np.where(free[of], high - 1, high),
            np.where(free[of], flat - 1, flat),
            second,
            repeated(parts.offset),
            repeated(parts.extra),
            tails,
            weight,
        ),
        column[of],
        np.ascontiguousarray(np.column_stack([by_position, each("low_tail", "high_tail", "flat"), by_zero])),
        each("instrument_scale", "instrument_u", "instrument_v", "instrument_w"),
        np.ascontiguousarray(np.column_stack([index["size"][of], index["strain"][of], each("instrument_y")])),
        np.ascontiguousarray(
            np.column_stack(
                [
                    np.where(second, shared["kalpha_ratio"], -1),
                    np.choose(tails, [-1, shared["tube_low"], shared["tube_high"]]),
                ]
            )
        ),
    )


def _number(block: Block, table: Table, mine: slice, index: dict[str, Ints], cell: Ints) -> None:
    """Fill in the numbers of the parameters of a block's reflections."""
    count = range(block.column.size)
    if block.positions == "free":
        index["position"][mine] = [table.index(f"{block.name}.position{i}") for i in count]
    else:
        index["height"][mine] = table.index(f"height.{block.layer}")
        cell[mine, : len(block.cell_names)] = [table.index(f"{block.name}.{n}") for n in block.cell_names]
    if block.shifts:
        index["moved"][mine] = table.index(f"{block.name}.shift0") + block.column
    if block.widths == "free":
        index["strain"][mine] = [table.index(f"{block.name}.width{i}") for i in count]
    else:
        index["size"][mine] = table.index(f"{block.name}.inverse_size")
        if block.own_sizes:
            index["size"][mine] = table.index(f"{block.name}.inverse_size0") + block.column
        if block.strain:
            index["strain"][mine] = table.index(f"{block.name}.strain")


def _near(block: Block, source: Source) -> Floats:
    """Return 2θ (degree) about which the lines of a block lie."""
    if block.positions == "free":
        return np.clip(block.near, 1.0, 179.0)
    inverse = inverse_d_squared(np.array(block.cell), block.hkl)
    sine = np.clip(source.alpha1 / 2 * np.sqrt(inverse), 0.01, 0.9999)
    return np.asarray(2 * _DEGREE * np.arcsin(sine))
