"""EDAX `.spd` spectrum maps with their `.spc` and `.ipr`, and `.spc` alone.

Layouts: EDAX's published descriptions of the three formats, checked against real files.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.eds.readers import calibration, dataset

_TYPES = {1: "<u1", 2: "<u2", 4: "<u4"}
#: bytes of a map that are read to verify its energy axis
SAMPLE = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Spc:
    """What is used of an `.spc`: eV per channel, kV, seconds, eV, degrees."""

    step: float
    channels: int
    counts: NDArray[np.int32]
    attrs: dict[str, str | float | int]
    elements: tuple[str, ...]
    start: float


def parse_spc(path: Path) -> Spc:
    """Return the header and the counts of an `.spc`.

    Raises
    ------
    ReadError
        When the file is shorter than its counts or its channel width is impossible.
    """
    data = path.read_bytes()[:65536]
    start, channels = struct.unpack_from("<ih", data, 28)
    if len(data) < start + 4 * channels:
        raise ReadError(
            "the spectrum is truncated", path=path, expected=f"{start + 4 * channels} bytes", found=len(data)
        )
    step = float(struct.unpack_from("<i", data, 384)[0])
    if not 1 <= step <= 100:
        raise ReadError("impossible channel width", path=path, expected="1 to 100 eV", found=step)
    count = int(np.clip(struct.unpack_from("<h", data, 638)[0], 0, 48))
    numbers = struct.unpack_from(f"<{count}h", data, 640)
    elements = tuple(dict.fromkeys(dataset.SYMBOLS[z - 1] for z in numbers if 1 <= z <= len(dataset.SYMBOLS)))
    attrs: dict[str, str | float | int] = {
        name: round(float(struct.unpack_from("<f", data, place)[0]), 6)
        for name, place in {
            "live_time": 456,
            "tilt": 460,
            "take_off_angle": 464,
            "detector_resolution": 472,
            "azimuth": 508,
            "elevation": 512,
            "beam_voltage": 532,
        }.items()
    }
    attrs = {name: value for name, value in attrs.items() if np.isfinite(float(value)) and value != 0}
    if elements:
        attrs["elements_in_file"] = " ".join(elements)
    label = data[64:320].split(b"\0")[0].decode("cp1252", "replace").strip()
    if label:
        attrs["label"] = label
    counts = np.frombuffer(data, "<i4", channels, start)
    # "start energy" (offset 448, keV) is 0 in every file seen; other values are taken as they stand
    first = float(struct.unpack_from("<f", data, 448)[0])
    offset = 1000 * first if np.isfinite(first) and abs(first) < 1.0 else 0.0
    return Spc(step, channels, counts, attrs, elements, offset)


def load_spc(path: Path) -> xr.Dataset:
    """Return the Dataset of an EDAX spectrum."""
    spc = parse_spc(path)
    if (spc.counts < 0).any():
        raise ReadError("the spectrum holds negative counts", found=int(spc.counts.min()))
    verdict = calibration.verify(
        spc.counts.astype(np.float64),
        spc.step,
        spc.channels,
        float(spc.attrs.get("beam_voltage", 0.0)),
        spc.elements,
    )
    attrs = spc.attrs | {"energy_axis": verdict.reason, "energy_axis_corrected": int(verdict.corrected)}
    return dataset.spectrum(spc.counts, verdict.step, spc.start, attrs)


def parse_ipr(path: Path) -> tuple[float, float, float]:
    """Return pixel height and width (nm) and the beam voltage (kV, 0 if not given) of an `.ipr`."""
    data = path.read_bytes()[:1024]
    if len(data) < 72:
        raise ReadError(
            "the image parameters are truncated", path=path, expected="264 bytes", found=len(data)
        )
    version, voltage = struct.unpack_from("<h", data)[0], struct.unpack_from("<h", data, 52)[0]
    dx, dy = struct.unpack_from("<ff", data, 64)
    if not all(np.isfinite(v) and 0 < v < 1e4 for v in (dx, dy)):
        raise ReadError("impossible pixel size", path=path, expected="µm per pixel", found=(dx, dy))
    return 1000 * float(dy), 1000 * float(dx), voltage / 10 if version >= 333 else float(voltage)


def load_spd(path: Path) -> xr.Dataset:
    """Return the Dataset of an EDAX spectrum map; the counts are memory-mapped, not read."""
    counts = _map(path)
    spc_path, ipr_path = companion(path, ".spc"), companion(path, ".ipr")
    spc = None if spc_path is None else parse_spc(spc_path)
    step, kilovolts = None, 0.0
    if ipr_path is not None:
        dy, dx, kilovolts = parse_ipr(ipr_path)
        step = (dy, dx)
    attrs: dict[str, str | float | int] = {} if spc is None else dict(spc.attrs)
    if kilovolts > 0:
        attrs.setdefault("beam_voltage", kilovolts)
    attrs["companions"] = ", ".join(p.name for p in (spc_path, ipr_path) if p is not None) or "none"
    verdict = calibration.verify(
        sample_sum(counts),
        None if spc is None else spc.step,
        None if spc is None else spc.channels,
        float(attrs.get("beam_voltage", 0.0)),
        () if spc is None else spc.elements,
    )
    attrs |= {"energy_axis": verdict.reason, "energy_axis_corrected": int(verdict.corrected)}
    return dataset.cube(counts, step, verdict.step, 0.0 if spc is None else spc.start, attrs)


def _map(path: Path) -> NDArray[np.generic]:
    with path.open("rb") as stream:
        head = stream.read(48)
    if len(head) < 48:
        raise ReadError("the header is truncated", expected="1068 bytes", found=len(head))
    x, y, channels, width, offset = (struct.unpack_from("<i", head, at)[0] for at in (24, 28, 32, 36, 40))
    if width not in _TYPES or min(x, y, channels) <= 0 or offset < 48:
        raise ReadError(
            "impossible header",
            expected="points, lines, channels above 0 and 1, 2 or 4 bytes per count",
            found=f"{x} × {y} × {channels}, {width} bytes, data at {offset}",
        )
    size = path.stat().st_size
    needed = offset + x * y * channels * width
    if size < needed:
        whole = max(0, (size - offset) // (x * channels * width))
        raise ReadError(
            "the map is truncated",
            expected=f"{needed} bytes for {y} lines",
            found=f"{size} bytes, {whole} whole lines",
            advice="Copy the file again.",
        )
    return np.memmap(path, _TYPES[width], "r", offset, (y, x, channels))


def sample_sum(counts: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the sum spectrum of lines spread evenly over a map, at most `SAMPLE` bytes of it."""
    line = int(counts.nbytes // counts.shape[0])
    lines = int(np.clip(SAMPLE // max(line, 1), 1, counts.shape[0]))
    points = int(
        np.clip(SAMPLE // (counts.nbytes // (counts.shape[0] * counts.shape[1])), 1, counts.shape[1])
    )
    chosen = np.unique(np.linspace(0, counts.shape[0] - 1, lines).astype(int))
    total = np.zeros(counts.shape[2])
    for index in chosen:
        total += counts[index, :points].sum(axis=0, dtype=np.uint64)
    return total


def companion(path: Path, suffix: str) -> Path | None:
    """Return the `.spc` or `.ipr` that belongs to a map, or None.

    The same stem first (for images with "_Img"), then the one that shares a beginning of four letters or
    more, then the only one in the folder.
    """
    beside = sorted(p for p in path.parent.iterdir() if p.suffix.lower() == suffix and p.is_file())
    stem = path.stem.lower()
    for each in beside:
        if each.stem.lower() in (stem, f"{stem}_img"):
            return each
    shared = [(_shared(each.stem.lower(), stem), each) for each in beside]
    longest = max((length for length, _ in shared), default=0)
    near = [each for length, each in shared if length == longest and length >= 4]
    if len(near) == 1:
        return near[0]
    return beside[0] if len(beside) == 1 else None


def _shared(one: str, two: str) -> int:
    """Return how many first letters two names share."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
    )
