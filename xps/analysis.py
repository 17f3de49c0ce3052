"""From raw regions to summary rows: what `interlayer.xps.analyze` does."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from interlayer.core import results
from interlayer.core.errors import AnalysisError, SettingError
from interlayer.core.settings import Value, resolve
from interlayer.core.shared import Shared
from interlayer.core.summary import Row, Rows, origin
from interlayer.core.threads import one_thread
from interlayer.xps import casa_fit, chemistry, composition, generic, levels, record, report, series
from interlayer.xps.build import Options
from interlayer.xps.chemistry import Template
from interlayer.xps.factors import POWER, Factors, materials
from interlayer.xps.measure import Measured, measure, reference_of
from interlayer.xps.model.region import Region
from interlayer.xps.settings import SETTINGS
from interlayer.xps.spectra import regions as plain_regions

_DEFAULT_REFERENCE = "C 1s=284.8 eV"
_COPY = re.compile(r"_(\d+)$")


@one_thread
def analyze(
    raw: xr.Dataset | Sequence[xr.Dataset],
    *,
    template: str | None = None,
    charge_reference: str | None = None,
    region: Sequence[str] | str | None = None,
    background: str | None = None,
    cross_section: str | None = None,
    line_shape: str | None = None,
    sensitivity: str | None = None,
    attenuation: str | None = None,
    stoichiometry: str | None = None,
    survey: bool | None = None,
) -> xr.DataTree:
    """Fit all regions of a measurement together and state what they hold.

    Parameters
    ----------
    raw
        One file, or several files of one sample.
    template
        Lines and phases: a name of `chemistry.TEMPLATES` or the path of a TOML file; "casa" begins from the
        CasaXPS fit in the file. Without it the general
        lithium interphase with model choice when a Li 1s region is present, else numbered peaks.
    charge_reference
        "C 1s=284.8 eV" (default), another line, or "none".
    region
        Only these regions, by core level ("N 1s").
    background
        "active-shirley" (default), "tougaard" or "linear".
    cross_section
        Of the Tougaard background: "universal" (default, two parameters), or a class of materials with three.
    line_shape
        "auto" (default: pseudo-Voigt sum or Voigt), "pseudo-voigt", "voigt", "product", "doniach-sunjic" or
        "la".
    sensitivity
        "scofield" (default), "kratos" or "wagner".
    attenuation
        "power" (default): λ ∝ KE^0.75; or a material ("LiF") whose λ TPP-2M gives.
    stoichiometry
        "soft" (default) or "off".
    survey
        Whether the survey is searched for elements (default True).

    Returns
    -------
    xr.DataTree
        A node per region (curves, ISO 19830 record in the attrs), tables ``components`` and ``parameters``,
        ``survey``, and ``summary``.

    Raises
    ------
    AnalysisError
        When there is no region to fit.
    """
    given = {name: value for name, value in locals().items() if name != "raw" and value is not None}
    settings = resolve(given, SETTINGS, "xps")
    raws = results.as_list(raw)
    found, surveys = _regions(raws, settings)
    flat = [region for region in found if float(np.ptp(region.values)) == 0.0]
    found = [region for region in found if float(np.ptp(region.values)) > 0.0]
    rows_of = Rows("xps", origin(raw))
    rows: list[Row] = []
    nodes: dict[str, xr.Dataset] = {}
    everything: list[Measured] = []
    common: list[Shared] = []
    warnings = [f"{region.level or region.name} is constant: there is nothing to fit." for region in flat]
    steps: list[str] = []
    for number, group in sorted(_groups(found).items()):
        suffix = "" if number == 1 else f" [{number}]"
        parts = _parts(group, settings)
        everything += parts
        rows += report.rows(parts, rows_of, suffix)
        common += composition.shared(parts, suffix)
        if (fractions := composition.covariance(parts)) is not None:
            nodes["composition" if number == 1 else f"composition_{number}"] = fractions
        for part in parts:
            nodes |= record.nodes(part)
            warnings += [text + suffix for text in part.warnings]
            steps += [text + suffix for text in part.steps]
    tables = record.tables(everything)
    along = series.axis(nodes)
    if (course := series.table(rows, along)) is not None:
        tables["series"] = course
        warnings += series.damage(rows, along)
    if settings.get("survey", True):
        more, rows, said = record.surveys(surveys, rows, _shift(rows), [each.level for each in found])
        nodes |= more
        warnings += said
    if not found and not surveys:
        raise AnalysisError(
            "no region to fit", expected="a core-level region or a survey", found=" ".join(warnings) or None
        )
    return results.tree(
        "xps",
        raw,
        rows,
        {**nodes, **tables},
        settings=_stated(settings),
        warnings=_once(warnings),
        steps=_once(steps),
        shared=common,
    )


def _once(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _stated(settings: dict[str, Value]) -> dict[str, Value]:
    return {
        "charge_reference": _DEFAULT_REFERENCE,
        "background": "active-shirley",
        "line_shape": "auto",
        "sensitivity": "scofield",
        "attenuation": POWER,
        **settings,
    }


def _shift(rows: Sequence[Row]) -> float:
    return next(
        (row.value for row in rows if row.quantity == "charge_shift" and row.status == "measured"), 0.0
    )


def _regions(raws: Sequence[xr.Dataset], settings: dict[str, Value]) -> tuple[list[Region], list[Region]]:
    """Return the regions to fit and the surveys of all files; names made unique over the files."""
    wanted = settings.get("region")
    names = [levels.from_name(each) or each for each in wanted] if isinstance(wanted, list) else None
    used: dict[str, int] = {}
    fits: list[Region] = []
    surveys: list[Region] = []
    for raw in raws:
        for slug, dataset in plain_regions(raw).items():
            level = str(dataset.attrs.get("core_level", ""))
            base = _COPY.sub("", slug)
            used[base] = used.get(base, 0) + 1
            name = base if used[base] == 1 else f"{base}_{used[base]}"
            made = _region(name, level, dataset, settings)
            if level == "survey":
                surveys.append(made)
            elif names is None or level in names or made.attrs.get("region") in names:
                fits.append(made)
    if names is not None and not fits:
        raise AnalysisError(
            "none of the wanted regions is in the data", expected=", ".join(names), found=", ".join(used)
        )
    return fits, surveys


def _region(name: str, level: str, dataset: xr.Dataset, settings: dict[str, Value]) -> Region:
    values = dataset["counts"] if "counts" in dataset else dataset["intensity"]
    order = np.argsort(dataset["binding_energy"].values)
    through = dataset["transmission"].values[order] if "transmission" in dataset else None
    shape = str(settings.get("line_shape", "auto"))
    attrs = {str(key): value for key, value in dataset.attrs.items() if isinstance(value, str | int | float)}
    return Region(
        name,
        np.ascontiguousarray(dataset["binding_energy"].values[order], dtype=np.float64),
        np.ascontiguousarray(values.values[order], dtype=np.float64),
        (),
        str(settings.get("background", "active-shirley")),
        level,
        "counts" if "counts" in dataset else "counts/s",
        through,
        attrs,
        "pseudo-voigt" if shape == "auto" else shape,
        str(settings.get("cross_section", "universal")),
    )


def _groups(regions: Sequence[Region]) -> dict[int, list[Region]]:
    """Return regions by their copy number: a second C 1s belongs to a second measurement."""
    groups: dict[int, list[Region]] = {}
    for region in regions:
        match = _COPY.search(region.name)
        groups.setdefault(int(match[1]) if match else 1, []).append(region)
    return groups


def _parts(group: Sequence[Region], settings: dict[str, Value]) -> list[Measured]:
    """Return the fits of one measurement: the assigned regions together, each other region by itself."""
    name = settings.get("template")
    if name == "casa":
        return _casa(group, settings)
    template = chemistry.template(str(name)) if name else _general(group)
    covered = [region for region in group if template is not None and template.of_level(region.level)]
    others = [region for region in group if not any(region is each for each in covered)]
    text = str(settings.get("charge_reference", _DEFAULT_REFERENCE))
    parts: list[Measured] = []
    if covered and template is not None:
        parts.append(_assigned(covered, template, text, settings, choose=not name))
    parts += _numbered(others, text, settings, parts)
    return parts


def _casa(group: Sequence[Region], settings: dict[str, Value]) -> list[Measured]:
    """Return fits that start from those of CasaXPS in the file; regions without one have numbered peaks."""
    options = _options(settings, None)
    with_fit = [region for region in group if "CASA comp" in str(region.attrs.get("casa", ""))]
    if not with_fit:
        raise AnalysisError(
            "no CasaXPS fit in this measurement", expected="component lines in the comments of a VAMAS file"
        )
    parts = []
    for region in group:
        if any(region is each for each in with_fit):
            found, lines = casa_fit.refit(region)
            part = generic.measured(found, lines, replace(options, shape_known=True))
            part.steps[0] = (
                f"{region.level or region.name} was fitted from the CasaXPS fit in the file as start."
            )
            parts.append(part)
        else:
            parts.append(_peaks(region, options))
    generic.reference(parts, str(settings.get("charge_reference", _DEFAULT_REFERENCE)))
    return parts


def _general(group: Sequence[Region]) -> Template | None:
    return chemistry.template(chemistry.DEFAULT_TEMPLATE) if any(r.level == "Li 1s" for r in group) else None


def _assigned(
    regions: Sequence[Region], template: Template, text: str, settings: dict[str, Value], *, choose: bool
) -> Measured:
    present = {region.level for region in regions}
    reference = reference_of(text, [line for line in template.lines if line.level in present])
    options = replace(
        _options(settings, template), reference=reference, soft=settings.get("stoichiometry") != "off"
    )
    part = measure(regions, template, options, choose=choose)
    part.steps.insert(0, f"Template {template.name!r}: {template.description}.")
    if reference is None and text != "none":
        part.warnings.append(f"No line for the charge reference {text!r}: energies are as measured.")
    return part


def _numbered(
    regions: Sequence[Region], text: str, settings: dict[str, Value], done: Sequence[Measured]
) -> list[Measured]:
    """Return the fits of regions without assigned lines, referenced like the rest of the measurement."""
    if not regions:
        return []
    options = _options(settings, None)
    if done:
        options = replace(options, factors=done[0].options.factors)
    parts = [_peaks(region, options) for region in regions]
    if not done:
        generic.reference(parts, text)
    else:
        for part in parts:
            part.shift = done[0].shift
    return parts


def _options(settings: dict[str, Value], template: Template | None) -> Options:
    known = settings.get("line_shape", "auto") != "auto"
    return Options(None, _factors(settings, template), shape_known=known)


def _factors(settings: dict[str, Value], template: Template | None) -> Factors:
    attenuation = str(settings.get("attenuation", POWER))
    if attenuation != POWER and attenuation not in materials():
        raise SettingError("attenuation", expected=", ".join([POWER, *materials()]), found=repr(attenuation))
    own = {} if template is None else template.factors
    return Factors(str(settings.get("sensitivity", "scofield")), own, attenuation)


def _peaks(region: Region, options: Options) -> Measured:
    return generic.measured(*generic.choose(region), options)
