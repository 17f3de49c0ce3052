"""A wheel from the tree equals a wheel from the sdist, holds every module, and has one top-level name."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TECHNIQUES = ("xrd", "xps", "sem", "eds", "electrochem")

pytestmark = pytest.mark.skipif(
    not os.environ.get("INTERLAYER_PACKAGING"),
    reason="builds packages; set INTERLAYER_PACKAGING=1 (.ci/run does)",
)


def build(source: Path, out: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.iterdir())


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("packages")
    wheel = build(ROOT, folder / "wheel", "wheel")
    sdist = build(ROOT, folder / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    again = build(next((folder / "unpacked").iterdir()), folder / "again", "wheel")
    return wheel, sdist, again


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("RECORD")}


def test_a_wheel_from_the_sdist_is_the_same(packages: tuple[Path, Path, Path]) -> None:
    wheel, _, again = packages
    assert content(wheel) == content(again)


def test_one_name_at_top_level_and_every_module_inside(packages: tuple[Path, Path, Path]) -> None:
    names = set(content(packages[0]))
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"interlayer"}
    expected = {
        f"interlayer/{path.relative_to(ROOT).as_posix()}"
        for t in TECHNIQUES
        for path in ROOT.glob(f"{t}/**/*.py")
    }
    hub = (ROOT / "src" / "interlayer").glob("[!x]*/**/*.py")
    expected |= {
        path.relative_to(ROOT / "src").as_posix()
        for path in hub
        if not any(parent.is_symlink() for parent in path.parents)
    }
    assert len(expected) > 50 and expected <= names


def test_data_files_are_inside(packages: tuple[Path, Path, Path]) -> None:
    names = set(content(packages[0]))
    for name in (
        "core/units.toml",
        "core/quantities.toml",
        "report/templates/sample.html.j2",
        "headline.toml",
        "references.toml",
        "journals.toml",
        "pdf.typ",
        "evidence/phases.toml",
        "evidence/metrics.toml",
        "example/study.toml",
        "py.typed",
    ):
        assert f"interlayer/{name}" in names
    assert {
        f"interlayer/{p.relative_to(ROOT).as_posix()}"
        for t in TECHNIQUES
        for p in ROOT.glob(f"{t}/**/*.toml")
    } <= names


def test_the_wheel_is_small(packages: tuple[Path, Path, Path]) -> None:
    assert packages[0].stat().st_size < 10 * 2**20
