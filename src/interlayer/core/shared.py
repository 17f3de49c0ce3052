"""Common causes of error: what makes two numbers wrong together, kept beside the summary."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

NODE = "shared"


@dataclass(frozen=True, slots=True)
class Shared:
    """The part of one summary row's standard deviation that comes from one common cause.

    Parameters
    ----------
    quantity, subject
        The row.
    cause
        Its name: rows with the same cause, also of other samples, are wrong together.
    stddev
        How far one standard deviation of the cause moves the value, in the row's unit; the sign says in which
        direction. It is part of the row's own ``stddev``, not added to it.
    """

    quantity: str
    subject: str
    cause: str
    stddev: float


def to_dataset(parts: Iterable[Shared]) -> xr.Dataset:
    """Return the parts as a table."""
    parts = list(parts)
    texts = {
        "quantity": ([each.quantity for each in parts], "quantity of the summary row"),
        "subject": ([each.subject for each in parts], "subject of the summary row"),
        "cause": ([each.cause for each in parts], "common cause of error"),
    }
    variables = {
        name: ("part", np.array(values, dtype=object), {"units": "", "long_name": meaning})
        for name, (values, meaning) in texts.items()
    }
    numbers = np.array([each.stddev for each in parts], dtype=np.float64)
    meaning = "standard deviation from this cause, in the unit of the row, signed"
    return xr.Dataset(
        {**variables, "stddev": ("part", numbers, {"units": "", "long_name": meaning})},
        attrs={"role": "table"},
    )


def of(result: xr.DataTree) -> dict[tuple[str, str], dict[str, float]]:
    """Return, per row (quantity, subject) of a result, the part of each common cause."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    if NODE not in result.children:
        return found
    dataset = result.children[NODE].to_dataset(inherit=False)
    columns = (dataset[name].values.tolist() for name in ("quantity", "subject", "cause", "stddev"))
    for quantity, subject, cause, stddev in zip(*columns, strict=True):
        own = found.setdefault((str(quantity), str(subject)), {})
        own[str(cause)] = own.get(str(cause), 0.0) + float(stddev)
    return found
