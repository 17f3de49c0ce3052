"""Real files: the numbers that their manifest states."""

from pathlib import Path

import numpy as np
import pytest

from interlayer.core.errors import ReadError
from interlayer.xps import read
from interlayer.xps.readers import casa


def test_axis_supra_vamas(real: Path) -> None:
    raw = read(real / "xps" / "0-150W.vms")
    names = [str(name) for name in raw.data_vars if not str(name).endswith("_transmission")]
    assert len(names) == 5
    carbon = raw["c1s_counts"]
    at = int(np.argmin(np.abs(carbon["c1s_binding_energy"].values - 300.0)))
    assert float(carbon[at]) == 1906
    through = raw["survey_transmission"]
    kinetic = carbon.attrs["source_energy"] - through["survey_binding_energy"].values
    for energy, expected in ((1432.0, 49.18), (802.0, 57.10)):
        assert float(through[int(np.argmin(np.abs(kinetic - energy)))]) == pytest.approx(expected, abs=0.01)


def test_casa_fit_in_vamas_comments(real: Path) -> None:
    iron = read(real / "xps" / "FeO_analyzed.vms")["fe2p_counts"]
    _, components = casa.fit(iron.attrs["casa"], iron.attrs["source_energy"])
    assert len(components) == 4
    assert sorted(round(each.position, 2) for each in components)[0] == pytest.approx(709.05, abs=0.02)


@pytest.mark.parametrize(
    "name",
    ["PET_C1s.csv", "C1s_sample.csv", "regular.vms", "vms_txt_export.txt", "SnO2_10nm.spe",
     "MgFe2O4_small.xy",
     "In-situ_PBTTT_XPS_SPECS.xml", "Ag_0001.txt", "FeO_analyzed_lineshapes_cols.txt"],
)  # fmt: skip
def test_every_readable_file_has_units(real: Path, name: str) -> None:
    raw = read(real / "xps" / name)
    assert raw.data_vars
    for variable in raw.variables.values():
        assert variable.attrs["units"]
        assert variable.attrs["long_name"]
        assert np.isfinite(variable.values).all()


def test_comment_block_without_data_is_refused(real: Path) -> None:
    with pytest.raises(ReadError, match="header is missing"):
        read(real / "xps" / "kratos.vms")
