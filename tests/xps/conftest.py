"""Simulated and small known spectra."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from interlayer.example.generator.truth import Truth
from interlayer.example.generator.xps import write
from interlayer.xps.spectra import Spectrum, build


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Truth]]:
    """Return the folder of simulated VAMAS files (another seed than the demo's) and their truth."""
    folder = tmp_path_factory.mktemp("study")
    return folder, write(folder, np.random.default_rng(20261123))


def line(x: np.ndarray, at: float, area: float, fwhm: float = 1.3, eta: float = 0.3) -> np.ndarray:
    t = 2.0 * (x - at) / fwhm
    gauss = np.exp(-np.log(2.0) * t**2) * 2.0 / fwhm * np.sqrt(np.log(2.0) / np.pi)
    return area * (eta * 2.0 / (np.pi * fwhm) / (1.0 + t**2) + (1.0 - eta) * gauss)


@pytest.fixture
def carbon() -> xr.Dataset:
    """Return a noisy C 1s of three lines, charged by 3 eV, in counts."""
    energy = np.round(300.0 - 0.1 * np.arange(200), 3)
    mean = 800.0 + sum(
        line(energy, e + 3.0, a) for e, a in ((284.8, 5000.0), (286.5, 2500.0), (289.0, 1500.0))
    )
    counts = np.random.default_rng(5).poisson(mean).astype(float)
    return build([Spectrum("C 1s", energy, counts)], source="carbon")
