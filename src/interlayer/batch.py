"""The engine: every measurement of a study to one fragment, in parallel, nothing twice, nothing lost."""

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from multiprocessing import connection, get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TypeVar

from interlayer import techniques
from interlayer._version import __version__
from interlayer.core.errors import InterlayerError
from interlayer.core.files import sha256
from interlayer.core.settings import Setting, Value
from interlayer.core.text import slug
from interlayer.study import Measurement, SampleSpec, Study, expand

#: settings of glibc for workers: memory of one image is given back before the next (80 MB less for two)
_GIVE_BACK = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
}
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Task:
    """One measurement to analyse, and where its fragment goes."""

    sample: str
    technique: str
    kind: str
    name: str
    paths: tuple[Path, ...]
    settings: dict[str, Value] = field(hash=False)
    target: Path
    key: str

    @property
    def title(self) -> str:
        """Return what a progress line calls it."""
        return " ".join(part for part in (self.sample, self.technique, self.kind, self.name) if part)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended."""

    title: str
    sample: str
    status: str  # "done", "unchanged" or "failed"
    target: Path | None = None
    error: str = ""
    error_type: str = ""


@cache
def code_digest(technique: str) -> str:
    """Return a hash of the code and data that a technique's results depend on."""
    digest = hashlib.sha256(__version__.encode())
    for package in ("interlayer.core", f"interlayer.{technique}"):
        for path in sorted(_sources(files(package)), key=lambda each: each.name):
            digest.update(path.name.encode() + b"\x00" + path.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _sources(each)
        elif each.name.endswith((".py", ".toml", ".cif", ".json")):
            yield each


def plan(study: Study, out: Path) -> tuple[list[Task], list[Outcome]]:
    """Return the tasks of a study, and the measurements whose files are missing."""
    tasks: list[Task] = []
    failed: list[Outcome] = []
    for sample in study.sample:
        for measurement in sample.measurement:
            try:
                tasks.append(_task(study, sample, measurement, out))
            except InterlayerError as error:
                title = " ".join(
                    p for p in (sample.id, measurement.technique, measurement.kind, measurement.name) if p
                )
                failed.append(
                    Outcome(title, sample.id, "failed", error=str(error), error_type=type(error).__name__)
                )
    return tasks, failed


def _task(study: Study, sample: SampleSpec, measurement: Measurement, out: Path) -> Task:
    paths = tuple(expand(study, measurement))
    settings = measurement.parsed(sample.facts())
    settings, named = _located(settings, techniques.declared_settings(measurement.technique), study.folder)
    parts = [measurement.technique, measurement.kind, measurement.name]
    stem = "-".join(slug(part) for part in parts if part)
    identity = {
        "technique": measurement.technique,
        "kind": measurement.kind,
        "name": measurement.name,
        "settings": measurement.parsed(sample.facts()),
        "inputs": [[path.name, _inputs_digest(path)] for path in (*paths, *named)],
        "code": code_digest(measurement.technique),
    }
    key = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()
    return Task(
        sample.id,
        measurement.technique,
        measurement.kind,
        measurement.name,
        paths,
        settings,
        out / sample.folder / f"{stem}.nc",
        key,
    )


def _located(
    settings: dict[str, Value], declared: Iterable[Setting], folder: Path
) -> tuple[dict[str, Value], list[Path]]:
    """Return settings with the files they name found from the study's folder, and those files."""
    named: list[Path] = []

    def found(text: str) -> str:
        path = folder / text
        if not path.is_file():
            return text
        named.append(path)
        return str(path)

    settings = dict(settings)
    for each in declared:
        value = settings.get(each.name)
        if each.file and isinstance(value, str):
            settings[each.name] = found(value)
        elif each.file and isinstance(value, list):
            settings[each.name] = [found(text) for text in value]
    return settings, named


def _inputs_digest(path: Path) -> str:
    """Return the hash of a file and of the files of the same stem beside it (headers, sidecars)."""
    siblings = sorted(
        each
        for each in path.parent.iterdir()
        if each.is_file()
        and each != path
        and (each.stem.startswith(path.stem) or path.stem.startswith(each.stem))
        and each.suffix.lower() in {".spc", ".ipr", ".txt", ".hdr", ".rpl", ".raw"}
        and each.suffix != path.suffix
    )
    return ":".join(sha256(each) for each in (path, *siblings))


def analyze_task(task: Task) -> Outcome:
    """Read, analyse and store one measurement; every failure becomes an outcome that names it."""
    from interlayer import store

    try:
        result = techniques.compute(task.technique, task.kind, task.paths, task.settings)
        result.attrs["measurement"] = task.name
        result.attrs["key"] = task.key
        store.write_tree(result, task.target)
    except InterlayerError as error:
        named = error.about(", ".join(path.name for path in task.paths))
        return Outcome(task.title, task.sample, "failed", error=str(named), error_type=type(error).__name__)
    except Exception as error:  # a fault of ours must not stop the others; it is named as such
        text = f"{type(error).__name__}: {error} (a fault of interlayer; please report it with the file)"
        return Outcome(task.title, task.sample, "failed", error=text, error_type=type(error).__name__)
    return Outcome(task.title, task.sample, "done", task.target)


def is_current(task: Task) -> bool:
    """Return True when the fragment of a task was made from the same inputs, settings and code."""
    if not task.target.exists():
        return False
    import netCDF4

    try:
        with netCDF4.Dataset(task.target) as stored:
            return bool(getattr(stored, "key", "") == task.key)
    except OSError:
        return False


def run(
    tasks: Iterable[Task],
    *,
    jobs: int = 1,
    force: bool = False,
    done: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run tasks in worker processes and return their outcomes in the order of the tasks.

    Parameters
    ----------
    jobs
        Worker processes; 1 runs everything in this process.
    force
        Analyse again what has not changed.
    done
        Called with each outcome as it comes.
    """
    tasks = list(tasks)
    outcomes: dict[int, Outcome] = {}
    waiting: list[int] = []
    for index, task in enumerate(tasks):
        if not force and is_current(task):
            outcomes[index] = Outcome(task.title, task.sample, "unchanged", task.target)
            done(outcomes[index])
        else:
            waiting.append(index)
    each = _in_pool(tasks, waiting, jobs) if jobs > 1 and len(waiting) > 1 else _here(tasks, waiting)
    for index, outcome in each:
        outcomes[index] = outcome
        done(outcome)
    return [outcomes[index] for index in range(len(tasks))]


def _here(tasks: list[Task], waiting: list[int]) -> Iterator[tuple[int, Outcome]]:
    for index in waiting:
        yield index, analyze_task(tasks[index])


def _in_pool(tasks: list[Task], waiting: list[int], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Run tasks in a pool; yields each with its index as it comes."""
    for place, outcome in spread(analyze_task, [tasks[index] for index in waiting], jobs, _killed):
        yield waiting[place], outcome


def _killed(task: Task) -> Outcome:
    text = f"{', '.join(path.name for path in task.paths)}: the worker was killed (out of memory?)"
    return Outcome(task.title, task.sample, "failed", error=text, error_type="WorkerKilled")


def spread(
    work: Callable[[_Item], _Result],
    items: Sequence[_Item],
    jobs: int,
    killed: Callable[[_Item], _Result],
    preload: Sequence[str] = (),
) -> Iterator[tuple[int, _Result]]:
    """Run a function on items in worker processes; yield (index, result) as they come.

    Parameters
    ----------
    work
        A function of a module, which never raises.
    killed
        What to return for an item at which its worker died: when one dies, what was left is run one by one,
        so that the culprit is named.
    preload
        Modules that workers need: where processes can be forked, they are imported once for all of them.

    Notes
    -----
    On an interruption what has not begun is dropped and what has begun is finished. Workers end by themselves
    when this process is killed.
    """
    left = set(range(len(items)))
    pool = _pool(min(jobs, len(items)), preload)
    try:
        futures: dict[Future[_Result], int] = {pool.submit(work, items[k]): k for k in sorted(left)}
        while futures:
            finished, _ = wait(futures, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=futures.__getitem__):
                index = futures.pop(future)
                result = future.result()
                left.discard(index)
                yield index, result
    except BrokenProcessPool:
        for index in sorted(left):
            yield index, _alone(work, items[index], killed, preload)
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(
    work: Callable[[_Item], _Result], item: _Item, killed: Callable[[_Item], _Result], preload: Sequence[str]
) -> _Result:
    try:
        with _pool(1, preload) as pool:
            return pool.submit(work, item).result()
    except BrokenProcessPool:
        return killed(item)


def _pool(jobs: int, preload: Sequence[str] = ()) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, forked from one that has imported ``preload`` where possible."""
    context: BaseContext = get_context("spawn")
    if preload and "forkserver" in get_all_start_methods():
        for name, value in _GIVE_BACK.items():
            os.environ.setdefault(name, value)
        context = get_context("forkserver")
        context.set_forkserver_preload(list(preload))
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Make this process a worker: one core, deaf to Ctrl-C (its parent is not), gone when its parent is."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["POLARS_MAX_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
