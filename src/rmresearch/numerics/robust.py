"""Least squares with classical, CR1 and CR2 variances, batched over replicates.

CR2 is the bias-reduced linearisation of Bell and McCaffrey with Satterthwaite degrees of freedom
for every coefficient and every contrast, as R's clubSandwich computes them (working model:
independent errors of equal variance). Without clusters CR2 is HC2 with its Satterthwaite df.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError, did_you_mean
from rmresearch.numerics.basis import Array, Basis, decompose, solve
from rmresearch.numerics.contrast import (
    Contrast,
    Number,
    Wald,
    checked_weights,
    independent,
    judged,
    judged_jointly,
)
from rmresearch.numerics.dense_route import Dense, dense
from rmresearch.numerics.sandwich import (
    NOTHING,
    Groups,
    Pieces,
    cr2_pieces,
    group,
    hotelling,
    satterthwaite,
    scores,
    vectors,
)
from rmresearch.numerics.wild import WildBootstrap, wild_bootstrap

__all__ = [
    "Contrast",
    "Dense",
    "Fit",
    "Influence",
    "Variance",
    "Wald",
    "WildBootstrap",
    "dense",
    "fit",
    "influence",
    "wild_bootstrap",
]

Variance = Literal["classical", "CR1", "CR2"]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted linear model; leading axes are replicates.

    ``coef`` (..., p), ``vcov`` (..., p, p), ``df`` (..., p), ``resid`` (..., n) in the rows' given
    order, ``n`` rows, ``n_clusters``, ``names`` (p), ``kind`` of variance, ``sigma2`` (...) the
    residual variance RSS / (n - p), ``exact`` (...): residuals are zero but for rounding.
    """

    coef: Array
    vcov: Array
    df: Array
    resid: Array
    n: int
    n_clusters: int
    names: tuple[str, ...]
    kind: Variance
    sigma2: Number
    exact: Any
    _basis: Basis = field(repr=False)
    _inner: Array = field(repr=False)
    _pieces: Pieces | None = field(repr=False)
    _plain_df: float = field(repr=False)

    @property
    def se(self) -> Array:
        """Standard errors (..., p); NaN where no cluster is left to judge a coefficient by."""
        variance = np.diagonal(self.vcov, axis1=-2, axis2=-1)
        return np.where(self.df > 0, np.sqrt(np.maximum(variance, 0.0)), np.nan)

    @property
    def intercept(self) -> bool:
        """Whether the design holds a constant, as a column or as a sum of columns."""
        return self._basis.ones is not None

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,).

        >>> import numpy as np
        >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
        >>> found = fit(np.array([1.0, 2, 3, 4, 6, 8]), x).contrast([0, 1])
        >>> round(float(found.estimate), 3), round(float(found.se), 3)
        (4.0, 1.291)
        """
        weight = checked_weights(weights, self.coef.shape[-1])
        estimate = self.coef @ weight
        # In basis coordinates: there large variances of near-aliased columns do not cancel.
        w = np.swapaxes(self._basis.back, -1, -2) @ weight[:, None]
        variance = (np.swapaxes(w, -1, -2) @ self._inner @ w)[..., 0, 0]
        df: Any = self._plain_df
        if self._pieces is not None:
            df = _satterthwaite(self._pieces, w)[..., 0] + np.zeros(np.shape(estimate))
        df = _known(df, variance, (w * w).sum(axis=(-2, -1)), self.sigma2, self.exact)
        return judged(estimate, variance, df, self.exact)

    def wald(self, weights: ArrayLike) -> Wald:
        """Whether q contrasts, ``weights`` (q, p), are all zero: one data set only.

        CR2: approximate Hotelling T-squared (Pustejovsky and Tipton 2018, section 3; clubSandwich
        "HTZ"). Classical and CR1: F = Q / q on n - p and G - 1 df.
        """
        matrix = np.atleast_2d(np.asarray(weights, dtype=float))
        if self.coef.ndim != 1 or matrix.ndim != 2 or matrix.shape[1] != self.coef.size:
            raise ValueError(f"wald takes one data set and (q, {self.coef.shape[-1]}) weights")
        q = matrix.shape[0]
        axes, turn = independent(matrix, self._basis.back)
        variance = axes.T @ self._inner @ axes
        if bool(self.exact) or np.linalg.eigvalsh(variance)[0] <= 1e-14 * self.sigma2:
            return judged_jointly(np.nan, q, 0.0)
        gap = (matrix @ self.coef) @ turn
        statistic = float(gap @ np.linalg.solve(variance, gap))
        if self._pieces is None:
            return judged_jointly(statistic / q, q, self._plain_df)
        eta = float(hotelling(*vectors(self._pieces, axes)))
        df = eta - q + 1.0
        return judged_jointly(statistic * df / (eta * q) if df > 0 else np.nan, q, df)


def fit(
    y: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike | None = None,
    *,
    vcov: Variance = "CR2",
    names: Sequence[str] | None = None,
) -> Fit:
    """Least squares of ``y`` (..., n) on ``x`` (n, p) or (..., n, p), intercept column included.

    ``cluster`` (n,) holds integer codes; ``None`` lets every row stand alone. df: CR2
    Satterthwaite; classical n - p; CR1 G - 1 (n - p without clusters), with Stata's factor
    G/(G-1) x (n-1)/(n-p). A design column that others determine, fewer than two clusters, or as
    many coefficients as rows raise ``FitError``.

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 1, 0, 1, 1]])
    >>> found = fit(np.array([1.0, 2, 3, 4, 6, 8]), x, cluster=[0, 0, 1, 1, 2, 2])
    >>> found.n_clusters
    3
    """
    outcome, design, codes, labels = _checked(y, x, cluster, vcov, names)
    n, p = design.shape[-2:]
    basis = decompose(design, labels)
    groups = group(codes, n)
    _enough(n, p, groups.count, vcov)
    coef, resid, exact = solve(outcome, basis)
    sigma2 = (resid * resid).sum(axis=-1) / (n - p)
    inner, pieces = _inner(basis.q, resid, groups, vcov, sigma2)
    variance = basis.back @ inner @ np.swapaxes(basis.back, -1, -2)
    variance = np.broadcast_to(variance, (*coef.shape, p)).copy()
    plain = float(n - p if vcov == "classical" or codes is None else groups.count - 1)
    w = np.swapaxes(basis.back, -1, -2)
    df: Any = plain if pieces is None else _satterthwaite(pieces, w)
    each = np.diagonal(variance, axis1=-2, axis2=-1)
    df = _known(df, each, (w * w).sum(axis=-2), sigma2[..., None], exact[..., None])
    return Fit(
        coef=coef,
        vcov=variance,
        df=np.broadcast_to(df, coef.shape).copy(),
        resid=resid,
        n=n,
        n_clusters=groups.count,
        names=labels,
        kind=vcov,
        sigma2=sigma2[()],
        exact=exact[()],
        _basis=basis,
        _inner=inner,
        _pieces=pieces,
        _plain_df=plain,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """One contrast of each of many outcomes, and what every cluster adds to its error.

    ``estimate`` (...) and ``scores`` (..., G) are linear in the outcome; the squares of the scores
    sum to the variance. ``df`` (...) is 0, and so are the scores, where no cluster is left to judge
    the contrast by.
    """

    estimate: Array
    scores: Array
    df: Array

    @property
    def variance(self) -> Array:
        """The estimate's variance (...)."""
        return np.asarray((self.scores * self.scores).sum(axis=-1))


