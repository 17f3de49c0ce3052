"""Damaged and hostile files end in one error, soon, and without much memory."""

import resource
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from tests.sem.conftest import FEI, scene

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


def mutated(clean: bytes, spots: list[tuple[int, int]], k: int, rng: np.random.Generator) -> bytes:
    """Return a file cut, with a bit flipped or an absurd number in its header, or with a burst of noise."""
    data = bytearray(clean)
    at, length = spots[int(rng.integers(len(spots)))]
    if k % 4 == 0:
        return bytes(data[: int(rng.integers(8, len(data)))])
    if k % 4 == 1:
        data[at + int(rng.integers(length))] ^= 1 << int(rng.integers(8))
    elif k % 4 == 2:
        value = int(rng.choice([0, 1, 2**16, 2**20, 2**31 - 1, 2**32 - 1, len(clean) - 4]))
        data[at + length - 4 : at + length] = struct.pack("<I", value)
    else:
        burst = int(rng.integers(len(data) - 64))
        data[burst : burst + 64] = rng.bytes(64)
    return bytes(data)


@pytest.mark.parametrize("coding", [{}, {"rowsperstrip": 32}, {"compression": "lzw"}, {"tile": (64, 64)}])
def test_mutated_tiffs_end_in_an_error_or_the_truth(coding: dict[str, Any], tmp_path: Path) -> None:
    """50 files: an error; or what was written; or a flag (doubts, no scale). Quick, and small."""
    image, _ = scene(shape=(256, 320), count=20)
    path = tmp_path / "m.tif"
    text = FEI.format(x="5e-09", y="5e-09", columns=320, rows=256, bar=0)
    tifffile.imwrite(path, image, extratags=[(34682, "s", 0, text, True)], **coding)
    clean = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        spots = [(int(tag.offset), 12) for tag in tiff.pages.first.tags]
    rng = np.random.default_rng(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k in range(50):
        path.write_bytes(mutated(clean, spots, k, rng))
        began = time.perf_counter()
        try:
            raw = read(path)
        except ReadError as error:
            assert "m.tif" in str(error)
        else:
            pixels = raw["image"].values
            same = pixels.shape == image.shape and np.mean(pixels != image) < 0.002
            sized = raw.attrs.get("pixel_size_x") in {5.0, None}
            assert (same and sized) or raw.attrs.get("doubts"), k
        assert time.perf_counter() - began < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024


def test_corrupt_quanta_file(real: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(ReadError, match="truncated"):
        read(real / "sem" / "quad1image_001_no_beam_scan_or_system_meta.tif")
    assert time.perf_counter() - began < 2.0


def test_compressed_planes_of_colours_are_not_damage(tmp_path: Path) -> None:
    image, _ = scene(shape=(100, 130), count=5)
    rgb = np.stack([image] * 3)
    tifffile.imwrite(tmp_path / "a.tif", rgb, planarconfig="separate", photometric="rgb", compression="lzw")
    bits = (image > 100).astype(np.uint8)
    tifffile.imwrite(tmp_path / "b.tif", image, compression="lzw", rowsperstrip=7, predictor=True)
    assert np.array_equal(read(tmp_path / "a.tif")["image"].values, image)
    assert np.array_equal(read(tmp_path / "b.tif")["image"].values, image)
    tifffile.imwrite(tmp_path / "c.tif", bits.astype(bool), compression="lzw")
    assert np.array_equal(read(tmp_path / "c.tif")["image"].values, bits * 255)


def test_text_that_pretends_to_be_an_image(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("not an image")
    with pytest.raises(ReadError, match="no sem format"):
        read(tmp_path / "a.tif")
