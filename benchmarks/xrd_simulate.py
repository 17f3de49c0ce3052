"""Simulated anode patterns for the XRD benchmarks: rays, not the analysis's formulas.

Every line is the sum of Voigt profiles over the emission lines and over rays whose 2θ follows from the exact
geometry: axial angles behind Soller slits before and after the specimen, a flat specimen in a divergent beam,
displacement. Cells, intensities, widths, slits and noise are drawn at random; each line is also moved by
0.002° (steps of the goniometer, coarse grains). No code is shared with the analysis.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import voigt_profile

Floats = NDArray[np.floating[Any]]

#: energy, FWHM (eV) and peak height of the Cu Kα lines; the first two are Kα1
CU = ((8047.837, 2.285, 957.0), (8045.367, 3.358, 90.0), (8027.993, 2.666, 334.0), (8026.504, 3.571, 111.0))
HC = 12398.4198
#: wavelength that 2θ is given for
KALPHA1 = 1.5405929
#: coefficients of 1/a² and 1/c² in 1/d², and intensity
HEXAGONAL = {
    "Li3N": [
        ((0, 1), 1.0),
        ((4 / 3, 0), 0.9),
        ((4 / 3, 1), 0.04),
        ((0, 4), 0.26),
        ((4, 0), 0.62),
        ((4, 1), 0.32),
        ((4 / 3, 4), 0.15),
        ((16 / 3, 0), 0.06),
    ],
    "beta-Li3N": [
        ((0, 4), 0.52),
        ((4 / 3, 0), 0.36),
        ((4 / 3, 1), 0.61),
        ((4, 0), 1.0),
        ((4 / 3, 9), 0.90),
        ((4, 4), 0.19),
    ],
}
CUBIC = {
    "Li": [(2, 1.0), (4, 0.18), (6, 0.36)],
    "austenite": [(3, 1.0), (4, 0.46)],
    "LaB6": [(1, 0.55), (2, 1.0), (3, 0.4), (4, 0.22), (5, 0.45), (6, 0.25), (8, 0.08), (9, 0.2)],
}
#: a, b, c, β of Li2CO3 and a, c of LiOH; hkl and intensity
CELLS = {"Li2CO3": (8.359, 4.9725, 6.1975, 114.83), "LiOH": (3.549, 3.549, 4.334, 90.0)}
AIR = {
    "Li2CO3": [
        ((1, 1, 0), 0.71),
        ((2, 0, 0), 0.11),
        ((1, 1, 1), 0.22),
        ((2, 0, -2), 0.76),
        ((0, 0, 2), 1.0),
        ((1, 1, -2), 0.28),
        ((0, 2, 0), 0.16),
        ((3, 1, -1), 0.4),
        ((0, 2, 1), 0.16),
        ((3, 1, 0), 0.09),
        ((3, 1, 1), 0.17),
        ((1, 3, 0), 0.04),
        ((2, 0, -4), 0.16),
        ((2, 2, 2), 0.06),
        ((3, 3, -1), 0.07),
    ],
    "LiOH": [
        ((0, 0, 1), 0.29),
        ((1, 0, 1), 1.0),
        ((1, 1, 0), 0.23),
        ((1, 0, 2), 0.08),
        ((2, 0, 0), 0.2),
        ((2, 0, 1), 0.06),
        ((1, 1, 2), 0.17),
        ((2, 1, 1), 0.17),
    ],
}


@dataclass
class Machine:
    """A diffractometer: what the analysis does not know."""

    rng: np.random.Generator
    radius: float = 217.5
    width: float = 0.075
    slope: float = 0.0
    optics: float = 0.01
    soller: float = 0.037
    correlation: float = -0.25
    divergence: float = 0.5
    jitter: float = 0.002
    #: degree; only for instruments that are calibrated
    zero: float = 0.0
    rays: int = 4000
    parts: int = 20

    def shifts(self, two_theta: float) -> Floats:
        """Return the shifts (degree) of equal parts of a line by axial divergence and the flat specimen."""
        r, rho = self.rng, self.correlation
        first, second = (r.triangular(-1, 0, 1, self.rays) * self.soller for _ in range(2))
        after = rho * first + np.sqrt(1 - rho**2) * second
        angle = np.radians(two_theta)
        rise = np.sin(first) * np.sin(after)
        # k₁·k₂ = cos β₁ cos β₂ cos 2θ' + sin β₁ sin β₂ is the cosine of the Bragg angle
        seen = np.arccos(np.clip((np.cos(angle) - rise) / (np.cos(first) * np.cos(after)), -1, 1))
        phi = r.uniform(-0.5, 0.5, self.rays) * np.radians(self.divergence)
        theta = angle / 2
        # the ray meets the specimen off its centre by x/R and leaves at the Bragg angle
        x = np.sin(phi) / np.sin(theta - phi)
        before = np.arctan2(np.sin(theta), np.cos(theta) + x)
        leaves = np.arctan2(np.sin(theta), np.cos(theta) - x)
        total = np.degrees(seen - angle) - np.degrees(before + leaves - angle)
        return np.asarray(np.sort(total).reshape(self.parts, -1).mean(axis=1))

    def line(
        self, x: Floats, two_theta: float, area: float, size: float, strain: float, height: float
    ) -> Floats:
        """Return a reflection of Kα1 at ``two_theta``; size in nm (K = 0.9), height in mm."""
        total = np.zeros(x.size)
        sine1, moved = np.sin(np.radians(two_theta / 2)), self.rng.normal(0, self.jitter)
        weight = sum(w * h for _, w, h in CU[:2])
        shifts = self.shifts(two_theta) + moved + self.zero
        for energy, natural, peak in CU:
            theta = np.arcsin(sine1 * HC / energy / KALPHA1)
            place = np.degrees(2 * theta - 2 * height / self.radius * np.cos(theta)) + shifts
            lorentz = np.degrees(0.9 * KALPHA1 / 10 / size / np.cos(theta) + 4 * strain * np.tan(theta))
            lorentz += np.degrees(2 * natural / energy * np.tan(theta)) + self.optics / np.cos(theta)
            gauss = np.sqrt(self.width**2 + self.slope * np.tan(theta) ** 2)
            near = np.abs(x - place.mean()) < 12
            value = voigt_profile(x[near, None] - place[None], gauss / 2.35482, lorentz / 2).mean(axis=1)
            total[near] += area * natural * peak / weight * value
        return total


def angle_of(spacing: float) -> float:
    """Return 2θ of Kα1 for a spacing in angstrom."""
    return float(2 * np.degrees(np.arcsin(KALPHA1 / 2 / spacing)))


def air_lines(name: str, stretch: float) -> list[tuple[float, float]]:
    """Return 2θ of Kα1 and intensity of an air product's families, its cell stretched."""
    a, b, c, beta = CELLS[name]
    turn, cosine = np.sin(np.radians(beta)) ** 2, np.cos(np.radians(beta))
    found = []
    for (h, k, l), strength in AIR[name]:
        q = (h**2 / a**2 + l**2 / c**2 - 2 * h * l * cosine / (a * c)) / turn + k**2 / b**2
        found.append((angle_of(float(stretch / np.sqrt(q))), strength))
    return found


