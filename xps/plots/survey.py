"""The survey with the core levels that it shows."""

import xarray as xr

from interlayer.core.figure import Figure, Labels, Line, Mark, Panel
from interlayer.xps.plots.curves import AXIS, curve_of, measured_in

_GREY = "#6e6e6e"


def survey_figure(name: str, dataset: xr.Dataset) -> Figure:
    """Return the figure of one survey."""
    x = curve_of(dataset, "binding_energy")
    y, unit = measured_in(dataset)
    marks: list[Mark] = [Line(x, y, "", "data", 0.9)]
    texts = tuple(str(each) for each in dataset["level"].values)
    if texts:
        # the strongest line of each element first, whatever its height
        rank = dataset["height"].values + y.max()
        marks.append(Labels(dataset["position"].values, texts, rank, ("accent",) * len(texts)))
    weaker = tuple(str(each) for each in dataset["weaker"].values)
    if weaker:
        at, rank = dataset["weaker_position"].values, dataset["weaker_height"].values
        marks.append(Labels(at, weaker, rank, (_GREY,) * len(weaker)))
    caption = "Survey with the core levels at which a peak was found, strongest first: " + (
        str(dataset.attrs.get("elements")) or "none"
    )
    caption += "; grey: weaker and Auger lines of the same elements" if weaker else ""
    low, high = float(y.min()), float(y.max())
    panel = Panel(
        AXIS,
        unit,
        marks,
        x_reversed=True,
        xlim=(float(x.min()), float(x.max())),
        ylim=(min(0.0, low), high + 0.03 * (high - low or 1.0)),
    )
    return Figure(f"xps_{name}", "XPS: survey", f"{caption}.", [panel])
