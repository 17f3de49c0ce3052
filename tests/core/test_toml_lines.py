import tomllib

from interlayer.core.toml_lines import key_lines, nearest

TEXT = """# comment
[study]
title = "a = b"

[[sample]]
id = "one"
  [[sample.measurement]]
  technique = "xrd"
  [[sample.measurement]]
  technique = "sem"
  settings = { pixel_size = "5 nm" }
[[sample]]
"id" = 'two'
[[sample.measurement]]
technique = "eds"
"""


def test_lines_follow_the_document() -> None:
    lines = key_lines(TEXT)
    rows = TEXT.splitlines()
    document = tomllib.loads(TEXT)
    for place, number in lines.items():
        value = document
        for part in place:
            value = value[part]  # type: ignore[index]
        if isinstance(value, str):
            assert value in rows[number - 1], place
    assert lines["sample", 1, "measurement", 0, "technique"] == 15
    assert lines["sample", 0, "measurement", 1, "technique"] == 10


def test_the_nearest_table_is_offered() -> None:
    lines = key_lines(TEXT)
    assert nearest(lines, ("sample", 0, "measurement", 1, "settings", "pixel_size")) == 11
    assert nearest(lines, ("nowhere",)) is None
