"""The study file: samples, their measurements and claims, checked with the line of every mistake."""

import tomllib
from difflib import get_close_matches
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from interlayer.core import quantities, units
from interlayer.core.errors import InterlayerError, StudyError
from interlayer.core.files import check_exists, read_text
from interlayer.core.settings import Setting, Value, resolve
from interlayer.core.text import clean, slug
from interlayer.core.toml_lines import key_lines, nearest
from interlayer.techniques import KINDS, declared_settings

Text = Annotated[str, BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)]

#: bytes of the largest study file that is read: thousands of samples
_LARGEST = 20_000_000
#: characters of the longest path or pattern: what Linux takes; of 20,000 brackets a pattern takes seconds
_LONGEST = 4096

#: facts of a sample that its measurements take as settings, where they have a setting of that name
SHARED = {"area": "cm^2", "mass": "mg", "mass_loading": "mg/cm^2"}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudyFacts(_Model):
    """The table ``[study]``."""

    title: Text
    source: Text = ""
    description: Text = ""


class Measurement(_Model):
    """One ``[[sample.measurement]]``: files that are analysed together."""

    technique: Literal["xrd", "xps", "sem", "eds", "electrochem"]
    kind: Text = ""
    name: Text = ""
    files: tuple[str, ...] = Field(min_length=1)
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Measurement":
        if self.kind and self.technique != "electrochem":
            raise ValueError(f"{self.technique} has no kinds; take the key `kind` out")
        if self.kind and self.kind not in KINDS:
            near = get_close_matches(self.kind, KINDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"unknown kind {self.kind!r}: expected one of {', '.join(KINDS)}{hint}")
        try:
            self.parsed({})
        except InterlayerError as error:
            raise ValueError(str(error)) from error
        return self

    def parsed(self, facts: dict[str, float]) -> dict[str, Value]:
        """Return the settings for ``analyze``: the measurement's own, then the sample's facts."""
        declared = declared_settings(self.technique, self.kind)
        names = {each.name for each in declared}
        own = resolve(self.settings, declared, self.technique, self.kind)
        return {**{key: value for key, value in facts.items() if key in names}, **own}


def _quantity(value: object, unit: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f'expected a text with a unit, such as "1.13 {unit}", found {value!r}')
    try:
        number = units.quantity(value, unit)
    except InterlayerError as error:
        raise ValueError(str(error)) from error
    if not number > 0:
        raise ValueError(f"must be above zero, found {value!r}")
    return number


class SampleSpec(_Model):
    """One ``[[sample]]``."""

    id: Text = Field(min_length=1, max_length=300)
    label: Text = ""
    state: Text = ""
    parent: Text = ""
    history: tuple[Text, ...] = ()
    notes: Text = ""
    area: float | None = None
    mass: float | None = None
    mass_loading: float | None = None
    measurement: tuple[Measurement, ...] = ()

    @field_validator("area", "mass", "mass_loading", mode="before")
    @classmethod
    def _with_unit(cls, value: object, info: Any) -> float | None:
        return _quantity(value, SHARED[str(info.field_name)])

    @property
    def folder(self) -> str:
        """Return the name of the sample's results folder."""
        return slug(self.id)

    def facts_of_record(self) -> dict[str, object]:
        """Return what the sample's record says beside its measurements."""
        return self.model_dump(include={"id", "label", "state", "parent", "history"})

    def facts(self) -> dict[str, float]:
        """Return the facts that measurements take as settings."""
        return {name: getattr(self, name) for name in SHARED if getattr(self, name) is not None}


