"""Bias of the mean diameter from the frame: cut particles kept, dropped, and dropped but weighted.

Run: ``python benchmarks/sem_edges.py [--fields N]``. Discs are drawn, not imaged.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from interlayer.sem.distribution import edge_weights


def biases(width: float, fields: int) -> tuple[NDArray[np.float64], float]:
    """Return the bias in % of the mean with cut discs kept, dropped, weighted; the last one's error.

    Fields of a width in mean diameters, log-normal with 20 % spread.
    """
    rng, size = np.random.default_rng(int(width)), (width, width * 2 / 3)
    true = np.exp(0.2**2 / 2)
    sums = np.zeros((fields, 3, 2))
    for k in range(fields):
        margin = 3.0
        area = (size[0] + 2 * margin) * (size[1] + 2 * margin)
        n = rng.poisson(0.6 * area)
        d = np.exp(rng.normal(0, 0.2, n))
        x, y = (rng.uniform(-margin, length + margin, n) for length in size)
        hit = (x > -d / 2) & (x < size[0] + d / 2) & (y > -d / 2) & (y < size[1] + d / 2)
        whole = (x > d / 2) & (x < size[0] - d / 2) & (y > d / 2) & (y < size[1] - d / 2)
        frame = (np.full(n, size[0]), np.full(n, size[1]))
        for j, w in enumerate((hit.astype(float), whole.astype(float), edge_weights(d, d, whole, frame))):
            sums[k, j] = np.sum(w * d), np.sum(w)
    total = sums.sum(axis=0)
    left = sums[:, 2, 0] - true * sums[:, 2, 1]
    error = float(100 * np.std(left) * np.sqrt(fields) / (total[2, 1] * true))
    return np.asarray(100 * (total[:, 0] / total[:, 1] / true - 1)), error


def main(fields: int) -> None:
    """Print the table."""
    print("| width / diameter | fields | cut kept % | cut dropped % | weighted % | its standard error |")
    print("| --- | --- | --- | --- | --- | --- |")
    for width in (10.0, 20.0, 40.0):
        bias, error = biases(width, fields)
        row = " | ".join(f"{value:+.3f}" for value in bias)
        print(f"| {width:g} | {fields} | {row} | {error:.3f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fields", type=int, default=10000)
    main(parser.parse_args().fields)
