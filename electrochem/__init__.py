"""Electrochemistry: the metrics of lithium cells.

The face of every technique: `read` a raw file, `analyze` it, `plot` the result.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "electrochem":
    raise ImportError("import this package as interlayer.electrochem")

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["analyze", "plot", "read", "write_bdf"]


def read(path: Path | str, columns: "Sequence[str] | Mapping[str, str] | None" = None) -> "xr.Dataset":
    """Read one raw file; see :func:`interlayer.electrochem.readers.read`."""
    from interlayer.electrochem import readers

    return readers.read(path, columns)


def analyze(raw: "xr.Dataset | Sequence[xr.Dataset]", **settings: Any) -> "xr.DataTree":
    """Analyse raw data; see :func:`interlayer.electrochem.analysis.analyze`."""
    from interlayer.electrochem import analysis

    return analysis.analyze(raw, **settings)


def plot(result: "xr.DataTree") -> "Figure":
    """Draw a result for a paper; see :func:`interlayer.electrochem.plots.plot`."""
    from interlayer.electrochem import plots

    return plots.plot(result)


def write_bdf(raw: "xr.Dataset", path: Path | str) -> Path:
    """Write raw data as Battery Data Format; see :func:`interlayer.electrochem.bdf.write`."""
    from interlayer.electrochem import bdf

    return bdf.write(raw, path)
