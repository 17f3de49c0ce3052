"""Instrument metadata in one form: angles of slits, times, temperatures, anodes, from what files write."""

import math
import re
from collections.abc import Sequence
from datetime import datetime

from interlayer.xrd.readers.common import number

#: anodes of laboratory tubes by atomic number
_ANODES = {24: "Cr", 26: "Fe", 27: "Co", 29: "Cu", 42: "Mo", 47: "Ag"}
_ANGLE = re.compile(r"(?:(\d+)\s*/\s*(\d+)|(\d*\.?\d+))\s*(?:°|deg|$)", re.IGNORECASE)
_VARIABLE = re.compile(r"auto|prog|variable|\bvar\b|\bads\b", re.IGNORECASE)
_DATES = ("%m/%d/%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%d-%b-%y %H:%M", "%d-%b-%Y %H:%M")
_KELVIN = 273.15


def anode(text: object) -> str | None:
    """Return the element of a tube from its symbol or atomic number, or None.

    Examples
    --------
    >>> anode("CU"), anode("29"), anode("CuK\\\\a"), anode("4")
    ('Cu', 'Cu', 'Cu', None)
    """
    written = str(text or "").strip()
    if written.isdigit():
        return _ANODES.get(int(written))
    match = re.match(r"(Cu|Co|Mo|Cr|Fe|Ag)(?![a-z])", written[:2].capitalize() + written[2:])
    return match[1] if match else None


def degrees(text: object) -> float | None:
    """Return an angle such as "1/8°", "0.300deg" or "2/3 deg." in degrees, or None.

    Examples
    --------
    >>> degrees("Fixed slit 1/8°"), degrees("0.300deg"), degrees("Slit ( 30 min )"), degrees("1.000mm")
    (0.125, 0.3, 0.5, None)
    """
    written = str(text or "").strip()[:80]
    minutes = re.search(r"(\d+)\s*min\b", written)
    if minutes:
        return int(minutes[1]) / 60
    match = _ANGLE.search(written)
    if match is None:
        return None
    if match[1]:
        return int(match[1]) / int(match[2]) if int(match[2]) else None
    return number(match[3])


def slit(text: object, *, fixed: float | None = None) -> dict[str, object]:
    """Return the attrs of a divergence slit from its description, or from a number known otherwise.

    Returns
    -------
    dict
        ``divergence_slit`` (degree, equatorial) and ``divergence_slit_kind`` "fixed", or only the kind
        "automatic" for a slit that opens with 2θ; empty when nothing is known.
    """
    if _VARIABLE.search(str(text or "")):
        return {"divergence_slit_kind": "automatic"}
    angle = fixed if fixed is not None else degrees(text)
    if angle is None or not 0 < angle < 20:
        return {}
    return {"divergence_slit": float(angle), "divergence_slit_kind": "fixed"}


def soller(apertures: Sequence[float | None]) -> float | None:
    """Return the mean aperture (rad) of the Soller slits that are known, or None."""
    known = [each for each in apertures if each is not None and 0 < each < 0.5]
    return float(sum(known) / len(known)) if known else None


def radians(angle: float | None) -> float | None:
    """Return an angle in rad, or None."""
    return None if angle is None else math.radians(angle)


def celsius(value: float | None, unit: str) -> float | None:
    """Return a temperature in °C, or None where it cannot be one."""
    if value is None or not math.isfinite(value):
        return None
    converted = value - _KELVIN if unit.strip().lower() in ("k", "kelvin") else value
    return round(converted, 6) if -_KELVIN < converted < 4000 else None


def moment(text: object) -> datetime | None:
    """Return a date and time from what instruments write, or None."""
    written = str(text or "").strip()
    if not written or written.startswith("0001"):
        return None
    try:
        # seven decimals of .NET are one more than Python takes
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written))
    except ValueError:
        pass
    for form in _DATES:
        try:
            return datetime.strptime(written, form)
        except ValueError:
            continue
    return None


def started(starts: Sequence[object]) -> dict[str, object]:
    """Return ``time``, the seconds from the first to the last start, and ``start_time``, if known."""
    first, last = (moment(each) for each in (starts[0], starts[-1]))
    if last is None:
        return {}
    alike = first is not None and (first.tzinfo is None) == (last.tzinfo is None)
    time = (last - first).total_seconds() if alike and first else None
    return {"time": time, "start_time": last.isoformat()}


def step_time(step: float | None, speed: float | None, unit: str) -> float | None:
    """Return the seconds per point from a step (degree) and a scan speed."""
    if speed is None:
        return None
    written = unit.lower()
    if "min" in written and step is not None:
        return 60 * step / speed
    return speed if "sec" in written or written.strip() in ("s", "sec.") else None
