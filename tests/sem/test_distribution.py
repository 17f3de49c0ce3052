"""Statistics with known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from interlayer.sem import distribution as d
from interlayer.sem.resample import intervals


def test_edge_correction_is_unbiased() -> None:
    """Discs thrown over a small frame: plain means are too small, weighted ones right (sem-eds.md, 4)."""
    rng = np.random.default_rng(0)
    size = rng.lognormal(np.log(200), 0.3, 200_000)
    frame = 2000.0
    x, y = rng.uniform(-500, frame + 500, (2, size.size))
    inside = (x - size / 2 > 0) & (x + size / 2 < frame) & (y - size / 2 > 0) & (y + size / 2 < frame)
    bound = np.full(size.size, frame)
    weights = d.edge_weights(size, size, inside, (bound, bound))
    assert size[inside].mean() / size.mean() - 1 < -0.01
    assert d.mean(size[inside], weights[inside]) == pytest.approx(size.mean(), rel=0.002)


def test_moments_and_quantiles() -> None:
    values, weights = np.arange(1.0, 102.0), np.ones(101)
    assert d.mean(values, weights) == pytest.approx(51.0)
    assert d.sd(values, weights) == pytest.approx(np.std(values, ddof=1))
    assert d.quantile(0.5)(values, weights) == pytest.approx(51.0)
    assert d.quantile(0.1)(values, weights) == pytest.approx(np.quantile(values, 0.1), abs=0.7)
    assert d.geometric_mean(values, weights) == pytest.approx(stats.gmean(values))


@settings(max_examples=30, deadline=None, database=None)
@given(st.lists(st.floats(1.0, 1000.0), min_size=3, max_size=60), st.floats(0.1, 10.0))
def test_statistics_scale_with_the_unit(values: list[float], factor: float) -> None:
    array, weights = np.array(values), np.ones(len(values))
    for name in ("diameter_mean", "diameter_sd", "diameter_d10", "diameter_d90", "diameter_geometric_mean"):
        one, two = d.STATISTICS[name](array, weights), d.STATISTICS[name](array * factor, weights)
        assert two == pytest.approx(one * factor, rel=1e-9, abs=1e-9)


def test_log_normal_is_recovered_also_truncated() -> None:
    values = np.random.default_rng(1).lognormal(np.log(200), 0.35, 20_000)
    fitted = d.log_normal(values, np.ones(values.size))
    assert fitted.median == pytest.approx(200, rel=0.01)
    kept = values[values > 180]
    cut = d.log_normal(kept, np.ones(kept.size), 180.0)
    assert cut.median == pytest.approx(200, rel=0.06)
    assert np.log(cut.geometric_sd) == pytest.approx(0.35, rel=0.12)


def test_histogram_and_densities_hold_all_particles() -> None:
    values = np.random.default_rng(2).lognormal(np.log(200), 0.25, 500)
    weights = np.ones(500)
    edges, frequency = d.histogram(values, weights)
    assert frequency.sum() == pytest.approx(100.0)
    grid = np.linspace(20, 900, 4000)
    assert np.trapezoid(d.kernel_density(values, weights, grid), grid) == pytest.approx(1.0, abs=0.01)
    assert np.trapezoid(d.log_normal(values, weights).density(grid), grid) == pytest.approx(1.0, abs=0.01)
    assert edges[0] <= values.min() <= values.max() <= edges[-1]


def test_interval_widens_with_scatter_between_images() -> None:
    rng = np.random.default_rng(3)
    same = [rng.normal(200, 30, 60) for _ in range(5)]
    apart = [values * factor for values, factor in zip(same, (0.8, 0.9, 1.0, 1.1, 1.2), strict=True)]
    ones = [np.ones(60)] * 5
    narrow, wide = (intervals(each, ones)["diameter_mean"] for each in (same, apart))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert narrow.low < 200 < narrow.high
