"""Fixtures that every test may use."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is no fault of the code
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "real"


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of real instrument files, or skip where it is absent."""
    if not REAL.is_dir():
        pytest.skip("the real instrument files are not on this machine")
    return REAL
