"""Spectra ready for a fit: sweeps, points a circuit can describe, choice of the circuit, fits of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.packaged import packaged
from interlayer.electrochem.common import Floats, column, table_like, texts
from interlayer.electrochem.model import circuit as circuits
from interlayer.electrochem.model.circuit import Circuit
from interlayer.electrochem.model.fit import Complexes, Fit, fit

#: a parameter counts as determined when its relative (log scale) standard deviation is below this
DETERMINED = 0.5
_LEAST_POINTS = 8
_AT_BOUND = 1e-6
#: noise exponents γ (σ ∝ |Z|^γ) by the name of the weighting; None: chosen by likelihood
WEIGHTINGS = {"auto": None, "modulus": 1.0, "unit": 0.0}


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One sweep: frequencies in Hz (descending), Z in ohm, elapsed time in s where known, its number."""

    frequency: Floats
    z: Complexes
    time: float
    number: int


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
    return tuple(
        str(entry["circuit"])
        for entry in packaged("interlayer.electrochem.model", "circuits.toml")["candidate"]
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """The circuit that is fitted, why, and the candidates it was chosen from (None when it was given)."""

    circuit: Circuit
    note: str
    candidates: xr.Dataset | None = None


def choose(spectra: Sequence[Spectrum], text: str, exponent: float | None = None) -> Choice:
    """Return the given circuit, or the candidate of least BIC over first, middle and last sweep.

    A candidate is out when the spectra do not determine each of its parameters.
    """
    if text:
        return Choice(circuits.parse(text), f"The circuit {text} was given.")
    some = [spectra[k] for k in sorted({0, len(spectra) // 2, len(spectra) - 1})]
    trials = [(circuits.parse(name), *_judge(circuits.parse(name), some, exponent)) for name in candidates()]
    good = [trial for trial in trials if np.isfinite(trial[1]) and trial[2] == "determined"]
    chosen = min(good, key=lambda trial: trial[1])[0] if good else trials[0][0]
    note = (
        f"No circuit was given: {chosen.text} has the least Bayesian information criterion of "
        f"{len(trials)} candidates whose parameters are all determined (table candidates)."
    )
    if not good:
        note = (
            f"No circuit was given, and no candidate is determined by these spectra: {chosen.text} is used."
        )
    return Choice(chosen, note, _candidate_table(chosen, trials))


def _judge(trial: Circuit, some: Sequence[Spectrum], exponent: float | None) -> tuple[float, str]:
    """Return the BIC of a candidate over some sweeps, and what is to be said of it."""
    if any(spectrum.z.size < len(trial.names) for spectrum in some):
        return float("nan"), "too few points"
    fits = [fit(trial, *usable(s, trial), count=16, exponent=exponent) for s in some]
    bic = sum(len(trial.names) * np.log(2 * f.z.shape[1]) - 2 * float(f.log_likelihood[0]) for f in fits)
    if any(_undetermined(each) for each in fits):
        return float(bic), "a parameter is not determined"
    return float(bic), "determined"


def _candidate_table(chosen: Circuit, trials: Sequence[tuple[Circuit, float, str]]) -> xr.Dataset:
    bic = np.array([trial[1] for trial in trials])
    least = next(trial[1] for trial in trials if trial[0].text == chosen.text)
    return table_like(
        "candidate",
        {
            "circuit": (texts([trial[0].text for trial in trials]), "1", "circuit"),
            "parameters": (np.array([len(trial[0].names) for trial in trials]), "1", "number of parameters"),
            "bic_difference": (
                bic - least,
                "1",
                "Bayesian information criterion less that of the chosen one",
            ),
            "verdict": (texts([trial[2] for trial in trials]), "1", "whether its parameters are determined"),
            "chosen": (np.array([int(trial[0].text == chosen.text) for trial in trials]), "1", "1: chosen"),
        },
        role="table",
    )


def _undetermined(fitted: Fit) -> bool:
    log = fitted.circuit.log
    low, high = fitted.circuit.bounds
    held = np.minimum(fitted.x[0] - low, high - fitted.x[0]) < _AT_BOUND
    return bool(np.any(fitted.stddev[0][log] > DETERMINED) or np.any(held & log))


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


def without_inductive(spectra: Sequence[Spectrum], chosen: Circuit, steps: list[str]) -> list[Spectrum]:
    """Return the sweeps without the points that a circuit without an inductor cannot describe."""
    found, left_out = [], 0
    for spectrum in spectra:
        keep = _capacitive(spectrum, chosen)
        left_out += int((~keep).sum())
        found.append(Spectrum(spectrum.frequency[keep], spectrum.z[keep], spectrum.time, spectrum.number))
    if left_out:
        steps.append(
            f"{left_out} inductive points (Im Z > 0 at the highest frequencies, or Re Z < 0) were left out, "
            "because the circuit has no inductor."
        )
    return found


def fit_all(
    chosen: Circuit,
    spectra: Sequence[Spectrum],
    exponent: float | None = None,
    start: Floats | None = None,
) -> list[tuple[Fit, int]]:
    """Return (fit, place in it) of each sweep; sweeps of the same frequencies are fitted together.

    With ``start`` (physical values) each fit stays in the valley of these.
    """
    groups: dict[tuple[float, ...], list[int]] = {}
    for place, spectrum in enumerate(spectra):
        key = tuple(np.round(np.log(spectrum.frequency), 2).tolist())
        groups.setdefault(key, []).append(place)
    found: dict[int, tuple[Fit, int]] = {}
    for places in groups.values():
        z = np.array([spectra[place].z for place in places])
        frequency = np.mean([spectra[place].frequency for place in places], axis=0)
        more = 60 if start is None else 300
        fitted = fit(
            chosen, frequency, z, start=start, exponent=exponent, search=start is None, iterations=more
        )
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
