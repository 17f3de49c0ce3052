"""Galvanostatic intermittent titration: the chemical diffusion coefficient against state of charge.

Weppner and Huggins, J. Electrochem. Soc. 124 (1977) 1569: D = 4/(π τ) L² (ΔEs/ΔEt)², with ΔEs the change of
the equilibrium voltage between two rests, ΔEt the change during the pulse without the ohmic jump, and
L = mB VM / (MB S), or R/3 for spheres.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import special

from interlayer.core.errors import AnalysisError
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import interruptions, segments
from interlayer.electrochem import pulses as found_pulses
from interlayer.electrochem.common import (
    Floats,
    Given,
    Outcome,
    clock,
    column,
    joined,
    table_like,
    texts,
    trace,
)
from interlayer.electrochem.pulses import Pulse, diffusion_columns, extreme_rows

#: τD/L² above which a model is not valid: planar bias −8 % at 0.5 (−2 % at 0.3), sphere −17 % at 0.01 of R²/9
_VALID_PLANAR = 0.3


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Find the pulses and the diffusion coefficient of each."""
    outcome = Outcome()
    raw = joined(raws, outcome.warnings)
    voltage, current = column(raw, "voltage", "gitt"), column(raw, "current", "gitt")
    time = clock(raw, outcome.warnings)
    rests = interruptions.find(segments.find(raw, time), time, voltage)
    if rests:
        return _interrupted(raws, given, rests, (time, voltage, current), outcome)
    pulses = found_pulses.find(raw, time, voltage, current)
    if not pulses:
        raise AnalysisError(
            "no pulse between two rests was found",
            expected="constant-current pulses, each with a rest before and after",
        )
    length, how = _length(given)
    rows = Rows("electrochem", origin(raws))
    log_d, spread, valid = _diffusion(pulses, length)
    outcome.rows += _rows(rows, pulses, log_d, spread, valid, length, how)
    outcome.nodes["trace"] = trace(time, voltage, current)
    table = _table(pulses, log_d, spread, valid, length)
    radius = given.number("radius")
    if np.isfinite(radius):
        _add_sphere(table, pulses, np.exp(log_d), radius, outcome)
    outcome.nodes["pulses"] = table
    outcome.warnings += _warnings(pulses, valid, length)
    outcome.steps += [
        f"{len(pulses)} pulses of {pulses[0].duration:.4g} s between rests were found from the current.",
        "dEs: difference of the voltages at the end of the "
        "rests. dEt: slope against the root of time, over the "
        "part of the pulse below L^2/(4 D), times the root of "
        f"the pulse; the jump before it is left out. {how}.",
    ]
    return outcome


def _interrupted(
    raws: Sequence[xr.Dataset],
    given: Given,
    rests: Sequence[interruptions.Interruption],
    data: tuple[Floats, Floats, Floats],
    outcome: Outcome,
) -> Outcome:
    """Analyse short rests in a constant current (ICI), which do not reach equilibrium as GITT needs."""
    length, how = _length(given)
    outcome.rows += interruptions.rows_of(Rows("electrochem", origin(raws)), rests, length, how)
    outcome.nodes["trace"] = trace(*data)
    outcome.nodes["interruptions"] = interruptions.table(rests, length)
    outcome.steps.append(
        f"{len(rests)} short rests of {rests[0].duration:.3g} s in the current: intermittent current "
        "interruption. E0 and k from the voltage against the root of time in each rest, what the current had "
        f"set going taken off; dE0/dt along the current. {how}."
    )
    return outcome


def _length(given: Given) -> tuple[float, str]:
    """Return the diffusion length L in cm (NaN when it cannot be computed) and how."""
    radius = given.number("radius")
    if np.isfinite(radius):
        return radius / 3.0, f"L = R/3 for spheres of R = {radius:.3g} cm"
    names = ("active_mass", "molar_mass", "molar_volume", "contact_area")
    mass, molar_mass, molar_volume, area = (given.number(name) for name in names)
    if not np.isfinite(area):
        area = given.size("area")
    if not np.isfinite(mass):
        mass = given.size("mass")
    length = mass * 1e-3 * molar_volume / (molar_mass * area)
    missing = [
        n for n, v in zip(names, (mass, molar_mass, molar_volume, area), strict=True) if not np.isfinite(v)
    ]
    if missing:
        return float("nan"), f"L is not known: give {', '.join(missing)}, or radius"
    return float(length), f"L = mB VM / (MB S) = {length:.3g} cm"


def _sphere_factor(pulse: Pulse, d: float, radius: float) -> float:
    """Return D of a sphere over the plain formula's D for one pulse.

    At constant flux the surface follows e^x erfc(−√x) − 1, x = Dt/R² (short times), a plane 2 √(x/π): the
    line in √t is steeper by a factor that D itself sets, found by repetition.
    """
    skip = min(found_pulses.SKIP, found_pulses.SKIP_SHARE * pulse.duration)
    t = np.linspace(skip, pulse.window, 200)
    factor = 1.0
    for _ in range(40):
        root = np.sqrt(np.minimum(t * d * factor / radius**2, 9.0))
        law = np.exp(root**2) * (1 + special.erf(root)) - 1
        ratio = float(np.polyfit(root, law, 1)[0]) * np.sqrt(np.pi) / 2
        factor = 0.5 * (factor + ratio**2)
    return float(factor)


