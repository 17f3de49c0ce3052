"""Cells: critical current density, life, transference number, GITT, ICI, voltammograms, ways of counting."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from electrochem_ccd import tally as staircases
from electrochem_counting import difference, every
from electrochem_life import tally as lives
from electrochem_transients import CELLS, interrupted, titration, transference
from record import Record, share

from interlayer.core.results import rows_of
from interlayer.electrochem import analyze, read
from interlayer.example.generator.electrochem.cv import write_cv

#: τD/L² of the pulses for which the formula holds
VALID = (0.003, 0.01, 0.03)


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of few simulated cells (full: of as many as the targets ask for)."""
    yield from _staircases(1000 if full else 60)
    yield from _lives(300 if full else 6)
    yield from _transference(400 if full else 10)
    yield from _titration()
    yield from _interrupted(10 if full else 2)
    yield from _voltammograms(40 if full else 4)
    yield from _counting()


def _shares(hits: int, runs: int) -> tuple[float, float]:
    return share([True] * hits + [False] * (runs - hits))


def _staircases(count: int) -> Iterator[Record]:
    found = staircases(count)
    ends = [found["hard"], found["soft"]]
    shorted = sum(each["runs"] for each in ends)
    name, seed = "electrochem, critical current density", "2024"
    exact, noise = _shares(sum(each["exact"] for each in found.values()), count)
    yield Record(name, "right step", exact, "%", 98.0, "higher", count, seed, noise)
    false, noise = _shares(found["none"]["false"], found["none"]["runs"])
    yield Record(name, "shorts where there is none", false, "%", 1.0, "lower", found["none"]["runs"], seed,
                 noise)  # fmt: skip
    kind, noise = _shares(sum(each["kind"] for each in ends), shorted)
    yield Record(name, "hard or soft, told right", kind, "%", 95.0, "higher", shorted, seed, noise)
    missed, noise = _shares(sum(each["missed"] for each in ends), shorted)
    yield Record(name, "shorts missed", missed, "%", None, "lower", shorted, seed, noise)


def _lives(count: int) -> Iterator[Record]:
    found = lives(count)
    runs, exact, kind, early, wrong = np.sum(list(found.values()), axis=0)
    for figure, hits, better in (
        ("end found at its time", exact, "higher"), ("kind of the end", kind, "higher"),
        ("end told too early", early, "lower"), ("end missed or false", wrong, "lower"),
    ):  # fmt: skip
        value, noise = _shares(int(hits), int(runs))
        yield Record("electrochem, life of Li-Li cells", figure, value, "%", None, better, int(runs), "77",
                     noise)  # fmt: skip


def _transference(count: int) -> Iterator[Record]:
    rng, seed = np.random.default_rng(5), "5"
    for cell, (hours, first) in CELLS.items():
        errors, inside, flagged = transference(count, hours, first, rng)
        name = f"electrochem, Bruce-Vincent, {cell}"
        told, noise = _shares(flagged, count)
        if cell != "normal":
            yield Record(name, "flagged or not measured", told, "%", 100.0, "higher", count, seed)
            continue
        spread = 2 * float(np.std(errors)) / len(errors) ** 0.5
        yield Record(name, "bias", abs(float(np.mean(errors))), "", 0.005, "lower", len(errors), seed, spread)
        cover, cover_noise = share(inside)
        yield Record(name, "coverage of 95 % intervals", cover, "%", (93.0, 97.0), "between", len(inside),
                     seed, cover_noise)  # fmt: skip
        yield Record(name, "flagged without cause", told, "%", None, "lower", count, seed, noise)


def _titration() -> Iterator[Record]:
    rng = np.random.default_rng(3)
    for sphere in (False, True):
        name = f"electrochem, GITT, {'sphere' if sphere else 'slab'}"
        for reduced in VALID:
            ratio = titration(reduced, sphere, rng)
            error = 100 * abs(float(np.nanmean(ratio)) - 1) if np.isfinite(ratio).any() else float("nan")
            spread = 200 * float(np.nanstd(ratio)) / ratio.size**0.5
            yield Record(name, f"error of D, τD/L² {reduced:g}", error, "%", 2.0, "lower", ratio.size, "3",
                         spread)  # fmt: skip


def _interrupted(runs: int) -> Iterator[Record]:
    rng, ratio, inside = np.random.default_rng(3), [], []
    for rate in (1e-4, 3e-4, 1e-3):
        for _ in range(runs):
            d, covered, verdict = interrupted(rate, rng)
            good = np.array([text == "valid" for text in verdict])
            ratio += d[good].tolist()
            inside += covered[good].tolist()
    bias = 100 * abs(float(np.mean(ratio)) - 1)
    cover, noise = share(inside)
    n = len(ratio)
    yield Record("electrochem, ICI, slab", "bias of D", bias, "%", None, "lower", n, "3",
                 200 * float(np.std(ratio)) / n**0.5)  # fmt: skip
    yield Record("electrochem, ICI, slab", "coverage of 95 % intervals", cover, "%", None, "higher", n, "3",
                 noise)  # fmt: skip


def _voltammograms(count: int) -> Iterator[Record]:
    """The example study's two cells with other noise: what the intervals of the last cycles hold."""
    errors: dict[str, list[float]] = {"anodic_peak_current": [], "cathodic_overpotential": []}
    inside: dict[str, list[bool]] = {name: [] for name in errors}
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder)
            for sample in ("activated", "not-activated"):
                (raw / sample / "electrochem").mkdir(parents=True)
            truths = write_cv(raw, np.random.default_rng([8, seed]))
            for sample in ("activated", "not-activated"):
                rows = rows_of(analyze(read(raw / sample / "electrochem/cv_0p1mVs.mpr"), kind="cv"))
                for truth in (each for each in truths if each.sample == sample):
                    row = next(r for r in rows if (r.quantity, r.subject) == (truth.quantity, truth.subject))
                    errors[truth.quantity].append(100 * (row.value / truth.value - 1))
                    inside[truth.quantity].append(row.low <= truth.value <= row.high)
    for quantity, found in errors.items():
        name, n, seeds = "electrochem, voltammogram", len(found), f"8 0 to 8 {count - 1}"
        cover, noise = share(inside[quantity])
        yield Record(name, f"bias of {quantity.replace('_', ' ')}", abs(float(np.mean(found))), "%", None,
                     "lower", n, seeds, 2 * float(np.std(found)) / n**0.5)  # fmt: skip
        yield Record(name, f"coverage of {quantity.replace('_', ' ')}", cover, "%", None, "higher", n, seeds,
                     noise)  # fmt: skip


def _counting() -> Iterator[Record]:
    found, count, failed = every()
    name = "electrochem, ways of counting and writing"
    yield Record(name, "files that cannot be read", float(len(failed)), "", 0.0, "lower", count)
    for what in ("capacity", "efficiency", "retention"):
        spread = [difference(values) for (quantity, _), values in found.items() if what in quantity]
        if spread:
            yield Record(name, f"largest difference of {what}", max(spread), "", None, "lower", count, "",
                         1e-9)  # fmt: skip
