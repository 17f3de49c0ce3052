"""Long tables of numbers, parsed block by block into arrays of full length, so that none is held twice."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interlayer.electrochem.readers import tidy

#: files below this size are parsed at once
LONG = 32 * 2**20
_BLOCK = 4 * 2**20


def parse(
    path: Path, skip: int, separator: str, width: int, wanted: Mapping[str, int], *, comma: bool
) -> dict[str, NDArray[np.generic]]:
    """Return the wanted columns (name to place) of a table of numbers.

    Parameters
    ----------
    skip
        Lines before the first row.
    width
        Columns of the file.

    Raises
    ------
    pl.exceptions.PolarsError
        When a value is not a number (a quote, a text): parse the file at once then.
    """
    places = sorted(set(wanted.values()))
    names = [f"column_{place + 1}" for place in range(width)]
    whole = {wanted[name] for name in wanted if name in tidy.INTEGERS}
    schema = {f"column_{place + 1}": pl.Int32 if place in whole else pl.Float64 for place in range(width)}
    arrays: dict[str, NDArray[np.generic]] = {}
    filled, size = 0, path.stat().st_size
    for block in _blocks(path, skip):
        frame = pl.read_csv(
            BytesIO(block),
            separator=separator,
            has_header=False,
            new_columns=names,
            columns=places,
            schema_overrides=dict(schema),
            decimal_comma=comma,
            truncate_ragged_lines=True,
            quote_char=None,
        )
        _make_room(arrays, wanted, filled + frame.height, frame.height * size // len(block))
        for name, place in wanted.items():
            _fill(arrays[name][filled : filled + frame.height], frame[f"column_{place + 1}"])
        filled += frame.height
    return {name: array[:filled] for name, array in arrays.items()}


def _make_room(
    arrays: dict[str, NDArray[np.generic]], wanted: Mapping[str, int], needed: int, expected: int
) -> None:
    """Let the arrays hold at least ``needed`` rows; room for more costs nothing until it is written to."""
    for name in wanted:
        held = arrays.get(name)
        if held is not None and held.size >= needed:
            continue
        kind = np.int32 if name in tidy.INTEGERS else np.float64
        grown = np.empty(max(needed, expected + expected // 10), dtype=kind)
        if held is not None:
            grown[: held.size] = held
        arrays[name] = grown


def _fill(target: NDArray[np.generic], series: pl.Series) -> None:
    at = 0
    for chunk in series.get_chunks():
        target[at : at + len(chunk)] = chunk.to_numpy()
        at += len(chunk)


def _blocks(path: Path, skip: int) -> Iterator[bytes]:
    """Yield the rows in blocks of whole lines."""
    with path.open("rb") as stream:
        for _ in range(skip):
            stream.readline()
        while block := stream.read(_BLOCK):
            yield block + stream.readline()


def suits(path: Path, kinds: Sequence[str]) -> bool:
    """Return True for a long file of which only numbers are wanted (no state in words)."""
    return path.stat().st_size >= LONG and "state" not in kinds
