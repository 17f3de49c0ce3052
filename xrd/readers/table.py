"""Tables of numbers in text: which sign parts the columns, which the decimals, and where the rows are."""

import re
from dataclasses import dataclass, field

import numpy as np

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][-+]?\d+)?"
_CELL = re.compile(rf"{NUMBER}|[-+]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
_COMMA_CELL = re.compile(r"[-+]?\d*,\d*(?:[eE][-+]?\d+)?|[-+]?\d+(?:[eE][-+]?\d+)?")
#: a line that a row of data could be, whole or damaged
_LIKE_ROW = re.compile(r"\s*\"?[-+]?[.,]?\d[^\s;,A-Za-z]*(?:[eEdD][-+]?\d+)?(?:[\s;,\"]|$)")
_WORD = re.compile(r"[^\W\d_]{3,}")
_QUOTED = r'" *[,;\t] *"'
_COMMENT = "#'!;%"
_SAMPLE = 200
#: so many lines of numbers above a table of another width are its header (start, step, stop; a count)
_HEADER_ROWS = 2


@dataclass
class Block:
    """Rows of one width that follow each other, with the text lines above them."""

    header: list[str]
    first_line: int
    rows: list[list[float]] = field(default_factory=list)

    @property
    def values(self) -> Floats:
        """Return the rows as an array."""
        return np.array(self.rows, dtype=float)


def blocks(text: str) -> tuple[list[Block], list[str], str]:
    """Return the blocks of rows of a text, the text lines behind the last, and what was understood.

    Raises
    ------
    ReadError
        When a line among or behind rows looks like a damaged row: no row is dropped unsaid.
    """
    lines = text.split("\n")
    parted = Parting(lines)
    found: list[Block] = []
    header: list[str] = []
    current: Block | None = None
    for place, line in enumerate(lines, 1):
        plain = line.strip()
        if not plain:
            continue
        if plain[0] in _COMMENT:
            header.append(plain.lstrip(_COMMENT + " \t"))
            continue
        cells = parted.numbers(plain)
        if cells is None:
            if found and (_LIKE_ROW.match(plain) or _damaged(plain)):
                raise _not_a_row(place, plain, len(found[-1].rows[0]))
            header.append(plain)
            current = None
            continue
        if current is not None and len(cells) != len(current.rows[0]):
            if len(found) > 1 or len(current.rows) > _HEADER_ROWS:
                raise _not_a_row(place, plain, len(current.rows[0]))
            current = None
        if current is None:
            current = Block(header, place)
            header = []
            found.append(current)
        current.rows.append(cells)
    return _without_header_rows(found), header, parted.said


def _damaged(line: str) -> bool:
    """Return whether a line without a word has digits: no title, but a row with a wrong sign in it."""
    return any(char.isdigit() for char in line) and not _WORD.search(line)


def _without_header_rows(found: list[Block]) -> list[Block]:
    """Return the blocks of data; a line or two of numbers above the first are part of its header."""
    if len(found) < 2 or len(found[0].rows) > _HEADER_ROWS:
        return found
    above, table = found[0], found[1]
    _check_header_row(above, table)
    numbers = [" ".join(f"{value:g}" for value in row) for row in above.rows]
    return [Block(above.header + numbers + table.header, table.first_line, table.rows), *found[2:]]


def _check_header_row(above: Block, table: Block) -> None:
    """Raise when a line of numbers above a table goes on into it: it is a row that lost or won a cell."""
    if len(table.rows) < 2 or table.header:
        return
    step = table.rows[1][0] - table.rows[0][0]
    before = table.rows[0][0] - above.rows[-1][0]
    if step and abs(before - step) < 0.01 * abs(step):
        raise _not_a_row(above.first_line, str(above.rows[-1]), len(table.rows[0]))


def _not_a_row(place: int, line: str, width: int) -> ReadError:
    return ReadError(
        f"line {place} is not a row of numbers like those before it",
        expected=f"{width} numbers",
        found=repr(line[:60]),
        advice="The file may be damaged or truncated: mend or export it again.",
    )


class Parting:
    """How the lines of a table are parted into cells, found from a sample of them.

    Parameters
    ----------
    lines
        All lines of the text.
    """

    def __init__(self, lines: list[str]) -> None:
        sample = [line.strip() for line in lines if _LIKE_ROW.match(line)]
        middle = sample[len(sample) // 4 :][:_SAMPLE]
        self.separator = _separator(middle)
        cells = [cell for line in middle for cell in self._cells(line)]
        commas = [cell for cell in cells if "," in cell]
        points = any("." in cell for cell in cells)
        grouped = bool(commas) and all(re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?", cell) for cell in commas)
        self.thousands = grouped and points
        self.decimal = bool(commas) and not points and all(_COMMA_CELL.fullmatch(cell) for cell in commas)
        self.said = "commas between thousands were left out" if self.thousands else ""

    def numbers(self, line: str) -> list[float] | None:
        """Return the numbers of a row, or None for a line that is not one."""
        cells = self._cells(line)
        if self.thousands:
            cells = [cell.replace(",", "") for cell in cells]
        elif self.decimal:
            cells = [cell.replace(",", ".") for cell in cells]
        if not cells or not all(map(_CELL.fullmatch, cells)):
            return None
        return [
            float(cell.replace("d", "e").replace("D", "e") if cell[-1].isdigit() else cell) for cell in cells
        ]

    def _cells(self, line: str) -> list[str]:
        """Return the texts between separators; an empty cell at the end of a row is none."""
        if self.separator is None:
            return line.split()
        cells = [cell.strip() for cell in re.split(self.separator, line.strip('"'))]
        while cells and not cells[-1]:
            cells.pop()
        return cells


def _separator(sample: list[str]) -> str | None:
    """Return the pattern that parts cells: semicolon, tab, comma, or None for blanks.

    A comma parts cells where blanks do not, or where it stands before a blank.
    """
    if sample and sum(bool(re.search(_QUOTED, line)) for line in sample) > len(sample) / 2:
        return _QUOTED
    if sample and sum(";" in line for line in sample) > len(sample) / 2:
        return ";"
    blanks = sum(bool(re.search(r"\d[ \t]+[-+.\d]", line)) for line in sample)
    if any(re.search(r"\d,\s+[-+.\d]", line) for line in sample):
        return r"\s*,\s+|\s+" if not any("." in line for line in sample) else r"\s*,\s*|\s+"
    if blanks > len(sample) / 2:
        return None
    return ","
