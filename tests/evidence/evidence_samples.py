"""Samples made of summary rows and tables, as the techniques store them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from interlayer.core import shared
from interlayer.core.summary import Row, to_dataset
from interlayer.sample import Sample

Z95 = 1.959964


def row(
    technique: str, quantity: str, subject: str, unit: str, value: float, stddev: float = 0.0, note: str = ""
) -> Row:
    """A measured row with a symmetric interval."""
    reach = Z95 * stddev
    return Row(
        technique=technique,
        quantity=quantity,
        subject=subject,
        unit=unit,
        value=value,
        stddev=stddev,
        low=value - reach,
        high=value + reach,
        note=note,
    )


def limit(
    technique: str,
    quantity: str,
    subject: str,
    unit: str,
    high: float = math.nan,
    status: str = "not detected",
    low: float = math.nan,
) -> Row:
    return Row(
        technique=technique,
        quantity=quantity,
        subject=subject,
        unit=unit,
        status=status,
        high=high,
        low=low,
        note="for a reason",
    )


def result(
    rows: Sequence[Row],
    nodes: Mapping[str, xr.Dataset] | None = None,
    *,
    kind: str = "",
    warnings: str = "[]",
    common: Sequence[shared.Shared] = (),
) -> xr.DataTree:
    attrs = {"technique": rows[0].technique, "kind": kind, "warnings": warnings}
    parts = dict(nodes or {})
    if common:
        parts["shared"] = shared.to_dataset(common)
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **parts, "summary": to_dataset(rows)})


def texts(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def xrd(phase: str, status: str, z: float) -> xr.DataTree:
    """A pattern in which one phase was looked for."""
    node = xr.Dataset(
        {
            "phase": ("candidate", texts(phase)),
            "status": ("candidate", texts(status)),
            "significance": ("candidate", [z]),
        }
    )
    return result([limit("xrd", "detection", phase, "sigma", 4.0)], {"candidates": node})


def xps(
    line: str,
    percent: float = math.nan,
    z: float = 30.0,
    *,
    below: float = math.nan,
    energy: float = math.nan,
    published: tuple[float, float] = (395.0, 396.5),
    also: Sequence[Row] = (),
    warnings: str = "[]",
) -> xr.DataTree:
    """Spectra with one line: measured with ``percent`` at.%, or below a limit."""
    if math.isnan(percent):
        rows = [
            limit("xps", quantity, line, unit, below * factor)
            for quantity, unit, factor in (("area", "counts eV", 100), ("atomic_fraction", "at.%", 1))
        ]
        return result([*rows, *also], warnings=warnings)
    rows = [
        row("xps", "area", line, "counts eV", 100 * percent, 100 * percent / z),
        row("xps", "atomic_fraction", line, "at.%", percent, percent / z),
    ]
    if not math.isnan(energy):
        rows.append(row("xps", "binding_energy", line, "eV", energy, 0.02))
    node = xr.Dataset(
        {
            "line": ("component", texts(line)),
            "significance": ("component", [z]),
            "published_low": ("component", [published[0]]),
            "published_high": ("component", [published[1]]),
        }
    )
    return result([*rows, *also], {"components": node}, warnings=warnings)


def sample(*results: xr.DataTree, sample_id: str = "A", parent: str = "") -> Sample:
    made = Sample(sample_id, label=f"sample {sample_id}", parent=parent)
    for each in results:
        made.add(each)
    return made
