"""Names are text everywhere: nothing a user writes becomes an element, a path or a script."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer import report
from interlayer.core import results
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.report import model
from interlayer.sample import Sample

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
]


class Elements(HTMLParser):
    """Counts elements and collects their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.handlers: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("src",)]
        self.ids += [value for name, value in attrs if name == "id" and value]


def page_with(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Elements]:
    from interlayer.core import figure as fig

    figure = fig.Figure(
        "f",
        text,
        text,
        [
            fig.Panel(
                text,
                text,
                [fig.Line([0, 1], [0, 1], text), fig.Text(0, 0, text), fig.Ticks([0.5], text, (text,))],
                title=text,
            )
        ],
    )
    monkeypatch.setattr("interlayer.techniques.figures", lambda _: [figure])
    raw = xr.Dataset(
        {"x": ("u", np.arange(3.0))}, attrs={"source": text, "source_sha256": "0", "format": text}
    )
    row = Rows("xrd", text).measured("lattice_a", text, from_stddev(3.6, 0.01), "angstrom", text, text)
    table = xr.Dataset({text.replace("/", "_") or "t": ("t", [1.0])}, attrs={"role": "table"})
    result = results.tree("xrd", raw, [row], {"/": raw, "table": table}, warnings=[text], steps=[text])
    sample = Sample(text, text, text, text, (text,))
    sample.add(result, text)
    html = report.build([sample], title=text, source=text, description=text, failures=[(text, text)])
    elements = Elements()
    elements.feed(html)
    return html, elements


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, plain = page_with("plain", monkeypatch)
    html, elements = page_with(text, monkeypatch)
    assert elements.tags == plain.tags and elements.handlers == []
    assert "49" not in html or "7*7" not in text or html.count("{{7*7}}") > 5
    assert len(set(elements.ids)) == len(elements.ids)
    assert "\x00" not in html or "\x00" not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_ids_stay_inside_their_folder(text: str, tmp_path: Path) -> None:
    from interlayer.study import SampleSpec

    spec = SampleSpec(id=text)
    path = tmp_path / f"{spec.folder}.nc"
    Sample(spec.id, spec.label).save(path)
    assert path.parent == tmp_path and Sample.open(path).sample_id == spec.id


def test_numbers_show_what_their_interval_justifies() -> None:
    rows = Rows("xrd", "x")
    row = rows.measured("lattice_a", "Li3N", from_stddev(3.648123, 0.0012), "angstrom", "fit")
    assert model.value_text(row) == "3.6481" and model.interval_text(row) == "3.6458 … 3.6505"
    small = Rows("electrochem", "x").measured(
        "diffusion_coefficient", "min", from_stddev(2.07e-13, 1e-14), "cm^2/s", "gitt"
    )
    assert model.value_text(small) == "2.07·10⁻¹³"
    limit = rows.limit("lower", "crystallite_size", "Li", 183.2, "nm", "fit")
    assert model.value_text(limit) == "> 183.2" and model.interval_text(limit) == ""
