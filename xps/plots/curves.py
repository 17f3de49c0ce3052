"""What is drawn of a region: measured values, components, titles."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.xps.plots.colours import phase_of

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

AXIS = "binding energy / eV"


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its curve above the background (m,), its binding energy (eV) as drawn."""

    label: str
    status: str
    curve: Floats
    position: float

    @property
    def phase(self) -> str:
        """Return the phase, "Li3N"."""
        return phase_of(self.label)

    @property
    def is_seen(self) -> bool:
        """Return whether it is detected; what is not has neither name nor colour, but is part of the sum."""
        return self.status != "not detected"

    @property
    def is_numbered(self) -> bool:
        """Return whether it has a number and no assignment."""
        return self.phase.isdigit()


def title_of(dataset: xr.Dataset) -> str:
    """Return the core level of a region, or its name in the file."""
    return str(dataset.attrs.get("core_level") or dataset.attrs.get("region", ""))


def is_corrected(dataset: xr.Dataset) -> bool:
    """Return whether the energies are after a charge reference."""
    return str(dataset.attrs.get("charge_reference", "no charge reference")) != "no charge reference"


def curve_of(dataset: xr.Dataset, name: str) -> Floats:
    """Return a variable of a region as floats."""
    return np.asarray(dataset[name].values, dtype=float)


def measured_in(dataset: xr.Dataset) -> tuple[Floats, str]:
    """Return the measured values and the label of their axis."""
    if "counts" in dataset:
        return curve_of(dataset, "counts"), "counts"
    units = str(dataset["intensity"].attrs.get("units", ""))
    return curve_of(dataset, "intensity"), "intensity / (counts/s)" if units == "counts/s" else "intensity"


def components(dataset: xr.Dataset) -> list[Component]:
    """Return the components of a region, strongest first."""
    found = []
    for i, label in enumerate(dataset["component"].values):
        curve, status = curve_of(dataset, "components")[i], str(dataset["status"].values[i])
        if float(curve.max(initial=0.0)) > 0:
            found.append(Component(str(label), status, curve, float(dataset["position"].values[i])))
    return sorted(found, key=lambda each: -float(each.curve.max()))
