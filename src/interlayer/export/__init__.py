"""Samples as files for other programs: one module per format, imported when it is asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from interlayer.core.errors import SettingError
from interlayer.core.text import Names, slug

if TYPE_CHECKING:
    from interlayer.export.record import Context, Record


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Parameters
    ----------
    module
        Its module in this package; its ``write(record, target, context)`` writes one sample, or with
        ``together`` its ``write(records, target, context)`` all of them.
    target
        Name of what is written, ``{}`` being the sample's.
    """

    module: str
    target: str
    title: str
    together: bool = False


#: every format by the name that ``--to`` takes
FORMATS = {
    "csv": Format("csv_tables", "{}-csv", "a folder of CSV tables with units in datapackage.json"),
    "parquet": Format("parquet", "{}-parquet", "a folder of Parquet tables with units in datapackage.json"),
    "json": Format("json_record", "{}.json", "the whole record as one JSON text"),
    "zarr": Format("zarr_store", "{}.zarr", "the whole record as a Zarr store"),
    "ro-crate": Format("ro_crate", "ro-crate", "all records with where they come from", together=True),
    "bdf": Format("bdf", "{}-bdf", "time rows of cells as Battery Data Format"),
    "nexus": Format("nexus", "{}.nxs", "XPS regions and micrographs as NeXus (NXxps, NXem)"),
}


@dataclass(frozen=True, slots=True)
class Export:
    """What came of one export: the path, and what a reader has to know (what was left out)."""

    path: Path
    notes: tuple[str, ...] = ()


def write(
    records: "Sequence[Record]", folder: Path, names: Sequence[str], context: "Context | None" = None
) -> list[Export]:
    """Write samples in the formats of some names; what each step writes is whole or not there.

    Raises
    ------
    SettingError
        When there is no such format.
    InterlayerError
        When something cannot be written.
    """
    return [make() for _, make in plan(records, folder, names, context)]


def plan(
    records: "Sequence[Record]", folder: Path, names: Sequence[str], context: "Context | None" = None
) -> Iterator[tuple[Path, Callable[[], Export]]]:
    """Yield each path that will be written with what writes it.

    Raises
    ------
    SettingError
        When there is no such format.
    """
    for name in dict.fromkeys(names):
        if name not in FORMATS:
            raise SettingError("no such format to export", expected=", ".join(FORMATS), found=repr(name))
        each = FORMATS[name]
        if each.together:
            yield folder / each.target, _writer(each, records, folder / each.target, context)
            continue
        for record, stem in zip(records, stems(records), strict=True):
            target = folder / each.target.format(stem)
            yield target, _writer(each, record, target, context)


def _writer(
    form: Format, what: "Record | Sequence[Record]", target: Path, context: "Context | None"
) -> Callable[[], Export]:
    def make() -> Export:
        from interlayer import guard
        from interlayer.export.record import Context

        module = import_module(f"interlayer.export.{form.module}")
        names = [each.sample.called for each in (what if isinstance(what, Sequence) else [what])]
        with guard.using(f"the {target.name}", *names):
            return Export(target, tuple(cast("list[str]", module.write(what, target, context or Context()))))

    return make


def stems(records: "Sequence[Record]") -> list[str]:
    """Return a name for the files of each sample; no two are alike, whatever the case."""
    names = Names()
    return [names.free(slug(record.sample.sample_id)) for record in records]
