"""EDS: thickness of simulated N layers beside a row-mean erf fit, limits, N beside C, real rows, speed."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from eds_layer import CASES, STEP, TRUE, Case, Target, bound, erf_pair, measure, simulate
from eds_spectra import edax_rows, separated, write_map
from record import Record, share, spent

from interlayer.core.results import rows_of
from interlayer.eds import analyze
from interlayer.eds.readers.edax import load_spd

QUICK = ("σ 150, 3 counts", "tilt 5°")
REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "eds"


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of two cases with few maps (full: of all cases, 400 maps each)."""
    yield _cold()
    yield from _cube(full)
    yield from _separation(400 if full else 50)
    yield from _real()
    for case in CASES:
        if full or case.name in QUICK:
            yield from _case(case, 400 if full else 20)
    for case in CASES:
        if full and _honest(case):
            yield from _limits(case, 400)


def _layer(case: Case) -> bool:
    return case.levels[1] > max(case.levels[0], case.levels[2])


def _honest(case: Case) -> bool:
    """Whether no value may be given: no layer, or one that is blurred away."""
    return not _layer(case) or (max(case.blur) >= 400 and case.fixed is None)


def _target(counts: np.ndarray) -> Target:
    return Target("N", counts, (STEP, STEP), True)


def _cold() -> Record:
    """The first map of a process: imports, and loads or, on a new machine, compiles its kernels."""
    counts, begun = simulate(np.random.default_rng(1), CASES[1]), time.process_time()
    measure(_target(counts), None)
    took = time.process_time() - begun
    return Record("eds, map of 200 × 256", "first of a process, CPU", took, "s", None, "lower", 1, "1",
                  0.5 * took)  # fmt: skip


def _cube(full: bool) -> Iterator[Record]:
    """A map of spectra to a thickness with its interval; its memory is in `suite_memory`."""
    size = (400, 512, 2048) if full else (100, 128, 2048)
    with tempfile.TemporaryDirectory() as folder:
        path = write_map(Path(folder) / "map.spd", *size)

        def run() -> object:
            raw = load_spd(path)
            given = {"element": "N", "pixel_size": "20 nm", "energy_step": "10 eV", "beam_voltage": 3.0}
            return rows_of(analyze(raw, **given))

        took, noise = spent(run, 2)
    yield Record(f"eds, cube of {size[1]} × {size[0]} × {size[2]}", "read to thickness, CPU", took, "s", 2.0,
                 "lower", 2, "2", noise)  # fmt: skip


def _separation(runs: int) -> Iterator[Record]:
    """N beside twenty times as much C, beside the counts of a bare window."""
    for counts in (300, 3000, 30000):
        found, _, bare = separated(20, counts, 135, runs, np.random.default_rng([1, counts]))
        bias, other = (100 * abs(float(np.mean(each)) - 1) for each in (found, bare))
        yield Record(f"eds, N : C 1 : 20, {counts:,} counts of N", "bias of N", bias, "%", 2.0, "lower", runs,
                     f"1 {counts}", 200 * float(np.std(found)) / runs**0.5, "bare window", other)  # fmt: skip


def _real() -> Iterator[Record]:
    if not (REAL / "spd_map_rows100-105.spd").exists():
        print("the real EDAX rows are not here: no figure of them")
        return
    result, off, _ = edax_rows(REAL)
    name, away = "eds, real EDAX rows", np.array(list(off.values()))
    yield Record(name, "lines not found", float(np.sum(np.isnan(away))), "", 0.0, "lower", away.size)
    yield Record(name, "largest error of a line", float(np.nanmax(np.abs(away))), "eV", 10.0, "lower",
                 away.size)  # fmt: skip
    claimed = [r for r in rows_of(result) if r.quantity == "layer_thickness" and r.status == "measured"]
    yield Record(name, "layers claimed", float(len(claimed)), "", 0.0, "lower", 1)


def _case(case: Case, runs: int) -> Iterator[Record]:
    if not _layer(case) or case.fixed is not None or max(case.blur) > 300:
        return
    rng = np.random.default_rng(2024)
    found, usual, seconds = [], [], []
    for _ in range(runs):
        counts = simulate(rng, case)
        begun = time.process_time()
        result = measure(_target(counts), None)
        seconds.append(time.process_time() - begun)
        usual.append(erf_pair(counts))
        if result.status == "measured" and result.thickness:
            found.append(result.thickness)
    values = np.array([each.value for each in found])
    cover, cover_noise = share([each.low <= TRUE <= each.high for each in found])
    blurred, poor = max(case.blur) > 150, case.levels[1] < 1
    most = 10.0 if blurred else None if poor else 5.0
    noise = 2 * values.std() / len(values) ** 0.5
    took, title, n = float(np.median(seconds)), f"eds, {case.name}", len(values)
    erf = {"peer": "erf fit"}
    bias, other = abs(values.mean() - TRUE), float(abs(np.nanmean(usual) - TRUE))
    sd, other_sd = values.std() / bound(case), float(np.nanstd(usual) / bound(case))
    yield from [
        Record(title, "bias", bias, "nm", most, "lower", n, "2024", noise, **erf, peer_value=other),
        Record(title, "sd over the bound", sd, "", None if blurred else 1.15, "lower", n, "2024",
               2 / (2 * n) ** 0.5, **erf, peer_value=other_sd),
        Record(title, "coverage of 95 % intervals", cover, "%", (93.0, 97.0), "between", n, "2024",
               cover_noise),
        Record(title, "map of 200 × 256, CPU", took, "s", 0.2, "lower", runs, "2024", 0.2 * took),
        Record(title, "maps with a value", 100 * n / runs, "%", None, "higher", runs, "2024",
               100 / runs**0.5),
    ]  # fmt: skip


def _limits(case: Case, runs: int) -> Iterator[Record]:
    """Never a bare value, and limits that hold; where there is no layer, none is claimed."""
    rng = np.random.default_rng(2024)
    found = [measure(_target(simulate(rng, case)), None) for _ in range(runs)]
    values = sum(each.status == "measured" for each in found)
    name = f"eds, {case.name}"
    yield Record(name, "maps with a value", float(values), "", 0.0, "lower", runs, "2024")
    limits = [each.thickness for each in found if each.thickness is not None]
    if _layer(case) and limits:
        held, noise = share([each.low <= TRUE <= each.high for each in limits])
        yield Record(name, "limits that hold", held, "%", None, "higher", len(limits), "2024", noise)
