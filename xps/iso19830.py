"""What ISO 19830 asks to be reported of a peak fit: the fields of a region, and the record as text."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer._version import __version__
from interlayer.core.packaged import packaged
from interlayer.xps import discrepancy
from interlayer.xps.factors import factor
from interlayer.xps.measure import Measured
from interlayer.xps.model.joint import Joint, Link, Place
from interlayer.xps.model.region import Region
from interlayer.xps.model.shapes import PARAMETERS, SHAPES

Attribute = str | int | float

_ANODE = re.compile(r"(Al|Mg|Ag|Cr|Ga|Ti|Zr|He|synchrotron)\b", re.IGNORECASE)
_NOTHING = ("", "–", "not specified")
_FORMULAS = {
    "linear": "c + s (E − E₀), E₀ the middle of the range",
    "active-shirley": "k ∫ S dE′ from below to E, S the sum of the peaks, + c + s (E − E₀)",
    "tougaard": "k times S folded with the cross-section {cross_section!r}, + c + s (E − E₀)",
    "exponential": "c exp(−s (E − E₀))",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the record: the attribute that holds it, its title and unit, whether it may be unknown."""

    key: str
    title: str
    unit: str = ""
    unknown: bool = False


@cache
def _data() -> dict[str, Any]:
    return packaged("interlayer.xps", "data/iso19830.toml")


@cache
def sections() -> dict[str, tuple[Field, ...]]:
    """Return the fields of the record by section."""
    return {each["title"]: tuple(Field(**entry) for entry in each["fields"]) for each in _data()["section"]}


def columns(table: str) -> tuple[str, ...]:
    """Return the columns that the table "components" or "parameters" must have."""
    return tuple(_data()["table"][table])


def fields(part: Measured, r: int, region: Region) -> dict[str, Attribute]:
    """Return the fields of one region (those that are numbers of the fit, `interlayer.xps.record` adds)."""
    raw, _ = part.fit.joint.raw(r, part.fit.theta)
    return {
        **_data_fields(part, region),
        "background_formula": _FORMULAS[region.background].format(cross_section=region.cross_section),
        "component_count": region.count,
        "line_shape_formula": SHAPES[region.shape],
        "shape_values": _shape_values(region, raw),
        "doublets": _doublets(region),
        "constraints": constraints(part, r),
        "links": "; ".join(_linked(part, r)) or "none",
        **_fit_fields(part, r, region),
    }


def _data_fields(part: Measured, region: Region) -> dict[str, Attribute]:
    source = str(region.attrs.get("source", ""))
    found: dict[str, Attribute] = {"x_ray_source": source} if _ANODE.match(source) else {}
    is_counts = region.units == "counts"
    return {
        **found,
        "intensity_scale": "counts of all scans" if is_counts else "rate, counts/s",
        "pretreatment": "none: not smoothed, nothing subtracted or normalised, transmission not divided out",
        "energy_scale": "binding energy as the file gives it, minus the charge shift",
        "charge_shift_stddev": part.shift.stddev,
        "points": int(region.energy.size),
        "energy_step": float(np.median(np.diff(region.energy))),
    }


def _shape_values(region: Region, raw: NDArray[np.floating[Any]]) -> str:
    values = (float(raw[3 * region.count + i]) for i in range(3))
    return ", ".join(
        f"{name} = {value:.4g}" for (name, *_), value in zip(PARAMETERS[region.shape], values, strict=False)
    )


def _doublets(region: Region) -> str:
    pairs = [
        f"{peak.label}: second line {peak.split:g} eV above, area ratio {peak.ratio:.3g}, both fixed"
        for peak in region.peaks
        if peak.ratio
    ]
    return "; ".join(pairs) or "none"


def _fit_fields(part: Measured, r: int, region: Region) -> dict[str, Attribute]:
    noise, solution = part.fit.noise[r], part.fit.solution
    left = residual(part, r, region)
    known = factor(region, region.level, part.options.factors)
    described = part.options.factors.describe()
    return {
        "procedure": " ".join(part.steps),
        "start_values": _starts(part),
        "algorithm": "Levenberg–Marquardt with bounds and analytic derivatives, all regions at once",
        "figure_of_merit": "quasi-deviance (Wedderburn 1974) plus (value − mean)²/σ² of each prior",
        "reduced_chi_square": noise.chi_square / noise.dof,
        "residual_stddev": float(np.std(left)),
        "residual_range": f"{left.min():.2f} to {left.max():.2f}".replace("-", "−"),
        "iterations": int(solution.iterations),
        "uncertainties": (
            "standard deviations from the curvature at the minimum; 95 % intervals from these, or from the "
            "profile likelihood for areas whose standard deviation exceeds 10 %; misfit and correlation of "
            "neighbours are factors on the variance" + _left_open(part)
        ),
        "sensitivity": f"{described}; {region.level}: area / ({known.value:.4g} ± {100 * known.spread:.0f} %)"
        if known
        else f"none known for {region.level or 'this region'}: not in the atomic fractions",
        "software": f"interlayer {__version__}",
    }


def _left_open(part: Measured) -> str:
    if part.options.shape_known:
        return ""
    share = f"{100 * discrepancy.SHAPE_KNOWN:g} %"
    return f"; what the shape of real lines leaves open ({share} of their height) is added"


def residual(part: Measured, r: int, region: Region) -> NDArray[np.floating[Any]]:
    """Return the residuals in standard deviations of the noise (m,); their squares sum to the region's χ²."""
    model = part.fit.solution.normal.model[r]
    spread = np.sqrt(np.maximum(model, region.floor) * part.fit.noise[r].fano)
    return np.asarray((region.values - model) / spread)


