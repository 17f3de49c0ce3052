"""Simulated anodes, analysed blind: bias, coverage, false claims, seconds.

``python benchmarks/xrd_anode.py [PATTERNS]`` prints one table. The generator (Voigt lines, tails to the ends
of the scan, cells written here) shares no code with the analysis.
"""

import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import voigt_profile

from interlayer.core.results import rows_of, tables
from interlayer.xrd import analyze

ALPHA, RATIO = (1.5405929, 1.5444274), 0.5
#: coefficients of 1/a² and 1/c² in 1/d², and intensity
LI3N = [((0, 1), 1.0), ((4 / 3, 0), 0.9), ((0, 4), 0.26), ((4, 0), 0.62), ((4, 1), 0.32), ((4 / 3, 4), 0.15)]
CUBIC = {"Li": [(2, 1.0), (4, 0.18), (6, 0.36)], "austenite": [(3, 1.0), (4, 0.46)]}
#: Li2CO3 and LiOH: 2θ of the strongest lines and intensity
AIR = {
    "Li2CO3": [(21.35, 0.8), (30.58, 0.8), (31.79, 1.0), (36.9, 0.4), (39.5, 0.3), (48.7, 0.15)],
    "LiOH": [(20.47, 0.3), (32.58, 1.0), (35.75, 0.35), (49.2, 0.2), (51.46, 0.25), (56.0, 0.2)],
}


@dataclass
class Anode:
    """One simulated pattern and its truth."""

    raw: xr.Dataset
    truth: dict[tuple[str, str], float]
    phases: set[str]


def simulate(seed: int, with_li3n: bool) -> Anode:
    """Return a random anode: cells, displacements, sizes, texture, hump, sometimes air products."""
    rng = np.random.default_rng(seed)
    x = np.arange(20, 70.001, 0.02)
    radius, width = 217.5, rng.uniform(0.05, 0.1)
    height = {"sample": rng.normal(0, 0.08), "cell": 0.0}
    height["cell"] = height["sample"] + rng.normal(0, 0.12)
    y = rng.uniform(100, 400) + rng.uniform(100, 600) * np.exp(-(x - 20) / rng.uniform(6, 15))
    y += rng.uniform(0, 500) * np.exp(-0.5 * ((x - rng.uniform(20.5, 22)) / rng.uniform(1.5, 3.0)) ** 2)
    truth: dict[tuple[str, str], float] = {}
    phases = {"Li", "austenite"}
    a_li, a_steel = 3.51 * (1 + 3e-4 * rng.normal()), 3.592 * (1 + 1e-3 * rng.normal())
    for name, a, layer, size in (("Li", a_li, "sample", 150.0), ("austenite", a_steel, "cell", 25.0)):
        spacings = [(a / np.sqrt(s), i * rng.uniform(0.4, 1.6)) for s, i in CUBIC[name]]
        y += _phase(x, spacings, rng.uniform(400, 2000), size, height[layer], radius, width)
        truth["lattice_a", name] = a
        truth["displacement", name] = height[layer]
    if with_li3n:
        a, c = 3.650 * (1 + 8e-4 * rng.normal()), 3.872 * (1 + 8e-4 * rng.normal())
        size = float(np.exp(rng.uniform(np.log(8), np.log(40))))
        spacings = [(1 / np.sqrt(ka / a**2 + kc / c**2), i * rng.uniform(0.5, 1.5)) for (ka, kc), i in LI3N]
        y += _phase(x, spacings, rng.uniform(150, 500), size, height["sample"], radius, width)
        truth |= {("lattice_a", "Li3N"): a, ("lattice_c", "Li3N"): c, ("crystallite_size", "Li3N"): size}
        truth["displacement", "Li3N"] = height["sample"]
        phases.add("Li3N")
    if rng.random() < 0.3:
        name = str(rng.choice(list(AIR)))
        spacings = [(ALPHA[0] / 2 / np.sin(np.radians(at / 2)), i) for at, i in AIR[name]]
        y += _phase(x, spacings, 250.0, 30.0, height["sample"], radius, width)
        phases.add(name)
    counts = rng.poisson(y).astype(float)
    raw = xr.Dataset(
        {"intensity": ("two_theta", counts, {"units": "counts", "long_name": "Intensity"})},
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={"anode": "Cu", "goniometer_radius": radius, "source": f"seed {seed}"},
    )
    return Anode(raw, truth, phases)


def _phase(
    x: NDArray[np.floating[Any]],
    spacings: list[tuple[float, float]],
    area: float,
    size: float,
    height: float,
    radius: float,
    width: float,
) -> NDArray[np.floating[Any]]:
    total = np.zeros(x.size)
    for spacing, strength in spacings:
        for wave, part in zip(ALPHA, (1.0, RATIO), strict=True):
            theta = np.arcsin(wave / 2 / spacing)
            place = np.degrees(2 * theta - 2 * height / radius * np.cos(theta))
            lorentz = np.degrees(0.9 * wave / 10 / size / np.cos(theta)) + 0.033 * np.tan(theta) + 0.008
            total += area * strength * part * voigt_profile(x - place, width / 2.3548, lorentz / 2)
    return total


def main(patterns: int) -> None:
    """Analyse the patterns (every fifth without Li3N) and print the table."""
    errors: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    all_found = false = li3n_false = without = 0
    seconds = []
    for seed in range(patterns):
        anode = simulate(seed, with_li3n=seed % 5 != 0)
        start = time.process_time()
        result = analyze(anode.raw)
        seconds.append(time.process_time() - start)
        found = {
            str(c["phase"]) for c in tables(result)["candidates"] if str(c["status"]).startswith("found")
        }
        without += "Li3N" not in anode.phases
        li3n_false += "Li3N" in found - anode.phases
        all_found += anode.phases - set(AIR) <= found
        false += bool(found - anode.phases)
        if found != anode.phases:
            print(f"seed {seed}: held {sorted(anode.phases)}, found {sorted(found)}", file=sys.stderr)
        for row in rows_of(result):
            key = (row.quantity, row.subject)
            if key in anode.truth and row.status == "measured":
                errors[key].append((row.value - anode.truth[key], row.low <= anode.truth[key] <= row.high))
    print(f"{patterns} patterns, {without} without Li3N")
    print(f"all of Li3N, Li, austenite found: {all_found}; something false found: {false}")
    print(f"Li3N claimed where there is none: {li3n_false} of {without}")
    print(f"seconds of one core per analysis: median {np.median(seconds):.2f}, longest {max(seconds):.2f}")
    print(f"{'quantity':34}{'n':>5}{'mean error':>13}{'median |error|':>16}{'coverage':>10}")
    for (quantity, subject), each in sorted(errors.items()):
        error, inside = np.array([e for e, _ in each]), np.mean([i for _, i in each])
        name = f"{quantity} {subject}"
        middle = np.median(np.abs(error))
        print(f"{name:34}{len(each):5d}{error.mean():13.5f}{middle:16.5f}{100 * inside:9.1f}%")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