def influence(
    y: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike | None,
    weights: ArrayLike,
    names: Sequence[str] | None = None,
) -> Influence:
    """The contrast ``weights`` (p,) as ``fit`` gives it, and nothing else: for many, long outcomes.

    ``y`` (..., n), ``x`` (n, p) or (..., n, p) and ``cluster`` (n,) are ``fit``'s; CR2, or
    classical where ``cluster`` is ``None`` (a score a row then). ``FitError`` as ``fit``.

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 1, 0, 1, 1]])
    >>> y = [[1.0, 2, 3, 4, 6, 8], [0, 0, 0, 0, 0, 1]]
    >>> influence(y, x, [0, 0, 1, 1, 2, 2], weights=[0, 1]).scores.shape
    (2, 3)
    """
    kind: Variance = "classical" if cluster is None else "CR2"
    outcome, design, codes, labels = _checked(y, x, cluster, kind, names)
    n, p = design.shape[-2:]
    basis, groups = decompose(design, labels), group(codes, n)
    _enough(n, p, groups.count, kind)
    coef, resid, exact = solve(outcome, basis)
    weight = checked_weights(weights, p)
    w = np.swapaxes(basis.back, -1, -2) @ weight[:, None]
    size = (w * w).sum(axis=(-2, -1))
    sigma2 = (resid * resid).sum(axis=-1) / (n - p)
    if kind == "classical":
        scores, df = resid * np.sqrt(size / (n - p))[..., None], np.asarray(float(n - p))
    else:
        q = basis.q[..., groups.order, :]
        pieces = cr2_pieces(q, groups)
        scores = _along(q, resid[..., groups.order], groups, pieces, w)
        df = _satterthwaite(pieces, w)[..., 0]
    df = _known(df, (scores * scores).sum(axis=-1), size, sigma2, exact)
    return Influence(coef @ weight, np.where(df[..., None] > 0, scores, 0.0), df)


