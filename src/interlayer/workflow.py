"""The main job: a study file to samples, catalogue, claims and one report."""

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from interlayer import batch, catalogue, lock, report, store, techniques
from interlayer.batch import Outcome, Task
from interlayer.catalogue import CATALOGUE
from interlayer.core.files import sha256, write_text
from interlayer.core.spreadsheet import safe
from interlayer.core.summary import Row
from interlayer.core.text import clean, slug
from interlayer.engine import Crew
from interlayer.evidence import Verdict
from interlayer.evidence.tables import COLUMNS
from interlayer.evidence.tables import tables as joined_tables
from interlayer.ledger import opened
from interlayer.products import Products, key_of
from interlayer.sample import Sample
from interlayer.study import SampleSpec, Study, load

REPORT = "report.html"


@dataclass(frozen=True, slots=True, repr=False)
class StudyRun:
    """What a run of a study left behind."""

    study: Study
    out: Path
    report: Path
    outcomes: tuple[Outcome, ...]
    samples: tuple[Sample, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Return the measurements that were not analysed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def invalid_claims(self) -> tuple[str, ...]:
        """Return what is wrong with claims that name no known quantity or unit."""
        problems = ((claim, claim.problem()) for claim in self.study.claim)
        return tuple(f"claim on {claim.sample}: {problem}" for claim, problem in problems if problem)

    @property
    def exit_code(self) -> int:
        """Return 0 when all went well, 1 when a measurement or a claim failed."""
        return 1 if self.failures or self.invalid_claims else 0

    def __repr__(self) -> str:
        verdicts = Counter(verdict.verdict for verdict in self.verdicts)
        said = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items())) or "none"
        lines = [
            f"Study {clean(self.study.study.title)}",
            f"  samples: {', '.join(clean(sample.sample_id) for sample in self.samples)}",
            f"  measurements: {len(self.outcomes)}, failed: {len(self.failures)}; claims: {said}",
            *(f"  failed: {clean(each.title)}: {clean(each.error)}" for each in self.failures),
            f"  report: {self.report}",
        ]
        return "\n".join(" ".join(line.splitlines()) for line in lines)


