"""Refusing random terms that the data cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.blocks import Family
from rmresearch.numerics.lmm.terms import Ready

__all__ = ["products", "refuse_aliased"]

#: share of a derivative of V that others must leave for it to count as its own
ALIASED = 1e-10


def refuse_aliased(
    terms: Sequence[Ready], groups: Sequence[Family], sums: Sequence[Array], n: int
) -> None:
    """``FitError`` where x absorbs a term, or other terms and the residual make up its variance.

    ``sums``: Z'q of each family, q the orthonormal basis of x.
    """
    owner = np.repeat(np.arange(len(terms)), [term.rows.size for term in terms])
    pairs = zip(groups, sums, strict=True)
    absorbed: Array = np.add.reduce([_absorbed(family, u) for family, u in pairs])
    offset, wrong = 0, []
    for number, term in enumerate(terms):
        for k in range(term.rows.size):
            effect = int(term.rows[k])
            if term.columns[k] == effect and absorbed[offset + k] > n * (1.0 - ALIASED):
                wrong.append(
                    f"random term {number} (column {effect} of its z) repeats what columns of x "
                    "hold"
                )
        offset += term.rows.size
    gram = products(terms, groups, n)
    length = np.sqrt(np.diagonal(gram))
    gram = gram / length[:, None] / length[None, :]
    kept = [0]
    for k in range(1, gram.shape[0]):
        inner, cross = gram[np.ix_(kept, kept)], gram[kept, k]
        weights = np.linalg.solve(inner, cross)
        if gram[k, k] - cross @ weights > ALIASED:
            kept.append(k)
            continue
        shares = [j for j, w in zip(kept, weights, strict=True) if abs(w) > 1e-6]
        others = sorted({"the residual" if j == 0 else f"term {owner[j - 1]}" for j in shares})
        wrong.append(f"random term {owner[k - 1]} cannot be told from {' and '.join(others)}")
    if wrong:
        raise FitError("; ".join(dict.fromkeys(wrong)) + ". Drop one of the named terms.")


def _absorbed(family: Family, sums: Array) -> Array:
    """The squared length that x's columns take of the columns of z, by parameter (K,)."""
    m = family.g.shape[-1]
    blocks = sums.reshape(-1, m * sums.shape[1])
    each = np.einsum("bi,bi->i", blocks, blocks).reshape(m, -1).sum(axis=1)
    result: Array = np.add.reduceat(each[family.rows], family.starts)
    return result


def products(terms: Sequence[Ready], groups: Sequence[Family], n: int) -> Array:
    """Trace products of the derivatives of V (residual first): symmetric directions of each D."""
    k = groups[0].basis.shape[0]
    rows = np.concatenate([term.rows for term in terms])
    columns = np.concatenate([term.columns for term in terms])
    gram = np.zeros((k + 1, k + 1))
    gram[0, 0] = n
    for family in groups:
        # A parameter off the diagonal stands for the covariance at its place.
        sides = [
            one if r == c else one + one.T
            for one, r, c in zip(family.basis, rows, columns, strict=True)
        ]
        moved = np.stack(sides)[:, None] @ family.g
        weighted = moved * family.counts[:, None, None]
        single = np.trace(weighted, axis1=-2, axis2=-1).sum(axis=-1)
        gram[0, 1:] += single
        gram[1:, 0] += single
        gram[1:, 1:] += moved.reshape(k, -1) @ weighted.swapaxes(-1, -2).reshape(k, -1).T
    return gram
