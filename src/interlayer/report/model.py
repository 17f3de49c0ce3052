"""What the pages show, as plain data: numbers formatted, figures drawn, nothing of HTML."""

from dataclasses import dataclass

from interlayer.evidence import Joint, PhaseEvidence, Pull
from interlayer.report.svg import Key


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a page.

    Parameters
    ----------
    uid
        Its id on the page and in the pack.
    wide, picture
        Takes the whole width; is nothing but an image.
    """

    uid: str
    name: str
    title: str
    caption: str
    svg: str
    legend: tuple[Key, ...]
    wide: bool
    picture: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a result, whose rows are in the pack."""

    uid: str
    name: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Number:
    """A summary row as text, with its place among the sample's rows."""

    place: int
    quantity: str
    subject: str
    value: str
    interval: str
    unit: str
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """One analysis of one sample."""

    anchor: str
    title: str
    technique: str
    warnings: tuple[str, ...]
    pictures: tuple[Figure, ...]
    figures: tuple[Figure, ...]
    numbers: tuple[Number, ...]
    tables: tuple[Table, ...]
    steps: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]
    settings: str
    version: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One number of the first screen, under the name that the screen gives it."""

    title: str
    number: Number
    anchor: str


@dataclass(frozen=True, slots=True)
class Card:
    """A question of the first screen with its answers, the first one large; none where none was measured."""

    question: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something to doubt, how grave it is, and where it is seen.

    Parameters
    ----------
    kind
        ``failure``, ``contradiction``, ``inconsistent``, ``claim`` or ``warning``, the gravest first.
    """

    kind: str
    text: str
    anchor: str
    where: str


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim with what the data say."""

    sample: str
    what: str
    claimed: str
    found: str
    verdict: str
    reason: str
    source: str
    place: int
    anchor: str


@dataclass(frozen=True, slots=True)
class MethodsText:
    """The methods paragraph, its references, and the same as BibTeX."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]
    bibtex: str


@dataclass(frozen=True, slots=True)
class SamplePage:
    """Everything on the page of one sample."""

    sample_id: str
    label: str
    state: str
    parent: str
    history: tuple[str, ...]
    phase: PhaseEvidence | None
    phase_name: str
    cards: tuple[Card, ...]
    doubts: tuple[Doubt, ...]
    joint: Joint
    techniques: tuple[str, ...]
    pulls: tuple[tuple[Pull, str], ...]
    claims: tuple[ClaimRow, ...]
    sections: tuple[Section, ...]
    methods: MethodsText | None

    @property
    def firsts(self) -> tuple[Section, ...]:
        """Return the first section of each technique."""
        return tuple({each.technique: each for each in reversed(self.sections)}.values())[::-1]

    @property
    def tally(self) -> dict[str, int]:
        """Return how many claims agree, disagree, cannot be told."""
        return tally(self.claims)


def tally(claims: tuple[ClaimRow, ...]) -> dict[str, int]:
    """Return how many claims agree, disagree, cannot be told."""
    found = {"agree": 0, "disagree": 0, "cannot tell": 0}
    for claim in claims:
        found[claim.verdict] += 1
    return found
