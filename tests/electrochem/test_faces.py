"""The public face: settings, kinds, figures, and that results can be stored."""

from pathlib import Path

import pytest
import xarray as xr

from interlayer import electrochem
from interlayer.core.errors import InterlayerError, SettingError
from interlayer.core.results import tables
from interlayer.electrochem import plots
from interlayer.electrochem.settings import KINDS, SETTINGS

FILES = {
    "eis": ("impedance.py/exampleData.csv", {}),
    "cycling": ("neware/neware_uio.csv", {"mass": "2 mg", "nominal_capacity": 1000}),
    "gitt": ("ampworks/gitt_discharge_first120k.csv", {"radius": "1.8 um"}),
    "cv": ("biologic/cv.mpr", {"area": 1.0}),
}


@pytest.mark.parametrize("kind", list(FILES))
def test_results_are_drawn_and_stored(real: Path, tmp_path: Path, kind: str) -> None:
    name, settings = FILES[kind]
    raw = electrochem.read(real / "electrochem" / name)
    before = raw.copy(deep=True)
    result = electrochem.analyze(raw, **settings)
    assert result.attrs["kind"] == kind
    xr.testing.assert_identical(raw, before)
    assert tables(result)
    for figure in plots.figures(result):
        assert figure.caption
    assert electrochem.plot(result).axes
    result.to_netcdf(tmp_path / "x.nc")
    again = xr.open_datatree(tmp_path / "x.nc")
    assert plots.figures(again)
    again.close()


def test_every_real_file_is_read_and_never_breaks(real: Path) -> None:
    for path in sorted((real / "electrochem").rglob("*")):
        if (
            path.is_dir()
            or path.suffix == ".parquet"
            or path.name == "sample_info.txt"
            or "bad" in path.parts
        ):
            continue
        raw = electrochem.read(path)
        try:
            electrochem.analyze(raw)
        except InterlayerError as error:
            assert str(error)


def test_settings_of_the_study_are_known() -> None:
    names = {each.name for each in SETTINGS}
    assert {"area", "mass", "nominal_capacity", "applied_voltage", "circuit"} <= names
    assert {"active_mass", "molar_mass", "molar_volume", "contact_area"} <= names
    assert all(set(each.kinds) <= set(KINDS) for each in SETTINGS)


def test_wrong_settings_are_named(real: Path) -> None:
    raw = electrochem.read(real / "electrochem" / "impedance.py" / "exampleData.csv")
    with pytest.raises(SettingError, match="unknown kind"):
        electrochem.analyze(raw, kind="eiss")
    with pytest.raises(SettingError, match="unknown setting"):
        electrochem.analyze(raw, nominal_capacity=170)
    with pytest.raises(InterlayerError, match="furlong"):
        electrochem.analyze(raw, area="1 furlong")
