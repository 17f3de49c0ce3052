import math

import numpy as np
import pytest
import xarray as xr

from interlayer.core import results, summary
from interlayer.core.errors import InterlayerError
from interlayer.core.intervals import from_stddev
from interlayer.core.summary import Row, Rows

ROWS = Rows("eds", "map.spd sha256:00")


def test_rows_survive_the_dataset() -> None:
    rows = [
        ROWS.measured("layer_thickness", "N", from_stddev(900.0, 3.0), "nm", "map fit"),
        ROWS.limit("upper", "layer_thickness", "O", 120.0, "nm", "map fit"),
        ROWS.absent("not detected", "detection", "F", "sigma", "map fit", "no F above the background"),
    ]
    back = summary.from_dataset(summary.to_dataset(rows))
    assert back[0] == rows[0] and back[1].high == 120.0
    assert math.isnan(back[2].value) and back[2].note == rows[2].note


@pytest.mark.parametrize(
    "broken",
    [
        {"value": 1.0},  # no interval
        {"value": 1.0, "low": 2.0, "high": 3.0},  # outside of its interval
        {"value": 1.0, "low": 0.0, "high": math.nan},
        {"status": "upper limit"},  # no limit
        {"status": "probably"},
        {"unit": "eV", "value": 1.0, "low": 0.0, "high": 2.0},
    ],
)
def test_a_number_without_an_honest_interval_is_refused(broken: dict[str, object]) -> None:
    row = {"technique": "eds", "quantity": "layer_thickness", "subject": "N", "unit": "nm", **broken}
    with pytest.raises(InterlayerError):
        Row(**row)  # type: ignore[arg-type]


def test_a_row_changes_its_unit_whole() -> None:
    row = ROWS.measured("layer_thickness", "N", from_stddev(900.0, 3.0), "nm", "fit").converted("um")
    assert (row.value, row.stddev, row.unit) == (pytest.approx(0.9), pytest.approx(0.003), "um")
    assert row.low < row.value < row.high


def test_records_have_no_number_that_json_cannot_say() -> None:
    row = ROWS.absent("not detected", "detection", "F", "sigma", "fit", "none")
    assert summary.records([row])[0]["value"] is None


def test_a_result_carries_tables_warnings_and_sources() -> None:
    raw = xr.Dataset(attrs={"source": "map.spd", "source_sha256": "ab", "format": "EDAX"})
    table = xr.Dataset(
        {"x": ("point", np.array([1.0, np.nan])), "name": ("point", np.array(["a", "b"]))},
        attrs={"role": "table"},
    )
    result = results.tree("eds", raw, [], {"points": table}, warnings=["too few counts"])
    assert results.tables(result) == {"points": [{"x": 1.0, "name": "a"}, {"x": None, "name": "b"}]}
    assert results.warnings_of(result) == ["too few counts"]
    assert results.sources(raw)[0]["source"] == "map.spd"
