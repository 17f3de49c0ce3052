"""Curves and tables of a result."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.xrd import evidence, sizes
from interlayer.xrd.build import SHIFT_SPREAD, families
from interlayer.xrd.calibrate import FITTED, Calibration
from interlayer.xrd.consistency import calculated
from interlayer.xrd.examine import Positions, Study, representatives
from interlayer.xrd.instrument_file import to_toml
from interlayer.xrd.model.aberration import shift_spread
from interlayer.xrd.model.cell import cell_values
from interlayer.xrd.model.pattern import cell_of
from interlayer.xrd.phases import Phase

Floats = NDArray[np.floating[Any]]
_MOST_POINTS = 5000


def nodes(study: Study, looked_for: list[Phase]) -> dict[str, xr.Dataset]:
    """Return the Datasets of a result by path."""
    return {
        "/": _curves(study),
        "peaks": _peaks(study),
        "unexplained": _unexplained(study),
        "candidates": _candidates(study, looked_for),
        **_sizes(study),
        "parameters": _parameters(study),
    }


def table(dimension: str, columns: dict[str, tuple[list[object] | Floats, str, str]]) -> xr.Dataset:
    """Return a table: column name to (values, unit, long name)."""
    data = {
        name: (dimension, _typed(values), {"units": unit, "long_name": text})
        for name, (values, unit, text) in columns.items()
    }
    return xr.Dataset(data, attrs={"role": "table"})


def _typed(values: list[object] | Floats) -> NDArray[np.generic]:
    if isinstance(values, np.ndarray):
        return values
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array(values, dtype=float)


def _curves(study: Study) -> xr.Dataset:
    fitted, unit = study.fit, study.inputs.unit
    keep = _kept(fitted.data.intensity)
    x = fitted.data.two_theta[keep]
    curves = {
        "intensity": (fitted.data.intensity, unit, "Intensity"),
        "fit": (fitted.model, unit, "Whole-pattern fit"),
        "background": (fitted.background(), unit, "Background with humps"),
        "residual": (fitted.residual(), "1", "(data − fit) / expected standard deviation"),
    }
    return xr.Dataset(
        {
            name: ("two_theta", values[keep], {"units": u, "long_name": text})
            for name, (values, u, text) in curves.items()
        },
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={
            "reduced_chi_square": float(fitted.chi_square / fitted.dof),
            "wavelength_alpha1": float(study.inputs.source.alpha1),
            "points_measured": int(fitted.data.two_theta.size),
        },
    )


def _kept(y: Floats) -> NDArray[np.intp]:
    """Return the points that are stored: the highest and lowest of each bucket when there are many."""
    if y.size <= _MOST_POINTS:
        return np.arange(y.size)
    buckets = np.array_split(np.arange(y.size), _MOST_POINTS // 2)
    ends = [i for each in buckets for i in (each[np.argmin(y[each])], each[np.argmax(y[each])])]
    return np.unique(ends)


def calculated_positions(study: Study, name: str) -> Floats:
    """Return 2θ of a phase's families by its fitted (or starting) cell and height."""
    positions, fitted = study.positions[name], study.fit
    block, _ = evidence.columns_of(fitted, name)
    phase = positions.phase
    if f"{name}.{phase.parameters[0]}" in fitted.table:
        values = cell_of(block, fitted.table, fitted.values)
    else:
        values = cell_values(np.array(block.cell), block.system)
    height = fitted.table.value(fitted.values, f"height.{phase.layer}", block.height)
    have, at = study.inputs.instrument, fitted.table.value
    held = {"low_tail": have.low_tail, "flat": have.flat, "high_tail": have.high_tail, "zero": have.zero}
    low, flat, high, zero = (at(fitted.values, name, value) for name, value in held.items())
    return calculated(
        phase, values, positions.hkl, height, study.inputs.source, have, (low + flat, high, zero)
    )


