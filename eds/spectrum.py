"""The sum spectrum: continuum, which elements are in it, and local fits of characteristic lines.

A local fit takes the spectrum around one line as a sum of Gaussian families and a straight continuum and
maximises the Poisson likelihood with non-negative amplitudes. Leakage of neighbours is what their fitted
families put into the window of the element.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import ndtr, xlogy

from interlayer.eds.lines import FWHM, RESOLUTION, Family, families, width

Floats = NDArray[np.float64]

#: bytes of a cube summed at a time
BLOCK = 48 * 2**20
#: light elements that always take part in a fit near their lines: they are in nearly every sample
ALWAYS = ("C", "N", "O")


def total(counts: xr.DataArray) -> Floats:
    """Return the sum spectrum of a cube (y, x, energy), block by block; a spectrum is returned as it is."""
    values = counts.values
    if values.ndim == 1:
        return np.asarray(values, dtype=np.float64)
    lines = max(1, int(BLOCK // max(values.nbytes // values.shape[0], 1)))
    result = np.zeros(values.shape[-1])
    for first in range(0, values.shape[0], lines):
        block = values[first : first + lines]
        kind = np.float64 if block.dtype.kind == "f" else np.uint32
        result += block.reshape(-1, block.shape[-1]).sum(axis=0, dtype=kind)
    return result


def template(
    family: Family, energy: Floats, resolution: float, shift: float = 0.0, stretch: float = 1.0
) -> Floats:
    """Return the share of a family's counts that falls into each channel: (channel,)."""
    step = float(energy[1] - energy[0])
    shape = np.zeros(energy.size)
    for line, weight in zip(family.energies, family.weights, strict=True):
        sigma = stretch * float(width(line, resolution)) / FWHM
        upper = (energy + 0.5 * step - line - shift) / sigma
        shape += weight * (ndtr(upper) - ndtr(upper - step / sigma))
    return shape


def continuum(counts: Floats, energy: Floats, resolution: float) -> Floats:
    """Return the continuum under a spectrum by peak clipping.

    Notes
    -----
    SNIP on the doubly logarithmic scale: C. G. Ryan et al., Nucl. Instrum. Methods B 34 (1988) 396. The
    clipping reaches out to 1.3 FWHM of each energy.
    """
    step = float(energy[1] - energy[0])
    smooth = np.convolve(np.pad(counts, 2, mode="edge"), np.ones(5) / 5, "valid")
    work = np.log(np.log(np.sqrt(smooth + 1) + 1) + 1)
    reach = np.maximum(1.3 * width(np.maximum(energy, 0.0), resolution) / step, 1.0)
    place = np.arange(counts.size)
    for share in np.linspace(1.0, 0.05, 20):
        move = np.maximum(np.round(share * reach).astype(int), 1)
        low, high = np.maximum(place - move, 0), np.minimum(place + move, counts.size - 1)
        work = np.minimum(work, 0.5 * (work[low] + work[high]))
    return np.asarray((np.exp(np.exp(work) - 1) - 1) ** 2 - 1)


@dataclass(frozen=True, slots=True)
class Found:
    """A family found in the sum spectrum: net counts and significance (sigma)."""

    family: Family
    counts: float
    significance: float


def identify(
    counts: Floats,
    energy: Floats,
    resolution: float,
    kilovolts: float = 0.0,
    hints: Sequence[str] = (),
    threshold: float = 6.0,
) -> list[Found]:
    """Return the families that the sum spectrum needs, by non-negative least squares.

    A family is dropped, and the rest fitted again, when it is not significant, when a higher shell of its
    element would be excited well but is missing, or when it is a ghost beside a much stronger line.

    Parameters
    ----------
    hints
        Elements that the file names; they are spared the test for ghosts.
    threshold
        Significance against counting statistics that a family must have.
    """
    highest = min(float(energy[-1]), 800.0 * kilovolts if kilovolts > 0 else np.inf)
    region = (energy > 150.0) & (energy < highest * 1.05)
    if region.sum() < 20 or counts[region].sum() < 50:
        return []
    background = np.maximum(continuum(counts, energy, resolution), 0.0)
    sigma = np.sqrt(np.maximum(counts, 0.0) + 0.02 * background + 1.0)[region]
    candidates = [each for each in families() if 200 < each.main < highest]
    columns = {each: template(each, energy, resolution)[region] for each in candidates}
    found: list[Found] = []
    for _ in range(6):
        shapes = np.stack([columns[each] for each in candidates], axis=1)
        amplitudes, _ = optimize.nnls(shapes / sigma[:, None], (counts - background)[region] / sigma)
        found = []
        for family, shape, amplitude in zip(candidates, shapes.T, amplitudes, strict=True):
            core = shape > 0.25 * shape.max()
            below = float((counts + background)[region][core].sum())
            noise = max(float(np.sqrt(below)) / max(float(shape[core].sum()), 1e-9), 1.0)
            if amplitude > threshold * noise:
                found.append(Found(family, float(amplitude), float(amplitude / noise)))
        kept = [each for each in found if _believable(each, found, 0.55 * highest, hints)]
        if len(kept) == len(candidates):
            return kept
        candidates = [each.family for each in kept]
        if not candidates:
            return []
    return found


def _believable(each: Found, found: Sequence[Found], excited: float, hints: Sequence[str]) -> bool:
    """Return whether a family is neither without its higher shell nor a ghost of a strong neighbour."""
    element = each.family.element
    seen = {(other.family.element, other.family.shell) for other in found}
    for other in families():
        if other.element == element and other.main < excited and other.main > each.family.main:
            if (element, other.shell) not in seen:
                return False
            break
    if element in hints or (element in ALWAYS and each.family.shell == "K"):
        return True
    if any(
        (other.element in hints or (other.element in ALWAYS and other.shell == "K"))
        and abs(other.main - each.family.main) < 0.6 * float(width(other.main))
        for other in families()
        if other.element != element
    ) and not any(owner == element and shell < each.family.shell for owner, shell in seen):
        return False
    return not any(
        other.counts > 8 * each.counts
        and min(abs(line - each.family.main) for line in other.family.energies)
        < 3.5 * float(width(each.family.main))
        for other in found
        if other.family.element != element
    )


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
