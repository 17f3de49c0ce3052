"""Versions of the record of a sample: older ones are brought up to date as they are read, newer ones refused.

1. until 2026-11
2. ``made_from``: names and sha256 of the fragments that it was put together from
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from interlayer.core.errors import StoreError

SCHEMA = 2
Attrs = dict[Any, Any]


def upgraded(attrs: Attrs, path: Path | str) -> Attrs:
    """Return the attributes of a record as the present version has them; the file stays as it is.

    Raises
    ------
    StoreError
        When the record is of a newer version, or its version is no number.
    """
    try:
        version = int(attrs.get("schema", 1))
    except (TypeError, ValueError) as error:
        raise StoreError("not a version of a record", path=path, found=repr(attrs.get("schema"))) from error
    if version > SCHEMA or version < 1:
        raise StoreError(
            "written by a newer version",
            path=path,
            found=f"schema {version}",
            expected=f"schema {SCHEMA} or older",
            advice="Upgrade interlayer.",
        )
    for step in range(version, SCHEMA):
        attrs = _STEPS[step](attrs)
    return {**attrs, "schema": SCHEMA}


def _without_fragments(attrs: Attrs) -> Attrs:
    """1 to 2: what it was put together from was not written down."""
    return {**attrs, "made_from": "[]"}


_STEPS: dict[int, Callable[[Attrs], Attrs]] = {1: _without_fragments}
