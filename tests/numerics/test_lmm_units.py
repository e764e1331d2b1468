"""Units and kinds of rows against the same data row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Kinds
from rmresearch.numerics.lmm import Design, Term, design, fit_many, units
from rmresearch.numerics.lmm.blocks import families
from rmresearch.numerics.lmm.predict import random_effects
from rmresearch.numerics.lmm.robust import robust
from rmresearch.numerics.lmm.sufficient import gaussian
from rmresearch.numerics.lmm.terms import prepare

Array = NDArray[np.float64]
N = 260


@dataclass(frozen=True)
class Case:
    """Rows of few kinds, groups nested in one another, three outcomes."""

    few: Array
    kinds: Kinds
    codes: list[NDArray[np.intp]]
    terms: list[Term]
    y: Array

    @property
    def x(self) -> Array:
        return self.few[self.kinds.of]


def case(depth: int, seed: int) -> Case:
    """``depth`` levels of groups: sites, pairs, people, of unequal sizes."""
    rng = np.random.default_rng(seed)
    pair = rng.integers(0, 30, N)
    person = 2 * pair + rng.integers(0, 2, N)
    codes = [pair % 6, pair, person][3 - depth :]
    arm, wave = (one.ravel() for one in np.indices((2, 3)))
    few = np.column_stack([np.ones(6), arm, wave, arm * wave == 2]).astype(float)
    kinds = Kinds(3 * (pair % 2) + rng.integers(0, 3, N), 6)
    y = rng.normal(size=(3, N)) + few[kinds.of] @ [2024.0, 1, 0.5, 0]
    for one in codes:
        y += 0.8 * rng.normal(size=(3, 60))[:, one]
    # An intercept may be written in any unit, and of either sign.
    terms = [Term(one, size * np.ones(N)) for one, size in zip(codes, (1, -2, 0.5), strict=False)]
    return Case(few, kinds, [np.unique(one, return_inverse=True)[1] for one in codes], terms, y)


def pair_of(one: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[Design, Design]:
    """The design by units and kinds, and by rows."""
    rows = design(one.x, one.terms)
    monkeypatch.setattr(units, "LONG", 1)
    brief = design(one.few, one.terms, kinds=one.kinds)
    assert brief.units is not None
    assert rows.units is None
    return brief, rows


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_units_give_what_rows_give(depth: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To 1e-8: Newton's last step stops at 1e-10 of a criterion that is flat there."""
    one = case(depth, seed)
    brief, rows = pair_of(one, monkeypatch)
    assert (brief.n, brief.touched) == (rows.n, rows.touched)
    for reml in (True, False):
        ours, theirs = (fit_many(one.y, made, reml=reml) for made in (brief, rows))
        np.testing.assert_allclose(ours.criterion, theirs.criterion, atol=1e-8)
        np.testing.assert_allclose(ours.coef, theirs.coef, rtol=1e-8)
        np.testing.assert_allclose(ours.se, theirs.se, rtol=1e-8)
        np.testing.assert_allclose(ours.df, theirs.df, rtol=1e-6)
    present = np.random.default_rng(3).random((3, N)) < 0.8
    ours, theirs = (fit_many(one.y, made, present=present) for made in (brief, rows))
    np.testing.assert_allclose(ours.criterion, theirs.criterion, atol=1e-8)
    np.testing.assert_allclose(ours.se, theirs.se, rtol=1e-8)
    every = np.eye(ours.coef.shape[-1])
    adjusted = [
        np.concatenate([part.covariance(every) for part in made._adjusted()])
        for made in (ours, theirs)
    ]
    there = [
        made._back @ v @ made._back.T for made, v in zip((ours, theirs), adjusted, strict=True)
    ]
    np.testing.assert_allclose(there[0], there[1], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("depth", [1, 3])
def test_predictions_and_robust_errors(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = case(depth, 4)
    fits = [fit_many(one.y, made) for made in pair_of(one, monkeypatch)]
    ours, theirs = (random_effects(made, one.y, one.x) for made in fits)
    for mine, other in zip(ours.values + ours.sd, theirs.values + theirs.sd, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.fitted, theirs.fitted, rtol=1e-9)
    cluster = one.codes[0]
    se = [robust(made, one.y, one.x, cluster).se for made in fits]
    np.testing.assert_allclose(se[0], se[1], rtol=1e-8)


def test_drawn_statistics_are_of_the_same_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each type's blocks, and the squares of its Z, x and Z'x, which no turn of x changes."""
    one = case(2, 5)
    found = []
    for made in pair_of(one, monkeypatch):
        drawn = gaussian(made, [0.0] * 4, [[[1.0]], [[0.5]]], 1.0)
        types = (kind for family in drawn.types for kind in family)
        squares = [
            (t.count, *((part**2).sum() for part in (t.z, t.x, t.z @ t.x.T, t.root))) for t in types
        ]
        found.append((np.array(sorted(np.round(squares, 9).tolist())), drawn.outside))
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-8)
    assert found[0][1] == found[1][1]


def test_blocks_of_units_are_those_of_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z'Z and its classes, and Z'y of every block, against a loop over rows."""
    one = case(3, 6)
    ready = prepare(one.terms, N)
    monkeypatch.setattr(units, "LONG", 1)
    kinds, brief = units.united(ready)
    assert kinds is not None
    assert kinds.size == one.codes[-1].max() + 1
    made = families(brief, kinds.counts())
    assert (
        sum(int((family.g.trace(axis1=1, axis2=2) * family.counts).sum()) for family in made)
        == 3 * N
    )
    y = one.y[:1].T
    found = sorted(
        round(float(value), 9)
        for family in made
        for value in (family.gather @ kinds.sums(y)).ravel()
    )
    sign = [1, -1, 1]
    want = [
        round(s * sum(y[i, 0] for i in range(N) if codes[i] == level), 9)
        for s, codes in zip(sign, one.codes, strict=True)
        for level in range(codes.max() + 1)
    ]
    assert found == pytest.approx(sorted(want), abs=1e-8)


def test_what_has_no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crossed groups, slopes and short data stay rows."""
    rng = np.random.default_rng(7)
    monkeypatch.setattr(units, "LONG", 100)
    for n, terms in (
        (
            200,
            [
                Term(rng.integers(0, 9, 200), np.ones(200)),
                Term(rng.integers(0, 7, 200), np.ones(200)),
            ],
        ),
        (200, [Term(rng.integers(0, 9, 200), rng.normal(size=(200, 2)))]),
        (90, [Term(rng.integers(0, 9, 90), np.ones(90))]),
    ):
        assert units.united(prepare(terms, n))[0] is None


def test_kinds_and_their_rows_must_match() -> None:
    one = case(1, 8)
    with pytest.raises(ValueError, match=r"x \(5, 4\) must have a row for each of 6 kinds"):
        design(one.few[:5], one.terms, kinds=one.kinds)
    twice = np.column_stack([one.few, one.few[:, 1]])
    with pytest.raises(FitError, match=r"'x4' is determined by 'x1' \(n = 260\)"):
        design(twice, one.terms, kinds=one.kinds)
