"""Commands that make something of stored samples: figures for a paper, files for other programs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.cli import GOOD, INVALID, SOME_FAILED
from interlayer.core.errors import InterlayerError

if TYPE_CHECKING:
    from interlayer.export.record import Context, Record
    from interlayer.sample import Sample


def open_samples(paths: Sequence[str]) -> "tuple[list[Sample], bool]":
    """Return the samples of records, and whether any could not be read; that is said."""
    from interlayer.sample import Sample

    samples, failed = [], False
    for path in paths:
        try:
            samples.append(Sample.open(path))
        except InterlayerError as error:
            print(f"failed: {error}", file=sys.stderr)
            failed = True
    return samples, failed


def draw_figures(arguments: argparse.Namespace) -> int:
    """Write every figure of stored samples and print the paths."""
    from interlayer import figures

    samples, failed = open_samples(arguments.records)
    if not samples:
        return INVALID
    written = figures.write(
        samples,
        Path(arguments.output),
        kind=arguments.format,
        width=arguments.width,
        journal=arguments.journal,
    )
    for path in written:
        print(path)
    if not written:
        print("these samples have no figures", file=sys.stderr)
    return SOME_FAILED if failed else GOOD


def write_methods(arguments: argparse.Namespace) -> int:
    """Print the methods of stored samples, or write them with their bibliography."""
    from interlayer import methods
    from interlayer.core.files import write_text

    samples, failed = open_samples(arguments.records)
    if not samples:
        return INVALID
    found = methods.compose(samples)
    if arguments.output is None:
        print(found.text, end="")
    else:
        for name, text in (("methods.txt", found.text), ("references.bib", found.bibtex)):
            write_text(Path(arguments.output) / name, text)
            print(Path(arguments.output) / name)
    return SOME_FAILED if failed else GOOD


def export_records(arguments: argparse.Namespace) -> int:
    """Write stored samples in other formats and print the paths."""
    from interlayer import export
    from interlayer.export.record import NothingToExport

    records, failed = _records(arguments.records)
    if not records:
        return INVALID
    written = 0
    for path, make in export.plan(records, Path(arguments.output), arguments.to, _context(arguments.study)):
        try:
            done = make()
        except NothingToExport as nothing:
            print(f"left out: {nothing}", file=sys.stderr)
        except InterlayerError as error:
            print(f"failed: {path.name}: {error}", file=sys.stderr)
            failed = True
        else:
            print(done.path)
            written += 1
            for note in done.notes:
                print(f"{path.name}: {note}", file=sys.stderr)
    return SOME_FAILED if failed or not written else GOOD


def _records(paths: Sequence[str]) -> "tuple[list[Record], bool]":
    from interlayer.export.record import Record

    found, failed = [], False
    for path in paths:
        samples, bad = open_samples([path])
        found += [Record(sample, Path(path)) for sample in samples]
        failed = failed or bad
    return found, failed


def _context(study: str | None) -> "Context | None":
    from interlayer.export.record import Context
    from interlayer.study import load

    if study is None:
        return None
    loaded = load(study)
    return Context(loaded.study.title, loaded.study.source, loaded.study.description, loaded.folder)
