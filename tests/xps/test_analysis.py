"""What a user relies on: known answers, invariance, honest intervals, contradictions said."""

import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core import results
from interlayer.core.errors import AnalysisError, SettingError
from interlayer.core.summary import Row
from interlayer.example.generator.truth import Truth
from interlayer.xps import analyze, plot, read
from interlayer.xps.plots import figures
from interlayer.xps.spectra import Spectrum, build

TEMPLATES = {"activated": "study-activated", "cycled": "study-cycled", "bare-li": "bare"}
Study = tuple[Path, list[Truth]]


@pytest.fixture(scope="module")
def analysed(study: Study) -> dict[str, xr.DataTree]:
    folder, _ = study
    return {
        name: analyze(read(folder / name / "xps" / f"{name}.vms"), template=template)
        for name, template in TEMPLATES.items()
    }


def line(x: np.ndarray, at: float, area: float, fwhm: float = 1.4) -> np.ndarray:
    t = 2.0 * (x - at) / fwhm
    gauss = np.exp(-np.log(2.0) * t**2) * 2.0 / fwhm * np.sqrt(np.log(2.0) / np.pi)
    return area * (0.3 * 2.0 / (np.pi * fwhm) / (1.0 + t**2) + 0.7 * gauss)


def rows(result: xr.DataTree) -> dict[tuple[str, str], Row]:
    return {(row.quantity, row.subject): row for row in results.rows_of(result)}


def test_intervals_hold_the_truth(study: Study, analysed: dict[str, xr.DataTree]) -> None:
    _, truths = study
    held = []
    for truth in truths:
        row = rows(analysed[truth.sample])[(truth.quantity, truth.subject)]
        if truth.status != "measured":
            assert row.status == truth.status
            assert math.isfinite(row.high)
        elif row.status == "measured":
            held.append(row.low <= truth.value <= row.high)
    assert len(held) > 100
    assert np.mean(held) >= 0.9


def test_charge_shift_is_found(study: Study, analysed: dict[str, xr.DataTree]) -> None:
    for truth in study[1]:
        if truth.quantity == "charge_shift":
            found = rows(analysed[truth.sample])[("charge_shift", "sample")]
            assert found.value == pytest.approx(truth.value, abs=0.03)


def test_contradictions_are_said(analysed: dict[str, xr.DataTree]) -> None:
    said = results.warnings_of(analysed["cycled"])
    assert any("626" in text and "629" in text for text in said)
    assert any("N 1s/Li3N" in text and "398." in text and "395" in text for text in said)
    assert not any("LiF" in text for text in results.warnings_of(analysed["bare-li"]))


@pytest.mark.parametrize("shift", [-5.0, 8.0])
def test_labels_survive_charging(carbon: xr.Dataset, shift: float) -> None:
    moved = carbon.assign_coords(c1s_binding_energy=carbon["c1s_binding_energy"] + shift)
    one, other = (rows(analyze(each)) for each in (carbon, moved))
    assert one.keys() == other.keys()
    gap = other[("charge_shift", "sample")].value - one[("charge_shift", "sample")].value
    assert gap == pytest.approx(shift, abs=0.03)


def test_direction_of_the_axis_does_not_matter(study: Study) -> None:
    raw = read(study[0] / "cycled" / "xps" / "cycled.vms")
    turned = raw.isel({dim: slice(None, None, -1) for dim in raw.dims})
    settings = {"template": "study-cycled", "region": ["C 1s", "N 1s"]}
    one, other = (rows(analyze(each, **settings)) for each in (raw, turned))
    assert one.keys() == other.keys()
    for key, row in one.items():
        for field in ("value", "low", "high"):
            a, b = getattr(row, field), getattr(other[key], field)
            assert (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=1e-9, abs=1e-9)


def test_input_is_not_changed(carbon: xr.Dataset) -> None:
    before = carbon.copy(deep=True)
    analyze(carbon)
    xr.testing.assert_identical(carbon, before)


def test_numbered_peaks_without_a_template(carbon: xr.Dataset) -> None:
    found = rows(analyze(carbon))
    for i, (energy, area) in enumerate(((284.8, 5000.0), (286.5, 2500.0), (289.0, 1500.0)), 1):
        assert found[("binding_energy", f"C 1s/{i}")].value == pytest.approx(energy, abs=0.05)
        row = found[("area", f"C 1s/{i}")]
        assert row.low - 0.1 * area < area < row.high + 0.1 * area
    assert found[("charge_shift", "sample")].value == pytest.approx(3.0, abs=0.03)


def test_iso_19830_fields(analysed: dict[str, xr.DataTree]) -> None:
    wanted = {
        "fit_range_low",
        "fit_range_high",
        "end_point_averaging",
        "background_type",
        "line_shape",
        "constraints",
        "links",
        "weights",
        "fano_factor",
        "chi_square",
        "degrees_of_freedom",
        "residuals",
        "charge_reference",
    }
    for result in analysed.values():
        for node in result.children.values():
            if "envelope" in node:
                assert wanted <= node.attrs.keys()


