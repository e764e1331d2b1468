"""Many fits with columns of their own: each against `lmm`, `gls` and what is known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rmresearch.numerics import lmm
from rmresearch.numerics.gls import gls
from rmresearch.numerics.lmm.robust import robust
from rmresearch.numerics.many_gls import many_gls
from rmresearch.numerics.many_intercepts import many_intercepts
from rmresearch.numerics.roots import bracketed

#: `lmm`'s search ends at 1e-17 of the criterion: variances are known to some 1e-9
NEAR = 1e-8


def drawn(
    sd: float, replicates: int = 12, groups: int = 14, size: int = 3, seed: int = 2
) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(replicates, groups, size, 4))
    x[..., 0] = 1.0
    x[..., 1] += rng.normal(size=(replicates, groups, 1))
    y = x @ np.array([100.0, 0.5, 0.2, -0.3]) + sd * rng.normal(size=(replicates, groups, 1))
    return y + 0.8 * rng.normal(size=y.shape), x, rng.random(y.shape) < 0.8


def alone(y: Any, x: Any, there: Any, r: int) -> tuple[Any, Any, Any, Any]:
    rows = there[r].ravel()
    group = np.repeat(np.arange(y.shape[1]), y.shape[2])[rows]
    outcome, design = y[r].ravel()[rows], x[r].reshape(-1, x.shape[-1])[rows]
    terms = [lmm.Term(group, np.ones((rows.sum(), 1)))]
    return lmm.fit(outcome, design, terms), outcome, design, group


@pytest.mark.parametrize("sd", [0.0, 0.4, 2.0], ids=["nothing shared", "some", "much"])
def test_each_replicate_is_as_if_alone(sd: float) -> None:
    y, x, there = drawn(sd)
    found = many_intercepts(y, x, there)
    assert found.fit.known.all()
    assert (found.ratio == 0).any() == (sd < 1)
    for r in range(len(y)):
        one, outcome, design, group = alone(y, x, there, r)
        assert found.sigma2[r] == pytest.approx(one.sigma2, rel=NEAR)
        size = found.ratio[r] * found.sigma2[r]
        assert size == pytest.approx(one.covariances[0][0, 0], rel=NEAR, abs=1e-12)
        assert found.fit.coef[r] == pytest.approx(one.coef, rel=NEAR)
        sandwich = robust(one, outcome, design, group)
        for weights in np.eye(4)[1:]:
            for many, single in (
                (found.fit.contrast(weights), sandwich.contrast(weights)),
                (found.kenward_roger(weights), one.kenward_roger(weights)),
            ):
                for name in ("estimate", "se", "df", "p"):
                    left, right = getattr(many, name)[r], getattr(single, name)
                    assert left == pytest.approx(right, rel=NEAR, abs=1e-9), name


def test_balanced_groups_have_the_textbooks_variances() -> None:
    """Mean squares of a one-way layout: the residual's, and (between - within) / size."""
    y = np.random.default_rng(4).normal(size=(1, 9, 4)) + 2.0 * np.arange(9)[:, None]
    found = many_intercepts(y, np.ones((1, 9, 4, 1)), np.ones(y.shape, bool))
    within = y[0].var(axis=1, ddof=1).mean()
    between = 4 * y[0].mean(axis=1).var(ddof=1)
    assert found.sigma2[0] == pytest.approx(within, rel=1e-10)
    assert found.ratio[0] == pytest.approx((between - within) / 4 / within, rel=1e-10)
    mean = found.kenward_roger([1.0])
    assert mean.se[0] ** 2 == pytest.approx(between / 36, rel=1e-10)
    assert mean.df[0] == pytest.approx(8.0, rel=1e-9)


def test_what_cannot_be_fitted_is_not_known_and_nothing_is_said_of_it() -> None:
    y, x, there = drawn(0.4, replicates=6)
    x[1, ..., 3] = x[1, ..., 2]  # a column twice
    there[2] = np.arange(3) == 0  # one row a group
    there[3, 2:] = False  # hardly a row
    y[4] = x[4] @ np.array([1.0, 2.0, 3.0, 4.0])  # no residual
    there[5] = (np.arange(14) < 1)[:, None]  # one group
    found = many_intercepts(y, x, there)
    assert found.fit.known.tolist() == [True, *[False] * 5]
    for contrast in (found.fit.contrast(np.eye(4)[1]), found.kenward_roger(np.eye(4)[1])):
        for values in (contrast.estimate, contrast.se, contrast.p):
            assert np.isfinite(values).tolist() == [True, *[False] * 5]


@pytest.mark.parametrize("groups", [1, 2])
def test_fewer_rows_than_columns_carry_no_model(groups: int) -> None:
    y, x, _ = drawn(0.4, groups=groups, size=2)
    found = many_intercepts(y, x, np.ones(y.shape, bool))
    assert not found.fit.known.any()
    assert np.isnan(found.kenward_roger(np.eye(4)[1]).se).all()


def test_rows_that_are_absent_do_not_matter() -> None:
    y, x, there = drawn(0.4)
    found = many_intercepts(y, x, there)
    again = many_intercepts(
        np.where(there, y, np.nan), np.where(there[..., None], x, np.nan), there
    )
    assert again.fit.coef == pytest.approx(found.fit.coef, rel=1e-12)


def test_least_squares_with_a_given_covariance_are_as_if_alone() -> None:
    rng = np.random.default_rng(7)
    y, x, _ = drawn(0.0, replicates=4)
    there = rng.random(y.shape) < 0.8
    root = np.tril(rng.normal(size=(14, 3, 3))) + 2 * np.eye(3)
    v = root @ root.swapaxes(1, 2)
    lower = np.empty((4, 14, 3, 3))
    for r in range(4):
        both = there[r][:, :, None] & there[r][:, None]
        lower[r] = np.linalg.cholesky(np.where(both, v, np.eye(3)))
    found = many_gls(np.where(there, y, 0), np.where(there[..., None], x, 0), lower, [True] * 4)
    for r in range(4):
        group, place = np.nonzero(there[r])

        def among(rows: Any, group: Any = group, place: Any = place) -> Any:
            same = group[rows][:, :, None] == group[rows][:, None]
            at = group[rows][:, :, None], place[rows][:, :, None], place[rows][:, None]
            return np.where(same, v[at], 0.0)

        one = gls(y[r][there[r]], x[r][there[r]], group, among)
        assert found.vcov[r] == pytest.approx(one.vcov, rel=1e-9, abs=1e-12)
        for weights in np.eye(4):
            many, single = found.contrast(weights), one.contrast(weights)
            for name in ("estimate", "se", "df"):
                assert getattr(many, name)[r] == pytest.approx(getattr(single, name), rel=1e-9)


def test_roots_are_found_from_either_side_and_at_a_bend() -> None:
    target = np.array([0.5, 1e-6, 0.999, 0.0, 0.3])

    def crossed(at: Any) -> Any:
        return np.where(at < target, -1e6, 1.0) * np.abs(at - target) ** np.array([1, 1, 3, 1, 0.5])

    low, high = np.zeros(5), np.ones(5)
    for a, b in ((low, high), (high, low)):
        found = bracketed(crossed, a, crossed(a), b, crossed(b), narrow=1e-12)
        # at an end of the bracket the function is 0
        assert found == pytest.approx(target, abs=1e-9)
