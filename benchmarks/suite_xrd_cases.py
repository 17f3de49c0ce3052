"""XRD: a standard, steel below the film, sizes, a hump, β-Li3N, lines of no cubic cell; known answers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from record import Record, share
from xrd_cases import (
    CELL,
    DISPLACEMENT,
    RANGES,
    SIZES,
    SRM,
    beta_claims,
    calibrated,
    certified,
    cubic_refusals,
    one_line,
    size_errors,
    steel_errors,
)
from xrd_quantify import nitride
from xrd_simulate import Machine


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of a few patterns of some cases (full: of ten to twenty for each case)."""
    yield from _srm()
    yield from _steel(20 if full else 3)
    if full:
        yield from _sizes(SIZES, 10)
        yield from _humps(10)
        yield from _beta(10)
        yield from _fractions(10)
    cubic = 10 if full else 2
    yield Record("xrd, 36.19, 51.97, 64.98°", "one cubic cell refused", 100 * cubic_refusals(cubic) / cubic,
                 "%", 100.0, "higher", cubic, f"5000 to {4999 + cubic}")  # fmt: skip


def _srm() -> Iterator[Record]:
    if not SRM.exists():
        print("NIST SRM 660c is not here: no figure of it")
        return
    for (name, limits), most in zip(RANGES.items(), (20.0, 40.0), strict=True):
        a, s = certified(limits)
        title = f"xrd, NIST SRM 660c, {name}"
        yield Record(title, "error of a", 1e6 * abs(a.value / CELL - 1), "ppm", most, "lower", 1)
        pull = abs(a.value - CELL) / a.stddev
        yield Record(title, "error of a over its deviation", pull, "", 2.0 if limits else None, "lower", 1)
        off = 1e3 * abs(s.value - DISPLACEMENT)
        yield Record(title, "error of the displacement", off, "µm", None if limits else 2.0, "lower", 1)


def _steel(count: int) -> Iterator[Record]:
    found = steel_errors(count)
    error, name, seeds = np.array([1e3 * e for e, _ in found]), "xrd, steel 0.25 mm below", "2000 …"
    n, spread = error.size, float(error.std())
    yield Record(name, "bias of the offset", abs(float(error.mean())), "µm", 20.0, "lower", n, seeds,
                 2 * spread / n**0.5)  # fmt: skip
    yield Record(name, "largest error of one pattern", float(np.abs(error).max()), "µm", 20.0, "lower", n,
                 seeds, 0.0)  # fmt: skip
    cover, noise = share([inside for _, inside in found])
    yield Record(name, "coverage of 95 % intervals", cover, "%", None, "higher", n, seeds, noise)


def _sizes(sizes: tuple[float, ...], count: int) -> Iterator[Record]:
    device, held = Machine(np.random.default_rng(1), width=0.09), []
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"instrument": calibrated(device, Path(folder))}
        for truth in sizes:
            found = size_errors(truth, count, device, given)
            yield _size(f"bias at {truth:g} nm", [e for e, _ in found])
            held += [inside for _, inside in found]
    cover, noise = share(held)
    yield Record("xrd, size of Li3N, instrument known", "coverage of 95 % intervals", cover, "%",
                 (93.0, 97.0), "between", len(held), "3000 …", noise)  # fmt: skip


def _size(figure: str, errors: list[float]) -> Record:
    value = abs(float(np.mean(errors))) if errors else float("nan")
    noise = 2 * float(np.std(errors)) / len(errors) ** 0.5 if errors else 0.0
    return Record("xrd, size of Li3N, instrument known", figure, value, "%", 3.0, "lower", len(errors),
                  "3000 …", noise)  # fmt: skip


def _humps(count: int) -> Iterator[Record]:
    """A polymer's hump, and none: the size must not be off by more than its interval."""
    for height in (0.0, 1500.0):
        device = Machine(np.random.default_rng(1), width=0.09)
        found = size_errors(12.0, count, device, {}, hump=height)
        cover, noise = share([inside for _, inside in found])
        yield Record(f"xrd, 12 nm, hump of {height:g} counts, blind", "intervals that hold", cover, "%", 93.0,
                     "higher", len(found), "3000 …", noise)  # fmt: skip


def _beta(count: int) -> Iterator[Record]:
    seeds = f"4000 to {3999 + count}"
    for part in (0.0, 0.05, 0.1, 0.2):
        claimed, limits = beta_claims(part, count)
        name = f"xrd, β-Li3N at {100 * part:g} % of α's strongest line"
        hits = [True] * claimed + [False] * (count - claimed)
        target, better = (None, "higher") if part else (0.0, "lower")
        yield Record(name, "claimed", share(hits)[0], "%", target, better, count, seeds, share(hits)[1])
        told = [True] * (claimed + limits) + [False] * (count - claimed - limits)
        yield Record(name, "claimed or refused with a limit", share(told)[0], "%", 100.0, "higher", count,
                     seeds)  # fmt: skip
    yield Record("xrd, only 28.2° visible", "both Li3N refused with the reason",
                 100 * one_line(count) / count, "%", 100.0, "higher", count,
                 f"4100 to {4099 + count}")  # fmt: skip


def _fractions(count: int) -> Iterator[Record]:
    """Weight fractions of β beside α: no bias beyond what so few mixtures vary by."""
    for held in (0.05, 0.1, 0.2):
        errors, inside, _ = nitride(held, count, 0)
        name, n = f"xrd, {100 * held:g} % β-Li3N in α", len(errors)
        bias = 100 * abs(float(np.mean(errors))) if errors else float("nan")
        spread = 200 * max(float(np.std(errors)), 0.005) / n**0.5 if errors else 0.0
        yield Record(name, "bias of the weight fraction", bias, "%", 0.0, "lower", n, f"0 to {count - 1}",
                     spread)  # fmt: skip
        cover, noise = share(inside) if inside else (float("nan"), 0.0)
        yield Record(name, "coverage of 95 % intervals", cover, "%", None, "higher", n, f"0 to {count - 1}",
                     noise)  # fmt: skip
