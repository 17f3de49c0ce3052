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
    import h5py

    if not h5py.is_hdf5(path):
        return
    with h5py.File(path, "r") as file:
        waiting: list[Any] = [file]
        seen, objects = {_address(file)}, 0
        while waiting:
            group = waiting.pop()
            for name in group:
                objects += 1
                if objects > MAX_OBJECTS:
                    raise ForbiddenError(f"it has more than {MAX_OBJECTS} objects")
                if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                    raise ForbiddenError(f"{name!r} in {group.name} leads into other files")
                node = group.get(name)
                if isinstance(node, h5py.Group):
                    if _address(node) in seen:
                        raise ForbiddenError(f"its groups form a loop at {node.name}")
                    seen.add(_address(node))
                    waiting.append(node)
                elif isinstance(node, h5py.Dataset):
                    if node.external or node.is_virtual:
                        raise ForbiddenError(f"the values of {node.name} lie in another file")
                    if library == "netCDF4":
                        _check_dimensions(file, node)


def _check_dimensions(file: Any, node: Any) -> None:
    """Refuse a dataset whose attributes on dimensions are of another type, or lead to no dimension."""
    import h5py

    def references(kind: Any, shape: Any) -> bool:
        inner = h5py.check_ref_dtype(h5py.check_vlen_dtype(kind) or kind)
        return bool(inner is h5py.Reference and tuple(shape) == (node.ndim,))

    def used(kind: Any, shape: Any) -> bool:
        names = list(kind.names or ())
        return bool(
            len(names) == 2 and h5py.check_ref_dtype(kind[names[0]]) is h5py.Reference and len(shape) == 1
        )

    def whole(kind: Any, shape: Any) -> bool:
        return bool(kind.kind == "i" and math.prod(shape) <= max(node.ndim, 1))

    def text(kind: Any, shape: Any) -> bool:
        return bool(kind.kind == "S" and math.prod(shape) == 1)

    sound = {
        "DIMENSION_LIST": references, "REFERENCE_LIST": used, "_Netcdf4Dimid": whole,
        "_Netcdf4Coordinates": whole, "CLASS": text, "NAME": text,
    }  # fmt: skip
    for name, fits in sound.items():
        if name in node.attrs:
            stored = node.attrs.get_id(name)
            if not fits(stored.dtype, stored.shape):
                raise ForbiddenError(f"{name} of {node.name} is not as netCDF writes it")
    for each in node.attrs.get("DIMENSION_LIST", ()):
        if len(each) == 0 or any("CLASS" not in file[reference].attrs for reference in each):
            raise ForbiddenError(f"a dimension of {node.name} is none")


def _address(group: Any) -> int:
    h5py: Any = import_module("h5py")
    return int(h5py.h5o.get_info(group.id).addr)


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
