"""Letters, bars and frames burnt into an image are found; what a beam has imaged is not."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from tests.sem.conftest import scene

from interlayer.sem import read
from interlayer.sem.frame import frame
from interlayer.sem.readers.overlay import overlays

Grey = NDArray[np.uint8]


def drawn(what: str, colour: tuple[int, int, int]) -> tuple[Image.Image, NDArray[np.bool_]]:
    """Return a micrograph with something burnt in, and where that is."""
    image, _ = scene(shape=(600, 800), count=60)
    picture = Image.fromarray(image).convert("RGB")
    truth = Image.new("L", picture.size, 0)
    for canvas, ink in ((ImageDraw.Draw(picture), colour), (ImageDraw.Draw(truth), 255)):
        if what == "text":
            canvas.text((40, 500), "500 nm", font=ImageFont.load_default(32), fill=ink)
        elif what == "bar":
            canvas.rectangle([40, 550, 240, 557], fill=ink)
        elif what == "frame":
            canvas.rectangle([200, 100, 420, 260], outline=ink, width=3)
        else:
            canvas.rectangle([30, 480, 220, 540], fill=ink)
            mark = tuple(255 - v for v in colour) if isinstance(ink, tuple) else 255
            canvas.text((40, 490), "2 µm", font=ImageFont.load_default(32), fill=mark)
    return picture, np.array(truth) > 0


@pytest.mark.parametrize("what", ["text", "bar", "frame", "box"])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("quality", [None, 80])
def test_drawn_things_are_covered(what: str, colour: tuple[int, int, int], quality: int | None) -> None:
    picture, truth = drawn(what, colour)
    if quality:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)
        picture = Image.open(stream)
    mask = overlays(np.array(picture.convert("L")))
    assert np.mean(mask[truth]) > 0.98
    near = ndimage.binary_dilation(truth, np.ones((3, 3), np.bool_), iterations=7)
    assert not np.any(mask & ~near)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_kinds_of_numbers(kind: type[np.generic]) -> None:
    picture, truth = drawn("text", (255, 255, 255))
    grey = np.array(picture.convert("L"))
    assert np.mean(overlays((grey * 257.0).astype(kind))[truth]) > 0.98


@pytest.mark.parametrize("blur", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("gain", [255.0, 400.0, 1000.0])
def test_clipped_particles_are_not_drawn(blur: float, gain: float) -> None:
    """Particles, rims and the shadows of them, far above full scale, with noise and without."""
    rng = np.random.default_rng(1)
    ground = np.full((500, 700), 70.0)
    y, x = np.mgrid[:500, :700]
    for _ in range(60):
        away = np.hypot(y - rng.uniform(0, 500), x - rng.uniform(0, 700))
        radius = rng.uniform(8, 30)
        ground[away < radius] = gain
        ground[(away < radius) & (away > radius - 4)] = 1.6 * gain
    smooth = ndimage.gaussian_filter(ground, blur)
    for noise in (0.0, 4.0, 25.0):
        image = np.clip(smooth + rng.normal(0, 1, ground.shape) * noise, 0, 255).astype(np.uint8)
        assert not overlays(image).any(), noise
        assert not overlays(255 - image).any(), noise


def test_noise_and_flat_images_are_not_drawn() -> None:
    rng = np.random.default_rng(2)
    for level, noise in ((10, 20), (245, 20), (128, 80), (128, 0)):
        image = np.clip(rng.normal(level, noise, (400, 500)), 0, 255).astype(np.uint8)
        assert not overlays(image).any(), (level, noise)
    halves = np.zeros((400, 500), np.uint8)
    halves[:, 250:] = 200
    assert not overlays(halves).any()


def test_masks_of_particles_are_no_drawings() -> None:
    """A thresholded image has nothing but sharp borders: they then say nothing."""
    image, _ = scene(count=40)
    binary = (ndimage.gaussian_filter(image.astype(float), 2) > 105).astype(np.uint8) * 255
    assert not overlays(binary).any()


def test_letters_on_a_noisy_black_ground() -> None:
    """Ground that clips to black in every second pixel does not hide white letters."""
    picture, truth = drawn("text", (255, 255, 255))
    rng = np.random.default_rng(3)
    grey = np.array(picture.convert("L")).astype(float)
    noisy = np.clip(grey - 70 + rng.normal(0, 12, grey.shape), 0, 255)
    noisy[truth] = 255
    assert np.mean(overlays(noisy.astype(np.uint8))[truth]) > 0.9


def test_real_images(real: Path) -> None:
    folder = real / "sem"
    mask = overlays(read(folder / "22d5aab090.png")["image"].values)
    for rows, columns in ((slice(494, 499), slice(16, 93)), (slice(37, 56), slice(716, 722))):
        assert mask[rows, columns].any()  # the scale bar and the letter
    assert mask[494:499, 16:93].mean() > 0.95
    assert mask.mean() < 0.02
    for name in ("detection_test_image_2.tif", "img2d.tif"):
        assert not overlays(read(folder / name)["image"].values).any(), name
    simulated = read(folder / "s1_t1.00.tif")
    assert "overlay" not in simulated


def test_coloured_annotations_of_a_grey_image(tmp_path: Path) -> None:
    picture, truth = drawn("bar", (255, 60, 60))
    picture.save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", np.array(picture))
    for name in ("a.png", "a.tif"):
        raw = read(tmp_path / name)
        assert raw["overlay"].values[truth].all(), name
        view = frame(raw, "5 nm")
        assert view.overlay is not None and view.overlay.shape == view.image.shape
        assert raw.attrs["overlay_pixels"] == view.overlay.sum() < 2 * truth.sum()


def test_a_dataset_of_the_users_own_is_looked_at_too(tmp_path: Path) -> None:
    picture, truth = drawn("bar", (255, 255, 255))
    picture.convert("L").save(tmp_path / "a.png")
    raw = read(tmp_path / "a.png")
    bare = raw[["image"]].drop_attrs()
    for each in (raw, bare):
        found = frame(each).overlay
        assert found is not None and found[truth].all()
    assert frame(raw.drop_vars("overlay")).overlay is None


def test_fast() -> None:
    image, _ = scene(shape=(600, 800), count=60)
    large = np.tile(image, (4, 4))
    overlays(large)
    began = time.process_time()
    overlays(large)
    assert time.process_time() - began < 0.4  # 7.7 MPix: 0.04 s on a quiet machine
