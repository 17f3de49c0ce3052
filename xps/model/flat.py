"""A joint model as flat arrays: what the compiled solver works on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.model.shapes import PARAMETERS

if TYPE_CHECKING:
    from interlayer.xps.model.joint import Joint
    from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


class Flat(NamedTuple):
    """Regions, lines, links and priors as arrays; ``*_at`` (one longer) say where each part begins.

    A raw parameter is (offset + Σ added θ) · factor · exp(Σ sign · θ).
    """

    energy: Floats
    values: Floats
    ramp: Floats
    floor: Floats
    tougaard: Floats
    tougaard_at: Ints
    points_at: Ints
    lines_at: Ints
    line_peak: Ints
    line_offset: Floats
    line_weight: Floats
    peaks_at: Ints
    raws_at: Ints
    shape: Ints
    shape_size: Ints
    background: Ints
    offset: Floats
    factor: Floats
    added_at: Ints
    added: Ints
    scaled_at: Ints
    scaled: Ints
    sign: Floats
    mean: Floats
    precision: Floats
    tie_first: Ints
    tie_second: Ints
    tie_mean: Floats
    tie_precision: Floats


class _Links:
    """Collects how raw parameters follow from parameters."""

    def __init__(self) -> None:
        self.offset: list[float] = []
        self.factor: list[float] = []
        self.added: list[list[int]] = []
        self.scaled: list[list[tuple[int, float]]] = []

    def add(
        self,
        added: Sequence[int],
        scaled: Sequence[tuple[int, float]] = (),
        offset: float = 0.0,
        factor: float = 1.0,
    ) -> None:
        self.offset.append(offset)
        self.factor.append(factor)
        self.added.append([index for index in added if index >= 0])
        self.scaled.append([(index, sign) for index, sign in scaled if index >= 0])


def flatten(joint: "Joint") -> Flat:
    """Return the arrays of a joint model."""
    links = _Links()
    blends = joint.blends or [-1] * len(joint.regions)
    for places, tail, blend in zip(joint.places, joint.tails, blends, strict=True):
        for place in places:
            links.add((place.energy, place.shift), offset=place.offset)
        for place in places:
            links.add((place.area.amount,), place.area.exponents, factor=place.area.factor)
        for place in places:
            links.add((place.width,), tuple((each, 1.0) for each in place.stretch))
        links.add((tail[0],), ((blend, 1.0),))
        for index in tail[1:]:
            links.add((index,))
    regions = joint.regions
    partners = [region.partners for region in regions]
    tougaard = [region.tougaard.ravel() for region in regions]
    return Flat(
        energy=_joined([region.energy for region in regions]),
        values=_joined([region.values for region in regions]),
        ramp=_joined([region.ramp for region in regions]),
        floor=np.array([region.floor for region in regions]),
        tougaard=_joined(tougaard),
        tougaard_at=_starts([each.size for each in tougaard]),
        points_at=_starts([region.energy.size for region in regions]),
        lines_at=_starts([parent.size for parent, _, _ in partners]),
        line_peak=np.concatenate([np.asarray(parent, dtype=np.int64) for parent, _, _ in partners]),
        line_offset=_joined([offset for _, offset, _ in partners]),
        line_weight=_joined([weight for _, _, weight in partners]),
        peaks_at=_starts([region.count for region in regions]),
        raws_at=_starts([region.size for region in regions]),
        shape=np.array([region.shape_number for region in regions], dtype=np.int64),
        shape_size=np.array([len(PARAMETERS[region.shape]) for region in regions], dtype=np.int64),
        background=np.array([region.background_number for region in regions], dtype=np.int64),
        offset=np.array(links.offset),
        factor=np.array(links.factor),
        added_at=_starts([len(each) for each in links.added]),
        added=np.array([index for each in links.added for index in each], dtype=np.int64),
        scaled_at=_starts([len(each) for each in links.scaled]),
        scaled=np.array([index for each in links.scaled for index, _ in each], dtype=np.int64),
        sign=np.array([sign for each in links.scaled for _, sign in each]),
        mean=joint.mean,
        precision=joint.precision,
        tie_first=np.array([each.first for each in joint.ties], dtype=np.int64),
        tie_second=np.array([each.second for each in joint.ties], dtype=np.int64),
        tie_mean=np.array([each.mean for each in joint.ties]),
        tie_precision=np.array([each.sigma**-2 for each in joint.ties]),
    )


def with_data(flat: Flat, regions: "Sequence[Region]") -> Flat:
    """Return the arrays with other values of the same regions: the rest of the model is as before."""
    return flat._replace(
        values=_joined([region.values for region in regions]),
        floor=np.array([region.floor for region in regions]),
    )


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.ascontiguousarray(np.concatenate(parts), dtype=np.float64) if parts else np.zeros(0)


def _starts(sizes: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def alone(region: "Region") -> Flat:
    """Return the arrays of one region whose raw parameters stand for themselves."""
    none, empty = np.zeros(0), np.zeros(0, dtype=np.int64)
    parent, offset, weight = region.partners
    return Flat(
        energy=_joined([region.energy]),
        values=_joined([region.values]),
        ramp=_joined([region.ramp]),
        floor=np.array([region.floor]),
        tougaard=_joined([region.tougaard.ravel()]),
        tougaard_at=_starts([region.tougaard.size]),
        points_at=_starts([region.energy.size]),
        lines_at=_starts([parent.size]),
        line_peak=np.asarray(parent, dtype=np.int64),
        line_offset=offset,
        line_weight=weight,
        peaks_at=_starts([region.count]),
        raws_at=_starts([region.size]),
        shape=np.array([region.shape_number], dtype=np.int64),
        shape_size=np.array([len(PARAMETERS[region.shape])], dtype=np.int64),
        background=np.array([region.background_number], dtype=np.int64),
        offset=none,
        factor=none,
        added_at=empty,
        added=empty,
        scaled_at=empty,
        scaled=empty,
        sign=none,
        mean=none,
        precision=none,
        tie_first=empty,
        tie_second=empty,
        tie_mean=none,
        tie_precision=none,
    )
