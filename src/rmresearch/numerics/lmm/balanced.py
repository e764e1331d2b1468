"""Balanced designs in closed form: nothing is searched for.

Where intercepts are nested, all groups are alike and every coefficient lies within one stratum
(between pairs, between people of a pair, within people), REML is the isotonic regression of the
strata's mean squares, weighted by their degrees of freedom: neighbours in the wrong order are
pooled, and a pooled pair is a variance of zero (Robertson, Wright and Dykstra 1988, section 1.2;
Searle, Casella and McCulloch 1992, section 4.8). Degrees of freedom follow from what was pooled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import EXACT, Array
from rmresearch.numerics.contrast import Contrast, checked_weights, judged
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.terms import Codes

__all__ = ["BalancedFit", "Strata", "draw_balanced", "fit_balanced", "strata"]

#: share of a coefficient's direction that may lie outside its stratum: rounding
OUTSIDE = 1e-9
#: residuals below this share of the squares: the mean is taken off before these are summed
FAINT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """What a balanced design gives: J + 1 strata from the coarsest groups to the rows.

    ``order`` (n,): rows sorted by group, None where they need no sorting; ``across``: rows then
    run over all the finest groups before they come to a group's next row, as where a file is
    sorted by wave; ``sizes`` (J,): members of each group, next finer groups or rows; ``rows``
    (J,): rows of each group; ``stratum`` (p,) of each column of ``q`` (n, p); ``df`` (J + 1,) left
    for the mean squares; ``terms`` (J,): the design's random term of each stratum.
    """

    design: Design
    order: Codes | None
    across: bool
    sizes: tuple[int, ...]
    rows: NDArray[np.intp]
    stratum: Codes
    q: Array
    back: Array
    df: Array
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BalancedFit:
    """REML fits of a balanced design, replicates first.

    ``coef`` (..., p); ``spread`` (..., J + 1) the strata's expected mean squares, the last the
    residual variance; ``variances`` (..., J) of the random terms in the design's order;
    ``singular`` (...): one of them is zero; ``exact`` (...): no residual anywhere.
    """

    coef: Array
    spread: Array
    variances: Array
    singular: Any
    exact: Any
    _pooled: Array = field(repr=False)
    _strata: Strata = field(repr=False)

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,), with Satterthwaite's df."""
        weight = checked_weights(weights, self.coef.shape[-1])
        w = self._strata.back.T @ weight
        count = self.spread.shape[-1]
        share = np.array([(w[self._strata.stratum == s] ** 2).sum() for s in range(count)])
        share[share < OUTSIDE * share.sum()] = 0.0
        used = np.flatnonzero(share)
        if used.size == 1:
            s = int(used[0])
            variance, df = share[s] * self.spread[..., s], self._pooled[..., s]
        else:
            variance, df = self.spread @ share, self._mixed(share)
        return judged(self.coef @ weight, variance, df, self.exact)

    def _mixed(self, share: Array) -> Array:
        """Satterthwaite's df where a contrast draws on several strata; pooled ones are one."""
        parts = share * self.spread
        below = np.zeros(self.spread.shape[:-1])
        total = below.copy()
        for s in range(share.size):
            total = total + parts[..., s]
            last = s + 1 == share.size
            ends = last or self.spread[..., s] != self.spread[..., s + 1]
            with np.errstate(divide="ignore", invalid="ignore"):
                own = np.where(self._pooled[..., s] > 0, total**2 / self._pooled[..., s], 0.0)
            below = below + np.where(ends, own, 0.0)
            total = np.where(ends, 0.0, total)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(below > 0, parts.sum(axis=-1) ** 2 / below, 0.0)


