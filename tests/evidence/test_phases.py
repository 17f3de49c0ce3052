"""The joint statement on phases: probabilities, what carries them, contradictions."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from evidence_samples import limit, result, row, sample, texts, xps, xrd
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from interlayer.evidence import PhaseEvidence, examine
from interlayer.evidence.weigh import probability, signal_ratio, unseen_ratio, weight
from interlayer.sample import Sample


def about(made: Sample, phase: str = "Li3N") -> PhaseEvidence:
    return next(each for each in examine(made).phases if each.phase == phase)


def test_two_techniques_that_see_a_phase_make_it_sure() -> None:
    one = about(sample(xps("N 1s/Li3N", 4.0)))
    both = about(sample(xps("N 1s/Li3N", 4.0), xrd("Li3N", "found", 30.0)))
    assert (one.verdict, both.verdict) == ("present", "present")
    assert 0.95 < one.probability < both.probability < 1
    assert both.carried_by == "xrd" and one.carried_by == "xps"
    assert not both.contradictions


def test_no_number_of_sigmas_makes_one_technique_certain() -> None:
    """Another phase may give the signal: XRD's false alarms bound what it can say."""
    found = [about(sample(xrd("Li3N", "found", z))).probability for z in (10.0, 100.0, 1e6)]
    assert found == pytest.approx([found[0]] * 3, abs=1e-3)
    assert found[0] == pytest.approx(0.6 / 0.61, abs=2e-3)


def test_unseen_by_both_is_absent_and_by_the_surface_alone_is_only_unlikely() -> None:
    surface = about(sample(xps("N 1s/Li3N", below=0.05)))
    both = about(sample(xps("N 1s/Li3N", below=0.05), xrd("Li3N", "not detected", 0.3)))
    assert surface.verdict == "unlikely" and both.verdict == "absent"
    assert "< 0.05 at.%" in surface.observations[0].text


def test_a_weak_limit_says_little() -> None:
    """A spectrum that would not see 20 at.% cannot exclude Li3N."""
    found = about(sample(xps("N 1s/Li3N", below=40.0)))
    assert found.verdict == "cannot tell" and 0.35 < found.probability < 0.5


@pytest.mark.parametrize("status", ["one line only", "ambiguous with LiOH"])
def test_a_refusal_of_xrd_says_nothing_either_way(status: str) -> None:
    found = about(sample(xrd("Li3N", status, 5.0)))
    assert found.probability == 0.5 and found.verdict == "cannot tell" and not found.carried_by
    assert found.observations[0].seen == "cannot tell" and status in found.observations[0].text


def test_xrd_sees_what_the_surface_lacks_and_the_contradiction_is_named() -> None:
    found = about(sample(xrd("Li3N", "found", 30.0), xps("N 1s/Li3N", below=0.05)))
    assert len(found.contradictions) == 1
    text = found.contradictions[0]
    assert text.startswith("XRD sees Li₃N") and "XPS does not" in text and "deeper" in text
    assert 0.5 < found.probability < 0.95


def test_xps_sees_what_xrd_does_not() -> None:
    found = about(sample(xrd("LiF", "not detected", 0.2), xps("F 1s/LiF", 3.0)), "LiF")
    assert "amorphous" in found.contradictions[0]


def test_a_line_where_no_publication_puts_it_is_believed_less() -> None:
    usual = about(sample(xps("N 1s/Li3N", 4.0, energy=396.0)))
    warned = json.dumps(["N 1s/Li3N lies at 398.40 ± 0.02 eV; published values are …", "Another warning."])
    odd = about(sample(xps("N 1s/Li3N", 4.0, energy=398.4, warnings=warned)))
    assert odd.probability < 0.85 < usual.probability
    assert [text[:9] for text in odd.contradictions] == ["N 1s/Li3N"]


def test_lines_that_break_the_stoichiometry_are_named() -> None:
    off = row("xps", "stoichiometry_pull", "Li3N", "1", 5.0, 1.0)
    fine = row("xps", "stoichiometry_pull", "Li3N", "1", 1.0, 1.0)
    assert "stoichiometry by +5.0 σ" in about(sample(xps("N 1s/Li3N", 4.0, also=[off]))).contradictions[0]
    assert not about(sample(xps("N 1s/Li3N", 4.0, also=[fine]))).contradictions


def test_an_element_that_other_phases_hold_too_says_nearly_nothing() -> None:
    thickness = row("eds", "layer_thickness", "N", "nm", 900.0, 9.0)
    layer = result([row("eds", "detection", "N", "sigma", 40.0, 1.0), thickness])
    nitrile = [row("xps", "area", "N 1s/C≡N", "counts eV", 500.0, 10.0)]
    alone = about(sample(xps("N 1s/Li3N", 4.0), layer)).observations[1]
    shared = about(sample(xps("N 1s/Li3N", 4.0, also=nitrile), layer)).observations[1]
    assert alone.technique == shared.technique == "eds"
    assert 0 < shared.weight < 0.1 < alone.weight < 0.5
    assert "other phases hold it too" in shared.text and "layer of 900 nm" in alone.text


def test_no_layer_of_an_element_speaks_against_its_phases() -> None:
    unseen = result([limit("eds", "detection", "N", "sigma", 3.0)])
    found = about(sample(xps("N 1s/Li3N", below=40.0), unseen))
    assert found.observations[1].weight < -0.3


