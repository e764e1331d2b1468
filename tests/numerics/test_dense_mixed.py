"""The second route of mixed models' headlines agrees with the first to 1e-8 (trust.md, 3)."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.dense_route import dense, dense_mixed
from rmresearch.numerics.lmm import Term, fit
from rmresearch.numerics.lmm.robust import robust

from .mixed_references import MODELS, Array, model


def marginal(y: Array, x: Array, terms: list[Term]) -> tuple[object, Array]:
    found = fit(y, x, terms)
    v = found.sigma2 * np.eye(len(y))
    for term, d in zip(terms, found.covariances, strict=True):
        code, z = np.asarray(term.group), np.asarray(term.z)
        v = v + (code[:, None] == code) * (z @ d @ z.T)
    return found, v


@pytest.mark.parametrize("scale", [1.0, 1e-4])
@pytest.mark.parametrize("name", MODELS)
def test_two_routes(name: str, scale: float) -> None:
    y, x, terms, cluster = model(name)
    y = y * scale + (1e4 if scale < 1 else 0.0)
    found, v = marginal(y, x, terms)
    first, second = robust(found, y, x, cluster), dense_mixed(y, x, v, cluster)  # type: ignore[arg-type]
    # 1e4 in an outcome of spread 1e-4 leaves 8 of its digits to both.
    close = 1e-8 if scale == 1.0 else 1e-6
    assert second.coef == pytest.approx(first.coef, rel=close, abs=close * scale)
    assert second.vcov == pytest.approx(
        first.vcov, rel=close, abs=close * float(np.abs(first.vcov).max())
    )
    for row in [*np.eye(x.shape[1]), np.linspace(1.0, -0.5, x.shape[1])]:
        one, two = first.contrast(row), second.contrast(row)
        assert two.se == pytest.approx(one.se, rel=close)
        assert two.df == pytest.approx(one.df, rel=close)


def test_strongly_correlated_answers() -> None:
    """An intraclass correlation of .9998: 8 digits stay in both routes."""
    y, x, terms, cluster = model("nested")
    person = np.asarray(terms[0].group)
    y = 1e-2 * y + np.random.default_rng(0).standard_normal(person.max() + 1)[person]
    found, v = marginal(y, x, terms)
    first, second = robust(found, y, x, cluster), dense_mixed(y, x, v, cluster)  # type: ignore[arg-type]
    for row in np.eye(x.shape[1]):
        one, two = first.contrast(row), second.contrast(row)
        assert two.se == pytest.approx(one.se, rel=1e-8)
        assert two.df == pytest.approx(one.df, rel=1e-8)


@pytest.mark.parametrize("seed", range(40))
def test_two_routes_on_random_designs(seed: int) -> None:
    """Clusters of 1 to 8 rows, any unit, no or large variances between: also who has no test."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 12))
    cluster = np.repeat(np.arange(count), rng.integers(2, 9, count))
    n = len(cluster)
    month, one = rng.integers(0, 4, n).astype(float), np.ones((n, 1))
    x = np.column_stack([one, month, cluster % 2, rng.standard_normal(n)])
    terms = [Term(cluster, one), Term(cluster, month[:, None])][: 1 + seed % 2]
    y = rng.standard_normal(n) + rng.standard_normal(count)[cluster] * rng.choice([0.0, 1, 20])
    y *= 10.0 ** rng.uniform(-3, 3)
    found, v = marginal(y, x, terms)
    first, second = robust(found, y, x, cluster), dense_mixed(y, x, v, cluster)  # type: ignore[arg-type]
    for row in np.eye(4):
        a, b = first.contrast(row), second.contrast(row)
        assert b.se == pytest.approx(a.se, rel=1e-8, nan_ok=True)
        assert b.df == pytest.approx(a.df, rel=1e-8)


def test_equal_variances_are_least_squares() -> None:
    y, x, _, cluster = model("nested")
    one, two = dense(y, x, cluster), dense_mixed(y, x, 3.0 * np.eye(len(y)), cluster)
    assert two.coef == pytest.approx(one.coef, rel=1e-10)
    assert two.vcov == pytest.approx(one.vcov, rel=1e-10, abs=1e-12)
    row = np.eye(x.shape[1])[3]
    assert two.contrast(row).df == pytest.approx(one.contrast(row).df, rel=1e-10)


def test_a_cluster_that_alone_determines_a_coefficient() -> None:
    y, x, terms, cluster = model("nested")
    alone = (cluster == 3)[:, None]
    x = np.column_stack([np.where(alone, 0.0, x), np.where(alone, x[:, :3], 0.0)])
    found, v = marginal(y, x, [terms[1]])
    first, second = robust(found, y, x, cluster), dense_mixed(y, x, v, cluster)  # type: ignore[arg-type]
    assert second.contrast(np.eye(9)[7]).df == 0
    for row in np.eye(9)[1:6]:
        one, two = first.contrast(row), second.contrast(row)
        assert two.se == pytest.approx(one.se, rel=1e-8)
        assert two.df == pytest.approx(one.df, rel=1e-8)


def test_what_is_refused() -> None:
    y, x, terms, cluster = model("nested")
    _, v = marginal(y, x, terms)
    with pytest.raises(FitError, match=r"rows 0 and \d+ lie in two clusters"):
        dense_mixed(y, x, v, np.arange(len(y)))
    with pytest.raises(FitError, match="not positive definite"):
        dense_mixed(y, x, v - np.eye(len(y)) * v[0, 0], cluster)
    with pytest.raises(FitError, match="not positive definite"):
        dense_mixed(y, x, np.diag(np.full(len(y), np.nan)), np.zeros(len(y)))
    with pytest.raises(FitError, match="1 clusters"):
        dense_mixed(y, x, v, np.zeros(len(y)))
    with pytest.raises(FitError, match="columns of rank"):
        dense_mixed(y, np.column_stack([x, x[:, 1] + x[:, 2]]), v, cluster)
    with pytest.raises(ValueError, match="4000 at most"):
        dense_mixed(np.zeros(4001), np.ones((4001, 1)), np.eye(2), np.arange(4001))
