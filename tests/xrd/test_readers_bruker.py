"""Bruker RAW, UXD and BRML, written from their descriptions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import reader_files as files

from interlayer.core.errors import ReadError
from interlayer.xrd.readers import read, read_all

COUNTS = files.counts()
FOLLOWING = [(20.0, 0.02, COUNTS), (21.2, 0.02, files.counts(seed=4))]
REPEATED = [(20.0, 0.02, files.counts(seed=seed)) for seed in (1, 2, 3)]


@pytest.mark.parametrize("repeat_mark", [True, False])
def test_raw_version_1(tmp_path: Path, repeat_mark: bool) -> None:
    path = files.written(tmp_path, "old.raw", files.raw1(FOLLOWING, repeat_mark=repeat_mark))
    raw = read(path)
    assert raw["intensity"].values.tolist() == [*COUNTS, *FOLLOWING[1][2]]
    assert raw["two_theta"].values[[0, 1, 59, 60]] == pytest.approx([20.0, 20.02, 21.18, 21.2], abs=1e-9)
    assert raw.attrs["counting_time"] == 2.0
    assert raw.attrs["wavelength"] == pytest.approx(1.54056, abs=1e-7)
    assert "2 ranges that follow each other were joined" in raw.attrs["conversion"]


def test_raw_version_2(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "old.raw", files.raw2([(20.0, 0.02, COUNTS)])))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values[-1] == pytest.approx(21.18, abs=1e-9)
    assert raw.attrs["anode"] == "Co"
    assert raw.attrs["wavelength_alpha2"] == pytest.approx(1.79285, abs=1e-7)
    assert raw.attrs["temperature"] == pytest.approx(24.85)


@pytest.mark.parametrize("write", [files.raw1, files.raw2, files.raw3, files.raw4])
def test_overlapping_ranges_are_scans(tmp_path: Path, write: Callable[..., bytes]) -> None:
    path = files.written(tmp_path, "series.raw", write(REPEATED))
    first, every = read(path), read_all(path)
    assert "the first of 3 scans" in first.attrs["conversion"]
    assert [each["intensity"].values.tolist() for each in every] == [list(scan[2]) for scan in REPEATED]
    assert [each.attrs["scan_index"] for each in every] == [0, 1, 2]
    assert first["intensity"].values.tolist() == every[0]["intensity"].values.tolist()
    assert {each.attrs["source_sha256"] for each in every} == {first.attrs["source_sha256"]}


def test_raw_version_3_metadata(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "a.raw", files.raw3(FOLLOWING)))
    expected = {
        "goniometer_radius": 200.5,
        "divergence_slit": 0.3,
        "divergence_slit_kind": "fixed",
        "anode": "Cu",
    }
    assert {key: raw.attrs[key] for key in expected} == expected
    assert raw.attrs["temperature"] == pytest.approx(80.0, abs=1e-4)
    assert raw.sizes["two_theta"] == 120


def test_raw_version_3_motorised_slit(tmp_path: Path) -> None:
    raw = read(files.written(tmp_path, "a.raw", files.raw3(FOLLOWING, slit_code=b"V12")))
    assert raw.attrs["divergence_slit_kind"] == "automatic"
    assert "divergence_slit" not in raw.attrs


def test_raw_version_3_measured_angles(tmp_path: Path) -> None:
    """A point of 20 bytes holds the counts, the measured 2θ, and another drive."""
    raw = read(files.written(tmp_path, "a.raw", files.raw3([(20.0, 0.02, COUNTS)], varying=0b11)))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw["two_theta"].values == pytest.approx(20.001 + 0.02 * np.arange(60))


def test_ranges_of_different_times_are_not_joined(tmp_path: Path) -> None:
    path = files.written(tmp_path, "a.raw", files.raw3(FOLLOWING, seconds=(0.5, 5.0)))
    assert read(path).sizes["two_theta"] == 60
    assert [each.attrs["counting_time"] for each in read_all(path)] == [0.5, 5.0]


@pytest.mark.parametrize("size", [4, 8, 12])
def test_raw_version_4_point_size(tmp_path: Path, size: int) -> None:
    raw = read(files.written(tmp_path, "a.raw", files.raw4([(20.0, 0.02, COUNTS)], size=size)))
    assert raw["intensity"].values.tolist() == COUNTS
    assert raw.attrs["goniometer_radius"] == 141.0


def test_raw_version_4_real_file(real: Path) -> None:
    raw = read(real / "xrd" / "TiO2.raw")
    assert raw.attrs["goniometer_radius"] == 141.0  # the optics stored in the file as XML say so too
    assert raw.attrs["counting_time"] == 77.9


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (files.raw3(FOLLOWING, scan_type=3), "rocking curve"),
        (files.raw4(FOLLOWING, scan=b"Rocking Curve", drive=b"Theta"), "Rocking Curve"),
        (b"RAW5.00" + bytes(2000), "unknown Bruker RAW version"),
        (b"RAW1.02"[:4] + b"9.99" + bytes(2000), "unknown Bruker RAW version"),
        (b"RAW_1.06Powdat" + bytes(2000), "Stoe"),
        (files.raw3(FOLLOWING)[:-400], "truncated"),
        (files.raw1(FOLLOWING)[:-4], "truncated"),
        (files.raw2(FOLLOWING)[:-4], "truncated"),
        (files.raw3(FOLLOWING) + b"left over", "left over"),
        (files.raw1(REPEATED[:1]) + b"left over", "left over"),
        (files.raw3([(20.0, 0.0, COUNTS)]), "start and step"),
        (files.raw3([(20.0, 0.02, [-5.0, *COUNTS])]), "negative intensities"),
        (files.raw3([(20.0, 0.02, [float("nan"), *COUNTS])]), "not numbers"),
    ],
)
def test_refused_raw(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(files.written(tmp_path, "bad.raw", content))


def test_raw_padded_with_zeros(tmp_path: Path) -> None:
    assert (
        read(files.written(tmp_path, "a.raw", files.raw3(FOLLOWING) + bytes(3280))).sizes["two_theta"] == 120
    )


@pytest.mark.parametrize("marker", ["COUNTS", "CPS", "2THETACOUNTS", "2THETACPS", "2THETACOUNTSTIME"])
def test_uxd_tables(tmp_path: Path, marker: str) -> None:
    raw = read(files.written(tmp_path, "a.uxd", files.uxd(FOLLOWING, marker=marker)))
    assert raw["intensity"].values.tolist() == [*COUNTS, *FOLLOWING[1][2]]
    assert raw["intensity"].attrs["units"] == ("counts/s" if marker.endswith("CPS") else "counts")
    assert raw["two_theta"].values == pytest.approx(20.0 + 0.02 * np.arange(120), abs=1e-9)
    assert (raw.attrs["goniometer_radius"], raw.attrs["divergence_slit"]) == (200.5, 0.15)
    assert raw.attrs["counting_time"] == 0.5


def test_uxd_ranges_with_times(tmp_path: Path) -> None:
    every = read_all(files.written(tmp_path, "a.uxd", files.uxd(REPEATED)))
    assert [each.attrs["time"] for each in every] == [0.0, 100.0, 200.0]
    assert [each["intensity"].values[0] for each in every] == [scan[2][0] for scan in REPEATED]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (files.uxd(FOLLOWING, drive="THETA"), "no scan over 2θ"),
        (files.uxd(FOLLOWING).replace("_START", "_BEGIN"), "_START"),
        (files.uxd(FOLLOWING, marker="2THETACOUNTS").rpartition("\t")[0], "truncated"),
        (files.uxd(FOLLOWING).partition("_COUNTS")[0], "no counts"),
        (files.uxd(FOLLOWING).replace("_COUNTS", "_STEPCOUNT=61\n_COUNTS"), "points are missing"),
    ],
)
def test_refused_uxd(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(files.written(tmp_path, "bad.uxd", text))


def test_brml_scans_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    series = [(20.0, 0.02, files.counts(seed=seed)) for seed in range(12)]
    every = read_all(files.written(tmp_path, "a.brml", files.brml(series)))
    assert [each["intensity"].values.tolist() for each in every] == [list(scan[2]) for scan in series]
    assert [each.attrs["time"] for each in every] == [60.0 * i for i in range(12)]
    assert every[0]["two_theta"].values[1] == pytest.approx(20.02)


def test_brml_without_two_theta(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no scan over 2θ"):
        read(files.written(tmp_path, "a.brml", files.brml(FOLLOWING, axis="Phi")))


def test_brml_real_metadata(real: Path) -> None:
    attrs = read(real / "xrd" / "TiOF.brml").attrs
    assert attrs["divergence_slit"] == pytest.approx(0.955, abs=0.001)  # 1 mm at 60 mm from the source
    assert (attrs["goniometer_radius"], attrs["counting_time"]) == (141.0, pytest.approx(124.8))
