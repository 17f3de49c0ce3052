from pathlib import Path

import numpy as np
import pytest

from interlayer import catalogue
from interlayer.cli import main
from interlayer.core.errors import StoreError
from interlayer.sample import Sample


def test_the_catalogue_holds_every_row_and_can_be_rebuilt(cells: Path, tmp_path: Path) -> None:
    found = catalogue.read(cells / "results")
    rows = [
        (name, path.strip("/"), row)
        for name in ("a", "b")
        for path, row in Sample.open(cells / "results" / f"{name}.nc").located_rows()
    ]
    assert found.sizes["row"] == len(rows) > 8
    assert found["sample"].values.tolist() == [name for name, _, _ in rows]
    assert found["measurement"].values.tolist() == [path for _, path, _ in rows]
    for name in ("quantity", "unit", "status", "note", "origin"):
        assert found[name].values.tolist() == [getattr(row, name) for _, _, row in rows]
    np.testing.assert_array_equal(found["low"].values, [row.low for _, _, row in rows])
    for name in ("a", "b"):
        (tmp_path / f"{name}.nc").write_bytes((cells / "results" / f"{name}.nc").read_bytes())
    assert catalogue.rebuild(tmp_path).read_bytes() == (cells / "results" / "catalogue.nc").read_bytes()


def test_commands_on_all_records_of_a_folder_pass_the_catalogue_over(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = sorted(str(path) for path in (cells / "results").glob("*.nc"))
    assert len(paths) == 3
    assert main(["export", *paths, "-o", str(tmp_path), "--to", "json"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]
    capsys.readouterr()
    assert main(["methods", str(cells / "results" / "catalogue.nc")]) == 3
    assert "not the record of a sample" in capsys.readouterr().err


def test_what_is_no_catalogue_is_said(cells: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no records of samples"):
        catalogue.rebuild(tmp_path)
    with pytest.raises(StoreError, match=r"a\.nc: cannot read the catalogue"):
        catalogue.read(cells / "results" / "a.nc")
    (tmp_path / "b.nc").write_bytes(b"damaged")
    with pytest.raises(StoreError, match=r"b\.nc: cannot read the record"):
        catalogue.rebuild(tmp_path)
