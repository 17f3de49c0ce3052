"""Rows of named columns (from text or sheets) to the tidy Dataset: times, modes, units, signs, defects."""

import re
from collections.abc import Mapping
from typing import cast

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.electrochem.readers import tidy
from interlayer.electrochem.readers.columns import Column

Floats = NDArray[np.float64]
#: a column as it was parsed
Values = pl.Series | NDArray[np.generic]
_CLOCK = re.compile(r"^\s*(?:(\d+)[-d ]+)?(\d+):(\d+):(\d+(?:\.\d+)?)\s*$")
_NO_UNIT_NEEDED = ("step", "cycle", "state", "record", "frequency", "z_re", "z_im", "z_im_negative")
#: beginnings or parts of step names, in Chinese and English
_REST = ("rest", "搁置", "静置", "静止", "休眠", "ocv", "pause", "r")
_DISCHARGE = r"dchg|discharge|放电|^d_|^dis|dch$|^d$"


def build(
    series: dict[str, Values],
    found: Mapping[str, Column],
    metadata: Mapping[str, str | float | int],
    *,
    first_line: int = 1,
    warnings: tuple[str, ...] = (),
    scan_rate: float | None = None,
) -> xr.Dataset:
    """Return the tidy Dataset of columns by field.

    Parameters
    ----------
    series
        Emptied column by column, so that a long file is not held twice.
    scan_rate
        In V/s: gives the time of a voltammogram that has none.

    Raises
    ------
    ReadError
        When a needed value is missing or not finite (column and row named), or cycles are missing.
    """
    notes = list(warnings)
    kept = _drop_headings(series, notes)
    series.clear()
    state = kept.pop("state", None)
    values = {name: _scaled(kept.pop(name), found[name]) for name in list(kept)}
    values.pop("record", None)
    silent = [
        c.name for c in found.values() if not c.stated and c.field in ("current", "capacity") and _plain(c)
    ]
    if silent:
        notes.append(f"No unit is stated for {', '.join(silent)}: taken as A and Ah.")
    if "frequency" in values:
        return _spectra(values, metadata, notes)
    if "time" not in values and "step_time" in values:
        values["time"] = _from_step_time(values["step_time"])
    if "time" not in values and scan_rate:
        path = np.abs(np.diff(values["voltage"], prepend=values["voltage"][:1]))
        values["time"] = np.cumsum(path) / scan_rate
        notes.append(f"The file holds no time: it is from the scan rate of {scan_rate:g} V/s.")
    essential: dict[str, NDArray[np.generic]] = {
        name: values[name] for name in ("time", "voltage", "current") if name in values
    }
    tidy.check_finite(essential, first_line)
    _settle(values, state, notes)
    _check_cycles(values.get("cycle"))
    return tidy.dataset(_filled(values, notes), metadata, notes)


def _scaled(series: Values, column: Column) -> Floats:
    values = cast("Floats", series) if isinstance(series, np.ndarray) else _numbers(series, column.field)
    if column.factor != 1.0:
        values = np.multiply(values, column.factor, out=values if values.flags.writeable else None)
    return values


def _plain(column: Column) -> bool:
    return column.name.strip().lower() not in ("amps", "ampere", "amp-hr")


def _drop_headings(series: Mapping[str, Values], notes: list[str]) -> dict[str, Values]:
    """Leave out rows in which no needed column is a number: step headings and repeated name lines."""
    needed = [each for name, each in series.items() if name in ("voltage", "current", "frequency", "z_re")]
    heading = np.ones(len(needed[0]), dtype=bool) if needed else np.zeros(0, dtype=bool)
    for each in needed:
        if isinstance(each, np.ndarray) or each.dtype.is_numeric():
            return dict(series)
        heading &= each.cast(pl.String).str.contains(r"[^\d.,eE+\-\s]").fill_null(False).to_numpy()
        heading &= (
            ~each.cast(pl.String)
            .str.to_lowercase()
            .is_in(["nan", "inf", "-inf", "+inf"])
            .fill_null(False)
            .to_numpy()
        )
    if not heading.any():
        return dict(series)
    if heading.all():
        raise ReadError("no row holds numbers below the column names")
    notes.append(f"{int(heading.sum())} heading lines between the rows were left out.")
    mask = pl.Series(~heading)
    return {
        name: each[~heading] if isinstance(each, np.ndarray) else each.filter(mask)
        for name, each in series.items()
    }


def _numbers(series: pl.Series, field: str) -> Floats:
    if series.dtype.is_numeric():
        return np.asarray(series.cast(pl.Float64).to_numpy(), dtype=np.float64)
    if series.dtype.is_temporal():
        return (
            np.asarray(series.dt.total_seconds().to_numpy(), dtype=np.float64)
            if series.dtype == pl.Duration
            else np.full(len(series), np.nan)
        )
    text = series.cast(pl.String).str.strip_chars()
    if field in ("time", "step_time", "any_time") and text.head(5).str.contains(":").any():
        return np.array([_seconds(each) for each in text.to_list()])
    number = text.cast(pl.Float64, strict=False)
    if number.null_count() > text.null_count() and text.str.contains(r"^-?\d{1,3}(,\d{3})+\.").any():
        text = text.str.replace_all(",", "", literal=True)  # thousands, as Maccor writes them
        number = text.cast(pl.Float64, strict=False)
    if number.null_count() > text.null_count():
        number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    return np.asarray(number.to_numpy(), dtype=np.float64)


