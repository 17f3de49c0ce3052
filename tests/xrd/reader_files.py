"""Files of diffractometers, written from the descriptions of their formats, sharing nothing with readers."""

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Range = tuple[float, float, Sequence[float]]
"""Start (degree), step (degree), counts."""


def counts(n: int = 60, seed: int = 3, level: float = 200.0) -> list[float]:
    """Return whole counts with a peak in the middle."""
    place = np.arange(n)
    mean = level + 10 * level * np.exp(-0.5 * ((place - n / 2) / 3) ** 2)
    return [float(value) for value in np.random.default_rng(seed).poisson(mean)]


def raw1(ranges: Sequence[Range], *, repeat_mark: bool = True, seconds: float = 2.0) -> bytes:
    """Bruker version 1: 156 bytes of header before each range."""
    data = b""
    for place, (start, step, values) in enumerate(ranges):
        mark = b"RAW " if place == 0 or repeat_mark else b""
        head = struct.pack("<I2fI4s4f", len(values), seconds, step, 0, b"", start, -1e6, -1e6, -1e6)
        head += b"Li anode".ljust(32) + struct.pack("<2f", 1.54056, 1.54439) + bytes(72)
        head += struct.pack("<I", len(ranges) - place - 1)
        data += mark + head + struct.pack(f"<{len(values)}f", *values)
    return data


def raw2(ranges: Sequence[Range], *, kelvin: int = 298, seconds: float = 2.0, extra: int = 8) -> bytes:
    """Bruker version 2: 256 bytes of header, then ranges with headers of a stated length."""
    data = bytearray(256)
    struct.pack_into("<4sH", data, 0, b"RAW2", len(ranges))
    struct.pack_into("<20s2s3f", data, 168, b"04-Mar-1998 20:59:14", b"Co", 1.78897, 1.79285, 0.5)
    for start, step, values in ranges:
        head = bytearray(48 + extra)
        struct.pack_into("<2H4s3f", head, 0, 48 + extra, len(values), b"", seconds, step, start)
        struct.pack_into("<H", head, 46, kelvin)
        data += head + struct.pack(f"<{len(values)}f", *values)
    return bytes(data)


def raw3(
    ranges: Sequence[Range],
    *,
    scan_type: int = 0,
    extra: int = 40,
    varying: int = 0,
    slit_code: bytes = b"",
    seconds: Sequence[float] = (),
) -> bytes:
    """Bruker version 3 (RAW1.01): 712 bytes of header, 304 per range, points with what varies."""
    data = bytearray(712)
    struct.pack_into("<8s2I", data, 0, b"RAW1.01\0", 1, len(ranges))
    struct.pack_into("<2f", data, 564, 200.5, 0.3)
    struct.pack_into("<4s4s5d", data, 608, b"Cu", b"", 1.5418, 1.5406, 1.54439, 1.39222, 0.5)
    for place, (start, step, values) in enumerate(ranges):
        head = bytearray(304)
        struct.pack_into("<2I2d", head, 0, 304, len(values), start / 2, start)
        struct.pack_into("<6s", head, 72, slit_code)
        time = seconds[place] if seconds else 0.5
        struct.pack_into("<d", head, 176, step)
        struct.pack_into("<fI", head, 192, time, scan_type)
        struct.pack_into("<f", head, 212, 353.15)
        struct.pack_into("<d3I", head, 240, 1.5406, varying, 4 + 8 * varying.bit_count(), extra)
        data += head + bytes(extra)
        for i, value in enumerate(values):
            data += struct.pack("<f", value)
            for bit in range(varying.bit_count()):
                data += struct.pack("<d", start + step * i + (0.001 if bit == 0 else 7.0))
    return bytes(data)


