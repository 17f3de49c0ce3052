"""The shipped tree holds no call that runs what a file says, and no path out of where it should write."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src/interlayer", "xrd", "xps", "sem", "eds", "electrochem", "fixtures/study")
MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "subprocess", "pty",
    "code", "tarfile", "xml.dom", "xml.dom.minidom", "xml.sax", "lxml", "xmlrpc", "socket", "http",
    "http.client", "urllib", "urllib.request",
    "requests", "ftplib", "telnetlib", "ctypes", "numexpr", "asteval",
}  # fmt: skip
NAMES = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
#: prctl(2), by which workers die with their parent, has no other way in; the process that reads HDF5 first is
#: Python with a fixed line of code, and is told paths over a pipe
ALLOWED = {"worker.py: import ctypes", "hdf5.py: import subprocess"}
#: attributes that are banned on any object, and on modules
ATTRIBUTES = {"extractall", "read_pickle", "to_pickle", "loads_pickle", "mktemp", "literal_eval"}
DOTTED = {
    "os.system",
    "os.popen",
    "os.execv",
    "os.spawnv",
    "np.fromregex",
    "pd.eval",
    "df.eval",
    "shutil.unpack_archive",
}
#: `xml.etree` only for what defusedxml takes its errors and types from
ETREE = {"ParseError", "Element"}


def sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted({path.resolve() for path in found})


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def banned(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {each.name for each in node.names}
            yield from (f"import {name}" for name in names if name in MODULES or name.startswith("xml.etree"))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module != "urllib.parse" and (module in MODULES or module.split(".")[0] in MODULES):
                yield f"from {module}"
            if module.startswith("xml.etree") and not {each.name for each in node.names} <= ETREE:
                yield f"from {module}"
        elif isinstance(node, ast.Call):
            yield from _call(node)


def _call(node: ast.Call) -> Iterator[str]:
    name = dotted(node.func)
    if name in NAMES or name in DOTTED or name.rpartition(".")[2] in ATTRIBUTES:
        yield f"{name}()"
    words = {each.arg: each.value for each in node.keywords}
    for word, value in (("allow_pickle", True), ("shell", True)):
        given = words.get(word)
        if given is not None and not (isinstance(given, ast.Constant) and given.value is not value):
            yield f"{name}({word}=…)"
    if name in ("np.load", "numpy.load") and "allow_pickle" not in words:
        yield f"{name}() without allow_pickle=False"
    if name.endswith("ElementTree.parse") and not name.startswith("ElementTree"):
        yield f"{name}()"


def test_there_is_something_to_look_at() -> None:
    assert len(sources()) > 300


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_banned_call_in(folder: str) -> None:
    root = (ROOT / folder).resolve()
    problems = [
        f"{path}: {what}"
        for path in sources()
        if path.is_relative_to(root)
        for what in banned(ast.parse(path.read_text(encoding="utf-8")))
        if f"{path.name}: {what}" not in ALLOWED
    ]
    assert not problems


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')", "import pickle", "from pickle import load", "from lxml import etree", "import yaml",
        "np.load(p)", "np.load(p, allow_pickle=True)", "np.load(p, allow_pickle=flag)",
        "import subprocess",
        "from xml.etree.ElementTree import parse", "import xml.etree.ElementTree as E",
        "archive.extractall()",
        "os.system('x')", "tempfile.mktemp()", "pd.read_pickle(p)", "exec(code)", "f(shell=True)",
        "from urllib.request import urlopen",
    ],
)  # fmt: skip
def test_the_search_finds(code: str) -> None:
    assert list(banned(ast.parse(code)))


@pytest.mark.parametrize("code", ["np.load(p, allow_pickle=False)", "re.compile('x')", "circuit.evaluate(x)"])
def test_the_search_lets_pass(code: str) -> None:
    assert not list(banned(ast.parse(code)))
