"""What every kind of measurement needs: settings in SI-like units, clean arrays, decimation, accuracy."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError
from interlayer.core.settings import Value
from interlayer.core.summary import Row

Floats = NDArray[np.float64]

#: Assumed accuracy of cyclers (one standard deviation), stated in every method that uses it: typical data
#: sheets give 0.1 % of the range for current (LAND CT2001A, Neware CT-4008) and 1 mV for voltage; as a
#: uniform error of that half width the standard deviation is 1/√3 of it.
CURRENT_GAIN_STDDEV = 0.001 / np.sqrt(3.0)
VOLTAGE_STDDEV = 0.001 / np.sqrt(3.0)
ACCURACY = "instrument accuracy assumed: 0.1 % of the current, 1 mV"
_PLOT_POINTS = 5000


@dataclass(slots=True)
class Outcome:
    """What one kind's analysis returns, for `interlayer.core.results.tree`."""

    rows: list[Row] = field(default_factory=list)
    nodes: dict[str, xr.Dataset] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Given:
    """Settings as numbers: area/cm^2, mass/mg, …; NaN where not given."""

    values: Mapping[str, Value]

    def number(self, name: str) -> float:
        """Return a numeric setting, NaN when it is not given."""
        value = self.values.get(name)
        return (
            float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
        )

    def text(self, name: str, default: str = "") -> str:
        """Return a text setting."""
        value = self.values.get(name)
        return value if isinstance(value, str) else default

    def flag(self, name: str) -> bool:
        """Return a flag, False when it is not given."""
        return self.values.get(name) is True

    def size(self, name: str) -> float:
        """Return area or mass; EC-Lab's placeholder 0.001 and what is not positive mean "not given"."""
        value = self.number(name)
        return value if np.isfinite(value) and value > 0 and abs(value - 0.001) > 1e-9 else float("nan")


def reader_warnings(raws: Sequence[xr.Dataset]) -> list[str]:
    """Return the warnings of the readers."""
    found: list[str] = []
    for raw in raws:
        found += [str(text) for text in json.loads(str(raw.attrs.get("warnings", "[]")))]
    return found


def area_warnings(raws: Sequence[xr.Dataset], given: Given) -> list[str]:
    """Return contradictions between the area in the file and the setting."""
    stated, used = [float(raw.attrs.get("eclab_area", np.nan)) for raw in raws], given.size("area")
    for value in stated:
        if np.isfinite(value) and np.isfinite(used) and abs(value / used - 1) > 0.02:
            return [
                f"The file states an electrode area of {value:g}, "
                f"the setting {used:g} cm^2: the setting is used."
            ]
        if np.isfinite(value) and not np.isfinite(used):
            return [f"The file states an electrode area of {value:g} (unit not stored); give area to use it."]
    return []


def column(raw: xr.Dataset, name: str, kind: str) -> Floats:
    """Return a variable as floats.

    Raises
    ------
    AnalysisError
        When the data do not hold it.
    """
    if name not in raw:
        raise AnalysisError(
            f"{kind} needs {name}", expected=f"a variable {name!r}", found=", ".join(map(str, raw.data_vars))
        )
    return np.asarray(raw[name].values, dtype=np.float64)


def time_rows(raw: xr.Dataset) -> xr.Dataset:
    """Return the rows outside of impedance spectra (of a file that holds both)."""
    if "frequency" not in raw or "time" not in raw:
        return raw
    keep = ~np.isfinite(raw["frequency"].values)
    return raw.isel(point=np.flatnonzero(keep)) if keep.any() else raw


def joined(raws: Sequence[xr.Dataset], warnings: list[str]) -> xr.Dataset:
    """Return the time rows of one test, whose files (parts in the order given) are joined.

    The time of a part that does not go on from the part before is moved to its end.
    """
    parts = [time_rows(raw) for raw in raws]
    if len(parts) == 1:
        return parts[0]
    shared = [name for name in parts[0].data_vars if all(name in part for part in parts)]
    end = 0.0
    moved: list[xr.Dataset] = []
    for part in parts:
        shifted = part[shared]
        if "time" in shared:
            time = np.asarray(part["time"].values, dtype=np.float64)
            shifted = shifted.assign(
                time=("point", time + (end if time[0] < end else 0.0), part["time"].attrs)
            )
            end = float(shifted["time"].values[-1])
        moved.append(shifted)
    names = ", ".join(str(raw.attrs.get("source", "")) for raw in raws)
    warnings.append(f"{len(raws)} files are joined to one test in the order given ({names}).")
    return xr.concat(moved, "point", combine_attrs="override")


def clock(raw: xr.Dataset, warnings: list[str]) -> Floats:
    """Return the time since the first row, with jumps back (restarts, clock changes) joined up."""
    time = column(raw, "time", "this analysis")
    step = np.diff(time)
    back = step < 0
    if back.any():
        usual = float(np.median(step[~back])) if (~back).any() else 1.0
        warnings.append(
            f"The time jumps back {int(back.sum())} times (largest "
            f"{-step.min():.0f} s): the parts are joined."
        )
        step = np.where(back, usual, step)
    return np.concatenate([[0.0], np.cumsum(step)])


def decimate(x: Floats, *ys: Floats, points: int = _PLOT_POINTS) -> NDArray[np.intp]:
    """Return the rows to keep for a plot: minimum and maximum of each ``y`` per bucket of ``x``."""
    if x.size <= points:
        return np.arange(x.size)
    buckets = max(points // (2 * len(ys)), 1)
    edges = np.linspace(0, x.size, buckets + 1).astype(np.intp)
    keep = [np.array([0, x.size - 1])]
    for y in ys:
        safe = np.where(np.isfinite(y), y, 0.0)
        keep.append(np.array([a + int(np.argmin(safe[a:b])) for a, b in itertools.pairwise(edges)]))
        keep.append(np.array([a + int(np.argmax(safe[a:b])) for a, b in itertools.pairwise(edges)]))
    return np.unique(np.concatenate(keep))


def trace(time: Floats, voltage: Floats, current: Floats) -> xr.Dataset:
    """Return the voltage and current against time, decimated for plots."""
    keep = decimate(time, voltage, current)
    return table_like(
        "point",
        {
            "time": (time[keep] / 3600.0, "h", "time"),
            "voltage": (voltage[keep], "V", "voltage"),
            "current": (current[keep], "A", "current, positive = charge"),
        },
    )


def table_like(
    dim: str, columns: Mapping[str, tuple[NDArray[np.generic], str, str]], *, role: str = ""
) -> xr.Dataset:
    """Return a Dataset of one dimension from (values, unit, long name) per variable."""
    data = {
        name: (dim, np.asarray(values), {"units": unit, "long_name": long_name})
        for name, (values, unit, long_name) in columns.items()
    }
    found = xr.Dataset(data)
    if role:
        found.attrs["role"] = role
    return found


def texts(values: Sequence[str]) -> NDArray[np.generic]:
    """Return texts as an object array, as the store takes them."""
    return np.array(list(values), dtype=object)


def noise(values: Floats) -> float:
    """Return the white-noise standard deviation of a smooth series, from its second differences."""
    if values.size < 4:
        return 0.0
    second = np.diff(values, 2)
    return float(1.4826 * np.median(np.abs(second - np.median(second))) / np.sqrt(6.0))
