"""Counts or counts per second, as files name them."""

import re

from interlayer.xps.spectra import Floats, to_counts

_RATE = re.compile(r"cps|\b(counts?|cts|c)\s*(\/|per)\s*s(ec(onds?)?)?\b|\bs\s*\^?-1\b", re.IGNORECASE)


def is_rate(text: str) -> bool:
    """Return True for the unit of a rate.

    Examples
    --------
    >>> [is_rate(unit) for unit in ("c/s", "CPS", "Counts / s", "counts per second", "Counts", "d", "c")]
    [True, True, True, True, False, False, False]
    """
    return bool(_RATE.search(text))


def counts(values: Floats, unit: str, dwell_time: float, scans: float) -> tuple[Floats, str]:
    """Return counts where they can be recovered, else the rate, and which of both.

    Parameters
    ----------
    values
        (n,) as in the file.
    unit
        As the file names it; what is not a rate is taken as counts.
    dwell_time, scans
        Seconds per point of one scan (nan where unknown), and the number of scans.
    """
    if not is_rate(unit):
        return values, "counts"
    if dwell_time > 0:
        return to_counts(values, dwell_time, scans), "counts"
    return values, "counts/s"
