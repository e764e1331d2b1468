"""The actor-partner model: against R (nlme, clubSandwich), dense arithmetic and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from rmresearch.errors import FitError
from rmresearch.numerics.dense_route import dense_mixed
from rmresearch.numerics.dyad_tests import distinguishable, together
from rmresearch.numerics.dyads import fit_dyads
from rmresearch.numerics.gls import gls
from rmresearch.numerics.robust import fit

#: R's search for the covariance stops at about 1e-7 of it; everything else follows from that
TOLERANCE = 1e-6


def columns(rows: list[list[float | None]]) -> np.ndarray:
    return np.array([[np.nan if v is None else v for v in one] for one in rows], float).T


@pytest.fixture(scope="module")
def frozen(by_r: Callable[[str], tuple[Any, Any]]) -> tuple[Any, Any]:
    given, said = by_r("dyads")
    return given["dyads"], said


def crossed(own: np.ndarray) -> np.ndarray:
    """Own and partner's predictor of each member."""
    return np.stack([own, own[:, ::-1]], axis=-1)


@pytest.mark.parametrize(("case", "answers"), [("complete", "after"), ("lacking", "lacking")])
def test_agrees_with_gls_and_club_sandwich(
    frozen: tuple[Any, Any], case: str, answers: str
) -> None:
    given, said = frozen[0], frozen[1][case]
    found = fit_dyads(
        columns(given[answers]), crossed(columns(given["before"])), np.array(given["cluster"])
    )
    tests = [found.fit.contrast(row) for row in np.eye(6)]
    joint = found.fit.wald(np.eye(6)[[2, 5]])
    got = {
        "coef": found.coef,
        "se": np.sqrt(np.diag(found.fit.model)),
        "sd": np.sqrt(np.diag(found.covariance)),
        "rho": found.correlation,
        "cr2": [one.se for one in tests],
        "df": [one.df for one in tests],
    }
    for name, value in got.items():
        assert value == pytest.approx(said[name], rel=TOLERANCE), name
    partners = said["partners"]
    assert (joint.f, joint.df_den, joint.p) == pytest.approx(
        (partners["f"], partners["df"], partners["p"]), rel=TOLERANCE
    )


def test_likeness_agrees_with_two_fits_of_gls(frozen: tuple[Any, Any]) -> None:
    given, said = frozen
    found = distinguishable(columns(given["after"]), columns(given["before"]))
    assert found.statistic == pytest.approx(said["alike"]["statistic"], rel=TOLERANCE)
    assert found.p == pytest.approx(stats.chi2.sf(found.corrected, 4))


def test_likeness_holds_its_size_at_ten_dyads() -> None:
    rejected = [distinguishable(*drawn(10, seed)).p < 0.05 for seed in range(1500)]
    # 99.9% limits of 1,500 tests at 5%: .031 to .069; uncorrected it is .19
    assert 0.031 < np.mean(rejected) < 0.069


def drawn(n: int, seed: int, rho: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(n, 2))
    noise = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)
    return 0.5 * own + 0.2 * own[:, ::-1] + noise, own


def test_search_finds_the_maximum_of_the_restricted_likelihood() -> None:
    y, own = drawn(14, 3)
    y[[1, 5], 0] = y[[2, 8, 9], 1] = np.nan
    found = fit_dyads(y, crossed(own), np.arange(14))

    def criterion(v: np.ndarray) -> float:
        """From the dense matrices of the definition (Harville 1977)."""
        at = {(r, d): k for k, (d, r) in enumerate(np.argwhere(np.isfinite(y)))}
        big = np.zeros((len(at), len(at)))
        for (r, d), k in at.items():
            for (s, e), j in at.items():
                big[k, j] = v[r, s] if d == e else 0.0
        inverse = np.linalg.inv(big)
        gram = found.x.T @ inverse @ found.x
        left = found.y - found.x @ np.linalg.solve(gram, found.x.T @ inverse @ found.y)
        logs = np.linalg.slogdet(big)[1] + np.linalg.slogdet(gram)[1]
        return float(logs + left @ inverse @ left)

    def off(entries: np.ndarray) -> float:
        a, b, c = entries
        return criterion(np.array([[a, c], [c, b]]))

    v = found.covariance
    at = np.array([v[0, 0], v[1, 1], v[0, 1]])
    # a slope of 0 to what central differences of 1e-4 can see
    assert np.abs(optimize.approx_fprime(at, off, 1e-6)).max() < 1e-3
    assert all(off(at + step) > off(at) for step in 0.01 * np.vstack([np.eye(3), -np.eye(3)]))


