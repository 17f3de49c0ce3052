"""A made-up study whose figures, numbers and evidence are known: what tests of the report look at."""

from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import xarray as xr

from interlayer import report
from interlayer.core import figure as fig
from interlayer.core import results
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Rows
from interlayer.evidence import Difference, Joint, Link, Observation, PhaseEvidence, Point, Pull, Side
from interlayer.sample import Sample
from interlayer.study import Claim

ANGLE = np.round(np.arange(20.0, 70.0, 0.05), 2)
COUNTS = np.round(200 + 5000 * np.exp(-0.5 * ((ANGLE - 36.2) / 0.15) ** 2))
FIT = COUNTS + 0.123456789 * np.sin(ANGLE)
ARC = np.linspace(0.0, np.pi, 61)


def figures(text: str = "") -> list[fig.Figure]:
    """Return a pattern with a residual below it, an arc, and a map; ``text`` goes into every name."""
    pattern = fig.Panel(
        "2θ / degree",
        "intensity / counts",
        [
            fig.Points(ANGLE, COUNTS, f"measured{text}", size=1.5),
            fig.Line(ANGLE, FIT, f"fit{text}", "fit"),
            fig.Band(ANGLE, COUNTS - 50, COUNTS + 50, "", "#0072b2"),
            fig.Ticks([36.2, 52.0], "Li", (f"110{text}", "200"), 2),
            fig.Rule(45.0, "x", "rule"),
            fig.Labels([36.2, 52.0], ("interval", f"110{text[:12]}"), [1.0, 0.5], ("#005c8f", 2)),
            fig.Text(60.0, 1000.0, f"note{text}"),
        ],
        share=1.0,
    )
    residual = fig.Panel(
        "2θ / degree", "residual / σ", [fig.Line(ANGLE, COUNTS - FIT, "residual")], share=0.3
    )
    arc = fig.Panel(
        "Z′ / Ω", "−Z″ / Ω", [fig.Points(60 - 50 * np.cos(ARC), 50 * np.sin(ARC), "spectrum", 0)], equal=True
    )
    values = np.arange(600.0).reshape(20, 30)
    chart = fig.Panel("x / nm", "y / nm", [fig.Image(values, 30.0, 20.0, "viridis", f"N{text}")])
    return [
        fig.Figure("pattern", f"Pattern{text}", f"A pattern{text}.", [pattern, residual], share_x=True),
        fig.Figure("arc", "Arc", "A half circle.", [arc]),
        fig.Figure("map", "Map", "A ramp.", [chart]),
    ]


def sample(name: str, size: float, text: str = "") -> Sample:
    """Return a sample with one analysis by XRD and one of its cell; ``text`` goes wherever a user writes."""
    rows = Rows("xrd", f"{name}.xy{text} sha256:{'a' * 64}")
    raw = xr.Dataset(
        {"x": ("u", np.arange(3.0))},
        attrs={"source": f"{name}.xy{text}", "source_sha256": "a" * 64, "format": f"columns{text}"},
    )
    numbers = [
        rows.measured(
            "crystallite_size", "Li3N", from_stddev(size, size / 20), "nm", f"Scherrer{text}", text
        ),
        rows.measured(
            "lattice_a", "Li3N", from_stddev(3.648, 0.0012), "angstrom", "whole pattern", f"note{text}"
        ),
        rows.limit("lower", "crystallite_size", "Li", 183.2, "nm", "whole pattern"),
        rows.absent("not detected", "detection", f"LiF{text}", "sigma", "whole pattern", f"below 3 σ{text}"),
    ]
    table = xr.Dataset(
        {"hkl": ("peak", np.array([f"110{text}", "200"], dtype=object)), "area": ("peak", [0.1, np.nan])},
        attrs={"role": "table"},
    )
    made = Sample(
        f"{name}{text}", f"Sample {name}{text}", f"state{text}", f"parent{text}", (f"heated{text}",)
    )
    given = {"radius": f"150 mm{text}"}
    nodes = {"/": raw, "peaks": table}
    steps = ["A whole-pattern fit was made.", f"Widths were deconvolved{text}."]
    made.add(results.tree("xrd", raw, numbers, nodes, settings=given, warnings=[f"odd{text}"], steps=steps))
    cell = Rows("electrochem", f"{name}.csv sha256:{'b' * 64}")
    density = cell.measured("critical_current_density", "cell", from_stddev(0.9, 0.02), "mA/cm^2", "steps")
    made.add(results.tree("electrochem", raw, [density], {"/": raw}, kind="ccd"), f"first{text}")
    return made


