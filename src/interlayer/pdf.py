"""The report as a PDF, set by typst; every text of the data reaches it as data, never as markup."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl

from interlayer import figures, guard, methods, techniques
from interlayer._version import __version__
from interlayer.core.errors import InterlayerError
from interlayer.core.figure import Figure
from interlayer.core.files import atomic
from interlayer.core.results import rows_of, warnings_of
from interlayer.core.summary import Row
from interlayer.core.text import clean
from interlayer.core.wording import cells, interval_text, unit_text, value_text
from interlayer.evidence import PhaseEvidence, check, differences, examine
from interlayer.evidence.joint import percent
from interlayer.export.record import Analysis, analyses
from interlayer.headline import Column, columns
from interlayer.journals import Journal
from interlayer.report.joined import claim_row
from interlayer.sample import Sample
from interlayer.study import Claim

#: mm: width of the text, of one of two figures beside each other, and the greatest height of a figure
_WIDE, _HALF, _HIGHEST = 174.0, 84.0, 215.0
#: so many panels need the whole width
_MANY_PANELS = 4
#: samples beside each other in the table of main numbers
_BESIDE = 5
#: names of files and addresses: never broken
_EXACT = ("file", "doi")
#: letters of a word after which it may be broken
_WORD = 18


def write(
    samples: Sequence[Sample],
    path: Path,
    *,
    title: str = "interlayer report",
    source: str = "",
    description: str = "",
    claims: Sequence[Claim] = (),
    failures: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the report of samples as a PDF; arguments as `interlayer.report.build`.

    Notes
    -----
    The same input gives the same bytes with the same versions of typst and matplotlib.

    Raises
    ------
    InterlayerError
        When the optional package ``typst`` is not installed.
    """
    try:
        import typst
    except ImportError:
        raise InterlayerError(
            "the optional package `typst` is not installed",
            advice='Install it with `pip install "interlayer[pdf]"`, or write the report as .html.',
        ) from None
    with TemporaryDirectory(prefix="interlayer-pdf-") as name, atomic(path) as part:
        folder = Path(name)
        with guard.using("the report", *(sample.called for sample in samples)):
            content = _content(samples, _Drawn(folder))
        content |= {
            "title": title,
            "source": source,
            "description": description,
            "footer": f"{title} · interlayer {__version__}",
            "failures": [f"{what}: {why}" for what, why in failures],
            **_claims(samples, claims),
        }
        (folder / "data.json").write_text(json.dumps(_shown(content)), encoding="utf-8")
        template = files("interlayer").joinpath("pdf.typ").read_text(encoding="utf-8")
        (folder / "main.typ").write_text(template, encoding="utf-8")
        fonts = Path(mpl.get_data_path(), "fonts", "ttf")
        data = typst.compile(
            folder / "main.typ", root=folder, font_paths=[fonts], ignore_system_fonts=True, format="pdf"
        )
        part.write_bytes(data)


