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


#: columns of each table, also of an empty one
COLUMNS: dict[str, tuple[str, ...]] = {
    "evidence": (
        "sample",
        "phase",
        "verdict",
        "probability",
        "carried_by",
        "technique",
        "measurement",
        "seen",
        "weight",
        "text",
        "contradictions",
    ),
    "consistency": (
        "sample",
        "comparison",
        "first",
        "first_measurement",
        "second",
        "second_measurement",
        "verdict",
        "pull",
        "difference",
        "low",
        "high",
        "unit",
        "reason",
    ),
    "differences": (
        "first",
        "second",
        "technique",
        "quantity",
        "subject",
        "first_value",
        "second_value",
        "change",
        "low",
        "high",
        "unit",
        "verdict",
        "reason",
    ),
    "links": (
        "structure",
        "cell",
        "samples",
        "correlation",
        "low",
        "high",
        "p_value",
        "least_p",
        "verdict",
        "reason",
    ),
}


def _line(table: str, *values: object) -> dict[str, object]:
    return dict(zip(COLUMNS[table], values, strict=True))


def evidence(joint: Joint) -> Records:
    """Return a line per phase and observation."""
    return [
        _line(
            "evidence",
            joint.sample_id,
            phase.phase,
            phase.verdict,
            phase.probability,
            phase.carried_by,
            each.technique,
            each.place.strip("/"),
            each.seen,
            each.weight,
            each.text,
            " | ".join(phase.contradictions),
        )
        for phase in joint.phases
        for each in phase.observations
    ]


def consistency(joint: Joint) -> Records:
    """Return a line per comparison across techniques."""
    return [
        _line(
            "consistency",
            joint.sample_id,
            each.title,
            f"{each.first.what}: {each.first.text}",
            each.first.place.strip("/"),
            f"{each.second.what}: {each.second.text}",
            each.second.place.strip("/"),
            each.verdict,
            each.value,
            each.difference,
            each.low,
            each.high,
            each.unit,
            each.reason,
        )
        for each in joint.pulls
    ]


def changed(each: Difference) -> dict[str, object]:
    """Return the line of one difference between two samples."""
    return _line(
        "differences",
        each.first_id,
        each.second_id,
        each.technique,
        each.quantity,
        each.subject,
        each.first,
        each.second,
        each.change,
        each.low,
        each.high,
        each.unit,
        each.verdict,
        each.reason,
    )


def linked(each: Link) -> dict[str, object]:
    """Return the line of one link across samples."""
    return _line(
        "links",
        each.x_title,
        each.y_title,
        len(each.points),
        each.correlation,
        each.low,
        each.high,
        each.p_value,
        each.least_p,
        each.verdict,
        each.reason,
    )
