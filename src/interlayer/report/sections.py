"""The analyses of a sample as sections of its page: figures drawn, numbers formatted, data packed."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import xarray as xr

from interlayer import techniques
from interlayer.core import figure as fig
from interlayer.core.results import tables, warnings_of
from interlayer.core.summary import Row
from interlayer.core.text import slug
from interlayer.core.wording import cells
from interlayer.report import curves
from interlayer.report.model import Figure, Number, Section, Table
from interlayer.report.pack import Pack
from interlayer.report.svg import draw

#: widths in pixels of a figure beside another and of one with two columns of panels
NARROW, WIDE = 548.0, 1120.0


def anchor_of(text: str) -> str:
    """Return an id for a page: readable, and unique also for names that are cut or cleaned."""
    plain = text.strip("/").replace("/", "-")
    short = slug(plain, 60)
    return (
        short
        if short == plain
        else f"{short}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
    )


@dataclass(slots=True)
class Book:
    """What the drawer says of every number: rows with their origin, each long text once."""

    rows: list[list[object]] = field(default_factory=list)
    methods: dict[str, int] = field(default_factory=dict)
    sources: list[Mapping[str, object]] = field(default_factory=list)

    def add(self, number: Number, method: str, source: int) -> None:
        """Keep the origin of one number."""
        place = self.methods.setdefault(method, len(self.methods))
        self.rows.append(
            [
                number.quantity,
                number.subject,
                number.value,
                number.interval,
                number.unit,
                number.status,
                place,
                number.note,
                source,
            ]
        )

    def head(self) -> dict[str, object]:
        """Return the book for the pack."""
        return {"rows": self.rows, "methods": list(self.methods), "sources": self.sources}


def number(place: int, row: Row) -> Number:
    """Return a summary row as text."""
    return Number(place, *cells(row), row.note)


def title_of(attrs: Mapping[Any, Any]) -> str:
    """Return what the page calls an analysis."""
    technique, kind, name = (str(attrs.get(key, "")) for key in ("technique", "kind", "measurement"))
    title = techniques.KIND_TITLES.get(kind) or techniques.TITLES.get(technique, technique)
    return f"{title}: {name}" if name else title


def settings_text(attrs: Mapping[Any, Any]) -> str:
    """Return the settings of an analysis in a line."""
    given = {k: v for k, v in json.loads(str(attrs.get("settings", "{}"))).items() if v is not None}
    return ", ".join(f"{key} = {value}" for key, value in given.items()) or "defaults"


def sources_of(attrs: Mapping[Any, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return name, format and sha256 of the files of an analysis."""
    return tuple(
        (str(each.get("source", "")), str(each.get("format", "")), str(each.get("source_sha256", "")))
        for each in json.loads(str(attrs.get("sources", "[]")))
    )


def section(path: str, result: xr.DataTree, rows: Sequence[Row], pack: Pack, book: Book) -> Section:
    """Return one analysis: figures drawn, numbers formatted, data in the pack, origins in the book."""
    attrs, anchor = result.attrs, anchor_of(path)
    figures, faults = drawn(lambda: techniques.figures(result), anchor, pack)
    steps = tuple(str(step) for step in json.loads(str(attrs.get("steps", "[]"))))
    numbers = [number(place, row) for place, row in enumerate(rows, start=len(book.rows))]
    found = Section(
        anchor,
        title_of(attrs),
        str(attrs["technique"]),
        (*warnings_of(result), *faults),
        tuple(each for each in figures if each.picture),
        tuple(each for each in figures if not each.picture),
        tuple(numbers),
        _tables(result, anchor, pack),
        steps,
        sources_of(attrs),
        settings_text(attrs),
        str(attrs.get("interlayer_version", "")),
    )
    for each, row in zip(numbers, rows, strict=True):
        book.add(each, row.method, len(book.sources))
    book.sources.append(source_entry(found, f"#{anchor}"))
    _tables_of(pack)[f"numbers-{anchor}"] = summary_table(rows, pack)
    return found


def source_entry(found: Section, href: str) -> dict[str, object]:
    """Return what the drawer says of the analysis that a number comes from."""
    return {
        "title": found.title,
        "href": href,
        "files": found.sources,
        "settings": found.settings,
        "steps": found.steps,
        "version": found.version,
    }


def _tables_of(pack: Pack) -> dict[str, object]:
    tables_ = pack.head.setdefault("tables", {})
    assert isinstance(tables_, dict)
    return tables_


def keep_table(pack: Pack, uid: str, name: str, records: Sequence[Mapping[str, object]]) -> None:
    """Put a table into the pack."""
    _tables_of(pack)[uid] = curves.records_table(name, records, pack)


def summary_table(rows: Sequence[Row], pack: Pack) -> dict[str, object]:
    """Return summary rows as a table of the pack."""
    names = (
        "quantity",
        "subject",
        "value",
        "stddev",
        "low",
        "high",
        "unit",
        "status",
        "method",
        "note",
        "origin",
    )
    records = [{name: getattr(row, name) for name in names} for row in rows]
    return curves.records_table("numbers", records, pack)


def _tables(result: xr.DataTree, anchor: str, pack: Pack) -> tuple[Table, ...]:
    found = []
    for place, (name, records) in enumerate(tables(result).items()):
        if not records:
            continue
        uid = f"table-{anchor}-{place}"
        keep_table(pack, uid, name, records)
        found.append(Table(uid, slug(f"{anchor}-{name}", 120), name.replace("_", " "), len(records)))
        pack.files[f"tables/{found[-1].name}.csv"] = partial(curves.records_columns, records)
    return tuple(found)


def drawn(
    describe: Callable[[], list[fig.Figure]], anchor: str, pack: Pack
) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """Return figures, or what went wrong: a fault in drawing must not cost the page its numbers."""
    try:
        return tuple(figure(each, f"fig-{anchor}-{place}", pack) for place, each in enumerate(describe())), ()
    except Exception as error:
        return (), (f"The figures could not be drawn ({type(error).__name__}: {error}); please report it.",)


def figure(description: fig.Figure, uid: str, pack: Pack) -> Figure:
    """Return one figure drawn, its data in the pack."""
    wide = description.columns > 1
    made = draw(description, uid, WIDE if wide else NARROW)
    figures = pack.head.setdefault("figures", {})
    assert isinstance(figures, dict)
    figures[uid] = curves.describe(description, made, pack)
    name = slug(f"{uid.removeprefix('fig-').rsplit('-', 1)[0]}-{description.name}", 120)
    pack.files[f"figures/{name}.csv"] = partial(curves.table, description)
    is_picture = len(description.panels) == 1 and any(
        isinstance(mark, fig.Image) for mark in description.panels[0].marks
    )
    return Figure(
        uid,
        name,
        description.title,
        description.caption,
        made.svg,
        made.legend,
        wide,
        is_picture,
    )
