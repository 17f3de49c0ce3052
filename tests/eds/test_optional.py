"""Bruker, JEOL and Velox files through RosettaSciIO: its documented interface stands in for it."""

import logging
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.eds import read

HEADS = {"a.bcf": b"AAMVHFSS", "a.asw": bytes(4), "a.pts": (304).to_bytes(4, "little")}


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(HEADS[name] + bytes(200))
    return path


def _dictionary(counts: np.ndarray, *, energy_first: bool = False) -> dict[str, Any]:
    """Return what ``file_reader`` returns for a map, as RosettaSciIO's documentation describes it."""
    axes = [
        {"name": "height", "units": "µm", "scale": 0.025, "offset": 0.0, "size": counts.shape[0]},
        {"name": "width", "units": "nm", "scale": 20.0, "offset": 0.0, "size": counts.shape[1]},
        {"name": "Energy", "units": "keV", "scale": 0.01, "offset": -0.2, "size": counts.shape[2]},
    ]
    order = (2, 0, 1) if energy_first else (0, 1, 2)
    for place, axis in enumerate(order):
        axes[axis]["index_in_array"] = place
    eds = {"energy_resolution_MnKa": 129.0, "elevation_angle": 35.0, "live_time": 12.5}
    return {
        "data": np.transpose(counts, order),
        "axes": axes,
        "metadata": {
            "General": {"title": "EDX"},
            "Acquisition_instrument": {"SEM": {"beam_energy": 5.0, "Detector": {"EDS": eds}}},
            "Sample": {"elements": ["C", "N"]},
        },
        "original_metadata": {},
    }


def _stand_in(monkeypatch: pytest.MonkeyPatch, plugin: str, found: list[dict[str, Any]]) -> None:
    module = ModuleType(f"rsciio.{plugin}")
    module.file_reader = lambda filename, **options: found  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rsciio", ModuleType("rsciio"))
    monkeypatch.setitem(sys.modules, f"rsciio.{plugin}", module)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("energy_first", [False, True])
def test_maps_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, energy_first: bool
) -> None:
    counts = np.random.default_rng(1).poisson(1.0, (9, 12, 40)).astype(np.uint16)
    image = {"data": np.ones((9, 12)), "axes": [], "metadata": {}}
    plugin = "bruker" if name == "a.bcf" else "jeol"
    _stand_in(monkeypatch, plugin, [image, _dictionary(counts, energy_first=energy_first)])
    raw = read(_file(tmp_path, name))
    assert np.array_equal(raw.counts.values, counts)
    assert np.allclose(np.diff(raw.y), 25) and np.allclose(np.diff(raw.x), 20)
    assert np.allclose(raw.energy, -200 + 10 * np.arange(40))
    assert raw.attrs["beam_voltage"] == 5.0 and raw.attrs["detector_resolution"] == 129.0
    assert raw.attrs["elements_in_file"] == "C N"


def test_map_without_a_length_is_uncalibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _dictionary(np.ones((9, 12, 40), np.uint8))
    found["axes"][1]["units"] = ""
    _stand_in(monkeypatch, "bruker", [found])
    assert read(_file(tmp_path, "a.bcf")).x.attrs["units"] == "pixel"


def test_file_without_a_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(monkeypatch, "bruker", [{"data": np.ones((9, 12)), "axes": [], "metadata": {}}])
    with pytest.raises(ReadError, match="no spectrum map"):
        read(_file(tmp_path, "a.bcf"))


@pytest.mark.parametrize("name", HEADS)
def test_without_the_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "rsciio", None)
    with pytest.raises(ReadError, match=r"interlayer\[rosettasciio\]"):
        read(_file(tmp_path, name))


def test_the_package_is_not_imported_by_others() -> None:
    """GPL code stays out of every session that reads none of these files."""
    code = (
        "import sys, interlayer.eds.readers.rosetta, interlayer.eds.readers.hdf5\n"
        "assert not any(n.split('.')[0] in ('rsciio', 'hyperspy', 'exspy') for n in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_library_logs_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It wrote warnings with escape sequences and the file's path to the terminal."""
    _stand_in(monkeypatch, "jeol", [_dictionary(np.ones((9, 12, 40), np.uint8))])
    plugin = sys.modules["rsciio.jeol"]
    logger, reader = logging.getLogger("rsciio.jeol._api"), plugin.file_reader

    def loud(filename: str, **options: object) -> object:
        logger.warning("%s does not have what it should", filename)
        return reader(filename, **options)

    monkeypatch.setattr(plugin, "file_reader", loud)
    handler = logging.StreamHandler()
    logging.getLogger("rsciio").addHandler(handler)
    try:
        read(_file(tmp_path, "a.asw"))
        assert capfd.readouterr() == ("", "")
        logger.warning("said by others")
        assert "said by others" in capfd.readouterr().err
    finally:
        logging.getLogger("rsciio").removeHandler(handler)
