"""A fitted linear mixed model and everything that can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.models.compare import Comparison, compare
from rmresearch.models.formula import weight_row
from rmresearch.models.means import Means, marginal_means
from rmresearch.models.pages import as_html, as_latex, as_text
from rmresearch.models.random import Grouped
from rmresearch.models.simulate import Bootstrap, bootstrap, simulate
from rmresearch.numerics import lmm as kernel
from rmresearch.numerics.basis import Kinds
from rmresearch.numerics.contrast import Contrast, Wald
from rmresearch.numerics.lmm.predict import RandomEffects, random_effects
from rmresearch.numerics.lmm.robust import RobustMixed

__all__ = ["Ddf", "LmmFit", "Rows"]

Array = NDArray[np.float64]
Ddf = Literal["satterthwaite", "kenward-roger"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What entered the kernel: outcome ``y`` (n,), the design, the random terms, and the formula's
    columns of these rows; ``spec`` is formulaic's account of the design.

    ``design``: its rows (n, p), or where there are ``kinds`` of rows one of each, (size, p).
    """

    y: Array
    design: Array
    kinds: Kinds | None
    spec: Any
    grouped: tuple[Grouped, ...]
    frame: pd.DataFrame

    @property
    def x(self) -> Array:
        """All rows of the design (n, p); where there are kinds, made anew each time."""
        return self.design if self.kinds is None else self.design.take(self.kinds.of, axis=0)

    @property
    def terms(self) -> list[kernel.Term]:
        """The random terms as the kernel takes them."""
        return [kernel.Term(one.codes, one.z, one.term.correlated) for one in self.grouped]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LmmFit:
    """A fitted linear mixed model: ``to_frame()`` has one row a term of the fixed part.

    ``n`` rows entered, ``dropped`` had a missing value in a column of the formula, ``n_groups``
    counts the levels of each grouping. ``notes`` says what a reader should know about the groups
    and, with ``robust``, the clusters.
    ``ddf``, ``robust``, ``cluster`` and ``level`` are as asked for; with ``robust`` every test and
    interval is CR2's by ``cluster``. ``kernel`` holds the arrays, ``rows`` what it was given.

    >>> from rmresearch.models import lmm
    >>> scores = {"pair": list("aabbcc"), "who": [1, 2] * 3, "score": [1.0, 3, 5, 8, 6, 7]}
    >>> fit = lmm("score ~ who + (1 | pair)", pd.DataFrame(scores))
    >>> fit.to_frame()["term"].tolist(), [float(one.estimate.round(6)) for one in
    ...                                   fit.judged(np.array([[0.0, 1.0]]))]
    (['Intercept', 'who'], [2.0])
    >>> fit.variances["group"].tolist(), bool(fit.icc["pair"] > 0.5)  # 6.5 of 7 by hand
    (['pair', 'Residual'], True)
    >>> fit.converged, fit.singular, bool(abs(fit.gradient).max() < 1e-4)
    (True, False, True)
    >>> fit.loglik == -fit.criterion / 2
    True
    >>> (fit.fitted + fit.residuals).round(6).tolist()
    [1.0, 3.0, 5.0, 8.0, 6.0, 7.0]
    >>> fit.random_effects()["level"].tolist(), fit.simulate(3, seed=1).shape
    (['a', 'b', 'c'], (3, 6))
    >>> "toprule" in fit.to_latex()
    True
    """

    formula: str
    terms: tuple[str, ...]
    reml: bool
    ddf: Ddf
    robust: Literal["CR2"] | None
    cluster: str | None
    level: float
    n: int
    n_groups: Mapping[str, int]
    dropped: int
    notes: tuple[str, ...]
    kernel: kernel.MixedFit
    rows: Rows
    _robust: RobustMixed | None = field(default=None)

    @property
    def criterion(self) -> float:
        """The REML criterion, or the deviance of an ML fit, as lme4 counts them."""
        return float(self.kernel.criterion)

    @property
    def loglik(self) -> float:
        """The (restricted) log-likelihood."""
        return float(self.kernel.loglik)

    @property
    def singular(self) -> bool:
        """Whether a variance is zero or a correlation 1 or -1: a valid answer, worth a look."""
        return bool(self.kernel.singular)

    @property
    def converged(self) -> bool:
        """Whether the gradient is zero at the estimates; else there is no test."""
        return bool(self.kernel.converged)

    @property
    def gradient(self) -> Array:
        """The criterion's gradient (K,) in the relative Cholesky factors, at the estimates."""
        return self.kernel.gradient

    @property
    def variances(self) -> pd.DataFrame:
        """group, name, sd, variance, correlation: one row an effect, the residual last.

        ``correlation`` is with the first effect of the same term (NaN for that one, where the
        term's effects are uncorrelated and where a variance is zero); all covariances stand in
        ``kernel.covariances``, in the same order of terms.
        """
        found = []
        for one, covariance in zip(self.rows.grouped, self.kernel.covariances, strict=True):
            sd = np.sqrt(np.diagonal(covariance))
            for j, name in enumerate(one.names):
                linked = j > 0 and one.term.correlated and sd[0] > 0 and sd[j] > 0
                r = covariance[0, j] / (sd[0] * sd[j]) if linked else np.nan
                found.append((one.term.group, name, sd[j], covariance[j, j], r))
        residual = float(self.kernel.sigma2)
        found.append(("Residual", "", np.sqrt(residual), residual, np.nan))
        return pd.DataFrame(found, columns=["group", "name", "sd", "variance", "correlation"])

    @property
    def icc(self) -> pd.Series:
        """Each grouping's share of the variance of one row, where slopes' variables are 0.

        Two rows that share a pair but no person correlate by the pair's share, two rows of one
        person (nested in the pair) by the sum of both. NaN where a term has effects but no
        intercept among categories, so that no single share exists.
        """
        table = self.variances
        at_zero = table[table["name"].isin(["Intercept", ""])]
        shares = at_zero.groupby("group", sort=False)["variance"].sum()
        shares = shares.reindex([*self.n_groups, "Residual"], fill_value=0.0)
        found = (shares / shares.sum()).drop("Residual").rename("icc")
        several = any("Intercept" not in g.names and len(g.names) > 1 for g in self.rows.grouped)
        return found * np.nan if several else found

    @property
    def fitted(self) -> pd.Series:
        """Fixed part plus predicted random effects, by the frame's index of the rows used."""
        return pd.Series(self._effects().fitted, index=self.rows.frame.index, name="fitted")

    @property
    def residuals(self) -> pd.Series:
        """Outcome minus ``fitted``, by the frame's index of the rows used."""
        return pd.Series(self._effects().residuals, index=self.rows.frame.index, name="residual")

    def random_effects(self) -> pd.DataFrame:
        """group, level, name, value, sd: one row a predicted effect, groups as they first appear.

        ``sd`` is that of predicted less true effect, the estimation of the fixed part included;
        lme4's conditional sd leaves that out.
        """
        found = self._effects()
        parts = []
        for one, values, sds in zip(self.rows.grouped, found.values, found.sd, strict=True):
            parts.append(
                pd.DataFrame(
                    {
                        "group": one.term.group,
                        "level": np.repeat(one.labels(self.rows.frame), len(one.names)),
                        "name": np.tile(one.names, one.levels),
                        "value": values.ravel(),
                        "sd": sds.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _effects(self) -> RandomEffects:
        return random_effects(self.kernel, self.rows.y, self.rows.x)

    def to_frame(self) -> pd.DataFrame:
        """term, estimate, se, df, statistic, p, low, high: one row a term, full precision."""
        found = []
        for term, one in zip(self.terms, self.judged(np.eye(len(self.terms))), strict=True):
            low, high = one.interval(self.level)
            found.append((term, one.estimate, one.se, one.df, one.t, one.p, low, high))
        names = ["term", "estimate", "se", "df", "statistic", "p", "low", "high"]
        return pd.DataFrame(found, columns=names)

    def judged(self, weights: Array) -> tuple[Contrast, ...]:
        """The contrasts in the rows of ``weights`` (c, p), each by the method asked for."""
        if self._robust is not None:
            return tuple(self._robust.contrast(row) for row in weights)
        if self.ddf == "kenward-roger":
            return self.kernel.kenward_roger_each(list(weights))
        return tuple(self.kernel.contrast(row) for row in weights)

    @overload
    def contrast(self, weights: Mapping[str, float] | Sequence[float]) -> Contrast: ...
    @overload
    def contrast(
        self, weights: Sequence[Mapping[str, float]] | Sequence[Sequence[float]] | Array
    ) -> Contrast | Wald: ...
    def contrast(self, weights: Any) -> Contrast | Wald:
        """A weighted sum of terms (t test), or several of them jointly (F test).

        ``fit.contrast({"arm[T.b]": 1, "arm[T.c]": -1})`` compares b with c;
        ``fit.contrast([{"arm[T.b]": 1}, {"arm[T.c]": 1}])`` asks whether any arm differs.
        A row of numbers, one a term, or a matrix of such rows (q, p) does as well.
        df by the chosen method; with ``robust`` the joint test is clubSandwich's HTZ. Terms that
        the model does not have, and contrasts that others determine, raise ``ValueError``.

        >>> from rmresearch.models import lmm
        >>> scores = {"pair": list("aabbcc"), "who": [1, 2] * 3, "score": [1.0, 3, 5, 8, 6, 7]}
        >>> fit = lmm("score ~ who + (1 | pair)", pd.DataFrame(scores))
        >>> found = fit.contrast({"who": 1})
        >>> float(found.estimate.round(6)), float(found.df.round(6))
        (2.0, 2.0)
        """
        if isinstance(weights, np.ndarray):
            weights = weights.tolist()
        if isinstance(weights, (str, Mapping)) or (weights and isinstance(weights[0], Real)):
            return self.judged(weight_row(weights, self.terms)[None])[0]
        if not weights:
            raise ValueError(f"no contrast given; the model has {', '.join(self.terms)}")
        matrix = np.array([weight_row(one, self.terms) for one in weights])
        if self._robust is not None:
            return self._robust.wald(matrix)
        return self.kernel.wald(matrix, ddf=self.ddf)

    def means(
        self,
        factors: str | Sequence[str],
        *,
        by: str | Sequence[str] = (),
        at: Mapping[str, Any] | None = None,
    ) -> Means:
        """Estimated marginal means of ``factors`` and their pairwise differences, within ``by``.

        As R's emmeans: every combination of the other factors weighs the same, numbers stand at
        their mean over the rows used, unless ``at`` gives a value or several. No adjustment for
        the number of differences. See ``Means``. ``ValueError`` for what the fixed part lacks.

        >>> from rmresearch.models import lmm
        >>> scores = {"pair": list("aabbcc"), "who": list("xyxyxy"), "score": [1.0, 3, 5, 8, 6, 7]}
        >>> means = lmm("score ~ who + (1 | pair)", pd.DataFrame(scores)).means("who")
        >>> means.table[["who", "estimate"]].round(6).to_numpy().tolist()
        [['x', 4.0], ['y', 6.0]]
        >>> means.differences[["contrast", "estimate"]].round(6).to_numpy().tolist()
        [['x - y', -2.0]]
        """
        return marginal_means(self, factors, by, at or {})

    def compare(self, other: LmmFit) -> Comparison:
        """The likelihood-ratio test of two nested fits of the same rows, in either order.

        Where one variance is added (alone, or with its covariances to q effects) the null
        distribution is the 50:50 mixture of chi-squares on q and q + 1 df (Self and Liang 1987;
        Stram and Lee 1994). ``ValueError`` for what cannot be compared, or has no known one.

        >>> from rmresearch.models import lmm
        >>> scores = {"pair": list("aabbcc"), "who": [1, 2] * 3, "score": [1.0, 3, 5, 8, 6, 7]}
        >>> frame = pd.DataFrame(scores)
        >>> fits = [lmm(f"score ~ {x} + (1 | pair)", frame, reml=False) for x in ("1", "who")]
        >>> fits[1].compare(fits[0]).method
        'chi-square on 1 df'
        """
        return compare(self, other)

    def simulate(self, n: int, seed: int) -> Array:
        """``n`` outcome vectors (n, rows) from the fitted model, new random effects in each.

        Replicate r depends on ``seed`` and r only. ``FitError`` where the fit did not converge.
        """
        return simulate(self, n, seed)

    def bootstrap(self, n: int, seed: int) -> Bootstrap:
        """``n`` outcome vectors from the fitted model, refitted: percentile intervals.

        >>> from rmresearch.models import lmm
        >>> frame = pd.DataFrame({"pair": list("aabbcc"), "score": [1.0, 3, 5, 8, 6, 7]})
        >>> found = lmm("score ~ 1 + (1 | pair)", frame).bootstrap(50, seed=1).to_frame()
        >>> found[["part", "term"]].to_numpy().tolist()
        [['fixed', 'Intercept'], ['variance', 'Intercept'], ['variance', '']]
        """
        return bootstrap(self, n, seed)

    def to_latex(self) -> str:
        """The fixed effects for LaTeX (package booktabs); caption and note say the rest."""
        return as_latex(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)