def _along(q: Array, resid: Array, groups: Groups, pieces: Pieces, w: Array) -> Array:
    """Each cluster's ``w' q_g' A_g e_g`` (..., G), for one ``w`` (..., p, 1)."""
    alone = (q[..., : groups.singles, :] @ w)[..., 0] * pieces.own * resid[..., : groups.singles]
    if not groups.starts.size:
        return alone
    sizes = np.diff(groups.starts, append=q.shape[-2])
    turned = np.repeat((pieces.root @ w[..., None, :, :])[..., 0], sizes, axis=-2)
    lever = np.einsum("...p,...p->...", q[..., groups.singles :, :], turned)
    several = lever * resid[..., groups.singles :]
    several = np.add.reduceat(several, groups.starts - groups.singles, axis=-1)
    return np.concatenate([alone, several], axis=-1)


def _enough(n: int, p: int, clusters: int, vcov: Variance) -> None:
    """Refuse what leaves no variance to estimate."""
    if n <= p:
        raise FitError(
            f"{n} rows and {p} coefficients: nothing is left to estimate the variance from. "
            "Drop terms from the model or add rows."
        )
    if vcov != "classical" and clusters < 2:
        raise FitError(
            "all rows lie in 1 cluster: a cluster-robust variance needs at least 2. "
            "Use a finer cluster or classical standard errors."
        )


def _inner(
    q: Array, resid: Array, groups: Groups, vcov: Variance, sigma2: Array
) -> tuple[Array, Pieces | None]:
    """The variance in basis coordinates (..., p, p), and the pieces of CR2."""
    n, p = q.shape[-2:]
    if vcov == "classical":
        return np.asarray(sigma2)[..., None, None] * np.eye(p), None
    ordered = q[..., groups.order, :]
    left = resid[..., groups.order]
    pieces = cr2_pieces(ordered, groups) if vcov == "CR2" else None
    u = scores(ordered, left, groups, pieces)
    meat = np.swapaxes(u, -1, -2) @ u
    if vcov == "CR1":
        g = groups.count
        meat = meat * (g / (g - 1) * (n - 1) / (n - p))
    return meat, pieces


def _known(df: Any, variance: Array, size: Array, sigma2: Number, exact: Any) -> Array:
    """``df`` where a contrast's variance is one, 0 where scores sum to nothing in every cluster.

    ``size`` is the contrast's variance at unit error variance; a robust variance below rounding's
    share of the classical one belongs to a coefficient that a single cluster determines, or on
    which all clusters agree to the last digit.
    """
    return np.where((variance > NOTHING * sigma2 * size) | exact, df, 0.0)


def _satterthwaite(pieces: Pieces, w: Array) -> Array:
    """df (..., c) of the contrasts in the columns of ``w`` (..., p, c); 0 without information."""
    found = []
    for j in range(w.shape[-1]):
        one = w[..., j : j + 1]
        length = np.linalg.norm(one, axis=-2, keepdims=True)
        one = one / np.where(length > 0, length, 1.0)
        found.append(satterthwaite(*vectors(pieces, one)))
    return np.stack(found, axis=-1)


def _checked(
    y: ArrayLike, x: ArrayLike, cluster: ArrayLike | None, vcov: str, names: Sequence[str] | None
) -> tuple[Array, Array, NDArray[np.intp] | None, tuple[str, ...]]:
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    if design.ndim < 2 or outcome.ndim < 1 or outcome.shape[-1] != design.shape[-2]:
        raise ValueError(
            f"y (..., n) and x (..., n, p) needed, not {outcome.shape}, {design.shape}"
        )
    n, p = design.shape[-2:]
    if n == 0 or p == 0:
        raise FitError(f"{n} rows and {p} columns: there is nothing to fit. Check the filters.")
    if vcov not in {"classical", "CR1", "CR2"}:
        hint = did_you_mean(vcov, ("classical", "CR1", "CR2"))
        raise ValueError(f"vcov must be 'classical', 'CR1' or 'CR2', not {vcov!r}.{hint}")
    if not (np.isfinite(outcome).all() and np.isfinite(design).all()):
        raise ValueError("y and x must be finite: drop rows with missing values first")
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(p))
    if len(labels) != p:
        raise ValueError(f"{len(labels)} names for {p} columns")
    if cluster is None:
        return outcome, design, None, labels
    codes = np.asarray(cluster)
    if codes.shape != (n,) or codes.dtype.kind not in "iu":
        raise ValueError(f"cluster must hold {n} integer codes, not {codes.dtype} {codes.shape}")
    if codes.min() < 0:
        raise ValueError("cluster codes must not be negative: -1 usually marks a missing cluster")
    return outcome, design, codes.astype(np.intp), labels
