"""The engine: any number of workers, and items that kill them, hang, take all memory or raise."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hub import work

from interlayer import parallel
from interlayer.core.errors import InterlayerError
from interlayer.engine import Crew
from interlayer.worker import Loss

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")
HERE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("group", [1, 16])
def test_every_item_comes_back_once(jobs: int, group: int) -> None:
    found = list(parallel.spread(work.double, range(200), Crew(jobs=jobs), lambda _, loss: -1, group))
    assert sorted(found) == [(k, 2 * k) for k in range(200)]


@LINUX
@pytest.mark.parametrize("jobs", [1, 2])
def test_items_that_ruin_their_worker_are_named_and_the_others_done(jobs: int) -> None:
    items = ["a", "kill", "b", "memory", "c", "hang", "d", "raise", "e", "exit", "f"]
    crew = Crew(jobs=jobs, timeout=1.5, memory=300_000_000)
    lost: dict[str, Loss] = {}

    def name(item: str, loss: Loss) -> str:
        assert item not in lost
        lost[item] = loss
        return ""

    found = dict(parallel.spread(work.misbehave, items, crew, name, 4))
    assert [found[k] for k in range(0, 11, 2)] == list("ABCDEF")
    kinds = {item: loss.kind for item, loss in lost.items()}
    assert kinds == {
        "kill": "WorkerKilled",
        "exit": "WorkerKilled",
        "hang": "Timeout",
        "memory": "MemoryLimit",
        "raise": "KeyError",
    }
    assert "signal 9" in lost["kill"].text and "exit code 3" in lost["exit"].text
    assert "1.5 s" in lost["hang"].text and "286 MB" in lost["memory"].text and "peak" in lost["raise"].text


def test_an_item_whose_worker_was_killed_by_chance_is_tried_again(tmp_path: Path) -> None:
    items = [str(tmp_path / "marker"), "", ""]
    found = dict(parallel.spread(work.kill_once, items, Crew(jobs=2), lambda _, loss: loss.text))
    assert found == {0: "done", 1: "done", 2: "done"}


def test_workers_that_cannot_begin_are_an_error(tmp_path: Path) -> None:
    crew = Crew(folder=str(tmp_path / "none"))
    with pytest.raises(InterlayerError, match="end before they begin"):
        list(parallel.spread(work.double, [1], crew, lambda _, loss: -1))


def test_a_script_without_a_main_guard_does_not_run_again_in_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from interlayer import engine, parallel\nfrom tests.hub import work\n"
        "crew = engine.Crew(jobs=2)\n"
        "print(sorted(parallel.spread(work.double, [1, 2], crew, lambda _, loss: 0)))\n"
    )
    paths = os.pathsep.join([str(HERE), str(HERE / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}
    )
    assert done.stdout == "[(0, 2), (1, 4)]\n", done.stderr


@LINUX
def test_a_worker_ends_with_its_parent_even_in_a_loop_that_never_gives_way(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    script = (
        "from interlayer import engine, parallel\nfrom tests.hub import work\n"
        f"list(parallel.spread(work.note_and_block, [{str(place)!r}], engine.Crew(), print))\n"
    )
    paths = os.pathsep.join([str(HERE), str(HERE / "src"), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": paths})
    until = time.monotonic() + 30
    while not (place.exists() and place.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    worker = Path(f"/proc/{place.read_text()}")
    assert worker.exists()
    parent.kill()
    parent.wait()
    while worker.exists() and "zombie" not in (worker / "status").read_text() and time.monotonic() < until:
        time.sleep(0.02)
    assert time.monotonic() < until
