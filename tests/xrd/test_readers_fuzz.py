"""Cut and damaged files end in a `ReadError` or a pattern, soon and in little memory."""

import random
import struct
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import reader_files as files

from interlayer.core.errors import ReadError
from interlayer.xrd.readers import read, read_all

COUNTS = files.counts()
RANGES = [(20.0, 0.02, COUNTS), (21.2, 0.02, files.counts(seed=4))]
OWN: dict[str, bytes | str] = {
    "1.raw": files.raw1(RANGES),
    "2.raw": files.raw2(RANGES),
    "3.raw": files.raw3(RANGES),
    "3v.raw": files.raw3(RANGES, varying=0b11),
    "4.raw": files.raw4(RANGES, size=8),
    "a.rd": files.philips_rd(20.0, 0.02, range(100, 160)),
    "a.udf": files.udf(20.0, 0.02, COUNTS),
    "a.uxd": files.uxd(RANGES),
    "b.uxd": files.uxd(RANGES, marker="2THETACPS"),
    "a.asc": files.rigaku_asc(RANGES),
    "a.ras": files.rigaku_ras(RANGES),
    "std.gsas": files.gsas_std(RANGES),
    "esd.gsas": files.gsas_esd(20.0, 0.02, COUNTS),
    "a.fxye": files.gsas_fxye(20.0, 0.02, COUNTS),
    "a.xrdml": files.xrdml(RANGES),
    "a.rasx": files.rasx(RANGES),
    "a.brml": files.brml(RANGES),
    "a.csv": files.highscore(20.0, 0.02, COUNTS),
    "b.csv": files.highscore(20.0, 0.02, COUNTS, comma=True),
}
REAL = [
    "TiO2.raw",
    "TiOF.brml",
    "rigaku_powder.rasx",
    "rigaku_nims.ras",
    "nist_srm660c_100a.cif",
    "panalytical_powder.xrdml",
    "KD1-2_5-90_30min.xy",
]
SECONDS = 2.0


@pytest.fixture(scope="module", autouse=True)
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Import what the readers import, so that neither time nor memory of it is counted."""
    for name, content in OWN.items():
        read(files.written(tmp_path_factory.mktemp("loaded"), name, content))


def _damaged(content: bytes, seed: int, times: int) -> Iterator[bytes]:
    """Yield a file cut at many places, then with bytes changed, half of them in its head."""
    draw = random.Random(seed)
    for _ in range(times):
        yield content[: draw.randrange(len(content))]
    for i in range(times):
        changed = bytearray(content)
        within = len(content) if i % 2 else min(len(content), 1500)
        for _ in range(draw.choice((1, 1, 3, 20))):
            changed[draw.randrange(within)] = draw.choice((0, 255, 57, 32, draw.randrange(256)))
        yield bytes(changed)


def _endure(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    begin = time.process_time()
    try:
        every = [read(path), *read_all(path)]
    except ReadError as error:
        assert path.name in str(error)
    else:
        for raw in every:
            assert np.isfinite(raw["intensity"].values).all()
            assert (np.diff(raw["two_theta"].values) > 0).all()
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize("name", sorted(OWN))
def test_written_files(tmp_path: Path, name: str) -> None:
    content = OWN[name]
    path = files.written(tmp_path, name, content)
    whole = path.read_bytes()
    read(path)
    for damaged in _damaged(whole, 5, 40):
        _endure(path, damaged)


@pytest.mark.parametrize("name", REAL)
def test_real_files(real: Path, tmp_path: Path, name: str) -> None:
    content = (real / "xrd" / name).read_bytes()
    read(files.written(tmp_path, name, content))
    for damaged in _damaged(content, 6, 8):
        _endure(tmp_path / name, damaged)


STATED = {
    "1.raw": files.raw1,
    "2.raw": files.raw2,
    "3.raw": files.raw3,
    "4.raw": files.raw4,
    "a.asc": files.rigaku_asc,
    "a.ras": files.rigaku_ras,
    "std.gsas": files.gsas_std,
    "a.xrdml": files.xrdml,
    "a.brml": files.brml,
}


@pytest.mark.parametrize("name", sorted(STATED))
def test_a_file_that_states_its_points_is_never_read_short(tmp_path: Path, name: str) -> None:
    """Where the header states the points, a cut anywhere behind it is an error."""
    whole = files.written(tmp_path, name, STATED[name](RANGES[:1])).read_bytes()
    end = len(whole.rstrip())
    end -= len("*RAS_DATA_END") if name == "a.ras" else len("*EOF") if name == "a.asc" else 0
    for cut in range(end // 2, end - 20, 7):
        with pytest.raises(ReadError):
            read_all(files.written(tmp_path, name, whole[:cut]))


def _claims(count: int) -> list[bytes]:
    """Headers that ask for more points than the files hold."""
    first, second = bytearray(files.raw1(RANGES)), bytearray(files.raw3(RANGES))
    struct.pack_into("<I", first, 4, count)
    struct.pack_into("<I", second, 716, count)
    ranges = bytearray(files.raw3(RANGES))
    struct.pack_into("<I", ranges, 12, count)
    return [bytes(first), bytes(second), bytes(ranges)]


@pytest.mark.parametrize(
    "content",
    [
        *_claims(0xFFFFFFFF),
        *_claims(0x10000000),
        files.gsas_std(RANGES).replace(" 60 ", " 2000000000 ").encode(),
        files.philips_rd(20.0, 1e-9, [5] * 60)[:214]
        + struct.pack("<3d", 1e-9, 5.0, 170.0)
        + files.philips_rd(20.0, 0.02, [5] * 60)[238:],
        b"x\n10.0 0.00002 170.0\n" + b"1 2 3 4 5 6 7 8\n" * 20,
    ],
)
def test_memory_is_in_proportion(tmp_path: Path, content: bytes) -> None:
    path = files.written(tmp_path, "claims.raw", content)
    tracemalloc.start()
    try:
        with pytest.raises(ReadError):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_xml_with_entities(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    text = files.xrdml(RANGES).replace("<xrdMeasurements", bomb + "<xrdMeasurements", 1)
    with pytest.raises(ReadError, match="entities"):
        read(files.written(tmp_path, "a.xrdml", text))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gb18030"])
def test_cut_inside_a_character(tmp_path: Path, encoding: str) -> None:
    text = "\n".join(["角度 强度", *(f"{20 + 0.02 * i:.2f} {value:g}" for i, value in enumerate(COUNTS))])
    whole = text.encode(encoding)
    for cut in (1, 3, 5, 7, len(whole) - 1, len(whole) - 3):
        _endure(tmp_path / "a.xy", whole[:cut])


BEGINNINGS = [
    "20.0 1\n20.1 2\n20.2 3\n",
    "[Scan points]\n",
    "data_x\n_pd_a\n",
    "*RAS_HEADER_START\n",
    "*TYPE\n",
    "_FILEVERSION=1\n_COUNTS\n",
    "BANK 1 10 1 CONST 1 1 0 0 ESD\n",
    "SampleIdent,\nRawScan\n",
    "#\n20 1\n20 2\n20 3\n",
]
UNITS = [" ", "7", "\n", "\t", '"', "/*", "'a ", "; ", "a,", ".", "*", "\n;", '"\t', "1 ", '\n*A "']


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("unit", UNITS)
def test_long_monotonous_text_is_not_slow(tmp_path: Path, beginning: str, unit: str) -> None:
    """Nothing takes time with the square of a file's length."""
    length = 300_000 // len(unit)
    _endure(tmp_path / "a.txt", (beginning + unit * length + "x").encode())
