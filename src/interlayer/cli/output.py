"""Results to the terminal, to tables and to figures."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from interlayer import store, techniques
from interlayer.cli.files import Item
from interlayer.core.draw import draw as draw_figure
from interlayer.core.errors import InterlayerError
from interlayer.core.figure import Figure
from interlayer.core.files import read_text, write_text
from interlayer.core.results import rows_of, tables
from interlayer.core.summary import records
from interlayer.core.text import Names, line, slug
from interlayer.core.wording import cells
from interlayer.figures import save
from interlayer.workflow import write_csv


def print_tables(items: Sequence[Item]) -> None:
    """Print one table of numbers per input, then its warnings; of a folder of images only what is pooled."""
    console = Console()
    for item in items:
        if not item.shown:
            continue
        rows, warnings = item.told()
        table = Table(title=Text(line(str(item.source), 1000)), title_justify="left", show_edge=False)
        for name in ("quantity", "subject", "value", "95 % interval", "unit", "status"):
            table.add_column(name, overflow="fold", no_wrap=name in {"quantity", "status"})
        for row in rows:
            texts = (row.quantity, *cells(row)[1:])  # with the name that --json and tables have
            table.add_row(*(Text(line(text)) for text in texts))
        console.print(table)
        for text in warnings:
            console.print(Text(f"! {line(text, 2000)}"))


def write(items: Sequence[Item], folder: Path) -> None:
    """Write each result as a record, its summary and tables as CSV, and the texts that belong to it."""
    names = Names()
    for item in items:
        if item.tree is None or item.stored is not None:
            continue
        stem = names.free(slug(item.source.stem if item.source.is_file() else f"{item.source.name}-pooled"))
        store.write_tree(item.tree, folder / f"{stem}.nc")
        _write_records(folder / f"{stem}-summary.csv", records(rows_of(item.tree)))
        for name, rows in tables(item.tree).items():
            _write_records(folder / f"{stem}-{slug(name)}.csv", rows)
        for name, text in techniques.documents(item.tree).items():
            write_text(folder / f"{stem}-{name}", text)


def _write_records(
    path: Path, rows: Sequence[dict[str, object]] | Sequence[dict[str, str | float | None]]
) -> None:
    names = list(rows[0]) if rows else []
    write_csv(path, names, [[row[name] for name in names] for row in rows])


def export(items: Sequence[Item], folder: Path) -> list[Path]:
    """Write the files that results offer, such as an instrument's calibration, and return them.

    Raises
    ------
    InterlayerError
        When a file of that name with other content is there.
    """
    written = []
    for item in items:
        for name, text in ({} if item.tree is None else techniques.exports(item.tree)).items():
            path = folder / slug(name)
            if path.exists() and read_text(path) != text:
                raise InterlayerError(
                    "there is such a file already",
                    path=path,
                    advice="Move it away, or give another folder with -o.",
                )
            write_text(path, text)
            written.append(path)
    return written


def draw(items: Sequence[Item], path: Path) -> None:
    """Draw every result: one file, or with several figures ``name-1``, ``name-2`` …

    Of several inputs the technique may draw a comparison too: ``name-stacked``.

    Raises
    ------
    InterlayerError
        When the ending is none that matplotlib writes.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InterlayerError("unknown kind of figure", path=path, expected=".png, .svg or .pdf")
    results = (item.result for item in items if item.shown)
    figures = [figure for result in results if result is not None for figure in techniques.figures(result)]
    for number, figure in enumerate(figures, start=1):
        target = path if len(figures) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        save(draw_figure(figure), target, dpi=200)
    for figure in _compared(items):
        name = figure.name.partition("_")[2] or figure.name
        save(draw_figure(figure), path.with_name(f"{path.stem}-{slug(name)}{path.suffix}"), dpi=200)


def _compared(items: Sequence[Item]) -> list[Figure]:
    """Return the figures that compare the inputs: those of one file each, by the files' names."""
    named: dict[str, xr.DataTree] = {}
    for item in items:
        if item.tree is not None and not item.source.is_dir():
            name = item.source.stem if item.source.stem not in named else str(item.source)
            named[name] = item.tree
    return techniques.comparison(items[0].technique, named) if named else []