def _starts(part: Measured) -> str:
    table = "; all others as in the table of parameters"
    if "shift" not in part.fit.joint:
        return "the CasaXPS fit in the file" + table
    if part.shift.own and part.options.reference is not None:
        return "charge shift by a scan over all regions, areas by non-negative least squares" + table
    if any(line.source == "peak search" for lines in part.lines.values() for line in lines):
        return "positions by a search in the smoothed residual, areas from the height there" + table
    return "areas by non-negative least squares" + table


def used(joint: Joint, r: int) -> list[int]:
    """Return the indices of the parameters that a region's curve depends on."""
    found: set[int] = set(joint.tails[r])
    if joint.blends:
        found.add(joint.blends[r])
    for place in joint.places[r]:
        found |= {place.energy, place.shift, place.width, place.area.amount, *place.stretch}
        found |= {index for index, _ in place.area.exponents}
    return [i for i in sorted(found) if i >= 0 and joint.parameters[i].name != "none"]


def role(joint: Joint, index: int) -> str:
    """Return "free", "fixed" or "follows" (an expression) of a parameter."""
    return "follows" if joint.parameters[index].expression else "fixed" if joint.locked[index] else "free"


def links(joint: Joint, place: Place) -> dict[str, str]:
    """Return how position, width and area of a peak follow from the parameters, as formulas."""
    names = [parameter.name for parameter in joint.parameters]
    position = [names[i] for i in (place.energy, place.shift) if i >= 0 and not _is_zero(joint, i)]
    stretch = "".join(f" · exp({names[i]})" for i in place.stretch)
    offset = [f"{place.offset:g}"] if place.offset else []
    return {
        "position_link": " + ".join([*offset, *position]),
        "fwhm_link": names[place.width] + stretch,
        "area_link": _area(names, place.area),
    }


def _is_zero(joint: Joint, index: int) -> bool:
    each = joint.parameters[index]
    return each.lower == each.upper == 0.0 and not each.expression


def _area(names: Sequence[str], link: Link) -> str:
    if not link.exponents:
        return names[link.amount]
    terms = [f"{'+' if sign > 0 else '−'} {names[i]}" for i, sign in link.exponents]
    return f"{link.factor:.4g} · {names[link.amount]} · exp({' '.join(terms).removeprefix('+ ')})"


def _linked(part: Measured, r: int) -> list[str]:
    """Return the areas that follow from another line, and the parameters that are expressions."""
    joint = part.fit.joint
    names = [parameter.name for parameter in joint.parameters]
    peaks = zip(part.regions[r].peaks, joint.places[r], strict=True)
    areas = [
        f"area of {peak.label} = {_area(names, place.area)}" for peak, place in peaks if place.area.exponents
    ]
    expressed = [joint.parameters[i] for i in used(joint, r) if joint.parameters[i].expression]
    return areas + [f"{each.name} = {each.expression}" for each in expressed]


def constraints(part: Measured, r: int) -> str:
    """Return what holds positions, widths, areas and shapes of a region, in words."""
    joint = part.fit.joint
    places, parameters = joint.places[r], joint.parameters
    if not places:
        return "none: no components"
    widths = {(place.width, place.stretch) for place in places}
    own = [parameters[place.energy] for place in places if place.energy >= 0]
    soft = [each for each in own if math.isfinite(each.sigma)]
    common = joint.tails[r][:3]
    shared = len(part.regions) > 1 and any(common == tail[:3] for s, tail in enumerate(joint.tails) if s != r)
    texts = [
        "areas ≥ 0",
        "one FWHM for all lines" if len(widths) == 1 and len(places) > 1 else "each line its own FWHM",
        "one line shape for all lines" + (" of all regions, but for a factor per region" if shared else ""),
    ]
    if soft:
        low, high = min(each.sigma for each in soft), max(each.sigma for each in soft)
        spread = f"{low:.2g}" if low == high else f"{low:.2g} to {high:.2g}"
        texts.append(f"{len(soft)} positions with normal priors of σ = {spread} eV")
    if len(own) > len(soft):
        texts.append(f"{len(own) - len(soft)} positions free within their bounds")
    if len(own) < len(places):
        texts.append("the position of the charge reference fixed")
    if part.shift.own and part.options.reference is not None:
        texts.append("one charge shift for all regions")
    return "; ".join(texts)


def text(title: str, attrs: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    """Return the record of one region as text.

    Parameters
    ----------
    title
        Of the region.
    attrs
        Of its node.
    tables
        Records of "components" (of this region) and "parameters".
    """
    lines = [title, "=" * len(title)]
    for heading, members in sections().items():
        lines += ["", heading, "-" * len(heading)]
        width = max(len(each.title) for each in members)
        lines += [f"{each.title:{width}}  {_value(attrs, each)}" for each in members]
    for name, records in tables.items():
        heading = f"Table of {name}"
        lines += ["", heading, "-" * len(heading), *_aligned(columns(name), records)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _value(attrs: Mapping[str, Any], each: Field) -> str:
    value = attrs.get(each.key, "")
    shown = _cell(value) if each.key != "converged" else ("yes" if value else "no")
    if shown.strip().lower() in _NOTHING:
        return "not stated in the file"
    return f"{shown} {each.unit}".strip()


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "−") if math.isfinite(value) else ("∞" if value > 0 else "−∞")
    return str(value)


def _aligned(names: Sequence[str], records: Sequence[Mapping[str, object]]) -> list[str]:
    rows = [list(names), *([_cell(record.get(name)) for name in names] for record in records)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
