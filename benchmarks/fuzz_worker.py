"""Worker of the fuzzer: makes case after case, reads it under limits, says one line of each."""

import faulthandler
import gc
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_files import HUB, TARGETS, UnsoundError
from fuzz_mutate import Files, mutate
from fuzz_seeds import ROOT, TECHNIQUES, Seed, collect

from interlayer.core import formats
from interlayer.core.errors import InterlayerError
from interlayer.core.text import clean

GROWTH = 500 * 2**20
SECONDS = 2.0
#: cases after which all garbage is collected: errors hold the frames, and those the bytes, they came from
_COLLECT = 200
#: words by which the guard of `interlayer.core.formats` passes a library's exception on
GUARDED = "cannot be read as such"


class Targets:
    """Seeds by format, and which case is made of which."""

    def __init__(self, seeds: list[Seed], seed: int, only: str) -> None:
        self.seed = seed
        self.kinds: dict[tuple[str, str], list[tuple[Seed, Files]]] = {}
        for each in seeds:
            if not only or only in f"{each.technique} {each.format}":
                self.kinds.setdefault((each.technique, each.format), []).append((each, each.files()))
        self.names = sorted(self.kinds)
        self.all = [files for kind in self.names for _, files in self.kinds[kind]]

    def kind(self, number: int) -> tuple[str, str]:
        """Return technique and format of a case: in turn."""
        return self.names[number % len(self.names)]

    def case(self, number: int) -> Files:
        """Return the files of a case; the same for the same number and seed."""
        rng = random.Random(f"{self.seed}:{number}")
        choice = self.kinds[self.kind(number)]
        _, files = choice[number // len(self.names) % len(choice)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mutate(files, rng.choice(self.all), rng)


def write(folder: Path, files: Files) -> Path:
    """Write the files of a case into an emptied folder; return the one to read."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / next(iter(files))


def attempt(technique: str, kind: str, path: Path) -> tuple[str, str]:
    """Read a file as a user would; return the class of what happened, and its signature."""
    try:
        if technique == HUB:
            TARGETS[kind](path)
            return "read", ""
        for each in TECHNIQUES:  # what `interlayer init` asks of every file
            formats.identify(path, import_module(f"interlayer.{each}.readers").FORMATS)
        raws = [import_module(f"interlayer.{technique}").read(path)]
        if technique == "xrd":
            raws += import_module("interlayer.xrd.readers").read_all(path)
        for raw in raws:
            _sound(raw)
    except InterlayerError as error:
        return _refused(error, path)
    except UnsoundError as error:
        return "garbage", str(error)
    except BaseException as error:
        return "exception", f"{type(error).__name__} at {_place(error)}"
    return "read", ""


def _sound(raw: Any) -> None:
    """Raise where a Dataset that was read holds nothing, objects, or infinite axes."""
    if not raw.data_vars or not any(each.size for each in raw.data_vars.values()):
        raise UnsoundError("nothing was read")
    for name, each in raw.variables.items():
        if each.dtype.kind not in "fiubUSM":
            raise UnsoundError(f"variable {name} of type {each.dtype}")
        if each.dtype.kind == "f" and each.size < 2**24 and np.isinf(np.asarray(each)).any():
            raise UnsoundError(f"infinite values in {name}")
        if name in raw.dims and each.dtype.kind == "f" and not np.isfinite(np.asarray(each)).all():
            raise UnsoundError(f"an axis {name} that is not finite")


def _refused(error: InterlayerError, path: Path) -> tuple[str, str]:
    text = str(error)
    causes, cause = [], error.__cause__ or error.__context__
    while cause is not None and len(causes) < 10:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(each, MemoryError) for each in causes):
        return "memory", f"MemoryError at {_place(next(e for e in causes if isinstance(e, MemoryError)))}"
    names = {path.name, str(path.parent), *(each.name for each in path.parent.iterdir())}
    if not any(each in text for each in names):
        return "message", f"names no file: {error.message[:60]}"
    if clean(text) != text or ("\n" in text and not error.many_lines) or "\x1b" in text:
        return "message", f"control characters: {error.message[:60]!r}"
    if len(text) > (45_000 if error.many_lines else 2500):
        return "message", f"{len(text)} characters: {error.message[:60]!r}"
    if not (error.expected or error.found or error.advice or error.many_lines):
        return "bare", error.message[:60]
    return (
        ("guarded", f"{type(causes[0]).__name__} at {_place(causes[0])}")
        if GUARDED in text and causes
        else ("refused", "")
    )


def _place(error: BaseException) -> str:
    """Return the last frames of an exception: the last of the project, and where it ended."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if str(ROOT) in each.filename]
    ends = [*(own[-1:]), *frames[-1:]]
    return " -> ".join(f"{Path(each.filename).name}:{each.name}:{each.lineno}" for each in ends)


def _memory(key: bytes) -> int:
    """Return a memory figure of this process in bytes."""
    status = Path("/proc/self/status").read_bytes()
    at = status.index(key)
    return int(status[at:].split(None, 2)[1]) * 1024


class Noise:
    """Everything that libraries write to the terminal, kept in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.out = os.dup(1)
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(self.file, 1)
        os.dup2(self.file, 2)

    def take(self) -> str:
        """Return what was written since the last time."""
        sys.stderr.flush()
        sys.stdout.flush()
        if not os.fstat(self.file).st_size:
            return ""
        text = self.path.read_text(encoding="utf-8", errors="replace")
        os.ftruncate(self.file, 0)
        return text

    def say(self, line: str) -> None:
        """Write a line to the driver."""
        os.write(self.out, (line + "\n").encode())


def measured(technique: str, kind: str, path: Path, noise: Noise) -> dict[str, Any]:
    """Read one case with limits and return its record."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before, size = _memory(b"VmRSS:"), _memory(b"VmSize:")
    resource.setrlimit(resource.RLIMIT_AS, (size + GROWTH, resource.RLIM_INFINITY))
    began = time.process_time()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        status, why = attempt(technique, kind, path)
    spent = time.process_time() - began
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    grown = max(_memory(b"VmHWM:") - before, 0)
    written = noise.take()
    if status in ("read", "refused", "guarded", "bare") and (warned or written):
        first = (
            f"{warned[0].category.__name__} at {Path(warned[0].filename).name}:{warned[0].lineno}"
            if warned else written.strip().split("\n")[0][:80]
        )  # fmt: skip
        return {"status": "noise", "was": status, "why": first, "cpu": spent, "memory": grown}
    if spent > SECONDS:
        return {"status": "slow", "why": f"{status} {why}", "cpu": spent, "memory": grown}
    if grown > GROWTH:
        return {"status": "memory", "why": f"{status} {why}", "cpu": spent, "memory": grown}
    return {"status": status, "why": why, "cpu": spent, "memory": grown}


def work(seeds: Path, seed: int, only: str, scratch: Path) -> None:
    """Serve from stdin: ``first TAB last`` of cases, or ``read``, technique, format and path of one file."""
    noise = Noise(scratch.with_suffix(".log"))
    trace = scratch.with_suffix(".trace").open("w")
    faulthandler.register(signal.SIGUSR1, trace)
    targets = Targets(collect(seeds), seed, only)
    for kind in targets.names:  # imports, compiled loops and caches are no cost of a case
        for _, files in targets.kinds[kind]:
            attempt(*kind, write(scratch, files))
    noise.take()
    noise.say(json.dumps({"ready": len(targets.names), "kinds": targets.names}))
    for line in sys.stdin:
        word, *rest = line.split("\t")
        if word == "read":
            noise.say(json.dumps(measured(rest[0], rest[1], Path(rest[2].rstrip("\n")), noise)))
            continue
        for number in range(int(word), int(rest[0])):
            if number % _COLLECT == 0:
                gc.collect()
            path = write(scratch, targets.case(number))
            noise.take()  # of libraries that made the case
            noise.say(json.dumps({"case": number, **measured(*targets.kind(number), path, noise)}))


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
