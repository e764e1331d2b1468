"""The permutation of pairings: only where the study records that chance matched the people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base.fit import valued
from rmresearch.analysis.match.features import CELLS
from rmresearch.analysis.match.models import Found
from rmresearch.analysis.match.sample import OTHER, Columns, Sample
from rmresearch.errors import FitError
from rmresearch.numerics.repair import Pairings, Repaired, pairings, studentised
from rmresearch.pairing import forbidden
from rmresearch.result import Check, Estimate

__all__ = ["Draws", "permuted"]

TEST = "permutation of pairings"
#: partners drawn in all: of many pairs fewer arrangements are drawn, but never fewer than these
NUMBERS, FEWEST = 2_000_000, 999
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Draws:
    """How many arrangements are drawn where there are too many to try all, and from which seed."""

    count: int
    seed: int


def permuted(
    found: Sample, models: Sequence[Columns], records: Sequence[Estimate], draws: Draws, into: Found
) -> None:
    """How often would other admissible partners have shown so strong an association?

    The value of "permutation" is that p-value: None where rule E6 allows none.
    """
    why = _why_not(found)
    if why:
        into.checks.append(Check(TEST, False, f"{found.about}: {why}"))
        return
    order = _order(found, models)
    count = min(draws.count, max(FEWEST, NUMBERS // len(order)))
    own, other = (_coded(codes[order]) for codes in (found.own, found.other))
    try:
        arranged = pairings(
            own[1], other[1], _allowed(found)[np.ix_(own[0], other[0])],
            rng=np.random.default_rng(draws.seed), draws=count,
        )  # fmt: skip
    except FitError as error:
        said = (
            f"{found.about}: {error} by [matching.rules], so that the pairs cannot have been drawn "
            f"by these rules. Take out of them what did not hold when the pairs were made."
        )
        into.checks.append(Check(TEST, False, said))
        return
    for one, record in zip(models, records, strict=True):
        _tested(found, one, record, (own[0], own[1], other[0]), arranged, into)


def _tested(
    found: Sample,
    one: Columns,
    record: Estimate,
    at: tuple[Codes, Codes, Codes],
    arranged: Pairings,
    into: Found,
) -> None:
    """The test of one feature; its statistic leaves room for what both people bring."""
    mine, own, them = at
    matrix = one.feature.every
    if matrix is None:
        raise FitError("the fit of all possible pairs is not kept in studies of this size")
    fit = (matrix if found.role == "senior" else matrix.T)[np.ix_(mine, them)]
    fixed, _ = found.fixed()
    trait = one.feature.traits[found.role][mine]
    columns = np.column_stack([fixed[mine], np.where(np.isfinite(trait), trait, np.nan)])
    theirs = None if one.feature.additive else one.feature.traits[OTHER[found.role]][them]
    statistic = studentised(found.y[mine], _independent(columns), own, fit, _varying(theirs))
    about = f"{found.about}, {one.feature.name}"
    try:
        result = arranged.test(statistic)
    except FitError as error:
        into.checks.append(Check(TEST, False, f"{about}: {error}."))
        return
    allowed = base.footing(one.people.cluster).p_value
    how, inexact = _words(result)
    said = f"{about}: {how}; the smallest p it can reach is {result.smallest_p:.2g}"
    into.checks.append(
        Check(
            TEST,
            result.smallest_p <= 0.05,
            said + ("." if allowed else ". With so few clusters no p-value is given."),
        )
    )
    p = result.p if allowed else None
    method = f"{how}; studentised partial coefficient{inexact if allowed else ''}"
    into.estimates.append(replace(valued(record, p, term="permutation", method=method), p=p))


def _words(result: Repaired) -> tuple[str, str]:
    if result.exact:
        return f"all {result.arrangements:,} admissible arrangements of the pairs", ""
    how = f"{result.draws:,} random ones of the admissible arrangements of the pairs"
    return how, f"; Monte Carlo error {result.mc_error:.2g}"


def _why_not(found: Sample) -> str:
    procedure = found.study.design.matching.procedure
    if procedure != "random":
        how = "nobody recorded how" if procedure == "unknown" else f"recorded as {procedure!r}"
        return (
            f"association, observational: the pairs were not drawn by lot ({how}), and "
            f"re-arranging them would find something where there is nothing."
        )
    if len(found.pairs.seniors) * len(found.pairs.juniors) > CELLS:
        return (
            f"{len(found.pairs):,} pairs are more than are re-arranged here; the model's own "
            f"p-value rests on enough of them."
        )
    return ""


def _allowed(found: Sample) -> NDArray[np.bool_]:
    """(own people, partners): the pairs that the declared rules allow."""
    pairs, study = found.pairs, found.study
    allowed = np.ones((len(pairs.seniors), len(pairs.juniors)), bool)
    rules = forbidden(study.design.matching, study.participants, pairs.seniors, pairs.juniors)
    for _, pairs_forbidden in rules:
        allowed &= ~pairs_forbidden
    return allowed if found.role == "senior" else allowed.T


def _order(found: Sample, models: Sequence[Columns]) -> Codes:
    """The pairs in an order that neither rows nor ids decide, so that draws repeat."""
    keys = [found.y[found.own], found.pre[found.own]]
    for one in models:
        keys += [one.feature.pair, one.feature.traits[found.role][found.own]]
        keys.append(one.feature.traits[OTHER[found.role]][found.other])
    return np.lexsort(keys[::-1])


def _coded(codes: Codes) -> tuple[Codes, Codes]:
    """Whom the new codes stand for, in the order of their first pair; and each pair's code."""
    first, inverse = np.unique(codes, return_index=True, return_inverse=True)[1:]
    rank = np.argsort(np.argsort(first))
    return codes[np.sort(first)], rank[inverse].astype(np.intp)


def _independent(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the columns that nobody differs in, the intercept apart."""
    spread = np.nanmax(columns, axis=0) - np.nanmin(columns, axis=0)
    return columns[:, (spread > 0) | (np.arange(columns.shape[1]) == 0)]


def _varying(trait: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if trait is None or not np.nanmax(trait) > np.nanmin(trait) else trait
