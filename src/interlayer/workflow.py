"""The main job: a study file to samples, catalogue, claims and one report."""

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer import batch, report, store, techniques
from interlayer.batch import Outcome, Task
from interlayer.core.files import sha256, write_text
from interlayer.core.summary import Row, to_dataset
from interlayer.core.text import clean, slug
from interlayer.evidence import Verdict
from interlayer.sample import Sample
from interlayer.study import SampleSpec, Study, load

CATALOGUE = "catalogue.nc"
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
    """
    loaded = load(study)
    folder = out if out is not None else loaded.folder / "results"
    tasks, missing = batch.plan(loaded, folder)
    chosen = [task for task in tasks if _is_chosen(task, set(only))]
    started(len(chosen) + len(missing))
    for outcome in missing:
        done(outcome)
    outcomes = batch.run(chosen, jobs=jobs or os.cpu_count() or 1, force=force, done=done)
    kept = [task for task in tasks if task not in chosen and batch.is_current(task)]
    outcomes += [Outcome(task.title, task.sample, "unchanged", task.target) for task in kept]
    return finish(loaded, folder, [*missing, *outcomes], tasks, jobs=jobs or os.cpu_count() or 1)


def _is_chosen(task: Task, only: set[str]) -> bool:
    return not only or bool(
        only & {task.sample, task.technique, task.kind, f"{task.sample}/{task.technique}"}
    )


def finish(
    study: Study, out: Path, outcomes: Sequence[Outcome], tasks: Sequence[Task], *, jobs: int = 1
) -> StudyRun:
    """Assemble samples, catalogue, claims and report from the fragments of a study."""
    good = {outcome.target for outcome in outcomes if outcome.status != "failed"}
    samples = tuple(
        assemble(spec, [task for task in tasks if task.sample == spec.id and task.target in good])
        for spec in study.sample
    )
    written = [task.target for task in tasks if task.target in good]
    for spec, sample in zip(study.sample, samples, strict=True):
        written.append(out / f"{spec.folder}.nc")
        sample.save(written[-1])
    written.append(out / CATALOGUE)
    store.write_tree(catalogue(samples), written[-1])
    verdicts = tuple(report.verdicts(samples, study.claim))
    for spec, sample in zip(study.sample, samples, strict=True):
        written += _write_documents(out / spec.folder, sample)
    written += _write_tables(out, samples, verdicts)
    written += report.write_study(
        out,
        [report.Record(spec.id, out / f"{spec.folder}.nc", out / spec.folder) for spec in study.sample],
        title=study.study.title,
        source=study.study.source,
        description=study.study.description,
        claims=study.claim,
        failures=[report.Failure(o.sample, o.title, o.error) for o in outcomes if o.status == "failed"],
        jobs=jobs,
    ).files
    store.write_manifest(out, {path.relative_to(out).as_posix(): sha256(path) for path in written})
    return StudyRun(study, out, out / REPORT, tuple(outcomes), samples, verdicts)


def assemble(spec: SampleSpec, tasks: Sequence[Task]) -> Sample:
    """Return a sample with the stored results of its tasks."""
    sample = Sample(spec.id, spec.label, spec.state, spec.parent, spec.history)
    for task in tasks:
        sample.add(store.read_tree(task.target), task.name)
    return sample


def catalogue(samples: Sequence[Sample]) -> xr.DataTree:
    """Return the summaries of all samples as one table, with the sample of each row."""
    rows = [(sample.sample_id, path, row) for sample in samples for path, row in sample.located_rows()]
    dataset = to_dataset(row for _, _, row in rows)
    dataset["sample"] = ("row", np.array([sample for sample, _, _ in rows], dtype=object))
    dataset["measurement"] = ("row", np.array([path.strip("/") for _, path, _ in rows], dtype=object))
    return xr.DataTree(dataset)


def _write_tables(out: Path, samples: Sequence[Sample], verdicts: Sequence[Verdict]) -> list[Path]:
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
    write_csv(out / "summary.csv", names, summary)
    write_csv(out / "claims.csv", head, claims)
    return [out / "summary.csv", out / "claims.csv"]


def _write_documents(folder: Path, sample: Sample) -> list[Path]:
    """Write the texts that belong to results, such as the record of a fit."""
    written = []
    for path, result in sample.results():
        for name, text in techniques.documents(result).items():
            written.append(folder / f"{slug(path.strip('/').replace('/', '-'))}-{name}")
            write_text(written[-1], text)
    return written


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV (UTF-8, comma, a header line), atomically."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    write_text(path, stream.getvalue())
