"""Simulated piles of solids, by height maps: packed spheres, faceted grains, agglomerates.

Solids lie at random heights; the highest one is seen at each pixel. The signal follows the slope of the
surface (secondary electrons, 1/cos) with bright edges and shade in the gaps. Shares no code with the
segmentation nor with `sem_simulator`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pile:
    """What is simulated; lengths in pixels."""

    shape: str  # sphere or grain
    radius: float
    spread: float  # relative sd of the radius
    arrangement: str  # packed or clusters
    spacing: float = 1.0  # of packed ones, in diameters
    necks: float = 0.0  # width of the smoothing that joins neighbours
    edge: float = 0.6  # brightness of edges
    blur: float = 1.2
    dose: float = 80.0
    streaks: float = 0.0  # charging: scatter of rows
    rows: int = 768
    columns: int = 1024


@dataclass(frozen=True)
class Seen:
    """An image, the visible part of each solid, true equivalent diameters, and who is whole."""

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    diameters: Floats
    inside: NDArray[np.bool_]


def simulate(pile: Pile, seed: int) -> Seen:
    """Return one image and its truth; solids of which less than 15 % is seen are not counted."""
    rng = np.random.default_rng(seed)
    spots = _packed(pile, rng) if pile.arrangement == "packed" else _clusters(pile, rng)
    height = np.zeros((pile.rows, pile.columns))
    labels = np.zeros(height.shape, np.int32)
    true, inside, seen_of = [], [], []
    for k, (x, y, level) in enumerate(spots):
        r = pile.radius * np.exp(rng.normal(0, pile.spread))
        own, area, touched = _solid(pile, rng, x, y, r, height.shape)
        true.append(2 * np.sqrt(area / np.pi))
        inside.append(not touched)
        seen_of.append(area)
        if own is None:
            continue
        box, surface = own
        z = surface + level
        higher = (surface > 0) & (z > height[box])
        height[box][higher] = z[higher]
        labels[box][higher] = k + 1
    visible = np.bincount(labels.ravel(), minlength=len(spots) + 1)[1:]
    keep = visible > 0.15 * np.array(seen_of)
    labels = np.where(np.concatenate([[False], keep])[labels], labels, 0)
    return Seen(_render(pile, rng, height), labels, np.array(true)[keep], (np.array(inside) & keep)[keep])


def _packed(pile: Pile, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Return x, y and height of two layers of a jittered hexagonal packing with vacancies on top."""
    step = 2 * pile.radius * pile.spacing
    found = []
    for layer in range(2):
        shift = 0.577 * step * layer
        for j in range(-1, int(pile.rows / (step * 0.866)) + 2):
            for i in range(-1, int(pile.columns / step) + 2):
                if layer and rng.random() < 0.35:
                    continue
                x = (i + 0.5 * (j % 2)) * step + rng.normal(0, 0.03) * step
                y = j * step * 0.866 + shift + rng.normal(0, 0.03) * step
                found.append((x, y, layer * 1.6 * pile.radius))
    return found


def _clusters(pile: Pile, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Return x, y and height of agglomerates of 5 to 40 solids on flat ground, grown by contact."""
    found: list[tuple[float, float, float]] = []
    for _ in range(int(pile.rows * pile.columns / (pile.radius**2 * 320))):
        members = [(rng.uniform(0, pile.columns), rng.uniform(0, pile.rows), 0.0)]
        for _ in range(int(rng.integers(5, 40))):
            x, y, z = members[rng.integers(len(members))]
            turn, lift = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 0.45))
            reach = 1.9 * pile.radius * np.cos(min(lift, 1.2))
            members.append(
                (x + reach * np.cos(turn), y + reach * np.sin(turn), z + pile.radius * np.sin(lift))
            )
        found += members
    return found


def _solid(pile: Pile, rng: np.random.Generator, x: float, y: float, r: float, shape: tuple[int, int]):  # type: ignore[no-untyped-def]
    """Return (box, height above the solid's own ground), projected area and whether the frame cuts it."""
    if pile.shape == "sphere":
        outline = np.full(360, r)
    else:
        normals = np.sort(rng.uniform(0, 2 * np.pi, 9))
        offsets = r * rng.uniform(0.78, 1.12, 9)
        angle = np.arange(360) * np.pi / 180
        slope = np.cos(angle[:, None] - normals)
        outline = np.min(np.where(slope > 0.05, offsets / np.maximum(slope, 0.05), 1.5 * r), axis=1)
        outline = np.minimum(outline, 1.45 * r)
    area = 0.5 * np.mean(outline**2) * 2 * np.pi
    reach = outline.max() + 2
    x0, x1, y0, y1 = int(x - reach), int(x + reach) + 2, int(y - reach), int(y + reach) + 2
    touched = x0 < 1 or y0 < 1 or x1 > shape[1] - 1 or y1 > shape[0] - 1
    x0, x1, y0, y1 = max(x0, 0), min(x1, shape[1]), max(y0, 0), min(y1, shape[0])
    if x0 >= x1 or y0 >= y1:
        return None, area, touched
    yy, xx = np.mgrid[y0:y1, x0:x1] + 0.5
    dx, dy = xx - x, yy - y
    turn = (np.degrees(np.arctan2(dy, dx)).astype(int)) % 360
    rho = np.hypot(dx, dy) / outline[turn]
    if pile.shape == "sphere":
        surface = r * (1 + np.sqrt(np.clip(1 - rho**2, 0, None)))
    else:  # a plateau with bevelled sides, tilted
        surface = (
            r * (1 + np.minimum(0.5, 2.2 * (1 - rho))) + rng.normal(0, 0.12) * dx + rng.normal(0, 0.12) * dy
        )
    return ((slice(y0, y1), slice(x0, x1)), np.where(rho < 1, np.maximum(surface, 0.1), 0.0)), area, touched


def _render(pile: Pile, rng: np.random.Generator, height: Floats) -> NDArray[np.uint8]:
    if pile.necks:
        height = ndimage.grey_closing(height, size=int(2 * pile.necks) | 1)
    h = ndimage.gaussian_filter(height, 0.8)
    gy, gx = np.gradient(h)
    steep = np.clip(np.sqrt(1 + gx**2 + gy**2), 1, 6)
    shade = np.clip((ndimage.gaussian_filter(height, 0.8 * pile.radius) - height) / pile.radius, 0, 1.5)
    signal = (55 + 25 * (height > 0)) * (1 + pile.edge * (steep - 1) / 2) * (1 - 0.45 * shade) - 6 * gx
    signal += 4 * ndimage.gaussian_filter(rng.normal(size=h.shape), 30) * 30
    signal = ndimage.gaussian_filter(signal, pile.blur)
    signal += rng.normal(0, pile.streaks, (h.shape[0], 1)) if pile.streaks else 0.0
    signal = rng.poisson(np.clip(signal, 1, None) / 100 * pile.dose) * (100 / pile.dose)
    return np.clip(np.rint(signal), 0, 255).astype(np.uint8)


#: sets of piles
SETS: dict[str, Pile] = {
    "packed spheres": Pile("sphere", 26, 0.027, "packed", 1.02, necks=2),
    "packed, charging": Pile("sphere", 20, 0.027, "packed", 1.05, edge=1.6, blur=1.8, dose=40, streaks=5),
    "sphere clusters": Pile("sphere", 16, 0.12, "clusters", edge=1.0),
    "faceted clusters": Pile("grain", 22, 0.2, "clusters", edge=0.9),
    "faceted, blurred": Pile("grain", 16, 0.2, "clusters", edge=0.7, blur=2.2, dose=40),
}
