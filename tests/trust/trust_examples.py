"""How many examples a property is tried on: few in every run, many with ``INTERLAYER_EXAMPLES=20``."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("INTERLAYER_EXAMPLES", "1"))


def examples(number: int) -> Any:
    """Return settings of a test: examples times the factor; without it the same in every run."""
    return settings(
        max_examples=number * FACTOR,
        deadline=None,
        derandomize=FACTOR == 1,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
