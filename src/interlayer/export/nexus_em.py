"""NXem: micrographs (as the record keeps them: previews of 8 bits) and element maps."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from interlayer.export.nexus_file import Node, close, start
from interlayer.export.record import Analysis, Context
from interlayer.sample import Sample


def entries(
    root: Node, sample: Sample, result: xr.DataTree, analysis: Analysis, context: Context
) -> Iterator[tuple[str, list[str]]]:
    """Write one entry for the images or maps of an analysis; yields its name and what it lacks."""
    images = {name: node for name, node in result.children.items() if "preview" in node}
    maps = {name: node.children["map"] for name, node in result.children.items() if "map" in node.children}
    if not images and not maps:
        return
    name, entry = start(root, analysis.path.strip("/").replace("/", "_"), "NXem", sample, analysis, context)
    about = entry.group("sample1", "NXsample")
    about.field("name", sample.name)
    about.field("identifier_sample", sample.sample_id, type="interlayer sample id")
    region = entry.group("roi1", "NXroi_process")
    if images:
        pictures = region.group("img", "NXem_img")
        for number, node in enumerate(images.values(), start=1):
            _picture(pictures.group(f"image{number}", "NXimage"), node.to_dataset(inherit=False))
    if maps:
        _maps(region, maps)
    unknown = ("start_time", "sample/is_simulation", "sample/preparation_date", "sample/atom_types")
    known = dict.fromkeys(unknown, False)
    known |= {"img/image/imaging_mode": False} if images else {"eds/indexing/energy_range": False}
    yield name, close(entry, known)


def _picture(image: Node, picture: xr.Dataset) -> None:
    values = picture["preview"].values
    unit = str(picture.attrs.get("unit", ""))
    sizes = [float(str(picture.attrs.get(key, 0.0))) for key in ("height", "width")]
    _image(image, "real", values, sizes, unit, "grey level, stretched for the screen")


def _image(image: Node, signal: str, values: np.ndarray, sizes: list[float], unit: str, title: str) -> None:
    """Write a 2-D image with the middles of its pixels; row 0 is at the top."""
    data = image.group("image_2d", "NXdata", signal=signal, axes=["axis_j", "axis_i"])
    data.attrs(axis_j_indices=np.uint32(0), axis_i_indices=np.uint32(1))
    data.field("title", title)
    data.field(signal, values, long_name=title)
    for name, count, size in zip(("axis_j", "axis_i"), values.shape, sizes, strict=True):
        step = size / count if size else 1.0
        label = f"{'y' if name == 'axis_j' else 'x'} / {unit if size else 'pixel'}"
        data.field(name, (np.arange(count) + 0.5) * step, unit if size else "", long_name=label)


def _maps(region: Node, maps: dict[str, xr.DataTree]) -> None:
    indexing = region.group("eds", "NXem_eds").group("indexing", "NXprocess")
    indexing.field("atom_types", ", ".join(maps))
    for element, node in maps.items():
        found = node.to_dataset(inherit=False)
        image = indexing.group(indexing.free(element), "NXimage")
        data = image.group("image_2d", "NXdata", signal="intensity", axes=["axis_j", "axis_i"])
        data.attrs(axis_j_indices=np.uint32(0), axis_i_indices=np.uint32(1))
        data.field("title", f"{element}, as counted")
        data.field("intensity", found["counts"].values, long_name=f"{element} / counts")
        for name, axis in (("axis_j", "y"), ("axis_i", "x")):
            place = found[axis]
            unit = str(place.attrs.get("units", ""))
            data.field(name, place.values, unit, long_name=f"{axis} / {unit}")
