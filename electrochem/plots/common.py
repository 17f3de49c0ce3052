"""What several figures need: columns of a node as floats."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def columns(result: xr.DataTree, node: str, *names: str) -> list[Floats]:
    """Return variables of a node as floats."""
    return [np.asarray(result[node].to_dataset()[name].values, dtype=np.float64) for name in names]


def attribute(result: xr.DataTree, node: str, name: str) -> str:
    """Return an attribute of a node as text, empty when it is not there."""
    return str(result[node].attrs.get(name, ""))


def number(result: xr.DataTree, node: str, name: str) -> float:
    """Return an attribute of a node as a number, NaN when it is not there."""
    value = result[node].attrs.get(name)
    return float(value) if isinstance(value, int | float | np.generic) else float("nan")


def unit(result: xr.DataTree, node: str, name: str) -> str:
    """Return the unit of a variable, as it is written on axes."""
    text = str(result[node][name].attrs.get("units", ""))
    return text.replace("^2", "²").replace("ohm", "Ω")
