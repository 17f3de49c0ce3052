"""All benchmarks in one command, as one table and as JSON in which a regression shows.

    python benchmarks/run.py --quick                     a few minutes on one core
    python benchmarks/run.py --full --json figures.json  the figures of the issues, hours
    python benchmarks/run.py --quick --only sem --only hub
    python benchmarks/run.py --quick --compare figures.json

A benchmark is any script in this folder with a function ``records(full: bool) -> list[Record]``; each runs in
a process of its own with one thread for linear algebra. Times are CPU times unless the figure says wall.
Peers come with the extra `peers`; one that is not installed is left out and said so.

The JSON holds the records, the machine, versions and the date given with ``--date`` (no clock is read).
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections import Counter
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
    "lmfit", "impedance", "xrayutilities", "pymatgen", "scikit-image",
)  # fmt: skip
#: change, relative to the old value, below which nothing is a regression
_LEAST = 0.02


def scripts() -> list[str]:
    """Return the names of the scripts that have records."""
    found = [path for path in sorted(HERE.glob("*.py")) if path.name not in ("run.py", "record.py")]
    return [
        path.stem for path in found if re.search(r"^def records\(", path.read_text(encoding="utf-8"), re.M)
    ]


def measured(name: str, full: bool) -> tuple[list[Record], str]:
    """Run one script in a process of its own; return its records, and what went wrong."""
    command = [sys.executable, str(HERE / "run.py"), "--script", name, "--full" if full else "--quick"]
    paths = os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env=os.environ | _ONE_THREAD | {"PYTHONPATH": paths}, text=True
    )
    lines = [line.removeprefix("record ") for line in done.stdout.splitlines() if line.startswith("record ")]
    for line in done.stdout.splitlines():
        if not line.startswith("record "):
            print(f"{name}: {line}", file=sys.stderr)
    problem = "" if done.returncode == 0 else f"{name}: exit {done.returncode} after {len(lines)} records"
    return [Record.read(json.loads(line)) for line in lines], problem


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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true", help="few cases, at most 5 minutes of one core")
    size.add_argument("--full", action="store_true", help="as many cases as the targets ask for")
    parser.add_argument("--only", action="append", default=[], help="scripts whose name holds this text")
    parser.add_argument("--json", type=Path, help="write the records here")
    parser.add_argument("--date", default="", help="kept in the JSON")
    parser.add_argument("--compare", type=Path, help="JSON of an earlier run")
    parser.add_argument("--script", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.script:
        say(given.script, given.full)
        return 0
    records: list[Record] = []
    problems = []
    for name in scripts():
        if not given.only or any(text in name for text in given.only):
            found, problem = measured(name, given.full)
            records += found
            problems += [problem] if problem else []
    print(table(records))
    return _finish(given, records, problems)


def _finish(given: argparse.Namespace, records: list[Record], problems: list[str]) -> int:
    missed = [each for each in records if each.verdict == "missed"]
    counts = Counter(each.verdict for each in records if each.verdict)
    print(
        f"\n{len(records)} figures; targets: " + ", ".join(f"{n} {word}" for word, n in counts.most_common())
    )
    worse = []
    if given.compare:
        old = json.loads(given.compare.read_text(encoding="utf-8"))
        worse = regressions([Record.read(each) for each in old["records"]], records)
        print("\n".join(f"worse than before: {each}" for each in worse) or "nothing became worse")
    for problem in problems:
        print(problem, file=sys.stderr)
    if given.json:
        content = {"date": given.date, "machine": machine(), "full": given.full, "problems": problems}
        content["records"] = [each.plain() for each in records]
        given.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if missed or problems or worse else 0


if __name__ == "__main__":
    raise SystemExit(main())
