"""Critical current density: 1,000 simulated staircases with hard, soft and no shorts; and long controls.

Run: ``python benchmarks/electrochem_ccd.py [runs]``.
"""

import sys
import time

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.results import rows_of
from interlayer.electrochem import analyze

AREA = 1.131
Floats = NDArray[np.float64]


def half_cycle(rng: np.random.Generator, seconds: float, every: float) -> Floats:
    """Return logging times of one half cycle: a few early ones, then a period, sometimes with jitter."""
    early = np.array([1.0, 5.0, 20.0])
    rest = np.arange(every, seconds + 1e-6, every)
    times = np.unique(np.concatenate([early[early < every], rest, [seconds]]))
    return np.asarray(times)


def run(rng: np.random.Generator, kind: str) -> tuple[xr.Dataset, float, list[float]]:
    """Return a staircase, the level at which it shorts (NaN: none), and its levels."""
    levels = np.round(np.arange(1, rng.integers(8, 16)) * rng.choice([0.05, 0.1, 0.2]), 3)
    seconds, every = float(rng.choice([900, 1800, 3600])), float(rng.choice([5, 10, 30, 60]))
    noise = rng.choice([5e-5, 2e-4, 1e-3])
    rests, resistance = bool(rng.random() < 0.5), float(10 ** rng.uniform(1.3, 2.7))
    shape, peak = rng.uniform(-0.35, 0.3), rng.uniform(0, 0.35) * (rng.random() < 0.6)
    activation = rng.uniform(0.0, 0.04)
    fail = int(rng.integers(1, levels.size)) if kind != "none" else -1
    half, share = int(rng.integers(0, 2)), rng.uniform(0.12, 0.9)
    hard_left, soft_left = rng.uniform(0.005, 0.12), rng.uniform(0.35, 0.72)
    t, v, i = [0.0], [0.0], [0.0]
    shorted = False
    recover = rng.uniform(0.1, 0.6) * seconds if rng.random() < 0.5 else np.inf
    for number, level in enumerate(levels):
        current = level * AREA * 1e-3
        base = current * resistance * (1 - activation) ** number * (1 - 0.02 * number * rng.random())
        for direction in (0, 1):
            sign = 1 - 2 * direction
            inside = half_cycle(rng, seconds, every)
            size = base * (
                1
                + shape * (1 - np.exp(-inside / (0.3 * seconds)))
                + peak * np.exp(-inside / (0.05 * seconds))
            )
            begin = share * seconds if (number, direction) == (fail, half) else (0.0 if shorted else np.inf)
            if np.isfinite(begin) and kind == "hard":
                drop = np.exp(-np.maximum(inside - begin, 0) / 1.0)
                size = np.where(inside >= begin, base * hard_left * (1 - drop) + size * drop, size)
                shorted = True
            elif (number, direction) == (fail, half) and kind == "soft":
                low = (inside >= begin) & (inside < begin + recover)
                size = np.where(low, size * soft_left * (1 + 0.05 * rng.standard_normal(inside.size)), size)
            spikes = rng.random(inside.size) < 0.002
            size = np.where(spikes, size * rng.uniform(0.2, 1.6), size)
            t += (t[-1] + inside).tolist()
            v += (sign * size + noise * rng.standard_normal(inside.size)).tolist()
            i += [sign * current] * inside.size
            if rests and rng.random() < 0.9:
                pause = np.array([10.0, 60.0, 300.0])
                t += (t[-1] + pause).tolist()
                v += (noise * rng.standard_normal(3)).tolist()
                i += [0.0] * 3
    raw = xr.Dataset({"time": ("point", t), "voltage": ("point", v), "current": ("point", i)})
    return raw, float(levels[fail]) if fail >= 0 else float("nan"), levels.tolist()


def tally(count: int) -> dict[str, dict[str, int]]:
    """Return per kind of end how many runs there were, and in how many each verdict was right or wrong."""
    rng = np.random.default_rng(2024)
    tallies = {
        kind: {"runs": 0, "exact": 0, "kind": 0, "false": 0, "missed": 0} for kind in ("hard", "soft", "none")
    }
    for _ in range(count):
        kind = str(rng.choice(["hard", "soft", "none"]))
        raw, level, levels = run(rng, kind)
        (row,) = rows_of(analyze(raw, kind="ccd", area=AREA))
        found = tallies[kind]
        found["runs"] += 1
        if kind == "none":
            found["exact"] += row.status == "lower limit" and abs(row.low / levels[-1] - 1) < 1e-3
            found["false"] += row.status != "lower limit"
            continue
        found["missed"] += row.status == "lower limit"
        found["exact"] += row.status == "measured" and abs(row.high / level - 1) < 1e-3
        found["false"] += row.status in ("measured", "upper limit") and row.high < level * 0.99
        found["kind"] += kind in row.note
    return tallies


def main(count: int) -> None:
    begin = time.process_time()
    tallies = tally(count)
    print(f"{count} runs, {1e3 * (time.process_time() - begin) / count:.0f} CPU-ms each")
    for kind, found in tallies.items():
        runs = found.pop("runs")
        print(
            f"{kind:5s} n={runs:4d}  "
            + "  ".join(f"{name} {100 * value / runs:.1f} %" for name, value in found.items())
        )
    print(f"step exact, all: {100 * sum(f['exact'] for f in tallies.values()) / count:.1f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
