"""Circuits as data: a small grammar, and the impedance with its analytic derivatives for many spectra.

Grammar (no text is ever evaluated as code)::

    circuit  = part ("-" part)*
    part     = "p(" circuit ("," circuit)+ ")" | element
    element  = kind digits*          kinds: R, C, L, CPE, W, Wo, Ws, G
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError
from interlayer.electrochem.model import elements
from interlayer.electrochem.model.elements import Parameter

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
_MAX_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Element:
    """A leaf: its kind, name, and the place of its first parameter."""

    kind: str
    name: str
    first: int


@dataclass(frozen=True, slots=True)
class Group:
    """Parts in series or parallel."""

    parallel: bool
    parts: tuple["Node", ...]


Node = Element | Group


@dataclass(frozen=True)
class Circuit:
    """A parsed circuit.

    Examples
    --------
    >>> circuit = parse("R0-p(R1,CPE1)-W")
    >>> circuit.names
    ('R0', 'R1', 'CPE1_Q', 'CPE1_n', 'W_sigma')
    """

    text: str
    root: Node
    names: tuple[str, ...]
    parameters: tuple[Parameter, ...] = field(repr=False)

    @cached_property
    def log(self) -> NDArray[np.bool_]:
        """Return which parameters are fitted on the log scale."""
        return np.array([each.log for each in self.parameters])

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Return lower and upper bounds in the scale of the fit."""
        low = np.array([np.log(p.low) if p.log else p.low for p in self.parameters])
        high = np.array([np.log(p.high) if p.log else p.high for p in self.parameters])
        return low, high

    def inner(self, values: Floats) -> Floats:
        """Return physical parameters (…, parameters) in the scale of the fit."""
        return np.where(self.log, np.log(np.where(self.log, np.maximum(values, 1e-300), 1.0)), values)

    def outer(self, x: Floats) -> Floats:
        """Return parameters of the fit's scale as physical ones."""
        return np.where(self.log, np.exp(np.where(self.log, x, 0.0)), x)

    def impedance(self, values: Floats, frequency: Floats) -> Complexes:
        """Return Z (points,) of one set of physical parameters at frequencies in Hz."""
        x = self.inner(np.asarray(values, dtype=np.float64))[None, :]
        z, _ = self.evaluate(x, 2 * np.pi * np.atleast_2d(frequency))
        return np.asarray(z[0])

    def evaluate(self, x: Floats, omega: Floats) -> tuple[Complexes, Complexes]:
        """Return Z (spectra, points) and dZ/dx (spectra, parameters, points).

        Parameters
        ----------
        x
            Parameters in the scale of the fit, (spectra, parameters).
        omega
            Angular frequencies, (1, points) or (spectra, points).
        """
        values = self.outer(x)
        jacobian = np.empty((x.shape[0], x.shape[1], omega.shape[1]), dtype=np.complex128)
        z = _evaluate(self.root, values, omega, jacobian)
        return z, jacobian

    def elements(self) -> list[Element]:
        """Return the leaves in order."""
        return list(_leaves(self.root))


def _leaves(node: Node) -> list[Element]:
    if isinstance(node, Element):
        return [node]
    return [leaf for part in node.parts for leaf in _leaves(part)]


def _evaluate(node: Node, values: Floats, omega: Floats, jacobian: Complexes) -> Complexes:
    """Return Z of a node; writes the node's derivatives into the columns of its parameters."""
    if isinstance(node, Element):
        count = len(elements.parameters(node.kind))
        place = range(node.first, node.first + count)
        z, slopes = elements.FUNCTIONS[node.kind]([values[:, k : k + 1] for k in place], omega)
        for k, slope in zip(place, slopes, strict=True):
            jacobian[:, k, :] = slope
        return z
    parts = [_evaluate(part, values, omega, jacobian) for part in node.parts]
    if not node.parallel:
        return np.asarray(sum(parts[1:], start=parts[0]))
    admittance = sum((1.0 / z for z in parts[1:]), start=1.0 / parts[0])
    total = np.asarray(1.0 / admittance)
    for part, z in zip(node.parts, parts, strict=True):
        factor = (total / z) ** 2
        for leaf in _leaves(part):
            for k in range(leaf.first, leaf.first + len(elements.parameters(leaf.kind))):
                jacobian[:, k, :] *= factor
    return total


def parse(text: str) -> Circuit:
    """Return the circuit that a text describes.

    Raises
    ------
    SettingError
        When the text does not follow the grammar; the place is shown.
    """
    parser = _Parser(re.sub(r"\s+", "", text)[: _MAX_LENGTH + 1])
    if len(parser.text) > _MAX_LENGTH:
        raise SettingError("circuit is too long", expected=f"at most {_MAX_LENGTH} characters")
    root = parser.circuit(0)
    if parser.at != len(parser.text):
        raise parser.error("the end of the circuit or '-'")
    return Circuit(parser.text, root, tuple(parser.names), tuple(parser.parameters))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.names: list[str] = []
        self.parameters: list[Parameter] = []
        self._used: set[str] = set()

    def error(self, expected: str) -> SettingError:
        return SettingError(
            f"circuit {self.text!r} is not understood at character {self.at + 1}",
            expected=expected,
            found=repr(self.text[self.at : self.at + 12]) if self.at < len(self.text) else "its end",
            advice='Write it like "R0-p(R1,CPE1)-p(R2,CPE2)-W".',
        )

    def circuit(self, depth: int) -> Node:
        if depth > 10:
            raise self.error("at most ten nested groups")
        parts = [self.part(depth)]
        while self.text[self.at : self.at + 1] == "-":
            self.at += 1
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else Group(False, tuple(parts))

    def part(self, depth: int) -> Node:
        if self.text[self.at : self.at + 2] != "p(":
            return self.element()
        self.at += 2
        branches = [self.circuit(depth + 1)]
        while self.text[self.at : self.at + 1] == ",":
            self.at += 1
            branches.append(self.circuit(depth + 1))
        if self.text[self.at : self.at + 1] != ")" or len(branches) < 2:
            raise self.error("',' and another branch, or ')'")
        self.at += 1
        return Group(True, tuple(branches))

    def element(self) -> Element:
        kind = next((k for k in elements.kinds() if self.text.startswith(k, self.at)), None)
        if kind is None:
            raise self.error("one of " + ", ".join(sorted(elements.kinds())) + " or 'p('")
        match = re.match(r"\d*", self.text[self.at + len(kind) :])
        name = kind + (match.group(0) if match else "")
        if name in self._used:
            raise self.error(f"a name other than {name}, which is there already")
        self._used.add(name)
        self.at += len(name)
        first = len(self.names)
        for parameter in elements.parameters(kind):
            self.names.append(f"{name}_{parameter.name}" if parameter.name else name)
            self.parameters.append(parameter)
        return Element(kind, name, first)
