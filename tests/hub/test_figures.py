"""Figures for papers: widths, letters, fonts, the same bytes, names that stay in their folder."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from interlayer import figures
from interlayer.cli import main
from interlayer.core import figure as fig
from interlayer.core import results
from interlayer.core.errors import SettingError
from interlayer.journals import FIGURE_KINDS, INCH, journals, width_of
from interlayer.sample import Sample

X = np.geomspace(0.1, 1e5, 60)


def description(name: str = "f", text: str = "text") -> fig.Figure:
    """Return a figure of two columns: log axes, legends, a lane of ticks."""
    curve = fig.Panel(
        text, text, [fig.Line(X, X, text), fig.Points(X, X, f"{text} b")], x_log=True, y_log=True
    )
    labelled = fig.Panel(
        text,
        text,
        [fig.Line(X, np.sin(X), text), fig.Ticks([2e4], text, (text,)), fig.Text(10.0, 0.0, text)],
        title=text,
    )
    return fig.Figure(name, text, text, [curve, labelled], columns=2)


def sample(name: str) -> Sample:
    raw = xr.Dataset(attrs={"source": "a", "source_sha256": "0", "format": "f"})
    made = Sample(name, name)
    made.add(results.tree("xrd", raw, [], {}), name)
    return made


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: [description("a/b")])


def test_journals_have_sources_and_sizes_that_can_be_read() -> None:
    for journal in journals().values():
        assert 79 < journal.single < 91 and 170 < journal.double < 191 and journal.highest < 248
        assert journal.letters >= 6 and len(journal.source) > 20
    assert width_of("3.5 in", journals()["acs"]) == pytest.approx(88.9)


@pytest.mark.parametrize("width", ["wide", "10mm", "900mm", "-90mm", "90", "nan"])
def test_a_width_that_cannot_be_is_refused(width: str) -> None:
    with pytest.raises(SettingError, match="width"):
        width_of(width, journals()["any"])


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_the_same_samples_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for place in ("one", "two"):
        figures.write([sample("A")], tmp_path / place, kind=kind)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [f"A-xrd-A-a-b.{kind}", "captions.txt"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.usefixtures("drawn")
def test_a_file_has_the_width_of_the_column_and_letters_that_can_be_read(tmp_path: Path) -> None:
    path = figures.write([sample("A")], tmp_path, kind="png", width="double", journal="nature")[0]
    with Image.open(path) as image:
        assert image.width / 300 * INCH == pytest.approx(183, abs=0.2)
        assert image.height / 300 * INCH <= 170
    svg = figures.write([sample("A")], tmp_path, kind="svg", width="90mm")[0].read_text(encoding="utf-8")
    assert float(re.findall(r'<svg[^>]* width="([\d.]+)pt"', svg)[0]) / 72 * INCH == pytest.approx(
        90, abs=0.1
    )
    sizes = [float(each) for each in re.findall(r"font(?:-size)?: (?:\w+ )*([\d.]+)px", svg)]
    assert sizes and min(sizes) >= 6 and ">text<" in svg


@pytest.mark.usefixtures("drawn")
def test_pdf_fonts_are_embedded_whole(tmp_path: Path) -> None:
    data = figures.write([sample("A")], tmp_path, kind="pdf")[0].read_bytes()
    assert b"/Type3" not in data and b"/FontFile2" in data and b"CreationDate" not in data


def test_panels_keep_what_belongs_to_them_in_one_column() -> None:
    names = ["a", "b", "a residual", "b residual", "c", "", "c residual", ""]
    panels = [
        fig.Panel(name, name, [fig.Line([0, 1], [0, 1])] if name else [], bare=name in "abc" and bool(name))
        for name in names
    ]
    narrow = figures.one_column(fig.Figure("f", "", "", panels, columns=2))
    order = [panel.xlabel for panel in narrow.panels]
    assert order == ["a", "a residual", "b", "b residual", "c", "c residual"] and narrow.columns == 1


@pytest.mark.parametrize("text", ["$\\frac{$", "<b>&", "../../x", "a\x00b💥", "x" * 300])
def test_hostile_text_is_drawn_as_text_and_stays_in_the_folder(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: [description(text, text)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a glyph that the font lacks, a label without room
        written = figures.write([sample(text)], tmp_path / "out")
    assert len(written) == 2 and {path.parent for path in written} == {tmp_path / "out"}
    assert sorted(tmp_path.rglob("*")) == sorted([tmp_path / "out", *written])
    svg = written[0].read_text(encoding="utf-8")
    if text.startswith("$"):
        assert ">$\\frac{$<" in svg and "mathdefault" not in svg


@pytest.mark.usefixtures("drawn")
def test_no_two_figures_share_a_file_whatever_the_case_of_their_names() -> None:
    stems = [each.stem for each in figures.named([sample(name) for name in ("A", "a", "A", "..", "//")])]
    assert len({stem.lower() for stem in stems}) == 5


def test_samples_of_one_name_are_all_compared() -> None:
    several = [Sample(each, "Li", tree=sample("m").tree) for each in ("a", "b", "b", "b")]
    names = list(figures.compared(several)["xrd"])
    assert names == ["Li, m", "Li, m (b/xrd/m)", "Li, m (b/xrd/m, 2)", "Li, m (b/xrd/m, 3)"]


def test_the_command_says_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", str(tmp_path / "none.nc"), "-o", str(tmp_path / "out")]) == 3
    assert "no such file" in capsys.readouterr().err and not (tmp_path / "out").exists()
    sample("A").save(tmp_path / "a.nc")
    assert main(["figures", str(tmp_path / "a.nc"), "-o", str(tmp_path), "--width", "9 m"]) != 0
    assert "single, double or a length" in capsys.readouterr().err
