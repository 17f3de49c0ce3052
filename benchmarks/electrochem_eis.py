"""Impedance: speed, convergence and coverage of circuit fits, the KK test, the DRT; beside impedance.py.

Run: ``python benchmarks/electrochem_eis.py [spectra]``. The spectra are drawn here, by formulas of their own.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.electrochem.model import drt, kk
from interlayer.electrochem.model.circuit import parse
from interlayer.electrochem.model.fit import fit
from interlayer.electrochem.model.relaxations import resolve

F = np.logspace(5, -1, 60)
W = 2 * np.pi * F
CIRCUIT = "R0-p(R1,CPE1)-p(R2,CPE2)-W"
NOISE = 0.003
Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def model(p: Floats, w: Floats = W) -> Complexes:
    r0, r1, q1, n1, r2, q2, n2, s = p
    jw = 1j * w
    return np.asarray(
        r0 + r1 / (1 + r1 * q1 * jw**n1) + r2 / (1 + r2 * q2 * jw**n2) + s * (1 - 1j) / np.sqrt(w)
    )


def draw(count: int, noise: float, seed: int) -> tuple[Floats, Complexes]:
    """Return parameters and noisy spectra over wider ranges than any test of the package uses."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        r0, r1, r2 = 10 ** rng.uniform([0.7, 1.2, 1.2], [2.6, 2.8, 2.8])
        n1, n2 = rng.uniform([0.75, 0.70], [0.98, 0.97])
        tau1, tau2 = 10 ** rng.uniform([-5.0, -3.1], [-3.7, -1.5])
        found.append([r0, r1, tau1**n1 / r1, n1, r2, tau2**n2 / r2, n2, 10 ** rng.uniform(0.2, 1.6)])
    values = np.array(found)
    z = np.array([model(p) for p in values])
    return values, z * (1 + noise * (rng.standard_normal(z.shape) + 1j * rng.standard_normal(z.shape)))


def report(
    name: str, spent: float, x: Floats, stddev: Floats, truth: Floats, z: Complexes, noise: float = NOISE
) -> None:
    """Print speed, convergence (χ² of the true noise below 1.6) and coverage in the scale of the fit."""
    circuit = parse(CIRCUIT)
    size = np.abs(np.array([model(p) for p in truth])) * noise
    found = np.array([model(p) for p in circuit.outer(x)])
    chi = np.sum(np.abs((found - z) / size) ** 2, axis=1) / (2 * F.size - 8)
    good = chi < 1.6
    inside = np.abs(x - circuit.inner(truth)) < 1.981 * stddev
    coverage = " ".join(f"{100 * c:.1f}" for c in inside[good].mean(axis=0))
    print(
        f"{name:58s} n={len(z):4d} {len(z) / spent:7.1f} fits/CPU-s  "
        f"converged {100 * good.mean():5.1f} %  coverage/% {coverage}"
    )


def fits(count: int, seed: int) -> None:
    circuit = parse(CIRCUIT)
    values, z = draw(count, NOISE, seed)
    start = values * 3.0 ** np.random.default_rng(7).uniform(-1, 1, values.shape)
    start[:, [3, 6]] = 0.85
    for name, given, some in (("starts off by up to 3 x", start, count), ("no start", None, count)):
        for exponent in (1.0, None):
            begin = time.process_time()
            found = fit(
                circuit, F, z[:some], start=None if given is None else given[:some], exponent=exponent
            )
            spent = time.process_time() - begin
            label = "noise as |Z|" if exponent else "noise model chosen (the default)"
            report(f"{name}, {label}", spent, found.x, found.stddev, values[:some], z[:some])
    for noise in (0.005, 0.01, 0.02):
        truth, z_noisy = draw(count, noise, 501)
        begin = time.process_time()
        found = fit(circuit, F, z_noisy, start=truth)
        spent = time.process_time() - begin
        report(f"true starts, noise {100 * noise:g} %", spent, found.x, found.stddev, truth, z_noisy, noise)
    peer(values[:60], z[:60], start[:60])


def peer(values: Floats, z: Complexes, start: Floats) -> None:
    """Fit the same spectra with impedance.py, where it is installed: its default, and weighted by modulus."""
    try:
        from impedance.models.circuits import CustomCircuit
    except ImportError:
        print("impedance.py is not installed: no line for it")
        return
    circuit = parse(CIRCUIT)
    order = [0, 1, 2, 3, 4, 5, 6, 7]
    for weighted in (False, True):
        found, spread, spent = [], [], 0.0
        for row, first in zip(z, start, strict=True):
            other = CustomCircuit("R0-p(R1,CPE1)-p(R2,CPE2)-W1", initial_guess=first[order].tolist())
            begin = time.process_time()
            try:
                other.fit(F, row, weight_by_modulus=weighted)
                values_, errors = np.array(other.parameters_), np.array(other.conf_)
            except (RuntimeError, ValueError):
                values_, errors = first, np.zeros(8)
            spent += time.process_time() - begin
            if (values_[1] * values_[2]) ** (1 / values_[3]) > (values_[4] * values_[5]) ** (1 / values_[6]):
                swap = [0, 4, 5, 6, 1, 2, 3, 7]
                values_, errors = values_[swap], errors[swap]
            found.append(values_)
            spread.append(np.where(circuit.log, errors / values_, errors))
        name = "impedance.py, " + ("weighted by modulus" if weighted else "unweighted (its default)")
        report(name, spent, circuit.inner(np.array(found)), np.array(spread), values, z)


def random_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Complexes:
    return np.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))


