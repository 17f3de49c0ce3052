"""The cohort page from briefs of the samples, and the few records that are compared in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path

import xarray as xr

from interlayer import store, techniques
from interlayer.core.figure import Figure
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.text import clean
from interlayer.evidence import check
from interlayer.report import html
from interlayer.report.brief import Brief
from interlayer.report.cohort_page import Compared, cohort_page, drawn_together
from interlayer.report.model import Doubt
from interlayer.report.pack import Pack
from interlayer.report.pick import first
from interlayer.report.site import subscript
from interlayer.study import Claim

#: most results of one technique that are drawn together
MOST_COMPARED = 10
#: doubts of these kinds are said on the first screen
_GRAVE = ("contradiction", "inconsistent", "claim")

#: a sample's brief and its record
Stored = tuple[Brief, Path]


@dataclass(frozen=True, slots=True)
class Failure:
    """A measurement that could not be analysed, or a page that could not be made."""

    sample: str
    title: str
    error: str


@dataclass(frozen=True, slots=True)
class Cohort:
    """What the report is about, and where it goes.

    Parameters
    ----------
    page, folder
        The cohort page, and the folder of what belongs to it.
    """

    page: Path
    folder: Path
    title: str
    source: str
    description: str
    claims: tuple[Claim, ...]
    failures: tuple[Failure, ...]


def cohort_html(
    cohort: Cohort, stored: Sequence[Stored], lost: Sequence[Failure], beside: Sequence[tuple[str, str]]
) -> tuple[str, tuple[str, str]]:
    """Return the cohort page, and the methods as text and as BibTeX."""
    briefs, pack = [brief for brief, _ in stored], Pack()
    rows = {brief.sample_id: list(brief.rows) for brief in briefs}
    verdicts = [check(claim, rows.get(clean(claim.sample), [])) for claim in cohort.claims]
    failures = [(each.title, each.error) for each in (*cohort.failures, *lost)]
    page = cohort_page(briefs, verdicts, failures, partial(_compared, stored), pack)
    titles = dict(page.phases)
    text = html.render(
        "cohort.html.j2",
        pack,
        page=page,
        title=cohort.title,
        source=cohort.source,
        description=cohort.description,
        links=beside,
        graves=_gravest(briefs),
        phase_title=titles.get(first().phase, subscript(first().phase)),
    )
    if page.methods is None:
        return text, ("", "")
    paragraphs = "\n\n".join((*page.methods.paragraphs, *page.methods.references))
    return text, (f"{paragraphs}\n", page.methods.bibtex)


def _gravest(briefs: Sequence[Brief]) -> list[tuple[Brief, Doubt]]:
    """Return grave doubts: the first of every sample, then the second of every sample, and so on."""
    grave = [[(brief, each) for each in brief.doubts if each.kind in _GRAVE] for brief in briefs]
    return [each for turn in zip_longest(*grave) for each in turn if each is not None]


def _compared(stored: Sequence[Stored], pack: Pack) -> list[Compared]:
    """Return what each technique shows of the samples together; nothing of a technique with one result."""
    found = []
    for technique in TECHNIQUES:
        mine = [
            (brief, record, each.path)
            for brief, record in stored
            for each in brief.results
            if each.attrs.get("technique") == technique
        ]
        if len(mine) > 1 and techniques.compares(technique):
            note = (
                f"The first {MOST_COMPARED} of {len(mine)} results; `interlayer report` compares any others."
                if len(mine) > MOST_COMPARED
                else ""
            )
            describe = partial(_together, technique, mine[:MOST_COMPARED])
            found.append(drawn_together(technique, techniques.TITLES[technique], describe, note, pack))
    return [each for each in found if each is not None]


def _together(technique: str, mine: Sequence[tuple[Brief, Path, str]]) -> list[Figure]:
    results: list[tuple[str, str, str, xr.DataTree]] = []
    trees: dict[Path, xr.DataTree] = {}
    for brief, record, path in mine:
        if record not in trees:
            trees[record] = store.read_tree(record, f"/{technique}")
        below = path.removeprefix(f"/{technique}").strip("/")
        result = trees[record][below] if below else trees[record]
        assert isinstance(result, xr.DataTree)  # a path of the brief leads to a node
        results.append((brief.name, brief.sample_id, path, result))
    return techniques.comparison(technique, techniques.by_name(results))
