"""The example study, simulated and run once for all tests that look at it."""

import json
from dataclasses import dataclass

import pytest

from interlayer import workflow
from interlayer.example.generator import generate


@dataclass(frozen=True)
class Demo:
    run: workflow.StudyRun
    truths: list[dict[str, str | float]]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    study = generate(folder)
    run = workflow.run(study, jobs=2)
    truths = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return Demo(run, truths)
