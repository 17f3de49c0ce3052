"""HDF5 files written by the published trees read back exactly."""

from pathlib import Path

import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.eds import read

h5py = pytest.importorskip("h5py")


def _oina(path: Path, counts: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["Manufacturer"] = "Oxford Instruments"
        file["Format Version"] = "7.0"
        header = file.create_group("1/EDS/Header")
        for name, value in {"X Cells": counts.shape[1], "Y Cells": counts.shape[0]}.items():
            header[name] = np.array([value])
        for name, value in {"X Step": 0.02, "Y Step": 0.025, "Beam Voltage": 5.0}.items():
            header[name] = np.array([value])
        header["Channel Width"], header["Start Channel"] = np.array([10.0]), np.array([-200.0])
        data = file.create_group("1/EDS/Data")
        data.create_dataset(
            "Spectrum", data=counts.reshape(-1, counts.shape[2]).astype("<i4"), compression="lzf"
        )


def test_oina(tmp_path: Path) -> None:
    counts = np.random.default_rng(1).poisson(1.0, (9, 12, 50))
    path = tmp_path / "a.h5oina"
    _oina(path, counts)
    raw = read(path)
    assert np.array_equal(raw.counts.values, counts)
    assert np.allclose(np.diff(raw.x), 20) and np.allclose(np.diff(raw.y), 25)
    assert float(raw.energy[0]) == -200.0 and raw.attrs["beam_voltage"] == 5.0


def test_oina_maps_are_rates(tmp_path: Path) -> None:
    path = tmp_path / "b.h5oina"
    _oina(path, np.ones((9, 12, 50)))
    values = np.random.default_rng(2).random((9, 12))
    with h5py.File(path, "a") as file:
        del file["1/EDS/Data/Spectrum"]
        file["1/EDS/Data/Window Integral/N Ka1,2"] = values.ravel()
    raw = read(path)
    assert np.array_equal(raw["map_N"].values, values)
    assert raw["map_N"].attrs["units"] == "counts/s"


def test_edax(tmp_path: Path) -> None:
    counts = np.random.default_rng(3).poisson(1.0, (9, 12, 64)).astype("<u2")
    path = tmp_path / "c.edaxh5"
    kind = np.dtype(
        [("eVOffset", "<f4"), ("evPch", "<f4"), ("NumberOfPoints", "<i4"), ("SpectrumCounts", "<i4", 64)]
    )
    with h5py.File(path, "w") as file:
        group = file.create_group("project/sample/Area 1/Live Map 1")
        file["project"].attrs["Company"] = "EDAX, LLC"
        node = group.create_dataset("SPD", data=counts)
        node.attrs.update({"MicronPerPixelX": [0.02], "MicronPerPixelY": [0.02]})
        node.attrs.update({"NumberOfLines": [9], "NumberOfPoints": [12], "NumberofChannels": [64]})
        group.create_dataset("SPC", data=np.array([(0.0, 10.0, 64, np.zeros(64))], dtype=kind))
    raw = read(path)
    assert np.array_equal(raw.counts.values, counts)
    assert np.diff(raw.energy)[0] == 10.0


def test_wrong_size(tmp_path: Path) -> None:
    path = tmp_path / "d.h5oina"
    _oina(path, np.ones((9, 12, 50)))
    with h5py.File(path, "a") as file:
        file["1/EDS/Header/X Cells"][...] = 13
    with pytest.raises(ReadError, match="size"):
        read(path)
