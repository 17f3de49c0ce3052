"""Pictures without matplotlib, for folders of any size: outlines on an image, and sheets of thumbnails."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

U8 = NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

#: colours that the colour-blind tell apart (Okabe and Ito 2008)
SEEN, COMPLETED, CUT = (230, 159, 0), (86, 180, 233), (204, 121, 167)
_INK, _PAPER, _WARNING = (20, 20, 20), (255, 255, 255), (213, 94, 0)
#: least width of a picture, height of its caption, text size
_LEAST, _TEXT = 640, 16
#: a sheet: thumbnails across and down, their width and height, height of the two lines below each
COLUMNS, ROWS = 6, 8
_WIDE, _HIGH, _LINES = 300, 220, 36
_SHIFT = 4  # binary digits of a fraction of a pixel in OpenCV's lines


def overlay(picture: xr.Dataset, particles: xr.Dataset, title: str, notes: Sequence[str] = ()) -> U8:
    """Return an RGB picture (rows, columns, 3): the image, outlines, a scale bar and a caption.

    Parameters
    ----------
    picture
        Node ``picture`` of a result.
    particles
        Its table of particles, in the order of the outlines.
    title
        What the caption calls the image.
    notes
        Warnings below the title, shortened to the width of the picture.
    """
    grey = np.asarray(picture["preview"].values, np.uint8)
    if grey.shape[1] < _LEAST:
        size = (_LEAST, height(picture))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    canvas = np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
    _outlines(canvas, picture, particles)
    if picture.attrs["unit"] == "nm":
        _scale_bar(canvas, float(picture.attrs["width"]))
    return np.vstack([canvas, _caption(canvas.shape[1], title, particles, notes)])


def height(picture: xr.Dataset) -> int:
    """Return the rows of the image in its overlay: the caption is below them."""
    rows, columns = picture["preview"].shape
    return max(1, round(rows * max(1.0, _LEAST / columns)))


def _outlines(canvas: U8, picture: xr.Dataset, particles: xr.Dataset) -> None:
    scale = 2**_SHIFT * np.array([canvas.shape[1], canvas.shape[0]])
    x = picture["outline_x"].values / float(picture.attrs["width"])
    y = picture["outline_y"].values / float(picture.attrs["height"])
    points = np.rint(np.stack([x, y], axis=2) * scale).astype(np.int32)
    cut = particles["touches_edge"].values > 0
    extent = np.median(particles["width"].values) if cut.size else 0.0
    broad = extent / float(picture.attrs["width"]) * canvas.shape[1] > 24
    weight = 2 if broad else 1
    style = {"thickness": weight, "lineType": cv2.LINE_AA, "shift": _SHIFT}
    cv2.polylines(canvas, list(points[cut]), True, CUT, **style)
    cv2.polylines(canvas, list(points[~cut]), True, SEEN, **style)
    hidden = (picture["seen"].values == 0) & ~cut[:, None]
    pieces = np.stack([points[hidden], np.roll(points, -1, axis=1)[hidden]], axis=1)
    cv2.polylines(canvas, list(pieces), False, COMPLETED, **style)


def round_length(width: float, share: float = 0.25) -> float:
    """Return a round length (1, 2, 5 times a power of ten) of at most a share of a width.

    Examples
    --------
    >>> round_length(7680.0)
    1000.0
    """
    power = 10.0 ** math.floor(math.log10(width * share))
    return power * max(m for m in (1, 2, 5) if m * power <= width * share * (1 + 1e-9))


def _scale_bar(canvas: U8, width: float) -> None:
    """Draw a scale bar on a dark ground into the lower left corner; ``width`` of the image in nm."""
    rows, columns = canvas.shape[:2]
    length = round_length(width)
    text = f"{length:g} nm" if length < 1000 else f"{length / 1000:g} µm"
    long = round(length / width * columns)
    size = max(14, round(columns / 45))
    picture = Image.fromarray(canvas)
    pen = ImageDraw.Draw(picture)
    font = _font(size)
    wide = max(long, round(pen.textlength(text, font=font))) + size
    left, top = size // 2, rows - round(2.7 * size)
    pen.rectangle([left, top, left + wide, rows - size // 2], fill=_INK)
    middle = left + wide / 2
    pen.text((middle, top + 0.15 * size), text, font=font, fill=_PAPER, anchor="ma")
    first = round(middle - long / 2)
    pen.rectangle([first, top + round(1.55 * size), first + long - 1, top + round(1.8 * size)], fill=_PAPER)
    canvas[:] = np.asarray(picture)


def _caption(width: int, title: str, particles: xr.Dataset, notes: Sequence[str]) -> U8:
    whole = int(np.sum(particles["touches_edge"].values == 0))
    lines = [(f"{title}: {_counted(particles, whole)}", _INK)]
    lines += [(f"! {text}", _WARNING) for text in notes]
    step = round(1.4 * _TEXT)
    picture = Image.new("RGB", (width, step * (len(lines) + 1) + _TEXT), _PAPER)
    pen, font = ImageDraw.Draw(picture), _font(_TEXT)
    for k, (text, colour) in enumerate(lines):
        pen.text((8, 8 + k * step), _shortened(text, font, width - 16), font=font, fill=colour)
    at = 8.0
    legend = (
        ("edge seen", SEEN),
        ("completed where hidden", COMPLETED),
        ("cut by the frame, not counted", CUT),
    )
    for text, colour in legend if particles.sizes["particle"] else ():
        level = 8 + len(lines) * step + _TEXT // 2
        pen.line([at, level, at + 24, level], fill=colour, width=4)
        pen.text((at + 30, level), text, font=font, fill=_INK, anchor="lm")
        at += 54 + pen.textlength(text, font=font)
    return np.asarray(picture, np.uint8)


def _counted(particles: xr.Dataset, whole: int) -> str:
    if particles.sizes["particle"] == 0:
        return "no particles detected"
    size = particles["equivalent_diameter"]
    inside = size.values[particles["touches_edge"].values == 0]
    if inside.size == 0:
        return "no whole particles"
    return f"{whole} whole particles, median {np.median(inside):.4g} {size.attrs['units']}"


@cache
def _font(size: int) -> Font:
    """Return matplotlib's sans serif, which knows µ and accents (Pillow's own does not)."""
    spec = find_spec("matplotlib")
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def _shortened(text: str, font: Font, width: float) -> str:
    """Return text cut to a width in pixels, with an ellipsis."""
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if font.getlength(text[:middle] + "…") <= width else (low, middle - 1)
    return text[:low] + "…"


def write(path: Path, picture: U8) -> None:
    """Write an RGB picture as PNG."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    if hasattr(cv2, "IMWRITE_PNG_FILTER"):  # OpenCV 4.12: differences along rows, a third faster and smaller
        options += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
    _encode(path, picture, ".png", options)


