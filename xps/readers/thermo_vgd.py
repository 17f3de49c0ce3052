"""Thermo Avantage `.VGD`: a data space in an OLE compound file, read by the names of its streams.

Notes
-----
`VGData` holds doubles, the energy running fastest; `VGDataAxes` and `VGSpaceAxes` the axes; a property set
the instrument's settings by number. The energy axis is kinetic; the values are the counts of all periods. The
layout is known from public readers (PyExpLabSys, vgd-reader and others), not from Thermo.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import olefile
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xps import levels
from interlayer.xps.readers import axis, propertyset
from interlayer.xps.readers.units import counts
from interlayer.xps.readers.vgd_axes import SpaceAxis, grouped
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build

_SETTINGS, _SUMMARY = "\x05Q5nw4m3lIjudbfwyAayojlptCa", "\x05SummaryInformation"
#: numbers of the properties in these two streams
_TITLE = 2
_INSTRUMENT, _VALUE_LABEL, _VALUE_UNIT = 0x06, 0x0D, 0x0F
_SOURCE_ENERGY, _DWELL_TIME, _PERIODS, _PASS_ENERGY, _WORK_FUNCTION = 0x69, 0x131, 0x148, 0x194, 0x196
_TECHNIQUE, _ENERGY_SCALE = 0x04, 0x13C
#: of these two
_ION_SCATTERING, _KINETIC, _BINDING = 6, 1, 2
_ADVICE = "Export the spectrum as VAMAS."
#: more spectra than any profile has
_MAX_SPECTRA = 2_000
_Group = tuple[int, list[SpaceAxis]]


@dataclass(frozen=True, slots=True)
class _Streams:
    values: Floats
    groups: list[_Group]
    settings: propertyset.Properties
    title: str


def load(path: Path) -> xr.Dataset:
    """Read a `.VGD`: levels, angles and points are measurements, the pixels of a map are summed."""
    streams = _streams(path)
    attrs, name = _attrs(streams.settings), streams.title or path.stem
    binding = _binding(streams, levels.from_name(name.replace("_", " ")))
    spectra = [
        _spectrum(name, binding, values, streams.settings, {**attrs, **extra})
        for values, extra in _measurements(streams)
    ]
    return build(spectra, instrument=streams.settings.texts.get(_INSTRUMENT, ""))


def _binding(streams: _Streams, level: str) -> Floats:
    energy, settings = streams.groups[0][1][0].values, streams.settings
    if settings.numbers.get(_TECHNIQUE) == _ION_SCATTERING:
        raise ReadError("an ion scattering spectrum, not one of photoelectrons")
    scale, photon = settings.numbers.get(_ENERGY_SCALE, _KINETIC), settings.number(_SOURCE_ENERGY)
    if scale not in (_KINETIC, _BINDING):
        raise ReadError("the energy scale of this file is not known", found=f"{scale:g}", advice=_ADVICE)
    if scale == _KINETIC and not (math.isfinite(photon) and photon > 0):
        raise ReadError("the source's energy is not in this file", advice=_ADVICE)
    binding = np.round(photon - energy if scale == _KINETIC else energy, 6)
    if axis.contradicts(binding, level):
        found = f"{binding.min():g} to {binding.max():g} eV"
        raise ReadError(f"the energy axis does not reach {level}", found=found, advice=_ADVICE)
    return binding


def _streams(path: Path) -> _Streams:
    with path.open("rb") as stream, olefile.OleFileIO(stream, raise_defects=olefile.DEFECT_INCORRECT) as ole:
        wanted = ("VGData", "VGDataAxes", "VGSpaceAxes", _SETTINGS)
        missing = [name.strip("\x05") for name in wanted if not ole.exists(name)]
        if missing:
            raise ReadError("not a data space of Avantage", found=f"no stream {', '.join(missing)}")
        data, data_axes, space_axes, settings = (ole.openstream(name).read() for name in wanted)
        summary = ole.openstream(_SUMMARY).read() if ole.exists(_SUMMARY) else None
    if len(data) % 8:
        raise ReadError("VGData is not a list of doubles", found=f"{len(data)} bytes")
    title = "" if summary is None else propertyset.parse(summary).texts.get(_TITLE, "")
    values = np.frombuffer(data, "<f8")
    return _Streams(values, grouped(data_axes, space_axes, values.size), propertyset.parse(settings), title)


def _measurements(streams: _Streams) -> Iterator[tuple[Floats, dict[str, Attribute]]]:
    """Return each measurement's values and what distinguishes it, the slowest axis outermost."""
    sizes = [points for points, _ in streams.groups]
    if math.prod(sizes) != streams.values.size:
        raise ReadError("VGData does not fit its axes", expected=sizes, found=streams.values.size)
    table = streams.values.reshape(sizes[::-1])
    groups = streams.groups[:0:-1]
    pixels = tuple(i for i, (_, axes) in enumerate(groups) if _is_map(axes))
    kept = [group for i, group in enumerate(groups) if i not in pixels]
    found = math.prod(points for points, _ in kept)
    if found > _MAX_SPECTRA:
        raise ReadError("too many spectra in one file", expected=f"at most {_MAX_SPECTRA}", found=found)
    table = table.sum(axis=pixels)
    for index in product(*(range(points) for points, _ in kept)):
        attrs: dict[str, Attribute] = {}
        for i, (_, axes) in zip(index, kept, strict=True):
            attrs |= _place(axes, i)
        if pixels:
            attrs |= {"pixels": math.prod(groups[i][0] for i in pixels), "scans": math.nan}
        yield table[index], attrs


def _is_map(axes: list[SpaceAxis]) -> bool:
    return bool(axes) and all(each.kind in ("x", "y") for each in axes)


def _place(axes: list[SpaceAxis], index: int) -> dict[str, Attribute]:
    """Return what tells a measurement; an axis without a kind beside etch levels is the etch time (s)."""
    kinds = {each.kind for each in axes}
    out: dict[str, Attribute] = {"measurement": index + 1}
    for each in axes:
        value = float(each.values[index])
        if each.kind == "angle":
            out["angle"] = value
        elif math.isfinite(value) and (each.kind == "etch time" or (not each.kind and "etch level" in kinds)):
            out["sputter_time"] = value
    return out


def _attrs(settings: propertyset.Properties) -> dict[str, Attribute]:
    found = {
        "source_energy": settings.number(_SOURCE_ENERGY),
        "pass_energy": settings.number(_PASS_ENERGY),
        "dwell_time": settings.number(_DWELL_TIME),
        "scans": settings.number(_PERIODS),
        "work_function": settings.number(_WORK_FUNCTION),
    }
    return {key: round(value, 6) for key, value in found.items() if math.isfinite(value)}


def _spectrum(
    name: str,
    binding: Floats,
    values: Floats,
    settings: propertyset.Properties,
    attrs: dict[str, Attribute],
) -> Spectrum:
    unit = f"{settings.texts.get(_VALUE_LABEL, '')} {settings.texts.get(_VALUE_UNIT, '')}"
    # without the number of periods the time per point is not known
    time = settings.number(_DWELL_TIME) * settings.number(_PERIODS)
    return Spectrum(name, binding, *counts(values, unit, time, 1.0), attrs=attrs)