def spacings(phase: str, a: float, c: float = 1.0) -> list[tuple[float, float]]:
    """Return spacing and intensity of each family."""
    if phase in HEXAGONAL:
        return [(1 / np.sqrt(ka / a**2 + kc / c**2), strength) for (ka, kc), strength in HEXAGONAL[phase]]
    return [(a / np.sqrt(s), strength) for s, strength in CUBIC[phase]]


def machine(rng: np.random.Generator) -> Machine:
    """Return a diffractometer of the usual kinds."""
    return Machine(
        rng,
        width=rng.uniform(0.045, 0.105),
        slope=rng.uniform(0, 0.004),
        optics=abs(rng.normal(0.01, 0.006)),
        soller=rng.uniform(0.02, 0.05),
        correlation=rng.uniform(-0.5, 0.0),
        divergence=float(rng.choice([0.125, 0.25, 0.5, 1.0], p=[0.2, 0.3, 0.35, 0.15])),
    )


@dataclass
class Anode:
    """One simulated pattern and its truth."""

    raw: xr.Dataset
    truth: dict[tuple[str, str], float] = field(default_factory=dict)
    phases: set[str] = field(default_factory=set)


def background(x: Floats, rng: np.random.Generator, hump: float) -> Floats:
    """Return a falling background with a polymer's hump."""
    y = rng.uniform(100, 400) + rng.uniform(100, 600) * np.exp(-(x - 20) / rng.uniform(6, 15))
    return np.asarray(y + hump * np.exp(-0.5 * ((x - rng.uniform(20.5, 22)) / rng.uniform(1.5, 3.0)) ** 2))


