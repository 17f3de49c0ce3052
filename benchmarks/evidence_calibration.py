"""Are joint statements and pulls calibrated? Simulated samples, truth hidden.

``python benchmarks/evidence_calibration.py [--samples 4000] [--part phases|pulls|differences|links|raw]``

- *phases*: summaries drawn at random (presence, visibility, amount, noise, false alarms), reliability table:
  of the statements with a probability around p, how many are right. Also where the world is not what the
  weights take it for.
- *pulls*, *differences*: intervals of comparisons at 68 and 95 %, with and without a common cause of error.
- *links*: how often independent metrics are called linked.
- *raw*: raw XRD patterns and XPS spectra of samples with and without Li3N, analysed blind, then examined
  (``--samples 200`` takes some ten minutes).

The generators share no code with what they test; results are built as the techniques store them.
"""

import argparse
import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.shared import Shared
from interlayer.core.shared import to_dataset as shared_table
from interlayer.core.summary import Row, to_dataset
from interlayer.evidence import differences, examine, links
from interlayer.sample import Sample

Z68, Z95 = 1.0, 1.959964


# ------------------------------------------------------------------------------------------- phases
@dataclass
class World:
    """What the samples are like; by default what the weights assume (phases.toml)."""

    name: str
    base: float = 0.5
    xrd_visible: float = 0.6
    xps_visible: float = 0.9
    xrd_false: float = 0.01
    xps_false: float = 0.03
    xrd_range: tuple[float, float] = (1.0, 300.0)
    xps_range: tuple[float, float] = (0.1, 30.0)
    eds_visible: float = 0.8
    elsewhere: float = 0.5


WORLDS = (
    World("as assumed"),
    World("three in ten hold it", base=0.3),
    World("amounts a third", xrd_range=(0.33, 100.0), xps_range=(0.033, 10.0)),
    World("amounts to a tenth of the range", xrd_range=(1.0, 30.0), xps_range=(0.1, 3.0)),
    World("XRD sees 0.8, XPS 0.8", xrd_visible=0.8, xps_visible=0.8),
    World("twice the false alarms", xrd_false=0.02, xps_false=0.06),
)


def tree(technique: str, rows: Sequence[Row], nodes: dict[str, xr.Dataset] | None = None) -> xr.DataTree:
    root = xr.Dataset(attrs={"technique": technique, "kind": ""})
    return xr.DataTree.from_dict({"/": root, **(nodes or {}), "summary": to_dataset(rows)})


def signal(
    present: bool, visible: float, false: float, low: float, high: float, noise: float, rng: Any
) -> float:
    """Return a non-negative amplitude estimate in standard deviations."""
    seen = (present and rng.random() < visible) or (not present and rng.random() < false)
    amount = math.exp(rng.uniform(math.log(low), math.log(high))) / noise if seen else 0.0
    return max(0.0, amount + rng.standard_normal())


def world_sample(world: World, rng: Any) -> tuple[Sample, bool]:
    present = bool(rng.random() < world.base)
    sample = Sample("s")
    z = signal(present, world.xrd_visible, world.xrd_false, *world.xrd_range, 1.0, rng)
    status = "found" if z > 4 else "not detected"
    node = xr.Dataset(
        {
            "phase": ("candidate", np.array(["Li3N"], dtype=object)),
            "status": ("candidate", np.array([status], dtype=object)),
            "significance": ("candidate", [z]),
        }
    )
    xrd_row = Row(
        technique="xrd", quantity="detection", subject="Li3N", unit="sigma", status="not detected", high=5.0
    )
    sample.add(tree("xrd", [xrd_row], {"candidates": node}))
    noise = math.exp(rng.uniform(math.log(0.02), math.log(0.5)))
    z = signal(present, world.xps_visible, world.xps_false, *world.xps_range, noise, rng)
    sample.add(xps_result(z, noise, bool(rng.random() < 0.5)))
    other = rng.random() < world.elsewhere
    seen = (present and rng.random() < world.eds_visible) or (other and rng.random() < world.eds_visible)
    seen = seen or rng.random() < 0.05
    ends = {"value": 20.0, "stddev": 1.0, "low": 18.0, "high": 22.0} if seen else {"high": 3.0}
    eds_row = Row(
        technique="eds",
        quantity="detection",
        subject="N",
        unit="sigma",
        status="measured" if seen else "not detected",
        **ends,
    )
    sample.add(tree("eds", [eds_row]))
    return sample, present


