"""The five techniques as the hub sees them: settings, formats and the three verbs, imported when needed."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

from interlayer.core.quantities import TECHNIQUES
from interlayer.core.settings import Setting, for_stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from interlayer.core.figure import Figure
    from interlayer.core.formats import Format
    from interlayer.core.settings import Value

#: kinds of electrochemical measurement
KINDS = ("cv", "ccd", "transference", "gitt", "eis", "plating", "cycling")

#: what a command and a report call each technique
TITLES = {
    "xrd": "X-ray diffraction",
    "xps": "X-ray photoelectron spectroscopy",
    "sem": "Scanning electron microscopy",
    "eds": "Energy-dispersive X-ray maps",
    "electrochem": "Electrochemistry",
}

KIND_TITLES = {
    "cv": "Cyclic voltammetry",
    "ccd": "Critical current density",
    "transference": "Transference number",
    "gitt": "Galvanostatic intermittent titration",
    "eis": "Impedance spectroscopy",
    "plating": "Li–Li plating and stripping",
    "cycling": "Full-cell cycling",
}


def package(technique: str) -> ModuleType:
    """Return a technique's package (nothing heavy is imported by it)."""
    if technique not in TECHNIQUES:
        raise ValueError(technique)
    return import_module(f"interlayer.{technique}")


def declared_settings(technique: str, kind: str = "") -> tuple[Setting, ...]:
    """Return the settings of a technique (and kind)."""
    settings = cast("tuple[Setting, ...]", import_module(f"interlayer.{technique}.settings").SETTINGS)
    return tuple(each for each in settings if not kind or not each.kinds or kind in each.kinds)


def formats(technique: str) -> "tuple[Format, ...]":
    """Return the file formats that a technique reads."""
    return cast("tuple[Format, ...]", import_module(f"interlayer.{technique}.readers").FORMATS)


def figures(result: "xr.DataTree") -> "list[Figure]":
    """Return the figures of a stored result."""
    package(str(result.attrs["technique"]))  # a record names it: nothing else is imported
    module = import_module(f"interlayer.{result.attrs['technique']}.plots")
    return cast("list[Figure]", module.figures(result))


def by_name(results: "Iterable[tuple[str, str, str, xr.DataTree]]") -> "dict[str, xr.DataTree]":
    """Return results under names for `comparison`, of which no two are alike.

    Parameters
    ----------
    results
        Name of the sample, its id, path in the sample, and the result.
    """
    found: dict[str, xr.DataTree] = {}
    for sample, sample_id, path, result in results:
        more = str(result.attrs.get("measurement", ""))
        plain = f"{sample}, {more}" if more else sample
        name, number = plain, 1
        while name in found:  # two samples of one label; of several studies even with one id
            name = f"{plain} ({sample_id}{path})" if number == 1 else f"{plain} ({sample_id}{path}, {number})"
            number += 1
        found[name] = result
    return found


def comparison(technique: str, results: "Mapping[str, xr.DataTree]") -> "list[Figure]":
    """Return the figures in which a technique compares samples (by name): none where it does not."""
    compare = getattr(import_module(f"interlayer.{technique}.plots"), "compare", None)
    if compare is None or len(results) < 2:
        return []
    return cast("list[Figure]", compare(results))


def compares(technique: str) -> bool:
    """Return True for a technique that compares samples in figures."""
    return hasattr(import_module(f"interlayer.{technique}.plots"), "compare")


def exports(result: "xr.DataTree") -> "dict[str, str]":
    """Return the files that a result offers beside its tables: name to text (an instrument's calibration)."""
    return {
        str(node.attrs["export_name"]): str(node.attrs["export_text"])
        for node in result.subtree
        if "export_name" in node.attrs
    }


def documents(result: "xr.DataTree") -> "dict[str, str]":
    """Return the texts that belong to a result, such as the record of a fit: file name to text."""
    make = getattr(package(str(result.attrs["technique"])), "documents", None)
    return {} if make is None else cast("dict[str, str]", make(result))


def compute(
    technique: str, kind: str, paths: "Sequence[Path]", settings: "Mapping[str, Value]"
) -> "xr.DataTree":
    """Read the files of one measurement and analyse them together.

    Parameters
    ----------
    settings
        Resolved settings; those of the stage ``read`` go to ``read``, the others to ``analyze``.
    """
    face, declared = package(technique), declared_settings(technique, kind)
    reading = for_stage("read", settings, declared)
    analysing = for_stage("analyze", settings, declared) | ({"kind": kind} if kind else {})
    every = getattr(import_module(f"interlayer.{technique}.readers"), "read_all", None)
    if every is not None and settings.get("series"):
        raws = [raw for path in paths for raw in every(path, **reading)]
    else:
        raws = [face.read(path, **reading) for path in paths]
    return cast("xr.DataTree", face.analyze(raws if len(raws) > 1 else raws[0], **analysing))
