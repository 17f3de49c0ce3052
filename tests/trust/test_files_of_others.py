"""Study files, phases, calibrations, records and results folders of others: each ends in one clean error."""

import json
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from test_benchmark_tools import tool

from interlayer import catalogue, eds, figures, ledger, lock, methods, pooling, store, study, tasks
from interlayer.core import results
from interlayer.core.errors import InterlayerError, ReadError, SettingError, StoreError, StudyError
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.report import site
from interlayer.sample import Sample
from interlayer.xps import chemistry
from interlayer.xrd import instrument_file, phases

PYTHON = [sys.executable, "-c"]


def sample(kind: str = "plating") -> Sample:
    raw = xr.Dataset(attrs={"source": "a.csv", "source_sha256": "0" * 64, "format": "CSV"})
    row = Rows("electrochem", "a.csv").measured("lifetime", "", from_stddev(3.65, 0.01), "h", "end of test")
    tree = results.tree("electrochem", raw, [row], {}, kind=kind, steps=["seen"], warnings=["doubt"])
    made = Sample("A 1", label="Probe", history=("washed",))
    made.add(tree)
    return made


def record(path: Path) -> Path:
    sample().save(path)
    return path


def poisoned(path: Path) -> Path:
    """Make the records of an HDF5 file's B-trees 0 bytes large, with check sums that are right."""
    tools, data = tool("fuzz_hdf5"), bytearray(path.read_bytes())
    heads = [block for block in tools.blocks(bytes(data)) if data[block[0] : block[0] + 4] == b"BTHD"]
    assert heads
    for first, end in heads:
        struct.pack_into("<H", data, first + 10, 0)
        struct.pack_into("<I", data, end, tools.lookup3(bytes(data[first:end])))
    path.write_bytes(data)
    return path


def refused(read: Callable[[Path], object], path: Path, kind: type[InterlayerError]) -> str:
    begun = time.process_time()
    with pytest.raises(kind) as caught:
        read(path)
    assert time.process_time() - begun < 2.0
    assert path.name in str(caught.value) and len(str(caught.value)) < 2500
    return str(caught.value)


def test_a_record_that_crashes_the_library_costs_nothing(tmp_path: Path) -> None:
    """A division by zero in libhdf5 ended the process of whoever opened the record."""
    bad = poisoned(record(tmp_path / "bad.nc"))
    assert "crashes or hangs" in refused(Sample.open, bad, StoreError)
    assert Sample.open(record(tmp_path / "good.nc")).sample_id == "A 1"


def test_a_map_that_crashes_the_library_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.h5oina"
    with h5py.File(path, "w", libver="latest") as file:
        file["Manufacturer"] = "Oxford Instruments"
        group = file.create_group("1")
        for number in range(20):
            group.attrs[f"a{number}"] = number
    refused(eds.read, poisoned(path), ReadError)


def outside(path: Path) -> Path:
    """Write a record whose values lie in another file."""
    secret = path.with_name("secret.txt")
    secret.write_bytes(b"secret" * 100)
    record(path)
    with h5py.File(path, "r+") as file:
        file.create_dataset("x", (100,), "u1", external=[(str(secret), 0, 100)])
    return path


def test_a_record_shows_no_other_file(tmp_path: Path) -> None:
    assert "another file" in refused(Sample.open, outside(tmp_path / "a.nc"), StoreError)


@pytest.mark.parametrize("name", ["DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "CLASS"])
@pytest.mark.parametrize("value", ["true", [1.5, 2.5]])
def test_dimensions_of_another_type_are_refused(tmp_path: Path, name: str, value: object) -> None:
    """netCDF took the letters of a text for addresses: of every second process that was the end."""
    path = record(tmp_path / "a.nc")
    with h5py.File(path, "r+") as file:
        summary: Any = file["summary"]
        found = [node for node in summary.values() if name in node.attrs]
        found[0].attrs[name] = value
    assert name in refused(Sample.open, path, StoreError)


def test_a_dimension_that_is_gone_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "a.nc")
    with h5py.File(path, "r+") as file:
        del file["summary/row"]
    refused(Sample.open, path, StoreError)


def test_a_record_of_another_kind_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC").close()
    assert "not a record" in refused(Sample.open, path, StoreError)


def test_without_a_child_process_records_are_read_all_the_same(tmp_path: Path) -> None:
    record(tmp_path / "good.nc")
    outside(tmp_path / "bad.nc")
    code = (
        "import sys; sys.executable = '/none'\n"
        "from interlayer.sample import Sample\n"
        "print(Sample.open('good.nc').sample_id)\n"
        "try: Sample.open('bad.nc')\n"
        "except Exception as error: print('another file' in str(error))\n"
    )
    found = subprocess.run([*PYTHON, code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["A 1", "True"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "[[]]"),
        ("steps", "{"),
        ("warnings", "7"),
        ("sources", '["a"]'),
        ("settings", "[1]"),
        ("settings", "[" * 5000),
        ("technique", "../xrd"),
        ("kind", "platin"),
    ],
)
def test_an_analysis_with_odd_facts_is_refused(tmp_path: Path, name: str, value: str) -> None:
    path = record(tmp_path / "a.nc")
    with netCDF4.Dataset(path, "r+") as file:
        file["electrochem/plating"].setncattr(name, value)
    assert "electrochem/plating" in refused(Sample.open, path, StoreError)


@pytest.mark.parametrize(("name", "value"), [("history", "7"), ("history", "{"), ("made_from", "[[1]]")])
def test_a_sample_with_odd_facts_is_refused(tmp_path: Path, name: str, value: str) -> None:
    path = record(tmp_path / "a.nc")
    with netCDF4.Dataset(path, "r+") as file:
        file.setncattr(name, value)
    refused(Sample.open, path, StoreError)


def test_rows_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "a.nc")
    with netCDF4.Dataset(path, "r+") as file:
        file["electrochem/plating/summary/low"][0] = 1e9
    assert "low <= value <= high" in refused(Sample.open, path, StoreError)


