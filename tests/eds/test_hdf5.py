"""HDF5 files written by the published trees read back exactly."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from eds_hdf5 import edax, edax_line, oina

from interlayer.core.errors import ReadError
from interlayer.core.results import rows_of, warnings_of
from interlayer.eds import analyze, read


def _counts(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(1.0, shape)


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    node = file[name]
    assert isinstance(node, h5py.Dataset)
    return node


def test_oina_spectra(tmp_path: Path) -> None:
    counts = _counts((9, 12, 50))
    oina(tmp_path / "a.h5oina", counts)
    raw = read(tmp_path / "a.h5oina")
    assert np.array_equal(raw.counts.values, counts)
    assert np.allclose(np.diff(raw.x), 20) and np.allclose(np.diff(raw.y), 25)
    assert np.allclose(raw.energy, -200 + 10 * np.arange(50))
    assert raw.attrs["beam_voltage"] == 5.0
    assert raw.attrs["take_off_angle"] == pytest.approx(35.0, abs=1e-4)
    assert raw.attrs["live_time"] == pytest.approx(0.108, rel=1e-5)


def test_oina_line_scan_has_no_y_step(tmp_path: Path) -> None:
    counts = _counts((1, 40, 50))
    oina(tmp_path / "l.h5oina", counts)
    raw = read(tmp_path / "l.h5oina")
    assert np.array_equal(raw.counts.values, counts.reshape(40, 1, 50))
    assert np.allclose(np.diff(raw.y), 20)


def test_oina_window_integrals_become_the_counts_they_were(tmp_path: Path) -> None:
    counts = _counts((9, 12, 50))
    windows = {
        "N Ka1,2": (7, "Ka1,2", slice(20, 40)),
        "Fe La1": (26, "La1", slice(0, 5)),
        "Fe Ka1": (26, "Ka1", slice(5, 9)),
    }
    oina(tmp_path / "w.h5oina", counts, spectra=False, windows=windows)
    raw = read(tmp_path / "w.h5oina")
    assert np.array_equal(raw["map_N"].values, counts[:, :, 20:40].sum(axis=2))
    assert np.array_equal(raw["map_Fe"].values, counts[:, :, 5:9].sum(axis=2))
    assert raw["map_N"].attrs["units"] == "counts"


@pytest.mark.parametrize("change", ["no live time", "not whole"])
def test_oina_rates_stay_rates(tmp_path: Path, change: str) -> None:
    path = tmp_path / "r.h5oina"
    oina(path, _counts((9, 12, 50)), spectra=False, windows={"N Ka1,2": (7, "Ka1,2", slice(20, 40))})
    with h5py.File(path, "a") as file:
        if change == "no live time":
            del file["1/EDS/Data/Live Time"]
        else:
            rates = _dataset(file, "1/EDS/Data/Window Integral/N Ka1,2")
            rates[3] = rates[3] + 400.0
    assert read(path)["map_N"].attrs["units"] == "counts/s"


def test_oina_composition_has_no_count_statistics(tmp_path: Path) -> None:
    path = tmp_path / "c.h5oina"
    oina(path, _counts((30, 24, 50)), spectra=False)
    values = np.random.default_rng(2).random((720, 1)).astype("<f4")
    with h5py.File(path, "a") as file:
        file["1/EDS/Data/Composition/N"] = values
        file["1/EDS/Data/Composition/N"].attrs["Atomic Number"] = 7
    raw = read(path)
    assert np.array_equal(raw["map_N"].values, values.astype(float).reshape(30, 24))
    assert any("weight percent" in text for text in warnings_of(analyze(raw)))


def test_oina_second_detector_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.h5oina"
    counts = _counts((9, 12, 50))
    oina(path, counts, technique="EDS1")
    with h5py.File(path, "a") as file:
        file.copy("1/EDS1", file["1"], "EDS2")
    raw = read(path)
    assert np.array_equal(raw.counts.values, counts)
    assert "EDS2" in raw.attrs["reader_note"]


def test_oina_map_that_is_no_rectangle(tmp_path: Path) -> None:
    path = tmp_path / "n.h5oina"
    oina(path, _counts((9, 12, 50)))
    with h5py.File(path, "a") as file:
        _dataset(file, "1/EDS/Data/Live Time")[5] = np.nan
    with pytest.raises(ReadError, match="no rectangle"):
        read(path)


@pytest.mark.parametrize(
    ("where", "value", "what"),
    [
        ("X Cells", 13, "size"),
        ("X Cells", -1, "size"),
        ("Channel Width", 0.0, "channel width"),
        ("X Step", -0.02, "pixel size"),
        ("Number Channels", 49, "channels"),
    ],
)
def test_oina_impossible_headers(tmp_path: Path, where: str, value: float, what: str) -> None:
    path = tmp_path / "d.h5oina"
    oina(path, _counts((9, 12, 50)))
    with h5py.File(path, "a") as file:
        _dataset(file, f"1/EDS/Header/{where}")[...] = value
    with pytest.raises(ReadError, match=what):
        read(path)


@pytest.mark.parametrize("missing", ["X Step", "Channel Width", "Y Cells"])
def test_oina_without_a_mandatory_entry(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "m.h5oina"
    oina(path, _counts((9, 12, 50)))
    with h5py.File(path, "a") as file:
        del file[f"1/EDS/Header/{missing}"]
    with pytest.raises(ReadError, match=missing):
        read(path)


@pytest.mark.parametrize("layout", ["array", "record", "plain"])
def test_edax_map(tmp_path: Path, layout: str) -> None:
    counts = _counts((9, 12, 64), 3)
    edax(tmp_path / "c.edaxh5", counts, layout=layout)
    raw = read(tmp_path / "c.edaxh5")
    assert np.array_equal(raw.counts.values, counts)
    assert np.allclose(np.diff(raw.x), 20) and np.allclose(np.diff(raw.y), 25)
    assert np.diff(raw.energy)[0] == 10.0


def test_edax_spectrum_of_more_channels_does_not_mislead(tmp_path: Path) -> None:
    """A Live Map's SPC has 4096 channels of 5 eV where its SPD has 1000 of 10 eV."""
    energy = np.arange(1000) * 10.0
    peaks = sum(np.exp(-0.5 * ((energy - at) / 35) ** 2) for at in (525.0, 1487.0, 1740.0, 6404.0))
    counts = np.random.default_rng(4).poisson(0.3 * peaks + 0.005, (9, 12, 1000))
    edax(tmp_path / "d.edaxh5", counts, stated_ev=5.0, stated_channels=4096)
    raw = read(tmp_path / "d.edaxh5")
    assert np.diff(raw.energy)[0] == 10.0
    assert raw.attrs["energy_axis_corrected"] == 1