class Claim(_Model):
    """One ``[[claim]]``: a published number that the report checks against the data."""

    sample: Text
    technique: Text
    quantity: Text
    subject: Text = ""
    name: Text = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Text = "1"
    status: Literal["", "not detected"] = ""
    source: Text = ""
    digits: str = Field(default="", exclude=True)

    @model_validator(mode="after")
    def _says_something(self) -> "Claim":
        if self.status == "" and self.value is None and self.low is None and self.high is None:
            raise ValueError('a claim needs `value`, or `low` and/or `high`, or `status = "not detected"`')
        return self

    def problem(self) -> str:
        """Return what is wrong with the quantity or unit, or nothing; the rest of the study goes on."""
        try:
            known = quantities.find(self.technique, self.quantity)
            if units.unit(self.unit).dimension not in {units.unit(each).dimension for each in known.units}:
                return f"unit {self.unit!r} does not fit {self.quantity}: expected {', '.join(known.units)}"
        except InterlayerError as error:
            return str(error)
        return ""


class Study(_Model):
    """A whole study file."""

    study: StudyFacts
    sample: tuple[SampleSpec, ...] = Field(min_length=1)
    claim: tuple[Claim, ...] = ()
    path: Path = Path("study.toml")

    @property
    def folder(self) -> Path:
        """Return the folder that the files of the study are relative to."""
        return self.path.parent


def load(path: Path | str) -> Study:
    """Return a study file, checked.

    Raises
    ------
    StudyError
        With every mistake and its line: TOML that cannot be parsed, unknown keys ("did you mean"), wrong
        types, units, settings, kinds, ids that repeat or do not exist.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "study.toml"
    check_exists(path)
    if path.stat().st_size > _LARGEST:
        raise StudyError("is too large for a study file", path=path, expected=f"at most {_LARGEST} bytes")
    text = read_text(path)
    try:
        document = tomllib.loads(text, parse_float=_Decimal)
    except (ValueError, RecursionError) as error:  # also integers of thousands of digits
        raise StudyError(f"is no valid TOML: {error}", path=path) from error
    lines = key_lines(text)
    try:
        study = Study.model_validate({**_with_digits(document), "path": path})
    except ValidationError as error:
        raise StudyError(_explain(error.errors(), lines), path=path) from error
    _check_names(study, lines)
    return study


class _Decimal(float):
    """A float that remembers how it was written, so that a claim's rounding is known."""

    def __new__(cls, text: str) -> "_Decimal":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def _with_digits(document: dict[str, Any]) -> dict[str, Any]:
    claims = document.get("claim")
    if isinstance(claims, list):
        for claim in claims:
            if isinstance(claim, dict) and "value" in claim:
                value = claim["value"]
                claim["digits"] = value.text if isinstance(value, _Decimal) else str(value)
    return document


def _explain(errors: list[ErrorDetails], lines: dict[tuple[str | int, ...], int]) -> str:
    return "\n".join(_explain_one(error, lines) for error in errors)


