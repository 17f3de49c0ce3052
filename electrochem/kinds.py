"""Which kind of measurement is this: from the data alone."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.electrochem import segments
from interlayer.electrochem.common import Floats, clock, column, time_rows


def recognise(raws: Sequence[xr.Dataset]) -> str:
    """Return the kind of measurement: cv, ccd, transference, gitt, eis, plating or cycling.

    Raises
    ------
    AnalysisError
        When the data look like none of them.
    """
    spectra = [raw for raw in raws if "frequency" in raw and not _has_time_rows(raw)]
    if len(spectra) == len(raws):
        return "eis"
    if spectra:
        return "transference"
    raw = time_rows(raws[0])
    technique = str(raw.attrs.get("eclab_technique", ""))
    if technique in ("CV", "CVA", "LSV", "Cyclic Voltammetry") or _is_ramp(raw):
        return "cv"
    return _galvanostatic(raw)


def _has_time_rows(raw: xr.Dataset) -> bool:
    return bool("time" in raw and "frequency" in raw and np.mean(~np.isfinite(raw["frequency"].values)) > 0.5)


def _is_ramp(raw: xr.Dataset) -> bool:
    """Return True when the voltage moves at one speed up and down."""
    if "time" not in raw or "voltage" not in raw or raw.sizes["point"] < 50:
        return False
    time, voltage = clock(raw, []), column(raw, "voltage", "cv")
    width = max(raw.sizes["point"] // 400, 1)
    rate = np.diff(voltage[::width]) / np.maximum(np.diff(time[::width]), 1e-9)
    speed = float(np.median(np.abs(rate)))
    reversals = float(np.mean(np.diff(np.sign(rate)) != 0))
    steady = float(np.mean(np.abs(np.abs(rate) / max(speed, 1e-12) - 1) < 0.2))
    return speed > 1e-6 and steady > 0.8 and reversals < 0.1


def _galvanostatic(raw: xr.Dataset) -> str:
    if "current" not in raw or "voltage" not in raw:
        raise AnalysisError(
            "the kind of measurement is not recognised", expected="voltage and current against time, or a spectrum",
            found=", ".join(map(str, raw.data_vars)), advice="Give kind.",
        )  # fmt: skip
    time = clock(raw, [])
    voltage, current = column(raw, "voltage", "this"), column(raw, "current", "this")
    steps = segments.find(raw, time)
    active = [each for each in steps if each.sign]
    directions = {each.sign for each in active}
    if _is_symmetric(voltage, current):
        sizes = np.array([abs(each.current) for each in active])
        changes = int(np.sum(np.abs(np.diff(sizes)) > 0.05 * sizes[1:])) if sizes.size > 1 else 0
        rising = sizes.size > 3 and changes >= 3 and changes >= 0.3 * (sizes.size / 2)
        return "ccd" if rising else "plating"
    if len(active) >= 4 and len(directions) == 1 and _rests_between(steps):
        return "gitt"
    if len(active) >= 1:
        return "cycling"
    raise AnalysisError("no current flows in these data: nothing to analyse", advice="Give kind.")


def _is_symmetric(voltage: Floats, current: Floats) -> bool:
    """Return True when the voltage has the sign of the current: two equal electrodes."""
    flowing = np.abs(current) > 0.01 * np.max(np.abs(current), initial=1e-30)
    if flowing.sum() < 4 or not ((current[flowing] > 0).any() and (current[flowing] < 0).any()):
        return False
    return float(np.mean(voltage[flowing] * current[flowing] > 0)) > 0.8


def _rests_between(steps: Sequence[segments.Segment]) -> bool:
    inner = [each for each in steps[1:-1] if each.sign == 0]
    active = [each for each in steps if each.sign]
    return len(inner) >= 0.7 * (len(active) - 1) and len(inner) > 2
