"""Micrographs made in the tests."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

FEI = (
    "[User]\r\nDate=01/02/2024\r\n[System]\r\nSystemType=Apreo S\r\n[Beam]\r\nHV=2000\r\nBeam=EBeam\r\n"
    "Scan=EScan\r\n[EBeam]\r\nWD=0.004\r\nTiltCorrectionIsOn=no\r\n[Scan]\r\nPixelWidth={x}\r\nPixelHeight={y}\r\n"
    "[Stage]\r\nStageT=0\r\n[Image]\r\nResolutionX={columns}\r\nResolutionY={rows}\r\n"
    "[PrivateFei]\r\nDatabarHeight={bar}\r\n"
)


def scene(
    seed: int = 0, shape: tuple[int, int] = (384, 512), count: int = 40, radius: float = 15.0
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return an image of separate bright discs on noisy ground, and their (x, y, radius) in pixels."""
    rng = np.random.default_rng(seed)
    discs: list[tuple[float, float, float]] = []
    for _ in range(20000):
        r = radius * float(np.exp(rng.normal(0, 0.12)))
        x, y = rng.uniform(r + 2, shape[1] - r - 2), rng.uniform(r + 2, shape[0] - r - 2)
        if all(np.hypot(x - a, y - b) > r + c + 3 for a, b, c in discs):
            discs.append((x, y, r))
        if len(discs) == count:
            break
    yy, xx = np.mgrid[: shape[0], : shape[1]] + 0.5
    image = np.full(shape, 70.0)
    for x, y, r in discs:
        image[np.hypot(xx - x, yy - y) < r] = 140.0
    image = ndimage.gaussian_filter(image, 1.0) + rng.normal(0, 8, shape)
    return np.clip(image, 0, 255).astype(np.uint8), np.array(discs)


def with_bar(image: NDArray[np.uint8], rows: int = 40) -> NDArray[np.uint8]:
    """Return the image with a black data bar holding some text-like marks."""
    bar = np.zeros((rows, image.shape[1]), np.uint8)
    bar[0] = 255
    bar[rows // 3 : rows // 2, 20 : image.shape[1] // 2 : 3] = 255
    return np.vstack([image, bar])


def write_fei(
    path: Path, image: NDArray[np.generic], rows: int, bar: int | str = "", x: str = "5e-09", y: str = "5e-09"
) -> Path:
    """Write a TIFF with FEI metadata."""
    text = FEI.format(x=x, y=y, columns=image.shape[1], rows=rows, bar=bar)
    tifffile.imwrite(path, image, extratags=[(34682, "s", 0, text, True)])
    return path


@pytest.fixture
def fei_file(tmp_path: Path) -> Path:
    """Return a file of 40 particles with scale and data bar."""
    image, _ = scene()
    return write_fei(tmp_path / "fei.tif", with_bar(image), image.shape[0], 40)
