"""Coverage-guided fuzzing of the binary readers with atheris (libFuzzer): an optional extra, on Linux.

    pip install "interlayer[fuzz]"
    python benchmarks/fuzz_atheris.py raw corpus/ -max_total_time=600 -timeout=2 -rss_limit_mb=900

The first word chooses the reader; the rest is libFuzzer's. Inputs that are neither read nor refused with one
`interlayer` error are written as ``crash-…`` or ``timeout-…``, and the run stops. The mutation fuzzer
(`fuzz_readers`) covers all formats; this one goes deeper into those of bytes, guided by what it reaches.
"""

import sys
import tempfile
import warnings
from importlib import import_module
from pathlib import Path

import atheris

#: name to technique, ending of the file
READERS = {
    "raw": ("xrd", ".raw"),
    "rd": ("xrd", ".rd"),
    "brml": ("xrd", ".brml"),
    "rasx": ("xrd", ".rasx"),
    "ibw": ("xps", ".ibw"),
    "spe": ("xps", ".spe"),
    "vgd": ("xps", ".vgd"),
    "tif": ("sem", ".tif"),
    "png": ("sem", ".png"),
    "jpg": ("sem", ".jpg"),
    "spd": ("eds", ".spd"),
    "spc": ("eds", ".spc"),
    "h5oina": ("eds", ".h5oina"),
    "npy": ("eds", ".npy"),
    "mpr": ("electrochem", ".mpr"),
    "nda": ("electrochem", ".nda"),
    "xls": ("electrochem", ".xls"),
}


def main() -> None:
    """Run libFuzzer on one reader."""
    technique, ending = READERS[sys.argv[1]]
    with atheris.instrument_imports(include=["interlayer"]):
        read = import_module(f"interlayer.{technique}").read
        errors = import_module("interlayer.core.errors")
        for module in sorted((Path(read.__code__.co_filename).parent / "readers").glob("*.py")):
            import_module(f"interlayer.{technique}.readers.{module.stem}")
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="atheris", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    path = folder / f"case{ending}"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            read(path)
        except errors.InterlayerError as error:
            assert path.name in str(error)
            assert not isinstance(error.__cause__, MemoryError)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
