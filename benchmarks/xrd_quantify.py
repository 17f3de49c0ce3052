"""Weight fractions of simulated and real powder mixtures: bias, coverage, limits.

``python benchmarks/xrd_quantify.py [PATTERNS [FIRST_SEED [REAL]]]`` prints tables. The generator has its own
cells, sites, form factors (Cromer–Mann), thermal factors and March–Dollase texture, random within limits;
it shares no code with the analysis. PATTERNS of each kind: random mixtures of two or three phases, and α-Li3N
with 0, 5, 10, 20 % β-Li3N. REAL: folder with the weighed mixtures.
"""

import itertools
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import voigt_profile

from interlayer.core.results import rows_of
from interlayer.core.summary import Row
from interlayer.xrd import analyze, phases, read
from interlayer.xrd.mixture import i_over_ic
from interlayer.xrd.model.source import tube

Floats = NDArray[np.floating[Any]]

WAVES, RATIO = (1.5405929, 1.5444274), 0.5
#: element: a1 b1 … a4 b4 c (International Tables C, 6.1.1.4), f', f'' at Cu Kα, mass
ATOMS = {
    "Li": ((1.1282, 3.9546, 0.7508, 1.0524, 0.6175, 85.3905, 0.4653, 168.261, 0.0377), 0.001 + 0.0j, 6.94),
    "C": ((2.31, 20.8439, 1.02, 10.2075, 1.5886, 0.5687, 0.865, 51.6512, 0.2156), 0.018 + 0.009j, 12.011),
    "N": (
        (12.2126, 0.0057, 3.1322, 9.8933, 2.0125, 28.9975, 1.1663, 0.5826, -11.529),
        0.031 + 0.018j,
        14.007,
    ),
    "O": ((3.0485, 13.2771, 2.2868, 5.7011, 1.5463, 0.3239, 0.867, 32.9089, 0.2508), 0.049 + 0.032j, 15.999),
    "F": ((3.5392, 10.2825, 2.6412, 4.2944, 1.517, 0.2615, 1.0243, 26.1476, 0.2776), 0.073 + 0.053j, 18.998),
    "Si": ((6.2915, 2.4386, 3.0353, 32.3337, 1.9891, 0.6785, 1.541, 81.6937, 1.1407), 0.254 + 0.330j, 28.086),
}
FACES = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]


def _faces(*sites: tuple[str, float, float, float, float]) -> list[tuple[str, float, float, float, float]]:
    return [(e, x + u, y + v, z + w, b) for e, x, y, z, b in sites for u, v, w in FACES]


def _carbonate() -> list[tuple[str, float, float, float, float]]:
    asymmetric = [
        ("Li", 0.1965, 0.4492, 0.8344, 1.5),
        ("C", 0.0, 0.0657, 0.25, 0.9),
        ("O", 0.0, 0.3209, 0.25, 1.2),
        ("O", 0.1459, -0.0660, 0.3128, 1.2),
    ]
    places: dict[tuple[float, ...], tuple[str, float, float, float, float]] = {}
    for e, x, y, z, b in asymmetric:
        for p in ((x, y, z), (-x, y, 0.5 - z), (-x, -y, -z), (x, -y, z + 0.5)):
            for shift in ((0, 0), (0.5, 0.5)):
                at = ((p[0] + shift[0]) % 1, (p[1] + shift[1]) % 1, p[2] % 1)
                places[tuple(round(c, 4) % 1 for c in at)] = (e, *at, b)
    return list(places.values())


