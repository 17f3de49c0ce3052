"""A fit report in the manner of lmfit."""

import numpy as np

from interlayer.electrochem.model.fit import Fit


def report(fitted: Fit, row: int) -> str:
    """Return a fit report in the manner of lmfit: parameters, errors, correlations, statistics."""
    lines = [f"[[Circuit]] {fitted.circuit.text}", "[[Fit Statistics]]"]
    lines += [
        f"    data points        = {2 * fitted.z.shape[1]}",
        f"    variables          = {fitted.x.shape[1]}",
        f"    noise of |Z|^g     = {fitted.noise[row]:.3g} (g = {fitted.exponent[row]:g})",
        f"    log likelihood     = {fitted.log_likelihood[row]:.2f}",
        "[[Variables]]",
    ]
    for name in fitted.circuit.names:
        value, stddev, low, high = fitted.interval(row, name)
        share = f"({100 * stddev / abs(value):.2f}%)" if value else ""
        lines.append(f"    {name + ':':10s} {value:.6g} +/- {stddev:.3g} {share} [{low:.6g}, {high:.6g}]")
    spread = fitted.stddev[row]
    scale = np.where(spread > 0, spread, 1.0)
    correlation = fitted.covariance[row] / np.outer(scale, scale)
    names = fitted.circuit.names
    pairs = [(abs(correlation[a, b]), a, b) for a in range(len(names)) for b in range(a + 1, len(names))]
    lines.append("[[Correlations]] (unreported are < 0.5)")
    for size, a, b in sorted(pairs, reverse=True):
        if size >= 0.5:
            lines.append(f"    C({names[a]}, {names[b]}) = {correlation[a, b]:+.3f}")
    return "\n".join(lines)
