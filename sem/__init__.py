"""Scanning electron microscopy: particle sizes.

The face of every technique: `read` a raw file, `analyze` it, `plot` the result.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "sem":
    raise ImportError("import this package as interlayer.sem")

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["analyze", "plot", "read"]


def read(path: Path | str) -> "xr.Dataset":
    """Read one raw file; see :func:`interlayer.sem.readers.read`."""
    from interlayer.sem import readers

    return readers.read(path)


def analyze(raw: "xr.Dataset | Sequence[xr.Dataset]", **settings: Any) -> "xr.DataTree":
    """Analyse raw data; see :func:`interlayer.sem.analysis.analyze`."""
    from interlayer.sem import analysis

    return analysis.analyze(raw, **settings)


def plot(result: "xr.DataTree") -> "Figure":
    """Draw a result for a paper; see :func:`interlayer.sem.plots.plot`."""
    from interlayer.sem import plots

    return plots.plot(result)
