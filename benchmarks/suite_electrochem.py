"""Electrochemistry: circuit fits beside impedance.py, Kramers–Kronig, DRT; reading beside pandas, polars."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from electrochem_eis import CIRCUIT, NOISE, ZARCS, F, alarms, draw, model, two_zarcs
from electrochem_io import apart, repeat_mpr, summarise, with_pandas, with_polars, write_csv
from record import Record, share

from interlayer.electrochem.model.circuit import parse
from interlayer.electrochem.model.fit import fit
from interlayer.electrochem.readers import mpr
from interlayer.example.generator.electrochem.cv import ACTIVATED, _write_one


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of a part of the benchmarks (full: of as many cases as the targets ask for)."""
    yield from _fits(1000 if full else 60, 60 if full else 10)
    yield from _started(1000 if full else 200)
    yield from _kramers_kronig(300 if full else 30)
    yield from _relaxations(100 if full else 10)
    yield from _reading(5_000_000 if full else 300_000)
    yield from _binary(5_000_000 if full else 300_000)


def _quality(outer: Any, truth: Any, z: Any) -> "np.ndarray":
    """Return which spectra converged: χ² of the true noise below 1.6."""
    size = np.abs(np.array([model(p) for p in truth])) * NOISE
    found = np.array([model(p) for p in outer])
    return np.asarray(np.sum(np.abs((found - z) / size) ** 2, axis=1) / (2 * F.size - 8) < 1.6)


def _fits(count: int, peers: int) -> Iterator[Record]:
    circuit = parse(CIRCUIT)
    values, z = draw(count, NOISE, 500)
    fit(circuit, F, z[:2])
    begun = time.process_time()
    found = fit(circuit, F, z)
    rate = count / (time.process_time() - begun)
    good = _quality(circuit.outer(found.x), values, z)
    inside = (np.abs(found.x - circuit.inner(values)) < 1.981 * found.stddev)[good]
    cover, cover_noise = share(inside.ravel())
    each, each_noise = zip(*(share(column) for column in inside.T), strict=True)
    converged, converged_noise = share(good)
    theirs = _impedance(values[:peers], z[:peers])
    name = "electrochem, eight-parameter circuit"
    beside: list[dict[str, Any]] = [
        {"peer": "impedance.py, true starts", "peer_value": each} for each in theirs
    ] or [{}, {}]
    yield Record(name, "converged without a start", converged, "%", 97.0, "higher", count, "500",
                 converged_noise, **beside[0])  # fmt: skip
    yield Record(name, "coverage of 95 % intervals", cover, "%", (93.0, 97.0), "between", count, "500",
                 cover_noise)  # fmt: skip
    for figure, value in (("lowest", min(each)), ("highest", max(each))):
        yield Record(name, f"coverage, {figure} of the parameters", value, "%", (93.0, 97.0), "between",
                     count, "500", max(each_noise))  # fmt: skip
    yield Record(name, "fits with uncertainties, no start", rate, "1/CPU-s", 50.0, "higher", count, "500",
                 0.2 * rate, **beside[1])  # fmt: skip


def _started(count: int) -> Iterator[Record]:
    """Starts off by up to three times, noise as |Z|: a batch."""
    circuit = parse(CIRCUIT)
    values, z = draw(count, NOISE, 101)
    start = values * 3.0 ** np.random.default_rng(7).uniform(-1, 1, values.shape)
    start[:, [3, 6]] = 0.85
    fit(circuit, F, z[:2], start=start[:2], exponent=1.0)
    begun = time.process_time()
    found = fit(circuit, F, z, start=start, exponent=1.0)
    rate = count / (time.process_time() - begun)
    converged, noise = share(_quality(circuit.outer(found.x), values, z))
    name = "electrochem, eight-parameter circuit"
    yield Record(name, "converged from starts off by up to 3 ×", converged, "%", None, "higher", count, "101",
                 noise)  # fmt: skip
    yield Record(name, "fits with uncertainties, with starts", rate, "1/CPU-s", 1000.0, "higher", count,
                 "101", 0.2 * rate)  # fmt: skip


