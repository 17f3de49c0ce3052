"""What a script or a notebook sees: lazy names, a sample printed for a terminal and for a notebook."""

import subprocess
import sys
from html.parser import HTMLParser

import pytest
from rich.cells import cell_len

import interlayer as il
from interlayer.core import results
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows

#: what makes `import interlayer` slow; none of it may come with the bare package
HEAVY = ("numpy", "xarray", "matplotlib", "scipy", "pandas", "jinja2", "numba")

HOSTILE = (
    "<img src=x onerror=1>",
    "</script><b>",
    "{{7*7}}",
    "a\u202eb",
    "../../x",
    "nul\x00here",
    "two\nlines",
    "😀" * 20,
    "W" * 300,
    "'\"&",
)


def sample(name: str = "A1", note: str = "no radius is known") -> il.Sample:
    """Return a sample with one number measured, one limit and one refusal."""
    rows = Rows("xrd", "pattern.xy sha256:0")
    tree = results.tree(
        "xrd",
        [],
        [
            rows.measured("lattice_a", "Li3N", from_stddev(3.6481, 0.0012), "angstrom", "whole pattern"),
            rows.limit("lower", "crystallite_size", name, 183.2, "nm", "Scherrer", "not broadened"),
            rows.absent("not determined", "displacement", name, "mm", "whole pattern", note),
        ],
        {},
        warnings=[f"look at {name}"],
    )
    made = il.Sample("A1", label=name, state=name, parent=name, history=(name, "washed"))
    made.add(tree)
    return made


class Elements(HTMLParser):
    """Counts elements and collects text, and refuses anything that could run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {name for name, _ in attrs} - {"class", "scope"}, attrs
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(html: str) -> Elements:
    elements = Elements()
    elements.feed(html)
    elements.close()
    assert elements.open == []
    return elements


def test_every_name_is_there_and_the_bare_import_is_light() -> None:
    code = (
        "import sys, interlayer as il\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy\n"
        "assert set(il.__all__) == set(dir(il)), dir(il)\n"
        "for technique in ('xrd', 'xps', 'sem', 'eds', 'electrochem'):\n"
        "    face = getattr(il, technique)\n"
        "    assert callable(face.read) and callable(face.analyze) and callable(face.plot)\n"
        "heavy = [name for name in ('scipy', 'matplotlib', 'numba') if name in sys.modules]\n"
        "assert not heavy, heavy\n"
        "assert il.open == il.Sample.open and callable(il.run)\n"
        "assert issubclass(il.InterlayerError, Exception)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'xrf'"):
        _ = il.xrf


def test_a_terminal_sees_who_it_is_the_main_numbers_and_what_else_there_is() -> None:
    lines = repr(sample("Li foil")).splitlines()
    assert lines[0] == "Sample Li foil"
    assert lines[1].strip() == "A1 · Li foil · made from Li foil · Li foil → washed"
    number = next(line for line in lines if "Li₃N a" in line)
    assert number.split() == ["xrd", "Li₃N", "a", "3.6481", "3.6457", "…", "3.6505", "Å", "measured"]
    assert "3 numbers" in lines[-1] and "1 warning:" in lines[-1]


def test_the_table_has_every_row_its_unit_and_the_reason_of_a_refusal() -> None:
    text = sample("Li").table("xrd")
    assert text.splitlines()[0] == "xrd"
    assert any(
        line.split() == ["crystallite", "size", "Li", ">", "183.2", "nm", "lower", "limit"]
        for line in text.split("\n")
    )
    assert "displacement Li: not determined, no radius is known" in text
    assert sample("Li").table("xps") == "" and sample("Li").table("electrochem/eis") == ""
    assert sample("Li").table() == text


def test_columns_stand_below_each_other_whatever_the_letters_width() -> None:
    statuses = ("measured", "lower limit", "not determined", "status")
    for name in ("Li", "中文中文", "e\u0301" * 4, "W" * 300):
        lines = sample(name).table().splitlines()[1:5]
        begins = {cell_len(line[: max(line.rfind(each) for each in statuses)]) for line in lines}
        assert len(begins) == 1, lines


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    plain = parsed(sample("plain")._repr_html_())
    page = sample(name, note=name)._repr_html_()
    hostile = parsed(page)
    assert hostile.tags == plain.tags
    assert not set("\x00\u202e") & set(page)
    shown = " ".join(name.replace("\x00", "\ufffd").replace("\u202e", "\ufffd").split())
    assert sum(shown in text for text in hostile.texts) >= 4
    assert not set("\x00\u202e\r") & set(repr(sample(name)))
    assert len(repr(sample(name)).splitlines()) == len(repr(sample("plain")).splitlines())


def test_a_notebook_sees_numbers_with_intervals_units_and_statuses_without_script() -> None:
    page = sample("Li")._repr_html_()
    elements = parsed(page)
    assert elements.tags.count("details") == 1 and "script" not in elements.tags
    assert {"3.6481", "3.6457 … 3.6505", "Å", "> 183.2", "lower limit", "not determined"} <= set(
        elements.texts
    )
    assert "1 measured, 1 lower limit, 1 not determined; to doubt: 1" in "".join(elements.texts)
    assert "look at Li" in elements.texts and "no radius is known" in elements.texts
    assert len(page) < 5000 and "http" not in page and "#" not in page.replace("&#x27;", "")


def test_a_sample_without_results_says_so() -> None:
    assert "no analyses yet" in repr(il.Sample("A1")) and "no analyses yet" in il.Sample("A1")._repr_html_()


def test_warnings_name_the_analysis_they_belong_to() -> None:
    assert sample("Li").warnings == ["xrd: look at Li"]