T = 1 / 3
#: phase: cell, atoms of the whole cell (element, x, y, z, B)
PHASES: dict[str, tuple[tuple[float, ...], list[tuple[str, float, float, float, float]]]] = {
    "Li3N": (
        (3.652, 3.652, 3.870, 90, 90, 120),
        [("N", 0, 0, 0, 0.9), ("Li", 0, 0, 0.5, 1.6), ("Li", T, 2 * T, 0, 1.6), ("Li", 2 * T, T, 0, 1.6)],
    ),
    "beta-Li3N": (
        (3.552, 3.552, 6.311, 90, 90, 120),
        [
            ("N", T, 2 * T, 0.25, 0.9),
            ("N", 2 * T, T, 0.75, 0.9),
            ("Li", 0, 0, 0.25, 1.6),
            ("Li", 0, 0, 0.75, 1.6),
            *[("Li", x, 1 - x, z, 1.6) for x, z in ((T, 0.583), (2 * T, 0.083), (2 * T, 0.417), (T, 0.917))],
        ],
    ),
    "Li2O": (
        (4.619,) * 3 + (90, 90, 90),
        _faces(("O", 0, 0, 0, 0.7), ("Li", 0.25, 0.25, 0.25, 1.3), ("Li", 0.75, 0.75, 0.75, 1.3)),
    ),
    "LiF": ((4.0263,) * 3 + (90, 90, 90), _faces(("Li", 0, 0, 0, 1.0), ("F", 0.5, 0.5, 0.5, 0.75))),
    "Si": ((5.4311,) * 3 + (90, 90, 90), _faces(("Si", 0, 0, 0, 0.5), ("Si", 0.25, 0.25, 0.25, 0.5))),
    "Li2CO3": ((8.359, 4.9767, 6.194, 90, 114.72, 90), _carbonate()),
}
#: linear absorption coefficients for Cu Kα in 1/cm, from µ/ρ of International Tables C, 4.2.4
ABSORPTION = {"Li3N": 3.7, "beta-Li3N": 4.8, "Li2O": 13.0, "LiF": 31.0, "Si": 148.0, "Li2CO3": 17.0}
#: axes of the texture
AXES = [(0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)]


def lines(name: str, rng: np.random.Generator, texture: float, unsure: float) -> tuple[Floats, Floats, float]:
    """Return spacings, m|F|² over the squared cell volume (texture included), and density.

    ``texture``: range of ln r of March–Dollase; ``unsure``: deviation of the thermal factors.
    """
    cell, atoms = PHASES[name]
    a, b, c = cell[:3]
    cosine = np.cos(np.radians(cell[3:]))
    gram = np.array(
        [
            [a * a, a * b * cosine[2], a * c * cosine[1]],
            [a * b * cosine[2], b * b, b * c * cosine[0]],
            [a * c * cosine[1], b * c * cosine[0], c * c],
        ]
    )
    volume, inverse = float(np.sqrt(np.linalg.det(gram))), np.linalg.inv(gram)
    axis = np.array(AXES[rng.integers(len(AXES))])
    r = float(np.exp(rng.uniform(-texture, texture)))
    shift = unsure * rng.normal()
    most = [int(2 * edge / WAVES[0]) + 1 for edge in cell[:3]]
    h = np.array(list(itertools.product(*(range(-n, n + 1) for n in most))))
    q = np.einsum("ni,ij,nj->n", h, inverse, h)
    h, q = h[(q > 0) & (q < 1.69)], q[(q > 0) & (q < 1.69)]
    total = np.zeros(len(h), dtype=complex)
    for element, x, y, z, thermal in atoms:
        p, extra, _ = ATOMS[element]
        f = p[8] + extra + sum(p[2 * i] * np.exp(-p[2 * i + 1] * q / 4) for i in range(4))
        damping = np.exp(-max(thermal + shift, 0.1) * q / 4)
        total += f * damping * np.exp(2j * np.pi * (h @ np.array([x, y, z])))
    along = (h @ inverse @ axis) ** 2 / (q * float(axis @ inverse @ axis))
    # a fibre of the axis is seen by all its equivalents: the mean over the members of a family
    poles = _equivalents(axis, inverse, h, q)
    along = along if poles is None else poles
    factor = (
        np.mean((r**2 * along + (1 - along) / r) ** -1.5, axis=-1)
        if along.ndim == 2
        else (r**2 * along + (1 - along) / r) ** -1.5
    )
    strength = np.abs(total) ** 2 * factor
    order = np.argsort(q)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(q[order]) > 1e-7]))
    summed = np.add.reduceat(strength[order], starts) / volume**2
    mass = sum(ATOMS[each[0]][2] for each in atoms)
    keep = summed > 1e-4 * summed.max()
    return 1 / np.sqrt(q[order][starts][keep]), summed[keep], mass / volume * 1.66054


def _equivalents(axis: NDArray[Any], inverse: Floats, h: NDArray[Any], q: Floats) -> Floats | None:
    """Return cos² between reflections and every axis that the lattice's symmetry makes of one (n, m)."""
    length = float(axis @ inverse @ axis)
    near = np.array(list(itertools.product(range(-1, 2), repeat=3)))
    size = np.einsum("ni,ij,nj->n", near, inverse, near)
    same = near[np.abs(size / length - 1) < 1e-6]
    return np.asarray((h @ inverse @ same.T) ** 2 / (q[:, None] * length))


