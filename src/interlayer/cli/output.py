"""Results to the terminal, to tables and to figures."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from interlayer import store, techniques
from interlayer.cli.files import Item
from interlayer.core.draw import draw as draw_figure
from interlayer.core.errors import InterlayerError
from interlayer.core.files import atomic, read_text, write_text
from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.core.summary import records
from interlayer.core.text import slug
from interlayer.report.model import interval_text, unit_text, value_text
from interlayer.workflow import write_csv


def print_tables(items: Sequence[Item]) -> None:
    """Print one table of numbers per input, then its warnings."""
    console = Console()
    for item in items:
        if item.result is None:
            continue
        table = Table(title=Text(str(item.source)), title_justify="left", show_edge=False)
        for name in ("quantity", "subject", "value", "95 % interval", "unit", "status"):
            table.add_column(name, overflow="fold")
        for row in rows_of(item.result):
            texts = (
                row.quantity,
                row.subject,
                value_text(row),
                interval_text(row),
                unit_text(row.unit),
                row.status,
            )
            table.add_row(*(Text(text) for text in texts))
        console.print(table)
        for text in warnings_of(item.result):
            console.print(Text(f"! {text}"))


def write(items: Sequence[Item], folder: Path) -> None:
    """Write each result as a record and its summary and tables as CSV."""
    used: set[str] = set()
    for item in items:
        if item.result is None:
            continue
        stem = _unique(
            slug(item.source.stem if item.source.is_file() else item.source.name + "-pooled"), used
        )
        store.write_tree(item.result, folder / f"{stem}.nc")
        _write_records(folder / f"{stem}-summary.csv", records(rows_of(item.result)))
        for name, rows in tables(item.result).items():
            _write_records(folder / f"{stem}-{slug(name)}.csv", rows)


def _unique(stem: str, used: set[str]) -> str:
    name, number = stem, 2
    while name.lower() in used:
        name, number = f"{stem}-{number}", number + 1
    used.add(name.lower())
    return name


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
        for name, text in ({} if item.result is None else techniques.exports(item.result)).items():
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

    Raises
    ------
    InterlayerError
        When the ending is none that matplotlib writes.
    """
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InterlayerError("unknown kind of figure", path=path, expected=".png, .svg or .pdf")
    figures = [
        figure for item in items if item.result is not None for figure in techniques.figures(item.result)
    ]
    for number, figure in enumerate(figures, start=1):
        target = path if len(figures) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        with atomic(target) as part:
            drawn = draw_figure(figure)
            kind = path.suffix[1:].lower()
            metadata = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else None
            drawn.savefig(part, format=kind, dpi=200, metadata=metadata)
