"""The summary rows of a measurement, and the contradictions with published values."""

import math
from collections.abc import Sequence

import numpy as np

from interlayer.core.intervals import Interval, from_log, from_stddev
from interlayer.core.summary import Row, Rows
from interlayer.xps import chemistry, intervals
from interlayer.xps.composition import composition
from interlayer.xps.decide import Outcome
from interlayer.xps.measure import Measured
from interlayer.xps.model.region import Region

#: a value contradicts a published range when it is this many standard deviations outside, the references'
#: own scatter included
_CONTRADICTS = 2.0
#: of the prior's spread: above it the data say little
_UNINFORMED = 0.8


def rows(parts: Sequence[Measured], make: Rows, suffix: str = "") -> list[Row]:
    """Return all rows of one measurement; contradictions are added to the parts' warnings."""
    out: list[Row] = []
    for part in parts:
        out += _shift(part, make, suffix)
        for each in part.outcomes:
            out += _line(part, each, make, suffix)
        out += _sums(part, make, suffix)
        out += _dropped(part, make, suffix)
        out += _separations(part, make, suffix)
        out += _pulls(part, make, suffix)
        out += _noise(part, make, suffix)
    return out + composition(parts, make, suffix)


def _shift(part: Measured, make: Rows, suffix: str) -> list[Row]:
    shift = part.shift
    if not shift.own:
        return []
    interval = from_stddev(shift.value, shift.stddev)
    return [make.measured("charge_shift", "sample" + suffix, interval, "eV", shift.method, shift.note)]


def _unit(region: Region) -> str:
    return "counts eV" if region.units == "counts" else "counts eV/s"


def _method(part: Measured, region: Region) -> str:
    joined = "joint fit of all regions" if len(part.regions) > 1 else "fit of the region"
    kind = "counts" if region.units == "counts" else "the recorded rate"
    return f"{joined}, {region.shape} on {region.background}; area of {kind}"


def _line(part: Measured, each: Outcome, make: Rows, suffix: str) -> list[Row]:
    region = part.regions[each.region]
    name, unit, method = each.line.name + suffix, _unit(region), _method(part, region)
    note = "; ".join(each.notes)
    if each.status != "measured":
        limit = each.limit if each.status == "not detected" else math.nan
        return [
            make.absent(each.status, "area", name, unit, method, note, limit),
            make.absent(each.status, "binding_energy", name, "eV", method, note),
            make.absent(each.status, "fwhm", name, "eV", method, note),
        ]
    width = from_stddev(*intervals.width(part.fit, each.region, each.peak))
    return [
        make.measured("area", name, each.area, unit, method, note),
        _energy(part, each, make, suffix),
        make.measured("fwhm", name, width, "eV", method, _shared(region)),
    ]


def _shared(region: Region) -> str:
    return "one width for all lines of the region" if region.count > 1 else ""


def _energy(part: Measured, each: Outcome, make: Rows, suffix: str) -> Row:
    found = binding_energy(part, each)
    line, notes = each.line, []
    if part.options.reference is not None and line.name == part.options.reference.line:
        notes.append("the charge reference: this energy is set, not measured")
    tolerance = line.tolerance
    if part.shift.own and found.stddev > _UNINFORMED * tolerance and math.isfinite(line.low):
        notes.append(f"the data say little: mostly the template's {line.energy:g} ± {tolerance:g} eV")
    if math.isfinite(line.low) and _outside(found, line.low, line.high):
        text = (
            f"{line.name} lies at {found.value:.2f} ± {found.stddev:.2f} eV; published values are "
            f"{line.low:g} to {line.high:g} eV ({_source(line.name)})"
        )
        notes.append(text)
        part.warnings.append(text + ".")
    method = f"{part.shift.method}; " + _method(part, part.regions[each.region])
    return make.measured("binding_energy", line.name + suffix, found, "eV", method, "; ".join(notes))


