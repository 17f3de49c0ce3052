"""Bundled phases and the user's: known cells, densities, intensities; contradictions are refused."""

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifWriter

from interlayer.core.errors import InterlayerError, ReadError, SettingError
from interlayer.xrd import phases, scattering, structures
from interlayer.xrd.mixture import i_over_ic, intensity
from interlayer.xrd.model.cell import inverse_d_squared
from interlayer.xrd.model.source import tube
from interlayer.xrd.phases import Phase

LIOH = """data_LiOH
_symmetry_space_group_name_H-M 'P 4/n m m'
_symmetry_Int_Tables_number 129
_cell_length_a 3.549
_cell_length_b 3.549
_cell_length_c 4.334
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{facts}
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Li 0.75 0.25 0
O 0.25 0.25 0.1938
H 0.25 0.25 0.4076
"""
P1 = """data_{name}
_symmetry_space_group_name_H-M 'P 1'
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{sites}
"""


@cache
def built(name: str) -> Structure:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return structures.structure(name, phases.definitions()[name])


def write_cif(structure: Structure, path: Path, symprec: float | None = None) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        CifWriter(structure, symprec=symprec).write_file(path)
    return str(path)


def spacings(phase: Phase) -> np.ndarray:
    q = inverse_d_squared(np.array(phase.cell), phase.hkl)
    return np.asarray(1 / np.sqrt(q))


@pytest.mark.parametrize("name", list(phases.definitions()))
def test_the_table_is_that_of_the_structures(name: str) -> None:
    """Cell and sites give the published density, and the table in the repository is made from them."""
    entry, found = phases.definitions()[name], phases.bundled(name)
    made = structures.phase(name, entry)
    np.testing.assert_array_equal(found.hkl, made.hkl)
    np.testing.assert_allclose(found.strength, made.strength, rtol=1e-3)
    assert found.scale == pytest.approx(made.scale, rel=1e-4)
    assert sum(part for _, part in found.elements) == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(spacings(found)) < 0).all()


@pytest.mark.parametrize("name", list(phases.definitions()))
def test_no_bond_is_impossible(name: str) -> None:
    """Atoms that are there at once keep 0.9 angstrom, and 1.1 where neither is hydrogen."""
    structure = built(name)
    first, second, _, distance = structure.get_neighbor_list(1.1)
    for i, j, gap in zip(first, second, distance, strict=True):
        one, two = structure[int(i)].species, structure[int(j)].species
        if one.num_atoms + two.num_atoms > 1.05:
            assert gap > 0.9
            assert any(str(kind) == "H" for each in (one, two) for kind in each)


@pytest.mark.parametrize(
    ("name", "published"),
    # Powder Diffraction File, calculated patterns; they spread by some 10 % with the thermal factors
    [("Cu", 8.86), ("Ni", 7.46), ("Al", 4.10), ("Si", 4.7), ("LiF", 1.4), ("ZnO", 5.4), ("ferrite", 11.0)],
)
def test_reference_intensity_ratios(name: str, published: float) -> None:
    assert i_over_ic(phases.bundled(name), tube("Cu")) == pytest.approx(published, rel=0.12)


def test_intensities_of_alpha_li3n() -> None:
    """The strong lines of the reference card, whose values have no thermal factors."""
    phase = phases.bundled("Li3N")
    strength = intensity(phase, tube("Cu"))
    by_hkl = {tuple(h): 100 * s / strength.max() for h, s in zip(phase.hkl.tolist(), strength, strict=True)}
    for hkl, card in {(0, 0, 1): 100, (1, 0, 0): 89, (0, 0, 2): 26, (1, 1, 0): 62, (1, 1, 1): 32}.items():
        assert by_hkl[hkl] == pytest.approx(card, rel=0.2)


def test_absorption_is_that_of_the_tables() -> None:
    """µ/ρ of iron and silicon for Cu Kα: 304 and 64 cm²/g with scatter (International Tables C, 4.2.4)."""
    assert scattering.absorption({"Fe": 1.0}, 1.0, 1.5418) == pytest.approx(304, rel=0.03)
    assert scattering.absorption({"Si": 1.0}, 1.0, 1.5418) == pytest.approx(64, rel=0.05)


