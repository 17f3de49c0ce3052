"""Sound files for `fuzz_files`, made by the package's own writers and the generator of the example study."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from fuzz_files import HUB, asked

if TYPE_CHECKING:
    from interlayer.sample import Sample

#: name of the folder that every case is written to: the ledger is made for it
CASE = "case"


def keep_seeds(folder: Path, keep: Callable[[Path, str, str], None]) -> None:
    """Write sound files of each kind and keep them."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, path in _seeds(folder):
        keep(path, HUB, kind)


def _seeds(folder: Path) -> Iterator[tuple[str, Path]]:
    yield from (("study file", path) for path in _studies(folder / "studies"))
    yield from _xrd_files(folder / "xrd")
    yield from _xps_files(folder / "xps")
    samples = list(_samples(folder / "made"))
    for number, sample in enumerate(samples):
        path = _saved(sample, folder / f"record{number}" / "a.nc")
        yield "record", path
        yield "record to products", path
    old = _as_hdf5_1(folder / "record0" / "a.nc", folder / "old" / "a.nc")
    yield "record", old
    yield "record to products", old
    yield from _results(folder / "results", samples)


def _saved(sample: "Sample", path: Path) -> Path:
    sample.save(path)
    return path


def _studies(folder: Path) -> Iterator[Path]:
    from importlib.resources import files

    from tests.hub import studies

    yield studies.study(folder / "cells")
    full = folder / "full" / "study.toml"
    full.parent.mkdir(parents=True)
    full.write_text(files("interlayer.example").joinpath("study.toml").read_text(encoding="utf-8"), "utf-8")
    yield full
    settings = folder / "settings" / "study.toml"
    settings.parent.mkdir()
    settings.write_text(_SETTINGS, encoding="utf-8")
    yield settings


_SETTINGS = """# every kind of setting
[study]
title = "Ä"
source = "10.1/x"
[[sample]]
id = "a"
parent = "b"
history = ["made", 'washed']
area = "1.131 cm2"
mass_loading = "5 mg/cm2"
[[sample.measurement]]
technique = "xrd"
files = ["raw/**/*.xy", "a[12].xy"]
settings = { phase = ["Li3N", "x.cif"], instrument = "i.toml", radius = "150 mm", two_theta_min = 20 }
[[sample.measurement]]
technique = "sem"
files = ["a.tif"]
[sample.measurement.settings]
pixel_size = "5 nm x 7 nm"
[[sample]]
id = "b"
[[claim]]
sample = "a"
technique = "xrd"
quantity = "lattice_a"
subject = "Li3N"
value = 3.650
low = 3.6
unit = "angstrom"
"""


def _xrd_files(folder: Path) -> Iterator[tuple[str, Path]]:
    from importlib.resources import files

    from pymatgen.io.cif import CifWriter

    from interlayer.xrd import instrument_file, phases, structures
    from interlayer.xrd.model.source import Instrument

    folder.mkdir()
    text = files("interlayer.xrd").joinpath("data/phases.toml").read_text(encoding="utf-8")
    for number, name in enumerate(("Li3N", "LiF", "Li2CO3")):
        cif = folder / f"{name}.cif"
        CifWriter(
            structures.structure(name, phases.definitions()[name]), symprec=0.01 * number or None
        ).write_file(cif)
        yield "phase CIF", cif
        toml = folder / f"{name}.toml"
        table = re.search(rf"^\[{name}\]\n.*?(?=^\[[\w-]+\]|\Z)", text, re.DOTALL | re.MULTILINE)
        assert table
        toml.write_text(table[0], encoding="utf-8")
        yield "phase TOML", toml
    path = folder / "instrument.toml"
    instrument = Instrument(u=0.01, v=-0.01, w=0.01, y=0.02, zero=0.01, radius=150.0)
    path.write_text(instrument_file.to_toml(instrument, {"w": 0.001}, "LaB6", 'a "b".xy'), encoding="utf-8")
    yield "instrument.toml", path


def _xps_files(folder: Path) -> Iterator[tuple[str, Path]]:
    from importlib.resources import files

    folder.mkdir()
    own = """name = "mine"
description = "x"
lines = ["N 1s/Li3N", "N 1s/other", "Li 1s/Li3N"]
ratio_uncertainty = 0.05
[line."N 1s/other"]
energy = 399.5
tolerance = 0.3
[phase.Li3N]
"N 1s" = 1
"Li 1s" = 3
[factor."N 1s"]
value = 1.8
uncertainty = 0.1
"""
    made = files("interlayer.xps").joinpath("data/templates/cycled.toml").read_text(encoding="utf-8")
    for name, text in (("own", own), ("cycled", made)):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        yield "XPS template", folder / f"{name}.toml"


