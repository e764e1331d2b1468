"""The actor-partner model and the jackknife of many replicates, against each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.dyad_tests import together
from rmresearch.numerics.dyads import fit_dyads
from rmresearch.numerics.many_dyads import many_dyads
from rmresearch.numerics.many_together import many_together

#: both searches end where exact gradients vanish; the rest is linear, in another order
SAME = 1e-9


def drawn(replicates: int = 12, n: int = 20, answers: float = 0.8, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(replicates, n, 2)) * [1.0, 5.0] + [3.0, -40.0]
    noise = rng.normal(size=(replicates, n, 2)) @ np.array([[0.5, 0.3], [0.0, 0.4]])
    y = 0.5 * before + 0.2 * before[..., ::-1] + noise
    return y, before, rng.random(y.shape) < answers


def alone(y: Any, before: Any, there: Any, r: int) -> Any:
    some = there[r].any(axis=1)
    starts = before[r][some] - before[r][some].mean(axis=0)
    x = np.stack([starts, starts[:, ::-1]], axis=-1)
    return fit_dyads(np.where(there[r], y[r], np.nan)[some], x, np.arange(some.sum()))


@pytest.mark.parametrize(("answers", "n"), [(1.0, 12), (0.8, 20), (0.6, 20), (0.45, 24)],
                         ids=["whole", "lacking", "half of them", "few pairs"])  # fmt: skip
def test_each_replicate_is_as_if_alone(answers: float, n: int) -> None:
    y, before, there = drawn(n=n, answers=answers)
    found = many_dyads(y, before, there)
    assert found.fit.known.all()
    for r in range(len(y)):
        one = alone(y, before, there, r)
        assert found.fit.vcov[r, 1:3, 1:3] == pytest.approx(one.fit.vcov[1:3, 1:3], rel=SAME)
        expected = np.nan if one.correlation is None else one.correlation
        assert found.correlation[r] == pytest.approx(expected, rel=SAME, nan_ok=True)
        for weights in (*np.eye(6)[[1, 2, 4, 5]], np.array([0, 1.0, 0, 0, -1.0, 0])):
            many, single = found.fit.contrast(weights), one.fit.contrast(weights)
            for name in ("estimate", "se", "df", "p"):
                left, right = getattr(many, name)[r], getattr(single, name)
                assert left == pytest.approx(right, rel=SAME, abs=1e-12), name


def test_hardly_a_pair_with_both_scores_leaves_no_correlation() -> None:
    y, before, there = drawn(n=20, answers=1.0)
    there[:, 7:, 0] = np.arange(13) % 2 == 0
    there[:, 7:, 1] = np.arange(13) % 2 == 1
    found = many_dyads(y, before, there)
    assert np.isnan(found.correlation).all()
    for r in range(3):
        one = alone(y, before, there, r)
        assert one.correlation is None
        assert found.fit.coef[r, 1] == pytest.approx(one.coef[1], rel=SAME)


@pytest.mark.parametrize("lacking", [False, True])
def test_what_cannot_be_fitted_is_not_known_and_nothing_is_said_of_it(lacking: bool) -> None:
    y, before, there = drawn(replicates=6, answers=1.0)
    there[:, :3, 0] = not lacking
    there[1, 4:, 0] = False  # four outcomes of a role
    before[2, :, 1] = 2.0  # nobody differs
    before[3, :, 1] = 3 * before[3, :, 0]  # one determines the other
    y[4, :, 0] = before[4].sum(axis=1)  # no residual
    y[5, :, 1] = 2 * y[5, :, 0]  # one measurement twice
    before[5, :, 1] = before[5, :, 0] + np.arange(20) % 3
    found = many_dyads(y, before, there)
    assert found.fit.known.tolist() == [True, False, False, False, False, False]
    for r in range(1, 6):
        with pytest.raises(FitError):
            alone(y, before, there, r)
    contrast = found.fit.contrast(np.eye(6)[1])
    for values in (found.fit.coef[:, 1], found.fit.vcov[:, 1, 1], contrast.estimate, contrast.se,
                   contrast.p):  # fmt: skip
        assert np.isfinite(values).tolist() == [True, *[False] * 5]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_few_dyads_carry_no_model(n: int) -> None:
    y, before, there = drawn(n=n, answers=1.0)
    assert not many_dyads(y, before, there).fit.known.any()
    gains = y - before
    found = many_together(gains[..., 0], gains[..., 1], there.all(axis=2))
    assert np.isfinite(found.value).all() == (n > 2)


def test_what_stands_where_nobody_answered_does_not_matter() -> None:
    y, before, there = drawn(answers=0.7)
    found = many_dyads(y, before, there)
    gone = ~there.any(axis=2)
    assert gone.any()
    again = many_dyads(np.where(there, y, np.nan), np.where(gone[..., None], np.nan, before), there)
    assert again.fit.coef == pytest.approx(found.fit.coef, rel=1e-13)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_correlations_are_as_if_alone(level: float) -> None:
    y, _, there = drawn(replicates=10, n=14, answers=0.8, seed=3)
    four = there.all(axis=2)
    y[1, :, 0] = 2.0  # nothing varies
    y[2] = y[2][:, :1]  # alike
    four[3] = np.arange(14) < 3  # too few for an interval
    four[4] = np.arange(14) < 2
    four[5] = False
    found = many_together(y[..., 0], y[..., 1], four, level=level)
    for r in range(10):
        some = four[r]
        one = together(y[r, some, 0], y[r, some, 1], np.arange(some.sum()), level=level)
        for name in ("value", "df", "low", "high", "p"):
            left, right = getattr(found, name)[r], getattr(one, name)
            assert left == pytest.approx(right, rel=1e-10, abs=1e-12, nan_ok=True), (r, name)
    assert np.isnan(found.value).tolist() == [False, True, *[False] * 2, *[True] * 2, *[False] * 4]
