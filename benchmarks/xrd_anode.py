"""Simulated anodes, analysed blind: bias, coverage, false claims, seconds.

``python benchmarks/xrd_anode.py [PATTERNS] [FIRST]`` prints one table. The generator (`xrd_simulate`) shares
no code with the analysis; every fourth pattern holds no Li3N, three in ten hold Li2CO3 or LiOH.
"""

import sys
import time
from collections import defaultdict

import numpy as np
from xrd_simulate import AIR, simulate

from interlayer.core.results import rows_of, tables
from interlayer.xrd import analyze


def main(patterns: int, first: int = 0) -> None:
    """Analyse the patterns and print the table."""
    errors: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    all_found = false = li3n_false = without = air = air_found = 0
    seconds = []
    for seed in range(first, first + patterns):
        anode = simulate(seed, with_li3n=seed % 4 != 0)
        start = time.process_time()
        result = analyze(anode.raw)
        seconds.append(time.process_time() - start)
        found = {
            str(c["phase"]) for c in tables(result)["candidates"] if str(c["status"]).startswith("found")
        }
        without += "Li3N" not in anode.phases
        li3n_false += "Li3N" in found - anode.phases
        all_found += anode.phases - set(AIR) <= found
        air += bool(anode.phases & set(AIR))
        air_found += bool(anode.phases & set(AIR) & found)
        false += bool(found - anode.phases)
        if found != anode.phases:
            print(f"seed {seed}: held {sorted(anode.phases)}, found {sorted(found)}", file=sys.stderr)
        for row in rows_of(result):
            key = (row.quantity, row.subject)
            if key in anode.truth and row.status == "measured":
                inside = row.low <= anode.truth[key] <= row.high
                errors[key].append((row.value - anode.truth[key], inside))
                if not inside:
                    print(
                        f"seed {seed}: {key} {row.value:.5f} [{row.low:.5f}, {row.high:.5f}], "
                        f"truth {anode.truth[key]:.5f}",
                        file=sys.stderr,
                    )
            elif key in anode.truth:
                print(f"seed {seed}: {key} {row.status}: {row.note[:150]}", file=sys.stderr)
    print(f"{patterns} patterns from seed {first}, {without} without Li3N, {air} with an air product")
    print(f"all of Li3N, Li, austenite found: {all_found}; something false found: {false}")
    print(f"Li3N claimed where there is none: {li3n_false} of {without}")
    print(f"air product found: {air_found} of {air}")
    print(f"seconds of one core per analysis: median {np.median(seconds):.2f}, longest {max(seconds):.2f}")
    print(f"{'quantity':34}{'n':>5}{'mean error':>13}{'median |error|':>16}{'coverage':>10}")
    for (quantity, subject), each in sorted(errors.items()):
        error, inside = np.array([e for e, _ in each]), np.mean([i for _, i in each])
        name = f"{quantity} {subject}"
        middle = np.median(np.abs(error))
        print(f"{name:34}{len(each):5d}{error.mean():13.5f}{middle:16.5f}{100 * inside:9.1f}%")
    covered = [i for each in errors.values() for _, i in each]
    print(f"all quantities: {100 * np.mean(covered):.1f} % of {len(covered)} intervals hold the truth")


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:3]) if len(sys.argv) > 1 else (200,))
