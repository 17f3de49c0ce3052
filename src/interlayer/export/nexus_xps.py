"""NXxps: one entry per fitted region and survey, with the fit as NXfit."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from interlayer.core.results import tables
from interlayer.export.nexus_file import Node, close, start
from interlayer.export.record import Analysis, Context
from interlayer.sample import Sample

#: line shapes as NXxps names them
_SHAPES = {
    "pseudo-voigt": "Gaussian-Lorentzian Sum",
    "product": "Gaussian-Lorentzian Product",
    "voigt": "Voigt",
    "doniach-sunjic": "Doniach-Sunjic",
    "la": "Asymmetric Lorentzian",
}
_BACKGROUNDS = {"active-shirley": "Shirley", "tougaard": "Tougaard", "linear": "Linear"}


def entries(
    root: Node, sample: Sample, result: xr.DataTree, analysis: Analysis, context: Context
) -> Iterator[tuple[str, list[str]]]:
    """Write an entry per region; yields its name and what it lacks."""
    lines = tables(result).get("components", [])
    for name, node in result.children.items():
        region = node.to_dataset(inherit=False)
        if "binding_energy" not in region.coords or "counts" not in region:
            continue
        title = f"{analysis.path.strip('/')}_{name}".replace("/", "_")
        free, entry = start(root, title, "NXxps", sample, analysis, context)
        yield (
            free,
            _entry(entry, free, sample, region, [line for line in lines if line.get("region") == name]),
        )


def _entry(
    entry: Node, name: str, sample: Sample, region: xr.Dataset, lines: list[dict[str, object]]
) -> list[str]:
    attrs = {str(key): value for key, value in region.attrs.items()}
    entry.attrs(default="data")
    entry.field("method", "X-ray photoelectron spectroscopy (XPS)")
    entry.field("start_time", attrs.get("date"))
    entry.field("transitions", attrs.get("core_level"))
    about = entry.group("sample", "NXsample")
    about.field("name", sample.name)
    about.field("description", "; ".join(filter(None, (sample.state, *sample.history))))
    _instrument(entry, name, attrs)
    _data(entry.group("data", "NXdata", signal="data", axes="energy", energy_indices=np.int64(0)), region)
    _reference(entry, attrs)
    if "envelope" in region:
        _fit(entry.group("fit", "NXfit"), region, attrs, lines)
    known = {
        "start_time": "date" in attrs,
        "beam_probe/incident_energy": "source_energy" in attrs,
        "electronanalyzer/work_function": "work_function" in attrs,
        "source_probe/type": False,
        "collectioncolumn/scheme": False,
        "energydispersion/scheme": False,
        "energydispersion/energy_scan_mode": False,
    }
    return close(entry, known)


def _instrument(entry: Node, name: str, attrs: Mapping[str, object]) -> None:
    instrument = entry.group("instrument", "NXinstrument")
    instrument.field("name", attrs.get("instrument"))
    source = instrument.group("source_probe", "NXsource")
    source.field("name", attrs.get("x_ray_source"))
    source.field("associated_beam", f"/{name}/instrument/beam_probe")
    beam = instrument.group("beam_probe", "NXbeam")
    beam.field("associated_source", f"/{name}/instrument/source_probe")
    beam.field("incident_energy", attrs.get("source_energy"), "eV")
    analyzer = instrument.group("electronanalyzer", "NXelectronanalyzer")
    analyzer.field("work_function", attrs.get("work_function"), "eV")
    analyzer.group("collectioncolumn", "NXcollectioncolumn")
    analyzer.group("energydispersion", "NXenergydispersion").field(
        "pass_energy", attrs.get("pass_energy"), "eV"
    )
    detector = analyzer.group("electron_detector", "NXelectron_detector")
    detector.field("count_time", attrs.get("dwell_time"), "s")


def _data(data: Node, region: xr.Dataset) -> None:
    counts = region["counts"]
    data.field("data", counts.values, str(counts.attrs.get("units", "")), long_name="as measured")
    data.field("energy", region["binding_energy"].values, "eV", type="binding", long_name="binding energy")


def _reference(entry: Node, attrs: Mapping[str, object]) -> None:
    if "charge_shift" not in attrs:
        return
    found = entry.group("energy_referencing", "NXcalibration")
    found.field("physical_quantity", "energy")
    found.field("description", attrs.get("charge_reference"))
    found.field("offset", -float(str(attrs["charge_shift"])), "eV")
    stddev = attrs.get("charge_shift_stddev")
    found.field("offset_errors", stddev, "eV")


def _fit(fit: Node, region: xr.Dataset, attrs: Mapping[str, object], lines: list[dict[str, object]]) -> None:
    energy, unit = region["binding_energy"].values, str(region["counts"].attrs.get("units", ""))
    fit.field("label", str(attrs.get("core_level", "")) or "region")
    data = fit.group("data", "NXdata", signal="fit_sum", axes="input_independent")
    data.field("input_independent", energy, "eV")
    data.field("input_dependent", region["counts"].values, unit)
    data.field("fit_sum", region["envelope"].values, unit)
    data.field("residual", region["residual"].values, long_name="over its standard deviation")
    shape = str(attrs.get("line_shape", ""))
    for number, name in enumerate(region["component"].values.tolist() if "component" in region else []):
        peak = fit.group(f"peak{number}", "NXpeak")
        peak.field("label", str(name))
        _curve(peak, energy, region["components"].values[number], unit)
        function = peak.group("function", "NXfit_function")
        function.field("function_type", _SHAPES.get(shape, shape))
        function.field("formula_description", attrs.get("line_shape_formula"))
        line = next((each for each in lines if each.get("line") == name), None)
        if line is not None:
            _parameters(peak, function, line, unit)
    ground = fit.group("background", "NXpeak")
    ground.field("label", str(attrs.get("background_type", "background")))
    _curve(ground, energy, region["background"].values, unit)
    function = ground.group("function", "NXfit_function")
    kind = str(attrs.get("background_type", ""))
    function.field("function_type", _BACKGROUNDS.get(kind, kind))
    function.field("formula_description", attrs.get("background_formula"))
    fit.field("figure_of_merit_chi_square", attrs.get("reduced_chi_square"), metric="reduced chi-square")


def _curve(peak: Node, energy: np.ndarray, values: np.ndarray, unit: str) -> None:
    data = peak.group("data", "NXdata", signal="intensity", axes="position")
    data.field("position", energy, "eV")
    data.field("intensity", values, unit)


def _parameters(peak: Node, function: Node, line: Mapping[str, object], unit: str) -> None:
    """Write what was found of a line; a number that is not there is left out."""
    peak.field("total_area", line.get("area"), f"{unit} eV")
    peak.field("status", str(line.get("status", "")))
    peak.field("interval", json.dumps([line.get("area_low"), line.get("area_high")]))
    parameters = function.group("fit_parameters", "NXparameters")
    for name in ("binding_energy", "binding_energy_stddev", "fwhm", "fwhm_stddev"):
        parameters.field(name, line.get(name), "eV")
    for name in ("area", "area_low", "area_high"):
        parameters.field(name, line.get(name), f"{unit} eV")
