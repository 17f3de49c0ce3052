"""The record after ISO 19830: complete for every kind of fit, and true."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.cli import main
from interlayer.core import results
from interlayer.core.results import tables
from interlayer.xps import analyze, documents, iso19830, read
from interlayer.xps.model.shapes import line
from interlayer.xps.spectra import Spectrum, build


def spectrum(name: str, lines: list[tuple[float, float]], seed: int = 3) -> Spectrum:
    at = lines[0][0]
    energy = np.round(at - 8.0 + 0.1 * np.arange(200), 3)
    mean = 800.0 + sum(area * line("pseudo-voigt", energy, e, 1.3, np.array([0.3])) for e, area in lines)
    counts = np.random.default_rng(seed).poisson(mean).astype(float)
    return Spectrum(name, energy, counts, attrs={"pass_energy": 20.0, "source_energy": 1486.6})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, xr.DataTree]:
    """Return a fit of each kind: a template, numbered peaks, doublets (S 2p)."""
    path = tmp_path_factory.mktemp("template") / "salt.toml"
    path.write_text(
        'lines = ["C 1s/C-C", "C 1s/TFSI", "F 1s/TFSI", "S 2p/TFSI"]\n'
        '[phase]\nTFSI = { "F 1s" = 6, "C 1s" = 2, "S 2p" = 2 }\n',
        encoding="utf-8",
    )
    salt = build(
        [
            spectrum("C 1s", [(284.8, 9000.0), (292.5, 2000.0)]),
            spectrum("F 1s", [(688.8, 26_000.0)]),
            spectrum("S 2p", [(168.9, 2400.0), (170.08, 1200.0)]),
        ],
        source="salt.vms",
    )
    plain = build([spectrum("C 1s", [(284.8, 9000.0), (288.9, 4000.0)])], source="plain.csv")
    return {"template": analyze(salt, template=str(path)), "numbered": analyze(plain)}


def complaints(result: xr.DataTree) -> list[str]:
    """Return every required field or column that is missing or says nothing."""
    found = []
    every = tables(result)
    for name, node in result.children.items():
        if "envelope" not in node:
            continue
        for field in (each for members in iso19830.sections().values() for each in members):
            value = node.attrs.get(field.key)
            empty = value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))
            if empty and not field.unknown:
                found.append(f"{name}: {field.key}")
        own = [row for row in every["components"] if row["region"] == name]
        for table, records in (("components", own), ("parameters", every[f"{name}/parameters"])):
            if not records:
                found.append(f"{name}: no {table}")
            found += [f"{name}: {table}.{each}" for each in iso19830.columns(table) if each not in records[0]]
    return found


@pytest.mark.parametrize("kind", ["template", "numbered"])
def test_nothing_is_missing(made: dict[str, xr.DataTree], kind: str) -> None:
    assert complaints(made[kind]) == []


def test_nothing_is_missing_of_a_casa_fit(real: Path) -> None:
    result = analyze(read(real / "xps" / "FeO_analyzed.vms"), template="casa")
    assert complaints(result) == []
    attrs = result["fe2p"].attrs
    assert "CasaXPS" in attrs["start_values"]
    assert "each line its own FWHM" in attrs["constraints"]
    assert "positions free within their bounds" in attrs["constraints"]
    (text,) = documents(result).values()
    assert re.search(r"^Pass energy +not stated in the file$", text, re.MULTILINE)


def test_a_missing_field_is_seen(made: dict[str, xr.DataTree]) -> None:
    result = made["numbered"].copy(deep=True)
    del result["c1s"].attrs["background_type"]
    assert complaints(result) == ["c1s: background_type"]


def test_the_record_is_true(made: dict[str, xr.DataTree]) -> None:
    """Range, points, step, doublets, links and χ² are those of the data and the fit."""
    node = made["template"]["s2p"]
    attrs = node.attrs
    assert (attrs["points"], attrs["energy_step"]) == (200, pytest.approx(0.1))
    assert attrs["fit_range_high"] - attrs["fit_range_low"] == pytest.approx(19.9)
    assert "1.18 eV above, area ratio 0.5" in attrs["doublets"]
    residual = np.asarray(node.to_dataset()["residual"].values, dtype=float)
    assert attrs["residual_stddev"] == pytest.approx(float(np.std(residual)))
    assert attrs["chi_square"] == pytest.approx(float(np.sum(residual**2)), rel=1e-6)
    assert attrs["reduced_chi_square"] == pytest.approx(attrs["chi_square"] / attrs["degrees_of_freedom"])
    assert "area of S 2p/TFSI = " in attrs["links"]
    assert "one charge shift for all regions" in attrs["constraints"]
    assert made["numbered"]["c1s"].attrs["links"] == "none"


def test_links_give_the_numbers(made: dict[str, xr.DataTree]) -> None:
    """A link, computed from the table of parameters, is the area in the table of components."""
    every = tables(made["template"])
    rows = {str(row["line"]): row for row in every["components"]}
    values = {str(row["name"]): float(str(row["value"])) for row in every["s2p/parameters"]}
    text = str(rows["S 2p/TFSI"]["area_link"])
    match = re.fullmatch(r"([\d.e+-]+) · (.+?) · exp\((.+)\)", text)
    assert match
    exponent = sum(
        -values[term[2:]] if term.startswith("− ") else values[term.removeprefix("+ ")]
        for term in re.split(r" (?=[+−] )", match[3])
    )
    area = float(match[1]) * values[match[2]] * math.exp(exponent)
    assert area == pytest.approx(float(str(rows["S 2p/TFSI"]["area"])), rel=1e-3)


def test_roles(made: dict[str, xr.DataTree]) -> None:
    rows = {str(row["name"]): row for row in tables(made["numbered"])["c1s/parameters"]}
    assert rows["shift"]["role"] == "fixed"
    assert rows["fwhm:c1s"]["role"] == "free"
    assert float(str(rows["fwhm:c1s"]["lower_bound"])) < 1.3 < float(str(rows["fwhm:c1s"]["upper_bound"]))


def test_text_holds_every_title_and_region(made: dict[str, xr.DataTree]) -> None:
    (text,) = documents(made["template"]).values()
    assert documents(made["template"]).keys() == {"iso19830.txt"}
    for field in (each for members in iso19830.sections().values() for each in members):
        assert text.count(f"\n{field.title} ") >= 3, field.title
    assert re.search(r"^Pass energy +20 eV$", text, re.MULTILINE)
    assert re.search(r"^Instrument +not stated in the file$", text, re.MULTILINE)
    assert all(f"\n{level}\n====" in text for level in ("C 1s", "F 1s", "S 2p"))


def test_the_record_survives_storage(made: dict[str, xr.DataTree], tmp_path: Path) -> None:
    made["template"].to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with xr.open_datatree(tmp_path / "a.nc", engine="netcdf4") as stored:
        assert documents(stored.load()) == documents(made["template"])


def test_command_line_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    each = spectrum("C 1s", [(284.8, 9000.0)])
    data = "\n".join(f"{x:.2f},{y:.0f}" for x, y in zip(each.binding_energy, each.values, strict=True))
    (tmp_path / "carbon.csv").write_text(f"Binding Energy (eV),Counts\n{data}\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["xps", str(tmp_path / "carbon.csv"), "-o", str(out)]) == 0
    capsys.readouterr()
    text = (out / "carbon-iso19830.txt").read_text(encoding="utf-8")
    assert text.startswith("Record of peak fits after ISO 19830")
    assert "carbon.csv" in text


def test_a_survey_alone_has_no_record() -> None:
    energy = np.arange(0.0, 1200.0, 1.0)
    counts = 900.0 + 5000.0 * np.exp(-0.5 * (energy - 285.0) ** 2)
    result = analyze(build([Spectrum("Survey", energy, counts)], source="s"))
    assert documents(result) == {}
    assert results.rows_of(result) == []
