"""TIFF micrographs: checked before anything is decoded, scale from the vendor's tags."""

import logging
import math
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.sem.readers import fei, jeol, others, pixels, sidecar, zeiss
from interlayer.sem.readers.metadata import Metadata

#: largest vendor tag that is read, how much of the file's end is searched for FEI text, most pages counted
_TAG_LIMIT, _TAIL, _PAGES = 2**22, 2**16, 4096
_CAMERA_MAKER, _LZW = 37500, 5


def load(path: Path) -> xr.Dataset:
    """Return the first page of a TIFF micrograph.

    Raises
    ------
    ReadError
        When strips or tiles are missing or lie outside the file (a truncated image), or when the header
        asks for more than the file can hold.
    """
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    with tifffile.TiffFile(path) as tiff:
        page: Any = tiff.pages[0]
        _check(page, path.stat().st_size)
        samples = np.asarray(page.asarray(maxworkers=1))
        _check_lzw(page, tiff.filehandle)
        expected = (int(page.imagelength), int(page.imagewidth))
        if (
            samples.shape[-3:-1] != expected
            and samples.shape[-2:] != expected
            and samples.shape[:2] != expected
        ):
            raise ReadError("the image is truncated", expected=f"shape {expected}", found=samples.shape)
        image, colour = pixels.grey(*_samples(page, samples))
        meta = _metadata(path, tiff, page, image.shape[1], image.shape[0])
        count = _count(tiff)
        codes = [tag.code for tag in sorted(page.tags, key=lambda tag: tag.offset)]
        if codes != sorted(codes):
            meta.doubts.append("the tags of the header are not in order: the file may be damaged")
        if int(page.photometric) == 0:
            meta.doubts.append("the grey levels are stored inverted (white is zero) and were turned over")
    more: dict[str, str | int | float] = {"pages": count} if count > 1 else {}
    return pixels.dataset(image, meta, colour, **more)


def _check(page: Any, size: int) -> None:
    columns, rows = int(page.imagewidth), int(page.imagelength)
    pixels.check_size(columns, rows)
    if int(page.imagedepth) != 1 or int(page.samplesperpixel) > 8 or int(page.bitspersample) > 64:
        raise ReadError(
            "not a two-dimensional image", found=f"{page.imagedepth} planes, {page.samplesperpixel} samples"
        )
    offsets, counts = [int(v) for v in page.dataoffsets], [int(v) for v in page.databytecounts]
    needed = columns * rows * int(page.samplesperpixel) * int(page.bitspersample) // 8
    if not offsets or len(offsets) != len(counts) or min(counts) <= 0:
        raise ReadError("the image data are missing from the file", found=f"{len(offsets)} strips")
    if max(at + count for at, count in zip(offsets, counts, strict=True)) > size or min(offsets) < 8:
        raise ReadError(
            "the image is truncated: its strips reach beyond the end of the file",
            expected=f"{max(at + count for at, count in zip(offsets, counts, strict=True))} bytes",
            found=f"{size} bytes",
            advice="Copy or export it again.",
        )
    _check_layout(page, len(offsets))
    stored = sum(counts)
    if int(page.compression) == 1 and stored < needed:
        raise ReadError(
            "the strips hold less than the image",
            expected=f"{needed} bytes",
            found=f"{stored} bytes",
            advice="The header is damaged: export it again.",
        )
    depth = int(page.samplesperpixel) * int(page.bitspersample) / 8
    pixels.check_unpacked(columns, rows, depth, stored)


