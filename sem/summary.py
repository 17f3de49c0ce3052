"""Summary rows and the distribution, from the tables of particles and images alone."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.intervals import Interval, from_stddev
from interlayer.core.shared import Shared
from interlayer.core.summary import Row, Rows
from interlayer.sem import distribution, uncertainty
from interlayer.sem.distribution import STATISTICS
from interlayer.sem.estimates import LEAST, Estimates, Population

F64 = NDArray[np.float64]

_DIAMETERS = (*STATISTICS,)
_UNITS = {"diameter_geometric_sd": "1"}
_TILES = 4
#: most distances of particles and places that are held at a time
_HELD = 2**19
#: columns that a particle must be wide to be looked for (segment.find seeks radii from 5.5 level pixels)
LEAST_PIXELS = 11.0


def rows(
    particles: xr.Dataset, images: xr.Dataset, origin: str, people: Population, found: Estimates
) -> list[Row]:
    """Return the summary rows of one sample, with the estimates of its population."""
    make = Rows("sem", origin)
    if particles.sizes["particle"] == 0:
        return _nothing(make, images)
    result = [_count(make, people, particles)]
    if not bool(np.all(images["calibrated"].values > 0)):
        note = "uncalibrated: the file states no scale; give pixel_size (the table is in pixels)"
        result += [_refused(make, name, "not determined", note) for name in (*_DIAMETERS, "number_density")]
    elif not found:
        note = f"only {people.count} whole particles, a distribution needs {LEAST}"
        result += [_refused(make, name, "not determined", note) for name in _DIAMETERS]
        result.append(_density(make, particles, images, people))
    else:
        result += [_diameter(make, name, people, found["number"][name]) for name in _DIAMETERS]
        result.append(_density(make, particles, images, people))
    result.append(_coverage(make, particles, images))
    return result


def shared(rows: list[Row], images: xr.Dataset) -> list[Shared]:
    """Return what an error of the scale does to each row: lengths follow it, densities the other way."""
    sources = sorted({str(each) for each in images["scale_source"].values})
    relative = float(np.mean(images["scale_stddev"].values))
    cause = f"scale of the micrographs ({', '.join(sources)})"
    power = {"nm": 1.0, "1/um^2": -2.0}
    return [
        Shared(row.quantity, row.subject, cause, power[row.unit] * relative * row.value)
        for row in rows
        if row.status == "measured" and row.unit in power
    ]


def _refused(make: Rows, name: str, status: str, note: str, limit: float = np.nan) -> Row:
    return make.absent(status, name, "particles", _unit(name), "closed outlines", note, limit)


def _unit(name: str) -> str:
    return {"number_density": "1/um^2", "coverage": "1", **_UNITS}.get(name, "nm")


def _nothing(make: Rows, images: xr.Dataset) -> list[Row]:
    note = "no more closed outlines than texture gives: no particles are seen"
    first = make.absent("not detected", "particle_count", "all", "1", "closed outlines", note, 3.0)
    area = float(np.sum(images["width"].values * images["height"].values)) * 1e-6
    scaled = bool(np.all(images["calibrated"].values > 0))
    found = [first, *(_refused(make, name, "not detected", note) for name in (*_DIAMETERS, "coverage"))]
    limit = 3.0 / area if scaled else np.nan  # 95 % upper limit of a Poisson count of zero
    return [*found, _refused(make, "number_density", "not detected", note, limit)]


def _count(make: Rows, people: Population, particles: xr.Dataset) -> Row:
    sure = int(sum(np.sum(c >= 0.5) for c in people.confidence))
    spread = float(np.hypot(np.sqrt(people.count), (people.count - sure) / 2))
    cut = int(particles["touches_edge"].values.sum())
    interval = from_stddev(people.count, spread)
    bounded = Interval(interval.value, spread, max(0.0, interval.low), interval.high)
    note = f"{cut} more are cut by the frame and not counted" if cut else ""
    return make.measured(
        "particle_count", "all", bounded, "1", "closed outlines; Poisson and doubtful outlines", note
    )


def _diameter(make: Rows, name: str, people: Population, found: Interval) -> Row:
    if not (np.isfinite(found.low) and np.isfinite(found.high)):
        return _refused(make, name, "not determined", "the particles do not differ: no scatter, no interval")
    alone = len([v for v in people.values if v.size]) < 2
    note = "one image: the scatter between images is not included" if alone else ""
    method = "equivalent circular diameters, number-weighted, Miles-Lantuéjoul edge correction; "
    method += "bootstrap of particles" if alone else "variance between images"
    return make.measured(name, "particles", found, _unit(name), f"{method}; scale, edge, segmentation", note)


def _resolving(particles: xr.Dataset, images: xr.Dataset) -> xr.Dataset:
    """Return the images that could show particles: others were taken at too low a magnification."""
    counts = np.bincount(particles["image"].values, minlength=images.sizes["image"])
    median = float(np.median(particles["equivalent_diameter"].values))
    return images.assign(
        resolving=("image", (counts > 0) | (images["pixel_size_x"].values * LEAST_PIXELS <= median))
    )


def _tile_counts(particles: xr.Dataset, images: xr.Dataset, what: F64) -> F64:
    """Return sums of ``what`` over equal parts of the images that resolve particles."""
    index = particles["image"].values
    found = []
    for k in np.flatnonzero(images["resolving"].values):
        mine = index == k
        x = particles["x"].values[mine] / images["width"].values[k] * _TILES
        y = particles["y"].values[mine] / images["height"].values[k] * _TILES
        cell = np.clip(x.astype(int), 0, _TILES - 1) * _TILES + np.clip(y.astype(int), 0, _TILES - 1)
        area = images["width"].values[k] * images["height"].values[k]
        found.append(np.bincount(cell, weights=what[mine], minlength=_TILES**2) / area)
    return np.concatenate(found)


def _areal(particles: xr.Dataset, images: xr.Dataset, per_image: F64, what: F64) -> Interval:
    """Return the mean of a quantity per area over images, with the scatter between them or their parts."""
    seen = images["resolving"].values
    area = (images["width"].values * images["height"].values)[seen]
    rates, share = per_image[seen], area / np.sum(area)
    value = float(np.sum(share * rates))
    spread = uncertainty.tiles(_tile_counts(particles, images, what) * np.repeat(share, _TILES**2))
    if rates.size > 1 and value > 0:
        between = np.sum((share * (rates - value)) ** 2) * rates.size / (rates.size - 1)  # of a ratio of sums
        spread = max(spread, float(np.sqrt(between)) / value)
    reach = 1.96 * spread
    return Interval(value, value * spread, value * float(np.exp(-reach)), value * float(np.exp(reach)))


def _left_out(images: xr.Dataset) -> str:
    count = int(np.sum(images["resolving"].values == 0))
    return f"{count} images of too low a magnification are left out" if count else ""


def _density(make: Rows, particles: xr.Dataset, images: xr.Dataset, people: Population) -> Row:
    images = _resolving(particles, images)
    area = images["width"].values * images["height"].values * 1e-6
    per_image = np.array([np.sum(w) for w in people.weights]) / area
    interval = _areal(particles, images, per_image, np.ones(particles.sizes["particle"]))
    wide = uncertainty.widened(interval, 0.0, 2 * float(np.mean(images["scale_stddev"].values)))
    method = "whole particles with Miles-Lantuéjoul weights per area; scatter between parts of the images"
    return make.measured("number_density", "particles", wide, "1/um^2", method, _left_out(images))


def _coverage(make: Rows, particles: xr.Dataset, images: xr.Dataset) -> Row:
    images = _resolving(particles, images)
    seen = particles["area"].values * particles["completeness"].values
    interval = _areal(particles, images, images["coverage"].values, seen)
    per_particle = images["boundary_stddev"].values[particles["image"].values]
    edge = 2 * float(np.mean(per_particle)) / float(np.mean(particles["equivalent_diameter"].values))
    wide = uncertainty.widened(interval, 0.0, edge)
    bounded = Interval(wide.value, wide.stddev, wide.low, max(wide.value, min(wide.high, 1.0)))
    method = "area inside the outlines; scatter between parts"
    return make.measured("coverage", "particles", bounded, "1", method, _left_out(images))


def curves(
    particles: xr.Dataset, images: xr.Dataset, people: Population, found: Estimates, smallest: float = 0.0
) -> xr.Dataset | None:
    """Return histogram, densities and quantiles with their intervals; None with too few particles.

    The log-normal is truncated where smaller particles could not be found: at ``smallest`` (in the unit of
    the table), or at the least width that is looked for, but not above the smallest particle.
    """
    values, weights = np.concatenate(people.values), np.concatenate(people.weights)
    if not found or np.ptp(values) < 1e-6 * values.max():
        return None
    edges, frequency = distribution.histogram(values, weights)
    grid = np.geomspace(max(values.min() * 0.8, 1e-3), values.max() * 1.2, 300)
    bound = max(smallest, LEAST_PIXELS * _finest(people, images))
    fitted = distribution.log_normal(values, weights, min(bound, 0.999 * float(values.min())))
    unit = str(particles["equivalent_diameter"].attrs["units"])
    length = {"units": unit, "long_name": "equivalent circular diameter"}
    percent = {"units": "%", "long_name": "relative frequency"}
    attrs: dict[str, float] = {
        "log_normal_median": fitted.median,
        "log_normal_gsd": fitted.geometric_sd,
        "log_normal_bound": fitted.bound,
    }
    for weighting, every in found.items():
        for level in (10, 50, 90):
            each = every[f"diameter_d{level}"]
            attrs[f"{weighting}_d{level}"] = each.value
            attrs[f"{weighting}_d{level}_low"], attrs[f"{weighting}_d{level}_high"] = each.low, each.high
    scale = 100 * float(edges[1] - edges[0])
    return xr.Dataset(
        {
            "edges": ("edge", edges, length),
            "frequency": ("bin", frequency, percent),
            "diameter": ("point", grid, length),
            "kernel_density": ("point", scale * _density_at(values, weights, grid), percent),
            "log_normal": ("point", scale * fitted.density(grid), percent),
        },
        attrs=attrs,
    )


def _density_at(values: F64, weights: F64, grid: F64) -> F64:
    """Return the kernel density, a few places at a time: 30,000 particles at once take 70 MB per array."""
    parts = np.array_split(grid, max(1, grid.size * values.size // _HELD))
    return np.concatenate([distribution.kernel_density(values, weights, part) for part in parts])


def _finest(people: Population, images: xr.Dataset) -> float:
    """Return the smallest pixel among images that show particles."""
    used = np.array([each.size > 0 for each in people.values])
    return float(images["pixel_size_x"].values[used].min())
