"""The methods say what ran, all of it and nothing else, and every mark leads to a work."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from interlayer import methods
from interlayer.cli import main
from interlayer.core import results
from interlayer.references import library
from interlayer.sample import Sample

Demo = Any
KK = "Kramers-Kronig: one chain of relaxations for both parts against separate ones (F test)."


def sample(
    name: str, *steps: str, technique: str = "electrochem", kind: str = "eis", **settings: object
) -> Sample:
    raw = xr.Dataset(attrs={"source": f"{name}.mpr", "source_sha256": "0", "format": "BioLogic .mpr"})
    made = Sample(name)
    made.add(results.tree(technique, raw, [], {}, kind=kind, steps=list(steps), settings=settings))
    return made


def pattern(step: str) -> str:
    """Return a regular expression that a step meets in a paragraph, its numbers alone or within a range."""
    text = re.sub(r"\[(\d+)\]", r"(\1)", " ".join(step.split())).removesuffix(".")
    parts = re.split(r"([+−-]?\d[\d,.]*(?:e[+-]?\d+)?)", text)
    return "".join(
        f"(?:{re.escape(part)}|[+−-]?[\\d,.e+-]+ to [+−-]?[\\d,.e+-]+)" if k % 2 else re.escape(part)
        for k, part in enumerate(parts)
    )


def test_steps_that_differ_only_in_numbers_become_one_sentence_with_their_range() -> None:
    found = methods.compose(
        [
            sample("a", "6 sweeps of R1 were fitted, γ = −0.5."),
            sample("b", "11 sweeps of R1 were fitted, γ = 2."),
        ]
    )
    assert "6 to 11 sweeps of R1 were fitted, γ = −0.5 to 2." in found.paragraphs[0]
    assert "two samples (a, b)" in found.paragraphs[0] and "(2 files, BioLogic .mpr)" in found.paragraphs[0]


def test_a_step_of_one_sample_names_it_and_circuits_are_never_mixed() -> None:
    a = sample("a", "The circuit R0-p(R1,CPE1) was given.", KK, circuit="R0-p(R1,CPE1)")
    b = sample("b", "The circuit R0-p(R2,CPE2) was given.", circuit="R0-p(R2,CPE2)")
    text = methods.compose([a, b]).paragraphs[0]
    assert "The circuit R0-p(R1,CPE1) was given (a)." in text
    assert "The circuit R0-p(R2,CPE2) was given (b)." in text
    assert "circuit R0-p(R1,CPE1) (a); circuit R0-p(R2,CPE2) (b)" in text
    assert re.search(r"\(F test\) \(a\) \[1\]\.", text)


def test_only_works_of_steps_that_ran_are_cited() -> None:
    keys = {each.key for each in methods.compose([sample("a", "Something else was done.")]).references}
    assert keys == {"harris2020", "virtanen2020", "hoyer2017"}
    keys = {each.key for each in methods.compose([sample("a", KK)]).references}
    assert "boukamp1995" in keys and "wan2015" not in keys


def test_settings_have_units_and_cite() -> None:
    found = methods.compose([sample("a", technique="xps", kind="", sensitivity="scofield")])
    assert "sensitivity scofield [1]" in found.paragraphs[0] and found.references[0].key == "scofield1976"
    assert "area 1.131 cm^2" in methods.compose([sample("a", KK, area=1.131)]).paragraphs[0]


def test_instrument_facts_are_those_of_the_raw_files() -> None:
    raw = xr.Dataset(
        {
            "survey": ("e", np.zeros(2), {"pass_energy": 160.0, "source": "Al (mono)"}),
            "n1s": ("e", np.zeros(2), {"pass_energy": 20.0, "source": "Al (mono)"}),
        },
        attrs={"source": "a.vms", "source_sha256": "0", "format": "VAMAS", "instrument": "Not specified"},
    )
    made = Sample("a")
    made.add(results.tree("xps", raw, [], {}))
    text = methods.compose([made]).paragraphs[0]
    assert "X-ray source Al (mono); pass energy 160 and 20 eV." in text and "instrument" not in text
    assert json.loads(made.tree["xps"].attrs["sources"])[0]["source"] == "a.vms"


@pytest.mark.parametrize("text", ["[7]", "a\nb\x00", "<b>", "'1' and 2", "x" * 400, "…\u202e"])
def test_hostile_names_and_steps_stay_text_and_make_no_marks(text: str) -> None:
    found = methods.compose([sample(text, text, circuit=text), sample("b", text)])
    whole = "".join(found.paragraphs)
    marks = {int(mark) for mark in re.findall(r"\[(\d+)\]", whole)}
    assert marks == {each.number for each in found.references} == {1, 2, 3}
    assert "\n" not in whole and "\x00" not in whole and "\u202e" not in whole
    assert text.replace("[7]", "(7)")[:1] in whole


def test_nothing_ran_nothing_is_said() -> None:
    assert methods.compose([Sample("a")]) == methods.Methods((), ())


def test_the_command_prints_the_text_or_writes_it_with_its_bibliography(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sample("a", KK)
    made.save(tmp_path / "a.nc")
    found = methods.compose([made])
    assert main(["methods", str(tmp_path / "a.nc")]) == 0
    assert capsys.readouterr().out == found.text
    assert found.text.startswith(found.paragraphs[0]) and "\n[1] Boukamp, B. A. A linear" in found.text
    assert main(["methods", str(tmp_path / "a.nc"), "-o", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/methods.txt").read_text(encoding="utf-8") == found.text
    assert set(entries((tmp_path / "out/references.bib").read_text(encoding="utf-8"))) >= {"boukamp1995"}


def entries(bibtex: str) -> dict[str, dict[str, str]]:
    """Return the entries of a .bib text by key, strictly: braces balance and every line is a field."""
    found = {}
    for block in filter(None, bibtex.split("\n\n")):
        lines = block.strip().splitlines()
        head = re.fullmatch(r"@(article|inproceedings|incollection|book|misc)\{(\w+),", lines[0])
        assert head is not None and lines[-1] == "}" and block.count("{") == block.count("}")
        fields = [re.fullmatch(r"  (\w+) = \{(.+)\},", line) for line in lines[1:-1]]
        assert all(fields) and head[2] not in found
        found[head[2]] = {field[1]: field[2] for field in fields if field}
    return found


def test_the_library_is_complete_and_every_rule_leads_somewhere() -> None:
    rules: Mapping[str, Any] = library()
    cited = {key for each in rules["citation"] for key in each["keys"]}
    cited |= {each["key"] for each in rules["software"]}
    assert cited == set(rules["reference"])
    for key, entry in rules["reference"].items():
        assert {"type", "author", "title", "year"} <= set(entry) and str(entry["year"]) in key, key
        assert "journal" in entry or "booktitle" in entry
        assert re.fullmatch(r"10\.\d{4,5}/\S+", entry.get("doi", "10.1000/x")), key
    for each in rules["citation"]:
        re.compile(each.get("step") or each["value"])


@pytest.mark.xdist_group("demo")
def test_the_example_study_is_told_whole(demo: Demo) -> None:
    found = methods.compose(demo.run.samples)
    whole = " ".join(found.paragraphs)
    steps = {
        step
        for one in demo.run.samples
        for _, result in one.results()
        for step in json.loads(str(result.attrs["steps"]))
    }
    assert [step for step in steps if not re.search(pattern(step), whole)] == []
    marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", whole)]
    assert list(dict.fromkeys(marks)) == [each.number for each in found.references]
    assert set(entries(found.bibtex)) == {each.key for each in found.references}
    for word in ("Weppner", "Pawley", "Scofield", "Boukamp", "Bruce", "Cliff"):
        assert any(word in each.text for each in found.references)
    for word in ("Tougaard", "pymatgen", "Doniach", "interruption"):
        assert not any(word in each.text for each in found.references)
    for fact in ("photon energy 1486.69 eV", "microscope Apreo S", "beam voltage 2 kV", "radius 217.5 mm"):
        assert fact in whole
    for kind in ("Scanning electron micrographs of three samples", "Galvanostatic intermittent titrations"):
        assert kind in whole
