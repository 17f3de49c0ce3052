"""Numbers, intervals and units as people write them: the report, the terminal and notebooks."""

import math
import re

from interlayer.core.summary import Row

#: units that are written with a sign of their own
_SIGNS = {"1": "", "angstrom": "Å", "degree": "°", "degC": "°C", "sigma": "σ"}


def unit_text(unit: str) -> str:
    """Return a unit of the closed list as people write it.

    Examples
    --------
    >>> unit_text("uA/cm^2"), unit_text("1/um^2"), unit_text("ohm cm^2"), unit_text("counts eV")
    ('µA/cm²', '1/µm²', 'Ω cm²', 'counts eV')
    """
    if unit in _SIGNS:
        return _SIGNS[unit]
    text = re.sub(r"\bu(?=[AVFgm])", "µ", unit).replace("ohm", "Ω")
    return text.replace("^2", "²").replace("^3", "³")


def decimals_for(row: Row) -> int | None:
    """Return how many decimals the interval justifies (two digits of its half width), or None."""
    half = (row.high - row.low) / 2
    if not math.isfinite(half) or half <= 0:
        return None
    return 1 - math.floor(math.log10(half))


def number_text(value: float, decimals: int | None) -> str:
    """Return a number with the decimals its interval justifies."""
    if not math.isfinite(value):
        return "–"
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        digits = 3 if decimals is None else max(1, min(6, decimals + math.floor(math.log10(abs(value))) + 1))
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa}·10{power}".replace("-", "−")
    if decimals is None:
        return f"{value:.4g}".replace("-", "−")
    return f"{round(value, decimals):.{max(0, decimals)}f}".replace("-", "−")


def value_text(row: Row) -> str:
    """Return the value, or the limit, of a row."""
    if row.status == "measured":
        return number_text(row.value, decimals_for(row))
    if row.status in ("upper limit", "not detected") and math.isfinite(row.high):
        return f"< {number_text(row.high, None)}"
    if row.status == "lower limit":
        return f"> {number_text(row.low, None)}"
    return "–"


def cells(row: Row) -> tuple[str, str, str, str, str, str]:
    """Return a row for a table: quantity, subject, value or limit, interval, unit, status."""
    name = row.quantity.replace("_", " ")
    return name, row.subject, value_text(row), interval_text(row), unit_text(row.unit), row.status


def interval_text(row: Row) -> str:
    """Return the ends of the 95 % interval of a row."""
    if row.status != "measured":
        return ""
    decimals = decimals_for(row)
    return f"{number_text(row.low, decimals)} … {number_text(row.high, decimals)}"
