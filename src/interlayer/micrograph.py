"""One image of a folder: analysed, stored, written as tables, drawn. What a worker process runs."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from interlayer.core.errors import InterlayerError, WriteError
from interlayer.core.files import UNWRITABLE, atomic, sha256
from interlayer.core.settings import Value
from interlayer.core.text import clean
from interlayer.ledger import Entry, Hashed, Ledger, hashed
from interlayer.worker import Loss

#: what is written for each image, by the ending after its name; the record comes last: all is there
RECORD = ".nc"
OVERLAY, THUMBNAIL = "-overlay.png", "-thumbnail.jpg"
ENDINGS = ("-particles.parquet", "-particles.csv", "-summary.csv", OVERLAY, THUMBNAIL, RECORD)
#: bytes of a name that are kept
_LONGEST = 180


@dataclass(frozen=True, slots=True)
class Job:
    """One image to analyse.

    Parameters
    ----------
    folder
        The folder of all images.
    name
        Path below the folder, with ``/``; what tables call the image.
    out
        The results folder.
    settings
        Resolved settings of the analysis.
    code
        Digest of the code that results depend on.
    """

    folder: Path
    name: str
    out: Path
    settings: dict[str, Value] = field(hash=False)
    code: str

    @property
    def path(self) -> Path:
        """Return the image."""
        return self.folder / self.name

    @property
    def entry(self) -> str:
        """Return the name under which the ledger keeps it."""
        return f"images/{self.name}"

    @property
    def stem(self) -> Path:
        """Return the path of what is written, without the endings."""
        return self.out.joinpath("images", *(short(clean(part)) for part in self.name.split("/")))

    def file(self, ending: str) -> Path:
        """Return the path of what is written with an ending."""
        return self.stem.with_name(self.stem.name + ending)


def short(part: str) -> str:
    """Return the name of a file so short that endings can be added to it."""
    data = part.encode()
    if len(data) <= _LONGEST:
        return part
    digest = hashlib.sha256(data).hexdigest()[:8]
    return f"{data[: _LONGEST - 9].decode(errors='ignore')}-{digest}"


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
    key
        Hash of what it was made from: inputs, settings, code.
    written
        What was written, by ending: sha256, size, time of the last change.
    hashes
        Hashes of the inputs, for the ledger.
    """

    name: str
    status: str
    error: str = ""
    error_type: str = ""
    line: Mapping[str, float | str] = field(default_factory=dict)
    attrs: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    written: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)
    hashes: tuple[Hashed, ...] = ()

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

    @property
    def slim(self) -> "Brief":
        """Return the brief without what the ledger keeps, for ten thousand of them."""
        return Brief(self.name, self.status, self.error, self.error_type, key=self.key)

    def entry(self, job: Job) -> Entry:
        """Return the brief as the ledger keeps it."""
        if not self.good:
            return Entry(job.entry, self.key, "failed", data=json.dumps({"error": self.error}))
        data = json.dumps({"line": self.line, "attrs": self.attrs, "written": self.written})
        return Entry(job.entry, self.key, digest=self.written[RECORD][0], data=data)

    @classmethod
    def of(cls, job: Job, entry: Entry) -> "Brief":
        """Return the brief that the ledger keeps."""
        found = json.loads(entry.data)
        if entry.status == "failed":
            return cls(job.name, "failed", found["error"])
        written = {ending: (str(a), int(b), int(c)) for ending, (a, b, c) in found["written"].items()}
        facts = {"line": found["line"], "attrs": found["attrs"]}
        return cls(job.name, "unchanged", **facts, key=entry.key, written=written)


def process(job: Job) -> Brief:
    """Analyse one image and write what belongs to it; what is there already is read instead.

    A file that cannot be read is a `Brief` that says so. The record is written last: whatever stops a run, an
    image is either done or done again.
    """
    try:
        hashes = tuple(hashed(path) for path in _inputs(job))
        key = key_of(job, {each.path: each.digest for each in hashes}.__getitem__)
        made = _stored(job, key) or _made(job, key)
        return replace(made, key=key, hashes=hashes, written=_written(job))
    except WriteError as error:
        return Brief(job.name, "failed", str(error), "WriteError")
    except InterlayerError as error:
        return failed(job, str(error).removeprefix(f"{job.path}: "), type(error).__name__)
    except OSError as error:
        if error.errno in UNWRITABLE:
            return Brief(job.name, "failed", f"cannot be written ({error})", "WriteError")
        return failed(job, f"cannot be read, or its results not written ({error})", "ReadError")


def lost(job: Job, loss: Loss) -> Brief:
    """Return the failure of an image that took too long, too much memory or its worker with it."""
    return failed(job, loss.text, loss.kind)


def failed(job: Job, error: str, kind: str) -> Brief:
    """Return the failure of an image; what an earlier run wrote of it goes, as it would contradict that."""
    with suppress(OSError):
        for each in (*map(job.file, ENDINGS), *_rest(job)):
            each.unlink(missing_ok=True)
    return Brief(job.name, "failed", error, kind)


def untouched(job: Job, ledger: Ledger) -> Brief | None:
    """Return the brief of an image whose inputs and results are as the ledger knows them."""
    entry = ledger.get(job.entry)
    if entry is None or entry.status == "failed":
        return None
    try:
        if key_of(job, lambda path: ledger.known(Path(path))) != entry.key:
            return None
        brief = Brief.of(job, entry)
        same = all(_stat(job.file(ending)) == state[1:] for ending, state in brief.written.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return brief if same else None


def _written(job: Job) -> dict[str, tuple[str, int, int]]:
    return {ending: (sha256(job.file(ending)), *_stat(job.file(ending))) for ending in ENDINGS}


def _stat(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _rest(job: Job) -> Iterator[Path]:
    """Return temporary files that a killed run left of this image."""
    names = {f".{job.file(ending).name}." for ending in ENDINGS}
    if job.stem.parent.is_dir():
        for path in job.stem.parent.iterdir():
            if path.name.endswith(".part") and any(path.name.startswith(name) for name in names):
                yield path


def _inputs(job: Job) -> list[Path]:
    from interlayer.sem.readers.sidecar import beside_of

    return [job.path, *(path for path in beside_of(job.path) if path.is_file())]


def key_of(job: Job, digest: Callable[[str], str]) -> str:
    """Return the hash of everything that the results of an image depend on."""
    inputs = [[path.name, digest(str(path.absolute()))] for path in _inputs(job)]
    identity = [job.name, job.settings, job.code, inputs]
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
    from interlayer.core.spreadsheet import safe_frame
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
        safe_frame(frame).write_csv,
        safe_frame(rows).write_csv,
        partial(pictures.write, picture=drawn),
        partial(pictures.write_thumbnail, picture=drawn[: pictures.height(parts.pictures[0])]),
    )
    for ending, write in zip(ENDINGS, writers, strict=False):
        with atomic(job.file(ending)) as temporary:
            write(temporary)
    result.attrs |= {"key": key, "line": json.dumps(line), "brief": json.dumps(attrs)}
    store.write_tree(result, job.file(RECORD))
    return Brief(job.name, "done", line=line, attrs=attrs)
