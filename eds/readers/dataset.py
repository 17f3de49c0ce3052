"""Raw Datasets: the same names, units and checks for every format."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError

#: step of a map without a scale: coordinates count pixels
Step = tuple[float, float] | None
_TABLE = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb
Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu
Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U
"""
#: elements by atomic number
SYMBOLS = tuple(_TABLE.split())


def axis(count: int, step: float | None, name: str) -> xr.DataArray:
    """Return pixel centres in nm, or in pixel without a step."""
    centres = np.arange(count) + 0.5
    if step is None:
        return xr.DataArray(
            centres, dims=name, attrs={"units": "pixel", "long_name": f"{name}, uncalibrated"}
        )
    return xr.DataArray(centres * step, dims=name, attrs={"units": "nm", "long_name": name})


#: eV that no channel of an EDS detector reaches
_HIGHEST = 1e7


def energy_axis(channels: int, width: float, offset: float = 0.0) -> xr.DataArray:
    """Return the energy of each channel, eV.

    Raises
    ------
    ReadError
        When the energies are no finite, rising numbers.
    """
    last = offset + channels * width
    if not (width > 0 and np.isfinite(last) and np.isfinite(offset) and abs(last) < _HIGHEST):
        found = f"{width:g} eV from {offset:g}"
        raise ReadError("impossible energy axis", expected="channels of some eV", found=found)
    return xr.DataArray(
        offset + np.arange(channels) * width,
        dims="energy",
        attrs={"units": "eV", "long_name": "X-ray energy"},
    )


def _steps(step: Step) -> tuple[float | None, float | None]:
    if step is None:
        return None, None
    for value in step:
        if not (np.isfinite(value) and value > 0):
            raise ReadError("the pixel size is not positive", found=step, advice="Give --pixel-size.")
    return step


def cube(
    counts: NDArray[np.generic],
    step: Step,
    width: float,
    offset: float = 0.0,
    attrs: Mapping[str, str | float | int] | None = None,
) -> xr.Dataset:
    """Return the Dataset of a spectrum map; ``counts`` (y, x, channel) is kept as it is, mapped or not."""
    dy, dx = _steps(step)
    return xr.Dataset(
        {"counts": (("y", "x", "energy"), counts, {"units": "counts", "long_name": "X-ray counts"})},
        coords={
            "y": axis(counts.shape[0], dy, "y"),
            "x": axis(counts.shape[1], dx, "x"),
            "energy": energy_axis(counts.shape[2], width, offset),
        },
        attrs=dict(attrs or {}),
    )


def spectrum(
    counts: NDArray[np.generic],
    width: float,
    offset: float = 0.0,
    attrs: Mapping[str, str | float | int] | None = None,
    units: str = "counts",
) -> xr.Dataset:
    """Return the Dataset of one spectrum.

    Raises
    ------
    ReadError
        When the counts are not finite, or the energies impossible.
    """
    if not np.isfinite(counts).all():
        raise ReadError("the spectrum holds numbers that are not finite", expected="counts")
    return xr.Dataset(
        {"counts": ("energy", counts, {"units": units, "long_name": "X-ray counts"})},
        coords={"energy": energy_axis(counts.size, width, offset)},
        attrs=dict(attrs or {}),
    )


def element_map(
    values: NDArray[np.generic],
    element: str,
    step: Step,
    attrs: Mapping[str, str | float | int] | None = None,
    units: str = "counts",
    name: str = "",
) -> xr.Dataset:
    """Return the Dataset of one element map, checked; ``name`` is what the file calls it.

    Raises
    ------
    ReadError
        When the map is not two-dimensional, has fewer than 8 pixels across either interface, holds
        negative values, or only NaN.
    """
    name = name or f"{element or 'unnamed'} X-ray map"
    check_map(values, line=bool((attrs or {}).get("line_scan", 0)))
    dy, dx = _steps(step)
    return xr.Dataset(
        {
            f"map_{element or 'unknown'}": (
                ("y", "x"),
                values,
                {
                    "units": units,
                    "long_name": name or f"{element or 'unnamed'} X-ray map",
                    "element": element,
                },
            )
        },
        coords={"y": axis(values.shape[0], dy, "y"), "x": axis(values.shape[1], dx, "x")},
        attrs=dict(attrs or {}),
    )


def check_map(values: NDArray[np.generic], *, line: bool = False) -> None:
    """Raise a `ReadError` when an array cannot be a map (or, with ``line``, a line scan) of counts."""
    if values.ndim != 2:
        raise ReadError("not a map", expected="a matrix of counts", found=f"{values.ndim} dimensions")
    if not line and min(values.shape) < 2:
        raise ReadError(
            "a map of one row or column",
            expected="two dimensions of at least 2 pixels",
            found=f"{values.shape[0]} × {values.shape[1]}",
            advice="Give a line scan as a table with a distance column.",
        )
    if max(values.shape) < 8:
        raise ReadError("too few pixels for a layer", expected="at least 8 across", found=values.shape)
    if values.dtype.kind not in "uifb":
        raise ReadError("the map does not hold numbers", found=str(values.dtype))
    numbers = np.asarray(values, dtype=np.float64)
    if np.isinf(numbers).any():
        raise ReadError("the map holds infinite values")
    if np.isnan(numbers).any():
        share = float(np.isnan(numbers).mean())
        raise ReadError(
            "the map holds NaN",
            found=f"{share:.1%} of its pixels",
            advice="Cut the map to the part that was measured.",
        )
    if numbers.min() < 0:
        raise ReadError(
            "the map holds negative counts",
            found=f"minimum {numbers.min():g}",
            advice="Export raw counts, not a background-subtracted map.",
        )
