"""Circuits, fits, the Kramers–Kronig test and the analysis of spectra."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from interlayer.core.errors import SettingError
from interlayer.core.results import rows_of, warnings_of
from interlayer.electrochem import analyze, read
from interlayer.electrochem.model import kk
from interlayer.electrochem.model.circuit import parse
from interlayer.electrochem.model.fit import fit
from interlayer.electrochem.readers import tidy

F = np.logspace(5, -1, 61)
TRUE = np.array([67.0, 118.0, 2e-6, 0.88, 86.0, 4e-4, 0.85, 4.0])
FULL = "R0-p(R1,CPE1)-p(R2,CPE2)-W"


def _noisy(z: np.ndarray, noise: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return z * (1 + noise * (rng.standard_normal(z.shape) + 1j * rng.standard_normal(z.shape)))


def _dataset(*spectra: np.ndarray) -> xr.Dataset:
    return tidy.impedance(np.tile(F, len(spectra)), np.concatenate(spectra))


@pytest.mark.parametrize(
    "text",
    ["R0-", "p(R1)", "R0-p(R1,CPE1", "X1", "R1-R1", "__import__('os')", "p(" * 50, "", "R0--R1", "R" * 500],
)
def test_grammar_refuses(text: str) -> None:
    with pytest.raises(SettingError):
        parse(text)


@given(st.text(max_size=30))
def test_grammar_raises_one_error_only(text: str) -> None:
    with contextlib.suppress(SettingError):
        parse(text)


@pytest.mark.parametrize("text", [FULL, "L0-R0-p(R1,C1)-Wo1", "R0-p(R1-Ws1,C1)-G1", "p(R1-p(R2,CPE2),C1)"])
def test_derivatives(text: str) -> None:
    circuit = parse(text)
    rng = np.random.default_rng(3)
    outer = np.where(circuit.log, 10 ** rng.uniform(-3, 1, len(circuit.names)), 0.8)
    x, omega = circuit.inner(outer)[None, :], 2 * np.pi * F[None, :]
    z, jacobian = circuit.evaluate(x, omega)
    for k in range(x.shape[1]):
        moved = x.copy()
        moved[0, k] += 1e-6
        slope = (circuit.evaluate(moved, omega)[0] - z)[0] / 1e-6
        np.testing.assert_allclose(jacobian[0, k, :], slope, atol=1e-4 * np.abs(slope).max())


@settings(max_examples=15, deadline=None)
@given(st.floats(10, 300), st.floats(30, 300), st.floats(0.75, 1.0), st.integers(0, 1000))
def test_one_arc_is_found_from_nothing(r0: float, r1: float, n: float, seed: int) -> None:
    circuit = parse("R0-p(R1,CPE1)")
    z = circuit.impedance(np.array([r0, r1, 1e-5, n]), F)
    found = fit(circuit, F, _noisy(z, 1e-3, seed)[None, :])
    np.testing.assert_allclose(found.values[0, :2], [r0, r1], rtol=0.02)


def test_arcs_are_ordered_by_time_constant() -> None:
    circuit = parse(FULL)
    z = _noisy(circuit.impedance(TRUE, F), 2e-3, 1)
    swapped = TRUE[[0, 4, 5, 6, 1, 2, 3, 7]]
    for start in (None, TRUE, swapped):
        found = fit(circuit, F, z[None, :], start=start)
        np.testing.assert_allclose(found.values[0, [0, 1, 4]], TRUE[[0, 1, 4]], rtol=0.05)


EXAMPLE = "R0-p(R1,C1)-p(R2-Wo1,C2)"


def test_documented_fit_of_impedance_py(real: Path) -> None:
    """Its documented start values and equal weights give its printed digits (Wo1 within its early stop)."""
    raw = read(real / "electrochem" / "impedance.py" / "exampleData.csv")
    raw = raw.isel(point=np.flatnonzero(raw["z_im"].values < 0))
    start = "R0=0.01, R1=0.01, C1=100, R2=0.01, Wo1_R=0.05, Wo1_tau=100, C2=1"
    result = analyze(raw, circuit=EXAMPLE, weighting="unit", start=start)
    table = result["sweeps"].to_dataset()
    printed = {
        "R0": ("1.65e-02", "1.54e-04"),
        "R1": ("8.68e-03", "1.91e-04"),
        "R2": ("5.39e-03", "2.06e-04"),
        "C2": ("2.20e-01", "1.75e-02"),
    }
    for name, (value, stddev) in printed.items():
        assert f"{float(table[name][0]):.2e}" == value
        assert f"{float(table[f'{name}_stddev'][0]):.2e}" == stddev
    assert float(table["C1"][0]) == pytest.approx(3.32, abs=5e-3)
    assert float(table["Wo1_R"][0]) == pytest.approx(6.31e-2, rel=0.015)
    assert float(table["Wo1_tau"][0]) == pytest.approx(233, rel=0.03)
    assert any("28 % smaller sum of squares" in text for text in warnings_of(result))


@pytest.mark.parametrize("start", ["R0=1", "R0=1, R1=x, C1=1", "R0=1, R1=2, C1=3, R9=1", "R0=-1, R1=1, C1=1"])
def test_start_values_are_checked(start: str) -> None:
    z = parse("R0-p(R1,C1)").impedance(np.array([10, 50, 1e-5]), F)
    with pytest.raises(SettingError, match="R0, R1, C1"):
        analyze(_dataset(z), circuit="R0-p(R1,C1)", start=start)


def test_circuit_of_boukamp() -> None:
    """R(RC)(RW), J. Electrochem. Soc. 142 (1995) 1885; Y0 = 1/(sigma sqrt 2)."""
    jw = 2j * np.pi * F
    z = 100 + 1 / (1 / 200 + 0.8e-6 * jw) + 1 / (1 / 500 + 4e-4 * np.sqrt(jw))
    table = analyze(_dataset(z), circuit="R0-p(R1,C1)-p(R2,W1)")["sweeps"].to_dataset()
    found = [float(table[name][0]) for name in ("R0", "R1", "C1", "R2", "W1_sigma")]
    np.testing.assert_allclose(found, [100, 200, 0.8e-6, 500, 1 / (4e-4 * np.sqrt(2))], rtol=1e-6)


def test_a_bad_start_does_not_end_in_another_valley() -> None:
    circuit = parse(FULL)
    z = _noisy(circuit.impedance(TRUE, F), 2e-3, 3)
    far = TRUE * np.array([1, 0.05, 1, 1, 20, 100, 1, 0.01])
    found = fit(circuit, F, z[None, :], start=far)
    np.testing.assert_allclose(found.values[0, [0, 1, 4]], TRUE[[0, 1, 4]], rtol=0.1)


def test_intervals_hold_where_an_exponent_ends_at_its_bound() -> None:
    """A true capacitor fitted as a CPE: n ends at 1 half of the time, and R must still be covered."""
    circuit = parse("R0-p(R1,CPE1)-W")
    truth = np.array([20.0, 50.0, 2e-5, 1.0, 10.0])
    z = np.array([_noisy(circuit.impedance(truth, F), 0.02, seed) for seed in range(300)])
    found = fit(circuit, F, z, start=truth)
    inside = np.abs(found.x - circuit.inner(truth)) < 1.98 * found.stddev
    assert (inside[:, [0, 1, 2, 4]].mean(axis=0) > 0.9).all()


@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize(("slow", "n"), [(1e-1, 0.9), (1e-2, 0.8)])
def test_two_relaxations_of_the_distribution(noise: float, slow: float, n: float) -> None:
    f = np.logspace(5, -2, 71)
    jw = 2j * np.pi * f
    z = _noisy(10 + 230 / (1 + (jw * slow / 100) ** n) + 100 / (1 + (jw * slow) ** n), noise, 1)
    result = analyze(tidy.impedance(f, z), circuit="R0-p(R1,CPE1)-p(R2,CPE2)")
    table = result["relaxations"].to_dataset()
    np.testing.assert_allclose(table["resistance"], [230, 100], rtol=5e-3)
    np.testing.assert_allclose(table["time_constant"], [slow / 100, slow], rtol=0.02)
    assert [str(text) for text in table["verdict"].values] == ["resolved", "resolved"]
    tau, gamma = (result["drt"].to_dataset()[name].values for name in ("time_constant", "gamma"))
    area = np.trapezoid(gamma, np.log(tau))
    assert area == pytest.approx(330, rel=0.02)


def test_candidates_are_listed_with_the_chosen_one() -> None:
    z = _noisy(parse("R0-p(R1,CPE1)-W").impedance(np.array([10, 50, 1e-5, 0.9, 5.0]), F), 3e-3, 4)
    result = analyze(_dataset(z))
    table = result["candidates"].to_dataset()
    chosen = str(table["circuit"].values[table["chosen"].values == 1][0])
    assert chosen == result["trace"].attrs["circuit"] == "R0-p(R1,CPE1)-W"
    assert float(table["bic_difference"].values[table["chosen"].values == 1][0]) == 0


def test_trend_of_a_series() -> None:
    circuit = parse("R0-p(R1,CPE1)")
    spectra = [_noisy(circuit.impedance(np.array([10, 50 + 2 * k, 1e-5, 0.9]), F), 2e-3, k) for k in range(8)]
    table = analyze(_dataset(*spectra), circuit="R0-p(R1,CPE1)")["trends"].to_dataset()
    row = [str(name) for name in table["name"].values].index("R1")
    assert float(table["slope_low"][row]) <= 2 <= float(table["slope_high"][row])
    assert float(table["p_value"][row]) < 1e-6


def test_kramers_kronig() -> None:
    circuit = parse(FULL)
    clean = circuit.impedance(TRUE, F)
    p = [kk.test(F, _noisy(clean, noise, k)).p_value for k, noise in enumerate([0.001, 0.003, 0.005] * 20)]
    assert np.mean(np.array(p) < kk.ALARM) <= 0.05
    rng = np.random.default_rng(1)
    equal = [
        clean + 0.3 * (rng.standard_normal(F.size) + 1j * rng.standard_normal(F.size)) for _ in range(40)
    ]
    assert np.mean([kk.test(F, z).p_value < kk.ALARM for z in equal]) <= 0.05
    drift = np.linspace(0, 1, F.size) ** 3
    drifting = np.array(
        [
            circuit.impedance(TRUE * np.where(circuit.log, 1 + 0.2 * d, 1.0), F[k : k + 1])[0]
            for k, d in enumerate(drift)
        ]
    )
    assert kk.test(F, _noisy(drifting, 0.001, 1)).p_value < kk.ALARM


def test_zarc_of_drttools(real: Path) -> None:
    result = analyze(read(real / "electrochem" / "drt" / "1ZARC.csv"))
    assert result["trace"].attrs["circuit"] == "R0-p(R1,CPE1)"
    rows = {row.subject: row for row in rows_of(result)}
    assert rows["R0"].low <= 10 <= rows["R0"].high
    assert rows["R1"].low <= 50 <= rows["R1"].high


def test_series_names_and_area() -> None:
    circuit = parse(FULL)
    later = TRUE * np.array([1, 1.1, 1, 1, 1.2, 1, 1, 1])
    raw = _dataset(_noisy(circuit.impedance(TRUE, F), 2e-3, 1), _noisy(circuit.impedance(later, F), 2e-3, 2))
    rows = {
        (row.quantity, row.subject): row
        for row in rows_of(analyze(raw, circuit=FULL, area="1.131 cm2", symmetric=True))
    }
    assert rows["resistance", "R1 first"].low <= 118 <= rows["resistance", "R1 first"].high
    assert rows["resistance", "R2 last"].low <= 86 * 1.2 <= rows["resistance", "R2 last"].high
    per_electrode = rows["area_specific_resistance", "R1 first"]
    assert per_electrode.value == pytest.approx(rows["resistance", "R1 first"].value * 1.131 / 2)
    without = {row.quantity for row in rows_of(analyze(raw, circuit=FULL, area=0.001))}
    assert "area_specific_resistance" not in without


def test_an_element_that_is_not_there_is_not_resolved() -> None:
    z = _noisy(parse("R0-p(R1,CPE1)").impedance(np.array([10, 50, 1e-5, 0.9]), F), 3e-3, 4)
    rows = rows_of(analyze(_dataset(z), circuit=FULL))
    assert any(row.status == "not resolved" for row in rows)


def test_every_sweep_of_a_real_file(real: Path) -> None:
    result = analyze(read(real / "electrochem" / "biologic" / "geis.mpr"), circuit="R0-p(R1,CPE1)-CPE2")
    assert result["sweeps"].sizes["row"] == 61
    assert any("Kramers-Kronig" in text for text in warnings_of(result))
