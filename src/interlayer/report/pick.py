"""Which rows of a sample answer the questions of its first screen, and fill the overview."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from interlayer.core.packaged import packaged
from interlayer.core.summary import Row
from interlayer.headline import Column

#: a row with its place among the sample's rows and the path of its analysis
Picked = tuple[int, str, Row]


@dataclass(frozen=True, slots=True)
class Card:
    """One question of a sample's first screen, and the numbers that answer it."""

    question: str
    numbers: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class First:
    """The first screen: the phase that it asks for, and its questions."""

    phase: str
    cards: tuple[Card, ...]


@cache
def first() -> First:
    """Return what the first screen of a sample answers, read from first.toml."""
    stored = packaged("interlayer.report", "first.toml")
    cards = (
        Card(entry["question"], tuple(Column(**number) for number in entry["numbers"]))
        for entry in stored["card"]
    )
    return First(str(stored["phase"]), tuple(cards))


def pick(column: Column, located: Sequence[tuple[str, Row]]) -> Picked | None:
    """Return the row that a column shows: one that states something before one that cannot."""
    fitting = [
        (place, path, row)
        for place, (path, row) in enumerate(located)
        if (row.technique, row.quantity) == (column.technique, column.quantity)
        and (not column.subject or row.subject == column.subject)
    ]
    return min(fitting, key=lambda each: each[2].status in ("not determined", "not resolved"), default=None)
