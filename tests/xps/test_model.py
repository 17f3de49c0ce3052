"""The physics: derivatives, integrals, known answers."""

from collections.abc import Callable

import numpy as np
import pytest

from interlayer.xps.model.region import Peak, Region
from interlayer.xps.model.shapes import SHAPES

ENERGY = np.linspace(280.0, 292.0, 61)
RAW = np.array([284.8, 287.0, 900.0, 300.0, 1.3, 1.6, 0.3, 0.03, 500.0, 4.0])


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("background", ["active-shirley", "tougaard", "linear"])
@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_jacobian(shape: str, background: str, ratio: float) -> None:
    peaks = (Peak("a", 1.2 if ratio else 0.0, ratio), Peak("b"))
    region = Region("x", ENERGY, np.ones_like(ENERGY), peaks, background, shape=shape)
    _, jacobian = region.evaluate(RAW)
    for i in range(RAW.size):
        if background == "linear" and i == RAW.size - 3:
            continue  # the step is locked there
        h = 1e-6 * max(abs(RAW[i]), 1.0)
        up, down = RAW.copy(), RAW.copy()
        up[i] += h
        down[i] -= h
        numeric = (region.evaluate(up)[0] - region.evaluate(down)[0]) / (2 * h)
        # the Voigt's step is that of its pseudo-Voigt: its own derivative by construction
        assert np.allclose(jacobian[:, i], numeric, atol=2e-5 * max(np.abs(numeric).max(), 1e-3))


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("eta", [0.0, 0.2, 0.7])
def test_area_is_the_integral(shape: str, eta: float) -> None:
    """Integral by substitution x = tan u, exact for the Lorentzian tails."""
    u = np.linspace(-np.pi / 2, np.pi / 2, 200_003)[1:-1]
    x = np.tan(u)
    p = SHAPES[shape](x, np.array([0.1]), np.array([1.2]), eta)
    assert np.trapezoid(p.value[0] / np.cos(u) ** 2, u) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_fwhm_is_the_full_width_at_half_maximum(shape: str) -> None:
    profile: Callable[..., object] = SHAPES[shape]
    p = profile(np.array([-0.65, 0.0, 0.65]), np.array([0.0]), np.array([1.3]), 0.3)
    value = p.value[0]  # type: ignore[attr-defined]
    assert value[0] / value[1] == pytest.approx(0.5, abs=1e-3)
    assert value[0] == pytest.approx(value[2], rel=1e-12)
