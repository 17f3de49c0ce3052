"""Bayes factors: how much an observation speaks for a phase.

The amplitude of a signal is a ≥ 0 standard deviations of its noise. Where the phase is absent a = 0; where
it is present and visible, a is log-uniform in what the technique expects. A technique sees a phase that is
present with probability ``visible``, and takes another's signal for it with probability ``false_alarm``:

    P(z | present) = visible · p₁(z) + (1 − visible) · p₀(z)
    P(z | absent) = false_alarm · p₁(z) + (1 − false_alarm) · p₀(z),

and no observation, however many σ, weighs more than visible/false_alarm, nor less than 1 − visible.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr

#: amplitudes over which the expectation is averaged
_NODES = 200
#: scatter of published energies among laboratories and the window of a core level, eV; share of rightly
#: assigned lines that lie where publications say
_SCATTER, _WINDOW, _TYPICAL = 0.1, 5.0, 0.9


def signal_ratio(z: float, least: float, most: float) -> float:
    """Return ln p₁(z)/p₀(z) of a non-negative amplitude estimate.

    Parameters
    ----------
    z
        The estimate over its standard deviation; 0 where the bound at zero is active.
    least, most
        The range of amplitudes that a visible phase has, in standard deviations; log-uniform.

    Notes
    -----
    The estimate is max(0, a + noise): a normal density above zero and the mass Φ(−a) at zero, which is ½ for
    a = 0 (Chernoff 1954).

    Examples
    --------
    >>> signal_ratio(0.0, 1.0, 100.0) < 0 < signal_ratio(5.0, 1.0, 100.0)
    True
    """
    a = _amplitudes(least, most)
    terms = a * z - 0.5 * a**2 if z > 0 else log_ndtr(-a) + math.log(2.0)
    return float(logsumexp(terms) - math.log(_NODES))


def unseen_ratio(threshold: float, least: float, most: float) -> float:
    """Return the same where all that is known of the estimate is that it lies below a threshold.

    Examples
    --------
    >>> unseen_ratio(3.0, 1.0, 100.0) < 0
    True
    """
    terms = log_ndtr(threshold - _amplitudes(least, most))
    return float(logsumexp(terms) - math.log(_NODES) - log_ndtr(threshold))


def _amplitudes(least: float, most: float) -> NDArray[np.float64]:
    """Return the middles of equal parts of the range, on the log scale."""
    parts = (np.arange(_NODES) + 0.5) / _NODES
    return np.asarray(least * (most / least) ** parts, dtype=np.float64)


def weight(ln_ratio: float, visible: float, false_alarm: float) -> float:
    """Return the base-10 logarithm of the Bayes factor of a phase's presence in the sample.

    Parameters
    ----------
    ln_ratio
        ln p₁/p₀ of the signal.
    visible, false_alarm
        Probabilities that a present phase is visible, and that a signal is another phase's.
    """
    present = np.logaddexp(_log(visible) + ln_ratio, _log(1.0 - visible))
    absent = np.logaddexp(_log(false_alarm) + ln_ratio, _log(1.0 - false_alarm))
    return float((present - absent) / math.log(10.0))


def misplaced(energy: float, stddev: float, low: float, high: float) -> float:
    """Return how much likelier than usual it is that a line is another species', from where it lies.

    Parameters
    ----------
    energy, stddev
        The line's binding energy, eV.
    low, high
        The range of published values, eV.

    Returns
    -------
    float
        1 inside the range, up to 10 far outside.

    Notes
    -----
    A rightly assigned line lies in the published range, blurred by 0.1 eV of scatter among laboratories, in
    nine of ten cases, and anywhere in a window of 5 eV in one (charging, an unusual environment); one that is
    wrongly assigned lies anywhere. NaN says nothing.

    Examples
    --------
    >>> misplaced(396.0, 0.02, 395.0, 396.5), round(misplaced(398.4, 0.02, 395.0, 396.5), 1)
    (1.0, 10.0)
    """
    if any(math.isnan(each) for each in (energy, stddev, low, high)):
        return 1.0
    blur = math.hypot(stddev, _SCATTER)
    width = max(high - low, blur)
    middle = 0.5 * (low + high)
    inside = ndtr((energy - middle + width / 2) / blur) - ndtr((energy - middle - width / 2) / blur)
    right = _TYPICAL * float(inside) / width + (1 - _TYPICAL) / _WINDOW
    return max(1.0, 1.0 / (_WINDOW * right))


def element_weight(seen: bool, visible: float, false_alarm: float, elsewhere: float) -> float:
    """Return the weight of seeing (or not) an element that a phase holds but others may hold too.

    Parameters
    ----------
    elsewhere
        Probability that the element is there without the phase: in another one.
    """
    present = 1.0 - (1.0 - visible) * (1.0 - elsewhere * visible) * (1.0 - false_alarm)
    absent = 1.0 - (1.0 - elsewhere * visible) * (1.0 - false_alarm)
    ratio = present / absent if seen else (1.0 - present) / (1.0 - absent)
    return math.log10(ratio)


def probability(weights: Sequence[float], prior: float = 0.5) -> float:
    """Return the posterior probability of independent observations.

    Examples
    --------
    >>> round(probability([1.0]), 3)
    0.909
    """
    ln_odds = math.log(prior / (1.0 - prior)) + math.log(10.0) * sum(weights)
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, ln_odds))))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
