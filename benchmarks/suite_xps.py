"""XPS: four-component C 1s, bias, scatter against Cramér–Rao, coverage, time; beside lmfit."""

import time

import numpy as np
from record import Record, share
from xps_c1s import AREAS, CASES, ours, peer
from xps_joint import quick, simulate

_WITHIN = 1.959964


def records(full: bool) -> list[Record]:
    """Return the figures of the first case (full: of all), and of the joint fit."""
    replicates, peers = (1000, 40) if full else (400, 5)
    made = []
    for number in range(len(CASES) if full else 1):
        made += _c1s(number, replicates, peers if number == 0 else 0)
    return made + _joint(20 if full else 5)


def _c1s(number: int, replicates: int, peers: int) -> list[Record]:
    case, seed = CASES[number], 100 + number
    found, spread, both, ms = ours(case, replicates, seed)
    limit, at = np.split(both, 2)
    bias = 100 * (found[:, :4].mean(axis=0) / at[:4] - 1)
    unsure = 200 * float(np.max(limit[:4] / at[:4])) / replicates**0.5
    rmse = float(np.max((np.sqrt(((found - at) ** 2).mean(axis=0)) / limit)[:4]))
    cover, cover_noise = share((np.abs(found - at) <= _WITHIN * spread).ravel())
    beside = {"peer": "lmfit, static Shirley"} if peers else {}
    theirs = peer(case, peers, seed, False) if peers else None
    values = [{}, {}, {}] if theirs is None else [
        beside | {"peer_value": float(np.max(np.abs(100 * (theirs[0].mean(axis=0) / AREAS - 1))))},
        beside | {"peer_value": share((np.abs(theirs[0] - AREAS) <= _WITHIN * theirs[1]).ravel())[0]},
        beside | {"peer_value": theirs[2]},
    ]  # fmt: skip
    name, n, seeds = f"xps, C 1s, {case.name}", replicates, str(seed)
    worst = float(np.max(np.abs(bias)))
    return [
        Record(name, "largest bias of areas", worst, "%", 0.5, "lower", n, seeds, unsure, **values[0]),
        Record(name, "rmse over Cramér–Rao", rmse, "", 1.05, "lower", n, seeds, 2 / (2 * n) ** 0.5),
        Record(name, "coverage of 95 % intervals", cover, "%", (93.0, 97.0), "between", n, seeds,
               cover_noise, **values[1]),
        Record(name, "fit with covariance, CPU", ms, "ms", 2.0, "lower", n, seeds, 0.15 * ms, **values[2]),
    ]  # fmt: skip


def _joint(times: int) -> list[Record]:
    found = []
    for seed in range(times + 1):
        regions, _, _ = simulate(np.random.default_rng(seed))
        begun = time.process_time()
        quick(regions, True)
        found.append(1e3 * (time.process_time() - begun))
    took = float(np.median(found[1:]))
    seeds = f"1 to {times}"
    return [
        Record("xps, four regions", "joint fit, CPU", took, "ms", 10.0, "lower", times, seeds, 0.2 * took)
    ]
