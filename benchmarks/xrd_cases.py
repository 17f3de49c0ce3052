"""Cases that the XRD analysis must get right: certified, simulated with known truth, refused.

``python benchmarks/xrd_cases.py [CASE …]`` with cases srm, steel, size, hump, beta, cubic (all by default);
the SRM needs ``../shared/real``. Seeds are printed. The generator shares no code with the analysis.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xrd_simulate import Machine, angle_of, background, machine, pattern, spacings

from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.core.summary import Row
from interlayer.xrd import analyze, read

REAL = Path(__file__).parent.parent.parent / "shared" / "real" / "xrd"


def row(result: xr.DataTree, quantity: str, subject: str) -> Row | None:
    """Return a row of the summary."""
    return next((r for r in rows_of(result) if (r.quantity, r.subject) == (quantity, subject)), None)


def status(result: xr.DataTree, phase: str) -> str:
    """Return what the search says of a phase."""
    return next(str(c["status"]) for c in tables(result)["candidates"] if c["phase"] == phase)


SRM, CELL, DISPLACEMENT = REAL / "nist_srm660c_100a.cif", 4.156780, -0.07877
RANGES: dict[str, dict[str, float]] = {
    "whole range": {}, "20 to 70°": {"two_theta_min": 20.0, "two_theta_max": 70.0},
}  # fmt: skip


def certified(limits: dict[str, float]) -> tuple[Row, Row]:
    """Return cell and displacement of NIST SRM 660c."""
    result = analyze(read(SRM), phase=["LaB6"], **limits)
    a, s = row(result, "lattice_a", "LaB6"), row(result, "displacement", "LaB6")
    assert a is not None and s is not None
    return a, s


def srm() -> None:
    """NIST SRM 660c: certified cell and displacement, the whole range and 20 to 70 degree."""
    if not SRM.exists():
        print("srm: the file is not here")
        return
    for name, limits in RANGES.items():
        a, s = certified(limits)
        ppm, half = (a.value / CELL - 1) * 1e6, (a.high - a.low) / 2 / CELL * 1e6
        print(
            f"srm {name}: a {ppm:+.1f} ppm, 95 % ± {half:.1f}; displacement "
            f"{s.value:+.5f} mm [{s.low:+.5f}, {s.high:+.5f}], certified run {DISPLACEMENT}"
        )


def layers(
    seed: int,
    offset: float,
    size: float,
    device: Machine,
    *,
    hump: float | None = None,
    beta: float = 0.0,
    only: tuple[str, ...] = ("Li3N", "Li", "austenite"),
) -> xr.Dataset:
    """Return a simulated anode with steel ``offset`` mm below the film (negative displacement is above)."""
    rng = np.random.default_rng(seed)
    device.rng = rng
    x = np.arange(20, 70.001, 0.02)
    y = background(x, rng, rng.uniform(100, 500) if hump is None else hump)
    height = rng.normal(0, 0.05)
    cells = {
        "Li3N": (3.651, 3.872),
        "Li": (3.5101, 1.0),
        "austenite": (3.592, 1.0),
        "beta-Li3N": (3.552, 6.311),
    }
    areas = {"Li3N": 350.0, "Li": 900.0, "austenite": 900.0, "beta-Li3N": 350.0 * beta}
    sizes = {"Li3N": size, "Li": 150.0, "austenite": 40.0, "beta-Li3N": size}
    for name in (*only, *(("beta-Li3N",) if beta else ())):
        at = height + (offset if name == "austenite" else 0.0)
        for spacing, strength in spacings(name, *cells[name]):
            area = areas[name] * strength * rng.uniform(0.8, 1.2)
            y += device.line(x, angle_of(spacing), area, sizes[name], 0.0, at)
    return pattern(x, y, rng, device.radius, f"seed {seed}")


def told(name: str, values: list[tuple[float, bool]], unit: str) -> None:
    """Print bias, spread and coverage of errors."""
    error, inside = np.array([e for e, _ in values]), [i for _, i in values]
    print(
        f"{name}: n {error.size}, bias {error.mean():+.4g} {unit}, sd {error.std():.3g}, "
        f"largest {np.abs(error).max():.3g}, coverage {100 * np.mean(inside):.0f} %"
    )


Errors = list[tuple[float, bool]]


def steel(count: int = 40) -> None:
    """Steel 0.25 mm below the film."""
    told("steel 0.25 mm below (seeds 2000 …), offset", steel_errors(count), "mm")


def steel_errors(count: int) -> Errors:
    """Return errors of the offset in mm, and whether 1.96 deviations hold."""
    errors = []
    for seed in range(2000, 2000 + count):
        result = analyze(layers(seed, 0.25, 15.0, machine(np.random.default_rng(seed))))
        above, below = row(result, "displacement", "Li"), row(result, "displacement", "austenite")
        if above is None or below is None or "measured" not in (above.status, below.status):
            print(f"steel, seed {seed}: not determined")
            continue
        error = below.value - above.value - 0.25
        spread = np.hypot(below.stddev, above.stddev)
        errors.append((error, abs(error) < 1.96 * spread))
    return errors


def calibrated(device: Machine, folder: Path) -> str:
    """Return the path of an instrument.toml from a simulated LaB6."""
    rng = np.random.default_rng(99)
    device.rng = rng
    x = np.arange(20, 120, 0.02)
    y = np.full(x.size, 60.0)
    for spacing, strength in spacings("LaB6", 4.156826):
        y += device.line(x, angle_of(spacing), 900 * strength, 5000.0, 0.0, 0.01)
    result = analyze(pattern(x, y, rng, device.radius, "LaB6"), calibrate=True)
    path = folder / "instrument.toml"
    path.write_text(str(result["instrument"].attrs["export_text"]), encoding="utf-8")
    return str(path)


SIZES = (5.0, 8.0, 12.0, 20.0, 30.0, 45.0, 60.0)


def size(count: int = 20) -> None:
    """Sizes of 5 to 60 nm at an instrument's width of 0.09 degree, calibrated and blind."""
    device = Machine(np.random.default_rng(1), width=0.09)
    with tempfile.TemporaryDirectory() as folder:
        instrument = calibrated(device, Path(folder))
        for way, settings in (("calibrated", {"instrument": instrument}), ("blind", {})):
            for truth in SIZES:
                _sizes(way, truth, count, device, settings)


