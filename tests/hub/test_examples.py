"""The examples run as they are written, and what they print is the truth of the simulation.

All of them look at the raw files of the one example study that the tests share.
"""

import re
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlayer.core.wording import unit_text

pytestmark = pytest.mark.xdist_group("demo")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

Demo = Any
Capture = pytest.CaptureFixture[str]
Run = Callable[..., str]

#: what an example's table prints of a measured number: its name, value, interval and unit
NUMBER = re.compile(
    r"^  (?P<name>\S.*?)\s{2,}(?P<value>\S+)\s{2,}(?P<low>\S+) … (?P<high>\S+)\s+(?P<unit>.*?)measured"
)


def plain(text: str) -> float:
    """Return the number that a text such as "2.07·10⁻¹³" shows."""
    digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
    return float(text.translate(digits).replace("·10", "e"))


def numbers(printed: str) -> dict[tuple[str, str], tuple[float, float, str]]:
    """Return the interval and the unit of every measured number that is printed, by name and subject."""
    found: dict[tuple[str, str], tuple[float, float, str]] = {}
    for match in filter(None, map(NUMBER.match, printed.splitlines())):
        quantity, _, subject = re.sub(r"\s{2,}", "\t", match["name"]).partition("\t")
        low, value, high = (plain(match[name]) for name in ("low", "value", "high"))
        assert low <= value <= high, match[0]
        found.setdefault((quantity, subject), (low, high, match["unit"].strip()))
    return found


def compared(printed: str, truths: list[dict[str, Any]], **of: str) -> dict[tuple[str, str], bool]:
    """Return for each truth of a sample and technique that is printed whether its interval holds."""
    shown = numbers(printed)
    held = {}
    for truth in truths:
        key = (str(truth["quantity"]).replace("_", " "), str(truth["subject"]))
        if truth["status"] != "measured" or any(truth[name] != value for name, value in of.items()):
            continue
        if key not in shown and not truth["subject"]:
            key = (key[0], "particles")
        if key in shown:
            low, high, unit = shown[key]
            assert unit == unit_text(str(truth["unit"])), key
            held[key] = low <= float(truth["value"]) <= high
    return held


