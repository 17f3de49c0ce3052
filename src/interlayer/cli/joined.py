"""The command that says what the techniques of stored samples say together."""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING

from interlayer.cli import GOOD, INVALID, SOME_FAILED
from interlayer.cli.products import open_samples
from interlayer.core.text import clean

if TYPE_CHECKING:
    from interlayer.evidence import Joint
    from interlayer.sample import Sample

_WIDTH = 110


def show_evidence(arguments: argparse.Namespace) -> int:
    """Print the joined evidence of stored samples, as text or JSON."""
    from interlayer.evidence.tables import tables

    samples, failed = open_samples(arguments.records)
    if not samples:
        return INVALID
    if arguments.json:
        plain = {
            name: [{key: _plain(value) for key, value in line.items()} for line in lines]
            for name, lines in tables(samples).items()
        }
        print(json.dumps(plain, ensure_ascii=False, allow_nan=False))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(samples))
    return SOME_FAILED if failed else GOOD


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(samples: "list[Sample]") -> Iterator[str]:
    from interlayer.evidence import differences, examine, links

    for sample in samples:
        name = sample.name
        yield clean(f"{name} ({sample.sample_id})" if name != sample.sample_id else name)
        yield from _of_sample(examine(sample))
        yield ""
    changes = differences(samples)
    if changes:
        yield "What changed"
        yield from (_wrapped(f"{each.first_id} → {each.second_id}: {each.reason}", 2) for each in changes)
    for link in links(samples):
        yield _wrapped(f"{link.y_title} and {link.x_title}: {link.verdict}; {link.reason}", 2)


def _of_sample(joint: "Joint") -> Iterator[str]:
    from interlayer.evidence.joint import percent

    if not joint.phases:
        yield "  no technique that tells phases apart has looked at this sample"
    for phase in joint.phases:
        yield f"  {phase.title:<14}{phase.verdict:<13}{percent(phase.probability):>8}"
        for each in phase.observations:
            yield _wrapped(f"{each.technique.upper():<5}{each.seen:<14}{each.text}", 6, 25)
        yield from (_wrapped(f"! {text}", 6, 8) for text in phase.contradictions)
    for pull in joint.pulls:
        far = f" by {abs(pull.value):.1f} σ" if pull.verdict == "inconsistent" else ""
        mark = "!" if pull.verdict == "inconsistent" else "·"
        yield _wrapped(f"{mark} {pull.title}: {pull.verdict}{far}; {pull.reason}", 2, 4)


def _wrapped(text: str, indent: int, more: int | None = None) -> str:
    rest = indent + 2 if more is None else more
    return fill(
        clean(text), _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * rest, break_on_hyphens=False
    )
