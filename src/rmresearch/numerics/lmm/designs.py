"""A mixed model's design: everything that fits of one design have in common, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array, Basis, Kinds, decompose
from rmresearch.numerics.lmm.alias import refuse_aliased
from rmresearch.numerics.lmm.blocks import Family, families
from rmresearch.numerics.lmm.moments import Shared, shared_moments
from rmresearch.numerics.lmm.terms import Ready, Term, prepare
from rmresearch.numerics.lmm.units import united

__all__ = ["Design", "design"]

#: what Z'x may hold of a direction of x, as a share of the most it holds of one, and be nothing
UNTOUCHED = 1e-12
#: least share of all squares above which their eigenvalues alone tell that all are touched
PLAIN = 1e-10
#: fewer rows, fewer groups of some kind, or effects of one term above this share of the rows: the
#: criterion may have several valleys, of which a single start misses the deepest now and then
ROWS, GROUPS, CROWDED = 40, 8, 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Fixed part ``x`` (n, p) in an orthonormal basis, random ``terms``, and their cross-products.

    The first ``touched`` of the basis' columns are those that share something with a random
    effect's column of Z; of the others the variances say nothing. ``diagonal`` (K,) marks the
    parameters on the diagonal of a Cholesky factor, ``factors``: those of
    each of its rows, ``own`` (K,) those alone in their column. ``units``: the kinds of rows whose
    sums the families gather, None: they gather rows.
    """

    n: int
    names: tuple[str, ...]
    basis: Basis
    terms: tuple[Ready, ...]
    groups: tuple[Family, ...]
    shared: tuple[Shared, ...]
    touched: int
    diagonal: NDArray[np.bool_]
    factors: tuple[NDArray[np.intp], ...]
    own: NDArray[np.bool_]
    units: Kinds | None

    @property
    def p(self) -> int:
        """How many coefficients."""
        return len(self.names)

    def by_unit(self, values: Array) -> Array:
        """``values`` (n, R) as the families gather them."""
        return values if self.units is None else self.units.sums(values)

    def small(self, rows: Array) -> NDArray[np.bool_]:
        """Whether the criterion of replicates with ``rows`` (R,) may have several valleys."""
        few = min(term.levels for term in self.terms) < GROUPS
        effects = max(term.levels * term.z.shape[1] for term in self.terms)
        found: NDArray[np.bool_] = few | (rows < ROWS) | (effects > CROWDED * rows)
        return found


def design(
    x: ArrayLike,
    terms: Sequence[Term],
    names: Sequence[str] | None = None,
    *,
    kinds: Kinds | None = None,
) -> Design:
    """The design of y = x b + random terms + residual, ``x`` (n, p) with its intercept.

    Where x has few different rows it may be given by these, (size, p), with the ``kinds`` of rows.
    A column of x that others determine, a random term that cannot be told from the residual, from
    x or from other terms, and as many coefficients as rows raise ``FitError``.
    """
    fixed = np.asarray(x, dtype=float)
    if fixed.ndim != 2:
        raise ValueError(f"x must be (rows, columns), not {fixed.shape}")
    p = fixed.shape[1]
    n = fixed.shape[0] if kinds is None else kinds.of.size
    if n == 0 or p == 0:
        raise FitError(f"{n} rows and {p} columns: there is nothing to fit. Check the filters.")
    if kinds is not None and fixed.shape[0] != kinds.size:
        raise ValueError(f"x {fixed.shape} must have a row for each of {kinds.size} kinds of rows")
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(p))
    if len(labels) != p:
        raise ValueError(f"names must have {p} entries, not {len(labels)}")
    if not np.isfinite(fixed).all():
        raise FitError("y and x must be finite: drop incomplete rows first")
    ready = prepare(terms, n)
    basis = decompose(fixed, labels, kinds)
    if n <= p:
        raise FitError(
            f"{n} rows and {p} coefficients: nothing is left to estimate the variances from. "
            "Drop terms from the model or add rows."
        )
    units, brief = united(ready)
    groups = families(brief, None if units is None else units.counts())
    rows = _by_unit(basis, units)
    sums = [np.asarray(family.gather @ rows) for family in groups]
    del rows
    refuse_aliased(ready, groups, sums, n)
    basis, sums, touched = _turned(basis, sums)
    factors, offset = [], 0
    for term in ready:
        factors += [offset + np.flatnonzero(term.rows == r) for r in range(term.z.shape[1])]
        offset += term.rows.size
    return Design(
        n=n,
        names=labels,
        basis=basis,
        terms=ready,
        groups=groups,
        shared=tuple(shared_moments(family, u) for family, u in zip(groups, sums, strict=True)),
        touched=touched,
        diagonal=np.concatenate([term.rows == term.columns for term in ready]),
        factors=tuple(factors),
        own=np.concatenate([_alone(term) for term in ready]),
        units=units,
    )


def _by_unit(basis: Basis, units: Kinds | None) -> Array:
    """q summed over the rows of each unit, column by column: all of q at once may be large."""
    if units is None:
        return basis.q
    found = np.empty((units.size, basis.rows.shape[1]))
    for place in range(found.shape[1]):
        found[:, [place]] = units.sums(basis.column(place)[:, None])
    return found


def _alone(term: Ready) -> NDArray[np.bool_]:
    column: NDArray[np.bool_] = np.bincount(term.columns)[term.columns] == 1
    return column


def _turned(basis: Basis, sums: list[Array]) -> tuple[Basis, list[Array], int]:
    """The basis turned so that the directions of x which no random effect touches stand last.

    Where everybody answered every wave, differences between waves are such: their coefficients
    and what they take of the residuals are the same whatever the variances. ``sums``: Z'q of each
    family. Also these sums of the directions that are touched, and how many they are.
    """
    gram: Any = sum(u.T @ u for u in sums)
    sizes, axes = np.linalg.eigh(gram)
    p = sizes.size
    if sizes[0] > PLAIN * sizes[-1]:
        return basis, sums, p
    axes = axes[:, ::-1]
    turned = [u @ axes for u in sums]
    left = np.sqrt(np.add.reduce([np.diagonal(v.T @ v) for v in turned]))
    touched = int(np.count_nonzero(left > UNTOUCHED * left.max())) if left.max() > 0 else 0
    if touched in (0, p):
        return basis, sums, p
    return basis.turned(axes), [v[:, :touched] for v in turned], touched
