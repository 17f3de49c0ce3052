"""Build the site: ``python docs/build.py [--keep-pages]``; every warning is an error.

Needs ``pip install -e ".[docs]"``. The site stands in build/site and needs no network: open
``build/site/index.html``.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
SITE = DOCS.parent / "build" / "site"

#: what makes a browser fetch something: attributes, style sheets, scripts
LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\b(?:src|srcset)\s*=\s*["']?\s*((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?![^>]*rel=["']?(?:canonical|author|license))[^>]*?\bhref\s*=\s*["']?\s*((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(\s*["']?\s*((?:https?:)?//[^"')\s]+)|@import\s+["']\s*((?:https?:)?//[^"']+)""",
    re.IGNORECASE,
)


def main() -> int:
    """Make the pages of the example study, build the site, look for anything that it would fetch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep-pages", action="store_true", help="use docs/_generated as it is")
    arguments = parser.parse_args()
    if not (arguments.keep_pages and (DOCS / "_generated" / "claims.md").exists()):
        subprocess.run([sys.executable, str(DOCS / "development" / "make_pages.py")], check=True)
    shutil.rmtree(SITE, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q", "-E"]
    done = subprocess.run([*command, "-d", str(SITE.parent / "doctrees"), str(DOCS), str(SITE)], check=False)
    fetched = external(SITE)
    for page, address in fetched:
        print(f"{page} would load {address}", file=sys.stderr)
    if done.returncode or fetched:
        return done.returncode or 1
    print(SITE / "index.html")
    return 0


def external(site: Path) -> list[tuple[str, str]]:
    """Return the addresses that pages, style sheets and scripts of a site would load, with the file."""
    return [
        (path.relative_to(site).as_posix(), next(filter(None, match.groups())))
        for path in sorted(site.rglob("*"))
        if path.suffix in (".html", ".css", ".svg")
        for match in LOADS.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]


if __name__ == "__main__":
    sys.exit(main())
