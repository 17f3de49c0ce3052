"""Write docs/reference.md from the code: ``python docs/development/make_reference.py``."""

from pathlib import Path

from interlayer.cli import parser
from interlayer.core import quantities, units
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


def _commands() -> list[str]:
    lines = ["## Commands", "", "| command | does | options |", "| --- | --- | --- |"]
    actions = next(action for action in parser()._actions if action.dest == "command" or action.choices)
    assert isinstance(actions.choices, dict)
    help_texts = {choice.dest: choice.help for choice in actions._choices_actions}  # type: ignore[attr-defined]
    common = {option for t in TECHNIQUES for option in (s.option for s in declared_settings(t))}
    for name, sub in actions.choices.items():
        options = [o for action in sub._actions for o in action.option_strings if o.startswith("--")]
        shown = ", ".join(f"`{option}`" for option in options if option not in {*common, "--help"})
        lines.append(f"| `{name}` | {help_texts[name]} | {shown} |")
    return [
        *lines,
        "",
        "Exit codes: 0 all good; 1 some inputs failed, the others are done; 2 usage; 3 the input as a whole "
        "is invalid; 130 interrupted. stdout is data, stderr is progress and messages.",
        "",
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
            lines.append(f"| `{each.name}` | `{each.option}` | {kind} | {_plain(each.help)}{where} |")
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
