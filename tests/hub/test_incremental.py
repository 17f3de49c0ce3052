"""What runs again and why: exactly what depends on a change, and nothing else."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hub import studies

from interlayer import ledger, store, tasks, workflow
from interlayer.cli import main
from interlayer.sample import Sample


@pytest.fixture
def folder(cells: Path, tmp_path: Path) -> Path:
    """Return a study of two samples with two cells each, analysed."""
    shutil.copytree(cells, tmp_path / "study")
    return tmp_path / "study"


def states(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what tells that a file of the results was written anew."""
    found = (path for path in (folder / "results").rglob("*") if path.is_file())
    return {
        path.relative_to(folder / "results").as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in found
        if "ledger" not in path.name and "lock" not in path.name
    }


def rewritten(folder: Path, before: dict[str, tuple[int, int]]) -> set[str]:
    after = states(folder)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def why(folder: Path) -> dict[str, str]:
    return {each.title[-6:]: each.reason for each in workflow.dry_run(folder)}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_run_writes_nothing(folder: Path) -> None:
    before = states(folder)
    run = workflow.run(folder, jobs=1)
    assert {each.status for each in run.outcomes} == {"unchanged"}
    assert rewritten(folder, before) == set()
    assert len(before) == 4 + 2 + 5 + 4 + 2 + 2 * 3  # with joined evidence, methods, pages


def test_one_changed_file_remakes_exactly_its_dependants(folder: Path) -> None:
    studies.cell(folder / "a-1.csv", 140.0)
    before = states(folder)
    assert [each.status for each in workflow.run(folder, jobs=1).outcomes].count("done") == 1
    assert rewritten(folder, before) == {
        "a/electrochem-plating-cell-1.nc",
        "a.nc",
        "catalogue.nc",
        "summary.csv",
        "a/report.html",
        "a/report-data.zip",
        "a/.report-cache.json",
        "manifest.json",
    }
    assert store.verify(folder / "results") == []
    whole = folder.parent / "anew"
    workflow.run(folder, whole, jobs=1)
    for name in before:
        assert (whole / name).read_bytes() == (folder / "results" / name).read_bytes(), name