def run(
    study: Path | str,
    out: Path | None = None,
    *,
    jobs: int | None = None,
    crew: Crew | None = None,
    force: bool = False,
    only: Iterable[str] = (),
    started: Callable[[int], None] = lambda _: None,
    done: Callable[[Outcome], None] = lambda _: None,
) -> StudyRun:
    """Run a study: every measurement, then samples, catalogue, claims and the report.

    Parameters
    ----------
    study
        A study file, or the folder that holds ``study.toml``.
    out
        Where the results go; ``results`` beside the study file by default.
    jobs
        Worker processes; as many as there are cores by default.
    crew
        Who works, and within which limits, where ``jobs`` does not say enough.
    force
        Analyse again what has not changed.
    only
        Sample ids or techniques to analyse; what the others had before is kept.
    started, done
        Called with the number of measurements, and with each outcome.

    Raises
    ------
    StudyError
        When the study file as a whole is not valid; nothing is then written.
    StoreError
        When the results cannot be written, or another run writes them.
    """
    loaded = load(study)
    folder = out if out is not None else loaded.folder / "results"
    workers = crew or Crew(jobs=jobs or os.cpu_count() or 1)
    with lock.writing(folder, lock.OUTLIVES if workers.scheduler else 0.0), opened(folder) as ledger:
        tasks, missing = batch.plan(loaded, folder, ledger.digest)
        chosen = [task for task in tasks if _is_chosen(task, set(only))]
        started(len(chosen) + len(missing))
        for outcome in missing:
            done(outcome)
        workers = replace(workers, preload=batch.preload(chosen))
        outcomes = batch.run(chosen, crew=workers, ledger=ledger, force=force, done=done)
        outcomes += batch.unchanged([task for task in tasks if task not in chosen], ledger)
        return finish(
            loaded,
            folder,
            [*missing, *outcomes],
            tasks,
            Products(folder, ledger, force=force),
            jobs=jobs or os.cpu_count() or 1,
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with one measurement: ``run``, ``keep`` or ``fail``, and why."""

    title: str
    action: str
    reason: str


def dry_run(
    study: Path | str, out: Path | None = None, *, force: bool = False, only: Iterable[str] = ()
) -> list[Planned]:
    """Return what `run` would do with each measurement and why; nothing is written."""
    loaded = load(study)
    folder = out if out is not None else loaded.folder / "results"
    with opened(folder, only_look=True) as ledger:
        tasks, missing = batch.plan(loaded, folder, ledger.digest)
        planned = [Planned(each.title, "fail", each.error) for each in missing]
        for task in tasks:
            why = batch.reason(task, ledger) if _is_chosen(task, set(only)) else ""
            why = why or ("asked for by --force" if force and _is_chosen(task, set(only)) else "")
            planned.append(Planned(task.title, "run" if why else "keep", why or "unchanged"))
    return planned


def _is_chosen(task: Task, only: set[str]) -> bool:
    return not only or bool(
        only & {task.sample, task.technique, task.kind, f"{task.sample}/{task.technique}"}
    )


def finish(
    study: Study,
    out: Path,
    outcomes: Sequence[Outcome],
    tasks: Sequence[Task],
    products: Products,
    *,
    jobs: int = 1,
) -> StudyRun:
    """Assemble samples, catalogue, claims and report from the fragments of a study.

    What depends on nothing that has changed is left as it is.
    """
    good = {outcome.target: outcome.digest for outcome in outcomes if outcome.status != "failed"}
    for task in tasks:
        if task.target in good:
            products.written[task.target] = good[task.target]
    samples, keys = [], []
    for spec in study.sample:
        parts = [task for task in tasks if task.sample == spec.id and task.target in good]
        made_from = tuple((part.target.name, good[part.target]) for part in parts)
        samples.append(assemble(spec, parts, made_from))
        keys.append(key_of(spec.facts_of_record(), made_from))
        products.make(out / f"{spec.folder}.nc", keys[-1], samples[-1].save)
        _write_documents(products, out / spec.folder, samples[-1])
    products.make(
        out / CATALOGUE, key_of(keys), lambda path: catalogue.write(catalogue.of_samples(samples), path)
    )
    verdicts = tuple(report.verdicts(samples, study.claim))
    _write_tables(products, out, samples, verdicts)
    pages = report.write_study(
        out,
        [report.Record(spec.id, out / f"{spec.folder}.nc", out / spec.folder) for spec in study.sample],
        title=study.study.title,
        source=study.study.source,
        description=study.study.description,
        claims=study.claim,
        failures=[report.Failure(o.sample, o.title, o.error) for o in outcomes if o.status == "failed"],
        jobs=jobs,
    )
    for path in pages.files:
        products.written[path] = sha256(path)
    products.write_manifest()
    return StudyRun(study, out, out / REPORT, tuple(outcomes), tuple(samples), verdicts)


def assemble(spec: SampleSpec, tasks: Sequence[Task], made_from: tuple[tuple[str, str], ...] = ()) -> Sample:
    """Return a sample with the stored results of its tasks."""
    sample = Sample(spec.id, spec.label, spec.state, spec.parent, spec.history, made_from=made_from)
    for task in tasks:
        sample.add(store.read_tree(task.target), task.name)
    return sample


def _write_tables(
    products: Products, out: Path, samples: Sequence[Sample], verdicts: Sequence[Verdict]
) -> None:
    names = ["sample", "measurement", *(each.name for each in fields(Row))]
    summary = [
        [sample.sample_id, path.strip("/"), *asdict(row).values()]
        for sample in samples
        for path, row in sample.located_rows()
    ]
    claims = [
        [
            v.claim.sample,
            v.claim.technique,
            v.claim.quantity,
            v.claim.subject,
            v.claim.name,
            v.claim.value,
            v.claim.low,
            v.claim.high,
            v.claim.unit,
            v.verdict,
            v.reason,
            v.claim.source,
        ]
        for v in verdicts
    ]
    head = [
        "sample",
        "technique",
        "quantity",
        "subject",
        "name",
        "value",
        "low",
        "high",
        "unit",
        "verdict",
        "reason",
        "source",
    ]
    products.text(out / "summary.csv", csv_text(names, summary))
    products.text(out / "claims.csv", csv_text(head, claims))
    for name, lines in joined_tables(samples).items():
        products.text(out / f"{name}.csv", csv_text(COLUMNS[name], [list(line.values()) for line in lines]))


def _write_documents(products: Products, folder: Path, sample: Sample) -> None:
    """Write the texts that belong to results, such as the record of a fit."""
    for path, result in sample.results():
        for name, text in techniques.documents(result).items():
            products.text(folder / f"{slug(path.strip('/').replace('/', '-'))}-{name}", text)


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV (UTF-8, comma, a header line), atomically."""
    write_text(path, csv_text(names, rows))


def csv_text(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV, its texts safe for spreadsheet programs."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in (names, *rows):
        writer.writerow([safe(each) if isinstance(each, str) else each for each in row])
    return stream.getvalue()
