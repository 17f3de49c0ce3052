"""Data of the package, such as phases, core levels, units: TOML files beside the code that reads them."""

import tomllib
from importlib.resources import files
from typing import Any


def packaged(package: str, name: str) -> dict[str, Any]:
    """Return a TOML file of a package.

    Examples
    --------
    >>> packaged("interlayer.core", "units.toml")["length"]["nm"]["factor"]
    1e-09
    """
    return tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
