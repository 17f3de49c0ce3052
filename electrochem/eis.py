"""Impedance spectra: circuit fits of every sweep, Kramers–Kronig test, series, area-specific resistances."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import stats

from interlayer.core.errors import SettingError
from interlayer.core.intervals import Interval
from interlayer.core.summary import Row, Rows, origin
from interlayer.electrochem import eis_tables as tables
from interlayer.electrochem import spectra as sweeps
from interlayer.electrochem.common import Floats, Given, Outcome, area_warnings
from interlayer.electrochem.model import drt, kk
from interlayer.electrochem.model.circuit import Circuit
from interlayer.electrochem.model.fit import Fit, misfit
from interlayer.electrochem.model.relaxations import resolve
from interlayer.electrochem.model.report import report
from interlayer.electrochem.spectra import Spectrum

#: gain error of impedance analysers (one standard deviation): 0.3 % is a usual contour of data sheets
_GAIN_STDDEV = 0.003 / np.sqrt(3.0)
#: another valley of the sum of squares is told when it is lower by this share
_LOWER = 0.02


def analyze(raws: Sequence[xr.Dataset], given: Given) -> Outcome:
    """Fit every sweep of one or more files."""
    outcome = Outcome(warnings=area_warnings(raws, given))
    spectra = sweeps.load(raws, outcome.warnings)
    exponent = sweeps.WEIGHTINGS[given.text("weighting", "auto")]
    choice = sweeps.choose(spectra, given.text("circuit"), exponent)
    chosen = choice.circuit
    outcome.steps.append(choice.note)
    spectra = sweeps.without_inductive(spectra, chosen, outcome.steps)
    start = start_values(given.text("start"), chosen)
    fits = sweeps.fit_all(chosen, spectra, exponent, start)
    if start is not None:
        _other_valley(chosen, spectra, fits, outcome)
    _tell_misfit(fits, outcome)
    tests = [kk.test(each.frequency, each.z) for each in spectra]
    _tell_disagreement(spectra, tests, outcome)
    rows = Rows("electrochem", origin(raws))
    outcome.rows += _rows(rows, chosen, fits, spectra, given)
    outcome.nodes["trace"] = tables.curves(spectra, fits, tests)
    outcome.nodes["sweeps"] = tables.sweeps(chosen, fits, spectra, tests)
    outcome.nodes["correlation"] = tables.covariance(chosen, fits)
    outcome.nodes["trace"].attrs |= {"circuit": chosen.text, "report": report(fits[-1][0], fits[-1][1])}
    if choice.candidates is not None:
        outcome.nodes["candidates"] = choice.candidates
    if len(spectra) > 3:
        outcome.nodes["trends"] = tables.trends(chosen, fits, spectra)
    _relaxations(spectra, outcome)
    outcome.steps += [
        f"{len(spectra)} sweeps were fitted with {chosen.text} "
        "(Levenberg-Marquardt, log parameters, analytic derivatives, "
        + ("starts as given" if start is not None else "starts from the data")
        + "); "
        + ("the noise model s|Z|^g and s come" if exponent is None else f"noise s|Z|^{exponent:g}, s comes")
        + " from the residuals; arcs are numbered by rising time constant.",
        "Kramers-Kronig: one chain of relaxations for both parts against separate ones (F test), so that the "
        "noise level need not be known.",
    ]
    return outcome


def start_values(text: str, chosen: Circuit) -> Floats | None:
    """Return the start values of a circuit from a text such as "R0=0.01, R1=0.02"; None when it is empty.

    Raises
    ------
    SettingError
        When a parameter of the circuit is missing, unknown, or not a positive number.
    """
    if not text:
        return None
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    values = {name.strip(): _number(value) for name, _, value in pairs}
    wrong = [name for name in values if name not in chosen.names or not values[name] > 0]
    missing = [name for name in chosen.names if name not in values]
    if wrong or missing:
        raise SettingError(
            "start values that cannot be used",
            expected="a positive number for each of " + ", ".join(chosen.names),
            found=f"{text!r}" + (f"; without {', '.join(missing)}" if missing else ""),
            advice='Write them like start = "R0=10, R1=50, CPE1_Q=1e-5, CPE1_n=0.9", together with circuit.',
        )
    return np.array([values[name] for name in chosen.names])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _other_valley(
    chosen: Circuit, spectra: Sequence[Spectrum], fits: Sequence[tuple[Fit, int]], outcome: Outcome
) -> None:
    """Tell when the search from the data's own starts ends lower than the fit from the given ones."""
    fitted, row = fits[0]
    (other, _), *_ = sweeps.fit_all(chosen, spectra[:1], float(fitted.exponent[row]))
    if float(other.chi_square[0]) < (1 - _LOWER) * float(fitted.chi_square[row]):
        values = ", ".join(f"{n}={v:.4g}" for n, v in zip(chosen.names, other.values[0], strict=True))
        share = 100 * (1 - float(other.chi_square[0]) / float(fitted.chi_square[row]))
        outcome.warnings.append(
            f"From the given start values the fit ends in a valley that is not the lowest: {values} "
            f"has a {share:.0f} % smaller sum of squares (first sweep). Without start it is found."
        )


