"""Battery Data Format: the tidy Dataset of a cycler as ``.bdf.csv``; names as in batterydf (Apache-2.0)."""

from pathlib import Path

import numpy as np
import polars as pl
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.files import atomic, sha256

#: variable of the tidy Dataset -> column of the format; the first three are required
COLUMNS = {
    "time": "Test Time / s",
    "voltage": "Voltage / V",
    "current": "Current / A",
    "cycle": "Cycle Count / 1",
    "step": "Step Index / 1",
    "step_time": "Step Time / s",
    "charge_capacity": "Charging Capacity / Ah",
    "discharge_capacity": "Discharging Capacity / Ah",
    "temperature": "Ambient Temperature / degC",
}
_REQUIRED = 3


def write(raw: xr.Dataset, path: Path | str) -> Path:
    """Write the time rows of a raw Dataset as a Battery Data Format table and return its path.

    Rows of impedance spectra are left out. Time begins where the file's does; charge current is positive.

    Parameters
    ----------
    raw
        What `interlayer.electrochem.read` returned.
    path
        The format asks for the ending ``.bdf.csv``.

    Raises
    ------
    AnalysisError
        When time, voltage or current is missing, every row is one of a spectrum, or the path is the file that
        was read; nothing is written then.
    """
    target = Path(path)
    missing = [name for name in list(COLUMNS)[:_REQUIRED] if name not in raw]
    if missing:
        raise AnalysisError(
            f"no Battery Data Format without {' and '.join(missing)}",
            path=raw.attrs.get("source"),
            expected="time, voltage and current",
            found=", ".join(map(str, raw.data_vars)),
        )
    if target.exists() and sha256(target) == raw.attrs.get("source_sha256"):
        raise AnalysisError(f"{target} is the file that was read: it is not written over")
    kept = np.ones(raw.sizes["point"], dtype=bool)
    if "frequency" in raw:
        kept = ~np.isfinite(raw["frequency"].values)
    if not kept.any():
        raise AnalysisError(
            "impedance only: no rows for Battery Data Format, which has no columns for spectra",
            path=raw.attrs.get("source"),
            expected="rows of time, voltage and current",
            found=f"{kept.size} points of spectra",
        )
    frame = pl.DataFrame(
        {column: np.asarray(raw[name].values)[kept] for name, column in COLUMNS.items() if name in raw}
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target) as part:
        frame.write_csv(part)
    return target
