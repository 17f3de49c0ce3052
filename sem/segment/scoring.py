"""The score of an outline: the overlap with a particle that its looks foretell.

The score is a sum of regression trees (gradient boosting) whose data are in ``score.json``; they were fitted
by ``benchmarks/sem_train.py`` on random simulated pictures only, none of which judges the result.
"""

import json
from functools import cache
from importlib import resources
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import features
from interlayer.sem.segment.level import Level
from interlayer.sem.segment.rays import Outlines

Array = NDArray[Any]
#: after this many trees an outline scored below the second number is given up
_EARLY, _HOPELESS = 50, np.float32(0.2)
F32 = NDArray[np.float32]


@cache
def trees() -> tuple[Array, Array, Array, Array, Array]:
    """Return the trees: first node of each, and of each node feature (-1: leaf), value, left, right child."""
    text = (resources.files("interlayer.sem.segment") / "score.json").read_text(encoding="utf-8")
    data = json.loads(text)
    if tuple(data["features"]) != features.NAMES:
        raise RuntimeError("score.json was made for other features: run benchmarks/sem_train.py again")
    start = np.cumsum([0, *(len(tree) for tree in data["trees"][:-1])])
    shift = np.repeat(start, [len(tree) for tree in data["trees"]])
    nodes = np.array([node for tree in data["trees"] for node in tree], np.float64)
    children = [(nodes[:, k].astype(np.int64) + shift).astype(np.int32) for k in (2, 3)]
    return start.astype(np.int32), nodes[:, 0].astype(np.int32), nodes[:, 1].astype(np.float32), *children


def score(at: Level, outlines: Outlines, sign: int) -> F32:
    """Return the expected intersection over union (n,) of outlines with a particle, 0 to 1."""
    total = np.zeros(len(outlines.centre), np.float32)
    _walk(features.table(at, outlines, sign), *trees(), total)
    return np.clip(total, 0.0, 1.0)


@numba.njit(cache=True)
def _walk(
    table: Array, start: Array, which: Array, value: Array, left: Array, right: Array, out: Array
) -> None:
    for i in range(table.shape[0]):
        row = table[i]
        for t in range(start.size):
            at = start[t]
            while which[at] >= 0:
                at = left[at] if row[which[at]] <= value[at] else right[at]
            out[i] += value[at]
            if t == _EARLY and out[i] < _HOPELESS:
                break