def _check_layout(page: Any, count: int) -> None:
    """Refuse another number of strips or tiles than the image needs, and predictors that integers lack."""
    planes = int(page.samplesperpixel) if int(page.planarconfig) == 2 else 1
    if page.is_tiled:
        down, across = -(-page.imagelength // page.tilelength), -(-page.imagewidth // page.tilewidth)
    else:
        down, across = -(-page.imagelength // max(1, min(page.rowsperstrip, page.imagelength))), 1
    if count != down * across * planes:
        raise ReadError(
            "the header is damaged",
            expected=f"{down * across * planes} strips or tiles for this image",
            found=f"{count}",
        )
    if page.dtype is not None and page.dtype.kind in "ui" and int(page.predictor) not in (1, 2):
        raise ReadError("the header is damaged", expected="predictor 1 or 2", found=int(page.predictor))


def _check_lzw(page: Any, handle: Any) -> None:
    """Refuse strips that unpack to another length: damaged LZW has no other sign."""
    separate = int(page.planarconfig) == 2 and int(page.samplesperpixel) > 1
    if int(page.compression) != _LZW or page.is_tiled or separate or page.fillorder != 1:
        return
    line = -(-page.imagewidth * page.samplesperpixel * page.bitspersample // 8)
    whole, left = page.rowsperstrip * line, page.imagelength * line
    for at, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        handle.seek(at)
        found = len(imagecodecs.lzw_decode(handle.read(count)))
        if found < min(whole, left) or found > whole:
            raise ReadError(
                "the compressed image data are damaged",
                expected=f"{min(whole, left)} bytes in a strip",
                found=f"{found}",
                advice="Copy or export it again.",
            )
        left -= whole


def _samples(page: Any, samples: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    if samples.ndim == 3 and int(page.planarconfig) == 2:
        samples = np.moveaxis(samples, 0, -1)
    photometric = int(page.photometric)
    if photometric == 0 and samples.dtype.kind == "u":
        samples = np.iinfo(samples.dtype).max - samples
    return samples, (page.colormap if photometric == 3 else None)


def _count(tiff: Any) -> int:
    try:
        return min(len(tiff.pages), _PAGES)
    except Exception:  # a damaged chain of pages: the first one was read
        return 1


def _metadata(path: Path, tiff: Any, page: Any, columns: int, rows: int) -> Metadata:
    found = [meta for meta in _candidates(path, tiff, page, columns, rows) if meta is not None]
    best = next((meta for meta in found if meta.calibrated), found[0] if found else Metadata("none"))
    for other in found:
        if other is not best:
            best.doubts += _disagreement(best, other)
            best.attrs = {**other.attrs, **best.attrs}
            best.bar_rows = other.bar_rows if best.bar_rows is None else best.bar_rows
    return best


def _disagreement(best: Metadata, other: Metadata) -> list[str]:
    if not other.calibrated:
        return other.doubts
    pairs = ((best.pixel_x, other.pixel_x), (best.pixel_y, other.pixel_y))
    if all(abs(a / b - 1) < 0.001 for a, b in pairs):
        return []
    return [
        f"{best.vendor} states pixels of {best.pixel_x:.6g} x {best.pixel_y:.6g} nm, {other.vendor} of"
        f" {other.pixel_x:.6g} x {other.pixel_y:.6g} nm; the first is used"
    ]


def _candidates(path: Path, tiff: Any, page: Any, columns: int, rows: int) -> list[Metadata | None]:
    size = (columns, rows)
    texts = [text for code in (34682, 34680) if (text := _text(tiff, page, code))]
    found: list[Metadata | None] = [fei.parse(text, *size) for text in texts]
    if text := _text(tiff, page, 34683):
        found.append(fei.parse_xml(text, *size))
    if (text := _text(tiff, page, 34118, "cp1252")) or (text := _text(tiff, page, 34119, "utf-16-le")):
        found.append(zeiss.parse(text, *size))
    if data := _bytes(tiff, page, 50431):
        found.append(others.parse_tescan(others.tescan_tag(data), *size))
    if text := jeol.maker_note(_maker_note(page)):
        found.append(jeol.parse(text, *size))
    found += [_trailing(path, size), sidecar.find(path, *size), _imagej(page)]
    return found


def _bytes(tiff: Any, page: Any, code: int) -> bytes:
    tag = page.tags.get(code)
    if tag is None:
        return b""
    handle = tiff.filehandle
    handle.seek(int(tag.valueoffset))
    return bytes(handle.read(min(int(tag.valuebytecount), _TAG_LIMIT)))


def _text(tiff: Any, page: Any, code: int, encoding: str = "latin-1") -> str:
    return _bytes(tiff, page, code).decode(encoding, errors="replace")


def _maker_note(page: Any) -> bytes:
    tag = page.tags.get(34665)
    value = tag.value if tag is not None else None
    note = value.get("MakerNote", value.get(_CAMERA_MAKER, b"")) if isinstance(value, dict) else b""
    return note if isinstance(note, bytes) else b""


def _trailing(path: Path, size: tuple[int, int]) -> Metadata | None:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL))
        tail = stream.read(_TAIL)
    at = tail.rfind(b"[User]")
    if at < 0 or (b"[PrivateFei]" not in tail[at:] and b"[Scan]" not in tail[at:]):
        return None
    return fei.parse(tail[at:].decode("latin-1"), *size)


def _imagej(page: Any) -> Metadata | None:
    text = str(page.description or "")
    if not text.startswith("ImageJ="):
        return None
    ratios = []
    for name in ("XResolution", "YResolution"):
        tag = page.tags.get(name)
        top, bottom = tag.value if tag is not None else (math.nan, 1)
        ratios.append(top / bottom if bottom else math.nan)
    return others.parse_imagej(text, *ratios)
