"""F1, size bias and speed on simulated and real images, beside the plain scikit-image pipeline.

Run: ``python benchmarks/sem_segmentation.py [--seeds N] [--real FOLDER]``. The simulator shares no code with
the package. F1 is of visible parts at IoU 0.5; biases are of whole particles against true (not visible)
diameters.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
import sem_scenes
from sem_baseline import otsu_watershed
from sem_simulator import SETS, simulate

from interlayer.sem.segment import find


def f1(labels: NDArray[np.int32], truth: NDArray[np.int32]) -> float:
    """Return F1 at an intersection over union of 0.5."""
    n, m = int(labels.max()) + 1, int(truth.max()) + 1
    both = np.bincount(truth.ravel().astype(np.int64) * n + labels.ravel(), minlength=n * m).reshape(m, n)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    hits = int(np.sum((both / np.maximum(union, 1))[1:, 1:] > 0.5))
    count = int(np.sum(both.sum(0)[1:] > 0)) + int(np.sum(both.sum(1)[1:] > 0))
    return 2 * hits / max(count, 1)


def ours(image: NDArray[np.generic]) -> tuple[NDArray[np.int32], NDArray[np.float64], float]:
    """Return labels, diameters (pixels) of particles within the frame, and CPU seconds."""
    start = time.process_time()
    found = find.particles(image)
    seconds = time.process_time() - start
    size = image.shape[::-1]
    labels = cv2.resize(found.labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(
        np.int32
    )
    diameter = 2 * np.sqrt(np.mean(found.radius**2, axis=1))
    reach = diameter[:, None] / 2
    whole = np.all((found.centre - reach > 0) & (found.centre + reach < size), axis=1)
    return labels, diameter[whole], seconds


def simulated(seeds: int) -> None:
    """Print the table of simulated sets."""
    print("| set | F1 | mean bias % | D50 bias % | MPix/s | baseline F1 | D50 bias % | MPix/s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, scene in SETS.items():
        scores, base_scores, rates, base_rates = [], [], [], []
        sizes, base_sizes, true = [], [], []
        for seed in range(seeds):
            truth = simulate(scene, 100 + seed)
            labels, diameter, seconds = ours(truth.image)
            start = time.process_time()
            plain = otsu_watershed(truth.image, 2.0, 7)
            base_rates.append(truth.image.size / 1e6 / (time.process_time() - start))
            rates.append(truth.image.size / 1e6 / seconds)
            scores.append(f1(labels, truth.labels))
            base_scores.append(f1(plain, truth.labels))
            sizes.append(diameter * scene.pixel)
            base_sizes.append(np.sqrt(np.bincount(plain.ravel())[1:] * 4 / np.pi) * scene.pixel)
            true.append(truth.diameters[truth.inside])
        d, b, t = (np.concatenate(each) for each in (sizes, base_sizes, true))
        bias = [100 * (v / w - 1) for v, w in ((d.mean(), t.mean()), (np.median(d), np.median(t)))]
        base = 100 * (np.median(b) / np.median(t) - 1)
        print(
            f"| {name} | {np.mean(scores):.3f} | {bias[0]:+.2f} | {bias[1]:+.2f} | {np.mean(rates):.1f} "
            f"| {np.mean(base_scores):.3f} | {base:+.1f} | {np.mean(base_rates):.1f} |",
            flush=True,
        )


def piles(seeds: int) -> None:
    """Print the table of piles: what the method was not made for, with the same defaults."""
    print("| pile | F1 | mean bias % | baseline F1 |")
    print("| --- | --- | --- | --- |")
    for name, pile in sem_scenes.SETS.items():
        scores, plain, bias = [], [], []
        for seed in range(seeds):
            seen = sem_scenes.simulate(pile, 300 + seed)
            labels, diameter, _ = ours(seen.image)
            scores.append(f1(labels, seen.labels))
            plain.append(f1(otsu_watershed(seen.image, 2.0, 7), seen.labels))
            bias.append(100 * (diameter.mean() / seen.diameters[seen.inside].mean() - 1))
        row = f"| {name} | {np.mean(scores):.3f} | {np.mean(bias):+.1f} | {np.mean(plain):.3f} |"
        print(row, flush=True)


def real_scores(folder: Path) -> dict[str, tuple[float, float, float]]:
    """Return F1 on the labelled real images, same defaults; of the baseline, tuned to each and not."""
    import tifffile
    from PIL import Image

    pairs = {
        "EMPS": (
            np.asarray(Image.open(folder / "22d5aab090.png"))[..., 0],
            np.asarray(Image.open(folder / "22d5aab090_seg.png")),
            (2.0, 12, True),
        ),
        "nuclei": (
            tifffile.imread(folder / "img2d.tif"),
            tifffile.imread(folder / "mask2d.tif"),
            (1.0, 5, False),
        ),
    }
    found = {}
    for name, (image, truth, (sigma, distance, dark)) in pairs.items():
        labels = ours(image)[0]
        plain = otsu_watershed(image, sigma, distance, dark)
        target = truth.astype(np.int32)
        untuned = otsu_watershed(image, 2.0, 7, dark)
        found[name] = (f1(labels, target), f1(plain, target), f1(untuned, target))
    return found


def real(folder: Path) -> None:
    """Print F1 on the labelled real images."""
    for name, (score, plain, untuned) in real_scores(folder).items():
        print(
            f"{name}: F1 {score:.3f}, baseline {plain:.3f} with sigma and distance chosen for this image, "
            f"{untuned:.3f} with those of the simulated sets"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--real", type=Path)
    given = parser.parse_args()
    simulated(given.seeds)
    piles(given.seeds)
    if given.real:
        real(given.real)
