"""Cycling: one result from every way in which instruments count capacity."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.results import rows_of, warnings_of
from interlayer.core.summary import Row
from interlayer.electrochem import analyze, read
from interlayer.electrochem.readers import tidy

MASS = 1.131


def cell(
    counting: str, capacities: list[float], *, efficiency: float = 0.995, discharge_first: bool = False
) -> xr.Dataset:
    """Return charge and discharge at 0.1 mA with given discharge capacities (mAh), 60 points per half."""
    halves = [(1, q / efficiency) if k % 2 == 0 else (-1, q) for q in capacities for k in (0, 1)]
    if discharge_first:
        halves = [(-1, capacities[0]), *halves]
    t, v, i, step_q, cycle_q, run_q = [0.0], [3.2], [0.0], [0.0], [0.0], [0.0]
    for place, (sign, q) in enumerate(halves):
        x = np.linspace(1 / 60, 1, 60)
        t += (t[-1] + x * q * 36000).tolist()
        v += (3.4 + sign * (0.02 + 0.05 * x**8)).tolist()
        i += [sign * 1e-4] * 60
        step_q += (x * q * 1e-3).tolist()
        before = cycle_q[-1] if place % 2 else 0.0
        cycle_q += (before + x * q * 1e-3).tolist()
        run_q += (run_q[-1] + x * q * 1e-3).tolist()
    values = {"time": np.array(t), "voltage": np.array(v), "current": np.array(i)}
    if counting != "none":
        values["capacity"] = np.array({"step": step_q, "cycle": cycle_q, "run": run_q}[counting])
    return tidy.dataset(values)


def _rows(raw: xr.Dataset, **more: object) -> dict[tuple[str, str], Row]:
    result = analyze(raw, kind="cycling", mass=MASS, nominal_capacity="170 mAh/g", **more)
    return {(row.quantity, row.subject): row for row in rows_of(result)}


FADE = (0.16 * (1 - 0.001 * np.arange(40))).tolist()


@pytest.mark.parametrize("counting", ["none", "step", "cycle", "run"])
@pytest.mark.parametrize("discharge_first", [False, True])
def test_every_way_of_counting_gives_the_same(counting: str, discharge_first: bool) -> None:
    rows = _rows(cell(counting, FADE, discharge_first=discharge_first))
    assert rows["discharge_capacity", "cycle 40"].value == pytest.approx(FADE[-1] * 1e3 / MASS, rel=2e-3)
    assert rows["capacity_retention", "cycle 40"].value == pytest.approx(100 * FADE[-1] / FADE[0], rel=1e-3)
    assert rows["coulombic_efficiency", "mean"].value == pytest.approx(99.5, rel=1e-3)
    assert rows["fade_per_cycle", ""].value == pytest.approx(0.1, rel=0.02)
    assert "cycle 1 " in rows["capacity_retention", "cycle 40"].method


def test_reference_cycle_is_a_setting() -> None:
    row = _rows(cell("step", FADE), reference_cycle=11)["capacity_retention", "cycle 40"]
    assert row.value == pytest.approx(100 * FADE[-1] / FADE[10], rel=1e-3)
    assert "cycle 11 " in row.method
    with pytest.raises(AnalysisError, match="reference cycle"):
        _rows(cell("step", FADE), reference_cycle=99)


def test_half_cell_inverts_the_efficiency() -> None:
    assert _rows(cell("step", FADE), cell="half")["coulombic_efficiency", "mean"].value == pytest.approx(
        100 / 0.995, rel=2e-3
    )


def test_plateau_polarisation() -> None:
    rows = _rows(cell("step", [0.16] * 5))
    (found,) = [row for key, row in rows.items() if key[0] == "plateau_polarization"]
    assert found.value == pytest.approx(40 + 100 * 0.5**8, abs=0.2)


@pytest.mark.parametrize("mass", [None, 0.001])
def test_no_mass_no_specific_capacity(mass: float | None) -> None:
    rows = rows_of(analyze(cell("step", FADE), kind="cycling", **({} if mass is None else {"mass": mass})))
    assert [row.status for row in rows if row.quantity == "discharge_capacity"] == ["not determined"]
    assert any(row.quantity == "capacity_retention" and row.status == "measured" for row in rows)


def test_wrong_counter_is_told_and_not_used() -> None:
    raw = cell("step", FADE)
    result = analyze(raw.assign(capacity=raw["capacity"] * 1000), kind="cycling", mass=MASS)
    row = next(row for row in rows_of(result) if row.quantity == "discharge_capacity")
    assert row.value == pytest.approx(FADE[-1] * 1e3 / MASS, rel=2e-3)
    assert any("does not agree" in text for text in warnings_of(result))


def test_time_that_jumps_back() -> None:
    raw = cell("step", FADE)
    time = raw["time"].values.copy()
    time[2000:] -= 125_192
    result = analyze(raw.assign(time=("point", time)), kind="cycling", mass=MASS)
    row = next(row for row in rows_of(result) if row.quantity == "discharge_capacity")
    assert row.value == pytest.approx(FADE[-1] * 1e3 / MASS, rel=5e-3)
    assert any("jumps back" in text for text in warnings_of(result))


def test_mass_uncertainty_widens() -> None:
    narrow, wide = _rows(cell("step", FADE)), _rows(cell("step", FADE), mass_stddev="0.01 mg")
    key = ("discharge_capacity", "cycle 40")
    assert wide[key].high - wide[key].low > 3 * (narrow[key].high - narrow[key].low)


def test_real_half_cycle_charges(real: Path) -> None:
    from interlayer.electrochem import halves

    raw = read(real / "electrochem" / "biologic" / "jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09.mpr")
    found, _ = halves.find(raw, raw["time"].values, [])
    charges = [half.sign * half.capacity * 1e3 for half in found[:7]]
    np.testing.assert_allclose(
        charges, [-0.2065, 0.9868, -0.8529, 0.9371, -0.8763, 0.9419, -0.8747], atol=5e-5
    )


@pytest.mark.parametrize(
    ("encoding", "names", "mark", "factor"),
    [
        ("utf-8", "Test Time/s;Voltage/V;Current/A;Capacity/Ah", ".", 1.0),
        ("cp1252", "time/s;Ecell (V);I (µA);capacity (µAh)", ",", 1e6),
        ("gb18030", "测试时间/Sec;电压/V;电流/mA;容量/mAh", ",", 1e3),
        ("gb18030", "测试时间/Sec;电压/V;电流/µA;容量/µAh", ".", 1e6),
    ],
)
@pytest.mark.parametrize("counting", ["step", "run"])
def test_every_way_of_writing_gives_the_same(
    tmp_path: Path, encoding: str, names: str, mark: str, factor: float, counting: str
) -> None:
    raw = cell(counting, FADE)
    columns = [raw[name].values for name in ("time", "voltage", "current", "capacity")]
    values = np.column_stack([*columns[:2], columns[2] * factor, columns[3] * factor])
    lines = [names] + [";".join(f"{v:.9g}" for v in row).replace(".", mark) for row in values]
    path = tmp_path / "cell.csv"
    path.write_bytes("\n".join(lines).encode(encoding) + b"\n")
    written, direct = _rows(read(path)), _rows(cell("none", FADE))
    for key, row in direct.items():
        assert written[key].value == pytest.approx(row.value, rel=1e-4), key


def test_a_first_half_before_the_first_cycle_is_not_of_its_rate() -> None:
    first = _rows(cell("step", [0.16, 0.15, 0.14], discharge_first=True))
    plain = _rows(cell("step", [0.16, 0.15, 0.14]))
    (key,) = [k for k in plain if k[0] == "discharge_capacity" and k[1].endswith("C")]
    assert first[key].value == pytest.approx(plain[key].value, rel=1e-9)


def test_a_logger_that_waits_before_its_first_row() -> None:
    """Rows from 600 s of the test's time on: the first charge began at zero."""
    raw = cell("none", [0.16] * 3).isel(point=slice(1, None))
    table = analyze(raw, kind="cycling", mass=MASS)["cycles"].to_dataset()
    assert float(table["coulombic_efficiency"][0]) == pytest.approx(99.5, rel=1e-3)


