"""The works that methods may cite, read from references.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from interlayer.core.packaged import packaged


@dataclass(frozen=True, slots=True)
class Reference:
    """One work that the methods cite.

    Parameters
    ----------
    number
        Its mark in the paragraphs is ``[number]``.
    text
        Authors, title and place, without the DOI.
    doi
        Empty where none is known for sure.
    """

    number: int
    key: str
    text: str
    doi: str
    bibtex: str


@cache
def library() -> dict[str, Any]:
    """Return references.toml: works, what cites them, and the words of the methods."""
    return packaged("interlayer", "references.toml")


def reference(number: int, key: str) -> Reference:
    """Return a work of the library under its number."""
    entry = library()["reference"][key]
    place = str(entry.get("journal") or entry.get("booktitle", ""))
    where = f"{place} {entry['volume']}" if "volume" in entry else f"{place}"
    pages = str(entry.get("pages", "")).replace("--", "–")
    authors = str(entry["author"]).replace(" and others", " et al.").replace(" and ", "; ")
    text = (
        f"{authors.rstrip('.')}. {entry['title']}. {where}{f', {pages}' if pages else ''} ({entry['year']})."
    )
    return Reference(number, key, text, str(entry.get("doi", "")), _bibtex(key, entry))


def _bibtex(key: str, entry: Mapping[str, object]) -> str:
    fields = {name: value for name, value in entry.items() if name != "type"}
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if name != "title"]
    return "\n".join([f"@{entry['type']}{{{key},", f"  title = {{{{{entry['title']}}}}},", *lines, "}"])
