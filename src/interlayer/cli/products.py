"""Commands that make something of stored samples: figures for a paper, files for other programs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.cli import GOOD, INVALID, SOME_FAILED
from interlayer.core.errors import InterlayerError

if TYPE_CHECKING:
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
