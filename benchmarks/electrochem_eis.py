"""Impedance: speed, convergence and coverage of the circuit fits; false alarms and power of the KK test.

Run: ``python benchmarks/electrochem_eis.py [spectra]``. The spectra are drawn here, by formulas of their own.
"""

import sys
import time

import numpy as np
from numpy.typing import NDArray

from interlayer.electrochem.model import kk
from interlayer.electrochem.model.circuit import parse
from interlayer.electrochem.model.fit import fit

F = np.logspace(5, -1, 60)
W = 2 * np.pi * F
CIRCUIT = "R0-p(R1,CPE1)-p(R2,CPE2)-W"
Floats = NDArray[np.float64]


def model(p: Floats, w: Floats = W) -> NDArray[np.complex128]:
    r0, r1, q1, n1, r2, q2, n2, s = p
    jw = 1j * w
    return np.asarray(
        r0 + r1 / (1 + r1 * q1 * jw**n1) + r2 / (1 + r2 * q2 * jw**n2) + s * (1 - 1j) / np.sqrt(w)
    )


def draw(count: int, noise: float, seed: int) -> tuple[Floats, NDArray[np.complex128]]:
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


def fits(count: int) -> None:
    circuit = parse(CIRCUIT)
    noise = 0.003
    values, z = draw(count, noise, 101)
    rng = np.random.default_rng(7)
    start = values * 3.0 ** rng.uniform(-1, 1, values.shape)
    start[:, [3, 6]] = 0.85
    for name, given, rows in (
        ("with starts (off by up to 3 x)", start, count),
        ("with no start", None, min(count, 300)),
    ):
        for exponent in (1.0, None):
            begin = time.process_time()
            found = fit(
                circuit, F, z[:rows], start=None if given is None else given[:rows], exponent=exponent
            )
            spent = time.process_time() - begin
            chi = (
                found.chi_square / (2 * 60 - 8) / noise**2
                if exponent
                else np.where(found.exponent == 1, found.chi_square / 112 / noise**2, 1.0)
            )
            good = chi < 1.6
            inside = np.abs(found.x - circuit.inner(values[:rows])) < 1.981 * found.stddev
            coverage = " ".join(f"{100 * c:.1f}" for c in inside[good].mean(axis=0))
            label = "noise ~ |Z|" if exponent else "noise model chosen"
            print(
                f"{name:32s} {label:20s} {rows / spent:7.0f} fits/CPU-s  "
                f"converged {100 * good.mean():5.1f} %  coverage/% {coverage}"
            )


def kramers_kronig(count: int) -> None:
    rng = np.random.default_rng(11)
    elapsed = np.cumsum(3 / F + 0.3)
    elapsed /= elapsed[-1]
    for noise in (0.001, 0.003, 0.005):
        values, z = draw(count, noise, 13)
        begin = time.process_time()
        false = np.mean([kk.test(F, each).p_value < kk.ALARM for each in z])
        rate = count / (time.process_time() - begin)
        for which, names in (("R1, R2 +20 %", [1, 4]), ("all +20 %", [0, 1, 4, 7])):
            moved = np.array(
                [
                    [
                        model(np.where(np.isin(np.arange(8), names), p * (1 + 0.2 * e), p), W[k : k + 1])[0]
                        for k, e in enumerate(elapsed)
                    ]
                    for p in values
                ]
            )
            moved *= 1 + noise * (rng.standard_normal(moved.shape) + 1j * rng.standard_normal(moved.shape))
            power = np.mean([kk.test(F, each).p_value < kk.ALARM for each in moved])
            print(
                f"KK noise {100 * noise:.1f} %  false alarms {100 * false:4.1f} "
                f"%  power, {which}: {100 * power:5.1f} %  {rate:5.0f} per CPU-s"
            )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    fits(number)
    kramers_kronig(min(number, 200))
