"""The closed list of units, read from units.toml: conversion, and quantities such as "1.13 cm2".

A closed list is right where a general parser is silently wrong: it would read ``at.%`` as percent times
technical atmosphere.
"""

import re
from dataclasses import dataclass
from functools import cache

from interlayer.core.errors import UnitError
from interlayer.core.packaged import packaged

#: characters of a quantity with its unit
_LONGEST = 200
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: ``value in the dimension's first unit = factor * value + offset``."""

    symbol: str
    dimension: str
    factor: float
    offset: float


@cache
def _table() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    for dimension, units in packaged("interlayer.core", "units.toml").items():
        for symbol, entry in units.items():
            unit = Unit(symbol, dimension, float(entry["factor"]), float(entry.get("offset", 0.0)))
            for name in (symbol, *entry.get("aliases", ())):
                table[name] = unit
    return table


def symbols() -> tuple[str, ...]:
    """Return every unit that may be written, in the order of the list."""
    return tuple(dict.fromkeys(unit.symbol for unit in _table().values()))


def unit(text: str) -> Unit:
    """Return the unit of the closed list that a text names.

    Raises
    ------
    UnitError
        When the list has no such unit.

    Examples
    --------
    >>> unit("cm2").symbol
    'cm^2'
    """
    found = _table().get(text.strip())
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(text.strip(), list(_table()), n=3)
        hint = f"Did you mean {', '.join(repr(name) for name in near)}?" if near else None
        raise UnitError("unknown unit", expected="a unit of the closed list", found=repr(text), advice=hint)
    return found


def convert(value: float, source: str, target: str) -> float:
    """Convert a number from one unit to another of the same dimension.

    Examples
    --------
    >>> round(convert(0.9, "um", "nm"), 9)
    900.0
    """
    have, want = unit(source), unit(target)
    if have.dimension != want.dimension:
        raise UnitError(
            "units of different dimensions",
            expected=f"a {want.dimension}, as {target!r}",
            found=f"{source!r}, a {have.dimension}",
        )
    return (value * have.factor + have.offset - want.offset) / want.factor


def quantity(value: str | float, target: str) -> float:
    """Return a number in the unit ``target`` from a text with a unit, or from a plain number in that unit.

    Examples
    --------
    >>> quantity("1.131 cm2", "mm^2")
    113.1
    >>> quantity(150, "mm")
    150.0
    """
    if isinstance(value, int | float):
        return float(value)
    match = _NUMBER.match(value) if len(value) <= _LONGEST else None
    if match is None:
        raise UnitError(
            "not a quantity",
            expected=f"a number and a unit, such as '1.5 {target}'",
            found=repr(value[:_LONGEST]),
        )
    number, name = match.groups()
    if not name and target != "1":
        raise UnitError(
            "a quantity without a unit",
            expected=f"a number and a unit, such as '{number} {target}'",
            found=repr(value),
        )
    return convert(float(number), name, target)