def _grains(
    weights: dict[str, float], density: dict[str, float], rng: np.random.Generator
) -> dict[str, float]:
    """Return the factor of microabsorption of each phase: spheres of one random diameter in the powder."""
    volume = {name: weight / density[name] for name, weight in weights.items()}
    mean = sum(ABSORPTION[name] * part for name, part in volume.items()) / sum(volume.values())
    radius = abs(rng.normal()) * 1e-4
    # a ray to a random point of a sphere and back: the mean over such points of exp(−Δµ path)
    points = rng.normal(size=(2000, 3))
    points *= (rng.random((2000, 1)) ** (1 / 3)) / np.linalg.norm(points, axis=1, keepdims=True)
    path = np.zeros(2000)
    for direction in rng.normal(size=(2, 3)):
        along = points @ (direction / np.linalg.norm(direction))
        path += radius * (-along + np.sqrt(along**2 + 1 - np.sum(points**2, axis=1)))
    return {name: float(np.mean(np.exp(-(ABSORPTION[name] - mean) * path))) for name in weights}


def simulate(seed: int, weights: dict[str, float], low: float = 20.0, high: float = 90.0) -> xr.Dataset:
    """Return the pattern of a powder mixture with counting noise."""
    rng = np.random.default_rng(seed)
    x = np.arange(low, high + 1e-3, 0.02)
    radius, width, height = 217.5, rng.uniform(0.05, 0.09), rng.normal(0, 0.08)
    y = np.zeros(x.size)
    made = {name: lines(name, rng, 0.3, 0.3) for name in weights}
    grains = _grains(weights, {name: each[2] for name, each in made.items()}, rng)
    for name, weight in weights.items():
        spacing, strength, density = made[name]
        spacing = spacing * (1 + 2e-4 * rng.normal())
        # surface, extinction, polarisation: 3 % for each phase
        strength = strength * grains[name] * np.exp(0.03 * rng.normal())
        size = float(np.exp(rng.uniform(np.log(15), np.log(80))))
        for wave, part in zip(WAVES, (1.0, RATIO), strict=True):
            theta = np.arcsin(np.minimum(wave / 2 / spacing, 1.0))
            inside = (np.degrees(2 * theta) > low - 3) & (np.degrees(2 * theta) < high + 3)
            theta, mine = theta[inside], strength[inside]
            polarisation = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
            place = np.degrees(2 * theta - 2 * height / radius * np.cos(theta))
            lorentz = np.degrees(0.9 * wave / 10 / size / np.cos(theta)) + 0.033 * np.tan(theta) + 0.008
            for at, area, wide in zip(place, weight / density * mine * polarisation, lorentz, strict=True):
                y += part * area * voigt_profile(x - at, width / 2.3548, wide / 2)
    y *= rng.uniform(3000, 15000) / y.max()
    y += rng.uniform(100, 300) + rng.uniform(100, 400) * np.exp(-(x - 20) / 10)
    return xr.Dataset(
        {
            "intensity": (
                "two_theta",
                rng.poisson(y).astype(float),
                {"units": "counts", "long_name": "Intensity"},
            )
        },
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={"anode": "Cu", "goniometer_radius": radius, "source": f"seed {seed}"},
    )


def fractions(raw: xr.Dataset, method: str, **settings: Any) -> dict[str, Row]:
    """Return the rows of weight fractions by phase."""
    return {
        row.subject: row
        for row in rows_of(analyze(raw, quantify=method, **settings))
        if row.quantity == "weight_fraction"
    }


def recipe(rng: np.random.Generator) -> dict[str, float]:
    """Return weight fractions of two or three phases, none below 5 % (Li2CO3, slow to analyse, seldom)."""
    usual = [name for name in PHASES if name != "beta-Li3N"]
    chance = np.array([0.04 if name == "Li2CO3" else 0.96 / (len(usual) - 1) for name in usual])
    names = rng.choice(usual, size=int(rng.integers(2, 4)), replace=False, p=chance)
    parts = rng.dirichlet(np.full(len(names), 2.0)) * (1 - 0.05 * len(names)) + 0.05
    return dict(zip(map(str, names), parts.tolist(), strict=True))


