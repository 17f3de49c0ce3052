"""Several measurements of one sample: the series over depth or time, and what the beam changed."""

import math
import re
from collections.abc import Sequence

import numpy as np
import xarray as xr

from interlayer.core.summary import Row

_NUMBER = re.compile(r"^(.*) \[(\d+)\]$")
#: standard deviations by which the last measurement differs from the first before it is said
CHANGED = 3.0
_QUANTITIES = ("atomic_fraction", "binding_energy")


def table(rows: Sequence[Row]) -> xr.Dataset | None:
    """Return the series as a table: a row per measurement, quantity and subject; None for one measurement."""
    found = [(*_split(row.subject), row) for row in rows if row.quantity in _QUANTITIES]
    found = [(name, number, row) for name, number, row in found if row.status == "measured"]
    if len({number for _, number, _ in found}) < 2:
        return None
    found.sort(key=lambda each: (each[2].quantity, each[0], each[1]))
    columns = {
        "measurement": np.array([number for _, number, _ in found], dtype=np.float64),
        "quantity": np.array([row.quantity for *_, row in found], dtype=object),
        "subject": np.array([name for name, *_ in found], dtype=object),
        **{
            key: np.array([getattr(row, key) for *_, row in found], dtype=np.float64)
            for key in ("value", "stddev", "low", "high")
        },
        "unit": np.array([row.unit for *_, row in found], dtype=object),
    }
    data = {name: ("point", values) for name, values in columns.items()}
    return xr.Dataset(data, attrs={"role": "table", "long_name": "series of measurements, in their order"})


def _split(subject: str) -> tuple[str, int]:
    match = _NUMBER.match(subject)
    return (match[1], int(match[2])) if match else (subject, 1)


def damage(rows: Sequence[Row]) -> list[str]:
    """Return what differs between the first and the last measurement by more than 3 standard deviations.

    Notes
    -----
    Shares of lines within their core level are compared: they need neither factors nor the same counting
    time. ISO 18554 asks for this comparison: LiTFSI turns to LiF under the beam, Li3N is consumed.
    """
    areas: dict[int, dict[str, Row]] = {}
    for row in rows:
        if row.quantity == "area" and row.status == "measured" and " + " not in row.subject:
            name, number = _split(row.subject)
            areas.setdefault(number, {})[name] = row
    if len(areas) < 2:
        return []
    first, last = areas[min(areas)], areas[max(areas)]
    out = []
    for name in sorted(first.keys() & last.keys()):
        before, after = (_share(name, each) for each in (first, last))
        spread = math.hypot(before[1], after[1])
        if spread > 0 and abs(after[0] - before[0]) > CHANGED * spread:
            pull = (after[0] - before[0]) / spread
            out.append(
                f"{name} has {100 * before[0]:.1f} % of its core level in the first and "
                f"{100 * after[0]:.1f} % in the last measurement ({pull:+.1f} standard deviations): depth, "
                "or the beam changes the sample."
            )
    return out


def _share(name: str, rows: dict[str, Row]) -> tuple[float, float]:
    """Return a line's share of its core level and the standard deviation, areas taken as independent."""
    level = name.partition("/")[0]
    members = {each: row for each, row in rows.items() if each.partition("/")[0] == level}
    total = sum(row.value for row in members.values())
    own = members[name]
    rest = math.sqrt(sum(row.stddev**2 for each, row in members.items() if each != name))
    share = own.value / total
    return share, math.hypot((1 - share) * own.stddev, share * rest) / total
