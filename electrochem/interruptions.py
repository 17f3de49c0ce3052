"""Intermittent current interruption: resistance and diffusion from short rests in a constant current.

Lacey, ChemElectroChem 4 (2017) 1997; Chien, Liu, Menkin, …, Lacey, J. Electrochem. Soc. 170 (2023) 060520: in
a rest that is short against L²/D the voltage goes as E0 − k √t, and with a = dE0/dt along the current
D = 4/π · L² · (a/k)². E0 against the voltage before the rest gives the resistance without diffusion. What the
current had set going goes on in the rest, so the law fitted here is E0 + a t − k √t: without the second term
D comes out 8 % too large at rest × D/L² = 0.001, and 30 % at 0.01.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from interlayer.core.summary import Row, Rows
from interlayer.electrochem.common import Floats, table_like, texts
from interlayer.electrochem.pulses import diffusion_columns, extreme_rows, straight
from interlayer.electrochem.segments import Segment

#: rests shorter than this share of the current's stretches are interruptions, not rests to equilibrium
_SHORT = 0.1
_LEAST = 4
#: part of a rest, from its begin, that is left out (charge transfer relaxes in it)
_SKIP_SHARE = 0.1
#: rest × D/L² above which the law of the root is not valid
_VALID = 0.05
#: time under current × D/L² below which the profile in the particles is not steady, and a is too large
_STEADY = 0.7
_PASSES = 4
#: error of ln D by the law itself within these limits
_LAW = 0.01


@dataclass(frozen=True, slots=True)
class Interruption:
    """One rest in the current: time under current before it (s), E0 (V), k (V/√s), jump (V), current (A)."""

    begin: float
    duration: float
    under_current: float
    current: float
    charge: float
    voltage: float
    voltage_stddev: float
    slope: float
    slope_stddev: float
    jump: float


def find(steps: Sequence[Segment], time: Floats, voltage: Floats) -> list[Interruption]:
    """Return the interruptions of a test, none when its rests are long or too few."""
    rests = [
        (before, rest)
        for before, rest, after in zip(steps[:-2], steps[1:-1], steps[2:], strict=True)
        if rest.sign == 0 and before.sign == after.sign != 0 and rest.last - rest.first >= 5
    ]
    if len(rests) < _LEAST:
        return []
    lengths = np.array([[before.duration, rest.duration] for before, rest in rests])
    if np.median(lengths[:, 1]) > _SHORT * np.median(lengths[:, 0]):
        return []
    found = _all(rests, time, voltage, np.zeros(len(rests)))
    for _ in range(_PASSES - 1):
        found = _all(rests, time, voltage, rise(found)[0])
    return found


def _all(
    rests: Sequence[tuple[Segment, Segment]], time: Floats, voltage: Floats, along: Floats
) -> list[Interruption]:
    found: list[Interruption] = []
    under, charge = 0.0, 0.0
    for (before, rest), rate in zip(rests, along, strict=True):
        under += before.duration
        charge += before.current * before.duration / 3600
        found.append(_interruption(before, rest, time, voltage, (under, charge, float(rate))))
    return found


def _interruption(
    before: Segment, rest: Segment, time: Floats, voltage: Floats, along: tuple[float, float, float]
) -> Interruption:
    """Return the fit of one rest; ``along``: time under current, charge, and a = dE0/dt in V/s."""
    under, charge, rate = along
    t = time[rest.rows] - rest.begin
    v = voltage[rest.rows] - rate * t
    keep = t >= _SKIP_SHARE * rest.duration
    if keep.sum() < 5:
        keep = np.ones(t.size, dtype=bool)
    slope, stddev, intercept, _ = straight(np.sqrt(t[keep]), v[keep], rest.duration)
    # the error of the line's end at t = 0 is that of its slope over the distance to its middle
    reach = float(np.mean(np.sqrt(t[keep])))
    return Interruption(
        rest.begin,
        rest.duration,
        under,
        before.current,
        charge,
        intercept,
        stddev * reach,
        slope,
        stddev,
        intercept - float(voltage[before.last]),
    )


def table(found: Sequence[Interruption], length: float) -> xr.Dataset:
    """Return one row per interruption; D where the length is known (cm) and the voltage changes clearly."""

    def of(name: str) -> Floats:
        return np.array([getattr(each, name) for each in found], dtype=np.float64)

    log_d, spread, valid = diffusion(found, length)
    charge = of("charge")
    reach = 1.959964 * spread
    verdict = _verdicts(found, spread, valid)
    columns = {
        "begin": (of("begin") / 3600, "h", "begin of the interruption"),
        "duration": (of("duration"), "s", "its duration"),
        "current": (of("current"), "A", "current before it"),
        "charge": (charge * 1e3, "mAh", "charge passed before it"),
        "state": (np.abs(charge - charge[0]) / (float(np.ptp(charge)) or 1.0), "1", "share of the charge"),
        "pseudo_ocv": (of("voltage"), "V", "voltage extrapolated to the begin of the interruption"),
        "resistance": (np.abs(of("jump") / of("current")), "ohm", "resistance without diffusion"),
        "diffusion_slope": (of("slope") * 1e3, "mV", "slope against the root of time, per √s"),
        "validity": (valid, "1", "rest D / L^2"),
        "verdict": (texts(verdict), "1", "whether the model holds"),
    }
    if np.isfinite(length):
        columns |= diffusion_columns(log_d, reach)
    return table_like("interruption", columns, role="table")


def diffusion(found: Sequence[Interruption], length: float) -> tuple[Floats, Floats, Floats]:
    """Return ln D, its standard deviation and rest × D/L² of each interruption (D in cm²/s, L in cm).

    dE0/dt is that between the neighbours on both sides, against the time under current.
    """
    along, along_error = rise(found)
    slope = np.array([each.slope for each in found])
    slope_error = np.array([each.slope_stddev for each in found])
    with np.errstate(divide="ignore", invalid="ignore"):
        reduced = 4 / np.pi * (along / slope) ** 2  # D/L², 1/s
        noise = 2 * np.hypot(along_error / np.abs(along), slope_error / np.abs(slope))
        spread = np.hypot(noise, _LAW)
        log_d = np.log(reduced) + (2 * np.log(length) if np.isfinite(length) else np.nan)
    duration = np.array([each.duration for each in found])
    return log_d, np.nan_to_num(spread, nan=np.inf), reduced * duration


def rise(found: Sequence[Interruption]) -> tuple[Floats, Floats]:
    """Return a = dE0/dt (V/s, against the time under current) at each interruption, and its error."""
    voltage = np.array([each.voltage for each in found])
    under = np.array([each.under_current for each in found])
    error = np.array([each.voltage_stddev for each in found])
    before = np.maximum(np.arange(voltage.size) - 1, 0)
    after = np.minimum(np.arange(voltage.size) + 1, voltage.size - 1)
    span = under[after] - under[before]
    return (voltage[after] - voltage[before]) / span, np.hypot(error[after], error[before]) / span


def _verdicts(found: Sequence[Interruption], spread: Floats, valid: Floats) -> list[str]:
    said = []
    for each, s, r in zip(found, spread, valid, strict=True):
        if not s < 1.0:
            said.append("not resolved")
        elif each.under_current * r / each.duration < _STEADY:
            said.append("profile not yet steady")
        else:
            said.append("rest too long" if r > _VALID else "valid")
    return said


def rows_of(rows: Rows, found: Sequence[Interruption], length: float, how: str) -> list[Row]:
    """Return the smallest and largest D of the interruptions that determine it."""
    method = f"intermittent current interruption, {len(found)} rests, {how}"
    log_d, spread, valid = diffusion(found, length)
    if not np.isfinite(length):
        return [
            rows.absent("not determined", "diffusion_coefficient", end, "cm^2/s", method, f"{how}.")
            for end in ("min", "max")
        ]
    usable = np.flatnonzero([verdict == "valid" for verdict in _verdicts(found, spread, valid)])
    why = "in no rest do both slopes exceed their errors within the range of the model"
    return extreme_rows(
        rows,
        log_d,
        spread,
        usable,
        method,
        why,
        lambda place: f"interruption {place + 1} at {found[place].voltage:.3f} V",
    )
