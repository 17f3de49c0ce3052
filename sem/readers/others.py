"""TESCAN, Hitachi and ImageJ metadata."""

import math
import re

from interlayer.sem.readers.metadata import Metadata, length, number, sections

_METRE = 1e9
_IMAGEJ_UNITS = {"micron": "um", "\\u00B5m": "um", "microns": "um", "inch": "", "pixel": "", "pixels": ""}


def parse_tescan(text: str, columns: int, rows: int) -> Metadata:
    """Return the metadata of TESCAN's ``Key=Value`` text (tag 50431 or the .hdr file)."""
    keys = {key: value for part in sections(text).values() for key, value in part.items()}
    meta = Metadata("TESCAN")
    meta.pixel_x = number(keys.get("PixelSizeX", "")) * _METRE
    meta.pixel_y = number(keys.get("PixelSizeY", "")) * _METRE
    strip = number(keys.get("ImageStripSize", ""))
    if 0 <= strip < rows:
        meta.bar_rows = int(strip)
    meta.attrs["microscope"] = keys.get("DeviceModel") or keys.get("Device") or "TESCAN"
    meta.number("voltage", keys.get("HV", ""), 1e-3)
    meta.number("working_distance", keys.get("WD", ""), 1e3)
    meta.number("tilt", keys.get("StageTilt", ""))
    meta.number("magnification", keys.get("Magnification", ""))
    correction = number(keys.get("TiltCorrection", ""))
    if math.isfinite(correction):
        meta.attrs["tilt_correction"] = "on" if correction else "off"
    return meta


def tescan_tag(data: bytes) -> str:
    """Return the text in tag 50431, after its binary head with the thumbnail."""
    starts = [at for key in (b"AccFrames=", b"Description=", b"PixelSizeX=") if (at := data.find(key)) >= 0]
    return data[min(starts) :].decode("latin-1") if starts else ""


def parse_hitachi(text: str, columns: int, rows: int) -> Metadata:
    """Return the metadata of Hitachi's sidecar text with ``[SemImageFile]``."""
    keys = sections(text).get("SemImageFile", {})
    meta = Metadata("Hitachi")
    meta.pixel_x = meta.pixel_y = length(keys.get("PixelSize", ""), "nm")
    size = re.match(r"\s*(\d+)\s*[xX*]\s*(\d+)", keys.get("DataSize", ""))
    if size:
        width, height = int(size.group(1)), int(size.group(2))
        if width != columns or rows < height:
            meta.void_scale(f"DataSize is {width} x {height}, the image has {columns} x {rows}")
        else:
            meta.bar_rows = rows - height or None
    meta.attrs["microscope"] = keys.get("InstructName") or "Hitachi"
    meta.number("voltage", keys.get("AcceleratingVoltage", ""), 1e-3)
    meta.number("working_distance", keys.get("WorkingDistance", ""), 1e-3)
    meta.number("magnification", keys.get("Magnification", ""))
    return meta


def parse_imagej(text: str, per_unit_x: float, per_unit_y: float) -> Metadata:
    """Return ImageJ's scale: X/YResolution are pixels per ``unit``; without ``unit`` there is none."""
    meta = Metadata("ImageJ")
    keys = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name = keys.get("unit", "").strip()
    unit = _IMAGEJ_UNITS.get(name, name)
    if unit and per_unit_x > 0 and per_unit_y > 0:
        meta.pixel_x, meta.pixel_y = (length(f"{1.0 / each!r} {unit}") for each in (per_unit_x, per_unit_y))
    meta.bar_rows = None
    return meta
