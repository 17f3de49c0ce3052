"""Figures of a result, from what is stored: pattern, positions, instrument; series in `series_plots`."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.figure import Band, Figure, Labels, Line, Mark, Panel, Points, Rule, Ticks
from interlayer.core.results import tables
from interlayer.xrd import series_plots
from interlayer.xrd.records import Record, number, numbers, phases_of, text_columns

if TYPE_CHECKING:
    import matplotlib.figure

Floats = NDArray[np.floating[Any]]

#: decades of intensity from which a logarithmic figure is added
_DECADES = 3.0
#: steps, in usual steps, that are a gap in the measured range
_GAP = 8.0
#: differences of positions above this are labelled, in standard deviations
_FAR = 3.0


def figures(result: xr.DataTree) -> list[Figure]:
    """Return the figures of a pattern, of a calibration or of a series.

    Parameters
    ----------
    result
        As analysed, or stored and read again.

    Returns
    -------
    list of Figure
        Pattern on a √ scale; on a logarithmic scale when the intensities span three decades; positions; width
        of the instrument. Of a series: all patterns, the first and last fit, the parameters.
    """
    if "pattern" in result.to_dataset(inherit=False).dims:
        return series_plots.figures(result)
    found = [_pattern(result)]
    if _decades(result) > _DECADES:
        found.append(_pattern(result, log=True))
    rows = tables(result)
    seen = [row for row in rows.get("peaks", []) if row["status"] == "seen"]
    if seen:
        found.append(_positions(seen, _contradictory(rows)))
    if rows.get("instrument"):
        found.append(_instrument(result, rows["instrument"], seen))
    return found


def plot(result: xr.DataTree) -> "matplotlib.figure.Figure":
    """Draw the pattern with its fit, or the map of a series, for a paper."""
    from interlayer.core.draw import draw

    return draw(figures(result)[0])


def _contradictory(rows: dict[str, list[Record]]) -> list[str]:
    return [str(row["phase"]) for row in rows.get("candidates", []) if "no single cell" in str(row["status"])]


def _decades(result: xr.DataTree) -> float:
    """Return the decades between the strongest point and the lowest background that is not zero."""
    data = result.to_dataset(inherit=False)
    low, high = data["background"].values, float(np.max(data["intensity"].values))
    low = low[low > 0]
    return float(np.log10(high / np.min(low))) if low.size and high > 0 else 0.0


def _pattern(result: xr.DataTree, *, log: bool = False) -> Figure:
    data, rows = result.to_dataset(inherit=False), tables(result)
    x = np.asarray(data["two_theta"].values, dtype=float)
    peaks, missing = rows.get("peaks", []), rows.get("unexplained", [])
    wrong = _contradictory(rows)
    curves = {name: _shown(data[name].values, log) for name in ("intensity", "fit", "background")}
    marks: list[Mark] = [
        Points(x, curves["intensity"], label="measured", colour="data", size=1.5),
        Line(*_broken(x, curves["background"]), "background", "background", 1.0, dash=True),
        Line(*_broken(x, curves["fit"]), "fit", "fit", 1.0),
        *_ticks(peaks, wrong),
        *_labels(peaks, missing),
    ]
    scale = "log" if log else "√"
    top = Panel(
        "2θ / degree",
        f"intensity / {data['intensity'].attrs['units']} ({scale} scale)",
        marks,
        y_log=log,
        y_root=not log,
        xlim=(float(x[0]), float(x[-1])),
        ylim=_reach([curves["intensity"], curves["fit"]], log),
        title=f"(!) no single cell fits the lines of {' and of '.join(wrong)}" if wrong else "",
    )
    return Figure(
        "pattern-log" if log else "pattern",
        "Powder pattern, logarithmic" if log else "Powder pattern",
        _caption(data, peaks, missing, wrong, log),
        [top, _residual(x, np.asarray(data["residual"].values, dtype=float))],
        share_x=True,
    )


def _shown(values: Floats, log: bool) -> Floats:
    data = np.asarray(values, dtype=float)
    return np.where(data > 0, data, np.nan) if log else np.maximum(data, 0.0)


def _broken(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return a curve with a break wherever a part of the range was not measured."""
    steps = np.diff(x)
    gaps = np.flatnonzero(steps > _GAP * np.median(steps)) + 1 if steps.size else np.empty(0, dtype=int)
    return np.insert(x, gaps, x[gaps]), np.insert(y, gaps, np.nan)


