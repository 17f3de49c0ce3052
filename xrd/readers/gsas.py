"""GSAS raw data: constant-step banks of the types STD, ESD and FXYE."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xrd.readers.common import Floats, dataset

_BANK = re.compile(
    r"^BANK\s+\d+\s+(\d+)\s+(\d+)\s+(\w+)\s+(\S+)\s+(\S+)\s+\S+\s+\S+(?:\s+(\w+))?", re.MULTILINE
)


def load(path: Path) -> xr.Dataset:
    """Read the first bank of a GSAS file."""
    text = read_text(path)
    bank = _BANK.search(text)
    if bank is None or bank[3] not in ("CONST", "CONS"):
        raise ReadError("no bank of constant step", expected="BANK n points records CONST start step …")
    points, start, step = int(bank[1]), float(bank[4]) / 100, float(bank[5]) / 100
    body = text[bank.end() :].lstrip("\n").partition("\nBANK")[0]
    lines = [line for line in body.split("\n") if line.strip()]
    kind = bank[6] or "STD"
    if kind == "FXYE":
        table = np.array([line.split()[:3] for line in lines[:points]], dtype=float)
        return dataset(table[:, 0] / 100, table[:, 1], stddev=table[:, 2])
    if kind == "ESD":
        pairs = np.array(" ".join(lines).split(), dtype=float).reshape(-1, 2)[:points]
        return _check(start, step, pairs[:, 0], points, pairs[:, 1])
    if kind != "STD":
        raise ReadError("a bank of an unknown type", expected="STD, ESD or FXYE", found=kind)
    fields = [line[i : i + 8] for line in lines for i in range(0, len(line.rstrip()), 8)]
    return _check(start, step, np.array([float(each[2:]) for each in fields if each.strip()]), points, None)


def _check(start: float, step: float, y: Floats, points: int, stddev: Floats | None) -> xr.Dataset:
    if y.size < points:
        raise ReadError("truncated", expected=f"{points} points", found=y.size)
    return dataset(start + step * np.arange(points), y[:points], stddev=stddev)
