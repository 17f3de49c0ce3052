"""Four-component C 1s of docs/measured/xps.md: bias, scatter, coverage, time; beside it lmfit.

Run: ``python benchmarks/xps_c1s.py [--replicates 400] [--peers 40]``; lmfitxps takes part where it is
installed. The simulation shares no code with the
fit: pseudo-Voigt lines by their textbook formula, the Shirley step by summation on a fine grid.
"""

import argparse
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.build import Options, joint, peaks
from interlayer.xps.chemistry import Line, Template
from interlayer.xps.fit import Fit, fit
from interlayer.xps.model.joint import Joint
from interlayer.xps.model.region import Region
from interlayer.xps.solver import inverse, normal

Floats = NDArray[np.floating[Any]]

ENERGIES = np.array([284.8, 286.4, 287.9, 289.8])
AREAS = np.array([6000.0, 2500.0, 1200.0, 1500.0])
FWHM, ETA, STEP = 1.3, 0.3, 0.03


@dataclass(frozen=True)
class Case:
    name: str
    counts: float = 1.0
    slope: float = 4.0
    step: float = 0.1
    descending: bool = False
    fano: float = 1.0


CASES = (
    Case("table of xps.md"),
    Case("three times steeper", slope=12.0),
    Case("1/10 counts", counts=0.1),
    Case("10 × counts", counts=10.0),
    Case("descending axis", descending=True),
    Case("0.05 eV steps", step=0.05),
    Case("0.2 eV steps", step=0.2),
    Case("Fano 0.4", fano=0.4),
    Case("Fano 2", fano=2.0),
)


def expectation(case: Case) -> tuple[Floats, Floats]:
    """Return the axis (ascending, eV) and the expected counts."""
    energy = np.round(278.0 + case.step * np.arange(round(20.0 / case.step)), 3)
    fine = np.arange(240.0, 299.0, 0.005)
    signal = sum(a * pseudo_voigt(fine, e) for a, e in zip(AREAS, ENERGIES, strict=True))
    loss = np.cumsum(signal) * 0.005
    here = sum(a * pseudo_voigt(energy, e) for a, e in zip(AREAS, ENERGIES, strict=True))
    mean = here + STEP * np.interp(energy, fine, loss) + 900.0 + case.slope * (energy - energy.mean())
    return energy, case.counts * mean


def pseudo_voigt(x: Floats, at: float) -> Floats:
    t = 2.0 * (x - at) / FWHM
    gauss = np.exp(-np.log(2.0) * t**2) * 2.0 / FWHM * np.sqrt(np.log(2.0) / np.pi)
    return ETA * 2.0 / (np.pi * FWHM) / (1.0 + t**2) + (1.0 - ETA) * gauss


def model(energy: Floats, values: Floats) -> Joint:
    """Return the model with weak priors: positions ± 0.5 eV."""
    lines = tuple(
        Line(f"C 1s/{i}", float(e), 0.5, np.nan, np.nan, "benchmark") for i, e in enumerate(ENERGIES)
    )
    region = Region("c1s", energy, values, peaks(lines), level="C 1s")
    return joint([region], {"c1s": lines}, Template("", "", lines, {}), Options(None, shape_known=True))


def start(built: Joint, rng: np.random.Generator, counts: float) -> Floats:
    theta = built.start()
    for i, (energy, area) in enumerate(zip(ENERGIES, AREAS, strict=True)):
        theta[built.index(f"energy:C 1s/{i}")] = energy + rng.uniform(-0.2, 0.2)
        theta[built.index(f"area:C 1s/{i}")] = counts * area * rng.uniform(0.5, 1.5)
    return theta


def truth(built: Joint, case: Case, energy: Floats) -> Floats:
    values = {f"energy:C 1s/{i}": e for i, e in enumerate(ENERGIES)}
    values |= {f"area:C 1s/{i}": case.counts * a for i, a in enumerate(AREAS)}
    middle = 0.5 * (energy[0] + energy[-1]) - energy.mean()
    values |= {"fwhm:c1s": FWHM, "eta:c1s": ETA, "skew:c1s": 0.0, "k:c1s": STEP, "shift": 0.0, "none": 0.0}
    values |= {"slope:c1s": case.counts * case.slope}
    values |= {"constant:c1s": case.counts * (900.0 + case.slope * middle)}
    return np.array([values[p.name] for p in built.parameters])


