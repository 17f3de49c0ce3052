"""Is the energy axis right? EDAX headers are known to state half of the true channel width."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.eds.lines import families, width

Floats = NDArray[np.float64]

#: eV per channel that EDS systems use
WIDTHS = (2.5, 5.0, 10.0, 20.0)
#: elements looked for where the file names none
COMMON = ("C", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ca", "Ti", "Fe", "Cu")
#: share of the counts that pile-up may put above the beam energy
PILE_UP = 2e-3
#: keV, ranges that EDS systems record
RANGES = (10.0, 20.0, 40.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The channel width found (eV), whether the header was overruled, and why."""

    step: float
    corrected: bool
    reason: str


def line_score(counts: Floats, step: float, elements: Sequence[str]) -> float:
    """Return how far peaks rise over their surroundings where lines of the elements would be.

    Returns
    -------
    The median over the lines (the third best where the elements are a guess) of the counts within half a
    FWHM over those one FWHM and more away; 1 when there is nothing at the lines.
    """
    guessed = not elements
    energy = np.arange(counts.size) * step
    ratios = []
    for family in families():
        if family.element not in (elements or COMMON) or not 250 < family.main < 0.9 * energy[-1]:
            continue
        away = np.abs(energy - family.main) / width(family.main)
        inside, outside = counts[away <= 0.5], counts[(away > 1.0) & (away <= 1.7)]
        if inside.size and outside.size and outside.sum() + inside.sum() >= 20:
            ratios.append((inside.mean() + 0.5) / (outside.mean() + 0.5))
    if not ratios:
        return 1.0
    return float(np.sort(ratios)[-3:][0] if guessed else np.median(ratios))


def share_above(counts: Floats, step: float, kilovolts: float) -> float:
    """Return the share of counts above the beam energy, where no X-ray can be (Duane and Hunt)."""
    if not kilovolts > 0:
        return 0.0
    first = int(np.ceil(1000 * kilovolts / step)) + 1
    return float(counts[first:].sum() / max(counts.sum(), 1.0))


def verify(
    counts: Floats,
    header_step: float | None,
    header_channels: int | None,
    kilovolts: float = 0.0,
    elements: Sequence[str] = (),
) -> Verdict:
    """Return the width of the channels from the header and from what the sum spectrum shows.

    Parameters
    ----------
    counts
        Sum spectrum (of a sample of pixels).
    header_step, header_channels
        eV per channel and number of channels that the .spc states.
    """
    steps: list[float] = sorted({*WIDTHS, *([header_step] if header_step else [])})
    scores = {step: line_score(counts, step, elements) for step in steps}
    allowed = [step for step in steps if share_above(counts, step, kilovolts) <= PILE_UP]
    same = header_channels == counts.size
    best = max(allowed or steps, key=lambda step: (scores[step], step == header_step))
    shown = ", ".join(f"{scores[step]:.2f} at {step:g} eV" for step in steps)
    evidence = f"peaks over background at known lines: {shown}"
    if scores[best] < 1.3:
        return _without_lines(counts.size, header_step, same, kilovolts, evidence)
    trusted = header_step in allowed and same and scores[header_step or 0.0] > 0.8 * scores[best]
    if header_step is not None and trusted:
        best = header_step
    if header_step is None or best == header_step:
        return Verdict(best, False, f"{best:g} eV per channel; {evidence}")
    clash = [f"the header says {header_step:g} eV per channel"]
    if not same:
        clash.append(f"for {header_channels} channels, the map has {counts.size}")
    if header_step not in allowed:
        clash.append("counts would lie above the beam energy")
    elif 1000 * kilovolts > counts.size * header_step:
        end = counts.size * header_step / 1000
        clash.append(f"its axis would end at {end:g} keV, below the beam's {kilovolts:g} kV")
    return Verdict(best, True, f"{best:g} eV per channel; {', '.join(clash)}; {evidence}")


def _without_lines(
    channels: int, header_step: float | None, same: bool, kilovolts: float, evidence: str
) -> Verdict:
    if header_step is not None and (same or channels * header_step >= 1000 * kilovolts):
        return Verdict(header_step, False, f"{header_step:g} eV per channel as the header says; {evidence}")
    ends = {step: channels * step / 1000 for step in WIDTHS}
    step = min(WIDTHS, key=lambda each: (ends[each] < kilovolts, min(abs(ends[each] - r) for r in RANGES)))
    return Verdict(
        step,
        header_step is not None,
        f"{step:g} eV per channel, unverified: no line rises enough; the axis ends at {ends[step]:g} keV; "
        + evidence,
    )
