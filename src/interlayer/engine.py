"""The engine: a function over many items in worker processes, within limits, none of them the end of all.

Items go to workers in small groups and come back one by one, so that it is known at which item a worker died
or hangs. Such an item is named and the others are given to a new worker.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any

from interlayer.core.errors import InterlayerError
from interlayer.starting import as_main, context
from interlayer.worker import Loss, serve

#: seconds that one item may take where nothing else is said: a series of thousands of patterns takes minutes
TIMEOUT = 3600.0
#: part of the machine's memory that one item may take where nothing else is said
_SHARE = 0.75
#: workers that may die in a row before they have begun, and the seconds that beginning may take
_STILLBORN, _START = 3, 300.0
#: seconds to wait for the end of a process, and for anything at all
_PATIENCE, _LONGEST_WAIT = 5.0, 3600.0


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works, and within which limits.

    Parameters
    ----------
    jobs
        Worker processes on this machine.
    scheduler
        Address of a dask scheduler whose workers do it instead.
    timeout
        Seconds after which an item counts as hanging.
    memory
        Bytes that an item may take (Linux); None: three quarters of the machine's memory.
    preload
        Modules that workers need: where processes can be forked, they are imported once for all of them.
    folder
        The working folder; this process's where it is not given.
    """

    jobs: int = 1
    scheduler: str = ""
    timeout: float = TIMEOUT
    memory: int | None = None
    preload: tuple[str, ...] = ()
    folder: str = field(default_factory=os.getcwd)


def local(
    work: Callable[[Any], Any],
    items: Sequence[Any],
    crew: Crew,
    group: int = 1,
    team: "Team | None" = None,
) -> Iterator[tuple[int, Any]]:
    """Run a function on items in processes of this machine; yield (index, result or `Loss`)."""
    if team is None:
        with Team(crew) as own:
            yield from own.run(work, items, crew, group)
    else:
        yield from team.run(work, items, crew, group)


