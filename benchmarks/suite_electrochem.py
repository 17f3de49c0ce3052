"""Electrochemistry: circuit fits beside impedance.py, critical currents, reading beside pandas and polars."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from electrochem_ccd import AREA, run
from electrochem_eis import CIRCUIT, NOISE, F, draw, model
from electrochem_io import summarise, with_pandas, with_polars, write_csv
from record import Record, share, spent

from interlayer.core.results import rows_of
from interlayer.electrochem import analyze
from interlayer.electrochem.model.circuit import parse
from interlayer.electrochem.model.fit import fit


def records(full: bool) -> list[Record]:
    """Return the figures of a part of the benchmarks (full: of as many cases as those take)."""
    return [*_fits(400 if full else 60, 60 if full else 10), *_ccd(1000 if full else 60),
            *_reading(3_000_000 if full else 300_000)]  # fmt: skip


def _quality(outer: Any, truth: Any, z: Any) -> "np.ndarray":
    """Return which spectra converged: χ² of the true noise below 1.6."""
    size = np.abs(np.array([model(p) for p in truth])) * NOISE
    found = np.array([model(p) for p in outer])
    return np.asarray(np.sum(np.abs((found - z) / size) ** 2, axis=1) / (2 * F.size - 8) < 1.6)


def _fits(count: int, peers: int) -> list[Record]:
    circuit = parse(CIRCUIT)
    values, z = draw(count, NOISE, 500)
    fit(circuit, F, z[:2])
    begun = time.process_time()
    found = fit(circuit, F, z)
    rate = count / (time.process_time() - begun)
    good = _quality(circuit.outer(found.x), values, z)
    inside = (np.abs(found.x - circuit.inner(values)) < 1.981 * found.stddev)[good]
    cover, cover_noise = share(inside.ravel())
    converged, converged_noise = share(good)
    theirs = _impedance(values[:peers], z[:peers])
    name = "electrochem, eight-parameter circuit"
    beside: list[dict[str, Any]] = [
        {"peer": "impedance.py, true starts", "peer_value": each} for each in theirs
    ] or [{}, {}]
    return [
        Record(name, "converged without a start", converged, "%", None, "higher", count, "500",
               converged_noise, **beside[0]),
        Record(name, "coverage of 95 % intervals", cover, "%", (93.0, 97.0), "between", count, "500",
               cover_noise),
        Record(name, "fits with uncertainties", rate, "1/CPU-s", None, "higher", count, "500", 0.2 * rate,
               **beside[1]),
    ]  # fmt: skip


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


def _ccd(count: int) -> list[Record]:
    rng = np.random.default_rng(2024)
    exact, false = [], []
    for _ in range(count):
        kind = str(rng.choice(["hard", "soft", "none"]))
        raw, level, levels = run(rng, kind)
        (row,) = rows_of(analyze(raw, kind="ccd", area=AREA))
        if kind == "none":
            exact.append(row.status == "lower limit" and abs(row.low / levels[-1] - 1) < 1e-3)
            false.append(row.status != "lower limit")
        else:
            exact.append(row.status == "measured" and abs(row.high / level - 1) < 1e-3)
    name = "electrochem, critical current density"
    (hit, hit_noise), (wrong, wrong_noise) = share(exact), share(false)
    return [
        Record(name, "right step", hit, "%", None, "higher", count, "2024", hit_noise),
        Record(
            name, "shorts where there is none", wrong, "%", None, "lower", len(false), "2024", wrong_noise
        ),
    ]


def _reading(rows: int) -> list[Record]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.csv"
        write_csv(path, rows)
        ours, noise = spent(lambda: summarise(path), 3)
        peers = {
            "polars": spent(lambda: with_polars(path), 3)[0],
            "pandas": spent(lambda: with_pandas(path), 3)[0],
        }
    rate = rows / ours / 1e6
    made = []
    for name, seconds in peers.items():
        figure, theirs = f"read and half cycles, beside {name}", rows / seconds / 1e6
        made.append(
            Record("electrochem, long CSV", figure, rate, "Mrow/CPU-s", None, "higher", rows, "0",
                   rate * noise / ours, name, theirs)
        )  # fmt: skip
    return made