def strata(design: Design) -> Strata | None:
    """The strata of ``design``, or None where it is not balanced in this sense."""
    terms = sorted(range(len(design.terms)), key=lambda t: design.terms[t].levels)
    if any(design.terms[t].z.shape[1] > 1 or np.ptp(design.terms[t].z) > 0 for t in terms):
        return None
    codes = [design.terms[t].codes for t in terms]
    finer = [*codes[1:], np.arange(design.n)]
    levels = [design.terms[t].levels for t in terms] + [design.n]
    sizes = []
    for outer, inner, few, many in zip(codes, finer, levels[:-1], levels[1:], strict=True):
        size, left = divmod(many, few)
        holder = np.full(many, -1)
        holder[inner] = outer
        even = left == 0 and size > 1 and (np.bincount(holder) == size).all()
        if not even or (holder[inner] != outer).any():
            return None
        sizes.append(size)
    order = np.lexsort(codes[::-1])
    rows = np.array([design.n // few for few in levels[:-1]])
    if any((np.bincount(c) != r).any() for c, r in zip(codes, rows, strict=True)):
        return None
    q = design.basis.q[order]
    grams = _grams(q, sizes)
    axes = np.linalg.eigh(sum(s * gram for s, gram in enumerate(grams)))[1]
    parts = np.stack([np.einsum("ai,ab,bi->i", axes, gram, axes) for gram in grams])
    stratum = parts.argmax(axis=0)
    if (parts.max(axis=0) < 1.0 - OUTSIDE).any():
        return None
    taken = np.bincount(stratum, minlength=len(levels))
    df = np.diff([0, *levels]) - taken
    # Groups in nested order, all of them before any group's second row.
    across = np.array_equal(order.reshape(-1, sizes[-1]).T.ravel(), np.arange(design.n))
    if across:
        order = np.arange(design.n)
        q = design.basis.q
    sorted_already = bool((order == np.arange(design.n)).all())
    return Strata(
        design=design,
        order=None if sorted_already else order.astype(np.intp),
        across=across,
        sizes=tuple(sizes),
        rows=rows,
        stratum=stratum.astype(np.intp),
        q=q @ axes,
        back=design.basis.back @ axes,
        df=df.astype(float),
        terms=tuple(terms),
    )


def _grams(q: Array, sizes: list[int]) -> list[Array]:
    """q'P q for the projection onto every stratum."""
    found, sums, rows = [], q, 1
    for size in sizes[::-1]:
        finer = sums
        sums = sums.reshape(-1, size, q.shape[1]).sum(axis=1)
        found.append(finer.T @ finer / rows - sums.T @ sums / (rows * size))
        rows *= size
    return [sums.T @ sums / rows, *found[::-1]]


def fit_balanced(y: ArrayLike, strata: Strata) -> BalancedFit:
    """REML of every outcome vector of ``y`` (..., n); agrees with ``fit_many`` to rounding.

    >>> import numpy as np
    >>> from rmresearch.numerics.lmm import Term, design
    >>> group = np.repeat([0, 1, 2], 2)
    >>> even = strata(design(np.ones((6, 1)), [Term(group, np.ones(6))]))
    >>> found = fit_balanced([1.0, 3, 5, 7, 6, 8], even)
    >>> round(float(found.spread[-1]), 6), round(float(found.contrast([1.0]).df), 6)
    (2.0, 2.0)
    """
    outcome = np.asarray(y, dtype=float)
    if outcome.ndim < 1 or outcome.shape[-1] != strata.design.n:
        raise ValueError(f"y {outcome.shape} must end in the {strata.design.n} rows of the design")
    rows = outcome.reshape(-1, strata.design.n)
    if not len(rows):
        raise ValueError(f"y {outcome.shape} holds no outcome: nothing is to be fitted")
    if strata.order is not None:
        rows = rows[:, strata.order]
    total = np.vecdot(rows, rows)
    if not np.isfinite(total).all():
        raise FitError("y must be finite: drop incomplete rows first")
    squares, gain = _squares(rows, total, strata)
    inside = np.einsum("rp,rp->r", gain, gain)
    if (total - inside < FAINT * total).any():
        coef, squares, exact = _projected(rows, strata)
    else:
        coef, exact = gain @ strata.back.T, np.zeros(total.size, dtype=bool)
        for s in np.unique(strata.stratum):
            part = gain[:, strata.stratum == s]
            squares[s] -= np.einsum("rp,rp->r", part, part)
    return _finished(coef, squares, exact, strata, outcome.shape[:-1])


def _projected(rows: Array, strata: Strata) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Coefficients, squares and what is exact where x explains nearly all: from residuals.

    Squares of numbers far from zero would leave nothing but rounding in their differences.
    """
    ones, coef = strata.design.basis.ones, np.zeros((rows.shape[0], strata.back.shape[0]))
    middle = np.zeros(rows.shape[0])
    if ones is not None:
        middle = rows.mean(axis=1)
        rows = rows - middle[:, None]
        coef += middle[:, None] * ones
    spread = np.sqrt(np.einsum("rn,rn->r", rows, rows))
    for _ in range(2):
        gain = rows @ strata.q
        rows = rows - gain @ strata.q.T
        coef += gain @ strata.back.T
    total = np.einsum("rn,rn->r", rows, rows)
    rounding = 1e-14 * np.sqrt(rows.shape[1]) * (np.abs(middle) + spread)
    exact = np.sqrt(total) <= np.maximum(EXACT * spread, rounding)
    return coef, _squares(rows, total, strata)[0], exact


def _squares(rows: Array, total: Array, strata: Strata) -> tuple[Array, Array]:
    """Sums of squares of every stratum (J + 1, R), coarsest first, and projections on q (R, p).

    A column within a stratum is the same in all rows of a group: the groups' sums are enough.
    """
    squares = np.empty((len(strata.sizes) + 1, rows.shape[0]))
    gain = np.empty((rows.shape[0], strata.stratum.size))
    sums, frame, above, across = rows, strata.q, total, strata.across
    for s in range(len(strata.sizes), -1, -1):
        for k in np.flatnonzero(strata.stratum == s):  # few columns: quicker one by one
            gain[:, k] = sums @ np.ascontiguousarray(frame[:, k])
        squares[s] = above
        if s > 0:
            size = strata.sizes[s - 1]
            groups = sums.shape[1] // size
            members = _members(sums, size, across)
            sums = members[0] + members[1]
            for member in members[2:]:
                sums += member
            frame = frame[:groups] if across else frame[::size]
            across = False
            above = np.vecdot(sums, sums) / strata.rows[s - 1]
            squares[s] -= above
    return squares, gain


def _members(sums: Array, size: int, across: bool) -> list[Array]:
    """The first of every group's members (R, groups), then the second, and so on."""
    groups = sums.shape[1] // size
    if across:
        return [sums[:, k * groups : (k + 1) * groups] for k in range(size)]
    return [sums[:, k::size] for k in range(size)]


def draw_balanced(
    strata: Strata,
    coef: ArrayLike,
    variances: ArrayLike,
    sigma2: float,
    replicates: int,
    rng: np.random.Generator,
) -> BalancedFit:
    """Fits of ``replicates`` Gaussian outcomes without drawing these: their sufficient statistics.

    ``coef`` (p,) true coefficients, ``variances`` (J,) of the random terms in the design's order.
    A stratum's coefficients are normal and its mean square is a chi-square, all independent.
    """
    if replicates < 1:
        raise ValueError(f"replicates must be at least 1, not {replicates}")
    true, given = np.asarray(coef, dtype=float), np.asarray(variances, dtype=float)
    known = np.isfinite(given).all() and np.isfinite(sigma2) and np.isfinite(true).all()
    if given.shape != (len(strata.terms),) or not known or (given < 0).any() or not sigma2 > 0:
        raise ValueError(
            f"variances must be {len(strata.terms)} finite numbers from 0 on, sigma2 above 0, coef "
            f"finite, not {given.tolist()}, {sigma2} and {true.tolist()}"
        )
    own = given[list(strata.terms)] * strata.rows
    spread = np.append(np.cumsum(own[::-1])[::-1] + sigma2, sigma2)
    noise = rng.standard_normal((replicates, strata.stratum.size))
    noise *= np.sqrt(spread[strata.stratum])
    squares = np.zeros((spread.size, replicates))
    for s, df in enumerate(strata.df):
        if df > 0:
            rng.standard_gamma(df / 2.0, out=squares[s])
            squares[s] *= 2.0 * spread[s]
    exact = np.zeros(replicates, dtype=bool)
    return _finished(true + noise @ strata.back.T, squares, exact, strata, (replicates,))


def _finished(
    coef: Array, squares: Array, exact: NDArray[np.bool_], strata: Strata, lead: tuple[int, ...]
) -> BalancedFit:
    spread, df = _isotonic(squares, strata.df)
    if exact.any():
        spread, df = np.where(exact, 0.0, spread), np.where(exact, 0.0, df)
    steps = np.maximum(spread[:-1] - spread[1:], 0.0) / strata.rows[:, None]
    variances = np.empty(steps.shape)
    variances[list(strata.terms)] = steps
    singular = (steps == 0.0).any(axis=0)
    return BalancedFit(
        coef=coef.reshape((*lead, -1)),
        spread=spread.T.reshape((*lead, -1)),
        variances=variances.T.reshape((*lead, -1)),
        singular=singular.reshape(lead)[()],
        exact=exact.reshape(lead)[()],
        _pooled=df.T.reshape((*lead, -1)),
        _strata=strata,
    )


def _isotonic(squares: Array, df: Array) -> tuple[Array, Array]:
    """Falling means of ``squares`` (J + 1, R) over ``df``, and the df of what was pooled.

    The largest, over where a run may end, of the smallest mean, over where it may start.
    """
    strata = squares.shape[0]
    weight = np.concatenate([[0.0], np.cumsum(df)])
    sums = np.concatenate([np.zeros((1, squares.shape[1])), np.cumsum(squares, axis=0)])
    spread, pooled = np.empty(squares.shape), np.empty(squares.shape)
    for s in range(strata):
        best: Array | None = None
        for stop in range(s + 1, strata + 1):
            low: Array | None = None
            for start in range(s + 1):
                count = weight[stop] - weight[start]
                if count <= 0:
                    continue
                mean = (sums[stop] - sums[start]) / count
                if low is None:
                    low, size = mean, np.full(mean.shape, count)
                else:
                    less = mean < low
                    low, size = np.where(less, mean, low), np.where(less, count, size)
            if low is None:
                continue
            if best is None:
                best, kept = low, size
            else:
                more = low > best
                best, kept = np.where(more, low, best), np.where(more, size, kept)
        spread[s] = 0.0 if best is None else best
        pooled[s] = 0.0 if best is None else kept
    return spread, pooled
