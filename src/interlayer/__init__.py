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
    from interlayer.sample import Sample
    from interlayer.workflow import run

    open = Sample.open

__all__ = [
    "InterlayerError",
    "Sample",
    "__version__",
    "eds",
    "electrochem",
    "open",
    "run",
    "sem",
    "xps",
    "xrd",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else: ``import interlayer`` stays fast."""
    if name in ("xrd", "xps", "sem", "eds", "electrochem"):
        return import_module(f"interlayer.{name}")
    if name == "Sample":
        return import_module("interlayer.sample").Sample
    if name == "open":
        return import_module("interlayer.sample").Sample.open
    if name == "run":
        return import_module("interlayer.workflow").run
    if name == "InterlayerError":
        return import_module("interlayer.core.errors").InterlayerError
    raise AttributeError(f"module 'interlayer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
