"""An orthonormal basis of a design that does not feel the origin or the unit of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.errors import FitError

__all__ = ["LONG", "Array", "Basis", "Kinds", "decompose", "solve", "turned"]

Array = NDArray[np.float64]

#: A column is aliased when what the others leave of it is below this share of its (centred)
#: length: R's lm draws the line at the same 1e-7.
ALIASED = 1e-7
#: rows from which a column counts as long; the least eigenvalue of x'x, columns of length 1, that
#: squaring does not spoil
LONG, WELL = 20_000, 1e-4
#: so many columns are named in one message
MOST_NAMED = 6
#: Residuals below this share of the centred outcome are rounding: the model fits exactly.
EXACT = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Rows of ``size`` kinds: ``of`` (n,) says which kind each row is, and none is without rows.

    What is the same in all rows of a kind is computed once for them all.
    """

    of: NDArray[np.intp]
    size: int

    def counts(self) -> Array:
        """How many rows each kind has (size,)."""
        return np.bincount(self.of, minlength=self.size).astype(float)

    def some_rows(self) -> NDArray[np.intp]:
        """A row of each kind (size,)."""
        found = np.empty(self.size, dtype=np.intp)
        found[self.of] = np.arange(self.of.size)
        return found

    def sums(self, values: Array) -> Array:
        """``values`` (n, R) summed over the rows of each kind: (size, R)."""
        found = np.empty((self.size, values.shape[1]))
        for place, column in enumerate(values.T):
            found[:, place] = np.bincount(self.of, column, self.size)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """``x = q @ inv(back)``: ``q`` (..., n, p) has orthonormal columns, ``back`` is (..., p, p).

    ``ones`` (..., p) holds the coefficients that reproduce a column of ones, or is ``None`` where
    the design has no intercept in any form; then the outcome cannot be centred. ``rows``: q, or
    where there are ``kinds`` of rows that of each kind (size, p).
    """

    rows: Array
    back: Array
    ones: Array | None
    kinds: Kinds | None = None

    @property
    def q(self) -> Array:
        """All rows of q: where there are kinds, made anew each time."""
        return self.rows if self.kinds is None else self.rows.take(self.kinds.of, axis=0)

    def column(self, place: int) -> Array:
        """One column of q (n,)."""
        found: Array = self.rows[:, place]
        return found if self.kinds is None else found.take(self.kinds.of)

    def along(self, values: Array) -> Array:
        """``q'values``: (n, R) give (p, R)."""
        return self.rows.T @ (values if self.kinds is None else self.kinds.sums(values))

    def spread(self, gain: Array) -> Array:
        """``q gain``: (p, R) give (n, R)."""
        found: Array = self.rows @ gain
        return found if self.kinds is None else found.take(self.kinds.of, axis=0)

    def turned(self, axes: Array) -> Basis:
        """The same span by other columns: ``axes`` (p, p) orthonormal; q is overwritten."""
        return Basis(turned(self.rows, axes), self.back @ axes, self.ones, self.kinds)


def decompose(x: Array, names: Sequence[str], kinds: Kinds | None = None) -> Basis:
    """The basis of ``x`` (..., n, p): columns centred where an intercept allows it, then scaled.

    With ``kinds`` of rows x holds one row of each kind, (size, p). Raises ``FitError`` naming every
    column that the columns before it already determine.
    """
    n, p = x.shape[-2:]
    share, root = np.full(n, 1.0 / n), None
    if kinds is not None:
        share, n = kinds.counts() / kinds.of.size, kinds.of.size
        root = np.sqrt(share * n)[:, None]
    constant = _constant_column(x)
    shift = np.zeros((*x.shape[:-2], p))
    centred = whole = x
    if constant is not None:
        shift, centred = _centred(x, constant, share)
    if root is not None:
        # A kind counts as often as it has rows.
        centred, whole = centred * root, x * root
    length, raw = _length(centred), _length(whole)
    flat = length <= 1e-13 * np.maximum(raw, 1e-300)
    scale = np.where(flat, np.maximum(raw, 1e-300), length)
    q, r = _orthonormal(centred, scale, ours=centred is not x)
    diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    if x.shape[-2] < p or bool((flat | (diagonal < ALIASED)).any()):
        _refuse(whole, centred / scale[..., None, :], flat, constant, names, n)
    unscale = np.zeros((*x.shape[:-2], p, p))
    unscale[..., np.arange(p), np.arange(p)] = 1.0 / scale
    if constant is not None:
        level = x[..., 0, constant]
        slopes = np.arange(p) != constant
        unscale[..., constant, slopes] = (-shift / scale / level[..., None])[..., slopes]
    back = unscale @ np.linalg.inv(r)
    if root is not None:
        q /= root
    if constant is None:
        return Basis(q, back, _ones(q, back, share * n), kinds)
    ones = np.zeros((*x.shape[:-2], p))
    ones[..., constant] = 1.0 / x[..., 0, constant]
    return Basis(q, back, ones, kinds)


def _centred(x: Array, constant: int, share: Array) -> tuple[Array, Array]:
    """The means (..., p) of the columns but the constant one, and the columns less these.

    ``share`` (n,): what each row counts for in a mean.
    """
    shift = share @ x
    shift[..., constant] = 0.0
    centred = x - shift[..., None, :]
    # The second pass removes what rounding left of a large offset.
    rest = share @ centred
    rest[..., constant] = 0.0
    if (np.abs(rest) > 1e-15 * np.abs(shift)).any():
        centred -= rest[..., None, :]
        shift = shift + rest
    return shift, centred


def _length(x: Array) -> Array:
    result: Array = np.sqrt(np.einsum("...np,...np->...p", x, x))
    return result


