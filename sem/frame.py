"""The frame of an image: which rows, how large a pixel, how well that is known."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError, SettingError
from interlayer.core.units import quantity
from interlayer.sem.readers.overlay import overlays

#: relative standard deviation of a magnification when nothing better is known (about 2 % at 95 %)
_SCALE_STDDEV = 0.01
#: tilt in degrees below which nothing is corrected
_LEAST_TILT = 1.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixel sizes in nm (1 where uncalibrated: lengths are then pixels), and what is doubtful about them.

    Parameters
    ----------
    overlay
        True where letters or bars are burnt into the image (of its shape); None where there are none.
    """

    image: NDArray[np.generic]
    pixel_x: float
    pixel_y: float
    calibrated: bool
    scale_stddev: float
    doubts: tuple[str, ...]
    overlay: NDArray[np.bool_] | None = None

    @property
    def aspect(self) -> float:
        """Return height over width of a pixel."""
        return self.pixel_y / self.pixel_x

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height in nm (or pixels)."""
        rows, columns = self.image.shape
        return columns * self.pixel_x, rows * self.pixel_y


def frame(
    raw: xr.Dataset,
    pixel_size: str | None = None,
    tilt: float | None = None,
    scale_uncertainty: float | None = None,
) -> Frame:
    """Return the frame of a raw micrograph, without its data bar.

    Parameters
    ----------
    pixel_size
        "5 nm" or "5 nm x 7 nm"; replaces what the file says.
    tilt
        Tilt of the surface in degrees; None: the stage's.
    scale_uncertainty
        Relative standard deviation of the scale in percent.
    """
    if "image" not in raw or raw["image"].ndim != 2:
        raise AnalysisError("not a micrograph", expected="a variable image (y, x)", found=list(raw.data_vars))
    attrs: dict[Any, Any] = dict(raw.attrs)
    image = raw["image"].values
    bar = int(attrs.get("data_bar_rows", 0))
    image = image[: image.shape[0] - bar] if 0 < bar < image.shape[0] - 16 else image
    drawn = _overlay(raw, image)
    doubts = [text for text in str(attrs.get("doubts", "")).split("; ") if text]
    if int(attrs.get("pages", 1)) > 1:
        doubts.append(f"the file holds {attrs['pages']} pages, the first is analysed")
    sizes = parse_pixel_size(pixel_size) if pixel_size else _stated(attrs)
    if (
        pixel_size
        and (stated := _stated(attrs))
        and max(abs(a / b - 1) for a, b in zip(sizes, stated, strict=True)) > 0.01
    ):
        doubts.append(
            f"the file states pixels of {stated[0]:.6g} x {stated[1]:.6g} nm, {pixel_size} is used as given"
        )
    stretch = _stretch(attrs, tilt, doubts) if sizes else 1.0
    relative = scale_uncertainty / 100 if scale_uncertainty is not None else _SCALE_STDDEV
    relative = math.hypot(relative, float(attrs.get("scale_relative_stddev", 0.0)))
    x, y = sizes or (1.0, 1.0)
    return Frame(image, x, y * stretch, bool(sizes), relative, tuple(doubts), drawn)


def _overlay(raw: xr.Dataset, image: NDArray[np.generic]) -> NDArray[np.bool_] | None:
    """Return what is drawn upon an image: as `read` found it, else sought here."""
    if "overlay" in raw:
        return np.asarray(raw["overlay"].values[: image.shape[0]], np.bool_)
    if "overlay_pixels" in raw.attrs:
        return None
    found = overlays(image)
    return found if found.any() else None


def parse_pixel_size(text: str | float) -> tuple[float, float]:
    """Return width and height in nm of "5 nm", "5 nm x 7 nm" or a number of nm.

    Examples
    --------
    >>> parse_pixel_size("5 nm x 7 nm")
    (5.0, 7.0)
    """
    parts = re.split(r"\s*[x×*]\s*(?=[\d.])", str(text).strip()) if isinstance(text, str) else [text]
    sizes = [quantity(part, "nm") for part in parts]
    if not 1 <= len(sizes) <= 2 or not all(math.isfinite(size) and 1e-4 < size < 1e7 for size in sizes):
        raise SettingError(
            "setting 'pixel_size'",
            expected="'5 nm' or '5 nm x 7 nm' between 0.0001 nm and 10 mm",
            found=repr(text),
        )
    return round(sizes[0], 12), round(sizes[-1], 12)


def _stated(attrs: dict[Any, Any]) -> tuple[float, float] | tuple[()]:
    if "pixel_size_x" in attrs and "pixel_size_y" in attrs:
        return float(attrs["pixel_size_x"]), float(attrs["pixel_size_y"])
    return ()


def _stretch(attrs: dict[Any, Any], tilt: float | None, doubts: list[str]) -> float:
    """Return 1 / cos(tilt) where lengths along y are foreshortened, and say what was done."""
    if tilt is not None:
        if not -80 <= tilt <= 80:
            raise SettingError("setting 'tilt'", expected="-80 to 80 degree", found=f"{tilt:g} degree")
        return 1.0 / math.cos(math.radians(tilt))
    stage = float(attrs.get("tilt", 0.0))
    if abs(stage) < _LEAST_TILT or attrs.get("tilt_correction") == "on":
        return 1.0
    if attrs.get("tilt_correction") == "off" and abs(stage) <= 80 and attrs.get("beam", "EBeam") == "EBeam":
        doubts.append(
            f"the stage is tilted by {stage:.1f} degree without correction: y is divided by cos(tilt)"
        )
        return 1.0 / math.cos(math.radians(stage))
    doubts.append(
        f"the stage is tilted by {stage:.1f} degree and the file does not say whether that is corrected:"
        " y is taken as it is; set tilt to correct it"
    )
    return 1.0
