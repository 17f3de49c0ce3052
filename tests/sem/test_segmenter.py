"""A segmenter given by the user takes the place of the built-in one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from tests.sem.conftest import scene
from tests.sem.test_analysis import raw_of, row

from interlayer.core.errors import AnalysisError
from interlayer.sem import analyze


def threshold(image: NDArray[np.generic]) -> NDArray[np.int32]:
    smooth = ndimage.gaussian_filter(image.astype(float), 1.5)
    return np.asarray(ndimage.label(smooth > 105)[0], np.int32)


def test_labels_of_a_segmenter_are_measured() -> None:
    image, discs = scene(count=40)
    result = analyze(raw_of(image), segmenter=threshold)
    table = result["particles"].to_dataset()
    assert table.sizes["particle"] == 40
    assert row(result, "diameter_mean").value == pytest.approx(10 * discs[:, 2].mean(), rel=0.02)
    away = np.hypot(
        table["x"].values[:, None] - 5 * discs[:, 0], table["y"].values[:, None] - 5 * discs[:, 1]
    )
    assert away.min(axis=1).max() < 3.0
    assert "threshold" in str(result.attrs["steps"])


def test_dark_particles_of_a_segmenter_and_pixels_that_are_not_square() -> None:
    image, discs = scene(count=30)
    result = analyze(raw_of(255 - image, (5.0, 7.0)), segmenter=lambda dark: threshold(255 - dark))
    assert result["images"].to_dataset()["polarity"].values[0] == "dark"
    mean = row(result, "diameter_mean").value
    assert mean == pytest.approx(10 * np.sqrt(7 / 5) * discs[:, 2].mean(), rel=0.02)


def test_no_labels_are_no_particles() -> None:
    image, _ = scene(count=10)
    result = analyze(raw_of(image), segmenter=lambda grey: np.zeros(grey.shape, np.uint8))
    assert row(result, "particle_count").status == "not detected"


@pytest.mark.parametrize("bad", [np.zeros((3, 3), np.int32), np.zeros((384, 512))])
def test_labels_that_do_not_fit_are_refused(bad: NDArray[np.generic]) -> None:
    with pytest.raises(AnalysisError, match="labels"):
        analyze(raw_of(scene()[0]), segmenter=lambda _: bad)
