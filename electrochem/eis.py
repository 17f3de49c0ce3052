"""Impedance spectra: circuit fits of every sweep, Kramers–Kronig test, series, area-specific resistances."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import xarray as xr
from scipy import stats

from interlayer.core.errors import AnalysisError
from interlayer.core.intervals import Interval
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem.common import Floats, Given, Outcome, area_warnings, column, table_like, texts
from interlayer.electrochem.model import circuit as circuits
from interlayer.electrochem.model import kk
from interlayer.electrochem.model.circuit import Circuit
from interlayer.electrochem.model.fit import Complexes, Fit, fit

#: a parameter counts as determined when its relative (log scale) standard deviation is below this
_DETERMINED = 0.5
_LEAST_POINTS = 8
#: gain error of impedance analysers (one standard deviation): 0.3 % is a usual contour of data sheets
_GAIN_STDDEV = 0.003 / np.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One sweep: frequencies in Hz (descending), Z in ohm, elapsed time in s where known, its number."""

    frequency: Floats
    z: Complexes
    time: float
    number: int


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Fit every sweep of one or more files."""
    outcome = Outcome(warnings=area_warnings(raws, given))
    spectra = load(raws, outcome.warnings)
    chosen, note = choose(spectra, given.text("circuit"))
    outcome.steps.append(note)
    spectra = _without_inductive(spectra, chosen, outcome)
    fits = fit_all(chosen, spectra)
    tests = [kk.test(each.frequency, each.z) for each in spectra]
    alarms = [
        str(s.number) for s, test in zip(spectra, tests, strict=True) if not test.consistent(len(tests))
    ]
    if alarms:
        size = max(100 * test.disagreement for test in tests)
        outcome.warnings.append(
            f"{len(alarms)} of {len(spectra)} sweeps do not agree "
            "with the Kramers-Kronig relations within their noise "
            f"(p < {kk.ALARM:g} for the series; sweep {', '.join(alarms[:5])}; at "
            f"most {size:.2g} % of |Z|): the cell drifted, or was "
            "not linear, or an artefact of the instrument."
        )
    rows = Rows("electrochem", origin(raws))
    outcome.rows += _rows(rows, chosen, fits, spectra, given)
    outcome.nodes["trace"] = _curves(spectra, fits, tests)
    outcome.nodes["sweeps"] = _table(chosen, fits, spectra, tests)
    outcome.nodes["correlation"] = _correlation(chosen, fits)
    outcome.nodes["trace"].attrs |= {"circuit": chosen.text, "report": report(fits[-1][0], fits[-1][1])}
    outcome.steps += [
        f"{len(spectra)} sweeps were fitted with {chosen.text} "
        "(Levenberg-Marquardt, log parameters, analytic "
        "derivatives, starts from the data); the noise model s|Z|^g and s come from the residuals; arcs are "
        "numbered by rising time constant.",
        "Kramers-Kronig: one chain of relaxations for both parts against separate ones (F test), so that the "
        "noise level need not be known.",
    ]
    return outcome


def load(raws: Sequence[xr.Dataset], warnings: list[str]) -> list[Spectrum]:
    """Return every sweep of the given files in order.

    Raises
    ------
    AnalysisError
        When no sweep has at least 8 points.
    """
    found: list[Spectrum] = []
    for raw in raws:
        frequency = column(raw, "frequency", "eis")
        z = column(raw, "z_re", "eis") + 1j * column(raw, "z_im", "eis")
        time = np.asarray(raw["time"].values) if "time" in raw else np.full(frequency.size, np.nan)
        good = np.isfinite(frequency) & (frequency > 0) & np.isfinite(z) & (np.abs(z) > 0)
        sweep = np.asarray(raw["sweep"].values) if "sweep" in raw else np.ones(frequency.size, dtype=np.int64)
        for number in np.unique(sweep[good]):
            rows = np.flatnonzero(good & (sweep == number))
            if rows.size < _LEAST_POINTS:
                warnings.append(f"Sweep {int(number)} has {rows.size} points only and was left out.")
                continue
            order = rows[np.argsort(-frequency[rows], kind="stable")]
            found.append(Spectrum(frequency[order], z[order], float(time[rows[0]]), len(found) + 1))
    if not found:
        raise AnalysisError(
            "no sweep has enough points for a fit", expected=f"at least {_LEAST_POINTS} points"
        )
    return found


@cache
def candidates() -> tuple[str, ...]:
    """Return the circuits that are tried when none is given."""
    text = files("interlayer.electrochem.model").joinpath("circuits.toml").read_text(encoding="utf-8")
    return tuple(str(entry["circuit"]) for entry in tomllib.loads(text)["candidate"])


def choose(spectra: Sequence[Spectrum], text: str) -> tuple[Circuit, str]:
    """Return the given circuit, or the candidate of least BIC over first, middle and last sweep."""
    if text:
        return circuits.parse(text), f"The circuit {text} was given."
    some = [spectra[k] for k in sorted({0, len(spectra) // 2, len(spectra) - 1})]
    best: tuple[float, Circuit] | None = None
    for name in candidates():
        trial = circuits.parse(name)
        if any(2 * s.z.size < 2 * len(trial.names) for s in some):
            continue
        fits = [fit(trial, *usable(s, trial), count=16) for s in some]
        if any(_undetermined(each) for each in fits):
            continue
        bic = sum(len(trial.names) * np.log(2 * f.z.shape[1]) - 2 * float(f.log_likelihood[0]) for f in fits)
        if best is None or bic < best[0]:
            best = (float(bic), trial)
    chosen = best[1] if best else circuits.parse(candidates()[0])
    return chosen, (
        f"No circuit was given: {chosen.text} has the least Bayesian information criterion of "
        f"{len(candidates())} candidates whose parameters are all determined."
    )


def _undetermined(fitted: Fit) -> bool:
    held = fitted.stddev[0] == 0
    log = fitted.circuit.log
    return bool(np.any(fitted.stddev[0][log] > _DETERMINED) or np.any(held & log))


def usable(spectrum: Spectrum, chosen: Circuit) -> tuple[Floats, Complexes]:
    """Return frequencies and Z of the points that the circuit can describe."""
    keep = _capacitive(spectrum, chosen)
    return spectrum.frequency[keep], spectrum.z[keep]


def _capacitive(spectrum: Spectrum, chosen: Circuit) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the points a circuit can describe: not the inductive ones when it has no inductor."""
    if any(leaf.kind == "L" for leaf in chosen.elements()):
        return np.ones(spectrum.z.size, dtype=bool)
    # where a run of high frequencies is inductive, all of it goes; single points near zero by noise stay
    bad = (spectrum.z.imag > 0.01 * np.abs(spectrum.z)) | (spectrum.z.real <= 0)
    run = bool(bad[0]) * (int(np.argmin(bad)) if not bad.all() else bad.size)
    keep = np.ones(spectrum.z.size, dtype=bool)
    keep[:run] = False
    return (
        keep & (spectrum.z.real > 0) if keep.sum() >= _LEAST_POINTS else np.ones(spectrum.z.size, dtype=bool)
    )


