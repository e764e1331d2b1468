"""Least squares from a formula and a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.display.grid import paragraph
from rmresearch.errors import kindly
from rmresearch.models.formula import (
    categories,
    check_levels,
    codes,
    labelled,
    matrices,
    missing_names,
    names_in,
    plain,
    unknown,
    weight_row,
    whole_rows,
    written,
)
from rmresearch.models.pages import plotted, terms_grid
from rmresearch.numerics import robust

__all__ = ["OlsFit", "ols"]


@dataclass(frozen=True, slots=True, eq=False)
class OlsFit:
    """A fitted linear model: ``to_frame()`` has one row a term.

    ``n`` rows entered, ``dropped`` had a missing value in the formula's columns, ``n_clusters``
    (``n`` where none were given), ``r2`` about the mean where the model has an intercept, about 0
    otherwise. ``vcov`` and ``level`` are as asked for; ``kernel`` holds the arrays.
    """

    formula: str
    terms: tuple[str, ...]
    vcov: robust.Variance
    level: float
    cluster: str | None
    n: int
    n_clusters: int
    dropped: int
    r2: float
    kernel: robust.Fit = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """term, estimate, se, df, statistic, p, low, high: one row a term, full precision."""
        unit = np.eye(len(self.terms))
        rows = []
        for term, weights in zip(self.terms, unit, strict=True):
            found = self.kernel.contrast(weights)
            low, high = found.interval(self.level)
            rows.append((term, found.estimate, found.se, found.df, found.t, found.p, low, high))
        names = ["term", "estimate", "se", "df", "statistic", "p", "low", "high"]
        return pd.DataFrame(rows, columns=names)

    def contrast(
        self, weights: Mapping[str, float] | Sequence[float] | NDArray[np.float64]
    ) -> robust.Contrast:
        """A weighted sum: ``{"arm[T.mentor]": 1, "arm[T.class]": -1}``, or a number a term."""
        return self.kernel.contrast(weight_row(weights, self.terms))

    def wald(self, terms: Iterable[str]) -> robust.Wald:
        """Whether all of ``terms`` are zero (CR2: approximate Hotelling T-squared)."""
        rows = [weight_row({term: 1.0}, self.terms) for term in terms]
        if not rows:
            raise ValueError(f"terms is empty; the model has {', '.join(self.terms)}")
        return self.kernel.wald(np.array(rows))

    def to_latex(self) -> str:
        """The coefficients for LaTeX (package booktabs); the caption says the rest."""
        caption = f"{self.formula}. {self._about()}."
        return terms_grid(self.to_frame(), self.level, caption).to_latex()

    def __repr__(self) -> str:
        table = terms_grid(self.to_frame(), self.level, self.formula)
        return f"{table.to_text()}\n{self._about()}"

    def _repr_html_(self) -> str:
        terms = self.to_frame()
        return (
            f"{paragraph(f'{self.formula} · {self._about()}')}{plotted(terms, self.level)}"
            f"{terms_grid(terms, self.level, 'Coefficients').to_html()}"
        )

    def _about(self) -> str:
        where = f" by {self.cluster}" if self.cluster else ""
        return (
            f"{self.vcov}{where} · {self.n} rows, {self.n_clusters} clusters, "
            f"{self.dropped} rows dropped, R² {self.r2:.3f}"
        )


@kindly
def ols(
    formula: str,
    frame: pd.DataFrame,
    *,
    cluster: str | None = None,
    vcov: robust.Variance = "CR2",
    level: float = 0.95,
) -> OlsFit:
    """Least squares with standard errors that survive clusters and unequal variances.

    ``formula`` is R's (``"post ~ arm + pre"``; text columns become treatment contrasts against
    their first level; ``^`` inside a function call is a power). ``cluster`` names the column of
    independent units. ``vcov`` is "CR2" (Satterthwaite df; HC2 without clusters), "CR1" (Stata's
    factor, G - 1 df; HC1 and n - p without clusters) or "classical". Rows with a missing value in
    the formula's columns are dropped and counted. Raises ``ValueError`` for unknown columns or a
    formula that cannot be read, ``FitError`` where the data do not support the model.

    >>> frame = pd.DataFrame({"post": [1.0, 3, 2, 5, 4, 7], "arm": list("aabbab")})
    >>> fit = ols("post ~ arm", frame)
    >>> fit.to_frame()[["term", "estimate"]].round(3).to_numpy().tolist()
    [['Intercept', 2.667], ['arm[T.b]', 2.0]]
    >>> float(fit.contrast({"arm[T.b]": 1}).estimate.round(6)), bool(fit.wald(["arm[T.b]"]).p < 1)
    (2.0, True)
    >>> "toprule" in fit.to_latex()
    True
    """
    text = written(formula)
    rows = labelled(frame, level, cluster)
    missing = missing_names(text, rows.columns)
    missing += [cluster] if cluster is not None and cluster not in rows.columns else []
    if missing:
        raise ValueError(unknown("column", missing, list(rows.columns)))
    used = [name for name in names_in(text) if name in rows.columns]
    kept = rows[whole_rows(rows, used)].reset_index(drop=True)
    for name, column in categories(plain(kept[used])).items():
        kept[name] = column
    check_levels(kept[used])
    y, x, terms, _ = matrices(text, kept)
    unit = None if cluster is None else codes(kept[cluster], cluster)
    found = robust.fit(y, x, unit, vcov=vcov, names=terms)
    return OlsFit(
        formula=formula,
        terms=terms,
        vcov=vcov,
        level=level,
        cluster=cluster,
        n=found.n,
        n_clusters=found.n_clusters,
        dropped=len(rows) - found.n,
        r2=_r2(y, found),
        kernel=found,
    )


def _r2(y: NDArray[np.float64], found: robust.Fit) -> float:
    centre = y.mean() if found.intercept else 0.0
    total = float(((y - centre) ** 2).sum())
    return 1.0 - float((found.resid**2).sum()) / total if total > 0 else float("nan")
