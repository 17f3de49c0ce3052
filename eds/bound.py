"""An upper limit of a thickness that the blur hides: the width at half maximum, whatever the blur's shape.

A box of width w smeared by a symmetric kernel that falls off from its middle is at ±w/2 at least half as
high as in its middle: the middle is 1 − 2 T(w/2), the edge 1/2 − T(w), and T(w) ≤ T(w/2), T being the
kernel's tail. The full width at half maximum is therefore never smaller than w. Unlike the width itself it
is well determined where width, blur and level trade against each other, and it does not rest on the blur
being Gaussian.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from interlayer.eds.layer import Layered, WidthProfile
from interlayer.eds.model import Layout

Floats = NDArray[np.float64]

#: one-sided 95 % quantile of the normal distribution
Z_ONE_SIDED = 1.6449
#: share of the full width at half maximum at which the width is held: anywhere on the ridge gives the same
HELD = 0.8


def half_maximum(theta: Floats, lay: Layout, smear: float) -> float:
    """Return the full width at half maximum of a layer, nm; each half over its own side's level.

    Parameters
    ----------
    smear
        nm², variance of depth inside a cell.

    Returns
    -------
    NaN where the layer does not stand above both sides.
    """
    levels, width = theta[lay.levels], float(theta[lay.width])
    sigma = np.sqrt(theta[lay.blurs] ** 2 + smear)
    reach = 0.5 * width + 5 * float(sigma.max())
    depth = np.linspace(-reach, reach, 1201)
    rise, fall = ndtr((depth + 0.5 * width) / sigma[0]), ndtr((depth - 0.5 * width) / sigma[1])
    curve = levels[0] + (levels[1] - levels[0]) * rise + (levels[2] - levels[1]) * fall
    top = int(np.argmax(curve))
    if not 0 < top < depth.size - 1:
        return float("nan")
    near, far = (0.5 * (levels[side] + curve[top]) for side in (0, 2))
    before, after = curve[: top + 1], curve[top:]
    if before[0] >= near or after[-1] >= far:
        return float("nan")
    left = np.interp(near, np.maximum.accumulate(before), depth[: top + 1])
    right = np.interp(far, np.maximum.accumulate(after[::-1]), depth[top:][::-1])
    return float(right - left)


def upper_limit(layered: Layered, profile: WidthProfile, scale: float) -> float:
    """Return the one-sided 95 % upper limit of the width across the rows, nm; NaN without one."""
    lay, smear = layered.problem.lay, layered.data.smear
    first = half_maximum(layered.fit.theta, lay, smear)
    if not np.isfinite(first):
        return float("nan")
    best = profile.fit_at(HELD * first)
    value = half_maximum(best.theta, lay, smear)
    places = [*range(lay.levels.start, lay.blurs.stop)]
    gradient = np.zeros(lay.size)
    for place in places:
        step = np.zeros(lay.size)
        step[place] = 1e-3 * max(abs(float(best.theta[place])), 1e-3)
        up, down = (half_maximum(best.theta + sign * step, lay, smear) for sign in (1, -1))
        gradient[place] = (up - down) / (2 * step[place])
    variance = float(gradient @ best.covariance @ gradient) * scale
    if not (np.isfinite(value) and np.isfinite(variance)):
        return float("nan")
    return value + Z_ONE_SIDED * float(np.sqrt(max(variance, 0.0)))