def _reach(curves: list[Floats], log: bool) -> tuple[float, float]:
    """Return the limits of the axis: a little below the lowest value (or zero) to the highest."""
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    high = high if high > 0 else 1.0
    if log:
        return 0.85 * low if 0 < low < high else high / 10, 1.05 * high
    return 0.85 * low if low > 0.002 * high else 0.0, 1.01 * high


def _caption(
    data: xr.Dataset, peaks: list[Record], missing: list[Record], wrong: list[str], log: bool
) -> str:
    names = ", ".join(phases_of(peaks)) or "no phase"
    text = (
        f"Measured intensity ({'logarithmic' if log else 'square-root'} scale), whole-pattern fit with "
        f"{names}, and background; "
        + ("below, the calculated reflections of each phase in its lane, and " if peaks else "below, ")
        + "residuals in standard deviations, ±2 σ shaded (χ² = "
        f"{float(data.attrs['reduced_chi_square']):.2f} per degree of freedom)."
    )
    if peaks:
        text += " Reflections that are seen carry their hkl; where there is no room the weaker ones do not."
    if missing:
        text += " No candidate explains the peaks marked ?."
    if wrong:
        text += f" (!) marks {' and '.join(wrong)}: no single cell fits its lines."
    return text


def _ticks(peaks: list[Record], wrong: list[str]) -> list[Mark]:
    """Return a lane per phase, the first phase on top."""
    names = phases_of(peaks)
    marks: list[Mark] = []
    for place, name in enumerate(names):
        mine = [row for row in peaks if row["phase"] == name]
        texts = tuple(f"{row['families']}, {number(row['calculated']):.3f}°, {row['status']}" for row in mine)
        label = f"{name} (!)" if name in wrong else name
        marks.append(Ticks(numbers(mine, "calculated"), label, texts, place, len(names) - 1 - place))
    return marks


def _labels(peaks: list[Record], missing: list[Record]) -> list[Mark]:
    """Return the hkl of the peaks that are seen and ? over those that no candidate explains."""
    names = phases_of(peaks)
    seen = [row for row in peaks if row["status"] == "seen"]
    at = np.append(numbers(missing, "two_theta"), numbers(seen, "two_theta"))
    # a weak peak that nothing explains says more than a weak one that is explained
    area = numbers(seen, "area")
    least = float(np.nanmedian(area)) if np.isfinite(area).any() else 0.0
    rank = np.append(np.maximum(numbers(missing, "area"), least), area)
    texts = ["?"] * len(missing) + [str(row["hkl"]) for row in seen]
    colours: list[str | int] = ["black"] * len(missing)
    colours += [names.index(str(row["phase"])) for row in seen]
    good = np.isfinite(at) & np.isfinite(rank)
    if not good.any():
        return []
    keep = np.flatnonzero(good).tolist()
    return [Labels(at[good], tuple(texts[i] for i in keep), rank[good], tuple(colours[i] for i in keep))]


def _residual(x: Floats, residual: Floats) -> Panel:
    good = residual[np.isfinite(residual)]
    reach = max(5.0, float(np.quantile(np.abs(good), 0.995)) * 1.2 if good.size else 5.0)
    two = np.full(x.size, 2.0)
    marks: list[Mark] = [
        Band(x, -two, two, colour="muted", alpha=0.45),
        Line(*_broken(x, residual), colour="residual", width=0.6),
        Rule(0.0, axis="y"),
    ]
    return Panel("2θ / degree", "residual / σ", marks, share=0.35, ylim=(-reach, reach))