def joint(of: Sample, text: str = "") -> Joint:
    """Return evidence of every kind: present, cannot tell, a contradiction, pulls of each verdict."""
    cell = next(path for path, result in of.results() if result.attrs["technique"] == "electrochem")
    seen = Observation("xrd", "/xrd", "detected", f"Six lines, 31 σ{text}", 4.2, f"1 cm²{text}")
    blind = Observation("electrochem", cell, "cannot tell", "A current tells no phase")
    one = Side("xrd", "/xrd", f"size{text}", f"24 nm (21 … 26){text}")
    other = Side("electrochem", cell, "current density", "0.9 mA/cm²")
    phases = (
        PhaseEvidence("Li3N", "Li₃N", "present", 0.9997, f"Li₃N is there{text}.", "xrd", (seen, blind)),
        PhaseEvidence(
            "LiF", "LiF", "cannot tell", 0.5, "Nothing speaks of LiF.", "", (blind,), (f"odd one{text}",)
        ),
    )
    pulls = (
        Pull(
            f"size against size{text}",
            one,
            other,
            "consistent",
            f"they agree{text}",
            0.4,
            2.0,
            -8.0,
            12.0,
            "nm",
        ),
        Pull("size against current", one, other, "inconsistent", "far apart", 5.0, 5.0, 3.0, 7.0, "1"),
        Pull("volume", one, other, "not comparable", "no common volume"),
    )
    return Joint(of.sample_id, phases, pulls)


def links(samples: Sequence[Sample]) -> tuple[Link, ...]:
    """Return one link with a point for each sample."""
    points = tuple(
        Point(each.sample_id, each.label, k + 1.0, k + 0.9, k + 1.2, k + 2.0, k + 1.5, k + 2.5)
        for k, each in enumerate(samples)
    )
    marks: list[fig.Mark] = [fig.Points([p.x for p in points], [p.y for p in points], "samples", 0)]
    marks += [fig.Text(p.x, p.y, p.label) for p in points]
    scatter = fig.Figure(
        "link", "Size and current", "Scatter.", [fig.Panel("size / nm", "j / mA/cm²", marks)]
    )
    few = "n = 3 cannot tell"
    return (Link("size", "current", points, 1.0, 0.3, 1.0, 0.333, 0.333, "cannot tell", few, scatter),)


def differences(samples: Sequence[Sample]) -> tuple[Difference, ...]:
    """Return one difference between the first two samples."""
    if len(samples) < 2:
        return ()
    a, b = samples[0].sample_id, samples[1].sample_id
    return (
        Difference(a, b, "xrd", "lattice_a", "Li3N", "3.648 Å", "3.652 Å", 0.004, 0.001, 0.007, "angstrom",
                   "increased", "zero is outside", "/xrd", "/xrd"),
    )  # fmt: skip


def write(folder: Path, text: str = "", names: Sequence[str] = ("a", "b", "c")) -> Path:
    """Write the report of the study and return its folder."""
    records = []
    for place, name in enumerate(names):
        made = sample(name, 20.0 + 100.0 * place, text)
        record = folder / f"{name}.nc"
        made.save(record)
        records.append(report.Record(made.sample_id, record, folder / name))
    claims = [
        Claim(sample=f"a{text}", technique="xrd", quantity=quantity, subject="Li3N", value=value, unit=unit,
              source=f"a paper{text}")
        for quantity, value, unit in (("crystallite_size", 20.0, "nm"), ("lattice_a", 9.0, "angstrom"))
    ]  # fmt: skip
    with (
        mock.patch(
            "interlayer.techniques.figures",
            lambda result: figures(text) if result.attrs["technique"] == "xrd" else [],
        ),
        mock.patch("interlayer.report.sample_page.examine", lambda each: joint(each, text)),
        mock.patch("interlayer.report.cohort_page.links", links),
        mock.patch("interlayer.report.cohort_page.differences", differences),
    ):
        report.write_study(
            folder,
            records,
            title=f"A study{text}",
            source=f"doi{text}",
            description=f"Made up{text}",
            claims=claims,
            failures=[
                report.Failure(f"a{text}", f"a eds{text}", f"map.spd: cannot read{text}\nexpected: a map")
            ],
        )
    return folder
