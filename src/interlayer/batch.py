"""Tasks of a study to fragments: what has to run and why, in parallel, nothing twice, nothing lost."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from interlayer import parallel, techniques
from interlayer.core.errors import InterlayerError, WriteError
from interlayer.core.files import sha256
from interlayer.engine import Crew
from interlayer.ledger import Entry, Ledger, opened
from interlayer.tasks import Outcome, Task, plan
from interlayer.worker import Loss

__all__ = ["Outcome", "Task", "analyze_task", "plan", "preload", "reason", "run", "unchanged"]


def preload(tasks: Iterable[Task]) -> tuple[str, ...]:
    """Return the modules that workers on these tasks need."""
    used = sorted({task.technique for task in tasks})
    warm = ["interlayer.warm"] if "sem" in used else []
    return ("interlayer.store", *warm, *(f"interlayer.{technique}.analysis" for technique in used))


def analyze_task(task: Task) -> Outcome:
    """Read, analyse and store one measurement; a failure becomes an outcome that names it."""
    from interlayer import store

    try:
        result = techniques.compute(task.technique, task.kind, task.paths, task.settings)
        result.attrs["measurement"] = task.name
        result.attrs["key"] = task.key
        digest = store.write_tree(result, task.target)
    except InterlayerError as error:
        return _failed(task, type(error).__name__, str(error.about(task.files)))
    return Outcome(task.title, task.sample, "done", task.target, digest=digest)


def _failed(task: Task, kind: str, text: str) -> Outcome:
    return Outcome(task.title, task.sample, "failed", error=text, error_type=kind)


def _lost(task: Task, loss: Loss) -> Outcome:
    return _failed(task, loss.kind, f"{task.files}: {loss.text}")


def reason(task: Task, ledger: Ledger) -> str:
    """Return why a task has to run; nothing where its fragment is that of the same inputs, settings, code.

    Without an entry in the ledger the key in the fragment decides.
    """
    entry = ledger.get(task.entry)
    if entry is None and not task.target.exists():
        return "new"
    if entry is None:
        return "" if _adopted(task, ledger) else "changed, or made by an older version"
    if entry.status == "failed" and entry.key == task.key:
        return "failed before"
    if entry.key != task.key:
        return _changes(entry.made_from, task.made_from) or "changed"
    if not task.target.exists():
        return "its record is missing"
    return "" if sha256(task.target) == entry.digest else "its record was damaged or changed"


def _adopted(task: Task, ledger: Ledger) -> bool:
    """Return whether a fragment carries the key of a task and is whole; the ledger then knows it."""
    import netCDF4

    try:
        with netCDF4.Dataset(task.target) as stored:
            if getattr(stored, "key", "") != task.key:
                return False
        digest = sha256(task.target)
    except OSError:
        return False
    if _listed(task.target.parent.parent).get(task.entry, digest) != digest:
        return False
    ledger.put(Entry(task.entry, task.key, "done", digest, task.made_from))
    return True


@lru_cache(maxsize=1)
def _manifest(folder: Path, _: int) -> dict[str, str]:
    from interlayer import store

    return store.read_manifest(folder, damaged_is_empty=True)


def _listed(folder: Path) -> dict[str, str]:
    """Return the manifest of a results folder, read once."""
    path = folder / "manifest.json"
    return _manifest(folder, path.stat().st_mtime_ns) if path.exists() else {}


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    """Return in words what has changed between two lists of what a result was made from."""
    texts = _changed_inputs(old.get("inputs"), new.get("inputs"))
    before, after = _settings(old), _settings(new)
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    texts += [f"settings changed: {', '.join(names)}"] if names else []
    if old.get("code") != new.get("code"):
        texts.append(f"code changed ({_code(old)} → {_code(new)})")
    return "; ".join(texts)


def _settings(made_from: Mapping[str, object]) -> dict[str, str]:
    found = made_from.get("settings")
    return {str(k): json.dumps(v, default=str) for k, v in found.items()} if isinstance(found, dict) else {}


def _code(made_from: Mapping[str, object]) -> str:
    return f"{made_from.get('version', 'unknown')}, {str(made_from.get('code', ''))[:8]}"


def _changed_inputs(old: object, new: object) -> list[str]:
    before, after = (_by_name(each) for each in (old, new))
    words = {
        "input changed": [n for n in after if n in before and before[n] != after[n]],
        "input added": [n for n in after if n not in before],
        "input removed": [n for n in before if n not in after],
    }
    return [f"{word}: {_few(names)}" for word, names in words.items() if names]


def _by_name(inputs: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, digest in inputs if isinstance(inputs, list) else []:
        found.setdefault(str(name), []).append(str(digest))
    return found


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def run(
    tasks: Iterable[Task],
    *,
    jobs: int = 1,
    crew: Crew | None = None,
    ledger: Ledger | None = None,
    force: bool = False,
    done: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run tasks in worker processes and return their outcomes in the order of the tasks.

    Parameters
    ----------
    jobs
        Worker processes of this machine, where no ``crew`` is given.
    crew
        Who works, and within which limits.
    ledger
        What is known of earlier runs; without it the keys in the fragments decide.
    force
        Analyse again what has not changed.
    done
        Called with each outcome as it comes.

    Raises
    ------
    WriteError
        When fragments cannot be written: what was there stays.
    """
    if ledger is None:
        with opened(Path(), only_look=True) as empty:
            return run(tasks, jobs=jobs, crew=crew, ledger=empty, force=force, done=done)
    tasks = list(tasks)
    outcomes: dict[int, Outcome] = {}
    waiting = [k for k, task in enumerate(tasks) if force or reason(task, ledger)]
    for index in sorted(set(range(len(tasks))) - set(waiting)):
        outcomes[index] = _unchanged(tasks[index], ledger)
        done(outcomes[index])
    workers = crew or Crew(jobs=jobs, preload=preload(tasks))
    for place, outcome in parallel.spread(analyze_task, [tasks[k] for k in waiting], workers, _lost):
        if outcome.error_type == WriteError.__name__:
            raise WriteError(outcome.error)
        outcomes[waiting[place]] = outcome
        ledger.put(_entry(tasks[waiting[place]], outcome))
        done(outcome)
    return [outcomes[index] for index in range(len(tasks))]


def _unchanged(task: Task, ledger: Ledger) -> Outcome:
    entry = ledger.get(task.entry)
    digest = entry.digest if entry else ""
    return Outcome(task.title, task.sample, "unchanged", task.target, digest=digest)


def unchanged(tasks: Iterable[Task], ledger: Ledger) -> list[Outcome]:
    """Return the outcomes of those tasks that need not run."""
    return [_unchanged(task, ledger) for task in tasks if not reason(task, ledger)]


def _entry(task: Task, outcome: Outcome) -> Entry:
    status = "failed" if outcome.status == "failed" else "done"
    return Entry(task.entry, task.key, status, outcome.digest, task.made_from, outcome.error)
