"""The CasaXPS fit inside FeO_analyzed.vms against CasaXPS's own export of it."""

from pathlib import Path

import numpy as np
import pytest

from interlayer.core.errors import AnalysisError, ReadError
from interlayer.xps import analyze, casa_fit, read
from interlayer.xps.fit import fit
from interlayer.xps.readers import casa


@pytest.fixture(scope="module")
def exported(real: Path) -> np.ndarray:
    """Return energy, rate, four components above the background, background: counts/s, ascending."""
    lines = (real / "xps" / "FeO_analyzed_lineshapes_cols.txt").read_text(encoding="latin-1").splitlines()
    at = next(i for i, text in enumerate(lines) if text.startswith("K.E."))
    table = np.array(
        [[float(c) for c in text.split("\t")[9:17]] for text in lines[at + 1 :] if text.count("\t") > 15]
    )
    table = table[np.argsort(table[:, 0])]
    return np.column_stack([table[:, :2], table[:, 2:6] - table[:, 6:7], table[:, 6]])


@pytest.fixture(scope="module")
def region(real: Path) -> tuple[str, float, np.ndarray, np.ndarray, float]:
    raw = read(real / "xps" / "FeO_analyzed.vms")
    name = next(str(each) for each in raw.data_vars if "casa" in raw[each].attrs)
    one = raw[name]
    time = float(one.attrs.get("dwell_time", 1.0)) * float(one.attrs.get("scans", 1.0))
    energy = raw[name.rpartition("_")[0] + "_binding_energy"].values
    return str(one.attrs["casa"]), float(one.attrs["source_energy"]), energy, one.values, time


Region = tuple[str, float, np.ndarray, np.ndarray, float]


def test_components_are_drawn_as_casaxps_draws_them(exported: np.ndarray, region: Region) -> None:
    text, source, energy, counts, time = region
    drawn = casa_fit.render(text, source, energy, counts / time)
    assert not drawn.notes
    inside = (exported[:, 0] >= drawn.energy[0] - 1e-3) & (exported[:, 0] <= drawn.energy[-1] + 1e-3)
    theirs = exported[inside]
    assert np.allclose(theirs[:, 0], drawn.energy, atol=1e-3)
    for ours, curve in zip(drawn.components, theirs[:, 2:6].T, strict=True):
        assert np.trapezoid(ours, drawn.energy) == pytest.approx(np.trapezoid(curve, drawn.energy), rel=5e-3)
        assert _top(drawn.energy, ours) == pytest.approx(_top(drawn.energy, curve), abs=0.02)
        assert np.max(np.abs(ours - curve)) < 5e-3 * curve.max()
    assert drawn.background is not None
    assert np.max(np.abs(drawn.background - theirs[:, 6])) < 1e-3 * theirs[:, 6].max()


def _top(x: np.ndarray, y: np.ndarray) -> float:
    """Return the maximum's position by a parabola through the points above 95 %."""
    high = y > 0.95 * y.max()
    a, b, _ = np.polyfit(x[high] - x[high].mean(), y[high], 2)
    return float(x[high].mean() - b / (2 * a))


def test_stated_positions_and_areas(region: Region) -> None:
    """The set of the .vms itself (another one than FeO_analyzed_results.csv)."""
    _, components = casa.fit(region[0], region[1])
    stated = [(709.05, 3.858, 63507), (716.00, 8.000, 35837), (722.13, 4.873, 49042), (729.89, 7.830, 17705)]
    for each, (position, fwhm, area) in zip(components, stated, strict=True):
        assert each.position == pytest.approx(position, abs=0.006)
        assert each.fwhm == pytest.approx(fwhm, abs=1e-3)
        assert each.area == pytest.approx(area, rel=1e-4)


def test_the_fit_of_casaxps_is_a_start(region: Region) -> None:
    text, source, energy, counts, time = region
    joint = casa_fit.start(text, source, energy, counts, time)
    before = joint.start()
    found = fit(joint)
    assert found.solution.converged
    assert np.isfinite(np.diag(found.covariance)).all()
    model = found.solution.normal.model[0]
    assert np.sqrt(np.mean((joint.regions[0].values - model) ** 2)) < 0.02 * np.ptp(model)
    # the main line is where CasaXPS has it
    index = next(i for i, p in enumerate(joint.parameters) if p.name.startswith("position:1 "))
    assert abs(found.theta[index] - before[index]) < 1.5


def test_unknown_shapes_are_said() -> None:
    comp = (
        "CASA comp (*a*) (*H(0.2,10)GL(30)*) Area 100 0 1000 -1 1 MFWHM 1.2 0.2 4 -1 1 "
        "Position 1200 1190 1210 -1 1 RSF 1 MASS 1 INDEX 0 (*a*)"
    )
    x = np.linspace(280.0, 292.0, 121)
    drawn = casa_fit.render(comp, 1486.6, x, np.ones_like(x))
    assert "H(0.2,10)GL(30)" in drawn.notes[0]
    with pytest.raises(ReadError):
        casa_fit.render("CASA comp (*a*) nonsense", 1486.6, x, x)


def test_casa_as_template(real: Path) -> None:
    result = analyze(read(real / "xps" / "FeO_analyzed.vms"), template="casa", charge_reference="none")
    node = result["fe2p"].to_dataset()
    assert node.sizes["component"] == 4
    assert node.attrs["line_shape"] == "la"
    with pytest.raises(AnalysisError, match="no CasaXPS fit"):
        analyze(read(real / "xps" / "0-150W.vms"), template="casa")
