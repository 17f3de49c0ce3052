"""Life of Li-Li cells: simulated runs with the traps of real ones, and long controls without a short.

Activation, daily temperature, a warmer or colder room, pauses with a restart, clocks that jump back, bursts
of points, single spikes, arched or flat half cycles; the end is a hard short, a soft short (lasting,
recovering or flickering), a growing polarisation, or none.

Run: ``python benchmarks/electrochem_life.py [runs]``.
"""

import sys
import time

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.results import rows_of
from interlayer.electrochem import analyze

AREA = 1.131
ENDS = ("none", "hard", "soft lasting", "soft recovering", "soft flickering", "growth")
Floats = NDArray[np.float64]


def envelope(rng: np.random.Generator, halves: int, seconds: float) -> Floats:
    """Return the factor of the resistance in each half cycle: activation, temperature, restarts."""
    hours = np.arange(halves) * seconds / 3600
    left = rng.uniform(0.5, 1.0)
    found = left + (1 - left) * np.exp(-hours / rng.uniform(3, 100))
    found *= 1 + rng.uniform(0, 0.08) * np.sin(2 * np.pi * hours / 24 + rng.uniform(0, 6))
    change, begin, over = rng.uniform(-0.2, 0.2), rng.uniform(0, hours[-1]), rng.uniform(3, 40)
    found *= 1 + change / (1 + np.exp(-(hours - begin) / over))
    return np.asarray(found * (1 + rng.uniform(0, 0.01) * rng.standard_normal(halves)))


def times(rng: np.random.Generator, seconds: float, every: float) -> Floats:
    found = np.union1d(np.array([1.0, 5.0, 20.0]), np.append(np.arange(every, seconds, every), seconds))
    if rng.random() < 0.03:  # a burst of points
        begin = rng.uniform(0, seconds - 300)
        found = np.union1d(found, np.round(begin + np.linspace(0, 300, 200), 3))
    return found


def run(rng: np.random.Generator, end: str) -> tuple[xr.Dataset, float]:
    """Return a run and the time in s at which it ended (that of its last point for "none")."""
    halves, seconds = int(rng.integers(150, 500)), float(rng.choice([1800, 3600, 7200]))
    every = float(rng.choice([10, 30, 60]))
    current, resistance = float(rng.choice([0.05, 0.2, 0.5])) * AREA * 1e-3, 10 ** rng.uniform(1.7, 2.8)
    noise = float(rng.choice([2e-5, 1e-4, 4e-4]))
    fail = int(rng.integers(10, halves - 8)) if end != "none" else halves + 1
    share = rng.uniform(0.1, 0.9)
    left = rng.uniform(0.01, 0.12) if end == "hard" else rng.uniform(0.35, 0.7)
    rate = rng.uniform(0.05, 0.3)
    if end == "growth":  # until the cell reaches 2 to 4 V and is stopped
        halves = fail + int(np.log(rng.uniform(2, 4) / (current * resistance)) / rate) + 1
    factor = envelope(rng, halves, seconds)
    if end == "growth":
        factor = factor * np.exp(np.maximum(np.arange(halves) - fail, 0) * rate)
    arch, peak = rng.uniform(-0.3, 0.4), rng.uniform(0, 0.3) * (rng.random() < 0.5)
    pauses = set(rng.integers(5, halves, int(rng.integers(0, 3))).tolist())
    t, v, i, clock, restart, failed = [np.zeros(1)], [np.zeros(1)], [np.zeros(1)], 0.0, 1.0, np.nan
    flicker = rng.random(halves) < 0.5
    for k in range(halves):
        if k in pauses:
            clock += rng.uniform(1, 60) * 3600
            restart = rng.uniform(0.9, 1.4)
        restart = 1 + (restart - 1) * 0.7
        inside = times(rng, seconds, every)
        x = inside / seconds
        size = 1 + arch * (x - 0.5) ** 2 * 4 + peak * np.exp(-x / 0.05)
        level = np.ones(x.size)
        if k >= fail and end not in ("growth", "none"):
            level = np.where((x >= share) | (k > fail), left, 1.0)
            if end == "soft recovering" and k > fail:
                level = np.ones(x.size)
            if end == "soft flickering" and k > fail and flicker[k]:
                level = np.ones(x.size)
            if k == fail:
                failed = clock + share * seconds
        u = current * resistance * factor[k] * restart * size * level
        spike = rng.random(x.size) < 3e-4
        u = np.where(spike, u * rng.uniform(0.2, 1.5), u) + noise * rng.standard_normal(x.size)
        sign = 1 if k % 2 == 0 else -1
        t.append(clock + inside)
        v.append(sign * u)
        i.append(np.full(x.size, sign * current))
        clock += seconds
    elapsed = np.concatenate(t)
    if rng.random() < 0.2:
        back = int(rng.integers(1, elapsed.size))
        elapsed[back:] -= min(125_192.0, elapsed[back])
    raw = xr.Dataset(
        {
            "time": ("point", elapsed),
            "voltage": ("point", np.concatenate(v)),
            "current": ("point", np.concatenate(i)),
        }
    )
    return raw, (clock if np.isnan(failed) else failed)


def tally(count: int) -> dict[str, NDArray[np.int64]]:
    """Return per end: runs, ends found at their time, kinds right, too early, missed or false."""
    rng = np.random.default_rng(77)
    tallies = {end: np.zeros(5, dtype=np.int64) for end in ENDS}
    for place in range(count):
        end = ENDS[place % len(ENDS)]
        raw, truth = run(rng, end)
        jumps = bool(np.any(np.diff(raw["time"].values) < 0))
        row = next(r for r in rows_of(analyze(raw, kind="plating", area=AREA)) if r.quantity == "lifetime")
        ended = row.status == "measured"
        right = ended != (end == "none")
        kind = end.split()[0] in row.note or end in ("none", "growth")
        near = not ended or end == "growth" or jumps or abs(row.value * 3600 - truth) < 0.02 * truth + 60
        early = ended and not jumps and row.high * 3600 < 0.98 * truth - 60
        tallies[end] += [1, right and near, right and kind, early or (end == "none" and ended), not right]
    return tallies


def main(count: int) -> None:
    begin = time.process_time()
    tallies = tally(count)
    print(f"{count} runs, {1e3 * (time.process_time() - begin) / count:.0f} CPU-ms each")
    for end, (runs, exact, kind_right, false, wrong) in tallies.items():
        print(
            f"{end:16s} n={runs:4d}  end found at its time {100 * exact / runs:5.1f} %  "
            f"kind right {100 * kind_right / runs:5.1f} %  too early {100 * false / runs:4.1f} %  "
            f"missed or false {100 * wrong / runs:4.1f} %"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
