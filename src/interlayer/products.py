"""What a study's run makes of its fragments: each file anew only when what it depends on has changed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from interlayer import store
from interlayer._version import __version__
from interlayer.core.files import sha256, write_text
from interlayer.ledger import Entry, Ledger
from interlayer.tasks import code_digest


def key_of(*parts: object) -> str:
    """Return the hash of what a file is made from, the code among it."""
    text = json.dumps([__version__, code_digest(), *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Products:
    """The files of a results folder, and what the ledger knows of them.

    Parameters
    ----------
    force
        Make everything again.
    """

    def __init__(self, out: Path, ledger: Ledger, *, force: bool = False) -> None:
        self._out, self._ledger, self._force = out, ledger, force
        #: sha256 of what belongs to the results, by path
        self.written: dict[Path, str] = {}

    def make(self, path: Path, key: str, write: Callable[[Path], object]) -> None:
        """Write a file, unless the one that is there was made from the same and is whole."""
        name = path.relative_to(self._out).as_posix()
        known = self._ledger.get(name)
        if not self._force and known is not None and known.key == key and path.is_file():
            digest = sha256(path)
            if digest == known.digest:
                self.written[path] = digest
                return
        write(path)
        self.written[path] = sha256(path)
        self._ledger.put(Entry(name, key, digest=self.written[path]))

    def text(self, path: Path, text: str) -> None:
        """Write a text, unless it is there already."""
        data = text.encode()
        if not path.is_file() or path.read_bytes() != data:
            write_text(path, text)
        self.written[path] = hashlib.sha256(data).hexdigest()

    def write_manifest(self) -> None:
        """Write the sha256 of everything."""
        digests = {path.relative_to(self._out).as_posix(): each for path, each in self.written.items()}
        if store.read_manifest(self._out, damaged_is_empty=True) != digests:
            store.write_manifest(self._out, digests)
