"""Analysis of powder patterns: phases, positions, cells, displacements, sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.results import as_list, tree
from interlayer.core.settings import Value, resolve
from interlayer.core.summary import Rows, origin
from interlayer.core.threads import one_thread
from interlayer.xrd import nodes, remarks
from interlayer.xrd import quantify as quantification
from interlayer.xrd.calibrate import calibrate as calibrated
from interlayer.xrd.examine import Study, examine, whole
from interlayer.xrd.inputs import Inputs, prepare
from interlayer.xrd.phases import Phase, candidates, find, standards
from interlayer.xrd.report import rows_of_study
from interlayer.xrd.settings import SETTINGS

#: Scherrer constant of the FWHM unless set
SCHERRER = 0.9
#: what is always looked for and reported on
_ALWAYS = "Li3N"
#: χ² per degree of freedom from which weight fractions are refused
_POOR = 2.0


@one_thread
def analyze(
    raw: xr.Dataset | Sequence[xr.Dataset],
    *,
    phase: Sequence[str] | str | None = None,
    radius: float | str | None = None,
    anode: str | None = None,
    wavelength: float | str | None = None,
    instrument_width: float | str | None = None,
    standard: str | None = None,
    instrument: str | None = None,
    calibrate: bool | None = None,
    series: str | None = None,
    two_theta_min: float | str | None = None,
    two_theta_max: float | str | None = None,
    scherrer_constant: float | None = None,
    quantify: str | None = None,
) -> xr.DataTree:
    """Analyse powder patterns, blind unless phases are named.

    Parameters
    ----------
    raw
        A pattern from :func:`interlayer.xrd.read`, or several that are one series.
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
        A phase whose cell is held at its published value (internal standard); a zero shift is then fitted.
    instrument
        Path of the instrument.toml of a calibration.
    calibrate
        The pattern is of a standard: the instrument's profile is the result (table ``instrument``).
    series
        What changes from pattern to pattern: "time", "temperature", "depth" or any name.
    two_theta_min, two_theta_max
        Range that is used, degree.
    scherrer_constant
        K; default 0.9.
    quantify
        Weight fractions by "structure" (all families) or "rir" (strongest line of each phase); default: none.

    Returns
    -------
    xr.DataTree
        ``/`` curves over two_theta; tables ``peaks``, ``unexplained``, ``candidates``, ``sizes``,
        ``parameters``; ``summary``. Of a series: ``/`` all patterns, table ``series``, ``summary`` of the
        first and the last pattern.

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
        "instrument": instrument,
        "calibrate": calibrate,
        "series": series,
        "two_theta_min": two_theta_min,
        "two_theta_max": two_theta_max,
        "scherrer_constant": scherrer_constant,
        "quantify": quantify,
    }
    settings = resolve({key: value for key, value in given.items() if value is not None}, SETTINGS, "xrd")
    raws = as_list(raw)
    if len(raws) > 1 or settings.get("series"):
        from interlayer.xrd.series import analyze_series

        return analyze_series(raws, settings)
    return analyze_one(raws[0], settings)


def _number(settings: Mapping[str, Value], name: str) -> float | None:
    value = settings.get(name)
    return float(value) if isinstance(value, float | int | str) else None


def _text(settings: Mapping[str, Value], name: str) -> str | None:
    value = settings.get(name)
    return value if isinstance(value, str) else None


def inputs_of(raw: xr.Dataset, settings: Mapping[str, Value]) -> Inputs:
    """Return what the fit takes from a raw pattern."""
    path = _text(settings, "instrument")
    return prepare(
        raw,
        radius=_number(settings, "radius"),
        anode=_text(settings, "anode"),
        wavelength=_number(settings, "wavelength"),
        instrument_width=_number(settings, "instrument_width"),
        calibrated=Path(path) if path else None,
        low=_number(settings, "two_theta_min"),
        high=_number(settings, "two_theta_max"),
    )


