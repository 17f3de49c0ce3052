"""Seeds of the fuzzer: every file that the tests of the readers read, and small real files.

The tests write most vendors' formats in code; a plugin of pytest copies each file that a reader took, with
the files beside it. So a format that gets a test gets fuzzed.
"""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fuzz_files_seeds
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real"
TECHNIQUES = ("xrd", "xps", "sem", "eds", "electrochem")
#: kinds of content kept per format, and the bytes of the largest: a case should cost milliseconds
PER_FORMAT, LARGEST, BESIDE = 24, 120_000, 8
#: files that are read with all that lies beside them
WITH_ALL = ("study.toml", "manifest.json", ".report-cache.json", "ledger.sqlite")


@dataclass(frozen=True)
class Seed:
    """One sound file with those beside it that its reader may want."""

    technique: str
    format: str
    path: Path

    def files(self) -> dict[str, bytes]:
        """Return name to content of all files of the seed, the one that is read first."""
        beside = sorted(each for each in self.path.parent.iterdir() if each.is_file() and each != self.path)
        return {each.name: each.read_bytes() for each in (self.path, *beside)}


class Recorder:
    """A plugin of pytest that keeps what the readers took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[tuple[str, str], set[str]] = {}

    def pytest_configure(self) -> None:
        from interlayer.core import formats

        stamped = formats._stamped

        def kept(scans: list[Any], path: Path, technique: str, found: Any) -> list[Any]:
            self.keep(path, technique, found.name)
            return stamped(scans, path, technique, found)

        formats._stamped = kept

    def keep(self, path: Path, technique: str, name: str) -> None:
        """Copy a file, unless its like is there."""
        if path.stat().st_size > (LARGEST if technique in TECHNIQUES else 4 * LARGEST):
            return
        seen = self.seen.setdefault((technique, name), set())
        data = path.read_bytes()
        like = f"{path.suffix}{data[:24]!r}{len(data).bit_length()}"
        if like in seen or len(seen) >= PER_FORMAT:
            return
        seen.add(like)
        place = self.folder / hashlib.sha256(f"{technique}{name}{like}".encode()).hexdigest()[:16]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place / path.name)
        for beside in _company(path):
            shutil.copyfile(beside, place / beside.name)
        about = {"technique": technique, "format": name, "file": path.name}
        (place.with_suffix(".json")).write_text(json.dumps(about), encoding="utf-8")


def _company(path: Path) -> list[Path]:
    """Return the files beside one that have its stem, or that its folder holds little else of."""
    every = path.name in WITH_ALL
    others = [
        each for each in path.parent.iterdir()
        if each.is_file() and each != path and each.stat().st_size <= LARGEST
        and (every or each.stem.startswith(path.stem) or each.suffix in (".spc", ".ipr", ".txt", ".hdr"))
    ]  # fmt: skip
    return sorted(others)[:BESIDE]


def collect(folder: Path) -> list[Seed]:
    """Fill a folder with seeds where it is empty; return them in the order of their names."""
    if not folder.is_dir() or not any(folder.glob("*.json")):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, __file__, str(folder)], check=True, cwd=ROOT, stdout=sys.stderr)
    found = []
    for note in sorted(folder.glob("*.json")):
        about = json.loads(note.read_text(encoding="utf-8"))
        found.append(Seed(about["technique"], about["format"], note.with_suffix("") / about["file"]))
    return sorted(found, key=lambda seed: (seed.technique, seed.format, seed.path.parent.name))


def _record(folder: Path) -> None:
    import pytest

    recorder = Recorder(folder)
    tests = [
        str(each)
        for technique in TECHNIQUES
        for each in sorted((ROOT / "tests" / technique).rglob("test_*.py"))
        if "reader" in each.name or each.name in _OTHERS
    ]
    tests = [each for each in tests if "fuzz" not in Path(each).name]
    pytest.main([*tests, "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider"], plugins=[recorder])
    _real(recorder)
    made = folder.with_name(folder.name + "-made")
    _written(recorder, made)
    sys.path.insert(0, str(ROOT))
    fuzz_files_seeds.keep_seeds(made / "files", recorder.keep)


_OTHERS = ("test_vendors.py", "test_biologic.py", "test_hdf5.py", "test_casa.py")


def _real(recorder: Recorder) -> None:
    """Keep small real files, where they are."""
    from importlib import import_module

    from interlayer.core.errors import InterlayerError

    for path in sorted(REAL.rglob("*")) if REAL.is_dir() else []:
        technique = path.relative_to(REAL).parts[0]
        if path.is_file() and technique in TECHNIQUES and path.stat().st_size <= LARGEST:
            try:
                import_module(f"interlayer.{technique}").read(path)
            except InterlayerError:
                continue


def _written(recorder: Recorder, folder: Path) -> None:
    """Write what no test writes small: images of each kind, heads of formats that an extra reads."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    field = np.random.default_rng(1).integers(0, 255, (40, 48)).astype(np.uint8)
    for name in ("a.png", "a.jpg", "a.bmp"):
        Image.fromarray(field).save(folder / name)
    Image.fromarray(np.stack([field] * 3, -1)).save(folder / "rgb.png")
    np.save(folder / "N.npy", field)
    Image.fromarray(field).save(folder / "N.png")
    for name, head in {"a.bcf": b"AAMVHFSS", "a.asw": bytes(4), "a.pts": (304).to_bytes(4, "little")}.items():
        (folder / name).write_bytes(head + bytes(400))
    (folder / "a.emd").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(400))
    (folder / "a.vms").write_bytes(b"Cropped VAMAS\n1\n2\n3\n")
    for path in _tiffs(folder):
        recorder.keep(path, "sem", "TIFF micrograph")
        recorder.keep(path, "eds", "element map image")
    (folder / "a.xls").write_bytes(_xls())
    for technique, name, file in (
        ("electrochem", "cycler workbook", "a.xls"),
        ("sem", "PNG micrograph", "a.png"),
        ("sem", "PNG micrograph", "rgb.png"),
        ("sem", "JPEG micrograph", "a.jpg"),
        ("sem", "BMP micrograph", "a.bmp"),
        ("eds", "element map array", "N.npy"),
        ("eds", "element map image", "N.png"),
        ("eds", "Bruker hypermap", "a.bcf"),
        ("eds", "JEOL Analysis Station", "a.pts"),
        ("eds", "JEOL Analysis Station", "a.asw"),
        ("eds", "Velox EMD", "a.emd"),
        ("xps", "VAMAS fragment", "a.vms"),
    ):
        recorder.keep(folder / file, technique, name)


