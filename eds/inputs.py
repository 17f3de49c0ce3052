"""What is to be measured: from raw Datasets and settings to maps of counts with a scale."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError, SettingError
from interlayer.core.units import quantity
from interlayer.eds import lines, spectrum
from interlayer.eds.lines import Family
from interlayer.eds.local import local_fit
from interlayer.eds.spectrum import Found
from interlayer.eds.unmix import Window, window

Floats = NDArray[np.float64]

#: elements without being asked for are searched for layers in at most this many
MOST = 8
#: Lℓ or L lines that lie under the K line of a light element (eV apart less than half a FWHM)
HIDDEN = {"N": ("Ti", "Sc"), "O": ("V", "Cr"), "F": ("Fe", "Co")}


@dataclass(frozen=True, slots=True)
class Target:
    """One map to be measured.

    Parameters
    ----------
    values
        (y, x) raw counts, or whatever the map holds.
    step
        Pixel height and width, nm.
    asked
        False for an element that is only reported when it forms a layer.
    spectral
        The spectra around the element's line, when there are any.
    notes
        What to doubt.
    """

    element: str
    values: Floats
    step: tuple[float, float]
    asked: bool
    spectral: Window | None = None
    notes: tuple[str, ...] = ()
    units: str = "counts"
    statistics_lost: str = ""


@dataclass(slots=True)
class Spectrum:
    """The sum spectrum of a raw Dataset and what was found in it."""

    energy: Floats
    counts: Floats
    background: Floats
    resolution: float
    kilovolts: float
    found: list[Found] = field(default_factory=list)

    @property
    def elements(self) -> list[str]:
        """Return the elements found."""
        return list(dict.fromkeys(each.family.element for each in self.found))

    @property
    def highest(self) -> float:
        """Return the energy up to which lines are excited well, eV."""
        end = float(self.energy[-1])
        return min(end, 660.0 * self.kilovolts) if self.kilovolts > 0 else 0.9 * end


def pixel_step(raw: xr.Dataset, given: str | None) -> tuple[float, float]:
    """Return pixel height and width in nm.

    Raises
    ------
    AnalysisError
        When the file has no scale and none is given.
    """
    if given is not None:
        return parse_pixel_size(given)
    if raw["y"].attrs.get("units") != "nm" or raw["x"].attrs.get("units") != "nm":
        raise AnalysisError(
            "the map has no scale",
            path=raw.attrs.get("source"),
            expected="a pixel size in the file",
            found="none",
            advice='Give it: --pixel-size "20 nm".',
        )
    dy = _spacing(raw["y"].values)
    dx = _spacing(raw["x"].values) if raw.sizes["x"] > 1 else dy
    return dy, dx


def _spacing(values: Floats) -> float:
    return float(values[-1] - values[0]) / (values.size - 1)


def parse_pixel_size(text: str) -> tuple[float, float]:
    """Return pixel height and width (nm) from "20 nm" or "20 nm x 25 nm" (x by y).

    Examples
    --------
    >>> parse_pixel_size("20 nm x 25 nm")
    (25.0, 20.0)
    """
    parts = [quantity(part, "nm") for part in re.split(r"\s*[x×*]\s*", text.strip())]
    if len(parts) not in (1, 2) or min(parts) <= 0 or not np.isfinite(parts).all():
        raise SettingError("not a pixel size", expected='"20 nm" or "20 nm x 25 nm"', found=repr(text))
    return parts[-1], parts[0]


def sum_spectrum(raw: xr.Dataset, kilovolts: float | None, energy_step: float | None) -> Spectrum:
    """Return the sum spectrum of a cube or a spectrum, with its continuum and the elements found."""
    counts = spectrum.total(raw["counts"])
    energy = np.asarray(raw["energy"].values, dtype=np.float64)
    if energy_step is not None:
        energy = energy[0] + np.arange(energy.size) * energy_step
    resolution = float(raw.attrs.get("detector_resolution", lines.RESOLUTION))
    resolution = resolution if 100 <= resolution <= 250 else lines.RESOLUTION
    volts = float(kilovolts if kilovolts is not None else raw.attrs.get("beam_voltage", 0.0))
    hints = str(raw.attrs.get("elements_in_file", "")).split()
    return Spectrum(
        energy,
        counts,
        spectrum.continuum(np.maximum(counts, 0.0), energy, resolution),
        resolution,
        volts,
        spectrum.identify(counts, energy, resolution, volts, hints),
    )


def cube_targets(
    raw: xr.Dataset, total: Spectrum, elements: Sequence[str] | None, step: tuple[float, float]
) -> list[Target]:
    """Return the elements of a cube that are to be measured, N first."""
    asked = list(elements) if elements else ["N"]
    others = [] if elements else _strongest(total, asked)
    targets = []
    for element in dict.fromkeys([*asked, *others]):
        family = lines.best_family(element, total.highest)
        if family is None:
            _unknown(element)
            continue
        targets.append(_target(raw, total, family, step, element in asked))
    return targets


def _unknown(element: str) -> None:
    if element not in lines.elements():
        raise SettingError("unknown element", expected="a symbol such as N", found=repr(element))


def _strongest(total: Spectrum, asked: Sequence[str]) -> list[str]:
    ranked = sorted(total.found, key=lambda each: -each.counts)
    return [e for e in dict.fromkeys(each.family.element for each in ranked) if e not in asked][: MOST - 1]


def _target(
    raw: xr.Dataset, total: Spectrum, family: Family, step: tuple[float, float], asked: bool
) -> Target:
    local = local_fit(total.counts, total.energy, family, total.elements, total.resolution)
    found = window(raw["counts"], local)
    notes = []
    hiding = [e for e in HIDDEN.get(family.element, ()) if e in total.elements]
    if hiding:
        notes.append(
            f"{' and '.join(hiding)} in the sample: its L lines lie under {family.name} and hide in it"
        )
    return Target(family.element, found.counts, step, asked, found, tuple(notes))


def map_targets(
    raws: Sequence[xr.Dataset], elements: Sequence[str] | None, pixel_size: str | None
) -> list[Target]:
    """Return the element maps of raw Datasets."""
    targets = []
    for raw in raws:
        for name, data in raw.data_vars.items():
            if not str(name).startswith("map_"):
                continue
            element = str(data.attrs.get("element", "")) or _single(elements, raw)
            if elements and element not in elements:
                continue
            targets.append(_map_target(raw, data, element, pixel_step(raw, pixel_size)))
    if not targets:
        raise AnalysisError(
            "no map of the element asked for",
            expected=", ".join(elements or ["an element map"]),
            found=", ".join(str(name) for raw in raws for name in raw.data_vars),
        )
    return sorted(targets, key=lambda each: each.element != "N")


def _single(elements: Sequence[str] | None, raw: xr.Dataset) -> str:
    if elements and len(elements) == 1:
        _unknown(elements[0])
        return elements[0]
    raise AnalysisError(
        "which element does the map show?",
        path=raw.attrs.get("source"),
        expected='an element in the file\'s name, such as "N Ka.tif"',
        advice="Give it: --element N.",
    )


def _map_target(raw: xr.Dataset, data: xr.DataArray, element: str, step: tuple[float, float]) -> Target:
    units = str(data.attrs.get("units", "counts"))
    lost = str(raw.attrs.get("count_statistics", ""))
    if units != "counts":
        lost = lost or f"its unit is {units}"
    note = (
        "an element map holds the window's background and leakage; only a spectrum map lets them be separated"
    )
    return Target(element, np.asarray(data.values, dtype=np.float64), step, True, None, (note,), units, lost)
