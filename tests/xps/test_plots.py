"""Figures: what stands where, in which colour, and that no label covers another."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes

from interlayer import report
from interlayer.core.draw import draw
from interlayer.core.errors import AnalysisError
from interlayer.core.figure import COLOURS, CYCLE, Band, Figure, Labels, Line, Panel, Points, Text
from interlayer.core.place import Box
from interlayer.core.results import tree
from interlayer.report.svg import render
from interlayer.sample import Sample
from interlayer.xps.plots import compare, figures, stacked
from interlayer.xps.plots.colours import colours, shown
from interlayer.xps.plots.stacked import split

LEVELS = {
    "C 1s": {"C-C": 284.8, "C-O": 286.5, "C=N": 287.1, "C≡N": 288.0, "Li2CO3": 289.8, "TFSI": 292.9},
    "N 1s": {"Li3N": 396.0, "TFSI": 399.5, "C=N": 399.7, "C≡N": 400.3},
    "Li 1s": {"Li3N": 54.9, "Li2CO3": 55.2, "LiF": 56.0, "Li metal": 54.6},
}
#: phases that one core level may show
TOGETHER = (
    *LEVELS.values(),
    ("Li2CO3", "C-O", "Li2O", "LiOH", "TFSI"),
    ("LiF", "Li2O", "LiOH", "Li3N", "Li metal"),
)


def region(level: str, phases: dict[str, float], *, shift: float = 0.0, height: float = 4000.0) -> xr.Dataset:
    """Return a node as the record writes it: Gaussians of 1.3 eV, the first the highest."""
    middle = float(np.mean(list(phases.values()))) if phases else 400.0
    x = middle - 10.0 + 0.1 * np.arange(200)
    curves = np.array(
        [height / (1 + i) * np.exp(-0.5 * ((x - at) / 0.55) ** 2) for i, at in enumerate(phases.values())]
    ).reshape(len(phases), x.size)
    background = 900.0 + 4.0 * (x - x[0])
    noise = np.random.default_rng(7).normal(0.0, 1.0, x.size)
    envelope = background + curves.sum(axis=0)
    dim = "binding_energy"
    data = {
        "counts": (dim, envelope + noise * np.sqrt(envelope), {"units": "counts"}),
        "background": (dim, background),
        "envelope": (dim, envelope),
        "residual": (dim, noise),
        "components": (("component", dim), curves),
        "position": ("component", np.array(list(phases.values()))),
        "status": ("component", np.array(["measured"] * len(phases), dtype=object)),
    }
    names = np.array([f"{level}/{phase}" for phase in phases], dtype=object)
    attrs = {
        "core_level": level,
        "charge_reference": "C 1s/C-C set to 284.8 eV",
        "charge_shift": shift,
        "chi_square": 180.0,
        "degrees_of_freedom": 180.0,
    }
    return xr.Dataset(data, {dim: x, "component": names}, attrs=attrs)


def result(*levels: str, **settings: float) -> xr.DataTree:
    nodes = {each.replace(" ", "").lower(): region(each, LEVELS[each], **settings) for each in levels}
    return tree("xps", [], [], nodes)


def boxes(figure: Figure, width: float = 7.0) -> list[list[tuple[str, Box]]]:
    """Return texts and boxes of the labels that matplotlib drew, by panel."""
    drawn = draw(figure, width=width)
    drawn.draw_without_rendering()
    return [boxes_of(axis) for axis in drawn.axes]


def boxes_of(axis: Axes) -> list[tuple[str, Box]]:
    extents = [(text.get_text(), text.get_window_extent()) for text in axis.texts if text.get_text()]
    return [(text, Box(each.x0, each.y0, each.x1, each.y1)) for text, each in extents]


def marks_of(panel: Panel, kind: type) -> list:  # type: ignore[type-arg]
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def test_every_component_is_labelled_and_no_label_covers_another() -> None:
    (figure,) = figures(result(*LEVELS))
    panels = [panel for panel in boxes(figure) if panel]
    assert len(panels) == len(LEVELS)
    for panel, phases in zip(panels, LEVELS.values(), strict=True):
        assert {text.split(" ")[0] for text, _ in panel} == {shown(each).split(" ")[0] for each in phases}
        assert not any(one.touches(two) for (_, one), (_, two) in combinations(panel, 2))


def test_a_phase_has_one_colour_in_all_regions_and_its_own() -> None:
    (figure,) = figures(result(*LEVELS))
    for panel, phases in zip(figure.panels[0:2], LEVELS.values(), strict=False):
        fills = [mark.colour for mark in marks_of(panel, Band)]
        assert fills == [colours(phases)[phase] for phase in phases]
        assert len(set(fills)) == len(fills)
    assert colours(["N 1s/Li3N"])["Li3N"] == colours(["Li 1s/LiF", "Li 1s/Li3N"])["Li3N"]


def test_phases_of_ones_own_have_colours_that_are_not_taken() -> None:
    phases = [*LEVELS["C 1s"], "ester", "Li2S", "Li3P"]
    found = colours(f"C 1s/{phase}" for phase in phases)
    assert len(set(found.values())) == len(phases)
    assert COLOURS["fit"] not in found.values()
    assert colours(["O 1s/2", "O 1s/1"]) == colours(["C 1s/1", "C 1s/2"])


def seen_by(colour: str, matrix: np.ndarray) -> np.ndarray:
    """Return a colour in CIE L*a*b* as somebody sees it (matrix on linear RGB)."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(matrix @ linear, 0.0, 1.0)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ linear / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


