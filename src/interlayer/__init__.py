"""Interphase characterization: XRD, XPS, SEM, EDS and electrochemistry in one record per sample."""

from interlayer._version import __version__

__all__ = ["__version__"]
