"""Zeiss SmartSEM: tag 34118 (cp1252) or 34119 (UTF-16)."""

import math
import re
from itertools import pairwise

from interlayer.sem.readers.metadata import Metadata, length, number

_KEY = re.compile(r"(?:AP|DP|SV)_[A-Z0-9_]+\Z")


def parse(text: str, columns: int, rows: int) -> Metadata:
    """Return the metadata of a SmartSEM text.

    ``AP_PIXEL_SIZE`` refers to a store of 1024 columns and is never used; the image's own
    ``AP_IMAGE_PIXEL_SIZE`` is checked against ``AP_WIDTH`` / columns, which takes its place when absent.
    """
    pairs = _pairs(text)
    meta = Metadata("Zeiss")
    stated = length(pairs.get("AP_IMAGE_PIXEL_SIZE", ""))
    by_width = length(pairs.get("AP_WIDTH", "")) / columns
    by_height = length(pairs.get("AP_HEIGHT", "")) / rows
    meta.pixel_x = stated if math.isfinite(stated) else by_width
    meta.pixel_y = _height(meta, stated, by_width, by_height)
    if math.isfinite(stated) and math.isfinite(by_width) and abs(stated / by_width - 1) > 0.01:
        meta.void_scale(
            f"AP_IMAGE_PIXEL_SIZE is {stated:.6g} nm, AP_WIDTH / columns {by_width:.6g} nm: the image was"
            " resized or cropped, its scale is void"
        )
    meta.attrs["microscope"] = "Zeiss"
    meta.number("voltage", _scaled(pairs.get("AP_ACTUALKV", ""), {"V": 1e-3, "kV": 1.0}))
    meta.number("working_distance", length(pairs.get("AP_WD", "")) * 1e-6)
    meta.number("tilt", pairs.get("AP_STAGE_AT_T", ""))
    meta.number("magnification", _scaled(pairs.get("AP_MAG", ""), {"X": 1.0, "K": 1e3, "KX": 1e3}))
    if correction := pairs.get("DP_TILT_CORRECTION", ""):
        meta.attrs["tilt_correction"] = correction.lower()
    if detector := pairs.get("DP_DETECTOR_CHANNEL", ""):
        meta.attrs["detector"] = detector
    return meta


def _height(meta: Metadata, stated: float, by_width: float, by_height: float) -> float:
    if not math.isfinite(stated):
        return by_height if math.isfinite(by_height) else by_width
    # AP_HEIGHT belongs to the image area; a bar burnt in below makes it differ, so it only tells x from y
    if math.isfinite(by_height) and abs(by_height / stated - 1) > 0.01 and math.isfinite(by_width):
        meta.doubts.append(
            f"AP_HEIGHT / rows is {by_height:.6g} nm, AP_IMAGE_PIXEL_SIZE {stated:.6g} nm:"
            " rows were added or cut"
        )
    return stated


def _pairs(text: str) -> dict[str, str]:
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text.replace("\x00", ""))]
    pairs: dict[str, str] = {}
    for key, line in pairwise(lines):
        if _KEY.match(key) and key not in pairs:
            at = min((line.find(mark) for mark in "=:" if mark in line), default=-1)
            pairs[key] = line[at + 1 :].strip()
    return pairs


def _scaled(text: str, factors: dict[str, float]) -> float:
    unit = re.sub(r"[-+0-9.eE\s]", "", text)
    return number(text) * factors.get(unit, factors.get(unit.strip(), 1.0))
