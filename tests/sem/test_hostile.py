"""Damaged and hostile files end in one error, soon, and without much memory."""

import resource
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from tests.sem.conftest import scene

from interlayer.core.errors import ReadError
from interlayer.sem import read


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_truncated_tiff_is_an_error(fei_file: Path, share: float) -> None:
    data = fei_file.read_bytes()
    fei_file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ReadError):
        read(fei_file)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_truncated_raster_is_an_error(tmp_path: Path, ending: str) -> None:
    from PIL import Image

    path = tmp_path / f"a.{ending}"
    Image.fromarray(scene()[0]).save(path)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(ReadError):
        read(path)


def test_absurd_header_is_refused(fei_file: Path) -> None:
    data = bytearray(fei_file.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for k in range(count):
        at = start + 2 + 12 * k
        if struct.unpack_from("<H", data, at)[0] in (256, 257):
            struct.pack_into("<HHII", data, at, struct.unpack_from("<H", data, at)[0], 4, 1, 2**20)
    fei_file.write_bytes(data)
    with pytest.raises(ReadError, match="absurd"):
        read(fei_file)


def test_mutated_tiffs_never_crash(fei_file: Path, tmp_path: Path) -> None:
    """Cut, flipped and overwritten files: a Dataset of the right shape, or a ReadError; quick and small."""
    clean = fei_file.read_bytes()
    shape = read(fei_file)["image"].shape
    (start,) = struct.unpack_from("<I", clean, 4)
    rng = np.random.default_rng(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k in range(50):
        data = bytearray(clean)
        if k % 3 == 0:
            data = data[: int(rng.integers(8, len(data)))]
        else:
            for _ in range(1 + k % 5):
                at = (
                    int(rng.integers(start, min(start + 250, len(data))))
                    if k % 3 == 1
                    else int(rng.integers(len(data)))
                )
                data[at] = int(rng.integers(256))
        path = tmp_path / f"m{k}.tif"
        path.write_bytes(data)
        began = time.perf_counter()
        try:
            found = read(path)["image"].shape
        except ReadError:
            pass
        else:
            assert found == shape or len(data) == len(clean)
        assert time.perf_counter() - began < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024


def test_text_that_pretends_to_be_an_image(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("not an image")
    with pytest.raises(ReadError, match="no sem format"):
        read(tmp_path / "a.tif")
