"""The docs are complete and true: what a user can type, read or meet as an error is written down."""

import argparse
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlayer import cli
from interlayer.core import errors, quantities, units
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.summary import STATUSES
from interlayer.techniques import TITLES, declared_settings, formats

DOCS = Path(__file__).resolve().parents[2] / "docs"

Pages = dict[str, str]
#: what has to be written, and the page and the heading below which it has to stand ("" is anywhere)
Thing = tuple[str, str, str]


def pages() -> Pages:
    """Return the text of every page by its path."""
    found = DOCS.rglob("*.md")
    return {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in found
        if "_generated" not in path.parts
    }


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command."""
    commands = next(a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(commands.choices)


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next of its level or above."""
    if not heading:
        return text
    level = heading.count("#", 0, heading.index(" "))
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def things() -> Iterator[Thing]:
    """Yield everything that has to be documented, from the code and not from what makes the reference."""
    for name, parser in parsers().items():
        yield (f"`interlayer {name}`", "reference.md", "## Commands")
        declared = {each.option for each in declared_settings(name)} if name in TECHNIQUES else set()
        for action in parser._actions:
            is_setting = bool(declared & set(action.option_strings))
            where = f"### {TITLES[name]}" if is_setting else f"### interlayer {name}"
            options = [each for each in action.option_strings if each not in ("-h", "--help")]
            yield from ((option, "reference.md", where) for option in options)
    for technique in TECHNIQUES:
        yield from ((f"`{each.name}`", f"{technique}.md", "") for each in declared_settings(technique))
        yield from ((each.name, "reference.md", "## File formats") for each in formats(technique))
    for quantity in quantities.vocabulary().values():
        yield (f"| {quantity.technique} | `{quantity.name}` |", "reference.md", "## Quantities")
    yield from ((f"`{symbol}`", "reference.md", "## Units") for symbol in units.symbols())
    yield from ((f"| {status} |", "record.md", "## Summary rows") for status in STATUSES)
    for each in vars(errors).values():
        if isinstance(each, type) and issubclass(each, errors.InterlayerError):
            yield (f"| `{each.__name__}` | {each.exit_code} |", "reference.md", "## Exit codes and errors")
    for code in (cli.GOOD, cli.SOME_FAILED, cli.USAGE, cli.INVALID, cli.INTERRUPTED):
        yield (f"| `{code}` |", "reference.md", "## Exit codes and errors")


def pattern(text: str) -> str:
    """Return what finds a text; an option must be the whole word."""
    return re.escape(text) + (r"(?![\w-])" if text.startswith("-") else "")


def stands(thing: Thing, written: Pages) -> bool:
    """Return whether something is written where it belongs."""
    text, page, heading = thing
    return re.search(pattern(text), section(written[page], heading)) is not None


def test_everything_is_documented() -> None:
    written = pages()
    missing = [thing for thing in things() if not stands(thing, written)]
    assert missing == [], "run python docs/development/make_reference.py, or write about it on its page"
    assert len(list(things())) > 300


def test_whatever_is_left_out_is_missed() -> None:
    """Each single thing, taken out of its page, is found to be missing: the test above can fail."""
    written = pages()
    for thing in things():
        text, page, _ = thing
        without = written | {page: re.sub(pattern(text), "…", written[page])}
        assert not stands(thing, without), thing


def test_every_option_says_what_it_does() -> None:
    rows = re.findall(
        r"^\| (`.*?) \| (.*?) ?\|$", section(pages()["reference.md"], "## Commands"), re.MULTILINE
    )
    assert len(rows) > 30
    assert [option for option, meaning in rows if not meaning.strip()] == []


def test_the_reference_is_made_from_this_code() -> None:
    space = runpy.run_path(str(DOCS / "development" / "make_reference.py"))
    assert pages()["reference.md"] == space["reference"](), "run python docs/development/make_reference.py"


def test_the_commands_that_the_pages_show_can_be_typed() -> None:
    """Every `interlayer …` line of a shell block is parsed by the command line itself."""
    shown = 0
    for page, text in pages().items():
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("interlayer ") and "FOLDER" not in line and "[" not in line:
                    parsed(line, page)
                    shown += 1
    assert shown >= 15


def parsed(line: str, page: str) -> None:
    """Fail when the command line does not understand a line of the docs."""
    import shlex

    try:
        cli.parser().parse_args(shlex.split(line, comments=True)[1:])
    except SystemExit:
        pytest.fail(f"docs/{page}: {line}")


def test_the_options_that_the_pages_name_exist() -> None:
    """Every `--option` in the text of a page is an option of some command."""
    actions = [action for parser in parsers().values() for action in parser._actions]
    known = {option for action in actions for option in action.option_strings}
    known |= {"--version", "--keep-pages"}  # of interlayer itself and of docs/build.py
    for page, text in pages().items():
        if not page.startswith(("development/", "measured/", "benchmarks")):
            found = set(re.findall(r"`(--[a-z][a-z-]+)", text))
            assert found <= known, f"docs/{page}: {found - known}"


def test_a_page_that_would_load_something_is_found(tmp_path: Path) -> None:
    external = runpy.run_path(str(DOCS / "build.py"))["external"]
    loads = (
        '<script src="https://example.org/a.js"></script>',
        "<link rel=stylesheet href=//example.org/a.css>",
        '<img alt="" src="http://example.org/a.png">',
        "<style>@font-face{src:url(https://example.org/a.woff2)}</style>",
        '<style>@import "https://example.org/a.css";</style>',
    )
    fine = '<a href="https://a.org">x</a><link rel="canonical" href="https://a.org/"><img src="a.png">'
    for number, text in enumerate((*loads, fine)):
        (tmp_path / f"{number}.html").write_text(text, encoding="utf-8")
    assert [page for page, _ in external(tmp_path)] == [f"{number}.html" for number in range(len(loads))]
