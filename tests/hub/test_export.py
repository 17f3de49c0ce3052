"""What is exported is what was stored: values, units, statuses; nothing of the inputs changes."""

import base64
import csv
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
import xarray as xr

from interlayer import export
from interlayer.cli import main
from interlayer.core import results
from interlayer.core.errors import InterlayerError, SettingError
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.export.parquet import KEY
from interlayer.export.record import Context, Record
from interlayer.export.tables import tables
from interlayer.sample import Sample

Demo = Any
TEXT = 'α, "quoted"\nnext <b> =1+1'
DIGEST = hashlib.sha256(b"raw").hexdigest()


def sample(name: str = "A 1") -> Sample:
    """Return a sample with every kind of variable: digits, NaN, infinities, texts, several dimensions."""
    axis = {"units": "degree", "long_name": "2θ"}
    raw = xr.Dataset(
        {"intensity": ("two_theta", np.array([0.1 + 0.2, np.nan, 1e-300, 3.0]), {"units": "counts"})},
        coords={"two_theta": ("two_theta", [20.0, 20.1, 1 / 3, 50.0], axis)},
        attrs={"source": "a.raw", "source_sha256": DIGEST, "format": "Bruker RAW"},
    )
    peaks = xr.Dataset(
        {
            "two_theta": ("peak", [23.0, 28.2], {"units": "degree"}),
            "hkl": ("peak", [TEXT, ""]),
            "families": ("peak", [3, 2]),
            "seen": ("peak", [True, False]),
            "area": ("peak", np.array([1.5, 0.125], dtype=np.float32), {"units": "counts"}),
            "covariance": (("peak", "other"), [[1.0, 0.5], [0.5, math.pi]], {"units": "1"}),
        },
        attrs={"role": "table"},
    )
    picture = xr.Dataset({"preview": (("row", "column"), np.arange(6, dtype=np.uint8).reshape(2, 3))})
    rows = Rows("xrd", f"a.raw sha256:{DIGEST}")
    found = [
        rows.measured("lattice_a", "Li3N", from_stddev(3.65, 0.01), "angstrom", "fit", TEXT),
        rows.limit("upper", "weight_fraction", "LiF", 0.02, "1", "fit"),
        rows.absent("not resolved", "crystallite_size", "Li3N", "nm", "fit", "too narrow"),
    ]
    nodes = {"/": raw.drop_attrs(deep=False), "peaks": peaks, "picture": picture}
    made = Sample(name, f"label {name}", "state", "B", ("washed",))
    made.add(results.tree("xrd", raw, found, nodes, settings={"anode": "Cu"}, steps=["It ran."]))
    return made


def at(tree: xr.DataTree, place: str) -> xr.Dataset:
    node = tree[place]
    assert isinstance(node, xr.DataTree)
    return node.to_dataset(inherit=False)


def exported(to: str, folder: Path, made: Sample | None = None) -> Path:
    return export.write([Record(made or sample())], folder, [to])[0].path


def read_back(text: str, kind: str) -> object:
    """Return a cell as Table Schema says to read it; a number of 32 bits as it was stored."""
    if not text and kind != "string":
        return None
    return {"number": float, "integer": int, "boolean": "true".__eq__, "string": str}[kind](text)


