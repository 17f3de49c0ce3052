"""Simulated patterns that share no code with the analysis: Voigt lines from cells written here."""

import numpy as np
import xarray as xr
from scipy.special import voigt_profile

ALPHA = (1.5405929, 1.5444274)
#: phase: lines (h² form already as 1/d² coefficients of 1/a², 1/c²), relative intensity, reflection
LINES = {
    "Li3N": [
        ((0.0, 1.0), 1.0),
        ((4 / 3, 0.0), 0.9),
        ((0.0, 4.0), 0.25),
        ((4.0, 0.0), 0.6),
        ((4.0, 1.0), 0.45),
    ],
    "Li": [((2.0, 0.0), 1.0), ((4.0, 0.0), 0.2), ((6.0, 0.0), 0.35)],
    "austenite": [((3.0, 0.0), 1.0), ((4.0, 0.0), 0.45)],
}


def lines_of(phase: str, a: float, c: float) -> list[tuple[float, float]]:
    """Return spacing (angstrom) and intensity of each line."""
    return [(1 / np.sqrt(ka / a**2 + kc / max(c, 1.0) ** 2), strength) for (ka, kc), strength in LINES[phase]]


def pattern(
    content: list[tuple[str, float, float, float, float, float]],
    *,
    seed: int = 0,
    radius: float = 200.0,
    background: float = 150.0,
    hump: float = 300.0,
    width: float = 0.07,
    extra: tuple[tuple[float, float, float], ...] = (),
) -> xr.Dataset:
    """Return a pattern with counting noise.

    Parameters
    ----------
    content
        Phase, a, c, area of its strongest line (counts degree), size (nm), displacement (mm).
    extra
        Lines by themselves: 2θ of Kα1, area, Lorentzian FWHM in degree.
    """
    x = np.arange(20, 70.001, 0.02)
    y = background + 400 * np.exp(-(x - 20) / 8) + hump * np.exp(-0.5 * ((x - 21) / 2.0) ** 2)
    sigma = width / 2.3548
    for phase, a, c, area, size, displacement in content:
        for spacing, strength in lines_of(phase, a, c):
            for wave, part in zip(ALPHA, (1.0, 0.5), strict=True):
                theta = np.arcsin(wave / 2 / spacing)
                place = np.degrees(2 * theta - 2 * displacement / radius * np.cos(theta))
                lorentz = np.degrees(0.9 * wave / 10 / size / np.cos(theta)) + 0.033 * np.tan(theta) + 0.01
                y = y + area * strength * part * voigt_profile(x - place, sigma, lorentz / 2)
    for place, area, lorentz in extra:
        second = 2 * np.degrees(np.arcsin(np.sin(np.radians(place / 2)) * ALPHA[1] / ALPHA[0]))
        for at, part in ((place, 1.0), (second, 0.5)):
            y = y + area * part * voigt_profile(x - at, sigma, lorentz / 2)
    counts = np.random.default_rng(seed).poisson(y).astype(float)
    return xr.Dataset(
        {"intensity": ("two_theta", counts, {"units": "counts", "long_name": "Intensity"})},
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={"anode": "Cu", "goniometer_radius": radius, "source": "simulated"},
    )
