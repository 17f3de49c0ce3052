"""What every reader of a pattern shares: checks of the points, and the Dataset."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from interlayer.core.errors import ReadError

Floats = NDArray[np.floating[Any]]
_FEWEST = 10


def number(text: object) -> float | None:
    """Return a positive finite number from a text, or None."""
    try:
        value = float(str(text).replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None


def dataset(
    two_theta: ArrayLike,
    intensity: ArrayLike,
    *,
    unit: str = "counts",
    stddev: ArrayLike | None = None,
    attrs: Mapping[str, object] | None = None,
) -> xr.Dataset:
    """Return a pattern as a Dataset, its points checked.

    Parameters
    ----------
    two_theta, intensity, stddev
        (n,) arrays: degree, ``unit``, ``unit``.
    unit
        ``"counts"`` or ``"counts/s"``.
    attrs
        Instrument metadata; entries that are None are left out.

    Raises
    ------
    ReadError
        When the lengths differ, values are not finite, 2θ does not run one way, or counts are negative.
    """
    x, y = np.asarray(two_theta, float).ravel(), np.asarray(intensity, float).ravel()
    error = None if stddev is None else np.asarray(stddev, float).ravel()
    _check(x, y)
    x, y, error, said = _ordered(x, y, error)
    data = {
        "intensity": ("two_theta", y, {"units": unit, "long_name": "Intensity"}),
    }
    if error is not None:
        data["intensity"][2]["ancillary_variables"] = "intensity_stddev"
        data["intensity_stddev"] = (
            "two_theta",
            error,
            {"units": unit, "long_name": "Standard deviation of the intensity"},
        )
    kept = {key: value for key, value in (attrs or {}).items() if value is not None}
    conversion = "; ".join(text for text in (str(kept.pop("conversion", "")), said) if text)
    return xr.Dataset(
        data,
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs=kept | {"conversion": conversion},
    )


def _check(x: Floats, y: Floats) -> None:
    if x.size != y.size:
        raise ReadError(
            "as many angles as intensities are needed",
            expected=f"{x.size} intensities",
            found=f"{y.size}",
            advice="The file may be truncated.",
        )
    if x.size < _FEWEST:
        raise ReadError("too few points for a pattern", expected=f"at least {_FEWEST}", found=x.size)
    bad = int(np.count_nonzero(~np.isfinite(x) | ~np.isfinite(y)))
    if bad:
        raise ReadError("points that are not numbers (NaN or infinite)", expected="finite values", found=bad)
    if x.min() < -10 or x.max() > 180 or np.ptp(x) <= 0:
        raise ReadError("2θ is out of range", expected="-10° to 180°", found=f"{x.min():g}° to {x.max():g}°")
    if y.min() < 0:
        raise ReadError(
            "negative intensities",
            expected="counts as measured",
            found=f"{np.count_nonzero(y < 0)} points, lowest {y.min():g}",
            advice="Export the pattern before the background was subtracted.",
        )


def _ordered(x: Floats, y: Floats, error: Floats | None) -> tuple[Floats, Floats, Floats | None, str]:
    """Return the points with 2θ rising, repeated angles averaged; and what was done."""
    said = []
    if x[-1] < x[0]:
        x, y = x[::-1], y[::-1]
        error = None if error is None else error[::-1]
        said.append("2θ ran downwards and was turned round")
    steps = np.diff(x)
    if (steps < 0).any():
        at = x[int(np.argmax(steps < 0))]
        raise ReadError(
            "2θ does not run one way",
            expected="one scan",
            found=f"a step back after {at:g}°",
            advice="Export one range per file.",
        )
    if (steps == 0).any():
        values, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
        y = np.bincount(inverse, y) / count
        error = None if error is None else np.sqrt(np.bincount(inverse, error**2)) / count
        said.append(f"{x.size - values.size} repeated angles were averaged")
        x = values
    return x, y, error, "; ".join(said)


def joined(ranges: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats, str]:
    """Return ranges that follow each other as one, else the first; and what was done."""
    if len(ranges) == 1:
        return *ranges[0], ""
    follow = all(a[0][-1] <= b[0][0] for a, b in pairwise(ranges))
    if follow:
        x = np.concatenate([each[0] for each in ranges])
        y = np.concatenate([each[1] for each in ranges])
        return x, y, f"{len(ranges)} ranges that follow each other were joined"
    return *ranges[0], f"the first of {len(ranges)} ranges is read"
