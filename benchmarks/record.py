"""What a benchmark says: one figure with its target, its spread, and the same figure of a peer."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True, slots=True)
class Record:
    """One figure.

    Parameters
    ----------
    name, figure
        What was measured on what ("sem, touching 1.0"), and the quantity ("F1").
    value, unit
        What was found.
    target
        The bound of the issue that asked for it, or a pair of bounds; None without one.
    better
        Whether higher or lower values are better; of a pair of bounds "between".
    n, seeds
        How many cases it is of, and which seeds they were drawn with.
    noise
        By how much the value varies from run to run (two standard errors): a smaller change is none.
    peer, peer_value
        Another program's name, and what it reaches in the same run.
    """

    name: str
    figure: str
    value: float
    unit: str = ""
    target: float | tuple[float, float] | None = None
    better: Literal["higher", "lower", "between"] = "lower"
    n: int = 1
    seeds: str = ""
    noise: float = 0.0
    peer: str = ""
    peer_value: float = math.nan

    @property
    def verdict(self) -> str:
        """Return "met", "missed", or "unsure" where it misses by less than it varies; "" without a target."""
        if self.target is None:
            return ""
        low, high = self.target if isinstance(self.target, tuple) else self._ends(self.target)
        if low <= self.value <= high:
            return "met"
        return "unsure" if low - self.noise <= self.value <= high + self.noise else "missed"

    def _ends(self, target: float) -> tuple[float, float]:
        return (target, math.inf) if self.better == "higher" else (-math.inf, target)

    def plain(self) -> dict[str, Any]:
        """Return the record as JSON takes it."""
        found = asdict(self) | {"verdict": self.verdict, "peer": None}
        if self.peer:
            found["peer"] = {"name": self.peer, "value": _number(self.peer_value)}
        found["value"] = _number(self.value)
        del found["peer_value"]
        return found

    @classmethod
    def read(cls, plain: dict[str, Any]) -> "Record":
        """Return the record of a line of JSON."""
        peer = plain.get("peer") or {}
        kept = {key: value for key, value in plain.items() if key not in ("verdict", "peer")}
        kept["value"] = math.nan if kept["value"] is None else kept["value"]
        if isinstance(kept.get("target"), list):
            kept["target"] = tuple(kept["target"])
        value = peer.get("value")
        return cls(**kept, peer=peer.get("name", ""), peer_value=math.nan if value is None else value)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def share(hits: Sequence[bool] | Sequence[float]) -> tuple[float, float]:
    """Return a share in % and two standard errors of it (Agresti–Coull: also of all or none)."""
    n, p = len(hits) + 4, (float(np.sum(hits)) + 2) / (len(hits) + 4)
    return 100 * float(np.mean(hits)), 200 * math.sqrt(p * (1 - p) / n)


def spent(run: Callable[[], object], times: int = 5) -> tuple[float, float]:
    """Return the best CPU time of a call in seconds after one to warm up, and the spread of the others."""
    run()
    found = []
    for _ in range(times):
        begun = time.process_time()
        run()
        found.append(time.process_time() - begun)
    return min(found), max(float(np.median(found)) - min(found), 0.15 * min(found))
