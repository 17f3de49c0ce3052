"""Summary rows: the one form in which every technique states its numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import xarray as xr

from interlayer.core import quantities, units
from interlayer.core.errors import InterlayerError
from interlayer.core.intervals import Interval

STATUSES = ("measured", "upper limit", "lower limit", "not detected", "not resolved", "not determined")
_NUMBERS = ("value", "stddev", "low", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One result with its interval, unit, method and origin.

    Parameters
    ----------
    technique, quantity, subject
        Names of the vocabulary (quantities.toml).
    value, stddev, low, high
        The estimate, its standard deviation and the ends of its 95 % interval, in ``unit``.
    status
        One of `STATUSES`. ``measured`` has a value and both ends; an upper (lower) limit has ``high``
        (``low``); "not detected" has ``high``, the limit of detection, where one can be given.
    origin
        The input files and their sha256.
    note
        What a reader has to know: a reason, a contradiction, a limit of the method.
    """

    technique: str
    quantity: str
    subject: str = ""
    value: float = math.nan
    stddev: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = "1"
    status: str = "measured"
    method: str = ""
    origin: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        known = quantities.find(self.technique, self.quantity)
        if units.unit(self.unit).symbol not in known.units:
            raise self._broken(f"a unit of {known.units}", self.unit)
        if self.status not in STATUSES:
            raise self._broken(f"a status of {STATUSES}", self.status)
        needed = {"measured": ("value", "low", "high"), "upper limit": ("high",), "lower limit": ("low",)}
        for name in needed.get(self.status, ()):
            if not math.isfinite(getattr(self, name)):
                raise self._broken(f"a finite {name} for a row that is {self.status!r}", getattr(self, name))
        if self.status == "measured" and not self.low <= self.value <= self.high:
            raise self._broken("low <= value <= high", (self.low, self.value, self.high))

    def _broken(self, expected: object, found: object) -> InterlayerError:
        name = f"{self.technique} {self.quantity} {self.subject!r}"
        return InterlayerError(f"summary row {name} is not valid", expected=expected, found=found)

    def converted(self, unit: str) -> "Row":
        """Return the row in another unit of the same dimension."""
        factor = units.convert(1.0, self.unit, unit) - units.convert(0.0, self.unit, unit)
        value, low, high = (
            units.convert(each, self.unit, unit) for each in (self.value, self.low, self.high)
        )
        return replace(
            self, value=value, stddev=self.stddev * factor, low=low, high=high, unit=units.unit(unit).symbol
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes the rows of one analysis: technique and origin are the same in all of them.

    Examples
    --------
    >>> from interlayer.core.intervals import from_stddev
    >>> rows = Rows("xrd", "pattern.xy sha256:0")
    >>> rows.measured("lattice_a", "Li3N", from_stddev(3.65, 0.001), "angstrom", "whole pattern").unit
    'angstrom'
    """

    technique: str
    origin: str

    def measured(
        self, quantity: str, subject: str, interval: Interval, unit: str, method: str, note: str = ""
    ) -> Row:
        """Return a measured value with its interval."""
        return Row(
            technique=self.technique,
            quantity=quantity,
            subject=subject,
            value=interval.value,
            stddev=interval.stddev,
            low=interval.low,
            high=interval.high,
            unit=unit,
            method=method,
            origin=self.origin,
            note=note,
        )

    def limit(
        self, side: str, quantity: str, subject: str, limit: float, unit: str, method: str, note: str = ""
    ) -> Row:
        """Return a one-sided 95 % limit; ``side`` is ``"upper"`` or ``"lower"``."""
        ends = {"high": limit} if side == "upper" else {"low": limit}
        return Row(
            technique=self.technique,
            quantity=quantity,
            subject=subject,
            unit=unit,
            method=method,
            status=f"{side} limit",
            origin=self.origin,
            note=note,
            **ends,
        )

    def absent(
        self,
        status: str,
        quantity: str,
        subject: str,
        unit: str,
        method: str,
        note: str,
        limit: float = math.nan,
    ) -> Row:
        """Return a refusal: not detected (``limit`` is the detection limit), not resolved, not determined."""
        return Row(
            technique=self.technique,
            quantity=quantity,
            subject=subject,
            unit=unit,
            method=method,
            status=status,
            origin=self.origin,
            note=note,
            high=limit,
        )


def to_dataset(rows: Iterable[Row]) -> xr.Dataset:
    """Return rows as a Dataset with the one dimension ``row`` and a variable per field."""
    records = [asdict(row) for row in rows]
    data: dict[str, tuple[str, np.ndarray]] = {}
    for field in fields(Row):
        values = [record[field.name] for record in records]
        kind = np.float64 if field.name in _NUMBERS else object
        data[field.name] = ("row", np.array(values, dtype=kind))
    return xr.Dataset(data)


def from_dataset(dataset: xr.Dataset) -> list[Row]:
    """Return the rows of a summary Dataset, validated."""
    columns = {field.name: dataset[field.name].values.tolist() for field in fields(Row)}
    count = dataset.sizes.get("row", 0)
    return [Row(**{name: values[i] for name, values in columns.items()}) for i in range(count)]


def records(rows: Iterable[Row]) -> list[dict[str, str | float | None]]:
    """Return rows as JSON-ready dictionaries; a number that is not finite becomes None."""
    return [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(row).items()
        }
        for row in rows
    ]


def origin(raws: xr.Dataset | Sequence[xr.Dataset]) -> str:
    """Return the origin text of the raw Datasets an analysis used: file names with sha256."""
    datasets: Sequence[xr.Dataset] = [raws] if isinstance(raws, xr.Dataset) else raws
    return "; ".join(_source(dataset.attrs) for dataset in datasets)


def _source(attrs: Mapping[object, object]) -> str:
    name, digest = attrs.get("source", "memory"), attrs.get("source_sha256", "")
    return f"{name} sha256:{digest}" if digest else str(name)
