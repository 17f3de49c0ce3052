"""The model of a pattern: its derivatives, its areas, its aberrations against rays."""

from dataclasses import replace

import numpy as np
import pytest
from xrd_patterns import Machine

from interlayer.xrd.build import Part, Plan, build
from interlayer.xrd.fit import Data
from interlayer.xrd.model.aberration import mean_shift, nodes, tail, tails
from interlayer.xrd.model.parameters import Table
from interlayer.xrd.model.pattern import Pattern
from interlayer.xrd.model.source import Instrument, nearest_anode, single, tube
from interlayer.xrd.phases import find

ANODES = ("Cu", "Co", "Mo", "Cr", "Fe", "Ag")
_CELLS = {"a", "b", "c", "alpha", "beta", "gamma"}


def allowed(name: str) -> float:
    """Return the error allowed for a derivative: that widths follow a line's place is left out of places'."""
    kind = name.rsplit(".", 1)[-1].rstrip("0123456789")
    return 8e-3 if kind in _CELLS else 2e-3 if kind == "position" else 3e-5


def built(names: tuple[str, ...], *, calibrate: bool = False, **changes: bool) -> tuple[Pattern, Table]:
    """Return a model with every kind of parameter, away from its starting values."""
    x = np.arange(20.0, 66.0, 0.04)
    own_sizes, shifts = changes.get("own_sizes", False), changes.get("shifts", False)
    parts = tuple(
        Part(find(name), find(name).cell, 0.2, 2e-4, 0.05, strain=True, own_sizes=own_sizes, shifts=shifts)
        for name in names
    )
    instrument = Instrument(radius=200.0, u=2e-3, v=-1e-3, w=6e-3, zero=0.01, zero_spread=0.01)
    humps = ((21.0, 2.0), (40.0, 4.0))
    free = ((28.6, 0.2), (60.4, 0.5))
    plan = Plan(tube("Cu"), instrument, parts, free, humps, profile=True, tube=True, calibrate=calibrate)
    return build(plan, Data(x, np.ones(x.size), np.ones(x.size)))


def names_and_errors(pattern: Pattern, table: Table) -> list[tuple[str, float]]:
    """Return each parameter with the largest error of its derivative over the largest derivative."""
    rng = np.random.default_rng(0)
    scale = np.minimum(np.array(table.scale), 0.01 + np.abs(table.values()))
    q = table.values() + 0.1 * scale * rng.uniform(0.1, 1, len(table))
    linear = rng.uniform(50, 200, pattern.size)
    analytic = pattern.design_and_slopes(table, q, linear)
    found = []
    for i, name in enumerate(table.names):
        step = np.zeros(len(table))
        step[i] = 3e-4 * scale[i]
        ends = [pattern.design(table, q + sign * step) @ linear for sign in (1, -1)]
        numeric = (ends[0] - ends[1]) / (2 * step[i])
        error = np.abs(analytic[:, i] - numeric).max() / np.abs(numeric).max()
        found.append((name, float(error)))
    return found


@pytest.mark.parametrize(
    ("names", "calibrate", "changes"),
    [
        (("Li3N", "Li", "austenite"), False, {}),
        (("LiOH-H2O",), False, {}),
        (("Li3N", "Li"), False, {"own_sizes": True}),
        (("Li3N", "Li"), False, {"shifts": True}),
        (("Li3N", "LaB6"), True, {}),
    ],
)
def test_derivatives_are_those_of_differences(
    names: tuple[str, ...], calibrate: bool, changes: dict[str, bool]
) -> None:
    found = names_and_errors(*built(names, calibrate=calibrate, **changes))
    kinds = {name.rsplit(".", 1)[-1].rstrip("0123456789") for name, _ in found}
    assert {"shift", "center", "log_width", "position", "width", "low_tail", "tube_high", "zero"} <= kinds
    assert (not calibrate) or {"instrument_u", "instrument_v", "instrument_w"} <= kinds
    for name, error in found:
        assert error < allowed(name), name


def test_free_peaks_are_not_moved_by_the_zero_shift() -> None:
    pattern, table = built(())
    assert "zero" in table
    slopes = pattern.design_and_slopes(table, table.values(), np.ones(pattern.size))
    assert np.all(slopes[:, table.index("zero")] == 0)