def test_a_record_without_its_curves_is_named(tmp_path: Path) -> None:
    """Figures and tables of a record that lacks what an analysis writes were a KeyError."""
    path = record(tmp_path / "a.nc")

    def drawn(path: Path) -> None:
        list(figures.named([Sample.open(path)]))

    assert "the figures cannot be made" in refused(drawn, path, StoreError)
    opened = Sample.open(path)
    opened.tree["electrochem/plating"].attrs["settings"] = "7"
    with pytest.raises(StoreError, match=r"a\.nc: the methods cannot be made"):
        methods.compose([opened])


def test_patterns_that_no_file_can_have(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    began = time.process_time()
    for pattern in ("a" * 5000, "a" * 5000 + "*", "a/" * 3000 + "*", "[" * 20_000, "[" * 4000 + "*"):
        path.write_text(
            f'[study]\ntitle = "a"\n[[sample]]\nid = "a"\n[[sample.measurement]]\ntechnique = "xrd"\n'
            f'files = ["{pattern}"]\n'
        )
        loaded = study.load(path)
        with pytest.raises(StudyError):
            study.expand(loaded, loaded.sample[0].measurement[0])
        assert len(tasks.plan(loaded, tmp_path / "results")[1]) == 1
    assert time.process_time() - began < 5


CIF = """data_a
_cell_length_a 4.026
_cell_length_b 4.026
_cell_length_c 4.026
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
{operation}
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{site}
"""


@pytest.mark.parametrize(
    ("operation", "site"),
    [
        ("'" + "1" * 100_000 + "'", "Li 0 0 0"),
        ("'" + "x+" * 240 + "'", "Li 0 0 0\n" + " \t\n" * 50_000),
        ("\n" * 100_000, "Li 0 0 0 x"),
        ("\n".join(f"'x+{k}/9999, y, z'" for k in range(500)), "Li 0 0 0"),
        ("\n".join("'-x, y, z'" for k in range(300)), "\n".join(f"Li 0.{k} 0 0" for k in range(300))),
    ],
)
def test_structures_that_take_for_ever(tmp_path: Path, operation: str, site: str) -> None:
    path = tmp_path / "a.cif"
    path.write_text(CIF.format(operation=operation, site=site))
    with pytest.raises(InterlayerError):
        phases.find(str(tmp_path / "none.cif"))  # imports what the reader needs
    begun = time.process_time()
    try:
        assert np.isfinite(phases.find(str(path)).strength).all()
    except ReadError as error:
        assert path.name in str(error)
    assert time.process_time() - begun < 2.0


@pytest.mark.parametrize("axis", ["4294967295", "1e-9", "1e30", "nan"])
@pytest.mark.parametrize("which", ["a", "c"])
def test_a_cell_that_cannot_be(tmp_path: Path, which: str, axis: str) -> None:
    """Neighbours in an endless cell were looked for with 3 EB of memory."""
    path = tmp_path / "a.cif"
    text = CIF.format(operation="", site="Li 0 0 0\nF 0.5 0.5 0.5")
    assert phases.find(str(_written(path, text))).cell[0] == 4.026
    text = text.replace(f"_cell_length_{which} 4.026", f"_cell_length_{which} {axis}")
    said = refused(lambda path: phases.find(str(path)), _written(path, text), InterlayerError)
    assert "Memory" not in said


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("radius", ["nan", "inf", "-1.0"])
def test_a_calibration_with_an_impossible_radius(tmp_path: Path, radius: str) -> None:
    path = tmp_path / "i.toml"
    path.write_text(f"radius = {radius}\n[instrument]\nw = 0.01\ny = 0.02\nzero = 0.0\n")
    refused(lambda path: instrument_file.from_toml(path, None), path, SettingError)


@pytest.mark.parametrize(
    "text",
    [
        "lines = 7",
        "lines = [1]",
        'lines = ["N 1s/Li3N"]\nline = 3',
        'lines = ["N 1s/Li3N"]\n[line."N 1s/Li3N"]\nenergy = nan',
        'lines = ["N 1s/Li3N"]\n[line."N 1s/Li3N"]\nenergy = []',
        'lines = ["N 1s/Li3N"]\n[line."N 1s/Li3N"]\ntolerance = 0',
        'lines = ["N 1s/Li3N"]\nratio_uncertainty = 0',
        'lines = ["N 1s/Li3N"]\n[phase]\nLi3N = 7',
        'lines = ["N 1s/Li3N"]\n[phase.Li3N]\n"N 1s" = "x"',
        'lines = ["N 1s/Li3N"]\nfactor = "x"',
        'lines = ["no"]',
        "a = " + "[" * 3000,
        "a = " + "9" * 6000,
    ],
)
def test_templates_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    refused(lambda path: chemistry.template(str(path)), path, SettingError)


def test_a_manifest_leads_nowhere_else(tmp_path: Path) -> None:
    """Names that are too long were a traceback; a name may lead to a file that never ends."""
    names = ["x" * 5000, "../a", "/proc/kmsg", "C:\\a", "\0", "\ud800", "folder"]
    (tmp_path / "folder").mkdir()
    (tmp_path / store.MANIFEST).write_text(json.dumps({"sha256": dict.fromkeys(names, "0")}))
    found = store.verify(tmp_path)
    assert len(found) == len(names)
    assert [each.rsplit(": ", 1)[1] for each in found[1:4]] == ["leads out of the folder"] * 3
    (tmp_path / store.MANIFEST).write_text('{"sha256": {}}')
    with pytest.raises(StoreError, match=r"manifest\.json: the manifest lists no file"):
        store.verify(tmp_path)


@pytest.mark.parametrize("column", ["subject", "value"])
def test_a_catalogue_with_odd_columns(tmp_path: Path, column: str) -> None:
    path = tmp_path / "catalogue.nc"
    catalogue.write(catalogue.of_samples([sample()]), path)
    assert catalogue.read(path)["value"].values.tolist() == [3.65]
    with netCDF4.Dataset(path, "r+") as file:
        if column == "subject":
            file["subject"][0] = -1
        else:
            file.renameVariable("value", "other")
            file.renameVariable("subject_labels", "value")
    refused(catalogue.read, path, StoreError)
    refused(catalogue.read, poisoned(path), StoreError)


def test_a_catalogue_of_a_results_folder_is_opened_at_once(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.nc"
    digest = catalogue.write(catalogue.of_samples([sample()]), path)
    store.write_manifest(tmp_path, {path.name: digest})
    code = (
        "import subprocess\nfrom interlayer import catalogue\nsubprocess.Popen = None\n"
        "print(catalogue.read('catalogue.nc')['value'].values.tolist())"
    )
    found = subprocess.run([*PYTHON, code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[3.65]"


def test_values_of_several_megabytes_survive_the_child(tmp_path: Path) -> None:
    made = sample()
    made.tree["electrochem/plating/trace"] = xr.DataTree(xr.Dataset({"v": ("t", np.arange(500_000.0))}))
    made.save(tmp_path / "a.nc")
    trace = Sample.open(tmp_path / "a.nc").tree["electrochem/plating/trace"]
    assert trace.to_dataset()["v"].values[-1] == 499_999


def test_a_calibration_with_numbers_that_are_too_large(tmp_path: Path) -> None:
    path = tmp_path / "i.toml"
    path.write_text(f"[instrument]\nw = {'9' * 400}\ny = 0.02\nzero = 0.0\n")
    refused(lambda path: instrument_file.from_toml(path, None), path, SettingError)
    path.write_text(f'lines = ["N 1s/Li3N"]\nratio_uncertainty = {"9" * 400}')
    refused(lambda path: chemistry.template(str(path)), path, SettingError)


def test_a_ledger_that_sqlite_refuses_is_as_none(tmp_path: Path) -> None:
    """To look into one whose version is none SQLite has was a traceback."""
    with ledger.opened(tmp_path) as found:
        found.put(ledger.Entry("a", "key"))
    path = tmp_path / ledger.LEDGER
    data = bytearray(path.read_bytes())
    data[18:20] = b"\x07\x07"  # versions of the file format for writing and reading
    for only_look in (True, False):
        path.write_bytes(data)
        with ledger.opened(tmp_path, only_look=only_look) as found:
            assert found.get("a") is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"key": 1}', "7", '{"key": "k", "page": [], "data": 1}'])
def test_a_mark_of_a_page_that_is_none_costs_the_page_only(tmp_path: Path, text: str) -> None:
    path = record(tmp_path / "a.nc")
    page = tmp_path / "out" / "a.html"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".report-cache.json").write_text(text)
    job = site.Job(path, page, tmp_path / "out" / "a.zip", "a.html", "", "", (), (), ())
    (made,) = site.make([job], 1)
    assert not made.was_kept


def test_a_mark_with_rows_that_cannot_be_costs_the_page_only(tmp_path: Path) -> None:
    path, out = record(tmp_path / "a.nc"), tmp_path / "out"
    job = site.Job(path, out / "a.html", out / "a.zip", "a.html", "", "", (), (), ())
    assert not site.make([job], 1)[0].was_kept
    assert site.make([job], 1)[0].was_kept
    mark = out / ".report-cache.json"
    state = json.loads(mark.read_text())
    state["brief"]["rows"] = [["/xrd", {"technique": "xrd", "quantity": "none", "unit": "nm"}]]
    mark.write_text(json.dumps(state))
    assert not site.make([job], 1)[0].was_kept


@pytest.mark.parametrize("name", ["a.cif", "a.toml", "i.toml", "t.toml"])
def test_a_setting_does_not_read_what_is_large(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.truncate(10 * 2**30)  # takes no place on the disk
    read: dict[str, Callable[[Path], object]] = {
        "i.toml": lambda path: instrument_file.from_toml(path, None),
        "t.toml": lambda path: chemistry.template(str(path)),
    }
    assert "5000000 bytes" in refused(
        read.get(name, lambda path: phases.find(str(path))), path, InterlayerError
    )


@pytest.mark.parametrize("soft", [True, False])
def test_groups_that_form_a_loop_are_refused(tmp_path: Path, soft: bool) -> None:
    for name, read in (("a.h5oina", eds.read), ("a.nc", Sample.open)):
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            group = file.create_group("1/a")
            group["nowhere"] = h5py.SoftLink("/none")
            group["again"] = h5py.SoftLink("/1") if soft else file["1"]
        assert "loop" in refused(read, path, InterlayerError)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE items SET made_from = '{'",
        "UPDATE items SET made_from = '[1]'",
        "UPDATE items SET key = NULL",
        "UPDATE items SET data = x'ff'",
        "UPDATE items SET status = CAST(x'ff' AS TEXT)",
    ],
)
def test_a_row_of_a_ledger_that_is_none_is_as_not_there(tmp_path: Path, change: str) -> None:
    with ledger.opened(tmp_path) as found:
        found.put(ledger.Entry("a", "key"))
    with closing(sqlite3.connect(tmp_path / ledger.LEDGER)) as base, base:
        base.execute(change)
    with ledger.opened(tmp_path) as found:
        assert found.get("a") is None
        found.put(ledger.Entry("a", "new"))
    with ledger.opened(tmp_path) as found:
        entry = found.get("a")
        assert entry is not None and entry.key == "new"


def test_a_ledger_with_a_broken_list_of_tables_is_begun_anew(tmp_path: Path) -> None:
    """SQLite quotes what is broken; where that is no text Python raised another error."""
    with ledger.opened(tmp_path) as found:
        found.put(ledger.Entry("a", "key"))
    path = tmp_path / ledger.LEDGER
    data = path.read_bytes()
    for new in (b"\xff\xfeEATE TABLE", b"CREATE \xff\xfeBLE", b"CREATE TABLE \xff\xff\xff"):
        assert b"CREATE TABLE" in data
        path.write_bytes(data.replace(b"CREATE TABLE items"[: len(new)], new))
        for each in (True, False):
            with ledger.opened(tmp_path, only_look=each) as found:
                assert found.get("b") is None


@pytest.mark.parametrize("text", ["[" * 100_000, "7", '{"process": []}', "\xff"])
def test_a_lock_that_says_nothing_is_a_lock(tmp_path: Path, text: str) -> None:
    with lock.writing(tmp_path):
        (tmp_path / lock.LOCK).write_bytes(text.encode("latin-1"))
        with pytest.raises(StoreError, match="another run writes these results"), lock.writing(tmp_path):
            pass
    with lock.writing(tmp_path):
        pass


@pytest.mark.parametrize("data", ["", "{", "[]", "1", '{"a": 1}', "[" * 100_000])
def test_a_damaged_list_of_pooled_files_is_made_again(tmp_path: Path, data: str) -> None:
    piece = pooling.Piece("pool", "", (), tmp_path, tmp_path / ledger.LEDGER)
    with ledger.opened(tmp_path) as found:
        found.put(ledger.Entry(piece.entry(tmp_path), "key", data=data))
        assert pooling.current(piece, "key", tmp_path, found) is None
