"""Composition of a measurement: atomic fractions, their covariance, and what they share with others."""

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from interlayer.core.shared import Shared
from interlayer.core.summary import Row, Rows
from interlayer.xps import quantify
from interlayer.xps.decide import Outcome
from interlayer.xps.factors import factor
from interlayer.xps.measure import Measured


def composition(parts: Sequence[Measured], make: Rows, suffix: str) -> list[Row]:
    """Return the atomic fractions of elements and of lines, over all parts of a measurement."""
    whole, missing, cov = pooled(parts)
    total = sum(each.value for each in whole)
    if len({each.element for each in whole}) < 2 or total <= 0:
        return []
    method = parts[0].options.factors.describe()
    note = f"without {', '.join(missing)} (no sensitivity factor)" if missing else ""
    outcomes = {each.line.name: (part, each) for part in parts for each in part.outcomes}
    out = []
    for element in dict.fromkeys(each.element for each in whole):
        members = [each for each in whole if each.element == element]
        out.append(_element(element, members, whole, cov, outcomes, make, (method, note, suffix)))
    out += _lost(parts, whole, make, (method, note, suffix))
    for each in whole:
        if outcomes[each.name][1].status == "measured":
            share = quantify.fraction([each], whole, cov)
            out.append(make.measured("atomic_fraction", each.name + suffix, share, "at.%", method, note))
    return out


def _lost(
    parts: Sequence[Measured], whole: Sequence[quantify.Amount], make: Rows, texts: tuple[str, str, str]
) -> list[Row]:
    """Return "not detected" for elements whose lines all left the model."""
    method, note, suffix = texts
    total = sum(each.value for each in whole)
    limits: dict[str, float] = {}
    for part in parts:
        for line, region, limit in part.dropped:
            known = factor(region, region.level, part.options.factors)
            if known is not None and all(each.element != line.element for each in whole):
                limits[line.element] = max(limits.get(line.element, 0.0), limit / known.value)
    absent = "; ".join(filter(None, ["no line of this element is detected", note]))
    return [
        make.absent(
            "not detected",
            "atomic_fraction",
            element + suffix,
            "at.%",
            method,
            absent,
            100.0 * limit / (total + limit),
        )
        for element, limit in limits.items()
    ]


def pooled(parts: Sequence[Measured]) -> tuple[list[quantify.Amount], list[str], quantify.Floats]:
    """Return the amounts of all parts, levels without a factor, and the covariance of all parameters."""
    sizes = [part.fit.theta.size for part in parts]
    cov = np.zeros((sum(sizes), sum(sizes)))
    whole: list[quantify.Amount] = []
    missing: list[str] = []
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        cov[at : at + size, at : at + size] = part.fit.covariance
        found, lacking = quantify.amounts(part.fit, part.options.factors)
        missing += lacking
        for each in found:
            slope = np.zeros(cov.shape[0])
            slope[at : at + size] = each.slope
            whole.append(quantify.Amount(each.name, each.element, each.value, slope))
        at += size
    return whole, missing, cov


def _element(
    element: str,
    members: Sequence[quantify.Amount],
    whole: Sequence[quantify.Amount],
    cov: quantify.Floats,
    outcomes: dict[str, tuple[Measured, Outcome]],
    make: Rows,
    texts: tuple[str, str, str],
) -> Row:
    method, note, suffix = texts
    verdicts = [outcomes[each.name] for each in members]
    if any(each.status != "not detected" for _, each in verdicts):
        share = quantify.fraction(members, whole, cov)
        return make.measured("atomic_fraction", element + suffix, share, "at.%", method, note)
    limits = []
    for part, each in verdicts:
        region = part.regions[each.region]
        known = factor(region, region.level, part.options.factors)
        limits.append(each.limit / known.value if known else math.nan)
    limit = 100.0 * max(limits) / (sum(each.value for each in whole) + max(limits))
    absent = "no line of this element is detected; " + note
    return make.absent(
        "not detected", "atomic_fraction", element + suffix, "at.%", method, absent.strip("; "), limit
    )


def covariance(parts: Sequence[Measured]) -> xr.Dataset | None:
    """Return the atomic fractions of the elements in at.% with their covariance, (element, element_2)."""
    whole, _, cov = pooled(parts)
    elements = list(dict.fromkeys(each.element for each in whole))
    if len(elements) < 2 or sum(each.value for each in whole) <= 0:
        return None
    groups = [[each for each in whole if each.element == element] for element in elements]
    shares, slopes = zip(*(quantify.share(group, whole) for group in groups), strict=True)
    slope = np.stack(slopes)
    return xr.Dataset(
        {
            "atomic_fraction": (
                "element",
                100 * np.array(shares),
                {"units": "at.%", "long_name": "atomic fraction"},
            ),
            "covariance": (
                ("element", "element_2"),
                1e4 * slope @ cov @ slope.T,
                {"units": "", "long_name": "covariance of the atomic fractions / (at.%)²"},
            ),
        },
        coords={
            "element": np.array(elements, dtype=object),
            "element_2": np.array(elements, dtype=object),
        },
    )


def shared(parts: Sequence[Measured], suffix: str = "") -> list[Shared]:
    """Return what the sensitivity factors do to each atomic fraction.

    Notes
    -----
    Two samples measured with the same factors g (prior variance P) are wrong together. With the posterior
    covariance C of a fraction and g, the errors of two samples have the covariance C₁ C₂ / P, as if each
    held the part C/√P of one common cause: what the data themselves say of g is no longer shared.
    """
    whole, _, cov = pooled(parts)
    if sum(each.value for each in whole) <= 0:
        return []
    factors = _factors(parts)
    subjects = {element: [e for e in whole if e.element == element] for element in _elements(whole)}
    subjects |= {each.name: [each] for each in whole}
    out = []
    for subject, members in subjects.items():
        _, slope = quantify.share(members, whole)
        moved = 100 * (cov @ slope)
        for level, places in factors.items():
            part = sum(float(moved[k]) / sigma for k, sigma in places)
            if part != 0.0:
                cause = f"sensitivity factor of {level} ({parts[0].options.factors.name})"
                out.append(Shared("atomic_fraction", subject + suffix, cause, part))
    return out


def _elements(whole: Sequence[quantify.Amount]) -> list[str]:
    return list(dict.fromkeys(each.element for each in whole))


def _factors(parts: Sequence[Measured]) -> dict[str, list[tuple[int, float]]]:
    """Return, per core level, where its common factor stands among the parameters, and its prior's spread."""
    found: dict[str, list[tuple[int, float]]] = {}
    at = 0
    for part in parts:
        for k, parameter in enumerate(part.fit.joint.parameters):
            kind, _, level = parameter.name.partition(":")
            if kind == "factor" and parameter.sigma > 0:
                found.setdefault(level, []).append((at + k, float(parameter.sigma)))
        at += part.fit.theta.size
    return found
