"""Peaks without a model of phases: matched filters, then free doublets on a background with humps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from interlayer.xrd.fit import Data, Fit, fit, solve
from interlayer.xrd.model.layout import Block
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.pattern import Pattern
from interlayer.xrd.model.profile import profile
from interlayer.xrd.model.source import Instrument, Source, simplified

Floats = NDArray[np.floating[Any]]

#: FWHM of the filters in degree: from an instrument's width to that of 5 nm crystallites
WIDTHS = (0.08, 0.12, 0.18, 0.28, 0.42, 0.65, 1.0, 1.5, 2.1)
#: a peak is one above this significance
THRESHOLD = 5.0
#: a systematic misfit of strong peaks, as a part of their height, is not a peak
MISFIT = 0.03
_ROUNDS, _MOST, _PRUNINGS = 8, 60, 3
#: χ² that each peak or hump must be worth, and the significance below which a peak is taken out
_PRICE, _SURE = 9.0, 3.5
#: what is broader (FWHM in degree) is a hump, not a peak
_BROADEST = 2.6
_HUMP_SIGMAS = (1.5, 2.5, 4.0, 6.0)
#: hump of polymer films, domes and bags: centre and σ in degree for Cu Kα (polyolefins, Kapton: 20° to 22°)
POLYMER = (21.3, 2.2)
#: gain in χ² for which a hump is added
_HUMP_GAIN, MOST_HUMPS = 20.0, 3


@dataclass(frozen=True)
class Peak:
    """A free peak: Kα1 position and FWHM (degree), area (intensity × degree), each with its deviation."""

    position: float
    position_stddev: float
    fwhm: float
    area: float
    area_stddev: float

    @property
    def significance(self) -> float:
        """Return area over its standard deviation."""
        return self.area / self.area_stddev if self.area_stddev > 0 else 0.0


def significance_maps(x: Floats, residual: Floats, variance: Floats) -> Floats:
    """Return the significance of a peak at each place and width: (widths, n).

    Notes
    -----
    Filters have mean zero over ±2.5 FWHM, so that a smooth background does not answer.
    """
    step = float(np.median(np.diff(x)))
    maps = np.zeros((len(WIDTHS), x.size))
    weight = 1 / variance
    for i, width in enumerate(WIDTHS):
        half = max(round(2.5 * width / step), 3)
        if 2 * half + 1 > x.size // 2:
            break
        template = profile(np.arange(-half, half + 1) * step, np.array(width), np.array(0.5))
        template -= template.mean()
        top = fftconvolve(residual * weight, template[::-1], mode="same")
        below = fftconvolve(weight, (template**2)[::-1], mode="same")
        maps[i] = top / np.sqrt(np.maximum(below, 1e-300))
        maps[i, : half // 2] = maps[i, x.size - half // 2 :] = 0.0
    return maps


def new_peaks(x: Floats, maps: Floats, threshold: float) -> list[tuple[float, float, float]]:
    """Return separate maxima (2θ, FWHM, significance), strongest first.

    Maxima near a stronger one are left for a later round: a filter's side lobe and Kα2 are no peaks.
    """
    best = maps.max(axis=0)
    which = maps.argmax(axis=0)
    order = np.argsort(best)[::-1]
    found: list[tuple[float, float, float]] = []
    for at in order[: 40 * _MOST]:
        if best[at] < threshold or len(found) >= _MOST:
            break
        width = WIDTHS[int(which[at])]
        if all(abs(x[at] - place) > max(2.0 * max(width, other), 0.35) for place, other, _ in found):
            found.append((float(x[at]), width, float(best[at])))
    top = found[0][2] if found else 0.0
    return [each for each in found if each[2] > max(threshold, 0.02 * top)]


def background_order(x: Floats) -> int:
    """Return the number of background functions for a range of 2θ: Chebyshev polynomials and 1/2θ."""
    return int(np.clip(5 + (x[-1] - x[0]) / 10, 6, 16))


def add_humps(table: Table, humps: list[tuple[float, float]], x: Floats, *, usual: bool = False) -> None:
    """Add the parameters of humps (centre, σ in degree) to a table.

    With ``usual`` the first is the polymer's, its place and width known about as well as polymers differ.
    """
    for i, (center, sigma) in enumerate(humps):
        at, width = (center, 3.0), (1.1, 0.8)
        if usual and i == 0:
            at, width = (POLYMER[0], 1.2), (float(np.log(POLYMER[1])), 0.35)
        table.add(f"hump{i}.center", center, lower=x[0] - 5, upper=x[-1] + 5, scale=0.5, prior=at)
        low, high = np.log(1.4), np.log(9.0)
        table.add(f"hump{i}.log_width", np.log(sigma), lower=low, upper=high, scale=0.2, prior=width)


def add_free_peaks(table: Table, name: str, peaks: list[tuple[float, float]]) -> Block:
    """Add free peaks (2θ, FWHM) to a table and return their block."""
    for i, (place, width) in enumerate(peaks):
        table.add(
            f"{name}.position{i}", place, lower=place - 0.6, upper=place + 0.6, scale=0.02, prior=(place, 0.5)
        )
        table.add(f"{name}.width{i}", 0.7 * width, lower=0.0, upper=_BROADEST, scale=0.05, prior=(0.2, 1.0))
    count = len(peaks)
    near = np.array([place for place, _ in peaks], dtype=float)
    hkl, column = np.zeros((count, 3), dtype=int), np.arange(count)
    return Block(name, hkl, column, np.ones(count), "free", "free", near=near)


def find_humps(pattern: Pattern, fitted: Fit, humps: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the hump (centre, σ) that lowers χ² most, or None when none is worth it."""
    x, y = fitted.data.two_theta, fitted.data.intensity
    design = pattern.design(fitted.table, fitted.values)
    peak_part = design[:, : pattern.areas] @ fitted.linear[: pattern.areas]
    weight = 1 / (fitted.data.variance(fitted.model) + (MISFIT * peak_part) ** 2)
    linear, free = solve(design, weight, y, pattern.positive())
    shapes = [
        (float(center), sigma)
        for center in np.arange(x[0] - 1, x[-1], 1.0)
        for sigma in _HUMP_SIGMAS
        if all(abs(center - c) >= 0.7 * max(s, sigma) for c, s in humps)
    ]
    if not shapes:
        return None
    center, sigma = np.array(shapes).T
    columns = np.exp(-0.5 * ((x[:, None] - center) / sigma) ** 2)
    gain = _gains(design[:, free], columns, weight, y - design @ linear)
    best = int(np.argmax(gain))
    return shapes[best] if gain[best] > _HUMP_GAIN else None