def raw4(
    ranges: Sequence[Range], *, scan: bytes = b"Locked Coupled", size: int = 4, drive: bytes = b"2Theta"
) -> bytes:
    """Bruker version 4: 61 bytes, segments, then ranges with a header, drives and points of a stated size."""
    source = bytearray(136)
    struct.pack_into("<2I", source, 0, 30, 136)
    struct.pack_into("<f", source, 24, 282.0)
    struct.pack_into("<5d", source, 72, 1.5418, 1.5406, 1.54439, 1.39222, 0.5)
    source[116:118] = b"Cu"
    data = (
        b"RAW4.00".ljust(61, b"\0") + struct.pack("<3I24s4s", 10, 40, 0, b"SAMPLEID", b"TiO2") + bytes(source)
    )
    for start, step, values in ranges:
        moved = struct.pack("<3I24s20sd28s", 50, 92, 1, drive, b"", start, b"")
        head = bytearray(160)
        struct.pack_into("<24s", head, 32, scan)
        struct.pack_into("<2dIf", head, 72, start, step, len(values), 77.9)
        struct.pack_into("<2I", head, 136, size, len(moved))
        points = b"".join(struct.pack("<f", value).ljust(size, b"\1") for value in values)
        data += bytes(head) + moved + points
    return data


def philips_rd(start: float, step: float, roots: Sequence[int], version: bytes = b"V3RD") -> bytes:
    """Philips .rd: whole roots v of the counts, which are v² // 100."""
    data = bytearray({b"V3RD": 250, b"V5RD": 810}[version])
    data[:4] = version
    data[84:87] = bytes((3, 0, 3))
    struct.pack_into("<3d", data, 94, 1.54056, 1.54439, 0.5)
    struct.pack_into("<H", data, 136, max(roots))
    struct.pack_into("<3d", data, 214, step, start, start + step * (len(roots) - 1))
    return bytes(data) + struct.pack(f"<{len(roots)}H", *roots)


def udf(start: float, step: float, values: Sequence[float], slit: str = "Fixed, 1/2") -> str:
    """Philips .udf text."""
    lines = ["SampleIdent,Li3N, on Li,/", "Title1,,/", "DiffrType,PW1710,/", "Anode,Cu,/"]
    lines += ["LabdaAlpha1, 1.540598,/", "LabdaAlpha2, 1.544426,/", "RatioAlpha21, 0.50000,/"]
    lines += [f"DivergenceSlit,{slit},/", "MonochromatorUsed,NO,/", "FileDateTime,03-jun-2025 15:55,/"]
    lines += [f"DataAngleRange, {start:.4f}, {start + step * (len(values) - 1):.4f},/"]
    lines += [f"ScanStepSize, {step:.5f},/", "ScanType,CONTINUOUS,/", "ScanStepTime, 18.87,/", "RawScan"]
    cells = [f"{value:8.0f}" for value in values]
    rows = [",".join(cells[i : i + 8]) for i in range(0, len(cells), 8)]
    return "\r\n".join(lines + [row + "," for row in rows[:-1]] + [rows[-1] + "/"]) + "\r\n"


def uxd(
    ranges: Sequence[Range], *, marker: str = "COUNTS", drive: str = "COUPLED", seconds: float = 0.5
) -> str:
    """Bruker UXD text of several ranges."""
    lines = ["; converted by XCH V1.0", "_FILEVERSION=2", "_SAMPLE='BT86'", "_GONIOMETER_RADIUS=200.500000"]
    lines += ["_FIXED_DIVSLIT=0.150000", "_WL1=1.540600", "_WL2=1.544390", "_WLRATIO=0.500000", "_ANODE='Cu'"]
    for place, (start, step, values) in enumerate(ranges, 1):
        lines += [f"; (Data for Range number {place})", f"_DRIVE='{drive}'", f"_STEPTIME={seconds:f}"]
        lines += [
            f"_STEPSIZE={step:f}",
            f"_START={start:f}",
            f"_TIMESTARTED={100 * (place - 1):f}",
            f"_{marker}",
        ]
        if marker.startswith("2THETA"):
            end = f"\t{seconds}" if marker.endswith("TIME") else ""
            lines += [f"{start + step * i:.3f}\t{value:g}{end}" for i, value in enumerate(values)]
        else:
            cells = [f"{value:9g}" for value in values]
            lines += [" ".join(cells[i : i + 8]) for i in range(0, len(cells), 8)]
    return "\n".join(lines) + "\n"


