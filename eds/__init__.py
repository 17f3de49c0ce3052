"""Energy-dispersive X-ray maps: the thickness of a layer.

The face of every technique: `read` a raw file, `analyze` it, `plot` the result.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "eds":
    raise ImportError("import this package as interlayer.eds")

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["analyze", "plot", "read"]


def read(path: Path | str) -> "xr.Dataset":
    """Read one raw file; see :func:`interlayer.eds.readers.read`."""
    from interlayer.eds import readers

    return readers.read(path)


def analyze(raw: "xr.Dataset | Sequence[xr.Dataset]", **settings: Any) -> "xr.DataTree":
    """Analyse raw data; see :func:`interlayer.eds.analysis.analyze`."""
    from interlayer.eds import analysis

    return analysis.analyze(raw, **settings)


def plot(result: "xr.DataTree") -> "Figure":
    """Draw a result for a paper; see :func:`interlayer.eds.plots.plot`."""
    from interlayer.eds import plots

    return plots.plot(result)
