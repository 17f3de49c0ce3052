"""The report as pages: everything a reader needs, text as text, the same bytes."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
import xarray as xr

from interlayer import pdf
from interlayer.cli import main
from interlayer.core import figure as fig
from interlayer.core import results
from interlayer.core.errors import InterlayerError
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.sample import Sample
from interlayer.study import Claim

Demo = Any
STEP = "Kramers-Kronig: one chain of relaxations."


def sample(text: str = "plain", number: int = 0) -> Sample:
    raw = xr.Dataset(attrs={"source": text, "source_sha256": "ab" * 32, "format": text})
    row = Rows("eds", text).measured("layer_thickness", "N", from_stddev(897.0, 8.0), "nm", text, text)
    made = Sample(f"{text}{number}", text, text, text, (text,))
    made.add(results.tree("eds", raw, [row], {}, warnings=[f"warned {text}"], steps=[text]), text)
    other = Rows("electrochem", text).absent("not detected", "lifetime", text, "h", text, text)
    made.add(results.tree("electrochem", raw, [other], {}, kind="eis", steps=[STEP]), text)
    return made


def drawing(text: str) -> list[fig.Figure]:
    label = text[:40]  # a longer one leaves no room for the curve
    panel = fig.Panel(label, label, [fig.Line(np.arange(3.0), np.arange(3.0), label)], title=label)
    return [fig.Figure("f", f"figure {text}", f"caption {text}", [panel])]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: drawing("of it"))


def words(path: Path, *pages: int) -> str:
    """Return the text of pages on one line, without the places where words may break."""
    reader = pypdf.PdfReader(path)
    chosen = [reader.pages[each] for each in pages] or reader.pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in chosen).replace("\u200b", ""))


@pytest.mark.usefixtures("drawn")
def test_the_first_page_has_the_numbers_the_doubts_and_the_claims(tmp_path: Path) -> None:
    claim = Claim(
        sample="plain0", technique="eds", quantity="layer_thickness", value=0.9, unit="um", source="Fig. 3"
    )
    path = tmp_path / "r.pdf"
    pdf.write([sample()], path, title="Study", source="doi:10/x", description="About.", claims=[claim])
    first = words(path, 0)
    for text in ("Study", "doi:10/x", "About.", "1 sample; 1 point to doubt; 1 claim: 1 agree"):
        assert text in first
    assert "897 nm" in first and "881 … 913" in first and "warned plain" in first and "0.9 µm" in first
    whole = words(path)
    for text in ("figure of it", "caption of it", "layer thickness", "not detected", "ab" * 32):
        assert text in whole
    assert STEP.removesuffix(".") + " [1]." in whole
    assert re.search(r"\[1\] Boukamp, B\. A\..*doi:10\.1149/1\.2044210", whole)
    links = [
        note.get_object()["/A"]["/URI"]
        for page in pypdf.PdfReader(path).pages
        for note in page.get("/Annots") or []
        if "/A" in note.get_object() and "/URI" in note.get_object()["/A"]
    ]
    assert links and all(re.fullmatch(r"https://doi\.org/10\.\d+/[\x21-\x7e]+", link) for link in links)


@pytest.mark.usefixtures("drawn")
def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        pdf.write([sample()], tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert b"/CreationDate" not in (tmp_path / "a.pdf").read_bytes()


HOSTILE = [
    '#panic("no") #read("/etc/passwd")',
    "*bold* _it_ $x^2$ `code` // comment",
    "= heading <label> @reference #[ ]",
    "\\u{41} \\ end \"quoted\" 'single'",
    "<img src=x onerror=1></script>{{7*7}}",
]


def test_text_of_the_data_is_never_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every, path = " ".join(HOSTILE), tmp_path / "r.pdf"
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: drawing(every))
    made = [sample(text) for text in HOSTILE]
    pdf.write(made[:1], path, title=every, source=every, description=every, failures=[(every, every)])
    assert words(path).count(every) >= 8
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: [])
    pdf.write(made, path)
    for text in HOSTILE:
        assert words(path).count(text) >= 8, text


def test_long_and_odd_names_stay_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: [])
    names = ["x" * 300, "a\x00b\u202ec", "💥", ""]
    pdf.write([sample(name, number) for number, name in enumerate(names)], tmp_path / "r.pdf")
    found = words(tmp_path / "r.pdf").replace(" ", "")
    assert "x" * 300 in found and "\u202e" not in found
    for page in pypdf.PdfReader(tmp_path / "r.pdf").pages:
        edges: list[float] = []
        page.extract_text(visitor_text=lambda _t, _cm, tm, _f, _s, edges=edges: edges.append(tm[4]))
        assert max(edges) < float(page.mediabox.width)


def test_a_figure_that_cannot_be_drawn_costs_no_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> list[fig.Figure]:
        raise KeyError("two_theta")

    monkeypatch.setattr("interlayer.techniques.figures", broken)
    pdf.write([sample()], tmp_path / "r.pdf")
    assert "could not be drawn (KeyError" in (found := words(tmp_path / "r.pdf")) and "897" in found


def test_the_missing_extra_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample().save(tmp_path / "a.nc")
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InterlayerError, match=r"interlayer\[pdf\]"):
        pdf.write([sample()], tmp_path / "r.pdf")
    assert main(["report", str(tmp_path / "a.nc"), "-o", str(tmp_path / "r.pdf")]) == 3
    assert "interlayer[pdf]" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc"]


@pytest.mark.usefixtures("drawn")
def test_the_ending_chooses_pages_and_the_study_gives_title_and_claims(tmp_path: Path) -> None:
    sample().save(tmp_path / "a.nc")
    (tmp_path / "study.toml").write_text(
        '[study]\ntitle = "The study"\nsource = "doi:10/y"\n[[sample]]\nid = "plain0"\n'
        '[[claim]]\nsample = "plain0"\ntechnique = "eds"\nquantity = "layer_thickness"\n'
        'value = 2.5\nunit = "um"\n',
        encoding="utf-8",
    )
    record, study = str(tmp_path / "a.nc"), str(tmp_path)
    assert main(["report", record, "-o", str(tmp_path / "R.PDF"), "--study", study]) == 0
    assert main(["report", record, "-o", str(tmp_path / "r.html"), "--study", study]) == 0
    assert (tmp_path / "R.PDF").read_bytes().startswith(b"%PDF-")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for text in (words(tmp_path / "R.PDF"), page):
        assert "The study" in text and "doi:10/y" in text and "disagree" in text


@pytest.mark.xdist_group("demo")
def test_the_example_study_becomes_pages(demo: Demo, tmp_path: Path) -> None:
    made = [each for each in demo.run.samples if each.sample_id == "bare-li"]
    pdf.write(made, tmp_path / "r.pdf", claims=demo.run.study.claim)
    found = words(tmp_path / "r.pdf")
    assert "could not be drawn" not in found
    for text in ("N 1s of Li₃N", "XPS: fitted core levels", "Micrograph", "Scofield"):
        assert text in found
