"""What `.mpr` and `.mpt` share: EC-Lab's columns to the tidy Dataset, units and signs settled."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.electrochem.readers import tidy

Columns = Mapping[str, NDArray[np.generic]]

_VOLTAGE = ("Ewe/V", "<Ewe>/V", "<Ewe/V>", "Ecell/V", "<Ecell>/V", "Ewe-Ece/V")
_CURRENT = ("I/mA", "<I>/mA")
_CYCLE = ("cycle number", "z cycle")


#: columns that are looked at here; a reader may leave out all others
USED = frozenset(
    {
        *_VOLTAGE,
        *_CURRENT,
        *_CYCLE,
        *("time/s", "step time/s", "half cycle", "dq/mA.h", "(Q-Qo)/mA.h", "(Q-Qo)/C", "Ns", "mode"),
        *("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg"),
    }
)


def _first(columns: Columns, names: Sequence[str]) -> NDArray[np.float64] | None:
    found = next((columns[name] for name in names if name in columns), None)
    return None if found is None else found.astype(np.float64, copy=False)


def tidy_columns(
    columns: Columns, metadata: Mapping[str, str | float | int], warnings: Sequence[str]
) -> xr.Dataset:
    """Return the tidy Dataset of EC-Lab's columns: spectra where there is a frequency, else time rows.

    A file that holds both (linked techniques) keeps the time rows and, as further variables, frequency, z_re
    and z_im, which are NaN outside of the spectra.
    """
    frequency = _first(columns, ("freq/Hz",))
    extra = _time_columns(columns)
    if frequency is None:
        if "voltage" not in extra:
            raise ReadError(
                "no column of the cell voltage", expected=" or ".join(_VOLTAGE[:3]), found=", ".join(columns)
            )
        return tidy.dataset(extra, metadata, warnings)
    z = _impedance(columns)
    spectral = frequency > 0
    if spectral.mean() > 0.5 or "Re(Z)/Ohm" in columns:
        number = tidy.sweeps(frequency[spectral]) if spectral.any() else np.empty(0)
        sweep = np.zeros(frequency.size, dtype=np.int64)
        sweep[spectral] = number
        return tidy.impedance(frequency, z, {**extra, "sweep": sweep}, metadata, warnings)
    z[~spectral] = np.nan
    sweep = np.zeros(frequency.size, dtype=np.int64)
    if spectral.any():
        sweep[spectral] = tidy.sweeps(frequency[spectral])
    mixed = {
        "frequency": np.where(spectral, frequency, np.nan),
        "z_re": z.real,
        "z_im": z.imag,
        "sweep": sweep,
    }
    return tidy.dataset({**extra, **mixed}, metadata, warnings)


def _impedance(columns: Columns) -> NDArray[np.complex128]:
    real, negative = _first(columns, ("Re(Z)/Ohm",)), _first(columns, ("-Im(Z)/Ohm",))
    if real is not None and negative is not None:
        return np.asarray(real - 1j * negative, dtype=np.complex128)
    size, phase = _first(columns, ("|Z|/Ohm",)), _first(columns, ("Phase(Z)/deg",))
    if size is None or phase is None:
        raise ReadError("frequencies without an impedance", expected="Re(Z) and -Im(Z), or |Z| and Phase(Z)")
    return np.asarray(size * np.exp(1j * np.deg2rad(phase)), dtype=np.complex128)


def _time_columns(columns: Columns) -> dict[str, NDArray[np.generic]]:
    found: dict[str, NDArray[np.generic]] = {}
    time, voltage = _first(columns, ("time/s",)), _first(columns, _VOLTAGE)
    if time is not None:
        found["time"] = time
    if voltage is not None:
        found["voltage"] = voltage
    current = _current(columns, time)
    if current is not None:
        found["current"] = current
    charge = _charge(columns)
    if charge is not None:
        found["capacity"] = charge
    if "step time/s" in columns:
        found["step_time"] = columns["step time/s"]
    if "Ns" in columns:
        found["step"] = columns["Ns"]
    if "mode" in columns:
        found["mode"] = columns["mode"]
    cycle = _first(columns, _CYCLE)
    if cycle is None and "half cycle" in columns:
        cycle = np.floor_divide(columns["half cycle"].astype(np.float64), 2)
    if cycle is not None:
        found["cycle"] = cycle
    return found


def _current(columns: Columns, time: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Return the current in A; GCPL files hold the charge increment only: I = 3600 dq / Δt."""
    direct = _first(columns, _CURRENT)
    if direct is not None:
        return direct * 1e-3
    increment = _first(columns, ("dq/mA.h",))
    if increment is not None and time is not None:
        elapsed = np.diff(time, prepend=time[:1])
        with np.errstate(divide="ignore", invalid="ignore"):
            current = 3.6 * increment / elapsed
        current[~np.isfinite(current)] = 0.0
        return current
    if "mode" in columns and np.all(columns["mode"] == 3):
        return np.zeros(columns["mode"].size)
    return None


def _charge(columns: Columns) -> NDArray[np.float64] | None:
    """Return the running charge (Q − Q0) in Ah."""
    milliamp_hours = _first(columns, ("(Q-Qo)/mA.h",))
    if milliamp_hours is not None:
        return milliamp_hours * 1e-3
    coulombs = _first(columns, ("(Q-Qo)/C",))
    return None if coulombs is None else coulombs / 3600.0