def xps_result(z: float, noise: float, kept: bool) -> xr.DataTree:
    """An XPS result of one line; ``kept``: an unseen line stays in the table with its estimate."""
    rows = []
    seen = z >= 3.0
    for quantity, unit, factor in (("area", "counts eV", 100.0), ("atomic_fraction", "at.%", 1.0)):
        value, spread = z * noise * factor, noise * factor
        ends = (
            {"value": value, "stddev": spread, "low": value - Z95 * spread, "high": value + Z95 * spread}
            if seen
            else {"high": value + 1.645 * spread}
        )
        rows.append(
            Row(
                technique="xps",
                quantity=quantity,
                subject="N 1s/Li3N",
                unit=unit,
                status="measured" if seen else "not detected",
                **ends,
            )
        )
    nodes = {}
    if seen or kept:
        nodes["components"] = xr.Dataset(
            {
                "line": ("component", np.array(["N 1s/Li3N"], dtype=object)),
                "significance": ("component", [z]),
                "published_low": ("component", [395.0]),
                "published_high": ("component", [396.5]),
            }
        )
    return tree("xps", rows, nodes)


def reliability(pairs: Sequence[tuple[float, bool]], title: str) -> None:
    edges = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995, 1.0)
    p, truth = np.array([each[0] for each in pairs]), np.array([each[1] for each in pairs])
    print(f"\n{title}: n = {len(pairs)}, Brier score {np.mean((p - truth) ** 2):.4f}")
    print(f"{'stated':>14}{'n':>7}{'mean stated':>13}{'right':>8}{'± (95 %)':>10}")
    for low, high in pairwise(edges):
        inside = (p >= low) & (p < high) if high < 1 else (p >= low)
        if inside.sum() >= 10:
            n, share = int(inside.sum()), float(truth[inside].mean())
            spread = 1.96 * math.sqrt(max(share * (1 - share), 0.25 / n) / n)
            print(f"{low:>6.3f}–{high:<7.3f}{n:>7}{p[inside].mean():>13.3f}{share:>8.3f}{spread:>10.3f}")


def probability_of(sample: Sample, phase: str = "Li3N") -> float:
    return next(each.probability for each in examine(sample).phases if each.phase == phase)


def phases(count: int) -> None:
    for world in WORLDS:
        rng = np.random.default_rng(2026)
        drawn = [world_sample(world, rng) for _ in range(count)]
        reliability([(probability_of(sample), present) for sample, present in drawn], world.name)


# -------------------------------------------------------------------------------------------- pulls
def measured(
    technique: str, quantity: str, subject: str, unit: str, truth: float, relative: float, error: float
) -> Row:
    """A row whose logarithm is off by ``error``, with the interval of ``relative``: not symmetric."""
    value = truth * math.exp(error)
    return Row(
        technique=technique,
        quantity=quantity,
        subject=subject,
        unit=unit,
        value=value,
        stddev=value * relative,
        low=value * math.exp(-Z95 * relative),
        high=value * math.exp(Z95 * relative),
    )


def with_shared(technique: str, rows: Sequence[Row], cause: str, relative: float) -> xr.DataTree:
    parts = [Shared(row.quantity, row.subject, cause, relative * row.value) for row in rows]
    return tree(technique, rows, {"shared": shared_table(parts)} if relative else {})


Pulls = Sequence[tuple[float, float, float, float]]


def pairs_of(count: int) -> Iterator[tuple[str, float, Pulls]]:
    """Yield the comparisons, their common cause, and (difference, low, high, truth) of each sample."""
    for shared in (0.0, 0.03, 0.08):
        rng = np.random.default_rng(7)
        yield "thickness / size", shared, [_thickness_and_size(shared, rng) for _ in range(count)]
    for shared in (0.0, 0.2):
        rng = np.random.default_rng(8)
        yield "F/N by XPS and EDS", shared, [_composition(shared, rng) for _ in range(count)]


def changes(count: int) -> Iterator[tuple[str, float, Pulls]]:
    """Yield the differences between two samples as `pairs_of` does."""
    for shared in (0.0, 0.05, 0.15):
        rng = np.random.default_rng(9)
        yield "C≡N, cycled/activated", shared, [_two_samples(shared, rng) for _ in range(count)]


def pulls(count: int) -> None:
    print(f"\npulls: ln ratio of EDS thickness and SEM size, and of F/N by XPS and EDS, n = {count} each")
    print(f"{'comparison':26}{'common cause':>14}{'68 %':>8}{'95 %':>8}{'mean pull':>11}{'sd':>7}")
    for name, shared, found in pairs_of(count):
        told(name, shared, found)


def held(found: Pulls) -> tuple[Any, Any]:
    """Return which intervals of 68 and 95 % hold the truth."""
    value, low, high, truth = np.array(found).T
    in68 = (value - (value - low) / Z95 <= truth) & (truth <= value + (high - value) / Z95)
    return in68, (low <= truth) & (truth <= high)


