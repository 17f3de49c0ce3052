import pickle
import zipfile
from pathlib import Path

import pytest
import xarray as xr

from interlayer.core import files, formats
from interlayer.core.errors import ReadError
from interlayer.core.formats import Format, Probe
from interlayer.core.text import clean, slug


def load_fine(path: Path) -> xr.Dataset:
    return xr.Dataset(attrs={"size": path.stat().st_size})


def load_broken(path: Path) -> xr.Dataset:
    raise KeyError("offset 712")


FORMATS = (
    Format("Fine", (".fin",), lambda probe: probe.head.startswith(b"FINE"), "fine_loader:load_fine"),
    Format("Broken", (".brk",), lambda probe: probe.head.startswith(b"BROKEN"), "fine_loader:load_broken"),
)


@pytest.fixture(autouse=True)
def loader(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    module = types.ModuleType("fine_loader")
    module.load_fine, module.load_broken = load_fine, load_broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fine_loader", module)


def test_the_content_decides_and_the_source_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "wrong.ending"
    path.write_bytes(b"FINE data")
    raw = formats.read(path, "xrd", FORMATS)
    assert raw.attrs["format"] == "Fine" and raw.attrs["source"] == "wrong.ending"
    assert raw.attrs["source_sha256"] == files.sha256(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        (b"", "empty"),
        (b"\x00\x01", "no xrd format fits"),
        (b"BROKEN", "looks like Broken"),
    ],
)
def test_every_failure_is_one_error_that_names_the_file(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "some.file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReadError, match=says) as caught:
        formats.read(path, "xrd", FORMATS)
    assert "some.file" in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="folder"):
        formats.read(tmp_path, "xrd", FORMATS)


def test_errors_come_back_from_a_worker_whole() -> None:
    error = ReadError("cut off", path="a.raw", expected=5, found=3, advice="Copy it again.")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - as a process pool does
    assert str(back) == str(error) and type(back) is ReadError


def test_writing_leaves_the_old_file_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "record.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(2 * 2**20))
        archive.writestr("fine", "text")
    assert files.zip_member(path, "fine") == b"text"
    with pytest.raises(ReadError, match="missing"):
        files.zip_member(path, "other")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more", bytes(64 * 2**20))
    with pytest.raises(ReadError, match="out of proportion"):
        files.zip_member(path, "more")


def test_text_of_any_encoding_and_line_end(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        path = tmp_path / encoding
        path.write_bytes("2θ\r\n1\r2".replace("θ", "θ" if encoding != "cp1252" else "µ").encode(encoding))
        assert files.read_text(path).splitlines()[1:] == ["1", "2"]
    assert Probe(tmp_path / "utf-16").text.startswith("2θ")


@pytest.mark.parametrize("name", ["../../x", "a/b\\c", "", "\x00", "con\u202egpj.exe", "x" * 300, "💥", ".."])
def test_a_slug_is_a_safe_name(name: str) -> None:
    made = slug(name)
    assert made and len(made) <= 80 and not set(made) & set("/\\\x00 <>") and not made.startswith(".")


def test_invisible_characters_become_visible() -> None:
    assert clean("a\u202eb\x07") == "a\ufffdb\ufffd" and clean("µm – 70 °C") == "µm – 70 °C"


def test_fingerprint_of_a_huge_file_is_quick_and_says_that_it_was_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.spd"
    path.write_bytes(bytes(3 * 2**20))
    assert files.fingerprint(path) == files.sha256(path)
    monkeypatch.setattr(files, "HASHED_WHOLE", 2**20)
    first = files.fingerprint(path)
    assert first.startswith("sampled-")
    for change in (lambda data: data[:-1], lambda data: b"\1" + data[1:], lambda data: data[:-1] + b"\1"):
        path.write_bytes(change(bytes(3 * 2**20)))
        assert files.fingerprint(path) != first
