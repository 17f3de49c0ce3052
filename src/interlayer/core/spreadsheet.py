"""Texts in CSV tables, so that no spreadsheet program takes a hostile name for a formula.

Programs run a cell that begins with ``=``, ``+``, ``-`` or ``@`` (of full width too), also behind blanks. As
OWASP advises ("CSV injection"), such a text gets an apostrophe before it. Numbers never do, nor texts that
are one, such as "-0.5".
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars

_FORMULA = r"'*\s*[=+\-@＝＋－＠]"
_NUMBER = r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*"
_IS_FORMULA, _IS_NUMBER = re.compile(_FORMULA), re.compile(_NUMBER)


def safe(text: str) -> str:
    """Return a text as it may stand in a CSV table; `plain` takes it back, whatever the text.

    Examples
    --------
    >>> safe("=1+1"), safe("-0.5"), safe("N 1s")
    ("'=1+1", '-0.5', 'N 1s')
    """
    return f"'{text}" if _is_formula(text) else text


def plain(cell: str) -> str:
    """Return the text that `safe` made a cell of.

    Examples
    --------
    >>> plain("'=1+1"), plain("'quoted'")
    ('=1+1', "'quoted'")
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def safe_frame(frame: "polars.DataFrame") -> "polars.DataFrame":
    """Return a table whose texts and headings are as `safe` makes them; numbers stay what they are."""
    import polars as pl

    texts = pl.col(pl.String)
    formula = texts.str.contains(f"^{_FORMULA}") & ~texts.str.contains(f"^{_NUMBER}$")
    made = frame.with_columns(pl.when(formula).then(pl.lit("'") + texts).otherwise(texts).name.keep())
    return made.rename({name: safe(name) for name in made.columns})


def _is_formula(text: str) -> bool:
    return _IS_FORMULA.match(text) is not None and _IS_NUMBER.fullmatch(text) is None
