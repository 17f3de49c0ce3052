"""Neware ``.nda`` and ``.ndax``, through fastnda (BSD-3)."""

import contextlib
import io
import logging
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.files import check_archive
from interlayer.core.text import line
from interlayer.electrochem.readers import tidy


def load(path: Path) -> xr.Dataset:
    """Read a Neware file; times count from its first row, charge current is positive."""
    import fastnda

    with path.open("rb") as stream:
        packed = stream.read(4) == b"PK\x03\x04"
    if packed:
        check_archive(path)
    quiet = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            frame = fastnda.read(path, cycle_mode="raw")
    except Exception as error:
        raise ReadError(
            f"the Neware file cannot be read ({type(error).__name__}: {line(str(error))})",
            advice="Export it from BTSDA as .ndax again, or as csv.",
        ) from error
    finally:
        logging.disable(quiet)
    state = frame["step_type"].cast(str).str.to_lowercase()
    rest = state.str.contains("rest|pause").fill_null(False).to_numpy()
    voltage_controlled = state.str.contains("^cv").fill_null(False).to_numpy()
    values: dict[str, NDArray[np.generic]] = {
        "time": frame["total_time_s"].to_numpy(),
        "step_time": frame["step_time_s"].to_numpy(),
        "voltage": frame["voltage_V"].to_numpy().astype(np.float64),
        "current": frame["current_mA"].to_numpy().astype(np.float64) * 1e-3,
        "capacity": frame["capacity_mAh"].to_numpy().astype(np.float64) * 1e-3,
        "energy": frame["energy_mWh"].to_numpy().astype(np.float64) * 1e-3,
        "step": frame["step_count"].to_numpy(),
        "cycle": frame["cycle_count"].to_numpy(),
        "mode": np.where(rest, 3, np.where(voltage_controlled, 2, 1)),
    }
    tidy.check_finite(values)
    return tidy.dataset(values, {})
