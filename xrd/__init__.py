"""X-ray diffraction: phases, cells, sizes.

The face of every technique: `read` a raw file, `analyze` it, `plot` the result.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "xrd":
    raise ImportError("import this package as interlayer.xrd")

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["analyze", "plot", "read"]


def read(path: Path | str) -> "xr.Dataset":
    """Read one raw file; see :func:`interlayer.xrd.readers.read`."""
    from interlayer.xrd import readers

    return readers.read(path)


def analyze(raw: "xr.Dataset | Sequence[xr.Dataset]", **settings: Any) -> "xr.DataTree":
    """Analyse raw data; see :func:`interlayer.xrd.analysis.analyze`."""
    from interlayer.xrd import analysis

    return analysis.analyze(raw, **settings)


def plot(result: "xr.DataTree") -> "Figure":
    """Draw a result for a paper; see :func:`interlayer.xrd.plots.plot`."""
    from interlayer.xrd import plots

    return plots.plot(result)
