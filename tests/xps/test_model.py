"""The physics: derivatives, integrals, known answers."""

from itertools import pairwise

import numpy as np
import pytest

from interlayer.xps.model import kernels
from interlayer.xps.model.region import Peak, Region
from interlayer.xps.model.shapes import PARAMETERS, SHAPES, line

ENERGY = np.linspace(280.0, 292.0, 61)
# no position on the axis: a skewed line's second derivative jumps there
RAW = np.array([284.83, 287.07, 900.0, 300.0, 1.3, 1.6, 0.3, 1.1, 1.7, 0.03, 500.0, 4.0])


def raw_of(shape: str) -> np.ndarray:
    raw = RAW.copy()
    if shape in ("doniach-sunjic", "pseudo-voigt", "voigt"):
        raw[7] = 0.12
    return raw


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("background", ["active-shirley", "tougaard", "linear", "exponential"])
@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_jacobian(shape: str, background: str, ratio: float) -> None:
    peaks = (Peak("a", 1.2 if ratio else 0.0, ratio), Peak("b"))
    region = Region("x", ENERGY, np.ones_like(ENERGY), peaks, background, shape=shape)
    raw = raw_of(shape)
    if background == "exponential":
        raw[-1] = 0.05
    _, jacobian = region.evaluate(raw)
    for i in range(raw.size):
        if background in ("linear", "exponential") and i == raw.size - 3:
            continue  # there is no step
        h = 1e-6 * max(abs(raw[i]), 1.0)
        up, down = raw.copy(), raw.copy()
        up[i] += h
        down[i] -= h
        numeric = (region.evaluate(up)[0] - region.evaluate(down)[0]) / (2 * h)
        # the Voigt's step is that of its pseudo-Voigt: its own derivative by construction
        assert np.allclose(jacobian[:, i], numeric, atol=2e-5 * max(np.abs(numeric).max(), 1e-3))


SHAPE_CASES = [
    ("pseudo-voigt", (0.0,)),
    ("pseudo-voigt", (0.7,)),
    ("voigt", (0.0,)),
    ("voigt", (0.7,)),
    ("product", (0.0,)),
    ("product", (0.02,)),
    ("product", (0.3,)),
    ("product", (1.0,)),
    ("la", (0.5, 1.0, 1.0)),
    ("la", (1.0, 1.3, 2.5)),
    ("la", (0.2, 4.0, 9.0)),
]


@pytest.mark.parametrize(("shape", "parameters"), SHAPE_CASES)
def test_area_is_the_integral(shape: str, parameters: tuple[float, ...]) -> None:
    """Integral by substitution x = tan u, exact for the Lorentzian tails."""
    step = np.pi / 400_000
    u = -np.pi / 2 + step * (np.arange(400_000) + 0.5)
    y = line(shape, np.tan(u), 0.1, 1.2, np.array(parameters))
    assert np.sum(y / np.cos(u) ** 2) * step == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_component_areas_are_window_integrals(shape: str) -> None:
    """The area of a component over a wide window, by the running integral and by summing the curve."""
    x = np.linspace(200.0, 400.0, 200_001)
    region = Region("x", x, np.ones_like(x), (Peak("a"),), shape=shape)
    raw = np.array([301.0, 700.0, 1.4, *raw_of(shape)[6:9], 0.02, 0.0, 0.0])
    value, below = region.profile(raw)
    summed = np.concatenate([[0.0], np.cumsum(0.5 * (value[0, 1:] + value[0, :-1]) * np.diff(x))])
    # the Voigt's own step is that of its pseudo-Voigt
    close = 6e-3 if shape == "voigt" else 1e-6
    assert np.max(np.abs((below[0] - below[0, 0]) - summed)) < close
    if shape == "doniach-sunjic":
        assert summed[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("shape", ["pseudo-voigt", "voigt"])
def test_fwhm_is_the_full_width_at_half_maximum(shape: str) -> None:
    value = line(shape, np.array([-0.65, 0.0, 0.65]), 0.0, 1.3, np.array([0.3]))
    assert value[0] / value[1] == pytest.approx(0.5, abs=1e-3)
    assert value[0] == pytest.approx(value[2], rel=1e-12)


def test_doniach_without_asymmetry_is_a_voigt_function() -> None:
    x = np.linspace(-400.0, 400.0, 8001)
    voigt = line("voigt", x, 0.0, 1.1, np.array([0.4]))
    doniach = line("doniach-sunjic", x, 0.0, 1.1, np.array([0.4, 1e-6]))
    assert np.max(np.abs(doniach - voigt)) < 2e-3 * voigt.max()


def test_la_with_powers_of_one_is_a_voigt_function() -> None:
    """Gaussian FWHM 0.8 times the Lorentzian's: compare with the convolution."""
    x = np.linspace(-60.0, 60.0, 24_001)
    sigma = 0.8 / np.sqrt(8.0 * np.log(2.0))
    lorentz, gauss = 2.0 / np.pi / (1.0 + 4.0 * x**2), np.exp(-0.5 * (x / sigma) ** 2)
    folded = np.convolve(lorentz, gauss / gauss.sum(), "same")
    inner = np.abs(x) < 10.0
    assert np.allclose(line("la", x, 0.0, 1.0, np.array([0.8, 1.0, 1.0]))[inner], folded[inner], atol=2e-5)


@pytest.mark.parametrize("shape", ["doniach-sunjic", "la"])
def test_asymmetric_tails_lie_at_high_binding_energy(shape: str) -> None:
    x = np.linspace(-20.0, 20.0, 401)
    y = line(shape, x, 0.0, 1.0, np.array([0.5, 0.2 if shape == "doniach-sunjic" else 0.7, 2.0]))
    assert y[300] > 2.0 * y[100]


def test_faddeeva_against_scipy() -> None:
    from scipy.special import wofz

    rng = np.random.default_rng(1)
    z = rng.normal(0.0, 8.0, 500) + 1j * 10.0 ** rng.uniform(-3.0, 1.0, 500)
    ours = np.array([kernels.faddeeva(each) for each in z])
    assert np.max(np.abs(ours / wofz(z) - 1.0)) < 1e-12


def test_every_shape_has_parameters_in_order() -> None:
    assert list(PARAMETERS) == list(SHAPES)
    numbers = [kernels.PSEUDO_VOIGT, kernels.VOIGT, kernels.PRODUCT, kernels.DONIACH, kernels.ASYMMETRIC]
    assert all(b == a + 1 for a, b in pairwise(numbers))


def test_universal_cross_section() -> None:
    """Maximum of T/(C + T²)² at T = √(C/3) = 23.4 eV; classes are normalised to one."""
    from interlayer.xps.model.cross_section import classes, loss

    t = np.arange(0.0, 4000.0, 0.05)
    assert t[np.argmax(loss(t, "universal"))] == pytest.approx(np.sqrt(1643.0 / 3.0), abs=0.05)
    for name in classes():
        assert np.sum(loss(t, name)) * 0.05 == pytest.approx(1.0, abs=2e-3)
