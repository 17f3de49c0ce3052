"""What must not change a result: direction of an axis, units, scale, order; on small inputs."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from tests.sem.conftest import scene
from trust_examples import examples

from interlayer import eds, electrochem, sem, xps, xrd
from interlayer.core.results import rows_of
from interlayer.core.summary import Row
from interlayer.eds.readers.dataset import element_map
from interlayer.sem.analysis import pool

Key = tuple[str, str]


def values(result: xr.DataTree) -> dict[Key, Row]:
    return {(row.quantity, row.subject): row for row in rows_of(result)}


def agree(
    one: xr.DataTree, other: xr.DataTree, *, relative: float = 1e-6, factor: Any = lambda row: 1.0
) -> None:
    """Check that two results have the same rows; ``factor`` is by how much the other's numbers are larger."""
    first, second = values(one), values(other)
    assert first.keys() == second.keys()
    for key, row in first.items():
        assert second[key].status == row.status, key
        for name in ("value", "low", "high"):
            a, b = getattr(row, name) * factor(row), getattr(second[key], name)
            spread = row.stddev * factor(row) if math.isfinite(row.stddev) else 0.0
            near = math.isclose(a, b, rel_tol=relative, abs_tol=1e-12 + 1e-3 * spread)
            assert near or (math.isnan(a) and math.isnan(b)), (key, name, a, b)


# ------------------------------------------------------------------------------------------------ XRD
@pytest.fixture(scope="module")
def pattern() -> tuple[np.ndarray, np.ndarray]:
    """Return a small pattern of lithium: four lines of Kα1 and Kα2 on a flat background."""
    x = np.round(np.arange(33.0, 70.0, 0.03), 2)
    y = np.full(x.size, 60.0)
    for spacing, area in ((3.5092 / 2**0.5, 400.0), (3.5092 / 2.0, 60.0), (3.5092 / 6**0.5, 140.0)):
        for wavelength, share in ((1.5405929, 1.0), (1.5444274, 0.5)):
            at = 2 * np.degrees(np.arcsin(wavelength / 2 / spacing))
            y = y + share * area / np.pi * 0.06 / ((x - at) ** 2 + 0.06**2)
    return x, np.random.default_rng(4).poisson(y).astype(float)


def written(folder: Path, rows: Sequence[str], name: str = "a.xy") -> Path:
    path = folder / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def diffraction(tmp_path_factory: pytest.TempPathFactory, pattern: Any) -> xr.DataTree:
    path = written(
        tmp_path_factory.mktemp("xrd"), [f"{a:.2f} {b:.0f}" for a, b in zip(*pattern, strict=True)]
    )
    return xrd.analyze(xrd.read(path), phase=["Li"], anode="Cu")


def test_direction_of_two_theta(tmp_path: Path, pattern: Any, diffraction: xr.DataTree) -> None:
    rows = [f"{a:.2f} {b:.0f}" for a, b in zip(*pattern, strict=True)][::-1]
    agree(diffraction, xrd.analyze(xrd.read(written(tmp_path, rows)), phase=["Li"], anode="Cu"))


@examples(20)
@given(st.sampled_from([" ", "\t", ";", "  \t"]), st.sampled_from([".", ","]), st.booleans(), st.booleans())
def test_ways_of_writing_a_pattern(
    tmp_path: Path, pattern: Any, separator: str, sign: str, turned: bool, titled: bool
) -> None:
    """Separators, decimal signs, direction, a title, line ends: one pattern."""
    rows = [f"{a:.2f}{separator}{b:.0f}".replace(".", sign) for a, b in zip(*pattern, strict=True)]
    rows = rows[::-1] if turned else rows
    path = written(tmp_path, [f"2theta{separator}counts", *rows] if titled else rows, "a.txt")
    raw = xrd.read(path)
    np.testing.assert_allclose(raw["two_theta"], pattern[0], atol=1e-9)
    np.testing.assert_array_equal(raw["intensity"], pattern[1])


# ------------------------------------------------------------------------------------------------ XPS
ENERGY = np.round(np.arange(278.0, 296.0, 0.1), 1)
_SHAPE = np.exp(-0.5 * ((ENERGY - 284.8) / 0.6) ** 2) + 0.4 * np.exp(-0.5 * ((ENERGY - 287.0) / 0.6) ** 2)
COUNTS = np.random.default_rng(5).poisson(300 + 4000 * _SHAPE).astype(float)


