"""Figures of a series: all patterns, the first and the last with their fits, the parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.figure import Figure, Line, Map, Mark, Panel, Points
from interlayer.core.results import tables
from interlayer.xrd.records import Record, number, numbers, ranges

Floats = NDArray[np.floating[Any]]

#: units as they are written at an axis
_UNITS = {"angstrom": "Å", "sigma": "σ", "1": "", "degree_Celsius": "°C"}
#: rows of the map, at most
_ROWS = 400
#: a gap of so many usual steps stays white
_GAP = 1.6
#: figures of parameters: quantities, name, title
_GROUPS = (
    (("lattice_a", "lattice_b", "lattice_c", "lattice_beta"), "cells", "Lattice parameters"),
    (("crystallite_size", "microstrain"), "sizes", "Crystallite size and microstrain"),
    (("displacement",), "displacements", "Displacement"),
    (("weight_fraction",), "fractions", "Weight fractions"),
    (("detection",), "significance", "Significance of each phase"),
)


@dataclass(frozen=True)
class Axis:
    """The coordinate of a series as it is shown: shown = factor × stored."""

    label: str
    factor: float


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the map of the patterns, the first and last fit, and the parameters by quantity."""
    data = result.to_dataset(inherit=False)
    axis = _axis(data)
    rows = tables(result).get("series", [])
    found = [_map(data, axis)] if np.unique(data["at"].values).size > 1 else []
    found.append(_ends(data, axis))
    for quantities, name, title in _GROUPS:
        mine = [row for row in rows if row["quantity"] in quantities]
        made = _parameters(mine, rows, axis, f"series-{name}", title)
        found += [made] if made is not None else []
    return found


def _axis(data: xr.Dataset) -> Axis:
    """Return the coordinate with its unit; long times in minutes or hours."""
    name, unit = str(data.attrs.get("series", "index")), str(data["at"].attrs.get("units", "1"))
    reach = float(np.max(np.abs(data["at"].values), initial=0.0))
    if unit == "s" and reach > 600:
        return Axis(f"{name} / h", 1 / 3600) if reach > 7200 else Axis(f"{name} / min", 1 / 60)
    if unit == "1":
        return Axis("pattern" if name == "index" else f"{name} (number)", 1.0)
    return Axis(f"{name} / {_UNITS.get(unit, unit)}", 1.0)


def _map(data: xr.Dataset, axis: Axis) -> Figure:
    values = np.asarray(data["intensity"].values, dtype=float)
    at = axis.factor * np.asarray(data["at"].values, dtype=float)
    x = np.asarray(data["two_theta"].values, dtype=float)
    rows, low, high = _rows(at)
    stacked = np.full((rows.size, x.size), np.nan)
    stacked[rows >= 0] = np.maximum(values[rows[rows >= 0]], 0.0)
    label = f"intensity / {data['intensity'].attrs['units']} (√ scale)"
    mark = Map(stacked, (float(x[0]), float(x[-1])), (low, high), label, "viridis", root=True)
    panel = Panel("2θ / degree", axis.label, [mark], share=1.0)
    caption = f"All {at.size} patterns over {axis.label.split(' ')[0]}, intensities as colours (√ scale)"
    caption += "; white where no pattern is near." if (rows < 0).any() else "."
    return Figure("series-map", "Patterns of the series", caption, [panel])


def _rows(at: Floats) -> tuple[NDArray[np.intp], float, float]:
    """Return the pattern nearest to each row of the map (−1: none near), and the ends of the map."""
    order = np.argsort(at, kind="stable")
    places = at[order]
    steps = np.diff(places)
    step = float(np.median(steps[steps > 0]))
    low, high = float(places[0] - step / 2), float(places[-1] + step / 2)
    even = np.allclose(steps, step, rtol=1e-6)
    count = places.size if even else int(np.clip(4 * np.ceil((high - low) / step), places.size, _ROWS))
    centres = low + (np.arange(count) + 0.5) * (high - low) / count
    nearest = np.argmin(np.abs(centres[:, None] - places[None]), axis=1)
    far = np.abs(centres - places[nearest]) > (_GAP / 2) * step
    return np.where(far, -1, order[nearest]), low, high


