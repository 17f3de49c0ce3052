"""Sizes line by line, Williamson–Hall, and what is only a bound."""

import numpy as np
import pytest
import xarray as xr
from xrd_patterns import LAB6, pattern

from interlayer.core.results import rows_of, tables
from interlayer.core.summary import Row
from interlayer.xrd import analyze
from interlayer.xrd.sizes import LineSize, interval_of_inverse, williamson_hall

LI3N, LI, STEEL = ("Li3N", 3.652, 3.870), ("Li", 3.5105, 0.0), ("austenite", 3.591, 0.0)
WAVELENGTH = 0.15405929


def row(result: xr.DataTree, quantity: str, subject: str) -> Row:
    return next(r for r in rows_of(result) if (r.quantity, r.subject) == (quantity, subject))


def lines(size: float, strain: float, angles: tuple[float, ...], relative: float = 0.05) -> list[LineSize]:
    """Return broadenings of K = 0.9: Lorentzian FWHM β = K λ/(D cos θ) + 4 e tan θ, as inverse sizes."""
    found = []
    for i, angle in enumerate(angles):
        sine = float(np.sin(np.radians(angle / 2)))
        inverse = 1 / size + 4 * strain * sine / (0.9 * WAVELENGTH)
        found.append(LineSize("X", f"{i}", angle, 0.3, 0.1, inverse, relative * inverse, sine))
    return found


def test_williamson_hall_parts_size_and_strain() -> None:
    hall = williamson_hall(lines(20.0, 2e-3, (25, 40, 55, 70, 90)), "X", 0.9, WAVELENGTH)
    assert not hall.refused and hall.orders == 5
    assert 1 / hall.inverse == pytest.approx(20.0 * 2 / np.pi / 0.9, rel=1e-6)
    assert hall.strain == pytest.approx(2e-3 * np.pi / 2, rel=1e-6)
    assert hall.inverse_stddev > 0 and hall.strain_stddev > 0


def test_williamson_hall_is_refused_without_orders_or_range() -> None:
    few = williamson_hall(lines(20.0, 2e-3, (25, 40, 55)), "X", 0.9, WAVELENGTH)
    assert "4 are needed" in few.refused and np.isnan(few.inverse)
    near = williamson_hall(lines(20.0, 2e-3, (40, 42, 44, 46)), "X", 0.9, WAVELENGTH)
    assert "too near" in near.refused
    unresolved = williamson_hall(lines(20.0, 2e-3, (25, 40, 55, 70), relative=0.5), "X", 0.9, WAVELENGTH)
    assert unresolved.orders == 0 and unresolved.refused
    assert williamson_hall(lines(20.0, 2e-3, (25, 40, 55, 70)), "Y", 0.9, WAVELENGTH).refused


@pytest.mark.parametrize(("value", "stddev", "high"), [(0.1, 0.01, 12.43), (0.1, 0.06, np.inf)])
def test_interval_of_an_inverse(value: float, stddev: float, high: float) -> None:
    middle, low, top = interval_of_inverse(value, stddev)
    assert low < middle == 10.0 < top
    assert top == pytest.approx(high, rel=1e-2)


@pytest.fixture(scope="module")
def strained() -> xr.DataTree:
    """LaB6 of 25 nm with a microstrain of 0.002."""
    raw = pattern([("LaB6", LAB6, 0.0, 1500.0, 25.0, 0.0)], seed=31, limits=(20.0, 90.0), strain=2e-3, hump=0)
    return analyze(raw, phase=["LaB6"])


def test_williamson_hall_of_a_simulated_pattern(strained: xr.DataTree) -> None:
    hall = next(each for each in tables(strained)["williamson_hall"] if each["phase"] == "LaB6")
    low, high = float(str(hall["size_low"])), float(str(hall["size_high"]))
    assert float(str(hall["lines"])) >= 4 and low < high
    # integral breadths: size 2/(π K) of Scherrer's, strain π/2 of the FWHM's
    assert low <= 25.0 * 2 / np.pi / 0.9 <= high
    assert float(str(hall["microstrain_low"])) <= 2e-3 * np.pi / 2 <= float(str(hall["microstrain_high"]))


def test_size_and_strain_of_the_whole_pattern(strained: xr.DataTree) -> None:
    size, strain = row(strained, "crystallite_size", "LaB6"), row(strained, "microstrain", "LaB6")
    assert size.low <= 25.0 <= size.high
    assert strain.low <= 2e-3 <= strain.high


def test_lines_have_sizes_of_their_own() -> None:
    raw = pattern([(*LI3N, 400.0, 12.0, 0.0), (*LI, 600.0, 1e5, 0.0), (*STEEL, 500.0, 20.0, 0.0)], seed=32)
    result = analyze(raw, phase=["Li"])
    by_line = [each for each in tables(result)["sizes"] if each["phase"] == "Li3N"]
    assert {str(each["hkl"]) for each in by_line} >= {"001", "100", "110"}
    for each in by_line:
        assert each["status"] == "resolved"
        low, high = float(str(each["size_low"])), float(str(each["size_high"]))
        assert low / 1.1 <= 12.0 <= 1.1 * high
        assert float(str(each["fwhm"])) > float(str(each["instrument_fwhm"]))
        ratio = float(str(each["size_integral"])) / float(str(each["size"]))
        assert ratio == pytest.approx(2 / np.pi / 0.9)
    # lithium has no broadening of its own: a bound, not a number
    bound = row(result, "crystallite_size", "Li")
    assert bound.status == "lower limit" and bound.low > 100.0
    hall = {str(each["phase"]): each for each in tables(result)["williamson_hall"]}
    assert "are needed" in str(hall["Li"]["status"])


def test_the_constant_of_scherrer_only_scales() -> None:
    raw = pattern([(*LI3N, 400.0, 12.0, 0.0), (*LI, 600.0, 150.0, 0.0)], seed=33)
    default, given = (
        row(analyze(raw, **kw), "crystallite_size", "Li3N") for kw in ({}, {"scherrer_constant": 0.94})
    )
    assert given.value / default.value == pytest.approx(0.94 / 0.9, rel=1e-3)
    assert "convention" in default.note and "convention" not in given.note
    # a convention is no error: the interval does not change with it
    assert (given.high - given.low) / given.value == pytest.approx(
        (default.high - default.low) / default.value, rel=0.02
    )
