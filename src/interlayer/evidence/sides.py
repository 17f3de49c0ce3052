"""The numbers that are compared: picked from a sample's rows, or computed with their covariance."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Z95
from interlayer.core.summary import Row
from interlayer.evidence.numbers import Located
from interlayer.sample import Sample

Floats = NDArray[np.float64]

_NUMBERS = ("value", "stddev", "low", "high")


def rows_of(rows: Sequence[Located], technique: str, quantity: str, subject: str = "") -> list[Located]:
    """Return the rows of one quantity, of one subject where one is named."""
    return [
        each
        for each in rows
        if (each.row.technique, each.row.quantity) == (technique, quantity)
        and (not subject or each.row.subject == subject)
    ]


def volume_weighted(sample: Sample, rows: Sequence[Located]) -> list[Located]:
    """Return the mean diameter of particles weighted by volume, as XRD weights them.

    The error of the scale is that of the number-weighted mean.
    """
    found = []
    for mean in rows_of(rows, "sem", "diameter_mean", "particles"):
        statistics = sample.tree[mean.place].children.get("statistics")
        if mean.row.status != "measured" or statistics is None:
            found.append(mean)
            continue
        table = statistics.to_dataset(inherit=False)
        is_it = (table["weighting"].values == "volume") & (table["statistic"].values == "diameter_mean")
        k = int(np.flatnonzero(is_it)[0])
        value, stddev, low, high = (
            float(table[name].values[k]) for name in ("value", "stddev", "low", "high")
        )
        parts = {cause: part * value / mean.row.value for cause, part in mean.shared.items()}
        row = replace(mean.row, value=value, stddev=stddev, low=low, high=high)
        found.append(replace(mean, row=row, shared=parts))
    return found


def interfacial_resistances(sample: Sample, rows: Sequence[Located]) -> list[Located]:
    """Return, per impedance measurement, the area-specific resistance of all interfaces (first spectrum).

    All but R0, which is the electrolyte and the leads; the covariance of the fit is used (logarithms).
    """
    found = []
    for place in dict.fromkeys(
        each.place for each in rows if each.row.quantity == "area_specific_resistance"
    ):
        own = [
            each
            for each in rows
            if each.place == place
            and each.row.quantity == "area_specific_resistance"
            and each.row.subject.endswith(" first")
            and not each.row.subject.startswith("R0")
        ]
        good = [each for each in own if each.positive]
        if good:
            found.append(_summed(sample, good))
        elif own:
            found.append(own[0])
    return found


def _summed(sample: Sample, parts: Sequence[Located]) -> Located:
    if len(parts) == 1:
        return parts[0]
    values = np.array([each.row.value for each in parts])
    stddevs = np.array([each.row.stddev for each in parts])
    names = [each.row.subject.removesuffix(" first") for each in parts]
    total = float(values.sum())
    stddev = float(np.sqrt(stddevs @ _correlation(sample, parts[0].place, names) @ stddevs))
    reach = math.exp(Z95 * stddev / total)
    subject = " + ".join(names) + " first"
    row = replace(
        parts[0].row, subject=subject, value=total, stddev=stddev, low=total / reach, high=total * reach
    )
    return replace(parts[0], row=row)


def _correlation(sample: Sample, place: str, names: Sequence[str]) -> Floats:
    """Return the correlation of parameters in the first spectrum's fit; none where it was not kept."""
    node = sample.tree[place].children.get("correlation")
    if node is None:
        return np.eye(len(names))
    table = node.to_dataset(inherit=False)
    listed = [str(each) for each in table["parameter"].values]
    if not set(names) <= set(listed):
        return np.eye(len(names))
    at = [listed.index(name) for name in names]
    covariance = table["covariance"].values[0][np.ix_(at, at)]
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread), dtype=np.float64)


def layer_ratios(rows: Sequence[Located], top: str, bottom: str) -> list[Located]:
    """Return the ratio of two elements inside the layer (EDS)."""
    return [
        each
        for each in rows_of(rows, "eds", "atomic_ratio")
        if each.row.subject.startswith(f"{top}/{bottom} in the ")
    ]


def surface_ratios(sample: Sample, rows: Sequence[Located], top: str, bottom: str) -> list[Located]:
    """Return the ratio of two elements at the surface (XPS) with the covariance of the composition."""
    found = []
    for one in rows_of(rows, "xps", "atomic_fraction", top):
        two = next(
            (each for each in rows_of(rows, "xps", "atomic_fraction", bottom) if each.place == one.place),
            None,
        )
        if two is None:
            continue
        if not (one.positive and two.positive):
            found.append(one if not one.positive else two)
            continue
        found.append(_ratio(one, two, _covariance(sample, one.place, top, bottom)))
    return found


def _ratio(one: Located, two: Located, covariance: float) -> Located:
    value = one.row.value / two.row.value
    variance = (one.row.stddev / one.row.value) ** 2 + (two.row.stddev / two.row.value) ** 2
    variance -= 2 * covariance / (one.row.value * two.row.value)
    spread = math.sqrt(max(variance, 0.0))
    reach = math.exp(Z95 * spread)
    causes = {*one.shared, *two.shared}
    parts = {
        cause: value
        * (one.shared.get(cause, 0.0) / one.row.value - two.shared.get(cause, 0.0) / two.row.value)
        for cause in causes
    }
    row = _as_ratio(one.row, two.row, value, value * spread, (value / reach, value * reach))
    return replace(one, row=row, shared=parts)


def _as_ratio(one: Row, two: Row, value: float, stddev: float, ends: tuple[float, float]) -> Row:
    """Return a ratio as a row of EDS' vocabulary, which alone has one; it is shown, never stored."""
    return Row(
        technique="eds",
        quantity="atomic_ratio",
        subject=f"{one.subject}/{two.subject}",
        value=value,
        stddev=stddev,
        low=ends[0],
        high=ends[1],
        unit="1",
        method=one.method,
        origin=one.origin,
    )


def _covariance(sample: Sample, place: str, top: str, bottom: str) -> float:
    node = sample.tree[place].children.get("composition")
    if node is None:
        return 0.0
    table = node.to_dataset(inherit=False)
    elements = [str(each) for each in table["element"].values]
    if top not in elements or bottom not in elements:
        return 0.0
    return float(table["covariance"].values[elements.index(top), elements.index(bottom)])