def _without_inductive(spectra: Sequence[Spectrum], chosen: Circuit, outcome: Outcome) -> list[Spectrum]:
    found, left_out = [], 0
    for spectrum in spectra:
        keep = _capacitive(spectrum, chosen)
        left_out += int((~keep).sum())
        found.append(Spectrum(spectrum.frequency[keep], spectrum.z[keep], spectrum.time, spectrum.number))
    if left_out:
        outcome.steps.append(
            f"{left_out} inductive points (Im Z > 0 at the highest frequencies, or Re Z < 0) were left out, "
            "because the circuit has no inductor."
        )
    return found


def fit_all(chosen: Circuit, spectra: Sequence[Spectrum]) -> list[tuple[Fit, int]]:
    """Return (fit, place in it) of each sweep; sweeps of the same frequencies are fitted together."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for place, spectrum in enumerate(spectra):
        key = tuple(np.round(np.log(spectrum.frequency), 2).tolist())
        groups.setdefault(key, []).append(place)
    found: dict[int, tuple[Fit, int]] = {}
    for places in groups.values():
        z = np.array([spectra[place].z for place in places])
        frequency = np.mean([spectra[place].frequency for place in places], axis=0)
        fitted = fit(chosen, frequency, z)
        for row, place in enumerate(places):
            found[place] = (fitted, row)
    return [found[place] for place in range(len(spectra))]


def autocorrelation_factor(fitted: Fit, row: int) -> float:
    """Return the factor by which serial correlation of the residuals (a misfit) widens standard deviations.

    For a lag-one correlation r the effective number of points is n (1 − r)/(1 + r); only a significant
    correlation is used.
    """
    rest = ((fitted.z - fitted.model()) / np.abs(fitted.z) ** fitted.exponent[:, None])[row]
    scale = np.sum(np.abs(rest) ** 2)
    if scale <= 0 or rest.size < 10:
        return 1.0
    r = float(np.real(np.sum(rest[1:] * np.conj(rest[:-1]))) / scale)
    if r < 3.0 / np.sqrt(2 * rest.size):
        return 1.0
    return float(np.sqrt((1 + min(r, 0.9)) / (1 - min(r, 0.9))))


def resistance(fitted: Fit, row: int, name: str) -> Interval:
    """Return a resistance with its 95 % interval: noise (log scale), misfit, the analyser's gain."""
    k = fitted.circuit.names.index(name)
    x = float(fitted.x[row, k])
    s = float(np.hypot(fitted.stddev[row, k] * autocorrelation_factor(fitted, row), _GAIN_STDDEV))
    reach = float(stats.t.ppf(0.975, fitted.dof)) * s
    value = float(np.exp(x))
    return Interval(value, value * s, float(np.exp(x - reach)), float(np.exp(x + reach)))