def _explain_one(error: ErrorDetails, lines: dict[tuple[str | int, ...], int]) -> str:
    place = error["loc"]
    number = nearest(lines, place)
    where = f"line {number}" if number else "the file"
    key = ".".join(str(part) for part in place if not isinstance(part, int))
    if error["type"] == "extra_forbidden":
        known = _fields_at(place)
        near = get_close_matches(str(place[-1]), known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else f" (known keys: {', '.join(known)})"
        return f"{where}: unknown key {key!r}{hint}"
    if error["type"] == "missing":
        return f"{where}: the key {key!r} is missing"
    return f"{where}: {key}: {error['msg'].removeprefix('Value error, ')}"


def _fields_at(place: tuple[str | int, ...]) -> list[str]:
    names = [part for part in place[:-1] if isinstance(part, str)]
    models: dict[tuple[str, ...], type[_Model]] = {
        (): Study,
        ("study",): StudyFacts,
        ("sample",): SampleSpec,
        ("sample", "measurement"): Measurement,
        ("claim",): Claim,
    }
    model = models.get(tuple(names))
    hidden = {"path", "digits"}
    return [name for name in model.model_fields if name not in hidden] if model else []


def _check_names(study: Study, lines: dict[tuple[str | int, ...], int]) -> None:
    """Refuse sample ids that repeat (also as folder names) and ids that do not exist."""
    problems: list[str] = []
    seen: dict[str, int] = {}
    for index, sample in enumerate(study.sample):
        if sample.folder.lower() in seen:
            problems.append(
                f"line {nearest(lines, ('sample', index, 'id'))}: sample id {sample.id!r} is used twice"
            )
        if sample.folder.lower() == "catalogue":
            problems.append(
                f"line {nearest(lines, ('sample', index, 'id'))}: sample id {sample.id!r} is taken: "
                "catalogue.nc holds the numbers of all samples"
            )
        seen[sample.folder.lower()] = index
        places: dict[tuple[str, str, str], int] = {}
        for number, each in enumerate(sample.measurement):
            place = (each.technique, each.kind, slug(each.name) if each.name else "")
            if place in places:
                line = nearest(lines, ("sample", index, "measurement", number))
                problems.append(
                    f"line {line}: a second {each.technique} {each.kind} of {sample.id!r}: "
                    f"give each a different `name`"
                )
            places[place] = number
    ids = [sample.id for sample in study.sample]
    for index, sample in enumerate(study.sample):
        if sample.parent and sample.parent not in ids:
            problems.append(_unknown_sample(lines, ("sample", index, "parent"), sample.parent, ids))
    for index, claim in enumerate(study.claim):
        if claim.sample not in ids:
            problems.append(_unknown_sample(lines, ("claim", index, "sample"), claim.sample, ids))
    if problems:
        raise StudyError("\n".join(problems), path=study.path)


def _unknown_sample(
    lines: dict[tuple[str | int, ...], int], place: tuple[str | int, ...], name: str, ids: list[str]
) -> str:
    near = get_close_matches(name, ids, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"line {nearest(lines, place)}: no sample has the id {name!r}{hint}"


def _check_inside(study: Study, pattern: str) -> None:
    """Refuse files that a study file names outside of its folder, and patterns that never end.

    A study file may come with the data from somebody else: it must not make a report of what else the user
    can read. Links that lie in the folder are followed, as whoever put them there wanted.
    """
    if len(pattern) > _LONGEST:
        raise StudyError(
            f"the path {pattern[:40]!r}… is too long",
            path=study.path,
            expected=f"at most {_LONGEST} characters",
            found=f"{len(pattern)}",
        )
    parts = PurePath(pattern.replace("\\", "/")).parts
    absolute = any(flavour(pattern).anchor for flavour in (PurePosixPath, PureWindowsPath))
    if absolute or ".." in parts or "\0" in pattern:
        raise StudyError(
            f"{pattern!r} leads out of the folder of the study file",
            path=study.path,
            expected=f"a file below {study.folder}",
            advice="Put the study file above the raw data, or a link to their folder beside it.",
        )
    if sum("**" in part for part in parts) > 1 or any("**" in part and part != "**" for part in parts):
        raise StudyError(
            f"the pattern {pattern!r} cannot be used",
            path=study.path,
            expected="`**` once, as a folder of its own",
        )


def _matches(study: Study, pattern: str) -> list[Path]:
    try:
        if any(each in pattern for each in "*?["):
            return sorted(path for path in study.folder.glob(pattern) if path.is_file())
        return [study.folder / pattern] if (study.folder / pattern).is_file() else []
    except (
        OSError,
        ValueError,
        NotImplementedError,
        RecursionError,
    ) as error:
        raise StudyError(f"{pattern!r} cannot be looked for ({error})", path=study.path) from error


def expand(study: Study, measurement: Measurement) -> list[Path]:
    """Return the files of a measurement in the order given; a pattern's files are sorted by name.

    Raises
    ------
    StudyError
        When a file does not exist or a pattern fits none.
    """
    found: list[Path] = []
    for pattern in measurement.files:
        _check_inside(study, pattern)
        matches = _matches(study, pattern)
        if not matches:
            raise StudyError(
                f"no file fits {pattern!r}",
                path=study.path,
                expected=f"a file below {study.folder}",
                advice="Check the path in `files`.",
            )
        found += [path for path in matches if path not in found]
    return found


__all__ = ["Claim", "Measurement", "SampleSpec", "Setting", "Study", "StudyFacts", "expand", "load"]