def told(name: str, shared: float, found: Pulls) -> None:
    value, low, high, truth = np.array(found).T
    in68, in95 = (float(np.mean(each)) for each in held(found))
    pull = (value - truth) / ((high - low) / 2 / Z95)
    print(
        f"{name:26}{100 * shared:>12.0f} %{100 * in68:>8.1f}{100 * in95:>8.1f}"
        f"{pull.mean():>11.2f}{pull.std():>7.2f}"
    )


def _thickness_and_size(shared: float, rng: Any) -> tuple[float, float, float, float]:
    """The interval of the map leaves out 1 % of scale, which the comparison adds."""
    thickness, size = math.exp(rng.uniform(5, 8)), math.exp(rng.uniform(4, 6.5))
    own = rng.uniform(0.01, 0.1), rng.uniform(0.01, 0.1)
    common, map_scale = shared * rng.standard_normal(), 0.01 * rng.standard_normal()
    errors = [own[k] * rng.standard_normal() + common for k in range(2)]
    relative = [math.hypot(each, shared) for each in own]
    layer = measured("eds", "layer_thickness", "N", "nm", thickness, relative[0], errors[0] + map_scale)
    particles = measured("sem", "diameter_d50", "particles", "nm", size, relative[1], errors[1])
    sample = Sample("s")
    sample.add(with_shared("eds", [layer], "scale of the microscope", shared))
    sample.add(with_shared("sem", [particles], "scale of the microscope", shared))
    found = examine(sample).pulls[0]
    return found.difference, found.low, found.high, math.log(thickness / size)


def _composition(shared: float, rng: Any) -> tuple[float, float, float, float]:
    """XPS fractions of F and N with correlated errors, and the ratio that EDS finds, of one truth."""
    ratio = math.exp(rng.normal(-1, 0.5))
    n = rng.uniform(3, 20)
    sd = rng.uniform(0.02, 0.06, 2)
    rho = rng.uniform(-0.5, 0.5)
    a, b = rng.multivariate_normal(
        [0, 0], [[sd[0] ** 2, rho * sd[0] * sd[1]], [rho * sd[0] * sd[1], sd[1] ** 2]]
    )
    fluorine = measured("xps", "atomic_fraction", "F", "at.%", ratio * n, sd[0], a)
    nitrogen = measured("xps", "atomic_fraction", "N", "at.%", n, sd[1], b)
    values = np.array([fluorine.value, nitrogen.value])
    covariance = np.outer(values, values) * [
        [sd[0] ** 2, rho * sd[0] * sd[1]],
        [rho * sd[0] * sd[1], sd[1] ** 2],
    ]
    node = xr.Dataset(
        {"covariance": (("element", "element_2"), covariance)},
        coords={
            "element": np.array(["F", "N"], dtype=object),
            "element_2": np.array(["F", "N"], dtype=object),
        },
    )
    spread = math.hypot(0.1, shared)
    eds = measured(
        "eds", "atomic_ratio", "F/N in the N layer", "1", ratio, spread, spread * rng.standard_normal()
    )
    sample = Sample("s")
    sample.add(tree("xps", [fluorine, nitrogen], {"composition": node}))
    sample.add(tree("eds", [eds]))
    found = next(each for each in examine(sample).pulls if each.title.startswith("F/N"))
    return found.difference, found.low, found.high, 0.0


# -------------------------------------------------------------------------------------- differences
def change(count: int) -> None:
    print(f"\ndifferences between two samples, n = {count} each")
    print(f"{'quantity':26}{'common cause':>14}{'68 %':>8}{'95 %':>8}{'mean pull':>11}{'sd':>7}")
    for name, shared, found in changes(count):
        told(name, shared, found)


def _two_samples(shared: float, rng: Any) -> tuple[float, float, float, float]:
    truth = math.exp(rng.uniform(-2, 0.5))
    common = rng.standard_normal()
    samples = []
    for name, level, parent in (("one", 5.0, ""), ("two", 5.0 * truth, "one")):
        own = rng.uniform(0.01, 0.08)
        error = own * rng.standard_normal() + shared * common
        row = measured("xps", "atomic_fraction", "N 1s/C≡N", "at.%", level, math.hypot(own, shared), error)
        sample = Sample(name, parent=parent)
        sample.add(with_shared("xps", [row], "sensitivity factor of N 1s", shared))
        samples.append(sample)
    found = differences(samples)[0]
    value, low, high = (math.log1p(each / 100) for each in (found.change, found.low, found.high))
    return value, low, high, math.log(truth)


# -------------------------------------------------------------------------------------------- links
def independent(count: int) -> None:
    print("\nlinks: 2 structure and 2 cell metrics; share of studies in which any pair is called linked")
    for n in (4, 5, 6, 8, 12):
        for slope in (0.0, 1.0):
            hits = linked(n, slope, count)
            what = "independent" if slope == 0 else "one metric follows another (noise 0.3 of its spread)"
            print(f"n = {n:2}: {100 * np.mean(hits):5.1f} %  {what}")