def _gains(design: Floats, columns: Floats, weight: Floats, residual: Floats) -> Floats:
    """Return how much each column (n, k) with a positive coefficient would lower χ² beside a design."""
    weighted = design * weight[:, None]
    gram = design.T @ weighted
    gram[np.diag_indices_from(gram)] += np.where(np.diag(gram) > 0, 1e-9 * np.diag(gram), 1.0)
    own = columns - design @ np.linalg.solve(gram, weighted.T @ columns)
    below = np.einsum("nk,n,nk->k", own, weight, own)
    top = own.T @ (weight * residual)
    usable = (top > 0) & (below > 1e-6 * np.einsum("nk,n,nk->k", columns, weight, columns))
    return np.where(usable, top**2 / np.where(usable, below, 1.0), 0.0)


def free_fit(
    data: Data,
    peaks: list[tuple[float, float]],
    humps: list[tuple[float, float]],
    source: Source,
    instrument: Instrument,
    *,
    iterations: int,
) -> Fit:
    """Fit free peaks, humps and background."""
    table = Table()
    blocks = [add_free_peaks(table, "peak", peaks)] if peaks else []
    add_humps(table, humps, data.two_theta)
    if peaks and instrument.scale_spread:
        spread = instrument.scale_spread
        table.add("instrument_scale", 1.0, lower=0.25, upper=3.0, scale=0.1, prior=(1.0, spread))
    order = background_order(data.two_theta)
    pattern = Pattern(data.two_theta, blocks, simplified(source), instrument, order, len(humps), coarse=True)
    return fit(pattern, table, data, iterations=iterations)


