"""Files that claim or unpack to far more than they are: refused, soon, in little memory."""

import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import xarray as xr

from interlayer import eds, electrochem, sem, store, xps, xrd
from interlayer.core.errors import InterlayerError

Read = Callable[[Path], object]
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Record" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
)
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
    'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
    'sheet.main+xml"/></Types>'
)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def workbook(path: Path, sheet: str) -> Path:
    members = {
        "[Content_Types].xml": TYPES,
        "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/worksheets/sheet1.xml": sheet,
    }
    return zipped(path, {name: text.encode() for name, text in members.items()})


def zeros(path: Path, name: str) -> Path:
    return zipped(path, {name: bytes(40 * 2**20)})


def png(path: Path, side: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def jpeg(path: Path) -> Path:
    from PIL import Image

    Image.fromarray(np.zeros((32, 32), np.uint8)).save(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 16000, 16000)
    path.write_bytes(bytes(data))
    return path


def tiff(path: Path) -> Path:
    tifffile.imwrite(path, np.zeros((6000, 6000), np.uint8), compression="zlib")
    return path


def hdf5(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        for name, text in (("Manufacturer", "Oxford Instruments"), ("Format Version", "8.0"), ("Index", "1")):
            file.create_dataset(name, data=[text])
        head = file.create_group("1/EDS/Header")
        for name, value in (
            ("X Cells", 1000), ("Y Cells", 1000), ("Number Channels", 2048), ("X Step", 0.1), ("Y Step", 0.1),
            ("Channel Width", 10.0), ("Start Channel", 0.0),
        ):  # fmt: skip
            head[name] = [value]
        file.create_dataset("1/EDS/Data/Spectrum", (1_000_000, 2048), "u1", chunks=True)
    return path


def loop(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("project/sample")
        group["again"] = file["project"]
    return path


def outside(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["project"] = h5py.ExternalLink("/etc/hostname", "/")
    return path


def record(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**9,), "f8", chunks=True)
    return path


_ROWS = "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(1, 1500))
BOMBS: dict[str, tuple[Read, Callable[[Path], Path], str]] = {
    "a.brml": (xrd.read, lambda path: zeros(path, "Experiment0/RawData0.xml"), "out of proportion"),
    "a.rasx": (xrd.read, lambda path: zeros(path, "Data0/Profile0.txt"), "out of proportion"),
    "a.ndax": (electrochem.read, lambda path: zeros(path, "data.ndc"), "out of proportion"),
    "a.xlsx": (electrochem.read, lambda path: zeros(path, "xl/workbook.xml"), "out of proportion"),
    "b.xlsx": (xps.read, lambda path: zeros(path, "xl/workbook.xml"), "out of proportion"),
    "entities.xlsx": (
        electrochem.read,
        lambda path: zipped(path, {"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>'}),
        "document type",
    ),
    "wide.xlsx": (electrochem.read, lambda path: workbook(path, SHEET.format(_ROWS)), "cycler records"),
    "far.xlsx": (
        electrochem.read,
        lambda path: workbook(path, SHEET.format('<row r="2000000000"><c><v>1</v></c></row>')),
        "more cells",
    ),
    "a.png": (sem.read, lambda path: png(path, 16_000), "out of proportion"),
    "N.png": (eds.read, lambda path: png(path, 8_000), "out of proportion"),
    "a.jpg": (sem.read, jpeg, "out of proportion"),
    "a.tif": (sem.read, tiff, "out of proportion"),
    "a.h5oina": (eds.read, hdf5, "out of proportion"),
    "loop.edaxh5": (eds.read, loop, "loop"),
    "outside.edaxh5": (eds.read, outside, "other files"),
    "record.nc": (store.read_tree, record, "out of proportion"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(tmp_path: Path, name: str) -> None:
    read, make, says = BOMBS[name]
    path = make(tmp_path / name)
    with pytest.raises(InterlayerError):
        read(path)  # imports what the reader needs
    begun = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(InterlayerError, match=says) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert name in str(caught.value)
    assert time.process_time() - begun < 2.0
    assert peak < 100 * 2**20


def test_an_archive_of_very_many_members_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.brml", {f"RawData{k}.xml": b"" for k in range(10_001)})
    with pytest.raises(InterlayerError, match="too many members"):
        xrd.read(path)


def test_sparse_maps_and_blank_pictures_are_no_bombs(tmp_path: Path) -> None:
    """What compresses well and is small is read: a map with few counts, a black picture."""
    few = np.zeros((512, 512), np.uint8)
    few[::37, ::41] = 1
    tifffile.imwrite(tmp_path / "N.tif", few, compression="zlib")
    assert eds.read(tmp_path / "N.tif")["map_N"].values.sum() == few.sum()
    tifffile.imwrite(tmp_path / "black.tif", np.zeros((2048, 2048), np.uint8), compression="zlib")
    assert sem.read(tmp_path / "black.tif").sizes == {"y": 2048, "x": 2048}


def test_values_in_another_file_are_not_read(tmp_path: Path) -> None:
    """HDF5 can keep a dataset's bytes in any file: a map must not show what else is on the disk."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(200)) * 1000)
    path = tmp_path / "a.h5oina"
    hdf5(path)
    with h5py.File(path, "a") as file:
        for name, value in (("X Cells", 10), ("Y Cells", 10), ("Number Channels", 100)):
            del file[f"1/EDS/Header/{name}"]
            file[f"1/EDS/Header/{name}"] = [value]
        del file["1/EDS/Data/Spectrum"]
        file.create_dataset("1/EDS/Data/Spectrum", (100, 100), "u1", external=[(str(secret), 0, 10_000)])
    with pytest.raises(InterlayerError, match="another file"):
        eds.read(path)


def test_a_record_reads_back_whatever_it_compresses_to(tmp_path: Path) -> None:
    tree = xr.DataTree(xr.Dataset({"x": ("t", np.zeros(2_000_000))}))
    store.write_tree(tree, tmp_path / "flat.nc")
    assert store.read_tree(tmp_path / "flat.nc")["x"].size == 2_000_000
