"""The main job on the example study: every published quantity, intervals that hold, contradictions."""

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import pytest

from interlayer import store
from interlayer.core.summary import Row, records
from interlayer.sample import Sample

#: every test that looks at the example study runs on one worker, so that the study runs once
pytestmark = pytest.mark.xdist_group("demo")

Demo = Any


#: the site tells of the same truths; it and this test judge them alike
_PAGES = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "development" / "make_pages.py"))
holds = _PAGES["holds"]


def rows_for(demo: Demo, truth: dict[str, Any]) -> list[Row]:
    """Return the rows that estimate a truth; a subject left out fits any."""
    sample = next(each for each in demo.run.samples if each.sample_id == truth["sample"])
    return list(_PAGES["rows_for"](truth, sample))


def test_every_measurement_is_analysed(demo: Demo) -> None:
    assert [(each.title, each.error) for each in demo.run.failures] == []
    assert demo.run.exit_code == 0


def test_every_truth_has_a_row(demo: Demo) -> None:
    missing = [(t["sample"], t["quantity"], t["subject"]) for t in demo.truths if not rows_for(demo, t)]
    assert missing == []


def test_intervals_hold_the_simulated_truth(demo: Demo) -> None:
    wrong, stated = [], 0
    for truth in demo.truths:
        found = [holds(row, truth) for row in rows_for(demo, truth)]
        if any(each is not None for each in found):
            stated += 1
            if True not in found:
                wrong.append((truth["sample"], truth["quantity"], truth["subject"], truth["value"]))
    print(f"{stated - len(wrong)} of {stated} hold; wrong: {wrong}")
    assert stated > 0.7 * len(demo.truths)
    assert len(wrong) <= 0.1 * stated, wrong


@pytest.mark.parametrize(
    ("technique", "words"),
    [("xrd", ("3.50", "3.51")), ("xps", ("626", "629")), ("xps", ("398.4", "39"))],
)
def test_known_contradictions_are_pointed_out(demo: Demo, technique: str, words: tuple[str, ...]) -> None:
    from interlayer.core.results import warnings_of

    texts = [
        text
        for sample in demo.run.samples
        for _, result in sample.results()
        if result.attrs["technique"] == technique
        for text in warnings_of(result)
    ]
    assert any(all(word in text for word in words) for text in texts), texts


def test_most_claims_agree_and_none_is_left_out(demo: Demo) -> None:
    verdicts = [each.verdict for each in demo.run.verdicts]
    assert len(verdicts) == len(demo.run.study.claim) >= 40
    assert verdicts.count("agree") >= 0.75 * len(verdicts)


def test_the_results_are_whole_and_a_second_run_does_nothing(demo: Demo) -> None:
    from interlayer import workflow

    assert store.verify(demo.run.out) == []
    before = {path: path.read_bytes() for path in demo.run.out.iterdir() if path.suffix in (".html", ".csv")}
    again = workflow.run(demo.run.study.path, jobs=1)
    assert {each.status for each in again.outcomes} == {"unchanged"}
    assert all(path.read_bytes() == content for path, content in before.items())
    record = Sample.open(demo.run.out / "activated.nc")
    sample = next(each for each in again.samples if each.sample_id == "activated")
    assert records(record.rows) == records(sample.rows)


def test_samples_are_compared_and_records_of_fits_written(demo: Demo) -> None:
    page = demo.run.report.read_text(encoding="utf-8")
    begin, end = page.index('id="compared"'), page.index('id="doubts"')
    assert "X-ray photoelectron spectroscopy" in page[begin:end]
    text = (demo.run.out / "cycled" / "xps-iso19830.txt").read_text(encoding="utf-8")
    assert all(f"\n{level}\n" in text for level in ("C 1s", "N 1s", "F 1s", "Li 1s", "O 1s"))
    assert "cycled/xps-iso19830.txt" in (demo.run.out / "manifest.json").read_text(encoding="utf-8")


def test_the_report_is_offline_and_holds_every_sample_claim_and_number(demo: Demo) -> None:
    page = demo.run.report.read_text(encoding="utf-8")
    assert len(page) < 5e6
    for claim in demo.run.study.claim:
        assert claim.quantity.replace("_", " ") in page
    manifest = (demo.run.out / "manifest.json").read_text(encoding="utf-8")
    for sample, spec in zip(demo.run.samples, demo.run.study.sample, strict=True):
        assert spec.label in page and f"{spec.folder}/report.html" in page
        own = (demo.run.out / spec.folder / "report.html").read_text(encoding="utf-8")
        assert len(own.encode()) <= 1e6
        assert own.count("<tr id=") == len(sample.rows)
        assert all(f"{spec.folder}/{name}" in manifest for name in ("report.html", "report-data.zip"))
        for text in (page, own):
            assert "default-src 'none'" in text
            assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text


def test_a_run_says_in_a_few_lines_what_it_did(demo: Demo) -> None:
    lines = repr(demo.run).splitlines()
    agreeing = sum(verdict.verdict == "agree" for verdict in demo.run.verdicts)
    assert lines[0].startswith("Study Nano-Li3N interlayer")
    assert "bare-li, activated, cycled, not-activated, peo" in lines[1]
    assert f"measurements: {len(demo.run.outcomes)}, failed: 0; claims: {agreeing} agree" in lines[2]
    assert lines[-1].endswith("report.html") and len(lines) == 4
    broken = dataclasses.replace(demo.run.outcomes[0], status="failed", title="a\nb", error="cut\u202e short")
    failed = repr(dataclasses.replace(demo.run, outcomes=(broken,))).splitlines()
    assert failed[3] == "  failed: a b: cut\ufffd short" and len(failed) == 5