def test_result_is_stored_and_drawn(analysed: dict[str, xr.DataTree], tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    analysed["cycled"].to_netcdf(path, engine="netcdf4")
    with xr.open_datatree(path, engine="netcdf4") as stored:
        drawn = figures(stored.load())
    assert len(drawn) == 2
    curves = [panel for panel in drawn[0].panels if panel.title]
    assert {panel.title.partition(" (")[0] for panel in curves} == {"C 1s", "N 1s", "F 1s", "Li 1s", "O 1s"}
    assert all(panel.x_reversed for panel in drawn[0].panels if panel.marks)
    assert plot(analysed["cycled"]).axes


def test_fano_factor_of_the_axis_supra(real: Path) -> None:
    found = rows(analyze(read(real / "xps" / "0-150W.vms"), region=["C 1s"], survey=False))
    assert 0.5 < found[("fano_factor", "C 1s")].value < 0.8


def test_polymer_shares(real: Path) -> None:
    """PET: C–C : C–O : C=O = 60 : 20 : 20; peaks above 290 eV are the satellite."""
    region = analyze(read(real / "xps" / "PET_C1s.csv"))["c1s"].to_dataset()
    shares = np.zeros(3)
    for curve in region["components"].values:
        energy = float(region["binding_energy"].values[np.argmax(curve)])
        if energy < 290.0:
            shares[int(np.searchsorted([285.8, 287.6], energy))] += curve.sum()
    assert shares / shares.sum() == pytest.approx([0.6, 0.2, 0.2], abs=0.03)


def test_unknown_template_and_region(carbon: xr.Dataset) -> None:
    with pytest.raises(SettingError, match="no such template"):
        analyze(carbon, template="activatd")
    with pytest.raises(AnalysisError, match="wanted regions"):
        analyze(carbon, region=["N 1s"])


def test_template_of_ones_own(carbon: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'lines = ["C 1s/C-C", "C 1s/C-O", "C 1s/ester"]\n[line]\n"C 1s/ester" = { energy = 289.0 }\n',
        encoding="utf-8",
    )
    found = rows(analyze(carbon, template=str(path)))
    assert found[("area", "C 1s/ester")].status == "measured"
    path.write_text('lines = ["C 1s/C-C"]\n[line]\n"C 1s/C-C" = { enrgy = 285 }\n', encoding="utf-8")
    with pytest.raises(SettingError, match="energy"):
        analyze(carbon, template=str(path))


def lithium_fluoride(lithium: float, ratio: float = 1.0) -> xr.Dataset:
    """Return F 1s, Li 1s, C 1s, N 1s of LiF at F 1s 685.1 eV, Li3N and carbon; Li of LiF times ``ratio``."""
    rng = np.random.default_rng(11)
    peaks = {
        "F 1s": [(685.1, 2.0 * 4.43 * 0.802**0.75)],
        "Li 1s": [(lithium, 2.0 * ratio * 0.0568 * 1.431**0.75), (55.1, 6.0 * 0.0568 * 1.431**0.75)],
        "C 1s": [(284.8, 3.0 * 1.202**0.75)],
        "N 1s": [(396.0, 2.0 * 1.80 * 1.091**0.75)],
    }
    spectra = []
    for name, lines in peaks.items():
        energy = lines[0][0] - 10.0 + 0.1 * np.arange(200)
        mean = 2000.0 + sum(line(energy, at, 60_000.0 * area) for at, area in lines)
        spectra.append(Spectrum(name, energy, rng.poisson(mean).astype(float)))
    return build(spectra, source="LiF")


def test_published_separation_is_not_flagged() -> None:
    result = analyze(lithium_fluoride(55.65), template="cycled", survey=False)
    assert rows(result)[("separation", "LiF")].value == pytest.approx(629.45, abs=0.1)
    assert not any("LiF" in text for text in results.warnings_of(result))


def test_wrong_separation_is_flagged() -> None:
    result = analyze(lithium_fluoride(57.2), template="cycled", survey=False)
    assert any("published" in text and "LiF" in text for text in results.warnings_of(result))


def test_broken_stoichiometry_is_reported() -> None:
    """Twice the lithium of LiF while Li3N keeps to its formula."""
    result = analyze(lithium_fluoride(56.6, ratio=2.0), template="cycled", survey=False)
    pulls = [abs(row.value) for row in results.rows_of(result) if row.quantity == "stoichiometry_pull"]
    assert max(pulls) > 2.0
    assert any("stoichiometry" in text for text in results.warnings_of(result))


def test_elements_that_left_the_model_have_a_limit(study: Study) -> None:
    """Without a template, lines below detection leave the model; N and F of bare lithium are still stated."""
    found = rows(analyze(read(study[0] / "bare-li" / "xps" / "bare-li.vms"), survey=False))
    for element in ("N", "F"):
        row = found[("atomic_fraction", element)]
        assert row.status == "not detected"
        assert 0.0 < row.high < 1.0
