"""Write docs/reference.md from the code: ``python docs/development/make_reference.py``."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from interlayer import cli
from interlayer.cli import parser
from interlayer.core import errors, quantities, units
from interlayer.core.errors import InterlayerError
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.summary import STATUSES
from interlayer.techniques import TITLES, declared_settings, formats

TARGET = Path(__file__).resolve().parents[1] / "reference.md"


def reference() -> str:
    """Return the reference page."""
    return "\n".join(
        [
            "# Reference",
            "",
            "Made from the code by `python docs/development/make_reference.py`; a test keeps it true.",
            "",
            *_commands(),
            *_settings(),
            *_quantities(),
            *_units(),
            *_formats(),
        ]
    )


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command by its name."""
    found = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


def own_actions(command: argparse.ArgumentParser, settings: Iterable[str]) -> list[argparse.Action]:
    """Return a command's arguments and options without ``--help`` and without a technique's settings."""
    left_out = {"--help", *settings}
    return [action for action in command._actions if not left_out & set(action.option_strings)]


def _commands() -> list[str]:
    choices = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))._choices_actions
    lines = ["## Commands", "", "| command | does |", "| --- | --- |"]
    lines += [f"| [`interlayer {each.dest}`](#interlayer-{each.dest}) | {each.help} |" for each in choices]
    lines += ["| `interlayer --version` | print the version |", ""]
    for name, command in commands().items():
        lines += _command(name, command)
    return [*lines, *_exit_codes()]


def _command(name: str, command: argparse.ArgumentParser) -> list[str]:
    declared = [each.option for each in declared_settings(name)] if name in TECHNIQUES else []
    lines = [f"### interlayer {name}", "", "| argument or option | meaning |", "| --- | --- |"]
    lines += [f"| {_written(each)} | {_meaning(command, each)} |" for each in own_actions(command, declared)]
    if declared:
        heading = TITLES[name].lower().replace(" ", "-")
        lines += ["", f"and the options of its [settings](#{heading})"]
    return [*lines, ""]


def _written(action: argparse.Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return f"`{value}`"
    shown = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{option}{shown}`" for option in action.option_strings)


def _meaning(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = command._get_formatter()._expand_help(action) if action.help else ""
    if action.choices and not text:
        text = ", ".join(map(str, action.choices))
    return _plain(text)


def _exit_codes() -> list[str]:
    return [
        "## Exit codes and errors",
        "",
        "stdout is data, stderr is progress and messages.",
        "",
        "| exit code | means |",
        "| --- | --- |",
        f"| `{cli.GOOD}` | all good |",
        f"| `{cli.SOME_FAILED}` | some inputs failed, the others are done |",
        f"| `{cli.USAGE}` | usage: an option, a setting or a unit that cannot be |",
        f"| `{cli.INVALID}` | the input as a whole is invalid |",
        f"| `{cli.INTERRUPTED}` | interrupted; what was finished is kept |",
        "",
        "Each error says which file, what was expected, what was found and what to do. In Python they are",
        "classes of `interlayer.core.errors`; `interlayer.InterlayerError` is the base of all.",
        "",
        "| error | exit code | means |",
        "| --- | --- | --- |",
        *(f"| `{each.__name__}` | {each.exit_code} | {_first_line(each)} |" for each in error_classes()),
        "",
    ]


def _first_line(thing: type) -> str:
    return _plain((thing.__doc__ or "").strip().splitlines()[0])


def error_classes() -> list[type[InterlayerError]]:
    """Return the base of all errors and every class below it, in the order of the module."""
    return [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, InterlayerError)
    ]


def _settings() -> list[str]:
    lines = [
        "## Settings",
        "",
        "One name everywhere: keyword of `analyze`, key in `settings` of study.toml, option.",
        "",
    ]
    for technique in TECHNIQUES:
        lines += [
            f"### {TITLES[technique]}",
            "",
            "| setting | option | type | meaning |",
            "| --- | --- | --- | --- |",
        ]
        for each in declared_settings(technique):
            kind = f"quantity in {each.unit}" if each.type == "quantity" else each.type
            kind += f": {', '.join(each.choices)}" if each.choices else ""
            where = f" ({', '.join(each.kinds)})" if each.kinds else ""
            off = f", `--no-{each.option[2:]}`" if each.type == "flag" else ""
            option = f"`{each.option}`{off}"
            lines.append(f"| `{each.name}` | {option} | {kind} | {_plain(each.help)}{where} |")
        lines.append("")
    return lines


def _quantities() -> list[str]:
    lines = [
        "## Quantities",
        "",
        "| technique | quantity | units | subject | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {q.technique} | `{q.name}` | {', '.join(q.units)} | {q.subject} | {_plain(q.description)} |"
        for q in quantities.vocabulary().values()
    ]
    return [*lines, "", "Statuses: " + ", ".join(f"*{status}*" for status in STATUSES) + ".", ""]


def _plain(text: str) -> str:
    return text.replace("|", "∣")


def _units() -> list[str]:
    return ["## Units", "", ", ".join(f"`{symbol}`" for symbol in units.symbols()) + ".", ""]


def _formats() -> list[str]:
    lines = [
        "## File formats",
        "",
        "| technique | format | endings | what is read |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {technique} | {each.name} | {' '.join(each.suffixes)} | {_plain(each.note)} |"
        for technique in TECHNIQUES
        for each in formats(technique)
    ]
    return [*lines, ""]


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    print(TARGET)