def rigaku_asc(ranges: Sequence[Range], *, unit: str = "counts", axis: str = "2theta/theta") -> str:
    """Rigaku .asc text of several groups."""
    lines = ["*TYPE\t\t=  Raw", "*CLASS\t\t=  Standard measurement", "*SAMPLE\t\t=  азотированный литий"]
    lines += [f"*GROUP_COUNT\t=  {len(ranges)}", "*GONIO\t\t=  Wide angle goniometer, 185"]
    lines += ["*SLIT_NAME\t=  0, Div. slit, 2/3deg.", "*SLIT_NAME\t=  1, Div. H.L.slit, 10mm"]
    lines += [f"*SCAN_AXIS\t=  {axis}", "*TARGET\t\t=  29", "*WAVE_LENGTH1\t=  1.54056"]
    lines += [
        "*WAVE_LENGTH2\t=  1.54439",
        "*SPEED_DIM\t=  deg./min.",
        "*XUNIT\t\t=  deg.",
        f"*YUNIT\t\t=  {unit}",
        "",
    ]
    for place, (start, step, values) in enumerate(ranges):
        lines += ["*BEGIN", f"*GROUP\t\t=  {place}", f"*START\t\t=  {start:g}"]
        lines += [
            f"*STOP\t\t=  {start + step * (len(values) - 1):g}",
            f"*STEP\t\t=  {step:g}",
            "*OFFSET\t\t=  0",
        ]
        lines += ["*SPEED\t\t=  10", f"*COUNT\t\t=  {len(values)}"]
        cells = [f"{value:g}" for value in values]
        lines += [", ".join(cells[i : i + 4]) for i in range(0, len(cells), 4)] + ["*END", ""]
    return "\r\n".join([*lines, "*EOF", ""])


def rigaku_ras(ranges: Sequence[Range], *, attenuation: float = 1.0, starts: Sequence[str] = ()) -> str:
    """Rigaku .ras text of several blocks."""
    lines = ["*RAS_DATA_START"]
    for place, (start, step, values) in enumerate(ranges):
        lines += ["*RAS_HEADER_START", '*HW_XG_TARGET_NAME "Cu"', '*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"']
        lines += [
            f'*MEAS_DATA_COUNT "{len(values)}.0000000000"',
            '*MEAS_SCAN_AXIS_X_INTERNAL "TwoThetaTheta"',
        ]
        lines += [f'*MEAS_SCAN_START_TIME "{starts[place]}"'] if starts else []
        lines += ['*MEAS_SCAN_UNIT_Y "counts"', "*RAS_HEADER_END", "*RAS_INT_START"]
        lines += [f"{start + step * i:.4f} {value:.4f} {attenuation:.4f}" for i, value in enumerate(values)]
        lines += ["*RAS_INT_END"]
    return "\r\n".join([*lines, "*RAS_DATA_END", ""])


