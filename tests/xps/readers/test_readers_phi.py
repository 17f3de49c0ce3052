"""PHI depth profiles, several areas, and the transmission: files written by the tests' own code."""

from pathlib import Path

import numpy as np
import phi_files as files
import pytest

from interlayer.core.errors import ReadError
from interlayer.xps import analyze, read
from interlayer.xps.model.shapes import line

N = 200


def rates(areas: int, cycles: int, points: int = N) -> np.ndarray:
    return np.random.default_rng(points).poisson(900.0, (areas, cycles, points)) / 0.4


def put(folder: Path, data: bytes, name: str = "profile.pro") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_cycles_are_measurements(tmp_path: Path, kind: str) -> None:
    carbon, oxygen = rates(1, 5), rates(1, 5, 120)
    data = files.phi([("C1s", 300.0, -0.1, carbon), ("O1s", 540.0, -0.1, oxygen)], kind=kind)
    raw = read(put(tmp_path, data))
    assert {str(name) for name in raw.data_vars} == {
        f"{level}{copy}_counts" for level in ("c1s", "o1s") for copy in ("", "_2", "_3", "_4", "_5")
    }
    for cycle in range(5):
        name = "o1s_counts" if cycle == 0 else f"o1s_{cycle + 1}_counts"
        assert np.allclose(raw[name].values, 0.4 * oxygen[0, cycle], rtol=1e-6)
        assert raw[name].attrs["cycle"] == cycle + 1
        assert raw[name].attrs["pass_energy"] == 55.0
    assert raw["c1s_5_binding_energy"].values[[0, -1]] == pytest.approx([300.0, 280.1])


def test_sputter_time_of_the_layers(tmp_path: Path) -> None:
    """One cycle before, then two layers: 2 × 1 min and 3 × 0.5 min."""
    layers = "1 Layer1 1 0 0 Ar+ 6.00 1.00 2 '1KV2x2'\n2 Layer2 3 0 0 Ar+ 6.00 0.50 3 '1KV2x2'"
    data = files.phi([("C1s", 300.0, -0.1, rates(1, 6))], {"NoPreSputterCyc": "1", "DepthCalDef": layers})
    raw = read(put(tmp_path, data))
    assert [raw[name].attrs["sputter_time"] for name in raw.data_vars] == [
        0.0,
        60.0,
        120.0,
        150.0,
        180.0,
        210.0,
    ]


def test_areas_are_measurements(tmp_path: Path) -> None:
    carbon, oxygen = rates(3, 1), rates(3, 1)
    raw = read(put(tmp_path, files.phi([("C1s", 300.0, -0.1, carbon), ("O1s", 540.0, -0.1, oxygen)])))
    for area, name in enumerate(("c1s_counts", "c1s_2_counts", "c1s_3_counts")):
        assert np.allclose(raw[name].values, 0.4 * carbon[area, 0])
        assert raw[name].attrs["area"] == area + 1
        assert "cycle" not in raw[name].attrs


def test_transmission_of_multipak(tmp_path: Path) -> None:
    """E_p (a² / (a² + (E/E_p)²))^b: only its course matters."""
    extra = {"IntensityCalCoeff": "29.443 0.222"}
    raw = read(put(tmp_path, files.phi([("C1s", 300.0, -0.1, rates(1, 1))], extra)))
    ratio = (1486.6 - raw["c1s_binding_energy"].values) / 55.0
    expected = (29.443**2 / (29.443**2 + ratio**2)) ** 0.222
    assert np.allclose(raw["c1s_transmission"].values, expected)
    extra["IntensityRecal"] = "yes"
    assert "c1s_transmission" not in read(
        put(tmp_path, files.phi([("C1s", 300.0, -0.1, rates(1, 1))], extra))
    )


def test_profile_becomes_a_series(tmp_path: Path) -> None:
    """A line that grows from cycle to cycle grows in the table, too."""
    energy = 295.0 - 0.1 * np.arange(N)
    shape = line("voigt", energy, 284.8, 1.3, np.array([0.3]))
    mean = np.stack([[200.0 + height * shape for height in (4e4, 8e4, 12e4)]])
    data = files.phi([("C1s", 295.0, -0.1, np.random.default_rng(6).poisson(mean) / 0.4)])
    result = analyze(read(put(tmp_path, data)), charge_reference="none")
    rows = result["summary"].to_dataset().to_dataframe()
    areas = rows[(rows["quantity"] == "area") & (rows["status"] == "measured")]["value"].to_numpy()
    assert areas.size == 3
    assert areas == pytest.approx([4e4, 8e4, 12e4], rel=0.03)


def test_text_profile(tmp_path: Path) -> None:
    head = "Cycles 3; Regions 1; Anode Al; Photon Energy 1486.6; XPS;\r\nC 1s\t\r\n1\t\r\n"
    blocks = [
        f"Element C 1s; Region 1 of 1; Depth Cycle {k} of 3; Time Per Step 50; Sweeps 8; Anode Al; "
        "Photon Energy 1486.6; XPS;\r\n"
        + "".join(f"{290 - 0.1 * i:.1f}\t{100 * k + i}\r\n" for i in range(50))
        for k in (1, 2, 3)
    ]
    raw = read(put(tmp_path, (head + "\r\n".join(blocks)).encode(), "profile.txt"))
    assert [raw[name].attrs["cycle"] for name in raw.data_vars] == [1, 2, 3]
    assert raw["c1s_3_counts"].values[:3].tolist() == [300.0, 301.0, 302.0]


def test_cut_text_is_refused(real: Path, tmp_path: Path) -> None:
    text = (real / "xps" / "BN-BS-1 multiplex.txt").read_bytes()
    with pytest.raises(ReadError, match="expected 6 regions; found 4"):
        read(put(tmp_path, text[: text.index(b"Element Ti 2p")], "cut.txt"))


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    good = files.phi([("C1s", 300.0, -0.1, rates(1, 4))])
    directory = good.index(b"EOFH\r\n") + 6 + 16
    for at, message in (
        (12, "do not fit its header"),
        (20, "unknown kind"),
        (24, "unknown kind"),
        (76, "unknown kind"),
    ):
        bad = bytearray(good)
        bad[directory + at] += 1
        with pytest.raises(ReadError, match=message):
            read(put(tmp_path, bytes(bad)))
    with pytest.raises(ReadError, match="ends inside a spectrum"):
        read(put(tmp_path, good[:-200]))
    with pytest.raises(ReadError, match="other fields"):
        read(
            put(
                tmp_path, good.replace(b"SpectralRegDef: 1 1 C1s 111 200", b"SpectralRegDef: 1 1 C1s 111 two")
            )
        )
