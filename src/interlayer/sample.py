"""The sample: one DataTree that links every technique's result, and the dataset that a script takes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer import guard, sample_view, store
from interlayer._version import __version__
from interlayer.core.errors import StoreError
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.results import rows_of, warnings_of
from interlayer.core.summary import Row, to_dataset
from interlayer.core.text import clean, slug
from interlayer.schema import SCHEMA, upgraded


@dataclass(repr=False)
class Sample:
    """One sample with the results of every technique.

    Parameters
    ----------
    sample_id, label, state, parent
        Who it is: its id, a label for people, its state, the id of the sample it was made from.
    history
        What was done to it, in order.
    tree
        ``/`` holds attrs only; results stand at ``/xrd``, ``/xps``, ``/sem``, ``/eds``,
        ``/electrochem/<kind>`` (with ``/<name>`` where a sample has several of a kind).
    made_from
        Name and sha256 of each fragment that it was put together from.
    path
        The record that it was opened from.

    Examples
    --------
    >>> sample = Sample("A1", label="after 24 h at 70 °C")
    >>> sample.rows
    []
    """

    sample_id: str
    label: str = ""
    state: str = ""
    parent: str = ""
    history: tuple[str, ...] = ()
    tree: xr.DataTree = field(default_factory=xr.DataTree)
    made_from: tuple[tuple[str, str], ...] = ()
    path: Path | None = None

    @property
    def called(self) -> str:
        """Return the record that the sample was opened from, else its id."""
        return self.sample_id if self.path is None else str(self.path)

    @property
    def name(self) -> str:
        """Return what people call the sample: its label, or its id."""
        return self.label or self.sample_id

    def add(self, result: xr.DataTree, name: str = "") -> str:
        """Put the result of one analysis into the tree and return its path.

        Parameters
        ----------
        result
            What a technique's ``analyze`` returned.
        name
            Tells several measurements of one kind apart.
        """
        kind = str(result.attrs.get("kind", ""))
        parts = [
            str(result.attrs["technique"]),
            *([slug(kind)] if kind else []),
            *([slug(name)] if name else []),
        ]
        path = "/" + "/".join(parts)
        node = result.copy()
        node.attrs["measurement"] = name
        self.tree[path] = node
        return path

    def results(self) -> Iterator[tuple[str, xr.DataTree]]:
        """Yield path and tree of each analysis, in the order of the techniques."""
        for technique in TECHNIQUES:
            if technique in self.tree.children:
                for node in self.tree[technique].subtree:
                    if "technique" in node.attrs and "summary" in node.children:
                        yield node.path, node

    @property
    def rows(self) -> list[Row]:
        """Return the summary rows of all techniques."""
        return [row for _, row in self.located_rows()]

    def located_rows(self) -> list[tuple[str, Row]]:
        """Return the summary rows of all techniques with the path of the analysis each comes from."""
        return [(path, row) for path, node in self.results() for row in rows_of(node)]

    @property
    def summary(self) -> xr.Dataset:
        """Return all summary rows as a Dataset, with the path of the measurement of each row."""
        located = self.located_rows()
        dataset = to_dataset(row for _, row in located)
        dataset["measurement"] = ("row", np.array([path.strip("/") for path, _ in located], dtype=object))
        return dataset

    @property
    def dataset(self) -> xr.Dataset:
        """Return the shared Dataset of summary and curves, with dimensions named by technique.

        ``/xps/n1s`` with ``binding_energy`` becomes ``xps_n1s_binding_energy``, so that unrelated axes never
        join.
        """
        parts = [self.summary]
        for _, result in self.results():
            for node in result.subtree:
                if node.name != "summary" and node.dataset.variables:
                    prefix = node.path.strip("/").replace("/", "_")
                    own = node.to_dataset(inherit=False)
                    names = {name: f"{prefix}_{name}" for name in {*own.variables, *own.dims}}
                    parts.append(own.rename(names).drop_attrs(deep=False))
        with guard.using("the dataset", self.called):
            merged = xr.merge(parts, join="exact", compat="no_conflicts", combine_attrs="drop")
        return merged.assign_attrs(self._attrs())

    def _attrs(self) -> dict[str, str | int]:
        return {
            "sample_id": self.sample_id,
            "label": self.label,
            "state": self.state,
            "parent": self.parent,
            "history": json.dumps(list(self.history), ensure_ascii=False),
            "interlayer_version": __version__,
            "schema": SCHEMA,
            "made_from": json.dumps(self.made_from),
        }

    @property
    def record(self) -> xr.DataTree:
        """Return the whole record as it is stored: attrs of the sample, all results, the shared summary."""
        nodes = {node.path: node.to_dataset(inherit=False) for node in self.tree.subtree}
        nodes["/"] = xr.Dataset(attrs=self._attrs())
        nodes["/summary"] = self.summary
        return xr.DataTree.from_dict(nodes)

    def save(self, path: Path) -> str:
        """Write the sample as one netCDF4 file, atomically; returns its sha256."""
        return store.write_tree(self.record, path)

    @classmethod
    def open(cls, path: Path | str, *, own: bool = False) -> "Sample":
        """Return a stored sample.

        Parameters
        ----------
        own
            A run of this results folder has just written it, and its manifest not yet.

        Raises
        ------
        StoreError
            When the file is damaged, or no record of a sample.

        Notes
        -----
        A record may be a stranger's: where no manifest beside it states its sha256, another process reads it
        first, so that nothing in it can end this one.
        """
        path = Path(path)
        tree = store.read_tree(path, foreign=not own)
        attrs = tree.attrs
        if "sample_id" not in attrs:
            raise StoreError(
                "not the record of a sample", path=path, expected="a file written by `interlayer run`"
            )
        attrs = upgraded(attrs, path)
        texts = {key: clean(str(attrs.get(key, ""))) for key in ("sample_id", "label", "state", "parent")}
        if (
            "summary" in tree.children
        ):  # not `filter`: it loses a column that is called as a coordinate above it
            del tree["summary"]
        with guard.using("the sample", str(path)):
            history = tuple(str(step) for step in _listed(attrs, "history"))
            made_from = tuple((str(name), str(digest)) for name, digest in _listed(attrs, "made_from"))
        sample = cls(**texts, history=history, tree=tree, made_from=made_from, path=path)
        for _, result in sample.results():
            guard.check_analysis(result, path)
        return sample

    @property
    def warnings(self) -> list[str]:
        """Return what a reader must be told of the sample's data, each with the analysis it belongs to."""
        return [
            f"{path.strip('/')}: {text}" for path, result in self.results() for text in warnings_of(result)
        ]

    def table(self, technique: str = "") -> str:
        """Return every number as text for a terminal: value, 95 % interval, unit, status, reasons.

        Parameters
        ----------
        technique
            Only this technique (``"xrd"``), or one kind of it (``"electrochem/eis"``); all by default.

        Examples
        --------
        >>> print(Sample("A1").table())
        <BLANKLINE>
        """
        start = f"/{technique.strip('/')}"
        chosen = [
            each
            for each in self._shown().analyses
            if not technique or each.path == start or each.path.startswith(f"{start}/")
        ]
        return sample_view.table(chosen)

    def _shown(self) -> sample_view.Shown:
        analyses = (
            sample_view.Analysis(path, tuple(rows_of(result)), tuple(warnings_of(result)))
            for path, result in self.results()
        )
        return sample_view.Shown(
            self.sample_id, self.label, self.state, self.parent, self.history, tuple(analyses)
        )

    def __repr__(self) -> str:
        return sample_view.text(self._shown())

    def _repr_html_(self) -> str:
        return sample_view.html(self._shown())


def _listed(attrs: Mapping[Any, object], name: str) -> list[Any]:
    """Return a list that an attribute holds as JSON; raises TypeError where it is none."""
    found = json.loads(str(attrs.get(name, "[]")))
    if not isinstance(found, list):
        raise TypeError(f"{name} is no list")
    return found
