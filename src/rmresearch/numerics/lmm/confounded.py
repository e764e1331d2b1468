"""Variances that REML cannot tell apart in what the fixed part leaves of the data."""

from __future__ import annotations

import numpy as np

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import upper
from rmresearch.numerics.lmm.alias import products
from rmresearch.numerics.lmm.designs import Design

__all__ = ["refuse_confounded"]

#: least eigenvalue of the derivatives' products, each of length 1, at which all stand apart
ALIKE = 1e-9


def refuse_confounded(design: Design) -> None:
    """``FitError`` where the REML criterion of ``design`` is level along some direction.

    REML sees A'V A, A the contrasts that x leaves, so that variances of which a combination has
    A'V_k A = 0 can be traded for each other at no cost: the fit is one of many that are as good.
    The products tr(P V_k P V_l), P = A A', then have no full rank.

    Three rows of two groups and a slope leave one contrast, for two variances:

    >>> import numpy as np
    >>> from rmresearch.numerics.lmm import Term, design
    >>> x = np.column_stack([np.ones(3), [0.0, 1, 1]])
    >>> refuse_confounded(design(x, [Term([0, 0, 1], np.ones(3))]))
    Traceback (most recent call last):
    ...
    rmresearch.errors.FitError: the residual and random term 0 cannot be told apart in what the \
fixed part leaves of 3 rows: every mix fits as well. Drop one of them, or terms of the fixed part.
    """
    left = _left(design)
    length = np.sqrt(np.maximum(np.diagonal(left), np.finfo(float).tiny))
    sizes, axes = np.linalg.eigh(left / length[:, None] / length)
    if sizes[0] > ALIKE:
        return
    owner = np.repeat(np.arange(len(design.terms)), [term.rows.size for term in design.terms])
    traded = np.flatnonzero(np.abs(axes[:, 0]) > 1e-6)
    names = dict.fromkeys(f"random term {owner[k - 1]}" if k else "the residual" for k in traded)
    *most, last = names
    apart = f"{', '.join(most)} and {last}" if most else f"the effects of {last}"
    raise FitError(
        f"{apart} cannot be told apart in what the fixed part leaves of {design.n} rows: every mix "
        "fits as well. Drop one of them, or terms of the fixed part."
    )


def _left(design: Design) -> Array:
    """tr(P V_k P V_l) (K + 1, K + 1), the residual first; symmetric directions of each D."""
    p, t, k = design.p, design.touched, design.diagonal.size
    inside, cross = np.zeros((k + 1, p, p)), np.zeros((k + 1, k + 1))
    inside[0], cross[0, 0] = np.eye(p), p
    rows = np.concatenate([term.rows for term in design.terms])
    columns = np.concatenate([term.columns for term in design.terms])
    a, b, _ = upper(t)
    for shared in design.shared:
        family = shared.family
        i, j, twice = upper(family.g.shape[-1])
        xx = shared.xx.reshape(a.size, i.size, -1)
        both = xx[a == b].sum(axis=0).T
        sides = [
            one if r == c else one + one.T
            for one, r, c in zip(family.basis, rows, columns, strict=True)
        ]
        for first, side in enumerate(sides, 1):
            part = xx.sum(axis=2) @ (side[i, j] * twice)
            inside[first, a, b] += part
            inside[first, b, a] += np.where(a == b, 0.0, part)
            for second, other in enumerate(sides, 1):
                middle = side @ family.g @ other
                middle = 0.5 * (middle + middle.swapaxes(-1, -2))
                cross[first, second] += (middle[:, i, j] * twice * both).sum()
    cross[0, 1:] = cross[1:, 0] = np.trace(inside[1:], axis1=1, axis2=2)
    between = np.einsum("kab,lba->kl", inside, inside)
    result: Array = products(design.terms, design.groups, design.n) - 2.0 * cross + between
    return result