def test_csv_holds_every_digit_and_its_units(tmp_path: Path) -> None:
    folder, stored = exported("csv", tmp_path), {each.name: each for each in tables(sample())}
    about = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert {each["name"] for each in about["resources"]} == {name.lower() for name in stored}
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["datapackage.json", *(each["path"] for each in about["resources"])]
    )
    for each in about["resources"]:
        path = folder / each["path"]
        assert each["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.DictReader(stream))
        types = {field["name"]: field["type"] for field in each["schema"]["fields"]}
        assert list(lines[0]) == list(types)
        for record, line in zip(stored[path.stem].frame.to_dicts(), lines, strict=True):
            for name, value in record.items():
                assert read_back(line[name], types[name]) == value
    fields = {(r["name"], f["name"]): f for r in about["resources"] for f in r["schema"]["fields"]}
    assert fields["xrd", "intensity"]["unit"] == "counts"
    angle = fields["xrd", "two_theta"]
    assert (angle["type"], angle["unit"], angle["title"]) == ("number", "degree", "2θ")
    assert about["sources"][0]["hash"] == f"sha256:{DIGEST}" and about["left_out"] == ["/xrd/picture/preview"]


def test_csv_numbers_read_back_are_the_stored_ones(tmp_path: Path) -> None:
    folder, made = exported("csv", tmp_path), sample()
    with (folder / "xrd.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    stored = at(made.tree, "xrd")
    for name in ("two_theta", "intensity"):
        values = [float(line[name] or "nan") for line in lines]
        np.testing.assert_array_equal(values, stored[name].values)
    with (folder / "summary.csv").open(encoding="utf-8", newline="") as stream:
        summary = list(csv.DictReader(stream))
    assert [line["status"] for line in summary] == ["measured", "upper limit", "not resolved"]
    assert summary[0]["note"] == TEXT and float(summary[1]["high"]) == 0.02 and summary[1]["value"] == ""
    with (folder / "xrd-peaks.peak-other.csv").open(encoding="utf-8", newline="") as stream:
        square = list(csv.DictReader(stream))
    assert square[3] == {"peak": "1", "other": "1", "covariance": repr(math.pi)}


def test_parquet_is_the_same_tables_with_units_in_the_file(tmp_path: Path) -> None:
    folder = exported("parquet", tmp_path)
    for table in tables(sample()):
        path = folder / f"{table.name}.parquet"
        assert polars.read_parquet(path).equals(table.frame)
        about = json.loads(polars.read_parquet_metadata(path)[KEY])
        assert about["node"] == table.node
        assert [each.get("unit", "") for each in about["fields"]] == [each.unit for each in table.columns]


def rebuilt(node: dict[str, Any]) -> xr.Dataset:
    variables = {}
    for name, each in node["variables"].items():
        kind = object if each["dtype"] == "string" else each["dtype"]
        data = np.array(each["data"], dtype=kind)
        variables[name] = (each["dims"], data, each["attrs"])
    return xr.Dataset(variables, attrs=node["attrs"])


def test_json_holds_the_whole_record(tmp_path: Path) -> None:
    path, tree = exported("json", tmp_path), sample().record
    text = path.read_text(encoding="utf-8")
    about = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert about["schema"] == "interlayer-record-1" and about["attrs"]["label"] == "label A 1"
    assert set(about["nodes"]) == {node.path for node in tree.subtree if node.path != "/"}
    for place, node in about["nodes"].items():
        stored = at(tree, place)
        back = rebuilt(node)
        assert set(back.variables) == set(stored.variables)
        for name, variable in stored.variables.items():
            assert back[name].dims == variable.dims and back[name].attrs == variable.attrs
            np.testing.assert_array_equal(back[name].values, variable.values)


def test_zarr_opens_as_the_same_tree(tmp_path: Path) -> None:
    path, tree = exported("zarr", tmp_path), sample().record
    with xr.open_datatree(path, engine="zarr", chunks=None, decode_times=False) as back:
        assert {node.path for node in back.subtree} == {node.path for node in tree.subtree}
        assert back.attrs["sample_id"] == "A 1" and back["xrd"].attrs["steps"] == '["It ran."]'
        for node in tree.subtree:
            stored, found = node.to_dataset(inherit=False), at(back, node.path)
            assert set(found.variables) == set(stored.variables)
            for name, variable in stored.variables.items():
                np.testing.assert_array_equal(found[name].values, variable.values)
                assert found[name].attrs.get("units") == variable.attrs.get("units")


def test_zarr_says_which_extra_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(InterlayerError, match=r"interlayer\[zarr\]"):
        exported("zarr", tmp_path)
    assert list(tmp_path.iterdir()) == []


def crate(folder: Path) -> dict[str, Any]:
    graph = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    found = {each["@id"]: each for each in graph}
    assert len(found) == len(graph)
    return found


def references(value: object) -> list[str]:
    if isinstance(value, list):
        return [each for item in value for each in references(item)]
    if isinstance(value, dict) and set(value) == {"@id"}:
        return [value["@id"]]
    return [] if not isinstance(value, dict) else references(list(value.values()))


def test_a_crate_links_results_to_inputs_software_and_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    sample("a").save(tmp_path / "a.nc")
    records = [Record(Sample.open(tmp_path / "a.nc"), tmp_path / "a.nc"), Record(sample("A"))]
    context = Context("Title", "doi:10.1002/cssc.202202220", "About it")
    folder = export.write(records, tmp_path / "out", ["ro-crate"], context)[0].path
    found = crate(folder)
    root = found["./"]
    assert (root["name"], root["description"], root["datePublished"]) == ("Title", "About it", "1970-01-01")
    assert root["citation"] == {"@id": "https://doi.org/10.1002/cssc.202202220"}
    for entity in found.values():
        for place in references(entity):
            assert place in found or place.startswith(("https://w3id.org/", "https://spdx.org/")), place
    packed = base64.urlsafe_b64encode(bytes.fromhex(DIGEST)).decode().rstrip("=")
    raw = found[f"ni:///sha-256;{packed}"]
    assert (raw["name"], raw["sha256"]) == ("a.raw", DIGEST)
    action = found["#analysis-1-xrd"]
    assert action["object"] == [{"@id": raw["@id"]}] and action["result"] == {"@id": "records/a.nc"}
    assert action["description"] == "It ran." and found["#interlayer"]["softwareVersion"]
    files = [place for place in references(root["hasPart"]) if not place.startswith("ni:")]
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *files,
        "ro-crate-metadata.json",
    }
    for place in files:
        data = (folder / place).read_bytes()
        assert found[place]["sha256"] == hashlib.sha256(data).hexdigest()
        assert found[place]["contentSize"] == str(len(data))
    assert str(Sample.open(folder / "records/a.nc").rows) == str(sample().rows)


def test_the_crate_is_one_for_other_software(tmp_path: Path) -> None:
    reader = pytest.importorskip("rocrate.rocrate")
    found = reader.ROCrate(exported("ro-crate", tmp_path))
    assert found.name and {each.id for each in found.data_entities} >= {"records/A-1.nc", "summary.csv"}
    assert found.dereference("#interlayer").type == "SoftwareApplication"


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=1>", "../../x", "a\x00b", "x" * 300, "💥", "..", "CON/.."]
)
def test_hostile_names_stay_in_the_folder_and_in_one_file(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    both = [Record(sample(name)), Record(sample(name.swapcase()))]
    done = export.write(both, out, ["csv", "json", "ro-crate"])
    assert len({str(each.path).lower() for each in done}) == 5
    assert {each.path.parent for each in done} == {out} and {path.name for path in tmp_path.iterdir()} == {
        "out"
    }
    assert {path.name for path in out.iterdir()} == {each.path.name for each in done}
    texts = json.loads(done[2].path.read_text(encoding="utf-8"))["attrs"]
    assert texts["sample_id"] == name.replace("\x00", "\ufffd")


def test_what_is_no_export_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "A-1-csv").mkdir()
    (tmp_path / "A-1-csv" / "thesis.txt").write_text("years of work")
    with pytest.raises(InterlayerError, match="no earlier export"):
        exported("csv", tmp_path)
    assert (tmp_path / "A-1-csv" / "thesis.txt").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["A-1-csv"]


