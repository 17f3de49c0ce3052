"""Mutation fuzzer over all readers: ``python benchmarks/fuzz_readers.py --cases 100000 --findings FOLDER``.

Every case is made from a sound file (`fuzz_seeds`) by one to three mutations (`fuzz_mutate`) and read in a
worker process under limits (`fuzz_worker`): 2 s of processor time, 500 MB more memory. A case is read,
refused with an `interlayer` error (in the reader's own words, or *guarded*: a library's exception passed
on), or it is a finding:

- crash: the worker died; hang: more than 2 s and not back; slow: back after 2 s; memory: 500 MB were asked
  for
- exception: no `interlayer` error; garbage: nothing, objects or infinite values were returned
- noise: a library wrote to the terminal or warned; message: the error names no file, or is not one clean
  line; bare: it says neither what was expected nor what to do

Findings are made smaller and written to the folder given, one per place in the code. The same seed gives
the same cases. ``--seeds`` names the folder that keeps the sound files: what the tests of the readers read.
"""

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz_mutate import Files
from fuzz_seeds import ROOT, collect
from fuzz_worker import SECONDS, Targets, write

FINDINGS = ("crash", "hang", "slow", "memory", "exception", "garbage", "noise", "message", "bare")
_WALL, _BATCH, _SHRINK = 30.0, 2000, 40


class Worker:
    """One worker process, started again when it died or was killed."""

    def __init__(self, seeds: Path, seed: int, only: str, scratch: Path) -> None:
        self.command = [sys.executable, str(Path(__file__).with_name("fuzz_worker.py"))]
        self.command += [str(seeds), str(seed), only, str(scratch)]
        self.process: subprocess.Popen[bytes] | None = None
        self.rest = b""

    def start(self) -> subprocess.Popen[bytes]:
        """Return the running worker."""
        if self.process is None or self.process.poll() is not None:
            paths = [str(ROOT / "src"), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
            threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env=os.environ | threads | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"},
            )  # fmt: skip
            self.rest = b""
            if not self.line(wall=600, cpu=600).get("ready"):
                raise SystemExit("the worker does not start")
        return self.process

    def ask(self, line: str) -> None:
        """Send a command."""
        process = self.start()
        assert process.stdin is not None
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()

    def line(self, *, wall: float = _WALL, cpu: float = SECONDS) -> dict[str, Any]:
        """Return the next record: of a worker that died or hung, a crash or a hang."""
        process = self.process
        assert process is not None and process.stdout is not None
        began, used = time.monotonic(), _cpu(process.pid)
        while b"\n" not in self.rest:
            if select.select([process.stdout], [], [], 0.25)[0]:
                more = os.read(process.stdout.fileno(), 2**16)
                if not more:
                    return {"status": "crash", "why": f"exit {process.wait()}", "cpu": 0.0, "memory": 0}
                self.rest += more
            elif _cpu(process.pid) - used > cpu + 0.5 or time.monotonic() - began > wall:
                spent = _cpu(process.pid) - used
                print(f"after {time.monotonic() - began:.1f} s:\n{self.trace()}", file=sys.stderr, flush=True)
                self.stop()
                return {"status": "hang", "why": f"no answer after {spent:.1f} s", "cpu": spent, "memory": 0}
        line, self.rest = self.rest.split(b"\n", 1)
        return dict(json.loads(line))

    def trace(self) -> str:
        """Return where a worker that hangs is."""
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        path = Path(self.command[-1]).with_suffix(".trace")
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """End the worker."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def _cpu(pid: int) -> float:
    """Return the processor time of a process in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def outcomes(worker: Worker, first: int, last: int) -> Iterator[dict[str, Any]]:
    """Yield the record of every case in turn, starting the worker again where one ended it."""
    number = first
    while number < last:
        stop = min(number + _BATCH, last)
        worker.ask(f"{number}\t{stop}")
        while number < stop:
            record = worker.line()
            yield {**record, "case": number}
            number += 1
            if record["status"] in ("crash", "hang"):
                break


