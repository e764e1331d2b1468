"""Two members of a dyad, told apart by role: the actor-partner model and what belongs to it.

Each member's outcome rests on the own and on the partner's predictor, with an intercept and slopes
for each role; the residuals of a dyad's two members have two variances and a covariance (Kenny,
Kashy and Cook 2006, chapter 7; R: ``nlme::gls`` with ``corSymm`` and ``varIdent``). REML, exact:
as both equations have the same columns, least squares by role is already generalised least
squares where every dyad has both outcomes, and only dyads that lack one need a search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from rmresearch.errors import FitError, number_of
from rmresearch.numerics.basis import Array
from rmresearch.numerics.gls import Covariance, GlsFit, Rows, gls

__all__ = ["ACTOR", "PARTNER", "DyadFit", "fit_dyads"]

#: where intercept, own and partner's slope of each role stand among the coefficients
INTERCEPT, ACTOR, PARTNER = (0, 3), (1, 4), (2, 5)
#: residual variances below this share of the outcome's own are rounding
NOTHING = 1e-20
#: a correlation of the residuals this close to 1 leaves no second member
ALIKE = 1.0 - 1e-10
#: the step of the search's second derivatives
STEP = 1e-5
#: with fewer pairs that have both scores, nothing is assumed of how the two go together
BOTH = 8


@dataclass(frozen=True, slots=True, eq=False)
class DyadFit:
    """The fitted model: ``coef`` (6,) is intercept, own, partner's slope of role 0, then of role 1.

    ``covariance`` (2, 2) of a dyad's residuals, ``fit`` the generalised least squares with it.
    ``y`` (n,), ``x`` (n, 6), ``v`` (n, n) (on demand) are the rows that a second route needs.
    """

    coef: Array
    covariance: Array
    fit: GlsFit
    y: Array
    x: Array
    cluster: NDArray[np.int64]
    _dyad: Rows = field(repr=False)
    _role: Rows = field(repr=False)

    @property
    def correlation(self) -> float | None:
        """The correlation of the two members' residuals; None where hardly a dyad has both."""
        s = self.covariance
        if _patterns(self._dyad, self._role)[0].size < BOTH:
            return None
        return float(s[0, 1] / np.sqrt(s[0, 0] * s[1, 1]))

    @property
    def v(self) -> Array:
        """The covariance (n, n) of the rows, written out."""
        among = _among(self.covariance, self._dyad, self._role)
        return np.asarray(among(np.arange(len(self.y))[None])[0])


def fit_dyads(
    y: ArrayLike, x: ArrayLike, cluster: ArrayLike, linked: ArrayLike | None = None
) -> DyadFit:
    """The actor-partner model of ``y`` (n, 2) on the predictors ``x`` (n, 2, 2).

    ``y[i, r]`` is NaN where the member of role r has no outcome; ``x[i, r]`` holds that member's
    own and the partner's predictor. ``cluster`` (n,) integer codes. Rows where ``linked`` (n,) is
    False hold single people of larger sets: no covariance is assumed there (CR2 allows for it).

    >>> import numpy as np
    >>> own = np.array([[1.0, 2], [2, 1], [3, 5], [4, 3], [5, 4], [6, 1]])
    >>> x = np.stack([own, own[:, ::-1]], axis=-1)
    >>> noise = np.array([[1.0, -1], [-1, 0], [1, 2], [-1, -1], [0, 1], [0, -1]]) / 10
    >>> found = fit_dyads(own * [0.5, 0.8] + 1 + noise, x, np.arange(6))
    >>> [round(float(one), 1) for one in found.coef[[1, 4]]]
    [0.5, 0.9]
    """
    outcome, given = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    n = len(outcome)
    both = np.ones(n, bool) if linked is None else np.asarray(linked)
    there = np.isfinite(outcome)
    _enough(there, outcome)
    dyad, role = np.nonzero(there)
    design = np.zeros((len(dyad), 6))
    for r in (0, 1):
        mine = role == r
        rows = np.column_stack([np.ones(mine.sum()), given[dyad[mine], r]])
        design[np.ix_(mine, [INTERCEPT[r], ACTOR[r], PARTNER[r]])] = rows
    # rows of a larger set are dyads of their own as far as the covariance goes
    unit = np.where(both[dyad], dyad, n + np.arange(len(dyad))).astype(np.intp)
    values = outcome[there]
    covariance = _covariance(values, design, unit, role)
    codes = np.asarray(cluster)[dyad].astype(np.int64)
    found = gls(values, design, codes, _among(covariance, unit, role))
    return DyadFit(found.coef, covariance, found, values, design, codes, unit, role)


