"""Mean, sd, quantiles and geometric moments of the diameters, number- and volume-weighted, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.intervals import Interval
from interlayer.sem import distribution, resample, uncertainty
from interlayer.sem.distribution import STATISTICS, Statistic

F64 = NDArray[np.float64]

#: least number of whole particles for a distribution
LEAST = 10
#: what a particle counts: its diameter to this power
WEIGHTINGS = {"number": 0, "volume": 3}
#: free of the scale; hardly moved by the place of the edge, which moves every diameter alike
_RATIOS, _WIDTHS = {"diameter_geometric_sd"}, {"diameter_sd", "diameter_geometric_sd"}
Estimates = Mapping[str, Mapping[str, Interval]]


@dataclass(frozen=True, slots=True)
class Population:
    """The whole particles with their edge weights, by image."""

    values: list[F64]
    weights: list[F64]
    confidence: list[F64]
    completeness: list[F64]

    @property
    def count(self) -> int:
        """Return the number of particles that the frame does not cut."""
        return int(sum(np.sum(w > 0) for w in self.weights))


def population(particles: xr.Dataset, images: xr.Dataset) -> Population:
    """Return the population with Miles-Lantuéjoul weights."""
    index = particles["image"].values
    wide, high = images["width"].values[index], images["height"].values[index]
    inside = particles["touches_edge"].values == 0
    weights = distribution.edge_weights(
        particles["width"].values, particles["height"].values, inside, (wide, high)
    )
    whole = np.flatnonzero(inside)
    bounds = np.searchsorted(index[whole], np.arange(1, images.sizes["image"]))
    columns = (
        particles["equivalent_diameter"].values,
        weights,
        particles["confidence"].values,
        particles["completeness"].values,
    )
    return Population(*(np.split(column[whole], bounds) for column in columns))


def estimates(people: Population, images: xr.Dataset) -> Estimates:
    """Return every statistic with its 95 % interval by weighting; nothing for fewer than ten particles.

    Included are the scatter of particles and images, the scale, the place of the edge, and the scatter over
    other defensible choices of particles.
    """
    if people.count < LEAST:
        return {}
    shares = np.array([each.size for each in people.values], np.float64)
    boundary = float(np.average(images["boundary_stddev"].values, weights=shares))
    scale = float(np.average(images["scale_stddev"].values, weights=shares))
    found: dict[str, dict[str, Interval]] = {}
    for weighting, power in WEIGHTINGS.items():
        weights = [w * v**power for v, w in zip(people.values, people.weights, strict=True)]
        plain = resample.intervals(people.values, weights)
        found[weighting] = {
            name: uncertainty.widened(
                plain[name],
                float(
                    np.hypot(0.0 if name in _WIDTHS else boundary, _sensitivity(people, weights, statistic))
                ),
                0.0 if name in _RATIOS else scale,
            )
            for name, statistic in STATISTICS.items()
        }
    return found


def _sensitivity(people: Population, weights: list[F64], statistic: Statistic) -> float:
    """Return the scatter of a statistic over other defensible choices of particles."""
    values, shares = np.concatenate(people.values), np.concatenate(weights)
    sure, seen = np.concatenate(people.confidence), np.concatenate(people.completeness)
    base = statistic(values, shares)
    choices = (sure >= np.quantile(sure, 0.2), seen >= 0.8)
    enough = [keep for keep in choices if keep.sum() >= max(LEAST, 0.3 * keep.size)]
    others = [statistic(values[keep], shares[keep]) - base for keep in enough]
    return float(np.sqrt(np.mean(np.square(others)))) / 2 if others else 0.0


def table(found: Estimates, unit: str) -> xr.Dataset:
    """Return the estimates as a table with a row per weighting and statistic."""
    lines = [(weighting, name, each) for weighting, all_ in found.items() for name, each in all_.items()]
    texts = {
        "weighting": ([line[0] for line in lines], "what a particle counts: 1, or its diameter cubed"),
        "statistic": ([line[1] for line in lines], "name of the quantity"),
        "unit": (["1" if line[1] in _RATIOS else unit for line in lines], "unit of the numbers"),
    }
    numbers = {
        "value": ([line[2].value for line in lines], "estimate"),
        "stddev": ([line[2].stddev for line in lines], "standard deviation"),
        "low": ([line[2].low for line in lines], "lower end of the 95 % interval"),
        "high": ([line[2].high for line in lines], "upper end of the 95 % interval"),
    }
    data = {
        name: ("row", np.array(values, dtype=kind), {"units": "1", "long_name": text})
        for kind, group in ((object, texts), (np.float64, numbers))
        for name, (values, text) in group.items()
    }
    return xr.Dataset(data, attrs={"role": "table"})