def test_standards_are_no_usual_candidates() -> None:
    standards = {phase.name for phase in phases.standards()}
    usual = {phase.name for phase in phases.candidates()}
    assert standards == {"LaB6", "Si", "corundum", "CeO2", "ZnO"}
    assert standards & usual == {"Si"}
    assert {"Li3N", "beta-Li3N", "Li", "LiH", "Li2O2", "NMC"} <= usual
    assert not usual & {"LiC6", "Be", "polyethylene"}
    assert [phase.name for phase in phases.candidates(["LaB6", "Li", "LaB6"])] == ["LaB6", "Li"]


@pytest.mark.parametrize("name", ["Li2CO3", "LiCoO2", "LiFePO4", "Li6PS5Cl", "NMC", "beta-Li3N", "Li2C2"])
@pytest.mark.parametrize("symprec", [None, 0.01])
def test_a_written_cif_comes_back(name: str, symprec: float | None, tmp_path: Path) -> None:
    found = phases.find(write_cif(built(name), tmp_path / f"{name}.cif", symprec))
    known = phases.bundled(name)
    assert found.system == known.system
    np.testing.assert_allclose(found.cell, known.cell, rtol=1e-4)
    # thermal factors are not in these files
    mine, theirs = intensity(found, tube("Cu")), intensity(known, tube("Cu"))
    assert mine.max() == pytest.approx(theirs.max(), rel=0.2)
    assert tuple(found.hkl[np.argmax(mine)]) == tuple(known.hkl[np.argmax(theirs)])


def test_rhombohedral_axes_become_hexagonal(tmp_path: Path) -> None:
    primitive = built("LiCoO2").get_primitive_structure()
    assert not np.allclose(primitive.lattice.angles, [90, 90, 120], atol=1)
    found = phases.find(write_cif(primitive, tmp_path / "lco.cif"))
    assert found.system == "hexagonal"
    assert (found.cell[0], found.cell[2]) == (
        pytest.approx(2.8161, abs=1e-3),
        pytest.approx(14.0536, abs=1e-3),
    )
    known = phases.bundled("LiCoO2")
    assert intensity(found, tube("Cu")).max() == pytest.approx(intensity(known, tube("Cu")).max(), rel=0.2)


def test_a_primitive_cell_becomes_the_usual_one(tmp_path: Path) -> None:
    found = phases.find(write_cif(built("Cu").get_primitive_structure(), tmp_path / "cu.cif"))
    assert found.system == "cubic"
    assert found.cell[0] == pytest.approx(3.6149, abs=1e-4)


def test_monoclinic_unique_axis_c(tmp_path: Path) -> None:
    usual = built("Li2CO3")
    a, b, c, _, beta, _ = usual.lattice.parameters
    turned = Structure(
        Lattice.from_parameters(c, a, b, 90, 90, beta), usual.species, usual.frac_coords[:, [2, 0, 1]]
    )
    found = phases.find(write_cif(turned, tmp_path / "c.cif"))
    assert found.system == "monoclinic"
    assert found.cell[3] == pytest.approx(90) and found.cell[5] == pytest.approx(90)
    known = phases.bundled("Li2CO3")
    np.testing.assert_allclose(spacings(found)[:8], spacings(known)[:8], rtol=1e-3)


def test_a_cell_keeps_the_axes_of_its_file(tmp_path: Path) -> None:
    found = phases.find(write_cif(built("LiFePO4"), tmp_path / "lfp.cif"))
    assert found.cell[:3] == pytest.approx((10.332, 6.010, 4.692))


@pytest.mark.parametrize(
    "facts",
    [
        "_exptl_crystal_density_diffrn 1.46",
        "_exptl_crystal_density_diffrn 1.46(2)\n_chemical_formula_sum 'H Li O'",
        "_chemical_formula_sum 'H Li O'\n_cell_formula_units_Z 2",
    ],
)
def test_a_wrong_origin_choice_is_caught(facts: str, tmp_path: Path) -> None:
    """LiOH in P4/nmm, sites of the second origin choice: 4.98 instead of 1.46 g/cm3."""
    path = tmp_path / "LiOH.cif"
    path.write_text(LIOH.format(facts=facts), encoding="utf-8")
    with pytest.raises(InterlayerError, match=r"LiOH\.cif.*1\.46 g/cm3.*4\.98 g/cm3.*origin"):
        phases.find(str(path))


def test_a_wrong_origin_choice_without_a_density_overlaps(tmp_path: Path) -> None:
    path = tmp_path / "LiOH.cif"
    path.write_text(LIOH.format(facts=""), encoding="utf-8")
    with pytest.raises(InterlayerError, match=r"overlap.*angstrom"):
        phases.find(str(path))