def test_own_sets_are_least_squares_by_role_and_units_do_not_matter() -> None:
    y, own = drawn(12, 5)
    cluster = np.repeat(np.arange(6), 2)
    found = fit_dyads(y, crossed(own), cluster)
    for side in (0, 1):
        x = np.column_stack([np.ones(12), own[:, side], own[:, 1 - side]])
        alone = np.linalg.lstsq(x, y[:, side], rcond=None)[0]
        assert found.coef[3 * side : 3 * side + 3] == pytest.approx(alone, abs=1e-12)
    lacking = y.copy()
    lacking[3, 0] = np.nan
    one = fit_dyads(lacking, crossed(own), cluster)
    other = fit_dyads(1e4 * lacking + 7, crossed(own / 50 + 1e3), cluster)
    for place in (1, 2, 4, 5):
        a, b = (f.fit.contrast(np.eye(6)[place]) for f in (one, other))
        assert b.estimate == pytest.approx(5e5 * a.estimate, rel=1e-7)
        assert (b.t, b.df) == pytest.approx((a.t, a.df), rel=1e-6)


def test_single_people_are_taken_as_uncorrelated() -> None:
    y, own = drawn(16, 7)
    linked = np.arange(16) < 10
    y[10:13, 1] = y[13:, 0] = np.nan
    found = fit_dyads(y, crossed(own), np.arange(16), linked)
    again = fit_dyads(y, crossed(own), np.arange(16))
    assert found.covariance == pytest.approx(again.covariance)
    assert (found.v[np.ix_([0, 1], [0, 1])] != 0).all()
    never = fit_dyads(y, crossed(own), np.arange(16), np.zeros(16, bool))
    assert never.correlation is None
    assert np.count_nonzero(never.v) == len(never.y)


@pytest.mark.parametrize("sizes", [(1,) * 9, (2,) * 6, (1, 1, 2, 3, 3, 5)])
def test_cr2_of_gls_agrees_with_dense_matrices(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(sum(sizes))
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    n = len(cluster)
    x = np.column_stack([np.ones(n), rng.normal(size=n), cluster % 2])
    root = rng.normal(size=(n, n)) * (cluster[:, None] == cluster)
    v = root @ root.T + np.eye(n)
    order = rng.permutation(n)
    x, cluster, v = x[order], cluster[order], v[np.ix_(order, order)]
    y = rng.normal(size=n)
    found = gls(y, x, cluster, lambda rows: v[rows[:, :, None], rows[:, None, :]])
    again = dense_mixed(y, x, v, cluster)
    for weights in np.eye(3):
        a, b = found.contrast(weights), again.contrast(weights)
        # 1e-9: the two routes invert the same matrices in different orders
        assert (a.estimate, a.se, a.df) == pytest.approx((b.estimate, b.se, b.df), rel=1e-9)


def test_gls_of_equal_variances_is_least_squares_with_its_joint_test() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(8), 3)
    x = np.column_stack([np.ones(24), rng.normal(size=(24, 2))])
    y = rng.normal(size=24)
    found = gls(
        y,
        x,
        cluster,
        lambda rows: np.broadcast_to(np.eye(rows.shape[1]), (*rows.shape, rows.shape[1])),
    )
    again = fit(y, x, cluster)
    a, b = found.wald(np.eye(3)[1:]), again.wald(np.eye(3)[1:])
    assert (a.f, a.df_den, a.p) == pytest.approx((b.f, b.df_den, b.p))


