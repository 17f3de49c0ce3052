"""Column text: signs, encodings, headers, and rows that must not be lost."""

from pathlib import Path

import numpy as np
import pytest
import reader_files as files

from interlayer.core.errors import ReadError
from interlayer.xrd.readers import read, read_all

COUNTS = files.counts()
ANGLES = [round(10 + 0.02 * i, 2) for i in range(60)]


def _rows(form: str, counts: list[float] = COUNTS) -> list[str]:
    return [form.format(x, y) for x, y in zip(ANGLES, counts, strict=True)]


def _comma(rows: list[str]) -> list[str]:
    return [row.replace(".", ",") for row in rows]


@pytest.mark.parametrize(
    "rows",
    [
        _rows("{:.2f} {:.0f}"),
        _rows("  {:.2f}    {:.1f}  "),
        _rows("{:.2f}\t{:.0f}\t"),
        _rows("{:.2f},{:.0f}"),
        _rows("{:.2f}, {:.1f}"),
        _rows("{:.2f};{:.1f};"),
        _rows('"{:.2f}","{:.1f}"'),
        _rows("{:.5E} {:.5e}"),
        _rows("{:.5E} {:.5E}")[:1] + [row.replace("e+", "D+") for row in _rows("{:.5e} {:.5e}")[1:]],
        _comma(_rows("{:.2f};{:.1f}")),
        _comma(_rows("{:.2f}\t{:.0f}")),
        _comma(_rows("{:.2f} {:.0f}")),
        _comma(_rows("{:.2f} {:.1f}")),
        _comma(_rows('"{:.2f}";"{:.1f}"')),
        _comma(_rows('"{:.2f}","{:.1f}"')),
        [row.replace(".", ",").replace(" ", ", ") for row in _rows("{:.2f} {:.1f}")],
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_signs_and_line_ends(tmp_path: Path, rows: list[str], ends: str) -> None:
    raw = read(files.written(tmp_path, "a.txt", ends.join(rows) + ends))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values == pytest.approx(ANGLES)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1251", "Угол 2θ".replace("θ", "тета") + "; Интенсивность, имп/с"),
        ("cp1252", "2 Theta °; Intensität cps"),
        ("gb18030", "衍射角; 强度 计数/秒"),
        ("utf-8", "2θ; имп/с"),
        ("utf-8-sig", "2θ / °; counts/s"),
        ("utf-16", "2θ; I / cps"),
        ("utf-16-le", "2θ; I / cps"),
        ("utf-16-be", "2θ; I / cps"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, names: str) -> None:
    text = "\r\n".join([names, *_comma(_rows("{:.2f};{:.1f}"))]) + "\r\n"
    raw = read(files.written(tmp_path, "a.csv", text, encoding))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["intensity"].attrs["units"] == "counts/s"
    assert "without a counting time" in raw.attrs["conversion"]


@pytest.mark.parametrize(
    "header",
    [
        ["# Cu K-alpha, lambda = 1.5406", "# 2theta I"],
        ['/* Id: 5 Comment: "x" Operator */'],
        ["Sample 7 of 2025-03-04", "", "Angle Counts"],
        ["10.00 0.02 11.18"],
        ["60"],
        ["' made by PowDLL 2.93", "60 points"],
        ["[Header]", "Anode: Cu", "Time per step: 2.5 s", "[Data]"],
        ["XYDATA", "INTER 1.0 1.0 2", "! x"],
    ],
)
def test_headers_of_any_kind(tmp_path: Path, header: list[str]) -> None:
    raw = read(files.written(tmp_path, "a.dat", "\n".join([*header, *_rows("{:.2f} {:.0f}"), ""])))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values[0] == 10.0


def test_header_metadata(tmp_path: Path) -> None:
    head = ["; Anode: Co", "; Wavelength 1.78901", "; Goniometer radius 185 mm", "; Div. slit: 1/2 deg"]
    head += ["; Time per step = 4 s", "2theta cps"]
    attrs = read(files.written(tmp_path, "a.txt", "\n".join([*head, *_rows("{:.2f} {:.1f}")]))).attrs
    expected = {"anode": "Co", "wavelength": 1.78901, "goniometer_radius": 185.0, "divergence_slit": 0.5}
    assert {key: attrs[key] for key in expected} == expected
    assert attrs["counting_time"] == 4.0
    assert attrs["conversion"] == ""


def test_columns_by_name(tmp_path: Path) -> None:
    rows = [
        f"{i},{x},{9000 + i},{y:.0f},{y**0.5:.3f}"
        for i, (x, y) in enumerate(zip(ANGLES, COUNTS, strict=True))
    ]
    raw = read(files.written(tmp_path, "a.csv", "\n".join(["no,2theta,Icalc,Iobs,sigma", *rows])))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["intensity_stddev"].values == pytest.approx(np.sqrt(COUNTS), abs=1e-3)
    assert "2 further columns" in raw.attrs["conversion"]


def test_number_of_the_point_is_no_intensity(tmp_path: Path) -> None:
    rows = [f"{i}\t{x}\t{y:.0f}" for i, (x, y) in enumerate(zip(ANGLES, COUNTS, strict=True))]
    raw = read(files.written(tmp_path, "a.txt", "\n".join(["Point\t2theta\tCounts", *rows])))
    assert raw["intensity"].values.tolist() == COUNTS


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Series-1", "counts"),
        ("from c:/misc/s1", "counts"),
        ("2theta Intensity", "counts"),
        ("2theta counts/s", "counts/s"),
        ("2theta; I (cts/sec)", "counts/s"),
        ("Angle Counts s-1", "counts/s"),
        ("Counts per second", "counts/s"),
    ],
)
def test_unit_of_the_header(tmp_path: Path, header: str, unit: str) -> None:
    raw = read(files.written(tmp_path, "a.txt", "\n".join([header, *_rows("{:.2f}\t{:.0f}")])))
    assert raw["intensity"].attrs["units"] == unit


