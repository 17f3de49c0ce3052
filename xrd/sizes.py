"""Sizes line by line, and Williamson–Hall where there are orders enough.

The whole-pattern fit gives one size per phase; here every family has a width of its own, fitted with
everything else as it stands in that fit.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Z95
from interlayer.xrd import evidence
from interlayer.xrd.build import build
from interlayer.xrd.examine import ORDERS, Study
from interlayer.xrd.fit import Fit, fit

Floats = NDArray[np.floating[Any]]

#: a line's broadening over its standard deviation from which it is resolved
RESOLVED = 3.0
#: difference in sin θ that the lines of a Williamson–Hall plot must span
_SPREAD = 0.12


@dataclass(frozen=True)
class LineSize:
    """The broadening of one family.

    Parameters
    ----------
    inverse, stddev
        Inverse Scherrer size (FWHM) in 1/nm.
    sine
        sin θ.
    """

    phase: str
    hkl: str
    two_theta: float
    fwhm: float
    instrument_fwhm: float
    inverse: float
    stddev: float
    sine: float

    @property
    def resolved(self) -> bool:
        """Return whether the line is broader than the instrument's."""
        return self.inverse > RESOLVED * self.stddev


@dataclass(frozen=True)
class WilliamsonHall:
    """Size (integral breadth) and strain of a straight line through the breadths, or why there is none."""

    phase: str
    orders: int
    refused: str = ""
    inverse: float = np.nan
    inverse_stddev: float = np.nan
    strain: float = np.nan
    strain_stddev: float = np.nan


def line_sizes(study: Study) -> list[LineSize]:
    """Return the broadening of every seen family of the phases that have a cell."""
    fitted = study.fit
    names = [name for name, each in study.positions.items() if each.seen.any()]
    parts = tuple(
        replace(part, own_sizes=part.phase.name in names, strain=False) for part in study.plan.parts
    )
    starts = {name: fitted.value(name) for name in fitted.table.names}
    for part in study.plan.parts:
        start = starts.get(f"{part.phase.name}.inverse_size")
        if start is not None:
            starts |= {f"{part.phase.name}.inverse_size{i}": start for i in range(200)}
    plan = replace(study.plan, parts=parts, starts=study.plan.starts | starts)
    own = fit(*build(plan, study.inputs.data), study.inputs.data, model=fitted.model, iterations=15)
    found: list[LineSize] = []
    for name in names:
        block, _ = evidence.columns_of(own, name)
        if f"{name}.inverse_size0" not in own.table:
            continue
        widths, bare = evidence.family_widths(own, name), _bare_widths(own, name)
        factor, positions = evidence.inflation(own, name), study.positions[name]
        for column in range(min(block.columns, positions.hkl.shape[0])):
            line = int(np.flatnonzero(block.column == column)[0])
            if not positions.seen[column]:
                continue
            key = f"{name}.inverse_size{column}"
            at = float(positions.two_theta[column])
            found.append(
                LineSize(
                    name,
                    evidence.hkl_text(positions.hkl[column]),
                    at,
                    float(widths[line]),
                    float(bare[line]),
                    own.value(key),
                    factor * own.stddev(key),
                    float(np.sin(np.radians(at / 2))),
                )
            )
    return found


def _bare_widths(own: Fit, name: str) -> Floats:
    """Return the FWHM (degree) that the instrument alone gives a phase's lines."""
    values = own.values.copy()
    for i, each in enumerate(own.table.names):
        if each.startswith(f"{name}.inverse_size"):
            values[i] = 0.0
    return evidence.family_widths(replace(own, values=values), name)


def williamson_hall(lines: list[LineSize], phase: str, scherrer: float, wavelength: float) -> WilliamsonHall:
    """Return β cos θ/λ = 1/L + 4 e sin θ/λ through the integral breadths β of a phase's lines.

    Parameters
    ----------
    wavelength
        nm

    Notes
    -----
    The size part of the profile is Lorentzian: its integral breadth is π/2 of its FWHM, so that
    β cos θ/λ = (π/2) K/D with the Scherrer size D of each line. Williamson & Hall, Acta Met. 1 (1953) 22.
    """
    mine = [line for line in lines if line.phase == phase]
    usable = [line for line in mine if line.resolved]
    if len(usable) < ORDERS:
        why = f"{len(usable)} lines with resolved broadening: {ORDERS} are needed to part size and strain"
        return WilliamsonHall(phase, len(usable), why)
    factor = np.pi / 2 * scherrer
    y = factor * np.array([line.inverse for line in usable])
    spread = factor * np.array([line.stddev for line in usable])
    x = 4 * np.array([line.sine for line in usable]) / wavelength
    if np.ptp([line.sine for line in usable]) < _SPREAD:
        return WilliamsonHall(phase, len(usable), "the lines lie too near to each other in sin θ")
    design = np.column_stack([np.ones_like(x), x]) / spread[:, None]
    inverse = np.linalg.inv(design.T @ design)
    coefficient = inverse @ (design.T @ (y / spread))
    chi_square = float(np.sum((y / spread - design @ coefficient) ** 2)) / max(len(usable) - 2, 1)
    stddev = np.sqrt(np.diag(inverse) * max(1.0, chi_square))
    return WilliamsonHall(
        phase,
        len(usable),
        "",
        float(coefficient[0]),
        float(stddev[0]),
        float(coefficient[1]),
        float(stddev[1]),
    )


def interval_of_inverse(value: float, stddev: float) -> tuple[float, float, float]:
    """Return 1/x with its 95 % interval, the upper end infinite where x may be zero."""
    low = 1 / (value + Z95 * stddev) if value + Z95 * stddev > 0 else np.inf
    below = value - Z95 * stddev
    return (1 / value if value > 0 else np.inf), low, (1 / below if below > 0 else np.inf)
