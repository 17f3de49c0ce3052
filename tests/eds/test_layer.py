"""The layer: known answers on simulated sections, refusals, settings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from eds_sections import line_spectrum, section, write_spd

from interlayer.core.errors import AnalysisError, InterlayerError
from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.core.summary import Row
from interlayer.eds import analyze, read
from interlayer.eds.plots import figures, plot
from interlayer.eds.readers.dataset import element_map


def row(result: xr.DataTree, quantity: str, subject: str = "N") -> Row:
    """Return one row of a result."""
    return next(r for r in rows_of(result) if r.quantity == quantity and r.subject == subject)


def measured(mean: np.ndarray, rng: np.random.Generator, **settings: object) -> xr.DataTree:
    raw = element_map(rng.poisson(mean), "N", (20.0, 20.0))
    return analyze(raw, **settings)


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"tilt": 8.0},
        {"waviness": 100.0},
        {"blur": (200.0, 60.0)},
        {"tilt": 5.0, "waviness": 80.0, "levels": (0.1, 1.0, 0.3)},
    ],
)
def test_thickness_of_simulated_layers(case: dict[str, float]) -> None:
    rng = np.random.default_rng(11)
    result = measured(section(rng, **case), rng)  # type: ignore[arg-type]
    found = row(result, "layer_thickness")
    assert found.status == "measured"
    assert abs(found.value - 900) < 4 * found.stddev
    assert found.stddev < 40
    assert row(result, "detection").value > 10


def test_map_turned_by_a_quarter_gives_the_same() -> None:
    rng = np.random.default_rng(12)
    counts = rng.poisson(section(rng, tilt=4.0))
    down = row(analyze(element_map(counts, "N", (20.0, 20.0))), "layer_thickness")
    across = row(analyze(element_map(counts.T.copy(), "N", (20.0, 20.0))), "layer_thickness")
    assert across.value == pytest.approx(down.value, abs=2.0)


def test_edge_widths_and_angle() -> None:
    rng = np.random.default_rng(13)
    result = measured(section(rng, blur=(200.0, 80.0), tilt=6.0), rng)
    for side, truth in (("near", 200.0), ("far", 80.0)):
        found = row(result, "edge_width", f"N {side}")
        # the simulated blur acts down the columns
        assert abs(found.value - truth * np.cos(np.deg2rad(6.0))) < 4 * found.stddev
    angle = row(result, "interface_angle")
    assert abs(angle.value - 6.0) < 4 * angle.stddev


def test_spread_is_not_the_error_of_the_mean() -> None:
    rng = np.random.default_rng(14)
    result = measured(section(rng, swell=120.0, levels=(0.5, 8.0, 1.0), blur=(60.0, 60.0)), rng)
    spread, thickness = row(result, "layer_spread"), row(result, "layer_thickness")
    assert spread.status == "measured"
    assert spread.low < 120.0 < spread.high
    assert thickness.stddev < 0.3 * spread.value


def test_even_layer_has_only_a_limit_of_the_spread() -> None:
    rng = np.random.default_rng(15)
    spread = row(measured(section(rng), rng), "layer_spread")
    assert spread.status == "upper limit" or spread.low < 15


def test_limit_of_a_layer_that_is_not_there_holds() -> None:
    """A layer of the limit's thickness, as the note describes it, is seen; the limit itself is no guess."""
    rng = np.random.default_rng(5)
    bare = section(rng, levels=(0.6, 0.6, 0.6))
    absent = row(measured(bare, rng), "layer_thickness")
    assert absent.status == "not detected" and "would have been seen" in absent.note
    blur = float(absent.note.split("blur σ ")[1].split(" nm")[0])
    there = section(rng, levels=(0.6, 1.2, 0.6), thickness=1.4 * absent.high, blur=(blur, blur))
    seen = [row(measured(there, rng), "detection").status for _ in range(4)]
    assert seen.count("measured") >= 3
    thin = section(rng, levels=(0.6, 1.2, 0.6), thickness=0.3 * absent.high, blur=(blur, blur))
    assert row(measured(thin, rng), "detection").status == "not detected"


def test_line_scan_has_no_angle() -> None:
    rng = np.random.default_rng(25)
    counts = rng.poisson(30 * section(rng, shape=(120, 8))[:, :1])
    raw = element_map(counts, "N", (20.0, 20.0), {"line_scan": 1})
    result = analyze(raw)
    assert row(result, "interface_angle").status == "not determined"
    found = row(result, "layer_thickness")
    assert found.low < 900 < found.high
    assert any("along its line" in text for text in warnings_of(result))


