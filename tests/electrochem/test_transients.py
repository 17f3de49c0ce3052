"""CV, GITT and the Bruce–Vincent experiment."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.core.results import rows_of, warnings_of
from interlayer.electrochem import analyze, read
from interlayer.electrochem.model.circuit import parse
from interlayer.electrochem.readers import tidy

F = np.logspace(5, -1, 61)


def polarisation(
    i0: float, i_s: float, *, hours: float = 8.0, start: float = 5e-4, tau: float = 900.0, seed: int = 1
) -> xr.Dataset:
    """Return 10 mV applied at 10 s: a capacitive spike, then a relaxation to the steady current."""
    rng = np.random.default_rng(seed)
    t = np.concatenate(
        [np.linspace(0, 9.9, 100), 10 + np.logspace(np.log10(start), np.log10(hours * 3600), 3000)]
    )
    after = np.maximum(t - 10, 1e-9)
    i = i_s + (i0 - i_s) * np.exp(-np.sqrt(after / tau)) + 2 * i0 * np.exp(-after / 2e-3)
    current = np.where(t < 10, 0.0, i) + 1e-9 * rng.standard_normal(t.size)
    voltage = np.where(t < 10, 0.0, 0.01) + 1e-6 * rng.standard_normal(t.size)
    return tidy.dataset({"time": t, "voltage": voltage, "current": current})


def spectrum(r1: float, seed: int, noise: float = 2e-3) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    z = parse("R0-p(R1,CPE1)").impedance(np.array([60.0, r1, 5e-6, 0.95]), F)
    return tidy.impedance(F, z * (1 + noise * (rng.standard_normal(61) + 1j * rng.standard_normal(61))))


def true_number(i0: float, i_s: float, r0: float, r_s: float) -> float:
    return i_s * (0.01 - i0 * r0) / (i0 * (0.01 - i_s * r_s))


@pytest.mark.parametrize("seed", range(4))
def test_transference_number(seed: int) -> None:
    i0, i_s, r0, r_s = 0.01 / 200.0, 3.6e-5, 140.0, 146.0
    raws = [polarisation(i0, i_s, hours=60, seed=seed), spectrum(r0, seed), spectrum(r_s, seed + 10)]
    (row,) = rows_of(analyze(raws, applied_voltage="10 mV", circuit="R0-p(R1,CPE1)"))
    assert row.value == pytest.approx(true_number(i0, i_s, r0, r_s), abs=0.01)
    assert row.subject == "Li+"
    assert "Is/I0" in row.note


def test_no_steady_state_is_an_upper_limit() -> None:
    raws = [polarisation(5e-5, 3.6e-5, hours=0.3), spectrum(140, 1), spectrum(146, 2)]
    result = analyze(raws, applied_voltage="10 mV", circuit="R0-p(R1,CPE1)")
    assert rows_of(result)[0].status == "upper limit"
    assert any("No steady state" in text for text in warnings_of(result))


def test_late_start_is_told() -> None:
    raw = polarisation(5e-5, 3.6e-5, hours=60)
    late = raw.isel(point=np.flatnonzero(raw["time"].values > 10 + 120))
    result = analyze(
        [late, spectrum(140, 1), spectrum(146, 2)],
        kind="transference",
        applied_voltage=0.01,
        circuit="R0-p(R1,CPE1)",
    )
    assert any("I0 may be too low" in text for text in warnings_of(result))


def test_without_spectra_it_is_not_determined() -> None:
    (row,) = rows_of(analyze(polarisation(5e-5, 3.6e-5), kind="transference"))
    assert row.status == "not determined"
    assert "ignores the interfaces" in row.note


def test_ampworks_by_its_own_equation(real: Path) -> None:
    result = analyze(
        read(real / "electrochem" / "ampworks" / "gitt_discharge_first120k.csv"), radius="1.8 um"
    )
    pulses = result["pulses"].to_dataset()
    assert pulses.sizes["pulse"] == 14
    d = pulses["diffusion_coefficient"].values * 1e-4
    assert 1.53e-15 * 0.98 < d.min() < d.max() < 1.56e-15 * 1.02
    assert d[0] == pytest.approx(1.5556e-15, rel=0.02)
    rest = pulses["equilibrium_voltage"].values
    assert (rest.max() < 4.096, rest.min() < 3.991) == (True, True)
    assert any("does not hold" in text for text in warnings_of(result))


def titration(
    d: float, *, length: float = 1e-4, pulse: float = 60.0, seed: int = 0, noise: float = 2e-6
) -> xr.Dataset:
    """Return pulses on a slab (exact series for constant flux), linear equilibrium curve, 10 mV jump."""
    rng = np.random.default_rng(seed)
    t, v, i = [0.0], [3.5], [0.0]
    rest, mean = 20 * length**2 / d, 3.5
    k = np.arange(1, 400)[:, None]

    def surface(s: np.ndarray) -> np.ndarray:
        series = (2 / np.pi**2) * np.sum((1 - np.exp(-(k**2) * np.pi**2 * s[None, :])) / k**2, axis=0)
        return np.asarray(s + series)

    for _ in range(5):
        inside = np.linspace(pulse / 200, pulse, 200)
        v += (mean - 0.01 - 0.002 * surface(inside * d / length**2) * length**2 / (d * pulse)).tolist()
        t += (t[-1] + inside).tolist()
        i += [-1e-4] * 200
        after = np.logspace(-1, np.log10(rest), 100)
        excess = surface((after + pulse) * d / length**2) - surface(after * d / length**2)
        v += (mean - 0.002 * excess * length**2 / (d * pulse)).tolist()
        t += (t[-1] + after).tolist()
        i += [0.0] * 100
        mean -= 0.002
    return tidy.dataset(
        {
            "time": np.array(t),
            "voltage": np.array(v) + noise * rng.standard_normal(len(v)),
            "current": np.array(i),
        }
    )


@pytest.mark.parametrize("reduced", [0.01, 0.05, 0.2])
def test_slab_diffusion_within_two_percent(reduced: float) -> None:
    d = reduced * 1e-8 / 60.0
    result = analyze(
        titration(d), kind="gitt", active_mass=1.0, molar_mass=100.0, molar_volume=10.0, contact_area=1.0
    )
    found = result["pulses"].to_dataset()["diffusion_coefficient"].values[1:]
    np.testing.assert_allclose(found, d, rtol=0.02)
    assert [row.subject for row in rows_of(result)] == ["min", "max"]


def test_pulse_too_long_is_flagged() -> None:
    result = analyze(
        titration(1e-8 / 60.0),
        kind="gitt",
        active_mass=1.0,
        molar_mass=100.0,
        molar_volume=10.0,
        contact_area=1.0,
    )
    assert "pulse too long" in [str(text) for text in result["pulses"].to_dataset()["verdict"].values]
    assert any("does not hold" in text for text in warnings_of(result))


def voltammogram(onset: float, peak: float, *, noise: float = 2e-9, seed: int = 0) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    down, up = np.linspace(0.8, -0.4, 1200), np.linspace(-0.4, 0.8, 1200)
    v = np.concatenate([down, up] * 3)
    cathodic = -4e-6 * np.maximum(-down - onset, 0)
    anodic = np.where(up < 0, 3e-6 * up, peak * np.exp(-((up - 0.2) ** 2) / 0.008))
    i = np.concatenate([cathodic, anodic] * 3) + noise * rng.standard_normal(v.size)
    return tidy.dataset({"time": np.arange(v.size) * 10.0, "voltage": v, "current": i})


def test_voltammogram() -> None:
    result = analyze(voltammogram(0.09, 1.5e-6))
    assert result.attrs["kind"] == "cv"
    rows = {(row.quantity, row.subject): row for row in rows_of(result)}
    peak, onset = rows["anodic_peak_current", ""], rows["cathodic_overpotential", ""]
    assert peak.low <= 1.5e-6 <= peak.high
    assert onset.low <= 0.09 <= onset.high
    assert result["cycles"].sizes["cycle"] == 3


def test_blank_voltammogram_detects_nothing() -> None:
    raw = voltammogram(0.09, 1.5e-6)
    blank = raw.assign(current=("point", 1e-9 * np.random.default_rng(1).standard_normal(raw.sizes["point"])))
    assert {row.status for row in rows_of(analyze(blank, kind="cv"))} == {"not detected"}


def test_a_peak_that_is_none_is_in_no_table(real: Path) -> None:
    """Spikes of a corroding electrode: nothing is detected, and nothing is drawn."""
    result = analyze(read(real / "electrochem" / "biologic" / "cv.mpr"), kind="cv")
    assert {row.status for row in rows_of(result)} == {"not detected"}
    assert np.isnan(result["cycles"].to_dataset()["anodic_peak_current"].values).all()


def _surface(s: np.ndarray) -> np.ndarray:
    """Return the surface of a slab at constant flux (Crank 1975), in units of flux × L / D."""
    k = np.arange(1, 400)[:, None]
    series = (2 / np.pi**2) * np.sum((1 - np.exp(-(k**2) * np.pi**2 * s[None, :])) / k**2, axis=0)
    return np.asarray(s + series)


def interrupted(rate: float, *, jump: float = 0.01) -> xr.Dataset:
    """Return 25 stretches of 300 s of current with rests of 10 s, on a slab of D/L² = rate (1/s)."""
    t, i, edges, clock = [np.array([0.0, 30.0, 60.0])], [np.zeros(3)], [], 60.0
    for _ in range(25):
        t += [clock + np.linspace(5, 300, 60), clock + 300 + np.linspace(0.1, 10, 100)]
        i += [np.full(60, 1e-4), np.zeros(100)]
        edges += [(clock, 1.0), (clock + 300, -1.0)]
        clock += 310.0
    time, current = np.concatenate(t), np.concatenate(i)
    voltage = 3.4 + jump * (current > 0) + 5e-7 * np.random.default_rng(2).standard_normal(time.size)
    for begin, sign in edges:
        later = time > begin
        voltage[later] += sign * 2e-6 / rate * _surface((time[later] - begin) * rate)
    return tidy.dataset({"time": time, "voltage": voltage, "current": current})


@pytest.mark.parametrize("rate", [3e-4, 1e-3, 4e-3])
def test_interruptions_give_diffusion_and_resistance(rate: float) -> None:
    result = analyze(
        interrupted(rate), active_mass=1.0, molar_mass=100.0, molar_volume=10.0, contact_area=1.0
    )
    assert result.attrs["kind"] == "gitt"
    table = result["interruptions"].to_dataset()
    good = np.array([str(text) == "valid" for text in table["verdict"].values])
    assert good.sum() > 14
    ratio = table["diffusion_coefficient"].values[good] / (rate * 1e-8)
    assert np.median(ratio) == pytest.approx(1, abs=0.02)
    assert np.median(table["resistance"].values[good]) == pytest.approx(100, rel=0.02)
    assert [row.subject for row in rows_of(result)] == ["min", "max"]
    assert "interruption" in rows_of(result)[0].method


def test_the_first_interruptions_are_told_as_not_yet_steady() -> None:
    result = analyze(interrupted(1e-4), radius="3 um")
    verdict = [str(text) for text in result["interruptions"].to_dataset()["verdict"].values]
    assert verdict[0] == "profile not yet steady"
    assert verdict[-1] == "valid"


def test_interruptions_of_a_real_file(real: Path) -> None:
    result = analyze(read(real / "electrochem" / "ampworks" / "ici_charge.csv"), radius="1.8 um")
    assert result["interruptions"].sizes["interruption"] > 120
    assert all(row.status == "measured" for row in rows_of(result))


def test_the_spectra_before_and_after_err_independently() -> None:
    """The interval of t+ is as wide as both resistances make it, not narrower by their common noise."""
    i0, i_s, r0, r_s = 0.01 / 200.0, 3.6e-5, 140.0, 146.0
    raws = [polarisation(i0, i_s, hours=60), spectrum(r0, 1, 2e-2), spectrum(r_s, 2, 2e-2)]
    result = analyze(raws, applied_voltage="10 mV", circuit="R0-p(R1,CPE1)")
    values = result["values"].to_dataset()
    names = [str(name) for name in values["name"].values]
    spread = dict(zip(names, values["stddev"].values, strict=True))
    before = true_number(i0, i_s, r0 + spread["R0"], r_s) - true_number(i0, i_s, r0, r_s)
    after = true_number(i0, i_s, r0, r_s + spread["Rs"]) - true_number(i0, i_s, r0, r_s)
    assert spread["t+"] > 0.9 * np.hypot(before, after)
