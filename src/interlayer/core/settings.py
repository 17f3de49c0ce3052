"""Settings: one name for the keyword of ``analyze``, the key in study.toml and the option of the command.

Imports nothing heavy, because ``interlayer --help`` reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from interlayer.core.errors import SettingError

Value = str | float | bool | list[str] | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a technique.

    Parameters
    ----------
    name
        The keyword; the option is ``--name`` with hyphens.
    help
        One line: what it is, and what happens without it.
    type
        ``text``, ``texts`` (repeatable), ``number``, ``flag``, ``choice`` or ``quantity`` (a number in
        ``unit``, or a text with a unit).
    unit
        Unit of a quantity: what ``analyze`` receives is a float in this unit.
    choices
        Allowed texts of a choice.
    kinds
        electrochem only: the kinds of measurement that have this setting; empty means all.
    file
        The text may be the path of a file: in study.toml it is relative to the study's folder, and the file's
        content counts as an input.
    stage
        Which verb takes it: ``read`` (a column map) or ``analyze``.
    """

    name: str
    help: str
    type: Literal["text", "texts", "number", "flag", "choice", "quantity"] = "text"
    unit: str = ""
    choices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    file: bool = False
    stage: Literal["analyze", "read"] = "analyze"

    @property
    def option(self) -> str:
        """Return the option of the command line."""
        return "--" + self.name.replace("_", "-")

    def parse(self, value: object) -> Value:
        """Return a value as ``analyze`` takes it.

        Raises
        ------
        SettingError
            When the value is not of the setting's type.
        """
        try:
            return self._parse(value)
        except SettingError:
            raise
        except Exception as error:
            raise SettingError(f"setting {self.name!r}: {error}") from error

    def _parse(self, value: object) -> Value:
        if self.type == "quantity" and isinstance(value, str | int | float) and not isinstance(value, bool):
            from interlayer.core import units  # parses its table: not for --help

            return units.quantity(value, self.unit)
        if self.type == "number" and isinstance(value, str | int | float) and not isinstance(value, bool):
            return float(value)
        if self.type == "flag" and isinstance(value, bool):
            return value
        if self.type == "texts":
            items = [value] if isinstance(value, str) else value
            if isinstance(items, list | tuple) and all(isinstance(item, str) for item in items):
                return [str(item) for item in items]
        if self.type in ("text", "choice") and isinstance(value, str):
            if self.type == "choice" and value not in self.choices:
                raise SettingError(
                    f"setting {self.name!r}", expected="one of " + ", ".join(self.choices), found=repr(value)
                )
            return value
        raise SettingError(
            f"setting {self.name!r} has a value of the wrong type", expected=self.type, found=repr(value)
        )


def resolve(
    given: Mapping[str, object], declared: Iterable[Setting], technique: str, kind: str = ""
) -> dict[str, Value]:
    """Return settings parsed for ``analyze``; unknown names are refused with the nearest known one.

    Raises
    ------
    SettingError
        When a name is not declared for the technique (and kind), or a value cannot be parsed.
    """
    known = {each.name: each for each in declared if not each.kinds or not kind or kind in each.kinds}
    resolved: dict[str, Value] = {}
    for name, value in given.items():
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, list(known), n=1)
            raise SettingError(
                f"unknown setting of {technique} {kind}".strip(),
                found=repr(name),
                expected="one of " + ", ".join(sorted(known)),
                advice=f"Did you mean {near[0]!r}?" if near else None,
            )
        resolved[name] = known[name].parse(value)
    return resolved


def for_stage(
    stage: Literal["analyze", "read"], settings: Mapping[str, Value], declared: Iterable[Setting]
) -> dict[str, Any]:
    """Return those of the resolved settings that one verb takes."""
    names = {each.name for each in declared if each.stage == stage}
    return {name: value for name, value in settings.items() if name in names}
