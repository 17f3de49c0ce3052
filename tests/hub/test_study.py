from pathlib import Path

import pytest

from interlayer.core.errors import InterlayerError, StudyError
from interlayer.study import expand, load

GOOD = """
[study]
title = "T"
[[sample]]
id = "a"
area = "1.131 cm2"
[[sample.measurement]]
technique = "xrd"
files = ["raw/*.xy"]
[[claim]]
sample = "a"
technique = "xrd"
quantity = "lattice_a"
subject = "Li3N"
value = 3.650
unit = "angstrom"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_is_read(tmp_path: Path) -> None:
    study = load(write(tmp_path, GOOD))
    assert study.sample[0].area == 1.131 and study.claim[0].digits == "3.650"
    assert load(tmp_path).folder == tmp_path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "T"', 'titel = "T"', "line 3: unknown key 'study.titel' (did you mean 'title'?)"),
        ('id = "a"\n', 'id = "a"\nmas = "1 mg"\n', "line 6: unknown key 'sample.mas' (did you mean 'mass'?)"),
        ('"1.131 cm2"', '"1.131"', "line 6: sample.area: a quantity without a unit"),
        ('"1.131 cm2"', '"1.131 mg"', "different dimensions"),
        ('"1.131 cm2"', '"-1 cm2"', "above zero"),
        ('"1.131 cm2"', "1.131", "expected a text with a unit"),
        ('technique = "xrd"\nfiles', 'technique = "xrdd"\nfiles', "line 8: sample.measurement.technique"),
        ('technique = "xrd"\nfiles', 'technique = "xrd"\nkind = "eis"\nfiles', "has no kinds"),
        ('technique = "xrd"\nfiles', 'technique = "electrochem"\nkind = "esi"\nfiles', "did you mean 'eis'"),
        ('["raw/*.xy"]', '["raw/*.xy"]\nsettings = { radiuss = "1 mm" }', "Did you mean 'radius'"),
        ('["raw/*.xy"]', "[]", "line 9"),
        ('sample = "a"', 'sample = "b"', "line 11: no sample has the id 'b'"),
        ("value = 3.650", "valeu = 3.650", "did you mean 'value'"),
        ("value = 3.650\n", "", "a claim needs"),
        ('title = "T"', "title = T", "no valid TOML"),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(StudyError) as caught:
        load(write(tmp_path, GOOD.replace(old, new, 1)))
    assert says in str(caught.value) and "study.toml" in str(caught.value)


def test_ids_are_unique_also_as_folders(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="line 18: sample id 'A' is used twice"):
        load(write(tmp_path, GOOD + '[[sample]]\nid = "A"\n'))


def test_two_measurements_of_a_kind_need_names(tmp_path: Path) -> None:
    more = '[[sample]]\nid = "b"\n' + '[[sample.measurement]]\ntechnique = "sem"\nfiles = ["x.tif"]\n' * 2
    with pytest.raises(StudyError, match="different `name`"):
        load(write(tmp_path, GOOD + more))


def test_an_unknown_quantity_in_a_claim_leaves_the_study_alone(tmp_path: Path) -> None:
    study = load(write(tmp_path, GOOD.replace('"lattice_a"', '"latice_a"')))
    assert "lattice_a" in study.claim[0].problem()
    assert "does not fit" in load(write(tmp_path, GOOD.replace('"angstrom"', '"eV"'))).claim[0].problem()


def test_files_are_found_in_order_and_missing_ones_named(tmp_path: Path) -> None:
    study = load(write(tmp_path, GOOD))
    with pytest.raises(StudyError, match=r"raw/\*\.xy"):
        expand(study, study.sample[0].measurement[0])
    (tmp_path / "raw").mkdir()
    for name in ("b.xy", "a.xy"):
        (tmp_path / "raw" / name).write_text("1 2")
    assert [path.name for path in expand(study, study.sample[0].measurement[0])] == ["a.xy", "b.xy"]


def test_a_missing_or_empty_study_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", write(tmp_path, "")):
        with pytest.raises(InterlayerError):
            load(path)


def test_no_sample_takes_the_name_of_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="line 5: sample id 'Catalogue' is taken"):
        load(write(tmp_path, GOOD.replace('"a"', '"Catalogue"')))
