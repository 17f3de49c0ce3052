"""Figures of an EDS result, as data."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from interlayer.core.figure import Band, Figure, Image, Labels, Line, Mark, Panel, Points, Rule
from interlayer.core.results import rows_of
from interlayer.core.summary import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

Floats = NDArray[np.float64]

#: what is said of interfaces where no thickness is stated
MANY = " The dashed interfaces are those of one of many pairs that fit."
#: two-sided 95 % quantile of the normal distribution
Z95 = 1.96


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the figures of a result: per element map, profile and thickness; the sum spectrum."""
    rows = rows_of(result)
    found = []
    for name, node in result.children.items():
        if "map" in node.children:
            found += _element(str(name), node, rows)
    if "spectrum" in result.children:
        found.append(_spectrum(result))
    return found


def plot(result: xr.DataTree) -> "MplFigure":
    """Return a matplotlib Figure with the panels of the first element (or the sum spectrum)."""
    from interlayer.core.draw import draw

    every = figures(result)
    if len(every) > 1 and every[0].name.endswith("map") and every[1].name.endswith("profile"):
        both = Figure(
            every[0].name,
            every[0].title,
            every[0].caption,
            [*every[0].panels, *every[1].panels[:1]],
            columns=2,
        )
        return draw(both)
    return draw(every[0])


def _element(element: str, node: xr.DataTree, rows: list[Row]) -> list[Figure]:
    row = next((r for r in rows if r.quantity == "layer_thickness" and r.subject == element), None)
    text = _say(row) if row is not None else ""
    found = [_map(element, node, text)]
    if "profile" in node.children:
        found.append(_profile(element, node, text))
    if _stated(node) and node["along"].sizes["segment"] > 1:
        found.append(_along(element, node, row))
    return found


def _stated(node: xr.DataTree) -> bool:
    """Return whether a thickness is stated; else the interfaces of the fit are one of many possible pairs."""
    if "along" not in node.children:
        return False
    return bool(np.isfinite(node["along"].to_dataset()["thickness"].values).any())


def _say(row: Row) -> str:
    if row.status == "measured":
        return f"{row.subject} layer {row.value:.0f} nm (95 %: {row.low:.0f} to {row.high:.0f} nm)"
    if row.status == "upper limit":
        return f"{row.subject} layer below {row.high:.0f} nm"
    if row.status == "lower limit":
        return f"{row.subject} layer above {row.low:.0f} nm"
    return f"{row.subject} layer {row.status}"


def _map(element: str, node: xr.DataTree, text: str) -> Figure:
    data = node["map"].to_dataset()
    shown = gaussian_filter(np.asarray(data["counts"].values, dtype=np.float64), 1.0)
    width, height = float(data.attrs["width"]), float(data.attrs["height"])
    marks: list[Mark] = [Image(shown, width, height, "viridis", f"{element} counts")]
    if "along" in node.children:
        marks += _interfaces(node, bool(data.attrs.get("transposed", 0)))
    panel = Panel("x / nm", "y / nm", marks, equal=True)
    caption = (
        f"{element} map, smoothed for display only; dark to bright: {shown.min():.3g} to {shown.max():.3g} "
        f"{data['counts'].attrs.get('units', 'counts')} per pixel. {text}."
    )
    if "along" in node.children:
        caption += " White: fitted interfaces; dashed: their 95 % band." if _stated(node) else MANY
    return Figure(f"{element}-map", f"{element} map: {text}", caption, [panel])


def _interfaces(node: xr.DataTree, transposed: bool) -> list[Mark]:
    along = node["along"].to_dataset()
    place = along["position"].values
    marks: list[Mark] = []
    for side in ("near", "far"):
        depth, reach = along[side].values, Z95 * along[f"{side}_stddev"].values
        for k, (shift, dash) in enumerate(((0.0, not _stated(node)), (-1.0, True), (1.0, True))):
            if shift and not _stated(node):
                continue
            line = depth + shift * reach
            x, y = (line, place) if transposed else (place, line)
            # no legend: it would be dark on a dark map; the caption names the lines
            marks.append(Line(x, y, "", "white", 1.4 if k == 0 else 0.7, dash))
    return marks


