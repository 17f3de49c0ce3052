"""Local fits of characteristic lines.

A local fit takes the spectrum around one line as a sum of Gaussian families and a straight continuum and
maximises the Poisson likelihood with non-negative amplitudes. Leakage of neighbours is what their fitted
families put into the window of the element.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import xlogy

from interlayer.eds.lines import RESOLUTION, Family, families, width
from interlayer.eds.spectrum import ALWAYS, template

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Local:
    """Families and straight continuum around the line of one element.

    Parameters
    ----------
    channels
        Slice of the energy axis.
    shapes
        (channel, component): the element first, then its neighbours, then constant and slope.
    names
        Of the components.
    window
        (channel,) True inside the element's window.
    amplitudes, covariance
        Counts in each component of the sum spectrum.
    """

    element: str
    family: Family
    channels: slice
    energy: Floats
    shapes: Floats
    names: tuple[str, ...]
    window: NDArray[np.bool_]
    amplitudes: Floats
    covariance: Floats
    shift: float
    stretch: float

    @property
    def shares(self) -> Floats:
        """Return the share of each component's counts that falls into the window."""
        return np.asarray(self.shapes[self.window].sum(axis=0) / self.shapes.sum(axis=0))

    @property
    def significance(self) -> float:
        """Return the element's amplitude over its standard deviation."""
        return float(self.amplitudes[0] / np.sqrt(max(self.covariance[0, 0], 1e-30)))


def poisson_amplitudes(shapes: Floats, counts: Floats, iterations: int = 40) -> tuple[Floats, Floats]:
    """Return non-negative amplitudes of maximal Poisson likelihood and their covariance.

    Iterated non-negative least squares with weights from the model, not from the data.
    """
    model = np.convolve(np.pad(counts, 2, mode="edge"), np.ones(5) / 5, "valid") + 0.1
    amplitudes = np.zeros(shapes.shape[1])
    for _ in range(iterations):
        sigma = np.sqrt(model)
        new, _ = optimize.nnls(shapes / sigma[:, None], counts / sigma)
        change = float(np.abs(new - amplitudes).max())
        amplitudes = new
        model = np.maximum(shapes @ amplitudes, 1e-3 * max(counts.mean(), 1e-3))
        if change < 1e-4 * max(float(amplitudes.max()), 1.0):
            break
    information = (shapes / model[:, None]).T @ shapes
    covariance = np.linalg.pinv(information, rcond=1e-12, hermitian=True)
    return amplitudes, np.asarray(covariance, dtype=np.float64)


def _neighbours(family: Family, present: Sequence[str], resolution: float, reach: float) -> list[Family]:
    near = []
    for other in families():
        if other.element == family.element and other.shell == family.shell:
            continue
        if other.element not in present and not (other.element in ALWAYS and other.shell == "K"):
            continue
        if any(abs(line - family.main) < reach + float(width(line, resolution)) for line in other.energies):
            near.append(other)
    return near


def local_fit(
    counts: Floats, energy: Floats, family: Family, present: Sequence[str], resolution: float = RESOLUTION
) -> Local:
    """Return the fit of the sum spectrum around the main line of a family.

    Parameters
    ----------
    present
        Elements known to be in the sample; C, N and O always take part near their lines.
    """
    fwhm = float(width(family.main, resolution))
    low, high = max(family.main - 3.2 * fwhm, 180.0 if family.main > 250 else 60.0), family.main + 3.2 * fwhm
    step = float(energy[1] - energy[0])
    first, last = (int(np.clip(np.searchsorted(energy, e), 0, energy.size)) for e in (low, high))
    last = max(last, min(first + 8, energy.size))
    part, seen = energy[first:last], counts[first:last]
    others = _neighbours(family, present, resolution, 3.2 * fwhm)
    ramp = (part - part[0]) / max(float(part[-1] - part[0]), step)
    straight = [1.0 - ramp, ramp]

    def shapes(shift: float, stretch: float) -> Floats:
        lines = [template(each, part, resolution, shift, stretch) for each in (family, *others)]
        return np.stack([*lines, *(each / each.sum() for each in straight)], axis=1)

    def misfit(place: Floats) -> float:
        table = shapes(place[0] * step, 1 + place[1])
        model = np.maximum(table @ poisson_amplitudes(table, seen, 8)[0], 1e-9)
        penalty = (place[0] * step / 8.0) ** 2 + (place[1] / 0.08) ** 2
        deviance = 2 * np.sum(model - seen + xlogy(seen, np.maximum(seen, 1e-9) / model))
        return float(deviance + penalty)

    place: Floats = np.zeros(2)
    if seen.sum() > 300:
        simplex = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.05]])
        place = np.asarray(
            optimize.fmin(misfit, place, xtol=0.01, ftol=0.1, maxfun=60, disp=False, initial_simplex=simplex),
            dtype=np.float64,
        )
    table = shapes(place[0] * step, 1 + place[1])
    amplitudes, covariance = poisson_amplitudes(table, seen)
    names = (family.name, *(each.name for each in others), "continuum", "continuum slope")
    window = _window(table, amplitudes, part, family.main + place[0] * step, fwhm)
    return Local(
        family.element,
        family,
        slice(first, last),
        part,
        table,
        names,
        window,
        amplitudes,
        covariance,
        float(place[0] * step),
        float(1 + place[1]),
    )


def _window(
    shapes: Floats, amplitudes: Floats, energy: Floats, centre: float, fwhm: float
) -> NDArray[np.bool_]:
    """Return the window with the most signal over noise, between ±0.4 and ±1 FWHM."""
    model = shapes @ amplitudes
    best, best_score = np.abs(energy - centre) <= 0.5 * fwhm, -1.0
    for half in np.arange(0.4, 1.01, 0.1) * fwhm:
        inside = np.abs(energy - centre) <= half
        if not inside.any():
            continue
        score = float(shapes[inside, 0].sum() / np.sqrt(max(model[inside].sum(), 1e-9)))
        if score > best_score:
            best, best_score = inside, score
    return best
