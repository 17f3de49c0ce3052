"""Weight fractions of the phases of a powder as summary rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Interval
from interlayer.core.summary import Row, Rows
from interlayer.xrd.examine import Study
from interlayer.xrd.fit import Fit
from interlayer.xrd.mixture import (
    PARTICLE,
    TEXTURE,
    Mixture,
    absorptions,
    areas_of,
    from_all_lines,
    from_one_line,
    with_a_seen_line,
)
from interlayer.xrd.phases import Phase
from interlayer.xrd.trace import largest_mass

Floats = NDArray[np.floating[Any]]

_POWDER = (
    "fraction of the crystalline phases found in layer {layer!r}: amorphous, undetected and other parts are "
    "not counted; a powder mixture is assumed, which a foil with a film on it is not"
)
_TRACE = "its random powder pattern over the whole-pattern fit, every area free beside it; one-sided 95 %"


def rows_of_quantification(study: Study, rows: Rows, method: str, missing: Sequence[Phase]) -> list[Row]:
    """Return the rows `weight_fraction` of the phases found, and limits for those missing."""
    found = [positions.phase for positions in study.positions.values()]
    layer = _layer(found)
    usable, told = [], []
    for phase in found:
        reason = _refusal(study.fit, phase, layer)
        if reason:
            told.append(
                rows.absent("not determined", "weight_fraction", phase.name, "1", _how(method), reason)
            )
        else:
            usable.append(areas_of(study, phase))
    if method == "rir":
        usable, dim = with_a_seen_line(study.fit, usable)
        why = "none of its lines is seen by itself"
        told += [
            rows.absent("not determined", "weight_fraction", each.name, "1", _how(method), why)
            for each in dim
        ]
    if not usable:
        return told
    rng = np.random.default_rng(0)
    mixture = from_one_line(study, usable, rng) if method == "rir" else from_all_lines(study, usable, rng)
    told += list(_measured(study, mixture, rows, method, layer))
    told += [_limit(study, phase, mixture, rows, method, layer) for phase in missing]
    return told


def warnings(study: Study) -> list[str]:
    """Return the warning that a layered specimen is no powder, where it is one."""
    found = [positions.phase for positions in study.positions.values()]
    foils = [phase.name for phase in found if phase.uneven]
    others = [phase.name for phase in found if phase.layer != _layer(found)]
    if not foils and not others:
        return []
    return [
        "Weight fractions are those of a powder mixture, but this specimen is layered "
        f"({', '.join(foils + others)}): a film weakens what lies under it, and its thickness weighs as much "
        "as its composition."
    ]


def steps(method: str) -> list[str]:
    """Return what was done, in a sentence."""
    if method == "rir":
        return ["Weight fractions by reference intensity ratios of structures, one line of each phase."]
    return [
        "Weight fractions: areas of all families by generalised least squares against m|F|²LP of the "
        "structures (Cu Kα dispersion, thermal factors), with their covariance, a random even texture field "
        "on the sphere of directions for each phase, and sampled systematic parts."
    ]


def _how(method: str) -> str:
    if method == "rir":
        return "reference intensity ratio: each phase's strongest seen family, I/Ic from its structure"
    return "all families' areas against m|F|²LP of the structures, generalised least squares"


def _layer(found: Sequence[Phase]) -> str:
    """Return the layer that is quantified: the sample, or where most phases are."""
    layers = [phase.layer for phase in found]
    return "sample" if "sample" in layers or not layers else max(layers, key=layers.count)


def _refusal(fitted: Fit, phase: Phase, layer: str) -> str:
    if phase.layer != layer:
        return f"it lies in layer {phase.layer!r}, no part of the powder of layer {layer!r}"
    if not np.isfinite(phase.scale * phase.volume * phase.density):
        return "no structure, so no absolute intensities"
    if all(block.name != phase.name for block in fitted.pattern.blocks):
        return "it has no line in the range"
    return ""


def _measured(study: Study, mixture: Mixture, rows: Rows, method: str, layer: str) -> Iterator[Row]:
    if len(mixture.phases) == 1:
        why = f"the only crystalline phase found in layer {layer!r}; nothing to compare it with"
        yield rows.absent("not determined", "weight_fraction", mixture.phases[0].name, "1", _how(method), why)
        return
    values, draws = mixture.fractions()
    linear = absorptions(study, mixture.phases)
    for k, phase in enumerate(mixture.phases):
        low, high = np.quantile(draws[:, k], [0.025, 0.975])
        value = float(values[k])
        interval = Interval(value, float(draws[:, k].std()), min(float(low), value), max(float(high), value))
        told = (_POWDER.format(layer=layer), _texture_note(mixture, k, method), _absorption_note(linear, k))
        yield rows.measured("weight_fraction", phase.name, interval, "1", _how(method), "; ".join(told))


def _texture_note(mixture: Mixture, k: int, method: str) -> str:
    deviation, count = mixture.textures[k], mixture.families[k]
    if method == "rir":
        return f"texture taken as {100 * deviation:.0f} % on the one line used"
    origin = "mostly assumed" if count < 3 else f"from {count} families seen"
    return f"texture scatters its intensities by {100 * deviation:.0f} % ({origin}), in the interval"


def _absorption_note(linear: Floats, k: int) -> str:
    others = np.delete(linear, k)
    return (
        f"µ = {linear[k]:.0f} /cm, others {others.min():.0f} to {others.max():.0f}: "
        f"microabsorption is not corrected, particles of about {1e4 * PARTICLE:g} µm are allowed for"
    )


def _limit(study: Study, phase: Phase, mixture: Mixture, rows: Rows, method: str, layer: str) -> Row:
    """Return the largest weight fraction of a phase that was not found."""
    if phase.layer != layer or not np.isfinite(phase.scale):
        why = _refusal(study.fit, phase, layer)
        return rows.absent("not determined", "weight_fraction", phase.name, "1", _how(method), why)
    mass = largest_mass(study, phase)
    if mass is None:
        why = "it has no line in the range"
        return rows.absent("not determined", "weight_fraction", phase.name, "1", _TRACE, why)
    rest = float(np.quantile(mixture.draws.sum(axis=1), 0.05))
    note = f"beside the phases found in layer {layer!r}; a texture of {100 * TEXTURE:.0f} % is allowed for"
    return rows.limit("upper", "weight_fraction", phase.name, mass / (mass + rest), "1", _TRACE, note)
