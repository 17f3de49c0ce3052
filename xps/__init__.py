"""X-ray photoelectron spectroscopy: components, composition, chemistry.

The face of every technique: `read` a raw file, `analyze` it, `plot` the result.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "xps":
    raise ImportError("import this package as interlayer.xps")

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["analyze", "documents", "plot", "read"]


def read(path: Path | str) -> "xr.Dataset":
    """Read one raw file; see :func:`interlayer.xps.readers.read`."""
    from interlayer.xps import readers

    return readers.read(path)


def analyze(raw: "xr.Dataset | Sequence[xr.Dataset]", **settings: Any) -> "xr.DataTree":
    """Analyse raw data; see :func:`interlayer.xps.analysis.analyze`."""
    from interlayer.xps import analysis

    return analysis.analyze(raw, **settings)


def documents(result: "xr.DataTree") -> dict[str, str]:
    """Return the texts that belong to a result by file name; see :func:`interlayer.xps.record.documents`."""
    from interlayer.xps import record

    return record.documents(result)


def plot(result: "xr.DataTree") -> "Figure":
    """Draw a result for a paper; see :func:`interlayer.xps.plots.plot`."""
    from interlayer.xps import plots

    return plots.plot(result)
