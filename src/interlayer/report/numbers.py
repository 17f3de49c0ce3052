"""Numbers as the report writes them, beyond the wording that all of interlayer shares."""

import math


def decimals_of(low: float, high: float) -> int | None:
    """Return how many decimals an interval justifies (two digits of its half width), or None."""
    half = (high - low) / 2
    if not math.isfinite(half) or half <= 0:
        return None
    return 1 - math.floor(math.log10(half))


def signed(text: str) -> str:
    """Return the text of a difference with its sign.

    Examples
    --------
    >>> signed("3.1"), signed("−3.1"), signed("–")
    ('+3.1', '−3.1', '–')
    """
    return text if text[:1] in "−–<>" else f"+{text}"


def percent_text(probability: float) -> str:
    """Return a probability as people say it; never 0 or 100 %.

    Examples
    --------
    >>> percent_text(0.934), percent_text(0.99997), percent_text(0.0004)
    ('93 %', '> 99.9 %', '< 0.1 %')
    """
    if not math.isfinite(probability):
        return "–"
    if probability > 0.999:
        return "> 99.9 %"
    if probability < 0.001:
        return "< 0.1 %"
    digits = 1 if probability > 0.99 or probability < 0.01 else 0
    return f"{100 * probability:.{digits}f} %"