def region(folder: Path, energy: np.ndarray, counts: np.ndarray, title: str) -> xr.Dataset:
    rows = [f"{e:.1f},{c:.0f}" for e, c in zip(energy, counts, strict=True)]
    return xps.read(written(folder, [f"{title},Counts", *rows], "C1s.csv"))


def test_direction_of_the_binding_energy(tmp_path: Path) -> None:
    up = region(tmp_path, ENERGY, COUNTS, "Binding Energy (eV)")
    down = region(tmp_path, ENERGY[::-1], COUNTS[::-1], "Binding Energy (eV)")
    agree(xps.analyze(up), xps.analyze(down), relative=1e-6)


@examples(10)
@given(st.sampled_from([1486.6, 1253.6]), st.booleans())
def test_kinetic_energies_become_binding_energies(tmp_path: Path, photon: float, turned: bool) -> None:
    step = slice(None, None, -1 if turned else 1)
    kinetic = region(tmp_path, (photon - ENERGY)[step], COUNTS[step], f"Kinetic Energy (eV) hv = {photon}")
    binding = region(tmp_path, ENERGY, COUNTS, "Binding Energy (eV)")
    name = next(str(each) for each in kinetic.data_vars if each in binding)
    axis = str(binding[name].dims[0])
    first, second = (each[name].sortby(axis) for each in (kinetic, binding))
    np.testing.assert_allclose(first[axis], second[axis], atol=1e-6)
    np.testing.assert_array_equal(first, second)


# ------------------------------------------------------------------------------------------------ SEM
def disc_image(seed: int = 3) -> np.ndarray:
    """Return separate bright discs at random places on noisy ground."""
    return scene(seed, (300, 320), 18)[0]


def micrograph(image: np.ndarray, nm: float = 5.0) -> xr.Dataset:
    return xr.Dataset(
        {"image": (("y", "x"), image)}, attrs={"data_bar_rows": 0, "pixel_size_x": nm, "pixel_size_y": nm}
    )


@pytest.fixture(scope="module")
def particles() -> xr.DataTree:
    return sem.analyze(micrograph(disc_image()))


@examples(3)
@given(st.floats(0.5, 500.0))
def test_a_pixel_scales_every_length(particles: xr.DataTree, nm: float) -> None:
    power = {"nm": 1, "1/um^2": -2}
    agree(
        particles,
        sem.analyze(micrograph(disc_image(), nm)),
        relative=1e-5,
        factor=lambda row: (nm / 5.0) ** power.get(row.unit, 0),
    )


@pytest.mark.parametrize("turn", ["left-right", "up-down", "quarter"])
def test_turned_pictures_have_the_same_particles(particles: xr.DataTree, turn: str) -> None:
    image = disc_image()
    moved = {"left-right": image[:, ::-1], "up-down": image[::-1], "quarter": image.T}[turn]
    turned = sem.analyze(micrograph(np.ascontiguousarray(moved)))
    found, before = ({row.quantity: row.value for row in rows_of(each)} for each in (turned, particles))
    assert found["particle_count"] == before["particle_count"] == 18
    for quantity in ("diameter_mean", "diameter_d50"):
        assert found[quantity] == pytest.approx(before[quantity], rel=0.01)


def test_order_of_pooled_images_does_not_matter(particles: xr.DataTree) -> None:
    parts = [particles, *(sem.analyze(micrograph(disc_image(seed))) for seed in (8, 9))]
    one, other = pool(parts), pool(parts[::-1])
    for key, row in values(one).items():
        assert values(other)[key].value == pytest.approx(row.value, rel=1e-9, nan_ok=True)


# ------------------------------------------------------------------------------------------------ EDS
def section(seed: int = 6) -> np.ndarray:
    """Return counts of a layer of 18 pixels between two materials."""
    rng = np.random.default_rng(seed)
    y = np.arange(60) + 0.5
    profile = 0.4 + 5 / (1 + np.exp(-(y - 21) / 1.5)) / (1 + np.exp((y - 39) / 1.5))
    return np.asarray(rng.poisson(np.broadcast_to(profile[:, None], (60, 48))))


