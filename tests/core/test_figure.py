from pathlib import Path

import numpy as np
import pytest

from interlayer.core import figure as fig
from interlayer.core.draw import draw
from interlayer.report.axes import Scale, decimate
from interlayer.report.svg import render

X = np.linspace(0.1, 10, 500)


def every_mark() -> fig.Figure:
    marks: list[fig.Mark] = [
        fig.Line(X, np.sin(X), "line <b>", "fit"),
        fig.Points(
            X[::50], np.cos(X[::50]), "points", 0, low=np.cos(X[::50]) - 0.1, high=np.cos(X[::50]) + 0.1
        ),
        fig.Band(X, np.sin(X) - 0.1, np.sin(X) + 0.1, "band"),
        fig.Bars([0, 1, 2], [0.5, 0.2], "bars"),
        fig.Rule(3.0, "x", "rule"),
        fig.Rule(0.0, "y"),
        fig.Ticks([1, 2, 3], "Li3N", ("001", "100", "101")),
        fig.Text(5, 0.5, "peak"),
    ]
    image: list[fig.Mark] = [
        fig.Image(np.random.default_rng(0).integers(0, 255, (40, 60)).astype(np.uint8), 600.0, 400.0),
        fig.Outlines([np.array([[10.0, 10.0], [100.0, 10.0], [50.0, 80.0]])], "particle"),
    ]
    return fig.Figure(
        "all",
        "All marks",
        "A caption",
        [
            fig.Panel("2θ / degree", "counts", marks, title="a"),
            fig.Panel("x / nm", "y / nm", image),
            fig.Panel("f / Hz", "Z / Ω", [fig.Line(X, X**2)], x_log=True, y_log=True, x_reversed=True),
        ],
    )


def test_both_renderers_draw_every_mark(tmp_path: Path) -> None:
    draw(every_mark()).savefig(tmp_path / "figure.png")
    text = render(every_mark(), "u")
    assert text.count("<clipPath") == 3 and "line &lt;b&gt;" in text and "data:image/jpeg" in text
    assert "nan" not in text and text == render(every_mark(), "u")


@pytest.mark.parametrize("y", [[], [np.nan, np.nan], [1.0, 1.0], [0.0, 0.0], [-1e300, 1e300]])
def test_odd_data_draw_without_a_fault(y: list[float]) -> None:
    x = list(range(len(y)))
    for log in (False, True):
        text = render(fig.Figure("f", "t", "c", [fig.Panel("x", "y", [fig.Line(x, y, "l")], y_log=log)]))
        assert "nan" not in text and "inf" not in text


def test_ticks_are_inside_and_round() -> None:
    for low, high in [(0, 1), (-3.2, 17), (1e-13, 3e-9), (0.034, 0.0341), (20, 70), (-1e7, 1e7)]:
        ticks = Scale(low, high, 0, 100).ticks()
        assert 2 <= len(ticks) <= 12 and all(
            low - 1e-9 * abs(low) <= v <= high + 1e-9 * abs(high) for v, _ in ticks
        )
        assert len({label for _, label in ticks}) == len(ticks)


def test_decimation_keeps_every_spike() -> None:
    x, y = np.arange(100_000.0), np.zeros(100_000)
    y[[17, 55_555]] = [5.0, -7.0]
    kept_x, kept_y = decimate(x, y, 700)
    assert kept_x.size < 4 * 700 and kept_y.max() == 5.0 and kept_y.min() == -7.0
