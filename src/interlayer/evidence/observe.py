"""What each technique of a sample says of a phase: detected, not detected with a limit, cannot tell."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import xarray as xr

from interlayer.core.summary import Row
from interlayer.evidence.knowledge import PhaseMarks, phases, probes
from interlayer.evidence.model import Observation, Seen
from interlayer.evidence.numbers import shown
from interlayer.evidence.weigh import element_weight, misplaced, signal_ratio, unseen_ratio, weight
from interlayer.sample import Sample

#: probability that an element which several phases hold is there without the one in question; certain where
#: XPS sees such another phase
_ELSEWHERE, _CERTAIN = 0.5, 1.0
#: a 95 % limit lies so many standard deviations above the estimate; XPS detects from 3 of them; the
#: mean estimate of an absent line that is not detected
_ONE_SIDED, _THRESHOLD, _TYPICAL_UNSEEN = 1.645, 3.0, 0.4


Look = Callable[[PhaseMarks, "Source"], Iterator[Observation]]


@dataclass(frozen=True, slots=True)
class Source:
    """One analysis of a sample, with its rows by quantity and subject."""

    technique: str
    place: str
    result: xr.DataTree
    rows: Mapping[tuple[str, str], Row]


def sources(sample: Sample) -> list[Source]:
    """Return the analyses of a sample that can say something of phases."""
    found = []
    located = sample.located_rows()
    for place, result in sample.results():
        technique = str(result.attrs["technique"])
        if technique in probes():
            rows = {(row.quantity, row.subject): row for path, row in located if path == place}
            found.append(Source(technique, place, result, rows))
    return found


def observations(marks: PhaseMarks, analyses: list[Source]) -> list[Observation]:
    """Return what the analyses say of one phase; techniques that did not look for it are left out."""
    elsewhere = _elsewhere(marks, analyses)
    looks: dict[str, Look] = {
        "xrd": _xrd,
        "xps": _xps,
        "eds": partial(_eds, elsewhere=elsewhere),
        "sem": _sem,
    }
    return [found for each in analyses for found in looks[each.technique](marks, each)]


def _observation(source: Source, seen: Seen, text: str, amount: float = 0.0) -> Observation:
    probe = probes()[source.technique]
    volume = probe.text + _area(source)
    return Observation(source.technique, source.place, seen, text, amount, volume)


def _area(source: Source) -> str:
    """Return the area that images or a map show, where their scale is known; what is declared else."""
    children = source.result.children
    if "images" in children:
        table = children["images"].to_dataset(inherit=False)
        if {"width", "height", "calibrated"} <= set(table.variables) and bool(
            (table["calibrated"] > 0).all()
        ):
            total = float((table["width"] * table["height"]).sum()) * 1e-6
            return f": {table.sizes['image']} images, {total:.3g} µm² in all"
    for node in source.result.subtree:
        if node.name == "map" and {"width", "height"} <= set(node.attrs):
            return f": {float(node.attrs['width']) / 1e3:.3g} × {float(node.attrs['height']) / 1e3:.3g} µm²"
    return ""


def _xrd(marks: PhaseMarks, source: Source) -> Iterator[Observation]:
    """XRD has looked for every candidate; the strongest of a phase's forms speaks."""
    if "candidates" not in source.result.children:
        return
    table = source.result.children["candidates"].to_dataset(inherit=False)
    listed = zip(
        table["phase"].values.tolist(),
        table["status"].values.tolist(),
        table["significance"].values.tolist(),
        strict=True,
    )
    own = [
        (str(name), str(status), max(float(z), 0.0)) for name, status, z in listed if str(name) in marks.xrd
    ]
    if not own:
        return
    name, status, z = max(own, key=lambda each: (each[1].startswith("found"), each[2]))
    probe = probes()["xrd"]
    strength = weight(signal_ratio(_finite(z), probe.least, probe.most), probe.visible, probe.false_alarm)
    if status.startswith("found"):
        more = ", but no single cell fits its lines" if "no single cell" in status else ""
        yield _observation(source, "detected", f"lines of {name} at {z:.0f} σ{more}", strength)
    elif status == "not detected":
        row = source.rows.get(("detection", name))
        limit = f", limit {row.high:.1f} σ" if row is not None and math.isfinite(row.high) else ""
        yield _observation(source, "not detected", f"lines of {name} at {z:.1f} σ{limit}", strength)
    else:
        yield _observation(source, "cannot tell", f"{name}: {status}")


def _finite(z: float) -> float:
    return min(z, 1e3) if not math.isnan(z) else 0.0


def _xps(marks: PhaseMarks, source: Source) -> Iterator[Observation]:
    """The line that carries the verdict speaks; lines fitted with it are named."""
    area = source.rows.get(("area", marks.xps))
    if area is None:
        return
    if area.status not in ("measured", "not detected"):
        yield _observation(source, "cannot tell", f"{marks.xps}: {area.status}; {area.note}".rstrip("; "))
        return
    z = _significance(marks.xps, source)
    ratio = _amount_ratio(marks.xps, source, z)
    probe = probes()["xps"]
    together = [name for name in marks.also if _measured(source, name)]
    alarm = probe.false_alarm / 3 if together else probe.false_alarm
    alarm *= misplaced(*_position(marks.xps, source))
    strength = weight(ratio, probe.visible, min(0.5, alarm))
    if area.status == "measured":
        yield _observation(source, "detected", _seen(marks, source, z, together), strength)
    else:
        yield _observation(source, "not detected", f"{marks.xps} {_limit(marks.xps, source)}", strength)


