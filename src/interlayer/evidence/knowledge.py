"""What is known beforehand: phases, what each technique sees of them, metrics (TOML beside this file)."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from interlayer.core.packaged import packaged


@dataclass(frozen=True, slots=True)
class Probe:
    """What one technique sees and how far it is believed; see phases.toml."""

    text: str
    depth: float
    visible: float
    false_alarm: float
    amount: str
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class PhaseMarks:
    """Where each technique would see one phase; see phases.toml."""

    name: str
    title: str
    xrd: tuple[str, ...] = ()
    xps: str = ""
    also: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    shapes: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """A quantity that is compared across samples; see metrics.toml."""

    role: str
    title: str
    technique: str
    quantity: str
    unit: str
    subject: str = ""
    change: str = "ratio"


@cache
def _read(name: str) -> dict[str, Any]:
    return packaged("interlayer.evidence", name)


@cache
def probes() -> dict[str, Probe]:
    """Return what each technique sees, by technique."""
    return {name: Probe(**entry) for name, entry in _read("phases.toml")["technique"].items()}


@cache
def phases() -> tuple[PhaseMarks, ...]:
    """Return the phases of the evidence table."""
    return tuple(_marks(each) for each in _read("phases.toml")["phase"])


def _marks(entry: dict[str, Any]) -> PhaseMarks:
    lists = {key: tuple(entry.get(key, ())) for key in ("xrd", "also", "elements")}
    return PhaseMarks(
        str(entry["name"]),
        str(entry["title"]),
        xps=str(entry.get("xps", "")),
        shapes=bool(entry.get("shapes")),
        **lists,
    )


@cache
def metrics() -> tuple[Metric, ...]:
    """Return the metrics that are compared and linked across samples."""
    return tuple(Metric(**each) for each in _read("metrics.toml")["metric"])


@cache
def conductivity() -> tuple[float, float]:
    """Return the natural logarithm of the conductivity of Li3N in S/cm and its standard deviation."""
    found = _read("metrics.toml")["conductivity"]["Li3N"]
    return float(found["ln_value"]), float(found["ln_stddev"])
