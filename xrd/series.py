"""Series of patterns over time, temperature, depth or samples: each starts from the one before."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError
from interlayer.core.results import rows_of, tree
from interlayer.core.settings import Value
from interlayer.core.summary import Row
from interlayer.xrd import analysis
from interlayer.xrd.examine import Study, examine, examine_again
from interlayer.xrd.nodes import table
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]

#: units of what a series can run over
_UNITS = {"time": "s", "temperature": "K", "depth": "nm"}
_KELVIN = 273.15
#: points of each pattern that the map of a series keeps
_POINTS = 1500

Progress = Callable[[int, int], None]


def analyze_series(
    raws: Sequence[xr.Dataset], settings: Mapping[str, Value], progress: Progress | None = None
) -> xr.DataTree:
    """Analyse patterns in their order.

    Parameters
    ----------
    progress
        Called with the patterns done and their number.

    Returns
    -------
    xr.DataTree
        ``/`` intensity and fit over ``pattern`` and ``two_theta``; table ``series``: a row per pattern and
        number; ``summary``: the numbers of the first and of the last pattern, "Li3N first", "Li3N last".

    Raises
    ------
    AnalysisError
        When no pattern can be analysed; with a pattern among many that cannot, the others are done and the
        warnings name it.
    """
    if settings.get("calibrate"):
        raise AnalysisError("a calibration takes one pattern", expected="one pattern", found=len(raws))
    name = str(settings.get("series") or "index")
    values, unit, said = coordinate(raws, name)
    order = np.argsort(values, kind="stable")
    looked_for, standard, wanted = analysis.phases_of(settings)
    results: list[tuple[int, xr.DataTree]] = []
    failed: list[str] = []
    again = 0
    before: Study | None = None
    for done, at in enumerate(order):
        raw = raws[int(at)]
        try:
            study, warm = _next(raw, settings, looked_for, standard, before)
        except AnalysisError as error:
            failed.append(f"{raw.attrs.get('source', at)} could not be analysed: {error}")
            continue
        before, again = study, again + warm
        results.append((int(at), analysis.result_of(raw, study, looked_for, wanted, settings)))
        if progress is not None:
            progress(done + 1, len(raws))
    if not results:
        raise AnalysisError("no pattern of the series can be analysed", found="; ".join(failed))
    steps = [
        f"{len(raws)} patterns were analysed as a series over {name} ({said}); {again} of them started from "
        "the phases and parameters of the one before, the others, where those did not explain the peaks, "
        "anew."
    ]
    return tree(
        "xrd",
        raws,
        _summary(results),
        {"/": _map(results, values, name, unit), "series": _series(results, values, name, unit)},
        settings=dict(settings),
        warnings=failed + _warnings(results),
        steps=steps,
    )


def _next(
    raw: xr.Dataset,
    settings: Mapping[str, Value],
    looked_for: list[Phase],
    standard: Phase | None,
    before: Study | None,
) -> tuple[Study, bool]:
    """Return the study of a pattern, and whether it could start from the one before."""
    inputs, scherrer = analysis.inputs_of(raw, settings), analysis.scherrer_of(settings)
    if before is not None:
        study = examine_again(inputs, before)
        if study is not None:
            return study, True
    return examine(inputs, looked_for, scherrer, standard), False


def coordinate(raws: Sequence[xr.Dataset], name: str) -> tuple[Floats, str, str]:
    """Return the value of each pattern, the unit, and where they are from.

    What the files state (``time``, ``temperature`` in °C, start times) wins over numbers in the names of the
    files that differ from file to file; else the patterns are numbered from 1.
    """
    unit = _UNITS.get(name, "1")
    stated = [raw.attrs.get(name) for raw in raws]
    if len(raws) > 1 and all(isinstance(each, int | float) for each in stated) and len(set(stated)) > 1:
        values = np.array(stated, dtype=float)
        return values + (_KELVIN if name == "temperature" else 0.0), unit, "as the files state"
    starts = [str(raw.attrs.get("start_time", "")) for raw in raws]
    if name == "time" and all(starts):
        try:
            times = np.array([np.datetime64(each[:19]) for each in starts])
            return (times - times.min()) / np.timedelta64(1, "s"), "s", "from the start times in the files"
        except ValueError:
            pass
    numbers = _numbers([PurePosixPath(str(raw.attrs.get("source", ""))).name for raw in raws])
    if name != "index" and numbers is not None:
        return numbers, "1", "the number in the file names"
    return np.arange(1.0, len(raws) + 1), "1", "numbered in the order given"


def _numbers(names: list[str]) -> Floats | None:
    """Return the one number that differs from name to name, or None."""
    parts = [re.findall(r"\d+(?:\.\d+)?", name.rsplit(".", 1)[0]) for name in names]
    if len(names) < 2 or len({len(each) for each in parts}) != 1:
        return None
    columns = [np.array(each, dtype=float) for each in zip(*parts, strict=True)]
    differing = [each for each in columns if np.unique(each).size == each.size]
    return differing[0] if len(differing) == 1 else None


def _summary(results: list[tuple[int, xr.DataTree]]) -> list[Row]:
    """Return the numbers of the first and of the last pattern."""
    ends = [("first", results[0][1]), ("last", results[-1][1])] if len(results) > 1 else [("", results[0][1])]
    return [
        replace(row, subject=f"{row.subject} {which}".strip())
        for which, result in ends
        for row in rows_of(result)
        if row.quantity != "peak_position"
    ]


def _warnings(results: list[tuple[int, xr.DataTree]]) -> list[str]:
    from interlayer.core.results import warnings_of

    told: dict[str, list[str]] = {}
    for at, result in results:
        for text in warnings_of(result):
            told.setdefault(text, []).append(str(at + 1))
    return [
        text
        if len(at) == len(results)
        else f"Pattern {', '.join(at[:8])}{' …' if len(at) > 8 else ''}: {text}"
        for text, at in told.items()
    ]


def _series(results: list[tuple[int, xr.DataTree]], values: Floats, name: str, unit: str) -> xr.Dataset:
    """Return every number of every pattern, a row each."""
    rows = [(at, row) for at, result in results for row in rows_of(result)]
    return table(
        "row",
        {
            "pattern": (
                np.array([at + 1 for at, _ in rows], dtype=float),
                "1",
                "Pattern, in the order given",
            ),
            "at": (np.array([values[at] for at, _ in rows]), unit, name.capitalize()),
            "quantity": (np.array([row.quantity for _, row in rows], dtype=object), "", "Quantity"),
            "subject": (np.array([row.subject for _, row in rows], dtype=object), "", "Subject"),
            "value": (np.array([row.value for _, row in rows], dtype=float), "", "Value"),
            "low": (np.array([row.low for _, row in rows], dtype=float), "", "Low end of the 95 % interval"),
            "high": (
                np.array([row.high for _, row in rows], dtype=float),
                "",
                "High end of the 95 % interval",
            ),
            "unit": (np.array([row.unit for _, row in rows], dtype=object), "", "Unit"),
            "status": (np.array([row.status for _, row in rows], dtype=object), "", "Status"),
        },
    )


def _map(results: list[tuple[int, xr.DataTree]], values: Floats, name: str, unit: str) -> xr.Dataset:
    """Return all patterns and fits on one grid of 2θ, for figures."""
    parts = [result.to_dataset(inherit=False) for _, result in results]
    low = max(float(each["two_theta"].values[0]) for each in parts)
    high = min(float(each["two_theta"].values[-1]) for each in parts)
    if not low < high:
        low = min(float(each["two_theta"].values[0]) for each in parts)
        high = max(float(each["two_theta"].values[-1]) for each in parts)
    points = int(min(_POINTS, max(each.sizes["two_theta"] for each in parts)))
    grid = np.linspace(low, high, points)
    unit_y = str(parts[0]["intensity"].attrs["units"])
    stacked = {
        key: np.array([np.interp(grid, each["two_theta"].values, each[key].values) for each in parts])
        for key in ("intensity", "fit")
    }
    return xr.Dataset(
        {
            "intensity": (
                ("pattern", "two_theta"),
                stacked["intensity"],
                {"units": unit_y, "long_name": "Intensity"},
            ),
            "fit": (("pattern", "two_theta"), stacked["fit"], {"units": unit_y, "long_name": "Fit"}),
            "at": (
                "pattern",
                np.array([values[at] for at, _ in results]),
                {"units": unit, "long_name": name.capitalize()},
            ),
            "reduced_chi_square": (
                "pattern",
                np.array([float(each.attrs["reduced_chi_square"]) for each in parts]),
                {"units": "1", "long_name": "χ² per degree of freedom"},
            ),
        },
        coords={"two_theta": ("two_theta", grid, {"units": "degree", "long_name": "2θ"})},
        attrs={"series": name},
    )
