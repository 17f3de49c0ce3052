"""BioLogic files: .mpr equals .mpt, truncated files, unknown columns."""

import json
from pathlib import Path

import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.electrochem import read
from interlayer.electrochem.readers import mpr, mpt

PAIRS = (
    "ca", "cp", "cv", "cv.issue_149", "gcpl.issue_211", "gcpl.issue_226.I", "geis", "lsv", "mb.issue_95",
    "ocv.issue_149", "peis.issue_225.with_ece",
)  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_mpr_equals_mpt(real: Path, name: str) -> None:
    folder = real / "electrochem" / "biologic"
    binary, text = mpr.read_table(folder / f"{name}.mpr"), mpt.read_table(folder / f"{name}.mpt")
    shared = [column for column in binary.columns if column in text.columns]
    assert len(shared) >= 3
    for column in shared:
        a, b = binary.columns[column].astype(float), text.columns[column].astype(float)
        assert a.size == b.size
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-12, err_msg=column)


@pytest.mark.parametrize("name", PAIRS)
def test_tidy_datasets_agree(real: Path, name: str) -> None:
    folder = real / "electrochem" / "biologic"
    binary, text = read(folder / f"{name}.mpr"), read(folder / f"{name}.mpt")
    for variable in set(binary.data_vars) & set(text.data_vars) - {"capacity", "current"}:
        np.testing.assert_allclose(binary[variable], text[variable], rtol=1e-7, atol=1e-12)
        assert binary[variable].attrs["units"]
        assert binary[variable].attrs["long_name"]


def test_stated_numbers(real: Path) -> None:
    folder = real / "electrochem" / "biologic"
    cv = read(folder / "cv.mpr")
    top = int(np.argmax(cv["current"].values))
    assert cv["current"].values[top] == pytest.approx(0.0613, abs=5e-5)
    assert cv["voltage"].values[top] == pytest.approx(4.041, abs=5e-4)
    geis = read(folder / "geis.mpr")
    assert int(geis["sweep"].max()) == 61
    assert float(geis["z_re"][0]) == pytest.approx(-43, abs=0.1)
    assert geis.sizes["point"] + 29 == 2528
    pellet = read(folder / "PEIS_LPSCl_IonBlocking_-25C.mpr")
    middle = np.flatnonzero((pellet["frequency"].values > 2e4) & (pellet["frequency"].values < 2e5))
    low = middle[int(np.argmin(-pellet["z_im"].values[middle]))]
    assert pellet["frequency"].values[low] == pytest.approx(54.1e3, rel=0.01)
    assert pellet["z_re"].values[low] == pytest.approx(1440, rel=0.01)
    assert read(folder / "biol.mpr").sizes["point"] == 23561


def test_placeholder_area_is_not_given(real: Path) -> None:
    found = mpr.read_table(real / "electrochem" / "biologic" / "cv.mpr").metadata
    assert "eclab_area" not in found
    assert "eclab_mass" not in found


@pytest.mark.parametrize("share", [0.2, 0.5, 0.97])
def test_truncated_mpr_keeps_the_rows_before_the_break(real: Path, tmp_path: Path, share: float) -> None:
    whole = (real / "electrochem" / "biologic" / "cv.mpr").read_bytes()
    path = tmp_path / "cut.mpr"
    path.write_bytes(whole[: int(len(whole) * share)])
    found = read(path)
    intact = read(real / "electrochem" / "biologic" / "cv.mpr")
    expected = intact.sizes["point"] * (len(whole) * share - 2500) / 189216
    assert found.sizes["point"] >= min(0.95 * expected, intact.sizes["point"])
    np.testing.assert_array_equal(found["voltage"], intact["voltage"][: found.sizes["point"]])
    assert any("truncated" in text for text in json.loads(found.attrs["warnings"]))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_mpt_keeps_the_rows_before_the_break(real: Path, tmp_path: Path, share: float) -> None:
    whole = (real / "electrochem" / "biologic" / "cv.mpt").read_bytes()
    path = tmp_path / "cut.mpt"
    path.write_bytes(whole[: int(len(whole) * share)])
    found = read(path)
    full_lines = whole[: int(len(whole) * share)].count(b"\n") - 58
    assert full_lines - 1 <= found.sizes["point"] <= full_lines + 1


@pytest.mark.parametrize("size", [0, 10, 53, 120, 2000, 4000])
def test_tiny_remains_are_named_errors(real: Path, tmp_path: Path, size: int) -> None:
    path = tmp_path / "tiny.mpr"
    path.write_bytes((real / "electrochem" / "biologic" / "cv.mpr").read_bytes()[:size])
    if size == 4000:
        assert read(path).sizes["point"] > 0
        return
    with pytest.raises(ReadError, match=r"tiny\.mpr"):
        read(path)


def test_unknown_column_is_skipped_and_nothing_shifts(real: Path, tmp_path: Path) -> None:
    source = real / "electrochem" / "biologic" / "ca.mpr"
    data = bytearray(source.read_bytes())
    start = data.index(b"VMP data")
    place = data.index((435).to_bytes(2, "little"), start)
    data[place : place + 2] = (9999).to_bytes(2, "little")
    path = tmp_path / "unknown.mpr"
    path.write_bytes(bytes(data))
    table, known = mpr.read_table(path), mpr.read_table(source)
    assert "9999" in table.warnings[0]
    assert "dQ/C" not in table.columns
    for name in table.columns:
        np.testing.assert_array_equal(table.columns[name], known.columns[name])


def test_flipped_bytes_never_raise_anything_else(real: Path, tmp_path: Path) -> None:
    whole = (real / "electrochem" / "biologic" / "ocv.issue_149.mpr").read_bytes()
    rng = np.random.default_rng(1)
    path = tmp_path / "hostile.mpr"
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 20):
            data[place] = int(rng.integers(0, 256))
        path.write_bytes(bytes(data))
        try:
            read(path)
        except ReadError as error:
            assert "hostile.mpr" in str(error)
