"""Groups and fields of a NeXus file."""

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from interlayer.core.text import clean, slug
from interlayer.export.record import Analysis, Context
from interlayer.sample import Sample

#: version of the NeXus definitions that the files follow
DEFINITIONS = "2026.01"
#: units that NeXus writes otherwise
_UNITS = {"um": "µm", "1": ""}


class Node:
    """A group of a NeXus file; texts are cleaned, and what is empty is not written."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def group(self, name: str, kind: str, **attrs: object) -> "Node":
        """Return a new group of a NeXus class."""
        made = Node(self._group.create_group(name))
        made.attrs(NX_class=kind, **attrs)
        return made

    def field(self, name: str, value: object, units: str = "", **attrs: object) -> None:
        """Write a field; nothing for None and empty texts."""
        if value is None or (isinstance(value, str) and not value):
            return
        if isinstance(value, str):
            made = self._group.create_dataset(name, data=clean(value), dtype=h5py.string_dtype())
        else:
            array = np.asarray(value)
            packed = {"compression": "gzip", "compression_opts": 4} if array.size > 1000 else {}
            made = self._group.create_dataset(name, data=array, **packed)
        unit = _UNITS.get(units, units)
        for key, each in (attrs | ({"units": unit} if unit else {})).items():
            made.attrs[key] = clean(each) if isinstance(each, str) else each

    def attrs(self, **attrs: object) -> None:
        """Set attributes of the group."""
        for key, each in attrs.items():
            self._group.attrs[key] = clean(each) if isinstance(each, str) else each

    def has(self, name: str) -> bool:
        """Return whether a group or field is there."""
        return name in self._group

    def free(self, name: str) -> str:
        """Return a name of letters, digits and _ that is not taken."""
        stem = free = slug(name, 60).replace("-", "_").replace(".", "_")
        number = 2
        while free in self._group:
            free, number = f"{stem}_{number}", number + 1
        return free


def start(
    root: Node, name: str, definition: str, sample: Sample, analysis: Analysis, context: Context
) -> tuple[str, Node]:
    """Return the name and node of a new entry with where it comes from."""
    free = root.free(name)
    entry = root.group(free, "NXentry")
    entry.field("definition", definition, version=DEFINITIONS)
    entry.field("title", f"{sample.name}: {name.replace('_', ' ')}")
    entry.field("experiment_description", context.title)
    for number, source in enumerate(analysis.sources, start=1):
        note = entry.group(f"note{number}", "NXnote")
        note.field("file_name", source.get("source", ""))
        note.field("checksum", source.get("source_sha256", ""))
        note.field("algorithm", "SHA256")
        note.field("type", source.get("format", ""))
    process = entry.group("analysis", "NXprocess")
    process.field("program", "interlayer", version=analysis.version)
    process.field("description", " ".join(analysis.steps))
    process.field("warnings", "\n".join(analysis.warnings))
    return free, entry


def close(entry: Node, known: Mapping[str, bool]) -> list[str]:
    """Write and return what the definition requires and the record does not know."""
    missing = [name for name, here in known.items() if not here]
    entry.field("not_known", ", ".join(missing))
    return missing
