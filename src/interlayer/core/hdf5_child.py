"""The process that reads HDF5 files of strangers first: what crashes or hangs the library ends here.

Imports nothing of interlayer: it starts in a fifth of a second.
"""

import json
import math
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

#: bytes of values that are read; larger ones are looked at in one place
READ = 2**26
#: objects of a file
MAX_OBJECTS = 100_000
#: bytes of memory and seconds of processor time beyond what is proportionate to a file
_MEMORY, _SECONDS, _BYTES_PER_SECOND = 2**30, 2, 1_000_000


class ForbiddenError(Exception):
    """The file holds what no file of an instrument or record of a sample holds."""


def serve() -> None:
    """Answer each request, a line of JSON with ``path`` and ``library``, by what is wrong, or nothing."""
    answers = os.dup(1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asks ends this
    os.write(answers, b"ready\n")
    for line in sys.stdin:
        request = json.loads(line)
        _limit(request["path"])
        os.write(answers, (json.dumps(_answer(**request)) + "\n").encode())


def _limit(path: str) -> None:
    try:
        import resource
    except ImportError:  # Windows: the one who asks has a clock
        return
    size = Path(path).stat().st_size if Path(path).exists() else 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime + _SECONDS + size / _BYTES_PER_SECOND)
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, seconds)]
    if sys.platform == "linux":
        held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limits.append((resource.RLIMIT_AS, held + _MEMORY + 4 * size))
    for which, value in limits:
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (value if hard < 0 else min(value, hard), hard))


def _answer(path: str, library: str) -> str:
    """Return what speaks against reading the file; a library's own doubts are left to the reader."""
    try:
        check_links(path, library)
        (read_netcdf if library == "netCDF4" else read_hdf5)(path)
    except ForbiddenError as error:
        return str(error)
    except MemoryError:
        return "it asks for more memory than there is"
    except (
        Exception
    ) as error:  # of a record's memory that cannot be had the library says an error of any kind
        return f"{error}" if library == "netCDF4" else ""
    return ""


def check_links(path: str, library: str) -> None:
    """Refuse files that keep values in other files, whose groups form a loop, or with too many objects.

    For netCDF4 also those whose dimensions are not as netCDF writes them: it believes their types.

    Raises
    ------
    ForbiddenError
        With what was found.
    """
    h5py: Any = import_module("h5py")
    if not h5py.is_hdf5(path):
        return
    with h5py.File(path, "r") as file:
        waiting: list[Any] = [h5py.h5g.open(file.id, b"/")]
        seen, objects = {h5py.h5o.get_info(file.id).addr}, 0
        while waiting:
            group = waiting.pop()
            for name in group:
                objects += 1
                if objects > MAX_OBJECTS:
                    raise ForbiddenError(f"it has more than {MAX_OBJECTS} objects")
                kind = group.links.get_info(name).type
                if kind == h5py.h5l.TYPE_EXTERNAL:
                    raise ForbiddenError(f"{_text(name)} leads into other files")
                if kind == h5py.h5l.TYPE_SOFT and name not in group:
                    continue  # it leads nowhere
                node = h5py.h5o.open(group, name)
                if isinstance(node, h5py.h5g.GroupID):
                    address = h5py.h5o.get_info(node).addr
                    if address in seen:
                        raise ForbiddenError(f"its groups form a loop at {_text(name)}")
                    seen.add(address)
                    waiting.append(node)
                elif isinstance(node, h5py.h5d.DatasetID):
                    _check_place(node, _text(name))
                    if library == "netCDF4":
                        _check_dimensions(node, _text(name))


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _check_place(node: Any, name: str) -> None:
    """Refuse a dataset whose values lie in another file."""
    h5py: Any = import_module("h5py")
    stored = node.get_create_plist()
    if stored.get_layout() == h5py.h5d.VIRTUAL or stored.get_external_count():
        raise ForbiddenError(f"the values of {name} lie in another file")


def _check_dimensions(node: Any, name: str) -> None:
    """Refuse a dataset whose attributes on dimensions are of another type than netCDF writes."""
    h5py: Any = import_module("h5py")
    h5t = h5py.h5t
    names: list[bytes] = []
    h5py.h5a.iterate(node, names.append)
    kinds = {
        b"DIMENSION_LIST": h5t.VLEN, b"REFERENCE_LIST": h5t.COMPOUND, b"_Netcdf4Dimid": h5t.INTEGER,
        b"_Netcdf4Coordinates": h5t.INTEGER, b"CLASS": h5t.STRING, b"NAME": h5t.STRING,
    }  # fmt: skip
    for each in names:
        if each not in kinds:
            continue
        stored = h5py.h5a.open(node, each)
        kind, size = stored.get_type(), math.prod(stored.shape)
        fits = kind.get_class() == kinds[each] and (each == b"REFERENCE_LIST" or size <= max(node.rank, 1))
        if kinds[each] == h5t.VLEN:
            fits = fits and kind.get_super().get_class() == h5t.REFERENCE and size == node.rank
        if kinds[each] == h5t.STRING:
            fits = fits and not kind.is_variable_str()
        if not fits:
            raise ForbiddenError(f"{_text(each)} of {name} is not as netCDF writes it")


def read_hdf5(path: str) -> None:
    """Read every attribute, and the values (of a large dataset the first one)."""
    import h5py

    with h5py.File(path, "r") as file:
        names: list[str] = []
        file.visit(names.append)
        for name in ("/", *names):
            node = file[name]
            for attribute in node.attrs:
                _tried(lambda node=node, attribute=attribute: node.attrs[attribute])
            if isinstance(node, h5py.Dataset) and node.size:
                small = node.size * node.dtype.itemsize <= READ
                _tried(lambda node=node, small=small: node[() if small else (0,) * node.ndim])


def _tried(read: Any) -> None:
    try:
        read()
    except MemoryError:
        raise
    except Exception:  # no harm: the reader says what it needs and does not get
        return


def read_netcdf(path: str) -> None:
    """Read every attribute and all values, as far as their size is proportionate to the file."""
    import netCDF4

    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        waiting, left = [file], max(4 * READ, 1000 * Path(path).stat().st_size)
        while waiting:
            group = waiting.pop()
            waiting += list(group.groups.values())
            nodes: list[Any] = [group, *group.variables.values()]
            for node in nodes:
                for name in node.ncattrs():
                    node.getncattr(name)
            for variable in group.variables.values():
                width = 16 if variable.dtype is str else variable.dtype.itemsize
                left -= math.prod(variable.shape) * width
                if left < 0:  # the reader refuses it
                    return
                variable[...]
