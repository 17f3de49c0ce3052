"""Cyclic voltammetry of lithium plating and stripping: peaks, nucleation overpotential, charges."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import waves
from interlayer.electrochem.common import (
    ACCURACY,
    CURRENT_GAIN_STDDEV,
    VOLTAGE_STDDEV,
    Floats,
    Given,
    Outcome,
    clock,
    column,
    decimate,
    joined,
    table_like,
)


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Find anodic peak, cathodic overpotential and charges of every cycle; the last one is the headline."""
    outcome = Outcome()
    raw = joined(raws, outcome.warnings)
    voltage, current = column(raw, "voltage", "cv"), column(raw, "current", "cv")
    time = clock(raw, outcome.warnings)
    found = waves.sweeps(time, voltage)
    if not found:
        raise AnalysisError(
            "no sweep of the potential was found", expected="a voltage that rises and falls steadily"
        )
    cycles = [waves.measure(n + 1, pair, time, voltage, current) for n, pair in enumerate(waves.pairs(found))]
    rows = Rows("electrochem", origin(raws))
    outcome.rows += _rows(rows, cycles)
    outcome.nodes["trace"] = _curves(found, voltage, current)
    outcome.nodes["cycles"] = _table(cycles)
    scan = _scan_rates(cycles)
    if scan is not None:
        outcome.nodes["scan_rates"] = scan
    outcome.steps += [
        f"{len(found)} sweeps ({len(cycles)} cycles) were found from the turning points of the potential.",
        "Anodic peak: parabola through its top above the level "
        "after the peak. Cathodic overpotential: the flank "
        f"between {waves.FLANK[0]:.0%} and {waves.FLANK[1]:.0%} of the "
        "largest cathodic current, extrapolated to the baseline.",
    ]
    return outcome


def _rows(rows: Rows, cycles: Sequence[waves.Cycle]) -> list[Row]:
    found: list[Row] = []
    method = (
        f"last of {len(cycles)} cycles, above the level after the "
        f"peak; noise, change from the cycle before; {ACCURACY}"
    )
    values = [(c.peak_current, c.peak_current_stddev) for c in cycles]
    found += _quantity(rows, "anodic_peak_current", "A", cycles, values, CURRENT_GAIN_STDDEV, 0.0, method)
    method = (
        f"last of {len(cycles)} cycles, flank extrapolated to the "
        f"baseline; noise, change from the cycle before; {ACCURACY}"
    )
    values = [(c.overpotential, c.overpotential_stddev) for c in cycles]
    found += _quantity(rows, "cathodic_overpotential", "V", cycles, values, 0.0, VOLTAGE_STDDEV, method)
    return found


def _quantity(
    rows: Rows,
    quantity: str,
    unit: str,
    cycles: Sequence[waves.Cycle],
    values: Sequence[tuple[float, float]],
    gain: float,
    offset: float,
    method: str,
) -> list[Row]:
    """Return the headline row (the last cycle that has the feature) and one row per cycle."""
    good = [
        (c.number, value, stddev)
        for c, (value, stddev) in zip(cycles, values, strict=True)
        if value > 3 * stddev
    ]
    if not good:
        return [rows.absent("not detected", quantity, "", unit, method, "no such wave above the noise")]
    found: list[Row] = []
    for place, (number, value, stddev) in enumerate(good):
        # the last two cycles say how well a cycle repeats itself; earlier ones may still activate
        change = abs(good[-1][1] - good[-2][1]) / np.sqrt(2.0) if len(good) > 1 else 0.0
        total = float(np.sqrt(stddev**2 + (gain * value) ** 2 + offset**2 + change**2))
        if place == len(good) - 1:
            found.insert(0, rows.measured(quantity, "", from_stddev(value, total), unit, method))
        own = float(np.sqrt(stddev**2 + (gain * value) ** 2 + offset**2))
        found.append(
            rows.measured(
                quantity,
                f"cycle {number}",
                from_stddev(value, own),
                unit,
                method.split(";")[0].replace("last of", "one of"),
            )
        )
    return found


def _table(cycles: Sequence[waves.Cycle]) -> xr.Dataset:
    def of(name: str) -> Floats:
        return np.array([getattr(c, name) for c in cycles], dtype=np.float64)

    plated, stripped = of("plated"), of("stripped")
    with np.errstate(divide="ignore", invalid="ignore"):
        efficiency = np.where(plated > 0, 100 * stripped / plated, np.nan)
    return table_like(
        "cycle",
        {
            "number": (np.array([c.number for c in cycles]), "1", "cycle"),
            "scan_rate": (of("rate") * 1e3, "mV/s", "scan rate"),
            "anodic_peak_current": (of("peak_current"), "A", "anodic peak current above the baseline"),
            "anodic_peak_current_stddev": (of("peak_current_stddev"), "A", "its standard deviation (noise)"),
            "anodic_peak_potential": (of("peak_potential"), "V", "potential of the anodic peak"),
            "cathodic_overpotential": (of("overpotential"), "V", "onset of plating below 0 V"),
            "cathodic_overpotential_stddev": (
                of("overpotential_stddev"),
                "V",
                "its standard deviation (noise)",
            ),
            "plated": (plated, "Ah", "cathodic charge"),
            "stripped": (stripped, "Ah", "anodic charge"),
            "efficiency": (efficiency, "%", "anodic over cathodic charge"),
        },
        role="table",
    )


def _scan_rates(cycles: Sequence[waves.Cycle]) -> xr.Dataset | None:
    """Return peak current against √(scan rate) with its regression, when there are several scan rates."""
    rate = np.array([c.rate for c in cycles])
    peak = np.array([c.peak_current for c in cycles])
    good = np.isfinite(rate) & np.isfinite(peak) & (peak > 0)
    if good.sum() < 3 or np.ptp(np.log(rate[good])) < np.log(1.5):
        return None
    root = np.sqrt(rate[good])
    slope = np.polyfit(root, peak[good], 1)
    exponent = np.polyfit(np.log(rate[good]), np.log(peak[good]), 1)[0]
    found = table_like(
        "cycle",
        {
            "scan_rate": (rate[good] * 1e3, "mV/s", "scan rate"),
            "anodic_peak_current": (peak[good], "A", "anodic peak current"),
            "fit": (np.polyval(slope, root), "A", "line in the root of the scan rate"),
        },
        role="table",
    )
    found.attrs["exponent"] = float(exponent)
    return found


def _curves(found: Sequence[waves.Sweep], voltage: Floats, current: Floats) -> xr.Dataset:
    """Return the voltammogram for plots, NaN between sweeps that do not join."""
    number = np.zeros(voltage.size, dtype=np.int32)
    for place, sweep in enumerate(found):
        number[sweep.rows] = place // 2 + 1
    keep = decimate(np.arange(voltage.size, dtype=np.float64), current, voltage)
    return table_like(
        "point",
        {
            "voltage": (voltage[keep], "V", "potential"),
            "current": (current[keep], "A", "current, positive = oxidation"),
            "cycle": (number[keep], "1", "cycle"),
        },
    )
