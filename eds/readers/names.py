"""Which element a file or column name means."""

import re

from interlayer.eds.lines import elements

_SPLIT = re.compile(r"[^A-Za-z0-9]+")
_LINE = re.compile(r"^([A-Z][a-z]?)(K|L|M)?(a|α|alpha)?\d*$")
_LINES = {"K", "L", "M", "KA", "LA", "MA", "KA1", "LA1", "MA1"}


def element_of(name: str) -> str:
    """Return the element that a name such as "N Ka1_2" or "map_N" means, or "".

    Examples
    --------
    >>> element_of("N Kα1_2"), element_of("map_N"), element_of("EDS_Ti-K 3"), element_of("sample1")
    ('N', 'N', 'Ti', '')
    """
    words = [word for word in _SPLIT.split(name.replace("α", "a").replace("β", "b")) if word]
    known = set(elements())
    for place, word in enumerate(words):
        following = words[place + 1].upper() if place + 1 < len(words) else ""
        if word in known and following in _LINES:
            return word
    hits = []
    for word in words:
        match = _LINE.match(word)
        if word in known:
            hits.append(word)
        elif match and match.group(1) in known and match.group(2):
            hits.append(match.group(1))
    return hits[0] if len(set(hits)) == 1 else ""
