"""On which line of a TOML file a key stands: tomllib tells values, not places."""

import re

_HEADER = re.compile(r"^\s*(\[\[?)([^\]]*)\]\]?")
_KEY = re.compile(r"""^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")

Place = tuple[str | int, ...]


def key_lines(text: str) -> dict[Place, int]:
    """Return the line (from 1) of each table header and key, by its path in the parsed document.

    Examples
    --------
    >>> lines = key_lines("[study]\\ntitle = 'x'\\n[[sample]]\\nid = 'a'\\n[[sample]]\\nid = 'b'\\n")
    >>> lines["sample", 1, "id"]
    6
    """
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header and header[2].strip():
            table = _table(header[2].split("."), header[1] == "[[", counts)
            lines.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            lines.setdefault((*table, key[1].strip("\"'")), number)
    return lines


def _table(parts: list[str], is_array: bool, counts: dict[Place, int]) -> Place:
    path: Place = ()
    for index, part in enumerate(parts):
        path = (*path, part.strip().strip("\"'"))
        if is_array and index == len(parts) - 1:
            counts[path] = counts.get(path, 0) + 1
            for deeper in [each for each in counts if len(each) > len(path) and each[: len(path)] == path]:
                if deeper[len(path)] == counts[path] - 1:
                    del counts[deeper]
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def nearest(lines: dict[Place, int], place: Place) -> int | None:
    """Return the line of a place, or of the nearest table around it."""
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return None
