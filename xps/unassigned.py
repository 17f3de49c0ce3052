"""Lines that a template lacks: found where its lines leave a residual, and named as what they are."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps import intervals, start
from interlayer.xps.chemistry import Line
from interlayer.xps.fit import Fit, carry, fit, misfit
from interlayer.xps.model.joint import Joint

Floats = NDArray[np.floating[Any]]
Lines = Mapping[str, tuple[Line, ...]]

PHASE = "unassigned"
_MOST = 2
#: standard deviations, as for every peak whose place was searched for
_DETECTED = 4.0
#: how far such a line may still move, eV (1 σ)
_TOLERANCE = 0.5


def added(
    found: Fit, lines: Lines, model: Callable[[Lines], Joint]
) -> tuple[Fit, dict[str, tuple[Line, ...]]]:
    """Return the fit with the unassigned lines that its poor regions ask for, and all lines.

    Parameters
    ----------
    found
        A fit of ``lines``; regions that it describes within their noise stay as they are.
    model
        Makes the joint model of other lines.

    Notes
    -----
    At most two per region, each paid for by the Bayesian information criterion (with the places where it
    could have been found) and detected by 4 standard deviations.
    """
    kept = dict(lines)
    for r, region in enumerate(found.joint.regions):
        for number in range(1, _MOST + 1):
            if not found.noise[r].flagged:
                break
            more = {**kept, region.name: (*kept[region.name], _line(found, r, number))}
            tried = _with(found, model(more), r)
            if not _pays(found, tried, r):
                break
            found, kept = tried, more
    return found, kept


def warnings(found: Fit, lines: Lines) -> list[str]:
    """Return a sentence for each unassigned line: where it lies and its share of the region."""
    out = []
    for r, region in enumerate(found.joint.regions):
        raw, _ = found.joint.raw(r, found.theta)
        areas = raw[region.count : 2 * region.count]
        for i, line in enumerate(lines[region.name]):
            if line.phase.startswith(PHASE):
                at, stddev = found.value(intervals.energy(found, r, i))
                share = 100 * areas[i] / areas.sum()
                out.append(
                    f"{line.level}: a line at {at:.2f} ± {stddev:.2f} eV ({share:.0f} % of the area) is none "
                    "of the template's: another phase, another assignment, or an overlap."
                )
    return out


def _line(found: Fit, r: int, number: int) -> Line:
    region = found.joint.regions[r]
    raw, _ = found.joint.raw(r, found.theta)
    taken = [float(at) for at in raw[: region.count]]
    measured = start.highest(region, region.values - found.solution.normal.model[r], taken)
    energy = measured - float(found.theta[found.joint.index("shift")])
    return Line(f"{region.level}/{PHASE} {number}", energy, _TOLERANCE, math.nan, math.nan, "residual")


def _with(found: Fit, model: Joint, r: int) -> Fit:
    theta = carry(found, model)
    region, place = model.regions[r], model.places[r][-1]
    residual = region.values - found.solution.normal.model[r]
    theta[place.area.amount] = max(float(residual.max()), 1e-9) * start.usual_width(region)
    return fit(model, theta)


def _pays(found: Fit, tried: Fit, r: int) -> bool:
    region = found.joint.regions[r]
    places = max(float(np.ptp(region.energy)) / start.usual_width(region), 1.0)
    cost = 2.0 * math.log(region.values.size) + 2.0 * math.log(places)
    amount = tried.joint.places[r][-1].area.amount
    gain = misfit(found, r) - misfit(tried, r)
    return gain > cost and intervals.significance(tried, amount) > _DETECTED
