"""Imported by the process from which workers are forked: what they all need is loaded once, and shared."""

# ruff: noqa: E402 (what makes the other imports quicker comes first)
import gc
import sys

gc.disable()  # nothing that is loaded here becomes garbage
if "xarray" not in sys.modules:  # it would load dask (0.5 s) to see whether an array is dask's, and none is
    sys.modules.setdefault("dask", None)  # type: ignore[arg-type]

import netCDF4  # noqa: F401
import numpy as np
import xarray as xr

import interlayer.micrograph
import interlayer.sem.pictures
import interlayer.sem.readers.raster
import interlayer.sem.readers.tiff
import interlayer.store  # noqa: F401
from interlayer import sem


def warm() -> None:
    """Analyse a small image, which loads the compiled loops (0.4 s and 60 MB for each process otherwise)."""
    y, x = np.mgrid[:160, :160].astype(np.float32)
    image = np.full(x.shape, 60.0, np.float32)
    for row in range(24, 160, 40):
        for column in range(24, 160, 40):
            image += 45.0 - 45.0 * np.tanh(0.5 * (np.hypot(x - column, y - row) - 13.0))
    noisy = image + np.random.default_rng(0).normal(0, 4, image.shape)
    raw = xr.Dataset({"image": (("y", "x"), np.clip(noisy, 0, 255).astype(np.uint8))})
    sem.analyze(raw, pixel_size="1 nm")


warm()
gc.enable()
gc.freeze()  # a collection would touch, and so copy, every object that forked processes share
