"""Hostile names and study files: nothing is written or read outside, nothing reaches the terminal raw."""

import csv
import io
import os
import sys
import zipfile
from pathlib import Path

import pytest
from tests.hub import studies

from interlayer import cli, store, workflow
from interlayer.cli.recognise import write_study
from interlayer.core.errors import ReadError, StudyError
from interlayer.core.spreadsheet import plain
from interlayer.core.text import clean, line, lines, slug
from interlayer.study import expand, load

ESCAPES = ["\x1b[2J", "\x1b]0;owned\x07", "\r", "\x9b31m", "\u202egnp.exe", "\x08\x08"]
STUDY = """
[study]
title = "T"
[[sample]]
id = {id}
[[sample.measurement]]
technique = "xrd"
files = [{files}]
"""


def study(folder: Path, files: str, name: str = '"a"') -> Path:
    path = folder / "study.toml"
    path.write_text(STUDY.format(files=files, id=name), encoding="utf-8")
    return path


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "pattern",
    [
        "../secret.xy", "raw/../../secret.xy", "../*.xy", "/etc/passwd", "/etc/*", "**/../../*.xy",
        "a\\\\..\\\\..\\\\x",
        "C:\\\\x.xy", "\\\\\\\\server\\\\share\\\\x.xy", "raw/\\u0000",
    ],
)  # fmt: skip
def test_a_study_file_does_not_lead_out_of_its_folder(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "secret.xy").write_text("10 1\n11 2\n" * 50)
    inside = tmp_path / "study"
    inside.mkdir()
    loaded = load(study(inside, f'"{pattern}"'))
    with pytest.raises(StudyError, match="leads out of the folder"):
        expand(loaded, loaded.sample[0].measurement[0])
    run = workflow.run(inside, jobs=1)
    assert run.exit_code == 1 and "secret" not in run.report.read_text(encoding="utf-8").replace(pattern, "")


