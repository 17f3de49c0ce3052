"""Overlapping lines: the right one gets the name, or the data are said not to tell."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core import results
from interlayer.core.summary import Row
from interlayer.xps import analyze
from interlayer.xps.spectra import Spectrum, build

#: areas as Scofield's factors and λ ∝ KE^0.75 ask for
LINES = {
    "C 1s": (280.0, {284.8: 2500.0, 289.7: 6000.0}),
    "O 1s": (524.0, {531.45: 44400.0, 528.7: 12400.0}),
    "Li 1s": (48.0, {53.8: 650.0, 54.7: 600.0, 55.2: 780.0}),
}


def line(x: np.ndarray, at: float, area: float) -> np.ndarray:
    t = (x - at) / 1.2
    gauss = np.exp(-4.0 * np.log(2.0) * t**2) * 2.0 * np.sqrt(np.log(2.0) / np.pi)
    return area / 1.2 * (0.2 * 2.0 / np.pi / (1.0 + 4.0 * t**2) + 0.8 * gauss)


def spectra(
    seed: int, levels: tuple[str, ...] = tuple(LINES), more: dict[str, dict[float, float]] | None = None
) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    made = []
    for level in levels:
        low, lines = LINES[level]
        energy = np.round(low + 0.1 * np.arange(140), 3)
        here = {**lines, **(more or {}).get(level, {})}
        mean = 600.0 + sum(line(energy, at, area) for at, area in here.items())
        made.append(Spectrum(level, energy, rng.poisson(mean).astype(float)))
    return build(made, source="lithium")


def energies(result: xr.DataTree) -> dict[str, Row]:
    return {row.subject: row for row in results.rows_of(result) if row.quantity == "binding_energy"}


def test_separations_tell_overlapping_lithium_lines_apart() -> None:
    held = []
    for seed in range(8):
        found = energies(analyze(spectra(seed), template="bare"))
        assert not any("unassigned" in name for name in found)
        for name, at in (("Li2O", 53.8), ("Li metal", 54.7), ("Li2CO3", 55.2)):
            row = found[f"Li 1s/{name}"]
            held.append(row.low <= at <= row.high)
    assert np.mean(held) >= 0.9


def test_a_fit_that_exchanged_two_lines_finds_back() -> None:
    """From a start with both lines in each other's place; the template's expectations tell which is which."""
    from interlayer.xps import exchange
    from interlayer.xps.build import Options, joint, peaks
    from interlayer.xps.chemistry import Line, Template
    from interlayer.xps.fit import fit
    from interlayer.xps.model.region import Region

    lines = tuple(
        Line(f"Li 1s/{name}", at, 0.25, np.nan, np.nan, "test") for name, at in (("a", 54.6), ("b", 55.4))
    )
    energy = np.round(48.0 + 0.1 * np.arange(140), 3)
    mean = 600.0 + line(energy, 54.5, 3000.0) + line(energy, 55.5, 2000.0)
    counts = np.random.default_rng(2).poisson(mean).astype(float)
    region = Region("li1s", energy, counts, peaks(lines), level="Li 1s")
    model = joint([region], {"li1s": lines}, Template("", "", lines, {}), Options(None, shape_known=True))
    places = [model.index("energy:Li 1s/a"), model.index("energy:Li 1s/b")]
    start = model.start()
    start[places] = 55.5, 54.5
    wrong = fit(model, start)
    assert wrong.theta[places[0]] > wrong.theta[places[1]]
    found = exchange.settled(wrong)
    assert found.theta[places] == pytest.approx([54.5, 55.5], abs=0.1)
    assert found.cost < wrong.cost


def test_a_line_that_the_template_lacks_is_unassigned() -> None:
    result = analyze(spectra(3, more={"Li 1s": {58.3: 500.0}}), template="bare")
    row = energies(result)["Li 1s/unassigned 1"]
    assert row.low < 58.3 < row.high
    area = next(
        row
        for row in results.rows_of(result)
        if (row.quantity, row.subject) == ("area", "Li 1s/unassigned 1")
    )
    assert area.low < 500.0 < area.high
    assert any("58.3" in text and "none of the template's" in text for text in results.warnings_of(result))


def test_what_the_data_leave_open_is_said(tmp_path: Path) -> None:
    """Two names that may each stand at either place: no spectrum can tell."""
    own = tmp_path / "open.toml"
    own.write_text(
        'lines = ["Li 1s/Li2O", "Li 1s/a", "Li 1s/b"]\n[line]\n'
        '"Li 1s/a" = { energy = 54.8, tolerance = 0.4 }\n"Li 1s/b" = { energy = 55.1, tolerance = 0.4 }\n'
    )
    result = analyze(spectra(1, ("Li 1s",)), template=str(own), charge_reference="none")
    assert "could as well lie" in str(result.attrs["warnings"])


@pytest.mark.parametrize("template", ["study-cycled", "study-activated"])
def test_energies_of_a_template_are_not_held_to_published_separations(template: str) -> None:
    from interlayer.xps import chemistry
    from interlayer.xps.build import Options, joint
    from interlayer.xps.model.region import Region

    chosen = chemistry.template(template)
    energy = {"F 1s": 685.0, "Li 1s": 57.0}
    regions = [
        Region(name, np.linspace(at - 8, at + 8, 50), np.ones(50), (), level=name)
        for name, at in energy.items()
    ]
    model = joint(regions, {name: chosen.of_level(name) for name in energy}, chosen, Options(None))
    assert not model.ties
