"""Raw XPS files: VAMAS, CasaXPS text, PHI, SPECS, Scienta, Avantage, columns of text."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core import formats
from interlayer.core.formats import Format, Probe

if TYPE_CHECKING:
    import xarray as xr

_HOME = "interlayer.xps.readers"
_NUMBERS = re.compile(r"^[ \t]*+[-+]?\d[\d.,eE+-]*(?:,|[ ;\t][ ,;\t]*+)[-+]?\d", re.MULTILINE)
_PHI_TEXT = re.compile(r"^Cycles \d+; Regions \d+;")


def _vamas(probe: Probe) -> bool:
    return probe.text.lstrip().startswith("VAMAS Surface Chemical Analysis")


def _vamas_fragment(probe: Probe) -> bool:
    return probe.suffix in (".vms", ".npl") and not _vamas(probe)


def _casa_text(probe: Probe) -> bool:
    return "Characteristic Energy eV" in probe.text and "K.E." in probe.text


def _phi(probe: Probe) -> bool:
    return probe.head.startswith(b"SOFH") or (probe.suffix == ".spe" and b"SOFH" in probe.head[:200])


def _phi_text(probe: Probe) -> bool:
    return bool(_PHI_TEXT.match(probe.text))


def _specs_xml(probe: Probe) -> bool:
    return "specs.de/" in probe.text and probe.text.lstrip().startswith("<?xml")


def _specs_xy(probe: Probe) -> bool:
    return probe.text.startswith("#") and ("XY-Serializer" in probe.text or "Energy Axis:" in probe.text)


def _scienta(probe: Probe) -> bool:
    text = probe.text.lstrip()
    return text.startswith("[Info]") and "Number of Regions" in text and "[Region 1]" in text


def _igor(probe: Probe) -> bool:
    from interlayer.xps.readers.igor import is_wave

    return probe.suffix in (".ibw", ".bwav") or (
        probe.head[:1] in (b"\x02", b"\x05", b"\x00") and is_wave(probe.head)
    )


def _avantage(probe: Probe) -> bool:
    return "xl/workbook.xml" in probe.members


def _vgd(probe: Probe) -> bool:
    named = "VGData".encode("utf-16-le") in probe.head
    return probe.head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") and (probe.suffix == ".vgd" or named)


def _columns(probe: Probe) -> bool:
    named = probe.suffix in (".csv", ".txt", ".xy", ".dat", ".tsv", ".asc", ".prn")
    return named and len(_NUMBERS.findall(probe.text.replace("\r", "\n"))) >= 3


FORMATS: tuple[Format, ...] = (
    Format(
        "VAMAS", (".vms", ".npl"), _vamas, f"{_HOME}.vamas:load", "ISO 14976; CasaXPS fits in comments kept"
    ),
    Format("VAMAS fragment", (".vms",), _vamas_fragment, f"{_HOME}.vamas:refuse", "refused: no header"),
    Format("CasaXPS text", (".txt",), _casa_text, f"{_HOME}.casa:load", "columns K.E., counts, B.E., CPS"),
    Format("PHI", (".spe", ".pro"), _phi, f"{_HOME}.phi:load", "cycles and areas as further measurements"),
    Format("PHI text", (".txt",), _phi_text, f"{_HOME}.phi_text:load", "vendor's export, counts"),
    Format("SPECS XML", (".xml",), _specs_xml, f"{_HOME}.specs:load_xml", "detectors aligned, scans summed"),
    Format("SPECS xy", (".xy",), _specs_xy, f"{_HOME}.specs:load_xy", "scans of a region summed"),
    Format(
        "Scienta text", (".txt",), _scienta, f"{_HOME}.scienta:load", "slices summed; intensity, not counts"
    ),
    Format(
        "Scienta Igor", (".ibw",), _igor, f"{_HOME}.scienta_ibw:load", "slices summed; SES and PEAK notes"
    ),
    Format("Avantage", (".xlsx",), _avantage, f"{_HOME}.avantage:load", "sheets with an energy axis"),
    Format(
        "Avantage VGD", (".vgd",), _vgd, f"{_HOME}.thermo_vgd:load", "levels and points apart; maps summed"
    ),
    Format(
        "Columns",
        (".csv", ".txt", ".xy"),
        _columns,
        f"{_HOME}.columns:load",
        "energy and intensity, regions side by side",
    ),
)


def read(path: Path | str) -> "xr.Dataset":
    """Read a raw XPS file.

    Returns
    -------
    xr.Dataset
        One variable per region, see :func:`interlayer.xps.spectra.build`.

    Raises
    ------
    ReadError
        Naming the file, what was expected and what to do.
    """
    return formats.read(path, "xps", FORMATS)