def test_differential_capacity_has_its_peak_at_the_plateau_and_the_area_of_the_capacity() -> None:
    """V rises as 3.4 + 0.02 artanh(2x − 1): dQ/dV is a bell around 3.4 V, whatever the noise."""
    rng = np.random.default_rng(3)
    x = np.linspace(0.002, 0.998, 2000)
    t, v, i = [0.0], [3.2], [0.0]
    for sign in (1, -1, 1, -1):
        bell = 0.02 * np.arctanh(2 * x - 1)
        t += (t[-1] + 3600 * x).tolist()
        v += (3.4 + sign * (0.01 + bell) + 2e-4 * rng.standard_normal(x.size)).tolist()
        i += [sign * 1e-3] * x.size
    raw = tidy.dataset({"time": np.array(t), "voltage": np.array(v), "current": np.array(i)})
    found = analyze(raw, kind="cycling", mass=1.0)["differential"].to_dataset()
    assert found["charge_per_volt"].attrs["units"] == "mAh/g/V"
    for sign in (1, -1):
        rows = (found["direction"].values == sign) & (found["cycle"].values == 1)
        volts, slope = found["voltage"].values[rows], found["charge_per_volt"].values[rows]
        assert (slope >= 0).all()
        assert np.sum(slope) * (volts[1] - volts[0]) == pytest.approx(1000, rel=0.01)
        assert volts[np.argmax(slope)] == pytest.approx(3.4 + 0.01 * sign, abs=0.005)
