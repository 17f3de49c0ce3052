"""Rigaku, PANalytical, Philips, GSAS and powder CIF."""

import math
from pathlib import Path

import numpy as np
import pytest
import reader_files as files

from interlayer.core.errors import ReadError
from interlayer.xrd.readers import read, read_all

COUNTS = files.counts()
FOLLOWING = [(20.0, 0.02, COUNTS), (21.2, 0.02, files.counts(seed=4))]
REPEATED = [(20.0, 0.02, files.counts(seed=seed)) for seed in (1, 2, 3)]
ANGLES = 20.0 + 0.02 * np.arange(60)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16"])
def test_rigaku_asc(tmp_path: Path, encoding: str) -> None:
    raw = read(files.written(tmp_path, "a.asc", files.rigaku_asc(FOLLOWING), encoding))
    assert raw["intensity"].values.tolist() == [*COUNTS, *FOLLOWING[1][2]]
    assert raw["two_theta"].values == pytest.approx(20.0 + 0.02 * np.arange(120))
    expected = {"anode": "Cu", "wavelength": 1.54056, "wavelength_alpha2": 1.54439}
    assert {key: raw.attrs[key] for key in expected} == expected
    assert raw.attrs["divergence_slit"] == pytest.approx(2 / 3)
    assert raw.attrs["counting_time"] == pytest.approx(0.12)
    assert raw.attrs["goniometer_radius"] == 185.0


def test_rigaku_asc_slits_by_number(tmp_path: Path) -> None:
    """Older files name the slits once and give their openings, in minutes, with each group."""
    text = files.rigaku_asc(FOLLOWING[:1], unit="cps").replace("0, Div. slit, 2/3deg.", "0, Divergence")
    text = text.replace("deg./min.", "sec./step").replace(
        "*SPEED\t\t=  10", "*SPEED\t\t=  0.4\r\n*SLIT_SPEC\t=  0, Slit ( 30 min ), 1.74, 10"
    )
    raw = read(files.written(tmp_path, "a.asc", text))
    assert (raw.attrs["divergence_slit"], raw.attrs["counting_time"]) == (0.5, 0.4)
    assert raw["intensity"].attrs["units"] == "counts/s"
    assert "without a counting time" not in raw.attrs["conversion"]


def test_rigaku_asc_groups(tmp_path: Path) -> None:
    path = files.written(tmp_path, "a.asc", files.rigaku_asc(REPEATED, unit="cps"))
    every = read_all(path)
    assert [each["intensity"].values.tolist() for each in every] == [list(scan[2]) for scan in REPEATED]
    assert every[0]["intensity"].attrs["units"] == "counts/s"


def test_rigaku_ras_blocks(tmp_path: Path) -> None:
    starts = ["11/21/2017 08:32:31", "11/21/2017 08:37:31", "11/21/2017 09:32:31"]
    text = files.rigaku_ras(REPEATED, attenuation=2.0, starts=starts)
    every = read_all(files.written(tmp_path, "a.ras", text))
    assert [each.attrs["time"] for each in every] == [0.0, 300.0, 3600.0]
    assert every[2]["intensity"].values == pytest.approx(2 * np.array(REPEATED[2][2]))
    assert "attenuation" in every[2].attrs["conversion"]


def test_rigaku_rasx_profiles(tmp_path: Path) -> None:
    every = read_all(files.written(tmp_path, "a.rasx", files.rasx(REPEATED)))
    assert [each["intensity"].values.tolist() for each in every] == [list(scan[2]) for scan in REPEATED]
    assert [each.attrs["time"] for each in every] == [0.0, 60.0, 120.0]
    assert every[0].attrs["counting_time"] == pytest.approx(1.2)


def test_rigaku_real_metadata(real: Path) -> None:
    ras, rasx = (read(real / "xrd" / name).attrs for name in ("rigaku_nims.ras", "rigaku_powder.rasx"))
    for attrs in (ras, rasx):  # both list the same distances of a SmartLab
        assert (attrs["goniometer_radius"], attrs["detector_distance"]) == (300.0, 331.0)
        assert attrs["soller_slit"] == pytest.approx(math.radians(2.5))
    assert ras["divergence_slit"] == 0.3
    assert "divergence_slit" not in rasx  # 1 mm in a parallel beam is no divergence
    assert ras["counting_time"] == pytest.approx(0.01 / 8 * 60)
    assert "Ge(220)" in rasx["monochromator"]


@pytest.mark.parametrize(("version", "factor"), [("2.0", 50.0), ("1.5", 1.0)])
def test_xrdml_attenuation(tmp_path: Path, version: str, factor: float) -> None:
    """Counts of 2.x are as detected; intensities of 1.x are corrected for the attenuator already."""
    raw = read(
        files.written(tmp_path, "a.xrdml", files.xrdml(FOLLOWING[:1], attenuation=50, version=version))
    )
    assert raw["intensity"].values == pytest.approx(factor * np.array(COUNTS))


