"""XPS: four-component C 1s, bias, scatter against Cramér–Rao, coverage, time; beside lmfit."""

import time
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
from record import Record, share
from xps_c1s import AREAS, CASES, FANOS, expectation, fano, many, model, ours, peer, start

from interlayer.xps.fit import fit

_WITHIN = 1.959964


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of the first case (full: of all), of a series, and of the Fano factor."""
    replicates, peers = (1000, 40) if full else (400, 5)
    yield _cold()
    for number in range(len(CASES) if full else 1):
        yield from _c1s(number, replicates, peers if number == 0 else 0)
    yield _series(1000 if full else 200)
    yield from _fano(400 if full else 100)


def _cold() -> Record:
    """The first fit of a process: loads or, on a new machine, compiles its kernels."""
    built = model(*expectation(CASES[0]))
    first, begun = start(built, np.random.default_rng(0), 1.0), time.process_time()
    fit(built, first)
    took = 1e3 * (time.process_time() - begun)
    return Record("xps, C 1s, table of xps.md", "first fit of a process, CPU", took, "ms", None, "lower", 1,
                  "0", 0.5 * took)  # fmt: skip


def _c1s(number: int, replicates: int, peers: int) -> Iterator[Record]:
    case, seed = CASES[number], 100 + number
    found, spread, both, ms = ours(case, replicates, seed)
    limit, at = np.split(both, 2)
    bias = 100 * (found[:, :4].mean(axis=0) / at[:4] - 1)
    unsure = 200 * float(np.max(limit[:4] / at[:4])) / replicates**0.5
    rmse = float(np.max((np.sqrt(((found - at) ** 2).mean(axis=0)) / limit)[:4]))
    held = np.abs(found - at) <= _WITHIN * spread
    name, n, seeds = f"xps, C 1s, {case.name}", replicates, str(seed)
    worst = float(np.max(np.abs(bias)))
    yield Record(name, "largest bias of areas", worst, "%", 0.5, "lower", n, seeds, unsure)
    yield Record(name, "rmse over Cramér–Rao", rmse, "", 1.05, "lower", n, seeds, 2 / (2 * n) ** 0.5)
    for what, columns in (("areas", slice(4)), ("positions", slice(4, 8)), ("widths", slice(8, 9))):
        cover, noise = share(held[:, columns].ravel())
        yield Record(name, f"coverage of {what}", cover, "%", (93.0, 97.0), "between", n, seeds, noise)
    yield Record(name, "fit with covariance, CPU", ms, "ms", 2.0, "lower", n, seeds, 0.15 * ms)
    if peers:
        yield from _peers(name, peers, seed, {"bias": (worst, unsure), "CPU": (ms, 0.15 * ms)})


def _peers(name: str, count: int, seed: int, ours: dict[str, tuple[float, float]]) -> Iterator[Record]:
    """The same figures, fewer spectra, by the usual recipe and, where it is installed, by lmfitxps."""
    recipes = {"lmfit, static Shirley": False} | ({"lmfit + lmfitxps": True} if find_spec("lmfitxps") else {})
    if len(recipes) < 2:
        print("lmfitxps is not installed: no figure of it")
    for recipe, active in recipes.items():
        areas, _, ms = peer(CASES[0], count, seed, active)
        bias = float(np.max(np.abs(100 * (areas.mean(axis=0) / AREAS - 1))))
        yield Record(name, f"bias of areas beside {recipe}", ours["bias"][0], "%", None, "lower", count,
                     str(seed), ours["bias"][1], recipe, bias)  # fmt: skip
        yield Record(name, f"fit beside {recipe}, CPU", ours["CPU"][0], "ms", None, "lower", count,
                     str(seed), ours["CPU"][1], recipe, ms)  # fmt: skip


def _series(count: int) -> Record:
    took = 1000 / count * min(many(count) for _ in range(2))
    return Record("xps, C 1s, depth profile", "1,000 spectra, CPU", took, "s", 2.5, "lower", count, "9",
                  0.15 * took)  # fmt: skip


def _fano(count: int) -> Iterator[Record]:
    for value in FANOS:
        ratio, name = fano(value, count), f"xps, C 1s, Fano factor {value:g}"
        off = 100 * abs(float(ratio.mean()) - 1)
        yield Record(name, "bias of the mean", off, "%", 15.0, "lower", count, "31",
                     200 * float(ratio.std()) / count**0.5)  # fmt: skip
        within, noise = share(np.abs(ratio - 1) < 0.15)
        yield Record(name, "regions within 15 %", within, "%", None, "higher", count, "31", noise)
