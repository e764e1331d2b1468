"""What estimating the variances adds: where rows are absent, and by dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rmresearch.numerics import lmm
from rmresearch.numerics.contrast import judged
from rmresearch.numerics.dense_route import dense_allowance
from rmresearch.numerics.lmm.weights import allowing


def paired(replicates: int = 4) -> tuple[Any, Any, Any, list[lmm.Term]]:
    """Eight pairs of two people at three waves: y (R, 48), x, the pair, and nested terms."""
    rng = np.random.default_rng(9)
    person = np.repeat(np.arange(16), 3)
    pair, time = person // 2, np.tile([0.0, 1, 2], 16)
    x = np.column_stack([np.ones(48), time, pair % 2, (pair % 2) * time])
    y = rng.normal(size=(replicates, 8))[:, pair] + rng.normal(size=(replicates, 16))[:, person]
    y = y + 0.5 * rng.normal(size=(replicates, 8))[:, pair] * time
    y = y + rng.normal(size=(replicates, 48))
    one = np.ones((48, 1))
    return y, x, pair, [lmm.Term(person, one), lmm.Term(pair, np.column_stack([one, time]))]


def test_whole_rows_give_what_shared_sums_give() -> None:
    y, x, _, terms = paired()
    found = lmm.fit(y, x, terms)
    # told that all rows are there, each replicate sums its own
    own = lmm.fit_many(y, lmm.design(x, terms), present=np.ones(y.shape, bool))
    for weights in np.eye(4):
        ours, theirs = own.kenward_roger(weights), found.kenward_roger(weights)
        # two searches end within 1e-8 of one minimum
        assert ours.se == pytest.approx(theirs.se, rel=1e-7)
        assert ours.df == pytest.approx(theirs.df, rel=1e-7)


@pytest.mark.parametrize("together", [True, False])
def test_absent_rows_are_as_if_never_there(together: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not together:  # every block by itself, whatever is alike
        monkeypatch.setattr("rmresearch.numerics.lmm.absent.parted", lambda *_: None)
    y, x, _, terms = paired()
    present = np.random.default_rng(1).random(y.shape) < 0.8
    found = lmm.fit_many(y, lmm.design(x, terms), present=present)
    weights = np.array([0.0, 0, 1, 2])
    adjusted = found.kenward_roger(weights)
    for r, rows in enumerate(present):
        own = [lmm.Term(np.asarray(t.group)[rows], np.asarray(t.z)[rows]) for t in terms]
        alone = lmm.fit(y[r, rows], x[rows], own).kenward_roger(weights)
        # two searches end within 1e-8 of one minimum
        assert adjusted.se[r] == pytest.approx(alone.se, rel=1e-7)
        assert adjusted.df[r] == pytest.approx(alone.df, rel=1e-6)


def test_dense_matrices_give_the_same_factor_in_any_units() -> None:
    y, x, pair, terms = paired(1)
    # with whole pairs the weights are the same whatever the variances
    kept = np.random.default_rng(2).permutation(48)[:36]
    x, pair = x[kept], pair[kept]
    terms = [lmm.Term(np.asarray(t.group)[kept], np.asarray(t.z)[kept]) for t in terms]
    found = lmm.fit(y[0, kept], x, terms)
    v, parts = float(found.sigma2) * np.eye(36), [np.eye(36)]
    for term, d in zip(terms, found.covariances, strict=True):
        group, z = np.asarray(term.group), np.asarray(term.z)
        same = (group[:, None] == group).astype(float)
        v = v + same * (z @ d @ z.T)
        for i in range(z.shape[1]):
            for j in range(i, z.shape[1]):
                one = np.outer(z[:, i], z[:, j])
                parts.append(same * (one if i == j else one + one.T))
    weights = np.array([0.0, 0, 1, 2])
    ratio = (found.kenward_roger(weights).se / found.contrast(weights).se) ** 2
    assert ratio > 1.0
    assert dense_allowance(x, v, parts, pair, weights) == pytest.approx(ratio, rel=1e-10)
    units = np.array([1.0, 1e6, 1e-6, 1.0])
    scaled = [part * size for part, size in zip(parts, (1e-4, 3.0, 1e5, 7.0, 1e-3), strict=True)]
    again = dense_allowance(x * units, v, scaled, pair, weights * units)
    assert again == pytest.approx(ratio, rel=1e-8)  # trust.md section 3


def test_the_allowance_is_never_below_one_and_passes_what_has_no_test() -> None:
    plain, own = judged(2.0, 0.25, 9.0, False), judged(2.0, 0.2, 9.0, False)
    smaller = judged(2.0, 0.1, 9.0, False)
    assert allowing(plain, own, smaller).se == plain.se
    larger = allowing(plain, own, judged(2.0, 0.4, 9.0, False))
    assert larger.se == pytest.approx(np.sqrt(0.5), rel=1e-12)
    assert (larger.estimate, larger.df) == (2.0, 9.0)
    nothing = judged(2.0, 0.25, 0.0, False)
    assert np.isnan(allowing(nothing, own, own).p)
    assert allowing(plain, nothing, nothing).se == plain.se
