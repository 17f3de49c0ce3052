"""How many peaks, and wrong shapes: spline-shaped truths after NIST's test, line shapes that the fit lacks.

Run: ``python benchmarks/xps_shapes.py [--replicates 400] [--part count|wrong]``. The first part follows J.
Conny and C. Powell (Surf. Interface Anal. 29, 444 (2000)): C 1s spectra whose lines are splines through a
measured-looking, slightly asymmetric shape, with 0 to 3 components; the fit is that of numbered peaks, which
knows neither the shape nor the number. The second part fits symmetric lines to lines that are not.
"""

import argparse
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xps_c1s
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

from interlayer.xps import generic
from interlayer.xps.build import Options
from interlayer.xps.chemistry import Line, Template
from interlayer.xps.measure import measure
from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]
ENERGY = np.round(278.0 + 0.1 * np.arange(160), 3)
FWHM = 1.3
#: heights of the line at distances in units of the FWHM: a polymer's C 1s, slightly broader above
_KNOTS = np.array(
    [-8, -5, -3.5, -2.5, -2, -1.5, -1.25, -1, -0.875, -0.75, -0.625, -0.5, -0.375, -0.25, -0.125, 0]
)
_HALF = np.array(
    [
        0,
        0.002,
        0.0042,
        0.0082,
        0.0125,
        0.0235,
        0.0405,
        0.092,
        0.147,
        0.229,
        0.345,
        0.5,
        0.684,
        0.838,
        0.957,
        1,
    ]
)
#: what the side of high binding energy has more, in height
_MORE = 0.008 * np.exp(-0.5 * ((_KNOTS + 1.1) / 0.4) ** 2)
_SPLINE = Akima1DInterpolator(
    np.concatenate([_KNOTS, -_KNOTS[-2::-1]]), np.concatenate([_HALF, (_HALF + _MORE)[-2::-1]])
)
_AREA = float(_SPLINE.integrate(-8.0, 8.0))
#: areas of the strongest line, counts eV
NOISE = {"low": 60_000.0, "middle": 12_000.0, "high": 3_000.0}


def line(x: Floats, at: float) -> Floats:
    t = (x - at) / FWHM
    return np.asarray(np.where(np.abs(t) < 8, _SPLINE(t), 0.0) / (_AREA * FWHM))


def spectrum(lines: list[tuple[float, float]], rng: np.random.Generator) -> Floats:
    fine = np.arange(260.0, ENERGY[-1] + 0.01, 0.01)
    mean = np.full(ENERGY.size, 0.05 * max((a for _, a in lines), default=12_000.0))
    for at, area in lines:
        step = np.interp(ENERGY, fine, np.cumsum(line(fine, at)) * 0.01)
        mean = mean + area * (line(ENERGY, at) + 0.02 * step)
    return rng.poisson(mean).astype(float)


def found_peaks(values: Floats) -> list[tuple[float, float]]:
    """Return (energy, area) of the peaks that are measured."""
    region = Region("c1s", ENERGY, values, (), level="C 1s")
    result = generic.measured(*generic.choose(region), Options(None))
    out = []
    for each in result.outcomes:
        if each.status == "measured":
            at, _ = result.fit.value(lambda theta, e=each: position(result.fit, e, theta))
            out.append((at, each.area.value))
    return sorted(out)


def position(found: Any, each: Any, theta: Floats) -> tuple[float, Floats]:
    raw, by = found.joint.raw(each.region, theta)
    return float(raw[each.peak]), by[each.peak]


