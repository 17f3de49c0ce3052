"""Readers on real files and on hostile ones."""

from pathlib import Path

import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.xrd import read

#: file, points, first and last 2θ
REAL = [
    ("panalytical_powder.xrdml", 5027, None, None),
    ("rigaku_powder.rasx", 2726, None, None),
    ("rigaku_nims.ras", 3501, None, None),
    ("TiO2.raw", 1647, 10.0, 70.04),
    ("TiOF.brml", 2469, 10.0, 60.0),
    ("nist_srm660c_100a.cif", 5332, 20.3, 150.9),
    ("synthetic_Li3N_Li_steel.xy", 2501, 20.0, 70.0),
]


@pytest.mark.parametrize(("name", "points", "first", "last"), REAL)
def test_points_and_range(
    real: Path, name: str, points: int, first: float | None, last: float | None
) -> None:
    raw = read(real / "xrd" / name)
    assert raw.sizes["two_theta"] == points
    assert np.all(np.diff(raw["two_theta"].values) > 0)
    if first is not None and last is not None:
        assert raw["two_theta"].values[0] == pytest.approx(first, abs=0.1)
        assert raw["two_theta"].values[-1] == pytest.approx(last, abs=0.1)


@pytest.mark.parametrize(
    ("name", "radius"), [("nist_srm660c_100a.cif", 217.5), ("HL1-2_5-90_60min.xrdml", 240.0)]
)
def test_goniometer_radius(real: Path, name: str, radius: float) -> None:
    assert read(real / "xrd" / name).attrs["goniometer_radius"] == pytest.approx(radius, abs=0.1)


def _write(folder: Path, rows: list[str]) -> Path:
    path = folder / "pattern.xy"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def _rows(angles: list[float], counts: list[str]) -> list[str]:
    return [f"{a:.2f} {c}" for a, c in zip(angles, counts, strict=True)]


ANGLES = [20 + 0.1 * i for i in range(60)]


def test_descending_angles_are_turned(tmp_path: Path) -> None:
    raw = read(_write(tmp_path, _rows(ANGLES[::-1], [str(100 + i) for i in range(60)])))
    assert raw["two_theta"].values[0] == pytest.approx(20.0)
    assert raw["intensity"].values[0] == 159
    assert "turned" in raw.attrs["conversion"]


def test_repeated_angles_are_averaged(tmp_path: Path) -> None:
    angles = sorted([*ANGLES, 21.0])
    raw = read(_write(tmp_path, _rows(angles, ["100"] * 61)))
    assert raw.sizes["two_theta"] == 60
    assert "averaged" in raw.attrs["conversion"]


@pytest.mark.parametrize("bad", ["nan", "-5", "inf"])
def test_what_is_no_count_is_refused(tmp_path: Path, bad: str) -> None:
    counts = ["100"] * 60
    counts[30] = bad
    with pytest.raises(ReadError):
        read(_write(tmp_path, _rows(ANGLES, counts)))


@pytest.mark.parametrize(
    "content", [b"", b"RAW1.01", b"RAW4.00" + b"\x00" * 40, b"\x00" * 5000, b"hello\n" * 50]
)
def test_hostile_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.raw"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"bad\.raw"):
        read(path)


def test_truncated_raw(real: Path, tmp_path: Path) -> None:
    content = (real / "xrd" / "TiO2.raw").read_bytes()
    path = tmp_path / "cut.raw"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ReadError, match=r"cut\.raw"):
        read(path)
