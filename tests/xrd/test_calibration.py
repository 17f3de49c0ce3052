"""An instrument from a standard: its file, its use, and what an unsound file ends in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from xrd_patterns import LAB6, Machine, pattern, standard

from interlayer.core.errors import AnalysisError, SettingError
from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.core.summary import Row
from interlayer.xrd import analyze
from interlayer.xrd.instrument_file import from_toml, to_toml
from interlayer.xrd.model.source import Instrument

MACHINE = Machine(width=0.09, zero=0.013, soller=0.04)
LI3N, LI, STEEL = ("Li3N", 3.652, 3.870), ("Li", 3.5105, 0.0), ("austenite", 3.591, 0.0)


def row(result: xr.DataTree, quantity: str, subject: str) -> Row:
    return next(r for r in rows_of(result) if (r.quantity, r.subject) == (quantity, subject))


def breadth(gauss: NDArray[np.float64] | float, lorentz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the FWHM of a Voigt profile (Olivero & Longbothum 1977)."""
    return np.asarray(0.5346 * lorentz + np.sqrt(0.2166 * lorentz**2 + gauss**2))


@pytest.fixture(scope="module")
def calibration() -> xr.DataTree:
    return analyze(standard(MACHINE, seed=3, limits=(20.0, 90.0)), calibrate=True)


@pytest.fixture(scope="module")
def instrument(calibration: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("calibration") / str(calibration["instrument"].attrs["export_name"])
    path.write_text(str(calibration["instrument"].attrs["export_text"]), encoding="utf-8")
    return str(path)


def test_a_standard_gives_the_instrument(calibration: xr.DataTree) -> None:
    found = {
        str(each["name"]): (float(str(each["value"])), float(str(each["stddev"])))
        for each in tables(calibration)["instrument"]
    }
    low = np.degrees(MACHINE.soller**2 / 12) * (1 - MACHINE.correlation)
    for name, truth in (("low_tail", low), ("zero", MACHINE.zero)):
        value, stddev = found[name]
        assert abs(value - truth) < 2.6 * stddev, name
    tangent = np.tan(np.radians([12, 27, 42]))
    gauss = np.sqrt(found["u"][0] * tangent**2 + found["v"][0] * tangent + found["w"][0])
    # Gaussian and Lorentzian part exchange: a size is measured against both and the natural width together
    natural = np.degrees(2 * 2.84e-4 * tangent)
    whole = breadth(gauss, found["y"][0] + natural)
    truth = breadth(MACHINE.width, MACHINE.optics + natural)
    assert np.abs(whole / truth - 1).max() < 0.06
    assert not [r for r in rows_of(calibration) if r.quantity == "crystallite_size"]


def test_its_file_comes_back(calibration: xr.DataTree, instrument: str) -> None:
    read = from_toml(Path(instrument), None)
    assert read.radius == 200.0 and read.origin == "calibrated (instrument.toml)"
    for each in tables(calibration)["instrument"]:
        assert getattr(read, str(each["name"])) == pytest.approx(float(str(each["value"])), rel=1e-6)
    assert 0 < read.scale_spread < 0.06 and read.zero_spread > 0
    again = replace(Instrument(u=1e-3, v=-2e-4, w=7e-3, zero=-0.01), radius=173.0)
    Path(instrument).with_name("own.toml").write_text(
        to_toml(again, {"u": 1e-4}, 'a "standard"', "C:\\data"), encoding="utf-8"
    )
    back = from_toml(Path(instrument).with_name("own.toml"), None)
    for name in ("u", "v", "w", "y", "scale_spread", "low_tail", "zero", "radius"):
        assert getattr(back, name) == pytest.approx(getattr(again, name), rel=1e-6)


@pytest.mark.parametrize("size", [10.0, 30.0])
def test_sizes_are_right_with_it(instrument: str, size: float) -> None:
    content = [(*LI3N, 400.0, size, 0.05), (*LI, 600.0, 150.0, 0.05), (*STEEL, 500.0, 40.0, 0.1)]
    result = analyze(pattern(content, seed=4, machine=MACHINE), instrument=instrument)
    found = row(result, "crystallite_size", "Li3N")
    assert found.low <= size <= found.high
    assert found.value == pytest.approx(size, rel=0.08)
    assert "calibrated" in found.note
    cell = row(result, "lattice_a", "Li3N")
    # what the calibration is off by is common to all patterns
    assert abs(cell.value - 3.652) < 3 * cell.stddev
    height = row(result, "displacement", "Li3N")
    assert "which the calibration allows" in height.note
    assert height.low <= 0.05 <= height.high


def test_another_radius_is_told(instrument: str) -> None:
    raw = pattern([(*LI, 600.0, 150.0, 0.0), (*STEEL, 500.0, 20.0, 0.0)], seed=5, radius=150.0)
    assert any(
        "150 mm" in text and "200 mm" in text for text in warnings_of(analyze(raw, instrument=instrument))
    )
    same = analyze(raw, instrument=instrument, radius="200 mm")
    assert not any("another instrument" in text for text in warnings_of(same))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml at all [",
        "[instrument]\n",
        "[instrument]\nw = 0.006\ny = 0.01\n",
        "[instrument]\nw = 0.006\ny = 0.01\nzero = 0.0\nexec = 1\n",
        "[instrument]\nw = nan\ny = 0.01\nzero = 0.0\n",
        "[instrument]\nw = inf\ny = 0.01\nzero = 0.0\n",
        '[instrument]\nw = "wide"\ny = 0.01\nzero = 0.0\n',
        "instrument = 3\n",
        "[instrument]\nw = [1]\ny = 0.01\nzero = 0.0\n",
        "radius = []\n[instrument]\nw = 0.006\ny = 0.01\nzero = 0.0\n",
        "\x00\xff",
    ],
)
def test_a_file_that_is_no_calibration_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "instrument.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingError, match="instrument"):
        analyze(pattern([(*LI, 600.0, 150.0, 0.0)], seed=5), instrument=str(path))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingError, match="no such instrument file"):
            analyze(pattern([(*LI, 600.0, 150.0, 0.0)], seed=5), instrument=str(path))


def test_only_a_standard_calibrates() -> None:
    with pytest.raises(AnalysisError, match="standard"):
        analyze(pattern([(*LI3N, 300.0, 15.0, 0.0), (*LI, 600.0, 150.0, 0.0)], seed=6), calibrate=True)
    # three lines of LaB6 are too few
    with pytest.raises(AnalysisError, match="standard"):
        analyze(standard(MACHINE, limits=(20.0, 40.0)), calibrate=True, standard="LaB6")


def test_a_standard_lets_a_zero_shift_be_fitted() -> None:
    machine = Machine(zero=0.03)
    content = [("LaB6", LAB6, 0.0, 900.0, 500.0, 0.05), (*LI3N, 300.0, 15.0, 0.05)]
    raw = pattern(content, seed=7, machine=machine, limits=(20.0, 70.0))
    with_it = row(analyze(raw, standard="LaB6"), "displacement", "Li3N")
    assert "zero shift" in with_it.note and "correlation" in with_it.note
    assert with_it.low <= 0.05 <= with_it.high
    without = row(analyze(raw, phase=["LaB6"]), "displacement", "Li3N")
    assert "no zero shift is fitted beside it without a standard" in without.note
    assert "their correlation would be" in without.note
    held = row(analyze(raw, standard="LaB6"), "lattice_a", "LaB6")
    assert held.status == "not determined" and "internal standard" in held.note
