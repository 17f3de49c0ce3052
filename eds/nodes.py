"""What is stored of an EDS analysis for its plots and tables."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from interlayer.eds import spread
from interlayer.eds.composition import Ratio
from interlayer.eds.inputs import Spectrum
from interlayer.eds.layer import Layered
from interlayer.eds.lines import width
from interlayer.eds.measure import Outcome
from interlayer.eds.model import mean_counts

Floats = NDArray[np.float64]

#: pixels at most along each side of a stored map, channels at most of a stored spectrum
PREVIEW, CHANNELS = 1000, 4096


def spectrum_node(total: Spectrum) -> xr.Dataset:
    """Return the sum spectrum with its continuum."""
    energy = xr.DataArray(
        total.energy[:CHANNELS], dims="energy", attrs={"units": "eV", "long_name": "X-ray energy"}
    )
    return xr.Dataset(
        {
            "counts": ("energy", total.counts[:CHANNELS], {"units": "counts", "long_name": "sum spectrum"}),
            "continuum": (
                "energy",
                total.background[:CHANNELS],
                {"units": "counts", "long_name": "continuum"},
            ),
        },
        coords={"energy": energy},
        attrs={"detector_resolution": total.resolution, "beam_voltage": total.kilovolts},
    )


def lines_table(total: Spectrum) -> xr.Dataset:
    """Return the lines found: name, energy, where the peak is seen, net counts, significance."""
    found = total.found
    return xr.Dataset(
        {
            "line": ("line_number", np.array([each.family.name for each in found], dtype=object)),
            "energy": (
                "line_number",
                np.array([each.family.main for each in found], dtype=float),
                {"units": "eV"},
            ),
            "position": (
                "line_number",
                np.array([peak(total, each.family.main) for each in found], dtype=float),
                {"units": "eV", "long_name": "observed maximum"},
            ),
            "net_counts": (
                "line_number",
                np.array([each.counts for each in found], dtype=float),
                {"units": "counts"},
            ),
            "significance": (
                "line_number",
                np.array([each.significance for each in found], dtype=float),
                {"units": "sigma"},
            ),
        },
        attrs={"role": "table"},
    )


def ratios_table(found: Sequence[tuple[str, Ratio]]) -> xr.Dataset:
    """Return ratios with where they hold: net counts, factor, atomic ratio with its 95 % interval."""

    def column(values: list[float], units: str) -> tuple[str, Floats, dict[str, str]]:
        return "ratio_number", np.array(values, dtype=float), {"units": units}

    def words(values: list[str]) -> tuple[str, NDArray[np.object_]]:
        return "ratio_number", np.array(values, dtype=object)

    ratios = [each for _, each in found]
    return xr.Dataset(
        {
            "where": words([where for where, _ in found]),
            "numerator": words([each.numerator for each in ratios]),
            "denominator": words([each.denominator for each in ratios]),
            "numerator_counts": column([each.counts[0] for each in ratios], "counts"),
            "numerator_counts_stddev": column([each.stddevs[0] for each in ratios], "counts"),
            "denominator_counts": column([each.counts[1] for each in ratios], "counts"),
            "denominator_counts_stddev": column([each.stddevs[1] for each in ratios], "counts"),
            "factor": column([each.factor.value for each in ratios], "1"),
            "factor_relative_stddev": column([each.factor.relative for each in ratios], "1"),
            "factor_source": words([each.factor.source for each in ratios]),
            "atomic_ratio": column([each.atomic.value for each in ratios], "1"),
            "low": column([each.atomic.low for each in ratios], "1"),
            "high": column([each.atomic.high for each in ratios], "1"),
        },
        attrs={"role": "table"},
    )


def peak(total: Spectrum, energy: float) -> float:
    """Return the energy of the maximum above the continuum near a line, eV, by a parabola."""
    step = float(total.energy[1] - total.energy[0])
    reach = 0.5 * float(width(energy, total.resolution))
    net = gaussian_filter1d(total.counts - total.background, max(0.35 * reach / step, 0.6))
    near = np.flatnonzero(np.abs(total.energy - energy) <= reach)
    if near.size < 3:
        return float("nan")
    top = int(near[np.argmax(net[near])])
    if not 0 < top < net.size - 1:
        return float(total.energy[top])
    left, mid, right = net[top - 1 : top + 2]
    curve = left - 2 * mid + right
    move = 0.5 * (left - right) / curve if curve < 0 else 0.0
    return float(total.energy[top] + step * np.clip(move, -0.5, 0.5))


def element_nodes(outcome: Outcome, element_map: Floats | None) -> dict[str, xr.Dataset]:
    """Return the nodes of one element: its map, and with a layer the profile and the thickness along it."""
    element = outcome.target.element
    nodes = {f"{element}/map": _map(outcome, element_map)}
    if outcome.layered is None:
        nodes[f"{element}/profile"] = _bare_profile(outcome)
    else:
        nodes[f"{element}/profile"] = _profile(outcome.layered)
        nodes[f"{element}/along"] = _along(outcome.layered, outcome.scale, known=outcome.status == "measured")
        nodes[f"{element}/map"].attrs["transposed"] = int(outcome.layered.transposed)
    return nodes


def _map(outcome: Outcome, element_map: Floats | None) -> xr.Dataset:
    values, (dy, dx) = outcome.target.values, outcome.target.step
    size = max(1, -(-max(values.shape) // PREVIEW))
    small, coarse = _binned(values, size), (np.arange(-(-n // size)) for n in values.shape)
    y, x = (((each + 0.5) * size) * step for each, step in zip(coarse, (dy, dx), strict=True))
    whole = values.max() * size**2 < 65536 and bool(np.all(values == np.round(values)))
    data = {
        "counts": (
            ("y", "x"),
            small.astype(np.uint16 if whole else np.float32),
            {"units": outcome.target.units, "long_name": f"{outcome.target.element}, as counted"},
        )
    }
    if element_map is not None:
        net = _binned(element_map, size).astype(np.float32)
        data["net_counts"] = (
            ("y", "x"),
            net,
            {"units": "counts", "long_name": "fitted line, neighbours taken off"},
        )
    return xr.Dataset(
        data,
        coords={
            "y": ("y", y, {"units": "nm", "long_name": "y"}),
            "x": ("x", x, {"units": "nm", "long_name": "x"}),
        },
        attrs={"width": values.shape[1] * dx, "height": values.shape[0] * dy},
    )


def _binned(values: Floats, size: int) -> Floats:
    if size == 1:
        return values
    rows, columns = (np.arange(0, n, size) for n in values.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1))


def _along(layered: Layered, scale: float, *, known: bool) -> xr.Dataset:
    """Return interfaces and local thickness along the layer; none where none is stated for the whole."""
    position, thickness, stddev = spread.along(layered, scale)
    # the angle of the layer is common to all of it
    stddev = np.hypot(stddev, thickness / layered.cosine * layered.cosine_stddev(scale))
    if not known:
        thickness, stddev = np.full_like(thickness, np.nan), np.full_like(stddev, np.nan)
    edges, edge_stddev = spread.interfaces(layered, scale)
    _, dx = layered.step
    width = (
        (position[-1] - position[0]) / max(position.size - 1, 1) * position.size if position.size > 1 else dx
    )
    nm = {"units": "nm"}
    return xr.Dataset(
        {
            "position": ("segment", position + 0.5 * width, nm | {"long_name": "position along the map"}),
            "thickness": ("segment", thickness, nm | {"long_name": "local thickness"}),
            "thickness_stddev": ("segment", stddev, nm | {"long_name": "standard deviation"}),
            "near": ("segment", edges[0], nm | {"long_name": "depth of the near interface"}),
            "near_stddev": ("segment", edge_stddev[0], nm | {"long_name": "standard deviation"}),
            "far": ("segment", edges[1], nm | {"long_name": "depth of the far interface"}),
            "far_stddev": ("segment", edge_stddev[1], nm | {"long_name": "standard deviation"}),
        },
        attrs={"role": "table", "cosine": layered.cosine},
    )


def _profile(layered: Layered) -> xr.Dataset:
    """Return counts per pixel against depth below the layer's centre, waves taken out by whole pixels."""
    data, theta = layered.data, layered.fit.theta
    mean = mean_counts(theta, layered.problem.lay, layered.problem.shape, data)
    edges, _ = spread.interfaces(layered)
    centre = edges.mean(axis=0) - data.shift
    index = np.round((data.depth[:, None] - centre[None, :]) / data.pitch).astype(int)
    low = int(index.min())
    flat, size = (index - low).ravel(), int(index.max()) - low + 1

    def summed(values: Floats) -> Floats:
        return np.asarray(np.bincount(flat, values.ravel(), size), dtype=np.float64)

    pixels = summed(data.pixels)
    keep = pixels >= 0.25 * pixels.max()
    counts, expected, offset = (summed(each)[keep] for each in (data.counts, mean, data.offset))
    return _profile_node(
        (np.arange(size, dtype=np.float64) + low)[keep] * data.pitch * layered.cosine,
        pixels[keep],
        counts,
        expected,
        offset,
    )


