"""Figures are made from the stored result alone."""

import matplotlib

matplotlib.use("Agg")

from xrd_patterns import pattern

from interlayer.core.figure import Text, Ticks
from interlayer.xrd import analyze, plot
from interlayer.xrd.plots import figures


def test_figures() -> None:
    content = [("Li3N", 3.652, 3.87, 300.0, 15.0, 0.0), ("Li", 3.51, 0.0, 600.0, 100.0, 0.0)]
    result = analyze(pattern(content, seed=1))
    first = figures(result)[0]
    marks = first.panels[0].marks
    assert {mark.label for mark in marks if isinstance(mark, Ticks)} == {"Li3N", "Li"}
    assert "110" in {mark.text for mark in marks if isinstance(mark, Text)}
    assert len(first.panels) == 2 and first.share_x
    drawn = plot(result)
    assert len(drawn.axes) == 2
