"""The survey: which elements show a peak, how sure that is, and which lines of interest they disturb."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.packaged import packaged
from interlayer.core.summary import Row
from interlayer.xps import levels, noise
from interlayer.xps.fit import smooth
from interlayer.xps.levels import CoreLevel

Floats = NDArray[np.floating[Any]]

#: photon energy of Al Kα, eV
_ALUMINIUM = 1486.6
#: weak lines under Li 1s: no evidence of their element, which must show its strong line
_UNDER_LITHIUM = frozenset({"Fe 3p", "Mg 2p", "Se 3d"})
_CLAIM = 6.0
_REACH = 3.0
#: the windows beside a peak whose medians are its base, eV from its top; of a wide doublet the upper window
#: lies between the two lines, at these shares of the splitting
_BESIDE, _FAR = 6.0, 15.0
_BETWEEN = (0.35, 0.65)
#: half width at half height towards low binding energy, where no loss widens a line: Auger lines are wider
_WIDEST = 4.0
#: of the base: what the background's own waves may look like, 1 σ
_WAVES = 0.005
#: how far beside a weaker line its foot is looked for, eV
_WIDE = 12.0
#: distance at which another line of another element explains a peak: core levels, Auger lines
_SAME, _AUGER_REACH = 3.5, 9.0
#: spin–orbit splitting that a survey resolves, eV; the lead of usual levels where two claim one peak; the
#: reach of a usual level's chemical shifts
_WIDE_DOUBLET, _LEAD, _SHIFTED = 3.0, 2.5, 6.5
#: least variance over mean: that of a computed curve
_NOISE_FREE = 1e-9
#: median of χ² with one degree of freedom
_MEDIAN_CHI2 = 0.4549364


@dataclass(frozen=True, slots=True)
class Element:
    """An element that a survey shows: its line, where, how strong (counts above the base), how sure."""

    level: str
    energy: float
    height: float
    significance: float

    @property
    def symbol(self) -> str:
        """Return the element's symbol."""
        return self.level.split()[0]


@cache
def _data() -> dict[str, Any]:
    return packaged("interlayer.xps", "data/survey.toml")


def elements(
    energy: Floats, values: Floats, shift: float = 0.0, source_energy: float = _ALUMINIUM
) -> list[Element]:
    """Return the core levels at which a survey has a peak above 6 standard deviations, strongest first.

    Parameters
    ----------
    energy, values
        (m,), energies ascending, in eV.
    shift
        Charge shift, eV.
    source_energy
        Photon energy, eV: Auger lines move with it on the scale of binding energies.

    Notes
    -----
    The top of a peak near each usual energy is compared with the higher of two windows beside it; where
    several levels claim one peak, the nearest keeps it. What another element, seen by a stronger line, shows
    there anyhow (a weaker core level, an Auger line: survey.toml) is no evidence.
    """
    fano = _fano(values)
    found = [
        element
        for level in levels.table().values()
        if level.name not in _UNDER_LITHIUM
        and energy[0] + 12 < level.energy + shift < energy[-1] - 12
        and (element := _look(energy, values, level, level.energy + shift, fano)) is not None
    ]
    return _unexplained(_nearest(found, shift), shift, source_energy)


def overlaps(found: Iterable[Element], wanted: Iterable[str]) -> dict[str, str]:
    """Return what lies at the wanted core levels: "Fe 2p" to "Fe 3p lies under Li 1s"; all without wanted."""
    seen, asked = {each.level for each in found}, set(wanted)
    return {
        name: str(entry["what"])
        for name, entry in _data()["overlap"].items()
        if name in seen and (not asked or entry["level"] in asked)
    }


def noted(rows: Sequence[Row], seen: Iterable[str]) -> list[Row]:
    """Return rows with a note on each area of a core level that an element of the survey disturbs.

    Parameters
    ----------
    seen
        Core levels of the survey, as `overlaps` names them.
    """
    disturbed: dict[str, list[str]] = {}
    for name in seen:
        entry = _data()["overlap"][name]
        disturbed.setdefault(str(entry["level"]), []).append(f"the survey shows {name}: {entry['what']}")
    return [_noted(row, disturbed.get(row.subject.partition("/")[0], [])) for row in rows]


def _noted(row: Row, texts: Sequence[str]) -> Row:
    if row.quantity != "area" or not texts:
        return row
    return replace(row, note="; ".join(filter(None, [row.note, *texts])))


def _unexplained(found: Sequence[Element], shift: float, source_energy: float) -> list[Element]:
    """Return the peaks that no weaker or Auger line of a stronger element explains."""
    kept: list[Element] = []
    for each in sorted(found, key=lambda element: -element.height):
        others = [other for other in kept if other.symbol != each.symbol]
        if not any(_explains(other, each, shift, source_energy) for other in others):
            kept.append(each)
    return kept


def _explains(other: Element, each: Element, shift: float, source_energy: float) -> bool:
    moved = shift + source_energy - _ALUMINIUM
    auger = _data()["auger"].get(other.symbol, [])
    if any(abs(each.energy - at - moved) < _AUGER_REACH for at in auger):
        return True
    if each.level in levels.USUAL and each.level != "Li 1s":
        return False  # both may be there: `overlaps` says so
    weaker = _data()["secondary"].get(other.symbol, {})
    return any(abs(each.energy - at - shift) < _SAME for at in weaker.values())


def _fano(values: Floats) -> float:
    """Return variance over mean from the median of squared second differences, which peaks hardly move."""
    mean = noise.floor(smooth(values))
    second = values[:-2] - 2.0 * values[1:-1] + values[2:]
    return max(float(np.median(second**2 / (6.0 * mean[1:-1]))) / _MEDIAN_CHI2, _NOISE_FREE)


