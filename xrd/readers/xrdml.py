"""PANalytical .xrdml, versions 1.0 to 2.3: matched by local names, because each version has its namespace.

``intensities`` (versions 1.x) are corrected for the beam attenuator already, ``counts`` (2.x) are not and are
multiplied by the factors here.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats, Scan, combined, floats, number
from interlayer.xrd.readers.markup import parsed
from interlayer.xrd.readers.metadata import celsius, degrees, slit, soller, started


def load(path: Path) -> xr.Dataset:
    """Read the scans of an .xrdml file; scans that follow each other are joined, else the first is read."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every scan over 2θ of an .xrdml file; `time` counts from the start of the first."""
    root = parsed(path.read_bytes())
    found: list[Scan] = []
    starts: list[str | None] = []
    fixed = 0
    for measurement in _all(root, "xrdMeasurement") or [root]:
        common = _metadata(measurement)
        for scan in _all(measurement, "scan"):
            points = _all(scan, "dataPoints")
            if not points:
                continue
            starts.append(_text(scan, "startTimeStamp"))
            x = _angles(points[0])
            if x is None:
                fixed += 1
                continue
            found.append(_scan(scan, points[0], x, common | started(starts)))
    if not found:
        raise ReadError(
            "no scan over 2θ in the file",
            expected='positions with axis="2Theta"',
            found=f"{fixed} scans over other axes" if fixed else "no element dataPoints",
        )
    return found


def _all(element: Any, name: str) -> list[Any]:
    return [each for each in element.iter() if _name(each) == name]


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Any, name: str) -> str | None:
    found = _all(element, name)
    return str(found[0].text).strip() or None if found and found[0].text else None


def _numbers(element: Any, name: str) -> Floats | None:
    text = _text(element, name)
    return None if text is None else floats(text.split())


def _angles(points: Any) -> tuple[float, float] | Floats | None:
    """Return the ends of 2θ, or every angle; None for a scan over another axis."""
    for positions in _all(points, "positions"):
        if positions.get("axis") == "2Theta":
            listed = _numbers(positions, "listPositions")
            if listed is not None:
                return listed
            ends = [_text(positions, name) for name in ("startPosition", "endPosition")]
            if ends[0] and ends[1]:
                return float(ends[0]), float(ends[1])
    return None


def _scan(scan: Any, points: Any, angles: tuple[float, float] | Floats, common: dict[str, object]) -> Scan:
    corrected, counts = _all(points, "intensities"), _numbers(points, "counts")
    y = counts if counts is not None else _numbers(points, "intensities")
    if y is None:
        raise ReadError("no intensities in the scan", expected="an element counts or intensities")
    said = ["the scan was aborted"] if str(scan.get("status", "")).lower() == "aborted" else []
    factors = _factors(points)
    if counts is not None and factors is not None:
        if factors.size not in (1, y.size) or factors.min() <= 0:
            raise ReadError(
                "attenuation factors do not fit", expected=f"{y.size} above 0", found=factors.size
            )
        y = y * factors
        said += ["counts times the beam attenuation factors"] if (factors != 1).any() else []
    time, stddev = number(_text(points, "commonCountingTime")), None
    element = corrected[0] if corrected and counts is None else _all(points, "counts")[0]
    unit = "counts/s" if element.get("unit") in ("cps", "counts/s") else "counts"
    times = _numbers(points, "countingTimes")
    if times is not None and unit == "counts":
        y, stddev, unit, time = _by_time(y, times, said)
    x = np.linspace(*angles, y.size) if isinstance(angles, tuple) else angles
    attrs = common | {
        "counting_time": time,
        "temperature": _temperature(scan),
        "conversion": "; ".join(said),
    }
    return Scan(x, y, unit, stddev, attrs)


def _factors(points: Any) -> Floats | None:
    listed = _numbers(points, "beamAttenuationFactors")
    return listed if listed is not None else _numbers(points, "commonBeamAttenuationFactor")


def _by_time(y: Floats, times: Floats, said: list[str]) -> tuple[Floats, Floats | None, str, float | None]:
    """Return counts of equal times as they are, counts of different times per second with their σ."""
    if times.size != y.size or times.min() <= 0:
        raise ReadError("counting times do not fit", expected=f"{y.size} above 0 s", found=times.size)
    if np.ptp(times) <= 1e-6 * times.max():
        return y, None, "counts", float(times[0])
    said.append("counts were divided by their counting times, which differ from point to point")
    return y / times, np.sqrt(np.maximum(y, 1)) / times, "counts/s", float(np.mean(times))


def _temperature(scan: Any) -> float | None:
    """Return the mean temperature (°C) of a scan's non-ambient values (K unless they say °C)."""
    for element in _all(scan, "nonAmbientPoints"):
        values = _numbers(element, "nonAmbientValues")
        about = [element, *_all(element, "nonAmbientValues")]
        kind = next((str(each.get("type")) for each in about if each.get("type")), "")
        unit = next((str(each.get("unit")) for each in about if each.get("unit")), "K")
        if values is not None and values.size and kind in ("", "Temperature") and unit in ("K", "C", "°C"):
            return celsius(float(np.mean(values)), "C" if "C" in unit else "K")
    return None


def _metadata(measurement: Any) -> dict[str, object]:
    incident = next(iter(_all(measurement, "incidentBeamPath")), measurement)
    used = _all(measurement, "usedWavelength")
    crystals = [
        each.get("name") for each in _all(measurement, "monochromator") + _all(measurement, "xRayMirror")
    ]
    angle = number(_text(measurement, "takeOffAngle"))
    width = [number(_text(each, "width")) for each in _all(measurement, "focus")]
    length = [number(_text(each, "length")) for each in _all(measurement, "focus")]
    radius = number(_text(measurement, "radius"))
    return {
        "anode": _text(measurement, "anodeMaterial"),
        "goniometer_radius": radius,
        "wavelength": number(_text(measurement, "kAlpha1")),
        "wavelength_alpha2": number(_text(measurement, "kAlpha2")),
        "kalpha_ratio": number(_text(measurement, "ratioKAlpha2KAlpha1")),
        "wavelength_intended": str(used[0].get("intended", "")) if used else None,
        "soller_slit": soller([number(_text(each, "opening")) for each in _all(measurement, "sollerSlit")]),
        "monochromator": ", ".join(str(each) for each in crystals if each) or None,
        "filter": next((_text(each, "material") for each in _all(measurement, "filter")), None),
        "source_length": length[0] if length else None,
        "source_width": width[0] * math.sin(math.radians(angle)) if width and width[0] and angle else None,
        **_divergence(incident, radius),
    }


def _divergence(incident: Any, radius: float | None) -> dict[str, object]:
    """Return the divergence slit: by its nominal angle, else by its height over its distance.

    The names carry the nominal angle (1/8° is 0.19 mm high); a height belongs to a standard distance.
    """
    found = _all(incident, "divergenceSlit")
    if not found:
        return {}
    kind = next((str(value) for key, value in found[0].attrib.items() if key.endswith("}type")), "fixed")
    name = str(found[0].get("name", ""))
    if "fixed" not in kind.lower():
        stated = number(_text(found[0], "angle"))
        return slit("", fixed=stated) if stated else slit("auto")
    away, height = number(_text(found[0], "distanceToSample")), number(_text(found[0], "height"))
    angle = degrees(name) if "°" in name or "deg" in name.lower() else None
    if angle is None and radius and away and height and radius > away:
        angle = math.degrees(height / (radius - away))
    return slit("", fixed=angle)
