import json
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer import store
from interlayer.core import results
from interlayer.core.errors import InterlayerError, StoreError
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.sample import Sample


def result(technique: str = "xrd", kind: str = "", size: int = 50) -> xr.DataTree:
    axis = np.linspace(20, 70, size)
    raw = xr.Dataset(
        {
            "intensity": (
                "two_theta",
                np.arange(size),
                {"units": "counts", "long_name": "intensity", "bad": None},
            )
        },
        coords={"two_theta": ("two_theta", axis, {"units": "degree"})},
        attrs={"source": "a.xy", "source_sha256": "0" * 64, "format": "xy"},
    )
    quantity = {"xrd": ("lattice_a", "Li3N", "angstrom"), "electrochem": ("lifetime", "0.2 mA/cm2", "h")}[
        technique
    ]
    row = Rows(technique, "a.xy").measured(*quantity[:2], from_stddev(3.65, 0.01), quantity[2], "fit")
    peaks = xr.Dataset(
        {
            "hkl": ("peak", ["001", "100"]),
            "ok": ("peak", [True, False]),
            "two_theta": ("peak", [23.0, 28.2]),  # a column may have the name of the pattern's axis
        },
        attrs={"role": "table"},
    )
    return results.tree(technique, raw, [row], {"/": raw, "peaks": peaks}, kind=kind, warnings=["w <b>"])


def sample() -> Sample:
    made = Sample("A 1", label="Probe µ", state="s", history=("washed",))
    made.add(result())
    made.add(result("electrochem", "plating"), "0.2 mA/cm2")
    made.add(result("electrochem", "plating"), "rate")
    return made


def test_a_sample_survives_the_disk(tmp_path: Path) -> None:
    made = sample()
    made.save(tmp_path / "a.nc")
    back = Sample.open(tmp_path / "a.nc")
    assert (back.sample_id, back.label, back.history) == ("A 1", "Probe µ", ("washed",))
    assert [path for path, _ in back.results()] == [path for path, _ in made.results()]
    assert back.rows == made.rows
    xr.testing.assert_equal(
        back.tree["xrd"].to_dataset()["intensity"], made.tree["xrd"].to_dataset()["intensity"]
    )
    peaks = back.tree.children["xrd"].children["peaks"].to_dataset(inherit=False)
    assert peaks["two_theta"].values.tolist() == [23.0, 28.2]
    back.save(tmp_path / "b.nc")
    assert Sample.open(tmp_path / "b.nc").rows == made.rows


def test_axes_of_techniques_never_join() -> None:
    dataset = sample().dataset
    assert dataset["xrd_intensity"].dims == ("xrd_two_theta",)
    assert dataset["electrochem_plating_rate_intensity"].dims == ("electrochem_plating_rate_two_theta",)
    assert dataset.sizes["row"] == 3 and dataset["measurement"].values[1] == "electrochem/plating/0.2-mA-cm2"
    assert not np.isnan(dataset["xrd_intensity"].values).any()


def test_an_open_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    sample().save(path)
    lazy = xr.open_datatree(path, engine="netcdf4")
    sample().save(path)
    assert lazy["xrd"].to_dataset()["intensity"].values.sum() == np.arange(50).sum()
    lazy.close()


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    store.write_tree(xr.DataTree(xr.Dataset({"x": ("t", [1.0, 2.0])})), path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="complex"):
        store.write_tree(xr.DataTree(xr.Dataset({"z": ("t", [1j])})), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_concurrent_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    trees = [xr.DataTree(xr.Dataset({"x": ("t", np.full(1000, float(k)))})) for k in range(4)]
    lock = threading.Lock()  # netCDF4 itself is not thread-safe

    def write(tree: xr.DataTree) -> None:
        for _ in range(3):
            with lock:
                store.write_tree(tree, path)

    threads = [threading.Thread(target=write, args=(tree,)) for tree in trees]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(store.read_tree(path).to_dataset()["x"].values.tolist())) == 1


