"""Scale, data bar and conditions, of every vendor."""

import functools
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw, ImageFont
from scipy import ndimage
from tests.sem.conftest import FEI, scene, with_bar, write_fei

from interlayer.core.errors import ReadError
from interlayer.sem import read
from interlayer.sem.readers import databar, jeol
from interlayer.sem.readers.metadata import length

ZEISS = (
    "0\r\n1\r\n2\r\n2.465e-008\r\nAP_PIXEL_SIZE\r\nPixel Size = 24.65 nm\r\nAP_IMAGE_PIXEL_SIZE\r\n"
    "Image Pixel Size = {pixel}\r\nAP_WIDTH\r\nWidth = {width} µm\r\nAP_ACTUALKV\r\nEHT = 5.00 kV\r\n"
    "AP_STAGE_AT_T\r\nStage at T = 0.0 °\r\n"
)


def test_fei(fei_file: Path) -> None:
    raw = read(fei_file)
    assert raw["image"].shape == (424, 512)
    assert raw.attrs["pixel_size_x"] == pytest.approx(5.0, rel=1e-9)
    assert raw.attrs["data_bar_rows"] == 40
    assert raw.attrs["data_bar_source"] == "metadata"
    assert raw.attrs["voltage"] == pytest.approx(2.0)
    assert raw["x"].attrs["units"] == "nm"
    assert float(raw["x"][1] - raw["x"][0]) == pytest.approx(5.0)


def test_fei_pixels_that_are_not_square(tmp_path: Path) -> None:
    image, _ = scene()
    raw = read(write_fei(tmp_path / "a.tif", image, image.shape[0], "", "5e-09", "7e-09"))
    assert raw.attrs["pixel_size_x"] == pytest.approx(5.0)
    assert raw.attrs["pixel_size_y"] == pytest.approx(7.0)


def test_fei_resized_image_loses_its_scale(tmp_path: Path) -> None:
    image, _ = scene()
    raw = read(write_fei(tmp_path / "a.tif", image[::2, ::2], image.shape[0], 40))
    assert "pixel_size_x" not in raw.attrs
    assert "resized or cropped" in raw.attrs["doubts"]


def test_fei_text_after_the_image(tmp_path: Path) -> None:
    image, _ = scene()
    path = tmp_path / "quanta.tif"
    tifffile.imwrite(path, image)
    text = (
        "[User]\rDate=1\r[Scan]\rPixelWidth=4.41942e-07\rPixelHeight=4.41942e-07\r[Image]\rResolutionX=512\r"
    )
    path.write_bytes(path.read_bytes() + (text + "ResolutionY=384\r[PrivateFei]\rDatabarHeight=\r").encode())
    assert read(path).attrs["pixel_size_x"] == pytest.approx(441.942, rel=1e-9)


@pytest.mark.parametrize(
    ("pixel", "width", "expected"),
    [("12.33 nm", "6.31296", 12.33), ("", "6.31296", 12.33), ("12.33 nm", "9.9", None)],
)
def test_zeiss(tmp_path: Path, pixel: str, width: str, expected: float | None) -> None:
    image, _ = scene()
    text = ZEISS.format(pixel=pixel, width=width)
    path = tmp_path / "zeiss.tif"
    tifffile.imwrite(path, image, extratags=[(34118, "B", 0, text.encode("cp1252"), True)])
    raw = read(path)
    assert raw.attrs.get("pixel_size_x") == (pytest.approx(expected, rel=1e-6) if expected else None)
    if expected is None:
        assert "void" in raw.attrs["doubts"]
    assert raw.attrs["voltage"] == pytest.approx(5.0)


def test_jeol_maker_note() -> None:
    text = "$CM_IMAGE_SIZE=1280 960\t$CM_PIXEL_SIZE=2.00nm/pixel\t$CM_FIELD_OF_VIEW=2.56 1.92μm"
    data = b"UNICODE\x00" + (text + "\t$SM_PNU_HEIGHT=66\t$CM_ACCEL_VOLT=5.00").encode("utf-16-le")
    meta = jeol.parse(jeol.maker_note(data), 1280, 1026)
    assert (meta.pixel_x, meta.pixel_y, meta.bar_rows) == (2.0, 2.0, 66)
    assert meta.attrs["voltage"] == 5.0
    assert not meta.doubts


