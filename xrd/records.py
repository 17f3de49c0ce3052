"""Columns of a result's tables for its figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Record = dict[str, object]


def number(value: object) -> float:
    """Return a number of a record; NaN where there is none."""
    return float(value) if isinstance(value, int | float) else float("nan")


def numbers(rows: Sequence[Record], name: str) -> Floats:
    """Return a column, shape (rows,)."""
    return np.array([number(row[name]) for row in rows], dtype=float)


def text_columns(rows: Sequence[Record], which: Sequence[int], name: str) -> tuple[str, ...]:
    """Return the texts of some rows."""
    return tuple(str(rows[i][name]) for i in which)


def phases_of(rows: Sequence[Record]) -> list[str]:
    """Return the phases in the order of their first row."""
    return list(dict.fromkeys(str(row["phase"]) for row in rows))


def ranges(values: Sequence[int]) -> str:
    """Return whole numbers in short: 1–3, 7."""
    parts: list[list[int]] = []
    for value in sorted(set(values)):
        if parts and value == parts[-1][-1] + 1:
            parts[-1].append(value)
        else:
            parts.append([value])
    return ", ".join(f"{p[0]}–{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
