"""From a spectrum map to the counts of one element: raw window counts, and what leaks into them.

The window counts stay raw, so that they are Poisson; lines of other elements enter the layer's likelihood
as an expected offset, found from spectra summed along the layer at each depth.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.eds.layer import Layered
from interlayer.eds.local import Local
from interlayer.eds.spectrum import BLOCK

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """One element of a cube.

    Parameters
    ----------
    local
        Fit of the sum spectrum around the element's line.
    region
        (y, x, channel) counts in the channels of the local fit.
    counts
        (y, x) raw counts in the element's window.
    """

    local: Local
    region: NDArray[np.float32]
    counts: Floats


def window(cube: xr.DataArray, local: Local) -> Window:
    """Return the counts around an element's line, read block by block."""
    values = cube.values
    region = np.empty((*values.shape[:2], local.energy.size), dtype=np.float32)
    lines = max(1, int(BLOCK // max(values.nbytes // values.shape[0], 1)))
    for first in range(0, values.shape[0], lines):
        region[first : first + lines] = values[first : first + lines, :, local.channels]
    return Window(local, region, region[:, :, local.window].sum(axis=2).astype(np.float64))


def projection(local: Local) -> Floats:
    """Return the weighted least-squares projection of a spectrum on the components: (component, channel).

    Weights are those of the sum spectrum, so that the estimate is linear in the counts and unbiased
    however few they are.
    """
    model = np.maximum(local.shapes @ local.amplitudes, 1e-6 * local.amplitudes.max() + 1e-9)
    weighted = local.shapes / model[:, None]
    return np.asarray(np.linalg.pinv(weighted.T @ local.shapes, rcond=1e-10, hermitian=True) @ weighted.T)


def element_map(found: Window) -> Floats:
    """Return the fitted counts of the element per pixel, background and neighbours taken off: (y, x)."""
    return np.asarray(found.region @ projection(found.local)[0].astype(np.float32), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Depths:
    """Component counts by depth.

    ``depth`` (bin,) nm from the layer's centre, ``pixels`` (bin,), ``components`` (component, bin) counts,
    ``variance`` (bin,) of the element's, ``index`` (y, x) bin of each pixel,
    ``local`` the fit that gave the components.
    """

    local: Local
    depth: Floats
    pixels: Floats
    components: Floats
    variance: Floats
    index: NDArray[np.intp]


def by_depth(found: Window, where: Floats, pitch: float) -> Depths:
    """Return the components of the spectra summed at each depth.

    Parameters
    ----------
    where
        (y, x) depth of each pixel below the layer's centre, nm.
    pitch
        Bin width, nm.
    """
    index = np.round(where / pitch).astype(np.intp)
    low = int(index.min())
    index -= low
    flat = index.ravel()
    order = np.argsort(flat, kind="stable")
    starts = np.flatnonzero(np.diff(flat[order], prepend=-1))
    present = flat[order][starts]
    spectra = np.add.reduceat(found.region.reshape(-1, found.region.shape[2])[order], starts, axis=0)
    bins = int(flat.max()) + 1
    matrix = projection(found.local)
    components = np.zeros((matrix.shape[0], bins))
    components[:, present] = matrix @ spectra.T
    variance = np.zeros(bins)
    variance[present] = matrix[0] ** 2 @ spectra.T
    pixels = np.bincount(flat, minlength=bins).astype(np.float64)
    depth = (np.arange(bins, dtype=np.float64) + low) * pitch
    return Depths(found.local, depth, pixels, components, variance, index)


def leakage(depths: Depths) -> Floats:
    """Return the expected counts of neighbouring lines in the window of each pixel: (y, x)."""
    lines = slice(1, len(depths.local.names) - 2)
    shares = depths.local.shares[lines]
    per_bin = np.maximum(shares @ depths.components[lines], 0.0)
    kernel = np.array([0.25, 0.5, 0.25])
    smooth = np.convolve(np.pad(per_bin, 1, mode="edge"), kernel, "valid")
    area = np.convolve(np.pad(depths.pixels, 1, mode="edge"), kernel, "valid")
    return np.asarray((smooth / np.maximum(area, 1e-9))[depths.index])


def line_excess(depths: Depths, layered: Layered) -> float:
    """Return how far the element's fitted line stands higher in the layer than on both sides, in sigma."""
    half = 0.5 * float(layered.fit.theta[layered.problem.lay.width])
    blur = float(layered.fit.theta[layered.problem.lay.blurs].max())
    inside = np.abs(depths.depth) < max(half - 0.3 * blur, 0.5 * half)
    reach = half + max(blur, 0.2 * half)
    excess = np.inf
    level, spread = _mean(depths, inside)
    for side in (depths.depth < -reach, depths.depth > reach):
        if depths.pixels[side].sum() > 0:
            other, noise = _mean(depths, side)
            excess = min(excess, (level - other) / max(float(np.hypot(spread, noise)), 1e-12))
    return float(excess) if np.isfinite(excess) else 0.0


def _mean(depths: Depths, use: NDArray[np.bool_]) -> tuple[float, float]:
    pixels = max(float(depths.pixels[use].sum()), 1.0)
    return float(depths.components[0, use].sum() / pixels), float(
        np.sqrt(depths.variance[use].sum()) / pixels
    )


def core(layered: Layered, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels (y, x) inside a layer: a blur away from both interfaces, half of it at least."""
    half = 0.5 * float(layered.fit.theta[layered.problem.lay.width])
    blur = float(layered.fit.theta[layered.problem.lay.blurs].max())
    return np.abs(depth_below(layered, shape)) < max(half - blur, 0.5 * half)


def depth_below(layered: Layered, shape: tuple[int, int]) -> Floats:
    """Return the depth of each pixel of the original map below the layer's centre, across the rows: nm."""
    data, lay, basis = layered.data, layered.problem.lay, layered.problem.shape
    theta = layered.fit.theta
    centre = theta[lay.centre] + basis.wave @ theta[lay.wave]
    if lay.sloped:
        centre = centre + theta[lay.slope] * basis.along
    height, width = shape[::-1] if layered.transposed else shape
    columns = np.linspace(0, 1, width) if width > 1 else np.zeros(1)
    span = columns * (width - 1) - (width - 1) / 2
    step = layered.step[1]
    line = np.interp(span * step, data.position, centre) + data.slope * span * step
    below = (np.arange(height)[:, None] + 0.5) * layered.step[0] - line[None, :]
    return np.asarray(below.T if layered.transposed else below)