def _shown(value: Any) -> Any:
    """Return texts that are safe to show, long words breakable."""
    if isinstance(value, dict):
        return {key: each if key in _EXACT else _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return _breakable(clean(value)) if isinstance(value, str) else value


def _breakable(text: str) -> str:
    """Return a text with zero-width spaces in long words (file names, sums), so that none leaves its cell."""
    return " ".join(
        "\u200b".join(word[at : at + _WORD] for at in range(0, len(word), _WORD)) or word
        for word in text.split(" ")
    )


def _content(samples: Sequence[Sample], drawn: "_Drawn") -> dict[str, Any]:
    found = methods.compose(samples)
    labels = {sample.sample_id: sample.name for sample in samples}
    return {
        "overview": list(_overview(samples)),
        "doubts": [
            f"{sample.name}, {_title(analysis)}: {text}"
            for sample in samples
            for analysis in analyses(sample)
            for text in analysis.warnings
        ],
        "changes": [
            [labels[each.first_id], labels[each.second_id], each.reason] for each in differences(samples)
        ],
        "samples": [_sample(sample, drawn) for sample in samples],
        "comparisons": drawn.rows(
            [
                figure
                for technique, results in figures.compared(samples).items()
                for figure in drawn.described(partial(techniques.comparison, technique, results))
            ]
        ),
        "methods": list(found.paragraphs),
        "references": [
            {"mark": f"[{each.number}]", "text": each.text, "doi": each.doi} for each in found.references
        ],
    }


def _overview(samples: Sequence[Sample]) -> Iterator[dict[str, Any]]:
    """Yield the table of main numbers, a few samples beside each other."""
    for start in range(0, len(samples), _BESIDE):
        part = samples[start : start + _BESIDE]
        located = [sample.located_rows() for sample in part]
        rows = []
        for column in columns():
            picked = [column.pick(own) for own in located]
            if any(picked):
                cells = [_cell(each[1], column) if each else {"value": "", "interval": ""} for each in picked]
                rows.append({"title": column.title, "cells": cells})
        yield {"names": [sample.name for sample in part], "rows": rows}


def _cell(row: Row, column: Column) -> dict[str, str]:
    row = row.converted(column.unit)
    value = value_text(row)
    return {
        "value": row.status if value == "–" else f"{value} {unit_text(row.unit)}".strip(),
        "interval": interval_text(row),
    }


def _claims(samples: Sequence[Sample], claims: Sequence[Claim]) -> dict[str, Any]:
    labels = {sample.sample_id: sample.name for sample in samples}
    located = {sample.sample_id: sample.located_rows() for sample in samples}
    verdicts = [check(claim, located.get(claim.sample, [])) for claim in claims]
    rows = [claim_row(each, labels.get(each.claim.sample, each.claim.sample), {}) for each in verdicts]
    counts = {name: sum(row.verdict == name for row in rows) for name in ("agree", "disagree", "cannot tell")}
    tally = ", ".join(f"{count} {name}" for name, count in counts.items())
    doubts = sum(len(warnings_of(result)) for sample in samples for _, result in sample.results())
    return {
        "said": f"{_counted(len(samples), 'sample')}; {_counted(doubts, 'point')} to doubt"
        + (f"; {_counted(len(rows), 'claim')}: {tally}." if rows else "."),
        "claims": [[row.sample, row.what, row.claimed, row.found, row.verdict, row.reason] for row in rows],
    }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _sample(sample: Sample, drawn: "_Drawn") -> dict[str, Any]:
    about = [sample.sample_id, sample.state, *sample.history]
    about += [f"made from {sample.parent}"] if sample.parent else []
    done = {each.path: each for each in analyses(sample)}
    sections = []
    for path, result in sample.results():
        faults: list[str] = []
        shown = drawn.described(partial(techniques.figures, result), faults)
        sections.append(
            {
                "title": _title(done[path]),
                "warnings": [*warnings_of(result), *faults],
                "numbers": [list(cells(row)) for row in rows_of(result)],
                "figures": drawn.rows(shown),
                "sources": "; ".join(
                    f"{each.get('source', '')} sha256:{each.get('source_sha256', '')}"
                    for each in done[path].sources
                ),
            }
        )
    joint = examine(sample)
    return {
        "label": sample.name,
        "about": " · ".join(filter(None, about)),
        "phases": [_phase(each) for each in joint.phases],
        "pulls": [[each.title, each.verdict, each.reason] for each in joint.pulls],
        "sections": sections,
    }


def _phase(phase: PhaseEvidence) -> dict[str, Any]:
    return {
        "title": phase.title,
        "verdict": phase.verdict,
        "probability": percent(phase.probability),
        "seen": [f"{each.technique.upper()}: {each.seen}; {each.text}" for each in phase.observations],
        "contradictions": list(phase.contradictions),
    }


def _title(analysis: Analysis) -> str:
    title = techniques.KIND_TITLES.get(analysis.kind) or techniques.TITLES[analysis.technique]
    return f"{title}: {analysis.measurement}" if analysis.measurement else title


@dataclass
class _Drawn:
    """Draws figures into the folder that typst sees, and arranges them."""

    folder: Path
    count: int = field(default=0)

    def described(
        self, describe: Callable[[], list[Figure]], faults: list[str] | None = None
    ) -> list[Figure]:
        """Return figures; a fault in describing them must not cost the report its numbers."""
        try:
            return describe()
        except Exception as error:
            text = f"The figures could not be drawn ({type(error).__name__}: {error}); please report it."
            if faults is not None:
                faults.append(text)
            return []

    def rows(self, shown: Sequence[Figure]) -> list[list[dict[str, Any]]]:
        """Return figures in rows: one of the whole width, or two beside each other."""
        rows: list[list[dict[str, Any]]] = []
        for figure in shown:
            wide = figure.columns > 1 or len(figure.panels) >= _MANY_PANELS
            if rows and not wide and len(rows[-1]) == 1 and not rows[-1][0]["wide"]:
                rows[-1].append(self._draw(figure, wide=False))
            else:
                rows.append([self._draw(figure, wide=wide)])
        return rows

    def _draw(self, figure: Figure, *, wide: bool) -> dict[str, Any]:
        self.count += 1
        name = f"figure-{self.count}.svg"
        sizes = Journal("page", _HALF, _WIDE, _HIGHEST, 7.0, "")
        figures.save(figures.at_width(figure, _WIDE if wide else _HALF, sizes), self.folder / name)
        return {"file": name, "title": figure.title, "caption": figure.caption, "wide": wide}