def _peaks(study: Study) -> xr.Dataset:
    rows: list[tuple[object, ...]] = []
    for name, positions in study.positions.items():
        place = calculated_positions(study, name)
        fwhm = _fwhm(study, name)
        rows += [_peak(study, positions, i, place[i], fwhm.get(i, np.nan)) for i in range(len(positions.hkl))]
    rows.sort(key=lambda row: float(str(row[8])))
    columns: list[tuple[object, ...]] = list(zip(*rows, strict=True))
    names = (
        ("phase", "", "Phase"),
        ("hkl", "", "Reflection"),
        ("families", "", "Families in this peak"),
        ("status", "", "seen or not seen"),
        ("two_theta", "degree", "Observed 2θ of Kα1"),
        ("two_theta_stddev", "degree", "Standard deviation"),
        ("two_theta_low", "degree", "Low end of the 95 % interval"),
        ("two_theta_high", "degree", "High end of the 95 % interval"),
        ("calculated", "degree", "Calculated from cell and displacement"),
        ("difference", "1", "Observed minus calculated, in standard deviations"),
        ("area", "", "Area / (intensity × degree)"),
        ("area_stddev", "", "Its standard deviation"),
        ("fwhm", "degree", "FWHM of Kα1"),
    )
    columns = columns if rows else [()] * len(names)
    return table(
        "peak", {key: (list(col), unit, text) for (key, unit, text), col in zip(names, columns, strict=True)}
    )


def _peak(study: Study, positions: Positions, i: int, place: float, fwhm: float) -> tuple[object, ...]:
    seen = bool(positions.seen[i])
    spread = float(
        np.hypot(
            np.hypot(positions.stddev[i], SHIFT_SPREAD),
            shift_spread(positions.two_theta[i : i + 1], study.inputs.instrument)[0],
        )
    )
    at = float(positions.two_theta[i]) if seen else np.nan
    return (
        positions.phase.name,
        evidence.hkl_text(positions.hkl[i]),
        positions.together[i],
        "seen" if seen else "not seen",
        at,
        spread if seen else np.nan,
        at - 1.96 * spread,
        at + 1.96 * spread,
        float(place),
        (at - float(place)) / spread,
        float(positions.area[i]),
        float(positions.area_stddev[i]),
        float(fwhm),
    )


def _fwhm(study: Study, name: str) -> dict[int, float]:
    block, _ = evidence.columns_of(study.free_fit, name)
    widths = evidence.family_widths(study.free_fit, name)
    return {c: float(widths[i]) for c, i in enumerate(representatives(block))}


def _unexplained(study: Study) -> xr.Dataset:
    peaks = [study.peaks[i] for i in study.found.unexplained]
    at = np.array([peak.position for peak in peaks], dtype=float)
    hints = [
        ", ".join(name for name, places in study.found.hints.items() if i in places)
        for i in study.found.unexplained
    ]
    return table(
        "peak",
        {
            "two_theta": (at, "degree", "2θ of Kα1"),
            "two_theta_stddev": (
                np.array([p.position_stddev for p in peaks]),
                "degree",
                "Standard deviation",
            ),
            "d": (study.inputs.source.alpha1 / 2 / np.sin(np.radians(at / 2)), "angstrom", "Spacing"),
            "fwhm": (np.array([p.fwhm for p in peaks]), "degree", "FWHM"),
            "area": (np.array([p.area for p in peaks]), "", "Area / (intensity × degree)"),
            "significance": (np.array([p.significance for p in peaks]), "1", "Area over its deviation"),
            "one_line_of": (np.array(hints, dtype=object), "", "Phases of which one line would fit"),
        },
    )


def _candidates(study: Study, looked_for: list[Phase]) -> xr.Dataset:
    x = study.fit.data.two_theta
    rows: list[tuple[object, ...]] = []
    for phase in looked_for:
        alternatives = [n for n, others in study.found.alternatives.items() if phase.name in others]
        if phase.name in study.positions:
            status, sigma = "found", evidence.significance(study.fit, phase.name)
            if phase.name in study.agreement.contradictory:
                status = "found; no single cell"
        else:
            bound = evidence.limit(study.fit, phase, study.inputs.source, study.inputs.instrument)
            sigma = bound.sigma if bound else 0.0
            status = f"ambiguous with {', '.join(alternatives)}" if alternatives else "not detected"
            status = "one line only" if phase.name in study.found.hints and not alternatives else status
        count = len(families(phase, study.inputs.source, float(x[0]), float(x[-1]))[1])
        rows.append((phase.name, phase.title, status, float(sigma), float(count), phase.reference))
    columns = list(zip(*rows, strict=True))
    names = (
        ("phase", "", "Phase"),
        ("title", "", "Name"),
        ("status", "", "Result of the search"),
        ("significance", "1", "Significance, standard deviations"),
        ("families", "1", "Families in the range"),
        ("reference", "", "Source of the cell"),
    )
    return table(
        "candidate", {key: (list(c), unit, text) for (key, unit, text), c in zip(names, columns, strict=True)}
    )


