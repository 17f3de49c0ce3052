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
        np.testing.assert_allclose(jacobian[0, :, k], slope, atol=1e-4 * np.abs(slope).max())


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


def test_documented_fit_of_impedance_py(real: Path) -> None:
    """The printed digits are a stop of the other program's optimiser; ours must not be worse anywhere."""
    from scipy.optimize import curve_fit

    raw = read(real / "electrochem" / "impedance.py" / "exampleData.csv")
    f, z = raw["frequency"].values, raw["z_re"].values + 1j * raw["z_im"].values
    f, z = f[z.imag < 0], z[z.imag < 0]
    circuit = parse("R0-p(R1,C1)-p(R2-Wo1,C2)")

    def parts(_: object, *p: float) -> np.ndarray:
        model = circuit.impedance(np.array(p), f)
        return np.hstack([model.real, model.imag])

    stop, covariance = curve_fit(
        parts,
        f,
        np.hstack([z.real, z.imag]),
        p0=[0.01, 0.01, 100, 0.01, 0.05, 100, 1],
        bounds=(0, np.inf),
        maxfev=10**5,
    )
    np.testing.assert_allclose(stop, [1.65e-2, 8.68e-3, 3.32, 5.39e-3, 6.31e-2, 233, 0.220], rtol=3e-3)
    np.testing.assert_allclose(
        np.sqrt(np.diag(covariance)), [1.54e-4, 1.91e-4, 0.190, 2.06e-4, 1.94e-3, 16.2, 0.0175], rtol=6e-3
    )
    ours = fit(circuit, f, z[None, :], start=np.array(stop), exponent=0.0, iterations=300)
    assert ours.chi_square[0] < np.sum(np.abs(circuit.impedance(stop, f) - z) ** 2)


def test_kramers_kronig() -> None:
    circuit = parse(FULL)
    clean = circuit.impedance(TRUE, F)
    p = [kk.test(F, _noisy(clean, noise, k)).p_value for k, noise in enumerate([0.001, 0.003, 0.005] * 20)]
    assert np.mean(np.array(p) < kk.ALARM) <= 0.05
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
