"""The fit's parameters as lmfit shows them."""

import lmfit
import numpy as np

from interlayer.xrd.fit import Fit


def as_lmfit(fitted: Fit) -> lmfit.Parameters:
    """Return values, bounds, standard errors and correlations of the non-linear parameters.

    Names take an underscore for the point: ``Li3N.a`` is ``Li3N_a``.
    """
    found = lmfit.Parameters()
    table = fitted.table
    names = [name.replace(".", "_").replace("-", "_") for name in table.names]
    count = len(names)
    stddev = np.sqrt(np.maximum(np.diag(fitted.covariance)[:count], 0.0))
    for i, name in enumerate(names):
        found.add(name, value=float(fitted.values[i]), min=table.lower[i], max=table.upper[i])
        found[name].stderr = float(stddev[i])
        found[name].correl = {
            names[j]: float(fitted.covariance[i, j] / (stddev[i] * stddev[j]))
            for j in range(count)
            if j != i and stddev[i] > 0 and stddev[j] > 0
        }
    return found