def test_images_show_shapes_not_phases() -> None:
    particles = result(
        [
            row("sem", "particle_count", "all", "1", 300.0, 17.0),
            row("sem", "diameter_d50", "particles", "nm", 231.0, 6.0),
        ]
    )
    found = about(sample(xps("N 1s/Li3N", 4.0), particles))
    assert found.observations[1].seen == "cannot tell" and found.observations[1].weight == 0
    assert "300 particles" in found.observations[1].text
    assert not any(each.phase == "C≡N" for each in examine(sample(particles)).phases)


def test_every_observation_says_what_it_probed() -> None:
    images = xr.Dataset({name: ("image", [7000.0, 7000.0]) for name in ("width", "height", "calibrated")})
    particles = result([row("sem", "particle_count", "all", "1", 300.0, 17.0)], {"images": images})
    area = xr.Dataset(attrs={"width": 2500.0, "height": 2000.0})
    layer = result([row("eds", "detection", "N", "sigma", 40.0, 1.0)], {"N/map": area})
    found = about(sample(xps("N 1s/Li3N", 4.0), particles, layer, xrd("Li3N", "found", 30.0)))
    volumes = {each.technique: each.volume for each in found.observations}
    assert "uppermost 10 nm" in volumes["xps"] and "all depths" in volumes["xrd"]
    assert volumes["sem"].endswith("2 images, 98 µm² in all") and volumes["eds"].endswith("2.5 × 2 µm²")


def test_what_nobody_looked_for_is_not_in_the_table() -> None:
    assert [each.phase for each in examine(sample(xps("N 1s/Li3N", 4.0))).phases] == ["Li3N"]
    assert examine(Sample("empty")).phases == ()


def test_a_beta_form_speaks_for_the_phase() -> None:
    assert "beta-Li3N" in about(sample(xrd("beta-Li3N", "found", 8.0))).observations[0].text


# the weights themselves, against numerical integration of their definition


@given(z=st.floats(0.01, 12.0), low=st.floats(0.1, 5.0), factor=st.floats(2.0, 100.0))
def test_the_signal_ratio_is_the_integral_of_its_definition(z: float, low: float, factor: float) -> None:
    span = math.log(factor)
    start = math.log(low)
    integral, _ = integrate.quad(
        lambda u: math.exp(math.exp(u) * z - 0.5 * math.exp(2 * u)), start, start + span, limit=200
    )
    expected = math.log(max(integral, 1e-300) / span)
    assert signal_ratio(z, low, low * factor) == pytest.approx(expected, abs=0.03)


def test_the_mass_at_zero_and_below_a_threshold() -> None:
    rng = np.random.default_rng(1)
    a = np.exp(rng.uniform(0, math.log(30), 400_000))
    estimate = a + rng.standard_normal(a.size)
    assert signal_ratio(0.0, 1.0, 30.0) == pytest.approx(math.log(np.mean(estimate <= 0) / 0.5), abs=0.1)
    below = np.mean(estimate < 3.0) / stats.norm.cdf(3.0)
    assert unseen_ratio(3.0, 1.0, 30.0) == pytest.approx(math.log(below), abs=0.02)


@given(st.floats(-800, 800), st.floats(0.05, 0.99), st.floats(0.001, 0.4))
def test_weights_stay_within_what_the_technique_can_say(ratio: float, visible: float, alarm: float) -> None:
    found = weight(ratio, visible, alarm)
    ends = math.log10((1 - visible) / (1 - alarm)), math.log10(visible / alarm)
    assert min(ends) - 1e-9 <= found <= max(ends) + 1e-9


def test_probabilities_are_right_as_often_as_they_say() -> None:
    """Samples drawn as the weights assume: stated and true shares agree (the benchmark has the table)."""
    rng = np.random.default_rng(3)
    stated, true = [], []
    for _ in range(250):
        present = bool(rng.random() < 0.5)
        z = draw(present, 0.6, 0.01, (1.0, 300.0), 1.0, rng)
        pattern = xrd("Li3N", "found" if z > 4 else "not detected", z)
        noise = math.exp(rng.uniform(math.log(0.02), math.log(0.5)))
        z = draw(present, 0.9, 0.03, (0.1, 30.0), noise, rng)
        unseen = xps("N 1s/Li3N", below=noise * (z + 1.645))
        spectra = xps("N 1s/Li3N", z * noise, z) if z > 3 else unseen
        stated.append(about(sample(pattern, spectra)).probability)
        true.append(present)
    p, truth = np.array(stated), np.array(true)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0)):
        inside = (p >= low) & (p <= high)
        spread = math.sqrt(float((p[inside] * (1 - p[inside])).sum()))
        assert abs(truth[inside].sum() - p[inside].sum()) < 3 * spread + 1
    assert np.mean((p - truth) ** 2) < 0.1


def draw(
    present: bool,
    visible: float,
    alarm: float,
    span: tuple[float, float],
    noise: float,
    rng: np.random.Generator,
) -> float:
    seen = rng.random() < (visible if present else alarm)
    amount = math.exp(rng.uniform(*np.log(span))) / noise if seen else 0.0
    return max(0.0, amount + float(rng.standard_normal()))


def test_the_prior_is_even_odds() -> None:
    assert probability([]) == 0.5 and probability([1.0, -1.0]) == pytest.approx(0.5)


def test_unknown_tables_are_no_reason_to_fall() -> None:
    """A record of an older version has no published ranges and no table of components."""
    old = result(
        [
            row("xps", "area", "N 1s/Li3N", "counts eV", 400.0, 10.0),
            row("xps", "binding_energy", "N 1s/Li3N", "eV", 398.4, 0.02),
        ],
        {
            "components": xr.Dataset(
                {"line": ("component", texts("N 1s/Li3N")), "significance": ("component", [40.0])}
            )
        },
    )
    assert about(sample(old)).verdict == "present"
