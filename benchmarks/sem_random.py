"""Random micrographs of every kind, for training the score of outlines (`sem_train.py`).

Shapes, arrangements, looks, optics and noise are drawn at random over wide ranges. Shares no code with the
package nor with the simulators that judge it (`sem_simulator`, `sem_scenes`).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
_TURNS = np.arange(180) * (2 * np.pi / 180)


@dataclass
class Picture:
    """A grey image, the whole outline of each particle (centre, radii over 180 angles) and its visible share.

    ``sign`` is +1 for particles brighter than their ground, -1 for darker ones.
    """

    image: NDArray[np.generic]
    sign: int
    centres: Floats
    outlines: Floats
    visible: Floats
    kind: str = ""
    notes: dict[str, float] = field(default_factory=dict)


def draw(seed: int) -> Picture:
    """Return one picture."""
    rng = np.random.default_rng(seed)
    rows, columns = (int(rng.integers(300, 520)) for _ in range(2))
    radius = float(np.exp(rng.uniform(np.log(6), np.log(48))))
    empty = rng.random() < 0.12
    family = rng.choice(["round", "oval", "polygon", "block"], p=[0.42, 0.18, 0.3, 0.1])
    where = rng.choice(["chain", "random", "packed", "clusters"], p=[0.3, 0.2, 0.22, 0.28])
    spread = float(rng.choice([rng.uniform(0.02, 0.08), rng.uniform(0.08, 0.35)]))
    spots = np.empty((0, 3)) if empty else _spots(rng, where, radius, spread, rows, columns)
    outlines = np.array([_outline(rng, family, r) for r in spots[:, 2]]).reshape(len(spots), _TURNS.size)
    image, labels = _render(rng, spots, outlines, rows, columns, radius)
    area = 0.5 * np.mean(outlines**2, axis=1) * 2 * np.pi
    seen = np.bincount(labels.ravel(), minlength=len(spots) + 1)[1:] / np.maximum(area, 1)
    sign = -1 if rng.random() < 0.35 else 1
    grey = _camera(rng, image * sign, radius)
    return Picture(grey, sign, spots[:, :2], outlines, seen, f"{family} {where}", {"radius": radius})


def _sizes(rng: np.random.Generator, radius: float, spread: float, n: int) -> Floats:
    return radius * np.exp(np.clip(rng.normal(0, spread, n), -1.2, 1.2))


def _spots(
    rng: np.random.Generator, where: str, radius: float, spread: float, rows: int, columns: int
) -> Floats:
    """Return x, y and radius (n, 3) in the order in which particles are laid, the lowest first."""
    if where == "packed":
        return _packed(rng, radius, spread, rows, columns)
    room = rows * columns / (np.pi * radius**2)
    count = int(np.clip(rng.uniform(0.08, 0.8) * room, 3, 500))
    gap = float(rng.uniform(0.62, 1.25))
    fresh = {"chain": 0.1, "random": 1.0, "clusters": 0.0}[where]
    sizes = _sizes(rng, radius, spread, count)
    found = np.empty((count, 3))
    n, tries = 0, 0
    heads = int(rng.integers(1, 7))
    while n < count and tries < 12 * count:
        tries += 1
        r = sizes[n]
        if n < heads or rng.random() < fresh:
            spot = rng.random(2) * (columns, rows)
        else:
            k = rng.integers(n)
            turn = rng.uniform(0, 2 * np.pi)
            spot = found[k, :2] + gap * rng.uniform(1.0, 1.06) * (found[k, 2] + r) * np.array(
                [np.cos(turn), np.sin(turn)]
            )
        if not (-0.6 * r < spot[0] < columns + 0.6 * r and -0.6 * r < spot[1] < rows + 0.6 * r):
            continue
        near = np.hypot(*(found[:n, :2] - spot).T) / (found[:n, 2] + r)
        if n and near.min() < gap:
            continue
        found[n] = (*spot, r)
        n += 1
    return found[rng.permutation(n)]


def _packed(rng: np.random.Generator, radius: float, spread: float, rows: int, columns: int) -> Floats:
    step = 2 * radius * rng.uniform(0.9, 1.1)
    jitter, holes = rng.uniform(0.0, 0.12) * step, rng.uniform(0.0, 0.5)
    found = []
    for layer in range(int(rng.integers(1, 3))):
        for j in range(-1, int(rows / (0.866 * step)) + 2):
            for i in range(-1, int(columns / step) + 2):
                if rng.random() < holes * (0.4 + 0.6 * layer):
                    continue
                x = (i + 0.5 * (j % 2) + 0.5 * layer) * step + rng.normal(0, jitter)
                y = (j + 0.57 * layer) * 0.866 * step + rng.normal(0, jitter)
                found.append((x, y, float(_sizes(rng, radius, min(spread, 0.12), 1)[0])))
    return np.array(found).reshape(-1, 3)[:900]


def _outline(rng: np.random.Generator, family: str, r: float) -> Floats:
    turn = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(_TURNS - turn), np.sin(_TURNS - turn)
    if family in ("round", "oval"):
        aspect = 1 + abs(rng.normal(0, 0.08)) if family == "round" else rng.uniform(1.15, 2.3)
        shape = 1 / np.sqrt(c**2 / aspect + s**2 * aspect)
        for m in range(3, 7):
            shape += rng.normal(0, 0.018) * np.cos(m * _TURNS + rng.uniform(0, 6.3)) / np.sqrt(m - 1)
    elif family == "block":
        p, aspect = rng.uniform(3, 8), rng.uniform(1.0, 1.8)
        a = np.sqrt(aspect)
        shape = (np.abs(c / a) ** p + np.abs(s * a) ** p) ** (-1 / p)
    else:
        n = int(rng.integers(5, 10))
        normals = (np.arange(n) + rng.uniform(-0.35, 0.35, n)) * 2 * np.pi / n
        slope = np.cos(_TURNS[:, None] - normals - turn)
        reach = rng.uniform(0.75, 1.1, n)
        shape = np.min(np.where(slope > 0.1, reach / np.maximum(slope, 0.1), 1.6), axis=1)
        long = rng.uniform(1.0, 1.5)
        shape *= 1 / np.sqrt(np.cos(_TURNS) ** 2 / long + np.sin(_TURNS) ** 2 * long)
        shape = np.fft.irfft(np.fft.rfft(shape) * np.exp(-((np.arange(91) / rng.uniform(8, 30)) ** 2)), 180)
    return np.asarray(r * shape / np.sqrt(np.mean(shape**2)))


def _relief(rng: np.random.Generator, rows: int, columns: int, lengths: list[float]) -> Floats:
    total = np.zeros((rows, columns))
    for length in lengths:
        each = ndimage.gaussian_filter(rng.normal(size=total.shape), length)
        total += rng.uniform(0.2, 1.0) * each / max(float(each.std()), 1e-12)
    return total / max(float(total.std()), 1e-12)


def _lines(rng: np.random.Generator, rows: int, columns: int, radius: float) -> Floats:
    """Return scratches, cracks or fibres: bright or dark lines, straight or winding."""
    drawn = np.zeros((rows, columns))
    winding = rng.choice([0.0, rng.uniform(0.005, 0.05)])
    for _ in range(int(rng.integers(3, 60))):
        steps = int(rng.uniform(0.3, 1.5) * (rows + columns))
        turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, winding, steps))
        x = rng.uniform(0, columns) + np.cumsum(np.cos(turn))
        y = rng.uniform(0, rows) + np.cumsum(np.sin(turn))
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        drawn[y[inside].astype(int), x[inside].astype(int)] = rng.uniform(0.5, 1.0)
    soft = ndimage.gaussian_filter(drawn, rng.uniform(0.5, max(0.8, 0.2 * radius)))
    return soft / max(float(soft.max()), 1e-9) * rng.uniform(0.3, 1.5) * rng.choice([-1, 1])


def _render(
    rng: np.random.Generator, spots: Floats, outlines: Floats, rows: int, columns: int, radius: float
) -> tuple[Floats, NDArray[np.int32]]:
    """Return the signal (ground about 0, particles about 1) and the number of the uppermost particle."""
    lengths = [radius * f for f in (0.12, 0.4, 1.2, 4.0) if rng.random() < 0.5] or [3.0 * radius]
    image = rng.choice([0.0, rng.uniform(0.02, 0.35)]) * _relief(rng, rows, columns, lengths)
    if rng.random() < (0.12 if len(spots) else 0.5):
        image = image + _lines(rng, rows, columns, radius)
    labels = np.zeros(image.shape, np.int32)
    rim = float(rng.choice([0.0, rng.uniform(0.05, 0.6), rng.uniform(0.6, 3.0)], p=[0.25, 0.25, 0.5]))
    weaker = float(rng.choice([1.0, rng.uniform(0.08, 1.0)]))
    width = float(np.exp(rng.uniform(np.log(1.0), np.log(max(1.2, 0.2 * radius)))))
    body, scatter = (rng.uniform(0.02, 0.3) if rim > 0.6 and rng.random() < 0.6 else 1.0), rng.uniform(0, 0.3)
    heavy = rng.uniform(0.2, 0.8) if rng.random() < 0.15 else 0.0  # some particles far brighter than others
    dome, tilt = (
        rng.choice([rng.uniform(-0.2, 0.6), rng.uniform(0.5, 3.0)], p=[0.75, 0.25]),
        rng.uniform(0, 0.25),
    )
    shadow, reach = rng.choice([0.0, rng.uniform(0.05, 0.5)]), rng.uniform(0.04, 0.3) * radius
    deeper, clear = rng.choice([0.0, rng.uniform(0.1, 0.5)]), rng.random() < 0.15
    grain = rng.choice([0.0, rng.uniform(0.02, 0.12)])
    texture = _relief(rng, rows, columns, [0.08 * radius + 0.5]) if grain else image
    lit = rng.uniform(0, 0.4) * rng.choice([0, 1])
    sun = rng.uniform(0, 2 * np.pi)
    for k, (x, y, r) in enumerate(spots):
        far = float(outlines[k].max()) + 4 * reach + 3
        box = np.s_[
            max(0, int(y - far)) : max(0, int(y + far) + 2), max(0, int(x - far)) : max(0, int(x + far) + 2)
        ]
        part, own = image[box], labels[box]
        if not part.size:
            continue
        yy, xx = np.mgrid[
            box[0].start : box[0].start + part.shape[0], box[1].start : box[1].start + part.shape[1]
        ]
        dx, dy = xx + 0.5 - x, yy + 0.5 - y
        distance, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
        edge = np.interp(
            turn % (2 * np.pi), np.append(_TURNS, 2 * np.pi), np.append(outlines[k], outlines[k][0])
        )
        depth = edge - distance
        inside = depth > 0
        if shadow:
            part *= np.where(inside, 1, 1 - shadow * np.exp(np.minimum(depth, 0) / reach))
            part -= np.where(inside, 0, 0.5 * shadow * np.exp(np.minimum(depth, 0) / reach))
        rho = distance / np.maximum(edge, 1e-6)
        lean = rng.normal(0, tilt)
        level = (
            body
            * (1 + rng.normal(0, scatter))
            * np.exp(rng.exponential(heavy) if heavy else 0.0)
            * (1 - deeper * (1 - k / max(len(spots), 1)))
        )
        look = level * (1 + dome * 0.5 * (1 - rho**2)) + body * lean * dx / r + body * lean * dy / r
        light = 1 + lit * np.cos(turn - sun)
        height = np.where(own > 0, weaker, 1.0)  # an edge above another particle stands less high
        look += rim * height * np.exp(-np.maximum(depth, 0) / width) * light
        if grain:
            look = look + grain * texture[box]
        if clear:
            part[inside] += look[inside]
        else:
            solid = 0.0 if weaker == 1.0 else (0.5 * (own > 0) * (1 - weaker))[inside]
            part[inside] = look[inside] * (1 - solid) + body * solid
        own[inside] = k + 1
    return image, labels


def _camera(rng: np.random.Generator, signal: Floats, radius: float) -> NDArray[np.generic]:
    most = max(0.8, min(3.5, 0.16 * radius)) if rng.random() < 0.75 else max(1.0, 0.3 * radius)
    blur = float(np.exp(rng.uniform(np.log(0.5), np.log(most))))
    seen = ndimage.gaussian_filter(signal, blur)
    if rng.random() < 0.15:
        seen = seen + rng.uniform(0.1, 0.5) * ndimage.gaussian_filter(signal, radius)
    if rng.random() < 0.5:
        y, x = np.mgrid[: seen.shape[0], : seen.shape[1]]
        turn = rng.uniform(0, 6.3)
        ramp = (x / seen.shape[1] - 0.5) * np.cos(turn) + (y / seen.shape[0] - 0.5) * np.sin(turn)
        seen = seen * (1 + rng.uniform(0, 0.5) * ramp) + rng.uniform(0, 0.5) * ramp
    noise = float(np.exp(rng.uniform(np.log(0.015), np.log(0.35))))
    base = rng.uniform(0.3, 2.0)
    grey = seen + rng.normal(size=seen.shape) * noise * np.sqrt(np.maximum(seen + base, 0.05) / base)
    if rng.random() < 0.15:
        grey += rng.normal(0, rng.uniform(0.02, 0.15), (seen.shape[0], 1))
    low, high = np.quantile(grey, [rng.uniform(0, 0.02), 1 - rng.uniform(0, 0.02)])
    scaled = (grey - low) / max(float(high - low), 1e-9)
    if rng.random() < 0.3:
        scaled = np.clip(scaled, 0, None) ** rng.uniform(0.6, 1.5)
    return np.clip(np.rint(255 * (0.03 + 0.94 * scaled)), 0, 255).astype(np.uint8)
