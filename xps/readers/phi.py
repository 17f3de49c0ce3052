"""PHI MultiPak and SmartSoft: `.spe`, depth profiles (`.pro`) and several areas."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import decode
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build

#: PHI writes "u8" for 8-byte floats
_TYPES: dict[bytes, np.dtype[np.floating[Any]]] = {
    b"f4": np.dtype("<f4"),
    b"u8": np.dtype("<f8"),
    b"f8": np.dtype("<f8"),
}
_HEADER = 96
_MAX_REGIONS, _MAX_SPECTRA = 1000, 20_000


@dataclass(frozen=True, slots=True)
class _Definition:
    """One line ``SpectralRegDef``: binding energies in eV, time per point and cycle in s."""

    number: int
    name: str
    points: int
    step: float
    start: float
    time: float
    pass_energy: float


@dataclass(frozen=True, slots=True)
class _Block:
    """The rates of one region in one area: (cycles, points), counts/s."""

    region: int
    rates: Floats


def load(path: Path) -> xr.Dataset:
    """Read a `.spe` or `.pro`: counts = rate × time per point; cycles and areas are further measurements.

    Notes
    -----
    The transmission is MultiPak's E_p (a² / (a² + (E/E_p)²))^b (CasaXPS's manual, Intensity Calibration) with
    the a and b of the header, E the kinetic and E_p the pass energy; none where the intensities are already
    calibrated.
    """
    data = path.read_bytes()
    match = re.search(rb"^EOFH[ \t]*\r?\n", data, re.MULTILINE)
    if match is None:
        raise ReadError(
            "the text header does not end", expected="a line 'EOFH'", advice="The file is truncated."
        )
    header, binary = decode(data[: match.start()]), data[match.end() :]
    spectra = list(_spectra(header, _blocks(binary)))
    return build(spectra, instrument=_text(header, "InstrumentModel"), sample=_text(header, "FileDesc"))


def _spectra(header: str, blocks: list[_Block]) -> Iterator[Spectrum]:
    definitions = {each.number: each for each in _definitions(header)}
    found = [block.region for block in blocks]
    areas = len(found) // max(len(definitions), 1)
    if (
        sorted(found) != sorted([*definitions] * areas)
        or sum(b.rates.shape[0] for b in blocks) > _MAX_SPECTRA
    ):
        raise ReadError(
            "the spectra of this PHI file do not fit its header",
            expected=f"{_text(header, 'NoSpatialArea') or 1} areas of the regions {[*definitions]}",
            found=f"regions {found}",
            advice="Export VAMAS from MultiPak.",
        )
    photon, times, calibration = _photon(header), _sputter_times(header), _calibration(header)
    for at, block in enumerate(blocks):
        area = {"area": found[:at].count(block.region) + 1} if areas > 1 else {}
        for cycle, rate in enumerate(block.rates):
            extra: dict[str, Attribute] = {**area, **({"cycle": cycle + 1} if len(block.rates) > 1 else {})}
            if cycle < len(times):
                extra["sputter_time"] = times[cycle]
            yield _spectrum(definitions[block.region], rate, photon, calibration, extra)


def _definitions(header: str) -> Iterator[_Definition]:
    for line in re.findall(r"(?m)^SpectralRegDef:(.*)$", header):
        field = line.split()
        try:
            if field[1] == "0":  # defined, but not measured
                continue
            numbers = [float(field[i]) for i in (5, 6, 10, 11)]
            yield _Definition(int(field[0]), field[2], int(field[4]), *numbers)
        except (IndexError, ValueError):
            raise ReadError("a line SpectralRegDef has other fields than known", found=line[:60]) from None


def _blocks(binary: bytes) -> list[_Block]:
    if len(binary) < 16:
        raise ReadError("no binary part behind the header", found=f"{len(binary)} bytes")
    _, count, _, _ = struct.unpack_from("<4I", binary)
    if not 0 < count <= _MAX_REGIONS or len(binary) < 16 + count * _HEADER:
        raise ReadError("impossible number of regions", found=count)
    places = [16 + index * _HEADER for index in range(count)]
    total = sum(int(struct.unpack_from("<I", binary, at + 76)[0]) for at in places)
    if total > len(binary):
        raise ReadError("the file ends inside a spectrum", expected=f"{total} bytes", found=len(binary))
    return [_block(binary, at) for at in places]


def _block(binary: bytes, at: int) -> _Block:
    kind = _TYPES.get(binary[at + 72 : at + 74])
    unit = binary[at + 56 : at + 60].rstrip(b"\x00")
    region, _, points, cycles = struct.unpack_from("<4I", binary, at + 12)
    length, offset = struct.unpack_from("<2I", binary, at + 76)
    if kind is None or unit != b"c/s" or points * cycles * kind.itemsize != length or not length:
        raise ReadError(
            "a PHI spectrum of an unknown kind",
            expected="f4 or f8 in c/s, points × cycles of them",
            found=f"{binary[at + 72 : at + 76]!r} in {unit!r}, {points} × {cycles} in {length} bytes",
            advice="Maps are not read: export VAMAS from MultiPak.",
        )
    if offset + length > len(binary):
        raise ReadError("the file ends inside a spectrum", expected=offset + length, found=len(binary))
    rates = np.frombuffer(binary, kind, points * cycles, offset).astype(np.float64)
    return _Block(region, rates.reshape(cycles, points))


def _spectrum(
    region: _Definition,
    rate: Floats,
    photon: float,
    calibration: tuple[float, float] | None,
    extra: dict[str, Attribute],
) -> Spectrum:
    if region.points != rate.size:
        raise ReadError(f"region {region.name}", expected=f"{region.points} points", found=rate.size)
    attrs: dict[str, Attribute] = {
        "dwell_time": region.time,
        "scans": 1.0,
        "pass_energy": region.pass_energy,
        "source_energy": photon,
        **extra,
    }
    energy = np.round(region.start + region.step * np.arange(region.points), 6)
    values, units = (rate * region.time, "counts") if region.time > 0 else (rate, "counts/s")
    through = _transmission(calibration, (photon - energy) / max(region.pass_energy, 1e-6))
    return Spectrum(region.name, energy, values, units, through, attrs)


def _calibration(header: str) -> tuple[float, float] | None:
    """Return a and b of the transmission, None where they are absent or already applied."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)[ ,]+(\d+(?:\.\d+)?)", _text(header, "IntensityCalCoeff"))
    if match is None or _text(header, "IntensityRecal").lower() != "no":
        return None
    return float(match[1]), float(match[2])


