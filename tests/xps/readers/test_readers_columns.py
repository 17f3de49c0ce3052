"""What users bring as columns of text."""

from pathlib import Path

import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.xps import read

ENERGY = np.round(300.0 - 0.1 * np.arange(200), 1)
COUNTS = np.random.default_rng(4).poisson(900.0 + 4000.0 * np.exp(-(((ENERGY - 288.0) / 1.5) ** 2)))


def text(
    header: str, columns: list[np.ndarray], separator: str = ",", decimal: str = ".", ending: str = "\n"
) -> str:
    rows = [
        separator.join("" if np.isnan(x) else f"{x:.10g}".replace(".", decimal) for x in row)
        for row in np.array(columns, dtype=float).T
    ]
    return ending.join([*header.splitlines(), *rows]) + ending


def put(folder: Path, content: str, name: str = "C1s.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",.", ";,", ";.", "\t.", "\t,", " .", " ,"])
@pytest.mark.parametrize(
    "header", ["", "Binding Energy (eV){0}Counts", "E_B / eV{0}Intensity\neV{0}counts", "# my sample\n# x"]
)
def test_separators_and_decimal_signs(tmp_path: Path, separator: str, header: str) -> None:
    cells, decimal = separator
    content = text(header.format(cells), [ENERGY, COUNTS], cells, decimal)
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        raw = read(put(tmp_path, content, encoding=encoding))
        assert np.array_equal(raw["c1s_counts"].values, COUNTS)
        assert np.array_equal(raw["c1s_binding_energy"].values, ENERGY)


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\r\r\n"])
def test_line_ends(tmp_path: Path, ending: str) -> None:
    raw = read(put(tmp_path, text("BE,Counts", [ENERGY, COUNTS], ending=ending)))
    assert np.array_equal(raw["c1s_counts"].values, COUNTS)


def test_ascending_axis_is_the_same_spectrum(tmp_path: Path) -> None:
    raw = read(put(tmp_path, text("BE,Counts", [ENERGY[::-1], COUNTS[::-1]])))["c1s_counts"]
    assert np.array_equal(raw.values[::-1], COUNTS)


@pytest.mark.parametrize("unit", ["counts/s", "CPS", "Intensity (c/s)", "Counts / s", "counts per second"])
def test_rates_stay_rates(tmp_path: Path, unit: str) -> None:
    assert "c1s_intensity" in read(put(tmp_path, text(f"Binding Energy,{unit}", [ENERGY, COUNTS])))


def test_non_integers_are_an_intensity(tmp_path: Path) -> None:
    assert "c1s_intensity" in read(put(tmp_path, text("BE,Counts", [ENERGY, COUNTS * 0.37])))


@pytest.mark.parametrize(
    ("header", "photon"),
    [
        ("Kinetic Energy / eV,Counts", 1486.6),
        ("K.E.,Counts", 1486.6),
        ("hv = 1486.7 eV\nKE (eV),Counts", 1486.7),
        ("Excitation energy: 1486.69\nKinetic energy,Counts", 1486.69),
        ("Al Ka monochromated\nKE,Counts", 1486.6),
        ("Mg Kα\nKE,Counts", 1253.6),
    ],
)
def test_kinetic_energies_that_are_called_so_are_turned(tmp_path: Path, header: str, photon: float) -> None:
    carbon = read(put(tmp_path, text(header, [photon - ENERGY, COUNTS])))["c1s_counts"]
    assert np.allclose(carbon["c1s_binding_energy"].values, ENERGY, atol=1e-6)
    assert carbon.attrs["source_energy"] == photon


@pytest.mark.parametrize("header", ["", "Energy,Counts", "Binding Energy,Counts"])
@pytest.mark.parametrize("name", ["C1s.csv", "sample.csv"])
def test_kinetic_energies_that_are_not_called_so_are_refused(tmp_path: Path, header: str, name: str) -> None:
    kinetic = np.arange(1180.0, 1210.0, 0.1)
    with pytest.raises(ReadError, match=r"277 to 307 eV, C 1s.*'Kinetic Energy'"):
        read(put(tmp_path, text(header, [kinetic, np.arange(kinetic.size)]), name))


def test_kinetic_energies_without_a_source_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"without the source's energy.*hv"):
        read(put(tmp_path, text("KE,Counts", [1486.6 - ENERGY, COUNTS]), "sample.csv"))


def test_axis_of_another_core_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"binding energies of N 1s, near 399\.5 eV"):
        read(put(tmp_path, text("BE,Counts", [ENERGY + 240.0, COUNTS]), "N1s.csv"))


def test_charged_and_high_energies_are_not_refused(tmp_path: Path) -> None:
    assert "c1s_counts" in read(put(tmp_path, text("BE,Counts", [ENERGY + 10.0, COUNTS])))
    assert "na1s_counts" in read(put(tmp_path, text("", [ENERGY + 780.0, COUNTS]), "x.csv"))
    for start in (858.0, 640.0, 700.0, 920.0):  # Ni 2p, Mn 2p, Fe 2p, Cu 2p
        assert len(read(put(tmp_path, text("", [ENERGY - 300.0 + start, COUNTS]), "x.csv")).data_vars) == 1


