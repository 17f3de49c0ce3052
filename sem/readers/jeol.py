"""JEOL: EXIF MakerNote (UTF-16) and the sidecar text of the same stem."""

import math
import re

from interlayer.sem.readers.metadata import Metadata, length, number

_PAIR = re.compile(r"\$+([A-Z0-9_]+)[=\s]([^\t\r\n\x00$]*)")


def maker_note(data: bytes) -> str:
    """Return the text of a MakerNote, or nothing when it is not JEOL's."""
    if not data.startswith(b"UNICODE"):
        return ""
    return data[8:].decode("utf-16-le", errors="replace")


def parse(text: str, columns: int, rows: int) -> Metadata:
    """Return the metadata of JEOL's ``$KEY=value`` (MakerNote) or ``$KEY value`` (sidecar) text."""
    pairs = {key: value.strip() for key, value in reversed(_PAIR.findall(text))}
    meta = Metadata("JEOL")
    meta.pixel_x = meta.pixel_y = length(pairs.get("CM_PIXEL_SIZE", ""))
    size = [
        int(number(part))
        for part in pairs.get("CM_IMAGE_SIZE", pairs.get("CM_FULL_SIZE", "")).split()
        if math.isfinite(number(part))
    ]
    if not meta.calibrated:
        _marker(meta, pairs)
    if len(size) == 2:
        _size(meta, pairs, size, columns, rows)
    meta.attrs["microscope"] = pairs.get("CM_INSTRUMENT", "") or "JEOL"
    meta.number("voltage", pairs.get("CM_ACCEL_VOLT", ""))
    meta.number("magnification", pairs.get("CM_MAG", ""))
    meta.number("working_distance", pairs.get("SM_WD", ""))
    stage = [number(part) for part in pairs.get("CM_STAGE_POSITION", "").split()]
    if len(stage) > 4 and math.isfinite(stage[4]):
        meta.attrs["tilt"] = stage[4]
    if correction := pairs.get("SM_TILT_MAG_CORRECTION", ""):
        meta.attrs["tilt_correction"] = "on" if number(correction) == 1 else "off"
    return meta


def _marker(meta: Metadata, pairs: dict[str, str]) -> None:
    bar = number(pairs.get("SM_MICRON_BAR", ""))
    if bar > 0:
        meta.pixel_x = meta.pixel_y = length(pairs.get("SM_MICRON_MARKER", "")) / bar
        meta.attrs["scale_relative_stddev"] = 1.0 / math.sqrt(3.0) / bar
        meta.doubts.append(f"the scale comes from the micron bar of {bar:.0f} pixels, known to ±1 pixel")


def _size(meta: Metadata, pairs: dict[str, str], size: list[int], columns: int, rows: int) -> None:
    bar = number(pairs.get("SM_PNU_HEIGHT", ""))
    extra = rows - size[1]
    if size[0] != columns or extra < 0:
        meta.void_scale(
            f"the metadata state {size[0]} x {size[1]} pixels, the image has {columns} x {rows}:"
            " it was resized or cropped, its scale is void"
        )
        return
    meta.bar_rows = extra
    if math.isfinite(bar) and extra not in {0, int(bar)}:
        meta.doubts.append(f"the data bar has {extra} rows, SM_PNU_HEIGHT says {bar:.0f}")
    field = [number(part) for part in pairs.get("CM_FIELD_OF_VIEW", "").split()]
    unit = re.sub(r"[-+0-9.\s]", "", pairs.get("CM_FIELD_OF_VIEW", ""))
    if len(field) == 2 and meta.calibrated and unit:
        width = length(f"{field[0]} {unit}")
        if width > 0 and abs(meta.pixel_x * columns / width - 1) > 0.01:
            meta.doubts.append(
                f"pixel x columns is {meta.pixel_x * columns:.6g} nm, the stated field {width:.6g} nm"
            )
