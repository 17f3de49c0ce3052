"""Files of cyclers and impedance analysers, read into one tidy Dataset.

Every format ends in the same variables over the dimension ``point``: time, voltage, current (positive =
charge, oxidation of the working electrode), step, cycle, mode and capacities, or frequency, z_re, z_im and
sweep. Z itself is stored, never −Im Z. Warnings of the reader are in ``attrs["warnings"]`` (JSON list).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core import formats
from interlayer.core.formats import Format, Probe

if TYPE_CHECKING:
    import xarray as xr

_HERE = "interlayer.electrochem.readers"
_FIELDS = (
    "voltage",
    "volts",
    "current",
    "amps",
    "ewe",
    "freq",
    "z_re",
    "zreal",
    "re(z)",
    "电压",
    "电流",
    "ecell",
)


def _mpr(probe: Probe) -> bool:
    return probe.head.startswith(b"BIO-LOGIC MODULAR FILE")


def _mpt(probe: Probe) -> bool:
    if probe.text.startswith("EC-Lab ASCII FILE"):
        return True
    line = probe.text.split("\n", 1)[0]
    timed = "time/s" in line and any(name in line for name in ("Ewe", "<I>", "I/mA", "control", "Ecell"))
    return "\t" in line and (timed or "freq/Hz" in line)


def _neware(probe: Probe) -> bool:
    return probe.head.startswith(b"NEWARE") or "data.ndc" in probe.members


def _gamry(probe: Probe) -> bool:
    return probe.head.startswith(b"EXPLAIN") and b"TAG" in probe.head[:40]


def _zplot(probe: Probe) -> bool:
    return probe.head.startswith((b"ZPLOT", b"ZPLOT2"))


def _basytec(probe: Probe) -> bool:
    return "Basytec Battery Test System" in probe.text[:200] or probe.text.startswith(("~Time[", "#Time["))


def _eclab_settings(probe: Probe) -> bool:
    return probe.text.startswith("EC-LAB SETTING FILE")


def _z60w(probe: Probe) -> bool:
    return "Z60W Data File" in probe.text[:60]


def _xlsx(probe: Probe) -> bool:
    return "xl/workbook.xml" in probe.members


def _xls(probe: Probe) -> bool:
    return probe.head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def _bare_impedance(probe: Probe) -> bool:
    """Three numbers in each of the first lines, the first one a frequency (falling or rising)."""
    from interlayer.electrochem.readers.bare import numbers

    rows = [numbers(line) for line in probe.text.splitlines()[:6]]
    return len(rows) > 4 and all(row is not None and len(row) == 3 and row[0] > 0 for row in rows[:5])


def _delimited(probe: Probe) -> bool:
    text = probe.text.lower()
    if not text and b"\x00" not in probe.head:
        text = probe.head.decode("gb18030", "replace").lower()
    if any(mark in probe.head for mark in ("电压".encode("gb18030"), "电流".encode("gb18030"))):
        return True
    return any(field in text for field in _FIELDS) and any(mark in text for mark in ",;\t")


FORMATS: tuple[Format, ...] = (
    Format(
        "BioLogic .mpr", (".mpr",), _mpr, f"{_HERE}.mpr:load", "all techniques; rows before a break are kept"
    ),
    Format(
        "BioLogic .mpt", (".mpt", ".txt"), _mpt, f"{_HERE}.mpt:load", "all techniques, with or without header"
    ),
    Format("Neware .nda/.ndax", (".nda", ".ndax"), _neware, f"{_HERE}.neware:load", "through fastnda"),
    Format(
        "Gamry .DTA",
        (".dta",),
        _gamry,
        f"{_HERE}.gamry:load",
        "impedance and curves",
    ),
    Format("BioLogic .mps", (".mps",), _eclab_settings, f"{_HERE}.mpt:load_settings", "settings, no data"),
    Format("Basytec text", (".txt", ".dat"), _basytec, f"{_HERE}.basytec:load", "tabs or blanks"),
    Format("Autolab Z60W text", (".txt",), _z60w, f"{_HERE}.bare:load_z60w", "impedance", "eis"),
    Format("ZView .z", (".z",), _zplot, f"{_HERE}.bare:load_zplot", "impedance", "eis"),
    Format("cycler workbook", (".xlsx",), _xlsx, f"{_HERE}.sheets:load_xlsx", "LAND, Neware: record sheets"),
    Format("cycler workbook", (".xls",), _xls, f"{_HERE}.sheets:load_xls", "LAND: record sheets"),
    Format(
        "impedance text", (".csv", ".txt"), _bare_impedance, f"{_HERE}.bare:load_bare", "f, Re Z, Im Z", "eis"
    ),
    Format(
        "cycler text",
        (".csv", ".txt", ".tsv"),
        _delimited,
        f"{_HERE}.delimited:load",
        "LAND/LANDT, Neware, Arbin, Maccor, Novonix, Digatron, Autolab, CHI, Parstat, "
        "Battery Data Format and others; English and Chinese names",
    ),
)


def read(path: Path | str, columns: Sequence[str] | Mapping[str, str] | None = None) -> "xr.Dataset":
    """Read one file of a cycler, potentiostat or impedance analyser.

    Parameters
    ----------
    columns
        For delimited text: which column holds which field, as ``{"voltage": "U_cell (V)"}`` or
        ``["voltage=U_cell (V)"]``.

    Returns
    -------
    xr.Dataset
        Over ``point``: time/s, voltage/V, current/A, … or frequency/Hz, z_re/ohm, z_im/ohm, sweep.

    Raises
    ------
    ReadError
        Naming the file, what was expected and what to do.
    """
    if not columns:
        return formats.read(path, "electrochem", FORMATS)
    from interlayer.electrochem.readers import delimited

    mapping = delimited.parse_columns(columns)
    found = Format("text with a column map", (), _any, f"{_HERE}.delimited:load")
    with delimited.column_map(mapping):
        return formats.read(path, "electrochem", (found,))


def _any(probe: Probe) -> bool:
    return b"\x00" not in probe.head or probe.head.startswith((b"\xff\xfe", b"\xfe\xff"))