def resistances(chosen: Circuit) -> list[str]:
    """Return the names of the resistances of a circuit."""
    return [leaf.name for leaf in chosen.elements() if leaf.kind == "R"]


def _rows(
    rows: Rows, chosen: Circuit, fits: Sequence[tuple[Fit, int]], spectra: Sequence[Spectrum], given: Given
) -> list[Row]:
    found: list[Row] = []
    ends = [("", 0)] if len(fits) == 1 else [(" first", 0), (" last", len(fits) - 1)]
    method = f"fit of {chosen.text}, noise from the residuals, gain error 0.3 % assumed"
    area, symmetric = given.size("area"), given.flag("symmetric")
    for suffix, place in ends:
        fitted, row = fits[place]
        for name in resistances(chosen):
            interval = resistance(fitted, row, name)
            found += _resistance_rows(rows, name + suffix, interval, method, area, symmetric, given)
    return found


def _resistance_rows(
    rows: Rows, subject: str, interval: Interval, method: str, area: float, symmetric: bool, given: Given
) -> list[Row]:
    if not np.isfinite(interval.high) or interval.stddev > _DETERMINED * 2 * interval.value:
        note = (
            "the spectrum does not determine this element (its interval spans more than a factor of about 7)"
        )
        return [rows.absent("not resolved", "resistance", subject, "ohm", method, note)]
    found = [rows.measured("resistance", subject, interval, "ohm", method)]
    if np.isfinite(area):
        scaled = interval.scaled(area / 2 if symmetric else area)
        stddev = given.number("area_stddev")
        if np.isfinite(stddev):
            scaled = scaled.with_systematic(scaled.value * stddev / area)
        how = "per electrode of a symmetric cell, R A / 2" if symmetric else "of the whole cell, R A"
        found.append(
            rows.measured("area_specific_resistance", subject, scaled, "ohm cm^2", f"{method}; {how}")
        )
    return found


def _table(
    chosen: Circuit,
    fits: Sequence[tuple[Fit, int]],
    spectra: Sequence[Spectrum],
    tests: Sequence[kk.KramersKronig],
) -> xr.Dataset:
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


def _correlation(chosen: Circuit, fits: Sequence[tuple[Fit, int]]) -> xr.Dataset:
    """Return the covariance of the parameters (scale of the fit) of the first and the last sweep."""
    picked = [fits[0], fits[-1]]
    covariance = np.array([fitted.covariance[row] for fitted, row in picked])
    return xr.Dataset(
        {
            "covariance": (
                ("which", "parameter", "parameter_2"),
                covariance,
                {"units": "1", "long_name": "covariance in the scale of the fit (log, but n)"},
            ),
            "which": ("which", texts(["first", "last"])),
            "parameter": ("parameter", texts(chosen.names)),
            "parameter_2": ("parameter_2", texts(chosen.names)),
        }
    )


def _curves(
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


def report(fitted: Fit, row: int) -> str:
    """Return a fit report in the manner of lmfit: parameters, errors, correlations, statistics."""
    lines = [f"[[Circuit]] {fitted.circuit.text}", "[[Fit Statistics]]"]
    lines += [
        f"    data points        = {2 * fitted.z.shape[1]}",
        f"    variables          = {fitted.x.shape[1]}",
        f"    noise of |Z|^g     = {fitted.noise[row]:.3g} (g = {fitted.exponent[row]:g})",
        f"    log likelihood     = {fitted.log_likelihood[row]:.2f}",
        "[[Variables]]",
    ]
    for name in fitted.circuit.names:
        value, stddev, low, high = fitted.interval(row, name)
        share = f"({100 * stddev / abs(value):.2f}%)" if value else ""
        lines.append(f"    {name + ':':10s} {value:.6g} +/- {stddev:.3g} {share} [{low:.6g}, {high:.6g}]")
    spread = fitted.stddev[row]
    scale = np.where(spread > 0, spread, 1.0)
    correlation = fitted.covariance[row] / np.outer(scale, scale)
    names = fitted.circuit.names
    pairs = [(abs(correlation[a, b]), a, b) for a in range(len(names)) for b in range(a + 1, len(names))]
    lines.append("[[Correlations]] (unreported are < 0.5)")
    for size, a, b in sorted(pairs, reverse=True):
        if size >= 0.5:
            lines.append(f"    C({names[a]}, {names[b]}) = {correlation[a, b]:+.3f}")
    return "\n".join(lines)