@pytest.mark.parametrize(
    "header", ["C1s,,O1s,\nBE,Counts,BE,Counts", "C 1s BE,C 1s Counts,O 1s BE,O 1s Counts", "E1,I1,E2,I2", ""]
)
def test_regions_side_by_side(tmp_path: Path, header: str) -> None:
    """The second region is shorter: its cells below are empty."""
    oxygen = np.where(np.arange(200) < 120, 540.0 - 0.1 * np.arange(200), np.nan)
    signal = np.where(np.isnan(oxygen), np.nan, COUNTS + 7.0)
    raw = read(put(tmp_path, text(header, [ENERGY, COUNTS, oxygen, signal]), "regions.csv"))
    assert np.array_equal(raw["c1s_counts"].values, COUNTS)
    assert np.array_equal(raw["o1s_counts"].values, COUNTS[:120] + 7.0)
    assert raw["o1s_binding_energy"].values[[0, -1]] == pytest.approx([540.0, 528.1])


def test_scans_beside_one_axis(tmp_path: Path) -> None:
    raw = read(put(tmp_path, text("BE,scan 1,scan 2,scan 3", [ENERGY, COUNTS, COUNTS + 3, COUNTS[::-1]])))
    assert list(raw.data_vars) == ["c1s_counts", "c1s_2_counts", "c1s_3_counts"]
    assert np.array_equal(raw["c1s_3_counts"].values, COUNTS[::-1])


def test_curves_of_a_fit_are_not_measurements(tmp_path: Path) -> None:
    header = "K.E.,Counts,B.E.,CPS,Background,Envelope"
    columns = [1486.6 - ENERGY, COUNTS, ENERGY, COUNTS / 0.2, COUNTS * 0.4, COUNTS * 0.9]
    raw = read(put(tmp_path, text(header, columns)))
    assert list(raw.data_vars) == ["c1s_counts"]
    assert np.array_equal(raw["c1s_counts"].values, COUNTS)
    assert raw.attrs["columns_not_read"] == "K.E., CPS, Background, Envelope"


def test_untitled_further_columns_are_named(tmp_path: Path) -> None:
    raw = read(put(tmp_path, text("", [ENERGY, COUNTS, np.sqrt(COUNTS)])))
    assert list(raw.data_vars) == ["c1s_counts"]
    assert raw.attrs["columns_not_read"] == "column 3"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n295,", "\n295,nan#", "line 52 is not a row of numbers"),
        ("\n295,", "\n295,#", "line 52 is not a row of numbers"),
        ("\n295,", "\n295,x", "line 52 is not a row of numbers"),
        ("\n295,", "\n,", "line 52 is not a row of numbers"),
        ("\n295,", "\n295,-", "line 52 is not a row of numbers"),
    ],
)
def test_rows_without_numbers_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    content = text("BE,Counts", [ENERGY, COUNTS])
    at = content.index(old) + 1
    row = content[at : content.index("\n", at)]
    replaced = new[1:-1] if new.endswith("#") else new[1:] + row.split(",")[1]
    if new == "\n295,-":
        replaced = "295,-"
    with pytest.raises(ReadError, match=message):
        read(put(tmp_path, content.replace("\n" + row + "\n", "\n" + replaced + "\n", 1)))


def test_blank_lines(tmp_path: Path) -> None:
    content = text("BE,Counts\n", [ENERGY, COUNTS])
    harmless = content.replace("\n295,", "\n\n295,", 1) + "\n\n  \n"
    assert np.array_equal(read(put(tmp_path, harmless))["c1s_counts"].values, COUNTS)
    lines = content.split("\n")
    lines[60] = lines[61] = ""
    with pytest.raises(ReadError, match="line 61 is blank and values are missing"):
        read(put(tmp_path, "\n".join(lines)))


def test_gap_in_one_of_two_regions_is_named(tmp_path: Path) -> None:
    signal = (COUNTS + 7.0).astype(float)
    signal[50] = np.nan
    with pytest.raises(ReadError, match="line 52 has no number in column 4"):
        read(
            put(
                tmp_path, text("BE,Counts,BE,Counts", [ENERGY, COUNTS, ENERGY + 240.0, signal]), "regions.csv"
            )
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (text("", [COUNTS, ENERGY]), "columns swapped"),
        (text("BE,Counts", [np.r_[ENERGY[:100], ENERGY[:100]], COUNTS]), "do not advance"),
        (text("BE,Background", [ENERGY, COUNTS]), "no column of intensities"),
        ("1,2\n" * 3, "do not advance"),
        ("300,1,5\n299,2,6\n298,3,7\n" + "297,4,8,9\n" * 2, "line 1 has no number in column 4"),
        (",".join(["1"] * 500) + "\n" + (",".join(["2"] * 500) + "\n") * 5, "too many columns"),
    ],
)
def test_odd_tables_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(put(tmp_path, content))


def test_names_of_regions_without_a_core_level(tmp_path: Path) -> None:
    valence = np.round(10.0 - 0.1 * np.arange(200), 1)
    raw = read(put(tmp_path, text("BE,Counts", [valence, COUNTS]), "valence.csv"))
    assert list(raw.data_vars) == ["valence_counts"]
    raw = read(
        put(tmp_path, text("BE,before,BE,after", [valence, COUNTS, valence, COUNTS[::-1]]), "valence.csv")
    )
    assert list(raw.data_vars) == ["before_counts", "after_counts"]


def test_pass_energy_of_the_header(tmp_path: Path) -> None:
    raw = read(put(tmp_path, text("Pass energy: 20 eV\nBE,Counts", [ENERGY, COUNTS])))
    assert raw["c1s_counts"].attrs["pass_energy"] == 20.0
