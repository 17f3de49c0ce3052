"""The sample: one DataTree that links every technique's result, and the dataset that a script takes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer import store
from interlayer._version import __version__
from interlayer.core.errors import StoreError
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.summary import Row, from_dataset, to_dataset
from interlayer.core.text import clean, slug
from interlayer.schema import SCHEMA, upgraded


@dataclass
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
    tree: xr.DataTree = field(default_factory=xr.DataTree, repr=False)
    made_from: tuple[tuple[str, str], ...] = ()

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
        return [
            (path, row)
            for path, node in self.results()
            for row in from_dataset(node.children["summary"].to_dataset(inherit=False))
        ]

    @property
    def summary(self) -> xr.Dataset:
        """Return all summary rows as a Dataset, with the path of the measurement of each row."""
        located = self.located_rows()
        dataset = to_dataset(row for _, row in located)
        dataset["measurement"] = ("row", np.array([path.strip("/") for path, _ in located], dtype=object))
        return dataset

    @property
    def dataset(self) -> xr.Dataset:
        """Return the shared Dataset: the summary and each technique's curves, dimensions named by technique.

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

    def save(self, path: Path) -> str:
        """Write the sample as one netCDF4 file, atomically; returns its sha256."""
        nodes = {node.path: node.to_dataset(inherit=False) for node in self.tree.subtree}
        nodes["/"] = xr.Dataset(attrs=self._attrs())
        nodes["/summary"] = self.summary
        return store.write_tree(xr.DataTree.from_dict(nodes), path)

    @classmethod
    def open(cls, path: Path | str) -> "Sample":
        """Return a stored sample.

        Raises
        ------
        StoreError
            When the file is damaged, or no record of a sample.
        """
        tree = store.read_tree(Path(path))
        attrs = tree.attrs
        if "sample_id" not in attrs:
            raise StoreError(
                "not the record of a sample", path=path, expected="a file written by `interlayer run`"
            )
        attrs = upgraded(attrs, path)
        history = tuple(str(step) for step in json.loads(str(attrs.get("history", "[]"))))
        texts = {key: clean(str(attrs.get(key, ""))) for key in ("sample_id", "label", "state", "parent")}
        tree = tree.filter(lambda node: node.path != "/summary") if "summary" in tree.children else tree
        made_from = tuple((str(name), str(digest)) for name, digest in json.loads(str(attrs["made_from"])))
        return cls(**texts, history=history, tree=tree, made_from=made_from)

    def _repr_html_(self) -> str:
        from html import escape

        head = f"<b>{escape(self.label or self.sample_id)}</b> {escape(self.state)}"
        body = "".join(
            f"<tr><td>{escape(row.technique)}</td><td>{escape(row.quantity)}</td><td>{escape(row.subject)}</td>"
            f"<td>{row.value:.5g}</td><td>{row.low:.5g}</td><td>{row.high:.5g}</td><td>{escape(row.unit)}</td>"
            f"<td>{escape(row.status)}</td></tr>"
            for row in self.rows
        )
        names = "".join(
            f"<th>{n}</th>"
            for n in ("technique", "quantity", "subject", "value", "low", "high", "unit", "status")
        )
        return f"<div>{head}<table><tr>{names}</tr>{body}</table></div>"
