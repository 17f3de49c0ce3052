"""From raw images to rows and tables."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.sem.conftest import scene, with_bar, write_fei

from interlayer.core import results
from interlayer.core.errors import AnalysisError, SettingError
from interlayer.core.summary import Row
from interlayer.sem import analyze, plot, plots, read
from interlayer.sem.analysis import pool


def raw_of(image: np.ndarray, size: tuple[float, float] | None = (5.0, 5.0), **attrs: object) -> xr.Dataset:
    raw = xr.Dataset({"image": (("y", "x"), image)}, attrs={"data_bar_rows": 0, **attrs})
    if size:
        raw.attrs |= {"pixel_size_x": size[0], "pixel_size_y": size[1]}
    return raw


def row(result: xr.DataTree, quantity: str) -> Row:
    return next(each for each in results.rows_of(result) if each.quantity == quantity)


def test_separate_discs_are_found_and_measured() -> None:
    image, discs = scene(count=40)
    result = analyze(raw_of(image))
    table = result["particles"].to_dataset()
    assert table.sizes["particle"] == 40
    true = 10 * discs[:, 2]
    mean = row(result, "diameter_mean")
    assert mean.value == pytest.approx(true.mean(), rel=0.015)
    assert mean.low < true.mean() < mean.high
    near = np.hypot(
        *(table["x"].values[:, None] - 5 * discs[:, 0], table["y"].values[:, None] - 5 * discs[:, 1])
    )
    assert near.min(axis=1).max() < 5.0
    assert np.all(table["circularity"] > 0.9)
    assert np.all(table["completeness"] > 0.9)


def test_dark_particles_are_found_too() -> None:
    image, discs = scene(count=40)
    result = analyze(raw_of(255 - image))
    assert result["images"].to_dataset()["polarity"].values[0] == "dark"
    assert abs(result["particles"].sizes["particle"] - len(discs)) <= 1


def test_pixels_that_are_not_square() -> None:
    image, discs = scene(shape=(560, 512), count=40, radius=14)
    squeezed = raw_of(np.ascontiguousarray(image[::1, :]), (5.0, 5.0))
    import cv2

    flat = cv2.resize(image, (512, 400), interpolation=cv2.INTER_AREA)
    result = analyze(raw_of(flat, (5.0, 7.0)))
    reference = analyze(squeezed)
    assert row(result, "diameter_mean").value == pytest.approx(
        row(reference, "diameter_mean").value, rel=0.02
    )
    assert float(result["particles"].to_dataset()["y"].max()) == pytest.approx(
        float(reference["particles"].to_dataset()["y"].max()), abs=15
    )
    assert row(result, "particle_count").value == pytest.approx(len(discs), abs=2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bare_texture_gives_no_distribution(seed: int) -> None:
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    ground = ndimage.gaussian_filter(rng.normal(size=(512, 512)), 8)
    image = 100 + 25 * ground / ground.std() + rng.normal(0, 8, (512, 512))
    result = analyze(raw_of(np.clip(image, 0, 255).astype(np.uint8)))
    assert row(result, "particle_count").status == "not detected"
    assert row(result, "diameter_d50").status == "not detected"
    assert result["particles"].sizes["particle"] == 0
    assert plots.figures(result)


def test_without_scale_no_lengths() -> None:
    image, _ = scene()
    result = analyze(raw_of(image, None))
    assert row(result, "diameter_mean").status == "not determined"
    assert "uncalibrated" in row(result, "diameter_mean").note
    assert result["particles_in_pixels"].to_dataset()["x"].attrs["units"] == "pixel"
    assert any("uncalibrated" in text for text in results.warnings_of(result))
    given = analyze(raw_of(image, None), pixel_size="5 nm")
    assert row(given, "diameter_mean").status == "measured"


def test_few_particles_give_no_quantiles() -> None:
    image, _ = scene(count=6)
    result = analyze(raw_of(image))
    assert row(result, "particle_count").value == 6
    assert row(result, "diameter_d90").status == "not determined"


def test_bar_is_left_out_and_input_unchanged(fei_file: Path) -> None:
    raw = read(fei_file)
    before = raw.copy(deep=True)
    result = analyze(raw)
    assert raw.identical(before)
    assert float(result["images"].to_dataset()["height"].values[0]) == pytest.approx(384 * 5.0)
    assert float(result["particles"].to_dataset()["y"].max()) < 384 * 5.0


def test_images_of_one_sample_are_pooled(tmp_path: Path) -> None:
    files = []
    for seed in range(3):
        image, _ = scene(seed)
        files.append(write_fei(tmp_path / f"{seed}.tif", with_bar(image), image.shape[0], 40))
    raws = [read(path) for path in files]
    together = analyze(raws)
    stored = []
    for k, raw in enumerate(raws):
        single = analyze(raw)
        single.to_netcdf(tmp_path / f"{k}.nc")
        stored.append(xr.open_datatree(tmp_path / f"{k}.nc"))
    again = pool(stored)
    assert together["particles"].sizes["particle"] == sum(
        tree["particles"].sizes["particle"] for tree in stored
    )
    for one, two in zip(results.rows_of(together), results.rows_of(again), strict=True):
        assert (one.quantity, one.value, one.low, one.high) == (two.quantity, two.value, two.low, two.high)
    assert set(np.unique(together["particles"].to_dataset()["image"])) == {0, 1, 2}
    assert "0.tif" in row(together, "diameter_mean").origin


def test_same_field_twice_is_said() -> None:
    image, _ = scene(count=40)
    noise = np.random.default_rng(5).normal(0, 6, image.shape)
    twin = np.clip(image + noise, 0, 255).astype(np.uint8)
    result = analyze([raw_of(image, source="a.tif"), raw_of(twin, source="b.tif")])
    assert any("same field" in text for text in results.warnings_of(result))


def test_tilt_is_corrected_only_where_it_was_not() -> None:
    image, _ = scene()
    plain = analyze(raw_of(image))
    tilted = analyze(raw_of(image, tilt=60.0, tilt_correction="off"))
    assert float(tilted["images"].to_dataset()["pixel_size_y"].values[0]) == pytest.approx(10.0)
    corrected = analyze(raw_of(image, tilt=60.0, tilt_correction="on"))
    assert row(corrected, "diameter_mean").value == row(plain, "diameter_mean").value
    assert any("cos" in text for text in results.warnings_of(tilted))


def test_repeatable() -> None:
    image, _ = scene()
    one, two = analyze(raw_of(image)), analyze(raw_of(image))
    assert one["particles"].to_dataset().identical(two["particles"].to_dataset())


@pytest.mark.parametrize("bad", ["0 nm", "5 V", "5", "nan nm", "1 nm x 2 nm x 3 nm"])
def test_wrong_pixel_size(bad: str) -> None:
    with pytest.raises(Exception, match=r"pixel_size|unit|quantity") as caught:
        analyze(raw_of(scene()[0]), pixel_size=bad)
    assert isinstance(caught.value, SettingError) or type(caught.value).__name__ == "UnitError"


def test_nothing_to_analyse() -> None:
    with pytest.raises(AnalysisError):
        analyze([])


def test_figures_and_plot(fei_file: Path) -> None:
    result = analyze(read(fei_file))
    names = [each.name for each in plots.figures(result)]
    assert names == ["picture", "distribution"]
    plot(result).savefig(fei_file.with_suffix(".png"))


def test_clipping_is_flagged() -> None:
    image, _ = scene()
    result = analyze(raw_of(np.where(image > 130, 255, image).astype(np.uint8)))
    assert any("clipped white" in text for text in results.warnings_of(result))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "low", "high"), [("s1_t1.00", 270, 310), ("s1_t0.80", 240, 310)])
def test_simulated_apreo(real: Path, name: str, low: int, high: int) -> None:
    result = analyze(read(real / "sem" / f"{name}.tif"))
    truth = np.load(real / "sem" / f"{name}_gt.npz")
    whole = truth["d_nm"][~truth["edge"]]
    assert low <= result["particles"].sizes["particle"] <= high
    mean = row(result, "diameter_mean")
    assert mean.low < whole.mean() < mean.high
