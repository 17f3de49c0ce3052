"""One image of a folder: analysed, stored, written as tables, drawn. What a worker process runs."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core.errors import InterlayerError
from interlayer.core.files import atomic, sha256
from interlayer.core.settings import Value

if TYPE_CHECKING:
    import xarray as xr

#: what is written for each image, by the ending after its name; the record comes last: all is there
RECORD = ".nc"
OVERLAY, THUMBNAIL = "-overlay.png", "-thumbnail.jpg"
ENDINGS = ("-particles.parquet", "-particles.csv", "-summary.csv", OVERLAY, THUMBNAIL, RECORD)


@dataclass(frozen=True, slots=True)
class Job:
    """One image to analyse.

    Parameters
    ----------
    path
        The image.
    name
        Its path below the folder, with ``/``; what tables call it.
    stem
        Path of what is written, without the endings.
    settings
        Resolved settings of the analysis.
    code
        Digest of the code that results depend on.
    """

    path: Path
    name: str
    stem: Path
    settings: dict[str, Value] = field(hash=False)
    code: str

    def file(self, ending: str) -> Path:
        """Return the path of what is written with an ending."""
        return self.stem.with_name(self.stem.name + ending)


@dataclass(frozen=True, slots=True)
class Brief:
    """What the folder needs to know of an image.

    Parameters
    ----------
    status
        ``done``, ``unchanged`` or ``failed``.
    line
        The image's line in the table of images (empty: it failed).
    attrs
        Attributes of the result: settings, warnings, steps, sources.
    """

    name: str
    status: str
    error: str = ""
    error_type: str = ""
    line: Mapping[str, float | str] = field(default_factory=dict)
    attrs: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Return True where there is a result."""
        return self.status != "failed"

    @property
    def calibrated(self) -> bool:
        """Return True where the scale is known."""
        return bool(self.line) and float(self.line["calibrated"]) > 0

    @property
    def digest(self) -> str:
        """Return the sha256 of the image file."""
        return str(json.loads(self.attrs["sources"])[0]["source_sha256"])


@dataclass(frozen=True, slots=True)
class Pooled:
    """The result of a sample, or of all images together (sample ``""``)."""

    sample: str
    source: Path
    result: "xr.DataTree | None"
    error: InterlayerError | None = None


def process(job: Job) -> Brief:
    """Analyse one image and write what belongs to it; what is there already is read instead.

    Every failure is a `Brief` that names it. The record is written last: whatever stops a run, an image is
    either done or done again.
    """
    try:
        key = _key(job)
        return _stored(job, key) or _made(job, key)
    except InterlayerError as error:
        return _failed(job, str(error).removeprefix(f"{job.path}: "), type(error).__name__)
    except OSError as error:
        return _failed(job, f"cannot be read, or its results not written ({error})", "ReadError")
    except Exception as error:  # a fault of ours must not stop the others; it is named as such
        text = f"{type(error).__name__}: {error} (a fault of interlayer; please report it)"
        return _failed(job, text, type(error).__name__)


def killed(job: Job) -> Brief:
    """Return the failure of an image at which a worker process died."""
    return _failed(job, "the worker was killed (out of memory?)", "WorkerKilled")


def _failed(job: Job, error: str, kind: str) -> Brief:
    with suppress(OSError):
        for each in (*map(job.file, ENDINGS), *_rest(job)):  # an older result would contradict the failure
            each.unlink(missing_ok=True)
    return Brief(job.name, "failed", error, kind)


def _rest(job: Job) -> Iterator[Path]:
    """Return temporary files that a killed run left of this image."""
    names = {f".{job.file(ending).name}." for ending in ENDINGS}
    if job.stem.parent.is_dir():
        for path in job.stem.parent.iterdir():
            if path.name.endswith(".part") and any(path.name.startswith(name) for name in names):
                yield path


def _key(job: Job) -> str:
    from interlayer.sem.readers.sidecar import beside_of

    inputs = [path for path in (job.path, *beside_of(job.path)) if path.is_file()]
    identity = [job.name, job.settings, job.code, [[path.name, sha256(path)] for path in inputs]]
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()


def _stored(job: Job, key: str) -> Brief | None:
    """Return the brief of a record that the same inputs, settings and code have made."""
    if not all(job.file(ending).is_file() for ending in ENDINGS):
        return None
    import netCDF4

    try:
        with netCDF4.Dataset(job.file(RECORD)) as stored:
            if getattr(stored, "key", "") != key:
                return None
            line, attrs = (json.loads(getattr(stored, name)) for name in ("line", "brief"))
    except (OSError, AttributeError, ValueError):
        return None
    return Brief(job.name, "unchanged", line=line, attrs=attrs)


def _made(job: Job, key: str) -> Brief:
    import polars

    from interlayer import sem, store
    from interlayer.core import results
    from interlayer.core.summary import records
    from interlayer.sem import pictures, tables
    from interlayer.sem.analysis import part

    raw = sem.read(job.path)
    raw.attrs["source"] = job.name
    result = sem.analyze(raw, **job.settings)
    parts = part(result)
    line = tables.image_lines(parts.images)[0]
    attrs = {name: str(result.attrs[name]) for name in ("settings", "warnings", "steps", "sources")}
    for path in _rest(job):
        path.unlink(missing_ok=True)
    frame = polars.DataFrame({str(name): parts.particles[name].values for name in parts.particles})
    rows = polars.DataFrame(records(results.rows_of(result)), infer_schema_length=None)
    notes = [text.removeprefix(f"{job.name}: ") for text in results.warnings_of(result)]
    drawn = pictures.overlay(parts.pictures[0], parts.particles, job.name, notes)
    writers: tuple[Callable[[Path], None], ...] = (
        frame.write_parquet,
        frame.write_csv,
        rows.write_csv,
        partial(pictures.write, picture=drawn),
        partial(pictures.write_thumbnail, picture=drawn[: pictures.height(parts.pictures[0])]),
    )
    for ending, write in zip(ENDINGS, writers, strict=False):
        with atomic(job.file(ending)) as temporary:
            write(temporary)
    result.attrs |= {"key": key, "line": json.dumps(line), "brief": json.dumps(attrs)}
    store.write_tree(result, job.file(RECORD))
    return Brief(job.name, "done", line=line, attrs=attrs)
