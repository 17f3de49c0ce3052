"""The plain scikit-image pipeline that everyone writes: Gaussian, Otsu, distance transform, watershed."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, measure, morphology, segmentation


def otsu_watershed(
    image: NDArray[np.generic], sigma: float, distance: int, dark: bool = False
) -> NDArray[np.int32]:
    """Return labels; ``sigma`` and least distance of seeds are given (the baseline knows the scale)."""
    smooth = filters.gaussian(image.astype(float), sigma)
    level = filters.threshold_otsu(smooth)
    mask = smooth < level if dark else smooth > level
    mask = ndi.binary_fill_holes(morphology.remove_small_objects(mask, max_size=int(distance**2)))
    depth = ndi.distance_transform_edt(mask)
    peaks = feature.peak_local_max(
        depth, min_distance=distance, labels=measure.label(mask), exclude_border=False
    )
    seeds = np.zeros(depth.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(segmentation.watershed(-depth, seeds, mask=mask), np.int32)
