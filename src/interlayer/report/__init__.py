"""The report: one offline page for all samples together and one for each sample."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from interlayer.core.files import write_text
from interlayer.core.text import clean, slug
from interlayer.evidence import Verdict, check
from interlayer.report import site
from interlayer.report.cohort import Cohort, Failure, cohort_html
from interlayer.report.site import Job, Record, relative
from interlayer.sample import Sample
from interlayer.study import Claim

__all__ = ["Failure", "Record", "Written", "verdicts", "write_files", "write_study"]

PAGE, DATA = "report.html", "report-data.zip"
METHODS = ("methods.txt", "methods.bib")

#: a sample's record, its page, and the data of the page
_Place = tuple[Record, Path, Path]


@dataclass(frozen=True, slots=True)
class Written:
    """The files that make up a report, those kept because nothing changed among them, and what was lost."""

    files: tuple[Path, ...]
    lost: tuple[Failure, ...] = ()


def verdicts(samples: Sequence[Sample], claims: Sequence[Claim]) -> list[Verdict]:
    """Return what the data say of each claim."""
    located = {sample.sample_id: sample.located_rows() for sample in samples}
    return [check(claim, located.get(claim.sample, [])) for claim in claims]


def write_study(
    out: Path,
    records: Sequence[Record],
    *,
    title: str = "interlayer report",
    source: str = "",
    description: str = "",
    claims: Sequence[Claim] = (),
    failures: Sequence[Failure] = (),
    jobs: int = 1,
) -> Written:
    """Write the report of a study: ``report.html`` in ``out`` and one page in the folder of each sample.

    A study of one sample has one page.

    Parameters
    ----------
    out
        The results folder.
    records
        Of the samples, in the order of the pages.
    claims
        Published numbers to check against the data.
    failures
        Measurements that could not be analysed.
    jobs
        Worker processes. The pages are the same bytes whatever their number.

    Notes
    -----
    The same input gives the same bytes: there is no date and nothing random in it. One record at a time is
    open in each process; the cohort page is made of briefs.
    """
    cohort = Cohort(out / PAGE, out, title, source, description, tuple(claims), tuple(failures))
    alone = len(records) == 1
    places = [(each, out / PAGE if alone else each.folder / PAGE, each.folder / DATA) for each in records]
    beside = (("all numbers (CSV)", "summary.csv"), ("claims (CSV)", "claims.csv"))
    return _write(cohort, places, beside, jobs, own=True)


def write_files(
    target: Path,
    records: Sequence[Path],
    *,
    title: str = "interlayer report",
    source: str = "",
    description: str = "",
    claims: Sequence[Claim] = (),
    jobs: int = 1,
) -> Written:
    """Write the report of stored samples to one file, and what belongs to it to ``<name>_files`` beside it.

    One sample makes one page; of several, ``target`` is the cohort page. Nothing is written where no record
    can be opened.
    """
    folder = target.parent / f"{target.stem}_files"
    cohort = Cohort(target, folder, title, source, description, tuple(claims), ())
    names = [""] if len(records) == 1 else _unique([record.stem for record in records])
    stored = [Record("", record, folder / name) for record, name in zip(records, names, strict=True)]
    places = [
        (each, each.folder / PAGE if name else target, each.folder / DATA)
        for each, name in zip(stored, names, strict=True)
    ]
    return _write(cohort, places, (), jobs)


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of folders, with a number where one repeats, also in another case."""
    seen: dict[str, int] = {}
    found = []
    for name in (slug(name) for name in names):
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        count = seen[name.lower()]
        found.append(name if count == 1 else f"{name}--{count}")
    return found


def _write(
    cohort: Cohort,
    places: Sequence[_Place],
    beside: Sequence[tuple[str, str]],
    jobs: int,
    *,
    own: bool = False,
) -> Written:
    work = [replace(_job(cohort, place, beside, len(places) == 1), own=own) for place in places]
    made = list(zip(work, site.make(work, jobs), strict=True))
    good = [(job, each.brief) for job, each in made if each.brief is not None]
    lost = tuple(Failure("", job.record.stem, each.error) for job, each in made if each.brief is None)
    written = [path for job, _ in good for path in (job.page, job.data)]
    if not good and not beside:
        return Written((), lost)
    text, methods = cohort_html(cohort, [(brief, job.record) for job, brief in good], lost, beside)
    texts = {cohort.page: text} if len(places) != 1 or lost else {}
    texts |= {
        cohort.folder / name: content for name, content in zip(METHODS, methods, strict=True) if content
    }
    for path, content in texts.items():
        if not path.is_file() or path.read_bytes() != content.encode():
            write_text(path, content)
    return Written((*written, *texts), lost)


def _job(cohort: Cohort, place: _Place, beside: Sequence[tuple[str, str]], alone: bool) -> Job:
    (record, page, data), here = place, place[1].parent
    links = [
        ("data of every figure and table (CSV)", relative(data, here)),
        ("record (netCDF)", relative(record.path, here)),
        *((name, relative(cohort.folder / file, here)) for name, file in beside),
    ]
    return Job(
        record.path,
        page,
        data,
        relative(page, cohort.page.parent),
        "" if alone else relative(cohort.page, here),
        " · ".join(filter(None, (cohort.title, cohort.source))) if alone else cohort.title,
        tuple(each for each in cohort.claims if clean(record.sample_id) in ("", clean(each.sample))),
        tuple((e.title, e.error) for e in cohort.failures if clean(e.sample) == clean(record.sample_id)),
        tuple(links),
    )
