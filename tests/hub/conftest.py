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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep every test that needs the example study on one worker, so that it runs once."""
    for item in items:
        if "demo" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("demo"))
