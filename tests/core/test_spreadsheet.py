"""Texts of CSV tables: none is a formula for a spreadsheet program, each can be had back, numbers stay."""

import polars
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interlayer.core.spreadsheet import plain, safe, safe_frame

TRIGGERS = tuple("=+-@＝＋－＠")
TEXTS = st.text(st.sampled_from([*TRIGGERS, *"\t\r\n '\"a1.e,;"]), max_size=6)


@given(TEXTS)
@example("'=1")
@example("'-0.5")
def test_no_text_begins_a_formula_and_each_comes_back(text: str) -> None:
    cell = safe(text)
    assert plain(cell) == text
    if cell.lstrip().startswith(TRIGGERS):
        float(cell)


@pytest.mark.parametrize("number", [-0.5, 1e-300, -1e300, 3, -7, 0.1 + 0.2])
def test_numbers_as_text_stay_as_they_are(number: float) -> None:
    for text in (repr(number), f"{number:+g}", f" {number} "):
        assert safe(text) == text


@given(st.lists(TEXTS, max_size=5))
def test_a_table_is_as_its_texts_and_its_numbers_do_not_change(texts: list[str]) -> None:
    numbers = [-1.5 - k for k in range(len(texts))]
    types = {"=x": polars.String, "-y": polars.Float64, "z": polars.String}
    frame = polars.DataFrame({"=x": texts, "-y": numbers, "z": texts}, types)
    made = safe_frame(frame)
    assert made.columns == ["'=x", "'-y", "z"]
    assert made["'=x"].to_list() == made["z"].to_list() == [safe(text) for text in texts]
    assert made["'-y"].to_list() == numbers


def test_nothing_stays_nothing() -> None:
    frame = polars.DataFrame({"a": [None, "=1"]}, {"a": polars.String})
    assert safe_frame(frame)["a"].to_list() == [None, "'=1"]
    assert safe_frame(polars.DataFrame()).shape == (0, 0)