def _positions(seen: list[Record], wrong: list[str]) -> Figure:
    """Return observed − calculated positions, a panel per phase."""
    at = numbers(seen, "two_theta")
    pad = max(1.0, 0.03 * float(np.ptp(at)))
    span = (float(at.min()) - pad, float(at.max()) + pad)
    names = phases_of(seen)
    panels = [
        _differences([row for row in seen if row["phase"] == name], name, place, span, name in wrong)
        for place, name in enumerate(names)
    ]
    for panel in panels:
        panel.share = {1: 0.5, 2: 0.4}.get(len(names), 0.3)
    caption = (
        "Observed minus calculated 2θ of each reflection with its 95 % interval, a panel per phase; "
        "calculated from the cell and displacement of the fit, or from the starting cell where no single "
        f"cell fits. Those more than {_FAR:g} σ from zero carry their hkl. Mind the scales, which differ."
    )
    return Figure("positions", "Observed against calculated positions", caption, panels, share_x=True)


def _differences(
    mine: list[Record], name: str, place: int, span: tuple[float, float], is_wrong: bool
) -> Panel:
    at, calculated = numbers(mine, "two_theta"), numbers(mine, "calculated")
    low, high = (numbers(mine, f"two_theta_{end}") - calculated for end in ("low", "high"))
    ends = np.abs(np.concatenate([low, high]))
    reach = 1.15 * float(np.max(ends[np.isfinite(ends)], initial=1e-4))
    far = [i for i, row in enumerate(mine) if abs(number(row["difference"])) > _FAR]
    marks: list[Mark] = [
        Rule(0.0, axis="y", colour="data"),
        Points(at, at - calculated, colour=place, size=4.0, low=low, high=high),
    ]
    if far:
        texts, colours = text_columns(mine, far, "hkl"), ("black",) * len(far)
        marks.append(Labels(at[far], texts, np.abs(at - calculated)[far], colours))
    note = " (!) no single cell fits its lines" if is_wrong else ""
    return Panel("2θ / degree", "Δ2θ / °", marks, f"{name}{note}", xlim=span, ylim=(-reach, reach))


def _instrument(result: xr.DataTree, table: list[Record], seen: list[Record]) -> Figure:
    """Return the calibrated widths: Gaussian FWHM² = u tan²θ + v tan θ + w, Lorentzian FWHM y / cos θ."""
    have = {str(row["name"]): number(row["value"]) for row in table}
    data = result.to_dataset(inherit=False)
    x = np.linspace(float(data["two_theta"].values[0]), float(data["two_theta"].values[-1]), 300)
    tangent, cosine = np.tan(np.radians(x / 2)), np.cos(np.radians(x / 2))
    u, v, w, y = (have.get(name, 0.0) for name in "uvwy")
    gauss = np.sqrt(np.maximum(u * tangent**2 + v * tangent + w, 0.0))
    marks: list[Mark] = []
    observed = [row for row in seen if np.isfinite(number(row["fwhm"]))]
    if observed:
        at, width = numbers(observed, "two_theta"), numbers(observed, "fwhm")
        marks.append(Points(at, width, label="whole Kα1 line in the fit", colour="data", size=4.0))
    marks += [
        Line(x, gauss, label="Gaussian of the instrument", colour="accent"),
        Line(x, y / cosine, label="Lorentzian of the instrument", colour="fit", dash=True),
    ]
    top = max(float(np.max(gauss)), float(np.max(y / cosine)), *numbers(observed, "fwhm"), 0.01)
    panel = Panel("2θ / degree", "FWHM / degree", marks, share=0.8, ylim=(0.0, 1.1 * top))
    caption = (
        "Widths of the calibrated instrument against 2θ: Gaussian √(u tan²θ + v tan θ + w) and Lorentzian "
        "y / cos θ; points: the whole width of the standard's Kα1 lines, which holds the width of the "
        "emission line too."
    )
    return Figure("instrument", "Width of the instrument", caption, [panel])
