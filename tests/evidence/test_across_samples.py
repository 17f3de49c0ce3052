"""Links of structure and cell metrics, and differences between samples."""

import math

import numpy as np
import pytest
from evidence_samples import limit, result, row, sample
from scipy import stats

from interlayer.core.shared import Shared
from interlayer.core.summary import Row
from interlayer.evidence import differences, links
from interlayer.evidence.linking import holm
from interlayer.evidence.rank import order, p_value, tau
from interlayer.sample import Sample


def cell(k: int, structure: float, metric: Row) -> Sample:
    xps = result([row("xps", "atomic_fraction", "N 1s/Li3N", "at.%", structure, 0.02 * structure)])
    return sample(xps, result([metric], kind="plating"), sample_id=f"S{k}")


def t_plus(value: float) -> Row:
    return row("electrochem", "transference_number", "Li+", "1", value, 0.002)


def test_four_samples_cannot_tell_however_they_lie() -> None:
    (found,) = links([cell(k, 1.0 + k, t_plus(0.2 + 0.1 * k)) for k in range(4)])
    assert found.correlation == 1.0 and found.p_value == pytest.approx(1 / 12)
    assert found.verdict == "cannot tell" and "n = 4 cannot tell" in found.reason
    assert [each.sample_id for each in found.points] == ["S0", "S1", "S2", "S3"]
    assert "t(Li⁺)" in found.figure.title and found.figure.panels[0].xlabel == "Li₃N (N 1s) / at.%"


def test_seven_samples_in_order_are_linked() -> None:
    (found,) = links([cell(k, 1.0 + k, t_plus(0.7 - 0.05 * k)) for k in range(7)])
    assert found.verdict == "linked" and found.correlation == -1.0 and found.low >= -1
    assert found.p_value == pytest.approx(2 / math.factorial(7))


def test_seven_samples_in_no_order_are_not() -> None:
    (found,) = links([cell(k, 1.0 + k, t_plus(0.2 + 0.1 * (3 * k % 7))) for k in range(7)])
    assert found.verdict == "no link seen" and "would not be seen" in found.reason


def test_the_errors_of_the_points_leave_a_range() -> None:
    noisy = [row("electrochem", "transference_number", "Li+", "1", 0.4 + 0.001 * k, 0.05) for k in range(6)]
    (found,) = links([cell(k, 1.0 + k, each) for k, each in enumerate(noisy)])
    assert found.correlation == 1.0 and found.low < 0 < found.high


def test_a_limit_orders_what_it_can() -> None:
    """Cells that survived a test live longer than those that died before its end; among them nobody knows."""
    lives = [150.0, 200.0, 300.0]
    died = [row("electrochem", "lifetime", "0.2 mA/cm2", "h", value, 1.0) for value in lives]
    survived = [limit("electrochem", "lifetime", "0.2 mA/cm2", "h", status="lower limit", low=600.0)] * 2
    (found,) = links([cell(k, 1.0 + k, each) for k, each in enumerate([*died, *survived])])
    assert found.correlation == pytest.approx(18 / math.sqrt(20 * 18))
    assert found.points[-1].y == 600.0 and math.isinf(found.points[-1].y_high)


def test_two_samples_have_no_correlation() -> None:
    assert links([cell(k, 1.0 + k, t_plus(0.2 + 0.1 * k)) for k in range(2)]) == ()


@pytest.mark.parametrize("n", [4, 6, 8])
def test_exact_p_values_are_those_of_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(5):
        x, y = rng.random(n), rng.random(n)
        expected = stats.kendalltau(x, y, method="exact")
        assert tau(order(x, x), order(y, y)) == pytest.approx(expected.statistic)
        assert p_value(order(x, x), order(y, y))[0] == pytest.approx(expected.pvalue)


def test_permutation_p_values_are_near_the_exact_ones() -> None:
    rng = np.random.default_rng(2)
    x = rng.random(12)
    y = x + 0.4 * rng.random(12)
    expected = stats.kendalltau(x, y, method="exact").pvalue
    assert p_value(order(x, x), order(y, y))[0] == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("n", [13, 40])