def _enough(there: NDArray[np.bool_], y: Array) -> None:
    for r in (0, 1):
        count = int(there[:, r].sum())
        if count < 5:
            raise FitError(
                f"{number_of(count, 'outcome', 'outcomes')} of one role: the model has 3 "
                "coefficients for each, and 5 "
                f"outcomes are the least that it is fitted to."
            )


def _among(covariance: Array, dyad: Rows, role: Rows) -> Covariance:
    """The covariance among rows, cluster by cluster."""

    def one(rows: Rows) -> Array:
        who, which = dyad[rows], role[rows]
        same = who[:, :, None] == who[:, None, :]
        return np.where(same, covariance[which[:, :, None], which[:, None, :]], 0.0)

    return one


def _covariance(y: Array, x: Array, dyad: Rows, role: Rows) -> Array:
    """REML of the residuals' covariance (2, 2)."""
    sizes, left = np.zeros(2), np.zeros(len(y))
    for r in (0, 1):
        mine = role == r
        own = x[np.ix_(mine, [INTERCEPT[r], ACTOR[r], PARTNER[r]])]
        centred = own - np.column_stack(
            [np.zeros(len(own)), np.tile(own[:, 1:].mean(0), (len(own), 1))]
        )
        if np.linalg.matrix_rank(centred / np.maximum(np.linalg.norm(centred, axis=0), 1e-300)) < 3:
            raise FitError(
                "the predictors of the two members do not vary, or one determines the other: "
                "own and partner's part cannot be told apart."
            )
        answer = y[mine] - y[mine].mean()
        left[mine] = answer - centred @ np.linalg.lstsq(centred, answer, rcond=None)[0]
        sizes[r] = float(left[mine] @ left[mine]) / (mine.sum() - 3)
        if sizes[r] <= NOTHING * max(float(np.square(y[mine]).max()), 1e-300):
            raise FitError("the outcome of one role leaves no residual: nothing can be tested.")
    first, second, alone = _patterns(dyad, role)
    covariance = np.diag(sizes)
    if first.size < BOTH:
        return covariance
    if not alone.size:
        covariance[0, 1] = covariance[1, 0] = left[first] @ left[second] / (len(first) - 3)
    else:
        covariance = _searched(y, x, sizes, left, (first, second, alone), role)
    if abs(covariance[0, 1]) >= ALIKE * np.sqrt(covariance[0, 0] * covariance[1, 1]):
        raise FitError(
            "the two members' scores leave the same residuals: they are one measurement, not two."
        )
    return covariance


def _patterns(dyad: Rows, role: Rows) -> tuple[Rows, Rows, Rows]:
    """Rows of role 0 and role 1 in dyads that have both, in step; rows that stand alone."""
    order = np.lexsort((role, dyad))
    same = dyad[order][1:] == dyad[order][:-1]
    first = order[:-1][same]
    second = order[1:][same]
    alone = np.setdiff1d(order, np.concatenate([first, second]))
    return first.astype(np.intp), second.astype(np.intp), alone.astype(np.intp)


def _searched(
    y: Array, x: Array, sizes: Array, left: Array, rows: tuple[Rows, Rows, Rows], role: Rows
) -> Array:
    """The same where some stand alone, by a search over log variances and Fisher's z."""
    scale = np.sqrt(sizes)
    first, second = rows[:2]
    # an orthonormal basis by role and outcomes in residual SDs: no unit matters
    q = np.zeros_like(x)
    for r in (0, 1):
        own = np.ix_(role == r, [INTERCEPT[r], ACTOR[r], PARTNER[r]])
        q[own] = np.linalg.qr(x[own])[0]
    scaled = y / scale[role]
    model = _compressed(q, scaled, rows, role)
    start = np.zeros(3)
    if len(first) > 1:
        rough = np.corrcoef(left[first], left[second])[0, 1]
        start[2] = np.arctanh(np.clip(np.nan_to_num(rough), -0.9, 0.9))
    with np.errstate(all="ignore"):
        at = _minimised(model, start)
    if not abs(np.tanh(at[2])) < ALIKE:
        raise FitError(
            "how the two members' residuals go together cannot be found from the few pairs that "
            "have both scores."
        )
    return np.asarray(_turned(at) * np.outer(scale, scale))


def _minimised(model: _Reml, start: Array) -> Array:
    """The parameters at the criterion's minimum, NaN where it is not found by its gradient."""
    try:
        found = optimize.minimize(model.value, start, jac=True, method="BFGS", tol=1e-8)
        at = np.asarray(found.x, dtype=float)
        for _ in range(5):  # the gradient is exact where the criterion's last digits are not
            sides = [(model.value(at + e)[1], model.value(at - e)[1]) for e in STEP * np.eye(3)]
            hessian = np.array([(up - down) / (2 * STEP) for up, down in sides])
            at = at - np.linalg.solve((hessian + hessian.T) / 2, model.value(at)[1])
        if np.abs(model.value(at)[1]).max() < 1e-6 * (model.both + model.counts.sum()):
            return at
    except np.linalg.LinAlgError:
        pass
    return np.full(3, np.nan)


