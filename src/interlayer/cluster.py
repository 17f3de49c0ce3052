"""The engine on the workers of a dask scheduler, which share this machine's files.

A dask worker does a chunk of items as the local engine does: in a process of its own, within limits. So an
item that kills its process costs no dask worker, and results and failures are the same as on one machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from interlayer import engine
from interlayer._version import __version__
from interlayer.core.errors import InterlayerError
from interlayer.engine import Crew
from interlayer.tasks import code_digest
from interlayer.worker import Loss

if TYPE_CHECKING:
    from distributed import Client, Future

#: items of a chunk at most; chunks of each thread of the cluster, and how many of these wait at once
_MOST, _CHUNKS, _WAITING = 64, 8, 3
#: seconds to wait for the scheduler
_PATIENCE = 20
Chunk = list[tuple[int, Any]]


def spread(
    work: Callable[[Any], Any], items: Sequence[Any], crew: Crew, group: int
) -> Iterator[tuple[int, Any]]:
    """Run a function on items on a cluster; yield (index, result or `Loss`).

    Raises
    ------
    InterlayerError
        When dask.distributed is not installed, no scheduler answers, the cluster has no workers, another
        interlayer, or is lost; what was finished is kept.
    """
    if not items:
        return
    with _client(crew.scheduler) as client:
        threads = _threads(client, crew)
        size = max(1, min(_MOST, len(items) // (_CHUNKS * threads))) if group > 1 else 1
        chunks = [list(enumerate(items))[k : k + size] for k in range(0, len(items), size)]
        yield from _collected(client, work, iter(chunks), crew, _WAITING * threads)


def _client(address: str) -> "Client":
    try:
        from distributed import Client
    except ImportError as error:
        raise InterlayerError(
            "dask.distributed is not installed",
            advice="pip install 'interlayer[cluster]', or leave --scheduler out.",
        ) from error
    try:
        return Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InterlayerError(
            f"no dask scheduler answers at {address!r} ({error})",
            advice="Start one with `dask scheduler`; it prints its address.",
        ) from error


def _threads(client: "Client", crew: Crew) -> int:
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise InterlayerError(
            f"the scheduler at {crew.scheduler!r} has no workers",
            advice="Start some with `dask worker ADDRESS`.",
        )
    return sum(int(each["nthreads"]) for each in workers.values())


def _collected(
    client: "Client", work: Callable[[Any], Any], chunks: Iterator[Chunk], crew: Crew, most: int
) -> Iterator[tuple[int, Any]]:
    """Yield results chunk by chunk; a chunk whose dask worker is lost for good is done item by item."""
    from distributed import as_completed

    there = replace(crew, scheduler="", jobs=1)

    def submit(chunk: Chunk) -> "Future[Any]":
        future = client.submit(do_chunk, work, chunk, there, _code(), pure=False)
        waiting[str(future.key)] = chunk
        return future

    waiting: dict[str, Chunk] = {}
    first = [submit(chunk) for _, chunk in zip(range(most), chunks, strict=False)]
    pending = as_completed(first, loop=client.loop)
    for future in pending:
        chunk = waiting.pop(str(future.key))
        for chunk_next in _take(chunks):
            pending.add(submit(chunk_next))
        if future.status == "finished":
            yield from future.result()
        elif len(chunk) > 1:
            _check(future, crew)
            for each in chunk:
                pending.add(submit([each]))
        else:
            _check(future, crew)
            yield chunk[0][0], Loss("WorkerKilled", "the cluster's workers were lost at it")
        future.release()


def _take(chunks: Iterator[Chunk]) -> list[Chunk]:
    chunk = next(chunks, None)
    return [] if chunk is None else [chunk]


def _check(future: "Future[Any]", crew: Crew) -> None:
    """Raise unless it was the chunk at which dask workers were lost."""
    from distributed import KilledWorker

    if future.status != "error":
        raise InterlayerError(
            f"the scheduler at {crew.scheduler!r} was lost",
            advice="What was finished is kept: run again.",
        )
    error = future.exception()
    if not isinstance(error, KilledWorker):
        raise error if isinstance(error, InterlayerError) else InterlayerError(f"on the cluster: {error}")


def _code() -> tuple[str, str]:
    return __version__, code_digest()


def do_chunk(
    work: Callable[[Any], Any], chunk: Chunk, crew: Crew, code: tuple[str, str]
) -> list[tuple[int, Any]]:
    """Run a function on a chunk of (index, item) on a dask worker; return (index, result or `Loss`).

    Raises
    ------
    InterlayerError
        When this machine has another interlayer than the one that asks.
    """
    if _code() != code:
        raise InterlayerError(
            "a worker of the cluster has another version of interlayer",
            expected=f"{code[0]} ({code[1][:8]})",
            found=f"{__version__} ({_code()[1][:8]})",
            advice="Install the same one on every machine, and start the workers again.",
        )
    found = engine.local(work, [item for _, item in chunk], crew)
    return [(chunk[place][0], result) for place, result in found]
