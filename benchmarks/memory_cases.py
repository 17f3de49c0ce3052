"""What a process of its own needs to read an input, or to read and analyse it, beside its imports alone.

    python benchmarks/memory_cases.py run CASE FILE       peak of one case, as JSON (cases: see ``CASES``)
    python benchmarks/memory_cases.py extra CASE A B      what B takes beyond what the process held after A
    python benchmarks/memory_cases.py imports             peak of importing the modules named on stdin

The peak is VmHWM of /proc, which is set back before B (so Linux only); pages of mapped files count.
`measured` and `extra` start such processes.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MB = 1024.0  # kB, as /proc tells them


@dataclass(frozen=True)
class Used:
    """Peak memory in MB, and that of a process that only imports the same modules."""

    peak: float
    imports: float


def measured(case: str, path: Path) -> Used:
    """Return the memory of a case in a process of its own."""
    found = _child("run", case, str(path))
    alone = _child("imports", given="\n".join(found["modules"]))
    return Used(found["peak"], alone["peak"])


def peak(case: str, path: Path) -> float:
    """Return the peak alone; run before the others, it also compiles what they would compile."""
    return float(_child("run", case, str(path))["peak"])


def extra(case: str, small: Path, path: Path) -> float:
    """Return the MB beyond what a process holds that did the small one before."""
    return float(_child("extra", case, str(small), str(path))["peak"])


def _child(*arguments: str, given: str = "") -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    here = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "src")]
    paths = os.pathsep.join([*here, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    done = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def status(name: str) -> float:
    """Return VmHWM or VmRSS of this process in MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / _MB for line in lines if line.startswith(name))


def _read(technique: str) -> Callable[[Path], object]:
    return lambda path: importlib.import_module(f"interlayer.{technique}").read(path)


def _analyse(technique: str, **settings: Any) -> Callable[[Path], object]:
    def run(path: Path) -> object:
        module = importlib.import_module(f"interlayer.{technique}")
        return module.analyze(module.read(path), **settings)

    return run


def _watershed(path: Path) -> object:
    import tifffile
    from sem_baseline import otsu_watershed

    return otsu_watershed(tifffile.imread(path), 2.0, 7)


def _halves(path: Path) -> object:
    from electrochem_io import summarise

    return summarise(path)


def _pandas(path: Path) -> object:
    from electrochem_io import with_pandas

    return with_pandas(path)


def _polars(path: Path) -> object:
    from electrochem_io import with_polars

    return with_polars(path)


def _report(path: Path) -> object:
    from interlayer import report

    return report.write_files(path.with_suffix(".memory.html"), [path])


def _evidence(path: Path) -> object:
    import interlayer as il

    return il.examine(il.open(path))


MAP = {"element": "N", "pixel_size": "20 nm", "energy_step": "10 eV", "beam_voltage": 3.0}
CASES: dict[str, Callable[[Path], object]] = {
    "read xrd": _read("xrd"), "analyse xrd": _analyse("xrd"),
    "read xps": _read("xps"), "analyse xps": _analyse("xps"),
    "read sem": _read("sem"), "analyse sem": _analyse("sem"), "watershed": _watershed,
    "read eds": _read("eds"), "analyse eds": _analyse("eds", element="N", pixel_size="20 nm"),
    "analyse eds cube": _analyse("eds", **MAP),
    "read electrochem": _read("electrochem"), "analyse cv": _analyse("electrochem", kind="cv"),
    "halves": _halves, "pandas": _pandas, "polars": _polars,
    "report": _report, "evidence": _evidence,
}  # fmt: skip


def main(what: str, *arguments: str) -> None:
    if what == "imports":
        for name in sys.stdin.read().split():
            try:
                importlib.import_module(name)
            except Exception:  # parts that only their package may import
                continue
        print(json.dumps({"peak": status("VmHWM")}))
        return
    case, *files = arguments
    CASES[case](Path(files[0]))
    if what == "run":
        modules = [name for name in sys.modules if name != "__main__"]
        print(json.dumps({"peak": status("VmHWM"), "modules": modules}))
        return
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = status("VmRSS")
    CASES[case](Path(files[1]))
    print(json.dumps({"peak": status("VmHWM") - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
