"""The vocabulary of summary rows, read from quantities.toml."""

from dataclasses import dataclass
from functools import cache

from interlayer.core.errors import SettingError
from interlayer.core.packaged import packaged

TECHNIQUES = ("xrd", "xps", "sem", "eds", "electrochem")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of the vocabulary: which technique, which units, what its subject is."""

    technique: str
    name: str
    units: tuple[str, ...]
    subject: str
    description: str


@cache
def vocabulary() -> dict[tuple[str, str], Quantity]:
    """Return every quantity by technique and name."""
    return {
        (technique, name): Quantity(
            technique, name, tuple(entry["units"]), entry["subject"], entry["description"]
        )
        for technique, entries in packaged("interlayer.core", "quantities.toml").items()
        for name, entry in entries.items()
    }


def find(technique: str, name: str) -> Quantity:
    """Return a quantity of a technique.

    Raises
    ------
    SettingError
        When the technique has no such quantity; the nearest names are offered.
    """
    known = vocabulary()
    if (technique, name) not in known:
        from difflib import get_close_matches

        names = [quantity for owner, quantity in known if owner == technique]
        near = get_close_matches(name, names, n=3) or names
        raise SettingError(
            f"unknown quantity of {technique}",
            found=repr(name),
            expected="a quantity of the vocabulary",
            advice=f"Did you mean {', '.join(near)}?"
            if names
            else f"Techniques are {', '.join(TECHNIQUES)}.",
        )
    return known[technique, name]