def _measured(source: Source, line: str) -> bool:
    row = source.rows.get(("area", line))
    return row is not None and row.status == "measured"


def _seen(marks: PhaseMarks, source: Source, z: float, together: Sequence[str]) -> str:
    row = source.rows.get(("atomic_fraction", marks.xps))
    share = shown(row) if row is not None and row.status == "measured" else ""
    also = f", with {' and '.join(together)}" if together else ""
    return f"{marks.xps} {share or f'at {z:.0f} σ'}{also}"


def _limit(line: str, source: Source) -> str:
    for quantity in ("atomic_fraction", "area"):
        row = source.rows.get((quantity, line))
        if row is not None and math.isfinite(row.high):
            return shown(row)
    return source.rows[("area", line)].note


def _component(line: str, source: Source, names: Sequence[str]) -> list[float]:
    """Return numbers of a line from the table of components; NaN where they were not kept."""
    if "components" not in source.result.children:
        return [math.nan] * len(names)
    table = source.result.children["components"].to_dataset(inherit=False)
    listed = [str(each) for each in table["line"].values]
    if line not in listed or not set(names) <= set(table.variables):
        return [math.nan] * len(names)
    return [float(table[name].values[listed.index(line)]) for name in names]


def _significance(line: str, source: Source) -> float:
    """Return the significance of a line (of the phase's lines, where fitted together); NaN unknown."""
    (z,) = _component(line, source, ("significance",))
    row = source.rows[("area", line)]
    return row.value / row.stddev if math.isnan(z) and row.stddev > 0 else z


def _position(line: str, source: Source) -> tuple[float, float, float, float]:
    """Return a line's energy with its standard deviation, and the published range, eV."""
    low, high = _component(line, source, ("published_low", "published_high"))
    row = source.rows.get(("binding_energy", line))
    if row is None or row.status != "measured":
        return math.nan, math.nan, low, high
    return row.value, row.stddev, low, high


def _amount_ratio(line: str, source: Source, z: float) -> float:
    """Return ln p₁/p₀ of a line's amount; one that left the model is known to be below the threshold."""
    probe, typical = probes()["xps"], _TYPICAL_UNSEEN if math.isnan(z) else z
    row = source.rows.get(("atomic_fraction", line))
    unit = math.nan  # at.% of one standard deviation of the noise
    if row is not None and row.status == "measured" and z > 0:
        unit = row.value / z
    elif row is not None and math.isfinite(row.high):
        unit = row.high / (typical + _ONE_SIDED)
    least, most = (1.0, 300.0) if math.isnan(unit) else (max(probe.least / unit, 0.1), probe.most / unit)
    most = max(most, 2 * least)
    return unseen_ratio(_THRESHOLD, least, most) if math.isnan(z) else signal_ratio(min(z, 1e3), least, most)


def _elsewhere(marks: PhaseMarks, analyses: list[Source]) -> float:
    """Return the probability that a phase's element is there without it."""
    others = [
        each.xps for each in phases() if each.name != marks.name and {*each.elements} & {*marks.elements}
    ]
    seen = any(_measured(source, line) for source in analyses if source.technique == "xps" for line in others)
    return _CERTAIN if seen else _ELSEWHERE


def _eds(marks: PhaseMarks, source: Source, elsewhere: float = _ELSEWHERE) -> Iterator[Observation]:
    """EDS sees elements: evidence for a phase as far as nothing else holds them."""
    probe = probes()["eds"]
    for element in marks.elements:
        row = source.rows.get(("detection", element))
        if row is None:
            continue
        seen = row.status == "measured"
        strength = element_weight(seen, probe.visible, probe.false_alarm, elsewhere)
        thick = source.rows.get(("layer_thickness", element))
        layer = f", a layer of {shown(thick)}" if thick is not None and thick.status == "measured" else ""
        if seen:
            doubt = "; other phases hold it too" if elsewhere == _CERTAIN else ""
            text = f"{element} at {row.value:.0f} σ{layer}{doubt}"
            yield _observation(source, "detected", text, strength)
        elif row.status == "not detected":
            yield _observation(source, "not detected", f"no layer of {element}: {row.note}", strength)
        else:
            yield _observation(source, "cannot tell", f"{element}: {row.status}; {row.note}")


def _sem(marks: PhaseMarks, source: Source) -> Iterator[Observation]:
    """Images show shapes, not phases."""
    if not marks.shapes:
        return
    count, size = (source.rows.get(key) for key in (("particle_count", "all"), ("diameter_d50", "particles")))
    if count is not None and count.status == "measured" and size is not None:
        text = f"{count.value:.0f} particles, median {shown(size)}: a shape, not a phase"
    else:
        text = "no particles are seen; a smooth layer has none"
    yield _observation(source, "cannot tell", text)