def _profile(element: str, node: xr.DataTree, text: str) -> Figure:
    data = node["profile"].to_dataset()
    depth, mean = data["depth"].values, data["mean_counts"].values
    reach = data["mean_counts_stddev"].values
    keep = slice(None, None, max(1, depth.size // 1500))
    fitted = "along" in node.children
    marks: list[Mark] = [
        Points(depth[keep], mean[keep], "counts", "data", 2.0, (mean - reach)[keep], (mean + reach)[keep]),
        Line(depth, data["fit"].values, "fit" if fitted else "no layer", "fit", 1.6),
    ]
    if np.any(data["leakage"].values > 0):
        marks.append(Line(depth, data["leakage"].values, "leakage of other lines", "background", 1.0, True))
    if fitted:
        along = node["along"].to_dataset()
        half = 0.5 * float((along["far"] - along["near"]).mean()) * float(along.attrs["cosine"])
        marks += [Rule(-half, "x", "interfaces of the fit"), Rule(half, "x")]
    residual: list[Mark] = [
        Points(depth[keep], data["residual"].values[keep], "", "residual", 2.0),
        Rule(0.0, "y"),
    ]
    caption = (
        f"Mean counts per pixel in the {element} window across the layer (waves taken out), with the fit "
        f"and its residuals in sigma. {text}."
    )
    if fitted and not _stated(node):
        caption += MANY
    panels = [
        Panel("depth across the layer / nm", "counts per pixel / counts", marks, share=1.0),
        Panel("depth across the layer / nm", "residual / sigma", residual, share=0.4),
    ]
    title = f"{element} across the layer" if fitted else f"{element} across the map: no layer"
    return Figure(f"{element}-profile", title, caption, panels, share_x=True)


def _along(element: str, node: xr.DataTree, row: Row | None) -> Figure:
    along = node["along"].to_dataset()
    place, local = along["position"].values, along["thickness"].values
    reach = Z95 * along["thickness_stddev"].values
    marks: list[Mark] = [
        Band(place, local - reach, local + reach, "95 % of the local thickness", "accent", 0.25),
        Line(place, local, "local thickness", "accent", 1.5),
    ]
    if row is not None and row.status == "measured":
        marks += [
            Rule(row.value, "y", "mean", "fit", False),
            Rule(row.low, "y", "", "fit"),
            Rule(row.high, "y", "", "fit"),
        ]
    caption = (
        f"Local thickness of the {element} layer along it, with its 95 % band; mean with interval as lines."
    )
    ends = [float(np.min(local - reach)), float(np.max(local + reach))]
    if row is not None and row.status == "measured":
        ends = [min(ends[0], row.low), max(ends[1], row.high)]
    margin = max(0.6 * (ends[1] - ends[0]), 0.05 * float(local.mean()))
    limits = (max(ends[0] - margin, 0.0), ends[1] + margin)
    panel = Panel("position along the map / nm", "local thickness / nm", marks, ylim=limits)
    return Figure(f"{element}-along", f"{element} layer along the section", caption, [panel])


def _spectrum(result: xr.DataTree) -> Figure:
    data = result["spectrum"].to_dataset()
    energy, counts = data["energy"].values, np.asarray(data["counts"].values, dtype=np.float64)
    last = np.flatnonzero(counts > 0)
    end = int(last[-1]) + 2 if last.size else counts.size
    end = min(end, int(np.searchsorted(energy, 1050 * float(data.attrs["beam_voltage"]) or np.inf)) or end)
    shown = np.maximum(counts, 0.5)
    marks: list[Mark] = [
        Line(energy[:end] / 1000, shown[:end], "sum spectrum", "data", 0.9),
        Line(
            energy[:end] / 1000,
            np.maximum(data["continuum"].values[:end], 0.5),
            "continuum",
            "background",
            0.9,
            True,
        ),
    ]
    marks += _labels(result)
    caption = "Sum spectrum of all pixels, logarithmic, with the lines found; the table has them all."
    panel = Panel("energy / keV", "counts", marks, y_log=True)
    return Figure("spectrum", "Sum spectrum", caption, [panel])


def _labels(result: xr.DataTree) -> list[Mark]:
    lines = result["lines"].to_dataset()
    if lines.sizes["line_number"] == 0:
        return []
    texts = tuple(str(name) for name in lines["line"].values)
    rank = np.asarray(lines["significance"].values, dtype=np.float64)
    return [Labels(lines["energy"].values / 1000, texts, rank, ("accent",) * len(texts))]
