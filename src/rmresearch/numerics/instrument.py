"""Two-stage least squares: what treatment received goes with, moved by assignment alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rmresearch.errors import FitError
from rmresearch.numerics.basis import decompose, solve
from rmresearch.numerics.robust import Fit, fit

__all__ = ["two_stage"]


def two_stage(
    y: ArrayLike,
    x: ArrayLike,
    z: ArrayLike,
    cluster: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
) -> Fit:
    """Least squares of ``y`` (n,) on ``x`` (n, p) with instruments ``z`` (n, q), q >= p, and CR2.

    ``x`` and ``z`` share the columns that are not instrumented. Angrist, Imbens and Rubin (1996),
    Journal of the American Statistical Association 91, 444-455; CR2 and Satterthwaite df from the
    second stage's columns and the residuals of ``x`` itself, as R's estimatr has them. Raises
    ``FitError`` where the instruments do not tell the columns of ``x`` apart.

    Of four assigned two took part and scored 4 more; so the other two account for nothing:

    >>> import numpy as np
    >>> z = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    >>> x = np.column_stack([np.ones(8), [0, 0, 0, 0, 0, 0, 1, 1]])
    >>> found = two_stage([1.0, 2, 2, 3, 1, 3, 6, 6], x, z)
    >>> round(float(found.coef[1]), 9)
    4.0
    """
    outcome, columns, tools = (np.asarray(a, dtype=float) for a in (y, x, z))
    if columns.ndim != 2 or tools.ndim != 2 or not len(outcome) == len(columns) == len(tools):
        raise ValueError(f"y {outcome.shape}, x {columns.shape} and z {tools.shape} must share n")
    if tools.shape[1] < columns.shape[1]:
        raise FitError(
            f"{tools.shape[1]} instruments cannot tell {columns.shape[1]} columns apart: each "
            f"column that is instrumented needs one."
        )
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(columns.shape[1]))
    q = decompose(tools, tuple(f"instrument {j}" for j in range(tools.shape[1]))).q
    shown = q @ (q.T @ columns)
    coef, _, _ = solve(outcome, decompose(shown, labels))
    # the residuals of x, put on top of the second stage's fit, are its residuals: least squares of
    # the sum gives both back, and the sandwich of record around them
    return fit(shown @ coef + (outcome - columns @ coef), shown, cluster, names=labels)
