"""Damaged files end in one error, soon; odd data in a refusal or a number, never in a crash."""

import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core import results
from interlayer.core.errors import InterlayerError, ReadError
from interlayer.example.generator.truth import Truth
from interlayer.xps import analyze, read
from interlayer.xps.spectra import Spectrum, build


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3, 0.7, 0.98])
def test_truncated_vamas(study: tuple[Path, list[Truth]], tmp_path: Path, share: float) -> None:
    data = (study[0] / "cycled" / "xps" / "cycled.vms").read_bytes()
    path = tmp_path / "cut.vms"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ReadError, match=r"cut\.vms"):
        read(path)


def test_mutated_vamas_never_crashes(study: tuple[Path, list[Truth]], tmp_path: Path) -> None:
    lines = (study[0] / "bare-li" / "xps" / "bare-li.vms").read_text(encoding="ascii").split("\n")
    rng = np.random.default_rng(3)
    path = tmp_path / "odd.vms"
    for _ in range(60):
        bad = list(lines)
        for _ in range(3):
            bad[int(rng.integers(3, 140))] = str(
                rng.choice(["", "-1", "nan", "inf", "1E+99", "9" * 40, "é", "0"])
            )
        path.write_text("\n".join(bad), encoding="utf-8")
        begun = time.monotonic()
        try:
            assert isinstance(read(path), xr.Dataset)
        except ReadError as error:
            assert "odd.vms" in str(error)
        assert time.monotonic() - begun < 2.0


@pytest.mark.parametrize(
    "name", ["BN-BS-1 multiplex.spe", "In-situ_PBTTT_XPS_SPECS.xml", "Ag_0001.txt", "MgFe2O4_small.xy"]
)
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_truncated_real_files(real: Path, tmp_path: Path, name: str, share: float) -> None:
    data = (real / "xps" / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(share * len(data))])
    try:
        assert isinstance(read(path), xr.Dataset)
    except ReadError as error:
        assert name in str(error)


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "energy,counts\n1,x\n2,y\n", "285,1\n285,1\n285,1\n285,2\n", "1,nan\n2,inf\n3,1\n"]
)
def test_bad_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "C1s.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReadError):
        read(path)


@pytest.mark.parametrize(
    "values", [np.zeros(200), np.full(200, 1000.0), np.arange(200.0), np.eye(200)[100] * 1e6]
)
@pytest.mark.parametrize("template", [None, "cycled"])
def test_empty_and_odd_spectra(values: np.ndarray, template: str | None) -> None:
    raw = build([Spectrum("C 1s", 280.0 + 0.1 * np.arange(200), values)])
    try:
        result = analyze(raw, **({"template": template} if template else {}))
    except InterlayerError:
        return
    assert results.rows_of(result)


def test_few_points() -> None:
    raw = build([Spectrum("C 1s", np.array([284.0, 285.0, 286.0, 287.0]), np.array([5.0, 50.0, 6.0, 4.0]))])
    try:
        assert analyze(raw) is not None
    except InterlayerError as error:
        assert "points" in str(error)
