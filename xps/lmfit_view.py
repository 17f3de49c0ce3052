"""A fit as lmfit shows it."""

import re
from typing import Any

import numpy as np

from interlayer.xps.fit import Fit


def identifier(name: str) -> str:
    """Return a parameter's name as lmfit accepts it.

    Examples
    --------
    >>> identifier("area:N 1s/C≡N")
    'area_N_1s_C_N'
    """
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")


def result(fit: Fit) -> Any:
    """Return the fit as an `lmfit.minimizer.MinimizerResult`.

    ``lmfit.fit_report(result(fit))`` prints values, uncertainties, correlations and fit statistics. The
    uncertainties are those of the fit (noise measured, misfit included), not rescaled by lmfit.
    """
    import lmfit
    from lmfit.minimizer import MinimizerResult

    joint, theta, cov = fit.joint, fit.theta, fit.covariance
    stddev = np.sqrt(np.maximum(np.diag(cov), 0.0))
    locked = joint.locked
    shown = lmfit.Parameters()
    names = _names(fit)
    for i, parameter in enumerate(joint.parameters):
        if parameter.name == "none":
            continue
        low, high = (-np.inf, np.inf) if locked[i] else (parameter.lower, parameter.upper)
        one = lmfit.Parameter(names[i], value=float(theta[i]), vary=not locked[i], min=low, max=high)
        one.stderr = float(stddev[i]) if stddev[i] > 0 else None
        one.init_value = parameter.start
        one.user_data = parameter.expression or None
        shown.add(one)
    free = [i for i in range(joint.size) if not locked[i]]
    for i in free:
        scale = stddev[i] * stddev[free]
        shown[names[i]].correl = {
            names[j]: float(cov[i, j] / s) for j, s in zip(free, scale, strict=True) if j != i and s > 0
        }
    points = sum(region.values.size for region in joint.regions)
    chi = float(sum(each.chi_square for each in fit.noise))
    return MinimizerResult(
        params=shown,
        covar=cov[np.ix_(free, free)],
        var_names=[names[i] for i in free],
        method="interlayer (quasi-likelihood)",
        ndata=points,
        nvarys=len(free),
        nfree=points - len(free),
        nfev=fit.solution.iterations,
        chisqr=chi,
        redchi=chi / max(points - len(free), 1),
        aic=chi + 2 * len(free),
        bic=chi + float(np.log(points)) * len(free),
        success=fit.solution.converged,
        errorbars=True,
        residual=np.concatenate(
            [
                (region.values - model) / np.sqrt(variance)
                for region, model, variance in zip(
                    joint.regions, fit.solution.normal.model, fit.variances, strict=True
                )
            ]
        ),
    )


def _names(fit: Fit) -> list[str]:
    used: dict[str, int] = {}
    out = []
    for parameter in fit.joint.parameters:
        base = identifier(parameter.name)
        base = base if base[:1].isalpha() else f"p_{base}"
        used[base] = used.get(base, 0) + 1
        out.append(base if used[base] == 1 else f"{base}_{used[base]}")
    return out
