"""Weight fractions: known mixtures, texture, refusals, limits; the texture field by itself."""

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.special import voigt_profile

from interlayer.core.errors import SettingError
from interlayer.core.results import rows_of
from interlayer.core.summary import Row
from interlayer.xrd import analyze, phases, read, structures, texture
from interlayer.xrd.mixture import intensity, masses_of
from interlayer.xrd.model.source import tube

#: cubic phases written here: cell, atoms of the basis, density
SALTS = {
    "LiF": (4.0263, [((0, 0, 0), "Li"), ((0.5, 0.5, 0.5), "F")], 2.64),
    "Li2O": (4.619, [((0, 0, 0), "O"), ((0.25,) * 3, "Li"), ((0.75,) * 3, "Li")], 2.01),
    "Si": (5.4311, [((0, 0, 0), "Si"), ((0.25,) * 3, "Si")], 2.33),
}
#: Cromer–Mann coefficients a1 b1 … c, thermal factor, f'
ATOMS = {
    "Li": ([1.1282, 3.9546, 0.7508, 1.0524, 0.6175, 85.3905, 0.4653, 168.261, 0.0377], 1.1, 0.001),
    "O": ([3.0485, 13.2771, 2.2868, 5.7011, 1.5463, 0.3239, 0.867, 32.9089, 0.2508], 0.7, 0.049),
    "F": ([3.5392, 10.2825, 2.6412, 4.2944, 1.517, 0.2615, 1.0243, 26.1476, 0.2776], 0.75, 0.073),
    "Si": ([6.2915, 2.4386, 3.0353, 32.3337, 1.9891, 0.6785, 1.541, 81.6937, 1.1407], 0.5, 0.254),
}
FACES = np.array([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])


@cache
def salt_lines(name: str) -> list[tuple[float, float, tuple[int, ...]]]:
    """Return spacing, m|F|²/V² and hkl of the families of a face-centred cubic phase."""
    a, atoms, _ = SALTS[name]
    found: dict[tuple[int, ...], float] = {}
    for h in itertools.product(range(-6, 7), repeat=3):
        q = sum(i * i for i in h) / a**2
        if not 0 < q < 1.5:
            continue
        total = 0j
        for place, kind in atoms:
            p, b, real = ATOMS[kind]
            f = p[8] + real + sum(p[2 * i] * np.exp(-p[2 * i + 1] * q / 4) for i in range(4))
            phase = np.exp(2j * np.pi * ((FACES + np.array(place)) @ np.array(h))).sum()
            total += f * np.exp(-b * q / 4) * phase
        key = tuple(sorted(map(abs, h), reverse=True))
        found[key] = found.get(key, 0.0) + abs(total) ** 2 / a**6
    most = max(found.values())
    return [(a / np.sqrt(sum(i * i for i in h)), s, h) for h, s in found.items() if s > 1e-5 * most]


def powder(
    weights: dict[str, float], seed: int, *, texture_of: dict[str, dict[tuple[int, ...], float]] | None = None
) -> xr.Dataset:
    """Return a pattern of cubic phases with counting noise; ``texture_of``: factors of some families."""
    x = np.arange(25, 90.001, 0.02)
    y = np.zeros(x.size)
    for name, weight in weights.items():
        for spacing, strength, hkl in salt_lines(name):
            factor = (texture_of or {}).get(name, {}).get(hkl, 1.0)
            for wave, part in ((1.5405929, 1.0), (1.5444274, 0.5)):
                if wave / 2 / spacing >= 0.8:
                    continue
                theta = np.arcsin(wave / 2 / spacing)
                lp = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
                lorentz = np.degrees(0.9 * wave / 300 / np.cos(theta)) + 0.033 * np.tan(theta)
                area = weight / SALTS[name][2] * strength * lp * factor * part
                y += area * voigt_profile(x - np.degrees(2 * theta), 0.03, lorentz / 2)
    counts = np.random.default_rng(seed).poisson(y * 8000 / y.max() + 150).astype(float)
    return xr.Dataset(
        {"intensity": ("two_theta", counts, {"units": "counts", "long_name": "Intensity"})},
        coords={"two_theta": ("two_theta", x, {"units": "degree", "long_name": "2θ"})},
        attrs={"anode": "Cu", "goniometer_radius": 200.0, "source": "simulated"},
    )


