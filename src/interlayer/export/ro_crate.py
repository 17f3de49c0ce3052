"""RO-Crate 1.1: the records, their numbers and methods, with inputs, software and study as linked data."""

import base64
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interlayer import methods
from interlayer._version import __version__
from interlayer.core.files import atomic_folder, sha256
from interlayer.core.spreadsheet import safe_frame
from interlayer.core.summary import Row
from interlayer.core.text import slug
from interlayer.export import stems
from interlayer.export.record import Analysis, Context, Record, analyses
from interlayer.export.tables import summary_frame

METADATA = "ro-crate-metadata.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
_SOFTWARE = "#interlayer"
Entity = dict[str, Any]


def write(records: Sequence[Record], target: Path, context: Context) -> list[str]:
    """Write a crate with every record, the summary of all, the methods and what links them."""
    with atomic_folder(target, METADATA) as part:
        names = _write_files(records, part)
        graph = _graph(records, names, part, context)
        text = json.dumps({"@context": _CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"
        (part / METADATA).write_bytes(text.encode())
    return ["the crate states no licence: add one to the root data set before you publish it"]


def _write_files(records: Sequence[Record], part: Path) -> list[str]:
    """Write the payload; returns the path of each record in the crate."""
    names = [f"records/{stem}.nc" for stem in stems(records)]
    (part / "records").mkdir()
    for record, name in zip(records, names, strict=True):
        if record.path is None:
            record.sample.save(part / name)
        else:
            shutil.copyfile(record.path, part / name)
    summary = summary_frame([record.sample for record in records])
    safe_frame(summary).write_csv(part / "summary.csv", null_value="")
    found = methods.compose([record.sample for record in records])
    (part / "methods.txt").write_bytes(found.text.encode())
    (part / "references.bib").write_bytes(found.bibtex.encode())
    return names


def _graph(records: Sequence[Record], names: Sequence[str], part: Path, context: Context) -> list[Entity]:
    inputs: dict[str, Entity] = {}
    actions, samples = [], []
    for number, (record, name) in enumerate(zip(records, names, strict=True), start=1):
        samples.append(_sample(record, number))
        for each in analyses(record.sample):
            used = [_input(source) for source in each.sources]
            inputs |= {str(entity["@id"]): entity for entity in used}
            actions.append(_action(record, number, each, used, name))
    files = [
        *(
            _file(part, name, _title(record), "application/x-netcdf")
            for record, name in zip(records, names, strict=True)
        ),
        _file(part, "summary.csv", "Every number of every sample, with its 95 % interval", "text/csv")
        | {"variableMeasured": _variables(records)},
        _file(part, "methods.txt", "Methods: the steps that ran", "text/plain"),
        _file(part, "references.bib", "Works that the methods cite", "application/x-bibtex"),
    ]
    study = _study(context)
    held = [*files, *(each for each in inputs.values() if each["@type"] == "File")]
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": context.title or "Interphase characterisation",
        "description": context.description
        or "Results of " + ", ".join(_title(record) for record in records) + " with 95 % intervals.",
        "datePublished": _today(),
        "hasPart": [{"@id": each["@id"]} for each in held],
        "mentions": [{"@id": each["@id"]} for each in (*actions, *samples)],
    }
    if study:
        root["citation"] = {"@id": study[0]["@id"]}
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": SPECIFICATION},
        "about": {"@id": "./"},
    }
    return [descriptor, root, *files, *inputs.values(), *samples, *actions, _software(), *study]


def _title(record: Record) -> str:
    return record.sample.name


def _file(part: Path, name: str, title: str, kind: str) -> Entity:
    path = part / name
    return {
        "@id": name,
        "@type": "File",
        "name": title,
        "encodingFormat": kind,
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    }


def _variables(records: Sequence[Record]) -> list[str]:
    rows: Iterator[Row] = (row for record in records for row in record.sample.rows)
    return list(dict.fromkeys(f"{row.technique} {row.quantity}" for row in rows))


def _input(source: Mapping[str, str]) -> Entity:
    """Return a raw file, which is not in the crate: named by its sha256 (RFC 6920)."""
    digest = source.get("source_sha256", "")
    about: Entity = {
        "@type": "File",
        "name": source.get("source", ""),
        "encodingFormat": source.get("format", "") or "unknown",
        "sha256": digest,
        "description": "Raw file of the instrument; not in the crate.",
    }
    try:
        packed = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
    except ValueError:
        packed = ""
    if packed:
        return {"@id": f"ni:///sha-256;{packed}", **about}
    return {"@id": f"#input-{slug(digest or about['name'])}", **about, "@type": "CreativeWork"}


def _sample(record: Record, number: int) -> Entity:
    sample = record.sample
    found: Entity = {
        "@id": f"#sample-{number}",
        "@type": "Thing",
        "identifier": sample.sample_id,
        "name": _title(record),
    }
    said = [sample.state, *sample.history, f"made from {sample.parent}" if sample.parent else ""]
    if any(said):
        found["description"] = "; ".join(filter(None, said))
    return found


def _action(record: Record, number: int, analysis: Analysis, inputs: Sequence[Entity], result: str) -> Entity:
    place = slug(analysis.path.strip("/").replace("/", "-"))
    what = " ".join(filter(None, (analysis.technique, analysis.kind, analysis.measurement)))
    return {
        "@id": f"#analysis-{number}-{place}",
        "@type": "CreateAction",
        "name": f"Analysis of {_title(record)}: {what}",
        "description": " ".join(analysis.steps),
        "instrument": {"@id": _SOFTWARE},
        "object": [{"@id": each["@id"]} for each in inputs],
        "about": {"@id": f"#sample-{number}"},
        "result": {"@id": result},
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _software() -> Entity:
    return {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "interlayer",
        "version": __version__,
        "softwareVersion": __version__,
        "license": {"@id": "https://spdx.org/licenses/MIT"},
    }


def _study(context: Context) -> list[Entity]:
    """Return the work that the study is of, by its DOI where it is one."""
    source = context.source.strip()
    if not source:
        return []
    doi = source.lower().removeprefix("https://doi.org/").removeprefix("doi:").strip()
    place = f"https://doi.org/{doi}" if doi.startswith("10.") and "/" in doi else "#study"
    name = context.title or source
    return [{"@id": place, "@type": "ScholarlyArticle", "name": name, "identifier": source}]


def _today() -> str:
    """Return the date, or that of SOURCE_DATE_EPOCH where the same bytes are wanted."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    when = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return when.date().isoformat()
