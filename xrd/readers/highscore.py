"""PANalytical's text export: [Measurement conditions] and [Scan points] (HighScore, Data Viewer)."""

from pathlib import Path

import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Scan, combined, number
from interlayer.xrd.readers.encoding import text_of
from interlayer.xrd.readers.metadata import anode, slit
from interlayer.xrd.readers.text import scans_in


def load(path: Path) -> xr.Dataset:
    """Read a PANalytical .csv."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return the scan of a PANalytical .csv."""
    head, mark, body = text_of(path).partition("[Scan points]")
    if not mark:
        raise ReadError("the rows are missing", expected="[Scan points]", advice="The file may be truncated.")
    keys = dict(_pair(line) for line in head.split("\n"))
    found = scans_in(body)
    planned = number(keys.get("no. of points"))
    points = sum(scan.two_theta.size for scan in found)
    if planned is not None and round(planned) != points:
        raise ReadError("points are missing", expected=f"{round(planned)} points", found=points)
    attrs: dict[str, object] = {
        "anode": anode(keys.get("anode material")),
        "wavelength": number(keys.get("k-alpha1 wavelength")),
        "wavelength_alpha2": number(keys.get("k-alpha2 wavelength")),
        "kalpha_ratio": number(keys.get("ratio k-alpha2/k-alpha1")),
        "goniometer_radius": number(keys.get("goniometer radius")),
        "counting_time": number(keys.get("time per step") or keys.get("scan step time")),
        **slit(
            f"{keys.get('divergence slit type', '')} {keys.get('divergence slit', '')}",
            fixed=number(keys.get("divergence slit size [°]")),
        ),
    }
    axis = keys.get("scan axis", "Gonio").lower()
    if "gonio" not in axis and "theta" not in axis:
        raise ReadError("no scan over 2θ", expected="Gonio or 2Theta", found=keys["scan axis"])
    return [
        Scan(each.two_theta, each.intensity, each.unit, each.stddev, {**each.attrs, **attrs})
        for each in found
    ]


def _pair(line: str) -> tuple[str, str]:
    """Return the key, in lower case, and the value that a comma, semicolon or tab parts it from."""
    cut = next((i for i, char in enumerate(line) if char in ",;\t"), len(line))
    return line[:cut].strip(' "').lower(), line[cut + 1 :].strip(' "')
