import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_one_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = runpy.run_path(str(ROOT / "examples" / "one_sample.py"))
    sample = script["main"](tmp_path)
    assert {row.technique for row in sample.rows} == {"xrd", "eds"}
    assert "layer_thickness N" in capsys.readouterr().out
    assert "xrd_two_theta" in sample.dataset.dims
