"""Figures are made from the stored result alone, are legible, and their labels do not collide."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
import xarray as xr
from xrd_patterns import pattern

from interlayer.core.draw import draw
from interlayer.core.figure import Figure, Labels, Line, Map, Points, Ticks, lanes, root_ticks
from interlayer.core.place import Box, arrange, skyline
from interlayer.core.results import tree
from interlayer.report.svg import render
from interlayer.store import read_tree, write_tree
from interlayer.xrd import analyze, plot
from interlayer.xrd.nodes import table
from interlayer.xrd.plots import figures
from interlayer.xrd.records import ranges

LI3N = ("Li3N", 3.652, 3.87, 300.0, 15.0, 0.0)
LI = ("Li", 3.51, 0.0, 600.0, 100.0, 0.0)


def stored(result: xr.DataTree, folder: Path) -> xr.DataTree:
    write_tree(result, folder / "result.nc")
    return read_tree(folder / "result.nc")


def made_up(
    phases: int, lines: int, unexplained: int = 0, contradictory: tuple[str, ...] = ()
) -> xr.DataTree:
    """Return a result with as many phases, and lines in all, at random places."""
    rng = np.random.default_rng(phases + lines)
    x = np.arange(10, 90, 0.02)
    at = np.sort(rng.uniform(12, 88, lines + unexplained))
    area = np.exp(rng.normal(5, 1.5, at.size))
    y = np.full(x.size, 100.0) + sum(
        a * 8 * np.exp(-0.5 * ((x - p) / 0.05) ** 2) for p, a in zip(at, area, strict=True)
    )
    curves = {"intensity": rng.poisson(y), "fit": y, "background": np.full(x.size, 100.0)}
    curves |= {"residual": rng.normal(size=x.size)}
    base = xr.Dataset(
        {name: ("two_theta", np.asarray(v, float), {"units": "counts"}) for name, v in curves.items()},
        coords={"two_theta": ("two_theta", x, {"units": "degree"})},
        attrs={"reduced_chi_square": 1.0},
    )
    base["residual"].attrs["units"] = "1"
    chosen = rng.permutation(at.size)
    mine, rest = np.sort(chosen[:lines]), np.sort(chosen[lines:])
    names = (
        [f"phase-number-{i % phases}" if i % 2 else f"P{i % phases}" for i in range(lines)] if phases else []
    )
    columns: dict[str, list[object]] = {
        "phase": list(names),
        "hkl": [f"{i % 9}{i % 7}-{i % 5}" for i in range(lines)],
        "families": ["100"] * lines,
        "status": ["seen"] * lines,
        "two_theta": [float(each) for each in at[mine]],
        "two_theta_low": [float(each) - 0.01 for each in at[mine]],
        "two_theta_high": [float(each) + 0.01 for each in at[mine]],
        "calculated": [float(each) for each in at[mine] + 0.003],
        "difference": [float(each) for each in rng.normal(0, 3, lines)],
        "area": [float(each) for each in area[mine]],
        "fwhm": [0.1] * lines,
    }
    nodes = {
        "/": base,
        "peaks": table("peak", {key: (values, "", key) for key, values in columns.items()}),
        "unexplained": table("peak", {"two_theta": (at[rest], "degree", ""), "area": (area[rest], "", "")}),
        "candidates": table(
            "candidate",
            {
                "phase": ([*contradictory], "", ""),
                "status": (["found; no single cell" for _ in contradictory], "", ""),
            },
        ),
    }
    return tree("xrd", [], [], nodes)


def drawn_boxes(figure: Figure, width: float) -> list[list[Box]]:
    """Return the boxes of the labels that matplotlib drew, by panel."""
    drawn = draw(figure, width=width)
    drawn.draw_without_rendering()
    boxes = []
    for axis in drawn.axes:
        extents = [text.get_window_extent() for text in axis.texts if text.get_text()]
        boxes.append([Box(each.x0, each.y0, each.x1, each.y1) for each in extents])
    return boxes


def test_a_found_phase_has_its_lane_and_labels(tmp_path: Path) -> None:
    result = stored(analyze(pattern([LI3N, LI], seed=1)), tmp_path)
    first = figures(result)[0]
    panel = first.panels[0]
    assert {mark.label for mark in lanes(panel).values()} == {"Li3N", "Li"}
    labels = [mark for mark in panel.marks if isinstance(mark, Labels)]
    assert {"001", "100", "110"} <= {text for mark in labels for text in mark.texts}
    assert panel.y_root and "√(" not in panel.ylabel and len(first.panels) == 2 and first.share_x
    assert len({mark.colour for mark in panel.marks if isinstance(mark, Ticks)}) == 2
    assert len(plot(result).axes) == 2
    positions = figures(result)[1]
    assert positions.name == "positions" and [panel.title for panel in positions.panels] == ["Li3N", "Li"]


@pytest.mark.parametrize(("phases", "lines", "unexplained"), [(0, 0, 0), (0, 0, 3), (1, 1, 0), (8, 100, 7)])
@pytest.mark.parametrize("width", [3.35, 6.7])
def test_every_size_of_result_is_drawn_without_overlap(
    phases: int, lines: int, unexplained: int, width: float, tmp_path: Path
) -> None:
    found = figures(stored(made_up(phases, lines, unexplained), tmp_path))
    assert found[0].name == "pattern" and ("positions" in [each.name for each in found]) == bool(lines)
    for figure in found:
        assert "nan" not in render(figure, "u")
        for boxes in drawn_boxes(figure, width):
            assert not any(one.touches(two) for one, two in combinations(boxes, 2))
    count = sum(len(boxes) for boxes in drawn_boxes(found[0], width))
    assert count >= min(lines + unexplained, 12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 20, 120])
def test_labels_touch_nothing(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    width, top, font = 700.0, 340.0, 10.5
    at, height = rng.uniform(0, width, count), rng.uniform(10, 290, count)
    x = np.linspace(0, width, 3000)
    y = 5 + np.max(height[:, None] * np.exp(-0.5 * ((x[None] - at[:, None]) / 2) ** 2), axis=0)
    sky = skyline([(x, y)], width)
    placed, _ = arrange(at, ["10-2"] * count, height, sky, top, font)
    assert placed and len({each.index for each in placed}) == len(placed)
    strongest = int(np.argmax(height))
    assert strongest in {each.index for each in placed}
    for one, two in combinations(placed, 2):
        assert not one.box.touches(two.box)
    for each in placed:
        box = each.box
        assert box.left >= 0 and box.right <= width + 1 and box.top <= top
        under = y[(x >= box.left) & (x <= box.right)]
        assert under.max() <= box.bottom + 1.0


def test_labels_of_equal_places_and_no_room() -> None:
    sky = np.full(101, 90.0)
    placed, _ = arrange([50.0, 50.0, np.nan], ["100", "200", "300"], [1.0, 2.0, 3.0], sky, 104.0, 10.0)
    assert placed and placed[0].index == 1
    assert arrange([50.0], ["100"], [1.0], sky, 95.0, 10.0)[0] == []


def test_peaks_that_nothing_explains_and_contradictions_are_marked() -> None:
    shown = figures(made_up(2, 12, 2, ("P0",)))[0]
    labels = [mark for mark in shown.panels[0].marks if isinstance(mark, Labels)]
    assert sum(text == "?" for mark in labels for text in mark.texts) == 2
    assert "P0 (!)" in {mark.label for mark in lanes(shown.panels[0]).values()}
    assert "no single cell" in shown.panels[0].title and "marked ?" in shown.caption


def test_wide_range_adds_a_logarithmic_figure_and_gaps_break_the_curves() -> None:
    result = made_up(1, 3)
    data = result.to_dataset(inherit=False)
    assert "pattern-log" not in [each.name for each in figures(result)]
    data["background"][:] = 0.05
    result.dataset = data.isel(two_theta=np.r_[0:1000, 2000:4000])
    found = {each.name: each for each in figures(result)}
    assert found["pattern-log"].panels[0].y_log
    lines = [m for m in found["pattern"].panels[0].marks if isinstance(m, Line)]
    assert all(int(np.isnan(np.asarray(line.y)).sum()) == 1 for line in lines)
    render(found["pattern-log"], "u")
    draw(found["pattern-log"])


@pytest.mark.parametrize("count", [1, 2, 12, 60])
def test_series(count: int, tmp_path: Path) -> None:
    found = {each.name: each for each in figures(stored(series(count), tmp_path))}
    assert ("series-map" in found) == (count > 1)
    for figure in found.values():
        assert "nan" not in re.sub(r'href="[^"]*"', "", render(figure, "u"))
    draw(found["series-fits"], width=3.35).canvas.draw()
    cells = found["series-cells"]
    (points,) = [mark for mark in cells.panels[0].marks if isinstance(mark, Points)]
    assert cells.panels[0].title == "Li3N" and cells.panels[0].xlabel.startswith("time / ")
    if count > 1:
        assert np.isnan(np.asarray(points.y)[0]) and np.isfinite(np.asarray(points.y)[1:]).all()
        assert "Li3N a in pattern 1 (not determined)" in cells.caption
    if count == 60:
        (shown,) = [mark for mark in found["series-map"].panels[0].marks if isinstance(mark, Map)]
        assert np.isnan(shown.values).any(axis=1).sum() > 0, "the pause is white"


def series(count: int) -> xr.DataTree:
    """Return a made-up series; the first cell is refused where there are more, and 60 have a pause."""
    rng = np.random.default_rng(count)
    at = 1000.0 + 600.0 * np.arange(count) + (60_000.0 * (np.arange(count) >= 30))
    x = np.linspace(20, 70, 200)
    y = rng.poisson(100.0, (count, x.size)).astype(float)
    root = xr.Dataset(
        {
            "intensity": (("pattern", "two_theta"), y, {"units": "counts"}),
            "fit": (("pattern", "two_theta"), np.full_like(y, 100.0), {"units": "counts"}),
            "at": ("pattern", at, {"units": "s"}),
        },
        coords={"two_theta": ("two_theta", x, {"units": "degree"})},
        attrs={"series": "time"},
    )
    refused = np.arange(count) < (1 if count > 1 else 0)
    value = np.where(refused, np.nan, 3.65 + 1e-4 * np.arange(count))
    columns: dict[str, tuple[Any, str]] = {
        "pattern": (np.arange(count) + 1.0, "1"),
        "at": (at, "s"),
        "quantity": (["lattice_a"] * count, ""),
        "subject": (["Li3N"] * count, ""),
        "value": (value, ""),
        "low": (value - 1e-3, ""),
        "high": (value + 1e-3, ""),
        "unit": (["angstrom"] * count, ""),
        "status": (["not determined" if each else "measured" for each in refused], ""),
    }
    nodes = {"/": root, "series": table("row", {k: (v, u, k) for k, (v, u) in columns.items()})}
    return tree("xrd", [], [], nodes)


def test_ranges_and_root_ticks() -> None:
    assert ranges([3, 1, 2, 7]) == "1–3, 7" and ranges([]) == ""
    for low, high in [(0, 12), (150, 12_000), (3, 9e6), (0, 0.4)]:
        values = root_ticks(low, high, 5)
        assert 3 <= len(values) <= 7 and values == sorted(values)
        assert all(low <= each <= high for each in values)
