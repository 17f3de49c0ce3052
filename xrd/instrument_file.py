"""The file of a calibrated instrument, ``instrument.toml``."""

import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np

from interlayer.core.errors import ReadError, SettingError
from interlayer.core.files import read_small
from interlayer.xrd.model.source import Instrument

#: what a file that is no calibration raises
_NO_FILE = (
    ReadError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, OSError
)  # fmt: skip


def to_toml(instrument: Instrument, stddev: dict[str, float], standard: str, source: str) -> str:
    """Return the text of instrument.toml."""
    lines = [
        "# Instrument profile for `interlayer xrd --instrument`: Gaussian FWHM² = u tan²θ + v tan θ + w,",
        "# Lorentzian FWHM of the optics y / cos θ, tails and zero shift, all in degree 2θ; see docs/xrd.md.",
        f"standard = {_text(standard)}",
        f"source = {_text(source)}",
        f"radius = {instrument.radius:.6g}  # mm",
        "",
        "[instrument]",
    ]
    known = [field.name for field in fields(Instrument) if field.name not in ("radius", "origin")]
    lines += [f"{name} = {float(getattr(instrument, name)):.8g}" for name in known]
    lines += ["", "[stddev]", *(f"{name} = {value:.3g}" for name, value in stddev.items())]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def from_toml(path: Path, radius: float | None) -> Instrument:
    """Return the instrument of a calibration file.

    Parameters
    ----------
    radius
        Goniometer radius in mm of the pattern; wins over the calibration's.

    Raises
    ------
    SettingError
        When the file is missing or no calibration.
    """
    if not path.is_file():
        raise SettingError(
            f"no such instrument file: {path}",
            expected="a file made by `interlayer xrd STANDARD --calibrate`",
            found="nothing",
        )
    try:
        document = tomllib.loads(read_small(path))
        table = {str(key): float(value) for key, value in document["instrument"].items()}
        known = {field.name for field in fields(Instrument)}
        if not {"w", "y", "zero"} <= set(table) <= known or not all(np.isfinite(list(table.values()))):
            raise ValueError("keys of [instrument]")
        made = float(document.get("radius", 0.0))
        if not 0 <= made < np.inf:
            raise ValueError(f"radius = {made}")
    except _NO_FILE as error:
        raise SettingError(
            f"{path} is no instrument file",
            expected="[instrument] with u, v, w, y, zero as `interlayer xrd STANDARD --calibrate` writes it",
            found=str(error),
        ) from error
    return Instrument(**table, radius=float(radius or made), origin=f"calibrated ({path.name})")
