"""Chemistry as data: reference lines, phases, separations, templates (all TOML)."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from interlayer.core.errors import ReadError, SettingError
from interlayer.core.files import read_small
from interlayer.core.packaged import packaged
from interlayer.core.text import line
from interlayer.xps import levels

TEMPLATES = ("bare", "activated", "cycled", "study-activated", "study-cycled")
#: the general lithium interphase, when nothing is said
DEFAULT_TEMPLATE = "cycled"
_LEAST_TOLERANCE = 0.15
#: a line stays within this many tolerances of its energy
REACH = 4.0
_RATIO_UNCERTAINTY = 0.05
#: energies (eV) and atoms per formula unit of a user's template are below these
_HIGHEST, _MOST_ATOMS = 20_000.0, 1000.0
#: of published energies among laboratories, eV (1 σ)
REFERENCE_SCATTER = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a template.

    Parameters
    ----------
    name
        "N 1s/Li3N": core level and phase.
    energy, tolerance
        Expected binding energy and the standard deviation of that expectation, eV.
    low, high
        Range of the published reference values, eV (NaN where there are none).
    source
        Where the expectation is from.
    """

    name: str
    energy: float
    tolerance: float
    low: float
    high: float
    source: str

    @property
    def level(self) -> str:
        """Return the core level, "N 1s"."""
        return self.name.partition("/")[0]

    @property
    def phase(self) -> str:
        """Return the phase or group, "Li3N"."""
        return self.name.partition("/")[2]

    @property
    def element(self) -> str:
        """Return the element's symbol."""
        return self.level.split()[0]


@dataclass(frozen=True, slots=True)
class Separation:
    """Distance of two lines of one phase: ``lines[0]`` minus ``lines[1]``, published range in eV."""

    phase: str
    lines: tuple[str, str]
    low: float
    high: float
    source: str

    @property
    def middle(self) -> float:
        """Return the middle of the published range, eV."""
        return 0.5 * (self.low + self.high)

    @property
    def spread(self) -> float:
        """Return the standard deviation of what is expected, eV."""
        return _expected(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Template:
    """Lines to fit, and the stoichiometry of their phases (atoms per formula unit by core level).

    ``factors``: by core level, a sensitivity factor of the user's own (relative to C 1s) and its relative
    uncertainty, either of them None.
    """

    name: str
    description: str
    lines: tuple[Line, ...]
    phases: Mapping[str, Mapping[str, float]]
    ratio_uncertainty: float = _RATIO_UNCERTAINTY
    factors: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def of_level(self, level: str) -> tuple[Line, ...]:
        """Return the lines of one core level."""
        return tuple(line for line in self.lines if line.level == level)


@cache
def _data() -> dict[str, Any]:
    return packaged("interlayer.xps", "data/lines.toml")


def _expected(low: float, high: float) -> float:
    """Return the standard deviation of a published range: uniform inside, with the references' scatter."""
    return math.hypot((high - low) / math.sqrt(12.0), REFERENCE_SCATTER)


@cache
def references() -> dict[str, Line]:
    """Return every reference line by name."""
    return {name: _line(name, entry) for name, entry in _data()["line"].items()}


def _line(name: str, entry: Mapping[str, Any]) -> Line:
    low, high = float(entry.get("low", "nan")), float(entry.get("high", "nan"))
    energy = float(entry.get("energy", (low + high) / 2))
    tolerance = float(entry.get("tolerance", max(_expected(low, high), _LEAST_TOLERANCE)))
    return Line(name, energy, tolerance, low, high, str(entry.get("source", "")))


@cache
def separations() -> tuple[Separation, ...]:
    """Return the published separations."""
    return tuple(
        Separation(
            each["phase"], (each["lines"][0], each["lines"][1]), each["low"], each["high"], each["source"]
        )
        for each in _data()["separation"]
    )


#: what a file that is no template raises
_NO_FILE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, OSError)


