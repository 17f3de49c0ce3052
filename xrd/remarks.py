"""What a reader must be told about a pattern, and what was done, in sentences."""

import numpy as np

from interlayer.xrd import evidence
from interlayer.xrd.calibrate import Calibration
from interlayer.xrd.examine import Study
from interlayer.xrd.model.source import HEIGHT_SPREAD
from interlayer.xrd.phases import Phase
from interlayer.xrd.report import contradiction

_POOR = 2.0


def warnings(study: Study) -> list[str]:
    """Return the warnings of an analysis, with numbers."""
    found = list(study.inputs.warnings)
    found += [contradiction(study, study.positions[name]) for name in study.agreement.contradictory]
    found += _ambiguous(study) + _unexplained(study) + _far(study)
    reduced = study.fit.chi_square / study.fit.dof
    if reduced > _POOR:
        found.append(
            f"The fit leaves χ² = {reduced:.1f} per degree of freedom: the intervals are widened for it, and "
            "phases outside the candidates or profiles unlike the model's are likely."
        )
    if not study.positions:
        found.append("No candidate phase explains two or more families of peaks.")
    return found


def _ambiguous(study: Study) -> list[str]:
    told = []
    for name, others in study.found.alternatives.items():
        match = next(each for each in study.found.matches if each.phase.name == name)
        places = ", ".join(f"{study.peaks[k].position:.2f}°" for k in sorted(match.peaks))
        told.append(
            f"{name} is ambiguous: {' or '.join(others)} explains its peaks ({places}) about as well within "
            "the possible displacement and cells."
        )
    return told


def _unexplained(study: Study) -> list[str]:
    if not study.found.unexplained:
        return []
    strong = sorted(study.found.unexplained, key=lambda i: -study.peaks[i].significance)[:8]
    wave = study.inputs.source.alpha1
    parts = []
    for i in sorted(strong):
        peak = study.peaks[i]
        spacing = wave / 2 / np.sin(np.radians(peak.position / 2))
        hints = [name for name, places in study.found.hints.items() if i in places]
        maybe = f", one line of {' or '.join(hints)} at most" if hints else ""
        parts.append(f"{peak.position:.2f}° (d = {spacing:.3f} Å{maybe})")
    count = len(study.found.unexplained)
    listed = "" if count <= len(strong) else f"; the strongest {len(strong)} of {count}"
    return [f"Peaks that no candidate explains: {', '.join(parts)}{listed}."]


def _far(study: Study) -> list[str]:
    radius = study.inputs.instrument.prior_radius
    return [
        f"The displacement of layer {layer!r} would be {height * radius:+.2f} mm (R = {radius:g} mm): more "
        "than a carefully mounted specimen shows."
        for layer, height in study.agreement.heights.items()
        if abs(height) * radius > 3 * HEIGHT_SPREAD
    ]


def steps(study: Study, looked_for: list[Phase]) -> list[str]:
    """Return the steps that ran, in sentences."""
    fitted = study.fit
    done = list(study.inputs.steps)
    done.append(
        f"{len(study.peaks)} peaks were found with matched filters and free doublets over a background of "
        f"{fitted.pattern.background} functions (Chebyshev, 1/2θ) and {fitted.pattern.humps} broad humps."
    )
    names = ", ".join(study.positions) or "none"
    done.append(
        f"{len(looked_for)} candidate phases were laid over the peaks; at least two families were asked for. "
        f"Found: {names}."
    )
    done.append(
        "Every reflection was fitted at a position of its own; then cells, one height per layer, sizes and "
        "background were fitted to the whole pattern (Pawley), areas by variable projection, with Poisson "
        f"weights from the model: χ² = {fitted.chi_square / fitted.dof:.3f} per degree of freedom."
    )
    factors = [evidence.inflation(fitted, name) for name in study.positions]
    if factors:
        done.append(
            f"For misfit and serial correlation intervals were widened {min(factors):.2f}- to "
            f"{max(factors):.2f}-fold."
        )
    return done


def calibration(found: Calibration) -> str:
    """Return the step of a calibration, in a sentence."""
    have, spread = found.instrument, found.stddev
    middle = float(np.mean(found.fit.data.two_theta[[0, -1]]))
    tangent = np.tan(np.radians(middle) / 2)
    width = np.sqrt(max(have.u * tangent**2 + have.v * tangent + have.w, 0.0))
    return (
        f"The instrument was calibrated with {found.standard}, its cell held and its lines without a width "
        f"of their own: Gaussian FWHM {width:.4f}° at {middle:.0f}°, optics {have.y:.4f} ± "
        f"{spread['y']:.4f}°, low tail {have.low_tail:.4f} ± {spread['low_tail']:.4f}° cot θ, zero shift "
        f"{have.zero:+.4f} ± {spread['zero']:.4f}°."
    )
