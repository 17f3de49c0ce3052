"""Philips: binary .rd (V3) and .sd (V5), and the .udf text that PANalytical instruments still write.

Layouts: xylib's documentation of the vendor's specification; the rule of the packed counts was confirmed
by others on 28 files of the IUCr round robin (their .prn conversions agree count by count).
"""

from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.binary import column, positive, records, value
from interlayer.xrd.readers.common import Scan, combined, floats, number, steps
from interlayer.xrd.readers.encoding import text_of
from interlayer.xrd.readers.metadata import anode, slit

_DATA = {b"V3RD": 250, b"V5RD": 810}
_ANODES = {0: "Cu", 1: "Mo", 2: "Fe", 3: "Cr"}
_MOST_POINTS = 10_000_000


def load_rd(path: Path) -> xr.Dataset:
    """Read a binary Philips scan."""
    return combined(scans_rd(path))


def scans_rd(path: Path) -> list[Scan]:
    """Return the scan of a .rd or .sd file. It stores the root of the counts: counts = v² // 100."""
    data = path.read_bytes()
    begin = _DATA.get(data[:4])
    if begin is None:
        raise ReadError("an unknown Philips RD version", expected="V3RD or V5RD", found=repr(data[:4]))
    step, start, end = (value(data, "d", at) for at in (214, 222, 230))
    count = _count(start, end, step)
    if len(data) != begin + 2 * count:
        raise ReadError(
            "the length of the file does not agree with its header",
            expected=f"{begin + 2 * count} bytes for {count} points",
            found=len(data),
            advice="The file may be truncated; export it as UDF or XRDML.",
        )
    packed = column(records(data, begin, count, 2), "<u2")
    attrs: dict[str, object] = {
        "anode": _ANODES.get(data[85]),
        "wavelength": positive(value(data, "d", 94), 10.0),
        "wavelength_alpha2": positive(value(data, "d", 102), 10.0),
        "kalpha_ratio": positive(value(data, "d", 110), 1.5),
        "conversion": "counts were unpacked from their stored roots",
    }
    return [Scan(steps(start, step, count), np.floor(packed**2 / 100), attrs=attrs)]


def _count(start: float, end: float, step: float) -> int:
    intervals = (end - start) / step if step > 0 and end > start else np.nan
    if not 0 < intervals < _MOST_POINTS:
        raise ReadError(
            "the header gives no scan",
            expected="start, end and step",
            found=f"{start:g}° to {end:g}° in steps of {step:g}°",
        )
    return round(float(intervals)) + 1


def load_udf(path: Path) -> xr.Dataset:
    """Read a .udf text."""
    return combined(scans_udf(path))


def scans_udf(path: Path) -> list[Scan]:
    """Return the scan of a .udf text: ``Key, value,/`` lines, then RawScan and integers up to ``/``."""
    head, mark, body = text_of(path).partition("RawScan")
    numbers, slash, _ = body.partition("/")
    if not mark or not slash:
        raise ReadError(
            "the scan is not complete",
            expected="RawScan, counts, and a closing /",
            advice="The file may be truncated.",
        )
    keys = dict(_pair(line) for line in head.split("\n") if "," in line)
    counts = floats(numbers.replace(",", " ").split())
    ends = floats([each for each in keys.get("DataAngleRange", "").split(",") if each.strip()])
    step = number(keys.get("ScanStepSize"))
    if ends.size != 2 or step is None:
        raise ReadError("the header lacks the range", expected="DataAngleRange and ScanStepSize")
    planned = _count(float(ends[0]), float(ends[1]), step)
    if planned != counts.size:
        raise ReadError("points are missing", expected=f"{planned} points", found=counts.size)
    attrs: dict[str, object] = {
        "anode": anode(keys.get("Anode")),
        "wavelength": number(keys.get("LabdaAlpha1")),
        "wavelength_alpha2": number(keys.get("LabdaAlpha2")),
        "kalpha_ratio": number(keys.get("RatioAlpha21")),
        "counting_time": number(keys.get("ScanStepTime")),
        **slit(keys.get("DivergenceSlit", "")),
    }
    return [Scan(steps(float(ends[0]), step, planned), counts, attrs=attrs)]


def _pair(line: str) -> tuple[str, str]:
    key, _, rest = line.partition(",")
    return key.strip(), rest.strip().removesuffix("/").strip().removesuffix(",").strip()
