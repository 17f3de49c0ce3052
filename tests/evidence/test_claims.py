import math

import pytest

from interlayer.core.intervals import Interval
from interlayer.core.summary import Row, Rows
from interlayer.evidence import check, claimed_range, rounding
from interlayer.study import Claim

ROWS = Rows("eds", "map.spd")


def claim(**facts: object) -> Claim:
    base = {"sample": "a", "technique": "eds", "quantity": "layer_thickness", "subject": "N", "unit": "um"}
    return Claim.model_validate({**base, **facts})


def measured(value: float, low: float, high: float) -> Row:
    return ROWS.measured("layer_thickness", "N", Interval(value, (high - low) / 3.92, low, high), "nm", "fit")


@pytest.mark.parametrize(
    ("facts", "row", "verdict"),
    [
        ({"value": 0.9, "digits": "0.9"}, measured(915, 905, 925), "agree"),  # 0.9 stands for 0.85 to 0.95
        ({"value": 0.9, "digits": "0.900"}, measured(915, 905, 925), "disagree"),
        ({"value": 0.9}, measured(700, 600, 800), "disagree"),
        ({"low": 0.8, "high": 1.0}, measured(900, 700, 1100), "agree"),
        ({"low": 0.8, "high": 1.0}, measured(1050, 950, 1150), "cannot tell"),
        ({"low": 0.8}, measured(700, 650, 750), "disagree"),
        ({"low": 0.6}, ROWS.limit("lower", "layer_thickness", "N", 650.0, "nm", "fit"), "agree"),
        ({"low": 0.6}, ROWS.limit("lower", "layer_thickness", "N", 550.0, "nm", "fit"), "cannot tell"),
        ({"high": 0.5}, ROWS.limit("lower", "layer_thickness", "N", 550.0, "nm", "fit"), "disagree"),
        ({"value": 0.9}, ROWS.limit("upper", "layer_thickness", "N", 200.0, "nm", "fit"), "disagree"),
        ({"value": 0.1}, ROWS.limit("upper", "layer_thickness", "N", 200.0, "nm", "fit"), "cannot tell"),
        ({"status": "not detected"}, measured(900, 890, 910), "disagree"),
        (
            {"status": "not detected"},
            ROWS.absent("not detected", "layer_thickness", "N", "nm", "fit", "no N", 50.0),
            "agree",
        ),
        (
            {"value": 0.9},
            ROWS.absent("not resolved", "layer_thickness", "N", "nm", "fit", "blur"),
            "cannot tell",
        ),
        ({"value": 0.9, "subject": "O"}, measured(900, 890, 910), "cannot tell"),
        ({"value": 0.9, "quantity": "layer_thicknes"}, measured(900, 890, 910), "cannot tell"),
    ],
)
def test_verdicts(facts: dict[str, object], row: Row, verdict: str) -> None:
    found = check(claim(**facts), [("/eds", row)])
    assert found.verdict == verdict and found.reason


def test_two_results_that_fit_need_a_name() -> None:
    rows = [("/eds/one", measured(900, 890, 910)), ("/eds/two-x", measured(500, 490, 510))]
    assert check(claim(value=0.9), rows).verdict == "cannot tell"
    assert check(claim(value=0.9, name="one"), rows).verdict == "agree"
    assert check(claim(value=0.9, name="two x"), rows).verdict == "disagree"


def test_the_distance_is_said_in_sigma() -> None:
    assert "σ" in check(claim(value=0.5), [("/eds", measured(900, 880.4, 919.6))]).reason


def test_what_a_number_stands_for() -> None:
    assert rounding("2.10e-9") == pytest.approx(5e-12) and rounding("35") == 0.5
    assert claimed_range(claim(low=600.0)) == (600.0, math.inf)
