"""XRD: blind analysis of simulated anodes, and speed beside pymatgen and xrayutilities."""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from record import Record, share, spent
from xrd_simulate import AIR, simulate

from interlayer.core.results import rows_of, tables
from interlayer.xrd import analyze


def records(full: bool) -> Iterator[Record]:
    """Yield what is found, how far off cells are, coverage and seconds."""
    yield from _speed()
    yield from _anodes(200 if full else 6)


def _anodes(count: int) -> Iterator[Record]:
    analyze(simulate(0).raw)
    found, false, claimed, errors, seconds = [], [], [], [], []
    inside: dict[str, list[bool]] = {}
    for seed in range(count):
        anode = simulate(seed, with_li3n=seed % 4 != 0)
        begun = time.process_time()
        result = analyze(anode.raw)
        seconds.append(time.process_time() - begun)
        said = {str(c["phase"]) for c in tables(result)["candidates"] if str(c["status"]).startswith("found")}
        found.append(anode.phases - set(AIR) <= said)
        false.append(bool(said - anode.phases))
        if "Li3N" not in anode.phases:
            claimed.append("Li3N" in said)
        for row in rows_of(result):
            truth = anode.truth.get((row.quantity, row.subject))
            if truth is not None and row.status == "measured":
                inside.setdefault(row.quantity, []).append(row.low <= truth <= row.high)
                errors += [abs(row.value / truth - 1) * 1e6] if row.quantity.startswith("lattice") else []
    name, seeds = "xrd, simulated anodes, blind", f"0 to {count - 1}"
    took = float(np.median(seconds))
    yield from [
        Record(name, "all phases found", *_share(found, 99.0), "higher", count, seeds, share(found)[1]),
        Record(name, "something false found", *_share(false, 1.0), "lower", count, seeds, share(false)[1]),
        Record(name, "Li3N claimed where there is none", *_share(claimed, 1.0), "lower", len(claimed), seeds,
               share(claimed)[1]),
        Record(name, "median cell error", float(np.median(errors)), "ppm", 300.0, "lower", len(errors), seeds,
               2 * float(np.median(errors)) / len(errors) ** 0.5),
        Record(name, "CPU per analysis", took, "s", None, "lower", count, seeds, 0.15 * took),
    ]  # fmt: skip
    for quantity, held in [("all quantities", list(chain(*inside.values()))), *sorted(inside.items())]:
        cover, noise = share(held)
        yield Record(name, f"coverage of {quantity.replace('_', ' ')}", cover, "%", (93.0, 97.0), "between",
                     len(held), seeds, noise)  # fmt: skip


def _share(hits: list[bool], target: float) -> tuple[float, str, float]:
    return share(hits)[0], "%", target


def _speed() -> Iterator[Record]:
    from interlayer.xrd.build import build
    from interlayer.xrd.examine import examine
    from interlayer.xrd.fit import fit
    from interlayer.xrd.identify import identify
    from interlayer.xrd.inputs import prepare
    from interlayer.xrd.phases import candidates
    from interlayer.xrd.search import find_peaks

    anode = simulate(3)
    begun = time.process_time()
    analyze(anode.raw)
    cold = time.process_time() - begun
    inputs, looked_for = prepare(anode.raw), candidates()
    limits = (float(inputs.data.two_theta[0]), float(inputs.data.two_theta[-1]))

    def search() -> object:
        _, peaks = find_peaks(inputs.data, inputs.source, inputs.instrument)
        return identify(looked_for, peaks, inputs.source, inputs.instrument, limits)

    study = examine(inputs, looked_for, 0.9, None)
    pattern, layout = build(study.plan, inputs.data)
    q, linear = study.fit.values, study.fit.linear
    pattern.tail = study.fit.pattern.tail
    model, model_noise = spent(lambda: pattern.design(layout, q) @ linear, 50)
    whole, whole_noise = spent(lambda: fit(*build(study.plan, inputs.data), inputs.data), 3)
    phases, phases_noise = spent(search, 3)
    name = "xrd, 2,501 points, 3 phases"
    yield Record(name, "first analysis of a process, CPU", cold, "s", None, "lower", 1, "3", 0.3 * cold)
    yield Record(name, "fit from the search, CPU", whole, "s", 0.3, "lower", 3, "3", whole_noise)
    yield Record(name, f"peak and phase search, {len(looked_for)} candidates, CPU", phases, "s", 2.0,
                 "lower", 3, "3", phases_noise)  # fmt: skip
    yield Record(name, "model of the pattern, CPU", 1e3 * model, "ms", 0.2, "lower", 50, "3",
                 1e3 * model_noise)  # fmt: skip
    for peer in (_pymatgen, _xrayutilities):
        found = peer()
        if found is not None:
            yield Record(name, f"model beside {found[0]}, CPU", 1e3 * model, "ms", None, "lower", 50, "3",
                         1e3 * model_noise, found[0], 1e3 * found[1])  # fmt: skip


def _pymatgen() -> tuple[str, float] | None:
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core import Lattice, Structure
    from xrd_speed import CELLS, SITES

    structures = [
        Structure.from_spacegroup(
            group, Lattice.hexagonal(a, c) if c else Lattice.cubic(a),
            [e for e, _ in SITES[name]], [x for _, x in SITES[name]],
        )
        for name, (group, a, c) in CELLS.items()
    ]  # fmt: skip
    calculator = XRDCalculator()

    def run() -> Any:
        return [calculator.get_pattern(each, two_theta_range=(20, 70)) for each in structures]

    return "pymatgen (sticks)", spent(run, 3)[0]


def _xrayutilities() -> tuple[str, float] | None:
    try:
        import xrayutilities as xu
    except ImportError:
        print("xrayutilities is not installed: no figure of it")
        return None
    lattices = [
        xu.materials.SGLattice(191, 3.652, 3.87, atoms=["N", "Li", "Li"], pos=["1a", "1b", "2c"]),
        xu.materials.SGLattice(229, 3.51, atoms=["Li"], pos=["2a"]),
        xu.materials.SGLattice(225, 3.592, atoms=["Fe"], pos=["4a"]),
    ]
    powders = [xu.simpack.Powder(xu.materials.Crystal(f"p{i}", each), 1) for i, each in enumerate(lattices)]
    models = [xu.simpack.PowderDiffraction(each, tt_cutoff=70, enable_simulation=True) for each in powders]
    axis = np.arange(20, 70.001, 0.02)
    seconds = spent(lambda: [each.Calculate(axis) for each in models], 2)[0]
    for each in models:
        each.close()
    return "xrayutilities (profiles)", seconds