def mixtures(patterns: int, first: int) -> None:
    """Print bias and coverage for random mixtures of two or three phases."""
    found: dict[tuple[str, str], list[tuple[float, float, bool]]] = defaultdict(list)
    lost: list[str] = []
    seconds = []
    for seed in range(first, first + patterns):
        rng = np.random.default_rng(10_000 + seed)
        truth = recipe(rng)
        raw = simulate(seed, truth)
        for method in ("structure", "rir") if seed % 3 == 0 else ("structure",):
            start = time.process_time()
            rows = fractions(raw, method)
            seconds.append(time.process_time() - start)
            measured = {name: row for name, row in rows.items() if row.status == "measured"}
            if set(measured) != set(truth):
                lost.append(f"seed {seed} {method}: held {sorted(truth)}, measured {sorted(measured)}")
                continue
            for name, row in measured.items():
                inside = row.low <= truth[name] <= row.high
                found[method, name].append((row.value - truth[name], (row.high - row.low) / 2, inside))
                found[method, "all"].append((row.value - truth[name], (row.high - row.low) / 2, inside))
    print(f"random mixtures, seeds {first} to {first + patterns - 1}; not all phases measured: {len(lost)}")
    print("\n".join(lost), file=sys.stderr)
    print(f"seconds of one core per analysis: median {np.median(seconds):.2f}")
    print(
        f"{'method':11}{'phase':11}{'n':>5}{'mean error':>12}{'rms error':>11}"
        f"{'half width':>12}{'coverage':>10}"
    )
    for (method, name), each in sorted(found.items()):
        error, half, held = np.array(each, dtype=float).T
        rms = np.sqrt(np.mean(error**2))
        print(
            f"{method:11}{name:11}{len(error):5d}{error.mean():12.4f}{rms:11.4f}{np.median(half):12.4f}"
            f"{100 * held.mean():9.1f}%"
        )


def nitride(
    held: float, patterns: int, first: int
) -> tuple[list[float], list[bool], list[tuple[bool, float]]]:
    """Return errors and coverage where β-Li3N is measured, and which upper limits hold, with the limits."""
    errors, inside, limits = [], [], []
    for seed in range(first, first + patterns):
        truth = {"Li3N": 1 - held} | ({"beta-Li3N": held} if held else {})
        row = fractions(simulate(50_000 + seed, truth), "structure", phase=["beta-Li3N"]).get("beta-Li3N")
        if row is not None and row.status == "measured":
            errors.append(row.value - held)
            inside.append(row.low <= held <= row.high)
        elif row is not None and row.status == "upper limit":
            limits.append((row.high >= held, row.high))
    return errors, inside, limits


def nitrides(patterns: int, first: int) -> None:
    """Print what is told of β-Li3N in α-Li3N."""
    print(f"\nβ-Li3N in α-Li3N, seeds {first} to {first + patterns - 1}")
    print(
        f"{'held':>6}{'n':>5}{'measured':>10}{'mean error':>12}{'rms error':>11}"
        f"{'coverage':>10}{'limit holds':>13}"
    )
    for held in (0.0, 0.05, 0.10, 0.20):
        errors, inside, limits = nitride(held, patterns, first)
        mean = np.mean(errors) if errors else np.nan
        rms = np.sqrt(np.mean(np.square(errors))) if errors else np.nan
        cover = 100 * np.mean(inside) if inside else np.nan
        text = f"{sum(h for h, _ in limits)} of {len(limits)}"
        middle = f" (median {np.median([v for _, v in limits]):.3f})" if limits else ""
        print(
            f"{held:6.2f}{patterns:5d}{len(errors):10d}{mean:12.4f}{rms:11.4f}{cover:9.1f}%{text:>13}{middle}"
        )


