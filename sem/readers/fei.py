"""FEI and Thermo Fisher: INI text (tags 34680, 34682, or after the image) and XML (tag 34683)."""

import math
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from interlayer.sem.readers.metadata import Metadata, number, sections

_METRE = 1e9
_RADIAN = 180.0 / math.pi
#: how well pixel times number of pixels must give the field of view
_AGREE = 0.002


def parse(text: str, columns: int, rows: int) -> Metadata:
    """Return the metadata of an FEI INI text for an image of the given size.

    The scale is void when the image's rows are not image rows plus data bar: it was cropped or resized.
    """
    ini = sections(text)
    beam = ini.get("Beam", {})
    optics = ini.get(beam.get("Beam") or "EBeam", {})
    scan = ini.get("Scan") or ini.get(beam.get("Scan") or "EScan", {})
    meta = Metadata("FEI/Thermo")
    meta.pixel_x = number(scan.get("PixelWidth", "")) * _METRE
    meta.pixel_y = number(scan.get("PixelHeight", "")) * _METRE
    image = ini.get("Image", {})
    width, height = number(image.get("ResolutionX", "")), number(image.get("ResolutionY", ""))
    if not meta.calibrated and width > 0:
        meta.pixel_x = meta.pixel_y = number(optics.get("HFW", "")) * _METRE / width
    private = ini.get("PrivateFei", {})
    bar = number(private.get("DatabarHeight", ""))
    fields = [
        ("width", meta.pixel_x, width, number(scan.get("HorFieldsize", "")) * _METRE),
        ("width", meta.pixel_x, width, number(optics.get("HFW", "")) * _METRE),
        ("height", meta.pixel_y, height, number(scan.get("VerFieldsize", "")) * _METRE),
        ("height", meta.pixel_y, height, number(optics.get("VFW", "")) * _METRE),
    ]
    _check(meta, columns, rows, (width, height, bar), fields)
    _conditions(meta, ini, optics)
    return meta


def _check(
    meta: Metadata,
    columns: int,
    rows: int,
    stated: tuple[float, float, float],
    fields: list[tuple[str, float, float, float]],
) -> None:
    width, height, bar = stated
    if math.isfinite(width) and math.isfinite(height):
        extra = rows - int(height)
        expected = int(bar) if math.isfinite(bar) else 0
        if int(width) != columns or extra not in {expected, 0}:
            meta.void_scale(
                f"the metadata state {width:.0f} x {height:.0f} pixels and a data bar of {expected} rows, the"
                f" image has {columns} x {rows}: it was resized or cropped, its scale is void"
            )
            return
        meta.bar_rows = extra
    for name, size, count, length in fields:
        if meta.calibrated and length > 0 and count > 0 and abs(size * count / length - 1) > _AGREE:
            meta.contradict(
                f"pixel {name} is {size:.6g} nm, the field {length:.6g} nm", size * count / length
            )


def _conditions(meta: Metadata, ini: dict[str, dict[str, str]], optics: dict[str, str]) -> None:
    system, stage, beam = ini.get("System", {}), ini.get("Stage", {}), ini.get("Beam", {})
    meta.attrs["microscope"] = system.get("SystemType") or "FEI"
    meta.number("voltage", optics.get("HV") or beam.get("HV", ""), 1e-3)
    meta.number("working_distance", optics.get("WD") or stage.get("WorkingDistance", ""), 1e3)
    meta.number("tilt", stage.get("StageT") or optics.get("StageTa", ""), _RADIAN)
    meta.number("scan_rotation", beam.get("ScanRotation", ""), _RADIAN)
    correction = optics.get("TiltCorrectionIsOn", "")
    if correction:
        meta.attrs["tilt_correction"] = "on" if correction.lower() in {"yes", "on", "true"} else "off"
    for name, key in (("detector", "Name"), ("signal", "Signal")):
        if value := ini.get("Detectors", {}).get(key, ""):
            meta.attrs[name] = value
    if beam.get("Beam"):
        meta.attrs["beam"] = beam["Beam"]


def parse_xml(text: str, columns: int, rows: int) -> Metadata:
    """Return the metadata of the XML of tag 34683."""
    meta = Metadata("FEI/Thermo")
    try:
        root = ElementTree.fromstring(text.strip("\x00 \r\n"))
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        meta.doubts.append("the XML metadata (tag 34683) cannot be read")
        return meta
    meta.pixel_x = _number(root, "PixelSize/X") * _METRE
    meta.pixel_y = _number(root, "PixelSize/Y") * _METRE
    width, height = _number(root, "ImageSize/X"), _number(root, "ImageSize/Y")
    if math.isfinite(width) and math.isfinite(height):
        if int(width) != columns or rows < int(height):
            meta.void_scale(
                f"the XML states {width:.0f} x {height:.0f} pixels, the image has {columns} x {rows}"
            )
        else:
            meta.bar_rows = rows - int(height)
    meta.number("voltage", _number(root, "Optics/AccelerationVoltage"), 1e-3)
    meta.number("tilt", _number(root, "StagePosition/Tilt/Alpha"), _RADIAN)
    name = root.findtext(".//InstrumentClass")
    meta.attrs["microscope"] = name or "FEI"
    return meta


def _number(root: Any, path: str) -> float:
    return number(root.findtext(f".//{path}") or "")
