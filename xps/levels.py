"""Core levels (levels.toml): energies, sensitivity factors, spin–orbit splitting. Imports nothing heavy."""

import re
from dataclasses import dataclass
from functools import cache

from interlayer.core.packaged import packaged

_NAME = re.compile(r"(?<![A-Za-z])([A-Z][a-z]?)\s*([1-6])\s*([spdf])(?![a-z])")


@dataclass(frozen=True, slots=True)
class CoreLevel:
    """One core level.

    Parameters
    ----------
    name
        "Li 1s"; both partners of a doublet together.
    energy
        Usual binding energy of the (stronger) line, eV.
    scofield
        Photo-ionisation cross-section for Al Kα relative to C 1s, both partners together; None where
        the table has none.
    split, ratio
        Spin–orbit splitting (eV) and area of the weaker over the stronger line; 0 for s levels.
    uncertainty
        Relative standard uncertainty of the factor.
    """

    name: str
    energy: float
    scofield: float | None
    split: float
    ratio: float
    uncertainty: float

    @property
    def element(self) -> str:
        """Return the element's symbol."""
        return self.name.split()[0]


@cache
def table() -> dict[str, CoreLevel]:
    """Return all core levels by name."""
    return {
        name: _level(name, entry)
        for name, entry in packaged("interlayer.xps", "data/levels.toml")["level"].items()
    }


def _level(name: str, entry: dict[str, float]) -> CoreLevel:
    ratios = {"s": 0.0, "p": 0.5, "d": 2 / 3, "f": 0.75}
    split = float(entry.get("split", 0.0))
    return CoreLevel(
        name=name,
        energy=float(entry["energy"]),
        scofield=entry.get("scofield"),
        split=split,
        ratio=ratios[name[-1]] if split else 0.0,
        uncertainty=float(entry.get("uncertainty", 0.05)),
    )


def from_name(text: str) -> str:
    """Return the core level that a region's name means, or "".

    Examples
    --------
    >>> from_name("C1s Scan")
    'C 1s'
    >>> from_name("Ni 2p/12")
    'Ni 2p'
    """
    for match in _NAME.finditer(text):
        name = f"{match[1]} {match[2]}{match[3]}"
        if name in table():
            return name
    return ""


def from_range(low: float, high: float) -> str:
    """Return the one main core level that lies well inside an energy range (eV), or "".

    With several candidates the one of the lithium interphase wins; otherwise nothing is guessed, nor in a
    valence band.
    """
    if high - low > _WIDEST_REGION:
        return ""
    inside = [level for level in table().values() if max(low + 2, _VALENCE) <= level.energy <= high - 2]
    usual = [level for level in inside if level.name in USUAL]
    chosen = usual or inside
    return chosen[0].name if len(chosen) == 1 else ""


#: below it lie valence bands, eV
_VALENCE = 40.0
#: a wider window is not the region of one core level, eV
_WIDEST_REGION = 100.0
#: the levels of the lithium interphase
USUAL = frozenset({"Li 1s", "C 1s", "N 1s", "O 1s", "F 1s"})


@cache
def factor_sets() -> dict[str, dict[str, float]]:
    """Return the sets of sensitivity factors with λ and T folded in (kratos, wagner) by core level."""
    return {
        name: dict(entry) for name, entry in packaged("interlayer.xps", "data/levels.toml")["factors"].items()
    }
