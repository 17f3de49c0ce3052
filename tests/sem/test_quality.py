"""Flags of images, and the statistics table."""

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage, stats
from tests.sem.conftest import scene
from tests.sem.test_analysis import raw_of

from interlayer.core import results
from interlayer.sem import analyze, quality, resample


def flags(result: xr.DataTree) -> set[str]:
    return {text for text in str(result["images"].to_dataset()["flags"].values[0]).split("; ") if text}


def test_a_good_image_has_no_flags() -> None:
    assert flags(analyze(raw_of(scene()[0]))) == set()


def test_blur_with_particles_and_without() -> None:
    image = scene(count=40)[0].astype(float)
    soft = ndimage.gaussian_filter(image, 7.0) + np.random.default_rng(0).normal(0, 3, image.shape)
    assert "blur" in flags(analyze(raw_of(soft.clip(0, 255).astype(np.uint8))))
    assert quality.detail(image) <= 4
    gone = ndimage.gaussian_filter(image, 25.0)
    gone = 110 + 30 * (gone - gone.mean()) / gone.std() + np.random.default_rng(1).normal(0, 4, image.shape)
    result = analyze(raw_of(gone.clip(0, 255).astype(np.uint8)))
    assert result["particles"].sizes["particle"] == 0 and "blur" in flags(result)


def test_scale_of_the_finest_detail() -> None:
    rng = np.random.default_rng(0)
    for sigma in (2, 4, 8, 16):
        ground = ndimage.gaussian_filter(rng.normal(size=(600, 800)), sigma)
        image = 120 + 25 * ground / ground.std() + rng.normal(0, 4, ground.shape)
        assert sigma / 2 <= quality.detail(image.astype(np.float32)) <= 2 * sigma


def test_charging_streaks() -> None:
    """A few rows are enough, and a third of their length."""
    image, rng = scene()[0].astype(float), np.random.default_rng(0)
    streaked = image.copy()
    for row in rng.integers(0, image.shape[0], 12):
        streaked[row : row + 2, 150:330] += 25
    assert quality.streaks(streaked.clip(0, 255).astype(np.uint8)) > 0.03
    every = image + rng.normal(0, 12, (image.shape[0], 1))
    assert "streaks" in flags(analyze(raw_of(every.clip(0, 255).astype(np.uint8))))
    for seed in range(4):  # edges of particles are no streaks, with noise or almost none
        for blur in (0, 2, 5):
            smooth = ndimage.gaussian_filter(scene(seed)[0].astype(float), blur)
            assert quality.streaks((smooth + rng.normal(0, 1, smooth.shape)).astype(np.uint8)) < 0.01


def test_clipping_few_pixels_and_no_scale() -> None:
    image = scene()[0]
    found = flags(analyze(raw_of(np.where(image > 130, 255, image).astype(np.uint8), None)))
    assert {"clipped", "no scale"} <= found
    y, x = np.mgrid[:384, :512]
    cells = ((x // 24) + 22 * (y // 24) + 1) * (np.hypot(x % 24 - 12, y % 24 - 12) < 6)
    small = np.where(cells > 0, 140, 70).astype(np.uint8)
    result = analyze(raw_of(small), segmenter=lambda _: cells.astype(np.int32))
    assert "few pixels" in flags(result)
    rows = {row.quantity: row for row in results.rows_of(result)}
    assert rows["diameter_sd"].status == "not determined"  # all alike: nothing to bound it with
    assert rows["diameter_d50"].status == "measured"


def test_flags_begin_the_warnings() -> None:
    result = analyze(raw_of(np.where(scene()[0] > 130, 255, scene()[0]).astype(np.uint8), source="a.tif"))
    assert any(text.startswith("a.tif: clipped: ") for text in results.warnings_of(result))


def test_repeats_of_many_fields() -> None:
    rng = np.random.default_rng(0)
    prints = [quality.fingerprint(rng.normal(size=(160, 240)).astype(np.float32)) for _ in range(40)]
    assert quality.repeats(prints) == []
    assert quality.repeats([*prints, prints[7], prints[7]]) == [(40, 7), (41, 7)]
    assert quality.repeats([]) == quality.repeats(prints[:1]) == []


def test_volume_weighting() -> None:
    """Known answers: volume weighting of a log-normal shifts its median by exp(3 s^2)."""
    rng = np.random.default_rng(4)
    sizes = rng.lognormal(np.log(200), 0.2, 40_000)
    found = resample.intervals([sizes], [sizes**3])
    assert found["diameter_d50"].value == pytest.approx(200 * np.exp(3 * 0.2**2), rel=0.01)
    assert found["diameter_geometric_sd"].value == pytest.approx(np.exp(0.2), rel=0.01)
    assert found["diameter_mean"].low < 200 * np.exp(3.5 * 0.2**2) < found["diameter_mean"].high


def test_the_table_of_statistics() -> None:
    result = analyze(raw_of(scene(count=40)[0]))
    table = result["statistics"].to_dataset().to_dataframe().set_index(["weighting", "statistic"])
    diameters = result["particles"].to_dataset()["equivalent_diameter"].values
    assert (
        len(table) == 14
        and np.all(table["low"] <= table["value"])
        and np.all(table["value"] <= table["high"])
    )
    rows = {row.quantity: row for row in results.rows_of(result)}
    assert table.loc[("number", "diameter_d50"), "value"] == rows["diameter_d50"].value
    volume = np.average(diameters, weights=diameters**3)
    assert table.loc[("volume", "diameter_mean"), "value"] == pytest.approx(volume, rel=0.02)
    attrs = result["distribution"].attrs
    assert attrs["log_normal_bound"] <= diameters.min()
    assert attrs["log_normal_median"] == pytest.approx(stats.gmean(diameters), rel=0.02)
    assert attrs["number_d10_low"] < attrs["number_d10"] < attrs["number_d10_high"]


def test_images_of_too_low_a_magnification_do_not_dilute() -> None:
    """A survey image in which the particles are 3 pixels wide counts for neither density nor coverage."""
    pair = [raw_of(scene(seed, count=40)[0]) for seed in range(2)]
    ground = np.random.default_rng(0).normal(90, 8, (384, 512)).astype(np.uint8)
    alone, both = analyze(pair), analyze([*pair, raw_of(ground, (50.0, 50.0))])
    for name in ("number_density", "coverage"):
        first, second = ({r.quantity: r for r in results.rows_of(each)}[name] for each in (alone, both))
        assert second.value == pytest.approx(first.value)
        assert "magnification" in second.note and not first.note
