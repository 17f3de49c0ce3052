"""Avantage `.VGD`: files written by the tests' own code; no real one may be shipped."""

from pathlib import Path

import numpy as np
import ole_files as files
import pytest

from interlayer.core.errors import ReadError
from interlayer.xps import read
from interlayer.xps.readers import FORMATS

N = 301
COUNTS = np.random.default_rng(8).poisson(900.0 + 500.0 * np.hanning(N)).astype(float)
ENERGY = files.linear(1186.6, 0.1, N, 1)


def put(folder: Path, data: bytes, name: str = "sample.VGD") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_spectrum_with_its_settings(tmp_path: Path) -> None:
    carbon = read(put(tmp_path, files.avantage(COUNTS, [[ENERGY]])))["c1s_counts"]
    # kinetic 1186.6 eV upwards with Al Kα: binding 300.08 eV downwards
    assert carbon["c1s_binding_energy"].values[[0, 1, -1]] == pytest.approx(
        [300.08, 299.98, 270.08], abs=2e-4
    )
    assert np.array_equal(carbon.values, COUNTS)
    expected = {
        "source_energy": 1486.68,
        "pass_energy": 20.0,
        "dwell_time": 0.05,
        "scans": 4,
        "work_function": 4.2,
    }
    for key, value in expected.items():
        assert carbon.attrs[key] == pytest.approx(value, abs=1e-4)
    assert carbon.attrs["region"] == "C1s Scan"


def test_rate_becomes_counts(tmp_path: Path) -> None:
    rate = COUNTS / (0.05 * 4)
    raw = read(put(tmp_path, files.avantage(rate, [[ENERGY]], settings={0x0F: "/ s"})))
    assert np.allclose(raw["c1s_counts"].values, COUNTS)


def test_rate_without_time_stays_a_rate(tmp_path: Path) -> None:
    raw = read(put(tmp_path, files.avantage(COUNTS, [[ENERGY]], settings={0x0F: "/ s", 0x148: 0})))
    assert raw["c1s_intensity"].attrs["units"] == "counts/s"


def test_depth_profile_is_a_series(tmp_path: Path) -> None:
    table = np.stack([COUNTS * scale for scale in (1, 2, 3)])
    times = [0.0, 30.0, 90.0]
    data = files.avantage(table, [[ENERGY], [files.listed(times), files.linear(0.0, 1.0, 3, 6)]])
    raw = read(put(tmp_path, data))
    assert list(raw.data_vars) == ["c1s_counts", "c1s_2_counts", "c1s_3_counts"]
    assert np.array_equal(raw["c1s_3_counts"].values, 3 * COUNTS)
    assert [array.attrs["sputter_time"] for array in raw.data_vars.values()] == times


def test_map_is_summed(tmp_path: Path) -> None:
    table = np.broadcast_to(COUNTS, (2, 3, N))
    axes = [[ENERGY], [files.linear(-20.0, 20.0, 3, 3)], [files.linear(0.0, 20.0, 2, 4)]]
    raw = read(put(tmp_path, files.avantage(table, axes)))
    assert list(raw.data_vars) == ["c1s_counts"]
    assert np.array_equal(raw["c1s_counts"].values, 6 * COUNTS)
    assert raw["c1s_counts"].attrs["pixels"] == 6


def test_large_stream_and_angles(tmp_path: Path) -> None:
    table = np.stack([COUNTS + i for i in range(12)])
    raw = read(put(tmp_path, files.avantage(table, [[ENERGY], [files.linear(25.0, 5.0, 12, 2)]])))
    assert len(raw.data_vars) == 12
    assert raw["c1s_12_counts"].attrs["angle"] == 80.0


def test_etch_times_by_their_own_code_and_no_scans_of_a_map(tmp_path: Path) -> None:
    table = np.stack([COUNTS, COUNTS])
    raw = read(put(tmp_path, files.avantage(table, [[ENERGY], [files.listed([0.0, 45.0], code=8)]])))
    assert raw["c1s_2_counts"].attrs["sputter_time"] == 45.0
    pixels = [files.linear(0.0, 20.0, 2, 3)]
    assert "scans" not in read(put(tmp_path, files.avantage(table, [[ENERGY], pixels])))["c1s_counts"].attrs


def test_binding_scale(tmp_path: Path) -> None:
    energy = files.linear(300.0, -0.1, N, 1)
    raw = read(put(tmp_path, files.avantage(COUNTS, [[energy]], settings={0x13C: 2})))
    assert raw["c1s_binding_energy"].values[[0, -1]] == pytest.approx([300.0, 270.0])


def test_name_from_the_file_where_there_is_no_title(tmp_path: Path) -> None:
    energy = files.linear(1080.0, 0.1, N, 1)
    raw = read(put(tmp_path, files.avantage(COUNTS, [[energy]], title=""), "N1s Scan.vgd"))
    assert "n1s_counts" in raw


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (files.avantage(COUNTS, [[ENERGY]], settings={0x69: 0.0}), "source's energy"),
        (files.avantage(np.append(COUNTS, 1.0), [[ENERGY]]), "do not fit each other"),
        (files.avantage(COUNTS, [[files.linear(0.0, 1.0, N, 3)]]), "not a spectrum"),
        (files.avantage(COUNTS, [[ENERGY]])[:3000], "cannot be read as such"),
        (files.avantage(COUNTS, [[ENERGY]], settings={0x13C: 0}), "energy scale of this file is not known"),
        (files.avantage(COUNTS, [[ENERGY]], settings={0x13C: 2}), "does not reach C 1s"),
        (files.avantage(COUNTS, [[ENERGY]], settings={0x04: 6}), "ion scattering"),
        (files.compound({"VGData": bytes(80)}), "no stream"),
        (files.compound({}), "no stream"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "cannot be read as such"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(put(tmp_path, data))


def test_recognised_by_content_without_the_ending(tmp_path: Path) -> None:
    raw = read(put(tmp_path, files.avantage(COUNTS, [[ENERGY]]), "copy.bin"))
    assert raw.attrs["format"] == "Avantage VGD"
    assert any(each.name == "Avantage VGD" for each in FORMATS)
