"""What the cohort page needs of a sample, so that no more than one record is open at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import xarray as xr
from pydantic import TypeAdapter

from interlayer.core import shared
from interlayer.core.summary import Row
from interlayer.evidence import Joint
from interlayer.report.model import Doubt
from interlayer.sample import Sample


@dataclass(frozen=True, slots=True)
class Result:
    """One analysis without its curves: its path, attrs, and the common causes of its rows' errors."""

    path: str
    attrs: dict[str, str | int | float]
    shared: tuple[shared.Shared, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """A sample without its curves.

    Parameters
    ----------
    rows
        Path of the analysis and summary row, in the order of the sample.
    page
        Address of the sample's page as seen from the cohort page.
    """

    sample_id: str
    label: str
    state: str
    parent: str
    history: tuple[str, ...]
    page: str
    rows: tuple[tuple[str, Row], ...]
    results: tuple[Result, ...]
    joint: Joint
    doubts: tuple[Doubt, ...]

    @property
    def name(self) -> str:
        """Return what people call the sample."""
        return self.label or self.sample_id


class BriefSample(Sample):
    """A sample made of its brief: rows and attrs are there, curves and tables are not."""

    def __init__(self, brief: Brief) -> None:
        super().__init__(brief.sample_id, brief.label, brief.state, brief.parent, brief.history)
        self.brief = brief
        self.light: list[tuple[str, xr.DataTree]] = []

    def located_rows(self) -> list[tuple[str, Row]]:
        """Return the summary rows with the path of the analysis each comes from."""
        return list(self.brief.rows)

    def results(self) -> Iterator[tuple[str, xr.DataTree]]:
        """Yield path and tree of each analysis: attrs and common causes only; the rows are in `rows`."""
        if not self.light:
            self.light = [(each.path, _light(each)) for each in self.brief.results]
        yield from self.light


def _light(result: Result) -> xr.DataTree:
    tree = xr.DataTree(xr.Dataset(attrs=result.attrs))
    if result.shared:
        tree[shared.NODE] = xr.DataTree(shared.to_dataset(result.shared))
    return tree


def result_of(path: str, result: xr.DataTree) -> Result:
    """Return an analysis without its curves."""
    attrs = {str(key): value for key, value in result.attrs.items() if isinstance(value, str | int | float)}
    parts = [
        shared.Shared(quantity, subject, cause, stddev)
        for (quantity, subject), causes in shared.of(result).items()
        for cause, stddev in causes.items()
    ]
    return Result(path, attrs, tuple(parts))


@cache
def _adapter() -> TypeAdapter[Brief]:
    return TypeAdapter(Brief)


def to_plain(brief: Brief) -> object:
    """Return a brief as plain data, for JSON that knows NaN."""
    return _adapter().dump_python(brief)


def from_plain(stored: object) -> Brief:
    """Return the brief that was stored as plain data; raises ValueError where it is none."""
    return _adapter().validate_python(stored)
