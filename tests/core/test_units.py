import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlayer.core import quantities, units
from interlayer.core.errors import SettingError, UnitError


def test_a_quantity_with_a_unit_is_converted() -> None:
    assert units.quantity("1.131 cm2", "cm^2") == 1.131
    assert units.quantity("5e-3 um", "nm") == pytest.approx(5.0)
    assert units.quantity("25 °C", "K") == pytest.approx(298.15)


@pytest.mark.parametrize("text", ["1.131", "cm2", "1,131 cm2", "1.1 furlong", "1 2 cm", "nan cm", ""])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        units.quantity(text, "cm^2")


def test_dimensions_are_never_mixed() -> None:
    with pytest.raises(UnitError, match="different dimensions"):
        units.convert(1.0, "at.%", "%")
    with pytest.raises(UnitError, match="different dimensions"):
        units.quantity("5 eV", "V")


def test_an_unknown_unit_offers_its_neighbours() -> None:
    with pytest.raises(UnitError, match="mA/cm2"):
        units.unit("mA/cm_2")


@given(st.floats(-1e6, 1e6), st.sampled_from(units.symbols()), st.sampled_from(units.symbols()))
def test_conversion_there_and_back(value: float, source: str, target: str) -> None:
    if units.unit(source).dimension != units.unit(target).dimension:
        return
    back = units.convert(units.convert(value, source, target), target, source)
    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-6)


def test_every_quantity_has_units_of_one_dimension_and_a_description() -> None:
    for known in quantities.vocabulary().values():
        dimensions = {units.unit(symbol).dimension for symbol in known.units}
        assert len(dimensions) == 1 or known.name == "area", known.name  # counts or counts/s, never converted
        assert known.description and known.subject


def test_the_names_that_the_design_fixes_are_there() -> None:
    names = {name for _, name in quantities.vocabulary()}
    fixed = (
        "peak_position lattice_a lattice_c displacement crystallite_size microstrain detection "
        "weight_fraction binding_energy fwhm area atomic_fraction charge_shift separation "
        "stoichiometry_pull fano_factor particle_count diameter_mean diameter_d50 "
        "diameter_geometric_sd number_density coverage layer_thickness layer_spread edge_width "
        "interface_angle anodic_peak_current critical_current_density transference_number "
        "diffusion_coefficient resistance area_specific_resistance lifetime polarization "
        "capacity_retention fade_per_cycle coulombic_efficiency plateau_polarization "
        "discharge_capacity cathodic_overpotential"
    )
    assert set(fixed.split(" ")) <= names


def test_an_unknown_quantity_offers_its_neighbours() -> None:
    with pytest.raises(SettingError, match="lattice_a"):
        quantities.find("xrd", "latice_a")
