"""What the techniques of samples say together."""

from collections.abc import Sequence

from interlayer.evidence.model import Difference, Joint, Link
from interlayer.sample import Sample


def examine(sample: Sample) -> Joint:
    """Return the evidence table of a sample's phases and the consistency of its numbers."""
    return Joint(sample.sample_id)


def links(samples: Sequence[Sample]) -> tuple[Link, ...]:
    """Return each structure metric against each cell metric across samples."""
    return ()


def differences(samples: Sequence[Sample]) -> tuple[Difference, ...]:
    """Return what changed from each sample to those made from it, with intervals."""
    return ()
