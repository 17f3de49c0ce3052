"""Simulated micrographs of touching, partly hidden particles. Shares no code with the segmentation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What is simulated; lengths in nm."""

    touching: float = 1.0  # least centre distance over sum of radii
    count: int = 300
    mean: float = 236.0
    sd: float = 48.0
    pixel: float = 5.0
    columns: int = 1536
    rows: int = 1024
    contrast: float = 1.0  # of particle against ground
    rough: float = 0.25  # amplitude of the ground's relief against the contrast
    shading: float = 0.1  # illumination over the field
    dose: float = 60.0  # electrons per pixel at the ground level
    blur: float = 1.0  # beam width, pixels
    elongation: float = 0.06
    irregular: float = 0.02


@dataclass(frozen=True)
class Truth:
    """What the image was made of."""

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]  # visible part of each particle
    diameters: Floats  # of the whole particle, nm
    inside: NDArray[np.bool_]
    visible: Floats  # share that is not hidden


def simulate(scene: Scene, seed: int) -> Truth:
    """Return one micrograph and its truth."""
    rng = np.random.default_rng(seed)
    centres, diameters = _place(scene, rng)
    n = len(diameters)
    y, x = np.mgrid[: scene.rows, : scene.columns].astype(np.float32)
    ground = 100 * (1 + scene.rough * scene.contrast * 0.6 * _relief(scene, rng))
    image, labels, area = ground.astype(np.float32), np.zeros(y.shape, np.int32), np.zeros(n)
    for k in range(n):  # later ones lie on top
        box, rho, whole = _shape(scene, rng, centres[k], diameters[k])
        area[k] = whole
        if rho is None:
            continue
        near = image[box]
        # a shadow close to the particle on what lies below it
        near *= (1 - 0.22 * scene.contrast * np.exp(-np.clip((rho - 1) / 0.09, 0, 50)) * (rho >= 1)).astype(
            np.float32
        )
        level = 100 + scene.contrast * rng.normal(52, 11)
        rim = 38 * scene.contrast * np.exp((np.clip(rho, 0, 1) - 1) / 0.08)
        tilt = 1 + 0.08 * scene.contrast * rng.normal()
        body = level * (0.94 + 0.06 * tilt * (1 - rho**2)) + rim
        near[rho < 1] = body[rho < 1]
        labels[box][rho < 1] = k + 1
    image *= (
        1
        + scene.shading
        * ((x / scene.columns - 0.5) * rng.choice([-1, 1]) + (y / scene.rows - 0.5) * 0.6)
        * 2
        / 1.6
    ).astype(np.float32)
    image = ndimage.gaussian_filter(image, scene.blur)
    image = rng.poisson(np.clip(image, 1, None) / 100 * scene.dose) * (100 / scene.dose)
    seen = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    radius = diameters / 2
    size = np.array([scene.columns, scene.rows]) * scene.pixel
    inside = np.all(
        (centres - radius[:, None] * 1.05 > 0) & (centres + radius[:, None] * 1.05 < size), axis=1
    )
    true = 2 * np.sqrt(area / np.pi)
    return Truth(
        np.clip(np.rint(image), 0, 255).astype(np.uint8), labels, true, inside, seen * scene.pixel**2 / area
    )


def _place(scene: Scene, rng: np.random.Generator) -> tuple[Floats, Floats]:
    width, height = scene.columns * scene.pixel, scene.rows * scene.pixel
    sigma = np.sqrt(np.log(1 + (scene.sd / scene.mean) ** 2))
    centres: list[Floats] = []
    radii: list[float] = []
    while len(radii) < scene.count:
        d = scene.mean * np.exp(rng.normal(0, sigma) - sigma**2 / 2)
        if not 0.55 * scene.mean < d < 1.8 * scene.mean:
            continue
        r = d / 2
        if not radii or rng.random() < 0.07:
            spot = rng.random(2) * (width, height)
        else:
            k = rng.integers(len(radii))
            angle = rng.random() * 2 * np.pi
            spot = centres[k] + (scene.touching * 1.002 * (radii[k] + r)) * np.array(
                [np.cos(angle), np.sin(angle)]
            )
        if not (-r / 2 < spot[0] < width + r / 2 and -r / 2 < spot[1] < height + r / 2):
            continue
        if radii:
            gap = np.hypot(*(np.array(centres) - spot).T) / (np.array(radii) + r)
            if gap.min() < scene.touching:
                continue
        centres.append(spot)
        radii.append(r)
    order = rng.permutation(len(radii))
    return np.array(centres)[order], 2 * np.array(radii)[order]


def _relief(scene: Scene, rng: np.random.Generator) -> NDArray[np.float32]:
    shape = (scene.rows, scene.columns)
    total = np.zeros(shape, np.float32)
    for length, weight in ((600, 0.7), (200, 0.5), (60, 0.3)):
        each = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), length / scene.pixel / 2)
        total += weight * each / each.std()
    return total


def _shape(scene: Scene, rng: np.random.Generator, centre: Floats, diameter: float):  # type: ignore[no-untyped-def]
    phases, ratio, turn = (
        rng.random(4) * 2 * np.pi,
        1 + abs(rng.normal(0, scene.elongation)),
        rng.random() * np.pi,
    )
    grid = np.linspace(0, 2 * np.pi, 721)[:-1]

    def radius(angle):  # type: ignore[no-untyped-def]
        c, s = np.cos(angle - turn), np.sin(angle - turn)
        r = 1 / np.sqrt(c**2 / ratio + s**2 * ratio)
        for m, phase in zip((3, 4, 5, 6), phases, strict=True):
            r = r + scene.irregular * np.cos(m * angle + phase) / np.sqrt(m - 1)
        return r

    whole = 0.5 * np.mean(radius(grid) ** 2) * 2 * np.pi * (diameter / 2) ** 2
    cx, cy = centre / scene.pixel
    reach = diameter / scene.pixel * 0.8 + 3
    x0, x1 = max(0, int(cx - reach)), min(scene.columns, int(cx + reach) + 1)
    y0, y1 = max(0, int(cy - reach)), min(scene.rows, int(cy + reach) + 1)
    if x0 >= x1 or y0 >= y1:
        return None, None, whole
    box = (slice(y0, y1), slice(x0, x1))
    yy, xx = np.mgrid[box].astype(np.float64) + 0.5
    dx, dy = xx - cx, yy - cy
    rho = np.hypot(dx, dy) / (radius(np.arctan2(dy, dx)) * diameter / 2 / scene.pixel)
    return box, rho, whole


#: touching degrees and the hard set of the issue
SETS: dict[str, Scene] = {
    **{f"touching {t:g}": Scene(touching=t) for t in (1.15, 1.0, 0.9, 0.8, 0.7)},
    **{
        f"hard {t:g}": Scene(touching=t, contrast=0.5, rough=0.6, shading=0.4, dose=40.0)
        for t in (1.0, 0.9, 0.8)
    },
}