def test_edax_line_scan(tmp_path: Path) -> None:
    counts = _counts((40, 64), 5)
    edax_line(tmp_path / "e.edaxh5", counts, length_mm=0.002, step_ev=10.0)
    raw = read(tmp_path / "e.edaxh5")
    assert np.array_equal(raw.counts.values[:, 0], counts)
    assert np.allclose(np.diff(raw.y), 50.0)


def test_edax_element_maps(tmp_path: Path) -> None:
    counts = _counts((9, 12), 6).astype("<u2")
    kind = np.dtype(
        [("ResolutionX", "<i4"), ("ResolutionY", "<i4"), ("mmFieldWidth", "<f4"), ("mmFieldHeight", "<f4")]
    )
    with h5py.File(tmp_path / "f.edaxh5", "w") as file:
        item = file.create_group("p/s/Area 1/Live Map 1")
        item["ROIs/N K.dat"] = counts
        item["ROIs/Sum.dat"] = counts
        item["ELEMENTOVRLAYIMGCOLLECTIONPARAMS"] = np.array([(12, 9, 12 * 20e-6, 9 * 25e-6)], kind)
    raw = read(tmp_path / "f.edaxh5")
    assert list(raw.data_vars) == ["map_N"]
    assert np.array_equal(raw["map_N"].values, counts)
    assert np.allclose(np.diff(raw.x), 20, rtol=1e-5) and np.allclose(np.diff(raw.y), 25, rtol=1e-5)


def test_other_hdf5_files_are_refused(tmp_path: Path) -> None:
    for name in ("empty.edaxh5", "ebsd.h5oina"):
        with h5py.File(tmp_path / name, "w") as file:
            if name.startswith("ebsd"):
                file["Format Version"] = "7.0"
                file.create_group("1/EBSD")
        with pytest.raises(ReadError, match=r"no EDS data|neither"):
            read(tmp_path / name)


def test_spectra_of_a_line_scan_give_a_thickness(tmp_path: Path) -> None:
    """A known 900 nm layer in a line scan of spectra: the width comes back within its interval."""
    rng = np.random.default_rng(7)
    depth = (np.arange(160) + 0.5) * 20.0
    inside = 1 / (1 + np.exp(-(depth - 1150) / 40)) - 1 / (1 + np.exp(-(depth - 2050) / 40))
    energy = np.arange(200) * 10.0
    line = [np.exp(-0.5 * ((energy - at) / 27) ** 2) / (27 * 2.5066) * 10 for at in (392.4, 524.9)]
    mean = 300 * inside[:, None] * line[0] + 60 * line[1] + 0.3
    oina(tmp_path / "s.h5oina", rng.poisson(mean)[None], start_ev=0.0)
    rows = rows_of(analyze(read(tmp_path / "s.h5oina"), element="N"))
    found = next(r for r in rows if r.quantity == "layer_thickness")
    assert found.status == "measured"
    assert found.low < 900 < found.high
