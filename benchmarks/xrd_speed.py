"""CPU seconds of the XRD analysis, one core, side by side with the peers that are installed.

``OMP_NUM_THREADS=1 python benchmarks/xrd_speed.py``. The pattern is a simulated anode (Li3N, Li, steel; 2,501
points; `xrd_simulate`, seed 3). pymatgen, xrayutilities and rietx are optional; rietx gets the structures
and its default plan, nothing else.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from xrd_simulate import simulate

from interlayer.core.results import rows_of
from interlayer.xrd import analyze
from interlayer.xrd.build import build
from interlayer.xrd.examine import examine
from interlayer.xrd.fit import fit
from interlayer.xrd.identify import identify
from interlayer.xrd.inputs import prepare
from interlayer.xrd.phases import candidates
from interlayer.xrd.search import find_peaks

CELLS = {"Li3N": ("P6/mmm", 3.652, 3.87), "Li": ("Im-3m", 3.51, 0.0), "steel": ("Fm-3m", 3.592, 0.0)}
SITES = {
    "Li3N": [("N", (0, 0, 0)), ("Li", (0, 0, 0.5)), ("Li", (1 / 3, 2 / 3, 0))],
    "Li": [("Li", (0, 0, 0))],
    "steel": [("Fe", (0, 0, 0))],
}


def seconds(run: Callable[[], Any], times: int) -> float:
    """Return the median CPU time of a call, after one to warm up."""
    run()
    found = []
    for _ in range(times):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return float(np.median(found))


def ours() -> None:
    """Time the steps of the analysis."""
    anode = simulate(3)
    inputs, looked_for = prepare(anode.raw), candidates()
    limits = (float(inputs.data.two_theta[0]), float(inputs.data.two_theta[-1]))
    _, peaks = find_peaks(inputs.data, inputs.source, inputs.instrument)
    study = examine(inputs, looked_for, 0.9, None)
    pattern, table = build(study.plan, inputs.data)
    q, linear = study.fit.values, study.fit.linear
    pattern.tail = study.fit.pattern.tail
    told = [
        ("model of the pattern", 200, lambda: pattern.design(table, q) @ linear),
        ("its derivatives", 200, lambda: pattern.design_and_slopes(table, q, linear)),
        ("whole-pattern fit from the search", 5, lambda: fit(*build(study.plan, inputs.data), inputs.data)),
        ("peak search", 3, lambda: find_peaks(inputs.data, inputs.source, inputs.instrument)),
        (
            f"phase search, {len(looked_for)} candidates",
            3,
            lambda: identify(looked_for, peaks, inputs.source, inputs.instrument, limits),
        ),
        ("everything: analyze", 3, lambda: analyze(anode.raw)),
    ]
    for name, times, run in told:
        print(f"interlayer, {name}: {1e3 * seconds(run, times):.2f} ms")
    for row in rows_of(analyze(anode.raw)):
        if row.quantity.startswith("lattice") and (row.quantity, row.subject) in anode.truth:
            ppm = (row.value / anode.truth[row.quantity, row.subject] - 1) * 1e6
            half = 5e5 * (row.high - row.low) / row.value
            print(f"    {row.quantity} {row.subject}: {ppm:+.0f} ppm, 95 % ± {half:.0f}")


def pymatgen() -> None:
    """Time sticks of the three phases."""
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core import Lattice, Structure

    structures = [
        Structure.from_spacegroup(
            group,
            Lattice.hexagonal(a, c) if c else Lattice.cubic(a),
            [e for e, _ in SITES[name]],
            [x for _, x in SITES[name]],
        )
        for name, (group, a, c) in CELLS.items()
    ]
    calculator = XRDCalculator()

    def run() -> None:
        for structure in structures:
            calculator.get_pattern(structure, two_theta_range=(20, 70))

    print(f"pymatgen, sticks without profiles: {1e3 * seconds(run, 10):.2f} ms")


def xrayutilities() -> None:
    """Time profiles of Li3N, Li and steel."""
    import xrayutilities as xu

    lattices = [
        xu.materials.SGLattice(191, 3.652, 3.87, atoms=["N", "Li", "Li"], pos=["1a", "1b", "2c"]),
        xu.materials.SGLattice(229, 3.51, atoms=["Li"], pos=["2a"]),
        xu.materials.SGLattice(225, 3.592, atoms=["Fe"], pos=["4a"]),
    ]
    powders = [
        xu.simpack.Powder(xu.materials.Crystal(f"phase{i}", each), 1) for i, each in enumerate(lattices)
    ]
    models = [xu.simpack.PowderDiffraction(each, tt_cutoff=70, enable_simulation=True) for each in powders]
    x = np.arange(20, 70.001, 0.02)

    def run() -> None:
        for model in models:
            model.Calculate(x)

    print(f"xrayutilities, profiles: {1e3 * seconds(run, 3):.2f} ms")
    for model in models:
        model.close()


def rietx() -> None:
    """Time the default refinement of rietx, its structures given."""
    import tempfile
    from pathlib import Path

    import rietx as rx
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.cif import CifWriter

    anode = simulate(3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        np.savetxt(path / "anode.xy", np.c_[anode.raw["two_theta"], anode.raw["intensity"]], fmt="%.4f %d")
        for name, (group, a, c) in CELLS.items():
            lattice = Lattice.hexagonal(a, c) if c else Lattice.cubic(a)
            built = Structure.from_spacegroup(
                group, lattice, [e for e, _ in SITES[name]], [x for _, x in SITES[name]]
            )
            CifWriter(built, symprec=0.01).write_file(path / f"{name}.cif")
        data = rx.read_pattern(str(path / "anode.xy"))
        phases = [p for name in CELLS for p in rx.Structure.from_cif(str(path / f"{name}.cif")).phases]
        instrument = rx.Instrument.bragg_brentano()
        start = time.process_time()
        refinement = rx.Refinement(rx.Structure(phases=phases), instrument)
        result = refinement.fit(data, mode="pawley")
        used = 1e3 * (time.process_time() - start)
        print(f"rietx, Pawley with its defaults: {used:.0f} ms, {str(result).splitlines()[0]}")
        for name, phase in zip(CELLS, refinement.fitted_structure.phases, strict=True):
            truth = anode.truth["lattice_a", "austenite" if name == "steel" else name]
            print(f"    lattice_a {name}: {(float(phase.cell.a.value) / truth - 1) * 1e6:+.0f} ppm")


def main() -> None:
    """Print the table; a peer that is missing or fails is named."""
    ours()
    for peer in (pymatgen, xrayutilities, rietx):
        try:
            peer()
        except Exception as error:
            print(f"{peer.__name__}: {type(error).__name__}: {str(error)[:200]}")


if __name__ == "__main__":
    main()