@pytest.fixture
def raw(demo: Demo) -> Path:
    """Return the folder of the example study's raw files."""
    return Path(demo.run.study.folder) / "raw"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Run:
    """Return what runs an example with arguments, as from a shell, and gives what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *arguments: Path | str) -> str:
        script = ROOT / "examples" / name
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        runpy.run_path(str(script), run_name="__main__")
        return capsys.readouterr().out

    return run


def is_figure(path: Path) -> bool:
    """Return whether a PNG was written that holds more than white."""
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 20_000


def test_xrd(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    printed = run("xrd_anode.py", raw / "activated" / "xrd" / "activated_CR2025.raw")
    held = compared(printed, demo.truths, sample="activated", technique="xrd")
    assert len(held) == 12
    # the displacement of Li3N is the one known miss of this pattern, see docs/trust.md
    assert {key for key, good in held.items() if not good} <= {("displacement", "Li3N")}
    assert "To doubt: xrd: Li 110 at 36.1" in printed
    assert re.search(r"detection LiF: not detected", printed)
    assert is_figure(tmp_path / "xrd_anode.png")


def test_xps(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    printed = run("xps_regions.py", raw / "activated" / "xps" / "activated.vms")
    held = compared(printed, demo.truths, sample="activated", technique="xps")
    assert len(held) >= 40 and sum(held.values()) >= 0.95 * len(held)
    composition = re.findall(r"^  ([A-Z][a-z]?) +([\d.]+)  \[([\d.]+), ([\d.]+)\]  measured", printed, re.M)
    truths = {
        t["subject"]: t["value"]
        for t in demo.truths
        if (t["sample"], t["quantity"]) == ("activated", "atomic_fraction") and "/" not in t["subject"]
    }
    assert {element for element, *_ in composition} == set(truths)
    assert all(float(low) <= truths[element] <= float(high) for element, _, low, high in composition)
    assert [float(value) for _, value, *_ in composition] == sorted(
        (float(value) for _, value, *_ in composition), reverse=True
    )
    assert re.search(r"To doubt: xps: .*N 1s.*398\.4", printed)
    assert is_figure(tmp_path / "xps_regions.png")


def test_sem(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    images = sorted((raw / "activated" / "sem").glob("*.tif"))
    printed = run("sem_particles.py", *images)
    held = compared(printed, demo.truths, sample="activated", technique="sem")
    assert len(held) == 7 and all(held.values())
    whole, cut = map(int, re.findall(r"(\d+) whole particles, (\d+) cut", printed)[0])
    table = (tmp_path / "sem_particles.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == whole + cut + 1 and "equivalent_diameter" in table[0]
    assert is_figure(tmp_path / "sem_particles.png")


def test_eds(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    printed = run("eds_layer.py", raw / "activated" / "eds" / "map.spd")
    held = compared(printed, demo.truths, sample="activated", technique="eds")
    assert held == {("layer thickness", "N"): True, ("interface angle", "N"): True}
    assert "To doubt: eds:" in printed and "10 eV" in printed
    assert is_figure(tmp_path / "eds_layer.png")


def test_electrochem(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    printed = run("electrochem_cell.py", raw / "activated" / "electrochem")
    # names tell apart measurements that this example does not all have
    known = [t for t in demo.truths if t["name"] in ("", "cycling", "0.2 mA/cm2", "rate")]
    held = compared(printed, known, sample="activated", technique="electrochem")
    quantities = {quantity for quantity, _ in held}
    assert {
        "resistance",
        "transference number",
        "critical current density",
        "discharge capacity",
    } <= quantities
    assert len(held) >= 16 and sum(held.values()) >= len(held) - 1
    assert re.search(r"lifetime +0.2 mA/cm2 +> 620 +h +lower limit", printed)
    assert is_figure(tmp_path / "electrochem_impedance.png")
    assert is_figure(tmp_path / "electrochem_rates.png")


def test_one_sample(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    import interlayer as il

    printed = run("one_sample.py", raw / "activated")
    sizes = re.findall(r"Particles of (\d+) nm in a layer of (\d+) nm", printed)[0]
    assert abs(float(sizes[0]) - 232.3) < 15 and abs(float(sizes[1]) - 900) < 15
    assert re.search(
        r"electrochem +Critical current density +0.900 +0.900 … 1.000 +mA/cm² +measured", printed
    )
    stored = il.open(tmp_path / "activated.nc")
    assert {row.technique for row in stored.rows} == {"xrd", "xps", "sem", "eds", "electrochem"}
    assert f"{len(stored.rows)} numbers" in printed and "xrd_two_theta" in printed


def test_a_folder_of_images(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    for sample in ("activated", "bare-li"):
        (tmp_path / "images" / sample).mkdir(parents=True)
        source = raw / sample / "sem" / f"{sample}_1.tif"
        shutil.copyfile(source, tmp_path / "images" / sample / source.name)
    printed = run("sem_folder.py", tmp_path / "images")
    low, high = map(
        float, re.findall(r"activated: median diameter [\d.]+ \[([\d.]+), ([\d.]+)\]", printed)[0]
    )
    assert low <= 228.16 <= high
    assert "bare-li: median diameter not detected" in printed
    assert (tmp_path / "sizes" / "contact-sheet.png").exists()


def test_a_study(run: Run, raw: Path, demo: Demo, tmp_path: Path) -> None:
    study = tmp_path / "study"
    for sample in ("activated", "peo"):
        (study / "raw" / sample / "electrochem").mkdir(parents=True)
        for name in ("ccd.csv", "polarisation_10mV.mpr", "eis_before.mpr", "eis_after.mpr"):
            source = raw / sample / "electrochem" / name
            shutil.copyfile(source, study / "raw" / sample / "electrochem" / name)
    script = runpy.run_path(str(ROOT / "examples" / "study.py"))
    script["write_study"](study)
    printed = run("study.py", study)
    assert "failed:" not in printed
    assert "activated, critical_current_density: agree" in printed
    assert "peo, transference_number: disagree" in printed
    found = re.findall(r"^  (\w+) +([\d.]+) \[([\d.]+), ([\d.]+)\] (\S+)", printed, re.M)
    truths = {
        (t["sample"], t["value"])
        for t in demo.truths
        if t["quantity"] in ("critical_current_density", "transference_number")
    }
    assert len(truths) == 4 == len(found)
    for sample, _, low, high, _unit in found:
        assert any(name == sample and float(low) <= value <= float(high) for name, value in truths)
    assert (study / "results" / "report.html").exists()


def test_examples_simulate_their_own_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments an example simulates files; not tried are those whose images take seconds."""
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path / "made"))
    for name in ("xrd_anode", "xps_regions", "eds_layer", "electrochem_cell", "study"):
        made = runpy.run_path(str(ROOT / "examples" / f"{name}.py"))["simulated"]()
        assert made.exists() and made.stat().st_size > 0, name
    assert (tmp_path / "made" / "study.toml").exists()


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES if f'run("{path.name}"' not in text] == []
