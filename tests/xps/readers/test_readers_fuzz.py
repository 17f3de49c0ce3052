"""Cut, flipped and absurd files end in finite numbers or in one error, soon and in little memory."""

import random
import re
import struct
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import igor_files
import numpy as np
import ole_files
import phi_files
import pytest
from vamas_files import Block, vamas

from interlayer.core.errors import ReadError
from interlayer.xps import read

N, MUTANTS = 120, 12
ENERGY = np.round(300.0 - 0.1 * np.arange(N), 1)
COUNTS = np.random.default_rng(3).poisson(500.0, N).astype(float)
KINETIC = ole_files.linear(1186.6, 0.1, N, 1)
NOTE = "[SES]\rRegion Name=C1s\rPass Energy=50\rExcitation Energy=1486.6\rEnergy Scale=Binding\r"
PROFILE = np.broadcast_to(COUNTS, (1, 4, N))
LAYERS = {
    "NoPreSputterCyc": "1",
    "DepthCalDef": "1 Layer 1 0 0 Ar+ 6 1.00 3",
    "IntensityCalCoeff": "29.4 0.22",
}
VARIABLES = [
    ("Kinetic Energy", "eV", 1486.6 - ENERGY),
    ("Intensity", "d", COUNTS),
    ("Transmission", "d", COUNTS),
]
OWN: dict[str, bytes] = {
    "a.vgd": ole_files.avantage(COUNTS, [[KINETIC]]),
    "b.vgd": ole_files.avantage(
        np.stack([COUNTS] * 3), [[KINETIC], [ole_files.listed([0, 9, 20]), ole_files.linear(0, 1, 3, 6)]]
    ),
    "a.ibw": igor_files.wave5(
        np.ones((N, 3)), [(300.0, -0.1), (0.0, 1.0)], NOTE, ["Binding Energy [eV]", "Y [mm]"]
    ),
    "b.ibw": igor_files.wave2(COUNTS, (280.0, 0.1), NOTE),
    "a.pro": phi_files.phi([("C1s", 300.0, -0.1, PROFILE), ("O1s", 540.0, -0.1, PROFILE)], LAYERS),
    "a.spe": phi_files.phi([("C1s", 300.0, -0.1, PROFILE.reshape(4, 1, N))], kind="f8"),
    "a.vms": vamas([Block(("C", "1s"), VARIABLES)] * 2, scan="IRREGULAR"),
    "b.vms": vamas([Block(("C", "1s"), [("I", "c/s", COUNTS)], ("Kinetic Energy", 1186.6, 0.1))]),
    "a.csv": b"BE;Counts\n" + "".join(f"{e};{c:.0f}\n" for e, c in zip(ENERGY, COUNTS, strict=True)).encode(),
}
REAL = [
    "0-150W.vms", "FeO_analyzed.vms", "regular.vms", "kratos.vms", "BN-BS-1 multiplex.spe", "SnO2_10nm.spe",
    "BN-BS-1 multiplex.txt", "MgFe2O4_small.xy", "In-situ_PBTTT_XPS_SPECS.xml", "Ag_0001.txt", "PET_C1s.csv",
    "vms_txt_export.txt", "0-150W_NiWC1s_C1s.txt",
]  # fmt: skip
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = [b"nan", b"inf", b"-1", b"0", b"1e308", b"99999999999", b"1E+37", b"", b"9" * 400, b"\x00", b";"]
_BYTES = [b"\xff\xff\xff\x7f", b"\xff" * 4, b"\x00" * 4, struct.pack("<d", np.nan), struct.pack("<d", 1e308)]


