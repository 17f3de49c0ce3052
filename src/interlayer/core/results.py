"""The result of one analysis: a DataTree with the curves, the tables and the summary."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from interlayer._version import __version__
from interlayer.core.shared import NODE as SHARED
from interlayer.core.shared import Shared
from interlayer.core.shared import to_dataset as shared_dataset
from interlayer.core.summary import Row, from_dataset, to_dataset

#: what a raw file may state about its instrument: attribute of the Dataset or of its variables -> name kept
_INSTRUMENT = {
    "instrument": "instrument",
    "microscope": "microscope",
    "anode": "anode",
    "goniometer_radius": "goniometer_radius",
    "divergence_slit": "divergence_slit",
    "counting_time": "counting_time",
    "source": "x_ray_source",
    "source_energy": "source_energy",
    "pass_energy": "pass_energy",
    "voltage": "voltage",
    "beam_voltage": "beam_voltage",
    "working_distance": "working_distance",
    "detector": "detector",
    "detector_resolution": "detector_resolution",
    "take_off_angle": "take_off_angle",
    "live_time": "live_time",
}
_UNSTATED = {"", "nan", "none", "0", "unknown", "not specified"}


def as_list(raw: xr.Dataset | Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return one or many raw Datasets as a list."""
    return [raw] if isinstance(raw, xr.Dataset) else list(raw)


def tree(
    technique: str,
    raws: xr.Dataset | Sequence[xr.Dataset],
    rows: Iterable[Row],
    nodes: Mapping[str, xr.Dataset],
    *,
    kind: str = "",
    settings: Mapping[str, object] | None = None,
    warnings: Sequence[str] = (),
    steps: Sequence[str] = (),
    shared: Sequence[Shared] = (),
) -> xr.DataTree:
    """Return the result of one analysis as a DataTree.

    Parameters
    ----------
    rows
        The summary rows, stored in the child ``summary``.
    nodes
        Datasets by path; ``"/"`` is the root. A Dataset with ``attrs["role"] = "table"`` and one dimension
        is offered as a table (CSV, JSON, report).
    warnings
        What a reader must be told about these data.
    steps
        The steps that really ran, in words, for the methods paragraph.
    shared
        What rows have in common with others: the parts of their errors with a named common cause.
    """
    root = nodes.get("/", xr.Dataset()).copy()
    root.attrs |= {
        "technique": technique,
        "kind": kind,
        "interlayer_version": __version__,
        "settings": json.dumps(dict(settings or {}), sort_keys=True, default=str),
        "sources": json.dumps(sources(raws)),
        "warnings": json.dumps(list(warnings)),
        "steps": json.dumps(list(steps)),
    }
    children = {path: dataset for path, dataset in nodes.items() if path != "/"}
    if shared:
        children[SHARED] = shared_dataset(shared)
    return xr.DataTree.from_dict({"/": root, **children, "summary": to_dataset(rows)})


def sources(raws: xr.Dataset | Sequence[xr.Dataset]) -> list[dict[str, str]]:
    """Return file name, sha256, format and what is stated of the instrument, of each raw Dataset."""
    return [
        {key: str(raw.attrs.get(key, "")) for key in ("source", "source_sha256", "format")} | _instrument(raw)
        for raw in as_list(raws)
    ]


def _instrument(raw: xr.Dataset) -> dict[str, str]:
    """Return what the file states about its instrument; several values (pass energies) as "20; 160"."""
    found: dict[str, list[str]] = {}
    for attrs, kept in ((raw.attrs, {"source"}), *((each.attrs, set()) for each in raw.data_vars.values())):
        for name, known in _INSTRUMENT.items():
            text = _fact(attrs[name]) if name in attrs and name not in kept else ""
            if text.lower() not in _UNSTATED and text not in found.setdefault(known, []):
                found[known].append(text)
    return {name: "; ".join(texts) for name, texts in found.items() if texts}


def _fact(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value).strip()


def rows_of(result: xr.DataTree) -> list[Row]:
    """Return the summary rows of a result."""
    return from_dataset(result.children["summary"].to_dataset(inherit=False))


def warnings_of(result: xr.DataTree) -> list[str]:
    """Return the warnings of a result."""
    return warnings_in(result.attrs)


def warnings_in(attrs: Mapping[Any, Any]) -> list[str]:
    """Return the warnings that the attributes of a result hold."""
    return [str(text) for text in json.loads(str(attrs.get("warnings", "[]")))]


def tables(result: xr.DataTree) -> dict[str, list[dict[str, object]]]:
    """Return every table of a result as records, by the path of its node."""
    found = {}
    for node in result.subtree:
        if node.attrs.get("role") == "table":
            name = node.path.removeprefix(result.path).strip("/") or "table"
            found[name] = records(node.to_dataset(inherit=False))
    return found


def records(dataset: xr.Dataset) -> list[dict[str, object]]:
    """Return a Dataset of one dimension as JSON-ready records; a number that is not finite becomes None."""
    names = [str(name) for name in dataset.variables if dataset[name].ndim == 1]
    columns = {name: dataset[name].values for name in names}
    count = max((values.size for values in columns.values()), default=0)
    return [{name: _plain(values[i]) for name, values in columns.items()} for i in range(count)]


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