def test_a_dry_run_gives_every_reason_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (folder / "study.toml").read_text()
    more = studies.cell(folder / "new.csv")
    text += studies.MEASUREMENT.format(cell="cell 9", file=more.name)
    text += studies.MEASUREMENT.format(cell="cell 8", file="none.csv")
    text = text.replace('files = ["a-0.csv"]', 'files = ["a-0.csv"]\nsettings = { area = "2 cm2" }')
    text = text.replace('files = ["b-0.csv"]', 'files = ["b-0.csv", "new.csv"]')
    (folder / "study.toml").write_text(text)
    studies.cell(folder / "a-1.csv", 150.0)
    before = everything(folder)
    assert main(["run", str(folder), "--dry-run"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("fail: b electrochem plating cell 8: ") and "none.csv" in lines[0]
    assert lines[1:] == [
        "run: a electrochem plating cell 0: settings changed: area",
        "run: a electrochem plating cell 1: input changed: a-1.csv",
        "run: b electrochem plating cell 0: input added: new.csv",
        "keep: b electrochem plating cell 1: unchanged",
        "run: b electrochem plating cell 9: new",
    ]
    assert everything(folder) == before
    monkeypatch.setattr(tasks, "__version__", "9.9.9")
    monkeypatch.setattr(tasks, "code_digest", lambda *_: "f" * 64)
    assert why(folder)["cell 1"].startswith("code changed (0.1.0, ")
    assert why(folder)["cell 1"].endswith(" → 9.9.9, ffffffff)")


def test_a_dry_run_of_a_study_that_never_ran(tmp_path: Path) -> None:
    studies.study(tmp_path)
    assert [each.reason for each in workflow.dry_run(tmp_path)] == ["new"] * 4
    assert not (tmp_path / "results").exists()


def test_untouched_files_are_not_hashed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in folder.glob("*.csv"):
        os.utime(path, (1e9, 1e9))
    read: list[str] = []

    def noted(path: Path) -> str:
        read.append(path.name)
        return original(path)

    original = ledger.sha256
    monkeypatch.setattr(ledger, "sha256", noted)
    monkeypatch.setattr(ledger, "_GRAIN", 0)
    workflow.run(folder, jobs=1)
    assert len(read) == 4
    workflow.run(folder, jobs=1)
    assert len(read) == 4
    studies.cell(folder / "a-0.csv", 120.0)
    workflow.run(folder, jobs=1)
    assert read[4:] == ["a-0.csv"]


def test_an_edit_of_the_same_size_and_time_is_seen(folder: Path) -> None:
    path = folder / "a-0.csv"
    workflow.run(folder, jobs=1)
    state = path.stat()
    path.write_bytes(path.read_bytes().replace(b"0.020", b"0.021"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    assert why(folder)["cell 0"] in ("input changed: a-0.csv", "unchanged")
    assert next(each.reason for each in workflow.dry_run(folder)) == "input changed: a-0.csv"


def edits(path: Path) -> Iterator[bytes]:
    for number in range(200):
        text = f"{number:09d}".encode()
        path.write_bytes(text)
        yield text


def test_hashes_hold_while_a_file_is_edited_faster_than_its_time_changes(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    with ledger.opened(tmp_path) as book:
        found = {book.digest(path) for _ in edits(path)}
    assert len(found) == 200


def test_a_lost_or_damaged_ledger_costs_nothing_but_reasons(folder: Path) -> None:
    before = states(folder)
    for damage in (b"", b"no database" * 1000, None):
        book = folder / "results" / ledger.LEDGER
        book.unlink() if damage is None else book.write_bytes(damage)
        assert {each.reason for each in workflow.dry_run(folder)} == {"unchanged"}
        run = workflow.run(folder, jobs=1)
        assert {each.status for each in run.outcomes} == {"unchanged"}
        assert {name for name in rewritten(folder, before) if name.startswith("a/")} == set()
        with sqlite3.connect(book) as base:
            assert base.execute("SELECT count(*) FROM items").fetchone()[0] >= 7
        base.close()


def test_a_damaged_fragment_is_made_again_and_not_believed(folder: Path) -> None:
    path = folder / "results" / "a" / "electrochem-plating-cell-0.nc"
    content = bytearray(path.read_bytes())
    whole = bytes(content)
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    assert store.verify(folder / "results") != []
    assert next(each.reason for each in workflow.dry_run(folder)) == "its record was damaged or changed"
    workflow.run(folder, jobs=1)
    assert path.read_bytes() == whole and store.verify(folder / "results") == []
    (folder / "results" / ledger.LEDGER).unlink()
    path.write_bytes(content)
    workflow.run(folder, jobs=1)
    assert path.read_bytes() == whole


def test_what_failed_is_tried_again_and_its_old_record_not_shown(folder: Path) -> None:
    whole = (folder / "a-0.csv").read_bytes()
    (folder / "a-0.csv").write_bytes(b"")
    for expected in ("input changed: a-0.csv", "failed before"):
        assert next(each.reason for each in workflow.dry_run(folder)) == expected
        run = workflow.run(folder, jobs=1)
        assert [each.title for each in run.failures] == ["a electrochem plating cell 0"]
        assert "empty" in run.failures[0].error
        paths = [path for path, _ in Sample.open(folder / "results" / "a.nc").results()]
        assert paths == ["/electrochem/plating/cell-1"]
    (folder / "a-0.csv").write_bytes(whole)
    assert workflow.run(folder, jobs=1).exit_code == 0


def test_a_record_says_what_it_was_put_together_from(folder: Path) -> None:
    digests = store.read_manifest(folder / "results")
    made_from = dict(Sample.open(folder / "results" / "a.nc").made_from)
    assert {f"a/{name}": digest for name, digest in made_from.items()} == {
        name: digest for name, digest in digests.items() if name.startswith("a/") and name.endswith(".nc")
    }
