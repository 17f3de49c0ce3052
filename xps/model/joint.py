"""Several regions as one model: shared charge shift, soft stoichiometry, factor uncertainties."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: bounds, and a normal prior where ``sigma`` is finite."""

    name: str
    start: float
    lower: float = -np.inf
    upper: float = np.inf
    mean: float = 0.0
    sigma: float = np.inf


@dataclass(frozen=True, slots=True)
class Link:
    """How the area of one peak follows from parameters.

    area = amount · factor · exp(Σ sign · parameter); ``exponents`` holds (parameter index, sign).
    """

    amount: int
    factor: float = 1.0
    exponents: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where one peak's raw parameters come from: indices into the parameters (-1: none).

    position = offset + energy + shift; FWHM = width · exp(stretch).
    """

    energy: int
    shift: int
    width: int
    area: Link
    offset: float = 0.0
    stretch: int = -1


@dataclass
class Joint:
    """Regions that share parameters.

    Parameters
    ----------
    regions
        The regions.
    parameters
        All parameters.
    places
        Per region, per peak: where its raw parameters come from.
    tails
        Per region: indices of η, k, constant, slope.

    Notes
    -----
    ``lower``, ``upper``, ``mean``, ``precision`` are the parameters' as arrays; ``locked`` marks those whose
    bounds leave no room.
    """

    regions: Sequence[Region]
    parameters: list[Parameter]
    places: Sequence[Sequence[Place]]
    tails: Sequence[tuple[int, int, int, int]]
    lower: Floats = field(init=False)
    upper: Floats = field(init=False)
    mean: Floats = field(init=False)
    precision: Floats = field(init=False)
    locked: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.lower = np.array([p.lower for p in self.parameters])
        self.upper = np.array([p.upper for p in self.parameters])
        self.locked = self.lower >= self.upper
        self.mean = np.array([p.mean for p in self.parameters])
        self.precision = np.array([p.sigma**-2 if np.isfinite(p.sigma) else 0.0 for p in self.parameters])
        self._index = {p.name: i for i, p in enumerate(self.parameters)}

    @property
    def size(self) -> int:
        """Return the number of parameters."""
        return len(self.parameters)

    def index(self, name: str) -> int:
        """Return the index of a parameter."""
        return self._index[name]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def raw(self, region: int, theta: Floats) -> tuple[Floats, Floats]:
        """Return the raw parameters of a region and their derivatives (size of region, size)."""
        places, model = self.places[region], self.regions[region]
        n = len(places)
        raw = np.empty(model.size)
        by = np.zeros((model.size, theta.size))
        for i, place in enumerate(places):
            raw[i] = place.offset
            for index in (place.energy, place.shift):
                if index >= 0:
                    raw[i] += theta[index]
                    by[i, index] = 1.0
            link = place.area
            share = link.factor
            if link.exponents:
                share *= float(np.exp(sum(sign * theta[j] for j, sign in link.exponents)))
            area = theta[link.amount] * share
            raw[n + i] = area
            by[n + i, link.amount] = share
            for j, sign in link.exponents:
                by[n + i, j] += sign * area
            stretch = 1.0 if place.stretch < 0 else float(np.exp(theta[place.stretch]))
            raw[2 * n + i] = theta[place.width] * stretch
            by[2 * n + i, place.width] = stretch
            if place.stretch >= 0:
                by[2 * n + i, place.stretch] = raw[2 * n + i]
        tail = list(self.tails[region])
        raw[3 * n :] = theta[tail]
        by[np.arange(3 * n, model.size), tail] = 1.0
        return raw, by

    def start(self) -> Floats:
        """Return the parameters' start values."""
        return np.array([p.start for p in self.parameters])
