"""The pages of a report on disk: one for each sample, made in parallel and kept while nothing changes."""

import gc
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import quote

from interlayer import engine, parallel
from interlayer._version import __version__
from interlayer.core.errors import InterlayerError
from interlayer.core.files import sha256, write_text
from interlayer.core.text import clean
from interlayer.evidence import check
from interlayer.report import brief as briefs
from interlayer.report import html
from interlayer.report.brief import Brief
from interlayer.report.datafile import write_zip
from interlayer.report.pack import Pack
from interlayer.report.pick import first
from interlayer.report.sample_page import sample_page
from interlayer.sample import Sample
from interlayer.study import Claim
from interlayer.worker import Loss

#: fewer pages than this are made here: starting workers takes longer
_POOL = 5


@dataclass(frozen=True, slots=True)
class Record:
    """A stored sample: its id, its record, and the folder of what belongs to it."""

    sample_id: str
    path: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Job:
    """One sample's page to make.

    Parameters
    ----------
    record, page, data
        The record of the sample, where its page goes, and where the data of the page go.
    address
        Of the page, as seen from the cohort page.
    home
        Of the cohort page, as seen from this page; empty where there is none.
    claims
        Those on this sample count; others may be among them.
    links
        Name and address of files beside the page.
    own
        The record lies in a results folder, which is believed.
    """

    record: Path
    page: Path
    data: Path
    address: str
    home: str
    study: str
    claims: tuple[Claim, ...]
    failures: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    own: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A page that was made, or why it could not be."""

    brief: Brief | None
    error: str = ""
    was_kept: bool = False


def make(jobs: Sequence[Job], workers: int) -> list[Made]:
    """Make the pages of samples, as far as they are not up to date; in the order of the jobs."""
    made: dict[int, Made] = {}
    stale: list[int] = []
    for index, job in enumerate(jobs):
        kept = _kept(job)
        if kept is None:
            stale.append(index)
        else:
            made[index] = Made(kept, was_kept=True)
    if workers > 1 and len(stale) >= _POOL:
        work = [jobs[index] for index in stale]
        made |= {stale[place]: each for place, each in _in_workers(work, workers)}
    else:
        made |= {index: make_one(jobs[index]) for index in stale}
    return [made[index] for index in range(len(jobs))]


def _in_workers(work: Sequence[Job], workers: int) -> Iterator[tuple[int, Made]]:
    return parallel.spread(make_one, work, engine.Crew(workers, preload=(__name__,)), _lost)


def make_one(job: Job) -> Made:
    """Make the page of one sample; every failure becomes a `Made` that says it."""
    gc.disable()  # a page makes a million small objects, which are seen through once, at its end
    try:
        found = _write(job)
    except InterlayerError as error:
        return Made(None, str(error))
    except Exception as error:  # one sample must not cost the others their pages
        return Made(
            None,
            f"{job.record.name}: {type(error).__name__}: {error} (a fault of interlayer; please report it)",
        )
    finally:
        gc.enable()
        gc.collect(0)
    return Made(found)


def _lost(job: Job, loss: Loss) -> Made:
    return Made(None, f"{job.record.name}: {loss.text}")


def _write(job: Job) -> Brief:
    key = _key(job)
    sample = Sample.open(job.record, own=job.own)
    text, found, pack = page_of(sample, job)
    write_text(job.page, text)
    write_zip(job.data, pack.files)
    state = {
        "key": key,
        "page": sha256(job.page),
        "data": sha256(job.data),
        "brief": briefs.to_plain(found),
    }
    write_text(_cache_path(job), json.dumps(state, ensure_ascii=False, separators=(",", ":")))
    return found


def page_of(sample: Sample, job: Job) -> tuple[str, Brief, Pack]:
    """Return the page of a sample as HTML, its brief, and its data."""
    pack = Pack()
    located = sample.located_rows()
    verdicts = [check(claim, located) for claim in job.claims if clean(claim.sample) == sample.sample_id]
    page = sample_page(sample, verdicts, job.failures, pack)
    phase = next((each.title for each in page.joint.phases if each.phase == page.phase_name), "")
    text = html.render(
        "sample.html.j2",
        pack,
        page=page,
        home=job.home,
        study=job.study,
        links=job.links,
        phase_title=phase or subscript(page.phase_name),
    )
    found = Brief(
        sample.sample_id,
        sample.label,
        sample.state,
        sample.parent,
        sample.history,
        job.address,
        tuple(located),
        tuple(briefs.result_of(path, result) for path, result in sample.results()),
        page.joint,
        page.doubts,
    )
    return text, found, pack


def subscript(formula: str) -> str:
    """Return a formula with its numbers below the line.

    Examples
    --------
    >>> subscript("Li2CO3")
    'Li₂CO₃'
    """
    return formula.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _cache_path(job: Job) -> Path:
    return job.data.parent / ".report-cache.json"


def _kept(job: Job) -> Brief | None:
    """Return the brief of a page that is still what would be made, or None."""
    path = _cache_path(job)
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if (
            state["key"] != _key(job)
            or state["page"] != sha256(job.page)
            or state["data"] != sha256(job.data)
        ):
            return None
        return briefs.from_plain(state["brief"])
    except (InterlayerError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _key(job: Job) -> str:
    """Return a hash of everything that a page depends on."""
    digest = hashlib.sha256()
    claims = [claim.model_dump(mode="json") | {"digits": claim.digits} for claim in job.claims]
    given = [
        _code(),
        sha256(job.record),
        job.address,
        job.home,
        job.study,
        claims,
        job.failures,
        job.links,
        first().phase,
    ]
    digest.update(json.dumps(given, sort_keys=True).encode())
    return digest.hexdigest()


@cache
def _code() -> str:
    """Return a hash of the code and data that pages depend on: all of interlayer."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(_sources(files("interlayer")), key=str):
        digest.update(path.name.encode() + b"\x00" + path.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for each in folder.iterdir():
        if each.is_dir() and each.name not in ("example", "__pycache__"):
            found += _sources(each)
        elif each.name.endswith((".py", ".toml", ".j2", ".css", ".js")):
            found.append(each)
    return found


def relative(target: Path, base: Path) -> str:
    """Return the address of a file as seen from a page in the folder ``base``."""
    return quote(Path(os.path.relpath(target, base)).as_posix(), safe="/")