def default_memory() -> int | None:
    """Return the bytes that one item may take where nothing else is said; None where that is not known."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return int(_SHARE * total) if total > 0 else None


@dataclass(slots=True)
class _Hand:
    """A worker process, and what waits at it; the first of these it has begun."""

    process: BaseProcess
    pipe: "connection.Connection[Any, Any]"
    waiting: deque[int] = field(default_factory=deque)
    since: float = field(default_factory=time.monotonic)
    ready: bool = False


class Team:
    """Workers of this machine, who may be asked more than once; they are started when there is work.

    Parameters
    ----------
    crew
        Its ``preload`` and ``folder`` hold for all that they are asked.
    """

    def __init__(self, crew: Crew) -> None:
        self._context, self._folder = context(crew.preload), crew.folder
        self._hands: list[_Hand] = []
        self._stillborn = 0
        self._begin(print, (), crew, 1)

    def __enter__(self) -> "Team":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.dismiss()
        else:
            self.kill()

    def _begin(self, work: Callable[[Any], Any], items: Sequence[Any], crew: Crew, group: int) -> None:
        self._work, self._items, self._crew, self._group = work, items, crew, group
        self._memory = crew.memory or default_memory()
        self._left: deque[int] = deque()
        self._suspects: list[int] = []

    def run(
        self, work: Callable[[Any], Any], items: Sequence[Any], crew: Crew, group: int
    ) -> Iterator[tuple[int, Any]]:
        """Yield (index, result or `Loss`) of each item, within the limits of a crew."""
        self._begin(work, items, crew, group)
        yield from self._all(range(len(items)))
        for index in self._suspects[:]:  # alone: what others took of the memory does not count now
            yield from self._all([index], last=True)

    def _all(self, indices: Sequence[int], *, last: bool = False) -> Iterator[tuple[int, Any]]:
        """Yield (index, result or `Loss`) of these items; with ``last`` also of those that kill a worker."""
        self._left = deque(indices)
        while self._left or any(hand.waiting for hand in self._hands):
            self._staff()
            for hand in self._ready():
                yield from self._heard(hand, last)
            for hand in self._overdue():
                yield from self._hangs(hand)

    def _staff(self) -> None:
        """Start workers where there is work, and give each its next items."""
        busy = sum(bool(hand.waiting) for hand in self._hands)
        while len(self._hands) < min(self._crew.jobs, busy + len(self._left)):
            self._hands.append(self._hired())
        for hand in self._hands[: self._crew.jobs]:
            self._feed(hand)

    def _hired(self) -> _Hand:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._folder), daemon=True)  # type: ignore[attr-defined]
        with as_main():
            process.start()
        theirs.close()
        return _Hand(process, ours)

    def _feed(self, hand: _Hand) -> None:
        """Keep a few items waiting at a worker, fewer towards the end, so that all end together."""
        most = max(1, min(self._group, len(self._left) // (4 * self._crew.jobs)))
        if not self._left or len(hand.waiting) > most // 2:
            return
        chosen = [self._left.popleft() for _ in range(min(most - len(hand.waiting), len(self._left)))]
        if not hand.waiting:
            hand.since = time.monotonic()
        hand.waiting.extend(chosen)
        with suppress(OSError):  # a worker that has died is seen when it is listened to
            hand.pipe.send((self._work, self._memory, [(index, self._items[index]) for index in chosen]))

    def _ready(self) -> list[_Hand]:
        ends = [hand.since + self._allowed(hand) for hand in self._hands if hand.waiting]
        wait = min(max(0.0, min(ends, default=0.0) - time.monotonic()), _LONGEST_WAIT)
        heard = connection.wait([hand.pipe for hand in self._hands], wait)
        return [hand for hand in self._hands if hand.pipe in heard]

    def _allowed(self, hand: _Hand) -> float:
        """Return how many seconds a worker may be silent; one that has only just been started must import."""
        return self._crew.timeout if hand.ready else max(self._crew.timeout, _START)

    def _heard(self, hand: _Hand, last: bool) -> Iterator[tuple[int, Any]]:
        """Take in what a worker has sent, or that it has died."""
        try:
            message = hand.pipe.recv()
        except (EOFError, OSError):
            yield from self._died(hand, last)
            return
        hand.since = time.monotonic()
        if message is None:
            hand.ready, self._stillborn = True, 0
            return
        index, result = message
        hand.waiting.popleft()
        if isinstance(result, Loss):
            self._dropped(hand)
        yield index, result

    def _died(self, hand: _Hand, last: bool) -> Iterator[tuple[int, Any]]:
        self._end(hand)
        ending = _ending(hand.process.exitcode)
        if not hand.ready:
            self._check_start(ending)
        elif hand.waiting:
            culprit = hand.waiting.popleft()
            if last:
                yield culprit, Loss("WorkerKilled", f"the worker was killed ({ending})")
            else:
                self._suspects.append(culprit)
        self._dropped(hand)

    def _check_start(self, ending: str) -> None:
        self._stillborn += 1
        if self._stillborn >= _STILLBORN:
            raise InterlayerError(
                "worker processes end before they begin",
                found=ending,
                advice="Is there memory left, and does `interlayer --version` work?",
            )

    def _overdue(self) -> list[_Hand]:
        now = time.monotonic()
        return [hand for hand in self._hands if hand.waiting and hand.since + self._allowed(hand) <= now]

    def _hangs(self, hand: _Hand) -> Iterator[tuple[int, Any]]:
        hand.process.kill()
        self._end(hand)
        if hand.ready:
            text = f"took longer than {self._crew.timeout:g} s; --timeout allows more"
            yield hand.waiting.popleft(), Loss("Timeout", text)
        else:
            self._check_start("no sign of life")
        self._dropped(hand)

    def _end(self, hand: _Hand) -> None:
        """Wait for the end of a worker that has closed its pipe or was killed."""
        hand.process.join(_PATIENCE)
        if hand.process.is_alive():
            hand.process.kill()
            hand.process.join(_PATIENCE)

    def _dropped(self, hand: _Hand) -> None:
        """Forget a worker; what waited at it is done by others, in its turn."""
        self._left.extendleft(reversed(hand.waiting))
        hand.waiting.clear()
        hand.pipe.close()
        self._hands.remove(hand)

    def dismiss(self) -> None:
        """Let the workers end."""
        for hand in self._hands:
            hand.pipe.close()
        for hand in self._hands:
            self._end(hand)
        self._hands.clear()

    def kill(self) -> None:
        """End the workers at once."""
        for hand in self._hands:
            hand.process.kill()
        self.dismiss()


def _ending(code: int | None) -> str:
    """Return in words how a process ended."""
    if code is not None and code < 0:
        return f"signal {-code}" + (", out of memory?" if code == -9 else "")
    return f"exit code {code}"
