"""Simulated sections for the tests: a layer between two materials, sharing no code with the analysis."""

from pathlib import Path
from struct import pack_into

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Floats = NDArray[np.float64]


def section(
    rng: np.random.Generator,
    *,
    shape: tuple[int, int] = (120, 128),
    step: float = 20.0,
    thickness: float = 900.0,
    tilt: float = 0.0,
    waviness: float = 0.0,
    blur: tuple[float, float] = (120.0, 120.0),
    levels: tuple[float, float, float] = (0.3, 3.0, 0.6),
    swell: float = 0.0,
) -> Floats:
    """Return mean counts (y, x): steps four times finer than the pixels, smeared by Gaussians, added up."""
    fine = 4
    height, width = shape
    depth = (np.arange(height * fine) + 0.5) * step / fine
    x = (np.arange(width) + 0.5) * step
    centre = 0.5 * height * step + (x - 0.5 * width * step) * np.tan(np.deg2rad(tilt))
    if waviness:
        wave = gaussian_filter1d(rng.standard_normal(width), 25, mode="wrap")
        centre = centre + waviness * (wave - wave.mean()) / wave.std()
    local = np.full(width, thickness)
    if swell:
        part = gaussian_filter1d(rng.standard_normal(width), 12, mode="wrap")
        local = local + swell * (part - part.mean()) / part.std()
    half = 0.5 * local / np.cos(np.deg2rad(tilt))
    mean = np.full((height * fine, width), levels[0])
    for edge, sigma, jump in (
        (centre - half, blur[0], levels[1] - levels[0]),
        (centre + half, blur[1], levels[2] - levels[1]),
    ):
        sharp = (depth[:, None] > edge[None, :]).astype(float)
        mean += jump * gaussian_filter1d(sharp, sigma / step * fine, axis=0, mode="nearest")
    return mean.reshape(height, fine, width).mean(axis=1)


def line_spectrum(
    energies: tuple[float, ...], amounts: Floats, axis: Floats, resolution: float = 130.0
) -> Floats:
    """Return spectra (…, channel) of Gaussian lines; amounts (…, line)."""
    step = axis[1] - axis[0]
    shapes = []
    for energy in energies:
        fwhm = np.sqrt(resolution**2 - 2.5 * (5895 - energy))
        sigma = fwhm / 2.3548
        shapes.append(np.exp(-0.5 * ((axis - energy) / sigma) ** 2) * step / (sigma * np.sqrt(2 * np.pi)))
    return np.asarray(amounts @ np.stack(shapes))


def write_spd(
    folder: Path, counts: NDArray[np.uint8], *, step_um: float, header_ev: int, kilovolts: float
) -> Path:
    """Write an EDAX map with its spc and ipr, by the published layouts; returns the spd."""
    height, width, channels = counts.shape
    head = bytearray(1068)
    head[:15] = b"MAPSPECTRA_DATA"
    for at, value in (
        (16, 1001),
        (20, height * width),
        (24, width),
        (28, height),
        (32, channels),
        (36, 1),
        (40, 1068),
        (44, 1),
    ):
        pack_into("<i", head, at, value)
    path = folder / "map.spd"
    path.write_bytes(bytes(head) + counts.astype(np.uint8).tobytes())
    spc = bytearray(20994)
    pack_into("<f", spc, 0, 0.70)
    pack_into("<i", spc, 28, 3840)
    pack_into("<h", spc, 32, 4096)
    pack_into("<i", spc, 384, header_ev)
    pack_into("<f", spc, 472, 130.0)
    pack_into("<f", spc, 532, kilovolts)
    pack_into("<h", spc, 638, 3)
    for place, number in enumerate((6, 7, 8)):
        pack_into("<h", spc, 640 + 2 * place, number)
    (folder / "map.spc").write_bytes(bytes(spc))
    ipr = bytearray(264)
    pack_into("<h", ipr, 0, 334)
    pack_into("<h", ipr, 52, int(kilovolts * 10))
    pack_into("<ff", ipr, 64, step_um, step_um)
    (folder / "map_Img.ipr").write_bytes(bytes(ipr))
    return path
