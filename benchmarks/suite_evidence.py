"""Evidence: are joint probabilities right as often as they say? Simulated samples, truth hidden."""

import time

import numpy as np
from evidence_calibration import WORLDS, probability_of, world_sample
from record import Record


def records(full: bool) -> list[Record]:
    """Return the Brier score and the calibration error of every world."""
    count = 1000 if full else 60
    made = []
    for world in WORLDS if full else WORLDS[:1]:
        rng = np.random.default_rng(2026)
        drawn = [world_sample(world, rng) for _ in range(count)]
        begun = time.process_time()
        stated = np.array([probability_of(sample) for sample, _ in drawn])
        took = 1e3 * (time.process_time() - begun) / count
        truth = np.array([present for _, present in drawn], dtype=float)
        name = f"evidence, {world.name}"
        spread = float(np.sqrt(np.mean(stated * (1 - stated)) / count))
        squares = (stated - truth) ** 2
        made += [
            Record(name, "stated minus right, mean", abs(float(np.mean(stated - truth))), "", None, "lower",
                   count, "2026", 2 * spread),
            Record(name, "Brier score", float(squares.mean()), "", None, "lower", count, "2026",
                   2 * float(squares.std()) / count**0.5),
            Record(name, "CPU per sample", took, "ms", None, "lower", count, "2026", 0.2 * took),
        ]  # fmt: skip
    return made
