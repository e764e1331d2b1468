"""A formula and a data frame in front of a kernel."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics import robust

__all__ = ["OlsFit", "ols"]

#: a name as a formula writes it: quoted in backticks, or dotted words
_NAME = re.compile(r"`(?P<quoted>[^`]+)`|(?P<plain>[^\W\d][\w.]*)(?P<after>\s*(?:\(|=(?!=)))?")
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS = frozenset({"True", "False", "None", "and", "or", "not", "in", "is", "if", "else"})


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

    def contrast(self, weights: Mapping[str, float]) -> robust.Contrast:
        """A weighted sum of terms, such as ``{"arm[T.mentor]": 1, "arm[T.class]": -1}``."""
        return self.kernel.contrast(self._row(weights))

    def wald(self, terms: Iterable[str]) -> robust.Wald:
        """Whether all of ``terms`` are zero (CR2: approximate Hotelling T-squared)."""
        rows = [self._row({term: 1.0}) for term in terms]
        if not rows:
            raise ValueError(f"terms is empty; the model has {', '.join(self.terms)}")
        return self.kernel.wald(np.array(rows))

    def _row(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        row = np.zeros(len(self.terms))
        for term, weight in weights.items():
            if term not in self.terms:
                raise ValueError(_unknown("term", [term], self.terms))
            row[self.terms.index(term)] = weight
        return row

    def _repr_html_(self) -> str:
        where = f" by {self.cluster}" if self.cluster else ""
        table = self.to_frame().to_html(index=False, float_format=lambda x: f"{x:.4g}")
        note = (
            f"{self.formula} · {self.vcov}{where} · {self.n} rows, {self.n_clusters} clusters, "
            f"{self.dropped} rows dropped, R² {self.r2:.3f}"
        )
        return f"{table}<p>{_escaped(note)}</p>"


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
    """
    text = _python_powers(formula)
    rows = frame.reset_index(drop=True)
    rows.columns = rows.columns.map(str)
    _check_arguments(text, rows, cluster, level)
    used = [name for name in _names(text) if name in rows.columns]
    whole = rows.loc[:, used].notna().all(axis=1)
    kept = rows[whole].reset_index(drop=True)
    if kept.empty:
        raise FitError(
            f"none of the {len(rows)} rows has a value in all of {', '.join(used) or formula}. "
            "Check the filters, or leave out the column that is empty."
        )
    _check_levels(kept[used])
    y, x, terms = _matrices(text, kept)
    codes = None if cluster is None else _codes(kept[cluster], cluster)
    found = robust.fit(y, x, codes, vcov=vcov, names=terms)
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


def _check_arguments(text: str, rows: pd.DataFrame, cluster: str | None, level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    double = rows.columns[rows.columns.duplicated()].unique().tolist()
    if double:
        raise ValueError(f"the frame has several columns called {', '.join(double)}: rename them")
    known = set(rows.columns) | _WORDS
    missing = [name for name in _names(text) if name not in known and "." not in name]
    missing += [cluster] if cluster is not None and cluster not in rows.columns else []
    if missing:
        raise ValueError(_unknown("column", missing, list(rows.columns)))


def _check_levels(columns: pd.DataFrame) -> None:
    # formulaic would leave such a column out of the design without a word.
    text = columns.select_dtypes(exclude=["number", "bool", "datetime", "timedelta"])
    single = [str(name) for name in text.columns if text[name].nunique() < 2]
    if single:
        raise FitError(
            f"{', '.join(single)}: the {len(columns)} rows without missing values hold one value "
            "only, so that nothing can be compared. Leave it out, or check what was dropped."
        )


def _matrices(
    text: str, rows: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """The outcome (n,), the design (n, p) and the design's column names."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    columns = {
        str(name): column.cat.remove_unused_categories()
        for name, column in rows.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    }
    try:
        parsed = Formula(text)
        if not (hasattr(parsed, "lhs") and hasattr(parsed, "rhs")) or isinstance(parsed.rhs, tuple):
            raise ValueError(
                f"{text!r}: write one outcome and one design, as in 'post ~ arm + pre'"
            )
        with np.errstate(all="ignore"):  # what is not finite is named below
            made = parsed.get_model_matrix(rows.assign(**columns), na_action="ignore")
    except FormulaicError as error:
        reason = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).split("\n")[0]
        raise ValueError(f"the formula {text!r} cannot be read: {reason}") from error
    if made.lhs.shape[1] != 1:
        raise ValueError(
            f"the outcome of {text!r} must be one numeric column, not "
            f"{', '.join(map(str, made.lhs.columns))}"
        )
    if made.rhs.shape[1] == 0:
        raise ValueError(f"{text!r} has no design: nothing stands right of ~")
    _check_finite(made.lhs, made.rhs)
    terms = tuple(str(name) for name in made.rhs.columns)
    return made.lhs.to_numpy(float)[:, 0], made.rhs.to_numpy(float), terms


def _check_finite(*parts: pd.DataFrame) -> None:
    found = []
    for part in parts:
        values = part.to_numpy(float)
        bad = (~np.isfinite(values)).sum(axis=0)
        found += [f"{name} ({k} rows)" for name, k in zip(part.columns, bad, strict=True) if k]
    if found:
        raise FitError(
            f"not a finite number, although the columns behind it are filled: {', '.join(found)}. "
            "Look for logarithms of 0 or below, divisions by 0 and infinite values."
        )


def _codes(column: pd.Series, name: str) -> NDArray[np.intp]:
    missing = int(column.isna().sum())
    if missing:
        raise FitError(
            f"the cluster column {name!r} is empty in {missing} of the {len(column)} rows that "
            "enter the model. Fill it, or drop those rows and say so."
        )
    return np.asarray(pd.factorize(column)[0], dtype=np.intp)


def _r2(y: NDArray[np.float64], found: robust.Fit) -> float:
    centre = y.mean() if found.intercept else 0.0
    total = float(((y - centre) ** 2).sum())
    return 1.0 - float((found.resid**2).sum()) / total if total > 0 else float("nan")


def _names(text: str) -> list[str]:
    """Every name in a formula that is not a function, an argument's name or quoted text."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(_TEXT.sub(" ", text)):
        if match["after"] is None:
            found[match["quoted"] or match["plain"]] = None
    return list(found)


def _python_powers(formula: str) -> str:
    """``^`` inside calls and braces becomes ``**``: there formulaic evaluates Python, where ``^``
    is exclusive or. Outside it is R's crossing to a power, which formulaic knows.
    """
    out: list[str] = []
    depth: list[bool] = []  # one entry an open bracket: does it hold Python?
    quote = ""
    for position, char in enumerate(formula):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "({[":
            before = formula[:position].rstrip()[-1:]
            call = char == "{" or (char == "(" and (before.isalnum() or before in {"_", "."}))
            depth.append((bool(depth) and depth[-1]) or (call and before != ""))
        elif char in ")}]" and depth:
            depth.pop()
        elif char == "^" and depth and depth[-1]:
            char = "**"
        out.append(char)
    return "".join(out)


def _unknown(what: str, missing: Sequence[str], known: Sequence[str]) -> str:
    parts = []
    for name in missing:
        near = difflib.get_close_matches(name, known, n=1)
        parts.append(f"no {what} {name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    return f"{'; '.join(parts)}. There are: {', '.join(known)}."


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
