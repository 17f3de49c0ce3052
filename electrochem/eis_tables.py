"""Tables and curves of impedance: every sweep, trends, covariance, distribution of relaxation times."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import stats

from interlayer.electrochem.common import table_like, texts
from interlayer.electrochem.model import kk
from interlayer.electrochem.model.circuit import Circuit
from interlayer.electrochem.model.drt import Distribution
from interlayer.electrochem.model.fit import Complexes, Fit, misfit
from interlayer.electrochem.model.starts import arcs, time_constants
from interlayer.electrochem.spectra import Spectrum, autocorrelation_factor


def sweeps(
    chosen: Circuit,
    fits: Sequence[tuple[Fit, int]],
    spectra: Sequence[Spectrum],
    tests: Sequence[kk.KramersKronig],
) -> xr.Dataset:
    """Return one row per sweep: noise, convergence, Kramers-Kronig, every parameter and its stddev."""
    columns = {
        "sweep": (np.array([s.number for s in spectra]), "1", "sweep"),
        "time": (np.array([s.time for s in spectra]) / 3600, "h", "time of its first point"),
        "points": (np.array([s.z.size for s in spectra]), "1", "points fitted"),
        "noise": (np.array([f.noise[r] for f, r in fits]), "1", "noise relative to |Z|^g"),
        "noise_exponent": (np.array([f.exponent[r] for f, r in fits]), "1", "g of the noise model"),
        "converged": (np.array([int(f.converged[r]) for f, r in fits]), "1", "1 when the fit converged"),
        "misfit_factor": (
            np.array([autocorrelation_factor(f, r) for f, r in fits]),
            "1",
            "widening for serial correlation",
        ),
        "kramers_kronig_p": (np.array([t.p_value for t in tests]), "1", "p value of the Kramers-Kronig test"),
        "kramers_kronig_disagreement": (
            np.array([t.disagreement for t in tests]),
            "1",
            "disagreement of the parts relative to |Z|",
        ),
        "kramers_kronig_noise": (
            np.array([t.noise for t in tests]),
            "1",
            "noise relative to |Z|, model-free",
        ),
    }
    for k, name in enumerate(chosen.names):
        unit = chosen.parameters[k].unit
        values = np.array([f.values[r, k] for f, r in fits])
        spread = np.array([f.stddev[r, k] * (f.values[r, k] if chosen.log[k] else 1.0) for f, r in fits])
        columns[name] = (values, unit, name)
        columns[f"{name}_stddev"] = (spread, unit, f"standard deviation of {name}")
    found = table_like("row", columns, role="table")
    for name in chosen.names:
        found[name].attrs["ancillary_variables"] = f"{name}_stddev"
    return found


def covariance(chosen: Circuit, fits: Sequence[tuple[Fit, int]]) -> xr.Dataset:
    """Return the covariance of the parameters (scale of the fit) of the first and the last sweep."""
    picked = [fits[0], fits[-1]]
    values = np.array([fitted.covariance[row] for fitted, row in picked])
    return xr.Dataset(
        {
            "covariance": (
                ("which", "parameter", "parameter_2"),
                values,
                {"units": "1", "long_name": "covariance in the scale of the fit (log, but n)"},
            ),
            "which": ("which", texts(["first", "last"])),
            "parameter": ("parameter", texts(chosen.names)),
            "parameter_2": ("parameter_2", texts(chosen.names)),
        }
    )


def curves(
    spectra: Sequence[Spectrum], fits: Sequence[tuple[Fit, int]], tests: Sequence[kk.KramersKronig]
) -> xr.Dataset:
    """Return data, fit and residuals of every sweep, one after the other."""
    model: Complexes = np.concatenate([f.model()[r] for f, r in fits])
    z = np.concatenate([s.z for s in spectra])
    residual = np.concatenate([t.residual for t in tests])
    return table_like(
        "point",
        {
            "frequency": (np.concatenate([s.frequency for s in spectra]), "Hz", "frequency"),
            "z_re": (z.real, "ohm", "real part"),
            "z_im": (z.imag, "ohm", "imaginary part"),
            "fit_re": (np.real(model), "ohm", "real part of the fit"),
            "fit_im": (np.imag(model), "ohm", "imaginary part of the fit"),
            "kramers_kronig_re": (residual.real, "1", "residual of the Kramers-Kronig test, real part"),
            "kramers_kronig_im": (residual.imag, "1", "residual of the Kramers-Kronig test, imaginary part"),
            "sweep": (np.repeat([s.number for s in spectra], [s.z.size for s in spectra]), "1", "sweep"),
        },
    )


def trends(chosen: Circuit, fits: Sequence[tuple[Fit, int]], spectra: Sequence[Spectrum]) -> xr.Dataset:
    """Return, per parameter, the straight line through its values against time (or sweep number).

    The standard deviation of the slope is from the scatter around the line.
    """
    time = np.array([each.time for each in spectra]) / 3600
    timed = bool(np.all(np.isfinite(time)) and np.ptp(time) > 0)
    x = time if timed else np.array([each.number for each in spectra], dtype=np.float64)
    values = np.array([fitted.values[row] for fitted, row in fits])
    centred = x - x.mean()
    slope = centred @ (values - values.mean(axis=0)) / (centred @ centred)
    rest = values - values.mean(axis=0) - centred[:, None] * slope
    dof = x.size - 2
    stddev = np.sqrt(np.sum(rest**2, axis=0) / dof / (centred @ centred))
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 100 * slope * np.ptp(x) / np.abs(values.mean(axis=0))
        p_value = 2 * stats.t.sf(np.abs(slope) / stddev, dof)
    per = "hour" if timed else "sweep"
    reach = stats.t.ppf(0.975, dof) * stddev
    return table_like(
        "parameter",
        {
            "name": (texts(chosen.names), "1", "parameter"),
            "unit": (texts([each.unit for each in chosen.parameters]), "1", "unit of the parameter"),
            "mean": (values.mean(axis=0), "1", "mean over the sweeps, in the unit beside it"),
            "slope": (slope, "1", f"change per {per}, in the unit beside it"),
            "slope_low": (slope - reach, "1", "lower end of its 95 % interval"),
            "slope_high": (slope + reach, "1", "upper end of its 95 % interval"),
            "change": (change, "%", "change along the line over the series, of the mean"),
            "p_value": (p_value, "1", "probability of so steep a line by scatter alone"),
        },
        role="table",
    )


def distributions(numbers: Sequence[int], found: Sequence[Distribution]) -> xr.Dataset:
    """Return γ(ln τ) of the sweeps, one after the other."""
    return table_like(
        "point",
        {
            "time_constant": (np.concatenate([each.tau for each in found]), "s", "time constant"),
            "gamma": (np.concatenate([each.gamma for each in found]), "ohm", "distribution over ln(tau)"),
            "gamma_stddev": (
                np.concatenate([each.gamma_stddev for each in found]),
                "ohm",
                "standard deviation of the regularised solution",
            ),
            "sweep": (np.repeat(numbers, [each.tau.size for each in found]), "1", "sweep"),
        },
    )


def relaxations(numbers: Sequence[int], fits: Sequence[Fit | None]) -> xr.Dataset | None:
    """Return the ZARC elements that the peaks of the distributions were fitted with, or None."""
    lines: list[tuple[float, ...]] = []
    verdicts: list[str] = []
    for number, fitted in zip(numbers, fits, strict=True):
        if fitted is None:
            continue
        factor = autocorrelation_factor(fitted, 0)
        reach = float(stats.t.ppf(0.975, fitted.dof)) * factor
        for (r, _, n), log_tau in zip(
            arcs(fitted.circuit), time_constants(fitted.circuit, fitted.x)[0], strict=True
        ):
            x, s = float(fitted.x[0, r]), float(fitted.stddev[0, r])
            ends = [float(np.exp(np.clip(x + sign * reach * s, -700, 700))) for sign in (-1, 1)]
            verdicts.append(_verdict(float(np.exp(log_tau)), fitted))
            lines.append((number, float(np.exp(log_tau)), float(np.exp(x)), *ends, float(fitted.x[0, n])))
    if not lines:
        return None
    columns = np.array(lines).T
    return table_like(
        "relaxation",
        {
            "sweep": (columns[0].astype(np.int64), "1", "sweep"),
            "time_constant": (columns[1], "s", "time constant (RQ)^(1/n)"),
            "resistance": (columns[2], "ohm", "resistance of the ZARC"),
            "resistance_low": (columns[3], "ohm", "lower end of its 95 % interval"),
            "resistance_high": (columns[4], "ohm", "upper end of its 95 % interval"),
            "exponent": (columns[5], "1", "exponent n of the ZARC"),
            "verdict": (texts(verdicts), "1", "whether the data show all of it"),
        },
        role="table",
    )


def _verdict(tau: float, fitted: Fit) -> str:
    omega = 2 * np.pi * fitted.frequency
    if not 1 / omega.max() <= tau <= 1 / omega.min():
        return "beyond the measured frequencies"
    return "misfit of the ZARCs" if misfit(fitted)[0] else "resolved"
