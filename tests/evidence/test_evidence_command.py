"""`interlayer evidence`: the joined evidence of stored samples on the terminal."""

import json
from pathlib import Path

import pytest
from evidence_samples import limit, result, row, sample, xps, xrd

import interlayer as il
from interlayer.cli import main


@pytest.fixture
def records(tmp_path: Path) -> list[str]:
    activated = sample(xrd("Li3N", "found", 30.0), xps("N 1s/Li3N", below=0.05), sample_id="activated")
    cycled = sample(xps("N 1s/Li3N", 4.0), sample_id="cy\u202ecled", parent="activated")
    paths = [tmp_path / "activated.nc", tmp_path / "cycled.nc"]
    for each, path in zip((activated, cycled), paths, strict=True):
        each.save(path)
    return [str(path) for path in paths]


def test_it_prints_phases_reasons_contradictions_and_changes(
    records: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", *records]) == 0
    out = capsys.readouterr().out
    assert "Li₃N          likely" in out or "Li₃N          present" in out or "Li₃N          cannot" in out
    assert "XRD  detected      lines of Li3N at 30 σ" in out
    assert "! XRD sees Li₃N" in out and "it may lie deeper" in out.replace("\n        ", " ")
    assert "Li₃N (N 1s) increased to more than" in out
    assert "\u202e" not in out


def test_json_holds_every_table(records: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "--json", *records]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"evidence", "consistency", "differences", "links"}
    line = next(each for each in found["evidence"] if each["technique"] == "xrd")
    assert (
        line["phase"] == "Li3N" and 0.5 < line["probability"] < 1 and "XPS does not" in line["contradictions"]
    )
    assert found["differences"][0]["change"] is None  # from a limit: more than


def test_damaged_records_are_named_and_the_others_shown(
    records: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.nc"
    bad.write_bytes(b"no record")
    assert main(["evidence", str(bad), records[0]]) == 1
    shown = capsys.readouterr()
    assert "bad.nc" in shown.err and "Li₃N" in shown.out
    assert main(["evidence", str(bad)]) == 3


def test_the_same_in_a_script(records: list[str]) -> None:
    samples = [il.open(path) for path in records]
    assert il.examine(samples[0]).phases[0].phase == "Li3N"
    assert il.differences(samples)[0].verdict == "increased" and il.links(samples) == ()


def test_a_sample_of_cell_tests_alone_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        row("electrochem", "lifetime", "0.2 mA/cm2", "h", 160.0, 1.0),
        limit("electrochem", "lifetime", "0.05 mA/cm2", "h", status="lower limit", low=600.0),
    ]
    sample(result(rows, kind="plating"), sample_id="PEO").save(tmp_path / "peo.nc")
    assert main(["evidence", str(tmp_path / "peo.nc")]) == 0
    assert "no technique that tells phases apart" in capsys.readouterr().out
