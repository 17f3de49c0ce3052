"""Calibration, series and files of phases from the command line and from a study."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from xrd_patterns import Machine, pattern, standard

from interlayer import batch, study
from interlayer.cli import main
from interlayer.xrd.instrument_file import from_toml

CIF = """data_lithium
_symmetry_space_group_name_H-M 'I m -3 m'
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
Li 0 0 0
"""
STUDY = """
[study]
title = "A phase of its own"
[[sample]]
id = "a"
[[sample.measurement]]
technique = "xrd"
files = ["a.xy"]
[sample.measurement.settings]
phase = ["phases/mine.cif"]
radius = "200 mm"
two_theta_max = "60 degree"
"""


def write(raw: xr.Dataset, path: Path) -> Path:
    pairs = zip(raw["two_theta"].values, raw["intensity"].values, strict=True)
    path.write_text("\n".join(f"{x:.3f} {y:.0f}" for x, y in pairs), encoding="utf-8")
    return path


def anode(seed: int, size: float = 15.0) -> xr.Dataset:
    content = [("Li", 3.5105, 0.0, 600.0, 150.0, 0.0), ("Li3N", 3.652, 3.87, 300.0, size, 0.0)]
    return pattern(content, seed=seed)


def test_calibrate_writes_a_file_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(standard(Machine(), limits=(20.0, 80.0)), tmp_path / "lab6.xy")
    command = ["xrd", "lab6.xy", "--calibrate", "--standard", "LaB6", "--radius", "200 mm"]
    assert main(command) == 0
    assert "instrument.toml" in capsys.readouterr().err
    made = tmp_path / "instrument.toml"
    assert from_toml(made, None).radius == 200.0
    first = made.read_text(encoding="utf-8")
    # the same again is no conflict
    assert main(command) == 0
    assert made.read_text(encoding="utf-8") == first
    other = first.replace("radius = 200", "radius = 150")
    made.write_text(other, encoding="utf-8")
    assert main(command) != 0
    assert "there is such a file already" in capsys.readouterr().err
    assert made.read_text(encoding="utf-8") == other
    made.write_text(first, encoding="utf-8")
    write(anode(1), tmp_path / "a.xy")
    assert main(["xrd", "a.xy", "--instrument", "instrument.toml"]) == 0
    assert "Li3N" in capsys.readouterr().out
    assert main(["xrd", "a.xy", "--instrument", "none.toml"]) == 2


def test_a_folder_as_a_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for step in (0, 10, 20):
        write(anode(50 + step), tmp_path / f"cell_{step}min.xy")
    assert (
        main(["xrd", str(tmp_path), "--series", "time", "--radius", "200 mm", "-o", str(tmp_path / "o")]) == 0
    )
    assert "Li3N first" in (out := capsys.readouterr().out) and "Li3N last" in out
    stored = list((tmp_path / "o").glob("*.nc"))
    assert len(stored) == 1
    with xr.open_datatree(stored[0]) as tree:
        assert np.asarray(tree["at"]).tolist() == [0.0, 10.0, 20.0]


def run(folder: Path) -> list[batch.Outcome]:
    tasks, failed = batch.plan(study.load(folder / "study.toml"), folder / "results")
    assert not failed
    return batch.run(tasks)


def test_a_changed_phase_of_the_study_is_analysed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CIF is found from the study's folder, wherever one stands, and belongs to the inputs."""
    folder, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    (folder / "phases").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    write(anode(60), folder / "a.xy")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    cif = folder / "phases" / "mine.cif"
    cif.write_text(CIF.format(a=3.51), encoding="utf-8")
    assert [each.status for each in run(folder)] == ["done"]
    assert [each.status for each in run(folder)] == ["unchanged"]
    os.utime(cif)
    assert [each.status for each in run(folder)] == ["unchanged"]
    cif.write_text(CIF.format(a=3.50), encoding="utf-8")
    assert [each.status for each in run(folder)] == ["done"]
    cif.unlink()
    outcome = run(folder)[0]
    assert outcome.status == "failed" and "mine.cif" in outcome.error
