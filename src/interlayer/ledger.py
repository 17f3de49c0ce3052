"""The ledger of a results folder: what each item was made from, and hashes of files. Losing it costs time.

SQLite in write-ahead mode: rows are written in one transaction about twice a second, so that an item costs
0.02 ms; a killed process loses at most these, and the records themselves still carry their keys.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from interlayer.core.files import sha256

LEDGER = "ledger.sqlite"
_LAYOUT = 1
#: seconds between transactions
_EVERY = 0.5
#: nanoseconds within which a file system may give two changes one time (FAT: 2 s)
_GRAIN = 2_100_000_000

_TABLES = """
CREATE TABLE IF NOT EXISTS items (
    name TEXT PRIMARY KEY, key TEXT, status TEXT, sha256 TEXT, made_from TEXT, data TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, stat TEXT, sha256 TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one item.

    Parameters
    ----------
    name
        Its path below the results folder, or the image's name.
    key
        Hash of everything that it was made from.
    status
        ``done`` or ``failed``.
    digest
        sha256 of the file that was written.
    made_from
        What the key is the hash of, for telling what has changed.
    data
        More, as JSON.
    """

    name: str
    key: str
    status: str = "done"
    digest: str = ""
    made_from: Mapping[str, object] = field(default_factory=dict)
    data: str = ""


@dataclass(frozen=True, slots=True)
class Hashed:
    """The sha256 of a file and the state in which it was hashed; an empty state is not worth keeping."""

    path: str
    state: str
    digest: str


def hashed(path: Path) -> Hashed:
    """Return the sha256 of a file with its state.

    A file that changed within the grain of time stamps before its hash may change again unseen: its state is
    then left empty.
    """
    begun = time.time_ns()
    before = path.stat()
    digest = sha256(path)
    state = _state(before)
    old = max(before.st_mtime_ns, before.st_ctime_ns) < begun - _GRAIN
    return Hashed(str(path.absolute()), state if old and state == _state(path.stat()) else "", digest)


def _state(stat: os.stat_result) -> str:
    """Return what tells that a file is untouched; ctime changes with every write and cannot be set."""
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino} {stat.st_dev}"


class Ledger:
    """The ledger of a results folder, open for one process.

    Parameters
    ----------
    path
        The SQLite file. One that is damaged is set aside and begun anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Entry] = {}
        self._hashes: dict[str, Hashed] = {}
        self._written = time.monotonic()
        try:
            self._base = _connected(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            for each in _family(path):
                each.unlink(missing_ok=True)
            self._base = _connected(path)

    def get(self, name: str) -> Entry | None:
        """Return what is known of an item."""
        if name in self._rows:
            return self._rows[name]
        row = self._row("SELECT * FROM items WHERE name = ?", (name,))
        try:
            return None if row is None else _entry(row)
        except (ValueError, TypeError, RecursionError):  # damaged: as if nothing was known
            return None

    def _row(self, query: str, values: tuple[str, ...]) -> tuple[str, ...] | None:
        try:
            found: tuple[str, ...] | None = self._base.execute(query, values).fetchone()
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # damaged: as if nothing was known
            return None
        return found

    def entries(self, names: Iterable[str]) -> Iterator[Entry]:
        """Yield what is known of items, in their order; one that is not known is left out."""
        for name in names:
            found = self.get(name)
            if found is not None:
                yield found

    def put(self, entry: Entry) -> None:
        """Take in what became of an item."""
        self._rows[entry.name] = entry
        self._in_time()

    def digest(self, path: Path) -> str:
        """Return the sha256 of a file; one that is untouched since it was hashed is not read again."""
        known = self.known(path)
        if known:
            return known
        found = hashed(path)
        self.remember(found)
        return found.digest

    def known(self, path: Path) -> str:
        """Return the sha256 of a file that is untouched since it was hashed, else nothing."""
        name, state = str(path.absolute()), _state(path.stat())
        if name in self._hashes:
            return self._hashes[name].digest if self._hashes[name].state == state else ""
        found = self._row("SELECT sha256 FROM hashes WHERE path = ? AND stat = ?", (name, state))
        return found[0] if found else ""

    def remember(self, found: Hashed) -> None:
        """Take in the hash of a file."""
        if found.state:
            self._hashes[found.path] = found
            self._in_time()

    def _in_time(self) -> None:
        if time.monotonic() - self._written > _EVERY:
            self.write()

    def write(self) -> None:
        """Write what was taken in, in one transaction; a full disk costs the ledger, not the run."""
        rows = [
            (e.name, e.key, e.status, e.digest, json.dumps(e.made_from, default=str), e.data)
            for e in self._rows.values()
        ]
        hashes = [(each.path, each.state, each.digest) for each in self._hashes.values()]
        with suppress(sqlite3.DatabaseError), self._base:
            self._base.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._base.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", hashes)
            self._rows.clear()
            self._hashes.clear()
        self._written = time.monotonic()

    def close(self) -> None:
        """Write what is left and close."""
        self.write()
        self._base.close()


def _entry(row: tuple[str, ...]) -> Entry:
    name, key, status, digest, made_from, data = row
    found = json.loads(made_from)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in row):
        raise TypeError(f"the row of {name!r} is none")
    return Entry(name, key, status, digest, found, data)


def _connected(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=30.0)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        if base.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
            base.executescript("DROP TABLE IF EXISTS items; DROP TABLE IF EXISTS hashes;")
        base.executescript(_TABLES)
        base.execute(f"PRAGMA user_version = {_LAYOUT}")
        base.execute("SELECT count(*) FROM items").fetchone()
    except UnicodeDecodeError as error:  # damaged so that SQLite's words about it are no text
        base.close()
        raise sqlite3.DatabaseError(str(error)) from error
    except sqlite3.DatabaseError:
        base.close()
        raise
    return base


def _family(path: Path) -> tuple[Path, ...]:
    return (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm")))


@contextmanager
def opened(folder: Path, *, only_look: bool = False) -> Iterator[Ledger]:
    """Yield the ledger of a results folder.

    Parameters
    ----------
    only_look
        Write nothing there: a copy is opened, empty where there is none. So is a new one where SQLite cannot
        work in the folder.
    """
    with TemporaryDirectory(prefix="interlayer-") as place:
        copy = Path(place) / LEDGER
        if only_look:
            for each in _family(folder / LEDGER):
                with suppress(OSError):
                    shutil.copyfile(each, copy.with_name(each.name))
        ledger = _first(() if only_look else (folder / LEDGER,), copy)
        try:
            yield ledger
        finally:
            ledger.close()


def _first(paths: Iterable[Path], fallback: Path) -> Ledger:
    for path in (*paths, fallback):
        with suppress(sqlite3.Error, OSError):
            return Ledger(path)
    for each in _family(fallback):  # a copy of what cannot be read
        each.unlink(missing_ok=True)
    return Ledger(fallback)
