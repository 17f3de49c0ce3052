"""Small studies that are analysed in a moment: cells that are plated and stripped."""

from pathlib import Path

import numpy as np

HEAD = '[study]\ntitle = "Cells"\n'
SAMPLE = '[[sample]]\nid = "{name}"\narea = "1.131 cm2"\n'
MEASUREMENT = """[[sample.measurement]]
technique = "electrochem"
kind = "plating"
name = "{cell}"
files = ["{file}"]
"""


def cell(path: Path, resistance: float = 100.0, cycles: int = 6) -> Path:
    """Write a test of a symmetric cell: one hour in each direction at 0.2 mA."""
    time = np.arange(0, cycles * 7200.0, 120.0)
    current = 0.2 * np.where(time // 3600 % 2, -1.0, 1.0)
    noise = np.random.default_rng(round(resistance)).normal(0, 1e-4, time.size)
    lines = ["Time/s,Current/mA,Voltage/V"]
    voltage = current * 1e-3 * resistance + noise
    lines += [f"{t:.0f},{i:.3f},{v:.6f}" for t, i, v in zip(time, current, voltage, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def study(folder: Path, samples: int = 2, cells: int = 2) -> Path:
    """Write a study of samples a, b, … with cells a-0.csv, a-1.csv, …; returns its file."""
    parts = [HEAD]
    for number in range(samples):
        name = chr(ord("a") + number)
        parts.append(SAMPLE.format(name=name))
        for each in range(cells):
            cell(folder / f"{name}-{each}.csv", 100.0 + 10 * number + each)
            parts.append(MEASUREMENT.format(cell=f"cell {each}", file=f"{name}-{each}.csv"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return path
