"""The joint statement on each phase: probability, what carries it, contradictions."""

from collections.abc import Sequence
from itertools import combinations

from interlayer import guard
from interlayer.core.results import warnings_of
from interlayer.evidence import consistency
from interlayer.evidence.knowledge import PhaseMarks, phases, probes
from interlayer.evidence.model import Joint, Observation, PhaseEvidence, Present
from interlayer.evidence.observe import Source, observations, sources
from interlayer.evidence.weigh import probability
from interlayer.sample import Sample

_TECHNIQUES = {"xrd": "XRD", "xps": "XPS", "eds": "EDS", "sem": "SEM"}
_SURE, _LIKELY = 0.95, 0.8
#: a stoichiometry or a weight beyond this is worth a word
_STRONG_PULL, _LEAST_WEIGHT = 3.0, 0.1


def examine(sample: Sample) -> Joint:
    """Return the evidence table of a sample's phases and the consistency of its numbers.

    Parameters
    ----------
    sample
        With the results of any techniques; what was not measured says nothing.

    Notes
    -----
    Each phase is as likely as not beforehand; observations are independent given its presence (Bayes factors
    of `interlayer.evidence.weigh`). Presence is meant in the sample's interphase as a whole: a technique that
    looks at a part of it may miss what is there, and is weighed so.
    """
    with guard.using("the evidence", sample.called):
        analyses = sources(sample)
        found = tuple(each for marks in phases() if (each := _phase(marks, analyses)) is not None)
        return Joint(sample.sample_id, found, consistency.pulls(sample))


def _phase(marks: PhaseMarks, analyses: list[Source]) -> PhaseEvidence | None:
    seen = observations(marks, analyses)
    if not any(each.technique in ("xrd", "xps") for each in seen):
        return None  # no technique that tells phases apart has looked for it
    share = probability([each.weight for each in seen])
    verdict = _verdict(share)
    carrier = max(seen, key=lambda each: abs(each.weight))
    carried_by = carrier.technique if abs(carrier.weight) >= _LEAST_WEIGHT else ""
    return PhaseEvidence(
        marks.name,
        marks.title,
        verdict,
        share,
        _statement(marks.title, verdict, share, carrier if carried_by else None),
        carried_by,
        tuple(seen),
        (*_contradictions(marks, seen), *_stoichiometry(marks, analyses), *_published(marks, analyses)),
    )


def _verdict(share: float) -> Present:
    if share >= _SURE:
        return "present"
    if share >= _LIKELY:
        return "likely"
    if share <= 1 - _SURE:
        return "absent"
    return "unlikely" if share <= 1 - _LIKELY else "cannot tell"


def percent(share: float) -> str:
    """Return a probability as people write it, never 0 or 100 %.

    Examples
    --------
    >>> percent(0.99999), percent(0.123), percent(0.0001)
    ('> 99.9 %', '12 %', '< 0.1 %')
    """
    if share > 0.999:
        return "> 99.9 %"
    if share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if share > 0.99 or share < 0.01 else f"{100 * share:.0f} %"


def _statement(title: str, verdict: str, share: float, carrier: Observation | None) -> str:
    head = {
        "present": f"{title} is there",
        "likely": f"{title} is probably there",
        "cannot tell": f"Whether {title} is there cannot be told",
        "unlikely": f"{title} is probably not there",
        "absent": f"{title} is not there",
    }[verdict]
    why = "" if carrier is None else f"; {_TECHNIQUES[carrier.technique]} carries it ({carrier.text})"
    return f"{head}: probability {percent(share)}{why}."


def _contradictions(marks: PhaseMarks, seen: Sequence[Observation]) -> list[str]:
    """Return pairs of techniques of which one sees the phase and the other does not."""
    found = []
    for one, two in combinations(seen, 2):
        if {one.seen, two.seen} == {"detected", "not detected"} and one.technique != two.technique:
            yes, no = (one, two) if one.seen == "detected" else (two, one)
            found.append(
                f"{_TECHNIQUES[yes.technique]} sees {marks.title} ({yes.text}), "
                f"{_TECHNIQUES[no.technique]} does not ({no.text}): {_explanation(yes, no, marks)}."
            )
    return found


def _explanation(yes: Observation, no: Observation, marks: PhaseMarks) -> str:
    """Return how both can be true, from what the techniques probe."""
    if no.technique == "xrd":
        return "it may be amorphous, or too thin or too little for XRD"
    if yes.technique == "eds":
        return "the element may be another phase's, which EDS cannot tell"
    depth = probes()[no.technique].depth
    if depth < probes()[yes.technique].depth:
        return f"it may lie deeper than {_TECHNIQUES[no.technique]} looks ({probes()[no.technique].text})"
    return "one of them is wrong, or they looked at different places"


def _stoichiometry(marks: PhaseMarks, analyses: list[Source]) -> list[str]:
    """Return where XPS lines of one phase do not have its stoichiometry."""
    found = []
    for source in analyses:
        row = source.rows.get(("stoichiometry_pull", marks.name))
        if row is not None and row.status == "measured" and abs(row.value) > _STRONG_PULL:
            found.append(
                f"The lines that XPS assigns to {marks.title} depart from its stoichiometry by "
                f"{row.value:+.1f} σ: one of them is probably another phase's."
            )
    return found


def _published(marks: PhaseMarks, analyses: list[Source]) -> list[str]:
    """Return what XPS warns of: lines and separations of the phase that no publication knows."""
    begins = (f"{marks.name}: ", *(f"{line} lies at " for line in (marks.xps, *marks.also) if line))
    warned = [text for source in analyses if source.technique == "xps" for text in warnings_of(source.result)]
    return [text for text in warned if text.startswith(begins)]
