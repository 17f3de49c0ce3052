"""`interlayer sem FOLDER`: any mixture of images, interrupted, repeated, with any number of workers."""

import filecmp
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars
import pytest
import tifffile
from PIL import Image
from tests.sem.conftest import scene, with_bar, write_fei

from interlayer import sem
from interlayer.cli import main
from interlayer.core.results import rows_of
from interlayer.sem.pictures import SEEN


def fill(folder: Path) -> Path:
    """Write two samples with all that users have: names, formats, sidecars, damage."""
    one, two = folder / "Probe ä", folder / "b" / "10 kV"
    one.mkdir(parents=True)
    two.mkdir(parents=True)
    for seed, path in enumerate((one / "bild 1.tif", one / "µ-2.TIF", two / "plain.tif")):
        image, _ = scene(seed)
        write_fei(path, with_bar(image), image.shape[0], 40)
    image, _ = scene(7)
    Image.fromarray(image).save(two / "tescan.png")
    (two / "tescan-png.hdr").write_text("[MAIN]\nPixelSizeX=5e-09\nPixelSizeY=5e-09\n")
    Image.fromarray(scene(8)[0]).convert("RGB").save(one / "no scale.jpg", quality=92)
    (one / "cut.tif").write_bytes((one / "bild 1.tif").read_bytes()[:30_000])
    (folder / "notes.txt").write_text("nothing to see")
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return fill(tmp_path / "micrographs")


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def table(out: Path) -> dict[str, dict[str, object]]:
    return {str(line["file"]): line for line in polars.read_parquet(out / "images.parquet").to_dicts()}


def differing(one: Path, two: Path) -> list[Path]:
    names = [path.relative_to(one) for path in one.rglob("*") if path.suffix in {".csv", ".parquet", ".png"}]
    assert len(names) > 10
    return [name for name in names if not filecmp.cmp(one / name, two / name, shallow=False)]


