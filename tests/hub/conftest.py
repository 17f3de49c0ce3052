"""The example study, simulated and run once for all tests that look at it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hub import studies

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


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study of two samples with two cells each, analysed; copy it to change it."""
    folder = tmp_path_factory.mktemp("cells")
    assert workflow.run(studies.study(folder), jobs=1).exit_code == 0
    return folder
