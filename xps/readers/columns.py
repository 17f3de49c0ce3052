"""Two columns of text: energy and intensity."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.spectra import Floats, Spectrum, build

_SPLIT = re.compile(r"[,;\t ]+")


def load(path: Path) -> xr.Dataset:
    """Read energy and intensity columns; a header that says kinetic energy is refused (no source energy).

    Integers are taken as counts; anything else as an intensity (counts/s) whose noise is estimated.
    """
    text = read_text(path)
    header, rows = _rows(text)
    if len(rows) < 3:
        raise ReadError("no two columns of numbers", found=f"{len(rows)} rows", expected="energy, intensity")
    if re.search(r"\bk\.?e\.?\b|kinetic", header, re.IGNORECASE):
        raise ReadError("kinetic energies without the source's energy", advice="Export binding energies.")
    table = np.array(rows)
    counts = bool(np.all(np.abs(table[:, 1] - np.round(table[:, 1])) < 1e-6)) and table[:, 1].max() > 1
    units = "counts" if counts and not re.search(r"cps|counts?/s|c/s", header, re.IGNORECASE) else "counts/s"
    return build([Spectrum(_name(path, header), table[:, 0], table[:, 1], units)])


def _rows(text: str) -> tuple[str, list[list[float]]]:
    header: list[str] = []
    rows: list[list[float]] = []
    decimal_comma = ";" in text[:2000] or (
        "\t" in text[:2000] and "," in text[:2000] and "." not in text[:2000]
    )
    for number, line in enumerate(text.splitlines(), start=1):
        cells = (
            _SPLIT.split(line.strip())
            if not decimal_comma
            else re.split(r"[;\t ]+", line.strip().replace(",", "."))
        )
        try:
            rows.append([float(cells[0]), float(cells[1])])
        except (ValueError, IndexError):
            if rows and line.strip():
                raise ReadError(f"line {number} is not two numbers", found=repr(line[:60])) from None
            header.append(line)
    return "\n".join(header), rows


def _name(path: Path, header: str) -> str:
    from interlayer.xps import levels

    return levels.from_name(header) or levels.from_name(path.stem.replace("_", " ")) or _loose(path.stem)


def _loose(stem: str) -> str:
    from interlayer.xps import levels

    found = [name for name in levels.table() if name.replace(" ", "").lower() in stem.lower()]
    return found[0] if len(found) == 1 else stem


def energies(dataset: xr.Dataset) -> Floats:
    """Return the energy axis of the one region of a columns file."""
    (name,) = dataset.coords
    return np.asarray(dataset[name].values, dtype=np.float64)
