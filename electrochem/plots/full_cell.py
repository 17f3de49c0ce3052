"""Figures of full and half cells: capacity and efficiency against cycle, charge and discharge curves."""

import numpy as np
import xarray as xr

from interlayer.core.figure import Figure, Line, Mark, Panel, Points, Rule, Text
from interlayer.electrochem.plots.common import columns, number, unit


def cycling(result: xr.DataTree) -> list[Figure]:
    """Return life or rate plot with the efficiency below, charge–discharge curves, and dQ/dV."""
    found = [_life(result), _curves(result)]
    return [*found, _differential(result)] if "differential" in result else found


def _differential(result: xr.DataTree) -> Figure:
    voltage, slope, cycle, direction = columns(
        result, "differential", "voltage", "charge_per_volt", "cycle", "direction"
    )
    marks: list[Mark] = []
    for place, number_ in enumerate(np.unique(cycle).astype(int)):
        for sign in (1, -1):
            rows = (cycle == number_) & (direction == sign)
            if rows.any():
                label = f"cycle {number_}" if sign > 0 or not (cycle[direction > 0] == number_).any() else ""
                marks.append(Line(voltage[rows], sign * slope[rows], label, place, 1.0))
    specific = unit(result, "differential", "charge_per_volt").endswith("/g/V")
    name = "mAh g⁻¹ V⁻¹" if specific else "mAh V⁻¹"
    return Figure(
        "cycling-differential",
        "Differential capacity",
        "Charge per volt against voltage for a few cycles: charge upwards, discharge downwards.",
        [
            Panel(
                "voltage / V",
                f"dQ/dV / {name}",
                marks,
            )
        ],
    )


def _life(result: xr.DataTree) -> Figure:
    cycle, charge, discharge, efficiency = columns(
        result, "cycles", "number", "charge_capacity", "discharge_capacity", "coulombic_efficiency"
    )
    size = 4.0 if cycle.size < 100 else 2.0
    marks: list[Mark] = [
        Points(cycle, charge, "charge", 1, size),
        Points(cycle, discharge, "discharge", 0, size),
        Rule(
            number(result, "cycles", "reference_cycle") + float(cycle[0]), "x", "reference of the retention"
        ),
    ]
    marks += _rate_names(result, cycle, discharge)
    good = efficiency[np.isfinite(efficiency)]
    low = float(np.quantile(good, 0.02)) if good.size else 90.0
    span = max(100.5 - low, 1.0)
    name = unit(result, "cycles", "discharge_capacity")
    return Figure(
        "cycling",
        "Capacity and coulombic efficiency",
        "Charge and discharge capacity of every cycle, and the coulombic efficiency below.",
        [
            Panel("cycle", f"capacity / {name}", marks, share=1.2),
            Panel(
                "cycle",
                "efficiency / %",
                [Points(cycle, efficiency, "", "good", size)],
                share=0.6,
                ylim=(low - 0.2 * span, max(100.0, float(good.max()) if good.size else 100.0) + 0.2 * span),
            ),
        ],
        share_x=True,
    )


def _rate_names(result: xr.DataTree, cycle: np.ndarray, discharge: np.ndarray) -> list[Mark]:
    names = [str(name) for name in result["cycles"].to_dataset()["rate_name"].values]
    firsts = [k for k, name in enumerate(names) if name and (k == 0 or names[k - 1] != name)]
    if not 1 < len(firsts) <= 20:
        return []
    ends = [*firsts[1:], len(names)]
    return [
        Text(float(cycle[a:b].mean()), float(np.nanmax(discharge[a:b])) * 1.01, names[a])
        for a, b in zip(firsts, ends, strict=True)
        if np.isfinite(discharge[a:b]).any()
    ]


def _curves(result: xr.DataTree) -> Figure:
    capacity, voltage, cycle, direction = columns(
        result, "curves", "capacity", "voltage", "cycle", "direction"
    )
    rates = {
        int(n): str(name)
        for n, name in zip(
            result["cycles"].to_dataset()["number"].values,
            result["cycles"].to_dataset()["rate_name"].values,
            strict=True,
        )
    }
    marks: list[Mark] = []
    for place, number_ in enumerate(np.unique(cycle).astype(int)):
        for sign in (1, -1):
            rows = (cycle == number_) & (direction == sign)
            rate = f", {rates[number_]}" if rates.get(number_) else ""
            label = (
                f"cycle {number_}{rate}"
                if sign < 0 or not ((cycle == number_) & (direction == -1)).any()
                else ""
            )
            if rows.any():
                marks.append(Line(capacity[rows], voltage[rows], label, place))
    return Figure(
        "cycling-curves",
        "Charge and discharge curves",
        "Voltage against the capacity of the half cycle for a few cycles.",
        [Panel(f"capacity / {unit(result, 'curves', 'capacity')}", "voltage / V", marks)],
    )