def _tiffs(folder: Path) -> Iterator[Path]:
    """Write one TIFF per way of storing pixels, with metadata of a vendor each."""
    import tifffile

    field = np.random.default_rng(1).integers(0, 255, (40, 48)).astype(np.uint8)
    fei = "[User]\r\nDate=1\r\n[EBeam]\r\nHV=5000\r\n[Scan]\r\nPixelWidth=5e-09\r\nPixelHeight=5e-09\r\n"
    zeiss = "\r\n0\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 5.000 nm\r\nAP_MAG\r\nMag = 20.00 K X\r\n"
    ways: dict[str, dict[str, Any]] = {
        "plain": {"extratags": [(34682, "s", 0, fei, True)]},
        "zeiss": {"extratags": [(34118, "s", 0, zeiss, True)]},
        "lzw": {"compression": "lzw", "predictor": True},
        "deflate": {"compression": "zlib", "rowsperstrip": 7},
        "packbits": {"compression": "packbits"},
        "jpeg": {"compression": "jpeg"},
        "tiles": {"tile": (16, 16)},
        "big": {"bigtiff": True, "byteorder": ">"},
        "imagej": {"imagej": True, "resolution": (0.2, 0.2), "metadata": {"unit": "nm"}},
    }
    for number, (name, options) in enumerate(ways.items()):
        path = folder / f"{name}.{'tif' if number % 2 else 'tiff'}"
        tifffile.imwrite(path, field, software="x" * (30 * number), **options)
        yield path
    deep = folder / "deep.tif"
    tifffile.imwrite(deep, field.astype(np.uint16) * 200, byteorder=">")
    colour = folder / "colour.tif"
    tifffile.imwrite(colour, np.stack([field] * 3, -1), photometric="rgb", compression="zstd")
    yield from (deep, colour)


def _xls() -> bytes:
    """Return a workbook of Excel 97 with one sheet of records, by the tests' writer of compound files."""
    sys.path.insert(0, str(ROOT / "tests" / "xps" / "readers"))
    from ole_files import compound

    def record(number: int, body: bytes) -> bytes:
        return struct.pack("<HH", number, len(body)) + body

    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for column, name in enumerate(("Test Time(s)", "Voltage(V)", "Current(mA)", "Cycle")):
        label = name.encode("utf-16-le")
        sheet += record(0x204, struct.pack("<HHHHB", 0, column, 0, len(name), 1) + label)
    for row in range(1, 80):
        for column, value in enumerate((10.0 * row, 3.0 + 0.01 * row, 1.5, 1.0)):
            sheet += record(0x203, struct.pack("<HHHd", row, column, 0, value))
    sheet += record(0xA, b"")
    start = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + record(
        0x42, struct.pack("<H", 1200)
    )
    name = "Record".encode("latin-1")
    end = record(0xA, b"")
    size = len(start) + 4 + 8 + len(name) + len(end)
    bound = record(0x85, struct.pack("<IBBBB", size, 0, 0, len(name), 0) + name)
    return compound({"Workbook": start + bound + end + sheet})


if __name__ == "__main__":
    _record(Path(sys.argv[1]))
