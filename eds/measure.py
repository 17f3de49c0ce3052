"""One element: is there a layer, how thick is it, and may that be said?"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Interval
from interlayer.eds import bound, detection, spread, statistics, unmix
from interlayer.eds import fit as fitting
from interlayer.eds.detection import Detection
from interlayer.eds.geometry import DepthMap, gather, orient, swapped, thin
from interlayer.eds.inputs import Target
from interlayer.eds.layer import Layered, WidthProfile, bend, turned
from interlayer.eds.spread import Spread

Floats = NDArray[np.float64]

#: largest blur, as a share of the thickness, up to which a thickness is stated as measured, and which must
#: be excluded with 99.5 % (one-sided): above it the plateau is never reached and level, blur and thickness
#: trade against each other
BLUR_SHARE = 0.44
#: a fixed blur is trusted to this share
BLUR_TRUST = 0.05
#: nm, σ of the blur for which the limit of a layer that was not detected is stated where the map shows none
ASSUMED_BLUR = 150.0
#: misfit of a map without count statistics above which its values are scaled down and fitted again
RESCALED = 1.5
#: sigma by which the element's line must stand higher in the layer than beside it
LINE_EXCESS = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found for one element.

    Parameters
    ----------
    status
        As in summary rows, for the thickness.
    thickness
        Interval in nm, perpendicular to the layer; None when there is no layer.
    scale
        Overdispersion that widened the intervals.
    limit
        nm, of a layer that would have been seen, when there is none.
    reason
        Why the status is not "measured".
    """

    target: Target
    status: str
    reason: str
    detection: Detection
    data: DepthMap
    layered: Layered | None
    thickness: Interval | None
    spread: Spread | None
    scale: float
    limit: float
    notes: tuple[str, ...]
    counts_lost: str


def measure(target: Target, blur: float | None = None) -> Outcome:
    """Return the outcome for one element.

    Parameters
    ----------
    blur
        σ of both interfaces (nm) when it is known from a sharp reference edge.
    """
    values, lost = _as_counts(target)
    outcome = _measure(target, values, lost, blur)
    if lost and outcome.layered is not None and outcome.scale > RESCALED:
        # smoothing correlates pixels: blocks scatter more than single pixels tell, and weights follow them
        outcome = _measure(target, values / outcome.scale, lost, blur)
    return outcome


def _measure(target: Target, values: Floats, lost: str, blur: float | None) -> Outcome:
    """Return the outcome for values that scatter like counts."""
    where = orient(values, target.step)
    step = swapped(target.step, where.transposed)
    plain = turned(values, where)
    offset = None
    if target.spectral is not None:
        below = _straight_depth(plain.shape, step, where.slope)
        offset = unmix.leakage(unmix.by_depth(target.spectral, turned(below, where), step[0]))
    data = gather(plain, step, where.slope, None if offset is None else turned(offset, where))
    if values.sum() < 20:
        return _nothing(target, data, Detection(0.0), "fewer than 20 counts in all", lost, blur)
    found = detection.detect(data, blur)
    if found.straight is None:
        return _nothing(target, data, found, "no part of the map stands above both its sides", lost, blur)
    scale = statistics.dispersion(*found.straight, smoothed=bool(lost))
    if scale > 1:
        found = detection.detect(data, blur, scale)
    if not found.detected or found.straight is None:
        reason = f"a layer improves on a single step by {found.sigma:.1f} sigma; "
        reason += f"{detection.THRESHOLD:g} are needed"
        return _nothing(target, data, found, reason, lost, blur)
    layered = Layered(*bend(data, found.straight), where, step)
    if target.spectral is not None:
        layered, line = _with_leakage(target.spectral, layered, values)
        if line < LINE_EXCESS:
            reason = (
                f"the counts in the {target.element} window rise, but the {target.element} line does not "
                f"({line:.1f} sigma; {LINE_EXCESS:g} are needed)"
            )
            return _nothing(target, data, replace(found, sigma=max(line, 0.0)), reason, lost, blur)
    return _judge(
        target, layered, found, statistics.dispersion(layered.problem, layered.fit, smoothed=bool(lost)), lost
    )


