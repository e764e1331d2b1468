"""One contrast of many outcomes: the definition, ``fit``'s own answers, and what is linear."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.robust import fit, influence

from .test_robust import example, naive_cr2

WEIGHTS = np.array([0.0, 1.0, -2.0, 0.3])


@pytest.mark.parametrize("seed", range(4))
def test_cr2_is_its_definition(seed: int) -> None:
    y, x, cluster = example(seed)
    found = influence(y, x, cluster, WEIGHTS)
    got = (found.estimate, np.sqrt(found.variance), found.df)
    # both routes lose a few of 16 digits to a condition number of about 10
    assert got == pytest.approx(naive_cr2(y, x, cluster, WEIGHTS), rel=1e-10)
    assert found.scores.shape == (len(np.unique(cluster)),)


@pytest.mark.parametrize("clusters", ["several", "alone", "mixed", None])
@pytest.mark.parametrize("replicated", [True, False])
def test_as_the_fit_of_each_outcome(clusters: str | None, replicated: bool) -> None:
    rng = np.random.default_rng(1)
    m, n = 3, 40
    y, x = rng.normal(size=(2, m, n)), rng.normal(size=(m, n, 4))
    x[..., 0] = 1.0
    codes = {
        "several": np.arange(n) // 4, "alone": np.arange(n)[::-1],
        "mixed": rng.permutation(np.where(np.arange(n) < 20, np.arange(n) // 3, np.arange(n))),
    }  # fmt: skip
    cluster = None if clusters is None else codes[clusters]
    got = influence(y, x if replicated else x[0], cluster, WEIGHTS)
    for i, j in np.ndindex(2, m):
        kind = "classical" if cluster is None else "CR2"
        want = fit(y[i, j], x[j if replicated else 0], cluster, vcov=kind).contrast(WEIGHTS)
        # the same arithmetic in another order
        assert got.estimate[i, j] == pytest.approx(want.estimate, rel=1e-12)
        assert np.sqrt(got.variance[i, j]) == pytest.approx(want.se, rel=1e-12)
        assert np.broadcast_to(got.df, (2, m))[i, j] == pytest.approx(want.df, rel=1e-12)


def test_estimates_and_scores_are_linear_in_the_outcome() -> None:
    y, x, cluster = example(2)
    shift = np.random.default_rng(3).normal(size=len(y))
    parts = influence([y, shift], x, cluster, WEIGHTS)
    whole = influence(y - 3.0 * shift, x, cluster, WEIGHTS)
    assert whole.estimate == pytest.approx([1.0, -3.0] @ parts.estimate, rel=1e-12)
    assert whole.scores == pytest.approx([1.0, -3.0] @ parts.scores, rel=1e-10, abs=1e-14)


def test_a_cluster_of_its_own_level_is_not_judged() -> None:
    y, x, _ = example(4)
    cluster = np.repeat(np.arange(8), 6)
    x = np.column_stack([x[:, 0], cluster == 3])
    alone = influence(y, x, cluster, [1.0, 1.0])  # the mean of cluster 3, which fits it
    assert (float(alone.df), float(alone.variance)) == (0.0, 0.0)
    assert (alone.scores == 0).all()
    others = influence(y, x, cluster, [1.0, 0.0])  # the mean of the other seven
    assert float(others.df) == pytest.approx(6.0, rel=1e-10)


def test_an_outcome_that_is_fitted_exactly_has_no_error() -> None:
    y, x, cluster = example(5)
    found = influence([x @ [1.0, 2, 3, 4], np.zeros(len(y)), y], x, cluster, WEIGHTS)
    assert found.estimate[:2] == pytest.approx([WEIGHTS @ [1.0, 2, 3, 4], 0.0])
    assert found.variance[:2].tolist() == [0.0, 0.0]
    assert found.variance[2] > 0


def test_refusals_are_those_of_the_fit() -> None:
    y, x, _ = example(6)
    with pytest.raises(FitError, match="all rows lie in 1 cluster"):
        influence(y, x, np.zeros(len(y), int), WEIGHTS)
    with pytest.raises(FitError, match="'slope'"):
        influence(y, x * [1, 1, 1, 0], None, WEIGHTS, ["one", "arm", "before", "slope"])
    with pytest.raises(ValueError, match="4 entries"):
        influence(y, x, None, [1.0])