def test_an_export_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = exported("csv", tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(polars.DataFrame, "write_csv", full)
        with pytest.raises(OSError, match="no space"):
            exported("csv", tmp_path, sample())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["A-1-csv"]
    assert exported("csv", tmp_path) == folder


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"csv, parquet, json, zarr, ro-crate, bdf, nexus.*'xlsx'"):
        export.write([Record(sample())], Path(), ["xlsx"])


def test_the_command_goes_on_after_a_record_that_is_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample().save(tmp_path / "a.nc")
    before = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "b.nc").write_bytes(before[:3000])
    paths = [str(tmp_path / name) for name in ("b.nc", "a.nc")]
    assert main(["export", *paths, "-o", str(tmp_path / "out"), "--to", "json", "--to", "nexus"]) == 1
    said = capsys.readouterr()
    assert said.out.split() == [str(tmp_path / "out" / "A-1.json")]
    assert "b.nc" in said.err and "no XPS, SEM or EDS" in said.err
    assert (tmp_path / "a.nc").read_bytes() == before


@pytest.mark.xdist_group("demo")
def test_the_example_study_as_battery_data_format(demo: Demo, tmp_path: Path) -> None:
    from interlayer import electrochem

    study = demo.run.study
    made = next(each for each in demo.run.samples if each.sample_id == "activated")
    with pytest.raises(InterlayerError, match="--study"):
        export.write([Record(made)], tmp_path, ["bdf"])
    done = export.write([Record(made)], tmp_path, ["bdf"], Context(folder=study.folder))[0]
    about = json.loads((done.path / "bdf.json").read_text(encoding="utf-8"))
    assert "ccd-ccd.bdf.csv" in about["files"] and any("impedance only" in note for note in done.notes)
    frame = polars.read_csv(done.path / "gitt-gitt.bdf.csv")
    raw = electrochem.read(next(study.folder.rglob("activated/electrochem/gitt.mpr")))
    np.testing.assert_array_equal(frame["Voltage / V"].to_numpy(), raw["voltage"].values)
    np.testing.assert_array_equal(frame["Test Time / s"].to_numpy(), raw["time"].values)


