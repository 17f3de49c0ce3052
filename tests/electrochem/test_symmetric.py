"""Symmetric cells: critical current density, shorts, lifetime, polarisation."""

import numpy as np
import pytest
import xarray as xr

from interlayer.core.results import rows_of, warnings_of
from interlayer.core.summary import Row
from interlayer.electrochem import analyze
from interlayer.electrochem.kinds import recognise
from interlayer.electrochem.readers import tidy

AREA = 1.131


def cell(
    levels: list[float], *, resistance: float = 100.0, hours: float = 0.5, seed: int = 0, every: float = 30.0
) -> xr.Dataset:
    """Return half cycles at ± each current density (mA/cm²), V = I R with a little noise and polarisation."""
    rng = np.random.default_rng(seed)
    t, v, i = [0.0], [0.0], [0.0]
    for level in levels:
        for sign in (1, -1):
            inside = np.arange(every, hours * 3600 + 1, every)
            current = sign * level * AREA * 1e-3
            rise = 1 - 0.15 * np.exp(-inside / 300)
            t += (t[-1] + inside).tolist()
            v += (current * resistance * rise + 1e-4 * rng.standard_normal(inside.size)).tolist()
            i += [current] * inside.size
    return tidy.dataset({"time": np.array(t), "voltage": np.array(v), "current": np.array(i)})


def shorted(raw: xr.Dataset, begin: float, ratio: float, end: float = np.inf) -> xr.Dataset:
    """Multiply the voltage by a ratio between two times (s)."""
    time = raw["time"].values
    return raw.assign(voltage=raw["voltage"].where(~((time >= begin) & (time < end)), raw["voltage"] * ratio))


STEPS = [round(0.1 * k, 1) for k in range(1, 11)]


def test_no_short_is_a_lower_limit() -> None:
    raw = cell(STEPS)
    assert recognise([raw]) == "ccd"
    (row,) = rows_of(analyze(raw, area=AREA))
    assert row.status == "lower limit"
    assert row.low == pytest.approx(1.0)


@pytest.mark.parametrize(("ratio", "kind"), [(0.02, "hard"), (0.55, "soft")])
@pytest.mark.parametrize("step", [3, 6, 10])
def test_short_in_the_middle_of_a_step(ratio: float, kind: str, step: int) -> None:
    begin = (step - 1) * 3600 + 700
    raw = shorted(cell(STEPS), begin, ratio, np.inf if kind == "hard" else begin + 900)
    (row,) = rows_of(analyze(raw, kind="ccd", area="1.131 cm2"))
    assert (row.value, row.high) == (pytest.approx((step - 1) / 10), pytest.approx(step / 10))
    assert kind in row.note


def test_first_step_failing_is_an_upper_limit() -> None:
    (row,) = rows_of(analyze(shorted(cell(STEPS), 900, 0.02), kind="ccd", area=AREA))
    assert row.status == "upper limit"
    assert row.high == pytest.approx(0.1)


@pytest.mark.parametrize("area", [None, 0.001])
def test_no_area_no_current_density(area: float | None) -> None:
    settings = {} if area is None else {"area": area}
    (row,) = rows_of(analyze(cell(STEPS), kind="ccd", **settings))
    assert row.status == "not determined"
    assert "area" in row.note


def test_single_spikes_are_no_shorts() -> None:
    raw = cell(STEPS)
    voltage = raw["voltage"].values.copy()
    voltage[200::177] *= 0.2
    (row,) = rows_of(analyze(raw.assign(voltage=("point", voltage)), kind="ccd", area=AREA))
    assert row.status == "lower limit"


def test_activation_is_no_short() -> None:
    raw = cell([0.2] * 100)
    fall = 78 / 124 + (1 - 78 / 124) * np.exp(-raw["time"].values / 36000)
    result = analyze(raw.assign(voltage=raw["voltage"] * fall), kind="plating", area=AREA)
    life = next(row for row in rows_of(result) if row.quantity == "lifetime")
    assert (life.status, life.subject) == ("lower limit", "0.2 mA/cm2")
    assert life.low == pytest.approx(100, abs=0.1)


def test_lifetime_and_polarisation() -> None:
    raw = shorted(cell([0.2] * 200), 150.2 * 3600, 0.01)
    assert recognise([raw]) == "plating"
    rows = {(row.quantity, row.subject): row for row in rows_of(analyze(raw, area=AREA))}
    life = rows["lifetime", "0.2 mA/cm2"]
    assert life.low <= 150.2 <= life.high
    assert life.high - life.low < 0.1
    assert "hard" in life.note
    first = rows["polarization", "first"]
    assert first.low <= 22.62 * (1 - 0.15 * 300 / 1800) <= first.high


