"""Which phases explain the peaks: a search over candidates, heights and cells, without a fit."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xrd.build import families
from interlayer.xrd.model.source import HEIGHT_SPREAD, LAYER_SPREAD, Instrument, Source
from interlayer.xrd.phases import Phase
from interlayer.xrd.search import Peak

Floats = NDArray[np.floating[Any]]

#: tolerance of a match in degree, beside the peak's own deviation
_TOLERANCE = 0.05
#: tolerance and significance for phases whose lines fit no single cell
_LOOSE, _STRONG = 0.1, 15.0
#: part of the calculated intensity in the range that those lines must make
SHARE = 0.6
_LEAST_SCORE, _AMBIGUOUS = 4.0, 4.0
_COST, _MISSING = 2.0, 1.0
#: rise of a score that a better known height can bring
_SLACK = 4.0
#: a peak so many times stronger than a phase's other lines let expect is not its own alone
_TOO_STRONG = 5.0
#: wings of a line reach so far (degree), and a peak there is none if it is so many times weaker
_WING, _FAR_STRONGER = 0.45, 20.0
#: a family weaker than this does not count as a match of its own
_COUNTS_FROM = 0.05
#: a phase that matches less than this part of its calculated intensity is not laid over the peaks
_LEAST_SHARE = 0.3


@dataclass(frozen=True)
class Match:
    """A phase laid over the peaks.

    Parameters
    ----------
    peaks
        Numbers of the peaks that it explains, with the family that does.
    height, stretch
        s/R and relative change of the cell at the best place.
    loose
        Its strongest lines are there, but not where one cell puts them.
    """

    phase: Phase
    score: float
    height: float
    stretch: float
    peaks: dict[int, int]
    angles: Floats = field(default_factory=lambda: np.empty(0))
    loose: bool = False

    def scale(self, peaks: list[Peak], strength: Floats) -> float:
        """Return the area of a family of strength 1: the median over the matched peaks, strong ones first."""
        pairs = [(peaks[i].area / strength[family], strength[family]) for i, family in self.peaks.items()]
        if not pairs:
            return 0.0
        pairs.sort()
        weights = np.cumsum([weight for _, weight in pairs])
        return float(pairs[int(np.searchsorted(weights, weights[-1] / 2))][0])

    def explained(self, peaks: list[Peak], strength: Floats) -> set[int]:
        """Return the peaks that it explains whole: none that is far too strong for its family."""
        scale = self.scale(peaks, strength)
        return {
            i for i, family in self.peaks.items() if peaks[i].area < _TOO_STRONG * scale * strength[family]
        }

    def fwhm(self, peaks: list[Peak]) -> float:
        """Return the mean FWHM of the peaks, weighted by significance."""
        mine = [peaks[i] for i in self.peaks]
        weight = np.array([min(peak.significance, 30.0) for peak in mine])
        return float(np.average([peak.fwhm for peak in mine], weights=weight))


@dataclass
class Identification:
    """Phases that explain the peaks, peaks left over, and phases that would explain the same peaks."""

    matches: list[Match]
    unexplained: list[int]
    alternatives: dict[str, list[str]]
    hints: dict[str, list[int]]


def place(
    phase: Phase,
    peaks: list[Peak],
    taken: set[int],
    source: Source,
    instrument: Instrument,
    limits: tuple[float, float],
    heights: dict[str, float],
    tolerance_of_match: float = _TOLERANCE,
) -> Match | None:
    """Return the best place of a phase over the peaks that are not taken."""
    _, angle, strength = families(phase, source, *limits)
    if angle.size == 0 or not peaks:
        return None
    radius = instrument.prior_radius
    middle, spread = _height_prior(phase, heights, radius)
    shifts = middle + np.linspace(-2.5, 2.5, 21) * spread
    stretches = np.linspace(-2.5, 2.5, 11) * phase.spread
    theta = np.radians(angle) / 2
    places = (
        angle[None, None]
        - np.degrees(2 * shifts[:, None, None] * np.cos(theta))
        - np.degrees(2 * stretches[None, :, None] * np.tan(theta))
    )
    at = np.array([peak.position for peak in peaks])
    stddev = np.array([peak.position_stddev for peak in peaks])
    slack = 0.5 * np.degrees(2 * phase.spread * np.tan(theta)) if len(phase.parameters) > 1 else 0 * theta
    tolerance = np.sqrt(stddev[None] ** 2 + tolerance_of_match**2 + slack[:, None] ** 2)
    near = np.exp(-0.5 * ((places[..., None] - at) / tolerance) ** 2)
    evidence = np.log1p(np.minimum([peak.significance for peak in peaks], 1e3) ** 2)
    worth = np.minimum(1.0, strength / 0.1) ** 0.5
    free = np.array([i not in taken for i in range(len(peaks))])
    gain = near * worth[:, None]
    total = (gain.max(axis=2) * (evidence * free)).sum(axis=-1)
    unseen = (near.max(axis=3) < 0.05) & (strength > 0.15)
    total = total - _MISSING * np.minimum(unseen.sum(axis=2), 6) - _COST
    total -= (
        0.5 * (((shifts - middle) / spread) ** 2)[:, None] + 0.5 * ((stretches / phase.spread) ** 2)[None]
    )
    i, j = np.unravel_index(int(np.argmax(total)), total.shape)
    best = gain[i, j]
    matched = {
        k: int(np.argmax(best[:, k]))
        for k in range(len(peaks))
        if free[k] and near[i, j, int(np.argmax(best[:, k])), k] > 0.1
    }
    return Match(phase, float(total[i, j]), float(shifts[i]), float(stretches[j]), matched, places[i, j])


def _height_prior(phase: Phase, heights: dict[str, float], radius: float) -> tuple[float, float]:
    if phase.layer in heights:
        return heights[phase.layer], 0.3 * HEIGHT_SPREAD / radius
    if heights:
        return float(np.mean(list(heights.values()))), float(np.hypot(HEIGHT_SPREAD, LAYER_SPREAD)) / radius
    return 0.0, HEIGHT_SPREAD / radius


def _families_matched(match: Match, source: Source, limits: tuple[float, float]) -> int:
    _, _, strength = families(match.phase, source, *limits)
    return len({family for family in match.peaks.values() if strength[family] >= _COUNTS_FROM})


def _share(match: Match, source: Source, limits: tuple[float, float]) -> float:
    """Return the part of the calculated intensity in the families that are matched."""
    _, _, strength = families(match.phase, source, *limits)
    return float(strength[sorted(set(match.peaks.values()))].sum() / strength.sum())


def identify(
    phases: list[Phase],
    peaks: list[Peak],
    source: Source,
    instrument: Instrument,
    limits: tuple[float, float],
) -> Identification:
    """Explain peaks by phases, the best one first; a phase needs two families."""
    taken: set[int] = set()
    heights: dict[str, float] = {}
    matches: list[Match] = []
    left = list(phases)
    known = dict.fromkeys((phase.name for phase in left), float("inf"))
    while left:
        best: Match | None = None
        # what was explained since can only lower a score, but for the height that is known better now
        for phase in sorted(left, key=lambda each: -known[each.name]):
            if known[phase.name] + _SLACK < max(best.score if best else 0.0, _LEAST_SCORE):
                break
            match = place(phase, peaks, taken, source, instrument, limits, heights)
            known[phase.name] = match.score if match else float("-inf")
            if match is None or match.score < max(best.score if best else 0.0, _LEAST_SCORE):
                continue
            if (
                _families_matched(match, source, limits) >= 2
                and _share(match, source, limits) >= _LEAST_SHARE
            ):
                best = match
        if best is None:
            break
        matches.append(best)
        taken |= best.explained(peaks, families(best.phase, source, *limits)[2])
        heights.setdefault(best.phase.layer, best.height)
        left = [phase for phase in left if phase.name != best.phase.name]
    for match in _loose(left, peaks, taken, source, instrument, limits, heights):
        matches.append(match)
        taken |= set(match.peaks)
        left = [phase for phase in left if phase.name != match.phase.name]
    rest = [
        i
        for i in range(len(peaks))
        if i not in taken and not _covered(peaks[i], matches) and not _wing(peaks[i], peaks)
    ]
    return Identification(
        matches,
        rest,
        _alternatives(phases, matches, peaks, source, instrument, limits),
        _hints(left, peaks, rest, source, instrument, limits, heights),
    )


def _loose(
    phases: list[Phase],
    peaks: list[Peak],
    taken: set[int],
    source: Source,
    instrument: Instrument,
    limits: tuple[float, float],
    heights: dict[str, float],
) -> list[Match]:
    """Return phases whose strongest lines are strong peaks nearby, but fit no single cell."""
    found: list[Match] = []
    used = set(taken)
    for phase in (each for each in phases if each.uneven):
        match = place(phase, peaks, used, source, instrument, limits, heights, _LOOSE)
        if match is None or match.score < _LEAST_SCORE:
            continue
        _, _, strength = families(phase, source, *limits)
        strong = {family for k, family in match.peaks.items() if peaks[k].significance > _STRONG}
        share = float(strength[list(strong)].sum() / strength.sum())
        if len(strong) >= 2 and share > SHARE and int(np.argmax(strength)) in strong:
            found.append(replace(match, loose=True))
            used |= set(match.peaks)
    return found


def _covered(peak: Peak, matches: list[Match]) -> bool:
    """Return whether a line of a found phase lies under a peak."""
    reach = 0.4 * peak.fwhm + 3 * peak.position_stddev + _TOLERANCE
    return any(np.any(np.abs(match.angles - peak.position) < reach) for match in matches)


def _wing(peak: Peak, peaks: list[Peak]) -> bool:
    """Return whether a peak may be the wing of a far stronger one beside it (tails of tube and slits)."""
    return any(
        abs(other.position - peak.position) < _WING and other.area > _FAR_STRONGER * peak.area
        for other in peaks
    )


def _alternatives(
    phases: list[Phase],
    matches: list[Match],
    peaks: list[Peak],
    source: Source,
    instrument: Instrument,
    limits: tuple[float, float],
) -> dict[str, list[str]]:
    """Return, for each phase found, the phases that explain its peaks nearly as well."""
    found: dict[str, list[str]] = {}
    names = {match.phase.name for match in matches}
    for match in matches:
        others = {i for other in matches if other is not match for i in other.peaks}
        heights = {m.phase.layer: m.height for m in matches if m.phase.layer != match.phase.layer}
        for phase in phases:
            if phase.name in names:
                continue
            rival = place(phase, peaks, others, source, instrument, limits, heights)
            same = rival is not None and set(match.peaks) <= set(rival.peaks)
            if rival is not None and same and rival.score > match.score - _AMBIGUOUS:
                found.setdefault(match.phase.name, []).append(phase.name)
    return found


def _hints(
    phases: list[Phase],
    peaks: list[Peak],
    rest: list[int],
    source: Source,
    instrument: Instrument,
    limits: tuple[float, float],
    heights: dict[str, float],
) -> dict[str, list[int]]:
    """Return phases with one matching line only, and the peak: a hint, not a claim."""
    taken = set(range(len(peaks))) - set(rest)
    hints = {}
    for phase in phases:
        match = place(phase, peaks, taken, source, instrument, limits, heights)
        if match is None or not match.peaks:
            continue
        _, _, strength = families(phase, source, *limits)
        strong = [k for k, family in match.peaks.items() if strength[family] > 0.3]
        if strong:
            hints[phase.name] = strong
    return hints
