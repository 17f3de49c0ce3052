"""One thread for linear algebra: the same numbers on every machine, no slower for small matrices."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def one_thread(analysis: Callable[P, T]) -> Callable[P, T]:
    """Return a function that runs with one BLAS thread.

    Sums in another order round otherwise; where two explanations of the data are nearly equal, that decided
    between them, so that a result depended on the number of cores. Costs 0.5 ms.
    """

    @wraps(analysis)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, "blas"):
            return analysis(*args, **kwargs)

    return limited