#: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009)
SIGHT = {
    "usual": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


@pytest.mark.parametrize("sight", SIGHT)
def test_phases_of_one_region_are_told_apart(sight: str) -> None:
    for phases in TOGETHER:
        seen = [seen_by(each, SIGHT[sight]) for each in colours(phases).values()]
        assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 15.0


def test_residuals_show_two_sigma_whatever_the_misfit() -> None:
    fine, bad = result("N 1s"), result("N 1s")
    bad["n1s"]["residual"] = bad["n1s"]["residual"] * 20.0
    for each, root in ((fine, False), (bad, True)):
        curves, residuals = figures(each)[0].panels
        assert residuals.y_root is root
        assert {-2.0, 2.0} <= set(residuals.yticks or ())
        assert residuals.ylim is not None
        height = np.sqrt(2.0 / residuals.ylim[1]) if root else 2.0 / residuals.ylim[1]
        assert height > 0.15
        assert residuals.xlim == curves.xlim
        assert residuals.x_reversed
        assert curves.x_reversed


def test_what_is_not_detected_is_not_drawn_and_brackets_say_not_resolved() -> None:
    one = result("N 1s")
    one.children["n1s"].to_dataset()["status"].values[:] = [
        "measured",
        "not detected",
        "not resolved",
        "measured",
    ]
    (figure,) = figures(one)
    (labels,) = marks_of(figure.panels[0], Labels)
    assert set(labels.short) == {"Li₃N", "(C=N)", "C≡N"}
    fills = [mark.colour for mark in marks_of(figure.panels[0], Band)]
    assert fills.count("muted") == 1  # part of the sum, without a name
    (panel,) = stacked({"a": one, "b": one})[0].panels
    assert len([mark for mark in marks_of(panel, Line) if mark.dash]) == 3
    assert "not resolved" in figure.caption


def test_stacked_keeps_the_order_with_the_first_on_top() -> None:
    samples = {name: result("N 1s", shift=i) for i, name in enumerate(("bare", "activated", "cycled"))}
    (figure,) = stacked(samples)
    (panel,) = figure.panels
    names = sorted(marks_of(panel, Text), key=lambda mark: -mark.y)
    assert [mark.text for mark in names] == list(samples)
    spectra = marks_of(panel, Points)
    assert len(spectra) == 3
    feet = [float(np.min(mark.y)) for mark in spectra]
    tops = [float(np.max(mark.y)) for mark in spectra]
    assert all(foot > top - 0.05 for foot, top in zip(feet, tops[1:], strict=False))
    assert figure.caption.index("bare") < figure.caption.index("activated") < figure.caption.index("cycled")
    assert "activated (+1.00 eV of charging taken off)" in figure.caption


def test_stacked_is_on_the_corrected_energies_with_guides_at_the_lines() -> None:
    samples = {"a": result("N 1s", shift=3.0), "b": result("N 1s", shift=-2.0, height=900.0)}
    (panel,) = stacked(samples)[0].panels
    for mark in marks_of(panel, Points):
        assert float(np.asarray(mark.x)[np.argmax(mark.y)]) == pytest.approx(396.0, abs=0.3)
    guides = {float(np.asarray(mark.x)[0]) for mark in marks_of(panel, Line) if mark.dash}
    assert guides == set(LEVELS["N 1s"].values())
    heights = [float(np.max(mark.y) - np.min(mark.y)) for mark in marks_of(panel, Line) if not mark.dash]
    assert max(heights) == pytest.approx(1.0, abs=0.05)


def test_stacked_takes_one_level_only_and_only_what_is_common() -> None:
    samples = {"a": result("C 1s", "N 1s"), "b": result("N 1s", "Li 1s"), "c": result("C 1s")}
    assert [figure.panels[0].title for figure in stacked(samples)] == ["C 1s", "N 1s"]
    (only,) = stacked(samples, "Li 1s")
    assert [mark.text for mark in marks_of(only.panels[0], Text)] == ["b"]
    assert all(float(np.max(mark.x)) < 70.0 for mark in marks_of(only.panels[0], Points))
    with pytest.raises(AnalysisError, match="core level"):
        stacked(samples, "S 2p")


def test_a_spectrum_of_noise_is_not_blown_up() -> None:
    empty = tree("xps", [], [], {"n1s": region("N 1s", {})})
    (panel,) = stacked({"a": result("N 1s"), "b": empty})[0].panels
    noise = np.asarray(marks_of(panel, Points)[1].y)
    assert (
        float(np.std(noise - np.polyval(np.polyfit(np.arange(noise.size), noise, 1), np.arange(noise.size))))
        < 0.1
    )


def test_numbered_peaks_have_no_guides_across_samples() -> None:
    one = tree("xps", [], [], {"n1s": region("N 1s", {"1": 396.0, "2": 400.0})})
    (panel,) = stacked({"a": one, "b": one})[0].panels
    assert not marks_of(panel, Labels)
    assert not [mark for mark in marks_of(panel, Line) if mark.dash]


@pytest.mark.parametrize("count", [2, 3, 10, 11, 27])
def test_any_number_of_samples(count: int) -> None:
    samples = {f"sample {i}": result("N 1s", "Li 1s") for i in range(count)}
    pages = compare(samples)
    names = [mark.text for page in pages for mark in marks_of(page.panels[0], Text)]
    assert names == list(samples)
    assert all(len(page.panels) == 2 for page in pages)
    assert max(len(marks_of(page.panels[0], Text)) for page in pages) <= 10
    for page in pages[:1]:
        assert "nan" not in render(page, "u")
        for panel in boxes(page):
            assert not any(one.touches(two) for (_, one), (_, two) in combinations(panel, 2))


@pytest.mark.parametrize("name", ["A", "PEO-CAS activated", "a sample with quite a long name"])
def test_names_of_samples_cover_no_curve(name: str) -> None:
    page = compare({f"{name} {i}": result("C 1s", "N 1s") for i in range(3)})[0]
    drawn = draw(page)
    drawn.draw_without_rendering()
    for axis, panel in zip(drawn.axes, page.panels, strict=True):
        spectra = [axis.transData.transform(np.column_stack([m.x, m.y])) for m in marks_of(panel, Points)]
        for text, box in boxes_of(axis):
            if not text.startswith(name):
                continue
            for curve in spectra:
                inside = (curve[:, 0] > box.left) & (curve[:, 0] < box.right)
                inside &= (curve[:, 1] > box.bottom) & (curve[:, 1] < box.top)
                assert not inside.any(), (panel.title, text)


def test_split() -> None:
    assert [len(each) for each in split(range(11))] in ([5, 6], [6, 5])
    assert split([]) == []
    assert [i for page in split(range(31)) for i in page] == list(range(31))


def test_report_compares_samples(tmp_path: Path) -> None:
    records = []
    for name in ("bare", "cycled"):
        each = Sample(name, label=f"<{name}>")
        each.add(result("N 1s"))
        records.append(tmp_path / f"{name}.nc")
        each.save(records[-1])
    report.write_files(tmp_path / "both.html", records)
    page = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert 'id="compared"' in page
    assert "XPS: samples compared" in page
    assert "&lt;bare&gt; (+0.00 eV of charging taken off)" in page
    report.write_files(tmp_path / "one.html", records[:1])
    assert 'id="compared"' not in (tmp_path / "one.html").read_text(encoding="utf-8")


def test_a_series_shows_first_last_and_the_spectra_between() -> None:
    nodes = {f"n1s_{i}" if i > 1 else "n1s": region("N 1s", LEVELS["N 1s"]) for i in range(1, 21)}
    found = {figure.name: figure for figure in figures(tree("xps", [], [], nodes))}
    assert list(found) == ["xps_regions", "xps_regions_last", "xps_series_spectra"]
    names = [mark.text for mark in marks_of(found["xps_series_spectra"].panels[0], Text)]
    assert len(names) == 8
    assert (names[0], names[-1]) == ("measurement 1", "measurement 20")
    assert "20 measurements" in found["xps_regions_last"].caption


def test_the_cycle_has_no_colour_twice() -> None:
    assert len(set(CYCLE)) == len(CYCLE)


def test_real_files_are_drawn_without_overlap(real: Path) -> None:
    from interlayer.xps import analyze, read

    for name, settings in (("0-150W.vms", {}), ("FeO_analyzed.vms", {"template": "casa"})):
        for figure in figures(analyze(read(real / "xps" / name), **settings)):
            for panel in boxes(figure):
                assert not any(one.touches(two) for (_, one), (_, two) in combinations(panel, 2))


def test_both_renderers_share_the_axis_of_curves_and_residuals() -> None:
    (figure,) = figures(result("N 1s", "Li 1s"))
    text = render(figure, "u")
    assert text.count(">binding energy / eV<") == 2  # below the residuals only
    assert text.count(">−2<") == 2
    axes = draw(figure).axes
    assert [axis.get_xlabel() for axis in axes] == ["", "", "binding energy / eV", "binding energy / eV"]
    assert [tick.get_text() for tick in axes[2].get_yticklabels()] == ["−2", "0", "2"]
    assert axes[0].get_xlim() == axes[2].get_xlim()
    assert axes[0].get_xlim()[0] > axes[0].get_xlim()[1]


def test_long_labels_give_way_to_short_ones_where_it_is_narrow() -> None:
    (figure,) = figures(result("Li 1s"))
    wide, narrow = (boxes(figure, width=width)[0] for width in (14.0, 3.35))
    assert any(text.endswith("55.2") for text, _ in wide)
    assert {text for text, _ in narrow} == {"Li₃N", "Li₂CO₃", "LiF", "Li metal"}
