"""Make what the site shows of the example study: pictures, printed output, truths against intervals.

``python docs/development/make_pages.py`` writes docs/_generated, which is not kept in the repository: what a
page shows is what this version of the code does.
"""

import contextlib
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import xarray as xr

from interlayer import cli, techniques, workflow
from interlayer.core import units
from interlayer.core.draw import draw
from interlayer.core.figure import Figure
from interlayer.core.summary import Row
from interlayer.core.text import slug
from interlayer.core.wording import interval_text, number_text, unit_text, value_text
from interlayer.example.generator import generate
from interlayer.sample import Sample

TARGET = Path(__file__).resolve().parents[1] / "_generated"

#: the gallery: which figures of which analysis, in the order of the page
PICTURES: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "X-ray diffraction": [("activated", "/xrd", ("pattern", "positions"))],
    "X-ray photoelectron spectroscopy": [
        ("activated", "/xps", ("xps_regions", "xps_survey")),
        ("cycled", "/xps", ("xps_regions",)),
    ],
    "Scanning electron microscopy": [("activated", "/sem", ("picture_0", "distribution"))],
    "Energy-dispersive X-ray maps": [("activated", "/eds", ("N-map", "N-profile", "N-along", "spectrum"))],
    "Electrochemistry": [
        ("activated", "/electrochem/cv", ("cv",)),
        ("activated", "/electrochem/ccd", ("ccd", "ccd-resistance")),
        ("activated", "/electrochem/eis/cycling", ("eis-nyquist", "eis-series", "eis-drt")),
        ("activated", "/electrochem/transference", ("transference",)),
        ("activated", "/electrochem/gitt", ("gitt-diffusion",)),
        ("peo", "/electrochem/plating/0.2-mA-cm2", ("plating",)),
        ("activated", "/electrochem/cycling/rate", ("cycling", "cycling-differential")),
    ],
}

#: what the tutorial's folder holds: files of the example study, under the names of its samples
TUTORIAL = {
    "activated": ("xrd/activated_CR2025.raw", "eds/map.spd", "eds/map.spc", "eds/map_Img.ipr",
                  "electrochem/ccd.csv"),
    "peo": ("electrochem/ccd.csv",),
}  # fmt: skip

#: what the tutorial adds to the study file that `interlayer init` wrote
FACTS = {
    'id = "activated"': 'id = "activated"\nlabel = "PEO-CAS activated"\narea = "1.131 cm2"',
    'id = "peo"': 'id = "peo"\nlabel = "PEO"\narea = "1.131 cm2"',
}
CLAIM = """
[[claim]]
sample = "peo"
technique = "electrochem"
quantity = "critical_current_density"
value = 0.6
unit = "mA/cm^2"
source = "text"
"""


def main() -> None:
    """Write everything anew."""
    os.environ["COLUMNS"] = "110"  # the width of the terminal whose output is shown
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        study = generate(work / "study")
        tutorial(work)
        run = workflow.run(study)
        samples = {sample.sample_id: sample for sample in run.samples}
        gallery(samples)
        truths = json.loads((work / "study" / "truth.json").read_text(encoding="utf-8"))
        write("truths.md", "\n".join(held(truths, samples)))
        write("sample.txt", repr(samples["activated"]))
        write("sample.html", samples["activated"]._repr_html_())
        write("claims.md", "\n".join(claims(run)))


def write(name: str, text: str) -> None:
    """Write one file below docs/_generated."""
    path = TARGET / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


# ------------------------------------------------------------------------------------------- gallery
def gallery(samples: dict[str, Sample]) -> None:
    """Draw the pictures and write the page that shows them."""
    lines = []
    for title, wanted in PICTURES.items():
        lines += [f"## {title}", ""]
        for sample, path, names in wanted:
            result = dict(samples[sample].results())[path]
            figures = {figure.name: figure for figure in techniques.figures(result)}
            lines += [line for name in names for line in picture(sample, figures[name])]
    write("gallery.md", "\n".join([*lines, *compared(samples)]))


def compared(samples: dict[str, Sample]) -> Iterator[str]:
    """Draw what a technique shows of several samples together."""
    results: dict[str, xr.DataTree] = {
        sample.label: dict(sample.results())["/xps"]
        for sample in samples.values()
        if "xps" in sample.tree.children
    }
    yield from ("## Samples compared", "")
    for figure in techniques.comparison("xps", results):
        yield from picture("bare lithium, activated, cycled", figure)


def picture(sample: str, figure: Figure) -> Iterator[str]:
    """Save a figure and return the lines that show it."""
    name = f"pictures/{slug(sample)}-{slug(figure.name)}.png"
    (TARGET / "pictures").mkdir(exist_ok=True)
    draw(figure).savefig(TARGET / name, dpi=120)
    alt = f"{figure.title}. {figure.caption}".replace("\n", " ")
    yield from (
        f"```{{figure}} /_generated/{name}",
        f":alt: {alt}",
        "",
        f"**{figure.title}** ({sample}). {figure.caption}",
        "```",
        "",
    )


