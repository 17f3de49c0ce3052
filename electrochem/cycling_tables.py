"""Tables and curves of cycling: one row per cycle, charge and discharge curves, dQ/dV."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.electrochem.common import Floats, noise, table_like, texts
from interlayer.electrochem.cycles import Cycles, efficiency
from interlayer.electrochem.halves import Half

_SHOWN = 6
_CURVE_POINTS = 300
#: intervals of the voltage for dQ/dV, at most; they are no narrower than this many times the noise
_INTERVALS = 200
_NOISES = 4.0
#: rows times intervals that are compared at once
_MOST = 1_000_000


def summary(
    cycles: Cycles, rates: Floats, names: Sequence[str], mass: float, reference: int, *, half_cell: bool
) -> xr.Dataset:
    """Return one row per cycle: capacities, efficiencies, retention, current and rate."""
    scale, unit = (1e3 / mass, "mAh/g") if np.isfinite(mass) else (1e3, "mAh")
    with np.errstate(divide="ignore", invalid="ignore"):
        energy = 100 * cycles.energy_discharge / cycles.energy_charge
        energy = 1e4 / energy if half_cell else energy
    return table_like(
        "cycle",
        {
            "number": (cycles.number, "1", "cycle"),
            "charge_capacity": (cycles.charge * scale, unit, "charge capacity"),
            "discharge_capacity": (cycles.discharge * scale, unit, "discharge capacity"),
            "coulombic_efficiency": (
                efficiency(cycles, half_cell=half_cell),
                "%",
                "coulombic efficiency",
            ),
            "energy_efficiency": (energy, "%", "energy efficiency"),
            "retention": (
                100 * cycles.discharge / cycles.discharge[reference],
                "%",
                "of the reference cycle",
            ),
            "discharge_current": (cycles.discharge_current * 1e3, "mA", "discharge current"),
            "rate": (rates, "1", "discharge current over 1C"),
            "rate_name": (texts(list(names)), "1", "C-rate"),
        },
        role="table",
    )


def curves(cycles: Cycles, voltage: Floats, running: Floats, mass: float) -> xr.Dataset:
    """Return charge and discharge curves of a few cycles: first of each rate, or spread over the life."""
    scale, unit = (1e3 / mass, "mAh/g") if np.isfinite(mass) else (1e3, "mAh")
    parts: list[tuple[int, int, Floats, Floats]] = []
    for k in _chosen(cycles):
        for half in (cycles.charge_half[k], cycles.discharge_half[k]):
            if half is None:
                continue
            rows = np.concatenate([np.arange(part.first, part.last + 1) for part in half.parts])
            keep = rows[np.unique(np.linspace(0, rows.size - 1, _CURVE_POINTS).astype(np.intp))]
            parts.append((int(cycles.number[k]), half.sign, running[keep] * scale, voltage[keep]))
    return table_like(
        "point",
        {
            "capacity": (np.concatenate([p[2] for p in parts]), unit, "capacity of the half cycle"),
            "voltage": (np.concatenate([p[3] for p in parts]), "V", "voltage"),
            "cycle": (np.concatenate([np.full(p[2].size, p[0]) for p in parts]), "1", "cycle"),
            "direction": (
                np.concatenate([np.full(p[2].size, p[1]) for p in parts]),
                "1",
                "1 charge, -1 discharge",
            ),
        },
    )


def _chosen(cycles: Cycles) -> NDArray[np.intp]:
    """Return the cycles that curves are kept of: the first of each rate, or spread over the life."""
    known = np.flatnonzero(np.isfinite(cycles.discharge) & np.isfinite(cycles.charge))
    if known.size == 0:
        known = np.flatnonzero(np.isfinite(cycles.discharge))
    current = np.round(np.log(np.maximum(cycles.discharge_current[known], 1e-15)), 1)
    firsts = known[np.sort(np.unique(current, return_index=True)[1])]
    spread = known[np.unique(np.linspace(0, known.size - 1, _SHOWN).astype(np.intp))]
    chosen = firsts if firsts.size > 2 else np.unique(np.concatenate([firsts, spread]))
    return chosen[:8]


def differential(cycles: Cycles, voltage: Floats, running: Floats, mass: float) -> xr.Dataset | None:
    """Return dQ/dV of the chosen cycles, or None when no half cycle has enough rows."""
    scale, unit = (1e3 / mass, "mAh/g/V") if np.isfinite(mass) else (1e3, "mAh/V")
    parts: list[tuple[int, int, Floats, Floats]] = []
    for k in _chosen(cycles):
        for half in (cycles.charge_half[k], cycles.discharge_half[k]):
            found = None if half is None else charge_per_volt(half, voltage, running)
            if half is not None and found is not None:
                parts.append((int(cycles.number[k]), half.sign, found[0], found[1] * scale))
    if not parts:
        return None
    return table_like(
        "point",
        {
            "voltage": (np.concatenate([p[2] for p in parts]), "V", "middle of the interval of the voltage"),
            "charge_per_volt": (np.concatenate([p[3] for p in parts]), unit, "dQ/dV"),
            "cycle": (np.concatenate([np.full(p[2].size, p[0]) for p in parts]), "1", "cycle"),
            "direction": (
                np.concatenate([np.full(p[2].size, p[1]) for p in parts]),
                "1",
                "1 charge, -1 discharge",
            ),
        },
    )


def charge_per_volt(half: Half, voltage: Floats, running: Floats) -> tuple[Floats, Floats] | None:
    """Return voltages and dQ/dV (Ah/V, positive) of one half cycle; None below 20 rows.

    The charge between two rows is spread evenly over the voltages between them and counted per interval: no
    derivative of noise is taken, and the sum over all intervals is the capacity.
    """
    rows = np.concatenate([np.arange(part.first, part.last + 1) for part in half.parts])
    v, q = voltage[rows], running[rows]
    span = float(np.ptp(v))
    if rows.size < 20 or span <= 0:
        return None
    width = max(span / _INTERVALS, _NOISES * noise(v))
    count = max(int(np.ceil(span / width)), 5)
    edges = np.linspace(v.min(), v.max(), count + 1)
    keep = np.unique(np.linspace(0, rows.size - 1, min(rows.size, _MOST // count)).astype(np.intp))
    v, charge = v[keep], np.abs(np.diff(q[keep]))
    low, high = np.minimum(v[:-1], v[1:]), np.maximum(v[:-1], v[1:])
    high = np.maximum(high, low + 1e-9 * span)
    # the charge below each edge: of every pair of rows the share of its voltages that lies below
    below = np.clip((edges[:, None] - low) / (high - low), 0.0, 1.0) @ charge
    return 0.5 * (edges[1:] + edges[:-1]), np.diff(below) / np.diff(edges)
