"""Two determinations of one thing: their difference with an interval, shared errors taken out."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from interlayer.core import shared as common
from interlayer.core.intervals import Z95
from interlayer.core.summary import Row
from interlayer.core.wording import interval_text, unit_text, value_text
from interlayer.evidence.model import Side
from interlayer.sample import Sample


@dataclass(frozen=True, slots=True)
class Number:
    """A value with its 95 % interval and the parts of its error that have a common cause.

    Parameters
    ----------
    shared
        Cause to signed standard deviation, part of the interval already.
    """

    value: float
    low: float
    high: float
    shared: Mapping[str, float]

    def log(self) -> "Number":
        """Return the natural logarithm; the value and its ends must be above zero."""
        parts = {cause: part / self.value for cause, part in self.shared.items()}
        return Number(math.log(self.value), math.log(self.low), math.log(self.high), parts)

    def shifted(self, by: float, stddev: float = 0.0) -> "Number":
        """Return the number plus an independent one."""
        extra = Z95 * stddev
        low = self.value - math.hypot(self.value - self.low, extra)
        high = self.value + math.hypot(self.high - self.value, extra)
        return Number(self.value + by, low + by, high + by, self.shared)

    @property
    def stddev(self) -> float:
        """Return the standard deviation: half the interval over 1.96."""
        return (self.high - self.low) / (2 * Z95)


@dataclass(frozen=True, slots=True)
class Located:
    """A summary row, where it stands, and the common causes of its error."""

    place: str
    row: Row
    shared: Mapping[str, float]

    @property
    def number(self) -> Number:
        """Return the row's value with its interval."""
        return Number(self.row.value, self.row.low, self.row.high, self.shared)

    @property
    def positive(self) -> bool:
        """Return True for a measured value whose whole interval is above zero."""
        return self.row.status == "measured" and self.row.low > 0

    def converted(self, unit: str) -> "Located":
        """Return it in another unit."""
        row = self.row.converted(unit)
        factor = row.stddev / self.row.stddev if self.row.stddev > 0 else 1.0
        return replace(self, row=row, shared={cause: part * factor for cause, part in self.shared.items()})

    def side(self, what: str) -> Side:
        """Return it as one side of a comparison."""
        return Side(self.place.strip("/").partition("/")[0], self.place, what, shown(self.row))


def shown(row: Row) -> str:
    """Return a row as text: value, interval, unit; or its status."""
    text = value_text(row)
    if text == "–":
        return row.status
    ends = interval_text(row)
    return f"{text} {unit_text(row.unit)}".strip() + (f" ({ends})" if ends else "")


def located(sample: Sample) -> Iterator[Located]:
    """Yield every summary row of a sample with the common causes of its error."""
    causes = {path: common.of(result) for path, result in sample.results()}
    for path, row in sample.located_rows():
        yield Located(path, row, causes[path].get((row.quantity, row.subject), {}))


def difference(a: Number, b: Number) -> tuple[float, float, float]:
    """Return a − b with its 95 % interval.

    Notes
    -----
    The ends are recovered from those of a and b, which need not be symmetric (Zou and Donner, Stat. Med. 27,
    1693 (2008)); what has a common cause is correlated: ρ = Σ aᵢbᵢ / (σₐσ_b).

    Examples
    --------
    >>> one = Number(10.0, 8.0, 12.0, {"scale": 0.9})
    >>> independent = difference(one, Number(10.0, 8.0, 12.0, {}))
    >>> together = difference(one, one)
    >>> together[2] - together[0] < independent[2] - independent[0]
    True
    """
    rho = correlation(a, b)
    gap = a.value - b.value
    low = gap - _joined(a.value - a.low, b.high - b.value, rho)
    return gap, low, gap + _joined(a.high - a.value, b.value - b.low, rho)


def correlation(a: Number, b: Number) -> float:
    """Return the correlation of the errors of two numbers from their common causes."""
    spread = a.stddev * b.stddev
    both = sum(part * b.shared[cause] for cause, part in a.shared.items() if cause in b.shared)
    return max(-1.0, min(1.0, both / spread)) if spread > 0 else 0.0


def _joined(a: float, b: float, rho: float) -> float:
    return math.sqrt(max(a * a + b * b - 2 * rho * a * b, 0.0))


def pull(found: tuple[float, float, float], allowed: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return how many standard deviations a difference lies outside what is allowed; 0 inside.

    The standard deviation is that of the side that faces the allowed range.
    """
    value, low, high = found
    bound_low, bound_high = allowed
    if value > bound_high:
        spread = (value - low) / Z95
        return (value - bound_high) / spread if spread > 0 else math.inf
    if value < bound_low:
        spread = (high - value) / Z95
        return (value - bound_low) / spread if spread > 0 else -math.inf
    return 0.0
