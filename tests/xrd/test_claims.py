"""What is claimed, what is ambiguous, what is no contradiction."""

import pytest
import xarray as xr
from xrd_patterns import pattern

from interlayer.core.results import rows_of, tables, warnings_of
from interlayer.core.summary import Row
from interlayer.xrd import analyze

LI3N, LI, STEEL = ("Li3N", 3.652, 3.870), ("Li", 3.5105, 0.0), ("austenite", 3.591, 0.0)
BETA = ("beta-Li3N", 3.552, 6.311)


def row(result: xr.DataTree, quantity: str, subject: str) -> Row:
    return next(r for r in rows_of(result) if (r.quantity, r.subject) == (quantity, subject))


def found(result: xr.DataTree) -> set[str]:
    return {str(c["phase"]) for c in tables(result)["candidates"] if str(c["status"]).startswith("found")}


def test_one_line_at_28_degrees_is_of_neither_form() -> None:
    content = [(*LI, 600.0, 150.0, 0.0), (*STEEL, 500.0, 20.0, 0.0)]
    result = analyze(pattern(content, seed=41, extra=((28.22, 250.0, 0.3),)), phase=["beta-Li3N"])
    for name in ("Li3N", "beta-Li3N"):
        claim = row(result, "detection", name)
        assert claim.status == "not detected"
        assert "only one family" in claim.note and "28." in claim.note
    told = next(text for text in warnings_of(result) if "no candidate explains" in text)
    assert "Li3N or beta-Li3N" in told


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_both_forms_are_told_apart_where_their_own_lines_are_seen(part: float) -> None:
    content = [(*LI3N, 400.0, 20.0, 0.03), (*LI, 600.0, 150.0, 0.03), (*STEEL, 500.0, 20.0, 0.1)]
    if part:
        content.append((*BETA, 400.0 * part, 20.0, 0.03))
    result = analyze(pattern(content, seed=42), phase=["beta-Li3N"])
    assert ("beta-Li3N" in found(result)) == (part > 0)
    assert "Li3N" in found(result)
    cell = row(result, "lattice_a", "Li3N")
    assert cell.low <= 3.652 <= cell.high


def test_copper_or_steel_are_named_together() -> None:
    """A face-centred cell between the two, at a height that either could have."""
    content = [("Cu", 3.603, 0.0, 700.0, 60.0, 0.0), (*LI, 600.0, 150.0, 0.0)]
    result = analyze(pattern(content, seed=43))
    told = next(text for text in warnings_of(result) if "ambiguous" in text and "43." in text)
    assert "Cu" in told and "austenite" in told


def test_copper_alone_is_not_called_steel() -> None:
    content = [("Cu", 3.6149, 0.0, 700.0, 60.0, 0.0), (*LI, 600.0, 150.0, 0.0)]
    names = found(analyze(pattern(content, seed=44)))
    assert {"Cu", "Li"} <= names and "Li3N" not in names


@pytest.mark.parametrize("beside", [46.6, 47.2])
def test_a_weak_line_beside_a_strong_one_is_no_contradiction(beside: float) -> None:
    """A stray line beside Li3N 002 pulls at it; the other four families agree."""
    content = [(*LI3N, 400.0, 12.0, 0.0), (*LI, 600.0, 150.0, 0.0), (*STEEL, 500.0, 20.0, 0.0)]
    result = analyze(pattern(content, seed=45, extra=((beside, 900.0, 0.1),)))
    assert not any("no single" in text for text in warnings_of(result))
    for quantity, truth in (("lattice_a", 3.652), ("lattice_c", 3.870)):
        cell = row(result, quantity, "Li3N")
        assert cell.status == "measured" and abs(cell.value - truth) < 3 * cell.stddev


def test_steel_below_the_film_has_a_height_of_its_own() -> None:
    content = [(*LI3N, 400.0, 15.0, 0.0), (*LI, 600.0, 150.0, 0.0), (*STEEL, 700.0, 40.0, 0.25)]
    result = analyze(pattern(content, seed=46))
    film, steel = (row(result, "displacement", name) for name in ("Li", "austenite"))
    assert film.low <= 0.0 <= film.high and steel.low <= 0.25 <= steel.high
    assert steel.value > film.high
