"""Whole outlines of partly hidden particles, from the arcs that are seen."""

import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.rays import Outlines, angles

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: relative scatter of a particle's outline about an ellipse, and of the shift and elongation of its outline;
#: they set how far the visible arc is trusted to tell the hidden one
_SCATTER, _SHIFT, _ELONGATION = 0.03, 0.15, 0.05
_RIDGE = np.diag([0.0, *[(_SCATTER / _SHIFT) ** 2] * 2, *[(_SCATTER / _ELONGATION) ** 2] * 2])
#: a ray this far (relative) from the fitted ellipse belongs to something else
_STRAY = 0.2


def _basis(count: int) -> F64:
    t = angles(count).astype(np.float64)
    return np.stack([np.ones_like(t), np.cos(t), np.sin(t), np.cos(2 * t), np.sin(2 * t)], axis=1)


def whole(outlines: Outlines, own: NDArray[np.bool_]) -> F64:
    """Return (n, rays) radii: as seen on the rays with an edge of their own, completed elsewhere.

    The hidden arc is an ellipse near the outline's centre, r(t) = a0 + a1 cos t + b1 sin t + a2 cos 2t +
    b2 sin 2t, by ridge regression on the visible arc with one robust reweighting (Huber).
    """
    scale = np.mean(outlines.radius, axis=1, keepdims=True).astype(np.float64)
    relative = outlines.radius / scale
    model = _robust(relative, own) @ _basis(relative.shape[1]).T
    believable = own & (np.abs(relative - model) < _STRAY)
    return np.asarray(np.where(believable, relative, np.clip(model, 0.5, 2.0)) * scale)


def misfit(outlines: Outlines, own: NDArray[np.bool_]) -> F64:
    """Return (n,) the rms distance of the visible arc from its ellipse, relative to the radius."""
    relative = outlines.radius / np.mean(outlines.radius, axis=1, keepdims=True)
    model = _robust(relative, own) @ _basis(relative.shape[1]).T
    square = np.sum(own * (relative - model) ** 2, axis=1) / np.maximum(own.sum(axis=1), 1)
    return np.asarray(np.sqrt(square))


def ellipses(outlines: Outlines, own: NDArray[np.bool_], count: int) -> tuple[F32, F32]:
    """Return centres (n, 2) and radii (n, count) of ellipses through the visible arcs."""
    scale = np.mean(outlines.radius, axis=1, keepdims=True).astype(np.float64)
    found = _robust(outlines.radius / scale, own) * scale
    centre = outlines.centre + found[:, 1:3]
    flat = found.copy()
    flat[:, 1:3] = 0
    radius = np.clip(flat @ _basis(count).T, 0.4 * scale, 2.2 * scale)
    return centre.astype(np.float32), radius.astype(np.float32)


def _robust(relative: F64, own: NDArray[np.bool_]) -> F64:
    weight = own.astype(np.float64)
    basis = _basis(relative.shape[1])
    residual = np.abs(relative - _fit(relative, weight, basis) @ basis.T)
    weight *= np.minimum(1.0, 1.5 * _SCATTER / np.maximum(residual, 1e-9))
    return _fit(relative, weight, basis)


def _fit(relative: F64, weight: F64, basis: F64) -> F64:
    """Return the coefficients (n, 5); without any visible ray the circle of radius 1."""
    squares = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), 25)
    normal = (weight @ squares).reshape(-1, 5, 5) + _RIDGE + 1e-6 * np.eye(5)
    right = (weight * (relative - 1.0)) @ basis
    found = np.linalg.solve(normal, right[..., None])[..., 0]
    found[:, 0] += 1.0
    return np.asarray(found, np.float64)


def smooth(radius: F64, harmonics: int = 8) -> F64:
    """Return outlines without the harmonics that are noise of single rays."""
    spectrum = np.fft.rfft(radius, axis=1)
    spectrum[:, harmonics + 1 :] = 0
    return np.fft.irfft(spectrum, n=radius.shape[1], axis=1)
