"""Which outlines are particles: rims, agglomerates, polarity, hulls, burnt-in marks."""

import json
from importlib import resources

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from interlayer.core import results
from interlayer.core.summary import Row
from interlayer.sem import analyze


def raw_of(image: NDArray[np.generic], **attrs: object) -> xr.Dataset:
    sizes = {"pixel_size_x": 5.0, "pixel_size_y": 5.0}
    return xr.Dataset({"image": (("y", "x"), image)}, attrs={"data_bar_rows": 0, **sizes, **attrs})


def row(result: xr.DataTree, quantity: str) -> Row:
    return next(each for each in results.rows_of(result) if each.quantity == quantity)


def rimmed(radius: float = 24.0, seed: int = 0) -> tuple[NDArray[np.uint8], int]:
    """Return spheres in a close packing, dark within bright rims, with dark gaps; and how many are whole."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:420, :560] + 0.5
    image, whole = np.full(y.shape, 25.0), 0
    step = 2.04 * radius
    for j in range(-1, 10):
        for i in range(-1, 13):
            cx, cy = (i + 0.5 * (j % 2)) * step + 6, j * 0.866 * step + 4
            r = radius * (1 + rng.normal(0, 0.02))
            depth = r - np.hypot(x - cx, y - cy)
            image = np.where(depth > 0, 60 + 130 * np.exp(-np.maximum(depth, 0) / 2.5), image)
            whole += r < cx < 560 - r and r < cy < 420 - r
    image = ndimage.gaussian_filter(image, 1.2) + rng.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), whole


def test_packed_spheres_with_bright_rims_are_measured_at_their_outer_edge() -> None:
    image, whole = rimmed()
    result = analyze(raw_of(image))
    assert result["images"].to_dataset()["polarity"].values[0] == "bright"
    assert row(result, "particle_count").value == pytest.approx(whole, rel=0.05)
    # the inner edge of the rims would give 10 % less, the gaps a third
    assert row(result, "diameter_d50").value == pytest.approx(5 * 48.0, rel=0.03)


def test_a_pair_in_touch_is_two_particles_and_an_oval_is_one() -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:480, :640] + 0.5
    image = np.full(y.shape, 60.0)
    for k in range(12):
        cx, cy = 70 + 160 * (k % 4), 80 + 160 * (k // 4)
        if k % 2:
            image[(((x - cx) / 34) ** 2 + ((y - cy) / 19) ** 2) < 1] = 150
        else:
            for side in (-1, 1):
                image[np.hypot(x - cx - side * 21, y - cy) < 22] = 150
    image = ndimage.gaussian_filter(image, 1.5) + rng.normal(0, 8, image.shape)
    result = analyze(raw_of(np.clip(image, 0, 255).astype(np.uint8)))
    table = result["particles"].to_dataset()
    assert table.sizes["particle"] == 18
    assert int(np.sum(table["aspect"] < 0.7)) == 6


def test_what_cannot_be_told_apart_is_said_and_listed() -> None:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:480, :640] + 0.5
    image = np.full(y.shape, 60.0)
    for k in range(14):
        image[np.hypot(x - 60 - 85 * (k % 7), y - 60 - 90 * (k // 7)) < 22] = 140
    tangle = np.abs(ndimage.gaussian_filter(rng.normal(size=image.shape), 3.0))
    tangle = 60 + 220 * tangle / tangle.max()
    image[260:460, 60:580] = tangle[260:460, 60:580]
    image = ndimage.gaussian_filter(image, 1.2) + rng.normal(0, 5, image.shape)
    result = analyze(raw_of(np.clip(image, 0, 255).astype(np.uint8)))
    assert any("agglomerates" in text for text in results.warnings_of(result))
    table = result["agglomerates"].to_dataset()
    assert np.all(table["y"].values > 5 * 240)
    assert table["area"].attrs["units"] == "nm^2"
    separate = result["particles"].to_dataset()
    assert int(np.sum(separate["y"].values < 5 * 240)) == 14


def test_without_agglomerates_nothing_is_said_of_them() -> None:
    image, _ = rimmed()
    result = analyze(raw_of(image))
    assert "agglomerates" not in result
    assert not any("agglomerates" in text for text in results.warnings_of(result))


def rubble(seed: int, edge: float) -> NDArray[np.uint8]:
    """Return overlapping faceted grains, each as bright as the next; ``edge``: how bright their rims are."""
    import cv2

    rng = np.random.default_rng(seed)
    image = np.full((420, 560), 50.0, np.float32)
    for _ in range(150):
        turn = np.sort(rng.uniform(0, 2 * np.pi, 6))
        corners = rng.uniform((60, 60), (500, 360)) + 24 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        points = np.round(corners * 16).astype(np.int32)
        cv2.fillPoly(image, [points], (110.0,), shift=4)
        cv2.polylines(image, [points], True, (110.0 + edge,), 2, shift=4)
    grey = ndimage.gaussian_filter(image, 1.5) + rng.normal(0, 9, image.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


def test_doubtful_outlines_are_said_and_widen_the_interval() -> None:
    crisp, doubtful = analyze(raw_of(rimmed()[0])), analyze(raw_of(rubble(1, 30.0)))
    said = [
        any("doubtful outlines" in text for text in results.warnings_of(each)) for each in (crisp, doubtful)
    ]
    assert said == [False, True]
    found = row(doubtful, "diameter_mean")
    sampling = row(doubtful, "diameter_sd").value / np.sqrt(row(doubtful, "particle_count").value)
    assert found.stddev > 2 * sampling  # without doubt it would be about this


def test_letters_on_particles_are_no_particles() -> None:
    import cv2

    rng = np.random.default_rng(2)
    y, x = np.mgrid[:480, :640] + 0.5
    image = np.full(y.shape, 60.0)
    for k in range(30):
        image[np.hypot(x - 55 - 105 * (k % 6), y - 50 - 95 * (k // 6)) < 30] = 150
    image = ndimage.gaussian_filter(image, 1.2) + rng.normal(0, 6, image.shape)
    clean = np.clip(image, 1, 250).astype(np.uint8)
    marked = clean.copy()
    cv2.putText(marked, "200 nm OOO", (120, 300), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 255, 4)
    plain, lettered = (analyze(raw_of(each)) for each in (clean, marked))
    assert row(plain, "particle_count").value == 30
    assert row(lettered, "particle_count").value == 30
    change = row(lettered, "diameter_mean").value / row(plain, "diameter_mean").value
    assert change == pytest.approx(1, abs=0.01)


def test_the_score_needs_the_features_that_it_was_fitted_to() -> None:
    from interlayer.sem.segment import features

    text = (resources.files("interlayer.sem.segment") / "score.json").read_text(encoding="utf-8")
    assert tuple(json.loads(text)["features"]) == features.NAMES
