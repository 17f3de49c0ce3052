import numpy as np
import pytest

from interlayer.core.intervals import Interval, cluster_bootstrap, from_stddev, misfit_factor, profile


def test_the_profile_of_a_parabola_is_the_normal_interval() -> None:
    interval = profile(lambda v: ((v - 3.0) / 0.5) ** 2, 3.0, 0.5)
    exact = from_stddev(3.0, 0.5)
    assert (interval.low, interval.high) == (
        pytest.approx(exact.low, rel=1e-5),
        pytest.approx(exact.high, rel=1e-5),
    )


def test_a_poor_first_guess_of_the_stddev_does_not_matter() -> None:
    wide = profile(lambda v: ((v - 3.0) / 0.5) ** 2, 3.0, 0.01)
    assert wide.high == pytest.approx(3.98, abs=1e-3)


def test_a_profile_stops_at_its_bound_and_is_open_where_the_data_say_nothing() -> None:
    assert profile(lambda v: (v - 0.1) ** 2, 0.1, 1.0, lower=0.0).low == 0.0
    assert profile(lambda v: 0.0, 1.0, 1.0).high == np.inf


def test_poisson_profile_covers() -> None:
    rng = np.random.default_rng(1)
    truth, hits, runs = 12.0, 0, 1000
    for count in rng.poisson(truth, runs):

        def deviance(mean: float, count: int = int(count)) -> float:
            return 2 * (mean - count * np.log(mean))

        interval = profile(deviance, float(count), float(np.sqrt(count)), lower=1e-9)
        hits += interval.low <= truth <= interval.high
    assert 0.93 <= hits / runs <= 0.97


def test_the_clustered_bootstrap_sees_scatter_between_groups() -> None:
    rng = np.random.default_rng(2)
    groups = [rng.normal(100 * (1 + 0.05 * rng.standard_normal()), 10, 200) for _ in range(8)]
    clustered = cluster_bootstrap(groups, lambda v: float(v.mean()), replicates=400)
    naive = cluster_bootstrap([np.concatenate(groups)], lambda v: float(v.mean()), replicates=400)
    assert clustered.stddev > 2 * naive.stddev
    assert clustered == cluster_bootstrap(groups, lambda v: float(v.mean()), replicates=400)


def test_systematic_parts_and_units() -> None:
    interval = Interval(10.0, 1.0, 8.0, 12.5).with_systematic(2.0)
    assert interval.low == pytest.approx(10 - np.hypot(2.0, 3.92), abs=0.01) and interval.high > 12.5
    assert Interval(10.0, 1.0, 8.0, 12.0).scaled(-2.0) == Interval(-20.0, 2.0, -24.0, -16.0)
    assert misfit_factor(50.0, 100.0) == 1.0 and misfit_factor(400.0, 100.0) == 2.0