def _sizes(study: Study) -> dict[str, xr.Dataset]:
    """Return the sizes line by line, and Williamson–Hall of each phase."""
    lines = sizes.line_sizes(study)
    scherrer, wavelength = study.plan.scherrer, study.inputs.source.alpha1 / 10
    each = [sizes.interval_of_inverse(line.inverse, line.stddev) for line in lines]
    breadth = np.pi / 2 * scherrer
    told = [("resolved" if line.resolved else "not resolved") for line in lines]
    values = np.array(each, dtype=float).reshape(-1, 3)
    values[[not line.resolved for line in lines], 0] = np.nan
    by_line = table(
        "line",
        {
            "phase": (np.array([line.phase for line in lines], dtype=object), "", "Phase"),
            "hkl": (np.array([line.hkl for line in lines], dtype=object), "", "Reflection"),
            "two_theta": (np.array([line.two_theta for line in lines]), "degree", "Observed 2θ of Kα1"),
            "fwhm": (np.array([line.fwhm for line in lines]), "degree", "FWHM of Kα1, its own"),
            "instrument_fwhm": (
                np.array([line.instrument_fwhm for line in lines]),
                "degree",
                "FWHM of the instrument alone",
            ),
            "status": (np.array(told, dtype=object), "", "Is the broadening resolved"),
            "size": (values[:, 0], "nm", f"Scherrer size, FWHM, K = {scherrer:g}"),
            "size_low": (values[:, 1], "nm", "Low end of the 95 % interval"),
            "size_high": (values[:, 2], "nm", "High end of the 95 % interval"),
            "size_integral": (values[:, 0] / breadth, "nm", "Mean column length, integral breadth, K = 1"),
        },
    )
    halls = [sizes.williamson_hall(lines, name, scherrer, wavelength) for name in study.positions]
    ends = np.array([sizes.interval_of_inverse(hall.inverse, hall.inverse_stddev) for hall in halls], float)
    ends = ends.reshape(-1, 3)
    strain, spread = (np.array([getattr(h, n) for h in halls]) for n in ("strain", "strain_stddev"))
    told = [hall.refused or "straight line through the breadths" for hall in halls]
    hall_table = table(
        "phase",
        {
            "phase": (np.array([hall.phase for hall in halls], dtype=object), "", "Phase"),
            "lines": (np.array([hall.orders for hall in halls], dtype=float), "1", "Resolved lines"),
            "size": (ends[:, 0], "nm", "Mean column length (integral breadth)"),
            "size_low": (ends[:, 1], "nm", "Low end of the 95 % interval"),
            "size_high": (ends[:, 2], "nm", "High end of the 95 % interval"),
            "microstrain": (strain, "1", "Microstrain e"),
            "microstrain_low": (strain - 1.96 * spread, "1", "Low end of the 95 % interval"),
            "microstrain_high": (strain + 1.96 * spread, "1", "High end of the 95 % interval"),
            "status": (np.array(told, dtype=object), "", "Williamson–Hall, or why not"),
        },
    )
    return {"sizes": by_line, "williamson_hall": hall_table}


def _parameters(study: Study) -> xr.Dataset:
    fitted = study.fit
    p = len(fitted.table)
    found = table(
        "parameter",
        {
            "name": (np.array(fitted.table.names, dtype=object), "", "Parameter"),
            "value": (np.asarray(fitted.values), "", "Value"),
            "stddev": (np.sqrt(np.maximum(np.diag(fitted.covariance)[:p], 0.0)), "", "From the curvature"),
        },
    )
    found["covariance"] = (
        ("parameter", "other_parameter"),
        fitted.covariance[:p, :p],
        {"units": "", "long_name": "Covariance of the parameters"},
    )
    return found


def instrument(found: Calibration, source: str) -> xr.Dataset:
    """Return the calibrated instrument's profile as a table; with the file instrument.toml that it offers."""
    units = {field: unit for _, field, unit in FITTED}
    names = list(found.stddev)
    data = table(
        "parameter",
        {
            "name": (np.array(names, dtype=object), "", "Parameter of the profile"),
            "value": (np.array([getattr(found.instrument, name) for name in names]), "", "Value"),
            "stddev": (np.array([found.stddev[name] for name in names]), "", "Standard deviation"),
            "unit": (np.array([units[name] for name in names], dtype=object), "", "Unit"),
        },
    )
    data.attrs["export_name"] = "instrument.toml"
    data.attrs["export_text"] = to_toml(found.instrument, found.stddev, found.standard, source)
    return data