def template(name: str) -> Template:
    """Return a template by its name, or from a user's TOML file of the same form.

    Raises
    ------
    SettingError
        When there is no such template or file, or the file has a mistake.
    """
    if name in TEMPLATES:
        return _template(packaged("interlayer.xps", f"data/templates/{name}.toml"), name)
    path = Path(name)
    if path.suffix.lower() != ".toml" or not path.is_file():
        raise SettingError(
            "no such template",
            expected="one of " + ", ".join(TEMPLATES) + ", or the path of a TOML file",
            found=repr(name),
        )
    try:
        found = _template(tomllib.loads(read_small(path)), path.stem)
        _check_numbers(found)
        return found
    except (SettingError, ReadError) as error:
        raise error.about(path) from None
    except _NO_FILE as error:
        raise SettingError(
            f"is no template ({type(error).__name__}: {line(str(error))})",
            path=path,
            expected="a TOML file with lines, phases and factors as docs/xps.md shows it",
        ) from error


def _check_numbers(found: Template) -> None:
    """Raise ValueError where lines, phases or ratios of a user's template are no such numbers."""
    for each in found.lines:
        if not (0 < each.energy < _HIGHEST and 0 < each.tolerance < _HIGHEST):
            raise ValueError(f"{each.name}: energy {each.energy} eV, tolerance {each.tolerance} eV")
    if not 0 < found.ratio_uncertainty < 1:
        raise ValueError(f"ratio_uncertainty = {found.ratio_uncertainty}")
    for phase, atoms in found.phases.items():
        if not atoms or not all(0 < float(number) < _MOST_ATOMS for number in atoms.values()):
            raise ValueError(f"phase {phase}: {dict(atoms)}")


def _template(data: Mapping[str, Any], name: str) -> Template:
    _known(
        data, ("name", "description", "source", "lines", "line", "phase", "ratio_uncertainty", "factor"), name
    )
    own = data.get("line", {})
    names = list(data.get("lines", own))
    lines = tuple(_chosen(each, own.get(each, {}), name) for each in names)
    if not lines:
        raise SettingError(f"template {name!r} has no lines", expected='lines = ["N 1s/Li3N", …]')
    phases = {**_data()["phase"], **data.get("phase", {})}
    return Template(
        str(data.get("name", name)),
        str(data.get("description", "")),
        lines,
        phases,
        float(data.get("ratio_uncertainty", _RATIO_UNCERTAINTY)),
        {level: _own_factor(level, entry, name) for level, entry in data.get("factor", {}).items()},
    )


def _own_factor(level: str, entry: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
    _known(entry, ("value", "uncertainty"), f"{where}: factor {level}")
    if level not in levels.table():
        raise SettingError(f"template {where!r}: factor", expected="a core level", found=repr(level))
    value, uncertainty = (None if key not in entry else float(entry[key]) for key in ("value", "uncertainty"))
    if (value is not None and value <= 0) or (uncertainty is not None and not 0 <= uncertainty < 1):
        raise SettingError(
            f"template {where!r}: factor {level!r}",
            expected="value > 0, uncertainty 0 to 1",
            found=str(entry),
        )
    return value, uncertainty


def _chosen(line: str, own: Mapping[str, Any], template_name: str) -> Line:
    _known(own, ("energy", "tolerance", "low", "high", "source"), f"{template_name}: {line}")
    level = line.partition("/")[0]
    if level not in levels.table() or "/" not in line:
        raise SettingError(
            f"template {template_name!r}", expected='lines such as "N 1s/Li3N"', found=repr(line)
        )
    known = references().get(line)
    if known is None and "energy" not in own:
        raise SettingError(
            f"template {template_name!r}: no reference energy for {line!r}", expected="energy = …"
        )
    base = {} if known is None else {"low": known.low, "high": known.high, "source": known.source}
    if known is not None and "energy" not in own:
        base |= {"energy": known.energy, "tolerance": known.tolerance}
    return _line(line, {"tolerance": 0.2, **base, **own})


def _known(data: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    from difflib import get_close_matches

    for key in data:
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            raise SettingError(
                f"template {where!r}: unknown key {key!r}",
                expected="one of " + ", ".join(keys),
                advice=f"Did you mean {near[0]!r}?" if near else None,
            )
