"""Cycler text, workbooks, Neware and impedance text."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from interlayer.core.errors import ReadError, SettingError
from interlayer.electrochem import readers
from interlayer.electrochem.readers import read


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("custom_missing_column", "no column for voltage"),
        ("custom_missing_cycle", "cycle 2 is missing"),
        ("custom_nan_inf", "voltage is not a finite number in 3 rows"),
        ("custom_truncated", "truncated"),
    ],
)
def test_bad_files_are_named_errors(real: Path, name: str, message: str) -> None:
    with pytest.raises(ReadError, match=message) as caught:
        read(real / "electrochem" / "bad" / f"{name}.csv")
    assert f"{name}.csv" in str(caught.value)


def test_the_good_one(real: Path) -> None:
    found = read(real / "electrochem" / "bad" / "custom_good_small.csv")
    assert found.sizes["point"] == 60
    assert "No unit is stated for current" in found.attrs["warnings"]


def test_neware(real: Path) -> None:
    folder = real / "electrochem" / "neware"
    found, answer = read(folder / "test_2.ndax"), pl.read_parquet(folder / "test_2.parquet")
    assert found.sizes["point"] == answer.height == 108_563
    np.testing.assert_allclose(found["voltage"], answer["Voltage(mV)"].to_numpy() * 1e-3, atol=6e-5)
    np.testing.assert_allclose(found["current"], answer["Current(uA)"].to_numpy() * 1e-6, atol=6e-7)
    assert read(folder / "Unit27_Example_Corrupt.ndax").sizes["point"] == 301
    text = read(folder / "neware_uio.csv")
    assert text.sizes["point"] == 9065
    assert float(text["time"][-1]) == 144 * 3600 + 2 * 60 + 18
    assert float(text["current"].min()) < 0 < float(text["current"].max())


def test_landt_equals_its_battery_data_format(real: Path) -> None:
    folder = real / "electrochem" / "landt"
    name = "SINTEF__LiGrR2032__2024-04-30__25degC__Landt"
    found, answer = read(folder / f"{name}.csv"), read(folder / f"{name}.bdf.csv")
    assert found.sizes["point"] == answer.sizes["point"] == 25_162
    for variable in ("time", "voltage", "current", "charge_capacity", "discharge_capacity"):
        np.testing.assert_allclose(found[variable], answer[variable], atol=1e-9)


def test_impedance_text(real: Path) -> None:
    folder = real / "electrochem" / "impedance.py"
    assert read(folder / "exampleDataBioLogic.mpt").sizes["point"] == 43
    gamry = read(folder / "exampleDataGamry.DTA")
    assert float(gamry["z_re"][0]) == 825.8584
    assert float(gamry["z_im"][0]) == -1367.239
    zview = read(folder / "exampleDataZPlot.z")
    assert (float(zview["z_re"][0]), float(zview["z_im"][0])) == (147.77, -11.335)
    assert float(read(folder / "exampleData.csv")["z_im"][0]) < 0


ROWS = [(60.0 * k, 3.0 + 0.01 * k, 1e-4 if k < 20 else -1e-4, 1e-4 * (k % 20) / 60) for k in range(40)]


def _write(path: Path, header: str, line: str, encoding: str = "utf-8", comma: bool = False) -> Path:
    lines = [header] + [
        line.format(t=t, v=v, i=i, ma=i * 1e3, ua=i * 1e6, q=q, mq=q * 1e3) for t, v, i, q in ROWS
    ]
    text = "\n".join(lines[:1] + [each.replace(".", ",") if comma else each for each in lines[1:]]) + "\n"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("header", "line", "encoding", "comma"),
    [
        ("Test Time / s,Voltage / V,Current / A,Capacity / Ah", "{t},{v},{i},{q}", "utf-8", False),
        ("TestTime/Sec.;Voltage/V;Current/mA;Capacity/mAh", "{t};{v};{ma};{mq}", "cp1252", True),
        ("测试时间/Sec,电压/V,电流/mA,容量/mAh", "{t},{v},{ma},{mq}", "gb18030", False),
        ("测试时间(s)\t电压(V)\t电流(µA)\t容量(mAh)", "{t}\t{v}\t{ua}\t{mq}", "utf-8-sig", False),
        ("test_time_s\tvoltage_V\tcurrent_mA\tcapacity_mAh", "{t}\t{v}\t{ma}\t{mq}", "utf-16", False),
        ("Time (s);Voltage (V);Current (µA);Capacity (mAh)", "{t};{v};{ua};{mq}", "cp1252", True),
    ],
)
def test_one_content_in_many_forms(
    tmp_path: Path, header: str, line: str, encoding: str, comma: bool
) -> None:
    found = read(_write(tmp_path / "data.csv", header, line, encoding, comma))
    np.testing.assert_allclose(found["time"], [row[0] for row in ROWS])
    np.testing.assert_allclose(found["voltage"], [row[1] for row in ROWS])
    np.testing.assert_allclose(found["current"], [row[2] for row in ROWS], rtol=1e-9)
    np.testing.assert_allclose(found["capacity"], [row[3] for row in ROWS], rtol=1e-9, atol=1e-15)


def test_column_map(tmp_path: Path) -> None:
    path = _write(tmp_path / "own.csv", "zeit,U_zelle (V),I_zelle (mA)", "{t},{v},{ma}")
    with pytest.raises(ReadError, match=r"column map|no electrochem format"):
        read(path)
    found = read(path, ["time=zeit", "voltage=U_zelle (V)", "current=I_zelle (mA)"])
    np.testing.assert_allclose(found["current"], [row[2] for row in ROWS])
    with pytest.raises(ReadError, match="column map is not in the file"):
        read(path, {"time": "zeit", "voltage": "U", "current": "I_zelle (mA)"})
    with pytest.raises(SettingError, match="column map entry"):
        read(path, ["volts=U"])


def test_unsigned_discharge_becomes_negative(tmp_path: Path) -> None:
    path = tmp_path / "unsigned.csv"
    rows = [f"{60 * k},3.0,{0.1},{'CC_Chg' if k < 5 else 'CC_DChg'}" for k in range(10)]
    path.write_text("Time(s),Voltage(V),Current(mA),Step Type\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = read(path)
    assert np.sign(found["current"].values).tolist() == [1] * 5 + [-1] * 5
    assert "without sign" in json.loads(found.attrs["warnings"])[0]


def test_workbook_in_chinese(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "记录表"
    sheet.append(["记录序号", "测试时间/Sec", "电压/V", "电流/mA", "比容量/mAh/g", "状态"])
    for k, (t, v, i, _) in enumerate(ROWS[:20]):
        sheet.append([k, t, v, i * 1e3, 1.0 * k, "恒流充电"])
    more = book.create_sheet("记录表_2")
    for k, (t, v, i, _) in enumerate(ROWS[20:]):
        more.append([k, t, v, i * 1e3, 1.0 * k, "恒流放电"])
    book.save(tmp_path / "land.xlsx")
    found = read(tmp_path / "land.xlsx")
    assert found.sizes["point"] == 40
    np.testing.assert_allclose(found["current"], [row[2] for row in ROWS])


@pytest.mark.parametrize(
    "content", [b"Voltage,Current,Time\n", b"\x00\x01" * 50, b"PK\x03\x04junk", b"a,b\n1,2\n"]
)
def test_what_is_no_such_file_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"x\.csv"):
        read(path)


def test_formats_are_listed() -> None:
    assert len(readers.FORMATS) == 12
    assert all(each.load.startswith("interlayer.electrochem.readers.") for each in readers.FORMATS)


def test_a_long_table_is_read_block_by_block_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a long file, its blocks cut anywhere; and one whose cycle is written as 1.0."""
    from interlayer.electrochem.readers import blocks

    head = "Test Time / s;Voltage / V;Current / A;Cycle Index;Temperature / degC\n"
    rows = [
        f"{0.5 * k};{3 + 1e-4 * k};{(-1) ** (k // 500) * 1e-3};{1 + k // 1000};25.{k % 10}"
        for k in range(4000)
    ]
    whole, real_numbers = tmp_path / "cell.csv", tmp_path / "real.csv"
    whole.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    real_numbers.write_text(
        head
        + "\n".join(row.replace(f";{1 + k // 1000};", f";{1 + k // 1000}.0;") for k, row in enumerate(rows)),
        encoding="utf-8",
    )
    at_once = read(whole)
    monkeypatch.setattr(blocks, "LONG", 0)
    monkeypatch.setattr(blocks, "_BLOCK", 997)
    for path in (whole, real_numbers):
        found = read(path)
        assert set(found.data_vars) == set(at_once.data_vars)
        for name in at_once.data_vars:
            np.testing.assert_array_equal(found[name], at_once[name])
            assert found[name].dtype == at_once[name].dtype


def test_truncated_gamry_keeps_the_rows_before_the_break(real: Path, tmp_path: Path) -> None:
    whole = (real / "electrochem" / "impedance.py" / "exampleDataGamry.DTA").read_bytes()
    start = whole.index(b"ZCURVE")
    path = tmp_path / "cut.DTA"
    path.write_bytes(whole[: start + (len(whole) - start) * 6 // 10])
    intact = read(real / "electrochem" / "impedance.py" / "exampleDataGamry.DTA")
    found = read(path)
    count = found.sizes["point"]
    assert 0.55 * intact.sizes["point"] < count < 0.62 * intact.sizes["point"]
    np.testing.assert_array_equal(found["z_re"], intact["z_re"][:count])
    assert any("truncated" in text for text in json.loads(found.attrs["warnings"]))
