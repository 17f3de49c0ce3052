"""What is stored of a fit: curves per region with the fields of ISO 19830, tables, the lmfit report."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core import results
from interlayer.core.intervals import Z95
from interlayer.core.summary import Row
from interlayer.xps import intervals, iso19830
from interlayer.xps import survey as search
from interlayer.xps.decide import Outcome
from interlayer.xps.measure import Measured
from interlayer.xps.model.region import Region
from interlayer.xps.model.shapes import PARAMETERS

_LINKS = ("position_link", "fwhm_link", "area_link")


def nodes(part: Measured) -> dict[str, xr.Dataset]:
    """Return a node per region, with the table of its parameters below it."""
    found: dict[str, xr.Dataset] = {}
    for r, region in enumerate(part.regions):
        found[region.name] = _region(part, r, region)
        found[f"{region.name}/parameters"] = _parameters(part, r)
    return found


def tables(parts: Sequence[Measured]) -> dict[str, xr.Dataset]:
    """Return one table ``components`` with the lines of all regions."""
    found = [_components(part, r, region) for part in parts for r, region in enumerate(part.regions)]
    filled = [table for table in found if table.sizes["component"]]
    if not filled:
        return {}
    table = xr.concat(filled, dim="component")
    table.attrs = {"role": "table", "long_name": "components of all regions"}
    return {"components": table}


def _region(part: Measured, r: int, region: Region) -> xr.Dataset:
    raw, _ = part.fit.joint.raw(r, part.fit.theta)
    components, background = region.parts(raw)
    model = part.fit.solution.normal.model[r]
    residual = iso19830.residual(part, r, region)
    energy = region.energy - part.shift.value
    dims = "binding_energy"
    labels = np.array([peak.label for peak in region.peaks], dtype=object)

    def curve(values: Any, long_name: str, units: str = region.units) -> xr.Variable:
        return xr.Variable(dims, values, {"units": units, "long_name": long_name})

    data: dict[str, Any] = {
        "counts" if region.units == "counts" else "intensity": curve(region.values, "measured"),
        "background": curve(background, "background"),
        "envelope": curve(model, "sum of components and background"),
        "residual": curve(residual, "residual over its standard deviation", "1"),
        "components": xr.Variable(
            ("component", dims),
            components,
            {"units": region.units, "long_name": "components above the background"},
        ),
        "position": xr.Variable(
            "component",
            np.array([_component(part, _status(part, r, i))["binding_energy"] for i in range(region.count)]),
            {"units": "eV", "long_name": "binding energy of the (stronger) line, after the charge reference"},
        ),
        "status": (
            "component",
            np.array([_status(part, r, i).status for i in range(region.count)], dtype=object),
        ),
    }
    coords = {
        dims: curve(energy, "binding energy after the charge reference", "eV"),
        "component": ("component", labels),
    }
    return xr.Dataset(data, coords, attrs=_iso19830(part, r, region))


def _status(part: Measured, r: int, i: int) -> Outcome:
    return next(each for each in part.outcomes if each.region == r and each.peak == i)


def _iso19830(part: Measured, r: int, region: Region) -> dict[str, str | int | float]:
    """Return what ISO 19830 asks to be reported of a peak fit."""
    noise = part.fit.noise[r]
    raw, _ = part.fit.joint.raw(r, part.fit.theta)
    kept = {key: value for key, value in region.attrs.items() if key not in ("casa", "slug")}
    return {
        **kept,
        **iso19830.fields(part, r, region),
        "fit_range_low": float(region.energy[0]),
        "fit_range_high": float(region.energy[-1]),
        "end_point_averaging": "none: the background is fitted together with the peaks over the whole range",
        "background_type": region.background,
        **({"cross_section": region.cross_section} if region.background == "tougaard" else {}),
        "background_step": float(raw[-3]),
        "background_constant": float(raw[-2]),
        "background_slope": float(raw[-1]),
        "line_shape": region.shape,
        **_shape_parameters(region, raw),
        "weights": "variance = Fano factor × model",
        "fano_factor": noise.fano,
        "chi_square": noise.chi_square,
        "degrees_of_freedom": noise.dof,
        "misfit_factor": noise.misfit,
        "correlation_factor": noise.correlation,
        "charge_shift": part.shift.value,
        "charge_reference": part.shift.method,
        "converged": int(part.fit.solution.converged),
        "residuals": "variable residual, in standard deviations of the noise",
    }


def _shape_parameters(region: Region, raw: NDArray[np.floating[Any]]) -> dict[str, float]:
    names = {
        "eta": "lorentzian_fraction",
        "skew": "skew",
        "alpha": "asymmetry_alpha",
        "beta": "asymmetry_beta",
    }
    return {
        names[name]: float(raw[3 * region.count + i]) for i, (name, *_) in enumerate(PARAMETERS[region.shape])
    }


def _components(part: Measured, r: int, region: Region) -> xr.Dataset:
    rows = [_component(part, _status(part, r, i)) for i in range(region.count)]
    keys = (
        "line",
        "region",
        "status",
        "binding_energy",
        "binding_energy_stddev",
        "fwhm",
        "fwhm_stddev",
        "area",
        "area_low",
        "area_high",
        "area_limit",
        "significance",
        "expected_energy",
        "published_low",
        "published_high",
        "doublet_split",
        "doublet_ratio",
        *_LINKS,
        "note",
    )
    data = {}
    for key in keys:
        values = [row[key] for row in rows]
        kind = object if key in ("line", "region", "status", "note", *_LINKS) else np.float64
        data[key] = ("component", np.array(values, dtype=kind))
    return xr.Dataset(
        data, attrs={"role": "table", "long_name": f"components of {region.level or region.name}"}
    )


def _component(part: Measured, each: Outcome) -> dict[str, Any]:
    fit = part.fit
    energy, energy_stddev = fit.value(intervals.energy(fit, each.region, each.peak))
    width, width_stddev = intervals.width(fit, each.region, each.peak)
    own = part.options.reference is not None
    peak = part.regions[each.region].peaks[each.peak]
    return {
        "line": each.line.name,
        "region": part.regions[each.region].name,
        "status": each.status,
        "binding_energy": energy if own else energy - part.shift.value,
        "binding_energy_stddev": energy_stddev,
        "fwhm": width,
        "fwhm_stddev": width_stddev,
        "area": each.area.value,
        "area_low": each.area.low,
        "area_high": each.area.high,
        "area_limit": each.limit,
        "significance": each.significance,
        "expected_energy": each.line.energy,
        "published_low": each.line.low,
        "published_high": each.line.high,
        "doublet_split": peak.split,
        "doublet_ratio": peak.ratio,
        **iso19830.links(fit.joint, fit.joint.places[each.region][each.peak]),
        "note": "; ".join(each.notes),
    }


def _parameters(part: Measured, r: int) -> xr.Dataset:
    """Return the free parameters of a region (and the shared ones) with bounds and priors."""
    joint, theta, cov = part.fit.joint, part.fit.theta, part.fit.covariance
    used = np.array(iso19830.used(joint, r), dtype=int)
    stddev = np.sqrt(np.maximum(np.diag(cov), 0.0))
    columns = {
        "name": [joint.parameters[i].name for i in used],
        "role": [iso19830.role(joint, i) for i in used],
        "start": [joint.parameters[i].start for i in used],
        "value": theta[used],
        "stddev": stddev[used],
        "low": theta[used] - Z95 * stddev[used],
        "high": theta[used] + Z95 * stddev[used],
        "lower_bound": joint.lower[used],
        "upper_bound": joint.upper[used],
        "prior_mean": [
            joint.parameters[i].mean if math.isfinite(joint.parameters[i].sigma) else math.nan for i in used
        ],
        "prior_stddev": [joint.parameters[i].sigma for i in used],
        "expression": [joint.parameters[i].expression for i in used],
    }
    texts = ("name", "role", "expression")
    data = {
        key: ("parameter", np.array(values, dtype=object if key in texts else np.float64))
        for key, values in columns.items()
    }
    return xr.Dataset(data, attrs={"role": "table", "long_name": "parameters of the fit"})


def documents(result: xr.DataTree) -> dict[str, str]:
    """Return the ISO 19830 record of all regions of a result as one text, by its file name."""
    every = results.tables(result)
    parts = []
    for name, node in result.children.items():
        if "envelope" not in node:
            continue
        attrs = {str(key): value for key, value in node.attrs.items()}
        number = name.rpartition("_")[2]
        title = str(attrs.get("core_level") or attrs.get("region") or name)
        own = [row for row in every.get("components", []) if row["region"] == name]
        found = {"components": own, "parameters": every.get(f"{name}/parameters", [])}
        parts.append(iso19830.text(f"{title} [{number}]" if number.isdigit() else title, attrs, found))
    if not parts:
        return {}
    sources = json.loads(str(result.attrs.get("sources", "[]")))
    head = ["Record of peak fits after ISO 19830", ""]
    head += [f"File: {each['source']} ({each['format']}), sha256 {each['source_sha256']}" for each in sources]
    head += [f"Settings: {result.attrs.get('settings', '')}", "", ""]
    return {"iso19830.txt": "\n".join(head) + "\n\n".join(parts)}


def surveys(
    regions: Sequence[Region], rows: Sequence[Row], shift: float, wanted: Sequence[str]
) -> tuple[dict[str, xr.Dataset], list[Row], list[str]]:
    """Return the surveys' curves with the elements found, the rows with notes on them, and what they warn of.

    Parameters
    ----------
    shift
        Charge shift, eV.
    wanted
        Core levels that were fitted: only what disturbs these is a warning (without any, everything is).
    """
    nodes: dict[str, xr.Dataset] = {}
    seen: dict[str, str] = {}
    for region in regions:
        source = float(region.attrs.get("source_energy", 1486.6))
        found = search.elements(region.energy, region.values, shift, source)
        more = search.others(region.energy, region.values, found, shift, source)
        nodes[region.name] = _survey(region, found, more, shift)
        seen |= search.overlaps(found, wanted)
    warnings = [f"The survey shows {level}: {text}." for level, text in seen.items()]
    return nodes, search.noted(rows, seen), warnings


def _survey(
    region: Region, found: Sequence[search.Element], more: Sequence[search.Element], shift: float
) -> xr.Dataset:
    energy = xr.Variable(
        "binding_energy", region.energy - shift, {"units": "eV", "long_name": "binding energy"}
    )
    name = "counts" if region.units == "counts" else "intensity"
    data = {
        name: xr.Variable("binding_energy", region.values, {"units": region.units, "long_name": "survey"}),
        "level": ("element", np.array([each.level for each in found], dtype=object)),
        "position": ("element", np.array([each.energy - shift for each in found], dtype=np.float64)),
        "height": ("element", np.array([each.height for each in found], dtype=np.float64)),
        "weaker": ("line", np.array([each.level for each in more], dtype=object)),
        "weaker_position": ("line", np.array([each.energy - shift for each in more], dtype=np.float64)),
        "weaker_height": ("line", np.array([each.height for each in more], dtype=np.float64)),
        "significance": ("element", np.array([each.significance for each in found], dtype=np.float64)),
    }
    attrs = {"elements": ", ".join(each.level for each in found), "survey": 1}
    return xr.Dataset(data, {"binding_energy": energy}, attrs=attrs)
