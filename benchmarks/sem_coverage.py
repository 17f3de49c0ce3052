"""Coverage of the 95 % intervals of mean, D10, D50, D90: five images with 5 % scatter between them.

Run: ``python benchmarks/sem_coverage.py [--replicates N]`` (minutes). Only the statistical part:
diameters are drawn, not imaged.
"""

import argparse

import numpy as np
from scipy import stats

from interlayer.sem.resample import intervals

NAMES = ("diameter_mean", "diameter_d10", "diameter_d50", "diameter_d90")
MEDIAN, SIGMA = 230.0, 0.2


def truth(scatter: float) -> dict[str, float]:
    """Return the true values of the population with its scatter between images."""
    sigma = np.hypot(SIGMA, scatter)
    quantiles = {f"diameter_d{q}": MEDIAN * np.exp(sigma * stats.norm.ppf(q / 100)) for q in (10, 50, 90)}
    return {"diameter_mean": MEDIAN * np.exp(sigma**2 / 2), **quantiles}


def main(replicates: int) -> None:
    """Print the table."""
    print(
        "| particles | images | scatter % | "
        + " | ".join(name.removeprefix("diameter_") for name in NAMES)
        + " |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for total, images, scatter in ((100, 5, 0.05), (300, 5, 0.05), (300, 1, 0.0)):
        rng, true = np.random.default_rng(total + images), truth(scatter)
        hits = dict.fromkeys(NAMES, 0)
        for _ in range(replicates):
            shifts = np.exp(rng.normal(0, scatter, images))
            values = [MEDIAN * s * np.exp(rng.normal(0, SIGMA, total // images)) for s in shifts]
            weights = [np.ones(v.size) for v in values]
            found = intervals(values, weights)
            for name in NAMES:
                hits[name] += found[name].low <= true[name] <= found[name].high
        shares = " | ".join(f"{100 * hits[name] / replicates:.1f}" for name in NAMES)
        print(f"| {total} | {images} | {100 * scatter:g} | {shares} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=400)
    main(parser.parse_args().replicates)
