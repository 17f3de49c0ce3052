"""Regions of one grey level, and how sharp their borders are: compiled loops over runs of pixels."""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

#: pixels from a region's border at which the ground beside it is taken
_FAR = 4


@dataclass(frozen=True, slots=True)
class Regions:
    """Connected regions of one band of levels.

    Parameters
    ----------
    runs
        (n, 3) row, first column and column behind the last of each run of pixels, sorted by region.
    owner
        (n,) region of each run.
    first
        (regions + 1) first run of each region.
    box
        (regions, 4) first row, first column, row and column behind the last.
    area, border
        Pixels, and pixel sides on the border without those at the edge of the image.
    sides
        (regions, 4) border pixels on the first row, last row, first column and last column of the box.
    profile
        (regions, 4) number of places at the border where the ground beside it can be seen, and sums there
        of the step from the ground, of what is left of it one pixel and two pixels outside.
    """

    runs: I32
    owner: I32
    first: I64
    box: I32
    area: I64
    border: I64
    sides: I64
    profile: I64

    def of(self, k: int) -> I32:
        """Return the runs of one region."""
        return self.runs[self.first[k] : self.first[k + 1]]


def regions(grey: U8, band: NDArray[np.bool_], most: int) -> Regions | None:
    """Return the 8-connected regions of levels in ``band`` (256 flags); None with more than ``most`` runs."""
    runs = np.empty((most, 3), np.int32)
    count = _runs(grey, band, runs)
    if count < 0:
        return None
    runs = runs[:count]
    owner, total = _join(runs, grey.shape[0])
    box = np.empty((total, 4), np.int32)
    numbers = np.zeros((total, 10), np.int64)
    _measure(grey, band, runs, owner, box, numbers)
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(total + 1))
    return Regions(
        runs[order], owner[order], first, box, numbers[:, 0], numbers[:, 1], numbers[:, 2:6], numbers[:, 6:]
    )


@numba.njit(cache=True)
def _runs(grey: U8, band: NDArray[np.bool_], runs: I32) -> int:  # pragma: no cover (compiled)
    count = 0
    rows, columns = grey.shape
    for y in range(rows):
        x = 0
        while x < columns:
            if band[grey[y, x]]:
                first = x
                while x < columns and band[grey[y, x]]:
                    x += 1
                if count == runs.shape[0]:
                    return -1
                runs[count, 0], runs[count, 1], runs[count, 2] = y, first, x
                count += 1
            x += 1
    return count


@numba.njit(cache=True)
def _root(parent: I32, k: int) -> int:  # pragma: no cover (compiled)
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@numba.njit(cache=True)
def _join(runs: I32, rows: int) -> tuple[I32, int]:  # pragma: no cover (compiled)
    count = runs.shape[0]
    parent = np.arange(count).astype(np.int32)
    above = 0
    for k in range(count):
        while above < k and (
            runs[above, 0] < runs[k, 0] - 1
            or (runs[above, 0] == runs[k, 0] - 1 and runs[above, 2] < runs[k, 1])
        ):
            above += 1
        j = above
        while j < k and runs[j, 0] == runs[k, 0] - 1 and runs[j, 1] <= runs[k, 2]:
            a, b = _root(parent, k), _root(parent, j)
            if a != b:
                parent[max(a, b)] = min(a, b)
            j += 1
    owner = np.empty(count, np.int32)
    total = 0
    for k in range(count):
        top = _root(parent, k)
        if top == k:
            owner[k] = total
            total += 1
        else:
            owner[k] = owner[top]
    return owner, total


@numba.njit(cache=True)
def _look(
    grey: U8, band: NDArray[np.bool_], at: tuple[int, int], way: tuple[int, int], sums: I64
) -> None:  # pragma: no cover (compiled)
    """Add the profile outside a border pixel, where the next four are in the image, not in the band."""
    y, x = at
    dy, dx = way
    end_y, end_x = y + _FAR * dy, x + _FAR * dx
    if end_y < 0 or end_x < 0 or end_y >= grey.shape[0] or end_x >= grey.shape[1]:
        return
    for k in range(1, _FAR + 1):
        if band[grey[y + k * dy, x + k * dx]]:
            return
    ground = (np.int64(grey[y + 3 * dy, x + 3 * dx]) + np.int64(grey[end_y, end_x])) // 2
    step = np.int64(grey[y, x]) - ground
    sign = 1 if step >= 0 else -1
    sums[6] += 1
    sums[7] += sign * step
    sums[8] += sign * (np.int64(grey[y + dy, x + dx]) - ground)
    sums[9] += sign * (np.int64(grey[y + 2 * dy, x + 2 * dx]) - ground)


@numba.njit(cache=True)
def _measure(
    grey: U8, band: NDArray[np.bool_], runs: I32, owner: I32, box: I32, numbers: I64
) -> None:  # pragma: no cover (compiled)
    rows, columns = grey.shape
    box[:, :2], box[:, 2:] = 2**30, 0
    for k in range(runs.shape[0]):
        y, first, behind, n = runs[k, 0], runs[k, 1], runs[k, 2], owner[k]
        box[n, 0], box[n, 1] = min(box[n, 0], y), min(box[n, 1], first)
        box[n, 2], box[n, 3] = max(box[n, 2], y + 1), max(box[n, 3], behind)
    for k in range(runs.shape[0]):
        y, first, behind, n = runs[k, 0], runs[k, 1], runs[k, 2], owner[k]
        sums = numbers[n]
        sums[0] += behind - first
        sums[2] += behind - first if y == box[n, 0] else 0
        sums[3] += behind - first if y == box[n, 2] - 1 else 0
        sums[4] += 1 if first == box[n, 1] else 0
        sums[5] += 1 if behind == box[n, 3] else 0
        if first > 0:
            sums[1] += 1
            _look(grey, band, (y, first), (0, -1), sums)
        if behind < columns:
            sums[1] += 1
            _look(grey, band, (y, behind - 1), (0, 1), sums)
        for x in range(first, behind):
            if y > 0 and not band[grey[y - 1, x]]:
                sums[1] += 1
                _look(grey, band, (y, x), (-1, 0), sums)
            if y < rows - 1 and not band[grey[y + 1, x]]:
                sums[1] += 1
                _look(grey, band, (y, x), (1, 0), sums)
