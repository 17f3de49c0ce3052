"""Layouts of further instruments, with rows written by the test; Battery Data Format out and in."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer import cli
from interlayer.cli.files import Item
from interlayer.cli.files import write_bdf as write_files
from interlayer.core.errors import AnalysisError, ReadError
from interlayer.electrochem import analyze, read, write_bdf

#: seconds, volts, amperes (charge positive), state
ROWS = [
    (0.0, 3.50, 0.0, "R"),
    (60.0, 3.60, 2e-3, "C"),
    (120.0, 3.70, 2e-3, "C"),
    (180.0, 3.71, 2e-3, "S"),
    (240.0, 3.40, -1e-3, "D"),
    (300.0, 3.30, -1e-3, "D"),
    (360.0, 3.29, -1e-3, "S"),
]
ARBIN = (
    "Data_Point,Date_Time,Test_Time(s),Step_Time(s),Cycle_Index,Step_Index,Current(A),Voltage(V),"
    "Charge_Capacity(Ah),Discharge_Capacity(Ah)\n",
    "{n},10/10/2023 16:09:14,{t},{t},1,{n},{i},{v},0.1,0.2\n",
)
MITS = (
    "Data Point,Date Time,Test Time (s),Step Time (s),Cycle Index,Step Index,Current (A),Voltage (V)\n",
    "{n},10/10/2023 16:09:14.000,{t},{t},1,{n},{i},{v}\n",
)
MACCOR_TEXT = (
    "Today's Date\t11/28/2023\tDate of Test:\t11/23/2023\tFilename:\tC:\\data\\cell.001\n"
    "Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\n",
    "{n}\t1\t{n}\t{t}\t{t}\t0.0\t0.0\t{size}\t{v}\t{state}\t1\t11/23/2023 3:56:11 PM\n",
)
MACCOR_CSV = (
    "Today's Date ,28-Nov-23\nDate of Test:,23-Nov-23 3:56:08 PM\n"
    "Rec,Cycle C,Step,Test Time (sec),Step Time (sec),Capacity,Energy,Current,Voltage,DPT Time,Temp 1\n",
    "{n},1,{n},{t:.4f},{t:.4f},0,0,{i},{v},23-Nov-23 3:56:11 PM,22.2\n",
)
NOVONIX = (
    "[Summary]\nNovonix UHPC data file\nMass (g): 1.000\n[End Summary]\n[Protocol]\n{}\n[End Protocol]\n"
    "[Data]\n"
    "Date and Time,Cycle Number,Step Type,Run Time (h),Step Time (h),Current (A),Potential (V),Capacity (Ah),"
    "Temperature (°C),Circuit Temperature (°C),Step Number,Step position\n",
    "2025-07-19 15:26:20,1,7,{h:.9f},{h:.9f},{i},{v},0.0,24.6,25.2,{n},0\n",
)
BASYTEC = (
    "~Resultfile from Basytec Battery Test System\n~Battery: cell\n~\n"
    "~Time[h]\tDataSet\tt-Step[h]\tLine\tCommand\tU[V]\tI[A]\tAh[Ah]\tT1[°C]\tCyc-Count\tState\n",
    "{h:.9f}\t{n}\t{h:.9f}\t3\t{command}\t{v}\t{i}\t0.0\t25.4\t1\t0\n",
)
BASYTEC_BLANKS = (
    "~Resultfile from Basytec Battery Test System\n"
    "~Time[h] DataSet DateTime t-Step[h] Line Command U[V] I[A] Ah[Ah] Cyc-Count State\n",
    "{h:.9f} {n} 30.11.2022 15:00:21 {h:.9f} 3 {command} {v} {i} 0.0 1 0\n",
)
DIGATRON = (
    "Step,Status,Timestamp,Program Duration#s,Step Duration#s,Voltage#V,Current#A,AhStep#Ah\n",
    "{n},CC,2025-01-01 00:00:00,{t},{t},{v},{i},0.0\n",
)


def _write(path: Path, head: str, line: str, encoding: str = "utf-8") -> Path:
    command = {"R": "Pause", "C": "Charge", "D": "Discharge", "S": "Discharge"}
    text = head
    for n, (t, v, i, state) in enumerate(ROWS, 1):
        text += line.format(n=n, t=t, h=t / 3600, v=v, i=i, size=abs(i), state=state, command=command[state])
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("layout", "encoding"),
    [
        (ARBIN, "utf-8"),
        (MITS, "utf-8"),
        (MACCOR_TEXT, "utf-8"),
        (MACCOR_CSV, "utf-8"),
        (NOVONIX, "utf-8"),
        (NOVONIX, "cp1252"),
        (BASYTEC, "cp1252"),
        (BASYTEC, "utf-8"),
        (BASYTEC_BLANKS, "utf-8"),
        (DIGATRON, "utf-8"),
    ],
)
def test_cyclers(tmp_path: Path, layout: tuple[str, str], encoding: str) -> None:
    found = read(_write(tmp_path / "cell.txt", *layout, encoding))
    np.testing.assert_allclose(found["time"], [row[0] for row in ROWS], atol=1e-5)
    np.testing.assert_allclose(found["voltage"], [row[1] for row in ROWS])
    np.testing.assert_allclose(found["current"], [row[2] for row in ROWS])


def test_thousands_in_maccor_tables(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    rows = "".join(f'{k},1,1,"{1000 + k:,}.5000",0.001,3.{k}\n' for k in range(5))
    path.write_text("Rec,Cycle C,Step,Test Time (sec),Current,Voltage\n" + rows, encoding="utf-8")
    np.testing.assert_allclose(read(path)["time"], 1000.5 + np.arange(5))


Z = [(1e4, 10.0, -1.0), (1e3, 12.0, -4.0), (1e2, 18.0, -9.0), (10.0, 30.0, -12.0), (1.0, 45.0, -3.0)]
AUTOLAB = (
    "Frequency (Hz);Z' (Ω);-Z'' (Ω);Z (Ω);-Phase (°);Time (s)\n",
    "{f};{re};{minus};1;1;{n}\n",
)
Z60W = (
    '"Z60W Data File: Version 1.1"\n""\n0,2,0,1,0.1,10000\n41\n'
    "\"  Freq (Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\"\n",
    "{f},0,0,{n},{re},{im},0,0,0\n",
)
CHI = (
    "Nov. 23, 2024   17:47:14\nA.C. Impedance\nInstrument Model:  CHI660E\nHeader: \n\nInit E (V) = 0.848\n"
    "Amplitude (V) = 0.005\n\nFreq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg\n\n",
    "{f:.3e}, {re:.3e}, {im:.3e}, 1.0e+0, 4.2\n",
)
PARSTAT = (
    "Potential (V)\tCurrent (A)\tElapsed Time (s)\tFrequency (Hz)\tZre (ohms)\tZim (ohms)\t|Vac| (V)\t\n"
    "3.49\t-0.14\t10\t0\t0\t0\t0\t\n",
    "3.49\t-0.14\t{n}\t{f}\t{re}\t{im}\t0.01\t\n",
)
POWERSUITE = ("Frequency\t Zre\t Zimg\n", "{f}\t {re}\t {im}\n")


@pytest.mark.parametrize("layout", [AUTOLAB, Z60W, CHI, PARSTAT, POWERSUITE])
@pytest.mark.parametrize("comma", [False, True])
def test_impedance_texts(tmp_path: Path, layout: tuple[str, str], comma: bool) -> None:
    if comma and layout is not AUTOLAB:
        pytest.skip("this program writes decimal points")
    path = tmp_path / "spectrum.txt"
    lines = [layout[1].format(f=f, re=re, im=im, minus=-im, n=float(n)) for n, (f, re, im) in enumerate(Z, 1)]
    text = layout[0] + "".join(lines).replace(".", "," if comma else ".")
    path.write_text(text, encoding="utf-8")
    found = read(path)
    np.testing.assert_allclose(found["frequency"], [row[0] for row in Z])
    np.testing.assert_allclose(found["z_re"], [row[1] for row in Z])
    np.testing.assert_allclose(found["z_im"], [row[2] for row in Z])


def test_voltammogram_of_chi_has_its_time_from_the_scan_rate(tmp_path: Path) -> None:
    path = tmp_path / "cv.txt"
    volts = np.concatenate([np.linspace(0, 0.5, 51), np.linspace(0.49, 0, 50)])
    head = (
        "Cyclic Voltammetry\nInstrument Model:  CHI660E\nScan Rate (V/s) = 0.05\n\nPotential/V, Current/A\n\n"
    )
    path.write_text(head + "".join(f"{v:.3f}, {1e-6 * v:.3e}\n" for v in volts), encoding="utf-8")
    found = read(path)
    assert float(found["time"][-1]) == pytest.approx(1.0 / 0.05)
    assert any("scan rate" in text for text in json.loads(found.attrs["warnings"]))
    assert analyze(found).attrs["kind"] == "cv"


def test_settings_of_eclab_are_a_named_error(tmp_path: Path) -> None:
    path = tmp_path / "PEIS.mps"
    path.write_bytes(
        "EC-LAB SETTING FILE\r\n\r\nElectrode surface area : 1.130 cm²\r\n"
        "Technique : 1\r\nPotentio Electrochemical Impedance Spectroscopy\r\n".encode("cp1252")
    )
    with pytest.raises(ReadError, match="Potentio Electrochemical"):
        read(path)


def test_battery_data_format_out_and_in(real: Path, tmp_path: Path) -> None:
    folder = real / "electrochem" / "landt"
    raw = read(folder / "SINTEF__LiGrR2032__2024-04-30__25degC__Landt.csv")
    again = read(write_bdf(raw, tmp_path / "cell.bdf.csv"))
    for name in ("time", "voltage", "current", "charge_capacity", "discharge_capacity", "step", "cycle"):
        np.testing.assert_array_equal(again[name], raw[name])
    with pytest.raises(AnalysisError, match="not written over"):
        write_bdf(again, tmp_path / "cell.bdf.csv")
    with pytest.raises(AnalysisError, match="without"):
        write_bdf(xr.Dataset({"voltage": ("point", [1.0])}), tmp_path / "x.bdf.csv")


def test_spectra_alone_are_no_battery_data_format_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "eis.csv"
    rows = [f"{k},3.5,1e-4,{10.0 ** (5 - k / 6):.6g},{20 + k},{-(3.0 + k % 7)}" for k in range(30)]
    path.write_text("time/s,Ecell/V,I/A,Frequency/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n" + "\n".join(rows) + "\n")
    out = tmp_path / "bdf"
    assert cli.main(["electrochem", "eis", "--bdf", str(out), str(path)]) == 3
    assert "eis.csv: impedance only" in capsys.readouterr().err and not out.exists()
    other = tmp_path / "cell.csv"
    other.write_text("Test Time / s,Voltage / V,Current / A\n0,3.5,1e-3\n60,3.6,1e-3\n120,3.7,1e-3\n")
    both = [Item(each, "electrochem", "eis", xr.DataTree()) for each in (path, other)]
    written, failed = write_files(both, {}, out)  # one among others is named, and the others are written
    assert [each.name for each in written] == ["cell.bdf.csv"] and "eis.csv: impedance only" in failed[0]


def test_battery_data_format_and_series_on_the_command_line(tmp_path: Path) -> None:
    parts = []
    for part in range(2):
        path = tmp_path / f"part{part}.csv"
        rows = [
            f"{60 * (k + 1)},{3.5 + 0.001 * (k % 60)},{1e-3 if (k // 60) % 2 == 0 else -1e-3}"
            for k in range(240)
        ]
        path.write_text("Test Time / s,Voltage / V,Current / A\n" + "\n".join(rows) + "\n", encoding="utf-8")
        parts.append(str(path))
    out = tmp_path / "bdf"
    assert cli.main(["electrochem", "cycling", "--series", "--bdf", str(out), "--json", *parts]) == 0
    assert read(out / "part0.bdf.csv").sizes["point"] == 240
