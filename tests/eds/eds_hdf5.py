"""Writers of `.h5oina` and `.edaxh5` files by the published trees; they share no code with the readers."""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
FLOAT, INT = "<f4", "<i4"


def _one(group: h5py.Group, name: str, value: float | int | str) -> None:
    """Write a dataset of dimension (1, 1), of the type that the specification gives."""
    if isinstance(value, str):
        group.create_dataset(name, data=np.array([[value]], object), dtype=h5py.string_dtype("utf-8"))
    else:
        group.create_dataset(name, data=np.array([[value]], INT if isinstance(value, int) else FLOAT))


def oina(
    path: Path,
    counts: Array,
    *,
    step_um: tuple[float, float] = (0.02, 0.025),
    width_ev: float = 10.0,
    start_ev: float = -200.0,
    technique: str = "EDS",
    live: float = 1e-3,
    spectra: bool = True,
    windows: dict[str, tuple[int, str, slice]] | None = None,
) -> None:
    """Write an EDS map or line scan (height 1) as AZtec 6.3 does (format version 8.0).

    ``windows`` names element maps: atomic number, line, channels of the window integral.
    """
    height, width, channels = counts.shape
    with h5py.File(path, "w") as file:
        _one(file, "Manufacturer", "Oxford Instruments")
        _one(file, "Software Version", "6.3")
        _one(file, "Format Version", "8.0")
        _one(file, "Index", "1")
        file["Index"].attrs["Type"] = "Single"
        header = file.create_group(f"1/{technique}/Header")
        for name, text in (("Project Label", "Li"), ("Analysis Label", "Map Data 1")):
            _one(header, name, text)
        for name, number in (
            ("X Cells", width),
            ("Y Cells", height),
            ("Number Channels", channels),
            ("X Step", step_um[0]),
            ("Y Step", step_um[1] if height > 1 else 0.0),
            ("Beam Voltage", 5.0),
            ("Channel Width", width_ev),
            ("Start Channel", start_ev),
            ("Detector Elevation", float(np.deg2rad(35.0))),
            ("Tilt Angle", 0.0),
        ):
            _one(header, name, number)
        stage = header.create_group("Stage Position")
        for axis in "XY":
            _one(stage, axis, 1.0)
        data = file.create_group(f"1/{technique}/Data")
        size = height * width
        data["Live Time"] = np.full((size, 1), live, FLOAT)
        flat = counts.reshape(size, channels)
        if spectra:
            data.create_dataset("Spectrum", data=flat.astype(INT), compression="lzf", chunks=True)
        for name, (number, line, channel) in (windows or {}).items():
            rate = flat[:, channel].sum(axis=1, dtype=np.int64).astype(FLOAT) / np.float32(live)
            node = data.require_group("Window Integral").create_dataset(name, data=rate[:, None])
            node.attrs["Atomic Number"] = np.array([[number]], INT)
            node.attrs["X-ray Line"] = line


def edax(
    path: Path,
    counts: Array,
    *,
    layout: str = "array",
    step_um: tuple[float, float] = (0.02, 0.025),
    stated_ev: float = 10.0,
    stated_channels: int | None = None,
) -> None:
    """Write a Live Map as APEX does; ``layout`` of SPD: "array", "record" (one field) or "plain" (3-D)."""
    height, width, channels = counts.shape
    points = stated_channels or channels
    with h5py.File(path, "w") as file:
        root = file.create_group("Li on PEO")
        root.attrs["Company"] = ["EDAX, LLC"]
        root.attrs["PRODUCT_VERSION"] = ["2.5.1001.0001"]
        area = root.create_group("sample/Area 1")
        item = area.create_group("Live Map 1")
        kind = np.dtype(("<i2", (channels,)))
        if layout == "array":
            node = item.create_dataset("SPD", (height, width), kind, chunks=(1, width), compression="gzip")
            node[...] = counts.astype("<i2")
        elif layout == "record":
            record = np.zeros((height, width), np.dtype([("data", "<i2", (channels,))]))
            record["data"] = counts
            node = item.create_dataset("SPD", data=record)
        else:
            node = item.create_dataset("SPD", data=counts.astype("<u2"))
        for name, value in (
            ("MicronPerPixelX", np.float32(step_um[0])),
            ("MicronPerPixelY", np.float32(step_um[1])),
            ("NumberOfLines", np.int32(height)),
            ("NumberOfPoints", np.int32(width)),
            ("NumberofChannels", np.int32(channels)),
        ):
            node.attrs[name] = np.array([value])
        item["SPC"] = spectrum_record(counts.sum(axis=(0, 1)), stated_ev, points)
        area.create_group("FOVIPR")


def spectrum_record(counts: Array, width_ev: float, points: int) -> Array:
    """Return a record as SPC holds it."""
    fields = [
        ("eVOffset", "<f4"),
        ("evPch", "<f4"),
        ("NumberOfPoints", "<i4"),
        ("SpectrumCounts", "<i4", 4096),
    ]
    record = np.zeros(1, np.dtype(fields))
    record["evPch"], record["NumberOfPoints"] = width_ev, points
    record["SpectrumCounts"][0, : counts.size] = counts
    return record


def edax_line(path: Path, counts: Array, *, length_mm: float, step_ev: float) -> None:
    """Write a horizontal line scan over half of a field as APEX does."""
    spectra, channels = counts.shape
    with h5py.File(path, "w") as file:
        item = file.create_group("project/sample/Area 1/LineScan 1")
        node = item.create_dataset("LSD", (1, spectra), np.dtype(("<i4", (channels,))))
        node[...] = counts[None]
        node.attrs["NumberOfSpectra"] = np.array([spectra], INT)
        node.attrs["NumberofChannels"] = np.array([channels], INT)
        item.create_dataset("SPC", data=np.zeros(4)).attrs["evPCh"] = np.array([step_ev], FLOAT)
        region = item.create_dataset("REGION", data=np.zeros(1))
        for name, value in (("X1", 0.25), ("X2", 0.75), ("Y1", 0.5), ("Y2", 0.5), ("Step", 0.1)):
            region.attrs[name] = np.array([value], FLOAT)
        field = item.create_dataset("LINEMAPIMAGECOLLECTIONPARAMS", data=np.zeros(1))
        for name in ("mmFieldWidth", "mmFieldHeight"):
            field.attrs[name] = np.array([2 * length_mm], FLOAT)
