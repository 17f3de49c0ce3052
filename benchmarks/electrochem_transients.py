"""Bruce–Vincent (bias, coverage, flags), GITT (slab and sphere) and ICI on simulated data.

Run: ``python benchmarks/electrochem_transients.py [cells]``.
"""

import sys

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.results import rows_of, warnings_of
from interlayer.electrochem import analyze

F = np.logspace(5, -1, 61)
Floats = NDArray[np.float64]


def spectrum(rng: np.random.Generator, r0: float, r1: float) -> xr.Dataset:
    jw = 2j * np.pi * F
    z = r0 + r1 / (1 + r1 * 4e-6 * jw**0.93)
    z = z * (1 + 0.002 * (rng.standard_normal(F.size) + 1j * rng.standard_normal(F.size)))
    return xr.Dataset({"frequency": ("point", F), "z_re": ("point", z.real), "z_im": ("point", z.imag)})


def polarisation(
    rng: np.random.Generator,
    i0: float,
    i_s: float,
    r0: float,
    r1: float,
    hours: float,
    first: float,
    tau: float,
) -> xr.Dataset:
    t = np.logspace(np.log10(first), np.log10(hours * 3600), 3000)
    k = np.arange(1, 1500, 2)[:, None]
    relax = (8 / np.pi**2) * np.sum(np.exp(-(k**2) * t[None, :] / tau) / k**2, axis=0)
    spike = i0 * r1 / r0 * np.exp(-t * (r0 + r1) / (r0 * r1 * 2e-6))
    # what the current's gain and that of the impedance do not share: within 0.1 %, as the method assumes
    gain = 1 + rng.uniform(-0.001, 0.001)
    current = gain * (i_s + (i0 - i_s) * relax + spike) + 2e-9 * rng.standard_normal(t.size)
    time = np.concatenate([np.linspace(0, 9.9, 50), 10 + t])
    return xr.Dataset(
        {
            "time": ("point", time),
            "voltage": ("point", np.where(time < 10, 0.0, 0.01)),
            "current": ("point", np.concatenate([2e-9 * rng.standard_normal(50), current])),
        }
    )


#: what was done to the cell: hours of polarisation, first reading in s
CELLS = {"normal": (12.0, 1e-3), "read from 60 s": (12.0, 60.0), "stopped early": (0.2, 1e-3)}


def transference(
    count: int, hours: float, first: float, rng: np.random.Generator
) -> tuple[list[float], list[bool], int]:
    """Return errors and coverage of the measured ones, and how many were flagged or not measured."""
    errors, inside, flagged = [], [], 0
    for _ in range(count):
        r0, r1, number = rng.uniform(40, 120), rng.uniform(80, 300), rng.uniform(0.15, 0.6)
        rs = r1 * rng.uniform(0.95, 1.1)
        i0 = 0.01 / (r0 + r1)
        i_s = 0.01 * i0 * number / (0.01 - i0 * r1 + i0 * number * rs)
        raws = [
            polarisation(rng, i0, i_s, r0, r1, hours, first, rng.uniform(800, 3000)),
            spectrum(rng, r0, r1),
            spectrum(rng, r0, rs),
        ]
        result = analyze(raws, kind="transference", applied_voltage="10 mV", circuit="R0-p(R1,CPE1)")
        (row,) = rows_of(result)
        if row.status == "measured":
            errors.append(row.value - number)
            inside.append(row.low <= number <= row.high)
        flagged += row.status != "measured" or bool(warnings_of(result))
    return errors, inside, flagged


def bruce_vincent(count: int) -> None:
    rng = np.random.default_rng(5)
    for name, (hours, first) in CELLS.items():
        errors, inside, flagged = transference(count, hours, first, rng)
        bias = f"bias {np.mean(errors):+.4f}  coverage {100 * np.mean(inside):.1f} %" if errors else ""
        print(
            f"Bruce-Vincent, {name:15s} n={count}  measured {len(errors)} "
            f" flagged {100 * flagged / count:5.1f} %  {bias}"
        )


def surface(s: Floats, sphere: bool) -> Floats:
    """Return the surface concentration change at constant flux, in units of flux × L / D (Crank 1975)."""
    if not sphere:
        k = np.arange(1, 600)[:, None]
        return np.asarray(s + (2 / np.pi**2) * np.sum((1 - np.exp(-(k**2) * np.pi**2 * s)) / k**2, axis=0))
    # s = D t / L² with L = R/3: D t / R² = s / 9; roots of tan b = b
    roots = (np.arange(1, 600) + 0.5) * np.pi
    for _ in range(40):
        roots = np.arange(1, 600) * np.pi + np.arctan(roots)
    x = s / 9
    series = 2 * np.sum((1 - np.exp(-(roots[:, None] ** 2) * x)) / roots[:, None] ** 2, axis=0)
    return np.asarray(3 * (3 * x + series))


