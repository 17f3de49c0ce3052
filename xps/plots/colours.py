"""Which colour and which name a component has: a phase keeps its colour in all regions and samples."""

import re
from collections.abc import Iterable

from interlayer.core.figure import colour

#: Okabe and Ito (2008), and P. Tol's muted scheme (SRON/EPS/TN/09-002); none is that of the fit. Those of one
#: core level differ by 17 in CIE L*a*b*, for eyes without red or green too
_PHASES = {
    "C-C": "#0072b2",
    "C-O": "#56b4e9",
    "C≡N": "#009e73",
    "C=N": "#cc79a7",
    "Li3N": "#e69f00",
    "LiF": "#5d3a9b",
    "Li2CO3": "#8c6d00",
    "Li2O": "#661100",
    "LiOH": "#ddcc77",
    "Li metal": "#44aa99",
    "TFSI": "#5f5f5f",
}
_OTHERS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#5d3a9b",
    "#8c6d00",
    "#44aa99",
    "#882255",
    "#117733",
    "#ddcc77",
    "#999999",
)
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
#: letters are darker than what they name: thin strokes of a light colour are not read
_INK, _LIGHT = 0.72, 110.0


def phase_of(label: str) -> str:
    """Return the phase of a component, "Li3N" of "N 1s/Li3N"."""
    return label.partition("/")[2] or label


def colours(labels: Iterable[str]) -> dict[str, str]:
    """Return the colour of each phase: known phases have their own, others one that is not yet taken.

    Parameters
    ----------
    labels
        Components of all regions (and samples) that are drawn together, "N 1s/Li3N".
    """
    phases = list(dict.fromkeys(phase_of(label) for label in labels))
    found = {phase: _PHASES[phase] for phase in phases if phase in _PHASES}
    free = [each for each in _OTHERS if each not in found.values()] or list(_OTHERS)
    rest = [phase for phase in phases if phase not in found]
    # numbered peaks: the same number has the same colour whatever the order of the regions
    rest.sort(key=lambda phase: (0, int(phase), "") if phase.isascii() and phase.isdigit() else (1, 0, ""))
    return found | {phase: free[i % len(free)] for i, phase in enumerate(rest)}


def ink(name: str | int) -> str:
    """Return a colour for letters: darker where it is light."""
    parts = [int(colour(name)[i : i + 2], 16) for i in (1, 3, 5)]
    red, green, blue = parts
    factor = _INK if 0.299 * red + 0.587 * green + 0.114 * blue > _LIGHT else 1.0
    return "#" + "".join(f"{round(factor * part):02x}" for part in parts)


def shown(phase: str) -> str:
    """Return a phase as it is printed.

    Examples
    --------
    >>> shown("Li2CO3"), shown("C-O"), shown("1"), shown("Li metal")
    ('Li₂CO₃', 'C–O', '1', 'Li metal')
    """
    if _FORMULA.fullmatch(phase):
        return phase.translate(_SUBSCRIPTS)
    return phase.replace("C-", "C–")
