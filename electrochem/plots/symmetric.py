"""Figures of symmetric cells: critical current density, plating and stripping."""

import numpy as np
import xarray as xr

from interlayer.core.figure import Figure, Line, Mark, Panel, Points, Rule, Text
from interlayer.electrochem.plots.common import attribute, columns, number, unit


def ccd(result: xr.DataTree) -> list[Figure]:
    """Return voltage and current density against time, with the short marked."""
    time, voltage = columns(result, "trace", "time", "voltage")
    begin, duration, density = columns(result, "steps", "begin", "duration", "current_density")
    steps_t = np.ravel(np.column_stack([begin, begin, begin + duration, begin + duration]))
    steps_y = np.ravel(np.column_stack([0 * density, density, density, 0 * density]))
    marks: list[Mark] = [Line(time, voltage, "voltage", "data", 0.8)]
    short = number(result, "trace", "short_time")
    said = "no short"
    if np.isfinite(short):
        said = f"{attribute(result, 'trace', 'short')} short at {attribute(result, 'trace', 'short_level')}"
        marks.append(Rule(short, "x", said, "warning"))
    name = unit(result, "steps", "current_density")
    staircase: list[Mark] = [Line(steps_t, steps_y, "current density", "accent", 1.0)]
    staircase += _level_names(begin, duration, np.abs(density))
    return [
        Figure(
            "ccd",
            "Critical current density",
            f"Voltage and current density of a symmetric cell against time; {said}.",
            [
                Panel("time / h", "voltage / V", marks, share=1.2),
                Panel("time / h", f"current density / {name}", staircase, share=0.8),
            ],
            share_x=True,
        ),
        _resistance(result, short),
    ]


def _level_names(begin: np.ndarray, duration: np.ndarray, size: np.ndarray) -> list[Mark]:
    marks: list[Mark] = []
    for level in np.unique(size):
        first = int(np.argmax(size == level))
        marks.append(Text(float(begin[first] + 0.5 * duration[first]), float(level), f"{level:.2g}", "muted"))
    return marks


def _resistance(result: xr.DataTree, short: float) -> Figure:
    begin, resistance = columns(result, "steps", "begin", "resistance")
    marks: list[Mark] = [Points(begin, resistance, "half cycles", "accent")]
    if np.isfinite(short):
        marks.append(Rule(short, "x", "short", "warning"))
    return Figure(
        "ccd-resistance",
        "Apparent resistance of each half cycle",
        "Median of voltage over current in each half cycle; a short makes it fall.",
        [Panel("time / h", "resistance / Ω", marks)],
    )


def plating(result: xr.DataTree) -> list[Figure]:
    """Return voltage and polarisation against time, and the rate steps where there are several."""
    time, voltage = columns(result, "trace", "time", "voltage")
    begin, polarization = columns(result, "half_cycles", "begin", "polarization")
    end, why = number(result, "trace", "end_time"), attribute(result, "trace", "end")
    rule: list[Mark] = [Rule(end, "x", why, "warning")] if why else []
    main = Figure(
        "plating",
        "Plating and stripping in a symmetric cell",
        f"Voltage against time, and the time-weighted mean of |V| of each half cycle; {why or 'no short'}.",
        [
            Panel("time / h", "voltage / V", [Line(time, voltage, "", "data", 0.5), *rule]),
            Panel(
                "time / h",
                "polarisation / mV",
                [Points(begin, polarization, "", "accent", 2.0), *rule],
                share=0.7,
            ),
        ],
        share_x=True,
    )
    found = [main]
    first = (
        begin < begin[0] + 5 * max(float(np.median(np.diff(begin))), 1e-9) if begin.size > 1 else begin >= 0
    )
    shown = time <= float(begin[first][-1])
    if shown.sum() > 10:
        found.append(
            Figure(
                "plating-first",
                "First half cycles",
                "Voltage of the first half cycles against time.",
                [Panel("time / h", "voltage / V", [Line(time[shown], voltage[shown])])],
            )
        )
    density, mean, spread = columns(result, "rates", "current_density", "polarization", "polarization_stddev")
    if density.size > 1:
        name = unit(result, "rates", "current_density")
        points = Points(density, mean, "", "accent", 4.0, mean - 2 * spread, mean + 2 * spread)
        found.append(
            Figure(
                "plating-rates",
                "Polarisation against current density",
                "Mean polarisation of each stretch of one current density; bars are twice the scatter.",
                [Panel(f"current density / {name}", "polarisation / mV", [points])],
            )
        )
    return found
