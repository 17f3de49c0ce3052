"""Colour maps as anchor colours (viridis and cividis of matplotlib, CC0), interpolated between them."""

import numpy as np
from numpy.typing import NDArray

_ANCHORS = {
    "viridis": "440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e "
    "1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725",
    "cividis": "00224e 002e6c 1e3a6f 35456c 47516c 575d6d 666970 757575 "
    "848279 948e77 a59c74 b7a96e c8b866 dbc75a eed649 fee838",
    "gray": "000000 ffffff",
}


def _table(name: str) -> NDArray[np.uint8]:
    anchors = np.array(
        [[int(each[i : i + 2], 16) for i in (0, 2, 4)] for each in _ANCHORS[name].split()], float
    )
    at = np.append(np.linspace(0, len(anchors) - 1, 255), 0)
    columns = [np.interp(at, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


def indexed(values: NDArray[np.generic], name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a 2-D array as places in a table of 256 colours, and the table, (256, 3).

    The least value has place 0, the largest 254; what is not finite has place 255, which is white.
    """
    data = values.astype(np.float64)
    good = np.isfinite(data)
    low, high = (float(data[good].min()), float(data[good].max())) if good.any() else (0.0, 1.0)
    with np.errstate(invalid="ignore"):
        levels = np.where(good, (data - low) / ((high - low) or 1.0) * 254, 255).round().astype(np.uint8)
    table = _table(name)
    table[255] = 255
    return levels, table
