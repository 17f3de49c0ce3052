"""Every real file against what is known of it: exactly, not only that it is read."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xps import read


def axis(raw: xr.Dataset, level: str) -> np.ndarray:
    return raw[f"{level}_binding_energy"].values


@pytest.mark.parametrize(("name", "level", "points"), [("C1s_C1s", "c1s", 301), ("O1s_O1s", "o1s", 251)])
def test_axis_supra_text_equals_vamas(real: Path, name: str, level: str, points: int) -> None:
    vamas, text = read(real / "xps" / "0-150W.vms"), read(real / "xps" / f"0-150W_NiW{name}.txt")
    assert text[f"{level}_counts"].size == points
    assert np.array_equal(text[f"{level}_counts"].values, vamas[f"{level}_counts"].values)
    assert np.allclose(axis(text, level), axis(vamas, level), atol=1e-9)
    assert (
        text[f"{level}_counts"].attrs["pass_energy"] == vamas[f"{level}_counts"].attrs["pass_energy"] == 20.0
    )


def test_axis_supra_has_two_variables_in_every_block(real: Path) -> None:
    raw = read(real / "xps" / "0-150W.vms")
    levels = ("survey", "ni2p", "o1s", "c1s", "w4f")
    assert {str(name) for name in raw.data_vars} == {
        f"{x}_{y}" for x in levels for y in ("counts", "transmission")
    }
    assert raw["survey_counts"].size == 1206
    for level in levels:
        counts = raw[f"{level}_counts"].values
        assert np.array_equal(counts, np.round(counts))
        through = raw[f"{level}_transmission"].values
        assert np.all(through > 0) and np.ptp(through) > 0


def test_iron_oxide_vamas_equals_casaxps_text(real: Path) -> None:
    vamas, text = (read(real / "xps" / f"FeO_analyzed{end}") for end in (".vms", "_lineshapes_cols.txt"))
    assert vamas["fe2p_counts"].size == 1121
    assert np.array_equal(vamas["fe2p_counts"].values, text["fe2p_counts"].values)
    assert np.array_equal(axis(vamas, "fe2p"), axis(text, "fe2p"))
    assert vamas["fe2p_counts"].attrs["source_energy"] == 1486.61


def test_result_table_of_casaxps_is_no_spectrum(real: Path) -> None:
    with pytest.raises(ReadError, match="no xps format fits"):
        read(real / "xps" / "FeO_analyzed_results.csv")


def test_prodigy_xy_equals_regular_vamas(real: Path) -> None:
    """15598.68 counts/s × 0.1 s in one, 1559.87 counts in the other."""
    vamas, text = read(real / "xps" / "regular.vms"), read(real / "xps" / "MgFe2O4_small.xy")
    assert vamas["survey_counts"].values[0] == pytest.approx(1559.87, abs=1e-9)
    assert np.allclose(text["survey_counts"].values, vamas["survey_counts"].values, rtol=5e-6)
    assert np.array_equal(axis(text, "survey"), axis(vamas, "survey"))
    assert axis(text, "fe2p")[[0, -1]].tolist() == [750.0, 695.0]


def test_phi_binary_is_the_vendors_text(real: Path) -> None:
    binary, text = (read(real / "xps" / f"BN-BS-1 multiplex{end}") for end in (".spe", ".txt"))
    assert sorted(map(str, binary.data_vars)) == sorted(
        f"{level}_counts" for level in ("bi4f", "na1s", "sr3d", "ti2p", "o1s", "c1s")
    )
    assert sum(array.size for array in binary.data_vars.values()) == 3606
    for name, array in binary.data_vars.items():
        assert np.allclose(array.values, text[name].values, rtol=3e-7)
        assert np.array_equal(array[array.dims[0]].values, text[name][array.dims[0]].values)
        assert array.attrs["source_energy"] == text[name].attrs["source_energy"] == 1253.6
        time = text[name].attrs["dwell_time"] * text[name].attrs["scans"]
        assert array.attrs["dwell_time"] == pytest.approx(time)


def test_versaprobe_survey(real: Path) -> None:
    raw = read(real / "xps" / "SnO2_10nm.spe")
    energy, counts = axis(raw, "survey"), raw["survey_counts"]
    assert (counts.size, energy[0], energy[-1]) == (1751, 1400.0, 0.0)
    assert counts.attrs["pass_energy"] == 224.0
    window = (energy > 470) & (energy < 500)
    assert energy[window][np.argmax(counts.values[window])] == pytest.approx(486.0, abs=1.5)  # Sn 3d5/2
    # E_p (a² / (a² + (E/E_p)²))^b with 40.000 and 0.200, from 1 eV to the end of the survey
    ratio = (1486.6 - energy) / 224.0
    assert np.allclose(raw["survey_transmission"].values, (1600 / (1600 + ratio**2)) ** 0.2)


def test_detectors_of_specs_are_aligned(real: Path) -> None:
    """With the other sign of the shift the five channels lie 6 eV apart."""
    raw = read(real / "xps" / "In-situ_PBTTT_XPS_SPECS.xml")
    energy, counts = axis(raw, "c1s"), raw["c1s_counts"]
    above = energy[counts.values - counts.values.min() > np.ptp(counts.values) / 2]
    assert np.ptp(above) < 2.0
    assert energy[np.argmax(counts.values)] == pytest.approx(284.0, abs=0.2)
    assert (counts.attrs["scans"], counts.attrs["detectors"], counts.attrs["pass_energy"]) == (2.0, 5, 20.0)


def test_scienta_energies_are_binding(real: Path) -> None:
    """Low and High Energy of the header are kinetic, the data are not."""
    silver = read(real / "xps" / "Ag_0001.txt")["ag3d_intensity"]
    energy = silver["ag3d_binding_energy"].values
    assert (silver.size, energy[0], energy[-1]) == (361, 382.0, 364.0)
    assert silver.values[:2] == pytest.approx([15.7494897842407, 16.4413099288940], rel=1e-12)
    high = energy > 372.5
    split = energy[high][np.argmax(silver.values[high])] - energy[~high][np.argmax(silver.values[~high])]
    assert split == pytest.approx(6.0, abs=0.1)  # Ag 3d3/2 - 3d5/2
    facts = {"source_energy": 520.0, "pass_energy": 50.0, "scans": 2.0, "dwell_time": 0.203}
    assert {key: silver.attrs[key] for key in facts} == facts


def test_casaxps_text_of_two_samples(real: Path) -> None:
    raw = read(real / "xps" / "vms_txt_export.txt")
    samples = {str(name): array.attrs["sample"] for name, array in raw.data_vars.items()}
    assert samples == {
        "survey_counts": "Ni", "ni2p_counts": "Ni", "survey_2_counts": "NiO", "ni2p_2_counts": "NiO"
    }  # fmt: skip
    lines = (real / "xps" / "vms_txt_export.txt").read_text(encoding="latin-1").splitlines()
    first = [float(cell) for cell in next(x for x in lines if x.startswith("2.866")).split("\t") if cell]
    survey = raw["survey_counts"]
    assert (survey.values[0], axis(raw, "survey")[0]) == (first[1], first[2])
    assert first[3] == pytest.approx(survey.values[0] / survey.attrs["dwell_time"], rel=1e-6)


def test_versaprobe_columns(real: Path) -> None:
    sample, polymer = read(real / "xps" / "C1s_sample.csv"), read(real / "xps" / "PET_C1s.csv")
    assert (axis(sample, "c1s")[0], sample["c1s_counts"].values[0]) == (301.5, 1709.0)
    assert (sample["c1s_counts"].size, polymer["c1s_intensity"].size) == (351, 401)
    assert polymer["c1s_intensity"].values[0] == 324.2826


def test_data_that_are_no_spectrum_are_refused(real: Path) -> None:
    """NIST's file holds the response first: its columns are the other way round."""
    with pytest.raises(ReadError, match="columns swapped"):
        read(real / "xps" / "NIST_Gauss3.dat")


def test_comment_block_names_what_to_do(real: Path) -> None:
    with pytest.raises(ReadError, match=r"kratos\.vms.*header is missing.*export the spectra"):
        read(real / "xps" / "kratos.vms")
