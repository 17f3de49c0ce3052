"""A series of measurements, asymmetric lines, other factors."""

import numpy as np
import pytest
import xarray as xr

from interlayer.core import results
from interlayer.core.figure import Line
from interlayer.xps import analyze
from interlayer.xps.model.shapes import line
from interlayer.xps.plots import figures
from interlayer.xps.spectra import Spectrum, build

_X = np.round(278.0 + 0.1 * np.arange(200), 3)


def measurement(tfsi: float, seed: int) -> xr.Dataset:
    """Return C 1s and F 1s with the share ``tfsi`` of fluorine in TFSI, the rest in LiF."""
    rng = np.random.default_rng(seed)
    fluorine = np.round(678.0 + 0.1 * np.arange(160), 3)
    carbon = 900.0 + 6000.0 * line("voigt", _X, 284.8, 1.3, np.array([0.3]))
    salt = line("voigt", fluorine, 688.8, 1.5, np.array([0.3]))
    fluoride = line("voigt", fluorine, 685.1, 1.5, np.array([0.3]))
    mean = 2000.0 + 20_000.0 * (tfsi * salt + (1.0 - tfsi) * fluoride)
    return build(
        [
            Spectrum("C 1s", _X, rng.poisson(carbon).astype(float)),
            Spectrum("F 1s", fluorine, rng.poisson(mean).astype(float)),
        ],
        source=f"scan {seed}",
    )


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("template") / "salt.toml"
    path.write_text('lines = ["C 1s/C-C", "F 1s/LiF", "F 1s/TFSI"]\n', encoding="utf-8")
    return str(path)


def test_beam_damage_is_said(own: str) -> None:
    shares = (0.8, 0.7, 0.6)
    result = analyze([measurement(share, i) for i, share in enumerate(shares)], template=own)
    said = [text for text in results.warnings_of(result) if "first" in text and "last" in text]
    assert any(text.startswith("F 1s/TFSI") and "80" in text for text in said)
    table = result["series"].to_dataset()
    assert set(table["measurement"].values) == {1.0, 2.0, 3.0}
    assert "xps_series" in [figure.name for figure in figures(result)]


def test_repeated_scans_that_agree_are_not_flagged(own: str) -> None:
    result = analyze([measurement(0.8, 10 + i) for i in range(3)], template=own)
    assert not [text for text in results.warnings_of(result) if "last measurement" in text]


def asymmetric(seed: int = 4) -> xr.Dataset:
    x = np.round(280.0 + 0.1 * np.arange(160), 3)
    mean = 500.0 + 40_000.0 * line("doniach-sunjic", x, 284.4, 0.9, np.array([0.5, 0.12]))
    counts = np.random.default_rng(seed).poisson(mean).astype(float)
    return build([Spectrum("C 1s", x, counts)], source="graphite")


def test_asymmetric_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A graphite-like line: flagged with symmetric lines, described by Doniach and Šunjić's."""
    path = tmp_path_factory.mktemp("t") / "one.toml"
    path.write_text('lines = ["C 1s/C-C"]\n', encoding="utf-8")
    settings = {"template": str(path), "charge_reference": "none"}
    symmetric = analyze(asymmetric(), **settings)
    assert any("does not describe" in text for text in results.warnings_of(symmetric))
    result = analyze(asymmetric(), line_shape="doniach-sunjic", **settings)
    assert not any("does not describe" in text for text in results.warnings_of(result))
    rows = {(row.quantity, row.subject): row for row in results.rows_of(result)}
    area = rows[("area", "C 1s/C-C")]
    assert area.low < 40_000.0 < area.high
    assert rows[("binding_energy", "C 1s/C-C")].value == pytest.approx(284.4, abs=0.03)
    attrs = result["c1s"].attrs
    assert attrs["asymmetry_alpha"] == pytest.approx(0.12, abs=0.03)


def test_factors_of_ones_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("factors")
    lines = 'lines = ["C 1s/C-C", "F 1s/LiF", "F 1s/TFSI"]\n'
    (folder / "a.toml").write_text(lines, encoding="utf-8")
    (folder / "b.toml").write_text(
        lines + '[factor]\n"F 1s" = { value = 8.86, uncertainty = 0.02 }\n', encoding="utf-8"
    )
    raw = measurement(0.5, 1)
    found = []
    for name in ("a.toml", "b.toml"):
        rows = results.rows_of(analyze(raw, template=str(folder / name)))
        found.append({row.subject: row for row in rows if row.quantity == "atomic_fraction"})
    ratios = [each["F"].value / each["C"].value for each in found]
    assert ratios[0] / ratios[1] == pytest.approx(2.0, rel=1e-3)
    assert found[1]["F"].stddev / found[1]["F"].value < found[0]["F"].stddev / found[0]["F"].value


def test_attenuation_of_a_material() -> None:
    rows = results.rows_of(analyze(measurement(0.5, 1), template="cycled", attenuation="LiF"))
    fluorine = next(row for row in rows if row.quantity == "atomic_fraction" and row.subject == "F")
    assert "TPP-2M" in fluorine.method


@pytest.mark.parametrize(
    ("attrs", "title", "unit", "at"),
    [
        (
            [{"sputter_time": 0.0}, {"sputter_time": 30.0}, {"sputter_time": 90.0}],
            "sputter time",
            "s",
            [0, 30, 90],
        ),
        ([{"depth": 1.0, "sputter_time": 9.0}, {"depth": 2.0}, {"depth": 5.0}], "depth", "nm", [1, 2, 5]),
        (
            [{"date": f"2026-01-01T10:{minute:02d}:30"} for minute in (5, 15, 45)],
            "time",
            "min",
            [0, 10, 40],
        ),
        ([{"sputter_time": 0.0}, {}, {"sputter_time": 90.0}], "", "", None),
        ([{"date": "2026-01-01"}] * 3, "", "", None),
        ([{"date": "yesterday"}, {"date": "today"}, {}], "", "", None),
    ],
)
def test_series_over_depth_or_time(
    own: str, attrs: list[dict[str, float | str]], title: str, unit: str, at: list[float] | None
) -> None:
    raws = []
    for i, each in enumerate(attrs):
        raw = measurement((0.8, 0.7, 0.6)[i], i)
        for array in raw.data_vars.values():
            array.attrs |= each
        raws.append(raw)
    result = analyze(raws, template=own)
    table = result["series"].to_dataset()
    (figure,) = (each for each in figures(result) if each.name == "xps_series")
    label = figure.panels[0].xlabel
    if at is None:
        assert "position" not in table
        assert label == "measurement"
        return
    assert label == f"{title} / {unit}"
    found = dict(zip(table["measurement"].values, table["position"].values, strict=True))
    assert [found[number] for number in (1.0, 2.0, 3.0)] == pytest.approx(at)
    (line,) = (mark for mark in figure.panels[0].marks if isinstance(mark, Line) and mark.label == "F")
    assert list(np.asarray(line.x)) == pytest.approx(at)
    said = [text for text in results.warnings_of(result) if "last measurement" in text]
    assert bool(said) == (title == "time")  # what was sputtered away is no damage
