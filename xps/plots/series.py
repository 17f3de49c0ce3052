"""The composition over depth, time or the order of the measurements."""

import xarray as xr

from interlayer.core.figure import Band, Figure, Line, Mark, Panel, Points
from interlayer.xps.plots.colours import ink

_ELEMENTS = {"Li": 1, "C": 0, "N": 2, "O": 3, "F": 7, "S": 6}


def series_figure(dataset: xr.Dataset) -> Figure:
    """Return the figure of a series (depth profile, repeated scans)."""
    marks: list[Mark] = []
    elements = dataset["quantity"].values == "atomic_fraction"
    names = [str(each) for each in dict.fromkeys(dataset["subject"].values[elements]) if "/" not in str(each)]
    title, unit = (str(dataset.attrs.get(f"position_{key}", "")) for key in ("title", "unit"))
    over = "position" if title else "measurement"
    for place, name in enumerate(names):
        here = elements & (dataset["subject"].values == name)
        x, y = dataset[over].values[here], dataset["value"].values[here]
        colour = _ELEMENTS.get(name, place + 4)
        marks += [
            Band(x, dataset["low"].values[here], dataset["high"].values[here], "", colour, 0.25),
            Line(x, y, name, colour, 1.2),
            Points(x, y, "", ink(colour), size=3.0),
        ]
    return Figure(
        "xps_series",
        "XPS: series of measurements",
        f"Atomic fractions over {f'the {title}' if title else 'the measurements in their order'}, "
        "with 95 % intervals (shaded).",
        [Panel(f"{title} / {unit}" if title else over, "atomic fraction / at.%", marks)],
    )


def places(dataset: xr.Dataset) -> dict[int, str]:
    """Return the depth or time of each measurement, "30 s"; nothing where the files do not tell it."""
    if "position" not in dataset:
        return {}
    unit = str(dataset.attrs["position_unit"])
    pairs = zip(dataset["measurement"].values, dataset["position"].values, strict=True)
    return {int(number): f"{value:.4g} {unit}" for number, value in pairs}
