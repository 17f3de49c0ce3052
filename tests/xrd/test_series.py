"""Series: the order, where their values come from, warm starts, and what goes wrong with one of many."""

import numpy as np
import pytest
import xarray as xr
from xrd_patterns import pattern

from interlayer.core.errors import AnalysisError
from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.xrd import analyze
from interlayer.xrd.series import coordinate

LI, STEEL = ("Li", 3.5105, 0.0), ("austenite", 3.591, 0.0)
#: cell a of Li3N of each pattern of the series; none in the first
CELLS = (0.0, 3.650, 3.653, 3.656)


def each(step: int) -> xr.Dataset:
    content = [(*LI, 600.0, 150.0, 0.03), (*STEEL, 500.0, 20.0, 0.1)]
    if CELLS[step]:
        content.append(("Li3N", CELLS[step], 3.870, 350.0, 15.0, 0.03))
    return pattern(content, seed=20 + step, source=f"cell7_{10 * step}min.xy")


@pytest.fixture(scope="module")
def raws() -> list[xr.Dataset]:
    return [each(step) for step in range(4)]


@pytest.fixture(scope="module")
def series(raws: list[xr.Dataset]) -> xr.DataTree:
    return analyze([raws[2], raws[0], raws[3], raws[1]], series="time")


def numbers(series: xr.DataTree, quantity: str, subject: str) -> dict[float, dict[str, object]]:
    rows = tables(series)["series"]
    return {
        float(str(r["at"])): r
        for r in rows
        if (r["quantity"], r["subject"], r["status"]) == (quantity, subject, "measured")
    }


def test_patterns_are_taken_in_their_order(series: xr.DataTree) -> None:
    assert np.asarray(series["at"]).tolist() == [0.0, 10.0, 20.0, 30.0]
    assert series.to_dataset(inherit=False)["intensity"].dims == ("pattern", "two_theta")
    found = numbers(series, "lattice_a", "Li3N")
    assert list(found) == [10.0, 20.0, 30.0]
    for at, truth in zip((10.0, 20.0, 30.0), CELLS[1:], strict=True):
        # each row also tells which of the given patterns it is of
        assert found[at]["pattern"] == {10.0: 4.0, 20.0: 1.0, 30.0: 3.0}[at]
        assert float(str(found[at]["low"])) <= truth <= float(str(found[at]["high"]))


def test_a_phase_that_appears_midway_is_found(series: xr.DataTree) -> None:
    rows = {(r.quantity, r.subject): r for r in rows_of(series)}
    assert rows["detection", "Li3N first"].status == "not detected"
    assert rows["detection", "Li3N last"].status == "measured"
    assert rows["lattice_a", "Li3N last"].value == pytest.approx(CELLS[3], abs=2e-3)
    assert ("lattice_a", "Li first") in rows and ("lattice_a", "Li last") in rows


def test_warm_starts_give_the_numbers_of_cold_ones(series: xr.DataTree, raws: list[xr.Dataset]) -> None:
    assert "2 of them started" in str(series.attrs) or "2 of them started" in str(series.to_dict())
    for step in (2, 3):
        for cold in rows_of(analyze(raws[step])):
            if cold.status != "measured" or cold.quantity in ("detection", "peak_position"):
                continue
            warm = numbers(series, cold.quantity, cold.subject)[10.0 * step]
            assert abs(float(str(warm["value"])) - cold.value) < 0.3 * cold.stddev, (step, cold.subject)


def test_one_broken_pattern_among_many_is_named(raws: list[xr.Dataset]) -> None:
    broken = raws[2].copy(deep=True)
    broken["intensity"][:] = 0.0
    result = analyze([raws[1], broken, raws[3]], series="time")
    assert np.asarray(result["at"]).tolist() == [10.0, 30.0]
    assert any("cell7_20min.xy" in text and "no counts" in text for text in warnings_of(result))
    with pytest.raises(AnalysisError, match="no pattern of the series"):
        analyze([broken, broken], series="time")


def test_a_calibration_takes_one_pattern(raws: list[xr.Dataset]) -> None:
    with pytest.raises(AnalysisError, match="one pattern"):
        analyze(raws[:2], calibrate=True)


def bare(**attrs: str | float) -> xr.Dataset:
    return xr.Dataset(attrs=attrs)


@pytest.mark.parametrize(
    ("name", "attrs", "expected", "unit"),
    [
        ("time", [{"time": 60.0}, {"time": 0.0}], [60.0, 0.0], "s"),
        ("temperature", [{"temperature": 25.0}, {"temperature": 80.0}], [298.15, 353.15], "K"),
        (
            "time",
            [{"start_time": "2026-01-05T10:00:00"}, {"start_time": "2026-01-05T10:30:00"}],
            [0.0, 1800.0],
            "s",
        ),
        # what the files state wins over their names
        ("time", [{"time": 5.0, "source": "a_1.xy"}, {"time": 9.0, "source": "a_2.xy"}], [5.0, 9.0], "s"),
        ("depth", [{"source": "s2_10.5nm.xy"}, {"source": "s2_200nm.xy"}], [10.5, 200.0], "1"),
        # two numbers that differ tell nothing
        ("depth", [{"source": "s1_10.xy"}, {"source": "s2_20.xy"}], [1.0, 2.0], "1"),
        ("time", [{"start_time": "yesterday"}, {"start_time": "today"}], [1.0, 2.0], "1"),
        ("sample", [{}, {}, {}], [1.0, 2.0, 3.0], "1"),
    ],
)
def test_where_the_values_come_from(
    name: str, attrs: list[dict[str, str | float]], expected: list[float], unit: str
) -> None:
    values, found, _ = coordinate([bare(**each) for each in attrs], name)
    assert (list(np.round(values, 6)), found) == (expected, unit)
