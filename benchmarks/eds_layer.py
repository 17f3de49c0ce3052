"""Bias, spread and coverage of the layer thickness over simulated N maps, beside a row-mean erf fit.

    python benchmarks/eds_layer.py [runs] [part of a case's name]

Map 200 × 256 pixels of 20 nm, layer 900 nm. ``bound``: standard deviation from the Fisher information of
the profile with free levels, blurs and positions; where a tilted layer is wavy, with what the waves' own
slope adds to the angle of the plane behind them. ``covered``: share of the 95 % intervals that hold the
truth, among runs with status "measured", of the thickness, both edge widths, the angle and the spread.
``limits``: share of the one-sided limits and of the ends of what is not resolved that hold, and their
median. The generator shares no code with the analysis and blurs like the published comparison: rise × fall
("product"), or as the sum of two steps.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.ndimage import gaussian_filter1d
from scipy.special import erf

from interlayer.core.summary import Row, Rows
from interlayer.eds import report
from interlayer.eds.inputs import Target
from interlayer.eds.measure import Outcome, measure

Floats = NDArray[np.float64]
HEIGHT, WIDTH, STEP, TRUE = 200, 256, 20.0, 900.0


@dataclass(frozen=True)
class Case:
    name: str
    blur: tuple[float, float] = (150.0, 150.0)
    tilt: float = 0.0
    waviness: float = 0.0
    levels: tuple[float, float, float] = (0.3, 3.0, 0.6)
    shape: str = "product"
    swell: float = 0.0
    fixed: float | None = None


CASES = (
    Case("σ 80, 10 counts", (80, 80), levels=(0.3, 10, 0.6)),
    Case("σ 150, 3 counts"),
    Case("σ 150, 1 count", levels=(0.1, 1.0, 0.2)),
    Case("σ 150, 0.5 counts", levels=(0.05, 0.5, 0.1)),
    Case("σ 150, 1 count, step sum", levels=(0.1, 1.0, 0.2), shape="sum"),
    Case("σ 300", (300, 300)),
    Case("σ 300, step sum", (300, 300), shape="sum"),
    Case("σ 400", (400, 400)),
    Case("σ 500", (500, 500)),
    Case("σ 300/120", (300, 120)),
    Case("σ 300 given", (300, 300), shape="sum", fixed=300),
    Case("σ 400 given", (400, 400), shape="sum", fixed=400),
    Case("thickness varies by 80 nm", (100, 100), swell=80),
    Case("tilt 5°", tilt=5),
    Case("tilt 10°", tilt=10),
    Case("wavy 100 nm", waviness=100),
    Case("wavy 250 nm", waviness=250),
    Case("tilt 10°, wavy 250 nm", tilt=10, waviness=250),
    Case("tilt 5°, wavy 100, σ 200/100, 1 count", (200, 100), 5, 100, (0.1, 1.0, 0.3)),
    Case("no layer, flat", levels=(0.6, 0.6, 0.6)),
    Case("no layer, wavy step", levels=(0.1, 0.1, 1.0), waviness=100),
    Case("no layer, 0.05 counts", levels=(0.05, 0.05, 0.05)),
)


def simulate(rng: np.random.Generator, case: Case) -> Floats:
    fine = 4
    y = (np.arange(HEIGHT * fine) + 0.5) / fine * STEP
    x = (np.arange(WIDTH) + 0.5) * STEP
    centre = HEIGHT * STEP / 2 + (x - WIDTH * STEP / 2) * np.tan(np.deg2rad(case.tilt))
    if case.waviness:
        wave = gaussian_filter1d(rng.standard_normal(WIDTH + 200), 1500 / STEP / 2.5, mode="wrap")[100:-100]
        centre = centre + (wave - wave.mean()) * case.waviness / wave.std()
    half = np.full(WIDTH, 0.5 * TRUE / np.cos(np.deg2rad(case.tilt)))
    if case.swell:
        part = gaussian_filter1d(rng.standard_normal(WIDTH + 200), 25, mode="wrap")[100:-100]
        half += 0.5 * (part - part.mean()) * case.swell / part.std()
    up = 0.5 * (1 + erf((y[:, None] - centre + half) / (case.blur[0] * np.sqrt(2))))
    down = 0.5 * (1 - erf((y[:, None] - centre - half) / (case.blur[1] * np.sqrt(2))))
    a, b, c = case.levels
    mean = a + (b - a) * up + (c - b) * (1 - down)
    if case.shape == "product":
        mean = a * (1 - up) + b * up * down + c * (1 - down)
    return rng.poisson(mean.reshape(HEIGHT, fine, WIDTH).mean(axis=1)).astype(float)


def erf_pair(counts: Floats) -> float:
    """Row-mean profile, least-squares pair of error functions: the usual way."""
    profile = counts.mean(axis=1)
    y = (np.arange(HEIGHT) + 0.5) * STEP
    above = np.flatnonzero(profile > 0.5 * (profile.max() + profile.min()))

    def model(y: Floats, *p: float) -> Floats:
        up = 0.5 * (1 + erf((y - p[0]) / (abs(p[2]) * np.sqrt(2))))
        down = 0.5 * (1 - erf((y - p[1]) / (abs(p[3]) * np.sqrt(2))))
        return np.asarray(p[5] * (1 - up) + p[4] * up * down + p[6] * (1 - down))

    start = [
        y[above[0]],
        y[above[-1]],
        150,
        150,
        np.percentile(profile, 95),
        profile[:15].mean(),
        profile[-15:].mean(),
    ]
    try:
        found, _ = optimize.curve_fit(model, y, profile, start, maxfev=4000)
    except RuntimeError:
        return float("nan")
    return float(found[1] - found[0])


def bound(case: Case) -> float:
    """Standard deviation of the thickness from the Fisher information of the straight profile."""
    y = (np.arange(HEIGHT) + 0.5) * STEP

    def mean(p: Floats) -> Floats:
        up = 0.5 * (1 + erf((y - p[0]) / (p[2] * np.sqrt(2))))
        down = 0.5 * (1 + erf((y - p[1]) / (p[3] * np.sqrt(2))))
        return np.asarray(WIDTH * (p[4] + (p[5] - p[4]) * up + (p[6] - p[5]) * down))

    middle = HEIGHT * STEP / 2
    p = np.array([middle - TRUE / 2, middle + TRUE / 2, *case.blur, *case.levels], dtype=float)
    steps = np.array([1, 1, 1, 1, 1e-3, 1e-3, 1e-3])
    jacobian = np.stack([(mean(p + s) - mean(p - s)) / (2 * s.sum()) for s in np.diag(steps)])
    covariance = np.linalg.inv((jacobian / mean(p)) @ jacobian.T)
    return float(np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))


def slopes(case: Case) -> float:
    """Standard deviation of the slope of the waves alone over the map."""
    rng = np.random.default_rng(7)
    x = (np.arange(WIDTH) - (WIDTH - 1) / 2) * STEP
    found = []
    for _ in range(300):
        wave = gaussian_filter1d(rng.standard_normal(WIDTH + 200), 1500 / STEP / 2.5, mode="wrap")[100:-100]
        wave = (wave - wave.mean()) * case.waviness / wave.std()
        found.append(x @ wave / (x @ x))
    return float(np.std(found))


def reachable(case: Case) -> float:
    tangent = np.tan(np.deg2rad(case.tilt))
    turn = TRUE * tangent / (1 + tangent**2) * slopes(case) if case.waviness and case.tilt else 0.0
    return float(np.hypot(bound(case), turn))


def hold(rows: list[list[Row]], quantity: str, truths: dict[str, float]) -> str:
    """Share of the intervals (or limits) of one quantity that hold."""
    kept = [row for each in rows for row in each if row.quantity == quantity and row.subject in truths]
    inside = [
        (np.isnan(row.low) or row.low <= truths[row.subject])
        and (np.isnan(row.high) or truths[row.subject] <= row.high)
        for row in kept
        if np.isfinite(row.low) or np.isfinite(row.high)
    ]
    return f"{np.mean(inside):.1%}" if inside else "–"


def run(case: Case, runs: int) -> str:
    rng = np.random.default_rng(2024)
    found: list[Outcome] = []
    usual, seconds = [], 0.0
    for _ in range(runs):
        counts = simulate(rng, case)
        begin = time.process_time()
        found.append(measure(Target("N", counts, (STEP, STEP), True), case.fixed))
        seconds += time.process_time() - begin
        usual.append(erf_pair(counts))
    return line(case, found, np.array(usual), 1000 * seconds / runs)


def line(case: Case, found: list[Outcome], usual: Floats, milliseconds: float) -> str:
    statuses = [each.status for each in found]
    tally = ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses))
    good = [each.thickness for each in found if each.status == "measured" and each.thickness]
    cells = ["–"] * 7
    if good:
        values = np.array([each.value for each in good])
        inside = np.mean([each.low <= TRUE <= each.high for each in good])
        stated = np.median([each.stddev for each in good])
        cells = [f"{values.mean() - TRUE:+.1f}", f"{values.std():.1f}", f"{stated:.1f}", f"{inside:.1%}"]
        rows = [report.rows(each, Rows("eds", ""), 1.0, "") for each in found if each.status == "measured"]
        edges = dict(
            zip(("N near", "N far"), np.cos(np.deg2rad(case.tilt)) * np.array(case.blur), strict=True)
        )
        cells += [
            hold(rows, "edge_width", edges) if case.fixed is None else "–",
            hold(rows, "interface_angle", {"N": case.tilt}),
            hold(rows, "layer_spread", {"N": case.swell}),
        ]
    limits = [
        each.thickness for each in found if each.status in ("not resolved", "upper limit") and each.thickness
    ]
    holds = np.mean([e.low <= TRUE <= e.high for e in limits]) if limits else 0
    ends = f"{holds:.1%}, {np.median([e.high for e in limits]):.0f} nm" if limits else "–"
    layer = case.levels[1] > max(case.levels[0], case.levels[2])
    limit = f"{reachable(case):.1f}" if layer and case.fixed is None else "–"
    other = usual[np.isfinite(usual)]
    erf_cells = f"{np.mean(other) - TRUE:+.0f} | {np.std(other):.0f}" if layer else "– | –"
    cells += [limit, ends, erf_cells, f"{milliseconds:.0f}", tally]
    return f"| {case.name} | " + " | ".join(cells) + " |"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    print(
        "| case | bias/nm | sd/nm | stated sd/nm | covered: thickness | edges | angle | spread | bound/nm "
        "| limits hold, median | erf bias | erf sd | ms | statuses |"
    )
    print("| --- " * 14 + "|")
    for case in CASES:
        if wanted in case.name:
            print(run(case, runs), flush=True)


if __name__ == "__main__":
    main()
