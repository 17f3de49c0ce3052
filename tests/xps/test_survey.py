"""Surveys: the elements that are there and no others, and a word where one disturbs a line of interest."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core import results
from interlayer.xps import analyze, levels, read, survey
from interlayer.xps.plots import figures
from interlayer.xps.spectra import Spectrum, build, regions


def simulated(
    lines: dict[float, float], *, seed: int = 1, step: float = 1.0, level: float = 2000.0
) -> np.ndarray:
    """Return counts from 0 to 1200 eV: Gaussian lines, a step for each towards high energy, a smooth rise."""
    x = np.arange(0.0, 1200.0, step)
    mean = level * (0.3 + 0.7 * x / 1200.0)
    for at, height in lines.items():
        mean = (
            mean
            + height * np.exp(-0.5 * ((x - at) / 1.1) ** 2)
            + 0.08 * height / (1 + np.exp(-(x - at) / 1.5))
        )
    return np.random.default_rng(seed).poisson(mean).astype(float)


AXIS = np.arange(0.0, 1200.0, 1.0)


def found(counts: np.ndarray, shift: float = 0.0, source: float = 1486.6) -> set[str]:
    return {each.level for each in survey.elements(AXIS, counts, shift, source)}


def test_nothing_is_found_in_smooth_backgrounds() -> None:
    assert sum(len(found(simulated({}, seed=seed))) for seed in range(200)) <= 2


@pytest.mark.parametrize("shift", [0.0, 4.0, -3.0])
def test_light_elements_are_found_and_nothing_else(shift: float) -> None:
    lines = {285.0: 4000.0, 399.5: 900.0, 532.0: 6000.0, 686.0: 3000.0, 55.5: 400.0, 23.0: 300.0, 30.0: 250.0}
    moved = {at + shift: height for at, height in lines.items()}
    for seed in range(20):
        assert found(simulated(moved, seed=seed), shift) == {"C 1s", "N 1s", "O 1s", "F 1s", "Li 1s"}


def test_weaker_lines_of_an_element_are_no_other_element() -> None:
    """S 2s is not Mo 3d, Ni 3s not Be 1s, Sn 4d not Ta 4f."""
    nickel = {853.0: 9000.0, 870.5: 4500.0, 111.0: 900.0, 67.0: 900.0}
    assert found(simulated(nickel)) == {"Ni 2p"}
    tin = {486.5: 9000.0, 494.9: 6000.0, 25.0: 1500.0}
    assert found(simulated(tin)) == {"Sn 3d"}
    sulphur = {168.0: 4000.0, 228.0: 2000.0}
    assert found(simulated(sulphur)) == {"S 2p"}


def test_auger_lines_move_with_the_source() -> None:
    """The O KLL line lies at 978 eV with Al Kα, at 745 eV with Mg Kα; there it hides nothing with Al."""
    lines = {532.0: 9000.0, 780.0: 3000.0, 795.2: 1600.0}
    assert found(simulated(lines)) == {"O 1s", "Co 2p"}
    nickel = {853.0: 9000.0, 870.5: 4500.0, 712.0: 2500.0, 725.2: 1300.0}
    assert "Fe 2p" not in found(simulated(nickel))
    assert "Fe 2p" in found(simulated(nickel), source=1253.6)


def test_a_survey_without_noise() -> None:
    counts = 900.0 + 5000.0 * np.exp(-0.5 * (AXIS - 285.0) ** 2)
    assert found(counts) == {"C 1s"}
    assert found(np.zeros_like(AXIS)) == set()


def measured(*, iron: bool) -> xr.Dataset:
    """Return a survey with or without iron, C 1s and Li 1s."""
    lines = {285.0: 4000.0, 532.0: 6000.0} | ({710.0: 5000.0, 723.2: 2500.0} if iron else {})
    out = [Spectrum("Survey", AXIS, simulated(lines))]
    for name, at in (("C 1s", 284.8), ("Li 1s", 55.0)):
        x = np.round(at - 8.0 + 0.1 * np.arange(160), 3)
        mean = 500.0 + 4000.0 * np.exp(-0.5 * ((x - at) / 0.6) ** 2)
        out.append(Spectrum(name, x, np.random.default_rng(2).poisson(mean).astype(float)))
    return build(out, source="iron.vms")


def test_iron_is_noted_at_the_areas_of_li_1s() -> None:
    result = analyze(measured(iron=True), template="bare")
    assert "The survey shows Fe 2p: Fe 3p lies under Li 1s." in results.warnings_of(result)
    areas = [row for row in results.rows_of(result) if row.quantity == "area"]
    assert {row.subject[:4] for row in areas} >= {"Li 1", "C 1s"}
    for row in areas:
        assert ("Fe 3p lies under Li 1s" in row.note) == row.subject.startswith("Li 1s")
    plain = analyze(measured(iron=False), template="bare")
    assert not any("survey" in text for text in results.warnings_of(plain))
    assert not any("survey" in row.note for row in results.rows_of(plain))


def test_only_what_disturbs_a_fitted_level_is_said() -> None:
    result = analyze(measured(iron=True), template="bare", region="C 1s")
    assert not any("Li 1s" in text for text in results.warnings_of(result))


#: what is known of these samples
REAL = {
    "0-150W.vms": {"O 1s", "W 4f", "C 1s", "N 1s"},
    "MgFe2O4_small.xy": {"O 1s", "Mg 1s", "Fe 2p", "C 1s"},
    "In-situ_PBTTT_XPS_SPECS.xml": {"C 1s", "S 2p", "F 1s", "O 1s", "N 1s"},
    "SnO2_10nm.spe": {"Sn 3d", "O 1s", "C 1s", "N 1s"},
}


@pytest.mark.parametrize("name", REAL)
def test_real_surveys(real: Path, name: str) -> None:
    dataset = next(
        each for each in regions(read(real / "xps" / name)).values() if each.attrs["core_level"] == "survey"
    )
    order = np.argsort(dataset["binding_energy"].values)
    seen = survey.elements(
        dataset["binding_energy"].values[order],
        dataset["counts"].values[order].astype(float),
        0.0,
        float(dataset.attrs["source_energy"]),
    )
    assert {each.level for each in seen} <= REAL[name]
    assert {each.level for each in seen} >= REAL[name] - {"N 1s"}


def test_two_surveys_of_nickel(real: Path) -> None:
    for slug, dataset in regions(read(real / "xps" / "vms_txt_export.txt")).items():
        if slug.startswith("survey"):
            order = np.argsort(dataset["binding_energy"].values)
            energy, counts = dataset["binding_energy"].values[order], dataset["counts"].values[order]
            assert {each.level for each in survey.elements(energy, counts)} == {"Ni 2p", "O 1s", "C 1s"}


def test_survey_figure_labels_the_elements() -> None:
    result = analyze(measured(iron=True), template="bare")
    figure = next(each for each in figures(result) if each.name == "xps_survey")
    assert "Fe 2p" in figure.caption
    assert figure.panels[0].x_reversed


def test_data_name_known_levels() -> None:
    data = survey._data()
    assert data["overlap"].keys() <= levels.table().keys()
    assert {entry["level"] for entry in data["overlap"].values()} <= levels.table().keys()
    symbols = {level.element for level in levels.table().values()}
    assert data["secondary"].keys() <= symbols
    assert data["auger"].keys() <= symbols


def test_weaker_lines_are_named_after_the_element_that_is_there() -> None:
    nickel = {853.0: 9000.0, 870.5: 4500.0, 111.0: 900.0, 67.0: 900.0, 641.0: 3000.0}
    counts = simulated(nickel)
    main = survey.elements(AXIS, counts)
    named = {each.level: each.energy for each in survey.others(AXIS, counts, main)}
    assert named.keys() == {"Ni 3s", "Ni 3p", "Ni Auger"}
    assert named["Ni Auger"] == pytest.approx(641.0, abs=1.5)
    assert survey.others(AXIS, counts, []) == []
    moved = {
        each.level: each.energy
        for each in survey.others(
            AXIS,
            simulated({532.0: 9e3, 745.0: 3e3}),
            survey.elements(AXIS, simulated({532.0: 9e3, 745.0: 3e3})),
            0.0,
            1253.6,
        )
    }
    assert moved == {"O Auger": pytest.approx(745.0, abs=1.5)}
