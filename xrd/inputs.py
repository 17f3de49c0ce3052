"""From a raw pattern and settings to what the fit takes: points, variances, source, instrument."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError
from interlayer.xrd.fit import Data
from interlayer.xrd.instrument_file import from_toml
from interlayer.xrd.model.aberration import tails
from interlayer.xrd.model.source import (
    BLIND_CORRELATION,
    BLIND_DIVERGENCE,
    BLIND_SOLLER,
    STATED_SLIT_SPREAD,
    STATED_SPREAD,
    Instrument,
    Source,
    nearest_anode,
    single,
    tube,
)
from interlayer.xrd.readers.common import dataset

Floats = NDArray[np.floating[Any]]

_FEWEST_POINTS = 50
#: what is wider (radian) is no Soller slit but the opening of the beam
_WIDE_SOLLER = 0.08
#: radii that differ by more than this part are of different instruments
_SAME_RADIUS = 0.02
#: the noise is taken as counting noise when its measured gain is within these bounds
_COUNTING = (0.5, 1.6)


@dataclass(frozen=True)
class Inputs:
    """A pattern ready for the fit, with what was assumed about it."""

    data: Data
    source: Source
    instrument: Instrument
    unit: str
    warnings: tuple[str, ...]
    steps: tuple[str, ...]


def prepare(
    raw: xr.Dataset,
    *,
    radius: float | None = None,
    anode: str | None = None,
    wavelength: float | None = None,
    instrument_width: float | None = None,
    calibrated: Path | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Inputs:
    """Return what the fit takes from a raw pattern; settings win over the file.

    Raises
    ------
    AnalysisError
        When the Dataset is no pattern, or too few points or counts are left.
    """
    raw = _checked(raw, low, high)
    steps: list[str] = []
    warnings: list[str] = []
    source = _source(raw, anode, wavelength, steps, warnings)
    instrument = _instrument(raw, radius, instrument_width, calibrated, steps, warnings)
    data = _data(raw, steps)
    return Inputs(
        data, source, instrument, str(raw["intensity"].attrs["units"]), tuple(warnings), tuple(steps)
    )


def _checked(raw: xr.Dataset, low: float | None, high: float | None) -> xr.Dataset:
    if "intensity" not in raw or "two_theta" not in raw.coords:
        raise AnalysisError(
            "this is no powder pattern", expected="intensity over two_theta", found=", ".join(map(str, raw))
        )
    unit = str(raw["intensity"].attrs.get("units", "counts"))
    stddev = raw["intensity_stddev"].values if "intensity_stddev" in raw else None
    attrs = {str(key): value for key, value in raw.attrs.items()}
    clean = dataset(raw["two_theta"].values, raw["intensity"].values, unit=unit, stddev=stddev, attrs=attrs)
    x = clean["two_theta"].values
    keep = (x >= (-np.inf if low is None else low)) & (x <= (np.inf if high is None else high)) & (x > 2.0)
    cut = clean.isel(two_theta=keep)
    if cut.sizes["two_theta"] < _FEWEST_POINTS:
        raise AnalysisError(
            "too few points for an analysis",
            expected=f"at least {_FEWEST_POINTS} between two_theta_min and two_theta_max",
            found=cut.sizes["two_theta"],
        )
    if not np.any(cut["intensity"].values > 0):
        raise AnalysisError(
            "the pattern holds no counts", expected="intensities above zero", found="only zeros"
        )
    return cut


def _source(
    raw: xr.Dataset, anode: str | None, wavelength: float | None, steps: list[str], warnings: list[str]
) -> Source:
    if wavelength is not None:
        steps.append(f"One wavelength was used, {wavelength:.6f} Å.")
        return single(wavelength)
    if anode is None:
        stated = str(raw.attrs.get("anode", "")).strip().capitalize()
        written = raw.attrs.get("wavelength")
        near = nearest_anode(float(written)) if written is not None else None
        if near is None and written is not None and not stated:
            steps.append(f"The file's wavelength was used, {float(written):.6f} Å, without a doublet.")
            return single(float(written))
        anode = near or stated
        if not anode:
            warnings.append("The file names no anode: copper Kα was assumed.")
            anode = "Cu"
    try:
        source = tube(anode)
    except KeyError:
        raise AnalysisError(
            "the X-ray tube is not known",
            expected="Cu, Co, Mo, Cr, Fe or Ag",
            found=anode,
            advice="Give --anode or --wavelength.",
        ) from None
    steps.append(
        f"{anode} Kα1 {source.alpha1:.7f} Å and Kα2 {source.alpha2:.7f} Å were used, their ratio "
        f"{source.ratio:.3f} ± {source.ratio_spread:.3f} fitted."
    )
    return source


def _instrument(
    raw: xr.Dataset,
    radius: float | None,
    width: float | None,
    calibrated: Path | None,
    steps: list[str],
    warnings: list[str],
) -> Instrument:
    if calibrated is not None:
        return _calibrated(raw, radius, calibrated, steps, warnings)
    known = radius if radius is not None else raw.attrs.get("goniometer_radius")
    found = _openings(raw, replace(Instrument(), radius=float(known or 0.0)), steps)
    if found.radius <= 0:
        warnings.append(
            "The goniometer's radius is not known (give --radius): displacements are only known over it."
        )
    if width is not None:
        steps.append(f"The instrument's width was given, {width:.3f}°.")
        return replace(found, w=width**2, scale_spread=0.05, origin="given")
    steps.append(
        f"The instrument's Gaussian width was not calibrated: {np.sqrt(found.w):.3f}° ± "
        f"{found.scale_spread * np.sqrt(found.w):.3f}° was assumed, fitted and carried into the sizes."
    )
    return found


def _calibrated(
    raw: xr.Dataset, radius: float | None, path: Path, steps: list[str], warnings: list[str]
) -> Instrument:
    """Return the instrument of a calibration file."""
    stated = radius if radius is not None else raw.attrs.get("goniometer_radius")
    found = from_toml(path, float(stated) if stated else None)
    made = from_toml(path, None).radius
    if stated and made and abs(float(stated) / made - 1) > _SAME_RADIUS:
        warnings.append(
            f"The pattern's goniometer radius, {float(stated):g} mm, is not that of the calibration, "
            f"{made:g} mm: the calibration may be of another instrument."
        )
    steps.append(
        f"The instrument's profile was taken from {path.name}: Gaussian width {np.sqrt(found.w):.4f}° at low "
        f"angles (± {100 * found.scale_spread:.1f} %), zero shift {found.zero:+.4f} ± "
        f"{found.zero_spread:.4f}°."
    )
    return found


def _openings(raw: xr.Dataset, found: Instrument, steps: list[str]) -> Instrument:
    """Return the instrument with the slits that the file states."""
    slit, soller = raw.attrs.get("divergence_slit"), raw.attrs.get("soller_slit")
    if soller and float(soller) > _WIDE_SOLLER:
        soller = None
    alpha = float(slit) if slit else BLIND_DIVERGENCE
    low, high = tails(float(soller) if soller else BLIND_SOLLER, BLIND_CORRELATION)
    found = replace(found, low_tail=low, high_tail=high)
    if slit:
        flat = float(np.degrees(np.radians(alpha) ** 2 / 6))
        found = replace(found, flat=flat, flat_spread=STATED_SLIT_SPREAD * flat)
    if soller:
        found = replace(found, low_spread=STATED_SPREAD * low, high_spread=STATED_SPREAD * high)
    steps.append(
        f"Axial divergence: a low tail of {low:.4f} ± {found.low_spread:.4f}° cot θ, fitted with the pattern "
        f"and a high tail of {high:.4f} ± {found.high_spread:.4f}° tan θ (Soller slits "
        f"{'of the file' if soller else 'assumed'}); flat specimen in a beam of {alpha:.2f}° "
        f"({'the file' if slit else 'assumed'})."
    )
    return found


def _data(raw: xr.Dataset, steps: list[str]) -> Data:
    x = np.asarray(raw["two_theta"].values, dtype=float)
    y = np.asarray(raw["intensity"].values, dtype=float)
    unit = str(raw["intensity"].attrs["units"])
    measured = noise_gain(y)
    time = raw.attrs.get("counting_time")
    if unit == "counts" and _COUNTING[0] < measured < _COUNTING[1]:
        steps.append(
            f"Counts were taken as Poisson (variance over mean from point to point: {measured:.2f})."
        )
        gain = 1.0
    elif unit == "counts/s" and time and _COUNTING[0] < measured * float(time) < _COUNTING[1]:
        gain = 1 / float(time)
        steps.append(f"Counts per second were weighted with the counting time of {float(time):g} s.")
    else:
        gain = measured
        steps.append(
            f"The intensities do not scatter as counts: their variance was measured from point to point, "
            f"{measured:.3g} times the mean."
        )
    return Data(x, y, np.full(x.size, max(gain, 1e-9)))


def noise_gain(y: Floats) -> float:
    """Return variance over mean from the scatter about the neighbours' mean, robustly.

    Notes
    -----
    yᵢ − (yᵢ₋₁ + yᵢ₊₁)/2 of independent points has 1.5 times their variance. The flat part of the pattern
    counts: the median is not moved by peaks.
    """
    middle = y[1:-1]
    scatter = (middle - (y[:-2] + y[2:]) / 2) ** 2 / 1.5
    mean = (y[:-2] + middle + y[2:]) / 3
    usable = mean > 0
    if not usable.any():
        return 1.0
    # the median of χ² with one degree of freedom is 0.4549
    return float(np.median(scatter[usable] / mean[usable]) / 0.4549) or 1.0
