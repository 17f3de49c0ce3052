"""Scienta `.ibw`: waves written by the tests' own code."""

import json
from pathlib import Path

import igor_files as files
import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.xps import read

NOTE = "\r".join(
    [
        "[SES]", "Version=1.3.1", "Region Name=C1s", "Lens Mode=Transmission", "Pass Energy=50",
        "Number of Sweeps=2", "Excitation Energy=1486.6", "Energy Scale=Binding", "Step Time=203",
        "Sample=Li", "Comments=a=b", "[Run Mode Information]", "Name=Normal", "Pass Energy=7",
    ]
)  # fmt: skip
N = 200
RATE = 15.0 + np.hanning(N)


def put(folder: Path, data: bytes, name: str = "Li_0001C1s.ibw") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_region_with_its_settings(tmp_path: Path, order: str, kind: str) -> None:
    data = files.wave5(RATE.astype(kind), [(300.0, -0.1)], NOTE, ["Binding Energy [eV]"], order=order)
    carbon = read(put(tmp_path, data))["c1s_intensity"]
    assert np.allclose(carbon.values, RATE, rtol=1e-6)
    assert carbon["c1s_binding_energy"].values[[0, 1, -1]] == pytest.approx([300.0, 299.9, 280.1])
    facts = {"source_energy": 1486.6, "pass_energy": 50.0, "scans": 2.0, "dwell_time": 0.203, "sample": "Li"}
    assert {key: carbon.attrs[key] for key in facts} == facts


def test_slices_and_iterations_are_summed(tmp_path: Path) -> None:
    table = np.random.default_rng(2).integers(0, 900, (N, 4, 3)).astype("i4")
    axes, labels = (
        [(300.0, -0.1), (0.0, 1.0), (1.0, 1.0)],
        ["Binding Energy [eV]", "Y-Scale [mm]", "Iteration [a.u.]"],
    )
    carbon = read(put(tmp_path, files.wave5(table, axes, NOTE, labels)))["c1s_counts"]
    assert np.array_equal(carbon.values, table.sum(axis=(1, 2)))
    assert carbon.attrs["slices"] == 12


def test_energy_may_be_another_dimension(tmp_path: Path) -> None:
    table = np.random.default_rng(2).integers(0, 900, (4, N)).astype("u2")
    data = files.wave5(table, [(0.0, 1.0), (300.0, -0.1)], NOTE, ["Y-Scale [mm]", "Binding Energy [eV]"])
    assert np.array_equal(read(put(tmp_path, data))["c1s_counts"].values, table.sum(axis=0))


def test_kinetic_axis_of_an_old_wave(tmp_path: Path) -> None:
    note = NOTE.replace("Binding", "Kinetic").replace("Region Name=C1s", "Region Name=N 1s")
    nitrogen = read(put(tmp_path, files.wave2(RATE, (1076.6, 0.1), note)))["n1s_intensity"]
    assert nitrogen["n1s_binding_energy"].values[[0, -1]] == pytest.approx([410.0, 390.1])
    assert np.array_equal(nitrogen.values, RATE)


def test_peak_note(tmp_path: Path) -> None:
    source = {"ExcitationSourceEnergyInformation": {"Energy": 1486.6}}
    note = {
        "Name": "O1s",
        "PassEnergy": 100.0,
        "EnergyMode": "Kinetic",
        "ExcitationSource": source,
        "Sample": None,
    }
    data = files.wave5(RATE, [(946.6, 0.1)], json.dumps(note), ["Kinetic Energy [eV]"])
    oxygen = read(put(tmp_path, data))["o1s_intensity"]
    assert oxygen["o1s_binding_energy"].values[0] == pytest.approx(540.0)
    assert oxygen.attrs["pass_energy"] == 100.0


@pytest.mark.parametrize(
    ("note", "labels", "message"),
    [
        ("a wave of my own", ["Binding Energy [eV]"], "without the settings"),
        (NOTE, ["Kinetic Energy [eV]"], "disagree"),
        (NOTE.replace("Energy Scale=Binding", ""), ["eV"], "not said"),
        (NOTE.replace("Binding", "Kinetic").replace("1486.6", "?"), ["eV"], "without the source's energy"),
        ('{"Name": ', ["Binding Energy [eV]"], "not the JSON"),
    ],
)
def test_notes_that_do_not_suffice(tmp_path: Path, note: str, labels: list[str], message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(put(tmp_path, files.wave5(RATE, [(300.0, -0.1)], note, labels)))


def test_scan_of_the_photon_energy_is_refused(tmp_path: Path) -> None:
    labels = ["Binding Energy [eV]", "Photon Energy [eV]"]
    data = files.wave5(np.ones((N, 3)), [(300.0, -0.1), (770.0, 0.1)], NOTE, labels)
    with pytest.raises(ReadError, match="photon energy"):
        read(put(tmp_path, data))


def test_damaged_waves_are_refused(tmp_path: Path) -> None:
    good = files.wave5(RATE, [(300.0, -0.1)], NOTE, ["Binding Energy [eV]"])
    for place in (76, 80, 132, 148, 180):  # points, type, dimension, step, start
        bad = bytearray(good)
        bad[place] ^= 0x21
        with pytest.raises(ReadError, match="checksum"):
            read(put(tmp_path, bytes(bad)))
    with pytest.raises(ReadError, match="ends inside the wave"):
        read(put(tmp_path, good[:1000]))
    with pytest.raises(ReadError, match="outside the file"):
        read(put(tmp_path, good[:-200]))
    huge = files.wave5(np.ones(4), [(0.0, 1.0)], NOTE)
    huge = huge[:132] + (2**31 - 1).to_bytes(4, "little") + huge[136:]
    fixed = bytearray(huge)
    fixed[2:4] = b"\x00\x00"
    fixed[2:4] = (-int(np.frombuffer(fixed[:384], "<i2").sum()) & 0xFFFF).to_bytes(2, "little")
    with pytest.raises(ReadError, match="impossible dimensions"):
        read(put(tmp_path, bytes(fixed)))


def test_recognised_without_the_ending(tmp_path: Path) -> None:
    data = files.wave5(RATE, [(300.0, -0.1)], NOTE, ["Binding Energy [eV]"])
    assert read(put(tmp_path, data, "wave.dat")).attrs["format"] == "Scienta Igor"