def test_jeol_sidecar_gives_the_scale_of_the_micron_bar(tmp_path: Path) -> None:
    image, _ = scene()
    tifffile.imwrite(tmp_path / "a.tif", with_bar(image, 64))
    (tmp_path / "a.txt").write_text(
        "$CM_LABEL JEOL\n$CM_FULL_SIZE 512 384\n$$SM_MICRON_BAR 160\n$$SM_MICRON_MARKER 5um\n"
    )
    raw = read(tmp_path / "a.tif")
    assert raw.attrs["pixel_size_x"] == pytest.approx(5000 / 160)
    assert raw.attrs["data_bar_rows"] == 64
    assert raw.attrs["scale_relative_stddev"] > 0.003


def test_tescan_tag_and_header_file(tmp_path: Path) -> None:
    image, _ = scene()
    text = "AccFrames=1\nPixelSizeX=3.5e-09\nPixelSizeY=3.6e-09\nImageStripSize=40\nHV=5000.0\n"
    tifffile.imwrite(
        tmp_path / "a.tif",
        with_bar(image),
        extratags=[(50431, "B", 0, b"\x01\x02\xff" + text.encode(), True)],
    )
    Image.fromarray(with_bar(image)).save(tmp_path / "b.png")
    (tmp_path / "b-png.hdr").write_text("[MAIN]\n" + text)
    for name in ("a.tif", "b.png"):
        raw = read(tmp_path / name)
        assert raw.attrs["pixel_size_x"] == pytest.approx(3.5)
        assert raw.attrs["pixel_size_y"] == pytest.approx(3.6)
        assert raw.attrs["data_bar_rows"] == 40


def test_hitachi_sidecar_in_utf16(tmp_path: Path) -> None:
    image, _ = scene()
    tifffile.imwrite(tmp_path / "a.tif", image)
    text = "[SemImageFile]\r\nInstructName=SU8000\r\nDataSize=512x384\r\nPixelSize=9.921875\r\n"
    text += "AcceleratingVoltage=15000 Volt\r\n"
    (tmp_path / "a.txt").write_bytes(text.encode("utf-16"))
    raw = read(tmp_path / "a.tif")
    assert raw.attrs["pixel_size_x"] == pytest.approx(9.921875, rel=1e-9)
    assert raw.attrs["voltage"] == pytest.approx(15.0)


@pytest.mark.parametrize(("unit", "expected"), [("micron", 100.0), ("nm", 0.1), (None, None)])
def test_imagej(tmp_path: Path, unit: str | None, expected: float | None) -> None:
    image, _ = scene()
    metadata: dict[str, Any] = {"unit": unit} if unit else {}
    tifffile.imwrite(tmp_path / "a.tif", image, imagej=True, resolution=(10.0, 10.0), metadata=metadata)
    assert read(tmp_path / "a.tif").attrs.get("pixel_size_x") == (
        pytest.approx(expected) if expected else None
    )