def pattern(x: Floats, y: Floats, rng: np.random.Generator, radius: float, source: str) -> xr.Dataset:
    """Return counts as a raw pattern."""
    counts = rng.poisson(y).astype(float)
    return xr.Dataset(
        {"intensity": ("two_theta", counts, {"units": "counts", "long_name": "Intensity"})},
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={"anode": "Cu", "goniometer_radius": radius, "source": source},
    )


def simulate(
    seed: int,
    *,
    with_li3n: bool = True,
    li3n_area: float = 0.0,
    air: float = 0.3,
    beta: float = 0.0,
    known: Machine | None = None,
) -> Anode:
    """Return a random anode: cells, displacements, sizes, texture, hump, sometimes air products.

    Parameters
    ----------
    li3n_area
        Area of Li3N's strongest line; by default random, well above the noise.
    air
        Probability of Li2CO3 or LiOH.
    beta
        Area of β-Li3N's strongest line over that of α-Li3N's.
    known
        The diffractometer; default: a random one.
    """
    rng = np.random.default_rng(seed)
    x = np.arange(20, 70.001, 0.02)
    device = known or machine(rng)
    device.rng = rng
    sample = rng.normal(0, 0.08)
    height = {"sample": sample, "cell": sample + rng.normal(0, 0.12)}
    found = Anode(pattern(x, np.ones(x.size), rng, device.radius, f"seed {seed}"))
    y = background(x, rng, rng.uniform(0, 500))
    a_li, a_steel = 3.51 * (1 + 3e-4 * rng.normal()), 3.592 * (1 + 1e-3 * rng.normal())
    steel = float(rng.uniform(15, 60))
    for name, a, layer, size in (
        ("Li", a_li, "sample", float(rng.uniform(80, 300))),
        ("austenite", a_steel, "cell", steel),
    ):
        area = rng.uniform(400, 2000)
        for spacing, strength in spacings(name, a):
            total = area * strength * rng.uniform(0.4, 1.6)
            y += device.line(x, angle_of(spacing), total, size, 0.0, height[layer])
        found.truth["lattice_a", name] = a
        found.truth["displacement", name] = height[layer]
        found.phases.add(name)
    if with_li3n:
        a, c = 3.650 * (1 + 8e-4 * rng.normal()), 3.872 * (1 + 8e-4 * rng.normal())
        size, area = float(np.exp(rng.uniform(np.log(8), np.log(40)))), rng.uniform(150, 500)
        area = li3n_area or area
        for spacing, strength in spacings("Li3N", a, c):
            total = area * strength * rng.uniform(0.5, 1.5)
            y += device.line(x, angle_of(spacing), total, size, 0.0, height["sample"])
        found.truth |= {
            ("lattice_a", "Li3N"): a,
            ("lattice_c", "Li3N"): c,
            ("crystallite_size", "Li3N"): size,
            ("displacement", "Li3N"): height["sample"],
        }
        found.phases.add("Li3N")
        if beta:
            for spacing, strength in spacings("beta-Li3N", 3.552 * (1 + 8e-4 * rng.normal()), 6.311):
                total = beta * area * strength * rng.uniform(0.7, 1.3)
                y += device.line(x, angle_of(spacing), total, size, 0.0, height["sample"])
            found.phases.add("beta-Li3N")
    if rng.random() < air:
        name = str(rng.choice(list(AIR)))
        area = rng.uniform(120, 400)
        for at, strength in air_lines(name, 1 + 5e-4 * rng.normal()):
            y += device.line(x, at, area * strength * rng.uniform(0.6, 1.4), 30.0, 0.0, height["sample"])
        found.phases.add(name)
    found.raw = pattern(x, y, rng, device.radius, f"seed {seed}")
    return found