@pytest.mark.parametrize("pattern", ["**a/*.xy", "**/**/*.xy", "**/a/**/b/**/c/*"])
def test_patterns_that_never_end_are_refused(tmp_path: Path, pattern: str) -> None:
    loaded = load(study(tmp_path, f'"{pattern}"'))
    with pytest.raises(StudyError, match="cannot be used"):
        expand(loaded, loaded.sample[0].measurement[0])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_loops_of_links_end(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.xy").write_text("".join(f"{20 + 0.02 * k:.2f} {100 + k % 7}\n" for k in range(200)))
    (raw / "again").symlink_to(tmp_path, target_is_directory=True)
    (raw / "self").symlink_to("self")
    loaded = load(study(tmp_path, '"**/*.xy"'))
    assert [path.name for path in expand(loaded, loaded.sample[0].measurement[0])] == ["a.xy"]
    written, unknown = write_study(tmp_path, force=True)
    assert written.read_text().count("a.xy") == 1 and not unknown
    assert [path.name for path in cli_candidates(tmp_path)] == ["a.xy"]


def cli_candidates(folder: Path) -> list[Path]:
    from interlayer.cli.files import candidates

    return candidates(folder, "xrd")


@pytest.mark.parametrize(
    "name", ["../../x", "/abs", "..", "con", "a/b\\c", "x" * 300, "\x1b[2J", "💥", " ", "a\nb", "~root", "-o"]
)
def test_results_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    import json

    inside = tmp_path / "study"
    inside.mkdir()
    (inside / "a.xy").write_text("not a pattern")
    run = workflow.run(study(inside, '"a.xy"', json.dumps(name, ensure_ascii=False)), jobs=1)
    assert everything(tmp_path) - everything_under(tmp_path, "study") == set()
    assert run.out.parent == inside and store.verify(run.out) == []
    assert all(each.name.removeprefix(".") == slug(each.name, 200) for each in run.out.iterdir())


def everything_under(folder: Path, name: str) -> set[str]:
    return {each for each in everything(folder) if Path(each).parts[0] == name}


@pytest.mark.parametrize("name", ["CON", "nul.txt", "Com1", "aux"])
def test_devices_of_windows_are_no_names(name: str) -> None:
    assert slug(name).split(".")[0].upper() not in {"CON", "NUL", "COM1", "AUX"}


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
@pytest.mark.parametrize("escape", ESCAPES)
def test_names_reach_the_terminal_clean(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], escape: str
) -> None:
    (tmp_path / f"a{escape}b.xy").write_text("not a pattern")
    (tmp_path / f"c{escape}d.weird").write_bytes(b"\x00" * 40)
    for argv in (
        ["xrd", str(tmp_path / f"a{escape}b.xy")],
        ["xrd", str(tmp_path)],
        ["init", str(tmp_path)],
        ["sem", str(tmp_path / f"c{escape}d.weird")],
        ["run", str(tmp_path / f"c{escape}d.weird")],
        ["report", str(tmp_path / f"c{escape}d.weird"), "-o", str(tmp_path / "r.html")],
    ):
        cli.main(argv)
    out, err = capfd.readouterr()
    assert err
    for text in (out, err):
        assert clean(text) == text and "\r" not in text


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")
def test_names_that_are_no_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A name of bytes that are no UTF-8 is listed, refused and written to tables like any other."""
    content = "".join(f"{20 + 0.02 * k:.2f} {100 + k % 7}\n" for k in range(200))
    (tmp_path / os.fsdecode(b"bad\xff.xy")).write_text("not a pattern")
    (tmp_path / os.fsdecode(b"read\xff.xy")).write_text(content)
    (tmp_path / "good.xy").write_text(content)
    for argv in (
        ["xps", str(tmp_path / os.fsdecode(b"read\xff.xy")), "--json", "-o", str(tmp_path / "out")],
        ["xps", str(tmp_path / os.fsdecode(b"bad\xff.xy")), "--json"],
        ["init", str(tmp_path)],
    ):
        assert cli.main(argv) in (0, 1, 2, 3)
    assert "\ufffd" in capfd.readouterr().out
    assert "good.xy" in (tmp_path / "study.toml").read_text(encoding="utf-8")


def test_content_reaches_messages_clean() -> None:
    error = ReadError("a\x1b[2Jb", path="x\ny.raw", found="z" * 10_000, expected="\u202ea")
    assert clean(str(error)) == str(error) and "\n" not in str(error) and len(str(error)) < 2000
    assert "\n" not in str(ReadError("could not parse 'a\nb'"))
    many = StudyError("\n".join(f"line {k}: wrong" for k in range(10_000)))
    assert str(many).endswith("9950 more")


def test_one_line_and_several() -> None:
    assert line("a\r\n\tb") == "a b"
    assert lines("a\nb\x1b").splitlines() == ["a", "b\ufffd"]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "[study]\ntitle = " + '"' + "x" * 100,
        "x = 1" + "0" * 5000,
        "\x00",
        "a.b." * 2000 + "c = 1",
    ],
)
def test_a_hostile_study_file_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load(path)
    assert len(str(caught.value)) < 3000


def test_a_device_is_no_file() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("no devices")
    with pytest.raises(ReadError):
        from interlayer.xrd import read

        read("/dev/zero")


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    name = "=HYPERLINK(1)"
    kind = f'technique = "electrochem"\nkind = "plating"\nname = "{name}"'
    text = STUDY.replace('technique = "xrd"', kind).format(id=f'"{name}"', files='"a.csv"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    studies.cell(tmp_path / "a.csv")
    run = workflow.run(tmp_path, jobs=1)
    record = str(run.out / f"{slug(name)}.nc")
    assert cli.main(["export", record, "-o", str(run.out / "e"), "--to", "csv", "--to", "ro-crate"]) == 0
    tables = {str(path): path.read_text(encoding="utf-8") for path in run.out.rglob("*.csv")}
    with zipfile.ZipFile(next(run.out.rglob("report-data.zip"))) as archive:
        tables |= {each: archive.read(each).decode("utf-8") for each in archive.namelist()}
    cells = [cell for each in tables.values() for row in csv.reader(io.StringIO(each)) for cell in row]
    for cell in cells:
        if cell.lstrip().startswith(tuple("=+-@")):
            float(cell)
    assert len(tables) > 8 and sum(plain(cell) == name for cell in cells) >= 2