def _diffusion(pulses: Sequence[Pulse], length: float) -> tuple[Floats, Floats, Floats]:
    """Return ln D, its standard deviation and τD/L² of each pulse."""
    ratio = np.array([pulse.log_ratio for pulse in pulses])
    tau = np.array([pulse.duration for pulse in pulses])
    reduced = 4.0 / np.pi * np.exp(ratio[:, 0])
    log_d = np.log(reduced) - np.log(tau) + (2 * np.log(length) if np.isfinite(length) else np.nan)
    return log_d, ratio[:, 1], reduced


def _rows(
    rows: Rows, pulses: Sequence[Pulse], log_d: Floats, spread: Floats, valid: Floats, length: float, how: str
) -> list[Row]:
    method = f"Weppner-Huggins, {len(pulses)} pulses, {how}"
    if not np.isfinite(length):
        return [
            rows.absent(
                "not determined", "diffusion_coefficient", end, "cm^2/s", "Weppner-Huggins", f"{how}."
            )
            for end in ("min", "max")
        ]
    usable = np.flatnonzero(np.isfinite(log_d) & (spread < 1.0))

    def note(place: int) -> str:
        text = f"pulse {place + 1} at {pulses[place].equilibrium:.3f} V"
        beyond = valid[place] > _VALID_PLANAR
        return f"{text}; outside of the model's range: tau D/L^2 = {valid[place]:.2g}" if beyond else text

    why = "in no pulse are both voltage changes larger than their errors"
    return extreme_rows(rows, log_d, spread, usable, method, why, note)


def _warnings(pulses: Sequence[Pulse], valid: Floats, length: float) -> list[str]:
    found = []
    swapped = [str(k + 1) for k, p in enumerate(pulses) if abs(p.delta_s) > abs(p.delta_t)]
    if swapped:
        found.append(
            f"|dEs| > |dEt| in {len(swapped)} pulses "
            f"({', '.join(swapped[:5])}): the pulses are too long for the "
            "model, the rests too short, or the two were exchanged; D is not reliable there."
        )
    beyond = [str(k + 1) for k in np.flatnonzero(valid > _VALID_PLANAR)]
    if beyond and np.isfinite(length):
        found.append(
            f"tau << L^2/D does not hold in {len(beyond)} pulses ({', '.join(beyond[:5])}): tau D/L^2 up to "
            f"{valid.max():.2g}; D is biased low there."
        )
    flat = sum(abs(p.delta_s) < 2 * p.delta_s_stddev for p in pulses)
    if flat:
        found.append(
            f"In {flat} pulses the equilibrium voltage does not "
            "change by more than its error: a two-phase plateau "
            "(such as LiFePO4), where the model does not hold."
        )
    return found


def _add_sphere(
    table: xr.Dataset, pulses: Sequence[Pulse], plain: Floats, radius: float, outcome: Outcome
) -> None:
    """Add D corrected for the curvature of the sphere, and tell how far the plain formula is off."""
    factor = np.array([_sphere_factor(p, float(d), radius) for p, d in zip(pulses, plain, strict=True)])
    table["diffusion_coefficient_sphere"] = (
        "pulse",
        plain * factor,
        {"units": "cm^2/s", "long_name": "D corrected for the curvature of the sphere"},
    )
    outcome.warnings.append(
        "The plain formula with L = R/3 neglects the curvature of the spheres; corrected for it, D is "
        f"{factor.min():.2f} to {factor.max():.2f} times as large (column diffusion_coefficient_sphere)."
    )


def _table(
    pulses: Sequence[Pulse], log_d: Floats, spread: Floats, valid: Floats, length: float
) -> xr.Dataset:
    def of(name: str) -> Floats:
        return np.array([getattr(pulse, name) for pulse in pulses], dtype=np.float64)

    charge = of("charge")
    total = float(np.ptp(charge)) or 1.0
    verdict = [
        "valid"
        if r <= _VALID_PLANAR and s < 1.0
        else ("pulse too long" if r > _VALID_PLANAR else "not resolved")
        for r, s in zip(valid, spread, strict=True)
    ]
    reach = 1.959964 * spread
    columns = {
        "begin": (of("begin") / 3600, "h", "begin of the pulse"),
        "rest_end": (of("rest_end") / 3600, "h", "end of the rest after it"),
        "duration": (of("duration"), "s", "duration of the pulse"),
        "current": (of("current"), "A", "current"),
        "charge": (charge * 1e3, "mAh", "charge since the first pulse"),
        "state": (np.abs(charge - charge[0]) / total, "1", "share of the charge passed over all pulses"),
        "equilibrium_voltage": (of("equilibrium"), "V", "voltage at the end of the rest after it"),
        "delta_s": (of("delta_s") * 1e3, "mV", "dEs, change of the equilibrium voltage"),
        "delta_s_stddev": (of("delta_s_stddev") * 1e3, "mV", "its standard deviation"),
        "delta_t": (of("delta_t") * 1e3, "mV", "dEt, change in the pulse without the ohmic jump"),
        "delta_t_stddev": (of("delta_t_stddev") * 1e3, "mV", "its standard deviation"),
        "jump": (of("jump") * 1e3, "mV", "ohmic and charge-transfer jump"),
        "resistance": (np.abs(of("jump") / of("current")), "ohm", "jump over current"),
        "validity": (valid, "1", "tau D / L^2"),
        "verdict": (texts(verdict), "1", "whether the model holds"),
    }
    if np.isfinite(length):
        columns |= diffusion_columns(log_d, reach)
    return table_like("pulse", columns, role="table")
