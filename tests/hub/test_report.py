"""Names are text everywhere: nothing a user writes becomes an element, a path or a script."""

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hub import report_made as made

from interlayer import report
from interlayer.core import figure as fig
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.core.wording import interval_text, value_text
from interlayer.evidence import Pull, Side
from interlayer.report.inks import GRAPHICS, LETTERS, ink
from interlayer.report.joined import pull_chart
from interlayer.report.pack import DIGITS, Pack, unpack
from interlayer.report.svg import draw
from interlayer.sample import Sample

Demo = Any
HOSTILE = [
    "<img src=x onerror=1>",
    "</script><script>alert(1)</script>",
    "{{7*7}}",
    "a\u202egpj",
    "x" * 300,
    "💥 µ",
    "../../x",
    "a\x00b",
    "\"' onload=1",
    "$\\alpha$",
    "--><!-- </title>",
]


class Elements(HTMLParser):
    """Counts elements and collects their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("src", "style")]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


def read(path: Path) -> tuple[str, Elements]:
    text, elements = path.read_text(encoding="utf-8"), Elements()
    elements.feed(text)
    return text, elements


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write(tmp_path_factory.mktemp("plain"), "plain", ("a", "b"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str, plain: Path, tmp_path: Path) -> None:
    folder = made.write(tmp_path / "in", text, ("a", "b"))
    for name in ("report.html", "a/report.html"):
        html, elements = read(folder / name)
        assert elements.tags == read(plain / name)[1].tags and elements.handlers == []
        assert len(set(elements.ids)) == len(elements.ids)
        assert "\x00" not in html and "\u202e" not in html
        assert text != "{{7*7}}" or html.count("{{7*7}}") > 5
        head, _ = unpack(found(r'id="pack">([^<]*)<', html))
        assert not {"\x00", "\u202e"} & set(str(head))
    assert all(folder in each.parents for each in tmp_path.rglob("*") if each.is_file())
    with zipfile.ZipFile(folder / "a" / "report-data.zip") as archive:
        assert all(re.fullmatch(r"(figures|tables)/[\w.-]+\.csv", name) for name in archive.namelist())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_ids_stay_inside_their_folder(text: str, tmp_path: Path) -> None:
    from interlayer.study import SampleSpec

    spec = SampleSpec(id=text)
    path = tmp_path / f"{spec.folder}.nc"
    Sample(spec.id, spec.label).save(path)
    assert path.parent == tmp_path and Sample.open(path).sample_id == spec.id


def test_every_link_leads_somewhere(plain: Path) -> None:
    pages = {path.resolve(): read(path)[1] for path in plain.rglob("*.html")}
    assert len(pages) == 3
    missing = [f"{plain}/{name}" for name in ("summary.csv", "claims.csv")]  # the workflow writes these
    for path, elements in pages.items():
        for link in elements.links:
            address, part = urldefrag(link)
            target = (path.parent / unquote(address)).resolve() if address else path
            assert target.exists() or str(target) in missing, link
            assert not part or unquote(part) in pages[target].ids, link


def test_one_sample_makes_one_page_with_its_files_beside(tmp_path: Path) -> None:
    made.sample("a", 20.0).save(tmp_path / "a.nc")
    made.sample("b", 20.0).save(tmp_path / "b.nc")
    (tmp_path / "bad.nc").write_text("no record")
    one = report.write_files(tmp_path / "one.html", [tmp_path / "a.nc"])
    assert {each.relative_to(tmp_path).as_posix() for each in one.files} == {
        "one.html",
        "one_files/report-data.zip",
        "one_files/methods.txt",
        "one_files/methods.bib",
    }
    several = report.write_files(
        tmp_path / "all.html", [tmp_path / f"{name}.nc" for name in ("a", "b", "bad")]
    )
    assert tmp_path / "all_files" / "b" / "report.html" in several.files
    assert "bad.nc" in several.lost[0].error and "bad.nc" in (tmp_path / "all.html").read_text(
        encoding="utf-8"
    )
    none = report.write_files(tmp_path / "none.html", [tmp_path / "bad.nc"])
    assert none.files == () and len(none.lost) == 1 and not (tmp_path / "none.html").exists()


def test_a_page_is_made_again_only_when_something_changed(tmp_path: Path) -> None:
    record, target = tmp_path / "a.nc", tmp_path / "one.html"
    made.sample("a", 20.0).save(record)
    report.write_files(target, [record])
    first, time = target.read_bytes(), target.stat().st_mtime_ns
    report.write_files(target, [record])
    assert target.stat().st_mtime_ns == time
    target.write_bytes(first + b" ")
    report.write_files(target, [record])
    assert target.read_bytes() == first
    made.sample("a", 33.0).save(record)
    report.write_files(target, [record])
    assert target.read_bytes() != first and "33.0" in target.read_text(encoding="utf-8")


@pytest.mark.xdist_group("demo")
def test_the_pages_are_the_same_bytes_whatever_the_jobs(demo: Demo, tmp_path: Path) -> None:
    records = [demo.run.out / f"{spec.folder}.nc" for spec in demo.run.study.sample]
    written = [
        report.write_files(tmp_path / str(jobs) / "report.html", records, jobs=jobs).files for jobs in (1, 2)
    ]
    assert len(written[0]) == len(written[1]) == 13
    for one, two in zip(*written, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


@given(
    st.lists(st.floats(allow_infinity=False), max_size=40),
    st.integers(-12, 12),
    st.booleans(),
)
def test_a_pack_gives_back_what_it_holds(values: list[float], power: int, wide: bool) -> None:
    data = np.array(values, dtype=float)
    data = np.where((np.abs(data) < 1e12) & (np.abs(data) > 1e-12), data, np.nan) * 10.0**power
    pack = Pack()
    place = pack.add(data, wide)
    _, columns = unpack(pack.text())
    largest = np.nanmax(np.abs(data), initial=0.0)
    np.testing.assert_allclose(columns[place], data, rtol=0, atol=1.1 * largest * 10.0**-DIGITS)


def test_a_pack_is_exact_for_counts_and_short_decimals_and_keeps_small_values_where_they_matter() -> None:
    pack = Pack()
    counts, angles = np.random.default_rng(0).poisson(1e5, 2000), np.round(np.arange(2000) * 0.02 + 20, 2)
    small = np.array([2.07e-13, 5.5e-11, 2.1e-9])
    places = [pack.add(counts), pack.add(angles), pack.add(small, wide=True)]
    _, columns = unpack(pack.text())
    assert np.array_equal(columns[places[0]], counts) and np.array_equal(columns[places[1]], angles)
    np.testing.assert_allclose(columns[places[2]], small, rtol=1e-6)


@pytest.mark.parametrize("colour", [*fig.CYCLE, *(c for c in fig.COLOURS.values() if c != "#ffffff")])
def test_every_colour_stands_out_from_white(colour: str) -> None:
    def contrast(text: str) -> float:
        parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 1.05 / (0.05 + sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))

    assert contrast(ink(colour, GRAPHICS)) >= 3.0 and contrast(ink(colour, LETTERS)) >= 4.5


def test_curves_differ_in_more_than_colour() -> None:
    lines = [fig.Line([0, 1], [k, k + 1], f"line {k}", k) for k in range(4)]
    dots = [fig.Points([0, 1], [k, k + 1], f"dots {k}", k) for k in range(4)]
    drawn = draw(fig.Figure("f", "t", "c", [fig.Panel("x", "y", [*lines, *dots])]))
    assert len({(key.shape, key.dash) for key in drawn.legend}) == 8


@pytest.mark.parametrize(("pull", "at"), [(0.0, 100.0), (3.0, 146.5), (40.0, 196.1), (-40.0, 3.9)])
def test_a_pull_is_drawn_where_it_lies(pull: float, at: float) -> None:
    side = Side("xrd", "/xrd", "a", "b")
    for difference in (0.0, 50.0):  # a difference that is allowed does not move it
        ends = (difference - 1.0, difference + 1.0)
        chart = pull_chart(Pull("t", side, side, "consistent", "r", pull, difference, *ends))
        assert abs(float(found(r'<circle cx="([\d.]+)"', chart)) - at) < 0.2
    assert pull_chart(Pull("t", side, side, "not comparable", "r")) == ""


def test_numbers_show_what_their_interval_justifies() -> None:
    rows = Rows("xrd", "x")
    row = rows.measured("lattice_a", "Li3N", from_stddev(3.648123, 0.0012), "angstrom", "fit")
    assert value_text(row) == "3.6481" and interval_text(row) == "3.6458 … 3.6505"
    small = Rows("electrochem", "x").measured(
        "diffusion_coefficient", "min", from_stddev(2.07e-13, 1e-14), "cm^2/s", "gitt"
    )
    assert value_text(small) == "2.07·10⁻¹³"
    limit = rows.limit("lower", "crystallite_size", "Li", 183.2, "nm", "fit")
    assert value_text(limit) == "> 183.2" and interval_text(limit) == ""
