"""Figures of a result: all regions with their residuals, surveys, series; and several samples compared."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from interlayer.core.figure import Figure
from interlayer.xps.plots.regions import region_figure
from interlayer.xps.plots.series import places, series_figure
from interlayer.xps.plots.stacked import by_title, copy_number, hues, on_one_page, split, stack, stacked
from interlayer.xps.plots.survey import survey_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure


__all__ = ["compare", "figures", "plot", "stacked"]

#: measurements of one sample that are drawn above each other
_DRAWN = 8


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the figure of all regions, those of surveys, and those of a series of measurements."""
    surveys = [(name, node) for name, node in result.children.items() if node.attrs.get("survey") == 1]
    return [
        *_regions(result),
        *(survey_figure(name, node.to_dataset(inherit=False)) for name, node in surveys),
        *_series(result),
    ]


def _regions(result: xr.DataTree) -> list[Figure]:
    """Return the regions on one page; of several measurements the first and the last."""
    title = "XPS: fitted core levels"
    groups: dict[int, dict[str, xr.Dataset]] = {}
    for name, node in result.children.items():
        if "envelope" in node:
            groups.setdefault(copy_number(name), {})[name] = node.to_dataset(inherit=False)
    if len(groups) < 2:
        return [region_figure(each, "xps_regions", title) for each in groups.values()]
    ends = {"first": min(groups), "last": max(groups)}
    return [
        region_figure(
            groups[number],
            "xps_regions" if which == "first" else "xps_regions_last",
            f"{title}, {which} measurement",
            f"The {which} of {len(groups)} measurements. ",
        )
        for which, number in ends.items()
    ]


def _series(result: xr.DataTree) -> list[Figure]:
    """Return the course of the composition, and the spectra of each level above each other."""
    series = result.children.get("series")
    out = [] if series is None else [series_figure(series.to_dataset(inherit=False))]
    names = {} if series is None else places(series.to_dataset(inherit=False))
    pages = []
    levels = by_title(result)
    hue = hues([dataset for datasets in levels.values() for dataset in datasets])
    for title, datasets in levels.items():
        if len(datasets) > 1:
            chosen = sorted({round(i) for i in np.linspace(0, len(datasets) - 1, _DRAWN)})
            members = [(names.get(i + 1, f"measurement {i + 1}"), datasets[i]) for i in chosen]
            pages += stack(title, members, "measurements", hue)
    return out + ([on_one_page(pages, "xps_series_spectra", "XPS: spectra of the series")] if pages else [])


def compare(results: Mapping[str, xr.DataTree]) -> list[Figure]:
    """Return what compares several samples: their spectra above each other, all core levels on one page.

    Of more than ten samples there are several pages.
    """
    pages = [stacked({name: results[name] for name in names}) for names in split(list(results))]
    return [
        on_one_page(figures, f"xps_stacked_{i}" if len(pages) > 1 else "xps_stacked", "XPS: samples compared")
        for i, figures in enumerate(pages, start=1)
        if figures
    ]


def plot(result: xr.DataTree) -> "MplFigure":
    """Return the regions (or the survey) drawn for a paper."""
    from interlayer.core.draw import draw

    return draw(figures(result)[0])