def titration(reduced: float, sphere: bool, rng: np.random.Generator) -> Floats:
    """Return D/D_true of four pulses of τD/L² = reduced."""
    pulse, length = 60.0, 1e-4
    d = reduced * length**2 / pulse
    t, v, i, mean = [np.zeros(1)], [np.full(1, 3.5)], [np.zeros(1)], 3.5
    inside = np.linspace(0.1, pulse, 600)
    after = np.logspace(-1, np.log10(20 * pulse / reduced), 200)
    for _ in range(5):
        scale = 0.002 / reduced
        v += [mean - 0.01 - scale * surface(inside * d / length**2, sphere)]
        excess = surface((after + pulse) * d / length**2, sphere) - surface(after * d / length**2, sphere)
        v += [mean - scale * excess]
        t += [t[-1][-1] + inside]
        t += [t[-1][-1] + after]
        i += [np.full(inside.size, -1e-4), np.zeros(after.size)]
        mean -= 0.002
    voltage = np.concatenate(v) + 2e-6 * rng.standard_normal(sum(each.size for each in v))
    raw = xr.Dataset(
        {
            "time": ("point", np.concatenate(t)),
            "voltage": ("point", voltage),
            "current": ("point", np.concatenate(i)),
        }
    )
    settings = (
        {"radius": 3 * length}
        if sphere
        else {"active_mass": 1.0, "molar_mass": 100.0, "molar_volume": 10.0, "contact_area": 1.0}
    )
    table = analyze(raw, kind="gitt", **settings)["pulses"].to_dataset()
    name = "diffusion_coefficient_sphere" if sphere else "diffusion_coefficient"
    return np.asarray(table[name].values[1:] / d)


def interrupted(rate: float, rng: np.random.Generator) -> tuple[Floats, Floats, list[str]]:
    """Return D/D_true, whether it is covered, and the verdict of each rest; slab of D/L² = rate (1/s)."""
    on, off, length = 300.0, 10.0, 1e-4
    t, i, edges, clock = [np.array([0.0, 30.0, 60.0])], [np.zeros(3)], [], 60.0
    for _ in range(40):
        t += [clock + np.linspace(5, on, 60), clock + on + np.linspace(0.1, off, 100)]
        i += [np.full(60, 1e-4), np.zeros(100)]
        edges += [(clock, 1.0), (clock + on, -1.0)]
        clock += on + off
    time, current = np.concatenate(t), np.concatenate(i)
    voltage = 3.4 + 0.01 * (current > 0) + 2e-6 * rng.standard_normal(time.size)
    for begin, sign in edges:
        later = time > begin
        voltage[later] += sign * 2e-6 / rate * surface((time[later] - begin) * rate, sphere=False)
    raw = xr.Dataset({"time": ("point", time), "voltage": ("point", voltage), "current": ("point", current)})
    settings = {"active_mass": 1.0, "molar_mass": 100.0, "molar_volume": 10.0, "contact_area": 1.0}
    table = analyze(raw, kind="gitt", **settings)["interruptions"].to_dataset()
    d, low, high = (
        table[f"diffusion_coefficient{end}"].values / (rate * length**2) for end in ("", "_low", "_high")
    )
    return d, (low <= 1) & (high >= 1), [str(text) for text in table["verdict"].values]


def interruptions() -> None:
    rng = np.random.default_rng(3)
    for rate in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2):
        ratio, inside, early = [], [], 0
        for _ in range(10):
            d, covered, verdict = interrupted(rate, rng)
            good = np.array([text == "valid" for text in verdict])
            ratio += d[good].tolist()
            inside += covered[good].tolist()
            early += verdict.count("profile not yet steady")
        if not ratio:
            print(f"ICI slab, rest D/L^2 = {10 * rate:5.3f}  no rest valid: told as too long")
            continue
        print(
            f"ICI slab, rest D/L^2 = {10 * rate:5.3f}  D/true {np.mean(ratio):.4f} ± {np.std(ratio):.4f}  "
            f"coverage {100 * np.mean(inside):.1f} %  n={len(ratio)}  told as not yet steady: {early}"
        )


def gitt() -> None:
    rng = np.random.default_rng(3)
    for sphere in (False, True):
        for reduced in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
            ratio = titration(reduced, sphere, rng)
            print(
                f"GITT {'sphere' if sphere else 'slab':6s} tau D/L^2 = {reduced:5.3f} "
                f" D/true {ratio.mean():.4f} ± {ratio.std(ddof=1):.4f}"
            )


if __name__ == "__main__":
    bruce_vincent(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    gitt()
    interruptions()