def weights_of(raw: xr.Dataset, method: str = "structure", **settings: object) -> dict[str, Row]:
    result = analyze(raw, quantify=method, **settings)
    return {row.subject: row for row in rows_of(result) if row.quantity == "weight_fraction"}


@pytest.mark.parametrize("method", ["structure", "rir"])
def test_a_known_mixture(method: str) -> None:
    truth = {"LiF": 0.5, "Li2O": 0.2, "Si": 0.3}
    found = weights_of(powder(truth, 1), method)
    assert set(found) == set(truth)
    for name, part in truth.items():
        row = found[name]
        assert row.status == "measured" and row.unit == "1"
        assert 0 < row.low <= part <= row.high < 1
        assert row.value == pytest.approx(part, abs=0.02)
        assert "amorphous" in row.note and "microabsorption" in row.note and "texture" in row.note
    assert sum(row.value for row in found.values()) == pytest.approx(1.0)


def test_texture_widens_the_interval_and_one_line_alone_is_wrong() -> None:
    """LiF with 200 twice and 111, 220 half of a random powder's."""
    truth = {"LiF": 0.5, "Si": 0.5}
    factors = {"LiF": {(2, 0, 0): 2.0, (4, 0, 0): 2.0, (1, 1, 1): 0.6, (2, 2, 0): 0.6, (2, 2, 2): 0.6}}
    random, textured = powder(truth, 2), powder(truth, 2, texture_of=factors)
    plain, wide = weights_of(random)["LiF"], weights_of(textured)["LiF"]
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
    assert wide.low <= 0.5 <= wide.high
    one = weights_of(textured, "rir")["LiF"]
    assert abs(one.value - 0.5) > abs(wide.value - 0.5)
    assert one.low <= 0.5 <= one.high


def test_nothing_is_quantified_unasked() -> None:
    result = analyze(powder({"LiF": 0.5, "Si": 0.5}, 3))
    assert not [row for row in rows_of(result) if row.quantity == "weight_fraction"]


def test_a_single_phase_has_no_fraction() -> None:
    row = weights_of(powder({"LiF": 1.0}, 4))["LiF"]
    assert row.status == "not determined"
    assert "only crystalline phase" in row.note


def test_layers_of_a_cell_are_no_powder() -> None:
    from xrd_patterns import pattern

    content = [
        ("Li3N", 3.652, 3.870, 400.0, 20.0, 0.0),
        ("Li", 3.5105, 0.0, 600.0, 150.0, 0.0),
        ("austenite", 3.591, 0.0, 500.0, 20.0, 0.1),
    ]
    found = weights_of(pattern(content, seed=5))
    assert found["austenite"].status == "not determined"
    assert "layer 'cell'" in found["austenite"].note
    for name in ("Li3N", "Li"):
        assert found[name].status == "measured"
        assert "foil with a film" in found[name].note


def test_what_is_missing_gets_a_limit_that_holds() -> None:
    """1 % of Si beside LiF is not to be excluded when it is not found; what is not there has a low limit."""
    raw = powder({"LiF": 0.6, "Li2O": 0.4}, 6)
    found = weights_of(raw, phase=["Si", "beta-Li3N", "Cu"])
    for name in ("Si", "beta-Li3N"):
        assert found[name].status == "upper limit"
        assert 0 < found[name].high < 0.02
    assert found["Cu"].status == "not determined"


