"""Speed of reading: a long CSV, summarised per cycle, and a long .mpr; beside pandas and polars.

Run: ``python benchmarks/electrochem_io.py FILE.mpr [rows]``; the .mpr is repeated to the number of rows.
"""

import resource
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from interlayer.electrochem import halves
from interlayer.electrochem.readers import mpr, read


def timed(name: str, rows: int, run: Callable[[], object]) -> None:
    begin = time.process_time()
    run()
    spent = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:44s} {rows / spent / 1e6:6.2f} Mrow per CPU-s   peak so far {peak:.0f} MB")


def write_csv(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(rows, dtype=float)
    phase = (t // 5000).astype(int)
    current = np.where(phase % 2 == 0, 1e-3, -1e-3)
    frame = pl.DataFrame(
        {
            "Test Time / s": t,
            "Voltage / V": np.round(3.4 + 0.1 * rng.random(rows), 5),
            "Current / A": current,
            "Cycle Index": phase // 2 + 1,
            "Step Index": phase + 1,
            "Capacity / Ah": np.round((t % 5000 + 1) * 1e-3 / 3600, 9),
            "Temperature / degC": np.round(25 + rng.random(rows), 3),
            "Energy / Wh": np.round(t * 1e-7, 9),
        }
    )
    frame.write_csv(path)


def summarise(path: Path) -> list[halves.Half]:
    raw = read(path)
    return halves.find(raw, np.asarray(raw["time"].values), [])[0]


def repeat_mpr(source: Path, target: Path, rows: int) -> int:
    """Write an .mpr that holds the records of ``source`` again and again (new header, version 11)."""
    content = source.read_bytes()
    start = content.index(b"MODULE" + b"VMP data")
    length = struct.unpack_from("<I", content, start + 45)[0]
    payload = start + 65
    points = struct.unpack_from("<I", content, payload)[0]
    records = content[payload + 1007 : payload + length]
    times = -(-rows // points)
    new = bytearray(content[: payload + 1007])
    struct.pack_into("<I", new, start + 45, 1007 + len(records) * times)
    struct.pack_into("<I", new, payload, points * times)
    with target.open("wb") as stream:
        stream.write(new)
        for _ in range(times):
            stream.write(records)
    return points * times


def main(source: Path, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table, binary = Path(folder) / "long.csv", Path(folder) / "long.mpr"
        write_csv(table, 20_000)
        summarise(table)  # the imports are not timed
        mpr.load(source)
        write_csv(table, rows)
        print(f"{rows} rows of CSV, {table.stat().st_size / 1e6:.0f} MB")
        timed("interlayer: read and half cycles", rows, lambda: summarise(table))
        timed(
            "polars, lazy, per cycle (the limit)",
            rows,
            lambda: pl.scan_csv(table).group_by("Cycle Index").agg(pl.col("Capacity / Ah").max()).collect(),
        )
        timed(
            "pandas, read and per cycle",
            rows,
            lambda: pd.read_csv(table).groupby("Cycle Index")["Capacity / Ah"].max(),
        )
        count = repeat_mpr(source, binary, rows)
        timed(f".mpr, {count} rows: all columns", count, lambda: mpr.read_table(binary))
        timed(f".mpr, {count} rows: tidy Dataset", count, lambda: mpr.load(binary))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000)