def _tell_misfit(fits: Sequence[tuple[Fit, int]], outcome: Outcome) -> None:
    wrong = [place + 1 for place, (fitted, row) in enumerate(fits) if misfit(fitted)[row]]
    if wrong:
        outcome.warnings.append(
            f"The circuit does not describe {len(wrong)} of {len(fits)} sweeps (serially correlated "
            f"residuals; sweep {', '.join(map(str, wrong[:5]))}): the intervals are widened for it."
        )


def _tell_disagreement(
    spectra: Sequence[Spectrum], tests: Sequence[kk.KramersKronig], outcome: Outcome
) -> None:
    alarms = [
        str(s.number) for s, test in zip(spectra, tests, strict=True) if not test.consistent(len(tests))
    ]
    if alarms:
        size = max(100 * test.disagreement for test in tests)
        outcome.warnings.append(
            f"{len(alarms)} of {len(spectra)} sweeps do not agree "
            "with the Kramers-Kronig relations within their noise "
            f"(p < {kk.ALARM:g} for the series; sweep {', '.join(alarms[:5])}; at "
            f"most {size:.2g} % of |Z|): the cell drifted, or was "
            "not linear, or an artefact of the instrument."
        )


def _relaxations(spectra: Sequence[Spectrum], outcome: Outcome) -> None:
    """Add the distribution of relaxation times of the first and the last sweep."""
    picked = spectra if len(spectra) == 1 else [spectra[0], spectra[-1]]
    found = [drt.distribution(each.frequency, each.z) for each in picked]
    fits = [resolve(s.frequency, s.z, each) for s, each in zip(picked, found, strict=True)]
    numbers = [each.number for each in picked]
    outcome.nodes["drt"] = tables.distributions(numbers, found)
    table = tables.relaxations(numbers, fits)
    if table is not None:
        outcome.nodes["relaxations"] = table
    outcome.steps.append(
        "Distribution of relaxation times: Tikhonov (second derivative, gamma >= 0), strength by generalised "
        "cross-validation; its peaks are fitted as ZARC elements (table relaxations)."
    )


def resistance(fitted: Fit, row: int, name: str) -> Interval:
    """Return a resistance with its 95 % interval: noise (log scale), misfit, the analyser's gain."""
    k = fitted.circuit.names.index(name)
    x = float(fitted.x[row, k])
    s = float(np.hypot(fitted.stddev[row, k] * sweeps.autocorrelation_factor(fitted, row), _GAIN_STDDEV))
    reach = float(stats.t.ppf(0.975, fitted.dof)) * s
    value = float(np.exp(x))
    with np.errstate(over="ignore"):  # an element that is not there has no upper end
        return Interval(value, value * s, float(np.exp(x - reach)), float(np.exp(x + reach)))


def resistances(chosen: Circuit) -> list[str]:
    """Return the names of the resistances of a circuit."""
    return [leaf.name for leaf in chosen.elements() if leaf.kind == "R"]


def _rows(
    rows: Rows, chosen: Circuit, fits: Sequence[tuple[Fit, int]], spectra: Sequence[Spectrum], given: Given
) -> list[Row]:
    found: list[Row] = []
    ends = [("", 0)] if len(fits) == 1 else [(" first", 0), (" last", len(fits) - 1)]
    method = f"fit of {chosen.text}, noise from the residuals, gain error 0.3 % assumed"
    area, symmetric = given.size("area"), given.flag("symmetric")
    for suffix, place in ends:
        fitted, row = fits[place]
        for name in resistances(chosen):
            interval = resistance(fitted, row, name)
            found += _resistance_rows(rows, name + suffix, interval, method, area, symmetric, given)
    return found


def _resistance_rows(
    rows: Rows, subject: str, interval: Interval, method: str, area: float, symmetric: bool, given: Given
) -> list[Row]:
    if not np.isfinite(interval.high) or interval.stddev > sweeps.DETERMINED * 2 * interval.value:
        note = (
            "the spectrum does not determine this element (its interval spans more than a factor of about 7)"
        )
        return [rows.absent("not resolved", "resistance", subject, "ohm", method, note)]
    found = [rows.measured("resistance", subject, interval, "ohm", method)]
    if np.isfinite(area):
        scaled = interval.scaled(area / 2 if symmetric else area)
        stddev = given.number("area_stddev")
        if np.isfinite(stddev):
            scaled = scaled.with_systematic(scaled.value * stddev / area)
        how = "per electrode of a symmetric cell, R A / 2" if symmetric else "of the whole cell, R A"
        found.append(
            rows.measured("area_specific_resistance", subject, scaled, "ohm cm^2", f"{method}; {how}")
        )
    return found