def test_hydrogen_that_was_not_located_is_allowed_for(tmp_path: Path) -> None:
    facts = "_exptl_crystal_density_diffrn 1.51\n_chemical_formula_sum 'H3 Li O2'\n_cell_formula_units_Z 4"
    path = Path(write_cif(built("LiOH-H2O"), tmp_path / "hydrate.cif"))
    text = path.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("_chemical_formula", "_cell_formula"))]
    path.write_text("\n".join(kept).replace("_cell_volume", f"{facts}\n_cell_volume"), encoding="utf-8")
    assert phases.find(str(path)).density == pytest.approx(1.51)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no data block"),
        ("hello", "no data block"),
        ("data_x\n_cell_length_a 4.0\n", "one structure is needed"),
        (P1.format(name="a", a=4.0, sites="Li 0 0 0\nO 0.1 0 0"), "overlap"),
        (P1.format(name="a", a=2.0, sites="U 0 0 0"), "impossible density"),
        (P1.format(name="a", a="none", sites="U 0 0 0"), "no structure"),
        (P1.format(name="a", a=4.0, sites="Qq 0 0 0"), "no structure"),
        (P1.format(name="a", a=4, sites="Li 0 0 0") + P1.format(name="b", a=4, sites="O 0 0 0"), "a, b"),
    ],
)
def test_what_is_no_structure_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.cif"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InterlayerError, match=message):
        phases.find(str(path))


def test_blocks_without_a_structure_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "two.cif"
    path.write_text(
        "data_global\n_journal_year 2020\n\n" + P1.format(name="Li", a=3.51, sites="Li1 0 0 0\nLi2 .5 .5 .5")
    )
    found = phases.find(str(path))
    assert found.system == "cubic"
    assert found.density == pytest.approx(0.533, abs=0.005)


def test_thermal_factors_of_a_cif_are_used(tmp_path: Path) -> None:
    sites = "Li1 0 0 0 {b}\nLi2 .5 .5 .5 {b}"
    found = []
    for b in (0.3, 6.0):
        text = P1.format(name="Li", a=3.51, sites=sites.format(b=b))
        path = tmp_path / f"b{b:g}.cif"
        path.write_text(text.replace("_atom_site_fract_z", "_atom_site_fract_z\n_atom_site_B_iso_or_equiv"))
        found.append(phases.find(str(path)))
    weak = [phase.strength[list(map(tuple, phase.hkl.tolist())).index((2, 2, 0))] for phase in found]
    assert weak[1] < 0.4 * weak[0]


TOML = """
space_group = "Fm-3m"
number = 225
cell = { a = 4.1771 }
density = 6.81
sites = [["Ni", 0, 0, 0, 1], ["O", 0.5, 0.5, 0.5, 1]]
"""


@pytest.mark.parametrize("text", [TOML, "[bunsenite]" + TOML])
def test_a_toml_is_a_phase(text: str, tmp_path: Path) -> None:
    path = tmp_path / "NiO.toml"
    path.write_text(text, encoding="utf-8")
    found = phases.find(str(path))
    assert found.name == ("bunsenite" if "[bun" in text else "NiO")
    assert (found.system, found.layer, found.density) == ("cubic", "sample", 6.81)
    assert dict(found.elements)["Ni"] == pytest.approx(58.69 / 74.69, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("density = 6.81", ""), "missing density"),
        (("density = 6.81", "density = 5.5"), r"5\.50 g/cm3.*6\.8"),
        (("number = 225", "number = 225\ncolour = 3"), "unknown colour"),
        (("a = 4.1771", "c = 4.1771"), "not complete; expected a"),
        (("density = 6.81", "density = 'much'"), "density is of the wrong type"),
        (('"Fm-3m"', '"Xm-3m"'), "unknown space group"),
        (('"Ni", 0, 0, 0, 1', '"Ni", 0, 0'), "site is not complete"),
        (("cell =", "cell"), "no TOML"),
    ],
)
def test_a_wrong_toml_is_refused(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "NiO.toml"
    path.write_text(TOML.replace(*change), encoding="utf-8")
    with pytest.raises(InterlayerError, match=message):
        phases.find(str(path))


def test_two_phases_in_one_toml_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(f"[one]{TOML}\n[two]{TOML}", encoding="utf-8")
    with pytest.raises(ReadError, match="one, two"):
        phases.find(str(path))


def test_missing_files_and_names() -> None:
    with pytest.raises(ReadError, match="no such file"):
        phases.find("nowhere.cif")
    with pytest.raises(SettingError, match="Did you mean Li2CO3"):
        phases.find("Li2CO33")
