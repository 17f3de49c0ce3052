"""All benchmarks in one command, as one table and as JSON in which a regression shows.

    python benchmarks/run.py --quick                     a few minutes on one core
    python benchmarks/run.py --full --json figures.json  the figures of the issues, an hour
    python benchmarks/run.py --quick --only sem --only hub
    python benchmarks/run.py --quick --compare figures.json

A benchmark is any script in this folder with a function ``records(full: bool) -> Iterable[Record]``; each
runs in a process of its own with one thread for linear algebra. What a script said before it broke is kept,
and the JSON is written after each, so that an interrupted run keeps what it has. Times are CPU times unless
the figure says wall. Peers come with the extra `peers`; one that is not installed is left out and said so.

The JSON holds the records, the machine, versions and the date given with ``--date`` (no clock is read).
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from record import Record  # noqa: E402

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_VERSIONS = (
    "interlayer", "numpy", "scipy", "xarray", "numba", "polars", "netCDF4", "opencv-python-headless",
    "lmfit", "lmfitxps", "impedance", "xrayutilities", "pymatgen", "scikit-image", "pandas",
)  # fmt: skip
#: end a run; a shell starts jobs in the background deaf to the first
_STOPS = (signal.SIGINT, signal.SIGTERM)
#: run last, so that an interrupted run keeps most figures
_LONG = ("suite_xrd", "suite_eds")
#: change, relative to the old value, below which nothing is a regression
_LEAST = 0.02


def scripts() -> list[str]:
    """Return the names of the scripts that have records; those that take long come last."""
    found = [path for path in sorted(HERE.glob("*.py")) if path.name not in ("run.py", "record.py")]
    names = [
        path.stem for path in found if re.search(r"^def records\(", path.read_text(encoding="utf-8"), re.M)
    ]
    return sorted(names, key=lambda name: name in _LONG)


@dataclass
class Run:
    """What the scripts said so far: figures, what went wrong, and each script's count and seconds."""

    full: bool
    date: str = ""
    records: list[Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    scripts: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """Run one script in a process of its own; what it said before it broke is kept."""
        begun, used, before = time.perf_counter(), _used(), len(self.records)
        process = subprocess.Popen(
            [sys.executable, str(HERE / "run.py"), "--script", name, "--full" if self.full else "--quick"],
            stdout=subprocess.PIPE, env=_environment(), text=True, encoding="utf-8",
        )  # fmt: skip
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self._hear(name, line.rstrip("\n"))
            if process.wait():
                said = len(self.records) - before
                self.problems.append(f"{name}: exit {process.returncode} after {said} figures")
        except KeyboardInterrupt:
            process.kill()
            process.wait()
            self.problems.append(f"{name}: interrupted after {len(self.records) - before} figures")
            raise
        finally:
            wall, cpu = round(time.perf_counter() - begun, 1), round(_used() - used, 1)
            said: dict[str, float] = {"figures": len(self.records) - before, "wall": wall, "cpu": cpu}
            # wall times of a machine that does other things say little
            self.scripts[name] = said | ({"load": os.getloadavg()[0]} if hasattr(os, "getloadavg") else {})

    def _hear(self, name: str, line: str) -> None:
        if not line.startswith("record "):
            print(f"{name}: {line}", file=sys.stderr)
            return
        try:
            self.records.append(Record.read(json.loads(line.removeprefix("record "))))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self.problems.append(f"{name}: no record: {line[:80]} ({error})")

    def keep(self, path: Path) -> None:
        """Write what there is, whole or not at all."""
        content = {
            "date": self.date, "machine": machine(), "full": self.full, "problems": self.problems,
            "scripts": self.scripts, "records": [each.plain() for each in self.records],
        }  # fmt: skip
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(path)


def _used() -> float:
    """Return the CPU seconds of all processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _environment() -> dict[str, str]:
    paths = os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])
    return os.environ | _ONE_THREAD | {"PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}


def earlier(path: Path, names: Collection[str]) -> list[Record]:
    """Return the records of an earlier run, of these scripts where it says which are whose."""
    content = json.loads(path.read_text(encoding="utf-8"))
    kept, at = [], 0
    for name, said in content.get("scripts", {}).items():
        last = at + int(said["figures"])
        kept += content["records"][at:last] if name in names else []
        at = last
    return [Record.read(each) for each in (kept if "scripts" in content else content["records"])]


def say(name: str, full: bool) -> None:
    """Print the records of one script as lines of JSON."""
    for record in import_module(name).records(full):
        print("record " + json.dumps(record.plain()), flush=True)


def table(records: list[Record]) -> str:
    """Return the table of figures: ours, target, peer's, met or missed."""
    rows = [("benchmark", "figure", "ours", "target", "peer", "", "n")]
    for each in records:
        peer = f"{_text(each.peer_value)} {each.peer}" if each.peer else ""
        met = "MISSED" if each.verdict == "missed" else each.verdict
        ours = f"{_text(each.value)} {each.unit}".strip()
        rows.append((each.name, each.figure, ours, _target(each), peer, met, str(each.n)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _text(value: float) -> str:
    return f"{value:.4g}"


def _target(record: Record) -> str:
    if record.target is None:
        return ""
    if isinstance(record.target, tuple):
        return f"{_text(record.target[0])} to {_text(record.target[1])}"
    return f"{'≥' if record.better == 'higher' else '≤'} {_text(record.target)}"


def regressions(old: list[Record], new: list[Record]) -> list[str]:
    """Return what became worse by more than both runs vary, or is there no more."""
    before = {(each.name, each.figure): each for each in old}
    now = {(each.name, each.figure): each for each in new}
    found = [f"{' '.join(key)}: there no more" for key in before.keys() - now.keys()]
    for key in sorted(before.keys() & now.keys()):
        was, is_ = before[key], now[key]
        worse = _worse(was, is_)
        if worse > was.noise + is_.noise + _LEAST * abs(was.value) or (was.value == was.value) > (
            is_.value == is_.value
        ):
            found.append(f"{' '.join(key)}: {_text(was.value)} → {_text(is_.value)} {is_.unit}".rstrip())
    return found


def _worse(was: Record, now: Record) -> float:
    if isinstance(now.target, tuple):
        middle = sum(now.target) / 2
        return abs(now.value - middle) - abs(was.value - middle)
    return (was.value - now.value) if now.better == "higher" else (now.value - was.value)


@cache
def machine() -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    versions = {}
    for name in _VERSIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = ""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "system": f"{platform.system()} {platform.machine()}", "python": platform.python_version(),
        "processor": cpu or platform.processor(), "cores": os.cpu_count(), "versions": versions,
    }  # fmt: skip


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def main() -> int:
    """Run, print, keep, compare; 1 where a target is missed, something broke or became worse."""
    given = _arguments()
    if given.script:
        say(given.script, given.full)
        return 0
    for stop in _STOPS:
        signal.signal(stop, signal.default_int_handler)
    names = [name for name in scripts() if not given.only or any(text in name for text in given.only)]
    old = earlier(given.compare, names) if given.compare else None
    run, stopped = Run(given.full, given.date), False
    try:
        for name in names:
            run.add(name)
            if given.json:
                run.keep(given.json)
    except KeyboardInterrupt:
        stopped = True
        for stop in _STOPS:
            signal.signal(stop, signal.SIG_IGN)
        if given.json:
            run.keep(given.json)
    print(table(run.records))
    return 130 if stopped else _finish(run, old)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true", help="few cases, at most 5 minutes of one core")
    size.add_argument("--full", action="store_true", help="as many cases as the targets ask for")
    parser.add_argument("--only", action="append", default=[], help="scripts whose name holds this text")
    parser.add_argument("--json", type=Path, help="write the records here, after each script")
    parser.add_argument("--date", default="", help="kept in the JSON")
    parser.add_argument("--compare", type=Path, help="JSON of an earlier run")
    parser.add_argument("--script", help=argparse.SUPPRESS)
    return parser.parse_args()


def _finish(run: Run, old: list[Record] | None) -> int:
    missed = [each for each in run.records if each.verdict == "missed"]
    counts = Counter(each.verdict for each in run.records if each.verdict)
    told = ", ".join(f"{n} {word}" for word, n in counts.most_common())
    print(f"\n{len(run.records)} figures; targets: {told}")
    worse = [] if old is None else regressions(old, run.records)
    if old is not None:
        print("\n".join(f"worse than before: {each}" for each in worse) or "nothing became worse")
    for problem in run.problems:
        print(problem, file=sys.stderr)
    return 1 if missed or run.problems or worse else 0


if __name__ == "__main__":
    raise SystemExit(main())
