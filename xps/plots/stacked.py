"""Spectra of several samples (or measurements) above each other, a figure per core level."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.figure import Band, Figure, Labels, Line, Mark, Panel, Points, Text
from interlayer.core.text import slug
from interlayer.xps.plots.colours import colours, ink, shown
from interlayer.xps.plots.curves import (
    AXIS,
    Bools,
    Component,
    Floats,
    components,
    curve_of,
    is_corrected,
    measured_in,
    title_of,
)

_T = TypeVar("_T")
_COPY = re.compile(r"_(\d+)$")
#: distance of two spectra, whose heights are 1; most spectra in one figure
_STEP, _MOST = 1.15, 10
#: share of the panel's width that a letter of a name covers, that a name may cover, and its distance from the
#: curve
_LETTER, _NAME, _ABOVE = 0.022, 0.6, 0.05
#: letters of a name that are drawn
_LETTERS = 36
#: share of the height for each label beyond three
_ROW = 0.1
#: a spectrum of nothing but noise is not blown up: its height counts as this many of its σ at least
_NOISE = 12.0


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """One spectrum, scaled to 0–1 and moved to its place."""

    name: str
    energy: Floats
    measured: Floats
    background: Floats
    envelope: Floats
    parts: tuple[Component, ...]
    scale: float
    dataset: xr.Dataset


def stacked(results: Mapping[str, xr.DataTree], level: str | None = None) -> list[Figure]:
    """Return a figure per core level with the spectra of several samples above each other.

    Parameters
    ----------
    results
        Results by the samples' names; the first stands on top. Of several measurements of one level in a
        result the first is taken.
    level
        Only this core level, "N 1s"; by default every level that at least two samples have.

    Returns
    -------
    list of Figure
        Several per level where there are more than ten samples.

    Raises
    ------
    AnalysisError
        When no sample has that level.
    """
    by_level: dict[str, list[tuple[str, xr.Dataset]]] = {}
    for name, result in results.items():
        for title, datasets in by_title(result).items():
            by_level.setdefault(title, []).append((name, datasets[0]))
    if level is not None and level not in by_level:
        raise AnalysisError(
            "no sample has this core level", expected=", ".join(by_level) or "a fit", found=level
        )
    wanted = [level] if level is not None else [key for key, found in by_level.items() if len(found) > 1]
    hue = hues([dataset for found in by_level.values() for _, dataset in found])
    return [figure for key in wanted for figure in stack(key, by_level[key], "samples", hue)]


def hues(datasets: Sequence[xr.Dataset]) -> dict[str, str]:
    """Return the colours of the phases of several regions."""
    return colours(str(label) for each in datasets for label in each["component"].values)


def copy_number(name: str) -> int:
    """Return which measurement a region belongs to: 2 for "c1s_2", 1 for "c1s"."""
    match = _COPY.search(name)
    return int(match[1]) if match else 1


def by_title(result: xr.DataTree) -> dict[str, list[xr.Dataset]]:
    """Return the fitted regions of a result by core level, in the order of their measurement."""
    found: dict[str, list[xr.Dataset]] = {}
    for node in result.children.values():
        if "envelope" in node:
            dataset = node.to_dataset(inherit=False)
            found.setdefault(title_of(dataset), []).append(dataset)
    return found


def stack(
    title: str, members: Sequence[tuple[str, xr.Dataset]], what: str, hue: Mapping[str, str]
) -> list[Figure]:
    """Return the figures of one core level.

    Parameters
    ----------
    members
        Name and region, from top to bottom.
    what
        What the members are called: "samples".
    hue
        Colour of each phase (`hues`).
    """
    pages = split(members)
    out = []
    for number, page in enumerate(pages, start=1):
        spectra = [
            _spectrum(name, dataset, _STEP * (len(page) - 1 - i)) for i, (name, dataset) in enumerate(page)
        ]
        of = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        name = f"xps_stacked_{slug(title).lower()}" + (f"_{number}" if of else "")
        heading = f"XPS: {title} of {len(members)} {what}{of}"
        out.append(Figure(name, heading, _caption(spectra), [_panel(title, spectra, hue)]))
    return out


def split(members: Sequence[_T]) -> list[list[_T]]:
    """Return pages of at most ten, of about the same size."""
    count = -(-len(members) // _MOST)
    ends = [round(i * len(members) / max(count, 1)) for i in range(count + 1)]
    return [list(members[a:b]) for a, b in pairwise(ends)]


def on_one_page(figures: Sequence[Figure], name: str, title: str) -> Figure:
    """Return one figure with the panels of several, each with its core level above it."""
    # the level that most samples have names them all
    caption = max((each.caption for each in figures), key=len)
    panels = [panel for each in figures for panel in each.panels]
    return Figure(name, title, caption, panels, columns=2 if len(panels) > 1 else 1)


def _spectrum(name: str, dataset: xr.Dataset, offset: float) -> _Spectrum:
    measured, _ = measured_in(dataset)
    background, envelope = curve_of(dataset, "background"), curve_of(dataset, "envelope")
    base = float(background.min())
    noise = _NOISE * float(np.std(measured - envelope))
    scale = max(float(envelope.max()) - base, noise, 1e-30)
    return _Spectrum(
        name,
        curve_of(dataset, "binding_energy"),
        (measured - base) / scale + offset,
        (background - base) / scale + offset,
        (envelope - base) / scale + offset,
        tuple(components(dataset)),
        scale,
        dataset,
    )


def _panel(title: str, spectra: Sequence[_Spectrum], hue: Mapping[str, str]) -> Panel:
    low = min(float(each.energy.min()) for each in spectra)
    high = max(float(each.energy.max()) for each in spectra)
    top = max(float(each.measured.max()) for each in spectra)
    bottom = min(float(each.measured.min()) for each in spectra)
    guides = _guides(spectra)
    crowd = max(len(guides) - 3, 0)
    marks: list[Mark] = [
        Line([at, at], [bottom, top + _ABOVE], "", hue[phase], 0.6, dash=True) for phase, at in guides.items()
    ]
    for each in spectra:
        marks += _marks(each, hue)
    marks += _names(spectra, low, high)
    if guides:
        marks.append(
            Labels(
                list(guides.values()),
                tuple(f"{shown(phase)} {at:.1f}" for phase, at in guides.items()),
                [1.0] * len(guides),
                tuple(ink(hue[phase]) for phase in guides),
                tuple(shown(phase) for phase in guides),
                pile=True,
            )
        )
    return Panel(
        AXIS,
        "intensity (offset)",
        marks,
        title,
        x_reversed=True,
        share=min(0.5 + 0.25 * len(spectra), 2.6) + _ROW * crowd,
        xlim=(low, high),
        ylim=(bottom - _ABOVE, top + 2 * _ABOVE + 0.5 * _ROW * crowd * (top - bottom)),
        yticks=(),
    )


def _marks(each: _Spectrum, hue: Mapping[str, str]) -> list[Mark]:
    marks: list[Mark] = [Points(each.energy, each.measured, "", "data", size=1.4)]
    for part in each.parts:
        # numbers of peaks say nothing across samples: they share one colour
        name = "muted" if not part.is_seen else "accent" if part.is_numbered else hue[part.phase]
        curve = each.background + part.curve / each.scale
        marks += [
            Band(each.energy, each.background, curve, "", name, 0.4),
            Line(each.energy, curve, "", name, 0.7),
        ]
    marks += [
        Line(each.energy, each.background, "", "background", 0.7),
        Line(each.energy, each.envelope, "", "fit", 0.9),
    ]
    return marks


def _names(spectra: Sequence[_Spectrum], low: float, high: float) -> list[Text]:
    """Return the names of the spectra, all over that end of them which is lower."""
    letters = max(len(_short(each.name)) for each in spectra)
    reach = min(_LETTER * (letters + 2), _NAME) * (high - low)
    ends = [
        [_top(each, each.energy <= low + reach), _top(each, each.energy >= high - reach)] for each in spectra
    ]
    over = [
        max(tops[i] - float(each.background.min()) for tops, each in zip(ends, spectra, strict=True))
        for i in (0, 1)
    ]
    side = 0 if over[0] <= over[1] else 1
    names = []
    for tops, each in zip(ends, spectra, strict=True):
        height = tops[side] + _ABOVE / 2
        text = _short(each.name)
        names.append(
            Text(high, height, text, anchor="start") if side else Text(low, height, text, anchor="end")
        )
    return names


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _top(each: _Spectrum, where: Bools) -> float:
    """Return the height of a spectrum in a part of the axis; its foot where it has no points there."""
    return float(each.measured[where].max()) if where.any() else float(each.background.min())


def _guides(spectra: Sequence[_Spectrum]) -> dict[str, float]:
    """Return the median binding energy of each assigned line over the spectra."""
    found: dict[str, list[float]] = {}
    for each in spectra:
        for part in each.parts:
            if part.is_seen and not part.is_numbered:
                found.setdefault(part.phase, []).append(part.position)
    return {phase: float(np.median(values)) for phase, values in found.items()}


def _caption(spectra: Sequence[_Spectrum]) -> str:
    text = (
        f"From top to bottom: {'; '.join(_corrected(each) for each in spectra)}. Each spectrum is drawn from "
        "its lowest background to its highest point: heights of different spectra are not to be compared. "
        "Points measured, components filled, line their sum."
    )
    return text + (" Dashed: the median binding energy of each line." if _guides(spectra) else "")


def _corrected(each: _Spectrum) -> str:
    if not is_corrected(each.dataset):
        return f"{each.name} (energies as measured)"
    shift = f"{float(each.dataset.attrs['charge_shift']):+.2f}".replace("-", "−")
    return f"{each.name} ({shift} eV of charging taken off)"
