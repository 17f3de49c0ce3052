"""Figures of a result: a panel per region with its residuals below, and the survey."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from interlayer.core.figure import Band, Figure, Line, Mark, Panel, Points, Rule, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

_COLOURS: dict[str, str | int] = {
    "C-C": 0,
    "C-O": 4,
    "C≡N": 2,
    "C=N": 3,
    "Li3N": 1,
    "LiF": 5,
    "Li2CO3": 6,
    "Li2O": 7,
    "TFSI": "#999999",
    "Li metal": "#44aa99",
    "LiOH": "#882255",
}
#: labels closer than these shares of the panel would cover one another
_NEAR_X, _NEAR_Y = 0.13, 0.09
_UNITS = {"counts": "counts", "counts/s": "counts / s"}


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the figure of all regions and, where there is one, that of the survey."""
    regions = {name: node.to_dataset() for name, node in result.children.items() if "envelope" in node}
    surveys = {
        name: node.to_dataset() for name, node in result.children.items() if node.attrs.get("survey") == 1
    }
    out = []
    if regions:
        out.append(_regions(regions))
    out += [_survey(name, dataset) for name, dataset in surveys.items()]
    if "series" in result:
        out.append(_series(result["series"].to_dataset()))
    return out


def _series(dataset: xr.Dataset) -> Figure:
    """Return the composition over the measurements of a series (depth profile, repeated scans)."""
    marks: list[Mark] = []
    elements = dataset["quantity"].values == "atomic_fraction"
    names = [str(each) for each in dict.fromkeys(dataset["subject"].values[elements]) if "/" not in str(each)]
    for colour, name in enumerate(names):
        here = elements & (dataset["subject"].values == name)
        x, y = dataset["measurement"].values[here], dataset["value"].values[here]
        marks += [
            Band(x, dataset["low"].values[here], dataset["high"].values[here], "", colour, 0.25),
            Line(x, y, name, colour, 1.2),
            Points(x, y, "", colour, size=3.0),
        ]
    return Figure(
        "xps_series",
        "XPS: series of measurements",
        "Atomic fractions over the measurements of the sample in their order, with 95 % intervals (shaded).",
        [Panel("measurement", "atomic fraction / at.%", marks)],
    )


def plot(result: xr.DataTree) -> "MplFigure":
    """Return the regions (or the survey) drawn for a paper."""
    from interlayer.core.draw import draw

    return draw(figures(result)[0])


def _regions(regions: dict[str, xr.Dataset]) -> Figure:
    columns = 1 if len(regions) == 1 else 2
    names = list(regions)
    panels: list[Panel] = []
    for start in range(0, len(names), columns):
        row = names[start : start + columns]
        panels += [_curves(regions[name]) for name in row]
        panels += [_blank()] * (columns - len(row))
        panels += [_residuals(regions[name]) for name in row]
        panels += [_blank()] * (columns - len(row))
    return Figure(
        "xps_regions",
        "XPS: fitted core levels",
        "Measured counts (points), background (grey), components (filled, labelled), their sum "
        "(line), and below "
        "each the residuals in standard deviations with ± 2 σ shaded; a name in brackets is not "
        "resolved by itself.",
        panels,
        columns=columns,
    )


def _blank() -> Panel:
    return Panel("", "", share=0.3)


def _title(dataset: xr.Dataset) -> str:
    return str(dataset.attrs.get("core_level") or dataset.attrs.get("region", ""))


def _curves(dataset: xr.Dataset) -> Panel:
    x = dataset["binding_energy"].values
    name = "counts" if "counts" in dataset else "intensity"
    measured, background, envelope = (dataset[each].values for each in (name, "background", "envelope"))
    marks: list[Mark] = [Points(x, measured, "", "data", size=2.0)]
    labels: list[Text] = []
    low, high = float(min(measured.min(), background.min())), float(max(measured.max(), envelope.max()))
    for i, label in enumerate(dataset["component"].values):
        part, status = dataset["components"].values[i], str(dataset["status"].values[i])
        if float(part.max()) <= 0 or status == "not detected":
            continue
        shown = str(label).partition("/")[2] or str(label)
        colour = _COLOURS.get(shown, i)
        marks.append(Band(x, background, background + part, "", colour, 0.45))
        peak = int(np.argmax(part))
        text = shown if status == "measured" else f"({shown})"
        labels.append(Text(float(x[peak]), float(max(envelope[peak], measured[peak])), text, colour))
    marks += [Line(x, background, "", "background", 0.9), Line(x, envelope, "", "fit", 1.2)]
    labels = _apart(labels, float(np.ptp(x)), high - low)
    top = max([high, *(each.y for each in labels)]) + 0.1 * (high - low)
    units = (
        "counts"
        if name == "counts"
        else f"intensity / {_UNITS.get(str(dataset[name].attrs.get('units')), 'counts')}"
    )
    axis = "binding energy / eV"
    return Panel(
        axis,
        units,
        [*marks, *labels],
        _title(dataset),
        x_reversed=True,
        ylim=(low - 0.03 * (high - low), top),
    )


def _apart(labels: list[Text], width: float, height: float) -> list[Text]:
    """Return labels moved up until none covers another."""
    placed: list[Text] = []
    for each in sorted(labels, key=lambda label: label.y):
        y = each.y + 0.02 * height
        while any(abs(each.x - o.x) < _NEAR_X * width and abs(y - o.y) < _NEAR_Y * height for o in placed):
            y += 0.03 * height
        placed.append(Text(each.x, y, each.text, each.colour))
    return placed


def _residuals(dataset: xr.Dataset) -> Panel:
    x, residual = dataset["binding_energy"].values, dataset["residual"].values
    marks: list[Mark] = [
        Band(x, np.full(x.size, -2.0), np.full(x.size, 2.0), "", "muted", 0.25),
        Rule(0.0, "y"),
        Line(x, residual, "", "residual", 0.8),
    ]
    reach = max(4.0, float(np.max(np.abs(residual))) * 1.05)
    return Panel(
        "binding energy / eV", "residual / σ", marks, x_reversed=True, share=0.35, ylim=(-reach, reach)
    )


def _survey(name: str, dataset: xr.Dataset) -> Figure:
    x = dataset["binding_energy"].values
    variable = "counts" if "counts" in dataset else "intensity"
    y = dataset[variable].values
    marks: list[Mark] = [Line(x, y, "survey", "data", 1.0)]
    for level, position in zip(dataset["level"].values, dataset["position"].values, strict=True):
        at = int(np.argmin(np.abs(x - position)))
        marks.append(Text(float(position), float(y[at]), str(level), "accent"))
    caption = "Survey with the core levels at which a peak was found: " + (
        str(dataset.attrs.get("elements")) or "none"
    )
    return Figure(
        f"xps_{name}",
        "XPS: survey",
        caption,
        [Panel("binding energy / eV", variable, marks, x_reversed=True)],
    )
