"""Train the score of outlines on random simulated pictures, and write it as data of the package.

Run: ``python benchmarks/sem_train.py [--pictures N]`` (needs lightgbm, which the package does not). The
target of each outline is its intersection over union with the whole outline of the particle it fits best,
0 for outlines of the other polarity. Neither the judging simulators nor any real image is used.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
import sem_random

from interlayer.sem.segment import complete, features, find, select
from interlayer.sem.segment.level import R_MAX, level, pyramid

_HERE = Path(__file__).parent.parent / "sem" / "segment" / "score.json"


def polygons(centre: NDArray[np.floating], radius: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (n, rays, 2) points."""
    turn = np.arange(radius.shape[1]) * (2 * np.pi / radius.shape[1])
    wave = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return np.asarray(centre[:, None, :] + radius[:, :, None] * wave)


def overlaps(found: NDArray[np.float64], picture: sem_random.Picture) -> NDArray[np.float64]:
    """Return the greatest intersection over union of each outline with a true one (at least 15 % visible)."""
    keep = picture.visible > 0.15
    true = polygons(picture.centres[keep], picture.outlines[keep][:, ::4])
    best = np.zeros(len(found))
    if not len(true):
        return best
    middle = true.mean(axis=1)
    size = np.sqrt(np.array([cv2.contourArea(t.astype(np.float32)) for t in true]) / np.pi)
    for i, each in enumerate(found):
        area = cv2.contourArea(each.astype(np.float32))
        near = np.flatnonzero(np.hypot(*(middle - each.mean(axis=0)).T) < size + np.sqrt(area / np.pi))
        for j in near:
            both = _common(each, true[j])
            best[i] = max(best[i], both / max(area + np.pi * size[j] ** 2 - both, 1e-9))
    return best


def _common(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the common area of two polygons by drawing them at a quarter of the size of the larger one."""
    low = np.minimum(a.min(axis=0), b.min(axis=0)) - 1
    scale = 48.0 / float(np.max(np.maximum(a.max(axis=0), b.max(axis=0)) - low))
    canvas = [np.zeros((56, 56), np.uint8) for _ in range(2)]
    for board, shape in zip(canvas, (a, b), strict=True):
        points = np.round((shape - low) * scale * 16).astype(np.int32)
        cv2.fillPoly(board, [points], (1,), shift=4)
    return float(np.sum(canvas[0] & canvas[1])) / scale**2


def samples(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return features and targets of the outlines of one picture, of both polarities."""
    picture = sem_random.draw(seed)
    rows = [np.empty((0, len(features.NAMES)), np.float32)]
    targets = [np.empty(0)]
    images = pyramid(picture.image, 1.0, 3.2 * R_MAX)
    for image in images:
        at = level(image, picture.image.shape)
        for sign in (1, -1):
            outlines = find.candidates(at, sign)
            if not len(outlines.centre):
                continue
            rows.append(features.table(at, outlines, sign))
            if sign != picture.sign:
                targets.append(np.zeros(len(outlines.centre)))
                continue
            whole = complete.whole(outlines, select.support(outlines)) * at.step_x
            targets.append(overlaps(polygons((outlines.centre + 0.5) * at.step_x, whole), picture))
    return np.concatenate(rows), np.concatenate(targets)


def main() -> None:
    from concurrent.futures import ProcessPoolExecutor

    import lightgbm

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1300)
    parser.add_argument("--trees", type=int, default=150)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    if given.cache and given.cache.exists():
        stored = np.load(given.cache)
        x, y, group = stored["x"], stored["y"], stored["group"]
    else:
        with ProcessPoolExecutor(2) as pool:
            parts = list(pool.map(samples, range(given.pictures), chunksize=8))
        x, y = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        group = np.repeat(np.arange(len(parts)), [len(part[1]) for part in parts])
        if given.cache:
            np.savez(given.cache, x=x, y=y, group=group)
    held = group % 5 == 0
    weight = 1.0 / np.bincount(group)[group] ** 0.5
    model = lightgbm.LGBMRegressor(
        n_estimators=given.trees,
        num_leaves=given.leaves,
        learning_rate=0.08,
        min_child_samples=200,
        feature_fraction=0.5,
        reg_lambda=5.0,
        seed=0,
        verbose=-1,
        n_jobs=2,
        deterministic=True,
    )
    model.fit(x[~held], y[~held], sample_weight=weight[~held])
    guess = model.predict(x[held])
    print(
        f"{len(y)} outlines; held out: rms error {np.sqrt(np.mean((guess - y[held]) ** 2)):.3f}, "
        f"of a constant {y[held].std():.3f}, correlation {np.corrcoef(guess, y[held])[0, 1]:.3f}"
    )
    order = np.argsort(-model.booster_.feature_importance("gain"))
    print(", ".join(features.NAMES[k] for k in order[:12]))
    write(model.booster_.dump_model())


def _walk(node: dict, nodes: list[list[float]]) -> int:  # type: ignore[type-arg]
    place = len(nodes)
    nodes.append([])
    if "split_feature" not in node:
        nodes[place] = [-1, round(node["leaf_value"], 6), 0, 0]
    else:
        left, right = (_walk(node[side], nodes) for side in ("left_child", "right_child"))
        nodes[place] = [node["split_feature"], float(f"{node['threshold']:.6g}"), left, right]
    return place


def write(model: dict) -> None:  # type: ignore[type-arg]
    """Write the trees as flat lists: feature (-1 for a leaf), threshold or value, left and right child."""
    trees = []
    for tree in model["tree_info"]:
        nodes: list[list[float]] = []
        _walk(tree["tree_structure"], nodes)
        trees.append(nodes)
    text = json.dumps({"features": list(features.NAMES), "trees": trees}, separators=(",", ":"))
    _HERE.write_text(text.replace("]],[[", "]],\n[[") + "\n", encoding="utf-8")
    print(f"{_HERE}: {len(text) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