def test_xrdml_scans(tmp_path: Path) -> None:
    path = files.written(tmp_path, "a.xrdml", files.xrdml(REPEATED))
    assert "the first of 3 scans" in read(path).attrs["conversion"]
    every = read_all(path)
    assert [each.attrs["time"] for each in every] == [0.0, 600.0, 1200.0]
    assert [each.attrs["temperature"] for each in every] == pytest.approx([26.85, 36.85, 46.85])
    assert every[1]["intensity"].values.tolist() == list(REPEATED[1][2])
    assert every[0].attrs["soller_slit"] == pytest.approx(0.03)
    assert every[0].attrs["divergence_slit"] == pytest.approx(math.degrees(0.38 / 100))


@pytest.mark.parametrize("kind", ["automatic", "programmable"])
def test_xrdml_slit_that_opens(tmp_path: Path, kind: str) -> None:
    attrs = read(files.written(tmp_path, "a.xrdml", files.xrdml(FOLLOWING, slit=kind))).attrs
    assert attrs["divergence_slit_kind"] == "automatic"
    assert "divergence_slit" not in attrs


@pytest.mark.parametrize(
    ("name", "slit"), [("HL1-2_5-90_60min.xrdml", 1 / 8), ("Li2CO3_0p9001-ZrO2_0p1000--8min.xrdml", 1.0)]
)
def test_xrdml_real_metadata(real: Path, name: str, slit: float) -> None:
    attrs = read(real / "xrd" / name).attrs
    assert attrs["divergence_slit"] == slit
    assert attrs["soller_slit"] == pytest.approx(0.04)
    assert attrs["source_length"] == 12.0
    assert "time" not in attrs


def test_xrdml_aborted_scan_is_said(tmp_path: Path) -> None:
    text = files.xrdml(FOLLOWING[:1]).replace("Completed", "Aborted")
    assert "aborted" in read(files.written(tmp_path, "a.xrdml", text)).attrs["conversion"]


def test_xrdml_times_per_point(tmp_path: Path) -> None:
    times = " ".join("1" if i < 30 else "4" for i in range(60))
    text = files.xrdml(FOLLOWING[:1]).replace(
        "<commonCountingTime>12.5</commonCountingTime>", f"<countingTimes>{times}</countingTimes>"
    )
    raw = read(files.written(tmp_path, "a.xrdml", text))
    assert raw["intensity"].attrs["units"] == "counts/s"
    assert raw["intensity"].values[[0, 59]] == pytest.approx([COUNTS[0], COUNTS[59] / 4])
    assert raw["intensity_stddev"].values[59] == pytest.approx(COUNTS[59] ** 0.5 / 4)
    assert "counting times" in raw.attrs["conversion"]


def test_highscore(tmp_path: Path) -> None:
    for comma in (False, True):
        raw = read(files.written(tmp_path, "a.csv", files.highscore(20.0, 0.02, COUNTS, comma=comma)))
        assert raw["intensity"].values.tolist() == COUNTS
        assert raw["two_theta"].values == pytest.approx(ANGLES)
        assert raw["intensity_stddev"].values[0] == pytest.approx(COUNTS[0] ** 0.5, abs=0.01)
        assert raw.attrs["wavelength"] == pytest.approx(1.540598)
        expected = {"anode": "Cu", "divergence_slit": 0.25, "goniometer_radius": 240.0, "counting_time": 18.0}
        assert {key: raw.attrs[key] for key in expected} == expected


def test_highscore_with_missing_rows(tmp_path: Path) -> None:
    text = files.highscore(20.0, 0.02, COUNTS)
    with pytest.raises(ReadError, match="points are missing"):
        read(files.written(tmp_path, "a.csv", "\r\n".join(text.split("\r\n")[:-5])))


@pytest.mark.parametrize("version", [b"V3RD", b"V5RD"])
def test_philips_rd(tmp_path: Path, version: bytes) -> None:
    roots = [100 + 7 * i for i in range(60)]
    raw = read(files.written(tmp_path, "a.rd", files.philips_rd(20.0, 0.02, roots, version)))
    assert raw["intensity"].values.tolist() == [root * root // 100 for root in roots]
    assert raw["two_theta"].values == pytest.approx(ANGLES)
    assert "unpacked" in raw.attrs["conversion"]
    with pytest.raises(ReadError, match="length"):
        read(files.written(tmp_path, "cut.rd", files.philips_rd(20.0, 0.02, roots, version)[:-2]))


def test_philips_udf(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "a.udf", files.udf(20.0, 0.02, COUNTS)))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values == pytest.approx(ANGLES)
    assert (raw.attrs["divergence_slit"], raw.attrs["counting_time"]) == (0.5, 18.87)
    automatic = read(files.written(tmp_path, "b.udf", files.udf(20.0, 0.02, COUNTS, "Automatic, 12"))).attrs
    assert (automatic["divergence_slit_kind"], "divergence_slit" in automatic) == ("automatic", False)
    for broken in (
        files.udf(20.0, 0.02, COUNTS)[:-9],
        files.udf(20.0, 0.02, COUNTS).replace("21.18", "21.98"),
    ):
        with pytest.raises(ReadError):
            read(files.written(tmp_path, "c.udf", broken))


