"""What is exported: a sample, its record on the disk, and what is known of its study."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from interlayer.core.errors import InterlayerError
from interlayer.core.text import clean
from interlayer.sample import Sample


class NothingToExport(InterlayerError):
    """A sample has nothing that a format is made for."""


@dataclass(frozen=True)
class Record:
    """A sample and the file that holds it (None when it is only in memory)."""

    sample: Sample
    path: Path | None = None


@dataclass(frozen=True)
class Context:
    """What a study file adds to its records.

    Parameters
    ----------
    title, source, description
        Of the study; ``source`` is its DOI or citation.
    folder
        Where its raw files lie, at any depth; None when that is not known.
    """

    title: str = ""
    source: str = ""
    description: str = ""
    folder: Path | None = None

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        if self.folder is not None:
            for path in sorted(self.folder.rglob("*")):
                if path.is_file():
                    found.setdefault(path.name, []).append(path)
        return found

    def raw(self, source: Mapping[str, str]) -> Path:
        """Return the raw file of an analysis, found by its name and known by its sha256.

        Raises
        ------
        InterlayerError
            When it is not there, or only with another content.
        """
        name, digest = source.get("source", ""), source.get("source_sha256", "")
        if self.folder is None:
            raise InterlayerError(
                f"the raw file {name!r} is needed, and where it lies is not known",
                advice="Give the study file with --study.",
            )
        candidates = self._files.get(name, [])
        for path in candidates:
            if _matches(path, digest):
                return path
        raise InterlayerError(
            f"the raw file {name!r} was changed since it was analysed"
            if candidates
            else f"the raw file {name!r} is not below this folder",
            path=candidates[0] if candidates else self.folder,
            expected=f"sha256 {digest}",
        )


def _matches(path: Path, digest: str) -> bool:
    from interlayer.core.files import fingerprint

    return fingerprint(path) == digest


@dataclass(frozen=True)
class Analysis:
    """One analysis of a sample as it was recorded."""

    path: str
    technique: str
    kind: str
    measurement: str
    version: str
    steps: tuple[str, ...]
    warnings: tuple[str, ...]
    sources: tuple[Mapping[str, str], ...]
    settings: Mapping[str, object]


def analyses(sample: Sample) -> Iterator[Analysis]:
    """Yield the analyses of a sample."""
    for path, result in sample.results():
        attrs = {str(key): value for key, value in result.attrs.items()}
        listed = {key: json.loads(str(attrs.get(key, "[]"))) for key in ("steps", "warnings", "sources")}
        technique, kind, measurement, version = (
            clean(str(attrs.get(key, "")))
            for key in ("technique", "kind", "measurement", "interlayer_version")
        )
        yield Analysis(
            path,
            technique,
            kind,
            measurement,
            version,
            tuple(clean(str(each)) for each in listed["steps"]),
            tuple(clean(str(each)) for each in listed["warnings"]),
            tuple({key: clean(str(value)) for key, value in each.items()} for each in listed["sources"]),
            json.loads(str(attrs.get("settings", "{}"))),
        )


def digest_of(path: Path) -> str:
    """Return the sha256 of a file as "sha256:…"."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
