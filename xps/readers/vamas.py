"""VAMAS (ISO 14976) as found in the wild, read strictly line by line."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.readers import casa
from interlayer.xps.readers.units import counts
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build

_IDENTIFIER, _TERMINATOR = "VAMAS Surface Chemical Analysis", "end of experiment"
_SPUTTER_MODES = ("MAPDP", "MAPSVDP", "SDP", "SDPSV")
_ION_TECHNIQUES = (
    "FABMS",
    "FABMS energy spec",
    "ISS",
    "SIMS",
    "SIMS energy spec",
    "SNMS",
    "SNMS energy spec",
)
_SPUTTERED_TECHNIQUES = ("AES diff", "AES dir", "EDX", "ELS", "UPS", "XPS", "XRF")
_TECHNIQUES = ("XPS", "UPS", "")
#: 1E+37 means "not given"
_NOT_GIVEN = 1e36


class _Lines:
    """The lines of a file, one after the other, with their number for errors."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0

    def text(self) -> str:
        if self.at >= len(self.lines):
            raise ReadError(
                "the VAMAS file ends too early",
                found=f"{len(self.lines)} lines",
                advice="Copy or export it again.",
            )
        self.at += 1
        return self.lines[self.at - 1].strip()

    def number(self) -> float:
        line = self.text()
        try:
            return float(line)
        except ValueError:
            raise ReadError(
                f"line {self.at} of the VAMAS file is not what its place asks for",
                expected="a number",
                found=repr(line[:60]),
            ) from None

    def count(self) -> int:
        value = self.number()
        if not 0 <= abs(value) <= len(self.lines) or value != int(value):
            raise ReadError(f"line {self.at} states an impossible count", found=f"{value:g}")
        return int(value)

    def end(self) -> None:
        """Raise where something else than the terminator follows: then the counts before were wrong."""
        rest = next((line.strip() for line in self.lines[self.at :] if line.strip()), _TERMINATOR)
        if rest.lower() != _TERMINATOR:
            raise ReadError(
                f"the VAMAS blocks end before line {self.at + 1}",
                expected=repr(_TERMINATOR),
                found=repr(rest[:60]),
            )

    def texts(self, count: int) -> list[str]:
        return [self.text() for _ in range(abs(count))]

    def numbers(self, count: int) -> Floats:
        chunk = self.lines[self.at : self.at + count]
        if len(chunk) < count:
            raise ReadError(
                "the VAMAS file ends inside a spectrum", expected=f"{count} values", found=len(chunk)
            )
        try:
            values = np.array(chunk, dtype=np.float64)
        except ValueError as error:
            raise ReadError(
                f"a value of the spectrum after line {self.at} is not a number", found=error
            ) from None
        self.at += count
        return values


@dataclass(slots=True)
class _Header:
    comment: list[str] = field(default_factory=list)
    mode: str = "NORM"
    scan: str = "REGULAR"
    variables: int = 0
    block_upgrades: int = 0
    blocks: int = 0
    institution: str = ""
    instrument: str = ""
    experiment: str = ""


@dataclass(slots=True)
class _Block:
    identifier: str = ""
    sample: str = ""
    date: str = ""
    comment: list[str] = field(default_factory=list)
    technique: str = ""
    source_label: str = ""
    source_energy: float = np.nan
    pass_energy: float = np.nan
    work_function: float = np.nan
    label: str = ""
    abscissa: str = ""
    start: float = np.nan
    step: float = np.nan
    variables: list[tuple[str, str]] = field(default_factory=list)
    signal_mode: str = ""
    dwell_time: float = np.nan
    scans: float = 1.0
    values: Floats = field(default_factory=lambda: np.empty((0, 1)))


def refuse(path: Path) -> xr.Dataset:
    """Refuse a file with a VAMAS ending but without a VAMAS header."""
    raise ReadError(
        "not a VAMAS file: the header is missing",
        path=path,
        expected=f"a first line {_IDENTIFIER!r}",
        found=repr(path.read_bytes()[:40].decode("latin-1").strip()),
        advice="It may be a comment block alone: export the spectra from the instrument's software again.",
    )


def load(path: Path) -> xr.Dataset:
    """Read a VAMAS file; kinetic axes become binding energies, CasaXPS comment fits are kept."""
    lines = _Lines(read_text(path))
    header = _header(lines)
    blocks = [_block(lines, header) for _ in range(header.blocks)]
    lines.end()
    spectra = [_spectrum(block) for block in blocks if block.technique.upper() in _TECHNIQUES]
    others = [block.technique for block in blocks if block.technique.upper() not in _TECHNIQUES]
    if not spectra:
        raise ReadError(
            "no XPS spectrum in this VAMAS file", found=", ".join(sorted({*others})) or "no blocks"
        )
    attrs: dict[str, Attribute] = {"blocks_not_read": ", ".join(others)} if others else {}
    return build(
        spectra,
        sample=blocks[0].sample,
        instrument=header.instrument,
        institution=header.institution,
        experiment=header.experiment,
        **attrs,
    )


def _header(lines: _Lines) -> _Header:
    while not (first := lines.text()).startswith(_IDENTIFIER):
        if first:
            raise ReadError("not a VAMAS file", expected=_IDENTIFIER, found=repr(first[:60]))
    header = _Header()
    header.institution, header.instrument, _, header.experiment = lines.texts(4)
    header.comment = lines.texts(lines.count())
    header.mode, header.scan = lines.text().upper(), lines.text().upper()
    if header.mode in ("MAP", "MAPDP", "NORM", "SDP"):
        lines.count()
    if header.mode in ("MAP", "MAPDP"):
        lines.texts(3)
    header.variables = lines.count()
    lines.texts(2 * header.variables)
    if lines.count():
        raise ReadError(
            "VAMAS blocks that leave out parameters are not read",
            expected="an inclusion list of length 0",
            advice="Save the file again with all parameters, for example from CasaXPS.",
        )
    lines.texts(lines.count())
    upgrades, header.block_upgrades = lines.count(), lines.count()
    lines.texts(upgrades)
    header.blocks = lines.count()
    return header


