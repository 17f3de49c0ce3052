"""Fits of one's own: certified values, links, lmfit's report."""

import re
from pathlib import Path

import lmfit
import numpy as np
import pytest

from interlayer.core.errors import SettingError
from interlayer.xps import lmfit_view
from interlayer.xps.components import Component, model
from interlayer.xps.fit import Fit, fit
from interlayer.xps.model.program import compiled, run

_GAUSS_FWHM = 2.0 * np.sqrt(np.log(2.0))


def certified(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return data, certified values with their standard deviations, and the residual sum of squares."""
    lines = [line.lstrip("#") for line in path.read_text(encoding="ascii").splitlines()]
    values = np.array(
        [[float(x) for x in line.split()[4:6]] for line in lines if re.match(r"\s+b\d =", line)]
    )
    squares = next(float(line.split(":")[1]) for line in lines if line.startswith("Residual Sum of Squares"))
    data = np.loadtxt(path, skiprows=60)
    return data[:, 1], data[:, 0], values, squares


def gauss3(x: np.ndarray, y: np.ndarray, position: tuple[float, float], width: float) -> Fit:
    peaks = [Component("1", position[0], width), Component("2", position[1], width)]
    joint = model(
        x, y, peaks, background="exponential", weights="uniform", fixed={"eta": 0.0}, start={"slope": 0.01}
    )
    return fit(joint, tolerance=1e-12)


@pytest.mark.parametrize("start", [((113.0, 140.0), 33.3), ((110.0, 139.0), 41.6)])
def test_nist_gauss3(real: Path, start: tuple[tuple[float, float], float]) -> None:
    """From the two starts of NIST: b1 exp(−b2 x) + b3 exp(−(x − b4)²/b5²) + b6 exp(−(x − b7)²/b8²)."""
    x, y, known, squares = certified(real / "xps" / "NIST_Gauss3.dat")
    found = gauss3(x, y, *start)
    at = {p.name: float(v) for p, v in zip(found.joint.parameters, found.theta, strict=True)}
    middle = 0.5 * (x[0] + x[-1])
    values = [at["constant"] * np.exp(at["slope"] * middle), at["slope"]]
    for name in "12":
        width = at[f"fwhm:{name}"] / _GAUSS_FWHM
        values += [at[f"area:{name}"] / (width * np.sqrt(np.pi)), at[f"position:{name}"], width]
    assert np.allclose(values, known[:, 0], rtol=1e-6, atol=0.0)
    residual = y - found.solution.normal.model[0]
    assert float(residual @ residual) == pytest.approx(squares, rel=1e-9)
    spread = np.sqrt(np.diag(found.covariance))
    for name, row in (("position:1", 3), ("position:2", 6), ("slope", 1)):
        assert spread[found.joint.index(name)] == pytest.approx(known[row, 1], rel=1e-5)
    for name, row in (("fwhm:1", 4), ("fwhm:2", 7)):
        assert spread[found.joint.index(name)] / _GAUSS_FWHM == pytest.approx(known[row, 1], rel=1e-5)


def doublet(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    x = np.arange(160.0, 180.0, 0.1)
    mean = 800.0 + np.zeros(x.size)
    for at, area in ((168.0, 4000.0), (169.18, 2000.0)):
        mean = mean + area * np.exp(-4.0 * np.log(2.0) * (x - at) ** 2 / 1.4**2) * 2.0 / 1.4 * 0.46972
    return x, np.random.default_rng(seed).poisson(mean).astype(float)


LINKS = {
    "fwhm:b": "{fwhm:a}",
    "area:b": "0.5 * {area:a}",
    "position:b": "{position:a} + 1.18",
}


def test_links_tie_value_and_uncertainty() -> None:
    x, y = doublet()
    parts = [Component("a", 168.2), Component("b", 169.4)]
    found = fit(model(x, y, parts, links=LINKS, fixed={"eta": 0.0}))
    at = {p.name: i for i, p in enumerate(found.joint.parameters)}
    theta, spread = found.theta, np.sqrt(np.diag(found.covariance))
    assert theta[at["area:b"]] == pytest.approx(0.5 * theta[at["area:a"]], rel=1e-12)
    assert spread[at["area:b"]] == pytest.approx(0.5 * spread[at["area:a"]], rel=1e-9)
    assert theta[at["position:b"]] - theta[at["position:a"]] == pytest.approx(1.18, abs=1e-12)
    built_in = fit(model(x, y, [Component("a", 168.2, split=1.18, ratio=0.5)], fixed={"eta": 0.0}))
    whole = built_in.theta[built_in.joint.index("area:a")]
    assert theta[at["area:a"]] * 1.5 == pytest.approx(whole, rel=1e-5)
    first = np.sqrt(built_in.covariance[1, 1])
    assert spread[at["area:a"]] * 1.5 == pytest.approx(first, rel=1e-3)


def test_links_in_a_chain_and_in_a_circle() -> None:
    x, y = doublet()
    parts = [Component(name, 168.0 + i) for i, name in enumerate("abc")]
    chain = {"fwhm:c": "{fwhm:b}", "fwhm:b": "1.1 * {fwhm:a}"}
    found = fit(model(x, y, parts, links=chain))
    at = found.joint.index
    assert found.theta[at("fwhm:c")] == pytest.approx(1.1 * found.theta[at("fwhm:a")], rel=1e-12)
    with pytest.raises(SettingError, match="circle"):
        fit(model(x, y, parts, links={"fwhm:a": "{fwhm:b}", "fwhm:b": "{fwhm:a}"}))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "{area:a}.real",
        "[1, 2]",
        "lambda: 1",
        "area",
        "{nothing}",
        "exp(1, 2)",
        "1 +",
        "True",
    ],
)
def test_expressions_that_are_refused(text: str) -> None:
    with pytest.raises(SettingError):
        compiled(text, {"area:a": 0})


@pytest.mark.parametrize(
    "text",
    [
        "a + 2*b - 3/c",
        "a**2 * exp(-b) + sqrt(c)",
        "log(a) + log10(b) - tanh(c)",
        "sin(a)*cos(b) + tan(c)",
        "arctan(a) - sinh(b) + cosh(c)",
        "abs(-a) + min(b, c) + max(b, c)",
        "a if a > b else c**b",
        "where(a < b, a*b, c)",
        "-a**2 + +b",
        "pi * a**b",
    ],
)
def test_gradients_of_expressions(text: str) -> None:
    theta = np.array([0.7, 1.3, 0.4])
    steps = compiled(text, {"a": 0, "b": 1, "c": 2})
    value, slope = run(steps, theta)
    assert np.isfinite(value)
    for i in range(3):
        up, down = theta.copy(), theta.copy()
        up[i] += 1e-6
        down[i] -= 1e-6
        assert slope[i] == pytest.approx((run(steps, up)[0] - run(steps, down)[0]) / 2e-6, abs=1e-6)


def test_lmfit_shows_the_result() -> None:
    x, y = doublet()
    found = fit(model(x, y, [Component("a", 168.2), Component("b", 169.4)], links=LINKS))
    shown = lmfit_view.result(found)
    text = lmfit.fit_report(shown)
    assert "area_a" in text
    assert "reduced chi-square" in text
    index = found.joint.index("area:a")
    assert shown.params["area_a"].value == pytest.approx(found.theta[index])
    assert shown.params["area_a"].stderr == pytest.approx(np.sqrt(found.covariance[index, index]))
    assert shown.redchi == pytest.approx(1.0, abs=0.3)


def test_unknown_parameters_are_refused() -> None:
    x, y = doublet()
    with pytest.raises(SettingError, match="unknown parameter"):
        model(x, y, [Component("a", 168.0)], fixed={"width:a": 1.0})
