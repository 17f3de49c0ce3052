"""Round trips and invariants of what all techniques stand on."""

import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from trust_examples import examples

from interlayer import store, study
from interlayer.cli import recognise
from interlayer.core import quantities, units
from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.summary import STATUSES, Row, from_dataset, records, to_dataset
from interlayer.core.text import clean, line, slug

TEXT = st.text(max_size=12)
NAMES = st.from_regex(r"[a-zA-Zα-ω][a-z0-9_µθ]{0,8}", fullmatch=True)
KINDS = st.sampled_from(["<f8", "<f4", "<i4", "<i8", "u1", "<u2", "?"])
SIZES = st.lists(st.integers(0, 4), min_size=0, max_size=2)
ATTRIBUTES = st.dictionaries(
    NAMES,
    st.one_of(
        TEXT, st.integers(-(2**31), 2**31 - 1), st.floats(), st.booleans(), st.lists(st.integers(0, 9))
    ),
    max_size=3,
)


@st.composite
def datasets(draw: Any) -> xr.Dataset:
    variables = {}
    for number, name in enumerate(draw(st.lists(NAMES, max_size=3, unique_by=str.lower))):
        shape = tuple(draw(SIZES))
        if draw(st.booleans()):
            values = draw(arrays.arrays(np.dtype(draw(KINDS)), shape))
        else:
            flat = [draw(TEXT) for _ in range(math.prod(shape))]
            values = np.array(flat, dtype=object).reshape(shape)
        dims = tuple(f"d{number}_{axis}" for axis in range(len(shape)))
        variables[name] = (dims, values, draw(ATTRIBUTES))
    return xr.Dataset(variables, attrs=draw(ATTRIBUTES))


@examples(12)
@given(
    st.dictionaries(
        st.lists(NAMES, max_size=2).map(lambda parts: "/" + "/".join(parts)), datasets(), max_size=3
    )
)
def test_a_tree_reads_back_as_it_was_written(tmp_path: Path, nodes: dict[str, xr.Dataset]) -> None:
    """Values bit for bit, NaN and infinities, empty axes, every kind of number, text without what hides."""
    clash = {part for path in nodes for part in path.split("/")} & {
        str(name) for each in nodes.values() for name in each.variables
    }
    nodes = {} if clash else nodes
    nodes = {  # axes of a node and of those above it are aligned where they have one name
        place: each.rename({name: f"n{k}_{name}" for name in each.dims})
        for k, (place, each) in enumerate(nodes.items())
    }
    path = tmp_path / "tree.nc"
    tree = xr.DataTree.from_dict(nodes)
    store.write_tree(tree, path)
    back = store.read_tree(path)
    assert {node.path for node in back.subtree} == {node.path for node in tree.subtree}
    for node in tree.subtree:
        stored = back[node.path]
        assert isinstance(stored, xr.DataTree)
        written, found = node.to_dataset(inherit=False), stored.to_dataset(inherit=False)
        _same_attrs(written.attrs, found.attrs)
        assert set(found.variables) == set(written.variables)
        for name, variable in written.variables.items():
            _same_values(variable.values, found[name].values)
            _same_attrs(variable.attrs, found[name].attrs)


def _same_attrs(written: dict[Any, Any], found: dict[Any, Any]) -> None:
    assert set(found) == set(written)
    for name, value in written.items():
        expected = store.attribute(value)
        assert found[name] == expected or (math.isnan(expected) and math.isnan(found[name]))  # type: ignore[arg-type]


def _same_values(written: np.ndarray, found: np.ndarray) -> None:
    if written.dtype == object:
        assert (
            found.tolist()
            == np.array([clean(each) for each in written.ravel()], object).reshape(written.shape).tolist()
        )
        return
    expected = written.astype(np.int8) if written.dtype == bool else written
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@st.composite
def rows(draw: Any) -> Row:
    technique = draw(st.sampled_from(quantities.TECHNIQUES))
    known = draw(
        st.sampled_from([each for each in quantities.vocabulary().values() if each.technique == technique])
    )
    status = draw(st.sampled_from(STATUSES))
    low, value, high = sorted(draw(st.tuples(*[st.floats(-1e12, 1e12)] * 3)))
    numbers: dict[str, Any] = {
        "measured": {"value": value, "low": low, "high": high, "stddev": draw(st.floats(0, 1e12))},
        "upper limit": {"high": high},
        "lower limit": {"low": low},
    }.get(status, {})
    texts: dict[str, Any] = {name: clean(draw(TEXT)) for name in ("subject", "method", "origin", "note")}
    unit = draw(st.sampled_from(known.units))
    return Row(technique=technique, quantity=known.name, status=status, unit=unit, **numbers, **texts)