def _cpd(head: str) -> str:
    cells = [f"{value:8.0f}" for value in COUNTS]
    rows = ["".join(cells[i : i + 8]) for i in range(0, 60, 8)]
    return "\n".join(["round robin", "x", "y", "z", head, *rows, ""])


def test_list_of_counts(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "a.dat", _cpd(" 10.0000  0.0200 11.1800  PW3710")))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values == pytest.approx(ANGLES)
    with pytest.raises(ReadError, match="points are missing"):
        read(files.written(tmp_path, "b.dat", _cpd("10.0 0.02 12.18")))


def test_list_of_single_counts(tmp_path: Path) -> None:
    text = "\n".join(["10.0 0.02 11.18", *(f"{value:.0f}" for value in COUNTS)])
    assert read(files.written(tmp_path, "a.dat", text))["intensity"].values.tolist() == COUNTS


def test_eva_export_with_a_long_header_and_two_ranges(tmp_path: Path) -> None:
    lines = [";RAW4.00", "[Information]", *(f"Key{i}={i * 1.5}" for i in range(900)), "Anode=Cu", "[Range]"]
    for seed in (3, 9):
        lines += ["2Theta=10.000", "Theta=5.000", "TimePerStep=0.5", "[Data]", "     Angle,       PSD,"]
        lines += _rows("{:10.4f}, {:9.0f},", files.counts(seed=seed))
    every = read_all(files.written(tmp_path, "a.txt", "\r\n".join(lines)))
    assert [each["intensity"].values.tolist() for each in every] == [COUNTS, files.counts(seed=9)]
    assert every[0].attrs["anode"] == "Cu"
    assert every[0].attrs["counting_time"] == 0.5


def test_words_below_the_rows_are_left_out_and_said(tmp_path: Path) -> None:
    text = "\n".join([*_rows("{:.2f} {:.0f}"), "End of file", "-----"])
    raw = read(files.written(tmp_path, "a.xy", text))
    assert raw.sizes["two_theta"] == 60
    assert "2 lines of text below the rows" in raw.attrs["conversion"]


@pytest.mark.parametrize("place", [1, 2, 30, 58, 59])
@pytest.mark.parametrize(
    "damage", ["{x} {y} 7", "{x}", "x{x} {y}", "{x} 1O5", "{x} {y}k", "{x}; {y}", "\x00\x00{x} {y}"]
)
def test_no_row_is_lost(tmp_path: Path, place: int, damage: str) -> None:
    rows = _rows("{:.2f} {:.0f}")
    x, y = rows[place].split()
    rows[place] = damage.format(x=x, y=y)
    with pytest.raises(ReadError):
        read(files.written(tmp_path, "a.xy", "\n".join(rows) + "\n"))


def test_first_row_with_a_cell_too_many(tmp_path: Path) -> None:
    rows = _rows("{:.2f} {:.0f}")
    rows[0] += " 7"
    with pytest.raises(ReadError, match="line 1"):
        read(files.written(tmp_path, "a.xy", "\n".join(rows) + "\n"))


def test_tables_below_each_other_are_scans(tmp_path: Path) -> None:
    text = "\n".join(
        ["Scan one", *_rows("{:.2f} {:.0f}"), "Scan two", *_rows("{:.2f} {:.0f}", files.counts(seed=9))]
    )
    path = files.written(tmp_path, "a.txt", text)
    assert "the first of 2 scans" in read(path).attrs["conversion"]
    assert read_all(path)[1]["intensity"].values.tolist() == files.counts(seed=9)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_comma(_rows("{:.2f},{:.0f}")), "repeated"),
        (["2theta I", *_rows("{:.2f} {:.0f}", [-1.0, *COUNTS[1:]])], "background was subtracted"),
        (_rows("{:.2f} {:.0f}", [float("nan"), *COUNTS[1:]]), "NaN"),
        (_rows("{:.2f} {:.0f}")[:5], "too few points"),
        ([row.split()[1] + " " + row.split()[0] for row in _rows("{:.2f} {:.0f}")], "2θ"),
        ([f"{x * 40:.2f} {y:.0f}" for x, y in zip(ANGLES, COUNTS, strict=True)], "2θ is out of range"),
    ],
)
def test_refused_tables(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(files.written(tmp_path, "a.xy", "\n".join(rows) + "\n"))


def test_thousands_are_understood(tmp_path: Path) -> None:
    counts = [value + 1000 for value in COUNTS]
    raw = read(files.written(tmp_path, "a.txt", "\n".join(_rows("{:.2f}\t{:,.0f}", counts))))
    assert raw["intensity"].values.tolist() == counts
    assert "thousands" in raw.attrs["conversion"]
