"""The instrument's profile from a pattern of a standard."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import AnalysisError
from interlayer.xrd import evidence
from interlayer.xrd.build import Plan, build
from interlayer.xrd.examine import Study
from interlayer.xrd.fit import Fit, fit
from interlayer.xrd.model.source import Instrument

Floats = NDArray[np.floating[Any]]

#: families of the standard that a calibration asks for
FEWEST = 4
#: prior spread of the zero shift beside a standard, degree
ZERO_SPREAD = 0.1
#: fields of an instrument that a calibration fits: parameter in the table, name, unit
FITTED = (
    ("instrument_u", "u", "degree^2"),
    ("instrument_v", "v", "degree^2"),
    ("instrument_w", "w", "degree^2"),
    ("instrument_y", "y", "degree"),
    ("low_tail", "low_tail", "degree"),
    ("flat", "flat", "degree"),
    ("tube_low", "tube_low", "1"),
    ("tube_high", "tube_high", "1"),
    ("zero", "zero", "degree"),
)


@dataclass(frozen=True)
class Calibration:
    """A calibrated instrument with the standard deviations of its parameters, and the fit behind it."""

    instrument: Instrument
    stddev: dict[str, float]
    standard: str
    fit: Fit
    shape_spread: float


def calibrate(study: Study, plan: Plan) -> Calibration:
    """Return the instrument's profile from a pattern of a standard.

    Parameters
    ----------
    study
        The pattern, its standard found (``study.held``).
    plan
        The plan of the whole-pattern fit, the standard's cell held.

    Raises
    ------
    AnalysisError
        When too few lines of the standard are seen.

    Notes
    -----
    The standard's lines have no width of their own. U, V, W, the optics, the low tail, the tube's tails, zero
    shift and displacement are fitted together; the cell is held, which is what lets zero and displacement
    stand beside each other.
    """
    name = study.held or ""
    seen = int(study.positions[name].seen.sum()) if name in study.positions else 0
    if seen < FEWEST:
        raise AnalysisError(
            "this is no pattern of a standard that can calibrate the instrument",
            expected=f"at least {FEWEST} lines of {name or 'a standard'}",
            found=f"{seen} lines",
            advice="Measure LaB6, Si or corundum over a wide range, or name the standard with --standard.",
        )
    parts = tuple(replace(part, sharp=part.phase.name == name) for part in plan.parts)
    plan = replace(plan, parts=parts, profile=True, calibrate=True, tube=True, zero=ZERO_SPREAD)
    pattern, table = build(plan, study.inputs.data)
    fitted = fit(pattern, table, study.inputs.data, model=study.fit.model, iterations=60)
    factor = evidence.inflation(fitted, name)
    values = {field: fitted.value(parameter) for parameter, field, _ in FITTED}
    stddev = {field: factor * fitted.stddev(parameter) for parameter, field, _ in FITTED}
    have = study.inputs.instrument
    instrument = replace(
        have,
        **values,
        scale_spread=max(_scale_spread(fitted, factor), 0.005),
        y_spread=max(stddev["y"], 1e-4),
        low_spread=max(stddev["low_tail"], 1e-5),
        flat_spread=max(stddev["flat"], 1e-5),
        zero_spread=max(stddev["zero"], 2e-4),
        origin="calibrated",
    )
    return Calibration(instrument, stddev, name, fitted, instrument.scale_spread)


def _scale_spread(fitted: Fit, factor: float) -> float:
    """Return the relative standard deviation of the Gaussian width in the middle of the range."""
    tangent = np.tan(np.radians(np.mean(fitted.data.two_theta[[0, -1]])) / 2)
    index = [fitted.table.index(f"instrument_{name}") for name in "uvw"]
    slope = np.array([tangent**2, tangent, 1.0])
    square = max(float(slope @ fitted.values[index]), 1e-6)
    variance = float(slope @ fitted.covariance[np.ix_(index, index)] @ slope)
    return factor * 0.5 * float(np.sqrt(max(variance, 0.0))) / square
