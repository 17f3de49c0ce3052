"""VAMAS as it is found: irregular scans, kinetic axes, several variables, blank lines, other techniques."""

from pathlib import Path

import numpy as np
import pytest
from vamas_files import Block, vamas

from interlayer.core.errors import ReadError
from interlayer.xps import read

N = 150
COUNTS = np.random.default_rng(9).poisson(800.0, N).astype(float)
THROUGH = np.linspace(40.0, 50.0, N)
KINETIC = np.round(1186.6 + 0.1 * np.arange(N), 6)


def put(folder: Path, data: bytes, name: str = "x.vms") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def regular(axis: tuple[str, float, float] = ("Kinetic Energy", 1186.6, 0.1), **more: object) -> Block:
    variables = (("Intensity", "d", COUNTS),)
    return Block(("C", "1s"), variables, axis, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", ["", "\n\n", " \r\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", " \n"])
def test_blank_lines_and_line_ends(tmp_path: Path, before: str, ending: str) -> None:
    carbon = read(put(tmp_path, vamas([regular()], before=before, ending=ending)))["c1s_counts"]
    assert np.array_equal(carbon.values, COUNTS)
    assert np.allclose(carbon["c1s_binding_energy"].values, 1486.6 - KINETIC, atol=1e-9)


@pytest.mark.parametrize("label", ["Kinetic Energy", "kinetic energy", "Kinetic energy"])
def test_irregular_scan(tmp_path: Path, label: str) -> None:
    """Uneven energies; the first of three variables is the axis."""
    energy = KINETIC + 0.02 * np.sin(np.arange(N))
    variables = [(label, "eV", energy), ("Intensity", "d", COUNTS), ("Transmission Function", "d", THROUGH)]
    raw = read(put(tmp_path, vamas([Block(("C", "1s"), variables)], scan="IRREGULAR")))
    assert np.allclose(raw["c1s_binding_energy"].values, 1486.6 - energy, atol=1e-6)
    assert np.array_equal(raw["c1s_counts"].values, COUNTS)
    assert np.allclose(raw["c1s_transmission"].values, THROUGH, rtol=1e-8)


def test_two_corresponding_variables(tmp_path: Path) -> None:
    variables = [("counts", "d", COUNTS), ("transmission", "d", THROUGH)]
    raw = read(put(tmp_path, vamas([Block(("C", "1s"), variables, ("Kinetic Energy", 1186.6, 0.1))])))
    assert np.array_equal(raw["c1s_counts"].values, COUNTS)
    assert np.allclose(raw["c1s_transmission"].values, THROUGH, rtol=1e-8)


@pytest.mark.parametrize(("start", "step"), [(300.0, -0.1), (275.0, 0.1)])
def test_binding_axis_in_both_directions(tmp_path: Path, start: float, step: float) -> None:
    raw = read(put(tmp_path, vamas([regular(("Binding Energy", start, step))])))
    assert np.allclose(raw["c1s_binding_energy"].values, start + step * np.arange(N))


@pytest.mark.parametrize("unit", ["c/s", "cps", "CPS", "counts/s", "Counts per second"])
def test_rate_becomes_counts_of_all_scans(tmp_path: Path, unit: str) -> None:
    block = Block(("C", "1s"), [("Intensity", unit, COUNTS / (0.2 * 5))], ("Binding Energy", 300.0, -0.1))
    carbon = read(put(tmp_path, vamas([block])))["c1s_counts"]
    assert np.allclose(carbon.values, COUNTS)
    assert (carbon.attrs["dwell_time"], carbon.attrs["scans"], carbon.attrs["pass_energy"]) == (
        0.2,
        5.0,
        20.0,
    )


def test_second_block_is_a_second_measurement(tmp_path: Path) -> None:
    raw = read(put(tmp_path, vamas([regular(), regular()])))
    assert list(raw.data_vars) == ["c1s_counts", "c1s_2_counts"]


def test_four_experimental_variables(tmp_path: Path) -> None:
    names = [("PositionX", "mm"), ("PositionY", "mm"), ("PositionZ", "mm"), ("PositionR", "degree")]
    assert "c1s_counts" in read(put(tmp_path, vamas([regular(), regular()], variables=names)))


def test_other_techniques_are_named(tmp_path: Path) -> None:
    raw = read(put(tmp_path, vamas([regular(technique="AES dir"), regular()])))
    assert raw.attrs["blocks_not_read"] == "AES dir"
    with pytest.raises(ReadError, match=r"no XPS spectrum.*AES dir"):
        read(put(tmp_path, vamas([regular(technique="AES dir")])))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (vamas([regular(source=("Al", 1e37))]), "without the source's energy"),
        (vamas([regular(("Photon energy", 280.0, 0.1))]), "not a spectrum over the electrons' energy"),
        (vamas([Block(("C", "1s"), [("Intensity", "d", COUNTS)] * 2)], scan="MAPPING"), "not a spectrum"),
        (vamas([regular()], inclusion=3), "leave out parameters"),
        (vamas([regular()], terminator="0\nend of experiment"), "end before line"),
        (
            vamas([Block(("C", "1s"), [("Transmission", "d", THROUGH)], ("Binding Energy", 1.0, 1.0))]),
            "no intensities",
        ),
        (vamas([]), "no XPS spectrum"),
    ],
)
def test_what_is_no_spectrum_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(put(tmp_path, data))


def test_missing_terminator_is_no_fault(tmp_path: Path) -> None:
    assert "c1s_counts" in read(put(tmp_path, vamas([regular()], terminator="")))