def _transmission(calibration: tuple[float, float] | None, ratio: Floats) -> Floats | None:
    """Return the transmission at ratios of kinetic to pass energy, relative to 1 at ratio 0."""
    if calibration is None or not np.all(ratio > 0):
        return None
    a, b = calibration
    through = (a**2 / (a**2 + ratio**2)) ** b
    return through if np.all(through > 1e-6) else None


def _sputter_times(header: str) -> list[float]:
    """Return the time sputtered before each cycle (s), where the header's layers tell it; else nothing."""
    layers = [line.split() for line in re.findall(r"(?m)^DepthCalDef:(.*)$", header)]
    before = _text(header, "NoPreSputterCyc")
    if _text(header, "FileType") != "DEPTHPRO" or not layers or not before.isdigit() or int(before) > 1000:
        return []
    try:
        steps = [
            each for layer in layers for each in repeat(60.0 * float(layer[7]), min(int(layer[8]), 10_000))
        ]
    except (IndexError, ValueError):
        return []
    return [0.0] * int(before) + list(accumulate(steps))


def _photon(header: str) -> float:
    """Return the first number of the source's line that is an energy in eV, nan where there is none."""
    words = _text(header, "XraySource").split()
    numbers = [float(word) for word in words if re.fullmatch(r"\d{1,6}(\.\d+)?", word)]
    return next((number for number in numbers if number > 20.0), float("nan"))


def _text(header: str, key: str) -> str:
    match = re.search(rf"(?m)^{key}:(.*)$", header)
    return match[1].strip() if match else ""
