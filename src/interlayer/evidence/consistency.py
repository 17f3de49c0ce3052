"""Numbers of several techniques that belong together, compared where their volumes overlap."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from interlayer.core.wording import number_text
from interlayer.evidence import sides
from interlayer.evidence.knowledge import conductivity
from interlayer.evidence.model import Pull, Side
from interlayer.evidence.numbers import Located, Number, difference, located, pull
from interlayer.sample import Sample

#: mean height of a sphere over its shadow, and mean chord of a sphere weighted by volume, in diameters
_SPHERE_HEIGHT, _SPHERE_COLUMN = 2 / 3, 3 / 4
#: relative standard deviation of the scale of a map, which its interval leaves out (as SEM takes for its own)
_MAP_SCALE = 0.01
#: a pull beyond this is a contradiction (95 %)
_CRITICAL = 1.96
_LOG = "ln ratio"
_NM_PER_CM = 1e7

Judge = Callable[[Located, Located], Pull]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that belong together: candidates of each side, their names, and how to judge them."""

    title: str
    first: Sequence[Located]
    second: Sequence[Located]
    names: tuple[str, str]
    judge: Judge

    def pulls(self) -> list[Pull]:
        """Return every comparison, or why there is none; nothing where a side was not looked at."""
        if not self.first or not self.second:
            return []
        usable = [[each for each in side if each.positive] for side in (self.first, self.second)]
        if all(usable):
            return [replace(self.judge(a, b), title=self.title) for a, b in product(*usable)]
        return [self._missing(usable)]

    def _missing(self, usable: list[list[Located]]) -> Pull:
        shown: list[Side] = []
        reasons: list[str] = []
        for name, every, good in zip(self.names, (self.first, self.second), usable, strict=True):
            best = (good or list(every))[0]
            shown.append(best.side(name))
            if not good:
                reasons.append(
                    f"{name}: {best.row.status}" + (f" ({best.row.note})" if best.row.note else "")
                )
        return Pull(self.title, shown[0], shown[1], "not comparable", "; ".join(reasons))


def pulls(sample: Sample) -> tuple[Pull, ...]:
    """Return every comparison that the sample's techniques allow, and why others cannot be made.

    Parameters
    ----------
    sample
        With the results of any techniques.
    """
    rows = list(located(sample))
    layers = sides.rows_of(rows, "eds", "layer_thickness")
    particles = sides.rows_of(rows, "sem", "diameter_d50", "particles")
    pairs = [
        Pair(
            "layer thickness (EDS) against particle size (SEM)",
            layers,
            particles,
            ("thickness of the layer", "median diameter of the particles"),
            _particles_in_layer,
        ),
        Pair(
            "layer thickness (EDS) against interfacial resistance (EIS)",
            [each for each in layers if each.row.subject == "N"],
            sides.interfacial_resistances(sample, rows),
            ("thickness of the N layer", "interfacial resistance"),
            _layer_in_resistance,
        ),
        Pair(
            "F/N at the surface (XPS) against F/N in the layer (EDS)",
            sides.surface_ratios(sample, rows, "F", "N"),
            sides.layer_ratios(rows, "F", "N"),
            ("F/N by XPS", "F/N by EDS"),
            _same_composition(layers),
        ),
        Pair(
            "crystallite size (XRD) against particle size (SEM)",
            sides.rows_of(rows, "xrd", "crystallite_size", "Li3N"),
            sides.volume_weighted(sample, rows),
            ("crystallites of Li₃N", "mean diameter of the particles, weighted by volume"),
            _crystals_in_particles,
        ),
    ]
    return (*(each for pair in pairs for each in pair.pulls()), *_displacements(rows, layers))


def _judged(
    a: Located,
    b: Located,
    names: tuple[str, str],
    found: tuple[float, float, float],
    allowed: tuple[float, float],
    texts: tuple[str, str],
    unit: str = _LOG,
) -> Pull:
    value = pull(found, allowed)
    good = abs(value) <= _CRITICAL
    reason = texts[0] if good else texts[1]
    return Pull(
        "",
        a.side(names[0]),
        b.side(names[1]),
        "consistent" if good else "inconsistent",
        reason,
        value,
        *found,
        unit,
    )


def _times(found: tuple[float, float, float]) -> str:
    value, low, high = (math.exp(each) for each in found)
    return f"{value:.2g} times (95 %: {low:.2g} to {high:.2g})"


def _particles_in_layer(layer: Located, particles: Located) -> Pull:
    """A layer of particles is on average at least as thick as spheres side by side: 2/3 of a diameter."""
    thickness = layer.number.log().shifted(0.0, _MAP_SCALE)
    found = difference(thickness, particles.number.log())
    texts = (
        f"the layer is {_times(found)} as thick as a particle is wide: it holds them",
        f"the layer is only {_times(found)} as thick as a particle is wide; particles side by side need "
        f"{_SPHERE_HEIGHT:.2f}: scale, place or what the particles are is wrong",
    )
    names = ("thickness of the layer", "median diameter of the particles")
    return _judged(layer, particles, names, found, (math.log(_SPHERE_HEIGHT), math.inf), texts)


