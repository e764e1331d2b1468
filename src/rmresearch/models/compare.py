"""Likelihood-ratio tests of nested mixed models, honest about the boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.errors import FitError

if TYPE_CHECKING:
    from rmresearch.models.mixed_fit import LmmFit, Rows

__all__ = ["Comparison", "compare"]

Array = NDArray[np.float64]

#: share of a column that others may leave for it to count as theirs
SAME = 1e-8


@dataclass(frozen=True, slots=True)
class Comparison:
    """A likelihood-ratio test: ``statistic`` = how far the criterion falls from ``smaller`` to
    ``larger``, its null distribution an equal mixture of chi-squares on the ``df`` (one entry: a
    plain chi-square), ``method`` in words.
    """

    smaller: str
    larger: str
    statistic: float
    df: tuple[int, ...]
    p: float
    method: str

    def __repr__(self) -> str:
        return (
            f"{self.smaller}\nwithin {self.larger}\n\n"
            f"statistic {self.statistic:.4g}, p = {self.p:.4g} ({self.method})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Effects ``z`` (n, q) of one grouping that share a full covariance."""

    codes: NDArray[np.intp]
    z: Array

    def nests(self, other: Block) -> bool:
        """Whether this block's effects span the other's, in the same groups."""
        return np.array_equal(self.codes, other.codes) and _spans(self.z, other.z)


def compare(one: LmmFit, other: LmmFit) -> Comparison:
    """See ``LmmFit.compare``; the smaller model is the one with fewer parameters."""
    _check_alike(one, other)
    small, large = sorted([one, other], key=_parameters)
    if _parameters(small) == _parameters(large):
        raise ValueError("both models have as many parameters: neither lies within the other")
    within = _spans(large.rows.x, small.rows.x)
    same = within and len(small.terms) == len(large.terms)
    if one.reml and not (same and np.allclose(small.rows.x, large.rows.x, rtol=1e-10)):
        raise ValueError(
            "REML likelihoods of different fixed parts, or of one written differently, cannot be "
            "compared: fit both with reml=False, and for a test of variances write them alike"
        )
    if not within:
        raise ValueError(_not_nested("fixed part", small, large))
    gone, come = _difference(small.rows, large.rows)
    if not same and (gone or come):
        raise ValueError(
            "fixed and random part differ at once, and such a test has no known null distribution: "
            "change one at a time"
        )
    if same:
        df, method = _boundary(gone, come, small, large)
    else:
        k = len(large.terms) - len(small.terms)
        df, method = (k,), f"chi-square on {k} df"
    statistic = max(small.criterion - large.criterion, 0.0)
    p = float(np.mean([_tail(k, statistic) for k in df]))
    return Comparison(small.formula, large.formula, statistic, df, p, method)


def _check_alike(one: LmmFit, other: LmmFit) -> None:
    """Refuse fits of other rows, another outcome, or by another likelihood."""
    if type(other) is not type(one):
        raise TypeError(f"compare takes a second fit of rm.lmm, not {type(other).__name__}")
    if one.n != other.n:
        raise ValueError(
            f"the models stand on {one.n} and {other.n} rows ({one.dropped} and {other.dropped} "
            "dropped): drop the rows that either model cannot use before fitting both"
        )
    if not one.rows.frame.index.equals(other.rows.frame.index):
        raise ValueError("the models stand on different rows, or on the same in another order")
    if not np.array_equal(one.rows.y, other.rows.y):
        raise ValueError("the models have different outcomes: their likelihoods cannot be compared")
    if one.reml != other.reml:
        raise ValueError("one model is fitted by REML, the other by ML: fit both alike")
    if not (one.converged and other.converged):
        raise FitError("a model that did not converge has no maximum of its likelihood to compare")


def _parameters(fit: LmmFit) -> int:
    return len(fit.terms) + int(fit.kernel.theta.size)


def _not_nested(what: str, small: LmmFit, large: LmmFit) -> str:
    return f"the {what} of {small.formula!r} does not lie within that of {large.formula!r}"


def _spans(wide: Array, narrow: Array) -> bool:
    """Whether the columns of ``wide`` (n, p) make up those of ``narrow`` (n, q)."""
    a, b = (m / np.linalg.norm(m, axis=0) for m in (wide, narrow))
    left = b - a @ np.linalg.lstsq(a, b, rcond=None)[0]
    return bool((np.linalg.norm(left, axis=0) < SAME).all())


def _difference(small: Rows, large: Rows) -> tuple[list[Block], list[Block]]:
    """Blocks of effects that only the smaller, and that only the larger model has."""
    gone, come = _blocks(small), []
    for block in _blocks(large):
        twin = next((b for b in gone if b.nests(block) and block.nests(b)), None)
        if twin is None:
            come.append(block)
        else:
            gone.remove(twin)
    return gone, come


def _blocks(rows: Rows) -> list[Block]:
    # Codes count groups in order of appearance, so that equal groupings have equal codes.
    found = []
    for one in rows.grouped:
        parts = [one.z] if one.term.correlated else [column[:, None] for column in one.z.T]
        found += [Block(one.codes, z) for z in parts]
    return found


def _boundary(
    gone: Sequence[Block], come: Sequence[Block], small: LmmFit, large: LmmFit
) -> tuple[tuple[int, ...], str]:
    """df and name of the null distribution where only the random part differs."""
    if len(come) != 1 or not all(come[0].nests(block) for block in gone):
        if not gone:
            raise ValueError(_unknown_mixture(f"{len(come)} terms are added at once"))
        raise ValueError(_not_nested("random part", small, large))
    before, after = sum(block.z.shape[1] for block in gone), come[0].z.shape[1]
    edge = (
        "; the smaller model is itself singular, so that p is an approximation"
        if small.singular
        else ""
    )
    if after == before + 1 and len(gone) <= 1:
        what = "one variance" if before == 0 else f"one variance and {before} covariances"
        if before == 1:
            what = "one variance and one covariance"
        return (before, after), (
            f"{what} added: 50:50 mixture of chi-squares on {before} and {after} df "
            f"(Self and Liang 1987; Stram and Lee 1994){edge}"
        )
    if after == before and not edge:
        k = after * (after + 1) // 2 - sum(b.z.shape[1] * (b.z.shape[1] + 1) // 2 for b in gone)
        return (k,), f"only covariances added: chi-square on {k} df"
    raise ValueError(
        _unknown_mixture(f"the effects of one term grow from {before} to {after}{edge}")
    )


def _unknown_mixture(what: str) -> str:
    return (
        f"{what}, and the likelihood ratio has no known null distribution: add one effect at a "
        "time, or draw outcomes from the smaller model by simulate() and refit both"
    )


def _tail(df: int, statistic: float) -> float:
    """P(chi-square >= statistic); on 0 df all of it lies at 0."""
    return float(special.chdtrc(df, statistic)) if df else float(statistic <= 0)