def write_thumbnail(path: Path, picture: U8) -> None:
    """Write an RGB picture as a JPEG of the size that contact sheets show."""
    zoom = min(_WIDE / picture.shape[1], _HIGH / picture.shape[0])
    size = (max(1, round(picture.shape[1] * zoom)), max(1, round(picture.shape[0] * zoom)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    _encode(path, small, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 88])


def _encode(path: Path, picture: U8, ending: str, options: list[int]) -> None:
    done, data = cv2.imencode(ending, np.ascontiguousarray(picture[..., ::-1]), options)
    if not done:
        raise OSError(f"cannot encode a picture of {picture.shape}")
    path.write_bytes(data.tobytes())


@dataclass(frozen=True, slots=True)
class Entry:
    """One image on a contact sheet.

    Parameters
    ----------
    path
        Its thumbnail; None where the file could not be read.
    first, second
        The lines below it.
    good
        False: the second line warns.
    """

    path: Path | None
    first: str
    second: str
    good: bool = True


def sheet(entries: Sequence[Entry], title: str) -> U8:
    """Return a contact sheet of at most ``COLUMNS`` x ``ROWS`` images."""
    rows = math.ceil(len(entries) / COLUMNS)
    cell = (_WIDE + 10, _HIGH + _LINES + 10)
    across = COLUMNS if rows > 1 else max(len(entries), 3)
    page = Image.new("RGB", (across * cell[0] + 10, rows * cell[1] + 40), _PAPER)
    pen, font, small = ImageDraw.Draw(page), _font(20), _font(13)
    pen.text((10, 8), _shortened(title, font, page.width - 20), font=font, fill=_INK)
    for k, entry in enumerate(entries):
        x, y = 10 + k % COLUMNS * cell[0], 40 + k // COLUMNS * cell[1]
        thumbnail = None if entry.path is None else _thumbnail(entry.path)
        if thumbnail is None:
            pen.rectangle([x, y, x + _WIDE, y + _HIGH], outline=_WARNING, width=2)
            pen.text((x + _WIDE / 2, y + _HIGH / 2), "not read", font=font, fill=_WARNING, anchor="mm")
        else:
            page.paste(thumbnail, (x + (_WIDE - thumbnail.width) // 2, y))
        pen.text((x, y + _HIGH + 2), _shortened(entry.first, small, _WIDE), font=small, fill=_INK)
        colour = _INK if entry.good else _WARNING
        pen.text((x, y + _HIGH + 18), _shortened(entry.second, small, _WIDE), font=small, fill=colour)
    return np.asarray(page, np.uint8)


def _thumbnail(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except OSError:
        return None
