"""The one tidy Dataset that every reader ends in."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError

Floats = NDArray[np.float64]

#: unit and long name of every variable
VARIABLES: dict[str, tuple[str, str]] = {
    "time": ("s", "time since the start of the test"),
    "step_time": ("s", "time since the start of the step"),
    "voltage": ("V", "cell voltage, or potential of the working electrode"),
    "current": ("A", "current, positive = charge (oxidation of the working electrode)"),
    "capacity": ("Ah", "capacity as the instrument counts it"),
    "charge_capacity": ("Ah", "charge capacity as the instrument counts it"),
    "discharge_capacity": ("Ah", "discharge capacity as the instrument counts it"),
    "specific_capacity": ("mAh/g", "specific capacity as the instrument states it"),
    "energy": ("Wh", "energy as the instrument counts it"),
    "temperature": ("degC", "temperature"),
    "step": ("1", "step number"),
    "cycle": ("1", "cycle number as the instrument counts it"),
    "mode": ("1", "1 current controlled, 2 potential controlled, 3 rest"),
    "frequency": ("Hz", "frequency"),
    "z_re": ("ohm", "real part of the impedance"),
    "z_im": ("ohm", "imaginary part of the impedance"),
    "sweep": ("1", "number of the frequency sweep, from 1"),
}
INTEGERS = ("step", "cycle", "mode", "sweep")


def dataset(
    values: Mapping[str, NDArray[np.generic]],
    metadata: Mapping[str, str | float | int] | None = None,
    warnings: Sequence[str] = (),
) -> xr.Dataset:
    """Return the tidy Dataset of columns that are already in the units of `VARIABLES`.

    Raises
    ------
    ReadError
        When there is no row at all.
    """
    if not values or min(column.size for column in values.values()) == 0:
        raise ReadError("the file holds no data row", advice="Was the measurement stopped before it began?")
    data, notes = {}, list(warnings)
    for name, column in values.items():
        unit, long_name = VARIABLES[name]
        if name not in INTEGERS and not all_finite(column) and np.isinf(column).any():
            notes.append(f"{int(np.isinf(column).sum())} infinite values of {name} are taken as missing.")
            column = np.where(np.isinf(column), np.nan, column)
        kind = np.int32 if name in INTEGERS else np.float64
        data[name] = ("point", np.asarray(column, dtype=kind), {"units": unit, "long_name": long_name})
    found = xr.Dataset(data)
    found.attrs = {**(metadata or {}), "warnings": json.dumps(notes)}
    return found


def sweeps(frequency: Floats) -> NDArray[np.int64]:
    """Return the sweep number (from 1) of each point: a new one begins where the frequency jumps back.

    Within a sweep the frequency moves one way (small reversals of a multi-sine grid are allowed).

    Examples
    --------
    >>> sweeps(np.array([100.0, 10.0, 1.0, 100.0, 10.0, 1.0])).tolist()
    [1, 1, 1, 2, 2, 2]
    """
    if frequency.size < 2:
        return np.ones(frequency.size, dtype=np.int64)
    step = np.diff(np.log(np.maximum(frequency, 1e-12)))
    direction = np.sign(np.median(step)) or 1.0
    back = (-direction * step) > max(1.5 * float(np.median(np.abs(step))), np.log(3.0))
    return np.concatenate([[1], 1 + np.cumsum(back)])


def impedance(
    frequency: Floats,
    z: NDArray[np.complex128],
    extra: Mapping[str, NDArray[np.generic]] | None = None,
    metadata: Mapping[str, str | float | int] | None = None,
    warnings: Sequence[str] = (),
) -> xr.Dataset:
    """Return the tidy Dataset of spectra; rows without a frequency (rests) or Z are left out."""
    good = (frequency > 0) & np.isfinite(frequency) & np.isfinite(z.real) & np.isfinite(z.imag)
    notes = list(warnings)
    if not good.all():
        notes.append(f"{int((~good).sum())} rows have no frequency (rest points) and are left out.")
    if not good.any():
        raise ReadError("no row holds an impedance", expected="frequencies above 0 Hz and finite Z")
    f = frequency[good]
    values: dict[str, NDArray[np.generic]] = {"frequency": f, "z_re": z.real[good], "z_im": z.imag[good]}
    values |= {name: np.asarray(column)[good] for name, column in (extra or {}).items()}
    values.setdefault("sweep", sweeps(f))
    return dataset(values, metadata, notes)


def all_finite(column: NDArray[np.generic]) -> bool:
    """Return True when every value is finite: then, and only then, their sum is (no array is made)."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.sum(column)) or np.all(np.isfinite(column)))


def check_finite(values: Mapping[str, NDArray[np.generic]], first_line: int = 1) -> None:
    """Raise a `ReadError` that names the first value which is not a finite number.

    Parameters
    ----------
    first_line
        Line of the file that holds the first row.
    """
    for name, column in values.items():
        if not all_finite(column):
            bad = ~np.isfinite(column.astype(np.float64))
            row = int(np.argmax(bad))
            last = " (the last row: the file is truncated)" if row == column.size - 1 else ""
            raise ReadError(
                f"{name} is not a finite number in {int(bad.sum())} rows, first in data row {row + 1}{last}",
                expected="a number in every row",
                found=repr(float(column[row])),
                advice=f"Look at line {row + first_line} of the file; export it again or remove the rows.",
            )
