"""The survey: which elements show a peak, and how sure that is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps import levels, noise
from interlayer.xps.fit import smooth
from interlayer.xps.levels import CoreLevel

Floats = NDArray[np.floating[Any]]

#: lines that overlap a line of the lithium interphase, and would be mistaken for it
OVERLAPS = {
    "Fe 2p": "Fe 3p lies under Li 1s",
    "Mg 1s": "Mg 2p lies under Li 1s",
    "K 2p": "K 2p lies under C 1s (CF3)",
    "As 3d": "As 3d lies beside Li 1s",
}
#: weak lines under Li 1s: no evidence of their element, which must show its strong line
_UNDER_LITHIUM = frozenset({"Fe 3p", "Mg 2p", "Se 3d"})
_CLAIM = 6.0
_REACH = 3.0
#: the windows beside a peak whose medians are its base, eV from its top
_BESIDE, _FAR = 6.0, 15.0
_AUGER_REACH = 12.0
#: spin–orbit splitting that a survey resolves, eV; the lead of usual levels where two claim one peak; the
#: reach of a usual level's chemical shifts
_WIDE_DOUBLET, _LEAD, _SHIFTED = 3.0, 2.5, 6.5
#: least variance over mean: that of a computed curve
_NOISE_FREE = 1e-9
#: median of χ² with one degree of freedom
_MEDIAN_CHI2 = 0.4549364


@dataclass(frozen=True, slots=True)
class Element:
    """An element that a survey shows: its line, where, how strong (counts above the ends), how sure."""

    level: str
    energy: float
    height: float
    significance: float


def elements(energy: Floats, values: Floats, shift: float = 0.0) -> list[Element]:
    """Return the core levels at which a survey has a peak above 6 standard deviations.

    Parameters
    ----------
    energy, values
        (m,), energies ascending, in eV.
    shift
        Charge shift, eV.

    Notes
    -----
    Each usual energy is compared with the medians of two windows beside it; where several levels claim one
    peak, the nearest keeps it; what lies at the Auger line of a stronger element is not a core level.
    """
    fano = _fano(values)
    found = [
        element
        for level in levels.table().values()
        if level.name not in _UNDER_LITHIUM
        and energy[0] + 12 < level.energy + shift < energy[-1] - 12
        and (element := _look(energy, values, level, level.energy + shift, fano)) is not None
    ]
    return _no_auger(_nearest(found, shift), shift)


def _no_auger(found: list[Element], shift: float) -> list[Element]:
    """Drop what lies at the Auger line of another element that shows a stronger core level."""
    lines = [
        (levels.auger()[symbol] + shift, each)
        for each in found
        if (symbol := each.level.split()[0]) in levels.auger()
    ]
    return [
        each
        for each in found
        if not any(abs(each.energy - at) < _AUGER_REACH and other.height > each.height for at, other in lines)
    ]


def _fano(values: Floats) -> float:
    """Return variance over mean from the median of squared second differences, which peaks hardly move."""
    mean = noise.floor(smooth(values))
    second = values[:-2] - 2.0 * values[1:-1] + values[2:]
    return float(np.median(second**2 / (6.0 * mean[1:-1]))) / _MEDIAN_CHI2


def _look(energy: Floats, values: Floats, level: CoreLevel, at: float, fano: float) -> Element | None:
    step = float(np.median(np.diff(energy)))
    near = np.abs(energy - at) <= max(_REACH, 1.5 * step)
    if near.sum() < 3:
        return None
    top = float(energy[near][np.argmax(values[near])])
    core = np.abs(energy - top) <= max(1.0, step)
    left = (energy > top - _FAR) & (energy < top - _BESIDE)
    right = (energy > top + level.split + _BESIDE) & (energy < top + level.split + _FAR)
    if not (core.any() and left.any() and right.any()):
        return None
    # a shoulder of a higher neighbour is no peak of its own
    if values[np.abs(energy - top) <= max(2.5, 1.5 * step)].max() > values[core].max() * (1 + 1e-12):
        return None
    sides = float(np.median(values[left])), float(np.median(values[right]))
    base = 0.5 * sum(sides)
    height = float(values[core].mean() - base)
    spread = np.sqrt(
        max(fano, _NOISE_FREE)
        * max(abs(base), 1e-12)
        * (1 / core.sum() + 0.4 / left.sum() + 0.4 / right.sum())
    )
    significance = height / float(np.hypot(spread, 0.5 * (sides[0] - sides[1]))) if height > 0 else 0.0
    if significance <= _CLAIM or not _has_partner(energy, values, level, top, height):
        return None
    return Element(level.name, top, height, significance)


def _has_partner(energy: Floats, values: Floats, level: CoreLevel, top: float, height: float) -> bool:
    """Return whether the second line of a wide doublet is there: a peak higher than what lies around it."""
    if level.split < _WIDE_DOUBLET:
        return True
    partner = values[np.abs(energy - top - level.split) <= 1.5]
    around = np.abs(energy - top - level.split)
    beside = values[(around > 2.5) & (around < 6.0)]
    return bool(
        partner.size and beside.size and partner.max() - np.median(beside) > 0.5 * level.ratio * height * 0.6
    )


def _nearest(found: list[Element], shift: float) -> list[Element]:
    kept: dict[float, Element] = {}
    for each in found:
        rival = kept.get(each.energy)
        if rival is None or _distance(each, shift) < _distance(rival, shift):
            kept[each.energy] = each
    usual = [each for each in kept.values() if each.level in levels.USUAL]
    left = [
        each
        for each in kept.values()
        if each.level in levels.USUAL or all(abs(each.energy - o.energy) > _SHIFTED for o in usual)
    ]
    return sorted(left, key=lambda each: -each.height)


def _distance(each: Element, shift: float) -> float:
    lead = _LEAD if each.level in levels.USUAL else 0.0
    return abs(levels.table()[each.level].energy + shift - each.energy) - lead
