"""Draws from a fitted model and the parametric bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.references import data
from rmresearch.errors import FitError
from rmresearch.models import LmmFit, lmm


def fitted() -> LmmFit:
    rows = data("slope").query("pair <= 5")
    return lmm("score ~ t + (1 | pair) + (1 + t | someone)", rows)


def test_draws_have_the_models_mean_and_covariance() -> None:
    """Every entry within 5 Monte Carlo errors (about 30 rows: 500 entries; P < 1e-3)."""
    fit, n = fitted(), 6000
    drawn = fit.simulate(n, seed=0)
    v = np.diag(np.full(fit.n, float(fit.kernel.sigma2)))
    for one, covariance in zip(fit.rows.grouped, fit.kernel.covariances, strict=True):
        same = one.codes[:, None] == one.codes[None, :]
        v += same * (one.z @ covariance @ one.z.T)
    left = drawn - fit.rows.x @ fit.kernel.coef
    variance = np.diagonal(v)
    assert (np.abs(left.mean(axis=0)) < 5 * np.sqrt(variance / n)).all()
    error = np.sqrt((v**2 + np.outer(variance, variance)) / n)
    assert (np.abs(left.T @ left / n - v) < 5 * error).all()


def test_a_replicate_depends_on_seed_and_number_only() -> None:
    fit = fitted()
    ten = fit.simulate(10, seed=3)
    assert np.array_equal(ten[:4], fit.simulate(4, seed=3))
    assert not np.array_equal(ten, fit.simulate(10, seed=0))
    assert len({row.tobytes() for row in ten}) == 10


def test_bootstrap_is_refitting_one_by_one() -> None:
    fit = fitted()
    found = fit.bootstrap(12, seed=7)
    drawn = fit.simulate(12, seed=7)
    rows = data("slope").loc[fit.rows.frame.index]
    single = [lmm(fit.formula, rows.assign(score=y)) for y in drawn]
    assert found.singular == sum(one.singular for one in single)
    assert found.not_converged == 0
    estimates = np.array([one.kernel.coef for one in single])
    variances = np.array([one.variances["variance"] for one in single])
    # Batched and single refits stop at the same optimum to rounding, variances at their square.
    np.testing.assert_allclose(found.draws["fixed"], estimates, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.draws["variance"], variances, rtol=1e-5, atol=1e-8)
    table = found.to_frame()
    assert table["part"].tolist() == ["fixed"] * 2 + ["variance"] * 4
    assert table["estimate"].tolist() == [*fit.kernel.coef, *fit.variances["variance"]]
    both = np.column_stack([estimates, variances])
    np.testing.assert_allclose(table["low"], np.quantile(both, 0.025, axis=0), atol=1e-6)
    np.testing.assert_allclose(table["high"], np.quantile(both, 0.975, axis=0), atol=1e-6)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fitted()
    whole = fit.bootstrap(11, seed=1)
    monkeypatch.setattr("rmresearch.models.simulate.ROOM", 4 * fit.n)
    parts = fit.bootstrap(11, seed=1)
    np.testing.assert_allclose(parts.draws, whole.draws, rtol=1e-6, atol=1e-9)
    assert parts.singular == whole.singular


def test_what_cannot_be_drawn() -> None:
    fit = fitted()
    with pytest.raises(ValueError, match="n must be at least 1, not 0"):
        fit.simulate(0, seed=1)
    with pytest.raises(ValueError, match="n must be at least 2, not 1"):
        fit.bootstrap(1, seed=1)
    lost = replace(fit.kernel, converged=np.False_)
    with pytest.raises(FitError, match="did not converge"):
        replace(fit, kernel=lost).bootstrap(5, seed=1)


def test_a_bootstrap_shows_what_it_counted_and_escapes_names() -> None:
    rows = data("slope").query("pair <= 5").rename(columns={"someone": "<i>who</i>"})
    fit = lmm("score ~ t + (1 | pair) + (1 | `<i>who</i>`)", rows)
    found = replace(fit.bootstrap(20, seed=1), singular=3, not_converged=1)
    head = "20 refits, 3 singular, 1 not converged; 95% percentile intervals"
    assert repr(found).startswith(head)
    low = f"{found.to_frame()['low'].iloc[0]:.4g}"
    assert low in repr(found)
    page = found._repr_html_()
    assert head in page
    assert low in page
    assert "<i>who" not in page