def _turned(at: Array) -> Array:
    sd, rho = np.exp(at[:2] / 2), np.tanh(at[2])
    return np.array([[sd[0] ** 2, rho * sd[0] * sd[1]], [rho * sd[0] * sd[1], sd[1] ** 2]])


@dataclass(frozen=True, slots=True, eq=False)
class _Reml:
    """REML's criterion and gradient in (log variance 0, log variance 1, Fisher's z).

    ``x``, ``y`` have the data's cross-products; ``both`` dyads have both outcomes, ``counts`` (2,)
    members of each role stand alone.
    """

    x: Array
    y: Array
    rows: tuple[Rows, Rows, Rows]
    role: Rows
    both: int
    counts: Array

    def value(self, at: Array) -> tuple[float, Array]:
        """Criterion and gradient (3,)."""
        first, second, alone = self.rows
        covariance = _turned(at)
        inverse = np.asarray(np.linalg.inv(covariance), dtype=float)
        wx, wy = np.zeros_like(self.x), np.zeros_like(self.y)
        for z, w in ((self.x, wx), (self.y, wy)):
            w[first] = inverse[0, 0] * z[first] + inverse[0, 1] * z[second]
            w[second] = inverse[1, 0] * z[first] + inverse[1, 1] * z[second]
            single = np.diagonal(covariance)[self.role[alone]]
            w[alone] = z[alone] / (single[:, None] if z.ndim == 2 else single)
        gram = self.x.T @ wx
        coef = np.linalg.solve(gram, self.x.T @ wy)
        resid, left = self.y - self.x @ coef, wy - wx @ coef
        criterion = (
            self.both * np.linalg.slogdet(covariance)[1]
            + self.counts @ np.log(np.diagonal(covariance))
            + np.linalg.slogdet(gram)[1]
            + resid @ left
        )
        slopes = np.array([self._slope(d, inverse, covariance, gram, wx, left)
                           for d in _derivatives(at)])  # fmt: skip
        return float(criterion), slopes

    def _slope(
        self, d: Array, inverse: Array, v: Array, gram: Array, wx: Array, left: Array
    ) -> float:
        """Along one parameter, along which the covariance changes by ``d`` (2, 2)."""
        first, second, alone = self.rows
        single = np.diagonal(d)[self.role[alone]]
        pieces = np.concatenate([wx, left[:, None]], axis=1)
        a, b, c = pieces[first], pieces[second], pieces[alone]
        inner = d[0, 0] * a.T @ a + d[1, 1] * b.T @ b + d[0, 1] * (a.T @ b + b.T @ a)
        inner = inner + (c * single[:, None]).T @ c
        logs = self.both * np.trace(inverse @ d) + self.counts @ (np.diagonal(d) / np.diagonal(v))
        return float(logs - np.trace(np.linalg.solve(gram, inner[:-1, :-1])) - inner[-1, -1])


def _compressed(x: Array, y: Array, rows: tuple[Rows, Rows, Rows], role: Rows) -> _Reml:
    """The same problem in a few rows: triangles that keep all cross-products."""
    first, second, alone = rows
    table = np.column_stack([x, y])
    pairs = _triangle(np.column_stack([table[first], table[second]]))
    width = table.shape[1]
    parts = [pairs[:, :width], pairs[:, width:]]
    parts += [_triangle(table[alone[role[alone] == r]]) for r in (0, 1)]
    starts = np.cumsum([0] + [len(part) for part in parts])
    ranges = [np.arange(a, b) for a, b in pairwise(starts.tolist())]
    whole = np.concatenate(parts)
    return _Reml(
        x=whole[:, :-1],
        y=whole[:, -1],
        rows=(ranges[0], ranges[1], np.concatenate(ranges[2:])),
        role=np.repeat([0, 1, 0, 1], [len(part) for part in parts]),
        both=len(first),
        counts=np.bincount(role[alone], minlength=2).astype(float),
    )


def _triangle(table: Array) -> Array:
    return np.asarray(np.linalg.qr(table, mode="r"), dtype=float)


def _derivatives(at: Array) -> tuple[Array, Array, Array]:
    v = _turned(at)
    cross = v[0, 1] / 2
    slope = np.sqrt(v[0, 0] * v[1, 1]) / np.cosh(at[2]) ** 2
    return (
        np.array([[v[0, 0], cross], [cross, 0.0]]),
        np.array([[0.0, cross], [cross, v[1, 1]]]),
        np.array([[0.0, slope], [slope, 0.0]]),
    )
