"""The engine on a real cluster of two workers, started here: the same results as on one machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hub import studies, work

from interlayer import cluster, parallel, store
from interlayer.cli import main
from interlayer.core.errors import InterlayerError
from interlayer.engine import Crew
from interlayer.worker import Loss

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    options = {"dashboard_address": ":0", "worker_dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **options) as running:
        yield running.scheduler_address


def test_a_study_on_a_cluster_is_the_same_to_the_byte(address: str, cells: Path, tmp_path: Path) -> None:
    assert main(["run", str(cells), "-o", str(tmp_path), "--scheduler", address]) == 0
    here, there = (store.read_manifest(each) for each in (cells / "results", tmp_path))
    assert here == there and len(here) == 20


def test_items_that_ruin_their_worker_are_named_on_a_cluster_too(address: str) -> None:
    items = ["a", "kill", "b", "hang", "c", "exit", "d", "raise"]
    crew = Crew(scheduler=address, timeout=1.5, preload=("interlayer.store",))
    lost: dict[str, Loss] = {}
    found = dict(
        parallel.spread(work.misbehave, items, crew, lambda item, loss: lost.update({item: loss}), 4)
    )
    assert {k: each for k, each in found.items() if each} == {0: "A", 2: "B", 4: "C", 6: "D"}
    assert {item: loss.kind for item, loss in lost.items()} == {
        "kill": "WorkerKilled",
        "hang": "Timeout",
        "exit": "WorkerKilled",
        "raise": "KeyError",
    }


def test_other_code_on_the_cluster_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_code", lambda: ("9.9.9", "f" * 64))
    with pytest.raises(InterlayerError, match="another version of interlayer"):
        list(parallel.spread(work.double, [1], Crew(scheduler=address), lambda _, loss: -1))


def test_a_scheduler_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    studies.study(tmp_path, samples=1, cells=1)
    assert main(["run", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]) == 3
    assert "no dask scheduler answers at 'tcp://127.0.0.1:9'" in capsys.readouterr().err
