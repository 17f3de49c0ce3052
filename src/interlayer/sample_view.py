"""A sample as a person sees it: lines for a terminal, a small page without script for a notebook.

Names are hostile text: control characters are replaced, HTML is escaped, nothing becomes an element.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from interlayer.core.summary import Row
from interlayer.core.text import clean
from interlayer.core.wording import cells
from interlayer.headline import columns

#: columns of every table of numbers
HEAD = ("quantity", "subject", "value", "95 % interval", "unit", "status")
#: no colour of its own: a notebook's theme, light or dark, decides
_STYLE = (
    ".il-sample{max-width:70em;line-height:1.4;overflow-wrap:anywhere}"
    ".il-sample .il-wide{overflow-x:auto}"
    ".il-sample table{border-collapse:collapse;margin:.3em 0;font-size:.95em}"
    ".il-sample th,.il-sample td{padding:.1em .6em;text-align:left;vertical-align:top;white-space:nowrap;"
    "border-bottom:1px solid rgba(128,128,128,.3)}"
    ".il-sample td:nth-child(3),.il-sample th:nth-child(3){text-align:right}"
    ".il-sample td:nth-child(7){white-space:normal;overflow-wrap:normal;min-width:18em}"
    ".il-sample details{border:1px solid rgba(128,128,128,.4);border-radius:4px;margin:.25em 0;"
    "padding:.15em .6em}"
    ".il-sample summary{cursor:pointer}.il-sample ul{margin:.3em 0}.il-sample .il-origin{opacity:.75}"
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis of a sample: where it stands in the tree, its numbers, its warnings."""

    path: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a sample."""

    sample_id: str
    label: str
    state: str
    parent: str
    history: tuple[str, ...]
    analyses: tuple[Analysis, ...]

    def title(self) -> str:
        """Return what people call the sample."""
        return _line(self.label or self.sample_id)

    def origin(self) -> str:
        """Return id, state, parent and history on one line."""
        parts = [
            self.sample_id if self.label else "",
            self.state,
            f"made from {self.parent}" if self.parent else "",
            " → ".join(self.history),
        ]
        return " · ".join(_line(part) for part in parts if part)

    def main_numbers(self) -> list[tuple[str, str, Row]]:
        """Return technique, name and row of each of the main numbers that the sample has."""
        located = [(analysis.path, row) for analysis in self.analyses for row in analysis.rows]
        picked = [(column, column.pick(located)) for column in columns()]
        return [
            (column.technique, column.title, found[1].converted(column.unit))
            for column, found in picked
            if found
        ]


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _cells(row: Row) -> tuple[str, ...]:
    return tuple(map(_line, cells(row)))


# ------------------------------------------------------------------------------------------ terminal
def text(shown: Shown) -> str:
    """Return a sample for a terminal: who it is, its main numbers, what it holds."""
    lines = [f"Sample {shown.title()}", *([f"  {shown.origin()}"] if shown.origin() else [])]
    records = [(technique, name, *_cells(row)[2:]) for technique, name, row in shown.main_numbers()]
    if records:
        lines += ["", *_aligned([("technique", "main number", *HEAD[2:]), *records])]
    lines += ["", *_holdings(shown)]
    return "\n".join(lines)


def _holdings(shown: Shown) -> list[str]:
    if not shown.analyses:
        return ["  no analyses yet: sample.add(il.xrd.analyze(raw))"]
    names = [each.path.strip("/") for each in shown.analyses]
    rows = sum(len(each.rows) for each in shown.analyses)
    warnings = sum(len(each.warnings) for each in shown.analyses)
    return [
        *wrap(", ".join(names), 100, initial_indent="  ", subsequent_indent="  "),
        f"  {rows} numbers: sample.table() shows them all, sample.summary has them as data; "
        f"{warnings} warning{'' if warnings == 1 else 's'}: sample.warnings",
    ]


def table(analyses: Iterable[Analysis]) -> str:
    """Return every number of some analyses, aligned for a terminal, with the reasons of refusals."""
    blocks = []
    for analysis in analyses:
        lines = _aligned([HEAD, *(_cells(row) for row in analysis.rows)])
        notes = [f"  {text}" for text in _reasons(analysis.rows)]
        blocks.append("\n".join([analysis.path.strip("/"), *lines, *notes]))
    return "\n\n".join(blocks)


def _reasons(rows: Sequence[Row]) -> list[str]:
    return [
        f"{row.quantity.replace('_', ' ')} {_line(row.subject)}: {row.status}, {_line(row.note)}"
        for row in rows
        if row.status != "measured" and row.note
    ]


def _aligned(records: Sequence[Sequence[str]], limit: int = 40) -> list[str]:
    """Return records as lines whose columns stand below each other."""
    cut = [[each if _width(each) <= limit else f"{each[: limit - 1]}…" for each in row] for row in records]
    widths = [max(map(_width, column)) for column in zip(*cut, strict=True)]
    return [
        "  " + "  ".join(each + " " * (width - _width(each)) for each, width in zip(row, widths, strict=True))
        for row in cut
    ]


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


# ------------------------------------------------------------------------------------------ notebook
def html(shown: Shown) -> str:
    """Return a sample as HTML: main numbers open, every analysis folded; no script, no colours of its own."""
    origin = f"<div class='il-origin'>{escape(shown.origin())}</div>" if shown.origin() else ""
    main = [(technique, name, *_cells(row)[2:]) for technique, name, row in shown.main_numbers()]
    parts = [
        f"<div class='il-sample'><style>{_STYLE}</style><strong>{escape(shown.title())}</strong>{origin}",
        _html_table(("technique", "main number", *HEAD[2:]), main) if main else "",
        *(_html_analysis(analysis) for analysis in shown.analyses),
        "" if shown.analyses else "<div>no analyses yet</div>",
        "</div>",
    ]
    return "".join(parts)


def _html_analysis(analysis: Analysis) -> str:
    counts = Counter(row.status for row in analysis.rows)
    said = ", ".join(f"{number} {status}" for status, number in counts.items()) or "no numbers"
    if analysis.warnings:
        said += f"; to doubt: {len(analysis.warnings)}"
    doubts = "".join(f"<li>{escape(_line(each))}</li>" for each in analysis.warnings)
    rows = [(*_cells(row), "" if row.status == "measured" else _line(row.note)) for row in analysis.rows]
    return (
        "<details><summary>"
        f"<b>{escape(_line(analysis.path.strip('/')))}</b>: {escape(said)}</summary>"
        + (f"<ul>{doubts}</ul>" if doubts else "")
        + _html_table((*HEAD, "why not"), rows)
        + "</details>"
    )


def _html_table(head: Sequence[str], records: Sequence[Sequence[str]]) -> str:
    names = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in record)}</tr>" for record in records)
    return f"<div class='il-wide'><table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table></div>"
