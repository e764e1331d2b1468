"""Linear mixed models from a formula and a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from rmresearch.errors import FitError, kindly, nearest
from rmresearch.models.formula import (
    categories,
    check_levels,
    codes,
    labelled,
    missing_names,
    names_in,
    plain,
    split,
    unknown,
    whole_rows,
    written,
)
from rmresearch.models.kinds import matrices_by_kind
from rmresearch.models.mixed_fit import Ddf, LmmFit, Rows
from rmresearch.models.random import Grouped, RandomTerm, facts, group, in_words, parse
from rmresearch.numerics import lmm as kernel
from rmresearch.numerics.lmm.confounded import refuse_confounded
from rmresearch.numerics.lmm.robust import RobustMixed
from rmresearch.numerics.lmm.robust import robust as sandwich

__all__ = ["lmm"]

Codes = NDArray[np.intp]

#: SD of a random effect over the residual's from which a search may end in rounding
SHARP = 300


@kindly
def lmm(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    ddf: Ddf = "satterthwaite",
    robust: Literal["CR2"] | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> LmmFit:
    """A linear mixed model with small-sample inference, by exact REML (or ML).

    ``formula`` is R's lme4's: ``"score ~ wave * arm + (1 | pair/person)"``, ``(1 + t | g)`` with
    correlated effects, ``(t || g)`` without correlations, ``(1 | a:b)``, crossed terms side by
    side; the fixed part as in ``rm.ols``. ``ddf``: Satterthwaite's, or Kenward and Roger's
    standard errors and df. ``robust="CR2"`` replaces both by cluster-robust standard errors with
    Satterthwaite's df; ``cluster`` is then a column at least as coarse as the model's independent
    units, by default these units. Rows with a missing value in one of the formula's columns are
    dropped and counted. Raises ``ValueError`` for a formula or word that cannot be read,
    ``FitError`` where the data do not support the model.

    >>> frame = pd.DataFrame({"pair": list("aabbcc"), "score": [1.0, 3, 5, 7, 6, 8]})
    >>> fit = lmm("score ~ 1 + (1 | pair)", frame)
    >>> fit.to_frame()[["term", "estimate", "df"]].round(6).to_numpy().tolist()
    [['Intercept', 5.0, 2.0]]
    >>> fit.variances[["group", "variance"]].round(6).to_numpy().tolist()
    [['pair', 6.0], ['Residual', 2.0]]
    """
    _check_words(ddf, robust, cluster, reml)
    text = written(formula)
    fixed, random = parse(text)
    if not random:
        raise ValueError(
            f"{formula!r} has no random term such as (1 | pair): for least squares, with standard "
            "errors by cluster, use rm.ols"
        )
    rows, terms = _rows(fixed, random, labelled(data, level, cluster), cluster)
    grouped = rows.grouped
    try:
        found = _fitted(rows, terms, reml)
        judge, cluster = _robust(found, rows, robust, cluster)
    except FitError as error:
        raise FitError(in_words(str(error), grouped)) from error
    return LmmFit(
        formula=formula,
        terms=terms,
        reml=reml,
        ddf=ddf,
        robust=robust,
        cluster=cluster,
        level=level,
        n=len(rows.y),
        n_groups={one.term.group: one.levels for one in grouped},
        dropped=len(data) - len(rows.y),
        notes=(*facts(grouped, rows.frame), *_unseen(judge, cluster, terms), *_sharp(found)),
        kernel=found,
        rows=rows,
        _robust=judge,
    )


def _rows(
    fixed: str, random: Sequence[RandomTerm], whole: pd.DataFrame, cluster: str | None
) -> tuple[Rows, tuple[str, ...]]:
    """The whole rows as arrays, and the names of the fixed part's columns."""
    _check_columns(fixed, random, cluster, whole.columns)
    named = [*names_in(fixed), *(name for term in random for name in names_in(term.effects))]
    left = [name for name in dict.fromkeys(named) if name in whole.columns]
    used = list(dict.fromkeys([*left, *(name for term in random for name in term.columns)]))
    complete = whole_rows(whole, used)
    named = used if cluster is None or cluster in used else [*used, cluster]
    kept = plain(whole[named] if complete.all() else whole.loc[complete, named])
    for name, column in categories(kept[left]).items():
        kept[name] = column
    check_levels(kept[left])
    y, x, terms, spec, kinds = matrices_by_kind(fixed, kept[left])
    return Rows(y, x, kinds, spec, group(random, kept), kept), terms


def _fitted(rows: Rows, terms: Sequence[str], reml: bool) -> kernel.MixedFit:
    design = kernel.design(rows.design, rows.terms, names=terms, kinds=rows.kinds)
    if reml:
        refuse_confounded(design)
    return kernel.fit_many(rows.y, design, reml=reml)


