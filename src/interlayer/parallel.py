"""One way to run a function over many items: on this machine or on a cluster, with the same results."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from interlayer import engine
from interlayer.engine import Crew, Team
from interlayer.worker import Loss

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def spread(
    work: Callable[[_Item], _Result],
    items: Sequence[_Item],
    crew: Crew,
    lost: Callable[[_Item, Loss], _Result],
    group: int = 1,
    team: Team | None = None,
) -> Iterator[tuple[int, _Result]]:
    """Run a function on items in worker processes; yield (index, result) as they come.

    Parameters
    ----------
    work
        A function of a module; what it raises becomes a `Loss`.
    lost
        What to return for an item that has no result: its worker died twice (the second time while nothing
        else ran), it took too long or too much memory.
    group
        How many items may wait at a worker; above 1 only for items of less than 2 kB.
    team
        Workers of this machine that are there already.

    Notes
    -----
    Results do not depend on the crew, only their order does. On an interruption the workers are killed: what
    they write, they write atomically.
    """
    if crew.scheduler:
        from interlayer import cluster

        found = cluster.spread(work, items, crew, group)
    else:
        found = engine.local(work, items, crew, group, team)
    for index, result in found:
        yield index, lost(items[index], result) if isinstance(result, Loss) else result
