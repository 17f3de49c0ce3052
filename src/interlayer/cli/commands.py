"""What each command does."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from interlayer import techniques
from interlayer.cli import GOOD, INVALID, SOME_FAILED, limits
from interlayer.cli.products import open_samples
from interlayer.core.errors import InterlayerError, SettingError
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.text import line

if TYPE_CHECKING:
    from interlayer.cli import files
    from interlayer.engine import Crew


def demo(arguments: argparse.Namespace) -> int:
    """Write the example study, run it, print the report's path."""
    from interlayer.example.generator import generate

    folder = Path(arguments.folder)
    if folder.exists() and not (folder / "truth.json").exists() and any(folder.iterdir()):
        raise InterlayerError(
            "the folder is not empty and no example study", path=folder, advice="Give an empty or new folder."
        )
    print(f"Simulating the raw files of the example study in {folder} …", file=sys.stderr)
    study = generate(folder)
    return _run(study, None, limits.crew(arguments))


def init(arguments: argparse.Namespace) -> int:
    """Recognise the raw files of a folder and write study.toml."""
    from interlayer.cli.recognise import write_study

    path, unknown = write_study(Path(arguments.folder), force=arguments.force)
    for each in unknown:
        print(f"not recognised, left out: {line(str(each))}", file=sys.stderr)
    print(path)
    return GOOD


def run_study(arguments: argparse.Namespace) -> int:
    """Run a study and print the report's path."""
    out = Path(arguments.output) if arguments.output else None
    if arguments.dry_run:
        return _said(Path(arguments.study), out, arguments.only, force=arguments.force)
    crew = limits.crew(arguments)
    return _run(Path(arguments.study), out, crew, only=arguments.only, force=arguments.force)


def _said(study: Path, out: Path | None, only: Sequence[str], *, force: bool) -> int:
    """Print what a run would do, a line per measurement."""
    from interlayer import workflow

    planned = workflow.dry_run(study, out, only=only, force=force)
    for each in planned:
        print(f"{each.action}: {each.title}: {each.reason}")
    return SOME_FAILED if any(each.action == "fail" for each in planned) else GOOD


def _run(
    study: Path, out: Path | None, crew: "Crew", *, only: Sequence[str] = (), force: bool = False
) -> int:
    from interlayer import workflow
    from interlayer.cli.progress import progress

    with progress("measurements") as show:
        result = workflow.run(
            study, out, crew=crew, only=only, force=force, started=show.started, done=show.done
        )
    for problem in result.invalid_claims:
        print(f"failed: {line(problem)}", file=sys.stderr)
    print(result.report.resolve())
    return result.exit_code


def analyze_files(arguments: argparse.Namespace) -> int:
    """Analyse files or folders with one technique; print tables or JSON, write records and figures."""
    if arguments.technique == "sem" and any(Path(each).is_dir() for each in arguments.files):
        from interlayer.starting import prepare

        prepare(("interlayer.warm",))  # takes longer than all that is imported here: at the same time
    from interlayer.cli import files

    kind = getattr(arguments, "kind", "")
    declared = techniques.declared_settings(arguments.technique)
    given = {each.name: getattr(arguments, each.name) for each in declared}
    given = {name: value for name, value in given.items() if value is not None}
    settings = files.settings_for(arguments.technique, kind, given)
    inputs = [Path(each) for each in arguments.files]
    with ExitStack() as stack:
        out = Path(arguments.output) if arguments.output else None
        if out is None and any(path.is_dir() for path in inputs) and arguments.technique == "sem":
            out = Path(stack.enter_context(TemporaryDirectory(prefix="interlayer-")))
        crew = limits.crew(arguments)
        found = files.analyze(arguments.technique, kind, inputs, settings, crew=crew, out=out)
        without: list[str] = []
        if getattr(arguments, "bdf", None):
            written, without = files.write_bdf(found, settings, Path(arguments.bdf))
            for text in (*written, *(f"failed: {each}" for each in without)):
                print(text, file=sys.stderr)
        return _shown(found, arguments) or (SOME_FAILED if without else GOOD)


def _shown(found: "list[files.Item]", arguments: argparse.Namespace) -> int:
    """Print, write and draw what was found; return the exit code."""
    from interlayer.cli import output

    if arguments.json:
        print(json.dumps([item.record() for item in found], ensure_ascii=False, allow_nan=False))
    else:
        output.print_tables(found)
    if arguments.output:
        output.write(found, Path(arguments.output))
    for path in output.export(found, Path(arguments.output or ".")):
        print(path, file=sys.stderr)
    if arguments.plot:
        output.draw(found, Path(arguments.plot))
    for item in found:
        if item.error is not None and not item.said:
            print(f"failed: {item.error}", file=sys.stderr)
    if arguments.output and any(item.stored for item in found):
        print(f"overlays, tables and contact sheet: {arguments.output}", file=sys.stderr)
    failed = [item for item in found if item.error is not None]
    if failed and len(failed) == len(found):
        return SOME_FAILED if len(found) > 1 or not _is_usage(failed[0].error) else 2
    return SOME_FAILED if failed else GOOD


def _is_usage(error: Exception | None) -> bool:
    return isinstance(error, SettingError)


def write_report(arguments: argparse.Namespace) -> int:
    """Write one report from stored samples: pages, or a PDF where the ending is .pdf."""
    target = Path(arguments.output)
    about = _about(arguments)
    if target.suffix.lower() == ".pdf":
        return _write_pdf(arguments, target, about)
    from interlayer import report

    records = [Path(each) for each in arguments.records]
    written = report.write_files(target, records, jobs=os.cpu_count() or 1, **about)
    for each in written.lost:
        print(f"failed: {each.error}", file=sys.stderr)
    if not written.files:
        return INVALID
    print(target.resolve())
    return SOME_FAILED if written.lost else GOOD


def _about(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return title, source, description and claims, from the study file where one is named."""
    if not arguments.study:
        return {"title": arguments.title or "interlayer report"}
    from interlayer.study import load

    study = load(arguments.study)
    return {
        "title": arguments.title or study.study.title,
        "source": study.study.source,
        "description": study.study.description,
        "claims": study.claim,
    }


def _write_pdf(arguments: argparse.Namespace, target: Path, about: dict[str, Any]) -> int:
    from interlayer import pdf

    samples, failed = open_samples(arguments.records)
    if not samples:
        return INVALID
    pdf.write(samples, target, **about)
    print(target.resolve())
    return SOME_FAILED if failed else GOOD


def verify(arguments: argparse.Namespace) -> int:
    """Find stored files that were damaged or changed since they were written."""
    from interlayer import store

    problems = []
    for folder in arguments.folders:
        problems += [f"{folder}/{problem}" for problem in store.verify(Path(folder))]
    for problem in problems:
        print(line(problem))
    if not problems:
        print("all stored files are as they were written")
    return SOME_FAILED if problems else GOOD


def list_formats(arguments: argparse.Namespace) -> int:
    """List the file formats that are read."""
    known = [(technique, each) for technique in TECHNIQUES for each in techniques.formats(technique)]
    if arguments.json:
        print(
            json.dumps(
                [
                    {"technique": technique, "name": each.name, "suffixes": each.suffixes, "note": each.note}
                    for technique, each in known
                ],
                ensure_ascii=False,
            )
        )
        return GOOD
    for technique, each in known:
        print(f"{technique:12} {each.name:32} {' '.join(each.suffixes):24} {each.note}")
    return GOOD