def test_gsas_std(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "a.gsas", files.gsas_std([(20.0, 0.02, COUNTS[:57])])))
    assert raw["intensity"].values.tolist() == COUNTS[:57]
    assert raw["two_theta"].values == pytest.approx(ANGLES[:57])
    assert "intensity_stddev" not in raw


def test_gsas_several_counters(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "a.gsas", files.gsas_std([(20.0, 0.02, COUNTS)], counters=4)))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["intensity_stddev"].values[0] == pytest.approx((COUNTS[0] / 4) ** 0.5)


@pytest.mark.parametrize(
    "text",
    [
        files.gsas_esd(20.0, 0.02, COUNTS),
        files.gsas_esd(20.0, 0.02, COUNTS, free=True),
        files.gsas_fxye(20.0, 0.02, COUNTS),
    ],
)
def test_gsas_with_errors(tmp_path: Path, text: str) -> None:
    raw = read(files.written(tmp_path, "a.gsas", text))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values == pytest.approx(ANGLES)
    assert raw["intensity_stddev"].values == pytest.approx(np.sqrt(COUNTS), abs=0.01)


def test_gsas_banks(tmp_path: Path) -> None:
    every = read_all(files.written(tmp_path, "a.gsas", files.gsas_std(REPEATED)))
    assert [each["intensity"].values.tolist() for each in every] == [list(scan[2]) for scan in REPEATED]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (files.gsas_std(FOLLOWING, binning="RALF"), "flight times"),
        (files.gsas_std(FOLLOWING, binning="COND"), "unknown binning"),
        (files.gsas_std(FOLLOWING).replace("STD", "ALT"), "unknown type"),
        (files.gsas_fxye(20.0, 0.02, COUNTS).rpartition("\n")[0].rpartition("\n")[0], "truncated"),
        (files.gsas_std(FOLLOWING[:1])[:-90], "truncated"),
    ],
)
def test_refused_gsas(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(files.written(tmp_path, "bad.gsas", text))


def test_cif_nist_instrument(real: Path) -> None:
    attrs = read(real / "xrd" / "nist_srm660c_100a.cif").attrs
    assert (attrs["divergence_slit"], attrs["goniometer_radius"], attrs["anode"]) == (1.05, 217.5, "Cu")
    assert attrs["soller_slit"] == pytest.approx(math.radians(6.776))
    assert (attrs["source_length"], attrs["sample_length"], attrs["receiving_slit"]) == (12.0, 15.0, 0.2)
    assert attrs["temperature"] == pytest.approx(20.85)
    assert "graphite" in attrs["monochromator"]


STRUCTURE = """data_Li3N
_cell_length_a 3.641
_cell_length_c 3.872
loop_
_atom_site_label
_atom_site_fract_x
Li1 0.0
N1 0.0
"""


def _pattern_cif(rows: list[str]) -> str:
    head = ["data_powder", "_diffrn_radiation_type 'Cu K\\a~1~'", "_pd_meas_step_count_time 2.5", "loop_"]
    head += [
        "_diffrn_radiation_wavelength",
        "_diffrn_radiation_wavelength_wt",
        "1.54056(2) 1.0",
        "1.54439 0.5",
    ]
    return "\n".join([*head, "loop_", "_pd_meas_2theta_scan", "_pd_meas_counts_total", *rows, ""])


def test_cif_pattern(tmp_path: Path) -> None:
    rows = [f"{angle:.2f} {value:g}({value**0.5:.0f})" for angle, value in zip(ANGLES, COUNTS, strict=True)]
    raw = read(files.written(tmp_path, "a.cif", _pattern_cif(rows)))
    assert raw["intensity"].values.tolist() == COUNTS
    assert (raw.attrs["wavelength"], raw.attrs["wavelength_alpha2"]) == (1.54056, 1.54439)
    assert (raw.attrs["counting_time"], raw.attrs["anode"]) == (2.5, "Cu")
    with pytest.raises(ReadError, match="not complete"):
        read(files.written(tmp_path, "b.cif", _pattern_cif([*rows, "30.00"])))


def test_cif_structure_is_no_pattern(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="--phase"):
        read(files.written(tmp_path, "Li3N.cif", STRUCTURE))


def test_cif_with_open_quotes_is_not_slow(tmp_path: Path) -> None:
    """A quote that is never closed must not make the reader start over at each one."""
    with pytest.raises(ReadError):
        read(files.written(tmp_path, "a.cif", STRUCTURE + "_x " + "'a " * 200_000))
