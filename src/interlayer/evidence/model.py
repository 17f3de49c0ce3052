"""What joined techniques say, as plain data: observations, joint statements, pulls, links, differences."""

import math
from dataclasses import dataclass
from typing import Literal

from interlayer.core.figure import Figure

Seen = Literal["detected", "not detected", "cannot tell"]
Present = Literal["present", "likely", "cannot tell", "unlikely", "absent"]
Agreement = Literal["consistent", "inconsistent", "not comparable"]


@dataclass(frozen=True, slots=True)
class Observation:
    """What one technique says of one phase.

    Parameters
    ----------
    technique, place
        The technique and the path of the analysis in the sample ("/xps").
    seen
        Its verdict.
    text
        The reason in a sentence: the signal with its number, or the limit.
    weight
        Base-10 logarithm of the Bayes factor for presence: what it adds to the joint statement.
    volume
        The probed depth and area, as text.
    """

    technique: str
    place: str
    seen: Seen
    text: str
    weight: float = 0.0
    volume: str = ""


@dataclass(frozen=True, slots=True)
class PhaseEvidence:
    """What all techniques together say of one phase of a sample.

    Parameters
    ----------
    phase, title
        Name in the vocabulary ("Li3N") and as people write it ("Li₃N").
    verdict
        ``present`` from a probability of 0.95, ``likely`` from 0.8, ``absent`` to 0.05, ``unlikely`` to 0.2,
        else ``cannot tell``.
    probability
        That the phase is present, from a prior of one half and the observations.
    statement
        One sentence for a reader.
    carried_by
        The observation that weighs most, as a technique; empty where none says anything.
    contradictions
        Where techniques that look at the same volume say opposite things.
    """

    phase: str
    title: str
    verdict: Present
    probability: float
    statement: str
    carried_by: str
    observations: tuple[Observation, ...]
    contradictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two numbers that are compared: what it is, where it stands, its value as text."""

    technique: str
    place: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Pull:
    """The difference of two determinations of the same thing, in standard deviations.

    Parameters
    ----------
    title
        What is compared: "EDS thickness against SEM size".
    difference, low, high, unit
        First minus second, or the natural logarithm of their ratio (``unit`` says which), with 95 % interval.
    value
        The pull: distance to what is allowed over its standard deviation, shared parts taken out; NaN where
        nothing can be compared.
    verdict, reason
        And why.
    """

    title: str
    first: Side
    second: Side
    verdict: Agreement
    reason: str
    value: float = math.nan
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Joint:
    """All that the techniques of one sample say together."""

    sample_id: str
    phases: tuple[PhaseEvidence, ...] = ()
    pulls: tuple[Pull, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One sample of a link: values with 95 % intervals."""

    sample_id: str
    label: str
    x: float
    x_low: float
    x_high: float
    y: float
    y_low: float
    y_high: float


@dataclass(frozen=True, slots=True)
class Link:
    """A structure metric against a cell metric across samples.

    Parameters
    ----------
    correlation, low, high
        Kendall's rank correlation (a limit orders only what it can) and the 95 % range that the
        errors of the points alone leave it.
    p_value
        Two-sided, exact up to 8 samples, by permutation above; NaN below three samples.
    least_p
        The smallest p-value that this number of samples can give at all.
    """

    x_title: str
    y_title: str
    points: tuple[Point, ...]
    correlation: float
    low: float
    high: float
    p_value: float
    least_p: float
    verdict: Literal["linked", "no link seen", "cannot tell"]
    reason: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Difference:
    """How one quantity changed between two samples.

    Parameters
    ----------
    change, low, high, unit
        Second minus first, or their ratio minus one in % where ``unit`` is "%" and the quantity is not.
    verdict
        ``changed`` where the 95 % interval excludes zero.
    """

    first_id: str
    second_id: str
    technique: str
    quantity: str
    subject: str
    first: str
    second: str
    change: float
    low: float
    high: float
    unit: str
    verdict: Literal["increased", "reduced", "no change seen", "cannot tell"]
    reason: str
    first_place: str = ""
    second_place: str = ""
