"""A fit of one's own: named components with free, fixed, bounded or linked parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError
from interlayer.xps.model.joint import Joint, Link, Parameter, Place
from interlayer.xps.model.region import Peak, Region
from interlayer.xps.model.shapes import PARAMETERS

Floats = NDArray[np.floating[Any]]
Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Component:
    """One component: name, position (eV), FWHM (eV), area (None: from the data), and a doublet's partner.

    ``split`` (eV) and ``ratio`` (area of the second line over the first): both 0 for a singlet.
    """

    name: str
    position: float
    fwhm: float = 1.4
    area: float | None = None
    split: float = 0.0
    ratio: float = 0.0


def model(
    energy: Floats,
    values: Floats,
    components: Sequence[Component],
    *,
    shape: str = "pseudo-voigt",
    background: str = "active-shirley",
    weights: str = "counts",
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, Bounds] | None = None,
    links: Mapping[str, str] | None = None,
    cross_section: str = "universal",
    units: str = "counts",
) -> Joint:
    """Return a model for :func:`interlayer.xps.fit.fit`.

    Parameters are "position:NAME", "area:NAME", "fwhm:NAME" of each component, the shape's ("eta", "alpha",
    "beta"), and "k", "constant", "slope" of the background.

    Parameters
    ----------
    energy, values
        (m,) binding energy in eV, any direction; counts, or rates.
    components
        The components.
    shape, background, weights, cross_section
        As of :class:`interlayer.xps.model.region.Region`.
    start, fixed, bounds
        By parameter: another start, a value to stay at, bounds.
    links
        By parameter: the expression it follows, as lmfit writes it, names in braces: {"area:b": "0.5 *
        {area:a}", "position:b": "{position:a} + 1.2"}.

    Raises
    ------
    SettingError
        When a name or an expression is not understood.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(280.0, 292.0, 0.1)
    >>> y = 900.0 + 4000.0 * np.exp(-((x - 285.0) ** 2)) + 2000.0 * np.exp(-((x - 287.0) ** 2))
    >>> parts = [Component("a", 285.1), Component("b", 286.9)]
    >>> joint = model(x, y, parts, links={"fwhm:b": "{fwhm:a}"}, fixed={"eta": 0.0}, background="linear")
    >>> from interlayer.xps.fit import fit
    >>> found = fit(joint)
    >>> round(float(found.theta[joint.index("area:a")]))
    7090
    """
    order = np.argsort(energy)
    x, y = np.asarray(energy, float)[order], np.asarray(values, float)[order]
    peaks = tuple(Peak(each.name, each.split, each.ratio) for each in components)
    region = Region(
        "region",
        x,
        y,
        peaks,
        background,
        shape=shape,
        weights=weights,
        cross_section=cross_section,
        units=units,
    )
    declared = _declared(region, components)
    parameters = _changed(declared, start or {}, fixed or {}, bounds or {}, links or {})
    index = {parameter.name: i for i, parameter in enumerate(parameters)}
    places = [
        Place(index[f"position:{c.name}"], -1, index[f"fwhm:{c.name}"], Link(index[f"area:{c.name}"]))
        for c in components
    ]
    names = [name for name, *_ in PARAMETERS[shape]]
    tail = [*names, *["none"] * (3 - len(names)), "k", "constant", "slope"]
    return Joint([region], parameters, [places], [tuple(index[name] for name in tail)])


def _declared(region: Region, components: Sequence[Component]) -> list[Parameter]:
    x, y = region.energy, region.values
    level = float(np.median(np.sort(y)[: max(y.size // 8, 3)]))
    out = []
    for each in components:
        height = float(y[int(np.argmin(np.abs(x - each.position)))]) - level
        area = max(height, 0.02 * float(np.ptp(y))) * each.fwhm if each.area is None else each.area
        out += [
            Parameter(f"position:{each.name}", each.position, float(x[0]), float(x[-1])),
            Parameter(f"area:{each.name}", area, 0.0),
            Parameter(f"fwhm:{each.name}", each.fwhm, 0.05, float(np.ptp(x))),
        ]
    for name, low, high, at, _ in PARAMETERS[region.shape]:
        # lines are symmetric unless "skew" is given bounds
        held = name == "skew"
        out.append(Parameter(name, at, at if held else low, at if held else high))
    step = region.background in ("active-shirley", "tougaard")
    return [
        *out,
        Parameter("none", 0.0, 0.0, 0.0),
        Parameter("k", 0.02 if step else 0.0, 0.0, 1.0 if step else 0.0),
        Parameter("constant", level),
        Parameter("slope", 0.0),
    ]


def _changed(
    declared: Sequence[Parameter],
    start: Mapping[str, float],
    fixed: Mapping[str, float],
    bounds: Mapping[str, Bounds],
    links: Mapping[str, str],
) -> list[Parameter]:
    names = [parameter.name for parameter in declared]
    for name in (*start, *fixed, *bounds, *links):
        if name not in names:
            raise SettingError("unknown parameter", expected=", ".join(names), found=repr(name))
    out = []
    for each in declared:
        at = fixed.get(each.name, start.get(each.name, each.start))
        low, high = bounds.get(each.name, (each.lower, each.upper))
        if each.name in fixed:
            low = high = at
        out.append(Parameter(each.name, at, low, high, expression=links.get(each.name, "")))
    return out