def binding_energy(part: Measured, each: Outcome) -> Interval:
    """Return a line's binding energy after the charge reference."""
    value, stddev = part.fit.value(intervals.energy(part.fit, each.region, each.peak))
    if part.options.reference is not None:
        return from_stddev(value, stddev)
    return from_stddev(value - part.shift.value, float(np.hypot(stddev, part.shift.stddev)))


def _outside(found: Interval, low: float, high: float) -> bool:
    reach = _CONTRADICTS * math.hypot(found.stddev, chemistry.REFERENCE_SCATTER)
    return found.value + reach < low or found.value - reach > high


def _sums(part: Measured, make: Rows, suffix: str) -> list[Row]:
    return [
        make.measured(
            "area",
            " + ".join(each.names) + suffix,
            each.area,
            _unit(part.regions[each.region]),
            _method(part, part.regions[each.region]),
            "sum of lines that are not resolved",
        )
        for each in part.sums
    ]


def _dropped(part: Measured, make: Rows, suffix: str) -> list[Row]:
    out = []
    for line, region, limit in part.dropped:
        note = "below 3 standard deviations; left the model, the limit is from the line put back alone"
        method = _method(part, region)
        out.append(
            make.absent("not detected", "area", line.name + suffix, _unit(region), method, note, limit)
        )
    return out


def _separations(part: Measured, make: Rows, suffix: str) -> list[Row]:
    seen = {each.line.name: each for each in part.outcomes if each.status == "measured"}
    out = []
    for separation in chemistry.separations():
        if not all(name in seen for name in separation.lines):
            continue
        first, second = (seen[name] for name in separation.lines)
        found = _difference(part, first, second)
        note = ""
        if part.shift.own and found.stddev > _UNINFORMED * separation.spread:
            note = f"the data say little: mostly the published {separation.low:g} to {separation.high:g} eV"
        if _outside(found, separation.low, separation.high):
            note = (
                f"{separation.lines[0]} − {separation.lines[1]} = {found.value:.2f} ± "
                f"{found.stddev:.2f} eV, whatever "
                f"the charge reference; published: {separation.low:g} to {separation.high:g} eV "
                f"({separation.source})"
            )
            part.warnings.append(f"{separation.phase}: {note}.")
        method = f"{separation.lines[0]} minus {separation.lines[1]}, one fit"
        out.append(make.measured("separation", separation.phase + suffix, found, "eV", method, note))
    return out


def _difference(part: Measured, first: Outcome, second: Outcome) -> Interval:
    a = part.fit.value(intervals.position(part.fit, first.region, first.peak))
    upper, lower = (intervals.position(part.fit, each.region, each.peak) for each in (first, second))
    slope = upper(part.fit.theta)[1] - lower(part.fit.theta)[1]
    stddev = float(np.sqrt(max(float(slope @ part.fit.covariance @ slope), 0.0)))
    return from_stddev(a[0] - lower(part.fit.theta)[0], stddev)


def _pulls(part: Measured, make: Rows, suffix: str) -> list[Row]:
    return [
        make.measured(
            "stoichiometry_pull",
            each.phase + suffix,
            from_stddev(each.value, 1.0),
            "1",
            f"departure of {each.line} over its standard deviation; areas, factors and λ in the joint fit",
            f"{each.line} is {each.departure:.2f} times what the phase's other lines ask for",
        )
        for each in part.pulls
    ]


def _noise(part: Measured, make: Rows, suffix: str) -> list[Row]:
    out = []
    for region, each in zip(part.regions, part.fit.noise, strict=True):
        if each.own <= 0:
            continue
        name = (region.level or str(region.attrs.get("region", region.name))) + suffix
        how = "second differences" if each.flagged else "χ² over degrees of freedom"
        interval = from_log(math.log(each.own), each.own_relative)
        note = "" if region.units == "counts" else "of a rate: variance over mean in its own unit"
        out.append(
            make.measured(
                "fano_factor", name, interval, "1", f"{how}; weights use {each.fano:.3g} of all regions", note
            )
        )
    return out


def _source(name: str) -> str:
    known = chemistry.references().get(name)
    return known.source if known is not None else "template"