def _look(energy: Floats, values: Floats, level: CoreLevel, at: float, fano: float) -> Element | None:
    step = float(np.median(np.diff(energy)))
    near = np.abs(energy - at) <= max(_REACH, 1.5 * step)
    if near.sum() < 3:
        return None
    top = float(energy[near][np.argmax(values[near])])
    core = np.abs(energy - top) <= max(1.0, step)
    left = (energy > top - _FAR) & (energy < top - _BESIDE)
    beyond = _above(level)
    right = (energy > top + beyond[0]) & (energy < top + beyond[1])
    if not (core.any() and left.any() and right.any()):
        return None
    # a shoulder of a higher neighbour is no peak of its own
    if values[np.abs(energy - top) <= max(2.5, 1.5 * step)].max() > values[core].max() * (1 + 1e-12):
        return None
    base = max(float(np.median(values[left])), float(np.median(values[right])))
    height = float(values[core].mean() - base)
    counted = fano * max(abs(base), 1e-12) * (1 / core.sum() + 1.6 / min(left.sum(), right.sum()))
    significance = height / float(np.hypot(np.sqrt(counted), _WAVES * base))
    if significance <= _CLAIM or not _is_narrow(energy, values, top, float(np.median(values[left]))):
        return None
    return (
        Element(level.name, top, height, significance) if _has_partner(energy, values, level, top) else None
    )


def _above(level: CoreLevel) -> tuple[float, float]:
    """Return the window above a peak, eV from its top."""
    if level.split >= 2.0 * _BESIDE:
        return _BETWEEN[0] * level.split, _BETWEEN[1] * level.split
    return level.split + _BESIDE, level.split + _FAR


def _is_narrow(energy: Floats, values: Floats, top: float, base: float) -> bool:
    """Return whether the flank towards low binding energy falls to half within the width of a core level."""
    step = float(np.median(np.diff(energy)))
    peak = float(values[np.abs(energy - top) <= max(1.0, step)].mean())
    flank = values[(energy >= top - max(_WIDEST, 2 * step)) & (energy <= top)]
    return bool(flank.min() < base + 0.5 * (peak - base))


def _has_partner(energy: Floats, values: Floats, level: CoreLevel, top: float) -> bool:
    """Return whether the second line of a wide doublet is there: higher than the valley before it."""
    if level.split < _WIDE_DOUBLET:
        return True
    away = energy - top - level.split
    partner = values[np.abs(away) <= 2.0]
    valley = values[(away < -0.35 * level.split) & (away > -0.65 * level.split)]
    main = float(values[np.abs(energy - top) <= 1.0].max(initial=-np.inf))
    if not (partner.size and valley.size):
        return False
    rise = float(partner.max()) - float(np.median(valley))
    return rise > 0.25 * level.ratio * (main - float(np.median(valley))) and float(partner.max()) < 1.3 * main


def _nearest(found: list[Element], shift: float) -> list[Element]:
    kept: dict[float, Element] = {}
    for each in found:
        rival = kept.get(each.energy)
        if rival is None or _distance(each, shift) < _distance(rival, shift):
            kept[each.energy] = each
    usual = [each for each in kept.values() if each.level in levels.USUAL]
    return [
        each
        for each in kept.values()
        if each.level in levels.USUAL or all(abs(each.energy - o.energy) > _SHIFTED for o in usual)
    ]


def _distance(each: Element, shift: float) -> float:
    lead = _LEAD if each.level in levels.USUAL else 0.0
    return abs(levels.table()[each.level].energy + shift - each.energy) - lead


def others(
    energy: Floats,
    values: Floats,
    found: Sequence[Element],
    shift: float = 0.0,
    source_energy: float = _ALUMINIUM,
) -> list[Element]:
    """Return the weaker core levels, and the strongest Auger line, that the elements found show too.

    Parameters
    ----------
    energy, values, shift, source_energy
        As for `elements`.
    found
        What `elements` found.
    """
    fano, moved = _fano(values), shift + source_energy - _ALUMINIUM
    out: list[Element] = []
    for each in found:
        weaker = _data()["secondary"].get(each.symbol, {})
        lines = [_prominent(energy, values, name, at + shift, _SAME, fano) for name, at in weaker.items()]
        auger = _data()["auger"].get(each.symbol, [])
        name = f"{each.symbol} Auger"
        seen = [_prominent(energy, values, name, at + moved, _AUGER_REACH, fano) for at in auger]
        best = max((one for one in seen if one is not None), key=lambda one: one.height, default=None)
        out += [one for one in (*lines, best) if one is not None]
    taken = [each.energy for each in found]
    return [one for one in out if all(abs(one.energy - at) > _SAME for at in taken)]


def _prominent(
    energy: Floats, values: Floats, name: str, at: float, reach: float, fano: float
) -> Element | None:
    """Return a peak that stands out of what lies within 12 eV on either side of it, or None."""
    near = np.flatnonzero(np.abs(energy - at) <= reach)
    if near.size < 3:
        return None
    top = int(near[np.argmax(values[near])])
    smoothed = smooth(values, 1)
    sides = [
        smoothed[(energy >= energy[top] - _WIDE) & (energy <= energy[top])],
        smoothed[(energy >= energy[top]) & (energy <= energy[top] + _WIDE)],
    ]
    base = max(float(side.min()) for side in sides)
    height = float(smoothed[top]) - base
    # a flank of another peak is no peak
    is_top = float(smoothed[top]) >= 0.98 * float(smoothed[np.abs(energy - energy[top]) <= reach].max())
    significance = height / float(np.hypot(np.sqrt(fano * max(base, 1e-12) / 2.0), _WAVES * base))
    if not is_top or significance <= _CLAIM:
        return None
    return Element(name, float(energy[top]), height, significance)
