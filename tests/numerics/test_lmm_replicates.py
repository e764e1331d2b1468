"""Replicates of one design that lack rows of their own, against fits of the rows that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.numerics.test_lmm import CASES

from rmresearch.errors import FitError
from rmresearch.numerics.lmm import Term, design, fit, fit_many
from rmresearch.numerics.lmm.confounded import refuse_confounded

Array = NDArray[np.float64]


def reduced(terms: list[Term], keep: NDArray[np.bool_]) -> list[Term]:
    return [
        Term(np.asarray(t.group)[keep], np.asarray(t.z, dtype=float)[keep], t.correlated)
        for t in terms
    ]


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_absent_rows_are_as_if_never_asked(name: str, reml: bool) -> None:
    """Two searches from different starts: 1e-8 on estimates, 1e-6 on df, as trust.md asks."""
    y, x, terms = CASES[name]
    rng = np.random.default_rng(8)
    many = y + rng.normal(size=(6, y.size))
    present = rng.random(many.shape) > 0.15
    together = fit_many(
        np.where(present, many, np.nan), design(x, terms), present=present, reml=reml
    )
    assert together.n.tolist() == present.sum(axis=1).tolist()
    for index, keep in enumerate(present):
        alone = fit(many[index, keep], x[keep], reduced(terms, keep), reml=reml)
        assert together.converged[index]
        assert together.singular[index] == alone.singular
        np.testing.assert_allclose(together.coef[index], alone.coef, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(together.se[index], alone.se, rtol=1e-8)
        np.testing.assert_allclose(together.df[index], alone.df, rtol=1e-6)
        assert together.criterion[index] == pytest.approx(alone.criterion, abs=1e-8)
        assert together.sigma2[index] == pytest.approx(alone.sigma2, rel=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_all_present_is_the_shared_design(name: str) -> None:
    y, x, terms = CASES[name]
    many = y + np.random.default_rng(9).normal(size=(2, 3, y.size))
    own = fit_many(many, design(x, terms), present=np.ones(y.size, dtype=bool))
    shared = fit_many(many, design(x, terms))
    np.testing.assert_allclose(own.coef, shared.coef, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(own.criterion, shared.criterion, rtol=1e-11)
    np.testing.assert_allclose(own.df, shared.df, rtol=1e-7)


def test_a_large_offset_changes_nothing_where_rows_are_absent() -> None:
    y, x, terms = CASES["nested"]
    many = y + np.random.default_rng(10).normal(size=(4, y.size))
    present = np.random.default_rng(11).random(many.shape) > 0.1
    plain = fit_many(many, design(x, terms), present=present)
    moved = fit_many(many + 1e6, design(x, terms), present=present)
    np.testing.assert_allclose(moved.se, plain.se, rtol=1e-8)
    np.testing.assert_allclose(moved.df, plain.df, rtol=1e-7)


def test_who_cannot_be_fitted_has_no_estimates_and_stops_nobody() -> None:
    """No row of the second arm, too few rows, no row at all; the last one is whole."""
    y, x, terms = CASES["nested"]
    many = y + np.random.default_rng(12).normal(size=(4, y.size))
    present = np.ones(many.shape, dtype=bool)
    present[0] = x[:, 2] == 0
    present[1, 4:] = False
    present[2] = False
    found = fit_many(many, design(x, terms), present=present)
    assert found.converged.tolist() == [False, False, False, True]
    assert np.isnan(found.coef[:3]).all()
    assert np.isnan(found.contrast([0, 1, 0, 0]).p[:3]).all()
    np.testing.assert_allclose(found.coef[3], fit(many[3], x, terms).coef, rtol=1e-9)


def test_rows_that_cannot_tell_the_variances_are_no_fit() -> None:
    """One pair an arm is left: what pairs differ by is what arms do, and there is no test."""
    pair, wave = np.repeat(np.arange(4), 6), np.tile([0.0, 1, 2], 8)
    x = np.column_stack([np.ones(24), wave, pair % 2])
    y = np.random.default_rng(3).normal(size=(2, 24))
    there = np.stack([pair < 2, pair < 3])
    found = fit_many(y, design(x, [Term(pair, np.ones(24))]), present=there)
    assert found.converged.tolist() == [False, True]
    assert np.isnan(found.coef[0]).all()
    assert np.isnan(found.contrast([0, 0, 1]).p[0])


def test_a_variance_below_zero_is_no_standard_error() -> None:
    """Where a search ended nowhere the inverse may have one: NaN, no warning."""
    y, x, terms = CASES["one"]
    found = fit(y, x, terms)
    assert np.isnan(replace(found, vcov=-found.vcov).se).all()


# A full covariance is refused by a count of effects, where single rows may still tell it.
@pytest.mark.parametrize("name", [name for name in CASES if name != "slope"])
def test_fitted_are_those_whose_own_rows_can_tell(name: str) -> None:
    y, x, terms = CASES[name]
    rng = np.random.default_rng(8)
    there = rng.random((150, y.size)) < rng.uniform(0.05, 0.5, (150, 1))
    found = fit_many(np.broadcast_to(y, there.shape), design(x, terms), present=there)
    fitted = 0
    for kept, converged in zip(there, found.converged, strict=True):
        try:
            refuse_confounded(design(x[kept], reduced(terms, kept)))
        except (FitError, ValueError):
            assert not converged
            continue
        # With hardly more rows than coefficients the best residual variance may be zero.
        assert converged or kept.sum() < 30
        fitted += 1
    assert 50 < fitted < 145


def test_chunks_of_replicates_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x, terms = CASES["slope"]
    many = y + np.random.default_rng(2).normal(size=(15, y.size))
    present = np.random.default_rng(3).random(many.shape) > 0.2
    whole = fit_many(many, design(x, terms), present=present)
    first = np.eye(x.shape[1])[0]
    adjusted = whole.kenward_roger(first)
    monkeypatch.setattr("rmresearch.numerics.lmm.OWN_CHUNK", 4)
    monkeypatch.setattr("rmresearch.numerics.lmm.result.OWN_CHUNK", 4)
    monkeypatch.setattr("rmresearch.numerics.lmm.criterion.LANES", 40)
    chunks = fit_many(many, design(x, terms), present=present)
    np.testing.assert_allclose(chunks.coef, whole.coef, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(chunks.singular, whole.singular)
    in_parts = chunks.kenward_roger(first)
    np.testing.assert_allclose(in_parts.se, adjusted.se, rtol=1e-7)
    np.testing.assert_allclose(in_parts.df, adjusted.df, rtol=1e-6)


def test_refusals() -> None:
    y, x, terms = CASES["nested"]
    with pytest.raises(ValueError, match="must end in the"):
        fit_many(y[:-1], design(x, terms))
    with pytest.raises(FitError, match="finite"):
        fit_many(np.where(np.arange(y.size) == 3, np.inf, y), design(x, terms))
    holes = np.where(np.arange(y.size) == 3, np.nan, y)
    with pytest.raises(FitError, match="finite"):
        fit_many(holes, design(x, terms), present=np.ones(y.size, dtype=bool))
    assert fit_many(holes, design(x, terms), present=np.isfinite(holes)).converged
    for strange in (np.where(np.isfinite(holes), 1.0, np.nan), np.ones(y.size - 1, dtype=bool)):
        with pytest.raises(ValueError, match=r"present must hold .* booleans, not"):
            fit_many(y, design(x, terms), present=strange)