ZRO2 = """
title = "baddeleyite"
space_group = "P2_1/c"
number = 14
cell = { a = 5.1505, b = 5.2116, c = 5.3173, beta = 99.23 }
spread = 0.002
density = 5.82
sites = [
    ["Zr", 0.2754, 0.0395, 0.2083, 1], ["O", 0.0700, 0.3317, 0.3447, 1], ["O", 0.4496, 0.7569, 0.4792, 1],
]
b_iso = { Zr = 0.4, O = 0.6 }
reference = "Howard, Hill & Reichert, Acta Cryst. B44 (1988) 116"
"""
NIO = """
title = "bunsenite"
space_group = "Fm-3m"
number = 225
cell = { a = 4.1771 }
spread = 0.001
density = 6.81
sites = [["Ni", 0, 0, 0, 1], ["O", 0.5, 0.5, 0.5, 1]]
b_iso = { Ni = 0.4, O = 0.5 }
reference = "PDF 47-1049"
"""
ANATASE = """
title = "anatase"
space_group = "I4_1/amd"
number = 141
cell = { a = 3.7845, c = 9.5143 }
spread = 0.0015
density = 3.89
sites = [["Ti", 0, 0, 0, 1], ["O", 0, 0, 0.20814, 1]]
b_iso = { Ti = 0.4, O = 0.6 }
reference = "Howard, Sabine & Dickson, Acta Cryst. B47 (1991) 462"
"""
RUTILE = """
title = "rutile"
space_group = "P4_2/mnm"
number = 136
cell = { a = 4.5937, c = 2.9587 }
spread = 0.0015
density = 4.25
sites = [["Ti", 0, 0, 0, 1], ["O", 0.30478, 0.30478, 0, 1]]
b_iso = { Ti = 0.4, O = 0.6 }
reference = "Howard, Sabine & Dickson, Acta Cryst. B47 (1991) 462"
"""
#: file, phases that are not bundled, weighed fractions by the phases that hold them
REAL: list[tuple[str, dict[str, str], list[tuple[float, tuple[str, ...]]]]] = [
    (
        "Li2CO3_0p9001-ZrO2_0p1000--8min.xrdml",
        {"ZrO2": ZRO2},
        [(0.9001, ("Li2CO3",)), (0.1000, ("ZrO2",))],
    ),
    (
        "NiO_0p2030-Li2CO3_0p2999-TiO2_0p5025--8min.xrdml",
        {"NiO": NIO, "anatase": ANATASE, "rutile": RUTILE},
        [
            (0.2030 / 1.0054, ("NiO",)),
            (0.2999 / 1.0054, ("Li2CO3",)),
            (0.5025 / 1.0054, ("anatase", "rutile")),
        ],
    ),
]


def real(folder: Path) -> None:
    """Print weight fractions of weighed mixtures."""
    with tempfile.TemporaryDirectory() as place:
        for name, extra, weighed in REAL:
            if not (folder / name).is_file():
                print(f"{name}: not here, skipped")
                continue
            paths = []
            for phase, text in extra.items():
                path = Path(place) / f"{phase}.toml"
                path.write_text(text, encoding="utf-8")
                paths.append(str(path))
            print(f"\n{name}")
            for method in ("structure", "rir"):
                start = time.process_time()
                rows = fractions(read(folder / name), method, phase=[*paths, "Li2CO3"], radius="145 mm")
                print(f"  {method}, {time.process_time() - start:.0f} s")
                for truth, held in weighed:
                    print(f"    weighed {truth:.4f} {' + '.join(held)}")
                for row in rows.values():
                    interval = f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
                    print(f"    {row.subject:10} {row.status:15} {interval}")


#: I/Ic as usual in the Powder Diffraction File (calculated patterns; they spread by some 10 %)
PUBLISHED = {"LiF": 1.4, "Si": 4.7, "Cu": 8.86, "Al": 4.1, "Ni": 7.46, "ZnO": 5.4, "ferrite": 11.0}


def ratios() -> None:
    """Print the reference intensity ratios of the bundled phases."""
    print("I/Ic for Cu Kα (strongest line over that of corundum), and published")
    for name in phases.definitions():
        text = f"{PUBLISHED[name]:8.2f}" if name in PUBLISHED else ""
        print(f"  {name:14}{i_over_ic(phases.bundled(name), tube('Cu')):8.2f}{text}")


def main(patterns: int, first: int, folder: Path) -> None:
    """Run everything and print the tables."""
    ratios()
    if patterns:
        mixtures(patterns, first)
        nitrides(patterns, first)
    real(folder)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    usual = Path(__file__).parents[2] / "shared" / "real" / "xrd"
    main(
        int(arguments[0]) if arguments else 50,
        int(arguments[1]) if len(arguments) > 1 else 0,
        Path(arguments[2]) if len(arguments) > 2 else usual,
    )
