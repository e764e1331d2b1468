"""An orthonormal basis of a design that does not feel the origin or the unit of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.errors import FitError

__all__ = ["Array", "Basis", "decompose", "solve", "turned"]

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
class Basis:
    """``x = q @ inv(back)``: ``q`` (..., n, p) has orthonormal columns, ``back`` is (..., p, p).

    ``ones`` (..., p) holds the coefficients that reproduce a column of ones, or is ``None`` where
    the design has no intercept in any form; then the outcome cannot be centred.
    """

    q: Array
    back: Array
    ones: Array | None


def decompose(x: Array, names: Sequence[str]) -> Basis:
    """The basis of ``x`` (..., n, p): columns centred where an intercept allows it, then scaled.

    Raises ``FitError`` naming every column that the columns before it already determine.
    """
    n, p = x.shape[-2:]
    constant = _constant_column(x)
    shift = np.zeros((*x.shape[:-2], p))
    centred = x
    if constant is not None:
        shift, centred = _centred(x, constant)
    length, raw = _length(centred), _length(x)
    flat = length <= 1e-13 * np.maximum(raw, 1e-300)
    scale = np.where(flat, np.maximum(raw, 1e-300), length)
    q, r = _orthonormal(centred, scale, ours=centred is not x)
    diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    if n < p or bool((flat | (diagonal < ALIASED)).any()):
        _refuse(x, centred / scale[..., None, :], flat, constant, names)
    unscale = np.zeros((*x.shape[:-2], p, p))
    unscale[..., np.arange(p), np.arange(p)] = 1.0 / scale
    if constant is not None:
        level = x[..., 0, constant]
        slopes = np.arange(p) != constant
        unscale[..., constant, slopes] = (-shift / scale / level[..., None])[..., slopes]
    back = unscale @ np.linalg.inv(r)
    if constant is None:
        return Basis(q, back, _ones(q, back))
    ones = np.zeros((*x.shape[:-2], p))
    ones[..., constant] = 1.0 / x[..., 0, constant]
    return Basis(q, back, ones)


def _centred(x: Array, constant: int) -> tuple[Array, Array]:
    """The means (..., p) of the columns but the constant one, and the columns less these."""
    each = np.full(x.shape[-2], 1.0 / x.shape[-2])
    shift = each @ x
    shift[..., constant] = 0.0
    centred = x - shift[..., None, :]
    # The second pass removes what rounding left of a large offset.
    rest = each @ centred
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


def _ones(q: Array, back: Array) -> Array | None:
    one = np.ones(q.shape[-2])
    inside = project(q, one)
    left = one - expand(q, inside)
    return expand(back, inside) if bool((np.abs(left) < 1e-9).all()) else None


def _refuse(x: Array, scaled: Array, flat: Any, constant: int | None, names: Sequence[str]) -> None:
    """Raise with every aliased column of the first replicate that has one."""
    n, p = scaled.shape[-2:]
    dull = np.broadcast_to(flat, (*scaled.shape[:-2], p)).reshape(-1, p)
    blocks = zip(x.reshape(-1, n, p), scaled.reshape(-1, n, p), dull, strict=True)
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
