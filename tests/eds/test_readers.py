"""Readers: real files, round trips of written layouts, and hostile input."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from eds_sections import write_spd

from interlayer.core.errors import ReadError
from interlayer.eds import analyze, read
from interlayer.eds.readers import FORMATS
from interlayer.eds.readers.names import element_of


def test_spc_and_msa_agree(real: Path) -> None:
    spc, msa = (read(real / "eds" / f"647_leo_edax_test.{end}") for end in ("spc", "msa"))
    assert float(spc.counts.sum()) == 17211
    assert np.array_equal(spc.counts.values[:4000], msa.counts.values[:4000])
    assert np.allclose(spc.energy, msa.energy)
    assert np.diff(spc.energy)[0] == 5.0
    assert spc.attrs["beam_voltage"] == 10.0


def test_spd_has_ten_ev_though_the_header_says_five(real: Path) -> None:
    raw = read(real / "eds" / "spd_map_rows100-105.spd")
    assert raw.counts.shape == (6, 256, 2500)
    assert np.diff(raw.energy)[0] == 10.0
    assert raw.attrs["energy_axis_corrected"] == 1
    assert "5 eV" in raw.attrs["energy_axis"]
    assert float(raw.x[1] - raw.x[0]) == pytest.approx(14.235896, abs=1e-5)
    assert float(raw.y[1] - raw.y[0]) == pytest.approx(14.227346, abs=1e-5)
    assert isinstance(raw.counts.values.base, np.memmap | np.ndarray)


def test_spd_lines_within_a_channel_and_no_layer_of_n(real: Path) -> None:
    result = analyze(read(real / "eds" / "spd_map_rows100-105.spd"))
    lines = result["lines"].to_dataset()
    seen = dict(zip(lines["line"].values, lines["position"].values, strict=True))
    known = {"O K": 520, "Fe L": 700, "Mg K": 1250, "Al K": 1490, "Sr L": 1810, "La L": 4660, "Ce L": 4850}
    known |= {"Cr K": 5410, "Gd L": 6040, "Fe K": 6410, "Cu K": 8050}
    for name, energy in known.items():
        assert abs(seen[name] - energy) <= 10.0, name
    rows = result["summary"].to_dataset()
    n = [
        s
        for q, e, s in zip(*(rows[k].values for k in ("quantity", "subject", "status")), strict=True)
        if e == "N"
    ]
    assert set(n) == {"not detected"}
    # bands of other elements that leave the six rows are no layers that someone asked for
    assert {
        str(e)
        for q, e in zip(rows["quantity"].values, rows["subject"].values, strict=True)
        if q == "detection"
    } == {"N"}


def test_written_spd_reads_back(tmp_path: Path) -> None:
    counts = np.random.default_rng(1).poisson(1.0, (5, 7, 64)).astype(np.uint8)
    raw = read(write_spd(tmp_path, counts, step_um=0.02, header_ev=5, kilovolts=2.0))
    assert np.array_equal(raw.counts.values, counts)
    assert np.allclose(raw.x, (np.arange(7) + 0.5) * 20)
    assert raw.x.attrs["units"] == "nm"


def test_spd_without_companions_has_pixels_not_nm(tmp_path: Path) -> None:
    path = write_spd(tmp_path, np.ones((8, 9, 32), np.uint8), step_um=0.02, header_ev=5, kilovolts=2.0)
    for name in ("map.spc", "map_Img.ipr"):
        (tmp_path / name).unlink()
    raw = read(path)
    assert raw.x.attrs["units"] == "pixel"


def test_truncated_spd(tmp_path: Path) -> None:
    path = write_spd(tmp_path, np.ones((8, 9, 32), np.uint8), step_um=0.02, header_ev=5, kilovolts=2.0)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ReadError, match="truncated"):
        read(path)


def test_sparse_fourteen_gigabytes_open_without_reading(tmp_path: Path) -> None:
    path = write_spd(tmp_path, np.zeros((2, 2, 16), np.uint8), step_um=0.02, header_ev=5, kilovolts=2.0)
    head = bytearray(path.read_bytes()[:1068])
    shape = (1024, 3500, 4096)
    for at, value in ((24, shape[1]), (28, shape[0]), (32, shape[2])):
        head[at : at + 4] = int(value).to_bytes(4, "little")
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(1068 + int(np.prod(shape)))
    raw = read(path)
    assert raw.counts.shape == shape
    assert raw.attrs["source_sha256"].startswith("sampled-")


def test_rpl_round_trip(tmp_path: Path) -> None:
    counts = np.random.default_rng(2).poisson(1.0, (6, 5, 300)).astype("<u2")
    (tmp_path / "a.raw").write_bytes(counts.tobytes())
    keys = "key\tvalue\nwidth\t5\nheight\t6\ndepth\t300\noffset\t0\ndata-length\t2\ndata-type\tunsigned\n"
    keys += (
        "byte-order\tlittle-endian\nrecord-by\tvector\nev-per-chan\t10\nwidth-scale\t0.02\nwidth-units\tum\n"
    )
    keys += "height-scale\t25\nheight-units\tnm\n"
    (tmp_path / "a.rpl").write_text(keys)
    for name in ("a.rpl", "a.raw"):
        raw = read(tmp_path / name)
        assert np.array_equal(raw.counts.values, counts)
        assert np.allclose(np.diff(raw.x), 20) and np.allclose(np.diff(raw.y), 25)
        assert np.diff(raw.energy)[0] == 10.0


def test_map_files_agree(tmp_path: Path) -> None:
    counts = np.random.default_rng(3).poisson(2.0, (20, 30)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "N Ka.tif", counts)
    np.save(tmp_path / "N.npy", counts)
    np.savetxt(tmp_path / "map_N.csv", counts, delimiter=",", fmt="%d")
    for name in ("N Ka.tif", "N.npy", "map_N.csv"):
        raw = read(tmp_path / name)
        assert np.array_equal(raw["map_N"].values, counts), name


@pytest.mark.parametrize(("unit", "factor"), [("micron", 1.0), ("nm", 1000.0), ("um", 1.0)])
def test_scale_that_imagej_wrote(tmp_path: Path, unit: str, factor: float) -> None:
    path = tmp_path / "N.tif"
    steps = (0.02 * factor, 0.025 * factor)
    counts = np.ones((20, 30), np.uint16)
    resolution = (1 / steps[0], 1 / steps[1])
    tifffile.imwrite(path, counts, imagej=True, resolution=resolution, metadata={"unit": unit})
    raw = read(path)
    assert np.allclose(np.diff(raw.x), 20) and np.allclose(np.diff(raw.y), 25)


def test_dots_per_inch_are_no_scale(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "N.tif", np.ones((20, 30), np.uint16), resolution=(300, 300))
    assert read(tmp_path / "N.tif").x.attrs["units"] == "pixel"


def test_line_scan(tmp_path: Path) -> None:
    path = tmp_path / "scan.csv"
    path.write_text(
        "distance (um),N Ka (counts),O\n" + "".join(f"{k * 0.02:.3f},{k},{2 * k}\n" for k in range(20))
    )
    raw = read(path)
    assert raw["map_N"].shape == (20, 1)
    assert float(raw.y[1] - raw.y[0]) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1,2,3\n4,5\n6,7,8\n", "ragged"),
        ("1\n2\n3\n", "one row or column"),
        ("1\n" * 40, "one row or column"),
        ("one text\nand another\n", "not a number"),
        ("\n".join(["1,2,nan,4"] * 10), "NaN"),
        ("\n".join(["1,2,-3,4"] * 10), "negative"),
        ("\n".join(["1,2,inf,4"] * 10), "infinite"),
        ("1,2,3\n4,5,6\n", "too few pixels"),
        ("distance,N\n" + "1,2\n" * 12, "unit"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "N.csv"
    path.write_text(text)
    with pytest.raises(ReadError, match=what):
        read(path)


@pytest.mark.parametrize("end", [".spd", ".spc", ".msa", ".rpl", ".tif", ".npy", ".csv", ".h5oina"])
def test_noise_is_refused(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"noise{end}"
    path.write_bytes(np.random.default_rng(4).bytes(5000))
    with pytest.raises(ReadError):
        read(path)


def test_objects_in_npy_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "N.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ReadError):
        read(path)


def test_element_names() -> None:
    names = {
        "N Kα1_2": "N",
        "map_N": "N",
        "O_K": "O",
        "Ti-K": "Ti",
        "C K series": "C",
        "IMG 001": "",
        "NKa": "N",
    }
    assert {name: element_of(name) for name in names} == names


def test_formats_have_distinct_names() -> None:
    assert len({each.name for each in FORMATS}) == len(FORMATS)
