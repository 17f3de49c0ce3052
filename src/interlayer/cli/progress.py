"""Progress on stderr: a bar for people, lines for logs; stdout stays free for data."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from interlayer.core.text import lines

if TYPE_CHECKING:
    from interlayer.tasks import Outcome


class Display:
    """Shows how many measurements are done, and each failure when it happens."""

    def __init__(self, bar: Progress, what: str) -> None:
        self._bar = bar
        self._what = what
        self._task = bar.add_task(what, total=None)

    def started(self, total: int) -> None:
        """Take in how many there are."""
        self._bar.update(self._task, total=total)

    def done(self, outcome: "Outcome") -> None:
        """Show one outcome."""
        self._bar.advance(self._task)
        text = f"{outcome.status}: {outcome.title}" + (f": {outcome.error}" if outcome.error else "")
        if outcome.error or not self._bar.console.is_terminal:
            self._bar.console.print(lines(text, 2000), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(what: str) -> Iterator[Display]:
    """Yield a display on stderr."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield Display(bar, what)
