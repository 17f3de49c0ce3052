"""Size distributions: edge correction, moments, quantiles, histogram, density, fitted log-normal."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

F64 = NDArray[np.float64]
Statistic = Callable[[F64, F64], float]


def edge_weights(width: F64, height: F64, inside: NDArray[np.bool_], frame: tuple[F64, F64]) -> F64:
    """Return Miles-Lantuéjoul weights: 1 / (share of positions at which a particle fits into its frame).

    Large particles touch the frame more often than small ones and are left out more often; each whole one
    therefore counts W H / ((W - w)(H - h)) times, cut ones not at all (Miles 1974; Lantuéjoul 1980;
    ISO 13322-1).
    """
    share = np.clip(1 - width / frame[0], 0.02, None) * np.clip(1 - height / frame[1], 0.02, None)
    return np.where(inside, 1.0 / share, 0.0)


def mean(values: F64, weights: F64) -> float:
    """Return the weighted mean."""
    return float(np.sum(values * weights) / np.sum(weights))


def sd(values: F64, weights: F64) -> float:
    """Return the weighted standard deviation (unbiased for equal weights)."""
    total = np.sum(weights)
    effective = total**2 / np.sum(weights**2)
    variance = np.sum(weights * (values - mean(values, weights)) ** 2) / total
    return float(np.sqrt(variance * effective / max(effective - 1, 1e-9)))


def quantile(level: float) -> Statistic:
    """Return the statistic "weighted quantile" (midpoint rule, linear between values)."""

    def statistic(values: F64, weights: F64) -> float:
        order = np.argsort(values)
        ordered, share = values[order], weights[order]
        rank = (np.cumsum(share) - 0.5 * share) / np.sum(share)
        return float(np.interp(level, rank, ordered))

    return statistic


def geometric_mean(values: F64, weights: F64) -> float:
    """Return the weighted geometric mean."""
    return float(np.exp(mean(np.log(values), weights)))


def geometric_sd(values: F64, weights: F64) -> float:
    """Return the weighted geometric standard deviation."""
    return float(np.exp(sd(np.log(values), weights)))


#: the statistics of the summary, by quantity
STATISTICS: dict[str, Statistic] = {
    "diameter_mean": mean,
    "diameter_sd": sd,
    "diameter_d10": quantile(0.1),
    "diameter_d50": quantile(0.5),
    "diameter_d90": quantile(0.9),
    "diameter_geometric_mean": geometric_mean,
    "diameter_geometric_sd": geometric_sd,
}


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal truncated below: median, geometric sd, and the bound."""

    median: float
    geometric_sd: float
    bound: float

    def density(self, diameter: F64) -> F64:
        """Return the probability density per unit of diameter."""
        mu, sigma = np.log(self.median), np.log(self.geometric_sd)
        kept = 1 - special.ndtr((np.log(self.bound) - mu) / sigma) if self.bound > 0 else 1.0
        body = np.exp(-0.5 * ((np.log(diameter) - mu) / sigma) ** 2) / (diameter * sigma * np.sqrt(2 * np.pi))
        return np.where(diameter >= self.bound, body / max(kept, 1e-9), 0.0)


def log_normal(values: F64, weights: F64, bound: float = 0.0) -> LogNormal:
    """Return the maximum-likelihood log-normal, truncated below at ``bound`` where that is above 0."""
    logs, share = np.log(values), weights / np.sum(weights)
    mu, sigma = float(np.sum(share * logs)), 0.0
    sigma = float(np.sqrt(np.sum(share * (logs - mu) ** 2))) or 1e-3
    if bound > 0:
        cut = np.log(bound)

        def loss(p: F64) -> float:
            s = np.exp(p[1])
            inside = special.log_ndtr((p[0] - cut) / s)
            return float(np.sum(share * (0.5 * ((logs - p[0]) / s) ** 2)) + p[1] + inside)

        from scipy import optimize

        found = optimize.minimize(loss, [mu, np.log(sigma)], method="Nelder-Mead")
        if found.success and abs(found.x[0] - mu) < 2 * sigma:
            mu, sigma = float(found.x[0]), float(np.exp(found.x[1]))
    return LogNormal(float(np.exp(mu)), float(np.exp(sigma)), bound)


def histogram(values: F64, weights: F64) -> tuple[F64, F64]:
    """Return edges and relative frequency in percent, in round bins near Freedman and Diaconis' width."""
    low, high = quantile(0.25)(values, weights), quantile(0.75)(values, weights)
    wanted = 2 * (high - low) / max(values.size, 1) ** (1 / 3) or float(values.mean()) / 10
    power = 10.0 ** np.floor(np.log10(wanted))
    width = power * min((1, 2, 2.5, 5, 10), key=lambda m: abs(np.log(m * power / wanted)))
    edges = np.arange(np.floor(values.min() / width), np.ceil(values.max() / width) + 1.5) * width
    counts, _ = np.histogram(values, edges, weights=weights)
    return edges, 100 * counts / np.sum(weights)


def kernel_density(values: F64, weights: F64, at: F64) -> F64:
    """Return the Gaussian kernel density on the log axis, per unit of diameter (Silverman's bandwidth)."""
    logs, share = np.log(values), weights / np.sum(weights)
    effective = 1 / np.sum(share**2)
    spread = np.sqrt(np.sum(share * (logs - np.sum(share * logs)) ** 2))
    width = max(0.9 * float(spread) * float(effective) ** -0.2, 1e-3)
    z = (np.log(at)[:, None] - logs[None, :]) / width
    return np.asarray(np.exp(-0.5 * z**2) @ share / (width * np.sqrt(2 * np.pi)) / at)