def _profile_node(
    depth: Floats, pixels: Floats, counts: Floats, expected: Floats, offset: Floats
) -> xr.Dataset:
    each = {"units": "counts"}
    return xr.Dataset(
        {
            "mean_counts": ("depth", counts / pixels, each | {"long_name": "counts per pixel"}),
            "mean_counts_stddev": (
                "depth",
                np.sqrt(np.maximum(expected, 1.0)) / pixels,
                each | {"long_name": "√model"},
            ),
            "fit": ("depth", expected / pixels, each | {"long_name": "fit"}),
            "leakage": ("depth", offset / pixels, each | {"long_name": "lines of other elements"}),
            "residual": (
                "depth",
                (counts - expected) / np.sqrt(np.maximum(expected, 1.0)),
                {"units": "sigma", "long_name": "residual"},
            ),
        },
        coords={"depth": ("depth", depth, {"units": "nm", "long_name": "depth across the layer"})},
    )


def _bare_profile(outcome: Outcome) -> xr.Dataset:
    data = outcome.data
    pixels = data.pixels.sum(axis=1)
    keep = pixels >= 0.25 * pixels.max()
    counts = data.counts.sum(axis=1)[keep]
    level = counts.sum() / pixels[keep].sum()
    return _profile_node(data.depth[keep], pixels[keep], counts, level * pixels[keep], 0 * counts)