class Tally:
    """Counts per format, and the findings by signature."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.slowest: dict[tuple[str, str], float] = defaultdict(float)
        self.largest: dict[tuple[str, str], int] = defaultdict(int)
        self.findings: dict[tuple[str, ...], list[int]] = {}

    def add(self, kind: tuple[str, str], record: dict[str, Any]) -> None:
        """Count one record."""
        status = record["status"]
        self.counts[kind][status] += 1
        self.slowest[kind] = max(self.slowest[kind], record["cpu"])
        self.largest[kind] = max(self.largest[kind], record["memory"])
        if status in FINDINGS:
            signature = (status, record["why"], *kind)
            if signature not in self.findings:
                print("finding:", *signature, f"case {record['case']}", file=sys.stderr, flush=True)
            self.findings.setdefault(signature, []).append(record["case"])

    def table(self) -> str:
        """Return the table of formats."""
        names = ("cases", "read", "refused", "guarded", "findings", "slowest", "memory")
        head = f"{'format':<34}{''.join(f'{each:>9}' for each in names)}"
        lines = [head, "-" * len(head)]
        total: Counter[str] = Counter()
        for kind, counts in sorted(self.counts.items()):
            total += counts
            lines.append(self._row(" ".join(kind), counts, self.slowest[kind], self.largest[kind]))
        lines += ["-" * len(head)]
        slowest, largest = max(self.slowest.values(), default=0.0), max(self.largest.values(), default=0)
        return "\n".join([*lines, self._row("all", total, slowest, largest)])

    @staticmethod
    def _row(name: str, counts: "Counter[str]", slowest: float, largest: int) -> str:
        found = sum(counts[each] for each in FINDINGS)
        cells = (sum(counts.values()), counts["read"], counts["refused"], counts["guarded"], found)
        sizes = "".join(f"{each:>9}" for each in cells)
        return f"{name[:33]:<34}{sizes}{slowest:>7.2f} s{largest / 2**20:>6.0f} MB"


def shrink(
    worker: Worker, kind: tuple[str, str], files: Files, status: str, why: str, scratch: Path
) -> Files:
    """Return smaller files that end in the same: halves, quarters, … of the first are left out."""
    name = next(iter(files))
    data, tries, size = files[name], 0, max(len(files[name]) // 2, 1)
    while size >= 1 and tries < _SHRINK:
        for at in range(0, len(data), size):
            tries += 1
            less = data[:at] + data[at + size :]
            if tries > _SHRINK:
                break
            worker.start()
            worker.ask(f"read\t{kind[0]}\t{kind[1]}\t{write(scratch, {**files, name: less})}")
            record = worker.line()
            if (record["status"], record["why"]) == (status, why):
                data = less
                break
        else:
            size //= 2
    return {**files, name: data}


def keep(tally: Tally, targets: Targets, worker: Worker, folder: Path, scratch: Path) -> None:
    """Write one small case per finding into a folder, with a note of what happened."""
    for number, ((status, why, technique, kind), cases) in enumerate(sorted(tally.findings.items())):
        files = targets.case(cases[0])
        if status not in ("hang", "slow"):
            files = shrink(worker, (technique, kind), files, status, why, scratch)
        place = folder / f"{number:03d}-{technique}-{status}"
        write(place, files)
        note = {"status": status, "why": why, "technique": technique, "format": kind, "cases": cases[:20]}
        (folder / f"{place.name}.json").write_text(json.dumps(note, indent=1), encoding="utf-8")


def main() -> int:
    """Run, print, keep the findings; 1 where there are any."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--minutes", type=float, default=1e9, help="end after this time, whatever is left")
    options.add_argument("--first", type=int, default=0, help="number of the first case")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="formats whose 'technique name' holds this text")
    options.add_argument("--seeds", type=Path, help="folder of the seed files, filled where it is empty")
    options.add_argument("--findings", type=Path, help="folder that the findings are written to")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(
        prefix="fuzz", dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as made:
        scratch = Path(made) / "case"
        seeds = given.seeds or Path(made) / "seeds"
        targets = Targets(collect(seeds), given.seed, given.only)
        worker, tally, began = Worker(seeds, given.seed, given.only, scratch), Tally(), time.monotonic()
        try:
            for record in outcomes(worker, given.first, given.first + given.cases):
                tally.add(targets.kind(record["case"]), record)
                if time.monotonic() - began > 60 * given.minutes:
                    print(f"ended after {given.minutes:g} minutes", file=sys.stderr, flush=True)
                    break
                if (record["case"] + 1) % 10_000 == 0:
                    print(tally.table(), file=sys.stderr, flush=True)
                if (record["case"] + 1) % 1000 == 0:
                    print(f"{record['case'] + 1} cases, {len(tally.findings)} findings, "
                          f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)  # fmt: skip
            if given.findings:
                keep(tally, targets, worker, given.findings, scratch)
        finally:
            worker.stop()
    print(tally.table())
    for (status, why, *kind), cases in sorted(tally.findings.items()):
        print(f"{status:<10}{' '.join(kind):<34} × {len(cases):<5} {why}  (case {cases[0]})")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
