"""EDS: bias and coverage of the thickness of simulated N layers beside a row-mean erf fit; time of a map."""

import time

import numpy as np
from eds_layer import CASES, STEP, TRUE, Target, bound, erf_pair, measure, simulate
from record import Record, share

QUICK = ("σ 150, 3 counts", "tilt 5°")


def records(full: bool) -> list[Record]:
    """Return the figures of two cases with few maps (full: all cases with a layer, 400 maps each)."""
    made = []
    for case in CASES:
        layer = case.levels[1] > max(case.levels[0], case.levels[2])
        if layer and case.fixed is None and max(case.blur) <= 300 and (full or case.name in QUICK):
            made += _case(case.name, 400 if full else 20)
    return made


def _case(name: str, runs: int) -> list[Record]:
    case = next(each for each in CASES if each.name == name)
    rng = np.random.default_rng(2024)
    found, usual, seconds = [], [], []
    for number in range(runs + 1):
        counts = simulate(rng, case)
        begun = time.process_time()
        result = measure(Target("N", counts, (STEP, STEP), True), None)
        if number:  # the first one imports and compiles
            seconds.append(time.process_time() - begun)
            usual.append(erf_pair(counts))
            if result.status == "measured" and result.thickness:
                found.append(result.thickness)
    values = np.array([each.value for each in found])
    cover, cover_noise = share([each.low <= TRUE <= each.high for each in found])
    blurred, poor = max(case.blur) > 150, case.levels[1] < 1
    most = 10.0 if blurred else None if poor else 5.0
    noise = 2 * values.std() / len(values) ** 0.5
    took, title, n = float(np.median(seconds)), f"eds, {name}", len(values)
    erf = {"peer": "erf fit"}
    bias, other = abs(values.mean() - TRUE), float(abs(np.nanmean(usual) - TRUE))
    sd, other_sd = values.std() / bound(case), float(np.nanstd(usual) / bound(case))
    return [
        Record(title, "bias", bias, "nm", most, "lower", n, "2024", noise, **erf, peer_value=other),
        Record(title, "sd over the bound", sd, "", None if blurred else 1.15, "lower", n, "2024",
               2 / (2 * n) ** 0.5, **erf, peer_value=other_sd),
        Record(title, "coverage of 95 % intervals", cover, "%", (93.0, 97.0), "between", n, "2024",
               cover_noise),
        Record(title, "map of 200 × 256, CPU", took, "s", 0.2, "lower", runs, "2024", 0.2 * took),
    ]  # fmt: skip
