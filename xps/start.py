"""Where to begin: the charge shift by a scan over all regions, the areas by non-negative least squares."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps import levels, noise
from interlayer.xps.chemistry import Line
from interlayer.xps.fit import smooth
from interlayer.xps.model import scan
from interlayer.xps.model.joint import Joint
from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]

_SCAN = np.arange(-9.0, 13.01, 0.25)
#: prior spread of the shift in the scan, eV: among equals the small shift wins
_SPREAD = 6.0
#: a minimum this much worse than the best is not tried
_HOPELESS = 1.5
#: other starts where the first one fits badly, and their widths, eV
_STARTS, _WIDTHS = 12, (0.8, 1.1, 1.4)


@cache
def _table() -> Floats:
    return scan.table()


def _areas(region: Region, energies: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return χ² and areas of a region's lines over charge shifts."""
    parent, offset, weight = region.partners
    deviation = np.sqrt(np.maximum(smooth(region.values), region.floor))
    return scan.areas(region.energy, region.values, deviation, parent, offset, weight, energies, at, _table())


def shifts(regions: Sequence[Region], lines: Mapping[str, Sequence[Line]], count: int = 3) -> list[float]:
    """Return the best charge shifts of a scan, best first (at most ``count`` separate minima)."""
    cost = (_SCAN / _SPREAD) ** 2
    for region in regions:
        energies = np.array([line.energy for line in lines[region.name]])
        found, _ = _areas(region, energies, _SCAN)
        # a model that cannot fit is not allowed to outvote the others: its least χ² is the unit
        cost = cost + found * min(1.0, region.values.size / max(float(found.min()), 1e-12))
    minima = [i for i in range(cost.size) if cost[i] == cost[max(i - 3, 0) : i + 4].min()]
    least = float(cost.min())
    best = sorted(minima, key=lambda i: float(cost[i]))[:count]
    return [float(_SCAN[i]) for i in best if cost[i] <= _HOPELESS * least]


def scattered(joint: Joint, theta: Floats, names: Collection[str]) -> Iterator[Floats]:
    """Yield other starts: lines of the named regions anywhere in their priors, narrow, of equal areas."""
    rng = np.random.default_rng(0)
    for number in range(_STARTS):
        out = theta.copy()
        for r, (region, places) in enumerate(zip(joint.regions, joint.places, strict=True)):
            if region.name not in names:
                continue
            whole = float(joint.raw(r, theta)[0][region.count : 2 * region.count].sum())
            for place in places:
                if place.energy >= 0:
                    drawn = joint.mean[place.energy] + rng.normal() / np.sqrt(joint.precision[place.energy])
                    low, high = joint.lower[place.energy], joint.upper[place.energy]
                    out[place.energy] = np.clip(drawn, low, high)
                if not place.area.exponents:
                    out[place.area.amount] = whole / len(places)
                out[place.width] = _WIDTHS[number % len(_WIDTHS)]
        yield out


def at_shift(joint: Joint, lines: Mapping[str, Sequence[Line]], shift: float) -> Floats:
    """Return start values at a charge shift: areas by non-negative least squares, the rest as declared."""
    theta = joint.start()
    theta[joint.index("shift")] = shift
    for r, region in enumerate(joint.regions):
        energies = np.array(
            [place.offset + (theta[place.energy] if place.energy >= 0 else 0.0) for place in joint.places[r]]
        )
        areas = _areas(region, energies, np.array([shift]))[1][0]
        floor = 1e-3 * max(float(areas.max(initial=0.0)), float(np.ptp(region.values)) * 0.05, 1e-9)
        for place, area in zip(joint.places[r], areas, strict=True):
            if not place.area.exponents:
                theta[place.area.amount] = max(area, floor)
        theta[joint.tails[r][4]] = float(np.median(np.sort(region.values)[: max(region.values.size // 8, 3)]))
    return theta


def usual_width(region: Region) -> float:
    """Return the width of an unremarkable peak of a region, eV."""
    return 2.0 if levels.table().get(region.level) is None or region.level.endswith("s") else 2.5


def highest(region: Region, residual: Floats, taken: Sequence[float]) -> float:
    """Return where a residual, smoothed over a peak's width, is largest, away from energies (eV) taken."""
    step = float(np.ptp(region.energy)) / (region.energy.size - 1)
    half = max(round(0.4 * usual_width(region) / step), 1)
    level = smooth(residual, half) / np.sqrt(noise.floor(smooth(region.values, half)))
    margin = max(region.energy.size // 30, 1)
    level[:margin] = level[-margin:] = -np.inf
    for each in taken:
        level[np.abs(region.energy - each) < 0.35] = -np.inf
    return float(region.energy[int(np.argmax(level))])
