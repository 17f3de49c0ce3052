"""Interphase characterization: XRD, XPS, SEM, EDS and electrochemistry in one record per sample.

Examples
--------
>>> import interlayer as il
>>> il.Sample("A1").sample_id
'A1'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interlayer._version import __version__

if TYPE_CHECKING:
    from interlayer import eds, electrochem, sem, xps, xrd
    from interlayer.core.errors import InterlayerError
    from interlayer.evidence import differences, examine, links
    from interlayer.sample import Sample
    from interlayer.workflow import run

    open = Sample.open

__all__ = [
    "InterlayerError",
    "Sample",
    "__version__",
    "differences",
    "eds",
    "electrochem",
    "examine",
    "links",
    "open",
    "run",
    "sem",
    "xps",
    "xrd",
]


#: where what is not a technique comes from
_ELSEWHERE = {
    "Sample": ("interlayer.sample", "Sample"),
    "open": ("interlayer.sample", "Sample.open"),
    "run": ("interlayer.workflow", "run"),
    "examine": ("interlayer.evidence", "examine"),
    "links": ("interlayer.evidence", "links"),
    "differences": ("interlayer.evidence", "differences"),
    "InterlayerError": ("interlayer.core.errors", "InterlayerError"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else: ``import interlayer`` stays fast."""
    if name in ("xrd", "xps", "sem", "eds", "electrochem"):
        return import_module(f"interlayer.{name}")
    if name in _ELSEWHERE:
        module, attribute = _ELSEWHERE[name]
        found: Any = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        return found
    raise AttributeError(f"module 'interlayer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