def gsas_std(ranges: Sequence[Range], *, counters: int = 0, binning: str = "CONST") -> str:
    """GSAS banks of type STD: ten fields of (I2, F6.0) to a record of 80 characters."""
    lines = ["Li3N on lithium".ljust(80)]
    for place, (start, step, values) in enumerate(ranges, 1):
        records = -(-len(values) // 10)
        head = f"BANK {place} {len(values)} {records} {binning} {100 * start:.2f} {100 * step:.2f} 0 0 STD"
        lines += [head.ljust(80)]
        fields = [f"{counters or '':>2}{value:6.0f}" for value in values]
        fields += [" 0     0"] * (10 * records - len(fields))
        lines += ["".join(fields[i : i + 10]) for i in range(0, len(fields), 10)]
    return "\r\n".join(lines) + "\r\n"


def gsas_esd(start: float, step: float, values: Sequence[float], *, free: bool = False) -> str:
    """Return a GSAS bank of type ESD: five pairs of (F8, F8) to a record, or the same parted by blanks."""
    lines = [
        "Li3N on lithium".ljust(80),
        f"BANK 1 {len(values)} 12 CONST {100 * start:.2f} {100 * step:.2f} 0 0 ESD",
    ]
    pairs = [(value, value**0.5) for value in values]
    form = "{:.3f} {:.4f} " if free else "{:8.1f}{:8.2f}"
    fields = [form.format(*pair) for pair in pairs]
    return "\n".join(lines + ["".join(fields[i : i + 5]) for i in range(0, len(fields), 5)]) + "\n"


def gsas_fxye(start: float, step: float, values: Sequence[float]) -> str:
    """Return a GSAS bank of type FXYE: 2θ in 1/100°, counts, σ."""
    head = f"BANK 1 {len(values)} {len(values)} CONS {100 * start:.3f} {100 * step:.3f} 0 0 FXYE"
    rows = [f"{100 * (start + step * i):12.4f} {v:12.3f} {v**0.5:10.4f}" for i, v in enumerate(values)]
    return "\n".join(["Li3N on lithium", "Instrument parameter file: x.prm", head, *rows]) + "\n"


def xrdml(
    ranges: Sequence[Range], *, attenuation: float = 0.0, version: str = "2.0", slit: str = "fixed"
) -> str:
    """PANalytical .xrdml of several scans that began ten minutes after each other."""
    tag = "counts" if version.startswith("2") else "intensities"
    opening = (
        "<irradiatedLength unit='mm'>10</irradiatedLength>"
        if slit != "fixed"
        else "<height unit='mm'>0.38</height>"
    )
    scans = ""
    for place, (start, step, values) in enumerate(ranges):
        end = start + step * (len(values) - 1)
        factors = " ".join([f"{attenuation:g}"] * len(values))
        factors = f"<beamAttenuationFactors>{factors}</beamAttenuationFactors>" if attenuation else ""
        scans += (
            f'<scan appendNumber="{place}" scanAxis="Gonio" status="Completed"><header>'
            f"<startTimeStamp>2024-11-14T14:{10 * place:02d}:00-08:00</startTimeStamp></header>"
            f'<nonAmbientPoints type="Temperature"><nonAmbientValues unit="K">{300 + 10 * place} '
            f"{300 + 10 * place}</nonAmbientValues></nonAmbientPoints><dataPoints>"
            f'<positions axis="2Theta" unit="deg"><startPosition>{start}</startPosition>'
            f"<endPosition>{end}</endPosition></positions><commonCountingTime>12.5</commonCountingTime>{factors}"
            f'<{tag} unit="counts">{" ".join(f"{value:g}" for value in values)}</{tag}></dataPoints></scan>'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><xrdMeasurements '
        f'xmlns="http://www.xrdml.com/XRDMeasurement/{version}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><xrdMeasurement>'
        '<usedWavelength intended="K-Alpha">'
        "<kAlpha1>1.540598</kAlpha1><kAlpha2>1.544426</kAlpha2></usedWavelength><incidentBeamPath>"
        '<radius unit="mm">240</radius><xRayTube><anodeMaterial>Cu</anodeMaterial></xRayTube>'
        '<sollerSlit><opening unit="rad">0.04</opening></sollerSlit>'
        f'<divergenceSlit name="Slit" xsi:type="{slit}DivergenceSlitType">'
        "<distanceToSample>140</distanceToSample>"
        f"{opening}</divergenceSlit></incidentBeamPath><diffractedBeamPath>"
        '<sollerSlit><opening unit="rad">0.02</opening></sollerSlit></diffractedBeamPath>'
        f"{scans}</xrdMeasurement></xrdMeasurements>"
    )


def rasx(ranges: Sequence[Range]) -> bytes:
    """Rigaku .rasx of several profiles, stored out of order in the archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (start, step, values) in reversed(list(enumerate(ranges))):
            rows = "\r\n".join(f"{start + step * i:.4f}\t{value:.4f}\t1" for i, value in enumerate(values))
            archive.writestr(f"Data{place}/Profile{place}.txt", rows.encode("utf-8-sig"))
            conditions = (
                "<MeasurementConditions><ScanInformation><AxisName>TwoThetaOmega</AxisName><Step>0.02</Step>"
                "<Speed>1</Speed><SpeedUnit>deg/min</SpeedUnit><IntensityUnit>counts</IntensityUnit>"
                f"<StartTime>2021-05-05T10:{place:02d}:30Z</StartTime><DataCount>{len(values)}</DataCount>"
                "</ScanInformation></MeasurementConditions>"
            )
            archive.writestr(f"Data{place}/MesurementConditions{place}.xml", conditions)
    return stream.getvalue()


def brml(ranges: Sequence[Range], *, axis: str = "TwoTheta") -> bytes:
    """Bruker .brml of several scans, with 2θ behind θ."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (start, step, values) in enumerate(ranges):
            rows = "".join(
                f"<Datum>1.5,1,{(start + step * i) / 2},{start + step * i},{value}</Datum>"
                for i, value in enumerate(values)
            )
            archive.writestr(
                f"Experiment0/RawData{place}.xml",
                '<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
                f"<TimeStampStarted>2025-02-26T10:{place:02d}:52.8708798+00:00</TimeStampStarted><DataRoutes>"
                '<DataRoute RouteFlag="Measured"><ScanInformation>'
                f"<MeasurementPoints>{len(values)}</MeasurementPoints><TimePerStepEffective>1.5</TimePerStepEffective>"
                f'<ScanAxes><ScanAxisInfo AxisId="Theta"/><ScanAxisInfo AxisId="{axis}"/></ScanAxes>'
                "</ScanInformation>"
                f'{rows}<DataViews><RawDataView xsi:type="FixedRawDataView" Start="0" Length="1"/>'
                '<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="2"><Varying>'
                f'<FieldDefinitions AxisId="Theta"/><FieldDefinitions AxisId="{axis}"/></Varying>'
                '</RawDataView><RawDataView xsi:type="RecordedRawDataView" Start="4" Length="1"/>'
                "</DataViews></DataRoute></DataRoutes></RawData>",
            )
    return stream.getvalue()


def highscore(start: float, step: float, values: Sequence[float], *, comma: bool = False) -> str:
    """PANalytical's .csv with [Scan points], with decimal commas and semicolons or with points and commas."""
    part = ";" if comma else ","
    rows = [
        f"{start + step * i:.6f}{part}18.0{part}{value:.1f}{part}{value**0.5:.2f}".replace(
            ".", "," if comma else "."
        )
        for i, value in enumerate(values)
    ]
    head = ["[Measurement conditions]", f"Sample identification{part}Li3N", f'Comment{part}"PHD 4.02 (keV)"']
    head += [
        f"Anode material{part}Cu",
        f"K-Alpha1 wavelength{part}1.540598".replace(".", "," if comma else "."),
    ]
    head += [
        f"Divergence slit{part}Fixed 1/4°",
        f"Goniometer radius{part}240",
        f"No. of points{part}{len(values)}",
    ]
    head += [
        f"Time per step{part}18",
        "[Scan points]",
        part.join(("Angle", "TimePerStep", "Intensity", "ESD")),
    ]
    return "\r\n".join(head + rows) + "\r\n"


def written(folder: Path, name: str, content: bytes | str, encoding: str = "utf-8") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path