def test_correlation_by_hand_and_by_a_naive_jackknife() -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(size=15)
    y = 0.5 * x + rng.normal(size=15)
    cluster = np.array([0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10])
    found = together(x, y, cluster)
    z = np.arctanh(np.corrcoef(x, y)[0, 1])
    out = [np.arctanh(np.corrcoef(x[cluster != g], y[cluster != g])[0, 1]) for g in range(11)]
    pseudo = 11 * z - 10 * np.array(out)
    se = pseudo.std(ddof=1) / np.sqrt(11)
    half = stats.t.ppf(0.975, 10) * se
    assert found.value == pytest.approx(np.tanh(z))
    assert (found.low, found.high) == pytest.approx((np.tanh(z - half), np.tanh(z + half)))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(z) / se, 10))


def test_no_correlation_where_there_is_none() -> None:
    assert np.isnan(together([1.0, 1, 1, 1], [1.0, 2, 3, 4], [0, 1, 2, 3]).value)
    assert np.isnan(together([1.0, 2], [1.0, 2], [0, 1]).value)
    perfect = together([1.0, 2, 3, 4, 5], [1.0, 2, 3, 4, 5], [0, 1, 2, 3, 4])
    assert perfect.value == pytest.approx(1.0)
    assert np.isnan(perfect.low)
    # one pair alone makes the sides vary: without it nothing is left
    assert np.isnan(together([0.0, 0, 0, 0, 5], [1.0, 2, 1, 2, 5], [0, 1, 2, 3, 4]).low)


def test_likeness_of_mirrored_roles_and_of_roles_apart() -> None:
    y, own = drawn(200, 13)
    swapped = distinguishable(y[:, ::-1], own[:, ::-1])
    assert swapped.statistic == pytest.approx(distinguishable(y, own).statistic)
    assert distinguishable(y, own).p > 0.01  # drawn with alike roles
    assert distinguishable(y + np.array([0, 1.0]), own).p < 1e-6
    exact = distinguishable(np.zeros((12, 2)), own[:12])
    assert np.isnan(exact.statistic)


@pytest.mark.parametrize("both", [0, 3, 8, 9])
def test_few_pairs_with_both_scores_give_an_answer_or_a_sentence(both: int) -> None:
    refused = 0
    for seed in range(12):
        y, own = drawn(24, seed, rho=0.98)
        y[both : both + 7, 0] = y[both + 7 :, 1] = np.nan
        try:
            found = fit_dyads(y, crossed(own), np.arange(24))
        except FitError:
            refused += 1
            continue
        assert np.isfinite(found.fit.vcov).all()
        assert (found.correlation is None) == (both < 8)
    assert refused <= (3 if both >= 8 else 0)


def test_refusals_say_what_is_wrong() -> None:
    y, own = drawn(8, 1)
    few = y.copy()
    few[:5, 1] = np.nan
    cases = [
        (few, crossed(own), "3 outcomes of one role"),
        (y, crossed(own * [1.0, 0.0]), "do not vary"),
        (own @ [[1.0, 0.3], [0.2, 1.0]], crossed(own), "leaves no residual"),
        (np.repeat(y[:, :1], 2, axis=1), crossed(own), "one measurement, not two"),
    ]
    for outcome, x, words in cases:
        with pytest.raises(FitError, match=words):
            fit_dyads(outcome, x, np.arange(8))
    with pytest.raises(FitError, match="too few"):
        gls([1.0, 2], np.ones((2, 2)), [0, 1], lambda rows: np.ones((2, 1, 1)))
    with pytest.raises(FitError, match="determined by the others"):
        gls(np.arange(6.0), np.ones((6, 2)), np.arange(6), lambda rows: np.ones((6, 1, 1)))
    with pytest.raises(FitError, match="not positive definite"):
        gls(np.arange(6.0), np.ones((6, 1)), np.arange(6), lambda rows: -np.ones((6, 1, 1)))
