"""Ratios of elements: known answers with a given factor, and what a calculated one may claim."""

import numpy as np
import pytest
from eds_sections import line_spectrum, section, write_spd

from interlayer.core.errors import SettingError
from interlayer.core.results import rows_of, tables
from interlayer.core.summary import Row
from interlayer.eds import analyze, read
from interlayer.eds.composition import calculated
from interlayer.eds.lines import best_family
from interlayer.eds.local import local_fit
from interlayer.eds.readers.dataset import spectrum

ENERGY = np.linspace(0.0, 3990.0, 400)


def ratios(
    lines: dict[float, float], seed: int = 1, kilovolts: float = 5.0, **settings: object
) -> dict[str, Row]:
    """Return the ratios of a simulated spectrum of lines (eV: counts) over a falling continuum."""
    mean = line_spectrum(tuple(lines), np.array(list(lines.values())), ENERGY)
    counts = np.random.default_rng(seed).poisson(mean + 40 * np.exp(-ENERGY / 900))
    raw = spectrum(counts, 10.0, 0.0, {"beam_voltage": kilovolts, "detector_resolution": 130.0})
    return {row.subject: row for row in rows_of(analyze(raw, **settings)) if row.quantity == "atomic_ratio"}


def test_given_factor() -> None:
    """C_N/C_O = k I_N/I_O by mass, therefore n_N/n_O = k I_N/I_O · 15.999/14.007."""
    truth = 1.9 * 0.5 * 15.999 / 14.007
    inside = 0
    for seed in range(12):
        found = ratios({277.0: 4e4, 392.4: 1e4, 524.9: 2e4}, seed, k_factor=["N/O=1.9 ± 0.0001"])["N/O"]
        inside += found.low < truth < found.high
        assert found.value == pytest.approx(truth, rel=0.1)
        assert (found.high - found.low) / found.value < 0.2
    assert inside >= 10


@pytest.mark.parametrize("stated", [135.0, 128.0])
def test_nitrogen_beside_twenty_times_as_much_carbon(stated: float) -> None:
    """The local fit is unbiased and its error true, even where the file states a wrong resolution."""
    family = best_family("N", 4000.0)
    assert family is not None
    lines = {277.0: 4e5, 392.4: 2e4, 524.9: 1e5}
    mean = line_spectrum(tuple(lines), np.array(list(lines.values())), ENERGY, 135.0)
    mean = mean + 400 * np.exp(-ENERGY / 900)
    rng = np.random.default_rng(6)
    pulls, values = [], []
    for _ in range(12):
        fit = local_fit(rng.poisson(mean).astype(float), ENERGY, family, ["C", "N", "O"], stated)
        values.append(fit.amplitudes[0] / 2e4)
        pulls.append((fit.amplitudes[0] - 2e4) / np.sqrt(fit.covariance[0, 0]))
        assert fit.resolution == pytest.approx(135.0, abs=2.0)
    assert abs(np.mean(values) - 1) < 0.02
    assert np.sqrt(np.mean(np.square(pulls))) < 1.8


def test_uncertainty_of_a_given_factor_enters() -> None:
    lines = {392.4: 1e6, 524.9: 2e6}
    widths = []
    for text in ("N/O=1.9±0.19", "N/O=1.9 +- 0.38"):
        found = ratios(lines, k_factor=text)["N/O"]
        widths.append(np.log(found.high / found.low) / 3.92)
    assert widths[0] == pytest.approx(0.1, rel=0.05) and widths[1] == pytest.approx(0.2, rel=0.05)


def test_calculated_factor_declares_what_it_is_worth() -> None:
    found = ratios({277.0: 4e5, 392.4: 1e5, 524.9: 2e5})
    assert set(found) == {"N/C", "O/C"}
    for row in found.values():
        assert "semi-quantitative" in row.note and "light element" in row.note
        assert row.high / row.low > 4


def test_calculated_factors_follow_known_ones() -> None:
    """Cliff and Lorimer, J. Microsc. 103 (1975) 203, 100 kV, relative to Si: within twice the stated 28 %."""
    measured = {"S": 1.07, "Ca": 1.0, "Ti": 1.08, "Cr": 1.17, "Mn": 1.22, "Fe": 1.27, "Ni": 1.47, "Cu": 1.58}
    pulls = []
    for element, value in measured.items():
        factor = calculated(element, "Si", 100.0)
        assert factor is not None
        pulls.append(np.log(factor.value / value) / factor.relative)
    assert max(abs(pull) for pull in pulls) < 2


def test_a_line_that_the_beam_hardly_excites_gives_no_factor() -> None:
    assert calculated("Fe", "O", 8.0) is None
    assert calculated("Fe", "O", 15.0) is not None
    assert ratios({524.9: 1e5, 392.4: 1e5}, kilovolts=0.0) == {}


@pytest.mark.parametrize("text", ["N/O", "N=1.2", "N/N=1", "Xx/O=1", "N/O=-1", "N/O=0", "N/O=1 ± x"])
def test_factors_that_are_none(text: str) -> None:
    with pytest.raises(SettingError):
        ratios({392.4: 1e4, 524.9: 1e4}, k_factor=[text])


def test_layer_and_whole_differ(tmp_path: object) -> None:
    """N only in the layer, O everywhere: inside N/O is the plateau's ratio, over the whole map far less."""
    rng = np.random.default_rng(3)
    n = section(rng, shape=(60, 64), step=40.0, levels=(0.0, 4.0, 0.0), blur=(60.0, 60.0))
    amounts = np.stack([n, np.full_like(n, 2.0)], axis=-1)
    spectra = line_spectrum((392.4, 524.9), amounts, ENERGY) + 0.02 * np.exp(-ENERGY / 900)
    counts = rng.poisson(spectra).astype(np.uint8)
    path = write_spd(tmp_path, counts, step_um=0.04, header_ev=10, kilovolts=4.0)  # type: ignore[arg-type]
    result = analyze(read(path), element="N", k_factor="N/O=1 ± 0.0001")
    rows = {row.subject: row for row in rows_of(result) if row.quantity == "atomic_ratio"}
    mass = 15.999 / 14.007
    assert rows["N/O in the N layer"].value == pytest.approx(2.0 * mass, rel=0.05)
    assert rows["N/O"].value == pytest.approx(n.mean() / 2 * mass, rel=0.05)
    assert {record["where"] for record in tables(result)["composition"]} == {"whole", "N layer"}
