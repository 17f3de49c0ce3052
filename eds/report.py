"""Summary rows of one element's outcome."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from interlayer.core.intervals import Interval, from_log, from_stddev
from interlayer.core.summary import Row, Rows
from interlayer.eds.composition import Ratio
from interlayer.eds.detection import THRESHOLD
from interlayer.eds.measure import Outcome

METHOD = "Poisson likelihood of the whole map, two blurred interfaces with waviness; profile likelihood"
HALF = "width at half maximum of the fitted profile, which no blur makes smaller than the layer"
QUASI = "quasi-likelihood of a map without count statistics, two blurred interfaces with waviness"


def rows(outcome: Outcome, make: Rows, section_cosine: float, extra: str) -> list[Row]:
    """Return the rows of one element.

    Parameters
    ----------
    section_cosine
        Cosine of the angle between the section and the layer's normal.
    extra
        A note for the thickness: the electron range.
    """
    return [
        *_detection(outcome, make),
        *_thickness(outcome, make, section_cosine, extra),
        *_shape(outcome, make, section_cosine),
    ]


def ratio_row(ratio: Ratio, where: str, make: Rows) -> Row:
    """Return the row of a ratio of elements, declared semi-quantitative where its factor was calculated."""
    subject = f"{ratio.numerator}/{ratio.denominator}" + (f" in the {where}" if where != "whole" else "")
    method = f"Cliff-Lorimer, {ratio.factor.source} factor {ratio.factor.value:.3g} for masses"
    note = ""
    if ratio.factor.source == "calculated":
        note = (
            f"semi-quantitative: absorption in the sample is not corrected, the factor is known to "
            f"{ratio.factor.relative:.0%} (one standard deviation)"
        )
    if ratio.light:
        note += "; " * bool(note) + "a light element on a bulk sample: compare with a standard"
    return make.measured("atomic_ratio", subject, ratio.atomic, "1", method, note)


def _detection(outcome: Outcome, make: Rows) -> Iterator[Row]:
    element, sigma = outcome.target.element, outcome.detection.sigma
    method = "likelihood of a layer against a single step, after the trials of the search"
    if outcome.status == "not detected":
        row = make.absent("not detected", "detection", element, "sigma", method, outcome.reason, THRESHOLD)
        yield replace(row, value=sigma)
    else:
        yield make.measured("detection", element, from_stddev(sigma, 1.0), "sigma", method)


def _thickness(outcome: Outcome, make: Rows, cosine: float, extra: str) -> Iterator[Row]:
    element, found = outcome.target.element, outcome.thickness
    method = QUASI if outcome.counts_lost else METHOD
    if outcome.target.spectral is None:
        method += "; element map as given"
    note = "; ".join(part for part in (outcome.reason, *outcome.notes, extra) if part)
    name = "layer_thickness"
    if found is None:
        yield make.absent("not detected", name, element, "nm", method, note, outcome.limit * cosine)
        return
    found = found.scaled(cosine)
    if outcome.status == "measured":
        yield make.measured(name, element, found, "nm", method, note)
    elif outcome.status == "upper limit":
        yield make.limit("upper", name, element, found.high, "nm", HALF, note)
    elif outcome.status == "lower limit":
        yield make.limit("lower", name, element, found.low, "nm", method, note)
    else:
        row = make.absent(outcome.status, name, element, "nm", method, note, found.high)
        yield replace(row, low=found.low)


def _shape(outcome: Outcome, make: Rows, cosine: float) -> Iterator[Row]:
    layered, element = outcome.layered, outcome.target.element
    if layered is None:
        return
    swell = outcome.spread
    if swell is not None:
        method = "random effect of the local thickness, roughness by marginal likelihood"
        note = "spread of the thickness along the layer, not the error of its mean"
        found = swell.interval.scaled(cosine)
        if swell.resolved:
            yield make.measured("layer_spread", element, found, "nm", method, note)
        else:
            yield make.limit(
                "upper", "layer_spread", element, found.high, "nm", method, note + "; zero is not excluded"
            )
    yield from _edges(outcome, make)
    if not layered.problem.lay.sloped:
        note = "a line has no direction in which a slope could be seen"
        yield make.absent("not determined", "interface_angle", element, "degree", "none", note)
        return
    degrees = math.degrees(math.atan(layered.tangent))
    stddev = math.degrees(layered.tangent_stddev(outcome.scale) / (1 + layered.tangent**2))
    against = "columns" if layered.transposed else "rows"
    yield make.measured(
        "interface_angle",
        element,
        from_stddev(degrees, stddev),
        "degree",
        "slope of the layer's centre; waviness counts as an uncertainty of the plane behind it",
        f"to the map's {against}",
    )


def _edges(outcome: Outcome, make: Rows) -> Iterator[Row]:
    layered = outcome.layered
    if layered is None:
        return
    lay, theta, scale = layered.problem.lay, layered.fit.theta, outcome.scale
    near, far = ("left", "right") if layered.transposed else ("top", "bottom")
    for side, where, place in zip(
        ("near", "far"), (near, far), range(lay.blurs.start, lay.blurs.stop), strict=True
    ):
        subject = f"{outcome.target.element} {side}"
        blur = float(theta[place]) * layered.cosine
        note = f"Gaussian σ at the {where} side of the map; waviness shorter than modelled counts as blur"
        stddev = float(np.sqrt(layered.fit.covariance[place, place] * scale)) * layered.cosine
        if place in layered.problem.fixed:
            yield make.measured(
                "edge_width", subject, Interval(blur, 0.0, blur, blur), "nm", "as given", note
            )
        elif outcome.status != "measured":
            yield make.absent("not determined", "edge_width", subject, "nm", METHOD, outcome.reason)
        elif stddev > 0.5 * blur or blur < 0.5 * layered.step[0]:
            limit = blur + 1.645 * min(stddev, 2 * layered.step[0] + blur)
            yield make.limit("upper", "edge_width", subject, limit, "nm", METHOD, note)
        else:
            yield make.measured(
                "edge_width", subject, from_log(math.log(blur), stddev / blur), "nm", METHOD, note
            )