def count(replicates: int) -> None:
    """Print false singlets, false doublets, biases of energy and intensity; triplets and empty spectra."""
    rng = np.random.default_rng(2000)
    for name, area in NOISE.items():
        none = np.mean([len(found_peaks(spectrum([], rng))) > 0 for _ in range(replicates // 4)])
        single = [found_peaks(spectrum([(284.8, area)], rng)) for _ in range(replicates)]
        false = np.mean([len(each) > 1 for each in single])
        print(f"noise {name}: peaks in nothing {100 * none:.1f} %, false doublets {100 * false:.1f} %")
        for separation in (0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.4):
            print(f"  {separation:.1f} FWHM: {doublets(separation, area, replicates // 2, rng)}")
        triplet(area, replicates // 4, rng)


def triplet(area: float, replicates: int, rng: np.random.Generator) -> None:
    counts: Counter[int] = Counter()
    for _ in range(replicates):
        lines = [(284.8, area), (286.3, 0.5 * area), (288.6, 0.3 * area)]
        counts[len(found_peaks(spectrum(lines, rng)))] += 1
    print(f"  three peaks: found {dict(sorted(counts.items()))}")


@dataclass
class Doublets:
    """Of as many doublets: singlets and more than two found, errors of energy (eV) and of intensity."""

    singlets: int = 0
    more: int = 0
    energies: list[float] = field(default_factory=list)
    intensities: list[float] = field(default_factory=list)


def pairs(separation: float, area: float, replicates: int, rng: np.random.Generator) -> Doublets:
    found = Doublets()
    for _ in range(replicates):
        ratio = 2.0 ** rng.uniform(0.0, 3.0)
        first, second = (area, area / ratio) if rng.random() < 0.5 else (area / ratio, area)
        truth = [(284.8, first), (284.8 + separation * FWHM, second)]
        peaks = found_peaks(spectrum(truth, rng))
        found.singlets += len(peaks) < 2
        found.more += len(peaks) > 2
        if len(peaks) == 2:
            found.energies += [peak[0] - true[0] for peak, true in zip(peaks, truth, strict=True)]
            found.intensities.append(peaks[0][1] / sum(p[1] for p in peaks) - first / (first + second))
    return found


def doublets(separation: float, area: float, replicates: int, rng: np.random.Generator) -> str:
    found = pairs(separation, area, replicates, rng)
    singlets, more = (100 * each / replicates for each in (found.singlets, found.more))
    text = f"singlets {singlets:5.1f} %, more than two {more:4.1f} %"
    if found.energies:
        text += (
            f", energy bias {np.mean(found.energies):+.3f} (rms {np.std(found.energies):.3f}) eV, "
            f"intensity bias {np.mean(found.intensities):+.3f} (rms {np.std(found.intensities):.3f})"
        )
    return text


#: asymmetry; None: pseudo-Voigt, -1: the spline
SHAPES = {"pseudo-Voigt": None, "Voigt": 0.0, "asymmetry 0.05": 0.05, "asymmetry 0.1": 0.1, "spline": -1.0}


def of_shape(name: str, counts: float, replicates: int) -> tuple[list[float], list[bool]]:
    """Return the share of areas that their intervals hold, and whether a misfit is flagged, per spectrum."""
    found = [
        one_wrong(SHAPES[name], counts, np.random.default_rng(4000 + seed)) for seed in range(replicates)
    ]
    return [cover for cover, _ in found], [flag for _, flag in found]


def wrong(replicates: int) -> None:
    """Print coverage of areas and the share of misfit flags when the lines have another shape."""
    for name in SHAPES:
        for counts in (0.1, 1.0, 10.0):
            held, flagged = of_shape(name, counts, replicates // 4)
            print(
                f"{name:15s} {counts:5g} × counts: coverage {100 * np.mean(held):5.1f} %, flagged "
                f"{100 * np.mean(flagged):5.1f} %"
            )


def one_wrong(skew: float | None, counts: float, rng: np.random.Generator) -> tuple[float, bool]:
    case = xps_c1s.CASES[0]
    energy, _ = xps_c1s.expectation(case)
    mean = 900.0 + 4.0 * (energy - energy.mean())
    fine = np.arange(240.0, 299.0, 0.01)
    for at, area in zip(xps_c1s.ENERGIES, xps_c1s.AREAS, strict=True):
        if skew is None:
            shape = xps_c1s.pseudo_voigt(fine, at)
        else:
            shape = line(fine, at) if skew < 0 else asymmetric(fine, at, skew)
        mean = mean + area * (
            np.interp(energy, fine, shape) + 0.03 * np.interp(energy, fine, np.cumsum(shape) * 0.01)
        )
    lines = tuple(
        Line(f"C 1s/{i}", float(e), 0.5, np.nan, np.nan, "benchmark") for i, e in enumerate(xps_c1s.ENERGIES)
    )
    region = Region("c1s", energy, rng.poisson(counts * mean).astype(float), (), level="C 1s")
    found = measure([region], Template("", "", lines, {}), Options(None), choose=False)
    inside = [
        each.area.low <= counts * area <= each.area.high
        for each, area in zip(found.outcomes, xps_c1s.AREAS, strict=True)
        if each.status == "measured"
    ]
    return float(np.mean(inside)) if inside else 1.0, found.fit.noise[0].flagged


def asymmetric(x: Floats, at: float, skew: float) -> Floats:
    """Return a Voigt function whose width grows above its position, of unit area."""
    from scipy.special import voigt_profile

    def bare(t: Floats) -> Floats:
        return np.asarray(voigt_profile(t / (1.0 + 2.0 * skew * np.tanh(t)), 0.45, 0.2))

    u = (np.arange(100_000) + 0.5) * np.pi / 100_000 - 0.5 * np.pi
    area = float(np.sum(bare(np.tan(u)) / np.cos(u) ** 2)) * np.pi / 100_000
    return np.asarray(bare(x - at) / area)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--part", choices=["count", "wrong"], default="")
    chosen = parser.parse_args()
    for name, part in (("count", count), ("wrong", wrong)):
        if chosen.part in ("", name):
            part(chosen.replicates)


if __name__ == "__main__":
    main()
