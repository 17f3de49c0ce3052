"""The CasaXPS fit kept in a VAMAS comment: drawn again, and used as the start of a fit of one's own.

What the line shapes of CasaXPS mean was compared with its own export of the same fit (real/xps/FeO_analyzed):
SGL and GL by their published formulas; LF(α, β, w, n, m) is a Lorentzian to the power α above and β below
its position, damped above, folded with a Gaussian. The widths of its parts are known for m = 6 alone; other m
are scaled in proportion and called approximate.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError
from interlayer.xps.chemistry import Line
from interlayer.xps.components import Component, model
from interlayer.xps.fit import Fit, fit
from interlayer.xps.model.joint import Joint
from interlayer.xps.model.region import Region
from interlayer.xps.model.shapes import line
from interlayer.xps.readers import casa

Floats = NDArray[np.floating[Any]]

_LF = re.compile(r"(LA|LF)\(([^)]*)\)")
_MIX = re.compile(r"(SGL|GL)\((\d+(?:\.\d+)?)\)")
#: of the FWHM that CasaXPS states, at m = 6: the Lorentzian's FWHM, the Gaussian's σ, the damping's width
#: (at w = 80) and its power; least squares on the two LF components of FeO_analyzed, residual 0.06 %
_LORENTZ, _SIGMA, _DAMPING, _POWER = 0.485, 0.3457, 5.115, 2.24
_KNOWN_M, _KNOWN_W = 6.0, 80.0
_STEP = 0.02
#: CasaXPS's names of backgrounds and ours
_BACKGROUNDS = {"shirley": "active-shirley", "tougaard": "tougaard", "linear": "linear"}


@dataclass(frozen=True)
class Rendered:
    """A CasaXPS fit drawn again.

    Parameters
    ----------
    energy
        (m,) binding energy in eV inside the fit's range, ascending.
    components
        (n, m) above the background, in the unit of the areas that CasaXPS states (counts/s).
    background
        (m,), or None where its kind is not drawn (only Tougaard and linear are).
    names
        Of the components.
    notes
        What is approximate.
    """

    energy: Floats
    components: Floats
    background: Floats | None
    names: list[str]
    notes: list[str]


def render(text: str, source_energy: float, energy: Floats, rate: Floats) -> Rendered:
    """Return the curves of a CasaXPS fit.

    Parameters
    ----------
    text
        Attribute ``casa`` of a region.
    source_energy
        eV.
    energy, rate
        (m,) binding energy in eV and counts/s.

    Raises
    ------
    ReadError
        When the lines have other fields than known.
    """
    regions, components = casa.fit(text, source_energy)
    order = np.argsort(energy)
    x, y = np.asarray(energy, float)[order], np.asarray(rate, float)[order]
    if regions:
        inside = (x >= regions[0].low - 1e-6) & (x <= regions[0].high + 1e-6)
        x, y = x[inside], y[inside]
    notes: list[str] = []
    curves = [_curve(each, x, notes) for each in components]
    base = _background(regions[0], x, y) if regions else None
    return Rendered(x, np.array(curves), base, [each.name for each in components], notes)


def _curve(each: casa.Component, x: Floats, notes: list[str]) -> Floats:
    mixed, powers = _MIX.match(each.shape), _LF.match(each.shape)
    if mixed:
        shape = "pseudo-voigt" if mixed[1] == "SGL" else "product"
        share = float(mixed[2]) / 100.0
        if shape == "pseudo-voigt":
            # SGL mixes heights, the pseudo-Voigt areas
            lorentz, gauss = share * math.pi / 2.0, (1.0 - share) * 0.5 * math.sqrt(math.pi / math.log(2.0))
            share = lorentz / (lorentz + gauss)
        return each.area * line(shape, x, each.position, each.fwhm, np.array([share]))
    if powers:
        return _lorentzian(each, x, powers[1] == "LF", [float(v) for v in powers[2].split(",")], notes)
    notes.append(f"{each.name}: line shape {each.shape} is drawn as a pseudo-Voigt sum")
    return each.area * line("pseudo-voigt", x, each.position, each.fwhm, np.array([0.3]))


def _lorentzian(
    each: casa.Component, x: Floats, damped: bool, numbers: Sequence[float], notes: list[str]
) -> Floats:
    alpha, beta = numbers[0], numbers[1] if len(numbers) > 2 else numbers[0]
    gauss = numbers[-1] if len(numbers) > 1 else 0.0
    damping = numbers[2] if damped and len(numbers) > 3 else 0.0
    if gauss not in (0.0, _KNOWN_M) or damping not in (0.0, _KNOWN_W):
        notes.append(
            f"{each.name}: {each.shape} is approximate, its widths are known for m = 6, w = 80 alone"
        )
    width = each.fwhm * (_LORENTZ if gauss else 1.0)
    reach = 40.0 * each.fwhm
    fine = np.arange(-reach, reach, _STEP)
    bare = (1.0 + 4.0 * (fine / width) ** 2) ** -np.where(fine > 0, alpha, beta)
    if damping:
        wide = _DAMPING * each.fwhm * damping / _KNOWN_W
        bare *= np.exp(-((np.maximum(fine, 0.0) / wide) ** _POWER))
    if gauss:
        sigma = _SIGMA * each.fwhm * gauss / _KNOWN_M
        u = np.arange(-5.0 * sigma, 5.0 * sigma, _STEP)
        kernel = np.exp(-0.5 * (u / sigma) ** 2)
        bare = np.convolve(bare, kernel / kernel.sum(), "same")
    curve = bare * (each.area / (bare.sum() * _STEP))
    return np.asarray(np.interp(x - each.position, fine, curve))


def _background(region: casa.Region, x: Floats, y: Floats) -> Floats | None:
    ends = region.average_width + 1
    low, high = float(y[:ends].mean()), float(y[-ends:].mean())
    kind = region.background.lower()
    if "linear" in kind:
        return np.linspace(low, high, x.size)
    if "tougaard" not in kind:
        return None
    b, c, d, gap = region.cross_section
    lost = np.maximum(x[:, None] - x[None, :], 0.0)
    bottom = (c - lost**2) ** 2 + d * lost**2 if "3" in kind else (c + lost**2) ** 2
    kernel = np.where(lost > gap, b * lost / bottom, 0.0) * np.gradient(x)
    return np.asarray(low + kernel @ (y - low))


def start(
    text: str,
    source_energy: float,
    energy: Floats,
    counts: Floats,
    time: float = 1.0,
    names: Callable[[int, str], str] = "{0} {1}".format,
) -> Joint:
    """Return a model that begins where the CasaXPS fit ended: the components that it has, ours to be fitted.

    Parameters
    ----------
    text, source_energy
        As for :func:`render`.
    energy, counts
        (m,) binding energy in eV and counts.
    time
        Seconds per point over all sweeps: CasaXPS states areas of counts/s.
    names
        Names of the components from their number and CasaXPS's name.

    Notes
    -----
    One shape for the region: "la" where a component has LA, LF or a Doniach–Šunjić shape, else the pseudo-
    Voigt sum. Positions stay within 2 eV.
    """
    regions, found = casa.fit(text, source_energy)
    x, y = np.asarray(energy, float), np.asarray(counts, float)
    if regions:
        inside = (x >= regions[0].low - 1e-6) & (x <= regions[0].high + 1e-6)
        x, y = x[inside], y[inside]
    asymmetric = any(each.shape.startswith(("LA", "LF", "DS", "A(")) for each in found)
    width = _LORENTZ if asymmetric else 1.0
    parts = [
        Component(names(i, each.name), each.position, each.fwhm * width, each.area * time)
        for i, each in enumerate(found, 1)
    ]
    kind = regions[0].background.lower() if regions else "shirley"
    background = next((ours for name, ours in _BACKGROUNDS.items() if name in kind), "active-shirley")
    return model(
        x,
        y,
        parts,
        shape="la" if asymmetric else "pseudo-voigt",
        background=background,
        cross_section="polymer" if background == "tougaard" and "3" in kind else "universal",
        bounds={f"position:{each.name}": (each.position - 2.0, each.position + 2.0) for each in parts},
    )


def refit(region: Region) -> tuple[Fit, tuple[Line, ...]]:
    """Return the fit of a region that starts from CasaXPS's, and its lines ("Fe 2p/1").

    Raises
    ------
    SettingError
        When the region holds no CasaXPS fit.
    """
    title = region.level or str(region.attrs.get("region", region.name))
    text = str(region.attrs.get("casa", ""))
    if "CASA comp" not in text:
        raise SettingError(
            f"{title} holds no CasaXPS fit", expected="component lines in the comment of the VAMAS block"
        )
    source = float(region.attrs.get("source_energy", 1486.6))
    time = float(region.attrs.get("dwell_time", 1.0)) * float(region.attrs.get("scans", 1.0))
    seconds = time if region.units == "counts" else 1.0
    joint = start(text, source, region.energy, region.values, seconds, lambda i, _: f"{title}/{i}")
    mine = joint.regions[0]
    through = region.transmission
    if through is not None:
        through = np.interp(mine.energy, region.energy, through)
    dressed = replace(
        mine,
        name=region.name,
        level=region.level,
        units=region.units,
        attrs=region.attrs,
        transmission=through,
    )
    whole = Joint([dressed], joint.parameters, joint.places, joint.tails)
    lines = tuple(
        Line(peak.label, float(whole.parameters[place.energy].start), 2.0, math.nan, math.nan, "CasaXPS")
        for peak, place in zip(dressed.peaks, whole.places[0], strict=True)
    )
    return fit(whole), lines
