"""Comparisons across techniques: pulls, intervals with shared errors, honest refusals."""

import math

import numpy as np
import pytest
import xarray as xr
from evidence_samples import Z95, limit, result, row, sample, texts
from hypothesis import given
from hypothesis import strategies as st

from interlayer.core.shared import Shared
from interlayer.evidence import Pull, examine
from interlayer.evidence.numbers import Number, difference, pull
from interlayer.sample import Sample

LAYER = "layer thickness (EDS) against particle size (SEM)"
RESISTANCE = "layer thickness (EDS) against interfacial resistance (EIS)"
SIZE = "crystallite size (XRD) against particle size (SEM)"
HEIGHT = "displacement (XRD) against layer thickness (EDS)"


def pulls(made: Sample) -> dict[str, Pull]:
    return {each.title: each for each in examine(made).pulls}


def layer(nm: float, stddev: float = 9.0, *common: Shared) -> xr.DataTree:
    return result([row("eds", "layer_thickness", "N", "nm", nm, stddev)], common=common)


def particles(nm: float, stddev: float = 6.0, *common: Shared) -> xr.DataTree:
    rows = [row("sem", name, "particles", "nm", nm, stddev) for name in ("diameter_d50", "diameter_mean")]
    node = xr.Dataset(
        {
            "weighting": ("row", texts("number", "volume")),
            "statistic": ("row", texts("diameter_mean", "diameter_mean")),
            **{name: ("row", [nm, 1.1 * nm]) for name in ("value", "low", "high")},
            "stddev": ("row", [stddev, stddev]),
        }
    )
    return result(rows, {"statistics": node}, common=common)


def impedance(*ohms: float, stddev: float = 1.0) -> xr.DataTree:
    rows = [
        row("electrochem", "area_specific_resistance", f"R{k} first", "ohm cm^2", value, stddev)
        for k, value in enumerate(ohms)
    ]
    return result(rows, kind="eis")


def test_a_layer_of_particles_is_as_thick_as_they_are() -> None:
    found = pulls(sample(layer(900.0), particles(230.0)))[LAYER]
    assert found.verdict == "consistent" and found.value == 0
    assert found.difference == pytest.approx(math.log(900 / 230))
    assert found.low < found.difference < found.high
    assert (found.first.place, found.second.place) == ("/eds", "/sem")


def test_a_layer_thinner_than_its_particles_is_a_contradiction() -> None:
    found = pulls(sample(layer(90.0, 3.0), particles(230.0)))[LAYER]
    assert found.verdict == "inconsistent" and found.value < -5
    assert "0.39 times" in found.reason and "scale" in found.reason


def test_the_layer_cannot_resist_more_than_the_interface() -> None:
    """0.9 µm of Li3N has 0.07 to 9 ohm cm²: fine below 200, impossible below 0.001."""
    fine = pulls(sample(layer(900.0), impedance(70.0, 130.0, 100.0)))[RESISTANCE]
    assert fine.verdict == "consistent" and "230.0 Ω cm²" in fine.second.text
    wrong = pulls(sample(layer(900.0), impedance(70.0, 0.001, stddev=1e-5)))[RESISTANCE]
    assert wrong.verdict == "inconsistent" and wrong.value > 2


def test_the_electrolyte_is_no_interface() -> None:
    assert RESISTANCE not in pulls(sample(layer(900.0), impedance(70.0)))


def test_resistances_that_trade_in_the_fit_are_summed_with_their_covariance() -> None:
    rows = [
        row("electrochem", "area_specific_resistance", f"R{k} first", "ohm cm^2", 100.0, 10.0) for k in (1, 2)
    ]
    node = xr.Dataset(
        {"covariance": (("which", "parameter", "parameter_2"), [[[0.01, -0.0099], [-0.0099, 0.01]]])},
        coords={"parameter": texts("R1", "R2"), "parameter_2": texts("R1", "R2")},
    )
    tied = pulls(sample(layer(900.0), result(rows, {"correlation": node}, kind="eis")))[RESISTANCE]
    free = pulls(sample(layer(900.0), result(rows, kind="eis")))[RESISTANCE]
    assert tied.second.text.startswith("200.0 ") and free.second.text.startswith("200 ")


def test_crystallites_larger_than_particles_are_a_contradiction() -> None:
    crystal = result([row("xrd", "crystallite_size", "Li3N", "nm", 24.0, 1.2)])
    fine = pulls(sample(crystal, particles(230.0)))[SIZE]
    assert fine.verdict == "consistent" and "holds about 500 of them" in fine.reason
    large = result([row("xrd", "crystallite_size", "Li3N", "nm", 400.0, 20.0)])
    wrong = pulls(sample(large, particles(230.0)))[SIZE]
    assert wrong.verdict == "inconsistent" and wrong.value > 5


def surface(fluorine: float, nitrogen: float, covariance: float = 0.0) -> xr.DataTree:
    rows = [
        row("xps", "atomic_fraction", "F", "at.%", fluorine, 0.05 * fluorine),
        row("xps", "atomic_fraction", "N", "at.%", nitrogen, 0.05 * nitrogen),
    ]
    node = xr.Dataset(
        {"covariance": (("element", "element_2"), [[0.0, covariance], [covariance, 0.0]])},
        coords={"element": texts("F", "N"), "element_2": texts("F", "N")},
    )
    return result(rows, {"composition": node})


