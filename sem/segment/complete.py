"""Whole outlines of partly hidden particles, from the arcs that are seen."""

import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.rays import ANGLES, Outlines

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: relative scatter of a particle's outline about an ellipse, and of the shift and elongation of its outline;
#: they set how far the visible arc is trusted to tell the hidden one
_SCATTER, _SHIFT, _ELONGATION = 0.03, 0.15, 0.05
_BASIS = np.stack(
    [np.ones_like(ANGLES), np.cos(ANGLES), np.sin(ANGLES), np.cos(2 * ANGLES), np.sin(2 * ANGLES)]
).T
_RIDGE = np.diag([0.0, *[(_SCATTER / _SHIFT) ** 2] * 2, *[(_SCATTER / _ELONGATION) ** 2] * 2])


def whole(outlines: Outlines, own: NDArray[np.bool_]) -> F64:
    """Return (n, RAYS) radii: as seen on the rays with an edge of their own, completed elsewhere.

    The hidden arc is an ellipse near the outline's centre, r(t) = a0 + a1 cos t + b1 sin t + a2 cos 2t +
    b2 sin 2t, by ridge regression on the visible arc with one robust reweighting (Huber).
    """
    scale = np.mean(outlines.radius, axis=1, keepdims=True).astype(np.float64)
    relative = outlines.radius / scale
    weight = own.astype(np.float64)
    model = _fit(relative, weight)
    residual = np.abs(relative - model)
    weight *= np.minimum(1.0, 1.5 * _SCATTER / np.maximum(residual, 1e-9))
    model = _fit(relative, weight)
    believable = own & (np.abs(relative - model) < 0.2)
    return np.asarray(np.where(believable, relative, np.clip(model, 0.5, 2.0)) * scale)


def _fit(relative: F64, weight: F64) -> F64:
    normal = np.einsum("nr,ri,rj->nij", weight, _BASIS, _BASIS) + _RIDGE + 1e-9 * np.eye(5)
    right = np.einsum("nr,ri->ni", weight * (relative - 1.0), _BASIS)
    return np.asarray(1.0 + np.linalg.solve(normal, right[..., None])[..., 0] @ _BASIS.T)


def smooth(radius: F64, harmonics: int = 8) -> F64:
    """Return outlines without the harmonics that are noise of single rays."""
    spectrum = np.fft.rfft(radius, axis=1)
    spectrum[:, harmonics + 1 :] = 0
    return np.fft.irfft(spectrum, n=radius.shape[1], axis=1)