def _check_words(ddf: str, robust: str | None, cluster: str | None, reml: bool) -> None:
    words: tuple[tuple[str, str | None, tuple[str | None, ...]], ...] = (
        ("ddf", ddf, ("satterthwaite", "kenward-roger")),
        ("robust", robust, (None, "CR2")),
    )
    for name, given, known in words:
        if given not in known:
            near = nearest(given, known, cutoff=0.4)
            hint = f" (did you mean {near!r}?)" if near else ""
            raise ValueError(f"{name} must be {' or '.join(map(repr, known))}, not {given!r}{hint}")
    if not isinstance(reml, bool | np.bool_):
        raise TypeError(f"reml must be True (REML) or False (ML), not {reml!r}")
    if ddf == "kenward-roger" and not reml:
        raise ValueError("Kenward and Roger's df need a REML fit: leave reml=True")
    if cluster is not None and robust is None:
        raise ValueError(f'cluster={cluster!r} is for robust="CR2": add it, or leave cluster out')


def _check_columns(
    fixed: str, random: Sequence[RandomTerm], cluster: str | None, columns: pd.Index
) -> None:
    """``ValueError`` that names every term with a name that is no column, and the nearest one."""
    outcome, design = (side for _, side in split(fixed, "~"))
    found = []
    for term in [outcome, *(piece for _, piece in split(design, "+-"))]:
        found += [(term, name) for name in missing_names(term, columns)]
    for one in random:
        names = [
            *missing_names(one.effects, columns),
            *(c for c in one.columns if c not in columns),
        ]
        found += [(one.written, name) for name in names]
    if cluster is not None and cluster not in columns:
        found.append((f"cluster={cluster!r}", cluster))
    if found:
        where = ", ".join(dict.fromkeys(term for term, _ in found))
        missing = list(dict.fromkeys(name for _, name in found))
        raise ValueError(f"in {where}: {unknown('column', missing, list(columns))}")


def _robust(
    found: kernel.MixedFit, rows: Rows, robust: str | None, cluster: str | None
) -> tuple[RobustMixed | None, str | None]:
    """CR2 of the fit and the name of its clusters."""
    if robust is None:
        return None, None
    units, name = _units(rows.grouped)
    if units.max() == 0:
        raise FitError(
            f"{name} into one unit, and CR2 needs independent ones: judge such crossed groups by "
            'ddf="kenward-roger" instead'
        )
    if cluster is None:
        return sandwich(found, rows.y, rows.x, units), name
    given = codes(rows.frame[cluster], cluster)
    size = np.intp(given.max() + 1)
    cut = pd.unique(units * size + given).size - (int(units.max()) + 1)
    if cut:
        raise FitError(
            f"cluster={cluster!r} cuts through the model's independent units ({name}), so that "
            "its clusters are not independent: use a coarser column, or leave cluster out"
        )
    return sandwich(found, rows.y, rows.x, given), cluster


def _unseen(judge: RobustMixed | None, cluster: str | None, terms: Sequence[str]) -> list[str]:
    """Which standard errors CR2 understates, as one cluster alone tells of their terms."""
    if judge is None or judge.lone is None:
        return []
    found = []
    for which in judge.lone:
        told = ", ".join(term for term, mine in zip(terms, which, strict=True) if mine)
        found.append(
            f"1 of the {judge.n_clusters} clusters by {cluster} alone determines {told}: CR2 sees "
            "nothing of its errors, so that these standard errors are too small, or missing"
        )
    return found


def _sharp(found: kernel.MixedFit) -> list[str]:
    """Why a search ended nowhere: squares of the residual are lost beside those of the effects."""
    if found.converged or found.exact or np.abs(found.theta).max() < SHARP:
        return []
    return [
        f"rows of one group hardly differ: the residual's SD is less than 1/{SHARP} of a random "
        "effect's, and rounding hides the optimum. Analyse one value a group instead"
    ]


def _units(grouped: Sequence[Grouped]) -> tuple[Codes, str]:
    """The independent unit of every row: rows that share a group, directly or in steps."""
    starts = np.cumsum([0] + [one.levels for one in grouped])
    first = grouped[-1]
    size = int(starts[-1])
    ends = np.concatenate([one.codes + s for one, s in zip(grouped, starts[:-1], strict=True)])
    begins = np.tile(first.codes + starts[len(grouped) - 1], len(grouped))
    edges = sparse.coo_array((np.ones(ends.size), (begins, ends)), shape=(size, size))
    count, label = csgraph.connected_components(edges, directed=False)
    found = label[begins[: first.codes.size]].astype(np.intp)
    if count == first.levels:
        return found, first.term.group
    return found, "the rows that " + " and ".join(one.term.group for one in grouped) + " connect"