@dataclass(frozen=True)
class Alarms:
    """Alarms of the Kramers–Kronig test: without cause (noise as |Z|, equal for all points), and of a drift
    of 20 % (of R1 and R2, of all resistances); tests per CPU second."""

    false: list[bool]
    false_equal: list[bool]
    power: tuple[list[bool], list[bool]]
    rate: float


def alarms(points: int, noise: float, count: int, rng: np.random.Generator) -> Alarms:
    """Test as many spectra with and without drift."""
    f = np.logspace(5, -1, points)
    values, _ = draw(count, 0.0, 13)
    clean = np.array([model(p, 2 * np.pi * f) for p in values])
    noisy = clean * (1 + noise * random_noise(rng, clean.shape))
    equal = clean + noise * np.abs(clean).mean(axis=1)[:, None] * random_noise(rng, clean.shape)
    kk.test(f, noisy[0])
    begin = time.process_time()
    false = [kk.test(f, each).p_value < kk.ALARM for each in noisy]
    rate = count / (time.process_time() - begin)
    other = [kk.test(f, each).p_value < kk.ALARM for each in equal]
    first, second = (
        [kk.test(f, each).p_value < kk.ALARM for each in drifted(f, values[:300], names, noise, rng)]
        for names in ([1, 4], [0, 1, 4, 7])
    )
    return Alarms(false, other, (first, second), rate)


def drifted(f: Floats, values: Floats, names: list[int], noise: float, rng: np.random.Generator) -> Complexes:
    """Return spectra whose parameters ``names`` grow by 20 % while they are measured."""
    w, elapsed = 2 * np.pi * f, np.cumsum(3 / f + 0.3)
    elapsed /= elapsed[-1]
    grown = np.isin(np.arange(8), names)
    moved = np.array(
        [
            [model(np.where(grown, p * (1 + 0.2 * e), p), w[k : k + 1])[0] for k, e in enumerate(elapsed)]
            for p in values
        ]
    )
    return np.asarray(moved * (1 + noise * random_noise(rng, moved.shape)))


def kramers_kronig(count: int) -> None:
    rng = np.random.default_rng(11)
    for points in (30, 60, 100):
        for noise in (0.001, 0.003, 0.005):
            found = alarms(points, noise, count, rng)
            false, other = np.mean(found.false), np.mean(found.false_equal)
            power, rate = [np.mean(each) for each in found.power], found.rate
            print(
                f"KK {points:3d} points, noise {100 * noise:.1f} %: false alarms {100 * false:4.1f} % "
                f"(noise equal for all points: {100 * other:4.1f} %)  power at 20 % drift: R1 and R2 "
                f"{100 * power[0]:5.1f} %, all {100 * power[1]:5.1f} %  {rate:5.0f} per CPU-s"
            )


#: time constants in s, exponent
ZARCS = ((1e-3, 1e-1, 0.9), (1e-4, 1e-2, 0.8), (1e-3, 1e-2, 0.9))


def two_zarcs(
    count: int, zarcs: tuple[float, float, float], noise: float, rng: np.random.Generator
) -> tuple[list[float], list[Any], float]:
    """Return the worse resistance's error and coverage where two are found, and CPU seconds of each."""
    tau1, tau2, n = zarcs
    f = np.logspace(5, -2, 71)
    jw = 2j * np.pi * f
    clean = 10 + 230 / (1 + (jw * tau1) ** n) + 100 / (1 + (jw * tau2) ** n)
    errors, inside = [], []
    begin = time.process_time()
    for _ in range(count):
        z = clean * (1 + noise * random_noise(rng, clean.shape))
        found = resolve(f, z, drt.distribution(f, z))
        if found is None or found.circuit.text != "R0-p(R1,CPE1)-p(R2,CPE2)":
            continue
        errors.append(float(np.abs(found.values[0, [1, 4]] / [230, 100] - 1).max()))
        away = np.abs(found.x[0, [1, 4]] - np.log([230, 100]))
        inside.append(away <= 1.98 * found.stddev[0, [1, 4]])
    return errors, inside, (time.process_time() - begin) / count


def relaxation_times(count: int) -> None:
    """Two ZARCs of 230 and 100 ohm (10 ohm in series) at several distances and noises."""
    rng = np.random.default_rng(5)
    for tau1, tau2, n in ZARCS:
        for noise in (0.0, 0.001, 0.003, 0.01):
            errors, inside, spent = two_zarcs(count, (tau1, tau2, n), noise, rng)
            covered = 100 * float(np.mean(inside)) if noise else float("nan")
            print(
                f"DRT tau {tau1:g}, {tau2:g} s, n {n:g}, noise {100 * noise:.1f} %: "
                f"two found {100 * len(errors) / count:5.1f} %  "
                f"worse R off by {100 * float(np.median(errors)):.2f} % (median)  "
                f"coverage {covered:.1f} %  {1e3 * spent:.0f} CPU-ms"
            )


def boukamp() -> None:
    """R(RC)(RW) of Boukamp (J. Electrochem. Soc. 142 (1995) 1885): 100, 200 ohm, 0.8 uF, 500 ohm, 4e-4."""
    f = np.logspace(5, -1, 61)
    jw = 2j * np.pi * f
    z = 100 + 1 / (1 / 200 + 0.8e-6 * jw) + 1 / (1 / 500 + 4e-4 * np.sqrt(jw))
    found = fit(parse("R0-p(R1,C1)-p(R2,W1)"), f, np.asarray(z[None, :], dtype=np.complex128)).values[0]
    found[4] = 1 / (found[4] * np.sqrt(2))  # Y = 1/(sigma sqrt 2)
    print("Boukamp circuit, no start:", " ".join(f"{v:.6g}" for v in found), "(100 200 8e-07 500 0.0004)")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    fits(number, 101)
    kramers_kronig(number)
    relaxation_times(100)
    boukamp()
