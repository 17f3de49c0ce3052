"""Battery Data Format: the time rows of each cell test, from the raw files that were analysed."""

import json
from pathlib import Path
from typing import Any

from interlayer.core.errors import AnalysisError
from interlayer.core.files import atomic_folder
from interlayer.core.settings import for_stage
from interlayer.core.text import Names, slug
from interlayer.export.record import Analysis, Context, NothingToExport, Record, analyses
from interlayer.techniques import declared_settings

DESCRIPTION = "bdf.json"


def write(record: Record, target: Path, context: Context) -> list[str]:
    """Write every file of cell tests with time, voltage and current as ``.bdf.csv``.

    The record holds thinned curves, so the raw files are read again; their sha256 must be that of the record.

    Raises
    ------
    NothingToExport
        When the sample has no cell tests.
    InterlayerError
        When a raw file is missing or was changed.
    """
    tests = [each for each in analyses(record.sample) if each.technique == "electrochem"]
    if not tests:
        raise NothingToExport(f"sample {record.sample.sample_id!r} has no electrochemistry to export")
    written: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    names = Names()
    with atomic_folder(target, DESCRIPTION) as part:
        for test in tests:
            _write_test(test, part, context, written, notes, names)
        text = json.dumps({"files": written, "left_out": notes}, ensure_ascii=False, indent=1) + "\n"
        (part / DESCRIPTION).write_bytes(text.encode())
    return notes


def _write_test(
    test: Analysis,
    part: Path,
    context: Context,
    written: dict[str, dict[str, str]],
    notes: list[str],
    names: Names,
) -> None:
    """Write the files of one test; what has no time rows (a spectrum) is noted."""
    from interlayer import electrochem

    settings: dict[str, Any] = dict(test.settings)
    reading = for_stage("read", settings, declared_settings("electrochem"))
    for source in test.sources:
        stem = f"{slug(test.path.removeprefix('/electrochem/'))}-{slug(Path(source['source']).stem)}"
        name = f"{names.free(stem)}.bdf.csv"
        raw = electrochem.read(context.raw(source), **reading)
        try:
            electrochem.write_bdf(raw, part / name)
        except AnalysisError as error:
            notes.append(str(error.about(source["source"])))
            continue
        about = {key: source[key] for key in ("source", "source_sha256", "format")}
        written[name] = {"analysis": test.path, **about}
