"""The measurements of a study as tasks: their files, their settings, and what their results depend on."""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from interlayer import techniques
from interlayer._version import __version__
from interlayer.core.errors import InterlayerError
from interlayer.core.files import sha256
from interlayer.core.settings import Setting, Value
from interlayer.core.text import slug
from interlayer.study import Measurement, SampleSpec, Study, expand

#: endings of files that belong to a raw file of the same stem (headers, sidecars)
_BESIDE = {".spc", ".ipr", ".txt", ".hdr", ".rpl", ".raw"}


@dataclass(frozen=True, slots=True)
class Task:
    """One measurement to analyse, and where its fragment goes.

    Parameters
    ----------
    made_from
        Inputs with their hashes, settings, code: what the key is the hash of.
    """

    sample: str
    technique: str
    kind: str
    name: str
    paths: tuple[Path, ...]
    settings: dict[str, Value] = field(hash=False)
    target: Path
    key: str
    made_from: Mapping[str, object] = field(hash=False, default_factory=dict)

    @property
    def title(self) -> str:
        """Return what a progress line calls it."""
        return " ".join(part for part in (self.sample, self.technique, self.kind, self.name) if part)

    @property
    def entry(self) -> str:
        """Return the name under which the ledger keeps it."""
        return f"{self.target.parent.name}/{self.target.name}"

    @property
    def files(self) -> str:
        """Return the names of its files, the first few of many."""
        names = [path.name for path in self.paths]
        return ", ".join(names[:5]) + (f", … ({len(names)} files)" if len(names) > 5 else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended."""

    title: str
    sample: str
    status: str  # "done", "unchanged" or "failed"
    target: Path | None = None
    error: str = ""
    error_type: str = ""
    digest: str = ""


@cache
def code_digest(*packages: str) -> str:
    """Return a hash of the code and data that results depend on; of everything without names."""
    digest = hashlib.sha256(__version__.encode())
    for package in [f"interlayer.{each}" for each in ("core", *packages)] if packages else ["interlayer"]:
        for path in sorted(_sources(files(package)), key=lambda each: each.name):
            digest.update(path.name.encode() + b"\x00" + path.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for each in folder.iterdir():
        if each.is_dir() and each.name not in {"example", "__pycache__"}:
            yield from _sources(each)
        elif each.name.endswith((".py", ".toml", ".cif", ".json", ".html", ".css", ".js", ".j2")):
            yield each


def plan(study: Study, out: Path, digest: Callable[[Path], str] = sha256) -> tuple[list[Task], list[Outcome]]:
    """Return the tasks of a study, and the measurements whose files are missing.

    Parameters
    ----------
    digest
        Returns the sha256 of a file; a ledger's does not read an untouched file again.
    """
    tasks: list[Task] = []
    failed: list[Outcome] = []
    beside = _Beside()
    for sample in study.sample:
        for measurement in sample.measurement:
            try:
                tasks.append(_task(study, sample, measurement, out, lambda path: beside.hashes(path, digest)))
            except InterlayerError as error:
                title = " ".join(
                    p for p in (sample.id, measurement.technique, measurement.kind, measurement.name) if p
                )
                failed.append(
                    Outcome(title, sample.id, "failed", error=str(error), error_type=type(error).__name__)
                )
    return tasks, failed


def _task(
    study: Study,
    sample: SampleSpec,
    measurement: Measurement,
    out: Path,
    hashes: Callable[[Path], list[list[str]]],
) -> Task:
    paths = tuple(expand(study, measurement))
    settings = measurement.parsed(sample.facts())
    located, named = _located(settings, techniques.declared_settings(measurement.technique), study.folder)
    parts = [measurement.technique, measurement.kind, measurement.name]
    stem = "-".join(slug(part) for part in parts if part)
    made_from: dict[str, object] = {
        "technique": measurement.technique,
        "kind": measurement.kind,
        "name": measurement.name,
        "settings": settings,
        "inputs": [pair for path in (*paths, *named) for pair in hashes(path)],
        "version": __version__,
        "code": code_digest(measurement.technique),
    }
    key = hashlib.sha256(json.dumps(made_from, sort_keys=True, default=str).encode()).hexdigest()
    return Task(
        sample.id,
        measurement.technique,
        measurement.kind,
        measurement.name,
        paths,
        located,
        out / sample.folder / f"{stem}.nc",
        key,
        made_from,
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


class _Beside:
    """Which files lie beside others; every folder is listed once."""

    def __init__(self) -> None:
        self._folders: dict[Path, list[tuple[str, Path]]] = {}

    def hashes(self, path: Path, digest: Callable[[Path], str]) -> list[list[str]]:
        """Return name and hash of a file and of those of the same stem beside it (headers, sidecars)."""
        return [[each.name, digest(each)] for each in (path, *self._siblings(path))]

    def _siblings(self, path: Path) -> list[Path]:
        listed = self._listed(path.parent)
        longer = [each for each in _beginning(listed, path.stem) if each[0].startswith(path.stem)]
        shorter = [
            each
            for size in range(1, len(path.stem))
            for each in _beginning(listed, path.stem[:size])
            if each[0] == path.stem[:size]
        ]
        found = {each for _, each in (*longer, *shorter)}
        return sorted(each for each in found if each != path and each.suffix != path.suffix)

    def _listed(self, folder: Path) -> list[tuple[str, Path]]:
        if folder not in self._folders:
            chosen = (each for each in folder.iterdir() if each.suffix.lower() in _BESIDE and each.is_file())
            self._folders[folder] = sorted((each.stem, each) for each in chosen)
        return self._folders[folder]


def _beginning(listed: list[tuple[str, Path]], stem: str) -> Iterator[tuple[str, Path]]:
    """Yield the files whose stems begin with a text, from a sorted list."""
    for place in range(bisect_left(listed, stem, key=lambda each: each[0]), len(listed)):
        if not listed[place][0].startswith(stem):
            return
        yield listed[place]