@examples(3)
@given(st.floats(1.0, 400.0), st.booleans())
def test_a_pixel_scales_the_layer(nm: float, turned: bool) -> None:
    """Thickness and widths in nm go with the pixel; a map upside down gives the same, its sides exchanged."""
    counts = section()
    base = values(eds.analyze(element_map(counts, "N", (20.0, 20.0))))
    seen = values(
        eds.analyze(element_map(np.ascontiguousarray(counts[::-1] if turned else counts), "N", (nm, nm)))
    )
    row, other = base["layer_thickness", "N"], seen["layer_thickness", "N"]
    assert row.status == other.status == "measured"
    for name in ("value", "low", "high"):
        assert getattr(other, name) * 20.0 / nm == pytest.approx(getattr(row, name), abs=0.1 * row.stddev)


# ---------------------------------------------------------------------------------------- electrochem
HOURS = np.arange(0.0, 4.0, 0.02)
VOLTS = 0.02 * np.sign(np.sin(np.pi * HOURS + 1e-9)) * (1 + 0.1 * HOURS)
AMPERES = 1e-3 * np.sign(np.sin(np.pi * HOURS + 1e-9))
TIME = {"s": 3600.0, "min": 60.0, "h": 1.0}
VOLTAGE = {"V": 1.0, "mV": 1e3}
CURRENT = {"A": 1.0, "mA": 1e3, "uA": 1e6}


def cycler(
    folder: Path, time: str, voltage: str, current: str, separator: str, order: Sequence[int]
) -> xr.Dataset:
    columns = [
        (f"time/{time}", HOURS * TIME[time]),
        (f"Voltage ({voltage})", VOLTS * VOLTAGE[voltage]),
        (f"Current ({current})", AMPERES * CURRENT[current]),
    ]
    chosen = [columns[k] for k in order]
    rows = [separator.join(name for name, _ in chosen)]
    rows += [
        separator.join(f"{each:.12g}" for each in row) for row in zip(*(v for _, v in chosen), strict=True)
    ]
    return electrochem.read(written(folder, rows, "cell.csv"))


@examples(12)
@given(
    st.sampled_from(sorted(TIME)), st.sampled_from(sorted(VOLTAGE)), st.sampled_from(sorted(CURRENT)),
    st.sampled_from([",", ";", "\t"]), st.permutations(range(3)),
)  # fmt: skip
def test_units_and_order_of_columns(
    tmp_path: Path, time: str, voltage: str, current: str, separator: str, order: list[int]
) -> None:
    raw = cycler(tmp_path, time, voltage, current, separator, order)
    np.testing.assert_allclose(raw["time"], 3600 * HOURS, atol=1e-6)
    np.testing.assert_allclose(raw["voltage"], VOLTS, atol=1e-12)
    np.testing.assert_allclose(raw["current"], AMPERES, atol=1e-15)


@examples(3)
@given(st.sampled_from(sorted(TIME)), st.sampled_from(sorted(VOLTAGE)), st.sampled_from(sorted(CURRENT)))
def test_units_of_a_file_do_not_change_a_lifetime(
    tmp_path: Path, time: str, voltage: str, current: str
) -> None:
    one = cycler(tmp_path, "s", "V", "A", ",", (0, 1, 2))
    other = cycler(tmp_path, time, voltage, current, ",", (0, 1, 2))
    first, second = (electrochem.analyze(each, kind="plating", area="1 cm2") for each in (one, other))
    agree(first, second)


FREQUENCY = np.logspace(5, -1, 37)


def spectrum(scale: float, order: Sequence[int]) -> xr.Dataset:
    from interlayer.electrochem.readers import tidy

    rng = np.random.default_rng(7)
    z = 40.0 + 200.0 / (1 + (2j * np.pi * FREQUENCY * 3e-4) ** 0.9)
    z = z * (1 + 2e-3 * (rng.standard_normal(37) + 1j * rng.standard_normal(37)))
    return tidy.impedance(FREQUENCY[list(order)], scale * z[list(order)])


@examples(4)
@given(st.floats(1e-2, 1e3), st.booleans())
def test_a_larger_cell_has_proportional_resistances(scale: float, turned: bool) -> None:
    """All impedances times a number, frequencies rising or falling: resistances times the number."""
    settings = {"kind": "eis", "circuit": "R0-p(R1,CPE1)"}
    forward = range(37)
    one = values(electrochem.analyze(spectrum(1.0, forward), **settings))
    other = values(electrochem.analyze(spectrum(scale, forward[::-1] if turned else forward), **settings))
    assert one.keys() == other.keys()
    for name in ("R0", "R1"):
        a, b = one["resistance", name], other["resistance", name]
        assert b.value == pytest.approx(scale * a.value, rel=1e-4)
        assert b.high - b.low == pytest.approx(scale * (a.high - a.low), rel=1e-2)
