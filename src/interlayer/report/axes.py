"""Scales and ticks of the report's figures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interlayer.core.figure import root, root_ticks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps data to pixels along one axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    root: bool = False

    def __call__(self, values: ArrayLike) -> Floats:
        """Return pixel positions, clipped to a few lengths outside so that SVG stays well-behaved."""
        data = np.atleast_1d(np.asarray(values, dtype=np.float64))
        low, high = self.low, self.high
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                data = np.log10(np.where(data > 0, data, np.nan))
            low, high = float(np.log10(low)), float(np.log10(high))
        elif self.root:
            data, low, high = root(data), float(root(low)), float(root(high))
        with np.errstate(invalid="ignore", over="ignore"):
            share = np.clip((data - low) / (high - low), -3.0, 4.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int = 6) -> list[tuple[float, str]]:
        """Return tick values with their labels."""
        if self.log:
            return _log_ticks(self.low, self.high)
        values = root_ticks(self.low, self.high, count) if self.root else []
        if len(values) > 2:
            return [(value, _log_label(value) if value else "0") for value in values]
        return _linear_ticks(self.low, self.high, count)


def _linear_ticks(low: float, high: float, count: int) -> list[tuple[float, str]]:
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return [(low, f"{low:g}")]
    raw = span / max(count, 2)
    power = 10.0 ** np.floor(np.log10(raw))
    step = float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999))
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [(k * step, _label(k * step, step)) for k in range(first, last + 1)]


def _label(value: float, step: float) -> str:
    if abs(value) < step * 1e-6:
        return "0"
    if abs(value) >= 1e6 or step < 1e-5:
        return _power(value)
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    if float(f"{step:.{decimals}f}") != step and decimals < 12:
        decimals += 1
    return f"{value:.{decimals}f}".replace("-", "−")


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.2g}".split("e") if "e" in f"{value:.2g}" else (f"{value:.3g}", "")
    superscript = (
        str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")) if exponent else ""
    )
    text = (
        f"10{superscript}"
        if mantissa == "1" and exponent
        else mantissa + (f"·10{superscript}" if exponent else "")
    )
    return text.replace("-", "−")


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    stride = max(1, (last - first) // 7)
    steps = (1.0,) if last - first > 2 else (1.0, 2.0, 5.0)
    values = [m * 10.0**k for k in range(first, last + 1, stride) for m in steps]
    return [(v, _log_label(v)) for v in values if low * 0.999 <= v <= high * 1.001]


def _log_label(value: float) -> str:
    return f"{value:g}" if 1e-3 <= value < 1e5 else _power(value)


def decimate(x: Floats, y: Floats, width: int) -> tuple[Floats, Floats]:
    """Return at most four points per pixel column: first, lowest, highest and last, in their order.

    Parameters
    ----------
    x, y
        Pixel positions, shape (n,).
    width
        Columns of the panel.
    """
    if x.size <= 4 * width:
        return x, y
    bucket = np.linspace(0, width, x.size, endpoint=False).astype(int)
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    keep = {*starts.tolist(), x.size - 1}
    filled = np.where(np.isfinite(y), y, np.nanmean(y) if np.isfinite(y).any() else 0.0)
    for begin, end in zip(starts.tolist(), [*starts[1:].tolist(), x.size], strict=True):
        keep.add(begin + int(np.argmin(filled[begin:end])))
        keep.add(begin + int(np.argmax(filled[begin:end])))
        keep.add(end - 1)
    index = np.array(sorted(keep))
    return x[index], y[index]
