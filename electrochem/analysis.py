"""The one entrance of electrochemistry: which kind, which settings, one result."""

from collections.abc import Callable, Sequence
from importlib import import_module

import xarray as xr

from interlayer.core.errors import SettingError
from interlayer.core.results import as_list, tree
from interlayer.core.settings import resolve
from interlayer.core.threads import one_thread
from interlayer.electrochem.common import Given, Outcome, reader_warnings
from interlayer.electrochem.kinds import recognise
from interlayer.electrochem.settings import KINDS, SETTINGS

Quantity = str | float | None


@one_thread
def analyze(
    raw: xr.Dataset | Sequence[xr.Dataset],
    *,
    kind: str | None = None,
    area: Quantity = None,
    area_stddev: Quantity = None,
    mass: Quantity = None,
    mass_stddev: Quantity = None,
    nominal_capacity: Quantity = None,
    reference_cycle: float | None = None,
    cell: str | None = None,
    applied_voltage: Quantity = None,
    circuit: str | None = None,
    weighting: str | None = None,
    start: str | None = None,
    symmetric: bool | None = None,
    active_mass: Quantity = None,
    molar_mass: Quantity = None,
    molar_volume: Quantity = None,
    contact_area: Quantity = None,
    radius: Quantity = None,
    voltage_limit: Quantity = None,
    series: bool | None = None,
    columns: Sequence[str] | None = None,
) -> xr.DataTree:
    """Analyse one measurement, or those that belong together (transference: polarisation and spectra).

    Parameters
    ----------
    raw
        What `interlayer.electrochem.read` returned; several belong to one measurement.
    kind
        cv, ccd, transference, gitt, eis, plating or cycling; recognised from the data when None.
    area, area_stddev, …
        The settings of `interlayer.electrochem.settings`: numbers in the declared unit, or texts with a unit.
        A setting that the kind does not use is an error, except the facts of the cell (area, mass).
    series, columns
        For the command line (several files in one analysis) and for reading; accepted so that one set of
        settings serves all. Several ``raw`` are always analysed together.

    Returns
    -------
    xr.DataTree
        Curves, tables and ``summary``; see `interlayer.core.results.tree`.

    Raises
    ------
    SettingError
        For an unknown kind or a setting that cannot be.
    AnalysisError
        When the data do not hold what the kind needs.
    """
    given = {
        name: value for name, value in locals().items() if name not in ("raw", "kind") and value is not None
    }
    raws = as_list(raw)
    if not raws:
        raise SettingError("nothing to analyse", expected="at least one raw Dataset")
    chosen = kind or recognise(raws)
    if chosen not in KINDS:
        raise SettingError(
            "unknown kind of measurement", expected="one of " + ", ".join(KINDS), found=repr(kind)
        )
    settings = resolve(given, SETTINGS, "electrochem", chosen)
    module = import_module(f"interlayer.electrochem.{chosen}")
    run: Callable[[Sequence[xr.Dataset], Given], Outcome] = module.analyze
    outcome = run(raws, Given(settings))
    return tree(
        "electrochem",
        raws,
        outcome.rows,
        outcome.nodes,
        kind=chosen,
        settings=settings,
        warnings=[*reader_warnings(raws), *outcome.warnings],
        steps=outcome.steps,
    )
