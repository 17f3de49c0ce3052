"""VAMAS files (ISO 14976) written by the tests' own code, a value per line."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

NOT_GIVEN = "1E+37"


@dataclass
class Block:
    """One block; of an irregular scan the first variable is the energy."""

    label: tuple[str, str]
    variables: Sequence[tuple[str, str, np.ndarray]]
    axis: tuple[str, float, float] | None = None  # label, start, step
    technique: str = "XPS"
    source: tuple[str, float] = ("Al (mono)", 1486.6)
    dwell: float = 0.2
    scans: int = 5
    comment: Sequence[str] = field(default_factory=tuple)


def vamas(
    blocks: Sequence[Block],
    scan: str = "REGULAR",
    mode: str = "NORM",
    variables: Sequence[tuple[str, str]] = (("Etch time", "s"),),
    inclusion: int = 0,
    before: str = "",
    ending: str = "\n",
    terminator: str = "end of experiment",
) -> bytes:
    """Return a file of blocks."""
    lines = [
        "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4",
        "here",
        "AXIS",
        "me",
        "x",
    ]
    lines += [
        "1",
        "a comment",
        mode,
        scan,
        "0",
        str(len(variables)),
        *[text for each in variables for text in each],
    ]
    lines += [str(inclusion), *["1"] * inclusion, "0", "0", "0", str(len(blocks))]
    for block in blocks:
        lines += _block(block, len(variables))
    return (before + ending.join([*lines, terminator]) + ending).encode("latin-1")


def _block(block: Block, variables: int) -> list[str]:
    lines = ["block", "sample A", "2026", "11", "23", "9", "48", "0", "0"]
    lines += [str(len(block.comment)), *block.comment]
    lines += [block.technique, *["0"] * variables, block.source[0], str(block.source[1]), *[NOT_GIVEN] * 5]
    lines += ["FAT", "20", NOT_GIVEN, "4.5", "0", *[NOT_GIVEN] * 4, *block.label, "-1"]
    if block.axis:
        lines += [block.axis[0], "eV", str(block.axis[1]), str(block.axis[2])]
    lines += [
        str(len(block.variables)),
        *[text for label, unit, _ in block.variables for text in (label, unit)],
    ]
    lines += ["pulse counting", str(block.dwell), str(block.scans), "0", "0", "0", "0", "1", "a", "b", "2"]
    table = np.column_stack([values for _, _, values in block.variables])
    lines += [str(table.size), *["0", "1"] * table.shape[1], *[f"{x:.9g}" for x in table.ravel()]]
    return lines