def test_verify_finds_every_flipped_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    digest = sample().save(path)
    store.write_manifest(tmp_path, {"a.nc": digest})
    assert store.verify(tmp_path) == []
    content = bytearray(path.read_bytes())
    for position in np.random.default_rng(0).integers(0, len(content), 25):
        content[position] ^= 0x10
        path.write_bytes(content)
        assert store.verify(tmp_path) == ["a.nc: changed since it was written (sha256 differs)"]
        content[position] ^= 0x10
    path.unlink()
    assert store.verify(tmp_path) == ["a.nc: missing"]


def test_damaged_records_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    sample().save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InterlayerError, match=r"a\.nc"):
        Sample.open(path)
    (tmp_path / store.MANIFEST).write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        store.read_manifest(tmp_path)
    with pytest.raises(StoreError, match="no manifest"):
        store.verify(tmp_path / "elsewhere")


def test_a_record_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    store.write_tree(xr.DataTree(xr.Dataset(attrs={"sample_id": "A", "schema": 99})), tmp_path / "a.nc")
    with pytest.raises(StoreError, match="newer"):
        Sample.open(tmp_path / "a.nc")
    store.write_tree(xr.DataTree(xr.Dataset(attrs={"other": 1})), tmp_path / "b.nc")
    with pytest.raises(StoreError, match="not the record of a sample"):
        Sample.open(tmp_path / "b.nc")


def test_odd_attributes_are_kept_as_text(tmp_path: Path) -> None:
    attrs = {"flag": True, "none": None, "many": {"a": [1, 2]}, "nul": "a\x00b", "number": np.float32(1.5)}
    store.write_tree(xr.DataTree(xr.Dataset(attrs=attrs)), tmp_path / "a.nc")
    back = store.read_tree(tmp_path / "a.nc").attrs
    assert back["flag"] == 1 and "none" not in back and json.loads(back["many"]) == {"a": [1, 2]}
    assert back["nul"] == "a\ufffdb"


def own(tree: xr.DataTree, path: str) -> xr.Dataset:
    """Return what stands at a path itself, inheriting nothing."""
    node = tree[path]
    assert isinstance(node, xr.DataTree)
    return node.to_dataset(inherit=False)


def test_the_quick_reader_gives_what_xarray_gives(tmp_path: Path) -> None:
    root = xr.Dataset(
        {"y": ("x", [1.0, np.nan]), "n": ("x", np.array([1, 2], dtype=np.int16)), "b": ("x", [True, False])},
        {"x": [0.5, 1.5], "side": ("x", ["a", "µ"])},
        attrs={"text": "µ", "number": 3, "real": 2.5},
    )
    child = xr.Dataset({"x": ("row", [3.0]), "none": ("row0", np.array([], dtype=object)), "one": 2.0})
    store.write_tree(xr.DataTree.from_dict({"/": root, "/a/b": child}), tmp_path / "r.nc")
    found = store.read_tree(tmp_path / "r.nc")
    with xr.open_datatree(tmp_path / "r.nc", engine="netcdf4", decode_times=False) as theirs:
        xr.testing.assert_identical(found, theirs.load())
        for node in theirs.subtree:
            for name, variable in node.to_dataset(inherit=False).variables.items():
                assert own(found, node.path)[name].dtype == variable.dtype
    xr.testing.assert_identical(own(store.read_tree(tmp_path / "r.nc", "/a"), "b"), own(found, "a/b"))
    with pytest.raises(StoreError):
        store.read_tree(tmp_path / "r.nc", "/nowhere")


def test_a_file_that_others_wrote_is_decoded(tmp_path: Path) -> None:
    packed = xr.Dataset({"y": ("x", [1.5, 2.5])})
    packed.to_netcdf(
        tmp_path / "r.nc", encoding={"y": {"dtype": "int16", "scale_factor": 0.5, "_FillValue": -1}}
    )
    assert own(store.read_tree(tmp_path / "r.nc"), "/")["y"].values.tolist() == [1.5, 2.5]