def _straight_depth(shape: tuple[int, int], step: tuple[float, float], slope: float) -> Floats:
    along = (np.arange(shape[1]) - (shape[1] - 1) / 2) * step[1]
    return np.asarray((np.arange(shape[0])[:, None] + 0.5) * step[0] - slope * along[None, :])


def _with_leakage(spectral: unmix.Window, layered: Layered, values: Floats) -> tuple[Layered, float]:
    """Return the layer fitted again with the leakage at each depth, and the excess of the line in it."""
    depths = unmix.by_depth(spectral, unmix.depth_below(layered, values.shape), layered.step[0])
    offset = unmix.leakage(depths)
    where = layered.where
    data = gather(turned(values, where), layered.step, where.slope, turned(offset, where))
    data = thin(data, round(layered.data.pitch / data.pitch), 1)
    problem = replace(layered.problem, data=data)
    best = fitting.maximise(problem, layered.fit.theta, layered.fit.roughness, adapt=True, tolerance=1e-2)
    again = replace(layered, problem=problem, fit=best)
    return again, unmix.line_excess(depths, again)


def _as_counts(target: Target) -> tuple[Floats, str]:
    """Return values whose pixel noise is like that of counts, and why they are none (or "")."""
    noise = statistics.check(target.values)
    lost = target.statistics_lost or noise.reason
    if not lost:
        return target.values, ""
    return target.values / max(noise.fano, 1e-6 * max(float(target.values.mean()), 1e-9)), lost


def _nothing(
    target: Target, data: DepthMap, found: Detection, reason: str, lost: str, blur: float | None = None
) -> Outcome:
    stepped = found.step_blur > 0
    sigma = blur if blur is not None else found.step_blur or ASSUMED_BLUR
    limit = float("nan")
    if data.counts.sum() >= 20:
        limit = detection.thickness_limit(data, sigma, stepped=stepped)
    if np.isfinite(limit):
        source = "given" if blur is not None else "of the step in the map" if stepped else "assumed"
        reason += (
            f"; a layer{' at the step' if stepped else ''} thicker than {limit:.0f} nm that stands above its "
            f"surroundings by the map's mean counts would have been seen (95 %; blur σ {sigma:.0f} nm, "
            f"{source})"
        )
    return Outcome(
        target, "not detected", reason, found, data, None, None, None, 1.0, limit, target.notes, lost
    )


def _judge(target: Target, layered: Layered, found: Detection, scale: float, lost: str) -> Outcome:
    profile = WidthProfile(layered, scale)
    across = profile.interval()
    cosine = layered.cosine
    turn = across.value * layered.cosine_stddev(scale)
    extra = float(np.hypot(turn, _blur_part(layered) * cosine))
    thickness = across.scaled(cosine).with_systematic(extra)
    thickness = replace(thickness, low=max(thickness.low, 0.0))
    status, reason = _status(layered, profile, across, thickness)
    if status == "measured":
        # edge widths, local thickness and figures belong to the thickness that is stated
        stated = profile.fit_at(across.value)
        layered = replace(layered, fit=replace(layered.fit, theta=stated.theta))
    if status == "upper limit":
        most = bound.upper_limit(layered, profile, scale) * cosine + bound.Z_ONE_SIDED * extra
        thickness = Interval(float("nan"), float("nan"), 0.0, most)
        status = status if np.isfinite(most) else "not resolved"
    notes = list(target.notes)
    if not layered.fit.converged:
        notes.append("the fit did not converge fully")
    if scale > 1.2:
        notes.append(
            f"the counts scatter {scale:.2f} times more than the model: intervals widened by {scale**0.5:.2f}"
        )
    return Outcome(
        target,
        status,
        reason,
        found,
        layered.data,
        layered,
        thickness,
        spread.spread(layered, scale) if status == "measured" else None,
        scale,
        float("nan"),
        tuple(notes),
        lost,
    )


