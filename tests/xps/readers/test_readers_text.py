"""SPECS `.xy`, CasaXPS text and Avantage `.xlsx`: what is missing is said, what is no signal is left out."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from interlayer.core.errors import ReadError
from interlayer.xps import read

N = 80
ENERGY = np.round(292.0 - 0.1 * np.arange(N), 1)
COUNTS = np.random.default_rng(1).poisson(700.0, (6, N)).astype(float)
TOP = """# Created by:        SpecsLab Prodigy, Version 4.100.1
#   Energy Axis:              {axis} Energy
#   Count Rate:               {rate}
# Group:                        1 x
#
# Region:                       C1s
# Values/Curve:                 {points}
# Dwell Time:                   0.5
# Excitation Energy:            1486.6
# Pass Energy:                  20

# Cycle: 0
#
# Number of Scans: {scans}
"""


def put(folder: Path, content: str, name: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def xy(
    curves: list[tuple[str, np.ndarray]],
    axis: str = "Binding",
    rate: str = "Counts per Second",
    scans: int = 1,
) -> str:
    energy = ENERGY if axis == "Binding" else 1486.6 - ENERGY
    text = TOP.format(axis=axis, rate=rate, points=N, scans=scans)
    for heading, values in curves:
        text += f"\n# {heading}\n#\n# ColumnLabels: energy counts/s\n#\n"
        text += "".join(f"{e:.1f}  {v:.8g}\n" for e, v in zip(energy, values, strict=True))
    return text


@pytest.mark.parametrize("axis", ["Binding", "Kinetic"])
def test_scans_are_summed(tmp_path: Path, axis: str) -> None:
    curves = [(f"Cycle: 0, Curve: 0, Scan: {i}", COUNTS[i] / 0.5) for i in range(3)]
    carbon = read(put(tmp_path, xy(curves, axis), "x.xy"))["c1s_counts"]
    assert np.allclose(carbon.values, COUNTS[:3].sum(axis=0), rtol=1e-6)
    assert np.allclose(carbon["c1s_binding_energy"].values, ENERGY, atol=1e-6)
    assert carbon.attrs["scans"] == 3.0


def test_channels_of_a_scan_add_up(tmp_path: Path) -> None:
    curves = [(f"Cycle: 0, Curve: 0, Scan: {i // 3}, Channel: {i % 3}", COUNTS[i] / 0.5) for i in range(6)]
    carbon = read(put(tmp_path, xy(curves), "x.xy"))["c1s_counts"]
    assert np.allclose(carbon.values, COUNTS.sum(axis=0), rtol=1e-6)
    assert carbon.attrs["scans"] == 2.0


def test_mean_rate_of_summed_scans(tmp_path: Path) -> None:
    text = xy([("Cycle: 0, Curve: 0, Scan: 0", COUNTS[0] / (0.5 * 8))], scans=8)
    assert np.allclose(read(put(tmp_path, text, "x.xy"))["c1s_counts"].values, COUNTS[0], rtol=1e-6)
    rate = read(put(tmp_path, text.replace("# Dwell Time:                   0.5", "# x"), "x.xy"))
    assert np.allclose(rate["c1s_intensity"].values, COUNTS[0] / (0.5 * 8), rtol=1e-6)


def test_external_channels_are_no_signal(tmp_path: Path) -> None:
    scan = ("Cycle: 0, Curve: 0, Scan: 0", COUNTS[0])
    heater = ("External Channel Data Cycle: 0, Sample temperature [K]", np.full(N, 723.0))
    carbon = read(put(tmp_path, xy([scan, heater], rate="Counts"), "x.xy"))["c1s_counts"]
    assert np.array_equal(carbon.values, COUNTS[0])


def test_kinetic_curves_need_the_source(tmp_path: Path) -> None:
    text = xy([("Cycle: 0, Curve: 0, Scan: 0", COUNTS[0])], "Kinetic").replace("# Excitation Energy:", "# x:")
    with pytest.raises(ReadError, match="without the source's energy"):
        read(put(tmp_path, text, "x.xy"))


@pytest.mark.parametrize("lost", [1, 30, 79])
def test_cut_curve_is_refused(tmp_path: Path, lost: int) -> None:
    text = xy([(f"Cycle: 0, Curve: 0, Scan: {i}", COUNTS[i]) for i in range(2)])
    cut = "\n".join(text.splitlines()[:-lost]) + "\n"
    with pytest.raises(ReadError, match=f"not alike; expected 80 points; found 80, {N - lost}"):
        read(put(tmp_path, cut, "x.xy"))


def casa(rows: list[str]) -> str:
    head = "Cycle 0:Li:C 1s\n\tCharacteristic Energy eV\t1.4866e+003\tAcquisition Time s\t2.0e-001\nName\t\n"
    return head + "K.E.\tCounts\t\tB.E.\tCPS\n" + "\n".join(rows) + "\n"


def test_cut_row_of_casaxps_is_refused(tmp_path: Path) -> None:
    rows = [
        f"{1486.6 - e:.2f}\t{c:.0f}\t\t{e:.2f}\t{c / 0.2:.1f}" for e, c in zip(ENERGY, COUNTS[0], strict=True)
    ]
    assert np.array_equal(read(put(tmp_path, casa(rows), "x.txt"))["c1s_counts"].values, COUNTS[0])
    for bad in (rows[5][:12], rows[5].replace("\t\t", "\t\tx"), "1200.0\t\t\t\t"):
        with pytest.raises(ReadError, match="no energy or counts"):
            read(put(tmp_path, casa([*rows[:5], bad, *rows[6:]]), "x.txt"))


def workbook(path: Path, points: int, bad_row: int = -1, unit: str = "Counts / s") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "C1s Scan"
    sheet["A7"], sheet["D7"], sheet["A15"], sheet["A16"], sheet["C16"] = (
        "Axis", points, "Binding Energy (E)", "eV", unit
    )  # fmt: skip
    for i in range(N):
        sheet.cell(17 + i, 1, float(ENERGY[i]))
        sheet.cell(17 + i, 3, "n/a" if i == bad_row else float(COUNTS[0, i]))
    book.save(path)
    return path


def test_avantage_workbook(tmp_path: Path) -> None:
    raw = read(workbook(tmp_path / "a.xlsx", N))
    assert np.array_equal(raw["c1s_intensity"].values, COUNTS[0])
    assert np.array_equal(
        read(workbook(tmp_path / "b.xlsx", N, unit="Counts"))["c1s_counts"].values, COUNTS[0]
    )
    with pytest.raises(ReadError, match="not complete; expected 90 points; found 80"):
        read(workbook(tmp_path / "c.xlsx", 90))
    with pytest.raises(ReadError, match="row without energy or intensity"):
        read(workbook(tmp_path / "d.xlsx", N, bad_row=40))
