"""PHI MultiPak and SmartSoft: `.spe`, and the vendor's text export."""

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import decode, read_text
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build

#: PHI writes "u8" for 8-byte floats
_TYPES: dict[bytes, np.dtype[np.floating[Any]]] = {
    b"f4": np.dtype("<f4"),
    b"u8": np.dtype("<f8"),
    b"f8": np.dtype("<f8"),
}
_HEADER = 96
_MAX_REGIONS = 1000


def load(path: Path) -> xr.Dataset:
    """Read a `.spe` file: binding energies from the header, counts = rate × time per point."""
    data = path.read_bytes()
    match = re.search(rb"^EOFH[ \t]*\r?\n", data, re.MULTILINE)
    if match is None:
        raise ReadError(
            "the text header does not end", expected="a line 'EOFH'", advice="The file is truncated."
        )
    header, binary = decode(data[: match.start()]), data[match.end() :]
    definitions = re.findall(r"(?m)^SpectralRegDef:\s*(.+?)\s*$", header)
    photon = _value(header, r"XraySource:\s*\S+\s+([\d.]+)")
    spectra = [
        _spectrum(line.split(), values, photon)
        for line, values in zip(definitions, _values(binary), strict=True)
    ]
    attrs: dict[str, Attribute] = {
        "instrument": _text(header, "InstrumentModel"),
        "sample": _text(header, "FileDesc"),
    }
    return build(spectra, **attrs)


def _values(binary: bytes) -> list[Floats]:
    if len(binary) < 16:
        raise ReadError("no binary part behind the header", found=f"{len(binary)} bytes")
    _, count, _, _ = struct.unpack_from("<4I", binary)
    if not 0 < count <= _MAX_REGIONS or len(binary) < 16 + count * _HEADER:
        raise ReadError("impossible number of regions", found=count)
    return [_region(binary, 16 + index * _HEADER) for index in range(count)]


def _region(binary: bytes, at: int) -> Floats:
    kind = _TYPES.get(binary[at + 72 : at + 74])
    (points,) = struct.unpack_from("<I", binary, at + 20)
    length, offset = struct.unpack_from("<2I", binary, at + 76)
    if kind is None or points * kind.itemsize != length:
        raise ReadError(
            "more than one spectrum in a region, or an unknown number type",
            expected="f4 or f8, one spectrum per region",
            found=f"{binary[at + 72 : at + 76]!r}, {points} points in {length} bytes",
            advice="Depth profiles and maps are not read yet: export VAMAS from MultiPak.",
        )
    if offset + length > len(binary):
        raise ReadError("the file ends inside a spectrum", expected=offset + length, found=len(binary))
    return np.frombuffer(binary, kind, points, offset).astype(np.float64)


def _spectrum(fields: list[str], rate: Floats, photon: float) -> Spectrum:
    name, points = fields[2], int(fields[4])
    step, start = float(fields[5]), float(fields[6])
    time, pass_energy = float(fields[10]), float(fields[11])
    if points != rate.size:
        raise ReadError(f"region {name}", expected=f"{points} points", found=rate.size)
    attrs: dict[str, Attribute] = {
        "dwell_time": time,
        "scans": 1.0,
        "pass_energy": pass_energy,
        "source_energy": photon,
    }
    energy = np.round(start + step * np.arange(points), 6)
    values, units = (rate * time, "counts") if time > 0 else (rate, "counts/s")
    return Spectrum(name, energy, values, units, attrs=attrs)


def _text(header: str, key: str) -> str:
    match = re.search(rf"(?m)^{key}:\s*(.*?)\s*$", header)
    return match[1] if match else ""


def _value(header: str, pattern: str) -> float:
    match = re.search(pattern, header)
    return float(match[1]) if match else float("nan")


def load_text(path: Path) -> xr.Dataset:
    """Read MultiPak's text export (``Element C 1s; Region 6 of 6; …`` and two columns)."""
    blocks = re.split(r"(?m)^Element (?=.*;)", read_text(path))[1:]
    return build([_text_block(block) for block in blocks])


def _text_block(block: str) -> Spectrum:
    title, _, body = block.partition("\n")
    facts = {
        key: float(value)
        for key, value in re.findall(r"(Time Per Step|Sweeps|Photon Energy) ([\d.]+)", title)
    }
    rows = [line.split() for line in body.splitlines()]
    table = np.array([[float(cell) for cell in row] for row in rows if len(row) == 2])
    if table.size == 0:
        raise ReadError(f"block {title[:40]!r} has no data")
    attrs: dict[str, Attribute] = {"scans": facts.get("Sweeps", 1.0)}
    if "Time Per Step" in facts:
        attrs["dwell_time"] = facts["Time Per Step"] / 1000.0
    if "Photon Energy" in facts:
        attrs["source_energy"] = facts["Photon Energy"]
    return Spectrum(title.split(";")[0].strip(), table[:, 0], table[:, 1], attrs=attrs)
