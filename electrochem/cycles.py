"""Cycles of a cell from its half cycles: pairs, unfinished ends, C-rates, reference, blocks of one rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interlayer.core.errors import AnalysisError
from interlayer.electrochem.common import (
    Floats,
    Given,
    Outcome,
)
from interlayer.electrochem.halves import Half

#: a last half cycle that passes less than this share of the one before was not finished
_UNFINISHED = 0.5


@dataclass(slots=True)
class Cycles:
    """Per cycle: capacities in Ah, energies in Wh, C-rates or currents; NaN for a half that is missing.

    A cycle of a full cell is a charge and the discharge after it; of a half cell a discharge and the charge
    after it. A first half of the other direction is cycle 0.
    """

    number: np.ndarray[tuple[int], np.dtype[np.int64]]
    charge: Floats
    discharge: Floats
    energy_charge: Floats
    energy_discharge: Floats
    charge_current: Floats
    discharge_current: Floats
    charge_half: list[Half | None]
    discharge_half: list[Half | None]


def pair(found: Sequence[Half], *, half_cell: bool) -> Cycles:
    """Return the cycles that half cycles make up, in order."""
    lead = -1 if half_cell else 1
    pairs: list[list[Half | None]] = []
    for half in found:
        if half.sign == lead:
            pairs.append([half, None])
        elif pairs and pairs[-1][1] is None:
            pairs[-1][1] = half
        else:
            pairs.append([None, half])
    first = 0 if pairs and pairs[0][0] is None else 1
    leads, follows = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    charges, discharges = (follows, leads) if half_cell else (leads, follows)

    def of(halves: Sequence[Half | None], name: str) -> Floats:
        return np.array(
            [np.nan if half is None else getattr(half, name) for half in halves], dtype=np.float64
        )

    return Cycles(
        np.arange(first, first + len(pairs)),
        of(charges, "capacity"),
        of(discharges, "capacity"),
        of(charges, "energy"),
        of(discharges, "energy"),
        of(charges, "current"),
        of(discharges, "current"),
        charges,
        discharges,
    )


def drop_unfinished(cycles: Cycles, outcome: Outcome) -> None:
    """Mark a last discharge that was cut short by the end of the data as missing."""
    known = np.flatnonzero(np.isfinite(cycles.discharge))
    if known.size == 0:
        raise AnalysisError("no discharge was found", expected="charge and discharge steps (charge positive)")
    if known.size < 3:
        return
    last, before = known[-1], known[-2]
    same = abs(cycles.discharge_current[last] / cycles.discharge_current[before] - 1) < 0.2
    if (
        same
        and cycles.discharge[last] < _UNFINISHED * cycles.discharge[before]
        and last == cycles.number.size - 1
    ):
        outcome.warnings.append(
            f"The last discharge (cycle {cycles.number[last]}) was not finished and is left out."
        )
        cycles.discharge[last] = np.nan
        cycles.energy_discharge[last] = np.nan


def rate_name(rate: float) -> str:
    """Return the name of a C-rate.

    Examples
    --------
    >>> rate_name(0.1003), rate_name(0.3333), rate_name(1.02), rate_name(0.5)
    ('0.1C', '0.33C', '1C', '0.5C')
    """
    for digits in (1, 2):
        text = float(f"{rate:.{digits}g}")
        if abs(text / rate - 1) < 0.04:
            return f"{text:g}C"
    return f"{float(f'{rate:.2g}'):g}C"


def rates_of(cycles: Cycles, nominal: float, mass: float) -> tuple[Floats, list[str]]:
    """Return the discharge rate of each cycle in 1/h (NaN when 1C is not known) and its name."""
    one_c = nominal * mass * 1e-3
    if not np.isfinite(one_c):
        return np.full(cycles.number.size, np.nan), [""] * cycles.number.size
    rates = cycles.discharge_current / one_c
    return rates, [rate_name(rate) if np.isfinite(rate) and rate > 0 else "" for rate in rates]


def reference_of(cycles: Cycles, rates: Floats, given: Given) -> tuple[int, int]:
    """Return the places of the last cycle and of the cycle that retention refers to."""
    del rates
    known = np.flatnonzero(np.isfinite(cycles.discharge))
    last = int(known[-1])
    wanted = given.number("reference_cycle")
    if np.isfinite(wanted):
        match = np.flatnonzero((cycles.number == int(wanted)) & np.isfinite(cycles.discharge))
        if match.size == 0:
            raise AnalysisError(
                "the reference cycle is not in the data",
                expected=f"a cycle from {cycles.number[known[0]]} to {cycles.number[last]}",
                found=int(wanted),
            )
        return last, int(match[0])
    current = cycles.discharge_current
    same = known[np.abs(current[known] / current[last] - 1) < 0.1]
    full = same[cycles.number[same] > 0]
    return last, int((full if full.size else same)[0])


def block(cycles: Cycles, names: Sequence[str], place: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the stretch of cycles around one that has its rate."""
    first = last = place
    while first > 0 and names[first - 1] == names[place]:
        first -= 1
    while last + 1 < len(names) and names[last + 1] == names[place]:
        last += 1
    block = np.arange(first, last + 1)
    block = block[np.isfinite(cycles.discharge[block])]
    whole = block[
        cycles.number[block] > 0
    ]  # a half cycle before the first whole one counts where it is alone
    return whole if whole.size else block


def efficiency(cycles: Cycles, *, half_cell: bool) -> Floats:
    """Return the coulombic efficiency of each cycle in %."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = cycles.charge / cycles.discharge if half_cell else cycles.discharge / cycles.charge
    return 100 * ratio
