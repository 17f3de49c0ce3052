"""Several measurements of one sample: the series over depth or time, and what the beam changed."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import xarray as xr

from interlayer.core.summary import Row

_NUMBER = re.compile(r"^(.*) \[(\d+)\]$")
#: standard deviations by which the last measurement differs from the first before it is said
CHANGED = 3.0
_QUANTITIES = ("atomic_fraction", "binding_energy")
_COPY = re.compile(r"_(\d+)$")
#: attributes of a region that say where in a series it stands: title, unit, whether material was removed
_AXES = {
    "depth": ("depth", "nm", True),
    "sputter_time": ("sputter time", "s", True),
    "etch_time": ("etch time", "s", True),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """Where each measurement stands: by its number the depth, or the time; ``removed``: by sputtering."""

    title: str
    unit: str
    values: Mapping[int, float]
    removed: bool = False


def axis(nodes: Mapping[str, xr.Dataset]) -> Axis | None:
    """Return the depth or time of each measurement where the file tells it of all, and they differ; or None.

    Parameters
    ----------
    nodes
        Regions of the result by slug: "c1s", "c1s_2".
    """
    attrs: dict[int, dict[str, object]] = {}
    for name, node in nodes.items():
        if "envelope" in node:
            match = _COPY.search(name)
            known = attrs.setdefault(int(match[1]) if match else 1, {})
            known |= {str(key): value for key, value in node.attrs.items() if key not in known}
    for key, (title, unit, removed) in _AXES.items():
        values = {number: _number(each.get(key)) for number, each in attrs.items()}
        if _is_axis(values):
            return Axis(title, unit, values, removed)
    times = {number: _minutes(each.get("date")) for number, each in attrs.items()}
    if not _is_axis(times):
        return None
    begin = min(times.values())
    return Axis("time", "min", {number: value - begin for number, value in times.items()})


def _is_axis(values: Mapping[int, float]) -> bool:
    places = list(values.values())
    return len(places) > 1 and all(map(math.isfinite, places)) and len(set(places)) == len(places)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _minutes(value: object) -> float:
    """Return a date and time ("2020-08-27T14:05:46") in minutes, NaN for what is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return math.nan
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() / 60.0


def table(rows: Sequence[Row], along: Axis | None = None) -> xr.Dataset | None:
    """Return the series as a table: a row per measurement, quantity and subject; None for one measurement.

    ``along``: where each measurement stands; its values are the column ``position``.
    """
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
    attrs = {"role": "table", "long_name": "series of measurements, in their order"}
    if along is not None:
        places = [along.values.get(number, math.nan) for _, number, _ in found]
        data["position"] = ("point", np.array(places, dtype=np.float64))
        attrs |= {"position_title": along.title, "position_unit": along.unit}
    return xr.Dataset(data, attrs=attrs)


def _split(subject: str) -> tuple[str, int]:
    match = _NUMBER.match(subject)
    return (match[1], int(match[2])) if match else (subject, 1)


def damage(rows: Sequence[Row], along: Axis | None = None) -> list[str]:
    """Return what differs between the first and the last measurement by more than 3 standard deviations.

    Nothing where material was removed between them: then a change is what was looked for.

    Notes
    -----
    Shares of lines within their core level are compared: they need neither factors nor the same counting
    time. ISO 18554 asks for this comparison: LiTFSI turns to LiF under the beam, Li3N is consumed.
    """
    if along is not None and along.removed:
        return []
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