def counted(mean: Floats, fano: float, rng: np.random.Generator) -> Floats:
    return np.asarray(fano * rng.poisson(mean / fano), dtype=np.float64)


def ours(case: Case, replicates: int, seed: int) -> tuple[Floats, Floats, Floats, float]:
    """Return estimates and deviations (replicates, 9), the Cramér–Rao limits with the truth, ms per fit."""
    rng = np.random.default_rng(seed)
    energy, mean = expectation(case)
    built = model(energy, mean)
    which = [built.index(f"{kind}:C 1s/{i}") for kind in ("area", "energy") for i in range(4)]
    which += [built.index("fwhm:c1s")]
    at = truth(built, case, energy)
    free = np.array([p.lower == p.upper for p in built.parameters])
    bare = normal(built, at, np.array([case.fano])).hessian - np.diag(built.precision)
    limit = np.sqrt(np.diag(inverse(bare, free)))[which]
    found, spread, spent = [], [], 0.0
    fit(built, start(built, np.random.default_rng(0), case.counts))  # compiles
    for _ in range(replicates):
        values = counted(mean, case.fano, rng)
        x, y = (energy[::-1], values[::-1]) if case.descending else (energy, values)
        order = np.argsort(x)
        here = built.with_regions([replace(built.regions[0], energy=x[order], values=y[order])])
        theta = start(here, rng, case.counts)
        begun = time.process_time()
        result: Fit = fit(here, theta)
        spent += time.process_time() - begun
        found.append(result.theta[which])
        spread.append(np.sqrt(np.diag(result.covariance))[which])
    return np.array(found), np.array(spread), np.concatenate([limit, at[which]]), 1e3 * spent / replicates


def peer(case: Case, replicates: int, seed: int, active: bool) -> tuple[Floats, Floats, float]:
    """Return areas and standard errors of lmfit, and ms per fit.

    On a static Shirley background, unweighted (the usual recipe), or with lmfitxps's active one, weighted.
    """
    from lmfit.models import LinearModel, PseudoVoigtModel

    rng = np.random.default_rng(seed)
    energy, mean = expectation(case)
    more = (PseudoVoigtModel(prefix=f"p{i}_") for i in range(1, 4))
    whole = sum(more, PseudoVoigtModel(prefix="p0_"))
    if active:
        from lmfitxps.models import ShirleyBG

        whole = whole + ShirleyBG(prefix="b_", independent_vars=["y"]) + LinearModel(prefix="l_")
    found, spread, spent = [], [], 0.0
    whole.fit(mean[::-1], whole.make_params(), x=energy[::-1], y=mean[::-1], max_nfev=5)  # imports
    for _ in range(replicates):
        # lmfitxps sums from the end of the arrays: descending binding energy
        x, values = energy[::-1], counted(mean, case.fano, rng)[::-1]
        begun = time.process_time()
        guess = whole.make_params()
        for i, (e, a) in enumerate(zip(ENERGIES, AREAS, strict=True)):
            guess[f"p{i}_center"].set(e + rng.uniform(-0.2, 0.2))
            guess[f"p{i}_amplitude"].set(case.counts * a, min=0)
            guess[f"p{i}_sigma"].set(0.65, min=0.1, expr=None if i == 0 else "p0_sigma")
            guess[f"p{i}_fraction"].set(0.3, min=0, max=1, expr=None if i == 0 else "p0_fraction")
        if active:
            guess["b_k"].set(0.003, min=0)
            guess["b_const"].set(float(values[-10:].mean()))
            guess["l_slope"].set(0.0)
            guess["l_intercept"].set(0.0, vary=False)
            result = whole.fit(values, guess, x=x, y=values, weights=1.0 / np.sqrt(np.maximum(values, 1.0)))
        else:
            result = whole.fit(values - static_shirley(values[::-1])[::-1], guess, x=x)
        spent += time.process_time() - begun
        parameters = [result.params[f"p{i}_amplitude"] for i in range(4)]
        found.append([p.value for p in parameters])
        spread.append([p.stderr if p.stderr else np.nan for p in parameters])
    return np.array(found), np.array(spread), 1e3 * spent / replicates