def ratio(value: float, stddev: float) -> xr.DataTree:
    rows = [
        row("eds", "atomic_ratio", "F/N in the N layer", "1", value, stddev),
        row("eds", "layer_thickness", "N", "nm", 900.0, 9.0),
    ]
    return result(rows)


def test_composition_of_surface_and_layer() -> None:
    title = "F/N at the surface (XPS) against F/N in the layer (EDS)"
    same = pulls(sample(surface(3.0, 10.0), ratio(0.31, 0.02)))[title]
    assert same.verdict == "consistent" and abs(same.value) < 1
    other = pulls(sample(surface(3.0, 10.0), ratio(0.05, 0.005)))[title]
    assert other.verdict == "inconsistent" and other.value > 5
    assert "uppermost 10 nm of 900 nm" in other.reason and other.first.technique == "xps"


def test_what_a_ratio_has_in_common_cancels() -> None:
    title = "F/N at the surface (XPS) against F/N in the layer (EDS)"
    free = pulls(sample(surface(3.0, 10.0), ratio(0.3, 0.001)))[title]
    tied = pulls(sample(surface(3.0, 10.0, 0.9 * 0.15 * 0.5), ratio(0.3, 0.001)))[title]
    assert tied.high - tied.low < 0.4 * (free.high - free.low)


def displaced(li3n: float, li: float | None, stddev: float = 0.01) -> xr.DataTree:
    rows = [row("xrd", "displacement", "Li3N", "mm", li3n, stddev)]
    if li is None:
        rows.append(limit("xrd", "displacement", "Li", "mm", status="not determined"))
    else:
        rows.append(row("xrd", "displacement", "Li", "mm", li, stddev))
    return result(rows)


def test_the_layer_lies_on_the_metal() -> None:
    fine = pulls(sample(displaced(-0.06, -0.05), layer(900.0)))[HEIGHT]
    assert fine.verdict == "consistent" and fine.unit == "um" and fine.difference == pytest.approx(-10.0)
    far = pulls(sample(displaced(-0.06, 0.1), layer(900.0)))[HEIGHT]
    assert far.verdict == "inconsistent" and far.value < -5


@pytest.mark.parametrize(
    ("li3n", "li", "reason"),
    [(-0.06, None, "for a reason"), (-0.06, -0.06, "one height was fitted")],
)
def test_heights_that_cannot_be_compared(li3n: float, li: float | None, reason: str) -> None:
    found = pulls(sample(displaced(li3n, li), layer(900.0)))[HEIGHT]
    assert found.verdict == "not comparable" and reason in found.reason and math.isnan(found.value)


def test_nothing_is_compared_with_what_was_not_measured() -> None:
    assert examine(sample(layer(900.0))).pulls == ()
    refused = result([limit("sem", "diameter_d50", "particles", "nm")])
    found = pulls(sample(layer(900.0), refused))[LAYER]
    assert found.verdict == "not comparable" and "not detected (for a reason)" in found.reason


@pytest.mark.parametrize("shared", [0.0, 0.08])
def test_intervals_hold_what_they_say_with_and_without_a_common_scale(shared: float) -> None:
    """Both lengths are wrong by one scale: their ratio is not, and its interval knows."""
    rng = np.random.default_rng(5)
    inside: list[bool] = []
    narrow: list[bool] = []
    for _ in range(200):
        common = shared * rng.standard_normal()
        own = rng.uniform(0.02, 0.06, 2)
        measured = np.array([900.0, 250.0]) * (1 + own * rng.standard_normal(2) + common)
        measured[0] *= 1 + 0.01 * rng.standard_normal()  # the map's scale, which its interval leaves out
        spread = measured * np.hypot(own, shared)
        parts = [
            Shared(quantity, subject, "scale", shared * float(value))
            for quantity, subject, value in (
                ("layer_thickness", "N", measured[0]),
                ("diameter_d50", "particles", measured[1]),
            )
            if shared
        ]
        made = sample(
            layer(float(measured[0]), float(spread[0]), *parts[:1]),
            particles(float(measured[1]), float(spread[1]), *parts[1:]),
        )
        found, truth = pulls(made)[LAYER], math.log(900 / 250)
        inside.append(found.low <= truth <= found.high)
        half = (found.difference - found.low) / Z95, (found.high - found.difference) / Z95
        narrow.append(found.difference - half[0] <= truth <= found.difference + half[1])
    assert 0.90 <= np.mean(inside) <= 0.99
    assert 0.58 <= np.mean(narrow) <= 0.78


@given(
    a=st.floats(-5, 5),
    b=st.floats(-5, 5),
    widths=st.tuples(*[st.floats(0.01, 3)] * 4),
    part=st.floats(-1, 1),
)
def test_a_difference_is_the_opposite_of_its_reverse(
    a: float, b: float, widths: tuple[float, float, float, float], part: float
) -> None:
    one = Number(a, a - widths[0], a + widths[1], {"cause": part * widths[0]})
    two = Number(b, b - widths[2], b + widths[3], {"cause": 0.1, "other": 1.0})
    there, back = difference(one, two), difference(two, one)
    assert there == pytest.approx([-back[0], -back[2], -back[1]])
    assert there[1] <= there[0] <= there[2]
    assert pull(there) == pytest.approx(-pull(back))


def test_a_number_does_not_differ_from_itself() -> None:
    one = Number(3.0, 2.0, 4.0, {"all of it": 1 / Z95})
    assert difference(one, one) == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)
