"""Lines that no model shape describes: intervals hold all the same; a shape named by the user is tested."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.special import voigt_profile

from interlayer.core import results
from interlayer.xps import analyze, levels
from interlayer.xps.spectra import Spectrum, build

TRUTH = {"a": (284.8, 60_000.0), "b": (286.4, 25_000.0), "c": (287.9, 12_000.0), "d": (289.8, 15_000.0)}


def line(x: np.ndarray, at: float) -> np.ndarray:
    """Return a Voigt function of unit area that grows by 10 % in width above its position."""

    def bare(t: np.ndarray) -> np.ndarray:
        return np.asarray(voigt_profile(t / (1.0 + 0.2 * np.tanh(t)), 0.45, 0.2))

    u = (np.arange(20_000) + 0.5) * np.pi / 20_000 - 0.5 * np.pi
    return bare(x - at) / float(np.sum(bare(np.tan(u)) / np.cos(u) ** 2) * np.pi / 20_000)


@pytest.fixture
def template(tmp_path: Path) -> str:
    path = tmp_path / "four.toml"
    own = "\n".join(
        f'"C 1s/{name}" = {{ energy = {at}, tolerance = 0.5 }}' for name, (at, _) in TRUTH.items()
    )
    path.write_text(f"lines = {[f'C 1s/{name}' for name in TRUTH]}\n[line]\n{own}\n".replace("'", '"'))
    return str(path)


def analysed(template: str, seed: int, **settings: str) -> xr.DataTree:
    energy = np.round(278.0 + 0.1 * np.arange(200), 3)
    mean = 9000.0 + sum(area * line(energy, at) for at, area in TRUTH.values())
    counts = np.random.default_rng(seed).poisson(mean).astype(float)
    raw = build([Spectrum("C 1s", energy, counts)], source="four")
    return analyze(raw, template=template, charge_reference="none", **settings)


def test_intervals_hold_for_skewed_lines(template: str) -> None:
    held = [
        row.low <= TRUTH[row.subject.partition("/")[2]][1] <= row.high
        for seed in range(20)
        for row in results.rows_of(analysed(template, seed))
        if row.quantity == "area" and row.status == "measured" and "+" not in row.subject
    ]
    assert len(held) > 60
    assert np.mean(held) >= 0.9


def test_a_shape_of_ones_own_that_does_not_fit_is_said(template: str) -> None:
    for shape, said in (("voigt", True), ("auto", False)):
        warnings = results.warnings_of(analysed(template, 3, line_shape=shape))
        assert any("does not describe the data" in text for text in warnings) is said


@pytest.mark.parametrize(
    ("low", "high", "level"),
    [(-2.0, 22.0, ""), (278.0, 298.0, "C 1s"), (48.0, 62.0, "Li 1s"), (0.0, 1200.0, "")],
)
def test_a_level_from_its_range(low: float, high: float, level: str) -> None:
    assert levels.from_range(low, high) == level


def test_the_shape_of_one_line_is_not_a_second_peak() -> None:
    energy = np.round(278.0 + 0.1 * np.arange(200), 3)
    counts = np.random.default_rng(7).poisson(9000.0 + 100_000.0 * line(energy, 286.0)).astype(float)
    found = analyze(build([Spectrum("C 1s", energy, counts)], source="one"), charge_reference="none")
    areas = [row for row in results.rows_of(found) if row.quantity == "area"]
    assert [row.status for row in areas] == ["measured"]
    assert areas[0].low < 100_000.0 < areas[0].high