def test_bursts_of_points_do_not_count_more() -> None:
    raw = cell([0.2] * 40)
    time, voltage, current = (raw[name].values for name in ("time", "voltage", "current"))
    burst = np.linspace(20 * 3600 + 300, 20 * 3600 + 600, 200)
    low = 0.85 * np.interp(burst, time, voltage)
    order = np.argsort(np.concatenate([time, burst]), kind="stable")
    joined = tidy.dataset(
        {
            "time": np.concatenate([time, burst])[order],
            "voltage": np.concatenate([voltage, low])[order],
            "current": np.concatenate([current, np.interp(burst, time, current)])[order],
        }
    )
    table = analyze(joined, kind="plating", area=AREA)["half_cycles"].to_dataset()
    assert abs(float(table["polarization"][40]) / float(table["polarization"][38]) - 1) < 0.05


def test_rate_steps() -> None:
    raw = cell([0.05] * 5 + [0.1] * 5 + [0.2] * 5)
    result = analyze(raw, kind="plating", area=AREA)
    assert [str(name) for name in result["rates"].to_dataset()["name"].values] == [
        "0.05 mA/cm2",
        "0.1 mA/cm2",
        "0.2 mA/cm2",
    ]
    assert not any(row.quantity == "lifetime" for row in rows_of(result))


def test_voltage_limit() -> None:
    raw = cell([0.2] * 50)
    growth = np.exp(raw["time"].values / 36000)
    rows = rows_of(
        analyze(raw.assign(voltage=raw["voltage"] * growth), kind="plating", area=AREA, voltage_limit="0.2 V")
    )
    life = next(row for row in rows if row.quantity == "lifetime")
    assert life.value == pytest.approx(10 * np.log(0.2 / 0.02262), rel=0.02)
    assert "voltage limit" in life.note


def _life(raw: xr.Dataset | list[xr.Dataset]) -> Row:
    return next(row for row in rows_of(analyze(raw, kind="plating", area=AREA)) if row.quantity == "lifetime")


@pytest.mark.parametrize("ratio", [0.5, 0.7])
def test_soft_short_that_recovers(ratio: float) -> None:
    raw = shorted(cell([0.2] * 60), 30.3 * 3600, ratio, 30.42 * 3600)
    row = _life(raw)
    assert row.low <= 30.3 <= row.high
    assert "soft short" in row.note


def test_a_burst_low_for_a_minute_is_no_short() -> None:
    raw = shorted(cell([0.2] * 60, every=10.0), 30.3 * 3600, 0.5, 30.3 * 3600 + 45)
    assert _life(raw).status == "lower limit"


def test_what_every_half_cycle_does_is_no_short() -> None:
    """A sharp fall from the peak of stripping to its plateau, the same in each half cycle."""
    raw = cell([0.2] * 40)
    into = raw["time"].values % 1800
    sharp = np.where((into > 0) & (into < 600), 1.45, 1.0)
    assert _life(raw.assign(voltage=raw["voltage"] * sharp)).status == "lower limit"


def test_a_pause_without_rows_and_a_warmer_cell_after_it() -> None:
    raw = cell([0.2] * 60)
    later = raw["time"].values > 30 * 3600 + 1
    moved = raw.assign(
        time=("point", raw["time"].values + 48 * 3600 * later),
        voltage=("point", raw["voltage"].values * np.where(later, 0.65, 1.0)),
    )
    row = _life(moved)
    assert row.status == "lower limit"
    assert row.low == pytest.approx(108, abs=0.5)


def test_return_to_normal_after_a_bad_stretch_is_no_short() -> None:
    raw = cell([0.2] * 80)
    hours = raw["time"].values / 3600
    raw = raw.assign(voltage=raw["voltage"] * np.where((hours > 40) & (hours <= 50), 1.6, 1.0))
    assert _life(raw).status == "lower limit"


def test_slow_fall_is_told() -> None:
    raw = cell([0.2] * 100)
    fall = 0.3 + 0.7 * np.exp(-raw["time"].values / 72000)
    result = analyze(raw.assign(voltage=raw["voltage"] * fall), kind="plating", area=AREA)
    assert any("without a sudden step" in text for text in warnings_of(result))


def test_parts_of_a_test_are_joined() -> None:
    raw = shorted(cell([0.2] * 60), 40.2 * 3600, 0.02)
    cut = raw.sizes["point"] // 3
    first, second = raw.isel(point=slice(0, cut)), raw.isel(point=slice(cut, None))
    second = second.assign(time=second["time"] - float(second["time"][0]) + 30)
    whole, parts = _life(raw), _life([first, second])
    assert parts.value == pytest.approx(whole.value, abs=0.02)
