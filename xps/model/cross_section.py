"""Inelastic scattering cross-sections of S. Tougaard: which energy losses a photoelectron suffers."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.packaged import packaged

Floats = NDArray[np.floating[Any]]


@cache
def classes() -> dict[str, dict[str, float]]:
    """Return the classes of materials of cross_sections.toml: C in eV², D in eV², the gap T₀ in eV."""
    return {
        name: dict(entry)
        for name, entry in packaged("interlayer.xps", "data/cross_sections.toml")["class"].items()
    }


def loss(energy_loss: Floats, material: str) -> Floats:
    """Return the cross-section of a class, normalised to 1 over all losses (1/eV).

    Notes
    -----
    Without D the two-parameter T / (C + T²)² (S. Tougaard, Surf. Interface Anal. 11, 453 (1988)), with D the
    three-parameter T / ((C − T²)² + D T²) (S. Tougaard, Surf. Interface Anal. 25, 137 (1997)).
    """
    entry = classes()[material]
    t = np.maximum(np.asarray(energy_loss, dtype=np.float64), 0.0)
    kernel = _bare(t, entry)
    fine = np.linspace(0.0, 1.0, 20_001)[1:-1]
    far = 20.0 * fine / (1.0 - fine)
    norm = float(np.sum(_bare(far, entry) * 20.0 / (1.0 - fine) ** 2)) * (fine[1] - fine[0])
    return np.asarray(np.where(energy_loss > entry.get("gap", 0.0), kernel / norm, 0.0))


def _bare(t: Floats, entry: dict[str, float]) -> Floats:
    c, d = entry["C"], entry.get("D")
    gap = t > entry.get("gap", 0.0)
    value = t / (c + t * t) ** 2 if d is None else t / ((c - t * t) ** 2 + d * t * t)
    return np.asarray(np.where(gap, value, 0.0))


def matrix(energy: Floats, material: str) -> Floats:
    """Return the (m, m) matrix that folds a signal on an ascending axis with the cross-section.

    What lies below the window is not known and counts as nothing; the constant and the slope of the
    background take it up.
    """
    lost = energy[:, None] - energy[None, :]
    return np.asarray(np.tril(loss(lost, material) * np.gradient(energy)))
