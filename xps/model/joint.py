"""Several regions as one model: shared charge shift, soft stoichiometry, factor uncertainties."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError
from interlayer.xps.model import program
from interlayer.xps.model.equations import raw_and_slopes, raw_parameters
from interlayer.xps.model.flat import Flat, flatten, with_data
from interlayer.xps.model.kernels import VOIGT
from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: bounds, and a normal prior where ``sigma`` is finite.

    With an ``expression`` it follows from other parameters, whose names stand in it in braces or, where they
    are identifiers, plainly: "0.5 * {area:S 2p/1}".
    """

    name: str
    start: float
    lower: float = -np.inf
    upper: float = np.inf
    mean: float = 0.0
    sigma: float = np.inf
    expression: str = ""


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

    position = offset + energy + shift; FWHM = width · exp(Σ stretch).
    """

    energy: int
    shift: int
    width: int
    area: Link
    offset: float = 0.0
    stretch: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tie:
    """A normal prior on the difference of two parameters, θ[first] − θ[second] (−1: of the first alone)."""

    first: int
    second: int
    mean: float
    sigma: float


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
        Per region: indices of the three shape parameters, k, constant, slope.
    blends
        Per region: index of the ln of a factor on its first shape parameter, -1 for none (default: none).
    ties
        Priors on differences of parameters.

    Notes
    -----
    ``lower``, ``upper``, ``mean``, ``precision`` are the parameters' as arrays; ``locked`` marks those whose
    bounds leave no room.
    """

    regions: Sequence[Region]
    parameters: list[Parameter]
    places: Sequence[Sequence[Place]]
    tails: Sequence[tuple[int, ...]]
    blends: Sequence[int] = ()
    ties: Sequence[Tie] = ()
    lower: Floats = field(init=False)
    upper: Floats = field(init=False)
    mean: Floats = field(init=False)
    precision: Floats = field(init=False)
    locked: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.lower = np.array([p.lower for p in self.parameters])
        self.upper = np.array([p.upper for p in self.parameters])
        expressed = np.array([bool(p.expression) for p in self.parameters], dtype=bool)
        self.locked = (self.lower >= self.upper) | expressed
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

    @cached_property
    def bound(self) -> tuple[list[int], list[Floats]]:
        """Return the parameters that are expressions, each after those it needs, and their programs."""
        programs = {
            i: program.compiled(p.expression, self._index)
            for i, p in enumerate(self.parameters)
            if p.expression
        }
        order: list[int] = []
        while len(order) < len(programs):
            ready = [
                i
                for i, each in programs.items()
                if i not in order and not (program.used(each) & programs.keys()) - set(order)
            ]
            if not ready:
                stuck = ", ".join(self.parameters[i].name for i in programs if i not in order)
                raise SettingError(f"expressions need one another in a circle: {stuck}")
            order += ready
        return order, [programs[i] for i in order]

    @cached_property
    def limits(self) -> Floats:
        """Return (2, size): lower and upper bounds."""
        return np.array([self.lower, self.upper])

    def completed(self, theta: Floats) -> Floats:
        """Return parameters with those set that are expressions of others."""
        point = np.array(theta, dtype=np.float64)
        for index, each in zip(*self.bound, strict=True):
            point[index] = program.run(each, point)[0]
        return point

    def dependence(self, theta: Floats) -> Floats:
        """Return d(all parameters) / d(free parameters): identity, with rows for the expressions."""
        by = np.eye(self.size)
        for index, each in zip(*self.bound, strict=True):
            by[index] = program.run(each, theta)[1] @ by
        return by

    @cached_property
    def _rare(self) -> list[int]:
        return [r for r, region in enumerate(self.regions) if region.shape_number > VOIGT]

    def fill_rare(self, theta: Floats, work: Floats) -> None:
        """Write the lines of the shapes that `equations` does not hold; ``work`` as for `evaluate`."""
        for r in self._rare:
            at = self.flat.raws_at
            raw = raw_parameters(self.flat, theta)[0][at[r] : at[r + 1]]
            self.regions[r].lines(raw, work[r])

    @cached_property
    def flat(self) -> Flat:
        """Return the model as flat arrays, for the compiled solver."""
        return flatten(self)

    def with_regions(self, regions: Sequence[Region]) -> "Joint":
        """Return the same model on other data of the same axes; nothing is set up again."""
        other = self.on(regions)
        other.__dict__["flat"] = with_data(self.flat, regions)
        return other

    def on(self, regions: Sequence[Region]) -> "Joint":
        """Return the model of the same parameters on other regions."""
        return Joint(regions, self.parameters, self.places, self.tails, self.blends, self.ties)

    def prior(self, theta: Floats) -> float:
        """Return what the priors add to the cost."""
        flat = self.flat
        before = np.append(theta, 0.0)[flat.tie_second]
        gaps = theta[flat.tie_first] - before - flat.tie_mean
        own = self.precision @ (theta - self.mean) ** 2
        return float(own + flat.tie_precision @ gaps**2)

    def raw(self, region: int, theta: Floats) -> tuple[Floats, Floats]:
        """Return the raw parameters of a region and their derivatives (size of region, size)."""
        flat = self.flat
        first, last = int(flat.raws_at[region]), int(flat.raws_at[region + 1])
        return raw_and_slopes(flat, theta, first, last)

    def start(self) -> Floats:
        """Return the parameters' start values."""
        return np.array([p.start for p in self.parameters])
