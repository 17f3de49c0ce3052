"""The sum spectrum: continuum, templates of characteristic lines, and which elements are in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import ndtr

from interlayer.eds.lines import FWHM, Family, families, width

Floats = NDArray[np.float64]

#: bytes of a cube summed at a time
BLOCK = 48 * 2**20
#: eV, reach of the continuum's clipping where the lines of light elements crowd
CROWD = 200.0
#: light elements that always take part in a fit near their lines: they are in nearly every sample
ALWAYS = ("C", "N", "O")


def total(counts: xr.DataArray, where: NDArray[np.bool_] | None = None) -> Floats:
    """Return the sum spectrum of a cube (y, x, energy), block by block; a spectrum is returned as it is.

    Parameters
    ----------
    where
        (y, x) pixels that are summed; all without it.
    """
    values = counts.values
    if values.ndim == 1:
        return np.asarray(values, dtype=np.float64)
    lines = max(1, int(BLOCK // max(values.nbytes // values.shape[0], 1)))
    result = np.zeros(values.shape[-1])
    for first in range(0, values.shape[0], lines):
        block = values[first : first + lines]
        kind = np.float64 if block.dtype.kind == "f" else np.uint32
        part = block.reshape(-1, block.shape[-1]) if where is None else block[where[first : first + lines]]
        result += part.sum(axis=0, dtype=kind)
    return result


def template(family: Family, energy: Floats, resolution: float, shift: float = 0.0) -> Floats:
    """Return the share of a family's counts that falls into each channel: (channel,)."""
    step = float(energy[1] - energy[0])
    shape = np.zeros(energy.size)
    for line, weight in zip(family.energies, family.weights, strict=True):
        sigma = float(width(line, resolution)) / FWHM
        upper = (energy + 0.5 * step - line - shift) / sigma
        shape += weight * (ndtr(upper) - ndtr(upper - step / sigma))
    return shape


def continuum(counts: Floats, energy: Floats, resolution: float) -> Floats:
    """Return the continuum under a spectrum by peak clipping.

    Notes
    -----
    SNIP on the doubly logarithmic scale: C. G. Ryan et al., Nucl. Instrum. Methods B 34 (1988) 396. The
    clipping reaches out to 1.3 FWHM of each energy, and below 1 keV to `CROWD`, because C, N, O and F stand
    so close there that the spectrum never comes down to its continuum between them.
    """
    step = float(energy[1] - energy[0])
    smooth = np.convolve(np.pad(counts, 2, mode="edge"), np.ones(5) / 5, "valid")
    work = np.log(np.log(np.sqrt(smooth + 1) + 1) + 1)
    reach = np.maximum(1.3 * width(np.maximum(energy, 0.0), resolution), np.where(energy < 1000, CROWD, 0.0))
    reach = np.maximum(reach / step, 1.0)
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
