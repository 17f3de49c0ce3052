"""Symmetric cells (Li–Li): half cycles, levels of the current density, names of them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.electrochem import segments, shorts
from interlayer.electrochem.common import Floats, clock, column, time_rows
from interlayer.electrochem.drops import HalfCycle
from interlayer.electrochem.segments import Segment


@dataclass(frozen=True, slots=True)
class Run:
    """A galvanostatic run of a symmetric cell, time in s from its first current."""

    time: Floats
    voltage: Floats
    current: Floats
    segments: list[Segment]
    halves: list[HalfCycle]

    @property
    def origin(self) -> float:
        """Return when the first current began, in s of `time`."""
        return self.halves[0].segment.begin


def load(raw: xr.Dataset, kind: str, warnings: list[str]) -> Run:
    """Return the half cycles of a run.

    Raises
    ------
    AnalysisError
        When there is no current, or fewer than two half cycles.
    """
    raw = time_rows(raw)
    voltage, current = column(raw, "voltage", kind), column(raw, "current", kind)
    time = clock(raw, warnings)
    steps = segments.find(raw, time, levels=True)
    lengths = [each.duration for each in steps if each.sign]
    # against what three in four reach: one step without end must not make all others nothing
    usual = float(np.quantile(lengths, 0.75)) if lengths else 0.0
    active = [each for each in steps if each.sign and each.duration > 0.02 * usual and each.last > each.first]
    if len(active) < 2:
        raise AnalysisError(f"{kind} needs half cycles of constant current", found=f"{len(active)} of them")
    halves = [shorts.half_cycle(each, time, voltage, current) for each in active]
    return Run(time, voltage, current, steps, halves)


def densities(run: Run, area: float) -> Floats:
    """Return the current density of each half cycle in mA/cm^2 (the current in mA without an area)."""
    scale = area if np.isfinite(area) else 1.0
    return np.array([abs(half.segment.current) * 1e3 / scale for half in run.halves])


def columns(run: Run, density: Floats, area: float) -> dict[str, tuple[Floats, str, str]]:
    """Return what every table of half cycles holds: values, unit and long name by column."""
    parts = [half.segment for half in run.halves]
    return {
        "begin": (np.array([(s.begin - run.origin) / 3600 for s in parts]), "h", "begin of the half cycle"),
        "duration": (np.array([s.duration / 3600 for s in parts]), "h", "duration"),
        "current_density": (
            np.array([s.sign for s in parts]) * density,
            "mA/cm^2" if np.isfinite(area) else "mA",
            "current density",
        ),
        "capacity": (
            np.array([abs(s.current) * s.duration / 3.6 for s in parts]),
            "mAh",
            "charge passed",
        ),
    }


def levels(values: Floats, tolerance: float = 0.03) -> Floats:
    """Return for each half cycle the median of all values that belong to its level."""
    order = np.argsort(values)
    ranked = values[order]
    group = np.concatenate([[0], np.cumsum(np.diff(ranked) > tolerance * ranked[1:])])
    found = np.empty_like(values)
    for number in range(int(group[-1]) + 1):
        members = order[group == number]
        found[members] = np.median(values[members])
    return found


def name(value: float, area: float) -> str:
    """Return the name of a level: "0.2 mA/cm2", or "0.2 mA" without an area."""
    return f"{float(f'{value:.2g}'):g} " + ("mA/cm2" if np.isfinite(area) else "mA")