@pytest.mark.xdist_group("demo")
def test_the_example_study_as_nexus(demo: Demo, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    made = next(each for each in demo.run.samples if each.sample_id == "activated")
    paths = [export.write([Record(made)], tmp_path / k, ["nexus"])[0].path for k in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with h5py.File(paths[0]) as file:
        entry, stored = file["xps_n1s"], at(made.tree, "xps/n1s")
        assert entry["definition"][()] == b"NXxps" and entry.attrs["default"] == "data"
        np.testing.assert_array_equal(entry["data/data"][()], stored["counts"].values)
        np.testing.assert_array_equal(entry["data/energy"][()], stored["binding_energy"].values)
        assert entry["data/energy"].attrs["units"] == "eV" and entry["data/energy"].attrs["type"] == "binding"
        np.testing.assert_array_equal(entry["fit/data/fit_sum"][()], stored["envelope"].values)
        labels = [entry[f"fit/peak{k}/label"][()].decode() for k in range(stored.sizes["component"])]
        assert labels == stored["component"].values.tolist()
        position = entry["fit/peak0/function/fit_parameters/binding_energy"][()]
        assert position == pytest.approx(float(stored["position"].values[0]))
        assert b"energy_scan_mode" in entry["not_known"][()] and b"start_time" not in entry["not_known"][()]
        picture = file["sem/roi1/img/image1/image_2d"]
        np.testing.assert_array_equal(picture["real"][()], made.tree["sem/picture_0"]["preview"].values)
        assert (
            picture["axis_i"][0] == pytest.approx(7680 / 1000 / 2)
            and picture["axis_i"].attrs["units"] == "nm"
        )
        layer = file["eds/roi1/eds/indexing/N/image_2d"]
        np.testing.assert_array_equal(layer["intensity"][()], made.tree["eds/N/map"]["counts"].values)
        assert file["eds/note1/algorithm"][()] == b"SHA256"
