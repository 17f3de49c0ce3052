"""Files that ruin the worker that reads them, by a hook that only the test puts on the workers' path."""

import os
from pathlib import Path

HOOK = """
import importlib.abc, importlib.util, os, signal, sys, time

READERS = {"interlayer.sem.readers.tiff", "interlayer.electrochem.readers.delimited"}

def ruin(path):
    name = os.path.basename(path)
    if name.startswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("memory"):
        bytearray(2**31)
    time.sleep(float(os.environ.get("SLOW", 0)))

class Hook(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in READERS:
            return None
        READERS.discard(name)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            load = module.load
            module.load = lambda path, *rest, **more: (ruin(path), load(path, *rest, **more))[1]
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Hook())
"""


def environment(place: Path) -> dict[str, str]:
    """Return an environment whose Python processes read files named kill…, hang…, memory… as poison."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join(part for part in (str(place), os.environ.get("PYTHONPATH", "")) if part)
    return os.environ | {"PYTHONPATH": path}