def phases_of(settings: Mapping[str, Value]) -> tuple[list[Phase], Phase | None, set[str]]:
    """Return the phases to look for, the internal standard, and the names that are reported on anyway."""
    asked, held = settings.get("phase"), _text(settings, "standard")
    named = [find(name) for name in asked] if isinstance(asked, list) else []
    standard = find(held) if held else None
    everything = [*named, *([standard] if standard else []), *candidates()]
    looked_for = list({phase.name: phase for phase in reversed(everything)}.values())[::-1]
    return looked_for, standard, {_ALWAYS, *(each.name for each in named)}


def scherrer_of(settings: Mapping[str, Value]) -> float:
    """Return the Scherrer constant."""
    return _number(settings, "scherrer_constant") or SCHERRER


def analyze_one(raw: xr.Dataset, settings: Mapping[str, Value]) -> xr.DataTree:
    """Analyse one pattern with resolved settings."""
    inputs, scherrer = inputs_of(raw, settings), scherrer_of(settings)
    if settings.get("calibrate"):
        return _calibration(raw, inputs, settings, scherrer)
    looked_for, standard, wanted = phases_of(settings)
    study = examine(inputs, looked_for, scherrer, standard)
    return result_of(raw, study, looked_for, wanted, settings)


def result_of(
    raw: xr.Dataset, study: Study, looked_for: list[Phase], wanted: set[str], settings: Mapping[str, Value]
) -> xr.DataTree:
    """Return the tree of one pattern's results."""
    missing = [p for p in looked_for if p.name in wanted and p.name not in study.positions]
    given = "scherrer_constant" in settings
    rows = Rows("xrd", origin(raw))
    found = rows_of_study(study, rows, scherrer_of(settings), given, missing)
    warnings, steps = remarks.warnings(study), remarks.steps(study, looked_for)
    how = _text(settings, "quantify")
    if how:
        asked = settings.get("phase")
        named = {find(name).name for name in asked} if isinstance(asked, list) else set()
        undetected = [each for each in missing if each.name in named]
        everything = whole(study)
        poor = everything.fit.chi_square / everything.fit.dof
        if poor > _POOR:
            why = (
                f"the fit leaves χ² = {poor:.1f} per degree of freedom: areas of overlapping lines are not "
                "believed"
            )
            found += [
                rows.absent("not determined", "weight_fraction", name, "1", f"weight fractions by {how}", why)
                for name in everything.positions
            ]
        else:
            found += quantification.rows_of_quantification(everything, rows, how, undetected)
        warnings, steps = warnings + quantification.warnings(everything), steps + quantification.steps(how)
    return tree(
        "xrd",
        raw,
        found,
        nodes.nodes(study, looked_for),
        settings=dict(settings),
        warnings=warnings,
        steps=steps,
    )


def _calibration(
    raw: xr.Dataset, inputs: Inputs, settings: Mapping[str, Value], scherrer: float
) -> xr.DataTree:
    """Return the tree of a calibration: the standard's pattern, and the table ``instrument``."""
    held = _text(settings, "standard")
    tried = [find(held)] if held else standards()
    studies = [examine(inputs, [each], scherrer, each) for each in tried]
    best = min(studies, key=lambda study: (-len(study.positions), study.fit.chi_square))
    if not best.positions:
        raise AnalysisError(
            "no standard is found in this pattern",
            expected="lines of " + ", ".join(each.name for each in tried),
            found=f"{len(best.peaks)} peaks that fit none of them",
            advice="Name the standard, or its CIF, with --standard.",
        )
    found = calibrated(best, best.plan)
    study = replace(best, fit=found.fit)
    rows = rows_of_study(study, Rows("xrd", origin(raw)), scherrer, True, [])
    rows = [row for row in rows if row.quantity in ("peak_position", "displacement", "detection")]
    source = str(raw.attrs.get("source", ""))
    return tree(
        "xrd",
        raw,
        rows,
        {**nodes.nodes(study, tried), "instrument": nodes.instrument(found, source)},
        settings=dict(settings),
        warnings=remarks.warnings(study),
        steps=[*remarks.steps(study, tried), remarks.calibration(found)],
    )
