"""NeXus: XPS regions as NXxps, micrographs and element maps as NXem, as far as the record knows.

Definitions of 2026.01. What a definition requires and no record knows is not invented: the field
``not_known`` of each entry lists it.
"""

from pathlib import Path

import h5py

from interlayer._version import __version__
from interlayer.core.files import atomic
from interlayer.export import nexus_em, nexus_xps
from interlayer.export.nexus_file import DEFINITIONS, Node
from interlayer.export.record import Context, NothingToExport, Record, analyses

_MAKERS = {"xps": nexus_xps.entries, "sem": nexus_em.entries, "eds": nexus_em.entries}


def write(record: Record, target: Path, context: Context) -> list[str]:
    """Write a sample as one NeXus file; returns what the definitions require and is not known.

    Raises
    ------
    NothingToExport
        When the sample has nothing that a definition exists for.
    """
    done = {each.path: each for each in analyses(record.sample)}
    unknown: dict[tuple[str, ...], list[str]] = {}
    with atomic(target) as part, h5py.File(part, "w") as file:
        root = Node(file)
        root.attrs(creator=f"interlayer {__version__}", NeXus_version=DEFINITIONS)
        for path, result in record.sample.results():
            make = _MAKERS.get(str(result.attrs["technique"]))
            for name, missing in make(root, record.sample, result, done[path], context) if make else ():
                unknown.setdefault(tuple(missing), []).append(name)
        first = next(iter(file), None)
        if first is None:
            raise NothingToExport(
                f"sample {record.sample.sample_id!r} has no XPS, SEM or EDS to export",
                advice="NeXus has no definition for its other results.",
            )
        root.attrs(default=first)
    return [
        f"not known, but required by the definition of {', '.join(names)}: {', '.join(missing)}"
        for missing, names in unknown.items()
        if missing
    ]
