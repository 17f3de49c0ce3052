"""One result from every way of counting and writing: 180 files of the same five cycles of a cell.

Capacity per step, per cycle, accumulated, in two columns that run on, or not at all; charge or discharge
first; decimal point or comma; UTF-8, cp1252, gb18030; A, mA, µA; CC-CV charges with rests. Printed: the
largest relative difference of each quantity over all files.

Run: ``python benchmarks/electrochem_counting.py``.
"""

import itertools
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from interlayer.core.results import rows_of
from interlayer.electrochem import analyze, read

Floats = NDArray[np.float64]
COUNTING = ("none", "step", "cycle", "run", "two")
FIRST = ("charge", "discharge")
MARK = (".", ",")
UNITS = {"A": 1.0, "mA": 1e3, "µA": 1e6}
NAMES = {
    "utf-8": "Test Time/s|Voltage/V|Current/{u}|Capacity/{u}h|Chg. Cap./{u}h|DChg. Cap./{u}h",
    "cp1252": "time/s|Ecell (V)|I ({u})|capacity ({u}h)|charge capacity ({u}h)|discharge capacity ({u}h)",
    "gb18030": "测试时间/Sec|电压/V|电流/{u}|容量/{u}h|充电容量/{u}h|放电容量/{u}h",
}
CAPACITIES = (0.1600, 0.1590, 0.1584, 0.1579, 0.1575)
EFFICIENCY = 0.995


def cell(first: str) -> list[tuple[int, Floats, Floats, Floats]]:
    """Return (sign, seconds, volts, amperes at 0 and each time) per step: CC, CV, rest, discharge, rest."""
    steps = []
    seconds, hold, rest = np.arange(30.0, 3601, 30), np.arange(10.0, 1801, 10), np.arange(60.0, 601, 60)
    for capacity in CAPACITIES:
        up = capacity / EFFICIENCY * 1e-3
        tail = np.exp(-np.append(0.0, hold) / 400)
        tail *= 0.1 * up * 3600 / np.trapezoid(tail, np.append(0.0, hold))
        steps.append((1, seconds, 3.40 + 0.05 * (seconds / 3600) ** 8, np.full(seconds.size + 1, 0.9 * up)))
        steps.append((1, hold, np.full(hold.size, 3.45), tail))
        steps.append((0, rest, np.full(10, 3.42), np.zeros(11)))
        down = np.full(seconds.size + 1, -capacity * 1e-3)
        steps.append((-1, seconds, 3.36 - 0.3 * (seconds / 3600) ** 12, down))
        steps.append((0, rest, np.full(10, 3.3), np.zeros(11)))
    return [*steps[3:5], *steps] if first == "discharge" else steps


def table(first: str, counting: str) -> tuple[Floats, list[str]]:
    """Return rows of (time, voltage, current, capacities in Ah) and which capacity columns there are."""
    rows, clock, run, cycle, two = [], 0.0, 0.0, 0.0, {1: 0.0, -1: 0.0}
    before = 0
    for sign, seconds, volts, amperes in cell(first):
        size = np.abs(amperes)
        passed = 0.5 * (size[1:] + size[:-1]) * np.diff(np.append(0.0, seconds)) / 3600
        if sign and sign != before and sign == 1:
            cycle = 0.0
        before = sign or before
        step = np.cumsum(passed)
        columns = {"none": [], "step": [step], "cycle": [cycle + step], "run": [run + step]}
        columns["two"] = [two[1] + step * (sign > 0), two[-1] + step * (sign < 0)]
        rows.append(np.column_stack([clock + seconds, volts, amperes[1:], *columns[counting]]))
        clock, run, cycle = clock + seconds[-1], run + step[-1], cycle + step[-1]
        if sign:
            two[sign] += step[-1]
    return np.concatenate(rows), {"none": [], "two": ["charge", "discharge"]}.get(counting, ["capacity"])


def write(path: Path, first: str, counting: str, mark: str, unit: str, encoding: str) -> None:
    values, kinds = table(first, counting)
    factor = UNITS[unit]
    names = NAMES[encoding].split("|")
    chosen = [names[0], names[1], names[2]]
    chosen += [names[{"capacity": 3, "charge": 4, "discharge": 5}[kind]] for kind in kinds]
    scaled = values * np.array([1.0, 1.0, *[factor] * (values.shape[1] - 2)])
    lines = [";".join(each.format(u=unit) for each in chosen)]
    lines += [";".join(f"{v:.10g}" for v in row).replace(".", mark) for row in scaled]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))


def every() -> tuple[dict[tuple[str, str], list[float]], int, list[tuple[object, Exception]]]:
    """Return each quantity in every file, the number of files, and which of them failed."""
    found: dict[tuple[str, str], list[float]] = {}
    count = 0
    failed: list[tuple[object, Exception]] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in itertools.product(FIRST, COUNTING, MARK, UNITS, NAMES):
            path = Path(folder) / "cell.csv"
            write(path, *case)
            count += 1
            try:
                rows = rows_of(
                    analyze(read(path), kind="cycling", mass="1 mg", nominal_capacity=160, reference_cycle=1)
                )
            except Exception as error:
                failed.append((case, error))
                continue
            for row in rows:
                found.setdefault((row.quantity, row.subject), []).append(row.value)
    return found, count, failed


def difference(values: list[float]) -> float:
    """Return the largest difference relative to the median."""
    return (max(values) - min(values)) / abs(float(np.median(values)))


def main() -> None:
    found, count, failed = every()
    for case, error in failed:
        print("FAILED", case, error)
    for (quantity, subject), values in found.items():
        spread = difference(values)
        print(
            f"{quantity:24s} {subject:10s} in {len(values)} of {count} files  "
            f"median {np.median(values):10.5g}  largest difference {spread:.1e}"
        )


if __name__ == "__main__":
    main()
