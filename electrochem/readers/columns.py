"""Column names of cyclers to fields and units; the names are data (columns.toml)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from interlayer.core.errors import ReadError
from interlayer.core.packaged import packaged

_BRACKETS = re.compile(r"^(.*?)\s*[(\[（【]([^)\]）】]*)[)\]）】]\s*$")
#: characters of a name of a column; the pattern of brackets takes time with the square of it
_LONGEST = 300
_FAMILY = {
    "step_time": "time",
    "any_time": "time",
    "charge_capacity": "capacity",
    "discharge_capacity": "capacity",
    "z_im": "z_re",
    "z_im_negative": "z_re",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One recognised column: its place, field, factor to the field's unit, and whether a unit was stated."""

    index: int
    field: str
    factor: float
    stated: bool
    name: str


@cache
def _table() -> dict[str, Any]:
    return packaged("interlayer.electrochem.readers", "columns.toml")


@cache
def _fields() -> dict[str, str]:
    return {name: field for field, entry in _table().items() if field != "units" for name in entry["names"]}


@cache
def _units() -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for symbol, entry in _table()["units"].items():
        for name in (symbol, *entry["aliases"]):
            found[name] = (str(entry["field"]), float(entry["factor"]))
    return found


def split(name: str) -> tuple[str, str]:
    """Split a column name into its base and its unit.

    Examples
    --------
    >>> split("SCapacity/mAh/g"), split("Chg. Cap.(Ah)"), split("test_time_s")
    (('SCapacity', 'mAh/g'), ('Chg. Cap.', 'Ah'), ('test_time', 's'))
    """
    name = name.strip().strip('"\ufeff').strip()
    match = _BRACKETS.match(name)
    if match and (_unit(match.group(2)) or not _known(name)):
        return match.group(1).strip(), match.group(2).strip()
    base, mark, unit = name.rpartition("#")
    if mark and _unit(unit):
        return base.strip(), unit.strip()
    base, slash, unit = name.partition("/")
    if slash and (_unit(unit) or unit.strip().rstrip(".").lower() in {"sec", "%", "1"}):
        return base.strip(), unit.strip()
    base, mark, unit = name.rpartition("_")
    if mark and _unit(unit):
        return base, unit
    return name, ""


def _unit(text: str) -> tuple[str, float] | None:
    return _units().get(text.strip().rstrip(".")) or _units().get(text.strip())


def _base(text: str) -> str:
    # Z' and Z'' (or Z"), real and imaginary part, are Z1 and Z2
    text = text.replace("''", "2").replace('"', "2").replace("′′", "2").replace("'", "1").replace("′", "1")
    kept = re.sub(r"[^\w\-]|_", "", text.lower())
    return kept if kept.startswith("-") else kept.replace("-", "")


def _known(name: str) -> str | None:
    return _fields().get(_base(name))


def recognise(name: str, index: int) -> Column | None:
    """Return what a column name means, or None.

    Examples
    --------
    >>> recognise("Step (Sec)", 1).field, recognise("Z''/ohm", 2).field, recognise("-Z'' (Ω)", 3).field
    ('step_time', 'z_im', 'z_im_negative')
    >>> recognise("电流/mA", 3)
    Column(index=3, field='current', factor=0.001, stated=True, name='电流/mA')
    """
    if len(name) > _LONGEST:
        return None
    base, unit = split(name)
    field = _known(base)
    if field is None and _base(base) == "test" and (_unit(unit) or ("",))[0] == "time":
        field = "time"  # Maccor: "Test (Sec)"
    if field is None:
        return None
    known = _unit(unit) if unit else None
    if known is not None and known[0] != _FAMILY.get(field, field):
        if not (field == "step" and known[0] == "time"):
            return None
        field = "step_time"  # Maccor: "Step" is the number, "Step (Sec)" its time
    if unit and known is None and field not in ("state", "record", "step", "cycle"):
        return None
    return Column(index, field, known[1] if known else 1.0, known is not None, name)


def header(names: Sequence[str], mapping: Mapping[str, str] | None = None) -> dict[str, Column]:
    """Return the columns of a header line by field; of two that mean the same the first is taken."""
    found: dict[str, Column] = {}
    if mapping:
        return _mapped(names, mapping)
    for index, name in enumerate(names):
        column = recognise(name, index)
        if column is not None:
            found.setdefault(column.field, column)
    if "any_time" in found:
        column = found.pop("any_time")
        found.setdefault("time" if "time" not in found else "step_time", column)
    return found


def _mapped(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, Column]:
    cleaned = [name.strip().strip('"\ufeff').strip() for name in names]
    found: dict[str, Column] = {}
    for field, name in mapping.items():
        base = name.strip()
        if base not in cleaned:
            return {}
        known = _unit(split(base)[1])
        right = known is not None and known[0] == _FAMILY.get(field, field)
        found[field] = Column(cleaned.index(base), field, known[1] if known and right else 1.0, right, base)
    return found


def require(found: Mapping[str, Column], names: Sequence[str], *, timed: bool = False) -> None:
    """Raise a `ReadError` that names the missing column unless there are time rows or spectra.

    Raises
    ------
    ReadError
        Listing the columns that are there, and how to name one by a column map.
    """
    if "frequency" in found:
        needed = ["z_re"] + ([] if "z_im_negative" in found else ["z_im"])
    else:
        needed = ["voltage"]
        if not {"current", "capacity", "charge_capacity", "specific_capacity"} & set(found):
            needed.append("current")
        if "time" not in found and "step_time" not in found and not timed:
            needed.append("time")
    missing = [name for name in needed if name not in found]
    if missing:
        raise ReadError(
            f"no column for {' and '.join(missing)}",
            expected=f"columns for {', '.join(needed)}",
            found=", ".join(repr(name.strip()) for name in names if name.strip()),
            advice=f'Name it with a column map: columns = ["{missing[0]}=<name of the column>"].',
        )