def mutants(data: bytes, seed: str) -> Iterator[bytes]:
    """Return the data cut, with flipped bytes, absurd numbers, lost and doubled parts."""
    rng = random.Random(seed)
    for number in range(MUTANTS):
        bad, head = bytearray(data), min(len(data), rng.choice([200, 2000, len(data)]))
        at = rng.randrange(head)
        end = at + rng.choice([1, 16, 500])
        if number % 6 == 0:
            del bad[rng.randrange(len(data)) :]
        elif number % 6 == 1:
            for _ in range(rng.choice([1, 5, 100])):
                bad[rng.randrange(head)] = rng.randrange(256)
        elif number % 6 == 2:
            word = rng.choice(_BYTES)
            bad[at : at + len(word)] = word
        elif number % 6 == 3:
            del bad[at:end]
        elif number % 6 == 4:
            bad[at:at] = bad[at:end] * 2
        elif found := list(_NUMBER.finditer(data[:head])):
            chosen = rng.choice(found)
            bad[chosen.start() : chosen.end()] = rng.choice(_WORDS)
        yield bytes(bad)


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    begun = time.process_time()
    try:
        raw = read(path)
    except ReadError as error:
        assert path.name in str(error)
    else:
        assert all(np.isfinite(each.values).all() for each in raw.variables.values())
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("name", OWN)
def test_mutants(tmp_path: Path, name: str) -> None:
    read_once(tmp_path / name, OWN[name])
    for bad in mutants(OWN[name], name):
        check(tmp_path / name, bad)


@pytest.mark.parametrize("name", REAL)
def test_mutants_of_real_files(real: Path, tmp_path: Path, name: str) -> None:
    data = (real / "xps" / name).read_bytes()
    if name != "kratos.vms":
        read_once(tmp_path / name, data)
    for bad in mutants(data, name):
        check(tmp_path / name, bad)


def read_once(path: Path, data: bytes) -> None:
    """Read the sound file: the mutants are of something that is read (and the modules are imported)."""
    path.write_bytes(data)
    assert read(path).data_vars


def many_texts() -> bytes:
    """Return a property set whose 20,000 entries all point at one long text."""
    count = 20_000
    table = b"".join(struct.pack("<II", key, 8 + 8 * count) for key in range(count))
    body = struct.pack("<II", 8, 200_000) + b"x" * 200_000
    section = struct.pack("<II", 8 + len(table) + len(body), count) + table + body
    return struct.pack("<HHI16xI16xI", 0xFFFE, 0, 0, 1, 48) + section


def same_block() -> bytes:
    """Return a PHI file whose 900 spectra all point at one block of data."""
    good = phi_files.phi([("C1s", 300.0, -0.1, np.ones((900, 1, 2000)))])
    at = good.index(b"EOFH\r\n") + 6
    head, first = good[: at + 16], good[at + 16 : at + 112]
    return head + first * 900 + bytes(8000)


HOSTILE = {
    "blanks.xy": b"# XY-Serializer\n# Region:  a" + b" " * 200_000 + b"b\n# Cycle: 0\n" + b"1 2\n" * 9,
    "blanks.spe": b"SOFH\nFileDesc: a" + b" " * 200_000 + b"b\nEOFH\n" + bytes(300),
    "texts.vgd": ole_files.compound(
        {
            "VGData": bytes(80), "VGDataAxes": bytes(24), "VGSpaceAxes": bytes(60),
            "\x05Q5nw4m3lIjudbfwyAayojlptCa": many_texts(),
        }
    ),
    "points.vgd": ole_files.avantage(COUNTS, [[ole_files.linear(0.0, 1.0, 2**31 - 1, 1)]]),
    "block.spe": same_block(),
    "wide.csv": b"1;2\n3;4\n5;6\n" + b"7;" * 200_000 + b"\n",
    "dense.csv": b"1,2\n" * 3 + (b"3," * 399 + b"3\n") * 1500,
    "many.csv": b"1\n" * 400_000 + b"1;2\n3;4\n5;6\n",
    "count.vms": b"VAMAS Surface Chemical Analysis\n" + b"x\n" * 4 + b"999999\n" * 100,
    "brackets.txt": b"[Info]\nNumber of Regions=1\n[Region 1]\n" + b"[" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(ReadError):
        read(path)  # imports what the reader needs
    begun = time.process_time()
    with pytest.raises(ReadError, match=re.escape(name)):
        read(path)
    assert time.process_time() - begun < 0.5
    tracemalloc.start()
    try:
        with pytest.raises(ReadError):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * len(HOSTILE[name]) + 5e6