def test_kinds_of_pixels(tmp_path: Path) -> None:
    image, _ = scene()
    rgb = np.stack([image] * 3, axis=-1)
    tifffile.imwrite(tmp_path / "rgb.tif", rgb)
    tifffile.imwrite(tmp_path / "lzw.tif", image, compression="lzw", predictor=True)
    tifffile.imwrite(tmp_path / "deep.tif", image.astype(np.uint16) * 257)
    tifffile.imwrite(tmp_path / "white.tif", 255 - image, photometric="miniswhite")
    ramp = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
    tifffile.imwrite(tmp_path / "palette.tif", image, photometric="palette", colormap=ramp)
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image).convert("P").save(tmp_path / "p.png")
    Image.fromarray(rgb).save(tmp_path / "c.bmp")
    for name in ("rgb.tif", "lzw.tif", "white.tif", "palette.tif", "a.png", "p.png", "c.bmp"):
        assert np.array_equal(read(tmp_path / name)["image"].values, image), name
    deep = read(tmp_path / "deep.tif")["image"].values
    assert deep.dtype == np.uint16
    assert np.array_equal(deep // 257, image)


def test_pages(tmp_path: Path) -> None:
    image, _ = scene()
    tifffile.imwrite(tmp_path / "a.tif", np.stack([image, 255 - image]), photometric="minisblack")
    raw = read(tmp_path / "a.tif")
    assert np.array_equal(raw["image"].values, image)
    assert raw.attrs["pages"] == 2


def styled(rows: int, ground: int, ink: int, line: int) -> NDArray[np.uint8]:
    bar = Image.new("L", (800, rows), ground)
    pen = ImageDraw.Draw(bar)
    for k, text in enumerate(("HV 5.00 kV", "mag 20 000 x", "WD 4.1 mm", "5 um")):
        pen.text((10 + 190 * k, rows * 0.2), text, font=ImageFont.load_default(rows * 0.5), fill=ink)
        pen.line([190 * k, 0, 190 * k, rows], fill=ink)
    array = np.array(bar)
    array[:line] = ink
    return array


@pytest.mark.parametrize("rows", [24, 40, 69])
@pytest.mark.parametrize(("ground", "ink", "line"), [(0, 255, 2), (255, 0, 0), (200, 20, 1), (70, 250, 0)])
@pytest.mark.parametrize("noise", [0.0, 8.0])
@pytest.mark.parametrize("quality", [None, 75])
def test_bar_found_from_the_image(
    rows: int, ground: int, ink: int, line: int, noise: float, quality: int | None
) -> None:
    """Bars of all makers, under images with noise, without, and with ground of the bar's own level."""
    image = particles_below(noise)
    whole = np.vstack([image, styled(rows, ground, ink, line)])
    if quality:
        stream = io.BytesIO()
        Image.fromarray(whole).save(stream, "JPEG", quality=quality)
        whole = np.array(Image.open(stream))
    assert abs(databar.rows(whole) - rows) <= 2
    assert databar.rows(image) == 0


@functools.cache
def particles_below(noise: float) -> NDArray[np.uint8]:
    """Return an image with particles down to its last row."""
    image, _ = scene(3, shape=(600, 800), count=60)
    smooth = ndimage.gaussian_filter(image.astype(float), 2.5)[:570]
    return (
        (smooth + np.random.default_rng(0).normal(0, 1, smooth.shape) * noise).clip(0, 255).astype(np.uint8)
    )


def test_fei_contradiction_enters_the_uncertainty(tmp_path: Path) -> None:
    image, _ = scene()
    path = tmp_path / "a.tif"
    text = FEI.format(x="5e-09", y="5e-09", columns=512, rows=384, bar=0).replace(
        "[Scan]\r\n", "[Scan]\r\nHorFieldsize=3.584e-06\r\n"
    )
    tifffile.imwrite(path, image, extratags=[(34682, "s", 0, text, True)])
    raw = read(path)
    assert "field" in raw.attrs["doubts"]
    assert raw.attrs["scale_relative_stddev"] == pytest.approx(np.log(7 / 5), rel=1e-6)


def test_jeol_maker_note_in_a_jpeg(tmp_path: Path) -> None:
    text = "$CM_IMAGE_SIZE=512 384\t$CM_PIXEL_SIZE=2.50nm/pixel\t$SM_PNU_HEIGHT=40"
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"UNICODE\x00" + text.encode("utf-16-le")
    Image.fromarray(with_bar(scene()[0])).save(tmp_path / "a.jpg", exif=exif)
    raw = read(tmp_path / "a.jpg")
    assert (raw.attrs["pixel_size_x"], raw.attrs["data_bar_rows"]) == (pytest.approx(2.5), 40)
    assert raw.attrs["data_bar_source"] == "metadata"


def test_real_files(real: Path) -> None:
    folder = real / "sem"
    helios = read(folder / "detection_test_image_2.tif")
    assert helios.attrs["pixel_size_x"] == pytest.approx(97.6562, rel=1e-6)
    assert helios.attrs["data_bar_rows"] == 0
    assert "doubts" not in helios.attrs
    apreo = read(folder / "s1_t1.00.tif")
    assert (apreo.attrs["pixel_size_y"], apreo.attrs["data_bar_rows"]) == (pytest.approx(5.0), 69)
    assert databar.rows(apreo["image"].values) == pytest.approx(69, abs=2)
    assert "pixel_size_x" not in read(folder / "22d5aab090.png").attrs
    assert read(folder / "img2d.tif")["image"].dtype == np.uint16
    with pytest.raises(ReadError, match="truncated"):
        read(folder / "quad1image_001_no_beam_scan_or_system_meta.tif")


def test_attrs_can_be_stored(fei_file: Path) -> None:
    attrs = read(fei_file).attrs
    assert all(isinstance(value, str | int | float) for value in attrs.values())
    json.dumps(attrs, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "nm"), [("2.00nm/pixel", 2.0), ("1.5 μm", 1500.0), ("3 pm", 0.003), ("x", np.nan)]
)
def test_length(text: str, nm: float) -> None:
    assert length(text) == pytest.approx(nm, nan_ok=True)