def _block(lines: _Lines, header: _Header) -> _Block:
    block = _Block(identifier=lines.text(), sample=lines.text())
    year, month, day, hour, minute, second, _ = (lines.number() for _ in range(7))
    if year > 0:
        block.date = f"{year:04.0f}-{month:02.0f}-{day:02.0f}T{hour:02.0f}:{minute:02.0f}:{second:02.0f}"
    block.comment = lines.texts(lines.count())
    block.technique = lines.text()
    if header.mode in ("MAP", "MAPDP"):
        lines.texts(2)
    lines.texts(header.variables)
    _source(lines, header, block)
    _analyser(lines, header, block)
    _axes(lines, header, block)
    _rest(lines, header, block)
    return block


def _source(lines: _Lines, header: _Header, block: _Block) -> None:
    block.source_label = lines.text()
    if header.mode in _SPUTTER_MODES or block.technique in _ION_TECHNIQUES:
        lines.texts(3)
    block.source_energy = _given(lines.number())
    lines.texts(3)
    if header.mode in ("MAP", "MAPDP", "MAPSV", "MAPSVDP", "SEM"):
        lines.texts(2)
    if header.mode in ("MAPSV", "MAPSVDP", "SEM"):
        lines.texts(6)
    lines.texts(2)


def _analyser(lines: _Lines, header: _Header, block: _Block) -> None:
    lines.text()
    block.pass_energy = _given(lines.number())
    if block.technique == "AES diff":
        lines.text()
    lines.text()
    block.work_function = _given(lines.number())
    lines.texts(5)
    species, transition = lines.texts(2)
    block.label = f"{species} {transition}".strip()
    lines.text()


def _axes(lines: _Lines, header: _Header, block: _Block) -> None:
    if header.scan == "REGULAR":
        block.abscissa, _ = lines.texts(2)
        block.start, block.step = lines.number(), lines.number()
    count = lines.count()
    block.variables = [(lines.text(), lines.text()) for _ in range(count)]
    block.signal_mode = lines.text()
    block.dwell_time, block.scans = _given(lines.number()), lines.number()


def _rest(lines: _Lines, header: _Header, block: _Block) -> None:
    lines.text()
    if header.mode in _SPUTTER_MODES and block.technique in _SPUTTERED_TECHNIQUES:
        lines.texts(7)
    lines.texts(3)
    lines.texts(3 * lines.count())
    lines.texts(header.block_upgrades)
    ordinates, width = lines.count(), max(len(block.variables), 1)
    lines.texts(2 * len(block.variables))
    if ordinates % width:
        raise ReadError("the number of ordinates does not fit the variables", found=f"{ordinates} of {width}")
    block.values = lines.numbers(ordinates).reshape(-1, width)


def _given(value: float) -> float:
    return float("nan") if abs(value) > _NOT_GIVEN else value


def _spectrum(block: _Block) -> Spectrum:
    labels = [label.lower() for label, _ in block.variables]
    axis_label, energies, first = _energies(block, labels)
    binding = energies
    if "kinetic" not in axis_label and "binding" not in axis_label:
        raise ReadError(
            f"block {block.identifier!r} is not a spectrum over the electrons' energy",
            expected="an axis called kinetic or binding energy",
            found=repr(axis_label),
        )
    if "kinetic" in axis_label:
        if not np.isfinite(block.source_energy) or block.source_energy <= 0:
            raise ReadError("a kinetic energy axis without the source's energy", found=block.source_label)
        binding = np.round(block.source_energy - energies, 9)
    signal = next((i for i in range(first, len(labels)) if "transmission" not in labels[i]), None)
    if signal is None:
        raise ReadError(f"block {block.identifier!r} has no intensities", found=labels)
    through = next((i for i, label in enumerate(labels) if "transmission" in label), None)
    transmission = None if through is None else block.values[:, through].copy()
    if transmission is not None and not (np.isfinite(transmission).all() and (transmission > 0).all()):
        transmission = None
    values, units = counts(
        block.values[:, signal].copy(), block.variables[signal][1], block.dwell_time, block.scans
    )
    name = block.identifier if len(block.label) < 2 else block.label
    return Spectrum(name, binding, values, units, transmission, _attrs(block))


def _energies(block: _Block, labels: list[str]) -> tuple[str, Floats, int]:
    if block.abscissa:
        steps = np.arange(block.values.shape[0])
        # the start and the step are short decimals: rounding takes away the noise of their sum
        return block.abscissa.lower(), np.round(block.start + block.step * steps, 9), 0
    if len(labels) < 2:
        raise ReadError("an irregular scan needs the energy as its first variable", found=labels)
    return labels[0], block.values[:, 0].copy(), 1


def _attrs(block: _Block) -> dict[str, Attribute]:
    attrs: dict[str, Attribute] = {
        "dwell_time": block.dwell_time,
        "scans": block.scans,
        "pass_energy": block.pass_energy,
        "source_energy": block.source_energy,
        "source": block.source_label,
        "work_function": block.work_function,
        "date": block.date,
        "sample": block.sample,
        "block": block.identifier,
        "signal_mode": block.signal_mode,
    }
    notes = casa.lines(block.comment)
    if notes:
        attrs["casa"] = "\n".join(notes)
    return {key: value for key, value in attrs.items() if value == value and value != ""}