def _blur_part(layered: Layered) -> float:
    """Return the standard deviation of the width (nm) that the trust in a fixed blur leaves; 0 when free."""
    problem, lay = layered.problem, layered.problem.lay
    if lay.blurs.start not in problem.fixed:
        return 0.0
    theta = layered.fit.theta.copy()
    theta[lay.blurs] *= 1 + BLUR_TRUST
    other = fitting.maximise(problem, theta, layered.fit.roughness, tolerance=1e-2)
    return abs(float(other.theta[lay.width] - layered.fit.theta[lay.width]))


def _status(
    layered: Layered, profile: WidthProfile, across: Interval, thickness: Interval
) -> tuple[str, str]:
    lay, theta = layered.problem.lay, layered.fit.theta
    if _runs_out(layered):
        return "lower limit", "the layer reaches the edge of the map"
    if across.low <= 0.5 * layered.step[0]:
        return "upper limit", "not resolved: a layer of vanishing thickness fits as well, the blur hides it"
    blur = float(theta[lay.blurs].max())
    share = blur / float(theta[lay.width])
    worst = 0.0 if lay.blurs.start in layered.problem.fixed else max(share, profile.blur_share())
    if worst > BLUR_SHARE:
        most = f"may be {worst:.2f} of it" if worst < 1 else "may exceed it"
        return "upper limit", (
            f"not resolved: the blur ({blur:.0f} nm) is {share:.2f} of the layer's width and {most}, below "
            f"{BLUR_SHARE:g} is needed; thickness, blur and level trade against each other"
        )
    if thickness.high - thickness.low > 1.2 * thickness.value:
        return "not resolved", "too few counts: the interval is wider than the thickness"
    gap = _interrupted(layered)
    return ("not determined", gap) if gap else ("measured", "")


def _runs_out(layered: Layered) -> bool:
    """Return whether an interface with its blur leaves the map in more than a tenth of its length."""
    data, lay = layered.data, layered.problem.lay
    edges, _ = spread.interfaces(layered)
    edges = edges - data.shift
    seen = data.pixels > 0
    top = data.depth[np.argmax(seen, axis=0)]
    bottom = data.depth[len(data.depth) - 1 - np.argmax(seen[::-1], axis=0)]
    margin = np.maximum(layered.fit.theta[lay.blurs], 2 * layered.step[0])
    out = (edges[0] - margin[0] < top) | (edges[1] + margin[1] > bottom)
    return bool(out.mean() > 0.1)


def _interrupted(layered: Layered) -> str:
    """Return a warning when a quarter of the layer's length has much less excess than the rest."""
    data = layered.data
    groups = data.position.size
    if groups < 8:
        return ""
    edges, _ = spread.interfaces(layered)
    centre, half = edges.mean(axis=0) - data.shift, 0.5 * float((edges[1] - edges[0]).mean())
    edges = np.stack([centre - half, centre + half])
    inside = (data.depth[:, None] > edges[0]) & (data.depth[:, None] < edges[1])
    excess, noise = np.empty(4), np.empty(4)
    for k, part in enumerate(np.array_split(np.arange(groups), 4)):
        rows = (inside[:, part], ~inside[:, part])
        net = data.counts[:, part] - data.offset[:, part]
        area = [max(float(data.pixels[:, part][r].sum()), 1.0) for r in rows]
        means = [float(net[r].sum()) / a for r, a in zip(rows, area, strict=True)]
        sums = [float(data.counts[:, part][r].sum()) for r in rows]
        excess[k] = means[0] - means[1]
        noise[k] = np.hypot(np.sqrt(sums[0]) / area[0], np.sqrt(sums[1]) / area[1])
    weakest = int(np.argmin(excess))
    others = float(np.delete(excess, weakest).mean())
    if excess[weakest] + 3 * noise[weakest] < 0.3 * others:
        share = f"{excess[weakest] / others:.0%} of the excess of the rest"
        return f"the excess is no continuous layer: quarter {weakest + 1} of its length has {share}"
    return ""
