"""The table of non-linear parameters: names, starts, bounds and priors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass
class Table:
    """Non-linear parameters of a fit, in a fixed order.

    Parameters
    ----------
    names, start, lower, upper
        One entry per parameter.
    scale
        A natural step of each parameter.
    priors
        Rows (index, other index or −1, mean, stddev): parameter, or its difference to another, is normal
        about the mean.
    """

    names: list[str] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    scale: list[float] = field(default_factory=list)
    priors: list[tuple[int, int, float, float]] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        name: str,
        start: float,
        *,
        lower: float = -np.inf,
        upper: float = np.inf,
        scale: float = 1.0,
        prior: tuple[float, float] | None = None,
    ) -> None:
        """Add a parameter; ``prior`` is mean and standard deviation."""
        self._index[name] = len(self.names)
        self.names.append(name)
        self.start.append(float(np.clip(start, lower, upper)))
        self.lower.append(lower)
        self.upper.append(upper)
        self.scale.append(scale)
        if prior is not None:
            self.priors.append((self._index[name], -1, *prior))

    def tie(self, name: str, other: str, spread: float) -> None:
        """Let the difference of two parameters be normal about zero."""
        self.priors.append((self._index[name], self._index[other], 0.0, spread))

    def __contains__(self, name: str) -> bool:
        return name in self._index

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Return the place of a parameter, −1 when it is not there."""
        return self._index.get(name, -1)

    def value(self, q: Floats, name: str, default: float) -> float:
        """Return a parameter's value, or ``default`` when it is not a parameter."""
        at = self.index(name)
        return default if at < 0 else float(q[at])

    def values(self) -> Floats:
        """Return the starting values."""
        return np.array(self.start, dtype=float)

    def prior_rows(self) -> tuple[Floats, Floats]:
        """Return the priors as weighted linear equations: rows (k, p) and right-hand sides (k,)."""
        rows, rights = np.zeros((len(self.priors), len(self))), np.zeros(len(self.priors))
        for i, (index, other, mean, spread) in enumerate(self.priors):
            rows[i, index] = 1 / spread
            if other >= 0:
                rows[i, other] = -1 / spread
            rights[i] = mean / spread
        return rows, rights

    def taken(self, names: Sequence[str], q: Floats) -> None:
        """Start parameters of these names from the values ``q`` of a table with the same names."""
        for name, value in zip(names, q, strict=True):
            if name in self:
                at = self._index[name]
                self.start[at] = float(np.clip(value, self.lower[at], self.upper[at]))
