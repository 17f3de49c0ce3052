"""The tools of benchmarks/: verdicts, regressions beyond noise, mutations that repeat."""

import importlib.util
import json
import random
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
    assert {f"suite_{each}" for each in ("hub", "xrd", "xps", "sem", "eds", "electrochem")} <= set(found)


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