def _orthonormal(x: Array, scale: Array, ours: bool) -> tuple[Array, Array]:
    """q and r of ``x`` / ``scale``; of a long, well-conditioned x by Cholesky's factor, twice.

    The second round leaves q orthonormal to rounding (Yamamoto and others 2015, ETNA 44). ``ours``:
    a long x may be overwritten.
    """
    if x.ndim == 2 and x.shape[0] >= LONG:
        gram = (x.T @ x) / scale / scale[:, None]
        if np.linalg.eigvalsh(gram)[0] > WELL:
            first = np.linalg.cholesky(gram).T
            q = turned(x if ours else x.copy(), np.linalg.inv(first) / scale[:, None])
            second = np.linalg.cholesky(q.T @ q).T
            return turned(q, np.linalg.inv(second)), second @ first
    q, r = np.linalg.qr(x / scale[..., None, :])
    return q, r


def turned(q: Array, axes: Array) -> Array:
    """``q`` (n, p) times ``axes`` (p, p), in place, run by run: no second copy of long data."""
    for start in range(0, q.shape[0], LONG):
        run = slice(start, start + LONG)
        q[run] = q[run] @ axes
    return q


def solve(y: Array, basis: Basis) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Least squares of ``y`` (..., n): coefficients (..., p), residuals (..., n), exact (...).

    One step of iterative refinement; residuals that are nothing but rounding become exact zeros.
    """
    biggest = np.abs(y).max(axis=-1)
    if basis.ones is None:
        coef = np.zeros(basis.back.shape[-1])
        left = y
    else:
        middle = _mean(y)[..., None]
        coef = middle * basis.ones
        left = y - middle
    spread = np.linalg.norm(left, axis=-1)
    gain = np.zeros(basis.back.shape[-1])
    for _ in range(2):
        step = project(basis.q, left)
        gain = gain + step
        left = left - expand(basis.q, step)
    coef = coef + expand(basis.back, gain)
    rounding = np.maximum(EXACT * spread, 1e-14 * np.sqrt(y.shape[-1]) * biggest)
    exact = np.linalg.norm(left, axis=-1) <= rounding
    return coef, np.where(exact[..., None], 0.0, left), exact


def project(q: Array, y: Array) -> Array:
    """``q'y``: (..., n, p) and (..., n) give (..., p), with leading axes broadcast."""
    result: Array = y @ q if q.ndim == 2 else (y[..., None, :] @ q)[..., 0, :]
    return result


def expand(q: Array, g: Array) -> Array:
    """``q g``: (..., n, p) and (..., p) give (..., n), with leading axes broadcast."""
    result: Array = g @ q.T if q.ndim == 2 else (q @ g[..., None])[..., 0]
    return result


def _mean(y: Array) -> Array:
    # The second pass removes what rounding left of a large offset.
    mean = y.mean(axis=-1)
    mean = mean + (y - mean[..., None]).mean(axis=-1)
    return mean  # type: ignore[no-any-return]


def _constant_column(x: Array) -> int | None:
    first = x[..., :1, :]
    # A look at three rows spares reading all columns.
    few = x[..., [x.shape[-2] // 2, -1], :]
    same = (few == first).all(axis=-2) & (first[..., 0, :] != 0)
    for column in np.flatnonzero(same.reshape(-1, x.shape[-1]).all(axis=0)):
        if (x[..., column] == first[..., column]).all():
            return int(column)
    return None


def _ones(q: Array, back: Array, count: Array) -> Array | None:
    """The coefficients of a column of ones, rows of q counting ``count`` (n,) times."""
    inside = project(q, count)
    left = 1.0 - expand(q, inside)
    return expand(back, inside) if bool((np.abs(left) < 1e-9).all()) else None


def _refuse(
    x: Array, scaled: Array, flat: Any, constant: int | None, names: Sequence[str], n: int
) -> None:
    """Raise with every aliased column of the first replicate that has one; it has ``n`` rows."""
    shape = (-1, *scaled.shape[-2:])
    dull = np.broadcast_to(flat, (*scaled.shape[:-2], shape[-1])).reshape(-1, shape[-1])
    blocks = zip(x.reshape(shape), scaled.reshape(shape), dull, strict=True)
    for raw, block, constants in blocks:
        found = _aliases(raw, block, constants, constant, names)
        if found:
            raise FitError(
                f"{'; '.join(found)} (n = {n}). Their coefficients cannot be told apart: "
                "drop the named column or the others."
            )


def _aliases(
    raw: Array, block: Array, flat: Any, constant: int | None, names: Sequence[str]
) -> list[str]:
    """Columns go in one by one; the centred ``block`` decides, the ``raw`` ones give names."""
    length = np.linalg.norm(raw, axis=0)
    raw = raw / np.where(length > 0, length, 1.0)
    kept: list[int] = []
    found = []
    for j in range(block.shape[-1]):
        if flat[j]:
            same = constant is not None and length[j] > 0
            why = f"is constant, as is {names[constant or 0]!r}" if same else "is 0 in every row"
            found.append(f"column {names[j]!r} {why}")
            continue
        weights = np.linalg.lstsq(block[:, kept], block[:, j], rcond=None)[0]
        if np.linalg.norm(block[:, j] - block[:, kept] @ weights) < ALIASED:
            shares = np.linalg.lstsq(raw[:, kept], raw[:, j], rcond=None)[0]
            parts = [repr(names[k]) for k, w in zip(kept, shares, strict=True) if abs(w) > 1e-6]
            more = f" and {len(parts) - MOST_NAMED} more" if len(parts) > MOST_NAMED else ""
            found.append(
                f"column {names[j]!r} is determined by {', '.join(parts[:MOST_NAMED])}{more}"
            )
        else:
            kept.append(j)
    return found
