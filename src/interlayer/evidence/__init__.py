"""Joined evidence: what the techniques of a sample say together, and claims against the data."""

from interlayer.evidence.changes import differences
from interlayer.evidence.claims import AGREE, CANNOT_TELL, DISAGREE, Verdict, check, claimed_range, rounding
from interlayer.evidence.joint import examine
from interlayer.evidence.linking import links
from interlayer.evidence.model import (
    Difference,
    Joint,
    Link,
    Observation,
    PhaseEvidence,
    Point,
    Pull,
    Side,
)

__all__ = [
    "AGREE",
    "CANNOT_TELL",
    "DISAGREE",
    "Difference",
    "Joint",
    "Link",
    "Observation",
    "PhaseEvidence",
    "Point",
    "Pull",
    "Side",
    "Verdict",
    "check",
    "claimed_range",
    "differences",
    "examine",
    "links",
    "rounding",
]
