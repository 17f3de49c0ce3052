"""Powder CIF (pdCIF): the measured block, told by its columns and its name."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.cif_instrument import instrument
from interlayer.xrd.readers.common import Floats, Scan, floats, pattern
from interlayer.xrd.readers.encoding import text_of

# possessive, and to the end of the line where a quote is not closed: never slower than the text is long
_TOKEN = re.compile(r"'(?:[^'\n]|'(?=\S))*+(?:'|$)|\"(?:[^\"\n]|\"(?=\S))*+(?:\"|$)|\S+", re.MULTILINE)
_ANGLES = ("_pd_proc_2theta_corrected", "_pd_meas_2theta_scan", "_pd_meas_2theta_corrected")
_VALUES = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_proc_intensity_total",
    "_pd_proc_intensity_net",
)


@dataclass
class Block:
    """One data block: single values, and columns of loops as texts."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)


def load(path: Path) -> xr.Dataset:
    """Read the measured pattern of a pdCIF: the block named "_meas", else the first measured one."""
    found = scans(path)
    chosen = next(
        (scan for scan in found if str(scan.attrs.get("block")).lower().endswith("_meas")), found[0]
    )
    return pattern(chosen)


def scans(path: Path) -> list[Scan]:
    """Return every measured pattern of a pdCIF; what all blocks say of the instrument goes with each."""
    blocks = parse(text_of(path))
    usable = [block for block in blocks if _value_name(block) and not block.name.lower().endswith("_calc")]
    if not usable:
        raise ReadError(
            "no measured powder pattern in this CIF",
            expected="a loop with " + " or ".join(_VALUES[:3]),
            found="a structure" if any("_cell_length_a" in b.values for b in blocks) else "other blocks",
            advice="A structure CIF is given as --phase, not as data.",
        )
    return [_scan(block, blocks) for block in usable]


def _scan(block: Block, blocks: list[Block]) -> Scan:
    name = _value_name(block)
    y = _floats(block.columns[name])
    merged: dict[str, str] = dict(block.values)
    for other in blocks:
        for key, value in (other.values | _firsts(other)).items():
            merged.setdefault(key, value)
    attrs = instrument(merged) | {"block": block.name}
    return Scan(_angles(block, y.size), y, stddev=_stddev(block, name), attrs=attrs)


def _firsts(block: Block) -> dict[str, str]:
    """Return the first value of short loops (wavelengths, radiations), the second under ``name/2``."""
    short = {name: column for name, column in block.columns.items() if 0 < len(column) <= 10}
    firsts = {name: column[0].strip("'\"") for name, column in short.items()}
    seconds = {f"{name}/2": column[1].strip("'\"") for name, column in short.items() if len(column) > 1}
    return firsts | seconds


def parse(text: str) -> list[Block]:
    """Return the data blocks of a CIF (text fields are skipped)."""
    blocks: list[Block] = []
    tokens = _tokens(text)
    place = 0
    while place < len(tokens):
        token = tokens[place]
        lower = token.lower()
        place += 1
        if lower.startswith("data_"):
            blocks.append(Block(token[5:]))
        elif not blocks:
            continue
        elif lower == "loop_":
            place = _loop(tokens, place, blocks[-1])
        elif token.startswith("_") and place < len(tokens):
            blocks[-1].values[lower] = tokens[place].strip("'\"")
            place += 1
    return blocks


def _tokens(text: str) -> list[str]:
    kept = re.sub(r"^;.*?^;", " '' ", text, flags=re.DOTALL | re.MULTILINE)
    return _TOKEN.findall(re.sub(r"^[ \t]*#.*$", "", kept, flags=re.MULTILINE))


def _loop(tokens: list[str], place: int, block: Block) -> int:
    names = []
    while place < len(tokens) and tokens[place].startswith("_"):
        names.append(tokens[place].lower())
        place += 1
    first = place
    while place < len(tokens) and not tokens[place].lower().startswith(("_", "loop_", "data_")):
        place += 1
    values = tokens[first:place]
    if names and len(values) % len(names):
        raise ReadError(
            f"a loop of {len(names)} columns is not complete",
            found=f"{len(values)} values",
            advice="The file may be truncated.",
        )
    for column, name in enumerate(names):
        block.columns[name] = values[column :: len(names)]
    return place


def _floats(texts: list[str]) -> Floats:
    return floats([text.partition("(")[0] if text not in (".", "?") else "nan" for text in texts])


def _value_name(block: Block) -> str:
    return next((name for name in _VALUES if name in block.columns), "")


def _angles(block: Block, count: int) -> Floats:
    for name in _ANGLES:
        if name in block.columns:
            return _floats(block.columns[name])
    for kind in ("meas", "proc"):
        ends = [block.values.get(f"_pd_{kind}_2theta_range_{end}") for end in ("min", "max")]
        if ends[0] and ends[1]:
            return np.linspace(float(ends[0]), float(ends[1]), count)
    raise ReadError("no 2θ in the measured block", expected="a column or _pd_meas_2theta_range_min and _max")


def _stddev(block: Block, name: str) -> Floats | None:
    """Return σ from a column of σ, from least-squares weights, or from texts such as 120(11)."""
    for column in (f"{name}_su", name.replace("_total", "_total_su")):
        if column in block.columns:
            return _floats(block.columns[column])
    if "_pd_proc_ls_weight" in block.columns and name.startswith("_pd_proc"):
        weight = _floats(block.columns["_pd_proc_ls_weight"])
        if (weight > 0).all():
            return 1 / np.sqrt(weight)
    return None
