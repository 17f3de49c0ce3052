"""Mutations of files: bytes, sizes, numbers, lines, encodings, archive members, wrong endings, splices."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable

import fuzz_hdf5

Files = dict[str, bytes]
#: bytes of a mutated file: the time is the readers', not the mutator's
LARGEST = 2_000_000

_NUMBER = re.compile(rb"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
#: bytes in which a number is looked for: in millions without one it takes seconds
_SEEN = 20_000
_WORDS = [
    b"nan", b"inf", b"-inf", b"1e999", b"-1e308", b"1e-320", b"-1", b"0", b"99999999999", b"2147483648",
    b"18446744073709551616", b"1,5", b"1.5.5", b"", b"9" * 400, b"\x00", b";", b"0x10", b"1_000",
    b"\xef\xbb\xbf1",
    "١٢".encode(),
    "½".encode(), b"--", b"=1+1", b"1E+37", b"True", b"65536", b"4294967295",
]  # fmt: skip
_INTEGERS = [
    0, 1, 2, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**20, 2**24, 2**28, 2**31 - 1, 2**31, 2**32 - 1
]  # fmt: skip
_FLOATS = [float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 1e-320, 0.0, -1.0, 1e9, 1e30]
_ENDINGS = [
    ".raw", ".brml", ".xrdml", ".rd", ".udf", ".ras", ".rasx", ".asc", ".cif", ".uxd", ".gsas", ".csv",
    ".xy",
    ".txt", ".vms", ".spe", ".xml", ".ibw", ".xlsx", ".vgd", ".tif", ".png", ".jpg", ".bmp", ".spd", ".spc",
    ".msa", ".rpl", ".h5oina", ".edaxh5", ".bcf", ".pts", ".emd", ".npy", ".mpr", ".mpt", ".nda", ".ndax",
    ".dta",
    ".mps", ".z", ".xls", ".dat", ".tsv", ".nc", ".PNG",
]  # fmt: skip
_ENCODINGS = [
    "utf-16", "utf-16-be", "utf-16-le", "gb18030", "utf-8-sig", "cp1252", "latin-1", "utf-32", "shift_jis"
]  # fmt: skip


def mutate(files: Files, other: Files, rng: random.Random) -> Files:
    """Return files with one to three mutations; the first is read, and mostly the one that is changed."""
    names = list(files)
    name = names[0] if len(names) == 1 or rng.random() < 0.7 else rng.choice(names[1:])
    data = files[name]
    alien = next(iter(other.values()))
    rounds = rng.choice((1, 1, 1, 2, 3))
    if data.startswith(fuzz_hdf5.SIGNATURE) and rng.random() < 0.4:  # while it is sound: h5py changes it
        data = fuzz_hdf5.content(data, lambda text: rng.choice(_TEXT)(text or b" ", alien, rng), rng)
        rounds = rng.choice((0, 0, 0, 1))
    for _ in range(rounds):
        data = _once(data, alien, rng)[:LARGEST]
    changed = {**files, name: data}
    if rng.random() < 0.03:
        first, *rest = changed
        changed = {first.rsplit(".", 1)[0] + rng.choice(_ENDINGS): changed[first]} | {
            k: changed[k] for k in rest
        }
    if len(names) > 1 and rng.random() < 0.03:
        changed.pop(rng.choice(list(changed)[1:]), None)
    return changed


def _once(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    if not data:
        return rng.choice((b"", b"\x00", b"\n", alien))
    if data.startswith(b"PK\x03\x04") and rng.random() < 0.75:
        return _archive(data, alien, rng)
    if data.startswith(b"\x89PNG") and rng.random() < 0.6:
        return _chunks(data, rng)
    if data.startswith(fuzz_hdf5.SIGNATURE) and rng.random() < 0.5:
        return fuzz_hdf5.mutate(data, rng)
    text = b"\x00" not in data[:512] or data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return rng.choice(_BYTES + (_TEXT * 2 if text else _BINARY * 2))(data, alien, rng)


def _head(data: bytes, rng: random.Random) -> int:
    """Return a place, in the head of the file more often than behind it."""
    return rng.randrange(min(len(data), rng.choice((64, 512, 4096, len(data)))))


def _times(part: bytes, number: int) -> bytes:
    """Return a part repeated, within the size of a case."""
    return part * min(number, LARGEST // max(len(part), 1) + 1)


def _flip(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    bad = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20, 100))):
        bad[_head(data, rng)] = rng.choice((0, 255, 32, 57, 127, rng.randrange(256)))
    return bytes(bad)


def _bit(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    bad = bytearray(data)
    bad[_head(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(bad)


def _cut(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    return data[: _head(data, rng)]


def _cut_front(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    return data[_head(data, rng) :]


def _delete(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    at = _head(data, rng)
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 500)) :]


def _double(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    at = _head(data, rng)
    return (
        data[:at] + _times(data[at : at + rng.choice((1, 4, 64, 2000))], rng.choice((2, 3, 50))) + data[at:]
    )


def _insert(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    at = _head(data, rng)
    return data[:at] + rng.choice((rng.randbytes(rng.choice((1, 4, 64))), *_WORDS)) + data[at:]


def _swap(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    a, b = sorted((_head(data, rng), _head(data, rng)))
    size = min(rng.choice((4, 16, 256, 2000)), max(b - a, 1))
    return data[:a] + data[b : b + size] + data[a + size : b] + data[a : a + size] + data[b + size :]


def _splice(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    return data[: _head(data, rng)] + alien[rng.randrange(len(alien) + 1) :]


def _fill(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    at = _head(data, rng)
    size = rng.choice((8, 64, 1000, len(data)))
    return data[:at] + rng.choice((b"\x00", b"\xff", b" ", b"9", b"\n")) * size + data[at + size :]


def _integer(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    kind = rng.choice(("<H", "<I", "<I", "<Q", ">H", ">I", "B"))
    size = struct.calcsize(kind)
    at = _head(data, rng) // size * size if rng.random() < 0.7 else _head(data, rng)
    value = rng.choice((*_INTEGERS, len(data), max(len(data) - 4, 0), rng.randrange(2**16)))
    packed = struct.pack(kind, value % 256**size)
    return data[:at] + packed + data[at + size :]


def _float(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    kind = rng.choice(("<f", "<d", ">f", ">d"))
    size = struct.calcsize(kind)
    at = _head(data, rng) // 4 * 4
    value = rng.choice(_FLOATS)
    if size == 4 and abs(value) > 3e38:
        value = float("inf")
    return data[:at] + struct.pack(kind, value) + data[at + size :]


def _number(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    bad = data
    for _ in range(rng.choice((1, 1, 2, 10))):
        at = _head(bad, rng) if bad else 0
        found = _NUMBER.search(bad, at, at + _SEEN)
        if found:
            bad = bad[: found.start()] + rng.choice(_WORDS) + bad[found.end() :]
    return bad


def _lines(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    rows = data.splitlines(keepends=True)
    at = min(rng.randrange(len(rows)), rng.choice((5, 40, len(rows) - 1)))
    what = rng.randrange(6)
    if what == 0:
        del rows[at : at + rng.choice((1, 3, 30))]
    elif what == 1:
        rows[at:at] = [_times(rows[at], rng.choice((1, 5, 2000)))]
    elif what == 2:
        rng.shuffle(rows)
    elif what == 3:
        rows = rows[:at][::-1] + rows[at:]
    elif what == 4:
        rows[at] = _times(rows[at].rstrip(), rng.choice((2, 500))) + b"\n"
    else:
        rows[at] = rng.choice((b"\n", b"\r", b"#\n", b"\x0c", b";;;;;;\n", b"nan nan nan\n", b'"\n', b"'\n"))
    return b"".join(rows)


def _separators(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    marks = (b",", b";", b"\t", b" ", b".", b":", b"\n", b"\r\n", b'"', b"=", b"<", b"&")
    a, b = rng.choice(marks), rng.choice(marks)
    return data[:LARGEST].replace(a, b, rng.choice((1, 20, -1)))


def _encoding(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    text = data.decode(rng.choice(("utf-8", "latin-1")), "replace")
    made = text.encode(rng.choice(_ENCODINGS), "replace")
    return rng.choice((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) + made if rng.random() < 0.3 else made


def _blank_run(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    """Insert a long monotonous run: what a pattern with two greedy parts is slow at."""
    at = _head(data, rng)
    unit = rng.choice(
        (b" ", b"\t", b"1", b"1 ", b"-", b'"', b"(", b"[", b"<a>", b"\n", b"#", b"=", b".", b"a,", b"1e")
    )
    return data[:at] + unit * (rng.choice((300, 20_000, 100_000)) // len(unit)) + data[at:]


_Mutation = Callable[[bytes, bytes, random.Random], bytes]
_BYTES: tuple[_Mutation, ...] = (
    _flip, _bit, _cut, _cut_front, _delete, _double, _insert, _swap, _splice, _fill
)  # fmt: skip
_BINARY: tuple[_Mutation, ...] = (_integer, _integer, _integer, _float, _number)
_TEXT: tuple[_Mutation, ...] = (_number, _number, _lines, _lines, _separators, _encoding, _blank_run)


def _chunks(data: bytes, rng: random.Random) -> bytes:
    """Change a chunk of a PNG and make its check sum right again, so that the decoder goes on."""
    at, parts = 8, []
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    if not parts:
        return data[:-1]
    place = rng.choice((0, 0, rng.randrange(len(parts))))
    name, body = parts[place]
    if rng.random() < 0.2:
        parts[place:place] = [(rng.choice((b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"zTXt", b"IDAT")), body)]
    elif rng.random() < 0.2:
        body = zlib.compress(bytes(rng.choice((10, 10**5, 10**7))))
        parts[place] = (rng.choice((name, b"IDAT", b"zTXt", b"iCCP")), body)
    else:
        parts[place] = (name, rng.choice((_flip, _integer, _bit, _cut))(body or b"\x00", b"", rng))
    made = b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        for name, body in parts
    )
    return data[:8] + made


def _archive(data: bytes, alien: bytes, rng: random.Random) -> bytes:
    """Change a member and zip again: drop, rename, double, mutate, blow up."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # what was damaged before is damaged in another way
        return _flip(data, alien, rng)
    if not members:
        return data[:-1]
    place = rng.randrange(len(members))
    name, body = members[place]
    what = rng.randrange(10)
    if what == 0:
        del members[place]
    elif what == 1:
        members[place] = (rng.choice(("../" + name, name + "x", "/" + name, name.upper(), "a" * 300)), body)
    elif what == 2:
        members.append((name, alien))
    elif what == 3:
        members[place] = (name, rng.choice((b"", b"\x00", b"<a/>", bytes(20_000_000), b"1" * 2_000_000)))
    else:
        members[place] = (name, _once(body, alien, rng)[: 2 * LARGEST])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in members:
            try:
                archive.writestr(name, body)
            except UserWarning:  # a name twice
                continue
    return stream.getvalue()