def test_the_normal_distribution_has_the_variance_of_all_permutations(n: int) -> None:
    """Also with ties, as limits make them."""
    rng = np.random.default_rng(n)
    x, y = rng.integers(0, 6, n).astype(float), rng.integers(0, 9, n).astype(float)
    expected = stats.kendalltau(x, y, method="asymptotic").pvalue
    assert p_value(order(x, x), order(y, y))[0] == pytest.approx(expected, rel=1e-6)


def test_many_looks_are_corrected_together() -> None:
    assert holm([0.01, 0.02, 0.5]) == pytest.approx([0.03, 0.04, 0.5])
    assert holm([]) == []


# ------------------------------------------------------------------------------------- differences
def nitrile(percent: float, stddev: float, common: float, sample_id: str, parent: str = "") -> Sample:
    own = row("xps", "atomic_fraction", "N 1s/C≡N", "at.%", percent, stddev)
    part = Shared("atomic_fraction", "N 1s/C≡N", "sensitivity factor of N 1s", common)
    return sample(result([own], common=[part]), sample_id=sample_id, parent=parent)


def test_nitrile_is_reduced_and_the_common_factor_cancels() -> None:
    free = differences([nitrile(6.0, 0.6, 0.0, "one"), nitrile(2.0, 0.2, 0.0, "two", "one")])[0]
    tied = differences([nitrile(6.0, 0.6, 0.57, "one"), nitrile(2.0, 0.2, 0.19, "two", "one")])[0]
    assert free.verdict == tied.verdict == "reduced"
    assert free.change == pytest.approx(-100 * 2 / 3) and free.unit == "%"
    assert tied.high - tied.low < 0.5 * (free.high - free.low)
    assert tied.reason.startswith("C≡N (N 1s) reduced by 66.7 % (95 %: ")


def test_equal_samples_have_not_changed() -> None:
    found = differences([nitrile(6.0, 0.6, 0.0, "one"), nitrile(5.8, 0.6, 0.0, "two", "one")])[0]
    assert found.verdict == "no change seen" and found.low < 0 < found.high


def test_a_limit_gives_a_change_of_more_than() -> None:
    first = sample(result([row("electrochem", "lifetime", "0.2 mA/cm2", "h", 160.0, 1.0)]), sample_id="one")
    survived = limit("electrochem", "lifetime", "0.2 mA/cm2", "h", status="lower limit", low=600.0)
    second = sample(result([survived]), sample_id="two", parent="one")
    (found,) = differences([first, second])
    assert found.verdict == "increased" and math.isnan(found.change) and found.low > 250
    assert "by more than" in found.reason
    died = result([row("electrochem", "lifetime", "0.2 mA/cm2", "h", 150.0, 1.0)])
    (back,) = differences([second, sample(died, sample_id="three", parent="two")])
    assert back.verdict == "reduced"


def test_two_limits_say_nothing() -> None:
    survived = limit("electrochem", "lifetime", "0.2 mA/cm2", "h", status="lower limit", low=600.0)
    pair = [
        sample(result([survived]), sample_id="one"),
        sample(result([survived]), sample_id="two", parent="one"),
    ]
    assert all(each.verdict == "cannot tell" for each in differences(pair))


def test_percentages_are_subtracted_not_divided() -> None:
    kept = [row("electrochem", "capacity_retention", "cycle 100", "%", value, 0.1) for value in (80.0, 60.0)]
    pair = [
        sample(result([each]), sample_id=name, parent=parent)
        for each, name, parent in zip(kept, ("one", "two"), ("", "one"), strict=True)
    ]
    (found,) = differences(pair)
    assert found.change == pytest.approx(-20.0) and found.unit == "%"


def test_parent_and_child_are_compared_before_strangers() -> None:
    trio = [nitrile(6, 0.1, 0, "c", "b"), nitrile(5, 0.1, 0, "b"), nitrile(4, 0.1, 0, "z")]
    pairs = [(each.first_id, each.second_id) for each in differences(trio)]
    assert pairs[0] == ("b", "c") and set(pairs) == {("b", "c"), ("c", "z"), ("b", "z")}
    many = [nitrile(6, 0.1, 0, f"s{k}") for k in range(12)]
    assert differences(many) == ()