def test_a_mixed_folder(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, out = digests(images), tmp_path / "out"
    assert main(["sem", str(images), "-o", str(out), "--jobs", "1"]) == 1
    printed, progress = capsys.readouterr()
    assert digests(images) == before
    assert "cut.tif" in progress and "truncated" in progress and "Traceback" not in progress
    assert "no scale.jpg: no scale: left out" in " ".join(printed.split())
    lines = table(out)
    assert len(lines) == 6
    assert (lines["Probe ä/cut.tif"]["status"], lines["Probe ä/bild 1.tif"]["status"]) == ("failed", "ok")
    assert "no scale" in str(lines["Probe ä/no scale.jpg"]["flags"])
    assert lines["b/10 kV/tescan.png"]["scale_source"] == "TESCAN"
    assert {str(line["sample"]) for line in lines.values()} == {"Probe ä", "b"}
    rows = polars.read_csv(out / "summary.csv")
    assert set(rows["sample"]) == {"Probe ä", "b", "all"}
    for name in ("bild 1.tif-particles.csv", "bild 1.tif-particles.parquet", "bild 1.tif.nc"):
        assert (out / "images" / "Probe ä" / name).exists(), name
    overlay = np.asarray(Image.open(out / "images" / "Probe ä" / "bild 1.tif-overlay.png"))
    assert np.sum(np.all(np.abs(overlay.astype(int) - SEEN) < 12, axis=2)) > 1000
    sheet = np.asarray(Image.open(out / "contact-sheet.png").convert("L"))
    assert sheet.shape[1] > 900 and np.unique(sheet).size > 100


def test_pooling_is_that_of_the_images_of_a_sample(images: Path, tmp_path: Path) -> None:
    main(["sem", str(images), "-o", str(tmp_path / "out"), "--jobs", "1"])
    pooled = polars.read_csv(tmp_path / "out" / "samples" / "Probe ä" / "pooled-summary.csv")
    names = ("bild 1.tif", "µ-2.TIF")
    direct = sem.analyze([sem.read(images / "Probe ä" / name) for name in names])
    for row in rows_of(direct):
        stored = pooled.filter(polars.col("quantity") == row.quantity).to_dicts()[0]
        assert stored["value"] == pytest.approx(row.value), row.quantity
        assert (stored["low"], stored["high"]) == (pytest.approx(row.low), pytest.approx(row.high))
    particles = polars.read_parquet(tmp_path / "out" / "samples" / "Probe ä" / "pooled-particles.parquet")
    assert particles.height == direct["particles"].sizes["particle"]
    assert set(particles["file"]) == {f"Probe ä/{name}" for name in names}
    assert particles.equals(
        polars.read_csv(
            tmp_path / "out" / "samples" / "Probe ä" / "pooled-particles.csv", schema=particles.schema
        )
    )


def test_nothing_is_done_twice_and_changes_are_seen(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["sem", str(images), "-o", str(out), "--jobs", "1"]
    main(command)
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*.nc") if "images" in path.parts}
    capsys.readouterr()
    main(command)
    assert capsys.readouterr().err.count("unchanged") == 5
    assert {path: path.stat().st_mtime_ns for path in first} == first
    (images / "b" / "10 kV" / "tescan-png.hdr").write_text("PixelSizeX=6e-09\nPixelSizeY=6e-09\n")
    shutil.copy(images / "Probe ä" / "cut.tif", images / "Probe ä" / "bild 1.tif")
    main(command)
    err = capsys.readouterr().err
    assert err.count("unchanged") == 3 and "done: b/10 kV/tescan.png" in err
    assert table(out)["b/10 kV/tescan.png"]["pixel_size_x"] == pytest.approx(6.0)
    assert not list((out / "images" / "Probe ä").glob("bild 1.tif*"))
    shutil.rmtree(images / "b")
    main([*command, "--pixel-size", "4 nm"])
    assert "unchanged" not in capsys.readouterr().err
    assert table(out)["Probe ä/no scale.jpg"]["scale_source"] == "given"


@pytest.mark.slow
def test_a_killed_run_is_taken_up_and_workers_do_not_matter(images: Path, tmp_path: Path) -> None:
    clean, broken = tmp_path / "clean", tmp_path / "broken"
    main(["sem", str(images), "-o", str(clean), "--jobs", "1"])
    command = [sys.executable, "-m", "interlayer", "sem", str(images), "-o", str(broken), "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(broken.rglob("*.tif.nc")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    subprocess.run(command, check=False, capture_output=True)
    assert differing(clean, broken) == []
    assert not list(broken.rglob("*.part"))


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_keeps_what_is_done(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "interlayer", "sem", str(images), "-o", str(out), "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not list(out.rglob("*.nc")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert list(out.rglob("*.nc"))


def test_the_same_image_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, _ = scene(1)
    folder = tmp_path / "in"
    folder.mkdir()
    write_fei(folder / "a.tif", image, image.shape[0])
    shutil.copy(folder / "a.tif", folder / "copy of a.tif")
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 5, image.shape), 0, 255).astype(np.uint8)
    write_fei(folder / "z again.tif", noisy, image.shape[0])
    assert main(["sem", str(folder), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "copy of a.tif: duplicate: a copy of a.tif" in printed and "z again.tif: duplicate: shows" in printed
    )
    flags = {name: str(line["flags"]) for name, line in table(tmp_path / "out").items()}
    assert flags == {"a.tif": "", "copy of a.tif": "duplicate", "z again.tif": "duplicate"}
    particles = polars.read_parquet(tmp_path / "out" / "pooled-particles.parquet")
    assert set(particles["file"]) == {"a.tif", "z again.tif"}


def test_results_are_never_taken_for_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    image, _ = scene(1)
    write_fei(folder / "a.tif", image, image.shape[0])
    for _ in range(2):
        assert main(["sem", str(folder), "-o", str(folder / "results")]) == 0
        assert list(table(folder / "results")) == ["a.tif"]
    assert main(["sem", str(folder), "-o", str(tmp_path / "elsewhere")]) == 0
    assert list(table(tmp_path / "elsewhere")) == ["a.tif"]
    capsys.readouterr()
    assert main(["sem", str(folder), "-o", str(folder)]) == 2
    assert "among the images" in capsys.readouterr().err


def test_json_has_an_object_per_image_and_one_for_the_folder(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(images / "b")
    assert main(["sem", str(images), "--json", "--jobs", "1"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in found] == ["ok", "failed", "ok", "ok", "ok"]
    assert found[-1]["source"] == str(images)
    assert found[1]["source"].endswith("cut.tif") and "truncated" in found[1]["error"]["message"]
    assert len(found[-1]["tables"]["images"]) == 2
    assert len(found[-1]["tables"]["statistics"]) == 14


def test_an_empty_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sem", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert "no sem files in this folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_results_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    image, _ = scene(1)
    write_fei(folder / "a.tif", image, image.shape[0])
    (tmp_path / "file").write_text("there already")
    assert main(["sem", str(folder), "-o", str(tmp_path / "file")]) == 3
    assert "cannot be written there" in capsys.readouterr().err
    out = tmp_path / "out"
    (out / "images" / "a.tif-particles.csv").mkdir(parents=True)  # stands in the way
    assert main(["sem", str(folder), "-o", str(out)]) == 1
    err = capsys.readouterr().err
    assert "a.tif" in err and "Traceback" not in err


def test_long_and_strange_names(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    image, _ = scene(1)
    names = ["x" * 240 + ".tif", "中文 图像.tif", "-o.tif", "a;b'c\".tif", "A.tif", "a.tif.nc.tif"]
    for name in names:
        tifffile.imwrite(folder / name, image)
    assert main(["sem", str(folder), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 0
    lines = table(tmp_path / "out")
    assert set(lines) == set(names) and all(line["status"] == "ok" for line in lines.values())
