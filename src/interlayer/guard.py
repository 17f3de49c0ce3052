"""What is made of stored records: one that is not as an analysis writes it ends in an error that names it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from interlayer.core.errors import InterlayerError, StoreError
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.results import rows_of
from interlayer.core.text import line
from interlayer.techniques import KINDS

#: attributes of an analysis that are lists or tables as JSON, and what their elements are
_LISTS = {"steps": str, "warnings": str, "sources": dict}


@contextmanager
def using(what: str, *records: str) -> Iterator[None]:
    """Make something of records; what the code does not expect in them becomes a `StoreError`.

    Parameters
    ----------
    what
        What is made ("the methods").
    records
        The records, or the ids of samples that are in memory.
    """
    try:
        yield
    except (InterlayerError, MemoryError, OSError):
        raise
    except Exception as error:
        more = f" and {len(records) - 3} more" if len(records) > 3 else ""
        raise StoreError(
            f"{what} cannot be made ({type(error).__name__}: {line(str(error))})",
            path=", ".join(records[:3]) + more,
            expected="what an analysis writes",
            advice="`interlayer verify` tells whether records were changed; if not, it is a fault of "
            "interlayer: please report it with the record.",
        ) from error


def check_analysis(result: xr.DataTree, record: Path | str) -> None:
    """Refuse an analysis whose rows, settings or texts are not those of one.

    Raises
    ------
    StoreError
        Naming the record and the analysis.
    """
    try:
        if result.attrs["technique"] not in TECHNIQUES:
            raise ValueError(f"technique {result.attrs['technique']!r}")
        if str(result.attrs.get("kind", "")) not in _kinds(str(result.attrs["technique"])):
            raise ValueError(f"kind {result.attrs.get('kind', '')!r}")
        rows_of(result)
        _check_texts(result)
    except (InterlayerError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{result.path} is not as an analysis writes it ({line(str(error))})",
            path=record,
            expected="rows, settings, steps, warnings and sources",
            advice="`interlayer verify` finds damaged files; run the study again to rebuild it.",
        ) from error


def _kinds(technique: str) -> tuple[str, ...]:
    return KINDS if technique == "electrochem" else ("",)


def _check_texts(result: xr.DataTree) -> None:
    for name, kind in _LISTS.items():
        found = json.loads(str(result.attrs.get(name, "[]")))
        if not isinstance(found, list) or not all(isinstance(each, kind) for each in found):
            raise ValueError(f"{name} is no list of {kind.__name__}")
    if not isinstance(json.loads(str(result.attrs.get("settings", "{}"))), dict):
        raise ValueError("settings is no table")
