"""Impedance of the circuit elements and its derivatives in the scale of the fit; parameters are data."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.packaged import packaged

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
#: (parameters, each (spectra, 1)), angular frequency (spectra or 1, points) -> Z and dZ/dx per parameter
Impedance = Callable[[list[Floats], Floats], tuple[Complexes, list[Complexes]]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: name, unit, bounds, and whether it is fitted on the log scale."""

    name: str
    unit: str
    low: float
    high: float
    log: bool


@cache
def parameters(kind: str) -> tuple[Parameter, ...]:
    """Return the parameters of an element kind, such as "CPE"."""
    return tuple(Parameter(**entry) for entry in _table()[kind]["parameters"])


@cache
def _table() -> dict[str, Any]:
    return packaged("interlayer.electrochem.model", "elements.toml")


def kinds() -> tuple[str, ...]:
    """Return the element kinds, longest names first (for the grammar)."""
    return tuple(sorted(_table(), key=len, reverse=True))


def _resistor(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    z = np.asarray(p[0] + 0j * w, dtype=np.complex128)
    return z, [z]


def _capacitor(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    z = np.asarray(1.0 / (1j * w * p[0]), dtype=np.complex128)
    return z, [-z]


def _inductor(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    z = np.asarray(1j * w * p[0], dtype=np.complex128)
    return z, [z]


def _cpe(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    log_jw = np.log(w) + 0.5j * np.pi
    z = np.asarray(np.exp(-p[1] * log_jw) / p[0], dtype=np.complex128)
    return z, [-z, -z * log_jw]


def _warburg(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    z = np.asarray(p[0] * (1 - 1j) / np.sqrt(w), dtype=np.complex128)
    return z, [z]


def _root(p: list[Floats], w: Floats) -> Complexes:
    return np.asarray(np.sqrt(w * p[1]) * np.exp(0.25j * np.pi))


def _tanh(x: Complexes) -> Complexes:
    """Return tanh for Re x >= 0 without overflow."""
    e = np.exp(-2.0 * x)
    return np.asarray((1.0 - e) / (1.0 + e), dtype=np.complex128)


def _warburg_open(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    s = _root(p, w)
    coth = 1.0 / _tanh(s)
    z = p[0] * coth / s
    # d/ds(coth s/s) = (1 − coth²)/s − coth/s²; ds/dlnτ = s/2
    slope = p[0] * 0.5 * ((1.0 - coth**2) - coth / s)
    return z, [z, slope]


def _warburg_short(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    s = _root(p, w)
    tanh = _tanh(s)
    z = p[0] * tanh / s
    slope = p[0] * 0.5 * ((1.0 - tanh**2) - tanh / s)
    return z, [z, slope]


def _gerischer(p: list[Floats], w: Floats) -> tuple[Complexes, list[Complexes]]:
    inner = 1.0 + 1j * w * p[1]
    z = np.asarray(p[0] / np.sqrt(inner), dtype=np.complex128)
    return z, [z, -0.5 * z * (1j * w * p[1]) / inner]


FUNCTIONS: dict[str, Impedance] = {
    "R": _resistor,
    "C": _capacitor,
    "L": _inductor,
    "CPE": _cpe,
    "W": _warburg,
    "Wo": _warburg_open,
    "Ws": _warburg_short,
    "G": _gerischer,
}