def _sizes(
    way: str, truth: float, count: int, device: Machine, settings: dict[str, Any], **extra: Any
) -> None:
    errors = size_errors(truth, count, device, settings, **extra)
    if errors:
        told(f"size {truth:g} nm, {way} (seeds 3000 …; {count - len(errors)} not measured)", errors, "%")
    else:
        print(f"size {truth:g} nm, {way}: none measured")


def size_errors(truth: float, count: int, device: Machine, settings: dict[str, Any], **extra: Any) -> Errors:
    """Return errors of the size of Li3N in %, and whether the interval holds, of those that are measured."""
    errors = []
    for seed in range(3000, 3000 + count):
        raw = layers(seed, 0.1, truth, replace(device), **extra)
        found = row(analyze(raw, **settings), "crystallite_size", "Li3N")
        if found is not None and found.status == "measured":
            errors.append((100 * (found.value / truth - 1), found.low <= truth <= found.high))
    return errors


def hump(count: int = 30) -> None:
    """A strong polymer hump under Li3N 001, and none."""
    device = Machine(np.random.default_rng(1), width=0.09)
    for height in (0.0, 1500.0):
        _sizes(f"blind, hump of {height:g} counts", 12.0, count, device, {}, hump=height)


def beta(count: int = 40) -> None:
    """β-Li3N beside α: none, 5, 10, 20 % of its strongest line; and one line only at 28.2 degree."""
    for part in (0.0, 0.05, 0.1, 0.2):
        claimed, tellings = beta_claims(part, count)
        print(
            f"β-Li3N at {100 * part:g} % (seeds 4000 …): claimed {claimed}, refused with a limit "
            f"{tellings} of {count}"
        )
    right = one_line(count)
    print(f"only 28.2° (seeds 4100 …): both Li3N refused with the reason in {right} of {count}")


def beta_claims(part: float, count: int) -> tuple[int, int]:
    """Return how often β-Li3N is claimed beside α, and how often refused with a limit."""
    claimed = tellings = 0
    for seed in range(4000, 4000 + count):
        result = analyze(
            layers(seed, 0.1, 20.0, machine(np.random.default_rng(seed)), beta=part), phase=["beta-Li3N"]
        )
        claimed += status(result, "beta-Li3N").startswith("found")
        limit = row(result, "detection", "beta-Li3N")
        tellings += limit is not None and limit.status == "not detected" and bool(np.isfinite(limit.high))
    return claimed, tellings


def one_line(count: int) -> int:
    """Return how often both Li3N are refused with the reason where only 28.2° is visible."""
    right = 0
    for seed in range(4100, 4100 + count):
        rng = np.random.default_rng(seed)
        device = machine(rng)
        x = np.arange(20, 70.001, 0.02)
        y = background(x, rng, 200.0)
        for name, a in (("Li", 3.5101), ("austenite", 3.592)):
            for spacing, strength in spacings(name, a):
                y += device.line(x, angle_of(spacing), 900 * strength, 100.0, 0.0, 0.0)
        y += device.line(x, 28.22, 300.0, 20.0, 0.0, 0.0)
        result = analyze(pattern(x, y, rng, device.radius, f"seed {seed}"), phase=["beta-Li3N"])
        both = [row(result, "detection", name) for name in ("Li3N", "beta-Li3N")]
        right += all(r is not None and r.status == "not detected" and "only one" in r.note for r in both)
    return right


def cubic(count: int = 30) -> None:
    """36.19, 51.97 and 64.98 degree fit no one cubic cell."""
    print(
        "Li lines at 36.19, 51.97, 64.98° (seeds 5000 …): one cubic cell refused with residuals in "
        f"{cubic_refusals(count)} of {count}"
    )


def cubic_refusals(count: int) -> int:
    refused = 0
    for seed in range(5000, 5000 + count):
        rng = np.random.default_rng(seed)
        device = machine(rng)
        x = np.arange(20, 70.001, 0.02)
        y = background(x, rng, 200.0)
        for at, area in ((36.19, 900.0), (51.97, 400.0), (64.98, 300.0)):
            y += device.line(x, at, area, 150.0, 0.0, 0.0)
        for spacing, strength in spacings("austenite", 3.592):
            y += device.line(x, angle_of(spacing), 900 * strength, 40.0, 0.0, rng.normal(0, 0.1))
        result = analyze(pattern(x, y, rng, device.radius, f"seed {seed}"))
        found = row(result, "lattice_a", "Li")
        text = " ".join(warnings_of(result))
        refused += found is not None and found.status == "not determined" and "no single cubic cell" in text
    return refused


CASES = {"srm": srm, "steel": steel, "size": size, "hump": hump, "beta": beta, "cubic": cubic}

if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        CASES[case]()
