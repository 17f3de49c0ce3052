"""The noise of the counts: variance over mean (Fano factor), and what is left over as misfit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

#: share of (2/n) that second differences of white noise lose: 1 + 2 (4/6)² + 2 (1/6)²
_DIFFERENCE_LOSS = 1.0 + 2.0 * (4.0 / 6.0) ** 2 + 2.0 * (1.0 / 6.0) ** 2
#: 99 % quantile of the normal distribution
_SIGNIFICANT = 2.3263478740408408
#: variance over mean of a computed curve
_NOISE_FREE = 1e-9
#: standard deviations from which neighbouring points count as correlated
_CORRELATED = 3.0
#: and from which the differences skip next neighbours: both estimates are valid for independent counts
_SUSPECTED = 1.5


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of one region.

    Parameters
    ----------
    fano
        Variance over mean used as the weight: pooled over the regions of the measurement.
    own, own_relative
        The region's own estimate and its relative standard deviation.
    misfit
        Factor (≥ 1) on the variance that the residuals ask for beyond the noise, serial correlation
        included; 1 when the model describes the data.
    chi_square, dof
        Of the region, with the pooled Fano factor, before the misfit factor.
    correlation
        Factor (≥ 1) on the variance for neighbouring points that are not independent.
    """

    fano: float
    own: float
    own_relative: float
    misfit: float
    chi_square: float
    dof: float
    correlation: float = 1.0

    @property
    def flagged(self) -> bool:
        """Return whether the model does not describe this region within its noise."""
        return self.misfit > 1.0


def floor(model: Floats) -> Floats:
    """Return the model with a floor that keeps weights finite where hardly anything is counted."""
    return np.maximum(
        model, max(0.25 if model.max() > 5 else 0.0, 1e-3 * float(np.median(np.abs(model))), 1e-12)
    )


@njit(cache=True, error_model="numpy")
def differences(residual: Floats, model: Floats, stride: int = 1) -> float:
    """Return variance over mean from second differences: blind to what is smooth, so to misfit.

    E[(r₋₁ − 2 r₀ + r₁)²] = F (f₋₁ + 4 f₀ + f₁) for independent noise of variance F f. With a stride of 2 it
    is blind to a correlation of next neighbours too.
    """
    count = residual.size - 2 * stride
    if count <= 0:
        return 1.0
    total = 0.0
    for i in range(stride, residual.size - stride):
        second = residual[i - stride] - 2.0 * residual[i] + residual[i + stride]
        total += second * second / (model[i - stride] + 4.0 * model[i] + model[i + stride])
    return total / count


@njit(cache=True, error_model="numpy")
def _sums(residual: Floats, model: Floats) -> tuple[float, float]:
    """Return Σ r²/f and Σ of the products of neighbouring r/√f."""
    power, product, before = 0.0, 0.0, 0.0
    for i in range(residual.size):
        scaled = residual[i] / math.sqrt(model[i])
        power += scaled * scaled
        product += scaled * before
        before = scaled
    return power, product


def _rough(residuals: Sequence[Floats], models: Sequence[Floats], size: Floats) -> Floats:
    """Return each region's variance over mean from differences.

    They are of every second point where neighbours agree more than independent counts do, as with
    overlapping detector channels or smoothing.
    """
    near, far = (
        np.array([differences(r, f, stride) for r, f in zip(residuals, models, strict=True)])
        for stride in (1, 2)
    )
    count = float(size.sum())
    ratio = float(size @ (near / np.maximum(far, 1e-12))) / count
    spread = math.sqrt(4.0 * _DIFFERENCE_LOSS / count)
    return far if ratio < 1.0 - _SUSPECTED * spread else near


def _neighbours(power: float, product: float, count: int) -> float:
    """Return 1 + 2 ρ of next neighbours, pooled; 1 where ρ is not significant."""
    if count == 0 or power <= 0:
        return 1.0
    rho = product / power
    return 1.0 + 2.0 * rho if rho > _CORRELATED / math.sqrt(count) else 1.0


def correlated(noises: Sequence[Noise]) -> list[str]:
    """Return the sentence that neighbouring points are not independent, where they are not."""
    most = max((each.correlation for each in noises), default=1.0)
    if most <= 1.0:
        return []
    return [
        f"Neighbouring points are correlated (ρ = {(most - 1) / 2:.2f}); the intervals are "
        f"{np.sqrt(most):.2f} times wider for that."
    ]


def estimate(
    residuals: Sequence[Floats], models: Sequence[Floats], parameters: Sequence[float] | Floats
) -> list[Noise]:
    """Return the noise of each region of one measurement.

    Parameters
    ----------
    residuals, models
        Data minus model, and model with a floor (`floor`), per region (m,), energies ascending.
    parameters
        Effective number of parameters per region.

    Notes
    -----
    A robust centre of the second-difference estimates is compared with χ²/dof of each region; regions
    that agree are pooled by χ²/dof (the better estimate), the others are misfit.
    """
    dof = np.array([max(r.size - p, 2.0) for r, p in zip(residuals, parameters, strict=True)])
    size = np.array([float(r.size) for r in residuals])
    rough = _rough(residuals, models, size)
    sums = np.array([_sums(r, f) for r, f in zip(residuals, models, strict=True)])
    whole = sums[:, 0] / dof
    count = float(size.sum())
    centre = math.exp(float(size @ np.log(np.maximum(rough, 1e-12))) / count)
    limit = 1.0 + _SIGNIFICANT * np.sqrt(2.0 * _DIFFERENCE_LOSS / count + 2.0 / dof)
    good = whole < centre * limit
    pooled = float(whole[good] @ dof[good] / dof[good].sum()) if good.any() else centre
    pooled = max(pooled, _NOISE_FREE)
    power, product = sums[good].sum(axis=0)
    correlation = _neighbours(float(power), float(product), int(size[good].sum()))
    out = []
    for i, residual in enumerate(residuals):
        described = bool(good[i])
        misfit = 1.0
        if not described:
            misfit = max(whole[i] / pooled, 1.0) * correlation_time(residual / np.sqrt(models[i]))
        out.append(
            Noise(
                pooled,
                float(whole[i] if described else rough[i]),
                math.sqrt(2.0 / dof[i] if described else 2.0 * _DIFFERENCE_LOSS / size[i]),
                float(misfit),
                float(sums[i, 0] / pooled),
                float(dof[i]),
                correlation if described else 1.0,
            )
        )
    return out


def correlation_time(residual: Floats) -> float:
    """Return 1 + 2 Σ ρ over the first positive lags: how many points say the same thing."""
    residual = residual - residual.mean()
    power = float(residual @ residual)
    total = 1.0
    for lag in range(1, min(residual.size // 4, 50)):
        rho = float(residual[:-lag] @ residual[lag:]) / power if power > 0 else 0.0
        if rho < 2.0 / np.sqrt(residual.size):
            break
        total += 2.0 * rho
    return total
