"""Simulated patterns that share no code with the analysis: rays through slits, Voigt lines, own cells."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import voigt_profile

Floats = NDArray[np.floating[Any]]

#: energy, FWHM (eV), peak height of the Cu Kα lines; the first two are Kα1 (Hölzer et al. 1997)
CU = ((8047.837, 2.285, 957.0), (8045.367, 3.358, 90.0), (8027.993, 2.666, 334.0), (8026.504, 3.571, 111.0))
HC, KALPHA1 = 12398.4198, 1.5405929
#: phase: lines (1/d² coefficients of 1/a², 1/c²), relative intensity
LINES = {
    "Li3N": [
        ((0.0, 1.0), 1.0),
        ((4 / 3, 0.0), 0.9),
        ((0.0, 4.0), 0.25),
        ((4.0, 0.0), 0.6),
        ((4.0, 1.0), 0.45),
    ],
    "beta-Li3N": [
        ((0.0, 4.0), 0.52),
        ((4 / 3, 0.0), 0.36),
        ((4 / 3, 1.0), 0.61),
        ((4.0, 0.0), 1.0),
        ((4 / 3, 9.0), 0.9),
        ((4.0, 4.0), 0.19),
    ],
    "Li": [((2.0, 0.0), 1.0), ((4.0, 0.0), 0.2), ((6.0, 0.0), 0.35)],
    "austenite": [((3.0, 0.0), 1.0), ((4.0, 0.0), 0.45)],
    "Cu": [((3.0, 0.0), 1.0), ((4.0, 0.0), 0.46)],
    "LaB6": [((float(s), 0.0), i) for s, i in zip(
        (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14),
        (0.55, 1.0, 0.4, 0.22, 0.45, 0.25, 0.08, 0.2, 0.15, 0.1, 0.03, 0.1, 0.12), strict=True)],
}  # fmt: skip
LAB6 = 4.156826


@dataclass(frozen=True)
class Machine:
    """A diffractometer: mm; Gaussian FWHM, optics, divergence and zero in degree, Soller slits in radian."""

    radius: float = 200.0
    width: float = 0.07
    optics: float = 0.01
    soller: float = 0.037
    correlation: float = -0.25
    divergence: float = 0.5
    zero: float = 0.0

    def shifts(self, two_theta: float, parts: int = 16) -> Floats:
        """Return shifts (degree) of equal parts of a line: exact axial rays, and a flat specimen."""
        rng = np.random.default_rng(7)
        first, other = rng.triangular(-1, 0, 1, (2, 4000)) * self.soller
        after = self.correlation * first + np.sqrt(1 - self.correlation**2) * other
        phi = np.radians(rng.uniform(-0.5, 0.5, 4000) * self.divergence)
        angle = np.radians(two_theta)
        cosine = (np.cos(angle) - np.sin(first) * np.sin(after)) / (np.cos(first) * np.cos(after))
        total = np.degrees(np.arccos(np.clip(cosine, -1, 1)) - angle - 2 * phi**2 / np.tan(angle / 2))
        return np.asarray(np.sort(total).reshape(parts, -1).mean(axis=1)) + self.zero

    def line(
        self,
        x: Floats,
        two_theta: float,
        area: float,
        size: float = 1e6,
        strain: float = 0.0,
        height: float = 0.0,
        extra: float = 0.0,
    ) -> Floats:
        """Return a reflection: area of Kα1, size in nm (K = 0.9), height in mm, extra Lorentzian FWHM."""
        total, sine = np.zeros(x.size), np.sin(np.radians(two_theta / 2))
        whole, shifts = sum(w * h for _, w, h in CU[:2]), self.shifts(two_theta)
        for energy, natural, peak in CU:
            theta = np.arcsin(sine * HC / energy / KALPHA1)
            place = np.degrees(2 * theta - 2 * height / self.radius * np.cos(theta)) + shifts
            lorentz = np.degrees(0.9 * KALPHA1 / 10 / size / np.cos(theta) + 4 * strain * np.tan(theta))
            lorentz += np.degrees(2 * natural / energy * np.tan(theta)) + self.optics / np.cos(theta) + extra
            near = np.abs(x - two_theta) < 15
            value = voigt_profile(x[near, None] - place, self.width / 2.35482, lorentz / 2).mean(axis=1)
            total[near] += area * natural * peak / whole * value
        return total


def angle_of(spacing: float) -> float:
    """Return 2θ (degree) of Kα1 for a spacing in angstrom."""
    return float(2 * np.degrees(np.arcsin(KALPHA1 / 2 / spacing)))


def lines_of(phase: str, a: float, c: float) -> list[tuple[float, float]]:
    """Return spacing (angstrom) and intensity of each line."""
    return [(1 / np.sqrt(ka / a**2 + kc / max(c, 1.0) ** 2), strength) for (ka, kc), strength in LINES[phase]]


def dataset(x: Floats, y: Floats, seed: int, radius: float, **attrs: str | float) -> xr.Dataset:
    """Return counts drawn about ``y`` as a raw pattern."""
    counts = np.random.default_rng(seed).poisson(y).astype(float)
    return xr.Dataset(
        {"intensity": ("two_theta", counts, {"units": "counts", "long_name": "Intensity"})},
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={"anode": "Cu", "goniometer_radius": radius, "source": "simulated", **attrs},
    )


def pattern(
    content: list[tuple[str, float, float, float, float, float]],
    *,
    seed: int = 0,
    radius: float = 200.0,
    background: float = 150.0,
    hump: float = 300.0,
    width: float = 0.07,
    extra: tuple[tuple[float, float, float], ...] = (),
    machine: Machine | None = None,
    limits: tuple[float, float] = (20.0, 70.0),
    strain: float = 0.0,
    **attrs: str | float,
) -> xr.Dataset:
    """Return a pattern with counting noise.

    Parameters
    ----------
    content
        Phase, a, c, area of its strongest line (counts degree), size (nm), displacement (mm).
    extra
        Lines by themselves: 2θ of Kα1, area, Lorentzian FWHM in degree.
    machine
        The diffractometer; default: one of this radius and width.
    """
    device = machine or Machine(radius=radius, width=width)
    x = np.arange(limits[0], limits[1] + 0.001, 0.02)
    y = background + 400 * np.exp(-(x - 20) / 8) + hump * np.exp(-0.5 * ((x - 21) / 2.0) ** 2)
    for phase, a, c, area, size, height in content:
        for spacing, strength in lines_of(phase, a, c):
            y = y + device.line(x, angle_of(spacing), area * strength, size, strain, height)
    for place, area, lorentz in extra:
        y = y + device.line(x, place, area, extra=lorentz)
    return dataset(x, y, seed, device.radius, **attrs)


def standard(
    machine: Machine, *, seed: int = 0, height: float = 0.01, limits: tuple[float, float] = (20.0, 120.0)
) -> xr.Dataset:
    """Return a pattern of LaB6 without broadening of its own."""
    content = [("LaB6", LAB6, 0.0, 900.0, 1e5, height)]
    return pattern(content, seed=seed, background=60.0, hump=0.0, machine=machine, limits=limits)