def _seconds(text: str | None) -> float:
    """Return the seconds of ``h:mm:ss``, ``d-hh:mm:ss`` or a plain number."""
    match = _CLOCK.match(text or "")
    if match is None:
        try:
            return float(text or "nan")
        except ValueError:
            return float("nan")
    day, hour, minute, second = match.groups()
    return int(day or 0) * 86400.0 + int(hour) * 3600.0 + int(minute) * 60.0 + float(second)


def _from_step_time(step_time: Floats) -> Floats:
    """Return a running time from the time within each step."""
    step = np.diff(step_time, prepend=step_time[:1])
    return np.asarray(np.cumsum(np.where(step < 0, step_time, step)), dtype=np.float64)


def _spectra(
    values: dict[str, Floats], metadata: Mapping[str, str | float | int], notes: list[str]
) -> xr.Dataset:
    imaginary = values["z_im"] if "z_im" in values else -values["z_im_negative"]
    shared = {name: values[name] for name in ("time", "voltage", "current") if name in values}
    extra: dict[str, NDArray[np.generic]] = dict(shared.items())
    tidy.check_finite({"frequency": values["frequency"], "z_re": values["z_re"], "z_im": imaginary})
    if np.mean(imaginary > 0) > 0.8 and "z_im" in values:
        notes.append("Im Z is positive at most frequencies: the file may hold −Im Z under the name of Im Z.")
    z = np.asarray(values["z_re"] + 1j * imaginary, dtype=np.complex128)
    return tidy.impedance(values["frequency"], z, extra, metadata, notes)


def _settle(values: dict[str, Floats], state: Values | None, notes: list[str]) -> None:
    """Settle the signs by the step type, where it says so, and the mode."""
    if not isinstance(state, pl.Series) or state.dtype != pl.String:
        return
    names = state.fill_null("").str.to_lowercase().str.strip_chars()
    # Maccor's S is the last point of a step: it goes on like the row before
    names = pl.select(pl.when(names == "s").then(None).otherwise(names).forward_fill()).to_series()
    names = names.fill_null("")
    discharge = np.asarray(names.str.contains(_DISCHARGE), dtype=bool)
    rest = np.asarray(names.is_in(list(_REST)) | names.str.contains("rest|搁置|静置"), dtype=bool)
    constant_voltage = np.asarray(
        names.str.contains(r"cv|恒压") & ~names.str.contains("cccv|恒流恒压"), dtype=bool
    )
    values["mode"] = np.where(rest, 3, np.where(constant_voltage, 2, 1)).astype(np.float64)
    current = values.get("current")
    if current is not None and discharge.any() and np.all(current >= 0) and np.any(current[discharge] > 0):
        values["current"] = np.where(discharge, -current, current)
        notes.append("The file states the current without sign: discharge was made negative.")


def _check_cycles(cycle: Floats | None) -> None:
    """Refuse a table from which whole cycles are missing: every later number would be off by them."""
    if cycle is None or cycle.size == 0:
        return
    starts = np.append(0, np.flatnonzero(cycle[1:] != cycle[:-1]) + 1)
    firsts = cycle[starts]
    numbers = np.unique(firsts[np.isfinite(firsts)]).astype(np.int64)
    gaps = np.diff(numbers)
    if numbers.size > 1 and gaps.max() > 1:
        at = int(np.argmax(gaps > 1))
        raise ReadError(
            f"cycle {numbers[at] + 1} is missing",
            expected=f"every cycle from {numbers[0]} to {numbers[-1]}",
            found=f"cycle {numbers[at]} followed by cycle {numbers[at + 1]}",
            advice="Export the whole test again.",
        )


def _filled(values: dict[str, Floats], notes: list[str]) -> dict[str, NDArray[np.generic]]:
    """Drop optional columns that are not usable; integers need every value."""
    kept: dict[str, NDArray[np.generic]] = {}
    for name, column in values.items():
        if name not in tidy.VARIABLES:
            continue
        if tidy.all_finite(column):
            kept[name] = column
            continue
        finite = np.isfinite(column)
        if name in tidy.INTEGERS and not finite.all():
            if finite.mean() > 0.5 and not finite[-1]:
                raise ReadError(f"the last row is incomplete (no {name}): the file is truncated")
            notes.append(f"The column for {name} is incomplete and was left out.")
            continue
        if not finite[-1] and finite.mean() > 0.5:
            raise ReadError(
                f"the last row is incomplete (no {name}): the file is truncated", advice="Export it again."
            )
        kept[name] = column
    return kept
