"""Lispix `.rpl` headers with their `.raw` data (NIST, D. Bright)."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.core.units import convert
from interlayer.eds.readers import calibration, dataset
from interlayer.eds.readers.edax import sample_sum
from interlayer.eds.readers.names import element_of

_KINDS = {"signed": "i", "unsigned": "u", "float": "f"}
_ORDERS = {"little-endian": "<", "big-endian": ">", "dont-care": "="}


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of a Lispix cube (or map, of depth 1); the data are memory-mapped."""
    header, raw = _pair(path)
    keys = _keys(read_text(header))
    values = _array(keys, raw)
    step = _step(keys)
    attrs: dict[str, str | float | int] = {}
    if keys.get("beam-energy"):
        attrs["beam_voltage"] = float(keys["beam-energy"])
    if values.shape[2] == 1:
        return dataset.element_map(np.asarray(values[:, :, 0]), element_of(path.stem), step, attrs)
    offset = float(keys.get("depth-origin", 0.0)) * _energy_factor(keys)
    stated = float(keys.get("ev-per-chan") or 0.0) or float(keys.get("depth-scale", 0.0)) * _energy_factor(
        keys
    )
    verdict = calibration.verify(
        sample_sum(values), stated or None, values.shape[2], float(attrs.get("beam_voltage", 0.0))
    )
    if stated and not verdict.corrected:
        verdict = calibration.Verdict(stated, False, verdict.reason)
    attrs |= {"energy_axis": verdict.reason, "energy_axis_corrected": int(verdict.corrected)}
    return dataset.cube(values, step, verdict.step, offset, attrs)


def _pair(path: Path) -> tuple[Path, Path]:
    wanted = ".raw" if path.suffix.lower() == ".rpl" else ".rpl"
    for end in (wanted, wanted.upper()):
        other = path.with_suffix(end)
        if other.is_file():
            return (path, other) if wanted == ".raw" else (other, path)
    raise ReadError(f"the {wanted} file is missing", path=path, expected=path.with_suffix(wanted).name)


def _keys(text: str) -> dict[str, str]:
    keys = {}
    for line in text.splitlines():
        parts = line.split(";")[0].split(None, 1)
        if len(parts) == 2:
            keys[parts[0].strip().lower()] = parts[1].strip()
    return keys


def _array(keys: dict[str, str], raw: Path) -> NDArray[np.generic]:
    try:
        width, height, depth = (int(keys[name]) for name in ("width", "height", "depth"))
        offset, length = int(keys.get("offset", 0)), int(keys["data-length"])
        kind, order = _KINDS[keys["data-type"].lower()], _ORDERS[keys.get("byte-order", "dont-care").lower()]
    except (KeyError, ValueError) as error:
        raise ReadError("the .rpl lacks a key or has an impossible value", found=str(error)) from None
    if min(width, height, depth) < 1 or offset < 0 or length not in (1, 2, 4, 8):
        raise ReadError("impossible sizes in the .rpl", found=f"{width} × {height} × {depth}, {length} bytes")
    needed = offset + width * height * depth * length
    if raw.stat().st_size < needed:
        raise ReadError(f"{raw.name} is truncated", expected=f"{needed} bytes", found=raw.stat().st_size)
    dtype = np.dtype(f"{order}{kind}{length}")
    if keys.get("record-by", "dont-care").lower() == "image":
        return np.memmap(raw, dtype, "r", offset, (depth, height, width)).transpose(1, 2, 0)
    return np.memmap(raw, dtype, "r", offset, (height, width, depth))


def _energy_factor(keys: dict[str, str]) -> float:
    return 1000.0 if keys.get("depth-units", "ev").lower() == "kev" else 1.0


def _step(keys: dict[str, str]) -> tuple[float, float] | None:
    """Return pixel height and width in nm where the header has them with a unit of length."""
    steps = []
    for name in ("height", "width"):
        scale, unit = keys.get(f"{name}-scale"), keys.get(f"{name}-units", "")
        if scale is None or not unit:
            return None
        try:
            steps.append(convert(float(scale), unit, "nm"))
        except Exception:
            return None
    return steps[0], steps[1]
