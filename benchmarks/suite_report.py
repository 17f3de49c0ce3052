"""The example study, its report, and evidence: seconds, sizes, memory; one, ten and a hundred samples."""

import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memory_cases import measured, peak
from record import Record, share
from sem_folder import Watch, look

from interlayer.example.generator import generate
from interlayer.sample import Sample

HERE = Path(__file__).resolve().parent
#: wall seconds that so many samples may take
TARGETS = {1: 1.5, 100: 20.0, 1000: 60.0}


def records(full: bool) -> Iterator[Record]:
    """Yield the figures of a report of one sample (full: of the example study, of 1, 10 and 100 samples)."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "demo"
        if full:
            yield from _demo(place)
        else:  # one sample of the five
            _interlayer("run", str(generate(place)), "--only", "activated", "--jobs", "1")
        results = place / "results"
        for count in (1, 10, 100) if full else (1,):
            yield from _report(results, count)
        if sys.platform.startswith("linux"):
            yield from _memory(results)


def _interlayer(*arguments: str) -> None:
    command = [sys.executable, "-m", "interlayer", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _demo(place: Path) -> Iterator[Record]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    begun, used = time.perf_counter(), os.times()
    _interlayer("demo", str(place))
    wall, now = time.perf_counter() - begun, os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    yield Record("example study", f"interlayer demo, wall, cores: {cores}", wall, "s", 180.0, "lower", 1, "",
                 0.2 * wall)  # fmt: skip
    yield Record("example study", "interlayer demo, CPU", cpu, "s", None, "lower", 1, "", 0.15 * cpu)
    held, rows = _truths(place)
    value, noise = share(held)
    yield Record("example study", "truths with a row", 100 * rows, "%", 100.0, "higher", len(held))
    yield Record("example study", "intervals that hold the truth", value, "%", 90.0, "higher", len(held), "",
                 noise)  # fmt: skip


def _truths(place: Path) -> tuple[list[bool], float]:
    """Return which intervals hold, of the truths that have a row, and the share that has."""
    pages = runpy.run_path(str(HERE.parent / "docs" / "development" / "make_pages.py"))  # judges as the site
    truths = json.loads((place / "truth.json").read_text(encoding="utf-8"))
    names = {str(each["sample"]) for each in truths}
    samples = {name: Sample.open(place / "results" / f"{name}.nc") for name in names}
    held, present = [], 0
    for truth in truths:
        rows = pages["rows_for"](truth, samples[truth["sample"]])
        present += bool(rows)
        verdicts = [pages["holds"](row, truth) for row in rows]
        if any(each is not None for each in verdicts):
            held.append(True in verdicts)
    return held, present / len(truths)


def _watched(results: Path, count: int) -> tuple[list[dict[str, Any]], float]:
    """Return what `report_speed` tells, and the peak of all its processes (PSS) in MB."""
    command = [sys.executable, str(HERE / "report_speed.py"), str(results), str(count), "--json"]
    process, watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True), Watch()

    def watching() -> None:
        while process.poll() is None:
            look(watch, process.pid)
            time.sleep(0.25)

    eye = threading.Thread(target=watching)
    eye.start()
    text, _ = process.communicate()
    eye.join()
    if process.returncode:
        raise RuntimeError(f"report_speed: exit {process.returncode}")
    return [json.loads(line) for line in text.splitlines()], max(watch.memory)


def _report(results: Path, count: int) -> Iterator[Record]:
    told, together = _watched(results, count)
    name = f"report, {count} sample{'s' * (count > 1)}"
    for each in told:
        first = each["when"] in ("warm process", "first time")
        figure = f"{each['when']}, wall, workers: {each['jobs']}"
        yield Record(name, figure, each["wall"], "s", TARGETS.get(count) if first else None, "lower", 1, "",
                     0.2 * each["wall"])  # fmt: skip
        yield Record(name, f"{each['when']}, CPU of the main process", each["cpu"], "s", None, "lower", 1, "",
                     0.15 * each["cpu"])  # fmt: skip
    last, larger = told[-1], 500.0 if count > 1 else None
    page, size = ("the sample's page", 1.0) if count == 1 else ("the cohort's page", 5.0)
    yield Record(name, page, last["page"], "MB", size, "lower", 1)
    largest = max(last["own"], last["worker"] if count > 1 else 0.0)
    yield Record(name, "peak of the largest process", largest, "MB", larger, "lower", 1, "", 0.03 * largest)
    yield Record(name, "peak of all processes (PSS)", together, "MB", larger, "lower", 1, "", 0.05 * together)


def _memory(results: Path) -> Iterator[Record]:
    path = results / "activated.nc"
    for what, figure in (("report", "page written"), ("evidence", "examined")):
        peak(what, path)
        used = measured(what, path)
        yield Record("memory, sample of five techniques", figure, used.peak, "MB", None, "lower", 1, "",
                     0.03 * used.peak, "imports alone", used.imports)  # fmt: skip
