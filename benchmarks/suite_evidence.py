"""Evidence: are joint probabilities right as often as they say, do pulls hold? Samples of known truth."""

import time
from collections.abc import Iterator
from itertools import chain

import numpy as np
from evidence_calibration import (
    WORLDS,
    World,
    changes,
    held,
    linked,
    pairs_of,
    probability_of,
    world_sample,
)
from record import Record, share


def records(full: bool) -> Iterator[Record]:
    """Yield the calibration of every world, of pulls and differences, and how often chance is a link."""
    drawn, _ = world_sample(WORLDS[0], np.random.default_rng(1))
    begun = time.process_time()
    probability_of(drawn)
    cold = 1e3 * (time.process_time() - begun)
    yield Record("evidence", "first sample of a process, CPU", cold, "ms", None, "lower", 1, "1", 0.5 * cold)
    for world in WORLDS if full else WORLDS[:1]:
        count = 4000 if full and world is WORLDS[0] else 1000 if full else 300
        yield from _world(world, count)
    count = 2500 if full else 100
    for name, shared, found in chain(pairs_of(count), changes(count)):
        title = f"evidence, {name}, common cause {100 * shared:.0f} %"
        for level, inside in zip((68.0, 95.0), held(found), strict=True):
            value, noise = share(inside)
            yield Record(title, f"{level:.0f} % intervals that hold", value, "%", (level - 2, level + 2),
                         "between", count, "7, 8, 9", noise)  # fmt: skip
    for n in (4, 6):
        hits = linked(n, 0.0, 300 if full else 30)
        value, noise = share(hits)
        yield Record(f"evidence, {n} samples that nothing links", "studies with a link", value, "%", None,
                     "lower", len(hits), "11", noise)  # fmt: skip


def _world(world: World, count: int) -> Iterator[Record]:
    """What is assumed must be calibrated: the targets hold for that world, the others show how it fails."""
    rng = np.random.default_rng(2026)
    drawn = [world_sample(world, rng) for _ in range(count)]
    begun = time.process_time()
    stated = np.array([probability_of(sample) for sample, _ in drawn])
    took = 1e3 * (time.process_time() - begun) / count
    truth = np.array([present for _, present in drawn], dtype=float)
    name, seed, assumed = f"evidence, {world.name}", "2026", world is WORLDS[0]
    spread = float(np.sqrt(np.mean(stated * (1 - stated)) / count))
    squares = (stated - truth) ** 2
    yield Record(name, "stated minus right, mean", 100 * abs(float(np.mean(stated - truth))), "%",
                 2.0 if assumed else None, "lower", count, seed, 200 * spread)  # fmt: skip
    near = (stated >= 0.8) & (stated < 0.98)
    if near.sum() >= 5:
        off = 100 * abs(float(np.mean(stated[near] - truth[near])))
        noise = 200 * float(np.sqrt(np.mean(stated[near] * (1 - stated[near])) / near.sum()))
        yield Record(name, "stated minus right, of those stated 0.80 to 0.98", off, "%",
                     2.0 if assumed else None, "lower", int(near.sum()), seed, noise)  # fmt: skip
    yield Record(name, "Brier score", float(squares.mean()), "", None, "lower", count, seed,
                 2 * float(squares.std()) / count**0.5)  # fmt: skip
    yield Record(name, "CPU per sample", took, "ms", None, "lower", count, seed, 0.2 * took)
