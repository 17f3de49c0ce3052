"""Figures of electrochemistry, described as data; one module per group of kinds."""

from typing import TYPE_CHECKING

import xarray as xr

from interlayer.core.figure import Figure
from interlayer.electrochem.plots import full_cell, spectra, symmetric, transients

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

_FIGURES = {
    "cv": transients.cv,
    "gitt": transients.gitt,
    "transference": transients.transference,
    "eis": spectra.eis,
    "ccd": symmetric.ccd,
    "plating": symmetric.plating,
    "cycling": full_cell.cycling,
}


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the figures of a result, the main one first."""
    return _FIGURES[str(result.attrs["kind"])](result)


def plot(result: xr.DataTree) -> "MplFigure":
    """Draw the main figure of a result for a paper."""
    from interlayer.core.draw import draw

    return draw(figures(result)[0])