def find_peaks(data: Data, source: Source, instrument: Instrument) -> tuple[Fit, list[Peak]]:
    """Return a fit of free peaks to a pattern, and the significant peaks, by 2θ.

    Notes
    -----
    Each round adds the maxima that the residual shows and a hump that it asks for, fits, and takes out what
    has become insignificant: a peak that stood for a hump, or for a line that is now fitted better. The round
    with the lowest χ² plus `_PRICE` for each peak and hump counts.
    """
    peaks: list[tuple[float, float]] = []
    humps: list[tuple[float, float]] = []
    best: tuple[float, Fit] | None = None
    fitted: Fit | None = None
    since = 0
    for _ in range(_ROUNDS):
        new, hump = _wanted(data, fitted, len(humps))
        if fitted is not None and not new and hump is None:
            break
        peaks += new[: max(0, _MOST - len(peaks))]
        humps += [hump] if hump else []
        fitted = free_fit(data, peaks, humps, source, instrument, iterations=8)
        for _ in range(_PRUNINGS):
            kept, shapes = _refined(fitted, len(peaks), len(humps))
            fewer = len(kept) < len(peaks) or len(shapes) < len(humps)
            peaks, humps = kept, shapes
            if not fewer:
                break
            fitted = free_fit(data, peaks, humps, source, instrument, iterations=8)
        score = fitted.chi_square + _PRICE * (len(peaks) + len(humps)) * max(
            1.0, fitted.chi_square / fitted.dof
        )
        if best is None or score < best[0]:
            best, since = (score, fitted), 0
        else:
            since += 1
            if since == 2:
                break
    assert best is not None
    chosen = best[1]
    return chosen, sorted(_listed(chosen, chosen.pattern.areas), key=lambda peak: peak.position)


def missed_peaks(fitted: Fit) -> list[tuple[float, float]]:
    """Return place and FWHM (degree) of the peaks that the residual of a fit shows."""
    data = fitted.data
    part = fitted.model - fitted.background()
    variance = data.variance(fitted.model) + (MISFIT * part) ** 2
    maps = significance_maps(data.two_theta, data.intensity - fitted.model, variance)
    return [(place, width) for place, width, _ in new_peaks(data.two_theta, maps, THRESHOLD)]


def _wanted(
    data: Data, fitted: Fit | None, humps: int
) -> tuple[list[tuple[float, float]], tuple[float, float] | None]:
    """Return the peaks and the hump that the residual of a fit asks for."""
    x, y = data.two_theta, data.intensity
    if fitted is None:
        variance = data.gain * np.maximum(_smooth(y), data.gain)
        first = new_peaks(x, significance_maps(x, y.astype(float), variance), THRESHOLD)
        return [(place, width) for place, width, _ in first], None
    shapes = [
        (fitted.value(f"hump{i}.center"), float(np.exp(fitted.value(f"hump{i}.log_width"))))
        for i in range(fitted.pattern.humps)
    ]
    hump = find_humps(fitted.pattern, fitted, shapes) if humps < MOST_HUMPS else None
    return missed_peaks(fitted), hump


def _refined(
    fitted: Fit, peaks: int, humps: int
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return peaks and humps where the fit put them, without those that it does not need.

    A peak goes when it is insignificant or as wide as a hump; of neighbours that overlap only the least
    significant goes at a time.
    """
    stddev = fitted.area_stddev()
    places = [(fitted.value(f"peak.position{i}"), fitted.value(f"peak.width{i}") / 0.7) for i in range(peaks)]
    sure = [
        fitted.linear[i] / stddev[i] if stddev[i] > 0 and places[i][1] < _BROADEST / 0.7 * 0.98 else 0.0
        for i in range(peaks)
    ]
    kept: list[int] = []
    for i in np.argsort(sure)[::-1]:
        beside = [k for k in kept if abs(places[i][0] - places[k][0]) < 0.5 * (places[i][1] + places[k][1])]
        same = any(abs(places[i][0] - places[k][0]) < max(0.06, 0.25 * places[i][1]) for k in beside)
        if sure[i] > _SURE and not same:
            kept.append(int(i))
    shapes = [
        (fitted.value(f"hump{i}.center"), float(np.exp(fitted.value(f"hump{i}.log_width"))))
        for i in range(humps)
        if fitted.linear[peaks + i] > 0
    ]
    return [places[i] for i in kept], shapes


def _listed(fitted: Fit, count: int) -> list[Peak]:
    stddev = fitted.area_stddev()
    _, widths = fitted.pattern.reflections(fitted.table, fitted.values)
    found = []
    for i in range(min(count, fitted.pattern.areas)):
        peak = Peak(
            fitted.value(f"peak.position{i}"),
            fitted.stddev(f"peak.position{i}"),
            float(widths[i]),
            float(fitted.linear[i]),
            float(stddev[i]),
        )
        if peak.significance > 3.0:
            found.append(peak)
    return found


def _smooth(y: Floats, width: int = 15) -> Floats:
    kernel = np.ones(width) / width
    return np.convolve(np.pad(y, width // 2, mode="edge"), kernel, mode="valid")
