"""Critical current density: the last step that a symmetric cell survived, and the first that shorted it."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from interlayer.core.intervals import Interval
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import segments, shorts, symmetric
from interlayer.electrochem.common import Given, Outcome, area_warnings, joined, table_like, texts, trace

_QUANTITY = "critical_current_density"


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Find the critical current density of a staircase of current densities."""
    outcome = Outcome(warnings=area_warnings(raws, given))
    run = symmetric.load(joined(raws, outcome.warnings), "ccd", outcome.warnings)
    area = given.size("area")
    density = symmetric.levels(symmetric.densities(run, area))
    short = shorts.first_short(run.halves, same_level=False)
    limit = given.number("voltage_limit")
    over = _over_limit(run, limit)
    if over is not None and (short is None or over < short.index):
        short = shorts.Short(
            over, run.halves[over].segment.begin, run.halves[over].segment.end, np.nan, "limit"
        )
    rows = Rows("electrochem", origin(raws))
    outcome.rows.append(_row(rows, run, density, short, given))
    outcome.nodes["trace"] = trace(run.time - run.origin, run.voltage, run.current)
    outcome.nodes["steps"] = _table(run, density, short, area)
    outcome.nodes["trace"].attrs |= _marks(run, short, density, area)
    outcome.steps += [
        f"{len(run.halves)} half cycles at {np.unique(density).size} "
        "current densities were found from the current.",
        "A short is a sudden drop of |V|/|I| within a half cycle, or from one to the next, that lasts; "
        "hard when less than 30 % is left for good, else soft. Averages are by time.",
    ]
    return outcome


def _over_limit(run: symmetric.Run, limit: float) -> int | None:
    if not np.isfinite(limit):
        return None
    for index, half in enumerate(run.halves):
        if np.max(np.abs(run.voltage[half.segment.rows])) >= limit:
            return index
    return None


def _row(
    rows: Rows,
    run: symmetric.Run,
    density: np.ndarray[tuple[int], np.dtype[np.float64]],
    short: shorts.Short | None,
    given: Given,
) -> Row:
    area = given.size("area")
    half = run.halves[0].segment
    capacity = max(abs(each.segment.current) * each.segment.duration for each in run.halves) / 3.6
    history = f"steps of {half.duration / 3600:.2g} h per half cycle, up to {capacity:.3g} mAh"
    if not np.isfinite(area):
        seen = density[short.index] if short else density.max()
        what = f"first failed at {seen:.3g} mA" if short else f"no short up to {seen:.3g} mA"
        return rows.absent(
            "not determined",
            _QUANTITY,
            "cell",
            "mA/cm^2",
            f"staircase, {history}",
            f"No area is given, so there is no mA/cm^2; {what}. Give area.",
        )
    if short is None:
        return rows.limit(
            "lower",
            _QUANTITY,
            "cell",
            float(density.max()),
            "mA/cm^2",
            f"staircase, {history}",
            "No short up to the highest step.",
        )
    failed = float(density[short.index])
    survived = density[: short.index][density[: short.index] < failed * 0.99]
    note = (
        f"{short.kind} short at {failed:.3g} mA/cm^2, "
        f"{(short.after - run.origin) / 3600:.2f} h after the start"
    )
    if survived.size == 0:
        return rows.limit("upper", _QUANTITY, "cell", failed, "mA/cm^2", f"staircase, {history}", note)
    last = float(survived.max())
    interval = Interval(last, (failed - last) / np.sqrt(12.0), last, failed)
    area_stddev = given.number("area_stddev")
    if np.isfinite(area_stddev):
        interval = interval.with_systematic(last * area_stddev / area)
    method = f"last step survived; interval from it to the first failed step; {history}"
    return rows.measured(_QUANTITY, "cell", interval, "mA/cm^2", method, note)


def _table(
    run: symmetric.Run,
    density: np.ndarray[tuple[int], np.dtype[np.float64]],
    short: shorts.Short | None,
    area: float,
) -> xr.Dataset:
    size = np.abs(run.voltage)
    verdict = [
        "survived"
        if short is None or k < short.index
        else (f"{short.kind} short" if k == short.index else "after")
        for k in range(len(run.halves))
    ]
    common = symmetric.columns(run, density, area)
    return table_like(
        "half_cycle",
        {
            "begin": common["begin"],
            "duration": common["duration"],
            "current_density": common["current_density"],
            "mean_voltage": (
                np.array([segments.mean(run.time, size, half.segment, 0.1) * 1e3 for half in run.halves]),
                "mV",
                "time-weighted mean of |V| after the first tenth",
            ),
            "resistance": (np.array([half.level for half in run.halves]), "ohm", "median of V/I"),
            "capacity": common["capacity"],
            "verdict": (texts(verdict), "1", "survived, short, or after it"),
        },
        role="table",
    )


def _marks(
    run: symmetric.Run,
    short: shorts.Short | None,
    density: np.ndarray[tuple[int], np.dtype[np.float64]],
    area: float,
) -> dict[str, str | float]:
    if short is None:
        return {"short": ""}
    return {
        "short": short.kind,
        "short_time": (0.5 * (short.before + short.after) - run.origin) / 3600,
        "short_level": symmetric.name(float(density[short.index]), area),
    }
