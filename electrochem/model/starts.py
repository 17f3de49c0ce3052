"""Start values of circuits from the spectrum itself, and the order of equal arcs."""

import numpy as np
from numpy.typing import NDArray

from interlayer.electrochem.model.circuit import Circuit, Element, Group, Node

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def starts(circuit: Circuit, frequency: Floats, z: Complexes, count: int, seed: int = 0) -> Floats:
    """Return start values (spectra, count, parameters) in the scale of the fit.

    The real part at high frequency gives the series resistance, its rise the sum of the arcs; time constants
    are drawn over the measured range (stratified), shares of the resistance at random.

    Parameters
    ----------
    frequency, z
        (points,) and (spectra, points).
    """
    rng = np.random.default_rng(seed)
    omega = 2 * np.pi * np.sort(frequency)
    order = np.argsort(frequency)
    spectrum = z[:, order]
    draws = _Draws(circuit, omega, spectrum, count, rng)
    values = np.empty((z.shape[0], count, len(circuit.names)))
    parts = (
        circuit.root.parts
        if isinstance(circuit.root, Group) and not circuit.root.parallel
        else (circuit.root,)
    )
    draws.series(parts, values)
    low, high = circuit.bounds
    return np.clip(circuit.inner(values), low, high)


class _Draws:
    """Random but sensible values for the parts of one circuit."""

    def __init__(
        self, circuit: Circuit, omega: Floats, z: Complexes, count: int, rng: np.random.Generator
    ) -> None:
        self.circuit, self.omega, self.z, self.count, self.rng = circuit, omega, z, count, rng
        edge = max(1, z.shape[1] // 20)
        self.high = np.maximum(z.real[:, -edge:].min(axis=1), 1e-3 * np.abs(z).min(axis=1))[:, None]
        self.span = np.maximum(z.real.max(axis=1)[:, None] - self.high, 0.02 * np.abs(z).max(axis=1)[:, None])
        self.low_im = np.maximum(np.abs(z.imag[:, :edge]).mean(axis=1)[:, None], 1e-6 * self.span)

    def series(self, parts: tuple[Node, ...], values: Floats) -> None:
        blocks = [part for part in parts if isinstance(part, Group)]
        count = len(blocks)
        shares = (
            self.rng.dirichlet(np.full(count + 1, 1.2), self.count) if count else np.ones((self.count, 1))
        )
        taus = self._time_constants(count)
        for index, block in enumerate(blocks):
            self._block(
                block, values, self.span * (shares[:, index] + 0.02)[None, :], taus[:, index][None, :]
            )
        for part in parts:
            if isinstance(part, Element):
                self._single(part, values, self.span * (shares[:, -1] + 0.02)[None, :])

    def _time_constants(self, count: int) -> Floats:
        """Return time constants (starts, blocks), ascending, one draw per stratum of the measured range."""
        edges = np.log(1.0 / self.omega[[-1, 0]])
        width = (edges[1] - edges[0]) / max(count, 1)
        spread = edges[0] + width * (np.arange(count) + self.rng.uniform(-0.25, 1.25, (self.count, count)))
        return np.asarray(np.exp(np.sort(np.clip(spread, edges[0], edges[1]), axis=1)))

    def _single(self, element: Element, values: Floats, share: Floats) -> None:
        k = element.first
        slow = self.omega[0]
        jitter = np.exp(self.rng.normal(0, 0.5, (1, self.count)))
        if element.kind == "R":
            values[:, :, k] = self.high * np.exp(self.rng.normal(0, 0.2, (1, self.count)))
        elif element.kind == "L":
            values[:, :, k] = np.maximum(self.z.imag[:, -1:], 1e-3 * self.high) / self.omega[-1] * jitter
        elif element.kind == "C":
            values[:, :, k] = jitter / (slow * self.low_im)
        elif element.kind == "CPE":
            n = self.rng.uniform(0.5, 1.0, (1, self.count))
            values[:, :, k] = jitter / (slow**n * self.low_im)
            values[:, :, k + 1] = n
        elif element.kind == "W":
            values[:, :, k] = self.low_im * np.sqrt(slow) * jitter
        else:
            values[:, :, k] = share
            values[:, :, k + 1] = jitter * np.exp(self.rng.uniform(0, 4, (1, self.count))) / (slow * 20)

    def _block(self, block: Group, values: Floats, resistance: Floats, tau: Floats) -> None:
        inner = Group(False, block.parts)
        leaves = [leaf for part in inner.parts for leaf in _leaves(part)]
        resistors = [leaf for leaf in leaves if leaf.kind == "R"]
        n = self.rng.uniform(0.7, 1.0, (1, self.count))
        for leaf in leaves:
            k = leaf.first
            if leaf.kind == "R":
                values[:, :, k] = resistance / max(len(resistors), 1)
            elif leaf.kind == "C":
                values[:, :, k] = tau / resistance
            elif leaf.kind == "CPE":
                values[:, :, k] = tau**n / resistance
                values[:, :, k + 1] = n
            elif leaf.kind == "L":
                values[:, :, k] = resistance * tau
            elif leaf.kind == "W":
                values[:, :, k] = resistance / np.sqrt(tau)
            else:
                values[:, :, k] = resistance
                values[:, :, k + 1] = tau * 30.0


def _leaves(node: Node) -> list[Element]:
    return [node] if isinstance(node, Element) else [leaf for part in node.parts for leaf in _leaves(part)]


def arcs(circuit: Circuit) -> list[tuple[int, int, int]]:
    """Return (R, Q or C, n or −1) places of each simple arc p(R, CPE) or p(R, C) in the top-level series."""
    parts = (
        circuit.root.parts
        if isinstance(circuit.root, Group) and not circuit.root.parallel
        else (circuit.root,)
    )
    found = []
    for part in parts:
        if not (isinstance(part, Group) and part.parallel and len(part.parts) == 2):
            continue
        pair = {each.kind: each for each in part.parts if isinstance(each, Element)}
        if set(pair) == {"R", "CPE"}:
            found.append((pair["R"].first, pair["CPE"].first, pair["CPE"].first + 1))
        elif set(pair) == {"R", "C"}:
            found.append((pair["R"].first, pair["C"].first, -1))
    return found


def time_constants(circuit: Circuit, x: Floats) -> Floats:
    """Return ln τ (spectra, arcs) of the simple arcs: τ = (R Q)^(1/n)."""
    columns = [(x[:, r] + x[:, q]) / (x[:, n] if n >= 0 else 1.0) for r, q, n in arcs(circuit)]
    return np.stack(columns, axis=1) if columns else np.empty((x.shape[0], 0))


def order_arcs(circuit: Circuit, x: Floats) -> NDArray[np.intp]:
    """Return, per spectrum, the order of parameters in which arcs of one kind have rising time constants."""
    places = arcs(circuit)
    order = np.tile(np.arange(len(circuit.names)), (x.shape[0], 1))
    for with_n in (True, False):
        group = [k for k, place in enumerate(places) if (place[2] >= 0) == with_n]
        if len(group) < 2:
            continue
        ranks = np.argsort(time_constants(circuit, x)[:, group], axis=1)
        for slot, target in enumerate(group):
            for column in range(3 if with_n else 2):
                sources = np.array([places[k][column] for k in group])
                order[:, places[target][column]] = sources[ranks[:, slot]]
    return order
