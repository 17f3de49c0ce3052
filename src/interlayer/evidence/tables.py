"""Joined evidence as tables: one record per line, ready for CSV and JSON."""

from collections.abc import Sequence

from interlayer.evidence.changes import differences
from interlayer.evidence.joint import examine
from interlayer.evidence.linking import links
from interlayer.evidence.model import Difference, Joint, Link
from interlayer.sample import Sample

Records = list[dict[str, object]]


def tables(samples: Sequence[Sample]) -> dict[str, Records]:
    """Return the tables ``evidence``, ``consistency``, ``differences`` and ``links`` of some samples.

    Parameters
    ----------
    samples
        In the order of the tables.
    """
    joints = [examine(sample) for sample in samples]
    return {
        "evidence": [line for joint in joints for line in evidence(joint)],
        "consistency": [line for joint in joints for line in consistency(joint)],
        "differences": [changed(each) for each in differences(samples)],
        "links": [linked(each) for each in links(samples)],
    }


def evidence(joint: Joint) -> Records:
    """Return a line per phase and observation."""
    return [
        {
            "sample": joint.sample_id,
            "phase": phase.phase,
            "verdict": phase.verdict,
            "probability": phase.probability,
            "carried_by": phase.carried_by,
            "technique": each.technique,
            "measurement": each.place.strip("/"),
            "seen": each.seen,
            "weight": each.weight,
            "text": each.text,
            "contradictions": " | ".join(phase.contradictions),
        }
        for phase in joint.phases
        for each in phase.observations
    ]


def consistency(joint: Joint) -> Records:
    """Return a line per comparison across techniques."""
    return [
        {
            "sample": joint.sample_id,
            "comparison": each.title,
            "first": f"{each.first.what}: {each.first.text}",
            "first_measurement": each.first.place.strip("/"),
            "second": f"{each.second.what}: {each.second.text}",
            "second_measurement": each.second.place.strip("/"),
            "verdict": each.verdict,
            "pull": each.value,
            "difference": each.difference,
            "low": each.low,
            "high": each.high,
            "unit": each.unit,
            "reason": each.reason,
        }
        for each in joint.pulls
    ]


def changed(each: Difference) -> dict[str, object]:
    """Return the line of one difference between two samples."""
    return {
        "first": each.first_id,
        "second": each.second_id,
        "technique": each.technique,
        "quantity": each.quantity,
        "subject": each.subject,
        "first_value": each.first,
        "second_value": each.second,
        "change": each.change,
        "low": each.low,
        "high": each.high,
        "unit": each.unit,
        "verdict": each.verdict,
        "reason": each.reason,
    }


def linked(each: Link) -> dict[str, object]:
    """Return the line of one link across samples."""
    return {
        "structure": each.x_title,
        "cell": each.y_title,
        "samples": len(each.points),
        "correlation": each.correlation,
        "low": each.low,
        "high": each.high,
        "p_value": each.p_value,
        "least_p": each.least_p,
        "verdict": each.verdict,
        "reason": each.reason,
    }
