"""What is stored survives: killed writers, readers meanwhile, full disks, flipped bytes, two runs at once."""

import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.hub import poison, studies, work

from interlayer import lock, store
from interlayer.cli import main
from interlayer.core.summary import records as plain
from interlayer.sample import Sample

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX")
HERE = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "interlayer", *arguments]


def surroundings(place: Path) -> dict[str, str]:
    found = poison.environment(place)
    return found | {"PYTHONPATH": os.pathsep.join([found["PYTHONPATH"], str(HERE), str(HERE / "src")])}


@POSIX
def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    """As benchmarks/scale_store.py does it fifty times."""
    path, context = tmp_path / "a.nc", multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["interlayer.store"])
    work.write(path, 1.0)
    dice, seen = random.Random(0), set()
    for _ in range(8):
        work.kill_a_writer(context, path, dice)
        values = store.read_tree(path).to_dataset()["x"].values
        assert values.size == work.SIZE and np.unique(values).size == 1
        seen.add(float(values[0]))
    assert len(seen) > 3
    with lock.writing(tmp_path):
        assert {each.name for each in tmp_path.iterdir()} == {"a.nc", lock.LOCK}


def test_readers_meanwhile_see_the_old_or_the_new_values_and_never_zeros(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    work.write(path, 1.0)
    lazy = xr.open_dataset(path, engine="netcdf4", chunks=None)
    process = multiprocessing.get_context("spawn").Process(target=work.write_for_ever, args=(path,))
    process.start()
    try:
        found, until = set(), time.monotonic() + 60
        while len(found) < 5 and time.monotonic() < until:
            values = store.read_tree(path).to_dataset()["x"].values
            assert np.unique(values).size == 1 and values[0] >= 1
            found.add(float(values[0]))
    finally:
        process.kill()
        process.join()
    assert np.unique(lazy["x"].values).tolist() == [1.0]
    lazy.close()
    assert len(found) == 5


@pytest.fixture
def results(cells: Path, tmp_path: Path) -> Path:
    shutil.copytree(cells, tmp_path / "cells")
    return tmp_path / "cells" / "results"


def test_two_hundred_flipped_bits_are_all_found(results: Path) -> None:
    names = [*store.read_manifest(results), store.MANIFEST]
    sizes = [(results / name).stat().st_size for name in names]
    assert len(names) == 21
    dice = random.Random(1)
    for _ in range(200):
        path = results / dice.choices(names, sizes)[0]
        whole = path.read_bytes()
        content = bytearray(whole)
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        path.write_bytes(content)
        assert main(["verify", str(results)]) in (1, 3), path
        path.write_bytes(whole)
    assert main(["verify", str(results)]) == 0


@POSIX
def test_a_full_disk_is_said_and_leaves_what_was_there(results: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: writing ends in the same way."""
    script = (
        "import resource, sys; from interlayer.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "sys.exit(main(['run', sys.argv[1], '--force', '--jobs', '1']))"
    )
    before = {path: path.read_bytes() for path in results.rglob("*") if path.suffix in (".nc", ".html")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(results.parent)],
        capture_output=True,
        text=True,
        env=surroundings(tmp_path),
    )
    assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
    assert "cannot write the record" in done.stderr and "space left on the disk" in done.stderr
    assert [path for path, content in before.items() if path.read_bytes() != content] == []
    assert not list(results.rglob("*.part"))


def test_a_folder_that_cannot_be_written(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(results.parent), "-o", "/proc/results"]) == 3
    err = capsys.readouterr().err
    assert "/proc/results" in err and "cannot be written there" in err and "another folder with -o" in err


def test_a_second_run_at_once_is_refused_and_a_dead_one_does_not_matter(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = (
        "import sys, time; from pathlib import Path; from interlayer import lock\n"
        "with lock.writing(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(results)],
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(tmp_path),
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    assert main(["run", str(results.parent)]) == 3
    err = capsys.readouterr().err
    assert "another run writes these results" in err and f"process {holder.pid} on " in err
    assert main(["run", str(results.parent), "--dry-run"]) == 0
    left = results / "a" / ".electrochem.nc.abcd1234.part"
    left.write_bytes(b"half")
    (results / "notes.part").write_text("the user's own")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert main(["run", str(results.parent)]) == 0
    assert not left.exists() and (results / "notes.part").exists()
    (results / "notes.part").unlink()


def test_a_record_of_schema_1_is_brought_up_to_date(results: Path, tmp_path: Path) -> None:
    made = Sample.open(results / "a.nc")
    assert len(made.made_from) == 2
    tree = store.read_tree(results / "a.nc")
    tree.attrs = {key: value for key, value in tree.attrs.items() if key != "made_from"} | {"schema": 1}
    store.write_tree(tree, tmp_path / "old.nc")
    before = (tmp_path / "old.nc").read_bytes()
    old = Sample.open(tmp_path / "old.nc")
    assert (plain(old.rows), old.history, old.made_from) == (plain(made.rows), made.history, ())
    assert (tmp_path / "old.nc").read_bytes() == before
    old.save(tmp_path / "new.nc")
    attrs = store.read_attrs(tmp_path / "new.nc")
    assert (attrs["schema"], json.loads(attrs["made_from"])) == (2, [])


@POSIX
def test_a_killed_run_of_a_study_is_taken_up_and_ends_as_if_it_never_was(
    results: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    studies.study(folder)
    environment = surroundings(tmp_path / "hook") | {"SLOW": "0.3"}
    process = subprocess.Popen(
        command("run", str(folder), "--jobs", "2"),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while len(list(folder.glob("results/*/*.nc"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (folder / "results" / "report.html").exists()
    kept = {each: each.stat().st_mtime_ns for each in folder.glob("results/*/*.nc")}
    done = subprocess.run(
        command("run", str(folder), "--jobs", "2"), env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr.count("unchanged") >= len(kept) >= 2, done.stderr
    assert all(each.stat().st_mtime_ns == when for each, when in kept.items())
    digests = store.read_manifest(folder / "results")
    assert digests == store.read_manifest(results) and len(digests) == 20
    assert store.verify(folder / "results") == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory need Linux")
def test_files_that_ruin_a_study_are_named_and_the_others_done(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    path = studies.study(folder)
    text = path.read_text()
    for old, new in (("a-0", "kill"), ("b-0", "memory")):
        (folder / f"{old}.csv").rename(folder / f"{new}.csv")
        text = text.replace(f'"{old}.csv"', f'"{new}.csv"')
    path.write_text(text)
    limits = ("--timeout", "1 min", "--memory-limit", "1 GB")
    done = subprocess.run(
        command("run", str(folder), "--jobs", "2", *limits),
        env=surroundings(tmp_path / "hook"),
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert done.returncode == 1 and len(lines) == 2 and done.stderr.count("done: ") == 2, done.stderr
    said = {name: line for line in lines for name in ("kill", "memory") if f"{name}.csv" in line}
    assert "the worker was killed (signal 9" in said["kill"]
    assert "memory" in said["memory"]
    records = {each.name for each in (folder / "results").glob("*.nc")}
    assert records == {"a.nc", "b.nc", "catalogue.nc"}
