import pytest

from interlayer.core.errors import SettingError
from interlayer.core.settings import Setting, resolve

SETTINGS = (
    Setting("radius", "Goniometer radius", "quantity", "mm"),
    Setting("phase", "Phase", "texts"),
    Setting("anode", "Anode", "choice", choices=("Cu", "Co")),
    Setting("quick", "Quick", "flag"),
    Setting("area", "Area", "quantity", "cm^2", kinds=("ccd",)),
)


def test_values_come_as_analyze_takes_them() -> None:
    found = resolve({"radius": "0.15 m", "phase": "Li3N", "anode": "Cu", "quick": True}, SETTINGS, "xrd")
    assert found == {"radius": pytest.approx(150.0), "phase": ["Li3N"], "anode": "Cu", "quick": True}


@pytest.mark.parametrize(
    "given",
    [
        {"radius": "150"},
        {"radius": True},
        {"radius": [1]},
        {"anode": "Zn"},
        {"phase": 3},
        {"quick": "yes"},
        {"anod": "Cu"},
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        resolve(given, SETTINGS, "xrd")


def test_a_setting_belongs_to_its_kinds() -> None:
    assert resolve({"area": "1 cm2"}, SETTINGS, "electrochem", "ccd") == {"area": 1.0}
    with pytest.raises(SettingError, match="unknown setting"):
        resolve({"area": "1 cm2"}, SETTINGS, "electrochem", "eis")


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(SettingError, match="'anode'"):
        resolve({"anod": "Cu"}, SETTINGS, "xrd")
