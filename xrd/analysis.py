"""Analysis of powder patterns: phases, positions, cells, displacements, sizes."""

from collections.abc import Sequence

import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.results import as_list, tree
from interlayer.core.settings import resolve
from interlayer.core.summary import Rows, origin
from interlayer.xrd import nodes, remarks
from interlayer.xrd import quantify as quantification
from interlayer.xrd.examine import Study, examine
from interlayer.xrd.inputs import prepare
from interlayer.xrd.phases import Phase, candidates, find
from interlayer.xrd.report import rows_of_study
from interlayer.xrd.settings import SETTINGS

#: Scherrer constant of the FWHM unless set
SCHERRER = 0.9
#: what is always looked for and reported on
_ALWAYS = "Li3N"


def analyze(
    raw: xr.Dataset | Sequence[xr.Dataset],
    *,
    phase: Sequence[str] | str | None = None,
    radius: float | str | None = None,
    anode: str | None = None,
    wavelength: float | str | None = None,
    instrument_width: float | str | None = None,
    standard: str | None = None,
    two_theta_min: float | str | None = None,
    two_theta_max: float | str | None = None,
    scherrer_constant: float | None = None,
    quantify: str | None = None,
) -> xr.DataTree:
    """Analyse one powder pattern, blind unless phases are named.

    Parameters
    ----------
    raw
        A pattern from :func:`interlayer.xrd.read` (of several, all but the first are refused).
    phase
        Phases to report on even if not found: bundled names, paths of CIF or TOML files. They join the
        bundled candidates.
    radius
        Goniometer radius in mm; wins over the file's.
    anode, wavelength
        Kα doublet of a tube, or one wavelength in angstrom.
    instrument_width
        Gaussian FWHM of the instrument in degree, ± 5 %; default: estimated with the pattern.
    standard
        A phase whose cell is held at its published value (internal standard).
    two_theta_min, two_theta_max
        Range that is used, degree.
    scherrer_constant
        K; default 0.9, its spread then included in the interval of the size.
    quantify
        Weight fractions by "structure" (all families) or "rir" (strongest line of each phase); default: none.

    Returns
    -------
    xr.DataTree
        ``/`` curves over two_theta; tables ``peaks``, ``unexplained``, ``candidates``, ``parameters``;
        ``summary``.

    Raises
    ------
    AnalysisError
        When the data are no pattern that can be analysed.
    SettingError
        When a setting is wrong or a phase unknown.
    """
    given = {
        "phase": phase,
        "radius": radius,
        "anode": anode,
        "wavelength": wavelength,
        "instrument_width": instrument_width,
        "standard": standard,
        "two_theta_min": two_theta_min,
        "two_theta_max": two_theta_max,
        "scherrer_constant": scherrer_constant,
        "quantify": quantify,
    }
    settings = resolve({key: value for key, value in given.items() if value is not None}, SETTINGS, "xrd")
    raws = as_list(raw)
    if len(raws) != 1:
        raise AnalysisError(
            "XRD analyses one pattern at a time", expected="one pattern", found=f"{len(raws)} patterns"
        )
    return _analyze(raws[0], settings)


def _analyze(raw: xr.Dataset, settings: dict[str, str | float | bool | list[str] | None]) -> xr.DataTree:
    def number(name: str) -> float | None:
        value = settings.get(name)
        return float(value) if isinstance(value, float | int | str) else None

    anode = settings.get("anode")
    inputs = prepare(
        raw,
        radius=number("radius"),
        anode=anode if isinstance(anode, str) else None,
        wavelength=number("wavelength"),
        instrument_width=number("instrument_width"),
        low=number("two_theta_min"),
        high=number("two_theta_max"),
    )
    asked = settings.get("phase")
    named = [find(name) for name in asked] if isinstance(asked, list) else []
    held = settings.get("standard")
    standard = find(held) if isinstance(held, str) else None
    looked_for = _candidates(named, standard)
    constant = number("scherrer_constant")
    study = examine(inputs, looked_for, constant or SCHERRER, standard)
    missing = _missing(study, looked_for, {_ALWAYS, *(each.name for each in named)})
    rows = Rows("xrd", origin(raw))
    found = rows_of_study(study, rows, constant or SCHERRER, constant is not None, missing)
    how = settings.get("quantify")
    warnings, steps = remarks.warnings(study), remarks.steps(study, looked_for)
    if isinstance(how, str):
        wanted = [each for each in missing if each.name in {phase.name for phase in named}]
        found += quantification.rows_of_quantification(study, rows, how, wanted)
        warnings, steps = warnings + quantification.warnings(study), steps + quantification.steps(how)
    return tree(
        "xrd",
        raw,
        found,
        nodes.nodes(study, looked_for),
        settings=settings,
        warnings=warnings,
        steps=steps,
    )


def _candidates(named: list[Phase], standard: Phase | None) -> list[Phase]:
    everything = [*named, *([standard] if standard else []), *candidates()]
    return list({phase.name: phase for phase in reversed(everything)}.values())[::-1]


def _missing(study: Study, looked_for: list[Phase], wanted: set[str]) -> list[Phase]:
    return [p for p in looked_for if p.name in wanted and p.name not in study.positions]
