"""One sample as a page: what its first screen says, its evidence, its analyses."""

from collections.abc import Sequence

from interlayer import methods as composing
from interlayer.core.summary import Row
from interlayer.evidence import Joint, PhaseEvidence, Verdict, examine
from interlayer.report import joined
from interlayer.report import pick as picking
from interlayer.report.model import Answer, Card, ClaimRow, MethodsText, SamplePage
from interlayer.report.pack import Pack
from interlayer.report.pick import first, pick
from interlayer.report.sections import Book, anchor_of, keep_table, number, section
from interlayer.sample import Sample

Located = list[tuple[str, Row]]


def sample_page(
    sample: Sample, verdicts: Sequence[Verdict], failures: Sequence[tuple[str, str]], pack: Pack
) -> SamplePage:
    """Return the page of a sample; its data go into the pack.

    Parameters
    ----------
    verdicts
        What the data say of the claims on this sample.
    failures
        Title and error of each measurement of this sample that was not analysed.
    """
    located = sample.located_rows()
    name = sample.name
    places = {(path, row): place for place, (path, row) in enumerate(located)}
    claims = tuple(joined.claim_row(verdict, name, places) for verdict in verdicts)
    joint = examine(sample)
    book = Book()
    sections = tuple(
        section(path, result, [row for where, row in located if where == path], pack, book)
        for path, result in sample.results()
    )
    pack.head.update(book.head())
    _keep(joint, claims, sample.sample_id, pack)
    methods = methods_text([sample])
    pack.head["bibtex"] = methods.bibtex if methods else ""
    return SamplePage(
        sample.sample_id,
        name,
        sample.state,
        sample.parent,
        sample.history,
        _phase(joint),
        first().phase,
        tuple(_card(question, located) for question in first().cards),
        joined.doubts(sample, joint, claims, failures),
        joint,
        _techniques(joint),
        tuple((pull, joined.pull_chart(pull)) for pull in joint.pulls),
        claims,
        sections,
        methods,
    )


def _keep(joint: Joint, claims: Sequence[ClaimRow], sample_id: str, pack: Pack) -> None:
    keep_table(pack, "evidence-table", "evidence", joined.evidence_records(joint.phases, sample_id))
    keep_table(pack, "pulls-table", "consistency", joined.pull_records(joint.pulls))
    keep_table(pack, "claims-table", "claims", joined.claim_records(claims))


def _phase(joint: Joint) -> PhaseEvidence | None:
    """Return the evidence on the phase that the first screen asks for."""
    return next((each for each in joint.phases if each.phase == first().phase), None)


def _techniques(joint: Joint) -> tuple[str, ...]:
    """Return the techniques that say anything of any phase, in the order in which they come."""
    return tuple(dict.fromkeys(each.technique for phase in joint.phases for each in phase.observations))


def _card(card: picking.Card, located: Located) -> Card:
    found = ((column, pick(column, located)) for column in card.numbers)
    answers = (
        Answer(column.title, number(picked[0], picked[2].converted(column.unit)), anchor_of(picked[1]))
        for column, picked in found
        if picked
    )
    return Card(card.question, tuple(sorted(answers, key=lambda each: each.number.value == "–")))


def methods_text(samples: Sequence[Sample]) -> MethodsText | None:
    """Return the methods of samples as text; None where nothing ran."""
    made = composing.compose(samples)
    if not made.paragraphs:
        return None
    references = tuple(
        f"[{each.number}] {each.text}" + (f" doi:{each.doi}" if each.doi else "") for each in made.references
    )
    return MethodsText(made.paragraphs, references, made.bibtex)