def test_a_column_has_the_area_of_both_lines() -> None:
    """One unit of area is one of Kα1, beside it Kα2 and the tube's tails, wherever the line lies."""
    x = np.arange(3.0, 170.0, 0.005)
    lab6 = find("LaB6")
    part = Part(lab6, lab6.cell, 0.1, 0.0, 1e-4)
    instrument = replace(Instrument(radius=200.0, y=1e-3), tube_low=0.01, tube_high=0.03)
    plan = Plan(tube("Cu"), instrument, (part,), profile=True)
    pattern, table = build(plan, Data(x, np.ones(x.size), np.ones(x.size)))
    q = table.values()
    q[table.index("LaB6.inverse_size")] = 0.0
    ratio = q[table.index("kalpha_ratio")]
    areas = pattern.design(table, q)[:, : pattern.areas].sum(axis=0) * 0.005
    _, widths = pattern.reflections(table, q)
    inside = widths < 0.3
    assert inside.sum() >= 10
    np.testing.assert_allclose(areas[inside[: areas.size]], (1 + ratio) * 1.04, rtol=3e-3)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 12])
def test_moments_of_the_axial_tail(count: int) -> None:
    """ξ = s²/⟨s²⟩ with s the sum of two triangular variables: ⟨ξ²⟩ = 2.7, ⟨ξ³⟩ = 10.9286 (2/15 + 1/6 …)."""
    places, weights = tail(count)
    assert np.all(places > 0) and np.all(weights > 0)
    moments = [float(np.sum(weights * places**k)) for k in range(4)]
    assert moments == pytest.approx([1.0, 1.0, 2.7, 10.928571], rel=2e-3)


def test_one_node_keeps_the_mean() -> None:
    assert [float(each.sum()) for each in tail(1)] == [1.0, 1.0]


@pytest.mark.parametrize("soller", [0.02, 0.037, 0.05])
@pytest.mark.parametrize("two_theta", [20.0, 36.0, 65.0, 110.0, 140.0])
def test_aberrations_are_those_of_rays(soller: float, two_theta: float) -> None:
    """Mean and spread of the model's nodes are those of exact rays through the same slits."""
    machine = Machine(soller=soller, correlation=-0.25, divergence=0.5)
    low, high = tails(soller, -0.25)
    flat = float(np.degrees(np.radians(0.5) ** 2 / 6))
    instrument = Instrument(low_tail=low, high_tail=high, flat=flat)
    at = np.array([two_theta])
    rays = machine.shifts(two_theta, 4000)
    mean = float(mean_shift(at, instrument)[0])
    assert mean == pytest.approx(rays.mean(), abs=0.0004 + 0.05 * abs(rays.mean()))
    parts = nodes(at, replace(instrument, w=1e-5), tube=False)
    theta = np.radians(two_theta / 2)
    shift = high * parts.high * np.tan(theta) - (low * parts.low + flat * parts.flat) / np.tan(theta)
    spread = np.sqrt(np.sum(parts.weight * (shift - mean) ** 2))
    assert spread == pytest.approx(rays.std(), rel=0.12)


@pytest.mark.parametrize("anode", ANODES)
def test_emission_lines(anode: str) -> None:
    source = tube(anode)
    share, second = np.array(source.share), np.array(source.second)
    assert [share[second].sum(), share[~second].sum()] == pytest.approx([1, 1])
    wavelength = np.array(source.wavelength)
    assert source.alpha1 < source.alpha2
    # positions are given for the maximum of Kα1, which its lines lie about
    assert np.average(wavelength[~second], weights=share[~second]) == pytest.approx(source.alpha1, rel=2e-4)
    assert np.average(wavelength[second], weights=share[second]) == pytest.approx(source.alpha2, rel=2e-4)
    assert nearest_anode(source.alpha1) == anode


def test_one_wavelength_keeps_the_natural_width_only_where_it_is_a_tube() -> None:
    monochromatic, synchrotron = single(1.54059), single(0.8)
    assert not any(monochromatic.second) and max(monochromatic.width) > 2e-4
    assert synchrotron.width == (0.0,)
