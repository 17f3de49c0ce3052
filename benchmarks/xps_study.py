"""Coverage of the XPS intervals on the example study's simulated samples, with other seeds than the demo's.

Run: ``python benchmarks/xps_study.py [--seeds 24] [--first 0]``. Prints the share of intervals that hold the
truth, per quantity, and every number whose mean pull exceeds one standard deviation.
"""

import argparse
import math
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from interlayer.core import results
from interlayer.core.summary import Row
from interlayer.example.generator.truth import Truth
from interlayer.example.generator.xps import write
from interlayer.xps import analyze, read

TEMPLATES = {"activated": "study-activated", "cycled": "study-cycled", "bare-li": "bare"}


def run(seed: int) -> list[tuple[Truth, Row | None]]:
    """Return every truth of one simulated study with the row that states it."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truths = write(folder, np.random.default_rng(1000 + seed))
        for sample, template in TEMPLATES.items():
            result = analyze(read(folder / sample / "xps" / f"{sample}.vms"), template=template, survey=False)
            rows = {(row.quantity, row.subject): row for row in results.rows_of(result)}
            found += [(t, rows.get((t.quantity, t.subject))) for t in truths if t.sample == sample]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    held: dict[str, list[bool]] = defaultdict(list)
    pulls: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    statuses: Counter[str] = Counter()
    for seed in range(options.first, options.first + options.seeds):
        for truth, row in run(seed):
            statuses["missing" if row is None else row.status] += 1
            if row is None or row.status != "measured" or not math.isfinite(truth.value):
                continue
            held[truth.quantity].append(row.low <= truth.value <= row.high)
            if row.stddev > 0:
                key = (truth.sample, truth.quantity, truth.subject)
                pulls[key].append((row.value - truth.value) / row.stddev)
    print(dict(statuses))
    for quantity, all_held in sorted(held.items()):
        print(f"{quantity:18s} {100 * np.mean(all_held):6.1f} % of {len(all_held)}")
    for key, values in pulls.items():
        if abs(np.mean(values)) > 1.0:
            print(f"mean pull {np.mean(values):+.2f}: {' '.join(key)}")


if __name__ == "__main__":
    main()
