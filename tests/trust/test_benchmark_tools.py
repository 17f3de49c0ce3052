"""The tools of benchmarks/: verdicts, regressions beyond noise, mutations that repeat."""

import importlib.util
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def tool(name: str) -> ModuleType:
    """Import a script of benchmarks/ by its path; what it imports lies beside it."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(BENCHMARKS))


def record(**values: Any) -> Any:
    facts = {"name": "a", "figure": "b", "value": 1.0, "target": 2.0, "noise": 0.1} | values
    return tool("record").Record(**facts)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({}, "met"),
        ({"value": 2.05}, "unsure"),
        ({"value": 2.2}, "missed"),
        ({"value": 2.2, "better": "higher"}, "met"),
        ({"value": 1.2, "better": "higher"}, "missed"),
        ({"value": 92.0, "target": (93.0, 97.0), "better": "between"}, "missed"),
        ({"value": 95.0, "target": (93.0, 97.0), "better": "between"}, "met"),
        ({"value": 97.5, "target": (93.0, 97.0), "better": "between", "noise": 1.0}, "unsure"),
        ({"value": float("nan")}, "missed"),
        ({"target": None}, ""),
    ],
)
def test_verdicts(values: dict[str, Any], verdict: str) -> None:
    made = record(**values)
    assert made.verdict == verdict
    plain = json.loads(json.dumps(made.plain(), allow_nan=False))
    again = type(made).read(plain)
    assert again.verdict == verdict and again.target == made.target and plain["verdict"] == verdict


@pytest.mark.parametrize(
    ("old", "new", "worse"),
    [
        ({"value": 1.0}, {"value": 1.1}, False),
        ({"value": 1.0}, {"value": 1.5}, True),
        ({"value": 1.5}, {"value": 1.0}, False),
        ({"value": 1.0, "better": "higher"}, {"value": 0.5, "better": "higher"}, True),
        ({"value": 95.0, "target": (93, 97)}, {"value": 99.0, "target": (93, 97)}, True),
        ({"value": 99.0, "target": (93, 97)}, {"value": 95.0, "target": (93, 97)}, False),
        ({"value": 1.0}, {"value": float("nan")}, True),
        ({"value": 1.0}, {"value": 1.0, "figure": "other"}, True),
    ],
)
def test_regressions(old: dict[str, Any], new: dict[str, Any], worse: bool) -> None:
    assert bool(tool("run").regressions([record(**old)], [record(**new)])) == worse


def test_the_table_says_what_is_missed_and_what_peers_reach() -> None:
    made = [record(value=3.0, unit="ms", peer="theirs", peer_value=7.5, n=12)]
    text = tool("run").table(made)
    assert "MISSED" in text and "7.5 theirs" in text and "3 ms" in text and "≤ 2" in text


def test_every_technique_has_records() -> None:
    found = tool("run").scripts()
    wanted = ("hub", "xrd", "xps", "sem", "eds", "electrochem", "memory", "report", "evidence", "scale")
    assert {f"suite_{each}" for each in wanted} <= set(found)


SCRIPTS = {
    "suite_a": "yield Record('a', 'good', 1.0, target=2.0)",
    "suite_b": "yield Record('b', 'kept', 1.0, target=2.0)\n    raise ValueError('broken')",
    "suite_c": "print('record {no')\n    print('a word')\n    yield Record('c', 'after', 3.0, target=2.0)",
}
GOOD = "yield Record('b', 'good', 1.0, target=2.0)"
INTERRUPT = "yield Record('c', 'kept', 1.0)\n    import os, signal, time\n    sys.stdout.flush()\n"
INTERRUPT += "    os.kill(os.getppid(), signal.SIGINT)\n    time.sleep(60)"


def suite(folder: Path, scripts: dict[str, str]) -> Path:
    """Put the runner and scripts with these records into a folder."""
    folder.mkdir()
    for name in ("run.py", "record.py"):
        shutil.copy(BENCHMARKS / name, folder)
    for name, body in scripts.items():
        text = f"import sys\n\nfrom record import Record\n\n\ndef records(full):\n    {body}\n"
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder / "run.py"


def run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, timeout=60)


def test_a_script_that_breaks_loses_no_figure(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    done = run(suite(tmp_path / "benchmarks", SCRIPTS), "--quick", "--json", kept)
    content = json.loads(kept.read_text(encoding="utf-8"))
    assert [each["figure"] for each in content["records"]] == ["good", "kept", "after"]
    assert {name: said["figures"] for name, said in content["scripts"].items()} == dict.fromkeys(SCRIPTS, 1)
    assert done.returncode == 1 and "MISSED" in done.stdout
    assert any("suite_b: exit 1 after 1" in each for each in content["problems"])
    assert any("suite_c: no record" in each for each in content["problems"])
    assert "suite_c: a word" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sends an interrupt")
def test_an_interrupted_run_keeps_what_it_has(tmp_path: Path) -> None:
    scripts = {"suite_a": SCRIPTS["suite_a"], "suite_b": INTERRUPT, "suite_c": SCRIPTS["suite_a"]}
    kept = tmp_path / "kept.json"
    done = run(suite(tmp_path / "benchmarks", scripts), "--quick", "--json", kept)
    content = json.loads(kept.read_text(encoding="utf-8"))
    assert done.returncode == 130 and "good" in done.stdout
    assert content["records"][0]["figure"] == "good"
    assert "suite_c" not in content["scripts"]
    assert any("suite_b: interrupted" in each for each in content["problems"])


def test_one_script_is_compared_with_its_own_earlier_figures(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    runner = suite(tmp_path / "benchmarks", {"suite_a": SCRIPTS["suite_a"], "suite_b": GOOD})
    run(runner, "--quick", "--json", old)
    same = run(runner, "--quick", "--only", "suite_b", "--compare", old)
    assert same.returncode == 0 and "nothing became worse" in same.stdout
    slower = GOOD.replace("1.0", "1.5")
    (runner.parent / "suite_b.py").write_text(
        f"from record import Record\n\n\ndef records(full):\n    {slower}\n", encoding="utf-8"
    )
    worse = run(runner, "--quick", "--only", "suite_b", "--compare", old, "--json", new)
    assert worse.returncode == 1 and "b good: 1 → 1.5" in worse.stdout


def test_mutations_repeat_and_stay_small() -> None:
    fuzz = tool("fuzz_mutate")
    seeds = [
        {"a.txt": b"1 2\n3 4\n" * 50},
        {"a.raw": bytes(range(256)) * 4, "a.rpl": b"key\tvalue\n" * 9},
        {"a.png": b"\x89PNG\r\n\x1a\n" + bytes(300)},
        {"a.zip": b"PK\x03\x04" + bytes(300)},
    ]
    different = 0
    for number in range(400):
        files, other = seeds[number % 4], seeds[(number + 1) % 4]
        one, two = (fuzz.mutate(files, other, random.Random(number)) for _ in range(2))
        assert one == two
        assert all(len(data) <= fuzz.LARGEST for data in one.values())
        different += one != files
    assert different > 380
