"""Pages as HTML: self-contained, offline, every text of a user shown as text."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from interlayer._version import __version__
from interlayer.core.text import clean
from interlayer.core.wording import number_text, unit_text
from interlayer.evidence import Pull
from interlayer.report.joined import pull_text
from interlayer.report.numbers import decimals_of, percent_text, signed
from interlayer.report.pack import Pack
from interlayer.report.sections import anchor_of
from interlayer.report.svg import swatch

if TYPE_CHECKING:
    from jinja2 import Environment

#: at least what `clean` replaces
_UNCLEAN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_SCRIPTS = ("data", "table", "drawer", "plot")

#: what the pages call techniques, verdicts and doubts; a sign goes with each word: colour is never alone
_WORDS: dict[str, Mapping[str, str]] = {
    "short": {"xrd": "XRD", "xps": "XPS", "sem": "SEM", "eds": "EDS", "electrochem": "Electrochem."},
    "glyphs": {
        "present": "●",
        "likely": "◕",
        "cannot tell": "?",
        "unlikely": "◔",
        "absent": "○",
        "detected": "●",
        "not detected": "○",
        "consistent": "✓",
        "inconsistent": "✗",
        "not comparable": "?",
        "increased": "▲",
        "reduced": "▼",
        "no change seen": "=",
        "linked": "●",
        "no link seen": "○",
    },
    "answers": {
        "present": "Yes",
        "likely": "Likely",
        "cannot tell": "Cannot tell",
        "unlikely": "Unlikely",
        "absent": "No",
    },
    "kinds": {
        "failure": "✗ Failed.",
        "contradiction": "⚡ Contradiction.",
        "inconsistent": "⚡ Inconsistent.",
        "claim": "✗ Claim not confirmed.",
        "warning": "! Doubt.",
    },
    "marks": {"agree": "✓", "disagree": "✗", "cannot tell": "?"},
}


def render(template: str, pack: Pack, **context: object) -> str:
    """Return a page as HTML; the same context gives the same bytes."""
    style, script = _style(), _script()
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    text = (
        _environment()
        .get_template(template)
        .render(
            **context,
            **_WORDS,
            version=__version__,
            policy=Markup(policy),
            style=Markup(style),
            script=Markup(script),
            pack=Markup(pack.text()),
        )
    )
    if _UNCLEAN.search(text):  # seldom: replacing characters in all of a page takes longer than looking
        text = clean(text)
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("interlayer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "raw": Markup,
        "swatch": lambda key: Markup(swatch(key)),
        "anchor": anchor_of,
        "percent": percent_text,
        "unit": unit_text,
        "bar": probability_bar,
        "pull_text": pull_text,
        "difference": difference_text,
    }
    return environment


@cache
def _read(name: str) -> str:
    return (files("interlayer.report") / "templates").joinpath(name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    return _squeezed(_read("style.css"))


@cache
def _script() -> str:
    return "\n".join(_squeezed(_read(f"script/{name}.js")) for name in _SCRIPTS)


def _squeezed(text: str) -> str:
    """Return code without indents and whole-line comments."""
    text = re.sub(r"^\s*/\*.*?\*/\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def probability_bar(probability: float) -> Markup:
    """Return a probability as a small bar; the number stands beside it."""
    filled = f"{96 * max(0.0, min(1.0, probability)):.0f}" if probability == probability else "0"
    return Markup(
        '<svg class="bar" viewBox="0 0 96 6" aria-hidden="true"><path d="M0 0h96v6h-96z" fill="#8a959e" '
        f'fill-opacity=".35"/><path d="M0 0h{filled}v6H0z" fill="#3d7f9f"/></svg>'
    )


def difference_text(pull: Pull) -> str:
    """Return the difference of a pull with its interval."""
    decimals, unit = decimals_of(pull.low, pull.high), unit_text(pull.unit)
    text = partial(number_text, decimals=decimals)
    return f"{signed(text(pull.difference))} ({text(pull.low)} … {text(pull.high)}) {unit}".strip()
