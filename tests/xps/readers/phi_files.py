"""PHI files (`SOFH` … `EOFH`, then a directory of 96 bytes per spectrum), written by the tests' own code."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np

Region = tuple[str, float, float, np.ndarray]  # name, start, step, rates (areas, cycles, points)


def phi(
    regions: Sequence[Region], extra: Mapping[str, str] | None = None, time: float = 0.4, kind: str = "f4"
) -> bytes:
    """Return a file of regions, each with the same areas and cycles."""
    areas, cycles = regions[0][3].shape[:2]
    lines = {
        "FileType": "DEPTHPRO" if cycles > 1 else "SPECTRUM",
        "InstrumentModel": "PHI VersaProbe III",
        "IntensityRecal": "no",
        "XraySource": "Al 1486.6 mono",
        "NoSpectralReg": str(len(regions)),
        "NoSpatialArea": str(areas),
        **(extra or {}),
    }
    text = "SOFH\r\n" + "".join(
        f"{key}: {line}\r\n" for key, value in lines.items() for line in value.split("\n")
    )
    directory, data = struct.pack("<4I", 1, len(regions) * areas, 96 * len(regions) * areas, 16), b""
    for number, (name, start, step, rates) in enumerate(regions, start=1):
        points = rates.shape[2]
        end = start + step * (points - 1)
        window = f"{step} {start} {end} {start} {end}"
        text += f"SpectralRegDef: {number} 1 {name} 111 {points} {window} {time} 55.0 AREA\r\n"
        text += f"SpectralRegDefFull: {number} 1 {name} 111 9999 {window} 0 55.0 AREA\r\n"
        for area in rates:
            values = area.astype("<" + kind).tobytes()
            offset = 16 + 96 * len(regions) * areas + len(data)
            head = struct.pack("<12x4I", number, 1, points, cycles).ljust(32, b"\x00")
            head = head + b"pnt\x00" + bytes(4) + b"sar\x00" + bytes(12) + b"c/s\x00" + bytes(12)
            head += (b"f4" if kind == "f4" else b"u8").ljust(4, b"\x00") + struct.pack(
                "<2I", len(values), offset
            )
            directory += head.ljust(96, b"\x00")
            data += values
    return text.encode("latin-1") + b"EOFH\r\n" + directory + data + bytes(100)