def same(one: Row, other: Row, relative: float = 0.0) -> bool:
    for name in ("value", "stddev", "low", "high"):
        a, b = getattr(one, name), getattr(other, name)
        if not (math.isnan(a) and math.isnan(b)) and not math.isclose(
            a, b, rel_tol=relative, abs_tol=relative
        ):
            return False
    texts = ("technique", "quantity", "subject", "unit", "status", "method", "origin", "note")
    return all(getattr(one, name) == getattr(other, name) for name in texts)


@examples(8)
@given(st.lists(rows(), max_size=4))
def test_rows_read_back(tmp_path: Path, made: list[Row]) -> None:
    store.write_tree(xr.DataTree(to_dataset(made)), tmp_path / "rows.nc")
    found = from_dataset(store.read_tree(tmp_path / "rows.nc").to_dataset())
    assert len(found) == len(made) and all(same(a, b) for a, b in zip(made, found, strict=True))
    plain = json.loads(json.dumps(records(made), allow_nan=False))
    filled: list[dict[str, Any]] = [
        {k: math.nan if v is None else v for k, v in each.items()} for each in plain
    ]
    again = [Row(**each) for each in filled]
    assert all(same(a, b) for a, b in zip(made, again, strict=True))


@examples(40)
@given(rows(), st.data())
def test_rows_in_another_unit_and_back(row: Row, data: st.DataObject) -> None:
    dimension = units.unit(row.unit).dimension
    known = quantities.find(row.technique, row.quantity).units
    other = data.draw(st.sampled_from([each for each in known if units.unit(each).dimension == dimension]))
    there = row.converted(other)
    assert there.unit == units.unit(other).symbol
    assert same(there.converted(row.unit), row, relative=1e-6)


SYMBOLS = st.sampled_from(units.symbols())


@examples(60)
@given(SYMBOLS, st.floats(-1e9, 1e9), st.data())
def test_conversions_compose(first: str, value: float, data: st.DataObject) -> None:
    alike = [each for each in units.symbols() if units.unit(each).dimension == units.unit(first).dimension]
    second, third = data.draw(st.sampled_from(alike)), data.draw(st.sampled_from(alike))
    direct = units.convert(value, first, third)
    by_way = units.convert(units.convert(value, first, second), second, third)
    back = units.convert(direct, third, first)
    scale = abs(units.convert(1.0, first, third)) + abs(units.convert(0.0, first, third))
    assert math.isclose(by_way, direct, rel_tol=1e-9, abs_tol=1e-9 * scale)
    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-6)


FILE_NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=12
)


@examples(25)
@given(st.lists(st.tuples(FILE_NAMES, FILE_NAMES), min_size=1, max_size=3), TEXT)
def test_a_study_file_that_init_writes_is_read(
    tmp_path: Path, names: list[tuple[str, str]], title: str
) -> None:
    """Whatever files and folders are called, the study file names them as they are, or init leaves it."""
    kept = {s: f for s, f in names if clean(s) == s and clean(f) == f and slug(s).lower() != "unnamed"}
    unique = {slug(sample).lower(): (sample, file) for sample, file in kept.items()}
    if not unique:
        return
    groups = {(sample, "xrd", ""): [Path(sample) / file] for sample, file in unique.values()}
    path = tmp_path / "study.toml"
    path.write_text(recognise._toml(title.encode("utf-8", "replace").decode(), groups), encoding="utf-8")
    found = study.load(path)
    expected = {clean(sample): ((Path(sample) / file).as_posix(),) for sample, file in unique.values()}
    assert {each.id: each.measurement[0].files for each in found.sample} == expected


@examples(100)
@given(st.text(st.characters(), max_size=200))
def test_any_text_becomes_a_safe_name_and_a_clean_line(text: str) -> None:
    name = slug(text)
    assert name and len(name) <= 90 and name == Path(name).name and not name.startswith((".", "-"))
    assert slug(name, 90) == name
    shown = line(text)
    assert shown == clean(shown) and shown == " ".join(shown.split())
    assert "\n" not in shown and "\r" not in shown and "\x1b" not in shown and len(shown) <= 301
    shown.encode("utf-8")


@examples(40)
@given(st.text(st.characters(), max_size=2000), st.text(st.characters(), max_size=2000))
def test_errors_survive_workers_and_terminals(message: str, found: str) -> None:
    error = ReadError(message, path="a.raw", found=found, advice="Copy it again.")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 – our own bytes, as workers send them
    assert type(again) is ReadError and str(again) == str(error) and again.found == error.found
    assert clean(str(error)) == str(error) and len(str(error)) < 2000 and "\n" not in str(error)
    assert str(InterlayerError("x").about("b.raw")).startswith("b.raw")
