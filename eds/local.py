"""Local fits of characteristic lines.

A local fit takes the spectrum around one line as a sum of Gaussian families and a straight continuum and
maximises the Poisson likelihood with non-negative amplitudes. Leakage of neighbours is what their fitted
families put into the window of the element.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import xlogy

from interlayer.eds.lines import RESOLUTION, Family, families, width
from interlayer.eds.spectrum import ALWAYS, template

Floats = NDArray[np.float64]

#: eV, standard deviations to which the energy of a line and the resolution that a file states are trusted
TRUST = np.array([8.0, 6.0])


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
    shift, resolution
        eV, by which the lines stand higher than their energies, and at Mn Kα, as fitted.
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
    resolution: float

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
        # a strong line reaches two FWHM into the fit
        if any(
            abs(line - family.main) < reach + 2 * float(width(line, resolution)) for line in other.energies
        ):
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
    first, last = (int(np.clip(np.searchsorted(energy, e), 0, energy.size)) for e in (low, high))
    last = max(last, min(first + 8, energy.size))
    part, seen = energy[first:last], counts[first:last]
    others = _neighbours(family, present, resolution, 3.2 * fwhm)
    straight = _continuum(part)

    def shapes(place: Floats) -> Floats:
        shift, wider = place
        lines = [template(each, part, resolution + wider, shift) for each in (family, *others)]
        return np.stack([*lines, *straight], axis=1)

    place = _place(shapes, seen) if seen.sum() > 300 else np.zeros(2)
    table = shapes(place)
    amplitudes, _ = poisson_amplitudes(table, seen)
    covariance = _covariance(shapes, place, amplitudes, seen)
    names = (family.name, *(each.name for each in others), "continuum", "continuum slope")
    window = _window(table, amplitudes, part, family.main + place[0], fwhm)
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
        float(place[0]),
        resolution + float(place[1]),
    )


def _continuum(part: Floats) -> list[Floats]:
    """Return two components that span a straight continuum, each of unit sum."""
    ramp = np.linspace(0.0, 1.0, part.size)
    return [np.asarray(each / each.sum(), dtype=np.float64) for each in (1.0 - ramp, ramp)]


def _place(shapes: Callable[[Floats], Floats], seen: Floats) -> Floats:
    """Return the shift of the energies and the change of the resolution (eV) that fit best."""

    def misfit(place: Floats) -> float:
        if abs(place[1]) > 4 * TRUST[1]:
            return float(np.inf)
        table = shapes(place)
        model = np.maximum(table @ poisson_amplitudes(table, seen, 8)[0], 1e-9)
        deviance = 2 * np.sum(model - seen + xlogy(seen, np.maximum(seen, 1e-9) / model))
        return float(deviance + np.sum((place / TRUST) ** 2))

    simplex = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    found = optimize.fmin(
        misfit, np.zeros(2), xtol=0.1, ftol=0.1, maxfun=80, disp=False, initial_simplex=simplex
    )
    return np.array([float(found[0]), float(found[1])])


def _covariance(
    shapes: Callable[[Floats], Floats], place: Floats, amplitudes: Floats, seen: Floats
) -> Floats:
    """Return the covariance of the amplitudes; the energies and the resolution were fitted too."""
    table = shapes(place)
    model = np.maximum(table @ amplitudes, 1e-3 * max(float(seen.mean()), 1e-3))
    moves = [0.5 * (shapes(place + step) - shapes(place - step)) @ amplitudes for step in np.eye(2)]
    slopes = np.column_stack([table, *moves])
    information = (slopes / model[:, None]).T @ slopes
    information[-2:, -2:] += np.diag(1 / TRUST**2)
    size = table.shape[1]
    inverse = np.linalg.pinv(information, rcond=1e-12, hermitian=True)
    return np.asarray(inverse[:size, :size], dtype=np.float64)


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