def many(count: int) -> float:
    """Return the CPU time of a series of spectra, as of a depth profile: one model, each its own fit."""
    rng = np.random.default_rng(9)
    energy, mean = expectation(CASES[0])
    built = model(energy, mean)
    spectra = [rng.poisson(mean * rng.uniform(0.5, 1.5)).astype(float) for _ in range(count)]
    first = start(built, rng, 1.0)
    begun = time.process_time()
    for values in spectra:
        fit(built.with_regions([replace(built.regions[0], values=values)]), first)
    return time.process_time() - begun


FANOS = (0.4, 0.64, 1.0, 2.0)


def fano(value: float, replicates: int) -> Floats:
    """Return estimates of the Fano factor over the truth."""
    energy, mean = expectation(replace(CASES[0], fano=value))
    built, rng = model(energy, mean), np.random.default_rng(31)
    found = []
    for _ in range(replicates):
        region = replace(built.regions[0], values=counted(mean, value, rng))
        found.append(fit(built.with_regions([region]), start(built, rng, 1.0)).noise[0].fano)
    return np.array(found) / value


def fanos(replicates: int) -> None:
    """Print how well the Fano factor is estimated."""
    for value in FANOS:
        ratio = fano(value, replicates)
        inside = np.mean(np.abs(ratio - 1) < 0.15)
        print(
            f"Fano {value:g}: mean {ratio.mean():.3f} of the truth, scatter {100 * ratio.std():.1f} % (200 "
            f"points: 10 % at best), within 15 % in {100 * inside:.0f} %"
        )


def static_shirley(values: Floats, ends: int = 5) -> Floats:
    """Return the iterated Shirley background between averaged ends (ascending binding energy)."""
    low, high = values[:ends].mean(), values[-ends:].mean()
    background = np.full(values.size, low)
    for _ in range(50):
        inner = np.cumsum(values - background)
        background = low + (high - low) * inner / inner[-1]
    return background


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--peers", type=int, default=40)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--cases", type=int, default=len(CASES))
    options = parser.parse_args()
    print(
        f"{'case':22s} {'bias of areas / %':>28s} {'rmse/CRB':>20s} {'coverage areas':>16s}    pos   fwhm"
        "     ms"
    )
    for number, case in enumerate(CASES[: options.cases]):
        found, spread, both, ms = ours(case, options.replicates, 100 + number)
        limit, at = np.split(both, 2)
        rmse = np.sqrt(((found - at) ** 2).mean(axis=0)) / limit
        cover = 100 * (np.abs(found - at) <= 1.959964 * spread).mean(axis=0)
        ratios = " ".join(f"{each:.2f}" for each in rmse[:4])
        print(
            f"{case.name:22s} {bias(found[:, :4], at[:4])} {ratios:>20s} {shares(cover[:4])} "
            f"{cover[4:8].mean():6.1f} {cover[8]:6.1f} {ms:6.2f}"
        )
    print(f"{options.series} spectra: {many(options.series):.2f} s CPU")
    fanos(options.replicates)
    if options.peers:
        recipes = [(False, "lmfit, static Shirley")]
        if find_spec("lmfitxps"):
            recipes.append((True, "lmfit + lmfitxps"))
        for active, name in recipes:
            found, spread, ms = peer(CASES[0], options.peers, 100, active)
            cover = 100 * (np.abs(found - AREAS) <= 1.959964 * spread).mean(axis=0)
            print(f"{name:22s} {bias(found, AREAS)} {'':20s} {shares(cover)} {'':13s} {ms:6.2f}")


def bias(found: Floats, true: Floats) -> str:
    """Return the relative bias in %, per area."""
    return f"{' '.join(f'{each:+6.2f}' for each in 100 * (found.mean(axis=0) / true - 1)):>28s}"


def shares(cover: Floats) -> str:
    """Return coverages in %."""
    return f"{' '.join(f'{each:.0f}' for each in cover):>16s}"


if __name__ == "__main__":
    main()