def _samples(folder: Path) -> "Iterator[Sample]":
    """Yield small samples of real results, of every technique but EDS."""
    from tests.hub import studies

    from interlayer import techniques
    from interlayer.example.generator import generate
    from interlayer.sample import Sample

    generate(folder, techniques=("xrd", "xps", "electrochem"))
    raw = folder / "raw" / "activated"
    cell = studies.cell(folder / "a.csv")
    image = _image(folder / "a.tif")
    every: list[list[tuple[str, str, Path, dict[str, Any]]]] = [
        [("electrochem", "plating", cell, {"area": 1.13})],
        [("xrd", "", raw / "xrd" / "activated_CR2025.raw", {"two_theta_max": 45.0})],
        [("xps", "", raw / "xps" / "activated.vms", {"region": ["N 1s"], "template": "activated"})],
        [("sem", "", image, {"pixel_size": "5 nm"})],
        [("electrochem", "eis", raw / "electrochem" / "eis_cycling.mpr", {}),
         ("electrochem", "ccd", raw / "electrochem" / "ccd.csv", {"area": 1.13})],
    ]  # fmt: skip
    for number, each in enumerate(every):
        sample = Sample(f"A {number}", label="Probe", state="s", parent="B", history=("made", "washed"))
        for technique, kind, path, settings in each:
            sample.add(techniques.compute(technique, kind, (path,), settings), "m")
        yield sample


def _image(path: Path) -> Path:
    """Write a small micrograph of discs."""
    from PIL import Image

    y, x = np.mgrid[:128, :128]
    field = np.random.default_rng(0).normal(60, 8, (128, 128))
    for cx, cy, radius in ((30, 30, 12), (80, 40, 15), (40, 90, 10), (95, 95, 14)):
        field[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] += 90
    Image.fromarray(field.clip(0, 255).astype(np.uint8)).save(path)
    return path


def _as_hdf5_1(source: Path, target: Path) -> Path:
    """Write a record again as the first version of HDF5 has it: no check sums in the way of a mutation."""
    import h5py

    target.parent.mkdir()
    with h5py.File(source) as old, h5py.File(target, "w", libver=("earliest", "v108")) as new:
        for name in old:
            old.copy(name, new)
        for name in old.attrs:
            if not name.startswith("_NC"):
                new.attrs[name] = old.attrs[name]
    return target


def _results(folder: Path, samples: "list[Sample]") -> Iterator[tuple[str, Path]]:
    from interlayer import catalogue, lock, store
    from interlayer.report import brief, site

    place = folder / CASE
    place.mkdir(parents=True)
    path = folder / "catalogue.nc"
    catalogue.write(catalogue.of_samples(samples), path)
    yield "catalogue", path
    yield "ledger", _ledger(place)
    rest = folder / "rest"
    rest.mkdir()
    for name in ("a.nc", "b.csv", "a.html", "data.js"):
        (rest / name).write_bytes(b"x" * 100)
    digests = {each.name: store.sha256(each) for each in rest.iterdir()}
    store.write_manifest(rest, {**digests, "A/xrd.nc": "0" * 64})
    yield "manifest", rest / store.MANIFEST
    found = site.page_of(samples[0], site.Job(path, path, path, "a.html", "", "t", (), (), ()))[1]
    state = {"key": "key", "page": digests["a.html"], "data": digests["data.js"]}
    cache = rest / ".report-cache.json"
    cache.write_text(json.dumps(state | {"brief": brief.to_plain(found)}), encoding="utf-8")
    yield "report cache", cache
    mark = folder / lock.LOCK
    mark.write_text('{"process": 1, "host": "x", "since": "2026-11-28T12:00:00+01:00"}\n', encoding="utf-8")
    yield "lock", mark


def _ledger(place: Path) -> Path:
    from contextlib import closing

    from interlayer.ledger import Entry, Ledger
    from interlayer.micrograph import key_of

    task, job, piece = asked(place)
    (place / "a.tif").write_bytes(b"II*\0")
    path = place / "ledger.sqlite"
    made_from = {"inputs": [["a.xy", "0"]], "settings": {"a": 2}, "version": "0", "code": "12345678"}
    line = {"image": "a.tif", "calibrated": 1.0}
    data = {"line": line, "attrs": {"sources": "[]", "warnings": "[]"}, "written": {".nc": ["0" * 64, 5, 6]}}
    with closing(Ledger(path)) as ledger:
        ledger.put(Entry(task.entry, "old", "done", "0" * 64, made_from))
        ledger.put(Entry(job.entry, key_of(job, lambda _: ""), data=json.dumps(data)))
        ledger.put(Entry(piece.entry(place), "key", data=json.dumps({"a.xy": "0" * 64})))
        for number in range(20):
            ledger.put(Entry(f"more/{number}", "k", "failed", data=f"error {number}"))
    return path
