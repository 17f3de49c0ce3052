"""What every reader of a pattern shares: the scan as read, checks of the points, and the Dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from interlayer.core.errors import ReadError

Floats = NDArray[np.floating[Any]]
_FEWEST = 10
#: counting times of ranges that are joined agree to this ratio: counts are on one scale
_SAME_TIME = 0.01
#: more than this many points per angle is no repeated measurement but a column that is not 2θ
_MOST_REPEATS = 3
_NO_TIME = "counts per second without a counting time: their counting noise is not known from the file"


@dataclass(frozen=True)
class Scan:
    """One scan as it stands in a file.

    Parameters
    ----------
    two_theta, intensity, stddev
        (n,) arrays: degree, ``unit``, ``unit``.
    unit
        ``"counts"`` or ``"counts/s"``.
    attrs
        Instrument metadata under the common names; entries that are None are left out.
    """

    two_theta: Floats
    intensity: Floats
    unit: str = "counts"
    stddev: Floats | None = None
    attrs: Mapping[str, object] = field(default_factory=dict)


def number(text: object) -> float | None:
    """Return a positive finite number from a text, or None."""
    try:
        value = float(str(text).replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None


def floats(cells: Sequence[str] | Sequence[Sequence[str]]) -> Floats:
    """Return texts, or rows of texts, as numbers; the error names the one that is none."""
    try:
        return np.array(cells, dtype=float)
    except ValueError:
        flat = [cell for each in cells for cell in ([each] if isinstance(each, str) else each)]
        wrong = next((cell for cell in flat if not _is_number(cell)), "")
        raise ReadError(
            "a value is no number",
            found=repr(wrong[:40]),
            advice="The file is damaged: copy or export it again.",
        ) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def steps(start: float, step: float, count: int) -> Floats:
    """Return ``count`` angles from ``start`` on, refusing a step that is none."""
    if not (np.isfinite(start) and np.isfinite(step)) or step == 0:
        raise ReadError(
            "the header's start and step are damaged", expected="finite numbers", found=f"{start:g}, {step:g}"
        )
    return start + step * np.arange(count)


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
    if error is not None and (error.size != y.size or not np.isfinite(error).all() or error.min() < 0):
        error = None
    x, y, error, said = _ordered(x, y, error)
    kept = {key: value for key, value in (attrs or {}).items() if value is not None}
    said += [_NO_TIME] if unit == "counts/s" and "counting_time" not in kept else []
    before = str(kept.pop("conversion", ""))
    conversion = "; ".join(
        text for text in (before, *said) if text and (text is before or text not in before)
    )
    return xr.Dataset(
        _variables(y, error, unit),
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs=kept | {"conversion": conversion},
    )


def _variables(y: Floats, error: Floats | None, unit: str) -> dict[str, Any]:
    data: dict[str, Any] = {"intensity": ("two_theta", y, {"units": unit, "long_name": "Intensity"})}
    if error is not None:
        data["intensity"][2]["ancillary_variables"] = "intensity_stddev"
        data["intensity_stddev"] = (
            "two_theta",
            error,
            {"units": unit, "long_name": "Standard deviation of the intensity"},
        )
    return data


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
    if y.max() > 1e15:
        raise ReadError("intensities that no detector counts", expected="below 1e15", found=f"{y.max():g}")


def _ordered(x: Floats, y: Floats, error: Floats | None) -> tuple[Floats, Floats, Floats | None, list[str]]:
    """Return the points with 2θ rising, repeated angles averaged; and what was done."""
    said = []
    if x[-1] < x[0]:
        x, y = x[::-1], y[::-1]
        error = None if error is None else error[::-1]
        said.append("2θ ran downwards and was turned round")
    forward = np.diff(x)
    if (forward < 0).any():
        at = x[int(np.argmax(forward < 0))]
        raise ReadError(
            "2θ does not run one way",
            expected="one scan",
            found=f"a step back after {at:g}°",
            advice="Export one range per file.",
        )
    if (forward == 0).any():
        values, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
        _check_repeats(x.size, values.size)
        y = np.bincount(inverse, y) / count
        error = None if error is None else np.sqrt(np.bincount(inverse, error**2)) / count
        said.append(f"{x.size - values.size} repeated angles were averaged")
        x = values
    return x, y, error, said


def _check_repeats(points: int, angles: int) -> None:
    if points > _MOST_REPEATS * angles:
        raise ReadError(
            "almost every angle is repeated",
            expected="a column of 2θ with decimals",
            found=f"{angles} different angles in {points} points",
            advice="If commas are decimal signs, part the columns with tabs or semicolons.",
        )


def pattern(scan: Scan) -> xr.Dataset:
    """Return one scan as a checked Dataset."""
    return dataset(scan.two_theta, scan.intensity, unit=scan.unit, stddev=scan.stddev, attrs=scan.attrs)


def combined(scans: Sequence[Scan]) -> xr.Dataset:
    """Return scans that follow each other as one pattern, else the first scan; the attrs say which."""
    if not scans:
        raise ReadError("no scan over 2θ in the file", expected="at least one")
    scans = [replace(scan, attrs={**scan.attrs, "time": None}) for scan in scans]
    if len(scans) == 1:
        return pattern(scans[0])
    rising = [_rising(scan) for scan in scans]
    if not all(_follows(a, b) for a, b in pairwise(rising)):
        return pattern(_said(scans[0], f"the first of {len(scans)} scans is read (read_all gives every one)"))
    errors = [scan.stddev for scan in rising if scan.stddev is not None]
    whole = replace(
        rising[0],
        two_theta=np.concatenate([scan.two_theta for scan in rising]),
        intensity=np.concatenate([scan.intensity for scan in rising]),
        stddev=np.concatenate(errors) if len(errors) == len(rising) else None,
    )
    return pattern(_said(whole, f"{len(scans)} ranges that follow each other were joined"))


def _rising(scan: Scan) -> Scan:
    if scan.two_theta.size < 2 or scan.two_theta[-1] >= scan.two_theta[0]:
        return scan
    error = None if scan.stddev is None else scan.stddev[::-1]
    return replace(scan, two_theta=scan.two_theta[::-1], intensity=scan.intensity[::-1], stddev=error)


def _follows(first: Scan, second: Scan) -> bool:
    """Return whether a scan goes on where another ended, on the same scale of intensity."""
    if not first.two_theta.size or not second.two_theta.size or first.unit != second.unit:
        return False
    times = [scan.attrs.get("counting_time") for scan in (first, second)]
    if isinstance(times[0], float) and isinstance(times[1], float):
        if abs(times[0] - times[1]) > _SAME_TIME * times[0]:
            return False
    elif times[0] != times[1]:
        return False
    return bool(first.two_theta[-1] <= second.two_theta[0])


def _said(scan: Scan, text: str) -> Scan:
    before = str(scan.attrs.get("conversion") or "")
    return replace(scan, attrs={**scan.attrs, "conversion": "; ".join(t for t in (before, text) if t)})


def separate(scans: Sequence[Scan]) -> list[xr.Dataset]:
    """Return every scan as a pattern of its own, numbered by ``scan_index`` from 0 in the file's order.

    A scan of fewer than ten points (begun and stopped) is left out; the others say so.
    """
    usable = [(place, scan) for place, scan in enumerate(scans) if scan.two_theta.size >= _FEWEST]
    if not usable and scans:
        return [pattern(scans[0])]
    if not usable:
        raise ReadError("no scan over 2θ in the file", expected="at least one")
    short = len(scans) - len(usable)
    text = f"{short} scans of fewer than {_FEWEST} points were left out" if short else ""
    found = []
    for place, scan in usable:
        told = _said(scan, text) if text else scan
        found.append(pattern(replace(told, attrs={**told.attrs, "scan_index": place})))
    return found