# ----------------------------------------------------------------------------------- truths and claims
def held(truths: Iterable[dict[str, Any]], samples: dict[str, Sample]) -> Iterator[str]:
    """Return how many of the simulation's truths lie inside their intervals, and each that does not."""
    counts: dict[str, list[int]] = {}
    misses = []
    for truth in truths:
        rows = rows_for(truth, samples[truth["sample"]])
        verdicts = [holds(row, truth) for row in rows]
        count = counts.setdefault(truth["technique"], [0, 0])
        count[1] += 1
        count[0] += True in verdicts
        if True not in verdicts:
            misses.append(miss(truth, rows))
    yield from ("| technique | truths | inside their intervals or limits |", "| --- | --- | --- |")
    yield from (f"| {name} | {total} | {good} |" for name, (good, total) in counts.items())
    good, total = (sum(each) for each in zip(*counts.values(), strict=True))
    yield from (f"| all | {total} | {good} ({100 * good / total:.1f} %) |", "", "Outside:", "")
    yield from misses or ["none"]


def miss(truth: dict[str, Any], rows: list[Row]) -> str:
    """Return one line about a truth that no row holds."""
    what = f"{truth['sample']}, {truth['quantity'].replace('_', ' ')} {truth['subject']}"
    found = "no row" if not rows else f"{value_text(rows[0])} ({interval_text(rows[0]) or rows[0].status})"
    value = number_text(float(truth["value"]), None)
    return f"- {truth['technique']}: {what}: {found} for {value} {unit_text(truth['unit'])}"


def rows_for(truth: dict[str, Any], sample: Sample) -> list[Row]:
    """Return the rows that estimate a truth; a subject left out fits any."""
    fitting = [
        row
        for place, row in sample.located_rows()
        if (row.technique, row.quantity) == (truth["technique"], truth["quantity"])
        and truth["subject"] in ("", row.subject)
        and (not truth["name"] or place.rsplit("/", 1)[-1] == slug(truth["name"]))
    ]
    return [row for row in fitting if row.subject == truth["subject"]] or fitting


def holds(row: Row, truth: dict[str, Any]) -> bool | None:
    """Return whether a row's statement is true; None where it states nothing."""
    if truth["status"] == "not detected":
        return row.status in ("not detected", "upper limit")
    value = units.convert(truth["value"], truth["unit"], row.unit)
    if truth["status"] == "lower limit":
        return row.status == "lower limit" or row.low >= value * 0.99
    if row.status == "measured":
        return row.low <= value <= row.high
    if row.status in ("upper limit", "not detected") and math.isfinite(row.high):
        return value <= row.high
    return value >= row.low if row.status == "lower limit" else None


def claims(run: workflow.StudyRun) -> Iterator[str]:
    """Return the published numbers with what the simulated data say of them."""
    yield from ("| sample | quantity | claimed | verdict |", "| --- | --- | --- | --- |")
    for verdict in run.verdicts:
        claim = verdict.claim
        ends = [f"{end:g}" if end is not None else "" for end in (claim.low, claim.high)]
        claimed = claim.status or (f"{claim.value:g}" if claim.value is not None else " … ".join(ends))
        what = f"{claim.technique} {claim.quantity.replace('_', ' ')} {claim.subject}"
        yield f"| {claim.sample} | {what} | {claimed} {unit_text(claim.unit)} | {verdict.verdict} |"


# ------------------------------------------------------------------------------------------ tutorial
def tutorial(work: Path) -> None:
    """Run the tutorial's commands in a folder of their own and keep what they print."""
    folder = work / "my-cells"
    for sample, names in TUTORIAL.items():
        (folder / sample).mkdir(parents=True)
        for name in names:
            shutil.copyfile(work / "study" / "raw" / sample / name, folder / sample / Path(name).name)
    listing = sorted(path.relative_to(work).as_posix() for path in folder.rglob("*") if path.is_file())
    write("tutorial/files.txt", "\n".join(listing))
    say(work, "init", "init", "my-cells")
    study = folder / "study.toml"
    write("tutorial/study.toml", study.read_text(encoding="utf-8").rstrip())
    say(work, "run", "run", "my-cells", "--jobs", "1")
    write("tutorial/before.txt", Sample.open(folder / "results" / "peo.nc").table())
    text = study.read_text(encoding="utf-8")
    for old, new in FACTS.items():
        text = text.replace(old, new)
    study.write_text(text + CLAIM, encoding="utf-8")
    say(work, "again", "run", "my-cells", "--jobs", "1")
    say(work, "verify", "verify", "my-cells/results")
    say(work, "xrd", "xrd", "my-cells/activated/activated_CR2025.raw", "--phase", "LiF")
    write("tutorial/claims.csv", (folder / "results" / "claims.csv").read_text(encoding="utf-8").rstrip())
    write("tutorial/sample.txt", repr(Sample.open(folder / "results" / "activated.nc")))
    written = (path for path in (folder / "results").rglob("*") if path.is_file())
    write("tutorial/results.txt", "\n".join(sorted(path.relative_to(work).as_posix() for path in written)))


def say(work: Path, name: str, *arguments: str) -> None:
    """Run a command and keep what it prints, below the command itself."""
    out, progress = io.StringIO(), io.StringIO()
    with contextlib.chdir(work), contextlib.redirect_stdout(out), contextlib.redirect_stderr(progress):
        status = cli.main(arguments)
    if status != 0:
        raise RuntimeError(f"interlayer {' '.join(arguments)} ended with {status}: {progress.getvalue()}")
    shown = " ".join(each for each in arguments if each not in ("--jobs", "1"))
    printed = (progress.getvalue() + out.getvalue()).replace(f"{work}{os.sep}", "")
    lines = [f"$ interlayer {shown}", *printed.rstrip().splitlines()]
    write(f"tutorial/{name}.txt", "\n".join(line.rstrip() for line in lines))


if __name__ == "__main__":
    main()
