"""How the site is built: see docs/development/adr/0008-the-site-is-made-by-sphinx.md."""

import re
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode, math, math_block
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

from interlayer import __version__

project = "interlayer"
author = "The interlayer developers"
project_copyright = author
version = release = __version__
html_title = f"interlayer {__version__}"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_generated/*.md", "README.md"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

# docstrings are numpydoc's
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
add_module_names = False
python_use_unqualified_type_names = True


html_math_renderer = "mathml"


def _inline(translator: Any, node: math) -> None:
    translator.body.append(tex2mathml(node.astext(), as_block=False))
    raise SkipNode


def _block(translator: Any, node: math_block) -> None:
    translator.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise SkipNode


def _other_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """List the pages of this folder that the front page does not name: new ones need no entry there."""
    if docname == "index":
        named = set(re.findall(r"^(?:.*<)?([\w-]+)>?$", source[0], re.MULTILINE))
        others = sorted(path.stem for path in Path(app.srcdir).glob("*.md") if path.stem not in named)
        source[0] = source[0].replace("OTHER PAGES", "\n".join(each for each in others if each != "index"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Write equations as MathML: browsers draw it themselves, no script and no font is loaded."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    app.connect("source-read", _other_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