@pytest.mark.parametrize("held", [0.001, 0.002, 0.004])
def test_a_trace_is_measured_or_below_its_limit(held: float) -> None:
    found = weights_of(powder({"LiF": 1 - held, "Si": held}, 7), phase=["Si"])["Si"]
    assert found.status in ("measured", "upper limit")
    assert found.high >= held


def test_a_wrong_method_is_refused() -> None:
    with pytest.raises(SettingError, match="structure"):
        analyze(powder({"LiF": 1.0}, 8), quantify="guess")


def test_intensities_by_another_way() -> None:
    """Structure factors worked out here, over cell volume and density, agree to 3 %."""
    for name, (_, _, density) in SALTS.items():
        phase = phases.bundled(name)
        mine = {hkl: s / density for _, s, hkl in salt_lines(name)}
        q = (phase.hkl**2).sum(axis=1) / phase.cell[0] ** 2
        theta = np.arcsin(np.minimum(1.5405929 / 2 * np.sqrt(q), 0.99))
        lp = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        theirs = intensity(phase, tube("Cu")) / lp
        strong = [i for i in range(len(q)) if phase.strength[i] > 0.15 and q[i] < 0.7]
        for i in strong:
            key = tuple(sorted(map(abs, phase.hkl[i].tolist()), reverse=True))
            assert theirs[i] == pytest.approx(mine[key], rel=0.03)


def test_texture_couples_orders_and_spares_cubic_phases() -> None:
    hexagonal = texture.covariance(
        (3.65, 3.65, 3.87, 90, 90, 120), np.array([[0, 0, 1], [0, 0, 2], [1, 0, 0]])
    )
    assert hexagonal[0, 1] == pytest.approx(0.95)
    assert hexagonal[0, 2] < -0.1
    cubic = texture.covariance((3.6, 3.6, 3.6, 90, 90, 90), np.array([[1, 1, 1], [2, 0, 0], [3, 2, 1]]))
    assert np.linalg.eigvalsh(cubic).min() > 0
    # many equivalents average a texture out
    assert cubic[2, 2] < cubic[1, 1] < hexagonal[0, 0]


def test_masses_weigh_by_the_covariance() -> None:
    """Two lines of two phases of which only the sum is known: the lines known apart decide."""
    unit = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    area = np.array([2.0, 9.0, -4.0, 3.0])
    covariance = np.diag([0.01, 25.0, 25.0, 0.01])
    covariance[1, 2] = covariance[2, 1] = -24.999
    mass, spread = masses_of(area, unit, covariance)
    np.testing.assert_allclose(mass, [2.0, 3.0], atol=0.1)
    assert np.sqrt(spread[0, 0]) < 0.11


def test_a_written_table_is_current(tmp_path: Path) -> None:
    structures.write_table(tmp_path / "reflections.json")
    kept = Path(structures.__file__).parent / "data" / "reflections.json"
    assert (tmp_path / "reflections.json").read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_weighed_mixture(real: Path, tmp_path: Path) -> None:
    """0.9001 Li2CO3 and 0.1000 ZrO2 by weight (dara), ZrO2 from a file of the user's."""
    path = tmp_path / "ZrO2.toml"
    path.write_text(
        """
space_group = "P2_1/c"
number = 14
cell = { a = 5.1505, b = 5.2116, c = 5.3173, beta = 99.23 }
density = 5.82
sites = [
    ["Zr", 0.2754, 0.0395, 0.2083, 1], ["O", 0.0700, 0.3317, 0.3447, 1], ["O", 0.4496, 0.7569, 0.4792, 1],
]
""",
        encoding="utf-8",
    )
    raw = read(real / "xrd" / "Li2CO3_0p9001-ZrO2_0p1000--8min.xrdml")
    found = weights_of(raw, phase=[str(path)], radius="145 mm")
    refused = found["ZrO2"].status == "not determined" and "χ²" in found["ZrO2"].note
    assert refused or found["ZrO2"].low <= 0.1 <= found["ZrO2"].high
    assert refused or found["ZrO2"].value == pytest.approx(0.1, abs=0.02)
