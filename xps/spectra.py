"""The raw Dataset of a measurement: one variable per region, and back to plain Datasets."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.xps import levels

Floats = NDArray[np.floating[Any]]
Attribute = str | int | float

#: a reader refuses more points than this in one region
MAX_POINTS = 2_000_000
_SURVEY_NAMES = re.compile(r"(survey|wide|su\s*1s|overview|full)", re.IGNORECASE)
_SURVEY_WIDTH = 300.0


@dataclass(slots=True)
class Spectrum:
    """One region as read.

    Parameters
    ----------
    name
        As the file calls it.
    binding_energy
        (n,) in eV, in the order of the file.
    values
        (n,) counts, or a rate where the counts cannot be recovered.
    units
        ``"counts"`` or ``"counts/s"``.
    transmission
        (n,) relative transmission of the analyser at each energy, or None.
    attrs
        dwell_time (s), scans, pass_energy (eV), source_energy (eV), … as far as the file tells.
    """

    name: str
    binding_energy: Floats
    values: Floats
    units: str = "counts"
    transmission: Floats | None = None
    attrs: dict[str, Attribute] = field(default_factory=dict)


def to_counts(rate: Floats, dwell_time: float, scans: float) -> Floats:
    """Return counts from a rate, the dwell time per point (s) and the number of scans."""
    return rate * dwell_time * max(scans, 1.0)


def core_level(name: str, energies: Floats) -> str:
    """Return "survey", the core level that a region's name or range tells ("C 1s"), or ""."""
    span = float(np.ptp(energies)) if energies.size else 0.0
    if _SURVEY_NAMES.search(name) or span > _SURVEY_WIDTH:
        return "survey"
    named = levels.from_name(name)
    if named:
        return named
    return levels.from_range(float(np.min(energies)), float(np.max(energies))) if energies.size else ""


def build(spectra: Iterable[Spectrum], **attrs: Attribute) -> xr.Dataset:
    """Return the raw Dataset of one file.

    Each region has a slug (``n1s``, ``c1s``, ``survey``, a second one ``c1s_2``): the variable
    ``<slug>_counts`` (or ``<slug>_intensity`` in counts/s) along ``<slug>_binding_energy`` (eV), and
    ``<slug>_transmission`` where the file has it.

    Raises
    ------
    ReadError
        When there is no region, or one without points or without finite numbers.
    """
    data: dict[str, xr.DataArray] = {}
    used: dict[str, int] = {}
    for spectrum in spectra:
        _check(spectrum)
        level = core_level(spectrum.name, spectrum.binding_energy)
        slug = _slug(level or spectrum.name, used)
        data |= _variables(slug, level, spectrum)
    if not data:
        raise ReadError("no spectrum in this file", advice="Export the spectra, not only the comments.")
    return xr.Dataset(data, attrs=dict(attrs))


def _check(spectrum: Spectrum) -> None:
    energy, values = spectrum.binding_energy, spectrum.values
    where = f"region {spectrum.name!r}"
    if energy.size != values.size or not 3 <= energy.size <= MAX_POINTS:
        raise ReadError(
            f"{where} has no usable spectrum", found=f"{energy.size} energies, {values.size} values"
        )
    if not (np.isfinite(energy).all() and np.isfinite(values).all()):
        raise ReadError(f"{where} holds numbers that are not finite")
    if np.ptp(energy) <= 0 or np.unique(energy).size != energy.size:
        raise ReadError(f"{where}: the energy axis does not advance", found="repeated energies")


def _slug(text: str, used: dict[str, int]) -> str:
    base = re.sub(r"[^a-z0-9]+", "", text.lower()) or "region"
    used[base] = used.get(base, 0) + 1
    return base if used[base] == 1 else f"{base}_{used[base]}"


def _variables(slug: str, level: str, spectrum: Spectrum) -> dict[str, xr.DataArray]:
    dim = f"{slug}_binding_energy"
    coord = xr.DataArray(
        spectrum.binding_energy, dims=dim, attrs={"units": "eV", "long_name": "binding energy, as measured"}
    )
    name = f"{slug}_counts" if spectrum.units == "counts" else f"{slug}_intensity"
    attrs: dict[str, Attribute] = {
        "units": spectrum.units,
        "long_name": f"{spectrum.name} {'counts' if spectrum.units == 'counts' else 'intensity'}",
        "region": spectrum.name,
        "core_level": level,
        "slug": slug,
        **{key: value for key, value in spectrum.attrs.items() if value == value},
    }
    out = {name: xr.DataArray(spectrum.values, dims=dim, coords={dim: coord}, attrs=attrs)}
    if spectrum.transmission is not None:
        long_name = "relative transmission of the analyser"
        out[f"{slug}_transmission"] = xr.DataArray(
            spectrum.transmission, dims=dim, coords={dim: coord}, attrs={"units": "1", "long_name": long_name}
        )
    return out


def regions(raw: xr.Dataset) -> dict[str, xr.Dataset]:
    """Return the regions of a raw Dataset by slug, with plain names.

    Returns
    -------
    dict
        Slug to a Dataset with ``counts`` (or ``intensity``) and, where known, ``transmission`` along
        ``binding_energy``; the region's metadata are its attrs.
    """
    found: dict[str, xr.Dataset] = {}
    for name, array in raw.data_vars.items():
        slug = str(array.attrs.get("slug", ""))
        if slug:
            found[slug] = _plain(raw, str(name), slug)
    return found


def _plain(raw: xr.Dataset, name: str, slug: str) -> xr.Dataset:
    names = {name: name.removeprefix(f"{slug}_"), f"{slug}_binding_energy": "binding_energy"}
    extra = f"{slug}_transmission"
    if extra in raw:
        names[extra] = "transmission"
    chosen = [each for each in names if each in raw.data_vars]
    dataset = raw[chosen].rename(names)
    return dataset.assign_attrs({**_strings(raw.attrs), **_strings(raw[name].attrs)})


def _strings(attrs: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in attrs.items() if key not in ("units", "long_name")}
