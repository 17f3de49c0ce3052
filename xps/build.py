"""From a template and the regions of a measurement to the joint model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps import chemistry, levels
from interlayer.xps.chemistry import REACH, Line, Separation, Template
from interlayer.xps.factors import Factors, factor
from interlayer.xps.model.joint import Joint, Link, Parameter, Place, Tie
from interlayer.xps.model.region import Peak, Region
from interlayer.xps.model.shapes import PARAMETERS, SKEW

Floats = NDArray[np.floating[Any]]

#: FWHM of an unremarkable line at usual pass energies, and its spread (ln), eV
_FWHM, _FWHM_SPREAD = 1.4, 0.35
_FWHM_BOUNDS = (0.35, 5.0)
#: how far the widths of two regions of one measurement differ (ln, 1 σ): one analyser and source, but each
#: level's lifetime, and phonons of each compound
_WIDTH_SPREAD = 0.15
#: step of the active Shirley background per area, and its spread
_K, _K_SPREAD = 0.02, 0.04
#: how far the shape of two regions of one measurement differs (ln of the Lorentzian fraction, 1 σ)
_SHAPE_SPREAD = 0.3
_SHIFT_SPREAD = 5.0
_SHIFT_BOUNDS = (-15.0, 25.0)
#: the stretch of one line's width beside the region's common width, where it is allowed
_STRETCH = 0.2


@dataclass(frozen=True, slots=True)
class Reference:
    """The line whose binding energy is known, and its energy in eV."""

    line: str
    energy: float


@dataclass(frozen=True, slots=True)
class Options:
    """How the joint model is made.

    Parameters
    ----------
    reference
        The charge reference.
    factors
        Sensitivity factors.
    soft
        Whether the lines of a phase share one amount.
    free_phases
        Phases that are not held to their stoichiometry all the same.
    stretch
        Regions whose lines have widths of their own.
    shape_known
        Whether lines are exactly of their region's shape; else they may be skewed, and `measure` allows for
        other shapes.
    """

    reference: Reference | None
    factors: Factors = field(default_factory=Factors)
    soft: bool = True
    free_phases: frozenset[str] = frozenset()
    stretch: frozenset[str] = frozenset()
    shape_known: bool = False


def joint(
    regions: Sequence[Region], lines: Mapping[str, Sequence[Line]], template: Template, options: Options
) -> Joint:
    """Return the joint model.

    Parameters
    ----------
    regions
        Regions whose peaks are those of ``lines[region.name]``, in order.
    lines
        Lines per region name.
    template
        Gives the stoichiometry.
    options
        Reference, factors, which phases are not held to their stoichiometry, which regions' lines may
        have widths of their own.
    """
    return _Builder(regions, lines, template, options).build()


class _Builder:
    def __init__(
        self,
        regions: Sequence[Region],
        lines: Mapping[str, Sequence[Line]],
        template: Template,
        options: Options,
    ) -> None:
        self.regions, self.lines, self.template, self.options = regions, lines, template, options
        self.parameters: list[Parameter] = []
        self.index: dict[str, int] = {}

    def add(self, parameter: Parameter) -> int:
        if parameter.name not in self.index:
            self.index[parameter.name] = len(self.parameters)
            self.parameters.append(parameter)
        return self.index[parameter.name]

    def build(self) -> Joint:
        if self.options.reference is None:
            shift = self.add(Parameter("shift", 0.0, 0.0, 0.0))
        else:
            shift = self.add(Parameter("shift", 0.0, *_SHIFT_BOUNDS, mean=0.0, sigma=_SHIFT_SPREAD))
        links = self._links()
        for region in self.regions:
            self.common(region.level, region)
        places, tails, blends = [], [], []
        for region in self.regions:
            tails.append(self._tail(region))
            blends.append(self._blend(region))
            width, widen = self._width(region)
            places.append(
                [
                    self._place(region, line, shift, (width, widen), links[line.name])
                    for line in self.lines[region.name]
                ]
            )
        return Joint(self.regions, self.parameters, places, tails, blends, self._ties())

    def _ties(self) -> list[Tie]:
        """Return the published separations of lines whose energies are the references', as priors.

        A template with energies of its own is not held to the references' separations.
        """
        known = chemistry.references()
        present = {
            line.name
            for members in self.lines.values()
            for line in members
            if line.name in known and line.energy == known[line.name].energy
        }
        return [self._tie(each) for each in chemistry.separations() if present.issuperset(each.lines)]

    def _tie(self, separation: Separation) -> Tie:
        reference, mean = self.options.reference, separation.middle
        first, second = (self.index.get(f"energy:{name}", -1) for name in separation.lines)
        if reference is not None and first < 0:
            first, second, mean = second, -1, reference.energy - mean
        elif reference is not None and second < 0:
            mean += reference.energy
        return Tie(first, second, mean, separation.spread)

    def _width(self, region: Region) -> tuple[int, tuple[int, ...]]:
        """Return the width's parameter and those that stretch it: regions are alike within their spread."""
        low, high = _FWHM_BOUNDS
        alone = len(self.regions) == 1
        width = self.add(
            Parameter(
                f"fwhm:{region.name}" if alone else "fwhm",
                _FWHM,
                low,
                high,
                mean=_FWHM,
                sigma=_FWHM * _FWHM_SPREAD,
            )
        )
        if alone:
            return width, ()
        return width, (self.add(Parameter(f"width:{region.name}", 0.0, -1.0, 1.0, sigma=_WIDTH_SPREAD)),)

    def _alone(self, region: Region) -> bool:
        """Return whether no other region has this region's shape."""
        return sum(region.shape == other.shape for other in self.regions) == 1

    def _blend(self, region: Region) -> int:
        """Return the parameter by which a region's first shape parameter departs from the common one."""
        if self._alone(region):
            return -1
        return self.add(Parameter(f"shape:{region.name}", 0.0, -0.7, 0.7, sigma=_SHAPE_SPREAD))

    def _tail(self, region: Region) -> tuple[int, ...]:
        level = float(np.median(region.values[: max(region.values.size // 10, 3)]))
        flat = region.background in ("linear", "exponential")
        k = Parameter(
            f"k:{region.name}", 0.0 if flat else _K, 0.0, 0.0 if flat else 1.0, mean=_K, sigma=_K_SPREAD
        )
        known = PARAMETERS[region.shape]
        own = f":{region.name}" if self._alone(region) else f" of {region.shape}"
        shape = [
            Parameter(f"{name}{own}", start, low, high, mean=start, sigma=spread)
            for name, low, high, start, spread in known
            if name != "skew"
        ]
        if "skew" in [name for name, *_ in known]:
            shape.append(self._skew(region))
        nothing = Parameter("none", 0.0, 0.0, 0.0)
        return tuple(
            self.add(parameter)
            for parameter in (
                *shape,
                *[nothing] * (3 - len(shape)),
                k,
                Parameter(f"constant:{region.name}", level),
                Parameter(f"slope:{region.name}", 0.0),
            )
        )

    def _skew(self, region: Region) -> Parameter:
        _, low, high, start, spread = SKEW
        if self.options.shape_known:
            low = high = start
        return Parameter(f"skew:{region.name}", start, low, high, mean=start, sigma=spread)

    def _place(
        self, region: Region, line: Line, shift: int, widths: tuple[int, tuple[int, ...]], link: Link
    ) -> Place:
        reference = self.options.reference
        width, stretch = widths
        if region.name in self.options.stretch:
            own = self.add(Parameter(f"stretch:{line.name}", 0.0, -1.0, 1.0, sigma=_STRETCH))
            stretch = (*stretch, own)
        if reference is not None and line.name == reference.line:
            return Place(-1, shift, width, link, reference.energy, stretch)
        reach = REACH * line.tolerance
        energy = self.add(
            Parameter(
                f"energy:{line.name}",
                line.energy,
                line.energy - reach,
                line.energy + reach,
                mean=line.energy,
                sigma=line.tolerance,
            )
        )
        return Place(energy, shift, width, link, 0.0, stretch)

    def _links(self) -> dict[str, Link]:
        """Return how each line's area follows: linked lines of a phase share its strongest line's area."""
        home = {line.name: region for region in self.regions for line in self.lines[region.name]}
        by_phase: dict[str, list[Line]] = {}
        for region in self.regions:
            for line in self.lines[region.name]:
                by_phase.setdefault(line.phase, []).append(line)
        links: dict[str, Link] = {}
        for phase, members in by_phase.items():
            expected = self._expected(phase, members, home)
            if len(expected) < 2:
                links |= {line.name: self._free(line, home) for line in members}
                continue
            main = max(expected, key=lambda name: expected[name])
            amount = self._free(next(line for line in members if line.name == main), home).amount
            for line in members:
                if line.name == main:
                    links[line.name] = Link(amount)
                elif line.name in expected:
                    links[line.name] = self._linked(
                        line, main, amount, expected[line.name] / expected[main], home
                    )
                else:
                    links[line.name] = self._free(line, home)
        return links

    def _expected(self, phase: str, members: Sequence[Line], home: Mapping[str, Region]) -> dict[str, float]:
        stoichiometry = self.template.phases.get(phase, {})
        if not self.options.soft or phase in self.options.free_phases:
            return {}
        expected = {}
        for line in members:
            found = factor(home[line.name], line.level, self.options.factors)
            if line.level in stoichiometry and found is not None:
                expected[line.name] = stoichiometry[line.level] * found.value
        return expected

    def _free(self, line: Line, home: Mapping[str, Region]) -> Link:
        values, energy = home[line.name].values, home[line.name].energy
        start = 0.2 * float(np.ptp(values)) * min(1.5, float(np.ptp(energy)))
        return Link(self.add(Parameter(f"area:{line.name}", max(start, 1e-6), 0.0, np.inf)))

    def _linked(self, line: Line, main: str, amount: int, ratio: float, home: Mapping[str, Region]) -> Link:
        own = self.add(
            Parameter(f"deviation:{line.name}", 0.0, -1.5, 1.5, sigma=self.template.ratio_uncertainty)
        )
        exponents = [(own, 1.0)]
        for level, region, sign in (
            (line.level, home[line.name], 1.0),
            (main.partition("/")[0], home[main], -1.0),
        ):
            index = self.common(level, region)
            if index >= 0:
                exponents.append((index, sign))
        return Link(amount, ratio, tuple(exponents))

    def common(self, level: str, region: Region) -> int:
        """Return the parameter of a level's common factor error, ln; -1 for the level without one."""
        found = factor(region, level, self.options.factors)
        if found is None or found.spread == 0.0:
            return -1
        return self.add(Parameter(f"factor:{level}", 0.0, -1.5, 1.5, sigma=found.spread))


def peaks(lines: Sequence[Line]) -> tuple[Peak, ...]:
    """Return the peaks of template lines: doublets where the core level has a spin–orbit splitting."""
    table = levels.table()
    return tuple(Peak(line.name, table[line.level].split, table[line.level].ratio) for line in lines)