def test_electron_range_is_said_beside_the_result() -> None:
    rng = np.random.default_rng(26)
    mean = section(rng)
    text = " ".join(warnings_of(measured(mean, rng, beam_voltage="5 kV", material=["Li"])))
    assert "Li 1983 nm" in text and "exceeds the thickness" in text
    assert not any("exceeds" in t for t in warnings_of(measured(mean, rng, beam_voltage="1 kV")))


def test_elements_are_compared() -> None:
    rng = np.random.default_rng(27)

    def two(thickness: float) -> xr.DataTree:
        n, o = section(rng), section(rng, thickness=thickness)
        raws = [element_map(rng.poisson(m), name, (20.0, 20.0)) for m, name in ((n, "N"), (o, "O"))]
        return analyze(raws)

    assert any("differ" in text for text in warnings_of(two(700.0)))
    agree = two(900.0)
    assert not any("differ" in text for text in warnings_of(agree))
    assert "agree" in agree.attrs["steps"]


@pytest.mark.parametrize("levels", [(1.0, 1.0, 1.0), (0.2, 0.2, 2.0), (0.2, 2.0, 2.0)])
def test_no_layer(levels: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(16)
    result = measured(section(rng, levels=levels, waviness=60.0), rng)
    assert row(result, "layer_thickness").status == "not detected"
    detection = row(result, "detection")
    assert detection.status == "not detected" and detection.value < 3
    assert figures(result)


@pytest.mark.parametrize("blur", [400.0, 500.0])
@pytest.mark.parametrize("seed", [17, 18, 19])
def test_blur_as_wide_as_the_layer_gives_a_limit_and_no_point_value(blur: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    result = measured(section(rng, blur=(blur, blur), shape=(200, 200)), rng)
    found = row(result, "layer_thickness")
    assert found.status == "upper limit"
    assert not np.isfinite(found.value) and not np.isfinite(found.low)
    assert 900 < found.high < 2.5 * blur + 500
    assert "not resolved" in found.note
    assert {row(result, "edge_width", f"N {side}").status for side in ("near", "far")} == {"not determined"}
    # nothing else states a thickness either
    assert not np.isfinite(result["N/along"].to_dataset()["thickness"].values).any()
    assert [figure.name for figure in figures(result)] == ["N-map", "N-profile"]


def test_given_blur_resolves_what_a_free_one_does_not() -> None:
    rng = np.random.default_rng(17)
    mean = section(rng, blur=(400.0, 400.0), shape=(200, 200))
    found = row(measured(mean, rng, edge_width="400 nm"), "layer_thickness")
    assert found.status == "measured"
    assert found.low < 900 < found.high
    assert abs(found.value - 900) < 80
    # a given width is trusted to 5 %, which a layer of twice the blur feels five times as much
    assert found.stddev > 60


def test_layer_that_leaves_the_map() -> None:
    rng = np.random.default_rng(18)
    mean = section(rng, shape=(120, 128), thickness=1200.0)[45:]
    found = row(measured(mean, rng), "layer_thickness")
    assert found.status in ("lower limit", "not detected")


def test_fixed_blur_narrows_the_interval() -> None:
    mean = section(np.random.default_rng(19), blur=(250.0, 250.0), levels=(0.1, 1.0, 0.2))
    free = row(measured(mean, np.random.default_rng(1)), "layer_thickness")
    fixed = row(measured(mean, np.random.default_rng(1), edge_width="250 nm"), "layer_thickness")
    assert fixed.high - fixed.low < free.high - free.low
    assert fixed.low < 900 < fixed.high


def test_section_angle_and_pixel_size() -> None:
    rng = np.random.default_rng(20)
    raw = element_map(rng.poisson(section(rng)), "N", None)
    with pytest.raises(AnalysisError, match="no scale"):
        analyze(raw)
    plain = row(analyze(raw, pixel_size="20 nm"), "layer_thickness").value
    oblique = row(analyze(raw, pixel_size="20 nm", section_angle="30 degree"), "layer_thickness").value
    assert oblique == pytest.approx(plain * np.cos(np.pi / 6), rel=1e-6)
    wide = row(analyze(raw, pixel_size="20 nm x 40 nm"), "layer_thickness").value
    assert wide == pytest.approx(2 * plain, rel=0.02)


def test_smoothed_map_has_no_count_statistics() -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(21)
    smooth = gaussian_filter(rng.poisson(section(rng)).astype(float), 2.0)
    result = analyze(element_map(smooth, "N", (20.0, 20.0)))
    assert any("no count statistics" in text for text in warnings_of(result))
    found = row(result, "layer_thickness")
    raw = row(measured(section(np.random.default_rng(21)), np.random.default_rng(21)), "layer_thickness")
    assert found.stddev > 0.5 * raw.stddev
    assert found.low < 900 < found.high


def test_settings_are_checked() -> None:
    raw = element_map(np.ones((20, 20), int), "N", (20.0, 20.0))
    for settings in (
        {"pixel_size": "20"},
        {"element": ["Xx"]},
        {"material": ["unobtainium"], "beam_voltage": 5},
    ):
        with pytest.raises(InterlayerError):
            analyze(raw, **settings)  # type: ignore[arg-type]


def test_input_is_not_changed() -> None:
    rng = np.random.default_rng(22)
    raw = element_map(rng.poisson(section(rng)), "N", (20.0, 20.0))
    before = raw.copy(deep=True)
    analyze(raw)
    xr.testing.assert_identical(raw, before)


def cube(rng: np.random.Generator, carbon: float = 20.0) -> np.ndarray:
    n = section(rng, shape=(60, 64), step=40.0, levels=(0.0, 2.0, 0.4), blur=(80.0, 80.0))
    c = section(rng, shape=(60, 64), step=40.0, levels=(0.1, 0.1, carbon * 0.4), blur=(80.0, 80.0))
    o = section(rng, shape=(60, 64), step=40.0, levels=(0.3, 0.3, 2.0), blur=(80.0, 80.0))
    axis = np.linspace(0.0, 1990.0, 200)
    spectra = line_spectrum((277.0, 392.4, 524.9), np.stack([c, n, o], axis=-1), axis)
    spectra += 0.02 * np.exp(-axis / 900.0)
    return rng.poisson(spectra).astype(np.uint8)


def test_cube_with_leakage_and_wrong_header(tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    path = write_spd(tmp_path, cube(rng), step_um=0.04, header_ev=5, kilovolts=2.0)
    result = analyze(read(path))
    found = row(result, "layer_thickness")
    assert found.status == "measured"
    assert found.low < 900 < found.high
    assert any("corrected" in text for text in warnings_of(result))
    assert {"N K", "C K", "O K"} <= {str(line["line"]) for line in tables(result)["lines"]}
    assert "Kanaya" in found.note
    names = [figure.name for figure in figures(result)]
    assert names == ["N-map", "N-profile", "N-along", "spectrum"]
    assert plot(result).axes


def test_carbon_alone_makes_no_nitrogen_layer(tmp_path: Path) -> None:
    rng = np.random.default_rng(24)
    c = section(rng, shape=(60, 64), step=40.0, levels=(0.2, 20.0, 0.4), blur=(80.0, 80.0))
    axis = np.linspace(0.0, 1990.0, 200)
    amounts = np.stack([c, 0 * c, 0.2 + 0 * c], axis=-1)
    spectra = line_spectrum((277.0, 392.4, 524.9), amounts, axis) + 0.02 * np.exp(-axis / 900.0)
    path = write_spd(
        tmp_path,
        rng.poisson(spectra).clip(0, 255).astype(np.uint8),
        step_um=0.04,
        header_ev=10,
        kilovolts=2.0,
    )
    result = analyze(read(path))
    assert row(result, "layer_thickness", "N").status == "not detected"
    assert row(result, "layer_thickness", "C").status == "measured"


def test_several_maps(tmp_path: Path) -> None:
    rng = np.random.default_rng(25)
    maps: Sequence[xr.Dataset] = [
        element_map(rng.poisson(section(rng)), "N", (20.0, 20.0)),
        element_map(rng.poisson(section(rng, thickness=600.0)), "O", (20.0, 20.0)),
    ]
    result = analyze(maps)
    assert row(result, "layer_thickness", "N").status == "measured"
    assert any("differ" in text for text in warnings_of(result))


def test_line_scan(tmp_path: Path) -> None:
    rng = np.random.default_rng(26)
    counts = rng.poisson(section(rng, shape=(120, 1), levels=(30.0, 300.0, 60.0))[:, 0])
    path = tmp_path / "scan.csv"
    path.write_text("distance (nm),N\n" + "".join(f"{20 * k},{c}\n" for k, c in enumerate(counts)))
    found = row(analyze(read(path)), "layer_thickness")
    assert found.status == "measured" and found.low < 900 < found.high
