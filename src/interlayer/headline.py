"""The main numbers of a sample, read from headline.toml."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from interlayer.core.packaged import packaged
from interlayer.core.summary import Row


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the first row of a quantity (and subject, where one is named)."""

    title: str
    technique: str
    quantity: str
    unit: str
    subject: str = ""

    def pick(self, located: Sequence[tuple[str, Row]]) -> tuple[str, Row] | None:
        """Return the row that the column shows, with the path of its analysis."""
        for path, row in located:
            if (row.technique, row.quantity) == (self.technique, self.quantity) and (
                not self.subject or row.subject == self.subject
            ):
                return path, row
        return None


@cache
def columns() -> tuple[Column, ...]:
    """Return the columns in their order."""
    return tuple(Column(**entry) for entry in packaged("interlayer", "headline.toml")["column"])