def linked(n: int, slope: float, count: int) -> list[bool]:
    """Return in which studies of n samples any pair is called linked."""
    rng = np.random.default_rng(11)
    return [any(each.verdict == "linked" for each in links(_cells(n, slope, rng))) for _ in range(count)]


def _cells(n: int, slope: float, rng: Any) -> list[Sample]:
    samples = []
    for k in range(n):
        hidden = rng.standard_normal()
        sample = Sample(f"s{k}")
        xps = [
            measured("xps", "atomic_fraction", "N 1s/Li3N", "at.%", 5 * math.exp(0.5 * hidden), 0.03, 0.0),
            measured(
                "xps", "atomic_fraction", "F 1s/LiF", "at.%", 5 * math.exp(rng.normal(0, 0.5)), 0.03, 0.0
            ),
        ]
        own = slope * hidden + (0.3 if slope else 1.0) * rng.standard_normal()
        cell = [
            measured("electrochem", "transference_number", "Li+", "1", 0.4 * math.exp(0.2 * own), 0.01, 0.0),
            measured(
                "electrochem", "polarization", "last", "mV", 50 * math.exp(rng.normal(0, 0.5)), 0.01, 0.0
            ),
        ]
        sample.add(tree("xps", xps))
        result = tree("electrochem", cell)
        result.attrs["kind"] = "plating"
        sample.add(result)
        samples.append(sample)
    return samples


# ---------------------------------------------------------------------------------------------- raw
def raw(count: int) -> None:
    """Li3N in half of the samples; XRD sees it in 6 of 10, XPS in 9 of 10 of them; amounts log-uniform."""
    from xrd_simulate import simulate

    from interlayer.example.generator.xps import spectrum, surface, vamas
    from interlayer.xps import analyze as analyze_xps
    from interlayer.xps import read as read_xps
    from interlayer.xrd import analyze as analyze_xrd

    text = (files("interlayer.example.generator.xps") / "layers.toml").read_text(encoding="utf-8")
    pairs: list[tuple[float, bool]] = []
    wrong = []
    with TemporaryDirectory() as folder:
        for seed in range(count):
            rng = np.random.default_rng([5, seed])
            present = bool(rng.random() < 0.5)
            area = float(np.exp(rng.uniform(np.log(3), np.log(500))))
            anode = simulate(70000 + seed, with_li3n=present and rng.random() < 0.6, li3n_area=area)
            settings: dict[str, Any] = tomllib.loads(text)
            amounts = dict(settings["sample"]["activated"]["amounts"])
            del amounts["Li3N"]
            if present and rng.random() < 0.9:
                # N of Li3N from 0.1 to 20 at.%: amount over the other atoms, Li3N itself has four
                share = float(np.exp(rng.uniform(np.log(0.001), np.log(0.2))))
                others = sum(
                    amount * line["atoms"]
                    for compound, amount in amounts.items()
                    for line in settings["compound"][compound]["lines"]
                )
                amounts["Li3N"] = share * others / (1 - 4 * share)
            settings["sample"]["activated"]["amounts"] = amounts
            lines = surface.surface_lines(settings, "activated")
            spectra = [spectrum.record_region(settings, name, lines, 2.3, rng) for name in settings["region"]]
            path = Path(folder) / "one.vms"
            path.write_bytes(vamas.vamas_text("activated", spectra).encode("ascii"))
            sample = Sample(f"s{seed}")
            sample.add(analyze_xrd(anode.raw))
            sample.add(
                analyze_xps(read_xps(path), template="study-activated", charge_reference="C 1s=284.8 eV")
            )
            pairs.append((probability_of(sample), present))
            if abs(pairs[-1][0] - present) > 0.8:
                phase = next(each for each in examine(sample).phases if each.phase == "Li3N")
                texts = "; ".join(
                    f"{each.technique} {each.weight:+.2f} {each.text}" for each in phase.observations
                )
                wrong.append(f"seed {seed}, {'present' if present else 'absent'}: {pairs[-1][0]:.3f} {texts}")
    reliability(pairs, "raw files, Li3N")
    print("\n".join(wrong))


def main() -> None:
    parts: dict[str, Callable[[int], None]] = {
        "phases": phases,
        "pulls": pulls,
        "differences": change,
        "links": independent,
        "raw": raw,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--part", choices=[*parts])
    options = parser.parse_args()
    defaults = {"phases": 4000, "pulls": 4000, "differences": 4000, "links": 300, "raw": 200}
    for name, run in parts.items():
        if options.part in (None, name):
            run(options.samples or defaults[name])


if __name__ == "__main__":
    main()
