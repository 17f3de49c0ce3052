"""Options that say who works and within which limits: the same for a study and for folders."""

import argparse
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlayer.engine import Crew

_SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def add(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options to a command."""
    parser.add_argument("--jobs", type=positive, help=f"worker processes{what} (all cores by default)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="let the workers of a dask scheduler do it")
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="TIME",
        help="how long one file may take, such as 90, '30 min', '2 h' (1 h)",
    )
    parser.add_argument(
        "--memory-limit",
        type=size,
        metavar="SIZE",
        help="memory that one file may take, such as '4 GB' (three quarters of the machine's; Linux)",
    )


def crew(arguments: argparse.Namespace) -> "Crew":
    """Return the crew that the options ask for."""
    from interlayer.engine import TIMEOUT, Crew

    return Crew(
        jobs=arguments.jobs or os.cpu_count() or 1,
        scheduler=arguments.scheduler or "",
        timeout=arguments.timeout or TIMEOUT,
        memory=arguments.memory_limit,
    )


def positive(text: str) -> int:
    """Return a number of processes.

    Raises
    ------
    argparse.ArgumentTypeError
        When it is below one.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def seconds(text: str) -> float:
    """Return a time in seconds.

    Examples
    --------
    >>> seconds("30 min")
    1800.0

    Raises
    ------
    argparse.ArgumentTypeError
        When it is no time, or not above zero.
    """
    number, unit = _split(text, _SECONDS, "a time such as 90, '30 min' or '2 h'")
    return number * _SECONDS[unit]


def size(text: str) -> int:
    """Return a size in bytes.

    Examples
    --------
    >>> size("4 GB"), size("512 MiB")
    (4000000000, 536870912)

    Raises
    ------
    argparse.ArgumentTypeError
        When it is no size, or not above zero.
    """
    binary = bool(re.search(r"[kmgt]ib\s*$", text.strip(), re.IGNORECASE))
    plain = re.sub(r"i?b\s*$", "", text.strip().lower())
    number, unit = _split(plain, _BYTES, "a size such as '4 GB' or '512 MiB'", text)
    power = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}[unit]
    return int(number * (1024**power if binary else _BYTES[unit]))


def _split(text: str, units: Iterable[str], expected: str, said: str = "") -> tuple[float, str]:
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-z]*)\s*", text.lower())
    if not found or found[2] not in {*units} or not float(found[1]) > 0:
        raise argparse.ArgumentTypeError(f"expected {expected}, found {said or text!r}")
    return float(found[1]), found[2]
