"""Relaxations of a spectrum as ZARC elements, started at the peaks of its distribution of relaxation times.

Areas between the minima of γ(ln τ) share the flanks of neighbours wrongly; the distribution of a ZARC is
known (Boukamp, Electrochim. Acta 154 (2015) 35), so its resistance follows from a fit, with an interval.
"""

import numpy as np
from numpy.typing import NDArray

from interlayer.electrochem.model.circuit import Circuit, parse
from interlayer.electrochem.model.drt import Distribution
from interlayer.electrochem.model.fit import Fit, fit, misfit

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

MOST = 5
_TAIL = "CPE0"
#: a relaxation counts as determined when the standard deviation of ln R is below this
DETERMINED = 0.5


#: noise below this share of |Z| is not believed: it would make every misfit of the model a relaxation
_LEAST_NOISE = 1e-4


def resolve(frequency: Floats, z: Complexes, found: Distribution) -> Fit | None:
    """Return the fit of as many ZARCs as the spectrum supports (least BIC), with a slow tail where needed.

    It begins with one ZARC per peak of the distribution, tries without the smallest ones, and adds one, or a
    slow tail, where the residuals are serially correlated. None when every fit has a resistance that is not
    determined.
    """
    size = min(max(len(found.peaks), 1), MOST)
    trials = [_try(frequency, z, found, count, tail=False) for count in range(size, 0, -1)]
    best = min(trials, key=_criterion)
    size = size - trials.index(best)
    if misfit(best)[0] or not _determined(best):
        for more, tail in ((size, True), (size + 1, False), (size + 1, True)):
            if 1 + 3 * more + 2 * tail > z.size:
                continue
            trial = _try(frequency, z, found, more, tail=tail)
            if _criterion(trial) < _criterion(best):
                best = trial
    return best if _determined(best) else None


def _try(frequency: Floats, z: Complexes, found: Distribution, size: int, *, tail: bool) -> Fit:
    circuit = _chain(size, tail=tail)
    start = _start(circuit, size, found, frequency, z, tail=tail)
    return fit(
        circuit, frequency, z[None, :], start=start, count=8, iterations=30, exponent=1.0, search=False
    )


def _criterion(fitted: Fit) -> float:
    """Return the Bayesian information criterion; infinite when a resistance is not determined."""
    if not _determined(fitted):
        return float("inf")
    n = 2 * fitted.z.shape[1]
    variance = max(float(fitted.chi_square[0]) / n, _LEAST_NOISE**2)
    return float(n * np.log(variance)) + len(fitted.circuit.names) * float(np.log(n))


def _chain(size: int, *, tail: bool) -> Circuit:
    parts = ["R0", *(f"p(R{k},CPE{k})" for k in range(1, size + 1))]
    return parse("-".join([*parts, _TAIL] if tail else parts))


def _determined(fitted: Fit) -> bool:
    places = [k for k, name in enumerate(fitted.circuit.names) if name[:1] == "R" and name != "R0"]
    return bool(np.all(fitted.stddev[0, places] < DETERMINED))


def _start(
    circuit: Circuit, size: int, found: Distribution, frequency: Floats, z: Complexes, *, tail: bool
) -> Floats | None:
    """Return start values from the tallest peaks; None (starts from the data) when there are too few."""
    peaks = sorted(sorted(found.peaks, key=lambda peak: -peak.area)[:size], key=lambda peak: peak.tau)
    if len(peaks) < size:
        return None
    values = {"R0": max(found.resistance, 1e-3 * float(np.abs(z).min()))}
    for k, peak in enumerate(peaks, 1):
        resistance = max(peak.area, 1e-3 * float(np.abs(z).max()))
        values |= {f"R{k}": resistance, f"CPE{k}_Q": peak.tau**0.9 / resistance, f"CPE{k}_n": 0.9}
    if tail:
        slowest = int(np.argmin(frequency))
        low = max(abs(float(z[slowest].imag)), 1e-4 * abs(z[slowest]))
        values |= {f"{_TAIL}_Q": 1.0 / ((2 * np.pi * frequency[slowest]) ** 0.7 * low), f"{_TAIL}_n": 0.7}
    return np.array([[values[name] for name in circuit.names]])
