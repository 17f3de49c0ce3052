"""From raw EDS data to the thickness of a layer, or to the reason why there is none."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from interlayer.core.errors import AnalysisError
from interlayer.core.intervals import Z95
from interlayer.core.results import as_list, tree
from interlayer.core.settings import resolve
from interlayer.core.summary import Row, Rows, origin
from interlayer.core.threads import one_thread
from interlayer.eds import composition, inputs, nodes, report, spectrum, unmix
from interlayer.eds.electron_range import electron_range, material
from interlayer.eds.inputs import Spectrum, Target
from interlayer.eds.measure import Outcome, measure
from interlayer.eds.settings import SETTINGS

#: materials whose electron range is stated when none is named
MATERIALS = ("Li", "Li3N", "PEO")


@one_thread
def analyze(
    raw: xr.Dataset | Sequence[xr.Dataset],
    *,
    element: str | Sequence[str] | None = None,
    pixel_size: str | None = None,
    section_angle: str | float | None = None,
    edge_width: str | float | None = None,
    beam_voltage: str | float | None = None,
    energy_step: str | float | None = None,
    k_factor: str | Sequence[str] | None = None,
    material: str | Sequence[str] | None = None,
) -> xr.DataTree:
    """Return the layer of each element of a spectrum map, or of element maps.

    Parameters
    ----------
    raw
        A spectrum map, a spectrum, or one or many element maps, as `interlayer.eds.read` gives them.
    element
        Elements to measure; without it N, and every other element found that forms a layer.
    pixel_size
        "20 nm" or "20 nm x 25 nm" (x by y); replaces the file's.
    section_angle
        Degrees between the section and the layer's normal.
    edge_width
        nm, σ of the blur at both interfaces when known from a sharp reference edge.
    beam_voltage, energy_step
        kV and eV per channel; replace the file's.
    k_factor
        Cliff–Lorimer factors of mass ratios from a standard, "N/O=1.9 ± 0.2"; calculated without.
    material
        Materials whose electron range is stated.

    Returns
    -------
    xr.DataTree
        Nodes ``spectrum``, ``lines``, ``composition``, and per element ``<element>/map``,
        ``<element>/profile`` and ``<element>/along``; child ``summary``.

    Raises
    ------
    AnalysisError
        When a map has no scale, or no map of the element is there.
    """
    given = {name: value for name, value in locals().items() if name != "raw" and value is not None}
    chosen = resolve(given, SETTINGS, "eds")
    raws = as_list(raw)
    job = _Job(raws, chosen)
    job.run()
    return tree("eds", raw, job.rows, job.nodes, settings=chosen, warnings=job.warnings, steps=job.steps)


class _Job:
    """One analysis under way: collects rows, nodes, warnings and steps."""

    def __init__(self, raws: Sequence[xr.Dataset], chosen: Mapping[str, object]) -> None:
        self.raws = raws
        self.chosen = chosen
        self.rows: list[Row] = []
        self.nodes: dict[str, xr.Dataset] = {}
        self.warnings: list[str] = []
        self.steps: list[str] = []
        self.make = Rows("eds", origin(list(raws)))
        self.kilovolts = 0.0
        self.total: Spectrum | None = None
        self.smeared: dict[str, list[str]] = {}

    def run(self) -> None:
        """Measure every target, or say why there is none."""
        self.warnings += [f"{note}." for raw in self.raws if (note := str(raw.attrs.get("reader_note", "")))]
        targets = self._targets()
        outcomes = [measure(target, self._number("edge_width")) for target in targets]
        kept = [each for each in outcomes if each.target.asked or each.status in ("measured", "upper limit")]
        for outcome in kept:
            self._add(outcome)
        self.warnings += [f"{', '.join(names)}: {note}." for note, names in self.smeared.items()]
        self._compare(kept)
        self._composition(kept)
        dropped = [each.target.element for each in outcomes if each not in kept]
        if dropped:
            self.steps.append(f"No layer of {', '.join(dropped)} was found.")

    def _number(self, name: str) -> float | None:
        value = self.chosen.get(name)
        return float(value) if isinstance(value, int | float) else None

    def _text(self, name: str) -> str | None:
        value = self.chosen.get(name)
        return value if isinstance(value, str) else None

    def _elements(self) -> list[str] | None:
        value = self.chosen.get("element")
        return [str(each) for each in value] if isinstance(value, list) else None

    def _targets(self) -> list[Target]:
        spectra = [raw for raw in self.raws if "counts" in raw]
        maps = [raw for raw in self.raws if "counts" not in raw]
        targets: list[Target] = []
        if len(spectra) > 1:
            raise AnalysisError(
                "several spectra or spectrum maps", expected="one at a time", found=len(spectra)
            )
        for raw in spectra:
            total = inputs.sum_spectrum(raw, self._number("beam_voltage"), self._number("energy_step"))
            self._add_spectrum(raw, total)
            if raw["counts"].ndim == 3:
                step = inputs.pixel_step(raw, self._text("pixel_size"))
                targets += inputs.cube_targets(raw, total, self._elements(), step)
            else:
                self._no_position()
        if maps:
            targets += inputs.map_targets(maps, self._elements(), self._text("pixel_size"))
            stated = self._number("beam_voltage") or max(
                float(m.attrs.get("beam_voltage", 0.0)) for m in maps
            )
            self.kilovolts = self.kilovolts or stated
        return targets

    def _no_position(self) -> None:
        for element in self._elements() or ["N"]:
            note = "one spectrum has no position; a thickness needs a map or a line scan"
            self.rows.append(
                self.make.absent("not determined", "layer_thickness", element, "nm", "none", note)
            )

    def _add_spectrum(self, raw: xr.Dataset, total: Spectrum) -> None:
        self.kilovolts, self.total = total.kilovolts, total
        self.nodes["spectrum"] = nodes.spectrum_node(total)
        self.nodes["lines"] = nodes.lines_table(total)
        names = ", ".join(total.elements) or "none"
        reason = str(raw.attrs.get("energy_axis", ""))
        if reason:
            self.steps.append(f"Energy axis: {reason}.")
        if raw.attrs.get("energy_axis_corrected") and self._number("energy_step") is None:
            self.warnings.append(f"The energy axis of the file is wrong and was corrected: {reason}.")
        self.steps.append(f"Elements in the sum spectrum ({total.counts.sum():.0f} counts): {names}.")

    def _add(self, outcome: Outcome) -> None:
        element, spectral = outcome.target.element, outcome.target.spectral
        cosine = math.cos(math.radians(self._number("section_angle") or 0.0))
        found = report.rows(outcome, self.make, cosine, self._range_note(outcome))
        self.rows += found
        self.nodes |= nodes.element_nodes(outcome, None if spectral is None else unmix.element_map(spectral))
        attrs = self.nodes[f"{element}/map"].attrs
        attrs |= {"element": element, "status": outcome.status, "reason": outcome.reason}
        if min(outcome.target.values.shape) == 1 and outcome.thickness is not None:
            self.warnings.append(
                f"{element}: a line scan measures along its line; a layer crossed obliquely is thinner."
            )
        self.warnings += [f"{element}: {note}." for note in outcome.notes if "element map holds" not in note]
        if outcome.counts_lost:
            self.warnings.append(
                f"{element}: this map has no count statistics, {outcome.counts_lost}; the intervals "
                "rest on the scatter about the fit."
            )
        self._steps(outcome, cosine)

    def _steps(self, outcome: Outcome, cosine: float) -> None:
        target, spectral = outcome.target, outcome.target.spectral
        if spectral is not None:
            local = spectral.local
            low, high = local.energy[local.window][[0, -1]]
            others = ", ".join(local.names[1:-2]) or "no other lines"
            self.steps.append(
                f"{local.names[0]}: local fit with {others} and a straight continuum; raw counts "
                f"from {low:.0f} to {high:.0f} eV, leakage of neighbours as an expected offset by depth."
            )
        self.steps.append(
            f"{target.element}: orientation searched, columns sheared by whole pixels, Poisson likelihood of "
            f"two interfaces with waviness; intervals by profile likelihood, widened by √{outcome.scale:.2f}."
        )
        if cosine != 1.0:
            self.steps.append(f"Thickness multiplied by {cosine:.4f} for the section's angle.")

    def _range_note(self, outcome: Outcome) -> str:
        """Return what the electron range says about a thickness; said as a warning where it matters."""
        if not self.kilovolts > 0:
            return "beam voltage unknown: electron range not stated"
        value = self.chosen.get("material")
        names = [str(each) for each in value] if isinstance(value, list) else list(MATERIALS)
        reach = {name: electron_range(self.kilovolts, material(name)) for name in names}
        shown = ", ".join(f"{name} {nm:.0f} nm" for name, nm in reach.items())
        note = f"electron range at {self.kilovolts:g} kV (Kanaya and Okayama): {shown}"
        thickness = outcome.thickness
        if thickness is not None and max(reach.values()) > np.nanmax([thickness.value, thickness.high]):
            note += "; on a bulk section the range exceeds the thickness: it is then a model's deconvolution"
            self.smeared.setdefault(note, []).append(outcome.target.element)
        return note

    def _compare(self, outcomes: Sequence[Outcome]) -> None:
        """Compare the layers of the elements, each measured on its own counts."""
        measured = [(e.target.element, e.thickness) for e in outcomes if e.status == "measured"]
        for i, (one, a) in enumerate(measured):
            for two, b in measured[i + 1 :]:
                if a is None or b is None:
                    continue
                gap, stddev = a.value - b.value, math.hypot(a.stddev, b.stddev)
                text = (
                    f"{one} {a.value:.0f} nm, {two} {b.value:.0f} nm: difference {gap:.0f} ± {stddev:.0f} nm"
                )
                if abs(gap) > Z95 * stddev:
                    self.warnings.append(f"The layers of {one} and {two} differ ({text}).")
                else:
                    self.steps.append(f"The layers of {one} and {two} agree ({text}).")

    def _composition(self, outcomes: Sequence[Outcome]) -> None:
        """Add ratios of elements, of the whole and inside the first layer that was measured."""
        if self.total is None:
            return
        total = self.total
        value = self.chosen.get("k_factor")
        given = composition.parse_factors([str(each) for each in value] if isinstance(value, list) else [])
        parts = [("whole", total.counts)]
        inside = [each for each in outcomes if each.status == "measured" and each.target.spectral is not None]
        for outcome in inside[:1]:
            if outcome.layered is not None:
                cube = next(raw["counts"] for raw in self.raws if "counts" in raw)
                core = unmix.core(outcome.layered, outcome.target.values.shape)
                parts.append((f"{outcome.target.element} layer", spectrum.total(cube, core)))
        found = [
            (where, each)
            for where, counts in parts
            for each in composition.ratios(
                counts, total.energy, total.resolution, total.kilovolts, total.elements, given
            )
        ]
        if found:
            self.nodes["composition"] = nodes.ratios_table(found)
            self.rows += [report.ratio_row(each, where, self.make) for where, each in found]
            if any(each.factor.source == "calculated" for _, each in found):
                self.warnings.append(
                    "Ratios of elements are semi-quantitative: their factors were calculated, absorption in "
                    "the sample is not corrected; factors from a standard can be given (k_factor)."
                )
        elif len(total.elements) > 1:
            why = (
                "the beam voltage is unknown"
                if not total.kilovolts > 0
                else "no two K series are excited well"
            )
            self.steps.append(f"No ratios of elements: {why}, and no k_factor was given.")
