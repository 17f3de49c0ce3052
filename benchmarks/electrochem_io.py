"""Speed of reading: a long CSV, summarised per cycle, and a long .mpr; beside pandas and polars.

Run: ``python benchmarks/electrochem_io.py FILE.mpr [rows]``; the .mpr is repeated to the number of rows.
"""

import resource
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from interlayer.electrochem import halves
from interlayer.electrochem.readers import mpr, read


def apart(run: Callable[[Path], object], small: Path, path: Path) -> tuple[float, float, float]:
    """Run twice in a process of its own, after a small file; return CPU seconds of both, and its peak in MB.

    The small file takes the imports. The first run touches memory that the process never had, which a
    virtual machine has to find first.
    """
    with get_context("spawn").Pool(1) as pool:  # a forked child's peak would begin with that of its parent
        return pool.apply(_measured, (run, small, path))


def timed(name: str, rows: int, run: Callable[[Path], object], *paths: Path) -> None:
    first, second, peak = apart(run, *paths)
    print(
        f"{name:40s} {rows / first / 1e6:6.2f} Mrow per CPU-s (again: {rows / second / 1e6:6.2f})  "
        f"peak {peak:.0f} MB",
        flush=True,
    )


def _measured(run: Callable[[Path], object], small: Path, path: Path) -> tuple[float, float, float]:
    run(small)
    begin = time.process_time()
    run(path)
    middle = time.process_time()
    run(path)
    end = time.process_time()
    return middle - begin, end - middle, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
            "Date": np.where(phase % 2 == 0, "2026-03-14 09:26:53.589", "2026-03-15 19:26:53.589"),
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


def with_polars(path: Path) -> object:
    capacity = pl.col("Capacity / Ah").max()
    return pl.scan_csv(path).group_by("Cycle Index").agg(capacity).collect()


def with_pandas(path: Path) -> object:
    import pandas as pd

    return pd.read_csv(path).groupby("Cycle Index")["Capacity / Ah"].max()


def main(source: Path, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small, table, binary = (Path(folder) / name for name in ("small.csv", "long.csv", "long.mpr"))
        write_csv(small, 20_000)
        with get_context("spawn").Pool(1) as pool:  # a child's peak begins with that of its parent
            pool.apply(write_csv, (table, rows))
        print(f"{rows} rows of CSV, {table.stat().st_size / 1e6:.0f} MB")
        timed("interlayer: read and half cycles", rows, summarise, small, table)
        timed("polars, lazy, per cycle (the limit)", rows, with_polars, small, table)
        timed("pandas, read and per cycle", rows, with_pandas, small, table)
        count = repeat_mpr(source, binary, rows)
        print(f"{count} rows of .mpr, {binary.stat().st_size / 1e6:.0f} MB")
        timed(".mpr: all columns", count, mpr.read_table, source, binary)
        timed(".mpr: tidy Dataset", count, mpr.load, source, binary)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000)
