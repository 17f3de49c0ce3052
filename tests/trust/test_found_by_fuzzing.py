"""What the fuzzer found: each file ends in one clean error, soon, without a word on the terminal."""

import struct
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import tifffile

from interlayer import eds, electrochem, sem, xps, xrd
from interlayer.core.errors import ReadError
from interlayer.core.text import clean
from interlayer.core.toml_lines import key_lines
from interlayer.core.units import quantity

SECONDS = 2.0


def refused(read: Callable[[Path], object], path: Path) -> str:
    """Return the message of a file that is refused: one clean line that says what to do."""
    with pytest.raises(ReadError):
        read(path)  # imports what the reader needs
    begun = time.process_time()
    with pytest.raises(ReadError) as caught:
        read(path)
    assert time.process_time() - begun < SECONDS
    text = str(caught.value)
    assert path.stem in text and clean(text) == text and "\n" not in text and len(text) < 2500
    assert caught.value.expected or caught.value.found or caught.value.advice
    return text


@pytest.mark.parametrize("mark", ["\t", " ", ",", ";", "1", "1,", "1.", "(", '"', "-"])
@pytest.mark.parametrize("begin", ["20.0\t", "20.0", "20,", "1 2 3\n20.0 1"])
def test_a_head_of_one_long_run(tmp_path: Path, begin: str, mark: str) -> None:
    """Numbers before 8,000 tabs took seconds to be told from a table."""
    path = tmp_path / "a.xy"
    path.write_text((begin + mark * (12_000 // len(mark)) + "x\n") * 3)
    for technique in ("xrd", "xps", "sem", "eds", "electrochem"):
        begun = time.process_time()
        with pytest.raises(ReadError):
            import_module(f"interlayer.{technique}").read(path)
        if technique != "xrd":  # the first one imports
            assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("mark", [" ", "(", "[", "_", "/", "'"])
def test_a_column_name_of_100_000_characters(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time/s,voltage/V" + mark * 100_000 + ",x\n1,2,3\n2,3,4\n")
    refused(electrochem.read, path)


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
@pytest.mark.parametrize("name", ["a.mpt", "a.csv", "a.txt"])
def test_a_row_of_100_000_cells(tmp_path: Path, name: str, mark: str) -> None:
    """Each column of a table costs its reader time, whatever stands in it."""
    path = tmp_path / name
    head = mark.join(("time/s", "Ewe/V", "<I>/mA"))
    rows = "".join(f"{k}{mark}3.1{mark}0.1\n" for k in range(20))
    path.write_text(f"{head}\n{rows}9{mark * 100_000}1\n{rows}")
    spent = 0.0
    for _ in range(2):  # the first one imports
        begun = time.process_time()
        try:
            electrochem.read(path)
        except ReadError as error:
            assert len(str(error)) < 2500
        spent = time.process_time() - begun
    assert spent < SECONDS / 2


@pytest.mark.parametrize("size", [125, 131, 321, 383, 385])
@pytest.mark.parametrize("begin", [b"\x02\x00", b"\x00\x02", b"\x05\x00", b"\x00\x05"])
def test_short_files_that_begin_as_waves_of_igor(tmp_path: Path, begin: bytes, size: int) -> None:
    """Found by atheris: the check sum of a head of an odd number of bytes was a traceback of numpy."""
    path = tmp_path / "a.vgd"
    path.write_bytes(begin + bytes(size - 2))
    refused(xps.read, path)


def test_quoted_content_is_short_and_clean(tmp_path: Path) -> None:
    rows = "".join(f"{20 + 0.02 * k:.2f} {100 + k % 7}\n" for k in range(200))
    path = tmp_path / "a.xy"
    path.write_text(rows + "30 \x1b[2J" + "y" * 100_000 + "\n" + rows)
    assert "yyy" in refused(xrd.read, path)


def test_a_current_that_is_infinite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Neware file with damaged numbers gave infinite currents."""
    import fastnda
    import polars as pl

    frame = pl.DataFrame({
        "step_type": ["CC_Chg"] * 3, "total_time_s": [0.0, 1.0, 2.0], "step_time_s": [0.0, 1.0, 2.0],
        "voltage_V": [3.0, 3.1, 3.2], "current_mA": [1.0, np.inf, 1.0], "capacity_mAh": [0.0, 1.0, 2.0],
        "energy_mWh": [0.0, 1.0, 2.0], "step_count": [1, 1, 1], "cycle_count": [1, 1, 1],
    })  # fmt: skip
    monkeypatch.setattr(fastnda, "read", lambda path, **options: frame)
    path = tmp_path / "a.nda"
    path.write_bytes(b"NEWARE" + bytes(500))
    assert "current is not a finite number" in refused(electrochem.read, path)


@pytest.mark.parametrize("key", ["XPERCHAN", "OFFSET"])
@pytest.mark.parametrize("value", ["1e999", "nan", "1e306", "-5"])
def test_an_energy_axis_that_is_none(tmp_path: Path, key: str, value: str) -> None:
    facts = {"XPERCHAN": "5", "OFFSET": "0"} | {key: value}
    if (key, value) == ("OFFSET", "-5"):
        pytest.skip("an offset may be below zero")
    head = "".join(f"#{name:<12}: {text}\n" for name, text in facts.items())
    path = tmp_path / "a.msa"
    path.write_text(
        f"#FORMAT      : EMSA/MAS Spectral Data File\n#XUNITS      : eV\n{head}"
        "#DATATYPE    : Y\n#SPECTRUM    : \n" + "1, 2, 3\n" * 9
    )
    assert "energy axis" in refused(eds.read, path) or "channel width" in refused(eds.read, path)


@pytest.mark.parametrize("value", ["inf", "nan", "1e999"])
def test_counts_that_are_not_finite(tmp_path: Path, value: str) -> None:
    path = tmp_path / "a.msa"
    path.write_text(
        "#FORMAT      : EMSA/MAS Spectral Data File\n#XUNITS      : eV\n#XPERCHAN    : 5\n"
        f"#DATATYPE    : Y\n#SPECTRUM    : \n1, {value}, 3\n"
    )
    assert "not finite" in refused(eds.read, path)


def test_files_that_are_refused_are_closed(tmp_path: Path) -> None:
    """An open file cannot be moved or mended on Windows; a warning of it is an error in these tests."""
    import gc
    import zipfile

    for name, read in (("a.vgd", xps.read), ("a.xlsx", xps.read), ("b.xlsx", electrochem.read)):
        path = tmp_path / name
        if name.endswith("vgd"):
            path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("xl/workbook.xml", "<a/>")
        refused(read, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        gc.collect()


def test_infinite_values_that_are_not_needed_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"{t},3.1,0.001,{'1e999' if t == 3 else t}\n" for t in range(9))
    path.write_text("time/s,Voltage (V),Current (A),Capacity (Ah)\n" + rows)
    raw = electrochem.read(path)
    assert np.isnan(raw["capacity"].values).sum() == 1 and "infinite" in raw.attrs["warnings"]


def test_a_transmission_that_is_infinite_is_left_out(tmp_path: Path, real: Path) -> None:
    import re

    text = (real / "xps" / "In-situ_PBTTT_XPS_SPECS.xml").read_text(encoding="utf-8", errors="replace")
    found = re.search(r'name="transmission".*?>\s*([\d.eE+-]+)', text, re.DOTALL)
    assert found
    path = tmp_path / "a.xml"
    path.write_text(text[: found.start(1)] + "1e999" + text[found.end(1) :], encoding="utf-8")
    assert all(np.isfinite(each.values).all() for each in xps.read(path).variables.values())


def test_workbooks_say_nothing_on_stdout(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """xlrd writes its doubts about a file to stdout, where tables and JSON go."""
    path = tmp_path / "a.xls"
    head = struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + head + bytes(1000))
    refused(electrochem.read, path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("read", [xps.read, electrochem.read])
def test_odd_styles_of_a_workbook_are_not_said_on_stdout(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], read: Callable[[Path], object]
) -> None:
    """openpyxl prints that a style "is out of range"."""
    import zipfile

    import openpyxl

    openpyxl.Workbook().save(tmp_path / "sound.xlsx")
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(tmp_path / "sound.xlsx") as sound, zipfile.ZipFile(path, "w") as made:
        for name in sound.namelist():
            data = sound.read(name)
            if name == "xl/styles.xml":
                data = data.replace(b"<cellStyleXfs><xf", b"<cellStyleXfs><xd").replace(
                    b'<cellStyleXfs count="1"><xf', b'<cellStyleXfs count="1"><xd'
                )
                assert b"<xd" in data
            made.writestr(name, data)
    refused(read, path)
    assert capfd.readouterr() == ("", "")


def test_png_maps_say_nothing_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """libpng writes its doubts about a transparency that is too long to stderr; the map is sound."""
    import zlib

    from PIL import Image

    field = np.random.default_rng(1).integers(0, 255, (40, 48)).astype(np.uint8)
    path = tmp_path / "N.png"
    Image.fromarray(field).save(path)
    data = path.read_bytes()
    at = data.index(b"IDAT") - 4
    body = b"tRNS" + bytes(50)
    chunk = struct.pack(">I", 50) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(data[:at] + chunk + data[at:])
    assert np.array_equal(eds.read(path)["map_N"].values, field)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("at", [16, 20, 24, 25])
def test_png_maps_with_a_bad_header_say_nothing_on_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], at: int
) -> None:
    import zlib

    from PIL import Image

    path = tmp_path / "N.png"
    Image.fromarray(np.zeros((40, 48), np.uint8)).save(path)
    data = bytearray(path.read_bytes())
    data[at : at + (4 if at < 24 else 1)] = bytes(4 if at < 24 else 1) if at < 25 else b"\x05"
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(bytes(data))
    refused(eds.read, path)
    assert capfd.readouterr() == ("", "")


def test_damaged_pictures_warn_nobody(tmp_path: Path) -> None:
    """Damaged EXIF made Pillow warn; the picture is good or it is an error."""
    from PIL import Image

    field = np.random.default_rng(1).integers(0, 255, (40, 48)).astype(np.uint8)
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x010E] = "x" * 50
    Image.fromarray(field).save(path, exif=exif)
    data = bytearray(path.read_bytes())
    at = data.index(b"Exif\0\0") + 6
    data[at + 8 : at + 10] = b"\xff\xff"  # entries of the directory: more than there are
    path.write_bytes(bytes(data))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sem.read(path).sizes == {"y": 40, "x": 48}


def test_text_that_toml_lines_and_units_go_through_once() -> None:
    begun = time.process_time()
    key_lines("[" + " " * 100_000 + "\n" + '"""' + "[ a" + " " * 100_000 + "b\n")
    with pytest.raises(Exception, match="not a quantity"):
        quantity("1 " + " " * 100_000 + "x", "nm")
    assert time.process_time() - begun < 1.0


def test_every_refusal_says_what_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "a.xy"
    path.write_text("# XY-Serializer\n# Region: a\n# Cycle: 0\n1 2\nx y\n")
    assert "expected" in refused(xps.read, path)


def test_colours_take_memory_in_parts(tmp_path: Path) -> None:
    """A coloured picture took nine times its size as floating-point numbers."""
    import tracemalloc

    field = np.random.default_rng(1).integers(0, 255, (1500, 1500, 3)).astype(np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, field, photometric="rgb")
    expected = np.rint(field[:3].astype(np.float32) @ np.array([0.2125, 0.7154, 0.0721], np.float32))
    assert np.array_equal(sem.read(path)["image"].values[:3], expected)
    tracemalloc.start()
    try:
        sem.read(path)
        assert tracemalloc.get_traced_memory()[1] < 8 * field.nbytes
    finally:
        tracemalloc.stop()


def test_the_header_of_an_array_warns_nobody(tmp_path: Path) -> None:
    """Numpy parses it as Python, which warns of ``3in`` at a line of a file that is none."""
    head = b"{'descr': '<u2', 'fortran_order': False, 'shape': (=True+1, 3inf), }".ljust(117) + b"\n"
    path = tmp_path / "N.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(24))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        refused(eds.read, path)
    assert not said
