"""Random terms: who shares an effect, what multiplies it, and a basis that feels no unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array

__all__ = ["Codes", "Ready", "Term", "free_entries", "prepare", "relative"]

Codes = NDArray[np.intp]

#: what is left of a column of z beside the others, as a share of it, before it counts as a repeat
ALIASED = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One random term: ``group`` codes (n,), ``z`` (n, q) (a column of ones: an intercept).

    ``correlated``: the q effects of a group have a full covariance, else a diagonal one.
    """

    group: ArrayLike
    z: ArrayLike
    correlated: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A term with dense codes and standardised columns: ``z`` (n, q) = given z @ ``turn``.

    ``rows``, ``columns``: where each parameter stands in the term's Cholesky factor.
    """

    codes: Codes
    levels: int
    z: Array
    turn: Array
    rows: Codes
    columns: Codes


def prepare(terms: Sequence[Term], n: int) -> tuple[Ready, ...]:
    """Check and standardise the terms; ``FitError`` lists everything that is wrong with them."""
    ready, wrong = [], []
    for number, term in enumerate(terms):
        group, z = np.asarray(term.group), np.asarray(term.z, dtype=float)
        z = z[:, None] if z.ndim == 1 else z
        if group.shape != (n,) or z.ndim != 2 or z.shape[0] != n or z.shape[1] == 0:
            raise ValueError(
                f"term {number}: group {group.shape} and z {z.shape} must have {n} rows, z a column"
            )
        if not np.isfinite(z).all():
            raise FitError(f"random term {number} holds values of z that are not finite")
        if _unnamed(group):
            raise FitError(
                f"random term {number} has rows without a group (missing, or a negative code, "
                "which usually marks a missing one): drop these rows first"
            )
        codes, levels = _dense(group)
        wrong += _faults(number, levels, z, term.correlated, n)
        if not wrong:
            ready.append(_standard(codes, levels, z, term.correlated))
    if not terms:
        raise ValueError("a mixed model needs a random term; without one use robust.fit")
    if wrong:
        raise FitError("; ".join(wrong) + ". Drop or simplify the named terms.")
    return tuple(ready)


def _unnamed(group: NDArray[Any]) -> bool:
    """Whether a row has no group."""
    if group.dtype.kind == "O":
        return any(one is None or one != one for one in group.tolist())
    if group.dtype.kind == "f":
        return not bool(np.isfinite(group).all())
    return group.dtype.kind == "i" and bool((group < 0).any())


def _dense(group: NDArray[Any]) -> tuple[Codes, int]:
    """Codes from 0 on, none left out, and their number."""
    if group.dtype.kind in "iu" and group.min() >= 0 and group.max() < group.size:
        levels = int(group.max()) + 1
        if np.bincount(group, minlength=levels).all():
            return group.astype(np.intp, copy=False), levels
    named, codes = np.unique(group, return_inverse=True)
    return codes.astype(np.intp), named.size


def _faults(number: int, levels: int, z: Array, correlated: bool, n: int) -> list[str]:
    if levels < 2:
        return [f"random term {number} has {levels} group, and a variance needs at least 2"]
    # Uncorrelated effects count one by one: two waves do tell a person's level from a slope.
    together = z.shape[1] if correlated else 1
    if levels * together >= n:
        return [
            f"random term {number} has {levels} groups x {together} effects over {n} rows: "
            "its variance cannot be told from the residual's"
        ]
    if _intercept(z):
        return []
    length = np.linalg.norm(z, axis=0)
    if (length == 0).any():
        return [f"random term {number}: column {int(np.argmin(length))} of z is 0 in every row"]
    left = np.abs(np.diagonal(np.linalg.qr(z / length, mode="r")))
    if (left < ALIASED).any():
        return [f"random term {number}: other columns of z determine column {int(left.argmin())}"]
    return []


def _intercept(z: Array) -> bool:
    return z.shape[1] == 1 and bool(z[0, 0] != 0 and (z == z[0]).all())


def _standard(codes: Codes, levels: int, z: Array, correlated: bool) -> Ready:
    """A full covariance allows any basis, so an orthogonal one; a diagonal one only new units."""
    n, q = z.shape
    if _intercept(z):
        # An intercept: one number, however many rows.
        turn = np.abs(1.0 / z[:1])
        one, zero = np.broadcast_to(np.sign(z[:1]), z.shape), np.zeros(1, dtype=np.intp)
        return Ready(codes, levels, one, turn, zero, zero)
    length = np.linalg.norm(z, axis=0)
    if correlated and q > 1:
        turn = np.diag(1.0 / length) @ np.linalg.inv(np.linalg.qr(z / length, mode="r"))
        columns, rows = np.triu_indices(q)
    else:
        turn = np.diag(1.0 / length)
        rows = columns = np.arange(q)
    turn = turn * np.sqrt(n)
    return Ready(codes, levels, z @ turn, turn, rows.astype(np.intp), columns.astype(np.intp))


def relative(theta: Array, terms: Sequence[Ready]) -> tuple[Array, ...]:
    """Each term's covariance over the residual variance, (..., q, q), of standardised z."""
    found, offset = [], 0
    for term in terms:
        q = term.z.shape[1]
        factor = np.zeros((*theta.shape[:-1], q, q))
        factor[..., term.rows, term.columns] = theta[..., offset : offset + term.rows.size]
        offset += term.rows.size
        found.append(factor @ factor.swapaxes(-1, -2))
    return tuple(found)


def free_entries(theta: Array, terms: Sequence[Ready]) -> Array:
    """The same as (..., K): the entries that are parameters, in the order of ``theta``."""
    each = zip(relative(theta, terms), terms, strict=True)
    return np.concatenate([d[..., term.rows, term.columns] for d, term in each], axis=-1)
