"""Linear algebra on one thread."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from interlayer.core.threads import one_thread


def blas_threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_within_an_analysis_there_is_one_thread_and_afterwards_as_many_as_before() -> None:
    np.linalg.inv(np.eye(3))
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        assert one_thread(blas_threads)() == {1}
        assert blas_threads() == before


def test_the_analyses_of_all_techniques_are_wrapped() -> None:
    from importlib import import_module

    for technique in ("xrd", "xps", "sem", "eds", "electrochem"):
        assert hasattr(import_module(f"interlayer.{technique}.analysis").analyze, "__wrapped__")