def _layer_in_resistance(layer: Located, resistance: Located) -> Pull:
    """A layer cannot resist more than the interface as a whole: thickness/σ(Li3N) is at most that."""
    ln_sigma, spread = conductivity()
    thickness = layer.number.log().shifted(-math.log(_NM_PER_CM) - ln_sigma, spread)
    found = difference(thickness, resistance.number.log())
    share = _percent(math.exp(found[0])), _percent(math.exp(found[2]))
    texts = (
        f"a dense layer of Li₃N as thick as this makes {share[0]} of the interfacial resistance (95 %: at "
        f"most {share[1]}; conductivity 1e-5 to 1.2e-3 S/cm): the rest is charge transfer and other layers",
        f"a dense layer of Li₃N as thick as this would resist {_times(found)} what the interface does: it is "
        "thinner, not closed, or conducts better than Li₃N",
    )
    names = ("thickness of the layer over the conductivity of Li₃N", "interfacial resistance")
    return _judged(layer, resistance, names, found, (-math.inf, 0.0), texts)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 10 else f"{share:.2g} times"


def _same_composition(layers: Sequence[Located]) -> Judge:
    """Return the judge of two ratios of elements, which knows how thick the layer is."""
    thick = next((each for each in layers if each.row.subject == "N" and each.positive), None)
    depth = "" if thick is None else f" of {number_text(thick.row.value, 0)} nm"

    def judge(surface: Located, inside: Located) -> Pull:
        found = difference(surface.number.log(), inside.number.log())
        texts = (
            f"XPS (uppermost 10 nm{depth}) finds {_times(found)} the ratio that EDS finds in the layer: no "
            "difference beyond the errors",
            f"XPS (uppermost 10 nm{depth}) finds {_times(found)} the ratio that EDS finds in the layer: the "
            "composition changes with depth, or the two looked at different places",
        )
        return _judged(surface, inside, ("at the surface", "in the layer"), found, (0.0, 0.0), texts)

    return judge


def _crystals_in_particles(crystals: Located, particles: Located) -> Pull:
    """A crystallite is not larger than its particle: a sphere's mean column is 3/4 of its diameter."""
    found = difference(crystals.number.log(), particles.number.log())
    count = math.exp(-3 * (found[0] - math.log(_SPHERE_COLUMN)))
    inside = f"holds about {float(f'{count:.1g}'):.0f} of them" if count > 3 else "is nearly a single crystal"
    texts = (
        f"crystallites are {_times(found)} as large as particles: a particle {inside}",
        f"crystallites are {_times(found)} as large as particles, at most {_SPHERE_COLUMN:.2f} is possible: "
        "the particles of SEM are not the Li₃N of XRD, or a scale or the instrument's width is wrong",
    )
    names = ("crystallites of Li₃N", "mean diameter of the particles, weighted by volume")
    return _judged(crystals, particles, names, found, (-math.inf, math.log(_SPHERE_COLUMN)), texts)


def _displacements(rows: Sequence[Located], layers: Sequence[Located]) -> list[Pull]:
    """The layer lies on the lithium: their displacements differ by no more than it is thick."""
    title = "displacement (XRD) against layer thickness (EDS)"
    own, below = (sides.rows_of(rows, "xrd", "displacement", phase) for phase in ("Li3N", "Li"))
    thick = [each for each in layers if each.row.subject == "N"]
    if not own or not (below or thick):
        return []
    names = ("Li₃N against Li metal in XRD", "thickness of the N layer")
    first = own[0].side(names[0])
    second = thick[0].side(names[1]) if thick else Side("", "", names[1], "not measured")
    reason = ""
    if own[0].row.status != "measured":
        reason = f"displacement of Li₃N: {own[0].row.status} ({own[0].row.note})"
    elif not below or below[0].row.status != "measured":
        why = f"{below[0].row.status} ({below[0].row.note})" if below else "not measured"
        reason = f"displacement of Li metal: {why}"
    elif not thick or not thick[0].positive:
        reason = "the thickness of the N layer was not measured"
    elif own[0].row.value == below[0].row.value:
        reason = "one height was fitted for Li₃N and Li metal together: the pattern does not tell them apart"
    if reason:
        return [Pull(title, first, second, "not comparable", reason)]
    return [replace(_gap(own[0], below[0], thick[0]), title=title)]


def _gap(layer: Located, metal: Located, thick: Located) -> Pull:
    um = 1000.0
    most = thick.row.high / 1000.0
    a, b = (Number(um * each.row.value, um * each.row.low, um * each.row.high, {}) for each in (layer, metal))
    found = difference(a, b)
    gap = f"{found[0]:.0f} µm (95 %: {found[1]:.0f} to {found[2]:.0f})"
    texts = (
        f"the layer lies {gap} above the metal, as a layer of {thick.row.value:.0f} nm does",
        f"the layer lies {gap} above the metal, its thickness allows {most:.1f} µm: the lithium of XRD is "
        "not what the layer lies on, or the heights are wrong",
    )
    sides_ = ("Li₃N against Li metal in XRD", "thickness of the N layer")
    judged = _judged(layer, thick, sides_, found, (-most, most), texts, "um")
    return replace(judged, first=Side("xrd", layer.place, sides_[0], gap))
