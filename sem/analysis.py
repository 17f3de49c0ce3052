"""The analysis: micrographs of one sample in, size distribution out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from interlayer.core import results
from interlayer.core.errors import AnalysisError
from interlayer.core.settings import resolve
from interlayer.core.summary import origin
from interlayer.core.threads import one_thread
from interlayer.sem import agglomerates, estimates, quality, summary, tables
from interlayer.sem.frame import Frame, frame
from interlayer.sem.image import Measured, measure_image
from interlayer.sem.segment.labels import Segmenter
from interlayer.sem.settings import SETTINGS

#: images of one sample whose picture and outlines are kept in a pooled result
_PICTURES = 4


@one_thread
def analyze(
    raw: xr.Dataset | Sequence[xr.Dataset],
    *,
    pixel_size: str | None = None,
    polarity: str | None = None,
    min_diameter: str | float | None = None,
    max_diameter: str | float | None = None,
    tilt: str | float | None = None,
    scale_uncertainty: str | float | None = None,
    segmenter: Segmenter | None = None,
) -> xr.DataTree:
    """Return the particles of one image, or of several images of one sample.

    Parameters
    ----------
    raw
        Micrographs as `read` returns them.
    pixel_size
        "5 nm", or "5 nm x 7 nm" (width x height); default: as the file says.
    polarity
        "bright", "dark" or "auto" (default).
    min_diameter, max_diameter
        Range of diameters looked for, in nm.
    tilt
        Tilt of the surface in degrees.
    scale_uncertainty
        Relative standard deviation of the scale in percent (default 1 %).
    segmenter
        A function that takes the grey image (rows, columns, without data bar) and returns labels of its
        shape (0 ground, 1 to n particles), such as a learned model; used instead of the outlines sought
        here. Whatever follows (edge correction, distribution, intervals) is the same.

    Returns
    -------
    xr.DataTree
        ``particles`` and ``images`` (tables), ``distribution``, ``picture`` (preview and outlines) and
        ``summary``.
    """
    given = {
        "pixel_size": pixel_size,
        "polarity": polarity,
        "min_diameter": min_diameter,
        "max_diameter": max_diameter,
        "tilt": tilt,
        "scale_uncertainty": scale_uncertainty,
    }
    settings = resolve({key: value for key, value in given.items() if value is not None}, SETTINGS, "sem")
    raws = results.as_list(raw)
    if not raws:
        raise AnalysisError("no images to analyse", expected="one micrograph or more", found="an empty list")
    singles = [_single(each, index, settings, segmenter) for index, each in enumerate(raws)]
    return singles[0] if len(singles) == 1 else pool(singles)


def _single(
    raw: xr.Dataset, index: int, settings: Mapping[str, object], segmenter: Segmenter | None
) -> xr.DataTree:
    view = frame(raw, settings.get("pixel_size"), settings.get("tilt"), settings.get("scale_uncertainty"))  # type: ignore[arg-type]
    low, high = settings.get("min_diameter"), settings.get("max_diameter")
    name = str(raw.attrs.get("source", f"image {index + 1}"))
    measured = measure_image(
        view,
        name,
        polarity=str(settings.get("polarity", "auto")),
        smallest=float(low) if isinstance(low, int | float) and view.calibrated else 0.0,
        largest=float(high) if isinstance(high, int | float) and view.calibrated else np.inf,
        segmenter=segmenter,
    )
    particles = tables.particles([measured], view.calibrated)
    source = "given" if settings.get("pixel_size") else str(raw.attrs.get("scale_source", "none"))
    images = tables.images([measured], [{"origin": origin(raw), "scale_source": source}], view.calibrated)
    return _result(
        raw,
        particles,
        images,
        _extras({"picture": measured.picture}, measured.agglomerates),
        settings,
        _warnings(view, measured, name),
        _steps(raw, view, measured) if segmenter is None else _steps_given(raw, view, segmenter),
    )


def _extras(pictures: dict[str, xr.Dataset], piles: xr.Dataset | None) -> dict[str, xr.Dataset]:
    return pictures if piles is None else {**pictures, "agglomerates": piles}


def _result(
    raws: xr.Dataset | Sequence[xr.Dataset],
    particles: xr.Dataset,
    images: xr.Dataset,
    pictures: dict[str, xr.Dataset],
    settings: Mapping[str, object],
    warnings: Sequence[str],
    steps: Sequence[str],
) -> xr.DataTree:
    people = estimates.population(particles, images)
    found = estimates.estimates(people, images)
    origins = "; ".join(str(text) for text in images["origin"].values)
    rows = summary.rows(particles, images, origins, people, found)
    calibrated = bool(np.all(images["calibrated"].values > 0))
    nodes = {"particles" if calibrated else "particles_in_pixels": particles, "images": images, **pictures}
    smallest = settings.get("min_diameter")
    least = float(smallest) if isinstance(smallest, int | float) and calibrated else 0.0
    curves = summary.curves(particles, images, people, found, least)
    if curves is not None:
        nodes["distribution"] = curves
    if found:
        nodes["statistics"] = estimates.table(found, str(particles["x"].attrs["units"]))
    return results.tree(
        "sem",
        raws,
        rows,
        nodes,
        settings=settings,
        warnings=warnings,
        steps=steps,
        shared=summary.shared(rows, images),
    )


def _warnings(view: Frame, measured: Measured, name: str) -> list[str]:
    found = [*view.doubts, *measured.flags]
    if not view.calibrated:
        found.append(
            "no scale: uncalibrated, no scale in the file and no pixel_size given, no lengths are reported"
        )
    return [f"{name}: {text}" for text in found]


def _steps_given(raw: xr.Dataset, view: Frame, segmenter: Segmenter) -> list[str]:
    name = getattr(segmenter, "__name__", type(segmenter).__name__)
    return [
        *_framed(raw, view),
        f"Particles are the labels of the segmenter {name}; outlines are star-shaped and of equal area.",
        "Particles cut by the frame were left out and the others weighted after Miles and Lantuéjoul.",
    ]


def _framed(raw: xr.Dataset, view: Frame) -> list[str]:
    bar = int(raw.attrs.get("data_bar_rows", 0))
    steps = []
    if bar:
        source = (
            "as the metadata state"
            if raw.attrs.get("data_bar_source") == "metadata"
            else "as found in the image"
        )
        steps.append(f"The data bar of {bar} rows was left out, {source}.")
    if view.calibrated:
        steps.append(f"Pixels of {view.pixel_x:.6g} x {view.pixel_y:.6g} nm.")
    return steps


def _steps(raw: xr.Dataset, view: Frame, measured: Measured) -> list[str]:
    steps = [
        *_framed(raw, view),
        "Outlines were sought over a resolution pyramid: edge pixels vote for centres, closed star-shaped"
        " outlines are traced around them by dynamic programming, and each piece of edge is explained once.",
        "Hidden arcs were completed by an ellipse through the visible ones; diameters are of whole outlines.",
        "Particles cut by the frame were left out and the others weighted after Miles and Lantuéjoul.",
    ]
    if not measured.particles["x"].size:
        steps = [
            *steps[:-3],
            "No more closed outlines were found than of the opposite polarity: no particles.",
        ]
    return steps


@dataclass(frozen=True, slots=True)
class Part:
    """What pooling takes of a result: its tables, its attrs and at most a few pictures."""

    particles: xr.Dataset
    images: xr.Dataset
    attrs: Mapping[str, object]
    pictures: tuple[xr.Dataset, ...] = ()
    agglomerates: xr.Dataset | None = None

    @property
    def calibrated(self) -> bool:
        """Return True where lengths are in nm."""
        return str(self.particles["x"].attrs["units"]) == "nm"

    def listed(self, name: str) -> list[object]:
        """Return an attribute that holds a list as JSON."""
        return list(json.loads(str(self.attrs.get(name, "[]"))))


def part(tree: xr.DataTree) -> Part:
    """Return what pooling takes of a result, in memory or read from a store."""
    name = "particles" if "particles" in tree else "particles_in_pixels"
    pictures = [tree[key].to_dataset() for key in sorted(tree.children) if key.startswith("picture")]
    attrs = {str(key): value for key, value in tree.attrs.items()}
    piles = tree["agglomerates"].to_dataset() if "agglomerates" in tree else None
    images = tree["images"].to_dataset()
    return Part(tree[name].to_dataset(), images, attrs, tuple(pictures[:_PICTURES]), piles)


def pool(singles: Sequence[xr.DataTree]) -> xr.DataTree:
    """Return the pooled result of several results of one sample, from their stored tables.

    Parameters
    ----------
    singles
        Results of `analyze`, in memory or read from a store; of single images or pooled ones.

    Raises
    ------
    AnalysisError
        When some images are calibrated and others are not.
    """
    return pooled([part(tree) for tree in singles])


def pooled(parts: Sequence[Part]) -> xr.DataTree:
    """Return the pooled result of several parts; as `pool`."""
    if not parts:
        raise AnalysisError("no results to pool", expected="one or more", found="none")
    if len({each.calibrated for each in parts}) > 1:
        raise AnalysisError(
            "some images have a scale and others have none",
            expected="a scale for every image",
            found="both",
            advice="Give pixel_size, or analyse them apart.",
        )
    particles, images = tables.pooled([(each.particles, each.images) for each in parts])
    images, repeated = _repeated(images)
    every = [picture for each in parts for picture in each.pictures][:_PICTURES]
    pictures = {f"picture_{k}": picture for k, picture in enumerate(every)}
    piles = agglomerates.pooled([(each.agglomerates, each.images.sizes["image"]) for each in parts])
    warnings = [str(text) for each in parts for text in each.listed("warnings")] + repeated
    steps = list(dict.fromkeys(str(step) for each in parts for step in each.listed("steps")))
    steps.append(f"{images.sizes['image']} images were pooled; intervals rest on the scatter between them.")
    settings = json.loads(str(parts[0].attrs.get("settings", "{}")))
    result = _result(
        [], particles, images, _extras(pictures, piles), settings, list(dict.fromkeys(warnings)), steps
    )
    result.attrs["sources"] = json.dumps([source for each in parts for source in each.listed("sources")])
    return result


def _repeated(images: xr.Dataset) -> tuple[xr.Dataset, list[str]]:
    """Return the table of images with the flag "duplicate", and a warning for each image that has it."""
    names, flags = images["name"].values, images["flags"].values.copy()
    warnings = []
    for later, earlier in quality.repeats(images["fingerprint"].values.tolist()):
        flags[later] = "; ".join(text for text in (str(flags[later]), "duplicate") if text)
        warnings.append(
            f"{names[later]}: duplicate: shows the same field as {names[earlier]}, its particles count twice"
        )
    return images.assign(flags=images["flags"].copy(data=flags)), warnings