def _ends(data: xr.Dataset, axis: Axis) -> Figure:
    """Return the first, the middle and the last pattern with their fits."""
    order = np.argsort(data["at"].values, kind="stable")
    chosen = list(dict.fromkeys(order[[0, order.size // 2, -1]].tolist()))
    x = np.asarray(data["two_theta"].values, dtype=float)
    unit = data["intensity"].attrs["units"]
    chi = data["reduced_chi_square"].values if "reduced_chi_square" in data else np.full(order.size, np.nan)
    panels = []
    for number_, i in enumerate(chosen):
        y, fit = (
            np.maximum(np.asarray(data[name].values[i], dtype=float), 0) for name in ("intensity", "fit")
        )
        marks: list[Mark] = [
            Points(x, y, label="" if number_ else "measured", colour="data", size=1.5),
            Line(x, fit, label="" if number_ else "fit", colour="fit", width=1.0),
        ]
        at = axis.factor * float(data["at"].values[i])
        title = f"{axis.label.split(' ')[0]} {at:.4g}{_unit(axis)}"
        title += f", χ² = {float(chi[i]):.2f}" if np.isfinite(chi[i]) else ""
        limits = (0.85 * float(y.min()), 1.05 * max(float(y.max()), float(fit.max()), 1.0))
        panels.append(Panel("2θ / degree", str(unit), marks, title, y_root=True, share=0.45, ylim=limits))
    which = "first, middle and last pattern" if len(chosen) > 2 else "patterns"
    caption = f"The {which} of the series with the whole-pattern fit, on a square-root scale; "
    caption += "χ² per degree of freedom."
    return Figure("series-fits", "Fits in the series", caption, panels, share_x=True)


def _unit(axis: Axis) -> str:
    return f" {axis.label.split(' / ')[1]}" if " / " in axis.label else ""


def _parameters(
    rows: list[Record], everything: list[Record], axis: Axis, name: str, title: str
) -> Figure | None:
    """Return a panel per phase and quantity over the series, or None where nothing was measured."""
    keys = list(dict.fromkeys((str(row["subject"]), str(row["quantity"])) for row in rows))
    subjects = list(dict.fromkeys(subject for subject, _ in keys))
    panels, left_out = [], []
    patterns = {int(number(row["pattern"])) for row in everything}
    span = _span(axis.factor * numbers(rows, "at")) if rows else (0.0, 1.0)
    for subject, quantity in keys:
        mine = [row for row in rows if (row["subject"], row["quantity"]) == (subject, quantity)]
        good = [row for row in mine if row["status"] == "measured" and np.isfinite(number(row["value"]))]
        if good:
            panels.append(_panel(mine, subject, quantity, subjects.index(subject), axis, span))
        absent = patterns - {int(number(row["pattern"])) for row in mine}
        told = _left_out([row for row in mine if row not in good], absent)
        left_out += [f"{subject} {_words(quantity)} in {told}"] if told and (good or len(keys) < 40) else []
    if not panels:
        return None
    caption = f"{title} over {axis.label.split(' ')[0]}, with 95 % intervals."
    caption += f" Left out, as no value could be given: {'; '.join(left_out)}." if left_out else ""
    columns = 2 if len(panels) > 1 else 1
    return Figure(name, f"{title} over the series", caption, panels, columns=columns)


def _span(at: Floats) -> tuple[float, float]:
    low, high = float(np.min(at)), float(np.max(at))
    pad = 0.04 * (high - low) or 0.5
    return low - pad, high + pad


def _panel(
    rows: list[Record], subject: str, quantity: str, place: int, axis: Axis, span: tuple[float, float]
) -> Panel:
    """Return the values in the order of the series; refused ones break the line."""
    ordered = sorted(rows, key=lambda row: number(row["at"]))
    measured = np.array([row["status"] == "measured" for row in ordered])
    value, low, high = (
        np.where(measured, numbers(ordered, each), np.nan) for each in ("value", "low", "high")
    )
    at = axis.factor * numbers(ordered, "at")
    unit = _UNITS.get(str(ordered[0]["unit"]), str(ordered[0]["unit"]))
    marks: list[Mark] = [
        Line(at, value, colour=place, width=0.6),
        Points(at, value, colour=place, size=3.0, low=low, high=high),
    ]
    label = _words(quantity) + (f" / {unit}" if unit else "")
    return Panel(axis.label, label, marks, subject, share=0.9, xlim=span)


def _words(quantity: str) -> str:
    if quantity.startswith("lattice_"):
        return quantity.removeprefix("lattice_")
    return {"crystallite_size": "size", "detection": "significance"}.get(quantity, quantity.replace("_", " "))


def _patterns(at: list[int]) -> str:
    return f"pattern{'s' if len(set(at)) > 1 else ''} {ranges(at)}"


def _left_out(rows: list[Record], absent: set[int]) -> str:
    """Return the patterns without a value, by status; in those absent the phase was not found."""
    told = []
    for status in dict.fromkeys(str(row["status"]) for row in rows):
        at = [int(number(row["pattern"])) for row in rows if row["status"] == status]
        told.append(f"{_patterns(at)} ({status})")
    if absent:
        told.append(f"{_patterns(sorted(absent))} (not found)")
    return ", ".join(told)
