"""Claims against data: agree, disagree or cannot tell, by how much, and where it is seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from interlayer.core.summary import Row
from interlayer.core.text import slug
from interlayer.core.wording import unit_text
from interlayer.study import Claim

AGREE, DISAGREE, CANNOT_TELL = "agree", "disagree", "cannot tell"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the data say of a claim."""

    claim: Claim
    verdict: str
    reason: str
    row: Row | None = None
    place: str = ""


def check(claim: Claim, located: Sequence[tuple[str, Row]]) -> Verdict:
    """Return what the data say of a claim.

    Parameters
    ----------
    located
        The summary rows of the claim's sample, each with the path of its analysis.

    Notes
    -----
    A published number stands for the range that rounds to it: 0.48 is 0.475 to 0.485. It agrees when that
    range meets the 95 % interval. A range agrees when it holds the value, disagrees when it does not meet the
    interval. A limit agrees or disagrees only where it excludes something.
    """
    problem = claim.problem()
    if problem:
        return Verdict(claim, CANNOT_TELL, f"the claim is not valid: {problem}")
    fitting = [(place, row) for place, row in located if _fits(claim, place, row)]
    exact = [(place, row) for place, row in fitting if row.subject == claim.subject]
    fitting = exact or fitting
    if not fitting:
        return Verdict(claim, CANNOT_TELL, "no such quantity was measured for this sample")
    if len(fitting) > 1:
        places = ", ".join(place.strip("/") for place, _ in fitting)
        return Verdict(
            claim, CANNOT_TELL, f"several results fit ({places}): give the claim a `name` or a `subject`"
        )
    place, row = fitting[0]
    row = row.converted(claim.unit)
    verdict, reason = _judge(claim, row)
    return Verdict(claim, verdict, reason, row, place)


def _fits(claim: Claim, place: str, row: Row) -> bool:
    """Return True when a row is what a claim is about; a subject or name left out fits any."""
    named = not claim.name or place.rsplit("/", 1)[-1] == slug(claim.name)
    about = not claim.subject or row.subject == claim.subject
    return named and about and (row.technique, row.quantity) == (claim.technique, claim.quantity)


def _judge(claim: Claim, row: Row) -> tuple[str, str]:
    if claim.status:
        return _judge_absence(row)
    low, high = claimed_range(claim)
    if row.status in ("upper limit", "not detected") and math.isfinite(row.high):
        if row.high < low:
            return DISAGREE, f"the data exclude more than {row.high:.4g} {unit_text(row.unit)}".rstrip()
        if row.status == "upper limit" and low == -math.inf and row.high <= high:
            return AGREE, f"at most {row.high:.4g} {unit_text(row.unit)}".rstrip()
    if row.status == "lower limit":
        if row.low > high:
            return DISAGREE, f"the data exclude less than {row.low:.4g} {unit_text(row.unit)}".rstrip()
        if high == math.inf and row.low >= low:
            return AGREE, f"at least {row.low:.4g} {unit_text(row.unit)}".rstrip()
    if row.status != "measured":
        return CANNOT_TELL, f"{row.status}: {row.note or row.method}"
    return _judge_interval(claim, row, low, high)


def _judge_absence(row: Row) -> tuple[str, str]:
    if row.status == "not detected":
        return AGREE, f"below {row.high:.3g} {unit_text(row.unit)}".rstrip() if math.isfinite(
            row.high
        ) else row.note
    if row.status == "measured":
        return DISAGREE, f"{row.value:.4g} {unit_text(row.unit)}".rstrip() + " was measured"
    return CANNOT_TELL, f"{row.status}: {row.note or row.method}"


def _judge_interval(claim: Claim, row: Row, low: float, high: float) -> tuple[str, str]:
    meets = row.low <= high and row.high >= low
    if claim.value is not None and claim.low is None and claim.high is None:
        if low <= row.value <= high:
            return AGREE, "the value rounds to what is claimed"
        return (AGREE if meets else DISAGREE), _distance(claim.value, row)
    if low <= row.value <= high:
        return AGREE, "the value lies within the claimed range"
    if meets:
        return CANNOT_TELL, "the interval reaches over the end of the claimed range"
    nearest = low if row.value < low else high
    return DISAGREE, _distance(nearest, row)


def _distance(claimed: float, row: Row) -> str:
    difference = row.value - claimed
    far = f"{difference:+.3g} {unit_text(row.unit)}".rstrip()
    if math.isfinite(row.stddev) and row.stddev > 0:
        return f"{far} from the claim, {abs(difference) / row.stddev:.1f} σ"
    return f"{far} from the claim"


def claimed_range(claim: Claim) -> tuple[float, float]:
    """Return the ends of what a claim states; a single value stands for what rounds to it."""
    if claim.value is None:
        return (-math.inf if claim.low is None else claim.low), (
            math.inf if claim.high is None else claim.high
        )
    half = rounding(claim.digits or repr(claim.value))
    low = claim.value - half if claim.low is None else claim.low
    high = claim.value + half if claim.high is None else claim.high
    return low, high


def rounding(digits: str) -> float:
    """Return half a unit of the last digit of a number as it was written.

    Examples
    --------
    >>> rounding("0.48"), rounding("162"), rounding("2.07e-13")
    (0.005, 0.5, 5e-16)
    """
    mantissa, _, exponent = digits.lower().replace("_", "").partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(f"0.5e{int(exponent or 0) - decimals}")
