"""Figures of a result: all regions with their residuals, surveys, series; and several samples compared."""

from typing import TYPE_CHECKING

import xarray as xr

from interlayer.core.figure import Figure
from interlayer.xps.plots.regions import region_figure
from interlayer.xps.plots.series import series_figure
from interlayer.xps.plots.survey import survey_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the figure of all regions and, where there is one, that of the survey."""
    regions = {name: node.to_dataset() for name, node in result.children.items() if "envelope" in node}
    surveys = {
        name: node.to_dataset() for name, node in result.children.items() if node.attrs.get("survey") == 1
    }
    out = []
    if regions:
        out.append(region_figure(regions, "xps_regions", "XPS: fitted core levels"))
    out += [survey_figure(name, dataset) for name, dataset in surveys.items()]
    if "series" in result:
        out.append(series_figure(result["series"].to_dataset()))
    return out


def plot(result: xr.DataTree) -> "MplFigure":
    """Return the regions (or the survey) drawn for a paper."""
    from interlayer.core.draw import draw

    return draw(figures(result)[0])
