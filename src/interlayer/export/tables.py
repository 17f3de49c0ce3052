"""The tables of a sample: its summary, and every curve, table and map of its analyses with their units."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars
import xarray as xr

from interlayer.core.text import Names, clean, slug
from interlayer.sample import Sample

_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: type as in Frictionless Table Schema, unit ("" where it has none), what it is."""

    name: str
    type: str
    unit: str
    title: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table, with the place in the record that it comes from."""

    name: str
    node: str
    columns: tuple[Column, ...]
    frame: polars.DataFrame


def tables(sample: Sample) -> Iterator[Table]:
    """Yield the summary of a sample, then the variables of each node, one table per set of dimensions.

    Notes
    -----
    Variables of one dimension stand beside each other with its coordinate. Those of several are in long form:
    a column for each dimension (its coordinate, or the place counted from 0), one for each variable.
    Pictures for the screen are no tables; see `pictures`.
    """
    names = Names()
    yield _table(names.free("summary"), "/summary", sample.summary, ("row",))
    for path, dataset in _nodes(sample):
        groups = _groups(dataset)
        for dims in groups:
            stem = "-".join(slug(part, 40) for part in path.strip("/").split("/"))
            name = f"{stem}.{slug('-'.join(dims) or 'values', 60)}" if len(groups) > 1 else stem
            yield _table(names.free(name), path, dataset, dims)


def pictures(sample: Sample) -> list[str]:
    """Return the variables that are pictures for the screen (8-bit previews)."""
    return [
        f"{path}/{name}"
        for path, dataset in _nodes(sample)
        for name, variable in dataset.variables.items()
        if _is_picture(variable)
    ]


def _nodes(sample: Sample) -> Iterator[tuple[str, xr.Dataset]]:
    for node in sample.tree.subtree:
        dataset = node.to_dataset(inherit=False)
        if node.name != "summary" and dataset.variables:
            yield node.path, dataset


def _is_picture(variable: xr.Variable) -> bool:
    return variable.dtype == np.uint8 and variable.ndim == 2


def _groups(dataset: xr.Dataset) -> list[tuple[str, ...]]:
    """Return the sets of dimensions of a node that make a table, in order."""
    found = {
        tuple(str(dim) for dim in variable.dims): None
        for variable in dataset.variables.values()
        if not _is_picture(variable)
    }
    return list(found)


def _table(name: str, node: str, dataset: xr.Dataset, dims: tuple[str, ...]) -> Table:
    shape = tuple(dataset.sizes[dim] for dim in dims)
    series: dict[str, np.ndarray] = {}
    attrs: dict[str, Mapping[object, object]] = {}
    for axis, dim in enumerate(dims) if len(dims) > 1 else ():
        place = dataset.variables.get(dim)
        values = np.arange(shape[axis]) if place is None else place.values
        series[dim] = np.broadcast_to(
            values.reshape([-1 if k == axis else 1 for k in range(len(dims))]), shape
        ).ravel()
        attrs[dim] = {"long_name": f"place along {dim}, from 0"} if place is None else place.attrs
    for key, variable in dataset.variables.items():
        if variable.dims == dims and not _is_picture(variable):
            series[str(key)], attrs[str(key)] = np.atleast_1d(variable.values).ravel(), variable.attrs
    columns = [_column(key, values, attrs[key]) for key, values in series.items()]
    names = [clean(column.name) for column in columns]
    frame = polars.DataFrame(
        [_series(label, values) for label, values in zip(names, series.values(), strict=True)]
    )
    return Table(name, node, tuple(columns), frame)


def _column(name: str, values: np.ndarray, attrs: Mapping[object, object]) -> Column:
    unit = str(attrs.get("units", ""))
    title = clean(str(attrs.get("long_name", "")))
    return Column(clean(name), _TYPES.get(values.dtype.kind, "string"), clean(unit), title)


def _series(name: str, values: np.ndarray) -> polars.Series:
    """Return a column; what is not a number in a float column is missing."""
    if values.dtype.kind in "iub":
        return polars.Series(name, values)
    if values.dtype.kind == "f":
        return polars.Series(name, values).fill_nan(None)
    return polars.Series(name, [clean(str(each)) for each in values], dtype=polars.String)


def summary_frame(samples: Sequence[Sample]) -> polars.DataFrame:
    """Return every number of samples as one table, with the sample of each."""
    frames = []
    for sample in samples:
        frame = _table("summary", "/summary", sample.summary, ("row",)).frame
        frames.append(frame.insert_column(0, polars.lit(clean(sample.sample_id)).alias("sample")))
    return polars.concat(frames) if frames else polars.DataFrame()