def _kramers_kronig(count: int) -> Iterator[Record]:
    for points in (30, 60, 100):
        rng = np.random.default_rng([11, points])
        found = [alarms(points, noise, count, rng) for noise in (0.001, 0.003, 0.005)]
        name, seed = f"electrochem, Kramers–Kronig, {points} points", f"11 {points}"
        false = max(share(each) for one in found for each in (one.false, one.false_equal))
        power = min(share(each) for one in found for each in one.power)
        rate = min(each.rate for each in found)
        yield Record(name, "false alarms, most of three noises", false[0], "%", 5.0, "lower", count, seed,
                     false[1])  # fmt: skip
        yield Record(name, "power at 20 % drift, least of three noises", power[0], "%", 80.0, "higher",
                     count, seed, power[1])  # fmt: skip
        yield Record(name, "tests", rate, "1/CPU-s", 200.0, "higher", count, seed, 0.2 * rate)


def _relaxations(count: int) -> Iterator[Record]:
    rng = np.random.default_rng(5)
    for noise in (0.001, 0.003):
        found = [two_zarcs(count, each, noise, rng) for each in ZARCS]
        error = max(100 * float(np.median(each[0])) if each[0] else float("nan") for each in found)
        took = max(each[2] for each in found)
        name = f"electrochem, DRT of two ZARCs, noise {100 * noise:g} %"
        spread = max(200 * float(np.std(each[0])) / max(len(each[0]), 1) ** 0.5 for each in found)
        yield Record(name, "error of the worse resistance, median", error, "%", 0.5, "lower", 3 * count, "5",
                     spread)  # fmt: skip
        yield Record(name, "CPU", took, "s", 0.05, "lower", 3 * count, "5", 0.2 * took)


def _impedance(values: Any, z: Any) -> list[float]:
    """Return the share that converges from the true values, in %, and the fits per CPU second."""
    try:
        from impedance.models.circuits import CustomCircuit
    except ImportError:
        print("impedance.py is not installed: no figure of it")
        return []
    found, seconds = [], 0.0
    for row, first in zip(z, values, strict=True):
        other = CustomCircuit("R0-p(R1,CPE1)-p(R2,CPE2)-W1", initial_guess=first.tolist())
        begun = time.process_time()
        try:
            other.fit(F, row, weight_by_modulus=True)
            found.append(np.array(other.parameters_))
        except (RuntimeError, ValueError):
            found.append(first * np.nan)
        seconds += time.process_time() - begun
    with np.errstate(invalid="ignore"):
        return [share(_quality(found, values, z))[0], len(z) / seconds]


def _reading(rows: int) -> Iterator[Record]:
    """First run of a new process after a small file took the imports, then again in the same process."""
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder) / "small.csv", Path(folder) / "long.csv"
        write_csv(small, 20_000)
        write_csv(path, rows)
        ours, peers = apart(summarise, small, path), {}
        for name, run in (("polars", with_polars), ("pandas", with_pandas)):
            peers[name] = apart(run, small, path)
    for place, when in enumerate(("first run of a process", "again")):
        rate = rows / ours[place] / 1e6
        for name, theirs in peers.items():
            yield Record("electrochem, long CSV", f"read and half cycles, {when}, beside {name}", rate,
                         "Mrow/CPU-s", 3.0, "higher", rows, "0", 0.15 * rate, name,
                         rows / theirs[place] / 1e6)  # fmt: skip


def _binary(rows: int) -> Iterator[Record]:
    """A voltammogram's .mpr, its records again and again; the mapped file is not counted as memory in use."""
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder) / "small.mpr", Path(folder) / "long.mpr"
        _write_one(small, ACTIVATED, 1.131, np.random.default_rng(0))
        count = repeat_mpr(small, path, rows)
        for name, run in (("all columns", mpr.read_table), ("tidy Dataset", mpr.load)):
            first, again, _ = apart(run, small, path)
            for seconds, when in ((first, "first run of a process"), (again, "again")):
                rate = count / seconds / 1e6
                yield Record("electrochem, long .mpr", f"{name}, {when}", rate, "Mrow/CPU-s", 20.0, "higher",
                             count, "0", 0.2 * rate)  # fmt: skip
